/*
 * Every allocation of the http room fails once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void	*failing_realloc(void *p, size_t n);

/* The two files that allocate, linked instead of those of the archive. */
#define realloc	failing_realloc
#include "base/buf.c"
#include "http/headers.c"
#undef realloc

#include "http/h1.h"
#include "http/request.h"

static size_t calls;
static size_t fail_at;	/* 1: the first call; 0: none */

static void *
failing_realloc(void *p, size_t n)
{
	return ++calls == fail_at ? NULL : realloc(p, n);
}

static void
fail_call(size_t n)
{
	calls = 0;
	fail_at = n;
}

/* A response that uses every buffer: in pieces, so that lines are gathered. */
static enum answer_event
parse(struct h1 *p, struct error *err)
{
	static const char in[] =
	    "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
	    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n"
	    "a: 1\r\n folded by a line of more than sixty-four bytes,"
	    " which is the first allocation of a buffer\r\n"
	    "b:\r\nb:\r\nb:\r\nb:\r\nb:\r\nb:\r\nb:\r\nb:\r\nb:\r\nb:\r\n"
	    "b:\r\nb:\r\nb:\r\nb:\r\nb:\r\nb:\r\nb:\r\nb:\r\nb:\r\nb:\r\n"
	    "\r\n4;x=y\r\nbody\r\n0\r\nt: 1\r\n folded\r\n\r\n";
	enum answer_event ev = ANSWER_MORE;
	struct span body;
	size_t off = 0, used;

	while (ev != ANSWER_END && ev != ANSWER_FAILED && off < sizeof(in) - 1) {
		ev = h1_next(p, in + off, 1, &used, &body, err);
		off += used;
	}
	return ev;
}

static void
test_parse(void **state)
{
	enum answer_event ev;
	struct error err;
	struct h1 p;
	size_t n = 0;

	(void)state;
	do {
		h1_init(&p);
		fail_call(++n);
		ev = parse(&p, &err);
		if (ev == ANSWER_FAILED) {
			assert_int_equal(err.kind, ERR_IO);
			assert_string_equal(err.code, "ENOMEM");
		}
		h1_clear(&p);
	} while (ev == ANSWER_FAILED);
	assert_int_equal(ev, ANSWER_END);
	assert_true(n > 8);	/* it did fail, in as many places */
	fail_call(0);
}

/* What is refused with a quotation gathers what it quotes. */
static void
test_refusal(void **state)
{
	struct error err;
	struct span body;
	struct h1 p;
	size_t used;

	(void)state;
	h1_init(&p);
	fail_call(1);
	assert_int_equal(h1_next(&p, "SSH", 3, &used, &body, &err),
	    ANSWER_FAILED);
	assert_string_equal(err.code, "ENOMEM");
	h1_clear(&p);
	fail_call(0);
}

static void
test_headers(void **state)
{
	struct headers h = { 0 };
	size_t n = 0;
	int rv;

	(void)state;
	do {
		fail_call(++n);
		rv = headers_add(&h, span_of("a"), span_of("1"));
		assert_int_equal(h.count, rv == 0 ? 1 : 0);
	} while (rv == -1);
	assert_int_equal(n, 3);	/* the lines, then the text */
	n = 0;
	do {
		fail_call(++n);
		rv = headers_set(&h, span_of("a"), span_of("2"));
		assert_int_equal(h.count, 1);
		assert_true(span_is(headers_value(&h, 0),
		    rv == 0 ? "2" : "1"));
	} while (rv == -1);
	assert_int_equal(n, 3);
	fail_call(0);
	headers_clear(&h);
}

static void
test_request(void **state)
{
	struct headers fields = { 0 };
	struct buf b = { 0 };
	struct error err;

	(void)state;
	fail_call(1);
	assert_int_equal(request_write(&b, span_of("GET"), span_of("/"), NULL,
	    &fields, &err), -1);
	assert_int_equal(err.kind, ERR_IO);
	assert_string_equal(err.code, "ENOMEM");
	assert_int_equal(b.len, 0);
	fail_call(0);
	assert_int_equal(request_write(&b, span_of("GET"), span_of("/"), NULL,
	    &fields, &err), 0);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
