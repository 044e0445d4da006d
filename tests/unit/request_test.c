#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/quote.h"
#include "http/request.h"

#define IN(s)	{ s, sizeof(s) - 1 }
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct line {
	struct span	name;
	struct span	value;
};

/* RFC 9112 sections 3 and 5, RFC 9110 sections 5.5 and 9.1. */
static const struct write_row {
	const char	*label;
	struct span	 method;
	struct span	 target;
	struct line	 lines[3];	/* up to the first without a name */
	const char	*want;		/* NULL: it is refused */
	const char	*want_says;	/* then, a part of the message */
} write_rows[] = {
	{ "no header", IN("GET"), IN("/"), { { IN(""), IN("") } },
	    "GET / HTTP/1.1\r\n\r\n", NULL },
	{ "headers in order", IN("GET"), IN("/a?b"),
	    { { IN("Host"), IN("h:81") }, { IN("a"), IN("1") },
	    { IN("A"), IN("2") } },
	    "GET /a?b HTTP/1.1\r\nHost: h:81\r\na: 1\r\nA: 2\r\n\r\n", NULL },
	{ "empty value", IN("GET"), IN("/"), { { IN("a"), IN("") } },
	    "GET / HTTP/1.1\r\na: \r\n\r\n", NULL },
	{ "tab and obs-text in a value", IN("GET"), IN("/"),
	    { { IN("a"), IN("x\ty\xe9") } },
	    "GET / HTTP/1.1\r\na: x\ty\xe9\r\n\r\n", NULL },
	{ "another method, asterisk", IN("M-SEARCH"), IN("*"),
	    { { IN(""), IN("") } }, "M-SEARCH * HTTP/1.1\r\n\r\n", NULL },
	{ "authority-form", IN("CONNECT"), IN("[::1]:443"),
	    { { IN(""), IN("") } },
	    "CONNECT [::1]:443 HTTP/1.1\r\n\r\n", NULL },

	{ "empty method", IN(""), IN("/"), { { IN(""), IN("") } }, NULL,
	    "method '' is not a token" },
	{ "space in the method", IN("GET /x"), IN("/"),
	    { { IN(""), IN("") } }, NULL, "method 'GET /x'" },
	{ "CRLF in the method", IN("GET\r\n"), IN("/"),
	    { { IN(""), IN("") } }, NULL, "method 'GET\\r\\n'" },
	{ "NUL in the method", IN("G\0T"), IN("/"), { { IN(""), IN("") } },
	    NULL, "method 'G\\x00T'" },
	{ "empty target", IN("GET"), IN(""), { { IN(""), IN("") } }, NULL,
	    "target is empty" },
	{ "space in the target", IN("GET"), IN("/a b"),
	    { { IN(""), IN("") } }, NULL, "request target has" },
	{ "CRLF in the target", IN("GET"), IN("/a\r\nb: c"),
	    { { IN(""), IN("") } }, NULL, "request target has" },
	{ "NUL in the target", IN("GET"), IN("/\0"), { { IN(""), IN("") } },
	    NULL, "request target has" },
	{ "non-ASCII target", IN("GET"), IN("/\xe9"), { { IN(""), IN("") } },
	    NULL, "request target has" },
	{ "DEL in the target", IN("GET"), IN("/\x7f"),
	    { { IN(""), IN("") } }, NULL, "request target has" },
	{ "colon in a name", IN("GET"), IN("/"), { { IN("a:"), IN("x") } },
	    NULL, "header name 'a:' is not a token" },
	{ "space in a name", IN("GET"), IN("/"), { { IN("a b"), IN("x") } },
	    NULL, "header name 'a b'" },
	{ "CRLF in a name", IN("GET"), IN("/"), { { IN("a\r\nb"), IN("x") } },
	    NULL, "header name 'a\\r\\nb'" },
	{ "NUL in a name", IN("GET"), IN("/"), { { IN("a\0"), IN("x") } },
	    NULL, "header name 'a\\x00'" },
	{ "CRLF in a value", IN("GET"), IN("/"),
	    { { IN("ok"), IN("1") }, { IN("a"), IN("x\r\nsecret: y") } },
	    NULL, "value of header 'a' has" },
	{ "LF in a value", IN("GET"), IN("/"),
	    { { IN("a"), IN("secret\n") } }, NULL, "value of header 'a' has" },
	{ "CR in a value", IN("GET"), IN("/"),
	    { { IN("a"), IN("secret\r") } }, NULL, "value of header 'a' has" },
	{ "NUL in a value", IN("GET"), IN("/"),
	    { { IN("a"), IN("secret\0") } }, NULL, "value of header 'a' has" },
	{ "DEL in a value", IN("GET"), IN("/"),
	    { { IN("a"), IN("secret\x7f") } }, NULL,
	    "value of header 'a' has" },
};

static int failures;

static void
complain(const char *label, const char *got, const char *want)
{
	print_error("request/%s: got %s, want %s\n", label, got, want);
	failures++;
}

static void
check_refused(const struct write_row *r, int rv, const struct buf *b,
    const struct error *err)
{
	if (rv != -1) {
		complain(r->label, "success", r->want_says);
		return;
	}
	if (err->kind != ERR_USAGE || strcmp(err->code, "value") != 0 ||
	    strstr(err->message, r->want_says) == NULL)
		complain(r->label, err->message, r->want_says);
	if (strstr(err->message, "secret") != NULL)
		complain(r->label, err->message, "no value in it");
	if (b->len != strlen("before"))
		complain(r->label, "bytes", "the buffer as it was");
}

static void
check_row(const struct write_row *r, const struct headers *fields)
{
	struct buf b = { 0 };
	struct error err;
	char got[256];
	int rv;

	assert_int_equal(buf_adds(&b, "before"), 0);
	rv = request_write(&b, r->method, r->target, NULL, fields,
	    &err);
	if (r->want == NULL) {
		check_refused(r, rv, &b, &err);
	} else {
		snprintf(got, sizeof(got), "%.*s", (int)b.len, b.data);
		if (rv != 0)
			complain(r->label, err.message, r->want);
		else if (strcmp(got + strlen("before"), r->want) != 0)
			complain(r->label, got, r->want);
	}
	buf_clear(&b);
}

static void
test_write(void **state)
{
	size_t i, j;

	(void)state;
	failures = 0;
	for (i = 0; i < COUNT(write_rows); i++) {
		const struct write_row *r = &write_rows[i];
		struct headers fields = { 0 };

		for (j = 0; j < COUNT(r->lines) &&
		    r->lines[j].name.len > 0; j++)
			assert_int_equal(headers_add(&fields,
			    r->lines[j].name, r->lines[j].value), 0);
		check_row(r, &fields);
		headers_clear(&fields);
	}
	assert_int_equal(failures, 0);
}

/* Names that no list of the table above can hold. */
static void
test_empty_name(void **state)
{
	struct headers fields = { 0 };
	struct buf b = { 0 };
	struct error err;

	(void)state;
	assert_int_equal(headers_add(&fields, span_of(""), span_of("")), 0);
	assert_int_equal(request_write(&b, span_of("GET"), span_of("/"), NULL,
	    &fields, &err), -1);
	assert_string_equal(err.message, "header name '' is not a token");
	headers_clear(&fields);
	buf_clear(&b);
}

static const struct quote_row {
	struct span	 in;
	const char	*want;
} quote_rows[] = {
	{ IN(""), "''" },
	{ IN("plain ~"), "'plain ~'" },
	{ IN("\r\n\t\0\x1f\x7f\xff"), "'\\r\\n\\t\\x00\\x1f\\x7f\\xff'" },
	{ IN("it's \\"), "'it\\'s \\\\'" },
	{ IN("0123456789012345678901234567890123456789"),
	    "'0123456789012345678901234567890123456789'" },
	{ IN("0123456789012345678901234567890123456789x"),
	    "'0123456789012345678901234567890123456789'..." },
	{ IN("\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
	    "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"),
	    "'\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01"
	    "\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01"
	    "\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01"
	    "\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01'..." },
};

static void
test_quote(void **state)
{
	char text[QUOTE_MAX];
	size_t i;

	(void)state;
	failures = 0;
	for (i = 0; i < COUNT(quote_rows); i++) {
		const struct quote_row *r = &quote_rows[i];

		if (strcmp(quote(text, r->in), r->want) != 0)
			complain("quote", text, r->want);
	}
	assert_int_equal(failures, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_empty_name),
		cmocka_unit_test(test_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
