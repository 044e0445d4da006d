/*
 * base/jread and base/jwrite: what is JSON is read and written again; what is
 * not is refused, where jansson refuses it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/jread.h"
#include "base/jwrite.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define IN(s)		{ s, sizeof(s) - 1 }

/* "want" is what was read, written without white space; NULL: as it stands. */
static const struct good_test {
	const char	*label;
	struct span	 in;
	const char	*want;
} good_tests[] = {
	{ "empty array", IN("[]"), NULL },
	{ "empty object", IN("{}"), NULL },
	{ "white space everywhere", IN(" \t\r\n[ 1 ,\n{ \"a\" : 2 } ] \n"),
	    "[1,{\"a\":2}]" },
	{ "words", IN("[null,true,false]"), NULL },
	{ "a word alone", IN("null"), NULL },
	{ "a number alone", IN("42"), NULL },
	{ "a number and a space", IN("42 "), "42" },
	{ "a string alone", IN("\"x\""), NULL },
	{ "byte order mark", IN("\xef\xbb\xbf[1]"), "[1]" },
	{ "nested", IN("[[[[]],{}],{\"a\":{\"b\":[{}]}}]"), NULL },
	{ "same name twice", IN("{\"a\":1,\"a\":2}"), NULL },
	{ "empty name", IN("{\"\":0}"), NULL },
	{ "NUL in a name", IN("{\"a\\u0000b\":1}"), NULL },
	{ "escaped name", IN("{\"\\u0061\\n\":1}"), "{\"a\\n\":1}" },

	{ "zero", IN("[0,-0]"), "[0,0]" },
	{ "integers", IN("[1,-1,10,1234567890]"), NULL },
	{ "beyond 2^53", IN("[9007199254740993,-9007199254740993]"), NULL },
	{ "greatest and least integer",
	    IN("[9223372036854775807,-9223372036854775808]"), NULL },
	{ "reals", IN("[0.5,-0.5,1.25,100.0,0.1,0.30000000000000004]"),
	    NULL },
	{ "negative zero", IN("[-0.0,-0e1,0.0]"), "[-0.0,-0.0,0.0]" },
	{ "exponents", IN("[1e3,1E3,1e+3,1e-3,1.5e2,0e9,12.5E-1]"),
	    "[1000.0,1000.0,1000.0,0.001,150.0,0.0,1.25]" },
	{ "large and small", IN("[1e22,1e23,1e300,1.7976931348623157e308,"
	    "5e-324,2.2250738585072014e-308]"),
	    "[1e+22,1e+23,1e+300,1.7976931348623157e+308,"
	    "4.94065645841247e-324,2.2250738585072014e-308]" },
	{ "less than the least", IN("[1e-400,0.0e-999999999999]"),
	    "[0.0,0.0]" },
	{ "a huge exponent of nothing", IN("[0e99999999999999999999]"),
	    "[0.0]" },
	{ "more digits than fit", IN("[0.1000000000000000055511151231257827,"
	    "123456789012345678901234567890.0]"),
	    "[0.1,1.2345678901234568e+29]" },
	/* Rounds up by its 60th digit alone. */
	{ "half way, and a bit", IN("[9007199254740993.0,"
	    "9007199254740993.00000000000000000000000000000000000000000001]"),
	    "[9007199254740992.0,9007199254740994.0]" },
	{ "a fraction of many zeros", IN("[0.000000000000000000000000000000"
	    "00000000000000000000000000000000000000000000000001]"),
	    "[1e-80]" },

	{ "escapes", IN("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
	    "\"\\\"\\\\/\\b\\f\\n\\r\\t\"" },
	{ "escapes of code points", IN("\"\\u0041\\u00e9\\u20AC\\uffff\""),
	    "\"A\xc3\xa9\xe2\x82\xac\xef\xbf\xbf\"" },
	{ "a surrogate pair", IN("\"\\ud834\\udd1e\\uDBFF\\uDFFF\""),
	    "\"\xf0\x9d\x84\x9e\xf4\x8f\xbf\xbf\"" },
	{ "NUL", IN("\"\\u0000\""), NULL },
	{ "controls", IN("\"\\u001f\\u007f\""), "\"\\u001f\x7f\"" },
	{ "UTF-8 of each length", IN("\"\xc2\x80\xdf\xbf\xe0\xa0\x80"
	    "\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""),
	    NULL },
	{ "a quotation mark at each of eight places",
	    IN("[\"1\",\"12\",\"123\",\"1234\",\"12345\",\"123456\","
	    "\"1234567\",\"12345678\",\"123456789\"]"), NULL },
	{ "a solidus stays", IN("\"a/b\""), NULL },
};

static const struct bad_test {
	const char	*label;
	struct span	 in;
	enum jread_error want;
} bad_tests[] = {
	{ "nothing", IN(""), JREAD_EBAD },
	{ "white space", IN(" \n"), JREAD_EBAD },
	{ "byte order mark alone", IN("\xef\xbb\xbf"), JREAD_EBAD },
	{ "half a byte order mark", IN("\xef\xbb[]"), JREAD_EBAD },
	{ "byte order mark in UTF-16", IN("\xff\xfe[\0]\0"), JREAD_EBAD },
	{ "two values", IN("1 2"), JREAD_EBAD },
	{ "something after", IN("[]x"), JREAD_EBAD },
	{ "NUL after", IN("[]\0"), JREAD_EBAD },
	{ "NUL before", IN("\0[]"), JREAD_EBAD },
	{ "form feed", IN("[\f]"), JREAD_EBAD },
	{ "no-break space", IN("[\xc2\xa0]"), JREAD_EBAD },
	{ "comment", IN("[1/*x*/]"), JREAD_EBAD },

	{ "open array", IN("["), JREAD_EBAD },
	{ "open array, value", IN("[1"), JREAD_EBAD },
	{ "open array, comma", IN("[1,"), JREAD_EBAD },
	{ "closed twice", IN("[]]"), JREAD_EBAD },
	{ "closed without", IN("]"), JREAD_EBAD },
	{ "closed by the other", IN("[}"), JREAD_EBAD },
	{ "crossed", IN("[{]}"), JREAD_EBAD },
	{ "comma alone", IN("[,]"), JREAD_EBAD },
	{ "comma before", IN("[,1]"), JREAD_EBAD },
	{ "comma after", IN("[1,]"), JREAD_EBAD },
	{ "two commas", IN("[1,,2]"), JREAD_EBAD },
	{ "no comma", IN("[1 2]"), JREAD_EBAD },
	{ "no comma after a string", IN("[\"a\" \"b\"]"), JREAD_EBAD },
	{ "a colon", IN("[1:2]"), JREAD_EBAD },

	{ "open object", IN("{"), JREAD_EBAD },
	{ "open object, name", IN("{\"a\""), JREAD_EBAD },
	{ "open object, colon", IN("{\"a\":"), JREAD_EBAD },
	{ "open object, value", IN("{\"a\":1"), JREAD_EBAD },
	{ "name without quotation marks", IN("{a:1}"), JREAD_EBAD },
	{ "name in other quotation marks", IN("{'a':1}"), JREAD_EBAD },
	{ "a number as name", IN("{1:1}"), JREAD_EBAD },
	{ "no value", IN("{\"a\"}"), JREAD_EBAD },
	{ "no value after the colon", IN("{\"a\":}"), JREAD_EBAD },
	{ "no colon", IN("{\"a\" 1}"), JREAD_EBAD },
	{ "two colons", IN("{\"a\"::1}"), JREAD_EBAD },
	{ "comma for colon", IN("{\"a\",1}"), JREAD_EBAD },
	{ "comma after a member", IN("{\"a\":1,}"), JREAD_EBAD },
	{ "comma before a member", IN("{,\"a\":1}"), JREAD_EBAD },
	{ "no comma between members", IN("{\"a\":1 \"b\":2}"), JREAD_EBAD },
	{ "a value alone", IN("{1}"), JREAD_EBAD },

	{ "word cut off", IN("[nul"), JREAD_EBAD },
	{ "word cut off, closed", IN("[tru]"), JREAD_EBAD },
	{ "word and more", IN("[nullx]"), JREAD_EBAD },
	{ "capitals", IN("[True]"), JREAD_EBAD },
	{ "NaN", IN("[NaN]"), JREAD_EBAD },
	{ "nan", IN("[nan]"), JREAD_EBAD },
	{ "Infinity", IN("[Infinity]"), JREAD_EBAD },
	{ "-Infinity", IN("[-Infinity]"), JREAD_EBAD },
	{ "inf", IN("[-inf]"), JREAD_EBAD },
	{ "undefined", IN("undefined"), JREAD_EBAD },

	{ "leading zero", IN("[01]"), JREAD_EBAD },
	{ "leading zeros", IN("[00]"), JREAD_EBAD },
	{ "leading zero, negative", IN("[-01]"), JREAD_EBAD },
	{ "leading zero, real", IN("[01.5]"), JREAD_EBAD },
	{ "plus", IN("[+1]"), JREAD_EBAD },
	{ "minus alone", IN("[-]"), JREAD_EBAD },
	{ "minus at the end", IN("-"), JREAD_EBAD },
	{ "two minus", IN("[--1]"), JREAD_EBAD },
	{ "minus and space", IN("[- 1]"), JREAD_EBAD },
	{ "no digit before the point", IN("[.5]"), JREAD_EBAD },
	{ "no digit after the point", IN("[1.]"), JREAD_EBAD },
	{ "no digit after the point, exponent", IN("[1.e1]"), JREAD_EBAD },
	{ "two points", IN("[1.2.3]"), JREAD_EBAD },
	{ "comma for point", IN("1,5"), JREAD_EBAD },
	{ "no digit in the exponent", IN("[1e]"), JREAD_EBAD },
	{ "sign alone in the exponent", IN("[1e+]"), JREAD_EBAD },
	{ "two exponents", IN("[1e1e1]"), JREAD_EBAD },
	{ "fraction in the exponent", IN("[1e1.5]"), JREAD_EBAD },
	{ "hexadecimal", IN("[0x10]"), JREAD_EBAD },
	{ "a letter after", IN("[1a]"), JREAD_EBAD },
	{ "full-width digit", IN("[\xef\xbc\x91]"), JREAD_EBAD },
	{ "beyond the greatest integer", IN("[9223372036854775808]"),
	    JREAD_EBAD },
	{ "beyond the least integer", IN("[-9223372036854775809]"),
	    JREAD_EBAD },
	{ "beyond 64 bits", IN("[18446744073709551616]"), JREAD_EBAD },
	{ "a long integer", IN("[100000000000000000000000000000]"),
	    JREAD_EBAD },
	{ "beyond the greatest real", IN("[1e309]"), JREAD_EBAD },
	{ "beyond the least real", IN("[-1e309]"), JREAD_EBAD },
	{ "a huge exponent", IN("[1e99999999999999999999]"), JREAD_EBAD },

	{ "open string", IN("\"abc"), JREAD_EBAD },
	{ "a quotation mark", IN("\""), JREAD_EBAD },
	{ "open string, long", IN("\"abcdefghijklmnop"), JREAD_EBAD },
	{ "ends in a backslash", IN("\"\\"), JREAD_EBAD },
	{ "the mark is escaped", IN("\"\\\""), JREAD_EBAD },
	{ "unknown escape", IN("\"\\x41\""), JREAD_EBAD },
	{ "escaped NUL byte", IN("\"\\\0\""), JREAD_EBAD },
	{ "escape in capitals", IN("\"\\U0041\""), JREAD_EBAD },
	{ "escaped digit", IN("\"\\0\""), JREAD_EBAD },
	{ "escaped line end", IN("\"\\\n\""), JREAD_EBAD },
	{ "three digits", IN("\"\\u004\""), JREAD_EBAD },
	{ "no digits at the end", IN("\"\\u"), JREAD_EBAD },
	{ "no hexadecimal digits", IN("\"\\u00g0\""), JREAD_EBAD },
	{ "high surrogate alone", IN("\"\\ud834\""), JREAD_EBAD },
	{ "high surrogate and text", IN("\"\\ud834abcdef\""), JREAD_EBAD },
	{ "high surrogate and another escape", IN("\"\\ud834\\n00000\""),
	    JREAD_EBAD },
	{ "two high surrogates", IN("\"\\ud834\\ud834\""), JREAD_EBAD },
	{ "low surrogate alone", IN("\"\\udd1e\""), JREAD_EBAD },
	{ "pair the wrong way round", IN("\"\\udd1e\\ud834\""), JREAD_EBAD },
	{ "high surrogate, half an escape", IN("\"\\ud834\\u"), JREAD_EBAD },
	{ "line end", IN("\"a\nb\""), JREAD_EBAD },
	{ "tab", IN("\"a\tb\""), JREAD_EBAD },
	{ "NUL byte", IN("\"a\0b\""), JREAD_EBAD },
	{ "control after eight bytes", IN("\"12345678\x1f\""), JREAD_EBAD },
	{ "control at the eighth byte", IN("\"1234567\x01" "90123456\""),
	    JREAD_EBAD },

	/* RFC 3629 section 4. */
	{ "a tail byte alone", IN("\"\x80\""), JREAD_EBAD },
	{ "latin-1", IN("\"caf\xe9\""), JREAD_EBAD },
	{ "two bytes, cut off", IN("\"\xc3\""), JREAD_EBAD },
	{ "three bytes, cut off", IN("\"\xe2\x82\""), JREAD_EBAD },
	{ "four bytes, cut off by the end", IN("\"\xf0\x9d\x84"),
	    JREAD_EBAD },
	{ "overlong, two bytes", IN("\"\xc0\xaf\""), JREAD_EBAD },
	{ "overlong, two bytes, last", IN("\"\xc1\xbf\""), JREAD_EBAD },
	{ "overlong, three bytes", IN("\"\xe0\x9f\xbf\""), JREAD_EBAD },
	{ "overlong, four bytes", IN("\"\xf0\x8f\xbf\xbf\""), JREAD_EBAD },
	{ "surrogate", IN("\"\xed\xa0\x80\""), JREAD_EBAD },
	{ "last surrogate", IN("\"\xed\xbf\xbf\""), JREAD_EBAD },
	{ "above U+10FFFF", IN("\"\xf4\x90\x80\x80\""), JREAD_EBAD },
	{ "a byte no character begins with", IN("\"\xf5\x80\x80\x80\""),
	    JREAD_EBAD },
	{ "0xff", IN("\"\xff\""), JREAD_EBAD },
	{ "bad third byte", IN("\"\xe2\x82\x41\""), JREAD_EBAD },
	{ "bad fourth byte", IN("\"\xf0\x9d\x84\x41\""), JREAD_EBAD },
	{ "bad UTF-8 in a name", IN("{\"\xff\":1}"), JREAD_EBAD },
	{ "bad UTF-8 behind an escape", IN("\"\\n\xff\""), JREAD_EBAD },
};

/* What follows, written; -1 where it cannot be read. */
static int	copy_value(struct jread *j, struct buf *out);

static int
copy_array(struct jread *j, struct buf *out)
{
	size_t n;
	int more;

	buf_adds(out, "[");
	for (n = 0; (more = jread_element(j, n == 0)) == 1; n++) {
		if (n > 0)
			buf_adds(out, ",");
		if (copy_value(j, out) == -1)
			return -1;
	}
	buf_adds(out, "]");
	return more;
}

static int
copy_object(struct jread *j, struct buf *out)
{
	struct span key;
	size_t n;
	int more;

	buf_adds(out, "{");
	for (n = 0; (more = jread_member(j, n == 0, &key)) == 1; n++) {
		if (n > 0)
			buf_adds(out, ",");
		assert_int_equal(jwrite_string(out, key), JWRITE_OK);
		buf_adds(out, ":");
		if (copy_value(j, out) == -1)
			return -1;
	}
	buf_adds(out, "}");
	return more;
}

static int
copy_value(struct jread *j, struct buf *out)
{
	struct jread_value v;

	if (jread_value(j, &v) == -1)
		return -1;
	switch (v.type) {
	case JREAD_NULL:
		return buf_adds(out, "null");
	case JREAD_FALSE:
		return buf_adds(out, "false");
	case JREAD_TRUE:
		return buf_adds(out, "true");
	case JREAD_INTEGER:
		return jwrite_integer(out, v.integer) == JWRITE_OK ? 0 : -1;
	case JREAD_REAL:
		return jwrite_real(out, v.real) == JWRITE_OK ? 0 : -1;
	case JREAD_STRING:
		return jwrite_string(out, v.string) == JWRITE_OK ? 0 : -1;
	case JREAD_ARRAY:
		return copy_array(j, out);
	case JREAD_OBJECT:
		return copy_object(j, out);
	}
	return -1;
}

/* Reads from a copy of exactly that size, so that ASan sees one too far. */
static enum jread_error
copy(struct span in, struct buf *out)
{
	struct jread j = { 0 };
	enum jread_error error = JREAD_OK;
	char *exact = malloc(in.len + (in.len == 0));
	struct span s = { exact, in.len };

	assert_non_null(exact);
	memcpy(exact, in.data, in.len);
	jread_init(&j, s);
	if (copy_value(&j, out) == -1 || jread_end(&j) == -1)
		error = j.error;
	jread_clear(&j);
	free(exact);
	return error;
}

/* Not what jansson skips, and not what it has no room for. */
static bool
jansson_accepts(struct span in)
{
	json_error_t why;
	json_t *root;

	if (in.len >= 3 && memcmp(in.data, "\xef\xbb\xbf", 3) == 0) {
		in.data += 3;
		in.len -= 3;
	}
	root = json_loadb(in.data, in.len, JSON_DECODE_ANY | JSON_ALLOW_NUL,
	    &why);
	json_decref(root);
	return root != NULL || json_error_code(&why) ==
	    json_error_null_byte_in_key;
}

static void
test_good(void **state)
{
	const struct good_test *t;
	const char *want;
	struct buf out = { 0 };

	(void)state;
	for (t = good_tests; t < good_tests + COUNT(good_tests); t++) {
		buf_reset(&out);
		if (copy(t->in, &out) != JREAD_OK)
			fail_msg("good_tests/%s: refused", t->label);
		buf_add(&out, "", 1);
		want = t->want == NULL ? t->in.data : t->want;
		if (strcmp(out.data, want) != 0)
			fail_msg("good_tests/%s: got %s, want %s", t->label,
			    out.data, want);
		if (!jansson_accepts(t->in))
			fail_msg("good_tests/%s: jansson refuses", t->label);
	}
	buf_clear(&out);
}

static void
test_bad(void **state)
{
	const struct bad_test *t;
	enum jread_error got;
	struct buf out = { 0 };

	(void)state;
	for (t = bad_tests; t < bad_tests + COUNT(bad_tests); t++) {
		buf_reset(&out);
		got = copy(t->in, &out);
		if (got != t->want)
			fail_msg("bad_tests/%s: got %d, want %d", t->label,
			    got, t->want);
		if (jansson_accepts(t->in))
			fail_msg("bad_tests/%s: jansson accepts", t->label);
	}
	buf_clear(&out);
}

/* Whatever a good text is cut to is refused, but for a number. */
static void
test_cut_off(void **state)
{
	static const struct span in = IN("{\"a\\u00e9\xc3\xa9\":[1.5e3,"
	    "{\"b\":\"\\ud834\\udd1e\"},null,true,false,-17]}");
	struct buf out = { 0 };
	struct span s = in;

	(void)state;
	assert_int_equal(copy(in, &out), JREAD_OK);
	for (s.len = 0; s.len < in.len; s.len++)
		if (copy(s, &out) != JREAD_EBAD)
			fail_msg("cut to %zu bytes: accepted", s.len);
	buf_clear(&out);
}

/* Neither reader nor stack minds what follows the limit. */
static void
test_depth(void **state)
{
	char text[4 * JREAD_DEPTH_MAX];
	struct span s = { text, 0 };
	struct buf out = { 0 };
	size_t depth;

	(void)state;
	for (depth = JREAD_DEPTH_MAX - 1; depth <= JREAD_DEPTH_MAX + 1;
	    depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		s.len = 2 * depth;
		assert_int_equal(copy(s, &out), depth > JREAD_DEPTH_MAX ?
		    JREAD_EDEPTH : JREAD_OK);
	}
	memset(text, '[', sizeof(text));
	s.len = sizeof(text);
	assert_int_equal(copy(s, &out), JREAD_EDEPTH);
	/* Depth is what is open now, not what was. */
	for (s.len = 1; s.len + 3 < sizeof(text); s.len += 3)
		memcpy(text + s.len, "[],", 3);
	text[s.len - 1] = ']';
	assert_int_equal(copy(s, &out), JREAD_OK);
	buf_clear(&out);
}

static const struct real_test {
	const char	*label;
	double		 in;
	const char	*want;
} real_tests[] = {
	{ "integral", 3.0, "3.0" },
	{ "negative zero", -0.0, "-0.0" },
	{ "15 digits", 0.1, "0.1" },
	{ "16 digits", 1.0 / 3, "0.3333333333333333" },
	{ "17 digits", 0.1 + 0.2, "0.30000000000000004" },
	{ "2^53", 9007199254740992.0, "9007199254740992.0" },
	{ "with exponent", 1e100, "1e+100" },
	{ "greatest", DBL_MAX, "1.7976931348623157e+308" },
	{ "least normal", DBL_MIN, "2.2250738585072014e-308" },
	{ "least", 5e-324, "4.94065645841247e-324" },
};

static void
check_reals(const char *locale)
{
	const struct real_test *t;
	struct jread_value v;
	struct jread j;
	struct buf out = { 0 };

	for (t = real_tests; t < real_tests + COUNT(real_tests); t++) {
		buf_reset(&out);
		assert_int_equal(jwrite_real(&out, t->in), JWRITE_OK);
		jread_init(&j, buf_span(&out));
		assert_int_equal(jread_value(&j, &v), 0);
		assert_int_equal(jread_end(&j), 0);
		buf_add(&out, "", 1);
		if (strcmp(out.data, t->want) != 0)
			fail_msg("real_tests/%s in locale %s: got %s, want %s",
			    t->label, locale, out.data, t->want);
		if (memcmp(&v.real, &t->in, sizeof(t->in)) != 0)
			fail_msg("real_tests/%s in locale %s: read back as "
			    "%.17g", t->label, locale, v.real);
	}
	buf_clear(&out);
}

/* In a locale with another decimal point, too, where there is one. */
static void
test_reals(void **state)
{
	static const char *const names[] = { "C", "de_DE.UTF-8", "de_DE",
	    "fr_FR.UTF-8", "ps_AF" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(names); i++)
		if (setlocale(LC_NUMERIC, names[i]) != NULL)
			check_reals(names[i]);
	setlocale(LC_NUMERIC, "C");
}

/* Any bits, so long as they are a number, come back. */
static void
test_random_reals(void **state)
{
	uint64_t bits = 88172645463325252u;
	struct buf out = { 0 };
	struct jread_value v;
	struct jread j;
	double value;
	int i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		memcpy(&value, &bits, sizeof(value));
		if (!isfinite(value))
			continue;
		buf_reset(&out);
		assert_int_equal(jwrite_real(&out, value), JWRITE_OK);
		jread_init(&j, buf_span(&out));
		assert_int_equal(jread_value(&j, &v), 0);
		if (memcmp(&v.real, &value, sizeof(value)) != 0)
			fail_msg("%.17g is read back as %.17g", value, v.real);
	}
	buf_clear(&out);
}

static const struct span bad_strings[] = {
	IN("\xff"), IN("abc\xc3"), IN("\xed\xa0\x80"), IN("\xc0\x80"),
	IN("12345678\x80"), IN("\xf4\x90\x80\x80"), IN("\xe2\x82"),
};

static void
test_bad_strings(void **state)
{
	struct buf out = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad_strings); i++) {
		buf_reset(&out);
		if (jwrite_string(&out, bad_strings[i]) != JWRITE_EUTF8)
			fail_msg("bad_strings/%zu: accepted", i);
	}
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_reals),
		cmocka_unit_test(test_random_reals),
		cmocka_unit_test(test_bad_strings),
	};

	return cmocka_run_group_tests_name("jread", tests, NULL, NULL);
}
