/*
 * UTF-8 (RFC 3629).  Pure.
 */
#ifndef LURL_UTF8_H
#define LURL_UTF8_H
#include <stdbool.h>
#include <stddef.h>

static inline bool
utf8_is_tail(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/*
 * The bytes of the well-formed character at the start of s, 1 to 4; 0 when
 * there is none: overlong, a surrogate, above U+10FFFF, cut off (RFC 3629
 * section 4).  len is at least 1.
 */
static inline size_t
utf8_len(const char *s, size_t len)
{
	unsigned char c = (unsigned char)s[0], low = 0x80, high = 0xbf;
	unsigned char second;
	size_t n;

	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (len < n)
		return 0;
	/* The second byte's range depends on the first. */
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	second = (unsigned char)s[1];
	if (second < low || second > high)
		return 0;
	if ((n > 2 && !utf8_is_tail(s[2])) || (n > 3 && !utf8_is_tail(s[3])))
		return 0;
	return n;
}
#endif
