#include <stdint.h>

#include "base/ascii.h"
#include "base/base64.h"

#define PAD	'='

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static char
digit(uint32_t value, bool url)
{
	value &= 63;
	if (value < 62)
		return digits[value];
	if (value == 62)
		return url ? '-' : '+';
	return url ? '_' : '/';
}

/* 0..63; -1 when c is no digit. */
static int
value_of(char c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (ascii_is_digit(c))
		return c - '0' + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	return c == (url ? '_' : '/') ? 63 : -1;
}

/* The last byte or two of what is encoded. */
static size_t
encode_rest(char *out, const unsigned char *in, size_t len, bool url)
{
	uint32_t bits = (uint32_t)in[0] << 16;
	size_t n = 2;

	if (len == 2)
		bits |= (uint32_t)in[1] << 8;
	out[0] = digit(bits >> 18, url);
	out[1] = digit(bits >> 12, url);
	if (len == 2)
		out[n++] = digit(bits >> 6, url);
	while (!url && n < 4)
		out[n++] = PAD;
	return n;
}

size_t
base64_encode(char *out, struct span in, bool url)
{
	const unsigned char *from = (const unsigned char *)in.data;
	size_t left, n = 0;
	uint32_t bits;

	for (left = in.len; left >= 3; left -= 3, from += 3, n += 4) {
		bits = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 |
		    from[2];
		out[n] = digit(bits >> 18, url);
		out[n + 1] = digit(bits >> 12, url);
		out[n + 2] = digit(bits >> 6, url);
		out[n + 3] = digit(bits, url);
	}
	return left == 0 ? n : n + encode_rest(out + n, from, left, url);
}

/* The length of in without its padding, which is not checked here. */
static size_t
unpadded(struct span in)
{
	size_t n = in.len;

	while (n > 0 && in.len - n < 2 && in.data[n - 1] == PAD)
		n--;
	return n;
}

int
base64_decode(char *out, struct span in, bool url, size_t *len)
{
	size_t i, n = 0, end = unpadded(in);
	uint32_t bits = 0;
	int value;

	for (i = 0; i < end; i++) {
		*len = i;
		if ((value = value_of(in.data[i], url)) == -1)
			return -1;
		bits = bits << 6 | (uint32_t)value;
		if (i % 4 > 0)
			out[n++] = (char)(bits >> (6 - i % 4 * 2) & 0xff);
	}
	/* One digit alone is no byte; bits left over would be lost. */
	*len = i;
	if (i % 4 == 1 || (in.len % 4 != 0 && !(url && in.len == end)))
		return -1;
	if ((i % 4 == 2 && (bits & 15) != 0) || (i % 4 == 3 && (bits & 3) != 0))
		return -1;
	*len = n;
	return 0;
}
