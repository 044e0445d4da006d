#include "base/idn.h"

#ifdef HAVE_LIBIDN2
#include <idn2.h>
#include <stdint.h>
#include <string.h>

int
idn_to_ascii(const char *name, char *out, size_t size, struct error *err)
{
	uint8_t *ascii = NULL;
	size_t len;
	int rv;

	out[0] = '\0';
	rv = idn2_lookup_u8((const uint8_t *)name, &ascii,
	    IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
	if (rv == IDN2_MALLOC)
		return error_nomem(err);
	if (rv != IDN2_OK)
		return error_setx(err, ERR_USAGE, "url",
		    "the URL's host is no international name: %s",
		    idn2_strerror(rv));
	len = strlen((char *)ascii);
	if (len < size)
		memcpy(out, ascii, len + 1);
	idn2_free(ascii);
	if (len >= size)
		return error_setx(err, ERR_USAGE, "url",
		    "the URL's host is too long");
	return 0;
}
#else
int
idn_to_ascii(const char *name, char *out, size_t size, struct error *err)
{
	(void)name;
	(void)size;
	out[0] = '\0';
	error_setx(err, ERR_USAGE, "url", "the URL's host is international, "
	    "and this program was built without libidn2");
	return error_hint(err, "write the host in its ASCII form (xn--...)");
}
#endif
