#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>

#include "charset.h"

#define STEP	4096	/* bytes of room made at a time */
#define LATIN	"windows-1252"
#define AS_IT_CAME	"response.body has the bytes as they came"

static const char *
real_name(const char *charset)
{
	static const char *const latin[] = {
		"iso-8859-1", "iso8859-1", "latin1", "us-ascii", "ascii",
		"windows-1252"
	};
	size_t i;

	for (i = 0; i < sizeof(latin) / sizeof(latin[0]); i++)
		if (strcasecmp(charset, latin[i]) == 0)
			return LATIN;
	return charset;
}

/*
 * The five bytes that windows-1252 has no character for stand for the control
 * characters of that number; iconv does not know.  Returns 1 when it was one.
 */
static int
add_control(struct buf *out, const char *charset, unsigned char byte)
{
	const char utf8[2] = { '\xc2', (char)byte };

	if (strcmp(charset, LATIN) != 0 || byte < 0x80 || byte > 0x9f)
		return 0;
	return buf_add(out, utf8, sizeof(utf8)) == -1 ? -1 : 1;
}

static int
convert(iconv_t cd, const char *charset, struct buf *out, struct span text,
    struct error *err)
{
	char *in = (char *)text.data, *room, *to;
	size_t left = text.len, free_len, rv;
	int control;

	for (;;) {
		if ((room = buf_reserve(out, STEP)) == NULL)
			return error_nomem(err);
		to = room;
		free_len = STEP;
		rv = iconv(cd, &in, &left, &to, &free_len);
		buf_added(out, (size_t)(to - room));
		if (rv != (size_t)-1)
			return 0;
		if (errno == E2BIG)
			continue;
		control = errno == EILSEQ ?
		    add_control(out, charset, (unsigned char)*in) : 0;
		if (control == -1)
			return error_nomem(err);
		if (control == 0)
			break;
		in++;
		left--;
	}
	error_setx(err, ERR_DECODE, "corrupt",
	    "body is not of the character set it declares, at byte %zu",
	    text.len - left);
	return error_hint(err, AS_IT_CAME);
}

int
charset_to_utf8(struct buf *out, const char *charset, struct span text,
    struct error *err)
{
	iconv_t cd;
	int rv;

	charset = real_name(charset);
	cd = iconv_open("UTF-8", charset);
	if (cd == (iconv_t)-1) {
		error_setx(err, ERR_DECODE, "charset",
		    "character set '%.64s' is not known here", charset);
		return error_hint(err, AS_IT_CAME);
	}
	rv = convert(cd, charset, out, text, err);
	iconv_close(cd);
	return rv;
}
