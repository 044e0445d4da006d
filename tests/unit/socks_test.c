/*
 * net/socks against scripts of a server: every row is fed whole, in two pieces
 * cut at every byte, and byte by byte, each way to the same end.  Pieces are
 * copies of their exact size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/socks.h"

#define BYTES(s)	{ s, sizeof(s) - 1 }
#define NONE		"\x05\x00"	/* no authentication */
#define PASSWORD	"\x05\x02"
#define GRANTED		"\x05\x00\x00\x01\x7f\x00\x00\x01\x04\x38"
#define HELLO		"\x05\x01\x00"
#define HELLO_USER	"\x05\x02\x00\x02"
#define LOGIN		"\x01\x03joe\x02xy"
#define TO_A		"\x05\x01\x00\x03\x06" "a.test\x01\xbb"

static const char long_name[] =
    "0123456789012345678901234567890123456789012345678901234567890123"
    "0123456789012345678901234567890123456789012345678901234567890123"
    "0123456789012345678901234567890123456789012345678901234567890123"
    "0123456789012345678901234567890123456789012345678901234567890123";

static const struct row {
	const char	*label;
	const char	*host;		/* NULL: a.test */
	uint16_t	 port;		/* 0: 443 */
	const char	*user, *password;
	struct span	 in;		/* what the server says */
	struct span	 want_out;	/* what it gets */
	size_t		 want_rest;	/* bytes that are not its own */
	const char	*want_code;	/* NULL: connected */
	const char	*want_says;
} rows[] = {
	{ .label = "name", .in = BYTES(NONE GRANTED),
	    .want_out = BYTES(HELLO TO_A) },
	{ .label = "IPv4", .host = "192.0.2.1", .in = BYTES(NONE GRANTED),
	    .want_out = BYTES(HELLO "\x05\x01\x00\x01\xc0\x00\x02\x01\x01\xbb") },
	{ .label = "IPv6", .host = "2001:db8::1", .port = 65535,
	    .in = BYTES(NONE GRANTED),
	    .want_out = BYTES(HELLO "\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0"
	    "\0\0\0\0\0\0\0\x01\xff\xff") },
	{ .label = "longest name", .host = long_name + 1,
	    .in = BYTES(NONE "\x05\x02"),
	    .want_code = "refused", .want_says = "rules" },
	{ .label = "user and password", .user = "joe", .password = "xy",
	    .in = BYTES(PASSWORD "\x01\x00" GRANTED),
	    .want_out = BYTES(HELLO_USER LOGIN TO_A) },
	{ .label = "user that nobody asks for", .user = "joe",
	    .password = "xy", .in = BYTES(NONE GRANTED),
	    .want_out = BYTES(HELLO_USER TO_A) },
	{ .label = "empty password", .user = "joe", .password = "",
	    .in = BYTES(PASSWORD "\x01\x00" GRANTED),
	    .want_out = BYTES(HELLO_USER "\x01\x03joe\x00" TO_A) },
	/* RFC 1929 says 1; some servers say 5. */
	{ .label = "another version of the login", .user = "joe",
	    .password = "xy", .in = BYTES(PASSWORD "\x05\x00" GRANTED),
	    .want_out = BYTES(HELLO_USER LOGIN TO_A) },
	{ .label = "bound to IPv6",
	    .in = BYTES(NONE "\x05\x00\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"
	    "\x00\x50"), .want_out = BYTES(HELLO TO_A) },
	{ .label = "bound to a name",
	    .in = BYTES(NONE "\x05\x00\x00\x03\x03" "abc\x00\x50"),
	    .want_out = BYTES(HELLO TO_A) },
	{ .label = "bound to an empty name",
	    .in = BYTES(NONE "\x05\x00\x00\x03\x00\x00\x50"),
	    .want_out = BYTES(HELLO TO_A) },
	{ .label = "bytes of the peer behind it",
	    .in = BYTES(NONE GRANTED "abc"), .want_rest = 3,
	    .want_out = BYTES(HELLO TO_A) },

	/* Refusals: RFC 1928 section 6. */
	{ .label = "general failure", .in = BYTES(NONE "\x05\x01\x00\x01"),
	    .want_code = "other", .want_says = "general failure" },
	{ .label = "not allowed", .in = BYTES(NONE "\x05\x02\x00\x01"),
	    .want_code = "refused", .want_says = "0x02" },
	{ .label = "network unreachable", .in = BYTES(NONE "\x05\x03"),
	    .want_code = "other", .want_says = "network unreachable" },
	{ .label = "host unreachable", .in = BYTES(NONE "\x05\x04"),
	    .want_code = "other", .want_says = "host unreachable" },
	{ .label = "connection refused", .in = BYTES(NONE "\x05\x05"),
	    .want_code = "other", .want_says = "connection refused" },
	{ .label = "TTL expired", .in = BYTES(NONE "\x05\x06"),
	    .want_code = "other", .want_says = "TTL expired" },
	{ .label = "command not supported", .in = BYTES(NONE "\x05\x07"),
	    .want_code = "other", .want_says = "command not supported" },
	{ .label = "address not supported", .in = BYTES(NONE "\x05\x08"),
	    .want_code = "other", .want_says = "address type" },
	{ .label = "unassigned reply", .in = BYTES(NONE "\x05\x09"),
	    .want_code = "other", .want_says = "unassigned" },
	{ .label = "last unassigned reply", .in = BYTES(NONE "\x05\xff"),
	    .want_code = "other", .want_says = "0xff" },
	{ .label = "nobody is let in", .in = BYTES("\x05\xff"),
	    .want_code = "auth", .want_says = "wants authentication",
	    .want_out = BYTES(HELLO) },
	{ .label = "no known way to let in", .in = BYTES("\x05\xff"),
	    .user = "joe", .password = "xy", .want_code = "auth",
	    .want_says = "neither", .want_out = BYTES(HELLO_USER) },
	{ .label = "wrong password", .user = "joe", .password = "xy",
	    .in = BYTES(PASSWORD "\x01\x01"), .want_code = "auth",
	    .want_says = "0x01", .want_out = BYTES(HELLO_USER LOGIN) },

	/* No SOCKS5. */
	{ .label = "version 4", .in = BYTES("\x04\x5b"),
	    .want_code = "protocol", .want_says = "0x04" },
	{ .label = "version 0 of SOCKS4's answer", .in = BYTES("\x00\x5a"),
	    .want_code = "protocol", .want_says = "0x00" },
	{ .label = "HTTP", .in = BYTES("HTTP/1.1 400 Bad\r\n\r\n"),
	    .want_code = "protocol", .want_says = "0x48" },
	{ .label = "password, which was not offered", .in = BYTES(PASSWORD),
	    .want_code = "protocol", .want_says = "not offered",
	    .want_out = BYTES(HELLO) },
	{ .label = "GSSAPI, which was not offered", .in = BYTES("\x05\x01"),
	    .user = "joe", .password = "xy", .want_code = "protocol",
	    .want_says = "0x01" },
	{ .label = "another version in the reply",
	    .in = BYTES(NONE "\x04\x00\x00\x01"), .want_code = "protocol",
	    .want_says = "0x04" },
	{ .label = "unknown type of address",
	    .in = BYTES(NONE "\x05\x00\x00\x02\x00"), .want_code = "protocol",
	    .want_says = "0x02" },
};

/* What does not depend on how the input is cut. */
struct story {
	enum want	 want;
	struct buf	 out;
	size_t		 used;
	struct error	 err;
};

static void
feed(struct story *st, struct socks *s, const char *in, size_t len)
{
	char *piece = malloc(len == 0 ? 1 : len);
	struct span span = { piece, len };
	size_t used;

	assert_non_null(piece);
	memcpy(piece, in, len);
	st->want = socks_next(s, span, &used, &st->out, &st->err);
	assert_true(used <= len);
	assert_true(st->want != WANT_READ || used == len);
	st->used += used;
	free(piece);
}

static struct socks
begin(const struct row *row)
{
	struct socks s = { 0 };

	s.host = row->host == NULL ? "a.test" : row->host;
	s.port = row->port == 0 ? 443 : row->port;
	s.user = row->user;
	s.password = row->password;
	return s;
}

/* Two pieces, the first of so many bytes; step 1: byte by byte. */
static struct story
tell(const struct row *row, size_t first, size_t step)
{
	struct story st = { .want = WANT_READ };
	struct socks s = begin(row);
	size_t off, n;

	assert_int_equal(socks_start(&s, &st.out, &st.err), 0);
	for (off = 0; off < row->in.len && st.want == WANT_READ; off += n) {
		n = off == 0 ? first : step;
		if (n > row->in.len - off)
			n = row->in.len - off;
		feed(&st, &s, row->in.data + off, n);
	}
	return st;
}

static void
check(const struct row *row, struct story st)
{
	struct span out = buf_span(&st.out);

	if (row->want_code == NULL ? st.want != WANT_NOTHING :
	    st.want != WANT_FAILED)
		fail_msg("rows/%s: got want %d (%s)", row->label, st.want,
		    st.want == WANT_FAILED ? st.err.message : "");
	if (row->want_code != NULL && (st.err.kind != ERR_PROXY ||
	    strcmp(st.err.code, row->want_code) != 0 ||
	    strstr(st.err.message, row->want_says) == NULL))
		fail_msg("rows/%s: got %s: %s, want %s: %s", row->label,
		    st.err.code, st.err.message, row->want_code,
		    row->want_says);
	if (row->want_out.data != NULL && (out.len != row->want_out.len ||
	    memcmp(out.data, row->want_out.data, out.len) != 0))
		fail_msg("rows/%s: other bytes were sent (%zu, want %zu)",
		    row->label, out.len, row->want_out.len);
	if (row->want_code == NULL &&
	    row->in.len - st.used != row->want_rest)
		fail_msg("rows/%s: %zu bytes taken", row->label, st.used);
	buf_clear(&st.out);
}

static void
test_rows(void **state)
{
	size_t i, cut;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		size_t len = row->in.len;

		check(row, tell(row, len, len));
		check(row, tell(row, 1, 1));
		for (cut = 1; cut < len - row->want_rest; cut++)
			check(row, tell(row, cut, len));
	}
}

/* An answer that ends before its time waits for the rest of it. */
static void
test_prefixes(void **state)
{
	static const char whole[] = PASSWORD "\x01\x00" GRANTED;
	struct row row = { .label = "prefix", .user = "joe",
	    .password = "xy", .in = { whole, 0 } };
	struct story st;

	(void)state;
	for (row.in.len = 0; row.in.len < sizeof(whole) - 1; row.in.len++) {
		st = tell(&row, 1, 1);
		assert_int_equal(st.want, WANT_READ);
		assert_int_equal(st.used, row.in.len);
		buf_clear(&st.out);
	}
}

static const struct limit {
	const char	*label;
	const char	*host, *user, *password;
	const char	*says;
} limits[] = {
	{ "host", long_name, NULL, NULL, "the host" },
	{ "user", "a", long_name, "", "user" },
	{ "password", "a", "u", long_name, "password" },
};

static void
test_limits(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(strlen(long_name), SOCKS_FIELD_MAX + 1);
	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct socks s = { .host = limits[i].host,
		    .user = limits[i].user, .password = limits[i].password };
		struct error err = { 0 };
		struct buf out = { 0 };

		if (socks_start(&s, &out, &err) != -1 ||
		    err.kind != ERR_USAGE ||
		    strstr(err.message, limits[i].says) == NULL)
			fail_msg("limits/%s: %s", limits[i].label,
			    err.message);
		assert_int_equal(buf_span(&out).len, 0);
		buf_clear(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests_name("socks", tests, NULL, NULL);
}
