#include <string.h>

#include "http/quote.h"

/* One byte, escaped where it must be; returns the end. */
static char *
put(char *to, unsigned char c)
{
	static const char named[] = "\n\r\t\\'", letters[] = "nrt\\'";
	static const char hex[] = "0123456789abcdef";
	const char *at = c == '\0' ? NULL : strchr(named, c);

	if (at != NULL) {
		*to++ = '\\';
		*to++ = letters[at - named];
	} else if (c < 0x20 || c > 0x7e) {
		*to++ = '\\';
		*to++ = 'x';
		*to++ = hex[c / 16];
		*to++ = hex[c % 16];
	} else {
		*to++ = (char)c;
	}
	return to;
}

const char *
quote(char *out, struct span s)
{
	size_t n = s.len > QUOTE_BYTES ? QUOTE_BYTES : s.len;
	char *to = out;
	size_t i;

	*to++ = '\'';
	for (i = 0; i < n; i++)
		to = put(to, (unsigned char)s.data[i]);
	*to++ = '\'';
	memcpy(to, "...", 4);
	if (s.len == n)
		*to = '\0';
	return out;
}
