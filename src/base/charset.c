#include <errno.h>
#include <iconv.h>
#include <strings.h>

#include "charset.h"

#define STEP	4096	/* bytes of room made at a time */

static const char *
real_name(const char *charset)
{
	static const char *const latin[] = {
		"iso-8859-1", "iso8859-1", "latin1", "us-ascii", "ascii"
	};
	size_t i;

	for (i = 0; i < sizeof(latin) / sizeof(latin[0]); i++)
		if (strcasecmp(charset, latin[i]) == 0)
			return "windows-1252";
	return charset;
}

static int
convert(iconv_t cd, struct buf *out, struct span text, struct error *err)
{
	char *in = (char *)text.data, *room, *to;
	size_t left = text.len, free_len, rv;

	do {
		if ((room = buf_reserve(out, STEP)) == NULL)
			return error_nomem(err);
		to = room;
		free_len = STEP;
		rv = iconv(cd, &in, &left, &to, &free_len);
		buf_added(out, (size_t)(to - room));
	} while (rv == (size_t)-1 && errno == E2BIG);
	if (rv != (size_t)-1)
		return 0;
	return error_setx(err, ERR_DECODE, "corrupt",
	    "body is not of the character set it declares, at byte %zu",
	    text.len - left);
}

int
charset_to_utf8(struct buf *out, const char *charset, struct span text,
    struct error *err)
{
	iconv_t cd = iconv_open("UTF-8", real_name(charset));
	int rv;

	if (cd == (iconv_t)-1)
		return error_setx(err, ERR_DECODE, "charset",
		    "character set '%.64s' is not known here", charset);
	rv = convert(cd, out, text, err);
	iconv_close(cd);
	return rv;
}
