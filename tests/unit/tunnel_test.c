/*
 * net/tunnel: what is asked, and what the answers mean.  Every answer is fed
 * whole, in two pieces cut at every byte, and byte by byte, each way to the
 * same end.  Pieces are copies of their exact size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/tunnel.h"

#define IN(s)	{ s, sizeof(s) - 1 }

static const struct request {
	const char	*label;
	const char	*host;
	uint16_t	 port;
	const char	*authorization;
	const char	*want;		/* NULL: refused */
} requests[] = {
	{ "name", "a.test", 443, NULL,
	    "CONNECT a.test:443 HTTP/1.1\r\nhost: a.test:443\r\n\r\n" },
	{ "IPv4", "192.0.2.1", 8443, NULL,
	    "CONNECT 192.0.2.1:8443 HTTP/1.1\r\nhost: 192.0.2.1:8443\r\n\r\n" },
	{ "IPv6", "::1", 1, NULL,
	    "CONNECT [::1]:1 HTTP/1.1\r\nhost: [::1]:1\r\n\r\n" },
	{ "authorization", "a.test", 443, "Basic eA==",
	    "CONNECT a.test:443 HTTP/1.1\r\nhost: a.test:443\r\n"
	    "proxy-authorization: Basic eA==\r\n\r\n" },
	{ "line end in the authorization", "a.test", 443, "Basic eA\r\nx: y",
	    NULL },
	{ "line end in the host", "a.test\r\nx: y", 443, NULL, NULL },
	{ "space in the host", "a test", 443, NULL, NULL },
	{ "empty host and no port", "", 0, NULL,
	    "CONNECT :0 HTTP/1.1\r\nhost: :0\r\n\r\n" },
};

static void
test_requests(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		const struct request *row = &requests[i];
		const char *want = row->want == NULL ? "" : row->want;
		struct buf out = { 0 };
		struct error err = { 0 };
		struct tunnel t;
		struct span got;
		int rv;

		rv = tunnel_start(&t, row->host, row->port,
		    row->authorization, &out, &err);
		got = buf_span(&out);
		if (rv != (row->want == NULL ? -1 : 0) ||
		    got.len != strlen(want) ||
		    (got.len > 0 && memcmp(got.data, want, got.len) != 0))
			fail_msg("requests/%s: got %d, %.*s", row->label, rv,
			    (int)got.len, got.data == NULL ? "" : got.data);
		if (rv == -1) {
			assert_int_equal(err.kind, ERR_USAGE);
			assert_null(strstr(err.message, "eA"));
		}
		tunnel_clear(&t);
		buf_clear(&out);
	}
}

static const struct row {
	const char	*label;
	struct span	 in;
	size_t		 want_rest;	/* bytes that are not the proxy's */
	int		 want_status;	/* of a refusal */
	const char	*want_code;	/* NULL: the tunnel is there */
	const char	*want_says;
} rows[] = {
	{ .label = "200", .in = IN("HTTP/1.1 200 OK\r\n\r\n") },
	{ .label = "HTTP/1.0",
	    .in = IN("HTTP/1.0 200 Connection established\r\n\r\n") },
	{ .label = "without a reason", .in = IN("HTTP/1.1 200\r\n\r\n") },
	{ .label = "fields", .in = IN("HTTP/1.1 200 OK\r\nVia: x\r\n\r\n") },
	{ .label = "204", .in = IN("HTTP/1.1 204 X\r\n\r\n") },
	{ .label = "299", .in = IN("HTTP/1.1 299 X\r\n\r\n") },
	{ .label = "100 first",
	    .in = IN("HTTP/1.1 100 X\r\n\r\nHTTP/1.1 200 OK\r\n\r\n") },
	{ .label = "bytes of the peer behind it",
	    .in = IN("HTTP/1.1 200 OK\r\n\r\nabc"), .want_rest = 3 },
	/* RFC 9110 section 9.3.6: to be ignored. */
	{ .label = "content-length",
	    .in = IN("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"),
	    .want_rest = 3 },
	{ .label = "content-length that is none",
	    .in = IN("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n") },
	{ .label = "transfer-encoding",
	    .in = IN("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n") },
	{ .label = "both",
	    .in = IN("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n"
	    "transfer-encoding: chunked\r\n\r\n") },

	{ .label = "403", .in = IN("HTTP/1.1 403 Forbidden\r\n\r\n"),
	    .want_status = 403, .want_code = "refused",
	    .want_says = "403 'Forbidden'" },
	{ .label = "401", .in = IN("HTTP/1.1 401 Who\r\n\r\n"),
	    .want_status = 401, .want_code = "auth", .want_says = "401 'Who'" },
	{ .label = "404", .in = IN("HTTP/1.1 404 X\r\n\r\n"),
	    .want_status = 404, .want_code = "refused", .want_says = "404" },
	{ .label = "405", .in = IN("HTTP/1.1 405 \r\n\r\n"),
	    .want_status = 405, .want_code = "refused", .want_says = "405" },
	{ .label = "407", .in = IN("HTTP/1.1 407 Who\r\n"
	    "proxy-authenticate: Basic realm=x\r\n\r\n"),
	    .want_status = 407, .want_code = "auth", .want_says = "407 'Who'" },
	{ .label = "407 with a body",
	    .in = IN("HTTP/1.1 407 Who\r\ncontent-length: 3\r\n\r\nabc"),
	    .want_status = 407, .want_code = "auth", .want_says = "407" },
	{ .label = "502", .in = IN("HTTP/1.1 502 Bad Gateway\r\n\r\n"),
	    .want_status = 502, .want_code = "other", .want_says = "502" },
	{ .label = "503", .in = IN("HTTP/1.1 503 X\r\n\r\n"),
	    .want_status = 503, .want_code = "other", .want_says = "503" },
	{ .label = "302: no redirect is followed",
	    .in = IN("HTTP/1.1 302 X\r\nlocation: http://b.test/\r\n\r\n"),
	    .want_status = 302, .want_code = "other", .want_says = "302" },
	{ .label = "control bytes in the reason",
	    .in = IN("HTTP/1.1 403 a\tb\r\n\r\n"),
	    .want_status = 403, .want_code = "refused",
	    .want_says = "'a\\tb'" },

	{ .label = "SOCKS5", .in = IN("\x05\xff\r\n"),
	    .want_code = "protocol", .want_says = "" },
	{ .label = "TLS alert", .in = IN("\x15\x03\x01\x00\x02\x02\x46\r\n"),
	    .want_code = "protocol", .want_says = "" },
	{ .label = "101", .in = IN("HTTP/1.1 101 X\r\n\r\n"),
	    .want_code = "protocol", .want_says = "101" },
	{ .label = "HTTP/2", .in = IN("HTTP/2 200\r\n\r\n"),
	    .want_code = "protocol", .want_says = "" },
	{ .label = "status of letters", .in = IN("HTTP/1.1 OK\r\n\r\n"),
	    .want_code = "protocol", .want_says = "'HTTP/1.1 OK'" },
	{ .label = "bare LF", .in = IN("HTTP/1.1 200 OK\n\n"),
	    .want_code = "protocol", .want_says = "" },
	{ .label = "space before a colon",
	    .in = IN("HTTP/1.1 200 OK\r\nvia : x\r\n\r\n"),
	    .want_code = "protocol", .want_says = "" },
	{ .label = "NUL", .in = IN("HTTP/1.1 200 OK\r\nvia: \0\r\n\r\n"),
	    .want_code = "protocol", .want_says = "" },
	{ .label = "refusal that contradicts itself",
	    .in = IN("HTTP/1.1 403 X\r\ncontent-length: x\r\n\r\n"),
	    .want_code = "protocol", .want_says = "content-length" },
};

struct story {
	enum want	 want;
	size_t		 used;
	int		 status;
	struct error	 err;
};

static void
feed(struct story *st, struct tunnel *t, const char *in, size_t len)
{
	char *piece = malloc(len);
	struct span span = { piece, len };
	size_t used;

	assert_non_null(piece);
	memcpy(piece, in, len);
	st->want = tunnel_next(t, span, &used, &st->err);
	assert_true(used <= len);
	assert_true(st->want != WANT_READ || used == len);
	st->used += used;
	free(piece);
}

static struct story
tell(struct span in, size_t first, size_t step)
{
	struct story st = { .want = WANT_READ };
	struct buf out = { 0 };
	struct tunnel t;
	size_t off, n;

	assert_int_equal(tunnel_start(&t, "a", 1, NULL, &out, &st.err), 0);
	for (off = 0; off < in.len && st.want == WANT_READ; off += n) {
		n = off == 0 ? first : step;
		if (n > in.len - off)
			n = in.len - off;
		feed(&st, &t, in.data + off, n);
	}
	st.status = t.h1.answer.status;
	tunnel_clear(&t);
	buf_clear(&out);
	return st;
}

static void
check(const struct row *row, struct story st)
{
	if (row->want_code == NULL ? st.want != WANT_NOTHING :
	    st.want != WANT_FAILED)
		fail_msg("rows/%s: got want %d (%s)", row->label, st.want,
		    st.want == WANT_FAILED ? st.err.message : "");
	if (row->want_code == NULL && row->in.len - st.used != row->want_rest)
		fail_msg("rows/%s: %zu bytes taken", row->label, st.used);
	if (row->want_code != NULL && (st.err.kind != ERR_PROXY ||
	    strcmp(st.err.code, row->want_code) != 0 ||
	    strstr(st.err.message, row->want_says) == NULL))
		fail_msg("rows/%s: got %s: %s, want %s: %s", row->label,
		    st.err.code, st.err.message, row->want_code,
		    row->want_says);
	if (row->want_code != NULL && st.status != row->want_status)
		fail_msg("rows/%s: got status %d, want %d", row->label,
		    st.status, row->want_status);
}

static void
test_rows(void **state)
{
	size_t i, cut;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		size_t len = row->in.len;

		check(row, tell(row->in, len, len));
		check(row, tell(row->in, 1, 1));
		for (cut = 1; cut < len - row->want_rest; cut++)
			check(row, tell(row->in, cut, len));
	}
}

/* A head has an end, however slowly it comes. */
static void
test_too_large(void **state)
{
	size_t len = 2 * TUNNEL_MAX_HEADER;
	char *in = malloc(len);
	struct story st;

	(void)state;
	assert_non_null(in);
	memset(in, 'x', len);
	memcpy(in, "HTTP/1.1 200 OK\r\nx: ", 20);
	st = tell((struct span){ in, len }, 1000, 1000);
	assert_int_equal(st.want, WANT_FAILED);
	assert_int_equal(st.err.kind, ERR_PROXY);
	assert_string_equal(st.err.code, "protocol");
	free(in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests_name("tunnel", tests, NULL, NULL);
}
