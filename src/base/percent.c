#include "base/ascii.h"
#include "base/percent.h"

/* RFC 3986 section 2.3. */
static bool
is_unreserved(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || c == '-' ||
	    c == '.' || c == '_' || c == '~';
}

size_t
percent_encode(char *out, struct span in, bool plus)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t i, n = 0;
	unsigned char c;

	for (i = 0; i < in.len; i++) {
		c = (unsigned char)in.data[i];
		if (is_unreserved(in.data[i])) {
			out[n++] = in.data[i];
		} else if (plus && c == ' ') {
			out[n++] = '+';
		} else {
			out[n++] = '%';
			out[n++] = hex[c >> 4];
			out[n++] = hex[c & 15];
		}
	}
	return n;
}

size_t
percent_decode(char *out, struct span in, bool plus)
{
	size_t i, n = 0;
	int c;

	for (i = 0; i < in.len; i++) {
		c = ascii_percent(in.data + i, in.len - i);
		if (c != -1) {
			out[n++] = (char)c;
			i += 2;
		} else {
			out[n++] = plus && in.data[i] == '+' ? ' ' :
			    in.data[i];
		}
	}
	return n;
}
