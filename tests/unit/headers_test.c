#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/headers.h"

#define IN(s)	{ s, sizeof(s) - 1 }
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int failures;

static void
complain(const char *table, const char *label, const char *got,
    const char *want)
{
	print_error("%s/%s: got %s, want %s\n", table, label, got, want);
	failures++;
}

/* A copy of its exact size: the sanitizer sees a byte too far. */
static struct span
exact(struct span s)
{
	char *copy = malloc(s.len == 0 ? 1 : s.len);
	struct span out = { copy, s.len };

	assert_non_null(copy);
	if (s.len > 0)
		memcpy(copy, s.data, s.len);
	return out;
}

static void
add(struct headers *h, const char *name, const char *value)
{
	assert_int_equal(headers_add(h, span_of(name), span_of(value)), 0);
}

/* The list as "name: value\n" lines. */
static void
want_list(const char *label, const struct headers *h, const char *want)
{
	char got[1024] = "";
	size_t i, n = 0;

	for (i = 0; i < h->count; i++) {
		struct span name = headers_name(h, i);
		struct span value = headers_value(h, i);

		n += (size_t)snprintf(got + n, sizeof(got) - n,
		    "%.*s: %.*s\n", (int)name.len, name.data,
		    (int)value.len, value.data);
		assert_true(n < sizeof(got));
	}
	if (strcmp(got, want) != 0)
		complain("headers", label, got, want);
}

/* Applied to A: 1, b: 2, a: 3, c: */
static const struct set_row {
	const char	*label;
	const char	*name;
	const char	*value;		/* NULL: only remove */
	const char	*want;
} set_rows[] = {
	{ "replaces all in the place of the first", "a", "x",
	    "a: x\nb: 2\nc: \n" },
	{ "with another case of the name", "B", "x",
	    "A: 1\nB: x\na: 3\nc: \n" },
	{ "at the end when there is none", "d", "x",
	    "A: 1\nb: 2\na: 3\nc: \nd: x\n" },
	{ "the empty value is one", "a", "", "a: \nb: 2\nc: \n" },
	{ "removes all", "A", NULL, "b: 2\nc: \n" },
	{ "removes the last", "c", NULL, "A: 1\nb: 2\na: 3\n" },
	{ "removes nothing", "ab", NULL, "A: 1\nb: 2\na: 3\nc: \n" },
	{ "a part of a name is another name", "", NULL,
	    "A: 1\nb: 2\na: 3\nc: \n" },
};

static void
test_set(void **state)
{
	const struct span none = { NULL, 0 };
	size_t i;

	(void)state;
	failures = 0;
	for (i = 0; i < COUNT(set_rows); i++) {
		const struct set_row *r = &set_rows[i];
		struct headers h = { 0 };

		add(&h, "A", "1");
		add(&h, "b", "2");
		add(&h, "a", "3");
		add(&h, "c", "");
		assert_int_equal(headers_set(&h, span_of(r->name),
		    r->value == NULL ? none : span_of(r->value)), 0);
		want_list(r->label, &h, r->want);
		headers_clear(&h);
	}
	assert_int_equal(failures, 0);
}

/* Name and value may be the list's own. */
static void
test_set_own(void **state)
{
	struct headers h = { 0 };

	(void)state;
	failures = 0;
	add(&h, "Name", "value");
	add(&h, "b", "2");
	assert_int_equal(headers_set(&h, headers_name(&h, 0),
	    headers_value(&h, 1)), 0);
	want_list("own name and value", &h, "Name: 2\nb: 2\n");
	headers_clear(&h);
	assert_int_equal(failures, 0);
}

/* A value that is set again and again takes no more room each time. */
static void
test_set_room(void **state)
{
	struct headers h = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		assert_int_equal(headers_set(&h, span_of("authorization"),
		    span_of("0123456789abcdef")), 0);
	assert_int_equal(h.count, 1);
	assert_true(h.text.cap <= 256);
	headers_clear(&h);
}

static void
test_list(void **state)
{
	struct headers h = { 0 };
	size_t i = 0;

	(void)state;
	failures = 0;
	want_list("empty", &h, "");
	assert_false(headers_find(&h, span_of("a"), &i));
	add(&h, "Via", "1");
	add(&h, "x", "");
	add(&h, "vIA", "2");
	assert_int_equal(headers_extend(&h, span_of("and 3")), 0);
	want_list("order and case", &h, "Via: 1\nx: \nvIA: 2 and 3\n");
	assert_non_null(headers_value(&h, 1).data);

	i = 0;
	assert_true(headers_find(&h, span_of("VIA"), &i));
	assert_int_equal(i, 0);
	i++;
	assert_true(headers_find(&h, span_of("VIA"), &i));
	assert_int_equal(i, 2);
	i++;
	assert_false(headers_find(&h, span_of("VIA"), &i));
	i = 0;
	assert_false(headers_find(&h, span_of("vi"), &i));
	i = 0;
	assert_false(headers_find(&h, span_of("viaa"), &i));

	headers_reset(&h);
	want_list("reset", &h, "");
	add(&h, "x", "");
	assert_int_equal(headers_extend(&h, span_of("y")), 0);
	want_list("reused, an empty value extended", &h, "x: y\n");
	headers_clear(&h);
	headers_clear(&h);
	assert_int_equal(failures, 0);
}

/* Many lines: offsets stay right while text and array move. */
/* Lists of no line, of one, and of more than an empty list has room for. */
static void
test_copy(void **state)
{
	static const size_t counts[] = { 0, 1, 16, 17, 100 };
	struct headers from = { 0 }, to = { 0 };
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(counts); i++) {
		while (from.count < counts[i])
			add(&from, "name", "value");
		assert_int_equal(headers_copy(&to, &from), 0);
		assert_int_equal(to.count, counts[i]);
		for (j = 0; j < to.count; j++) {
			assert_true(span_is(headers_name(&to, j), "name"));
			assert_true(span_is(headers_value(&to, j), "value"));
		}
		add(&to, "more", "x");
		assert_int_equal(from.count, counts[i]);
		assert_true(span_is(headers_name(&to, counts[i]), "more"));
		headers_clear(&to);
	}
	headers_clear(&from);
}

/* Lent room is outgrown by lines, or by their text. */
static void
test_lent(void **state)
{
	static const struct { size_t count, len; } rows[] = {
		{ 0, 0 }, { 1, 1 }, { 16, 1 }, { 17, 1 }, { 40, 1 }, { 1, 380 },
		{ 1, 381 }, { 2, 300 }, { 17, 300 }
	};
	static uint32_t room[HEADERS_ROOM / sizeof(uint32_t)];
	static char value[400];
	struct headers h = { 0 }, to = { 0 };
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		headers_lend(&h, room);
		memset(value, 'v', rows[i].len);
		value[rows[i].len] = '\0';
		for (j = 0; j < rows[i].count; j++)
			add(&h, "name", value);
		assert_int_equal(headers_move(&to, &h), 0);
		assert_int_equal(h.count, 0);
		memset(room, 0, sizeof(room));
		assert_int_equal(to.count, rows[i].count);
		for (j = 0; j < to.count; j++) {
			assert_true(span_is(headers_name(&to, j), "name"));
			assert_true(span_is(headers_value(&to, j), value));
		}
		headers_clear(&h);
		headers_clear(&to);
	}
}

/* What is owned changes hands. */
static void
test_move(void **state)
{
	struct headers h = { 0 }, to = { 0 };
	const char *text;

	(void)state;
	add(&h, "a", "1");
	text = headers_name(&h, 0).data;
	assert_int_equal(headers_move(&to, &h), 0);
	want_list("moved", &to, "a: 1\n");
	want_list("from", &h, "");
	assert_ptr_equal(headers_name(&to, 0).data, text);
	headers_clear(&to);
	assert_int_equal(failures, 0);
}

static void
test_growth(void **state)
{
	struct headers h = { 0 };
	char name[16], value[16];
	size_t i, at;

	(void)state;
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "N%zu", i);
		snprintf(value, sizeof(value), "v%zu", i);
		add(&h, name, value);
	}
	assert_int_equal(h.count, 1000);
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%zu", i);
		snprintf(value, sizeof(value), "v%zu", i);
		at = 0;
		assert_true(headers_find(&h, span_of(name), &at));
		assert_int_equal(at, i);
		assert_true(span_is(headers_value(&h, i), value));
	}
	headers_clear(&h);
}

/* Offsets have 32 bits: what does not fit is refused, and nothing read. */
static void
test_too_long(void **state)
{
	struct headers h = { 0 };
	struct span huge = { "x", (size_t)UINT32_MAX };

	(void)state;
	failures = 0;
	add(&h, "a", "1");
	assert_int_equal(headers_add(&h, span_of("b"), huge), -1);
	assert_int_equal(headers_add(&h, huge, span_of("b")), -1);
	assert_int_equal(headers_add(&h, huge, huge), -1);
	assert_int_equal(headers_extend(&h, huge), -1);
	assert_int_equal(headers_set(&h, span_of("a"), huge), -1);
	want_list("unchanged", &h, "a: 1\n");
	headers_clear(&h);
	assert_int_equal(failures, 0);
}

/* RFC 9110 sections 5.6.1, 5.6.4 and 5.6.6; the token is "close". */
static const struct token_row {
	struct span	in;
	bool		want;
} token_rows[] = {
	{ IN("close"), true },
	{ IN("Close"), true },
	{ IN(" close\t"), true },
	{ IN("a, close"), true },
	{ IN("close,a"), true },
	{ IN(",,close,"), true },
	{ IN("close;q=1"), true },
	{ IN("a;b=\"x,y\", close ; c"), true },
	{ IN("a=\"\\\", \", close"), true },
	{ IN(""), false },
	{ IN(","), false },
	{ IN("clos"), false },
	{ IN("closed"), false },
	{ IN("x-close"), false },
	{ IN("close x"), false },
	{ IN("a;close"), false },
	{ IN("\"close\""), false },
	{ IN("a=\"b, close\""), false },
	{ IN("a=\"b, close"), false },
	{ IN("a=\"\\\", close\""), false },
	{ IN("a=\"\\"), false },
	{ IN("close\0"), false },
};

static void
test_token(void **state)
{
	size_t i;

	(void)state;
	failures = 0;
	for (i = 0; i < COUNT(token_rows); i++) {
		const struct token_row *r = &token_rows[i];
		struct span in = exact(r->in);

		if (header_has_token(in, "close") != r->want)
			complain("token", r->in.data,
			    r->want ? "no" : "yes", r->want ? "yes" : "no");
		free((char *)(uintptr_t)in.data);
	}
	assert_int_equal(failures, 0);
}

/* Every byte: tchar (RFC 9110 section 5.6.2), field-vchar (section 5.5). */
static void
test_bytes(void **state)
{
	static const char tchars[] = "!#$%&'*+-.^_`|~0123456789"
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	int c;

	(void)state;
	failures = 0;
	for (c = 0; c < 256; c++) {
		char text[3] = { 'a', (char)c, 'b' }, label[8];
		struct span s = { text, 3 };
		bool is_tchar = c != 0 && strchr(tchars, c) != NULL;
		bool is_text = c == '\t' || (c >= 0x20 && c != 0x7f);

		snprintf(label, sizeof(label), "0x%02x", (unsigned)c);
		if (header_name_valid(s) != is_tchar)
			complain("name byte", label, "", "the other");
		if (header_value_valid(s) != is_text)
			complain("value byte", label, "", "the other");
	}
	assert_false(header_name_valid(span_of("")));
	assert_true(header_value_valid(span_of("")));
	assert_int_equal(failures, 0);
}

static const struct trim_row {
	const char	*in;
	const char	*want;
} trim_rows[] = {
	{ "", "" }, { " ", "" }, { " \t ", "" }, { "a", "a" },
	{ " a", "a" }, { "a\t", "a" }, { " \ta b\t ", "a b" },
	{ "\ra\n", "\ra\n" }, { "\x0b", "\x0b" }, { "\xa0", "\xa0" },
};

static void
test_trim(void **state)
{
	size_t i;

	(void)state;
	failures = 0;
	for (i = 0; i < COUNT(trim_rows); i++) {
		const struct trim_row *r = &trim_rows[i];
		struct span in = exact(span_of(r->in));
		struct span got = span_trim(in);

		if (got.len != strlen(r->want) ||
		    memcmp(got.data, r->want, got.len) != 0)
			complain("trim", r->in, "another", r->want);
		free((char *)(uintptr_t)in.data);
	}
	assert_int_equal(failures, 0);
}

static void
test_span_is(void **state)
{
	const struct span with_nul = IN("a\0"), at = IN("@[`{");

	(void)state;
	assert_true(span_is(span_of("aZ09-"), "Az09-"));
	assert_true(span_is(span_of(""), ""));
	assert_false(span_is(span_of("a"), "ab"));
	assert_false(span_is(span_of("ab"), "a"));
	assert_false(span_is(with_nul, "a"));
	/* Only letters have two cases: 0x40 and 0x60 differ by that bit. */
	assert_false(span_is(at, "`{@["));
	assert_false(span_is(span_of("\xc4"), "\xe4"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_set_own),
		cmocka_unit_test(test_set_room),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_lent),
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_span_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
