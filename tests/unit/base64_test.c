/* base/base64: RFC 4648's vectors, and everything that is nearly base64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/base64.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define IN(s)		{ s, sizeof(s) - 1 }

static const struct vector {
	struct span	 bytes;
	const char	*base64;
	const char	*base64url;
} vectors[] = {
	/* RFC 4648 section 10. */
	{ IN(""), "", "" },
	{ IN("f"), "Zg==", "Zg" },
	{ IN("fo"), "Zm8=", "Zm8" },
	{ IN("foo"), "Zm9v", "Zm9v" },
	{ IN("foob"), "Zm9vYg==", "Zm9vYg" },
	{ IN("fooba"), "Zm9vYmE=", "Zm9vYmE" },
	{ IN("foobar"), "Zm9vYmFy", "Zm9vYmFy" },
	{ IN("\0"), "AA==", "AA" },
	{ IN("\xff"), "/w==", "_w" },
	{ IN("\xff\xff\xff"), "////", "____" },
	{ IN("\xfb\xef\xbe"), "++++", "----" },
	{ IN("\x00\x10\x83\x10\x51\x87\x20\x92\x8b\x30\xd3\x8f\x41\x14\x93"
	    "\x51\x55\x97\x61\x96\x9b\x71\xd7\x9f\x82\x18\xa3\x92\x59\xa7"
	    "\xa2\x9a\xab\xb2\xdb\xaf\xc3\x1c\xb3\xd3\x5d\xb7\xe3\x9e\xbb"
	    "\xf3\xdf\xbf"),
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789+/",
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-_" },
};

/* Storage of exactly the size that base64.h asks for: ASan sees one more. */
static void *
room(size_t len)
{
	void *p = malloc(len + (len == 0));

	assert_non_null(p);
	return p;
}

static char *
exact_copy(struct span in)
{
	char *copy = room(in.len);

	memcpy(copy, in.data, in.len);
	return copy;
}

static void
check_encode(struct span in, bool url, const char *want)
{
	char *out = room(BASE64_ENCODED_MAX(in.len)), *copy = exact_copy(in);
	struct span s = { copy, in.len };
	size_t len = base64_encode(out, s, url);

	if (len != strlen(want) || memcmp(out, want, len) != 0)
		fail_msg("vectors/%s: got %.*s", want, (int)len, out);
	free(copy);
	free(out);
}

static int
decode(struct span in, bool url, char **out, size_t *len)
{
	char *copy = exact_copy(in);
	struct span s = { copy, in.len };
	int rv;

	*out = room(BASE64_DECODED_MAX(in.len));
	rv = base64_decode(*out, s, url, len);
	free(copy);
	return rv;
}

static void
check_decode(const char *text, bool url, struct span want)
{
	struct span in = { text, strlen(text) };
	size_t len;
	char *out;

	if (decode(in, url, &out, &len) == -1)
		fail_msg("vectors/%s: refused at %zu", text, len);
	if (len != want.len || memcmp(out, want.data, len) != 0)
		fail_msg("vectors/%s: %zu other bytes", text, len);
	free(out);
}

static void
test_vectors(void **state)
{
	char text[128];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(vectors); i++) {
		check_encode(vectors[i].bytes, false, vectors[i].base64);
		check_encode(vectors[i].bytes, true, vectors[i].base64url);
		check_decode(vectors[i].base64, false, vectors[i].bytes);
		check_decode(vectors[i].base64url, true, vectors[i].bytes);
		/* The same with its padding. */
		strcpy(text, vectors[i].base64url);
		while (strlen(text) % 4 != 0)
			strcat(text, "=");
		check_decode(text, true, vectors[i].bytes);
	}
}

static const struct bad_test {
	const char	*label;
	struct span	 in;
	bool		 url;
	size_t		 want;	/* where it ceases to be base64 */
} bad_tests[] = {
	{ "one digit", IN("Z"), false, 1 },
	{ "five digits", IN("Zm9vY"), false, 5 },
	{ "no padding", IN("Zg"), false, 2 },
	{ "half the padding", IN("Zg="), false, 2 },
	{ "no padding of one", IN("Zm8"), false, 3 },
	{ "too much padding", IN("Zg==="), false, 2 },
	{ "padding of nothing", IN("===="), false, 0 },
	{ "padding alone", IN("="), false, 0 },
	{ "two paddings alone", IN("=="), false, 0 },
	{ "padding where none belongs", IN("Zm9v="), false, 4 },
	{ "four paddings where none belong", IN("Zm9v===="), false, 4 },
	{ "padding for a digit", IN("Z==="), false, 1 },
	{ "padding in the middle", IN("Zg==Zg=="), false, 2 },
	{ "padding first", IN("=Zg="), false, 0 },
	{ "bits after the last byte", IN("Zh=="), false, 2 },
	{ "bits after the second byte", IN("Zm9="), false, 3 },
	{ "line end", IN("Zm9v\nYmFy"), false, 4 },
	{ "last line end", IN("Zm9v\n"), false, 4 },
	{ "space before", IN(" Zm9v"), false, 0 },
	{ "NUL", IN("Zm\0v"), false, 2 },
	{ "a digit of base64url", IN("Zm-v"), false, 2 },
	{ "the other one", IN("Zm_v"), false, 2 },
	{ "a byte above 0x7f", IN("Zm\xc3v"), false, 2 },
	{ "URL: one digit", IN("Z"), true, 1 },
	{ "URL: half the padding", IN("Zg="), true, 2 },
	{ "URL: too much padding", IN("Zg==="), true, 2 },
	{ "URL: padding where none belongs", IN("Zm9v=="), true, 4 },
	{ "URL: bits after the last byte", IN("Zh"), true, 2 },
	{ "URL: bits after the second byte", IN("Zm9"), true, 3 },
	{ "URL: a digit of base64", IN("Zm+v"), true, 2 },
	{ "URL: the other one", IN("Zm/v"), true, 2 },
	{ "URL: percent", IN("Zg%3D%3D"), true, 2 },
};

static void
test_bad(void **state)
{
	const struct bad_test *t;
	size_t len;
	char *out;

	(void)state;
	for (t = bad_tests; t < bad_tests + COUNT(bad_tests); t++) {
		if (decode(t->in, t->url, &out, &len) == 0)
			fail_msg("bad_tests/%s: accepted", t->label);
		if (len != t->want)
			fail_msg("bad_tests/%s: refused at %zu, want %zu",
			    t->label, len, t->want);
		free(out);
	}
}

/* Every byte, at each of the three places. */
static void
test_every_byte(void **state)
{
	char in[3 * 256], *text, *out;
	struct span s = { in, sizeof(in) };
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(in); i++)
		in[i] = (char)(i / 3 + i % 3 * 85);
	text = room(BASE64_ENCODED_MAX(s.len));
	s.len = base64_encode(text, s, true);
	s.data = text;
	assert_int_equal(decode(s, true, &out, &len), 0);
	assert_int_equal(len, sizeof(in));
	assert_memory_equal(out, in, sizeof(in));
	free(out);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_every_byte),
	};

	return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
