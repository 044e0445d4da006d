/* base/percent: each byte there and back, and what only looks encoded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/percent.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define IN(s)		{ s, sizeof(s) - 1 }

typedef size_t function(char *out, struct span in, bool plus);

static const struct test {
	const char	*label;
	function	*fn;
	bool		 plus;
	struct span	 in;
	struct span	 want;
} tests[] = {
	{ "nothing", percent_encode, false, IN(""), IN("") },
	/* RFC 3986 section 2.3. */
	{ "unreserved", percent_encode, false, IN("azAZ09-._~"),
	    IN("azAZ09-._~") },
	{ "reserved", percent_encode, false, IN(":/?#[]@!$&'()*+,;="),
	    IN("%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D") },
	{ "space", percent_encode, false, IN("a b"), IN("a%20b") },
	{ "space, in a form", percent_encode, true, IN("a b"), IN("a+b") },
	{ "plus, in a form", percent_encode, true, IN("a+b"),
	    IN("a%2Bb") },
	{ "percent", percent_encode, false, IN("%41"), IN("%2541") },
	{ "controls", percent_encode, false, IN("\0\r\n\x7f"),
	    IN("%00%0D%0A%7F") },
	{ "high bytes", percent_encode, false, IN("\xc3\xa9\xff"),
	    IN("%C3%A9%FF") },

	{ "nothing", percent_decode, false, IN(""), IN("") },
	{ "either case", percent_decode, false, IN("%c3%A9%aF"),
	    IN("\xc3\xa9\xaf") },
	{ "NUL", percent_decode, false, IN("a%00b"), IN("a\0b") },
	{ "once", percent_decode, false, IN("%2541"), IN("%41") },
	{ "plus", percent_decode, false, IN("a+b%2B"), IN("a+b+") },
	{ "plus, in a form", percent_decode, true, IN("a+b%2B%20"),
	    IN("a b+ ") },
	{ "percent at the end", percent_decode, false, IN("a%"), IN("a%") },
	{ "one digit at the end", percent_decode, false, IN("a%4"),
	    IN("a%4") },
	{ "no digits", percent_decode, false, IN("%zz%4z%z4"),
	    IN("%zz%4z%z4") },
	{ "a percent before one", percent_decode, false, IN("%%41"),
	    IN("%A") },
	{ "bytes as they are", percent_decode, false, IN("\xff\r\n\0"),
	    IN("\xff\r\n\0") },
};

static void
check(const struct test *t)
{
	size_t max = t->fn == percent_encode ?
	    PERCENT_ENCODED_MAX(t->in.len) : t->in.len, len;
	char *copy = malloc(t->in.len + 1), *out = malloc(max + (max == 0));
	char *in = copy + 1;
	struct span s = { in, t->in.len };

	memcpy(in, t->in.data, t->in.len);
	len = t->fn(out, s, t->plus);
	if (len != t->want.len || memcmp(out, t->want.data, len) != 0)
		fail_msg("tests/%s: got %.*s, want %s", t->label, (int)len,
		    out, t->want.data);
	free(out);
	free(copy);
}

static void
test_table(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(tests); i++)
		check(&tests[i]);
}

static void
test_every_byte(void **state)
{
	char in[256], text[PERCENT_ENCODED_MAX(256)], out[256];
	struct span s, all = { in, sizeof(in) };
	int plus;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(in); i++)
		in[i] = (char)i;
	for (plus = 0; plus <= 1; plus++) {
		s.data = text;
		s.len = percent_encode(text, all, plus);
		assert_true(s.len <= sizeof(text));
		for (i = 0; i < s.len; i++)
			assert_true(text[i] > ' ' && text[i] <= '~');
		assert_int_equal(percent_decode(out, s, plus), sizeof(in));
		assert_memory_equal(out, in, sizeof(in));
	}
}

int
main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_every_byte),
	};

	return cmocka_run_group_tests_name("percent", all, NULL, NULL);
}
