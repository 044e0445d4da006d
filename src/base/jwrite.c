#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/jread.h"
#include "base/jwrite.h"

#define INTEGER_MAX	20	/* bytes: the least one and its sign */
#define REAL_MAX	64	/* bytes; a decimal point may have several */

/* The escape of a byte that does not stand for itself. */
static int
add_escape(struct buf *b, char c)
{
	static const char bytes[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *found = c == '\0' ? NULL : strchr(bytes, c);
	char text[2] = { '\\', '\0' };

	if (found == NULL)
		return buf_addf(b, "\\u%04x", (unsigned)c);
	text[1] = letters[found - bytes];
	return buf_add(b, text, sizeof(text));
}

enum jwrite_error
jwrite_string(struct buf *b, struct span s)
{
	size_t n;

	if (buf_reserve(b, s.len + 2) == NULL || buf_add(b, "\"", 1) == -1)
		return JWRITE_ENOMEM;
	for (;;) {
		n = jread_plain(s.data, s.len);
		if (buf_add(b, s.data, n) == -1)
			return JWRITE_ENOMEM;
		if (n == s.len)
			break;
		if ((unsigned char)s.data[n] > 0x7f)
			return JWRITE_EUTF8;
		if (add_escape(b, s.data[n]) == -1)
			return JWRITE_ENOMEM;
		s.data += n + 1;
		s.len -= n + 1;
	}
	return buf_add(b, "\"", 1) == -1 ? JWRITE_ENOMEM : JWRITE_OK;
}

enum jwrite_error
jwrite_integer(struct buf *b, int64_t value)
{
	char text[INTEGER_MAX], *at = text + sizeof(text);
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do
		*--at = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (value < 0)
		*--at = '-';
	return buf_add(b, at, (size_t)(text + sizeof(text) - at)) == -1 ?
	    JWRITE_ENOMEM : JWRITE_OK;
}

/* Whatever the locale's decimal point is becomes ".". */
static size_t
use_point(char *text)
{
	size_t i, n = 0;

	for (i = 0; text[i] != '\0'; i++) {
		if (ascii_is_digit(text[i]) || strchr("+-e", text[i]) != NULL)
			text[n++] = text[i];
		else if (n == 0 || text[n - 1] != '.')
			text[n++] = '.';
	}
	return n;
}

enum jwrite_error
jwrite_real(struct buf *b, double value)
{
	char text[REAL_MAX];
	int digits = DBL_DIG;
	size_t len;

	do
		snprintf(text, sizeof(text), "%.*g", digits, value);
	while (strtod(text, NULL) != value && ++digits <= DBL_DECIMAL_DIG);
	len = use_point(text);
	if (memchr(text, '.', len) == NULL && memchr(text, 'e', len) == NULL) {
		memcpy(text + len, ".0", 2);
		len += 2;
	}
	return buf_add(b, text, len) == -1 ? JWRITE_ENOMEM : JWRITE_OK;
}
