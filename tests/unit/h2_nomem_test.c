/*
 * Every allocation of an HTTP/2 session fails once, nghttp2's included: the
 * request ends in ENOMEM, or it did not need it, and nothing is lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <nghttp2/nghttp2.h>

static void	*failing_realloc(void *p, size_t n);
static void	*failing_calloc(size_t count, size_t n);
static int	 new_session(nghttp2_session **ng,
		    const nghttp2_session_callbacks *callbacks, void *arg,
		    const nghttp2_option *option);

/* The files that allocate, linked instead of those of the archive. */
#define realloc	failing_realloc
#define calloc	failing_calloc
#define nghttp2_session_client_new2 new_session
#include "base/buf.c"
#include "http/headers.c"
#include "http/h2.c"
#undef realloc
#undef calloc
#undef nghttp2_session_client_new2
#include "frames.h"

static size_t calls;
static size_t fail_at;	/* 1: the first call; 0: none */

static bool
is_failing(void)
{
	return ++calls == fail_at;
}

static void *
failing_realloc(void *p, size_t n)
{
	return is_failing() ? NULL : realloc(p, n);
}

static void *
failing_calloc(size_t count, size_t n)
{
	return is_failing() ? NULL : calloc(count, n);
}

static void *
mem_malloc(size_t n, void *arg)
{
	(void)arg;
	return is_failing() ? NULL : malloc(n);
}

static void *
mem_calloc(size_t count, size_t n, void *arg)
{
	(void)arg;
	return failing_calloc(count, n);
}

static void *
mem_realloc(void *p, size_t n, void *arg)
{
	(void)arg;
	return failing_realloc(p, n);
}

static void
mem_free(void *p, void *arg)
{
	(void)arg;
	free(p);
}

static int
new_session(nghttp2_session **ng, const nghttp2_session_callbacks *callbacks,
    void *arg, const nghttp2_option *option)
{
	static nghttp2_mem mem = { NULL, mem_malloc, mem_free, mem_calloc,
	    mem_realloc };

	return nghttp2_session_client_new3(ng, callbacks, arg, option, &mem);
}

static void
write_all(struct h2 *h)
{
	struct span out;

	while ((out = h2_output(h)).len > 0)
		h2_written(h, out.len);
}

/* Reads to the end; how it ended. */
static enum answer_event
finish(struct h2_stream *s, struct error *err)
{
	enum answer_event last;
	struct span piece;

	while ((last = h2_next(s, &piece, err)) == ANSWER_HEAD ||
	    last == ANSWER_DATA)
		continue;
	return last;
}

/* A request with a body and one without, on a session; both answered. */
static enum answer_event
converse(struct h2 *h, struct span in, struct error *err)
{
	struct h2_request request = {
		.head = span_of("POST / HTTP/1.1\r\nhost: h\r\na: b\r\n\r\n"),
		.scheme = "https", .has_body = true,
		.max_header = ANSWER_MAX_HEADER
	};
	const struct span x = { "x", 1 };
	enum answer_event last = ANSWER_FAILED;
	struct h2_stream *a = h2_open(h, &request, err), *b = NULL;

	if (a != NULL) {
		write_all(h);
		h2_send(a, x, true);
		request.has_body = false;
		b = h2_open(h, &request, err);
	}
	if (b != NULL) {
		write_all(h);
		h2_feed(h, in.data, in.len);
		write_all(h);
		last = finish(a, err);
		if (last == ANSWER_END)
			last = finish(b, err);
	}
	h2_close(b);
	h2_close(a);
	write_all(h);
	return last;
}

static void
test_session(void **state)
{
	enum answer_event last;
	struct buf frames = { 0 };
	struct error err;
	struct h2 *h;
	size_t n = 0;

	(void)state;
	fail_at = 0;
	frames_write(&frames, "settings 0\nping 0|12345678\n"
	    "headers 1 H|:status=200|a=b\ncontinuation 1|c=d\n"
	    "data 1|some\nheaders 3|:status=200\ndata 3 E|x\n"
	    "headers 1 E|t=u");
	do {
		calls = 0;
		fail_at = ++n;
		last = ANSWER_FAILED;
		if ((h = h2_new(ANSWER_MAX_HEADER, &err)) != NULL)
			last = converse(h, buf_span(&frames), &err);
		h2_free(h);
		if (calls < fail_at)
			break;		/* it is not that many */
		if (last == ANSWER_FAILED) {
			if (err.kind != ERR_IO)
				fail_msg("allocation %zu: %s", n, err.message);
			assert_string_equal(err.code, "ENOMEM");
		}
	} while (n < 1000);
	assert_true(n > 30 && n < 1000);
	assert_int_equal(last, ANSWER_END);
	fail_at = 0;
	buf_clear(&frames);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
