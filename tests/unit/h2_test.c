/*
 * A server's frames, written by hand.  Every row is fed whole, in two pieces
 * cut at every byte, and byte by byte (long ones in larger pieces): each way
 * must tell the same story.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frames.h"
#include "http/h2.h"
#include "lines.h"

#define GET	"GET / HTTP/1.1\r\nhost: a.example\r\n\r\n"
#define HEAD	"HEAD / HTTP/1.1\r\nhost: a.example\r\n\r\n"
#define HELLO	"settings 0\n"
#define OK	HELLO "headers 1|:status=200\n"
#define SIZED	HELLO "headers 1|:status=200|content-length=5\n"
#define PREFACE	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define REST	"headers 3|:status=204\ndata 3 E|\n"

struct row {
	const char	*label;
	const char	*in;
	const char	*request;	/* NULL: GET */
	bool		 has_body;	/* which never comes */
	size_t		 max_header;	/* 0: the default */

	int		 want_status;	/* 0: no head comes out */
	const char	*want_headers;	/* "name: value\n"; NULL: any */
	const char	*want_trailers;
	const char	*want_body;	/* NULL: none */
	const char	*want_code;	/* NULL: it ends well */
	const char	*want_says;	/* a part of the message */
	const char	*want_hint;	/* and of the hint */
	bool		 want_unprocessed;
	const char	*want_sent;	/* a frame that is the answer to it */
	bool		 want_more;	/* it waits: no end and no failure */
	bool		 want_gone;	/* there can be no other request */
	bool		 is_long;	/* not cut at every byte */
	bool		 is_partial;	/* or only a part of want_body */
};

/* RFC 9113 sections 6.1, 6.2, 8.1 and 8.3.2. */
static const struct row answer_rows[] = {
	{ .label = "head and body", .in = OK "data 1|abc\ndata 1 E|def",
	    .want_status = 200, .want_headers = "", .want_body = "abcdef" },
	{ .label = "head alone", .in = HELLO "headers 1 E|:status=204|a=b",
	    .want_status = 204, .want_headers = "a: b\n" },
	{ .label = "empty body", .in = OK "data 1 E|", .want_status = 200 },
	{ .label = "sized", .in = SIZED "data 1 E|abcde", .want_status = 200,
	    .want_headers = "content-length: 5\n", .want_body = "abcde" },
	{ .label = "the end in a frame of its own",
	    .in = SIZED "data 1|abcde\ndata 1 E|", .want_status = 200,
	    .want_body = "abcde" },
	{ .label = "padded", .in = OK "data 1 P|ab\ndata 1 EP|cd",
	    .want_status = 200, .want_body = "abcd" },
	{ .label = "padded head", .in = HELLO "headers 1 PE|:status=200",
	    .want_status = 200 },
	/* nghttp2 counts how often it looks at them, 8 times at most. */
	{ .label = "head in three frames", .is_long = true, .in = HELLO
	    "headers 1 H|:status=200\ncontinuation 1 H|a=b\n"
	    "continuation 1|c=d\ndata 1 E|x", .want_status = 200,
	    .want_headers = "a: b\nc: d\n", .want_body = "x" },
	{ .label = "trailers", .in = OK "data 1|x\nheaders 1 E|t=u|v=w",
	    .want_status = 200, .want_headers = "", .want_body = "x",
	    .want_trailers = "t: u\nv: w\n" },
	{ .label = "trailers alone", .in = OK "headers 1 E|t=u",
	    .want_status = 200, .want_trailers = "t: u\n" },
	{ .label = "1xx before", .in = HELLO
	    "headers 1|:status=100\nheaders 1|:status=103|link=x\n"
	    "headers 1|:status=200|a=b\ndata 1 E|x",
	    .want_status = 200, .want_headers = "a: b\n", .want_body = "x" },
	{ .label = "HEAD with a length", .request = HEAD, .in = HELLO
	    "headers 1 E|:status=200|content-length=5", .want_status = 200,
	    .want_headers = "content-length: 5\n" },
	{ .label = "304 with a length", .in = HELLO
	    "headers 1 E|:status=304|content-length=5", .want_status = 304 },
	{ .label = "blanks around a value",
	    .in = HELLO "headers 1 E|:status=200|a= b \t", .want_status = 200,
	    .want_headers = "a: b\n" },
	{ .label = "empty value", .in = HELLO "headers 1 E|:status=200|a=",
	    .want_status = 200, .want_headers = "a: \n" },
	{ .label = "obs-text", .in = HELLO "headers 1 E|:status=200|a=\xc3\xa4",
	    .want_status = 200, .want_headers = "a: \xc3\xa4\n" },
	{ .label = "status 999", .in = HELLO "headers 1 E|:status=999",
	    .want_status = 999 },
	{ .label = "ping is answered", .in = HELLO "ping 0|12345678\n"
	    "headers 1 E|:status=200", .want_status = 200,
	    .want_sent = "ping 0 A|12345678" },
	{ .label = "settings are acknowledged", .in = HELLO
	    "headers 1 E|:status=200", .want_status = 200,
	    .want_sent = "settings 0 A|" },
	/* Section 5.5: what is not known is ignored. */
	{ .label = "unknown frame", .in = OK "frame-0xbe 1|???\ndata 1 E|x",
	    .want_status = 200, .want_body = "x" },
	{ .label = "unknown setting", .in = "settings 0|0xabcd=1\n"
	    "headers 1 E|:status=200", .want_status = 200 },
	{ .label = "window and priority", .in = OK "window 0|10\nwindow 1|10\n"
	    "priority 1|abcde\ndata 1 E|x", .want_status = 200,
	    .want_body = "x" },
	{ .label = "another stream's", .in = HELLO "headers 3|:status=200\n"
	    "data 3|other\nheaders 1|:status=404\ndata 3|other\n"
	    "data 1 E|mine\n", .want_status = 404, .want_body = "mine" },
	/* Section 8.1: complete before the request is, which is then reset. */
	{ .label = "early answer", .has_body = true, .in = HELLO
	    "headers 1|:status=413\ndata 1 E|x\nrst 1|0",
	    .want_status = 413, .want_body = "x" },
	{ .label = "nothing yet", .in = HELLO, .want_more = true },
	{ .label = "half of it", .in = OK "data 1|abc", .want_more = true,
	    .want_status = 200, .want_body = "abc" },
};

/* RFC 9113 sections 8.1.1 (malformed), 8.2 and 8.3; the stream alone fails. */
static const struct row malformed_rows[] = {
	{ .label = "no status", .in = HELLO "headers 1 E|a=b",
	    .want_code = "h2", .want_says = "malformed",
	    .want_sent = "rst 1|1" },
	{ .label = "two statuses", .in = HELLO
	    "headers 1 E|:status=200|:status=200", .want_code = "h2",
	    .want_says = "malformed" },
	{ .label = "status of two digits", .in = HELLO "headers 1 E|:status=20",
	    .want_code = "h2", .want_says = "malformed" },
	{ .label = "status of letters", .in = HELLO "headers 1 E|:status=2x0",
	    .want_code = "h2", .want_says = "malformed" },
	{ .label = "status 099", .in = HELLO "headers 1 E|:status=099",
	    .want_code = "h2", .want_says = "below 100" },
	{ .label = "101", .in = HELLO "headers 1|:status=101",
	    .want_code = "h2", .want_says = "':status'" },
	/* RFC 9110 section 8.6. */
	{ .label = "interim answer with a length", .in = HELLO
	    "headers 1|:status=103|content-length=9", .want_code = "h2",
	    .want_says = "malformed header 'content-length'" },
	{ .label = "status after a field", .in = HELLO
	    "headers 1 E|a=b|:status=200", .want_code = "h2",
	    .want_says = "malformed" },
	{ .label = "a request's pseudo-header", .in = HELLO
	    "headers 1 E|:status=200|:path=/", .want_code = "h2",
	    .want_says = "malformed" },
	{ .label = "upper case", .in = HELLO "headers 1 E|:status=200|Ab=c",
	    .want_code = "h2", .want_says = "malformed" },
	{ .label = "space in a name", .in = HELLO
	    "headers 1 E|:status=200|a b=c", .want_code = "h2",
	    .want_says = "malformed header 'a b': 'c'" },
	{ .label = "empty name", .in = HELLO "headers 1 E|:status=200|=c",
	    .want_code = "h2", .want_says = "malformed" },
	{ .label = "NUL in a value", .in = HELLO
	    "headers 1 E|:status=200|a=b\\0c", .want_code = "h2",
	    .want_says = "malformed header 'a': 'b\\x00c'",
	    .want_sent = "rst 1|1" },
	{ .label = "CR LF in a value", .in = HELLO
	    "headers 1 E|:status=200|a=b\\r\\nc", .want_code = "h2",
	    .want_says = "malformed header 'a': 'b\\r\\nc'" },
	{ .label = "connection", .in = HELLO
	    "headers 1 E|:status=200|connection=close", .want_code = "h2",
	    .want_says = "malformed header 'connection'" },
	{ .label = "transfer-encoding", .in = HELLO
	    "headers 1 E|:status=200|transfer-encoding=chunked",
	    .want_code = "h2", .want_says = "malformed" },
	{ .label = "length of letters", .in = HELLO
	    "headers 1 E|:status=200|content-length=x", .want_code = "h2",
	    .want_says = "malformed" },
	{ .label = "two lengths", .in = HELLO
	    "headers 1|:status=200|content-length=1|content-length=1\n"
	    "data 1 E|x", .want_code = "h2", .want_says = "malformed" },
	{ .label = "length of 64 bits", .in = HELLO
	    "headers 1|:status=200|content-length=18446744073709551615\n",
	    .want_code = "h2", .want_says = "malformed" },
	{ .label = "shorter than its length", .in = SIZED "data 1 E|abcd",
	    .want_status = 200, .want_body = "abcd", .want_code = "truncated",
	    .want_says = "ended after 4 of 5", .want_sent = "rst 1|1" },
	{ .label = "padding is not body", .in = SIZED "data 1 PE|abcd",
	    .want_status = 200, .want_body = "abcd", .want_code = "truncated",
	    .want_says = "ended after 4 of 5" },
	{ .label = "no body at all", .in = HELLO
	    "headers 1 E|:status=200|content-length=5",
	    .want_code = "truncated", .want_says = "ended after 0 of 5" },
	{ .label = "shorter, with trailers", .in = SIZED "data 1|abc\n"
	    "headers 1 E|t=u", .want_status = 200, .want_body = "abc",
	    .want_code = "truncated", .want_says = "ended after 3 of 5" },
	{ .label = "longer than its length", .in = SIZED "data 1 E|abcdef",
	    .want_status = 200, .want_body = "abcde", .is_partial = true,
	    .want_code = "h2", .want_says = "longer" },
	{ .label = "longer, in two frames", .in = SIZED "data 1|abc\n"
	    "data 1|def", .want_status = 200, .want_body = "abcde",
	    .is_partial = true, .want_code = "h2", .want_says = "longer" },
	{ .label = "body of a HEAD", .request = HEAD, .in = OK "data 1 E|x",
	    .want_status = 200, .want_code = "h2", .want_says = "malformed" },
	{ .label = "body of a 304", .in = HELLO "headers 1|:status=304\n"
	    "data 1 E|x", .want_status = 304, .want_code = "h2" },
	{ .label = "interim answer at the end", .in = HELLO
	    "headers 1 E|:status=100", .want_code = "h2",
	    .want_says = "malformed" },
	{ .label = "body of an interim answer", .in = HELLO
	    "headers 1|:status=103\ndata 1 E|x", .want_code = "h2" },
	{ .label = "trailers that do not end it", .in = OK "headers 1|t=u",
	    .want_status = 200, .want_code = "h2", .want_says = "malformed" },
	{ .label = "status in the trailers", .in = OK
	    "headers 1 E|:status=200", .want_status = 200, .want_code = "h2",
	    .want_says = "malformed" },
	{ .label = "control byte in the trailers", .in = OK
	    "headers 1 E|t=\\r", .want_status = 200, .want_code = "h2",
	    .want_says = "malformed header 't': '\\r'" },
};

/* Sections 5.4.2, 6.4, 6.8, 7, 8.7: the server gives a request up. */
static const struct row reset_rows[] = {
	{ .label = "refused", .in = HELLO "rst 1|7", .want_code = "h2",
	    .want_says = "refused the request (REFUSED_STREAM)",
	    .want_unprocessed = true },
	{ .label = "refused after a head", .in = OK "rst 1|7",
	    .want_status = 200, .want_code = "h2",
	    .want_says = "reset the HTTP/2 stream: REFUSED_STREAM" },
	{ .label = "refused after an interim answer", .in = HELLO
	    "headers 1|:status=100\nrst 1|7", .want_code = "h2" },
	{ .label = "an error of its own", .in = HELLO "rst 1|2",
	    .want_code = "h2", .want_says = "stream: INTERNAL_ERROR" },
	{ .label = "within the body", .in = OK "data 1|abc\nrst 1|8",
	    .want_status = 200, .want_body = "abc", .want_code = "h2",
	    .want_says = "stream: CANCEL" },
	{ .label = "without a reason", .in = OK "data 1|abc\nrst 1|0",
	    .want_status = 200, .want_body = "abc", .want_code = "h2",
	    .want_says = "stream: NO_ERROR" },
	{ .label = "an unknown code", .in = HELLO "rst 1|99",
	    .want_code = "h2", .want_says = "stream: unknown" },
	{ .label = "HTTP/1.1 wanted", .in = HELLO "rst 1|13",
	    .want_code = "h2", .want_says = "stream: HTTP_1_1_REQUIRED",
	    .want_hint = "http=\"1.1\"" },
	{ .label = "the other stream", .in = HELLO "rst 3|7\n"
	    "headers 1 E|:status=200", .want_status = 200 },
	{ .label = "goaway before it", .in = HELLO "goaway 0|0|0",
	    .want_code = "h2", .want_says = "GOAWAY, NO_ERROR",
	    .want_unprocessed = true, .want_gone = true },
	{ .label = "goaway before it, for a reason", .in = HELLO
	    "goaway 0|0|11|slow down", .want_code = "h2",
	    .want_says = "GOAWAY, ENHANCE_YOUR_CALM", .want_unprocessed = true,
	    .want_gone = true },
	{ .label = "goaway after it", .in = HELLO "goaway 0|1|0\n"
	    "headers 1|:status=200\ndata 1 E|x", .want_status = 200,
	    .want_body = "x", .want_gone = true },
	{ .label = "goaway, one after the other", .in = HELLO
	    "goaway 0|0x7fffffff|0\nheaders 1|:status=200\n"
	    "goaway 0|1|0\ndata 1 E|x", .want_status = 200, .want_body = "x",
	    .want_gone = true },
	{ .label = "goaway that takes it back", .in = OK "goaway 0|0|0",
	    .want_status = 200, .want_code = "h2",
	    .want_says = "REFUSED_STREAM", .want_gone = true },
};

/* Section 5.4.1: the connection fails, with all that is on it. */
static const struct row broken_rows[] = {
	{ .label = "another protocol",
	    .in = "frame-0x50 1347375956|HTTP/1.1 400 Bad Request\\r\\n",
	    .want_code = "h2", .want_says = "rules of HTTP/2",
	    .want_gone = true, .want_sent = "goaway" },
	{ .label = "no settings first", .in = "ping 0|12345678",
	    .want_code = "h2", .want_says = "SETTINGS", .want_gone = true },
	{ .label = "settings for a stream", .in = HELLO "settings 1",
	    .want_code = "h2", .want_gone = true },
	{ .label = "settings that enable push", .in = "settings 0|2=1",
	    .want_code = "h2", .want_gone = true },
	{ .label = "settings of a huge window", .in = "settings 0|4=0x80000000",
	    .want_code = "h2", .want_says = "FLOW_CONTROL_ERROR",
	    .want_gone = true },
	{ .label = "ping of 7 bytes", .in = HELLO "ping 0|1234567",
	    .want_code = "h2", .want_says = "FRAME_SIZE_ERROR",
	    .want_gone = true },
	{ .label = "rst of an idle stream", .in = HELLO "rst 5|8",
	    .want_code = "h2", .want_gone = true },
	{ .label = "data for no stream", .in = HELLO "data 0|x",
	    .want_code = "h2", .want_gone = true },
	{ .label = "data for an idle stream", .in = HELLO "data 5|x",
	    .want_code = "h2", .want_gone = true },
	{ .label = "data before a head", .in = HELLO "data 1|x",
	    .want_code = "h2", .want_gone = true },
	{ .label = "head for an idle stream", .in = HELLO
	    "headers 5 E|:status=200", .want_code = "h2", .want_gone = true },
	{ .label = "head of a pushed stream", .in = HELLO
	    "headers 2 E|:status=200", .want_code = "h2", .want_gone = true },
	{ .label = "push", .in = HELLO "push 1|2|:method=GET|:path=/|"
	    ":scheme=https|:authority=a.example", .want_code = "h2",
	    .want_says = "push", .want_gone = true },
	{ .label = "push after the settings are acknowledged", .in = HELLO
	    "settings 0 A\npush 1|2|:method=GET|:path=/|:scheme=https|"
	    ":authority=a.example", .want_code = "h2", .want_says = "push",
	    .want_gone = true },
	{ .label = "continuation of nothing", .in = HELLO "continuation 1|a=b",
	    .want_code = "h2", .want_gone = true },
	{ .label = "a frame inside a head", .in = HELLO
	    "headers 1 H|:status=200\nping 0|12345678", .want_code = "h2",
	    .want_gone = true },
	{ .label = "another stream's continuation", .in = HELLO
	    "headers 1 H|:status=200\ncontinuation 3|a=b", .want_code = "h2",
	    .want_gone = true },
	/* Index 0 is not used (RFC 7541 section 6.1). */
	{ .label = "a head that HPACK cannot read", .in = HELLO
	    "headers 1 H|:status=200\nframe-0x9 1 E|\x80\n",
	    .want_code = "h2", .want_gone = true },
	{ .label = "window of 0", .in = HELLO "window 0|0", .want_code = "h2",
	    .want_gone = true },
	{ .label = "window beyond all", .in = HELLO "window 0|0x7fffffff",
	    .want_code = "h2", .want_says = "FLOW_CONTROL_ERROR",
	    .want_gone = true },
	{ .label = "goaway for a stream", .in = HELLO "goaway 1|0|0",
	    .want_code = "h2", .want_gone = true },
	{ .label = "acknowledged too often", .in = HELLO
	    "settings 0 A\nsettings 0 A", .want_code = "h2",
	    .want_gone = true },
};

#define FLOOD	"x10001 "

static const struct row limit_rows[] = {
	{ .label = "max_header", .max_header = 100, .in = HELLO
	    "headers 1 E|:status=200|a=abcdefghijklmnopqrstuvwxyz",
	    .want_code = "too-large", .want_says = "max_header (100 bytes)" },
	/* 7 + 3 + 32, and 1 + 25 + 32 (section 6.5.2). */
	{ .label = "max_header reached", .max_header = 100, .in = HELLO
	    "headers 1 E|:status=200|a=bcdefghijklmnopqrstuvwxyz",
	    .want_status = 200 },
	{ .label = "trailers count, too", .max_header = 100, .in = OK
	    "headers 1 E|a=abcdefghijklmnopqrstuvwxyz", .want_status = 200,
	    .want_code = "too-large" },
	{ .label = "many interim answers", .in = HELLO
	    "x32 headers 1|:status=103\nheaders 1 E|:status=200",
	    .want_status = 200, .is_long = true },
	{ .label = "too many interim answers", .in = HELLO
	    "x33 headers 1|:status=103\nheaders 1 E|:status=200",
	    .want_code = "too-large", .want_says = "more than 32 interim",
	    .want_sent = "rst 1|11", .is_long = true },
	{ .label = "pings without end", .in = HELLO FLOOD "ping 0|12345678",
	    .want_code = "h2", .want_says = "bring nothing",
	    .want_gone = true, .is_long = true, .want_sent = "goaway" },
	{ .label = "settings without end", .in = HELLO FLOOD "settings 0",
	    .want_code = "h2", .want_says = "bring nothing",
	    .want_gone = true, .is_long = true },
	{ .label = "empty data without end", .in = OK FLOOD "data 1|",
	    .want_status = 200, .want_code = "h2",
	    .want_says = "bring nothing", .want_gone = true,
	    .is_long = true },
	{ .label = "nothing but padding", .in = OK FLOOD "data 1 P|",
	    .want_status = 200, .want_code = "h2",
	    .want_says = "bring nothing", .want_gone = true,
	    .is_long = true },
	{ .label = "windows without end", .in = HELLO FLOOD "window 0|1",
	    .want_code = "h2", .want_says = "bring nothing",
	    .want_gone = true, .is_long = true },
	{ .label = "resets without end", .in = HELLO FLOOD "rst 3|8\n",
	    .want_code = "h2", .want_says = "bring nothing",
	    .want_gone = true, .is_long = true },
	{ .label = "continuations without end", .in = HELLO
	    "headers 1 H|:status=200\n" FLOOD "continuation 1 H|\n",
	    .want_code = "h2", .want_gone = true, .is_long = true },
	{ .label = "as many, with some use", .in = OK
	    "x9000 ping 0|12345678\ndata 1|x\nx9000 ping 0|12345678\n"
	    "data 1 E|y", .want_status = 200, .want_body = "xy",
	    .is_long = true },
};

/* What came out of one way to feed a row. */
struct story {
	bool		head;
	int		status;
	struct buf	headers;
	struct buf	trailers;
	struct buf	body;
	struct buf	sent;
	enum answer_event last;
	bool		unprocessed;
	bool		gone;
	struct error	err;
};

static void
story_clear(struct story *st)
{
	buf_clear(&st->headers);
	buf_clear(&st->trailers);
	buf_clear(&st->body);
	buf_clear(&st->sent);
}

/* What there is to be told, and to be sent. */
static void
listen(struct story *st, struct h2 *h, struct h2_stream *s)
{
	struct span out, piece;

	while (h2_changed(h) != NULL)
		continue;
	do {
		st->last = h2_next(s, &piece, &st->err);
		if (st->last == ANSWER_DATA) {
			assert_true(st->head && piece.len > 0);
			copy(&st->body, piece);
		} else if (st->last == ANSWER_HEAD) {
			assert_false(st->head);
			st->head = true;
			st->status = h2_answer(s)->status;
			assert_string_equal(h2_answer(s)->http, "2");
			copy_lines(&st->headers, &h2_answer(s)->headers);
		}
	} while (st->last == ANSWER_HEAD || st->last == ANSWER_DATA);
	while ((out = h2_output(h)).len > 0) {
		copy(&st->sent, out);
		h2_written(h, out.len);
	}
}

/* Pieces are copies of their exact size. */
static void
feed(struct h2 *h, struct span in)
{
	char *piece = malloc(in.len == 0 ? 1 : in.len);

	assert_non_null(piece);
	if (in.len > 0)
		memcpy(piece, in.data, in.len);
	h2_feed(h, piece, in.len);
	free(piece);
}

static struct h2_stream *
begin(struct h2 *h, const struct row *r)
{
	struct h2_request request = {
		.head = span_of(r->request == NULL ? GET : r->request),
		.scheme = "https", .has_body = r->has_body,
		.max_header = r->max_header == 0 ? ANSWER_MAX_HEADER :
		    r->max_header
	};
	struct h2_stream *s;
	struct error err;

	s = h2_open(h, &request, &err);
	assert_non_null(s);
	return s;
}

/* Feeds the first bytes, then pieces of size bytes (0: the rest at once). */
static void
tell(struct story *st, const struct row *r, struct span in, size_t first,
    size_t size)
{
	struct h2 *h;
	struct h2_stream *s, *other;
	struct span piece;
	size_t n = first;
	struct error err;

	memset(st, 0, sizeof(*st));
	h = h2_new(ANSWER_MAX_HEADER, &err);
	assert_non_null(h);
	s = begin(h, r);
	other = begin(h, r);
	listen(st, h, s);
	while (in.len > 0) {
		piece.data = in.data;
		piece.len = n < in.len ? n : in.len;
		feed(h, piece);
		listen(st, h, s);
		in.data += piece.len;
		in.len -= piece.len;
		n = size == 0 ? in.len : size;
	}
	assert_int_equal(h2_answer(s)->received, st->body.len);
	copy_lines(&st->trailers, &h2_answer(s)->trailers);
	st->unprocessed = h2_is_unprocessed(s);
	st->gone = !h2_is_open(h);
	h2_close(s);
	h2_close(other);
	h2_free(h);
}

static int failures;

static void
complain(const struct row *r, const char *what, const char *got,
    const char *want)
{
	print_error("h2/%s: %s: got %s, want %s\n", r->label, what, got, want);
	failures++;
}

static void
want_text(const struct row *r, const char *what, const struct buf *got,
    const char *want)
{
	struct span s = buf_span(got);
	char text[256];

	if (want == NULL || ((s.len == strlen(want) ||
	    (r->is_partial && s.len < strlen(want))) &&
	    (s.len == 0 || memcmp(s.data, want, s.len) == 0)))
		return;
	snprintf(text, sizeof(text), "'%.*s'", (int)s.len, s.data);
	complain(r, what, text, want);
}

static void
want_number(const struct row *r, const char *what, int got, int want)
{
	char g[16], w[16];

	if (got == want)
		return;
	snprintf(g, sizeof(g), "%d", got);
	snprintf(w, sizeof(w), "%d", want);
	complain(r, what, g, want ? w : "0");
}

/* A frame among those sent; one without "|" is looked for by its type. */
static bool
has_sent(struct span sent, const char *want)
{
	struct buf frame = { 0 };
	bool found = false;

	if (strchr(want, '|') == NULL) {
		char type = (char)frame_type(want, strlen(want));
		struct span rest = sent;

		rest.data += strlen(PREFACE);
		rest.len -= strlen(PREFACE);
		while (!found && rest.len >= FRAME_HEAD) {
			const unsigned char *c = (const void *)rest.data;
			size_t len = FRAME_HEAD + ((size_t)c[0] << 16) +
			    ((size_t)c[1] << 8) + c[2];

			found = rest.data[3] == type;
			rest.data += len;
			rest.len -= len;
		}
		return found;
	}
	frames_write(&frame, want);
	found = memmem(sent.data, sent.len, frame.data, frame.len) != NULL;
	buf_clear(&frame);
	return found;
}

static void
check_end(const struct row *r, const struct story *st)
{
	enum answer_event want = r->want_code != NULL ? ANSWER_FAILED :
	    r->want_more ? ANSWER_MORE : ANSWER_END;

	want_number(r, "last event", (int)st->last, (int)want);
	if (st->last != ANSWER_FAILED)
		return;
	if (r->want_code == NULL || strcmp(st->err.code, r->want_code) != 0)
		complain(r, "code", st->err.code, r->want_code == NULL ?
		    "none" : r->want_code);
	if (r->want_says != NULL &&
	    strstr(st->err.message, r->want_says) == NULL)
		complain(r, "message", st->err.message, r->want_says);
	if (r->want_hint != NULL && strstr(st->err.hint, r->want_hint) == NULL)
		complain(r, "hint", st->err.hint, r->want_hint);
}

static void
check(const struct row *r, const struct story *st)
{
	check_end(r, st);
	want_number(r, "status", st->status, r->want_status);
	want_text(r, "headers", &st->headers, r->want_headers);
	want_text(r, "trailers", &st->trailers, r->want_trailers);
	want_text(r, "body", &st->body, r->want_body == NULL ? "" :
	    r->want_body);
	want_number(r, "unprocessed", st->unprocessed, r->want_unprocessed);
	want_number(r, "gone", st->gone, r->want_gone);
	if (r->want_sent != NULL &&
	    !has_sent(buf_span(&st->sent), r->want_sent))
		complain(r, "sent", "others", r->want_sent);
}

static void
check_way(const struct row *r, struct span in, size_t first, size_t size)
{
	struct story st;

	tell(&st, r, in, first, size);
	check(r, &st);
	story_clear(&st);
}

static void
run(const struct row *rows, size_t count)
{
	struct buf frames = { 0 };
	size_t i, cut;

	failures = 0;
	for (i = 0; i < count; i++) {
		const struct row *r = &rows[i];
		struct span in;

		buf_reset(&frames);
		frames_write(&frames, r->in);
		in = buf_span(&frames);
		check_way(r, in, r->is_long ? 4096 : in.len, 4096);
		check_way(r, in, 1, r->is_long ? 1000 : 1);
		for (cut = 1; cut < in.len && !r->is_long; cut++)
			check_way(r, in, cut, 0);
	}
	buf_clear(&frames);
	assert_int_equal(failures, 0);
}

#define TEST(name) \
	static void \
	test_##name(void **state) \
	{ \
		(void)state; \
		run(name##_rows, sizeof(name##_rows) / \
		    sizeof(name##_rows[0])); \
	}

TEST(answer)
TEST(malformed)
TEST(reset)
TEST(broken)
TEST(limit)

/* The end of the connection, by itself or by an error from below. */
static const struct end_row {
	const char	*label;
	const char	*in;
	bool		 unsent;	/* nothing has gone out */
	const char	*want_code;	/* NULL: the answer is complete */
	const char	*want_says;
	bool		 want_unprocessed;
} end_rows[] = {
	{ .label = "nothing came", .in = HELLO, .want_code = "closed" },
	{ .label = "nothing went", .in = "", .unsent = true,
	    .want_code = "closed", .want_unprocessed = true },
	{ .label = "after a head", .in = OK, .want_code = "truncated",
	    .want_says = "ended inside the response, after 0" },
	{ .label = "in a body", .in = OK "data 1|abc",
	    .want_code = "truncated", .want_says = "after 3 body bytes" },
	{ .label = "in a sized body", .in = SIZED "data 1|abc",
	    .want_code = "truncated", .want_says = "after 3 of 5 body bytes" },
	{ .label = "after the last byte, before the end",
	    .in = SIZED "data 1|abcde", .want_code = "truncated" },
	{ .label = "after the end", .in = OK "data 1 E|abc" },
	{ .label = "after goaway", .in = HELLO "goaway 0|1|11",
	    .want_code = "h2", .want_says = "GOAWAY, ENHANCE_YOUR_CALM" },
	{ .label = "after goaway without a fault", .in = HELLO "goaway 0|1|0",
	    .want_code = "closed" },
};

static void
check_end_row(const struct end_row *r, const struct error *why)
{
	const struct row named = { .label = r->label };
	struct h2_stream *s;
	struct buf frames = { 0 };
	struct story st = { 0 };
	struct error err;
	struct h2 *h = h2_new(ANSWER_MAX_HEADER, &err);
	const char *want = r->want_code;

	assert_non_null(h);
	s = begin(h, &named);
	if (!r->unsent)
		listen(&st, h, s);
	frames_write(&frames, r->in);
	feed(h, buf_span(&frames));
	if (why == NULL)
		h2_eof(h);
	else
		h2_break(h, why);
	listen(&st, h, s);
	if (want != NULL && why != NULL)
		want = why->code;
	want_number(&named, "last event", (int)st.last, want == NULL ?
	    ANSWER_END : ANSWER_FAILED);
	if (want != NULL && strcmp(st.err.code, want) != 0)
		complain(&named, "code", st.err.code, want);
	if (want != NULL && why == NULL && r->want_says != NULL &&
	    strstr(st.err.message, r->want_says) == NULL)
		complain(&named, "message", st.err.message, r->want_says);
	if (why == NULL)
		want_number(&named, "unprocessed", h2_is_unprocessed(s),
		    r->want_unprocessed);
	assert_false(h2_is_open(h));
	assert_null(h2_open(h, &(struct h2_request){ .head = span_of(GET),
	    .scheme = "https" }, &err));
	h2_close(s);
	h2_free(h);
	buf_clear(&frames);
	story_clear(&st);
}

static void
test_end(void **state)
{
	struct error why;
	size_t i;

	(void)state;
	failures = 0;
	error_setx(&why, ERR_CONNECT, "reset", "as a test");
	for (i = 0; i < sizeof(end_rows) / sizeof(end_rows[0]); i++) {
		check_end_row(&end_rows[i], NULL);
		check_end_row(&end_rows[i], &why);
	}
	assert_int_equal(failures, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
