/*
 * Every row is fed whole, in two pieces cut at every byte, and byte by byte:
 * each way must tell the same story.  Pieces are copies of their exact size,
 * so that the sanitizer sees a byte too far.
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

#include "base/buf.h"
#include "http/h1.h"
#include "lines.h"

#define IN(s)	{ s, sizeof(s) - 1 }
#define OK	"HTTP/1.1 200 OK\r\n"
#define EMPTY	"content-length: 0\r\n\r\n"
#define CHUNKED	OK "Transfer-Encoding: chunked\r\n\r\n"

struct row {
	const char	*label;
	struct span	 in;
	bool		 head_request;
	size_t		 max_header;	/* 0: the default */

	int		 want_status;	/* 0: no head comes out */
	const char	*want_reason;	/* this and the next: NULL, any */
	const char	*want_headers;	/* "name: value\n" for each line */
	const char	*want_trailers;
	enum h1_framing	 want_framing;
	const char	*want_body;	/* NULL: none */
	bool		 want_close;	/* keep_alive is false */
	size_t		 want_rest;	/* bytes that are not the response's */
	const char	*want_code;	/* NULL: it ends well */
	const char	*want_says;	/* a part of the message */
};

/* The status line: RFC 9112 section 4. */
static const struct row status_rows[] = {
	{ .label = "plain", .in = IN(OK EMPTY), .want_status = 200,
	    .want_reason = "OK", .want_headers = "content-length: 0\n" },
	{ .label = "reason of several words",
	    .in = IN("HTTP/1.1 404 Not Found\r\n" EMPTY),
	    .want_status = 404, .want_reason = "Not Found" },
	{ .label = "empty reason", .in = IN("HTTP/1.1 200 \r\n" EMPTY),
	    .want_status = 200, .want_reason = "" },
	/* Not the grammar, but what several servers send. */
	{ .label = "no space, no reason", .in = IN("HTTP/1.1 200\r\n" EMPTY),
	    .want_status = 200, .want_reason = "" },
	{ .label = "obs-text and tab in the reason",
	    .in = IN("HTTP/1.1 200 \xc3\xa4\tb\r\n" EMPTY),
	    .want_status = 200, .want_reason = "\xc3\xa4\tb" },
	{ .label = "HTTP/1.0", .in = IN("HTTP/1.0 200 OK\r\n" EMPTY),
	    .want_status = 200, .want_close = true },
	/* RFC 9110 section 6.2: a higher minor version is read as ours. */
	{ .label = "HTTP/1.7", .in = IN("HTTP/1.7 200 OK\r\n" EMPTY),
	    .want_status = 200 },
	{ .label = "599", .in = IN("HTTP/1.1 599 X\r\n" EMPTY),
	    .want_status = 599 },
	{ .label = "999", .in = IN("HTTP/1.1 999 X\r\n" EMPTY),
	    .want_status = 999 },
	{ .label = "099", .in = IN("HTTP/1.1 099 X\r\n" EMPTY),
	    .want_code = "status-line", .want_says = "below 100" },
	{ .label = "000", .in = IN("HTTP/1.1 000 X\r\n" EMPTY),
	    .want_code = "status-line", .want_says = "below 100" },
	{ .label = "two digits", .in = IN("HTTP/1.1 20 OK\r\n" EMPTY),
	    .want_code = "status-line", .want_says = "malformed" },
	{ .label = "four digits", .in = IN("HTTP/1.1 2000 OK\r\n" EMPTY),
	    .want_code = "status-line", .want_says = "malformed" },
	{ .label = "status of letters", .in = IN("HTTP/1.1 OK\r\n" EMPTY),
	    .want_code = "status-line", .want_says = "'HTTP/1.1 OK'" },
	{ .label = "negative status", .in = IN("HTTP/1.1 -20 X\r\n" EMPTY),
	    .want_code = "status-line", .want_says = "malformed" },
	{ .label = "two spaces before the status",
	    .in = IN("HTTP/1.1  200 OK\r\n" EMPTY),
	    .want_code = "status-line", .want_says = "malformed" },
	{ .label = "tab before the status",
	    .in = IN("HTTP/1.1\t200 OK\r\n" EMPTY),
	    .want_code = "status-line", .want_says = "malformed" },
	{ .label = "tab after the status",
	    .in = IN("HTTP/1.1 200\tOK\r\n" EMPTY),
	    .want_code = "status-line", .want_says = "malformed" },
	{ .label = "version alone", .in = IN("HTTP/1.1\r\n" EMPTY),
	    .want_code = "status-line", .want_says = "malformed" },
	{ .label = "no minor version", .in = IN("HTTP/1. 200 OK\r\n" EMPTY),
	    .want_code = "status-line", .want_says = "malformed" },
	{ .label = "two minor digits", .in = IN("HTTP/1.10 200 OK\r\n" EMPTY),
	    .want_code = "status-line", .want_says = "malformed" },
	{ .label = "NUL in the reason",
	    .in = IN("HTTP/1.1 200 O\0K\r\n" EMPTY),
	    .want_code = "status-line", .want_says = "'O\\x00K'" },
	{ .label = "DEL in the reason",
	    .in = IN("HTTP/1.1 200 O\x7fK\r\n" EMPTY),
	    .want_code = "status-line", .want_says = "'O\\x7fK'" },
	{ .label = "bare CR in the status line",
	    .in = IN("HTTP/1.1 200 O\rK\r\n" EMPTY),
	    .want_code = "header", .want_says = "bare CR in the status line" },
	{ .label = "CR CR LF", .in = IN("HTTP/1.1 200 OK\r\r\n" EMPTY),
	    .want_code = "header", .want_says = "bare CR in the status line" },
	{ .label = "bare LF after the status line",
	    .in = IN("HTTP/1.1 200 OK\n" EMPTY),
	    .want_code = "header", .want_says = "bare LF in the status line" },
	/* RFC 9112 section 2.3: HTTP-name is case-sensitive. */
	{ .label = "lower case", .in = IN("http/1.1 200 OK\r\n" EMPTY),
	    .want_code = "status-line", .want_says = "'http/1.1 200 OK" },
	{ .label = "HTTP/2.0", .in = IN("HTTP/2.0 200 OK\r\n" EMPTY),
	    .want_code = "status-line", .want_says = "'HTTP/2.0 200 OK" },
	{ .label = "HTTP/0.9", .in = IN("HTTP/0.9 200 OK\r\n" EMPTY),
	    .want_code = "status-line", .want_says = "'HTTP/0.9 200 OK" },
	{ .label = "HTTP/11", .in = IN("HTTP/11 200 OK\r\n" EMPTY),
	    .want_code = "status-line", .want_says = "not an HTTP/1.x" },
	{ .label = "another protocol", .in = IN("SSH-2.0-Server_1\r\n"),
	    .want_code = "status-line",
	    .want_says = "not an HTTP/1.x answer: 'SSH-2.0-Server_1\\r\\n'" },
	{ .label = "a page without a head", .in = IN("<html></html>"),
	    .want_code = "status-line", .want_says = "'<html></html>'" },
	{ .label = "a long line is cut",
	    .in = IN("0123456789012345678901234567890123456789x"),
	    .want_code = "status-line",
	    .want_says = "'0123456789012345678901234567890123456789'..." },
	{ .label = "empty line first", .in = IN("\r\n" OK EMPTY),
	    .want_code = "status-line", .want_says = "'\\r\\nHTTP/1.1" },
	{ .label = "space first", .in = IN(" " OK EMPTY),
	    .want_code = "status-line", .want_says = "' HTTP/1.1" },
	{ .label = "TLS alert", .in = IN("\x15\x03\x01\0\x02\x02\x46"),
	    .want_code = "status-line", .want_says = "speaks TLS here" },
	{ .label = "TLS handshake", .in = IN("\x16\x03\x03\0\x7a"),
	    .want_code = "status-line", .want_says = "speaks TLS here" },
	{ .label = "not quite TLS", .in = IN("\x15\x04"),
	    .want_code = "status-line", .want_says = "'\\x15\\x04'" },
	/* RFC 9113 section 3.4: the server's preface. */
	{ .label = "HTTP/2 preface",
	    .in = IN("\0\0\x12\4\0\0\0\0\0\0\3\0\0\0\x64"),
	    .want_code = "status-line", .want_says = "speaks HTTP/2 here" },
	{ .label = "not quite HTTP/2", .in = IN("\0\0\x12\5"),
	    .want_code = "status-line", .want_says = "not an HTTP/1.x" },
	{ .label = "nothing at all", .in = IN(""), .want_code = "closed",
	    .want_says = "without an answer" },
	{ .label = "one byte", .in = IN("H"), .want_code = "truncated",
	    .want_says = "inside the response header" },
	{ .label = "half a status line", .in = IN("HTTP/1.1 200 O"),
	    .want_code = "truncated",
	    .want_says = "inside the response header" },
};

/* Field lines: RFC 9112 section 5, RFC 9110 section 5.5. */
static const struct row field_rows[] = {
	{ .label = "order, case and repetition are kept",
	    .in = IN(OK "B: 1\r\na: 2\r\nB: 3\r\n" EMPTY),
	    .want_status = 200,
	    .want_headers = "B: 1\na: 2\nB: 3\ncontent-length: 0\n" },
	{ .label = "whitespace around the value",
	    .in = IN(OK "a: \t x y \t\r\n" EMPTY), .want_status = 200,
	    .want_headers = "a: x y\ncontent-length: 0\n" },
	{ .label = "no whitespace", .in = IN(OK "a:x\r\n" EMPTY),
	    .want_status = 200,
	    .want_headers = "a: x\ncontent-length: 0\n" },
	{ .label = "empty values", .in = IN(OK "a:\r\nb: \r\n" EMPTY),
	    .want_status = 200,
	    .want_headers = "a: \nb: \ncontent-length: 0\n" },
	{ .label = "colons in the value", .in = IN(OK "a: b:c:\r\n" EMPTY),
	    .want_status = 200,
	    .want_headers = "a: b:c:\ncontent-length: 0\n" },
	{ .label = "every kind of token character",
	    .in = IN(OK "!#$%&'*+-.^_`|~09azAZ: x\r\n" EMPTY),
	    .want_status = 200, .want_headers =
	    "!#$%&'*+-.^_`|~09azAZ: x\ncontent-length: 0\n" },
	{ .label = "obs-text in a value", .in = IN(OK "a: \xe9\xff\r\n" EMPTY),
	    .want_status = 200,
	    .want_headers = "a: \xe9\xff\ncontent-length: 0\n" },
	{ .label = "tab in a value", .in = IN(OK "a: x\ty\r\n" EMPTY),
	    .want_status = 200,
	    .want_headers = "a: x\ty\ncontent-length: 0\n" },
	{ .label = "no header at all", .in = IN("HTTP/1.1 204 X\r\n\r\n"),
	    .want_status = 204, .want_headers = "" },

	/* RFC 9112 section 5.1: the space is how headers are smuggled. */
	{ .label = "space before the colon", .in = IN(OK "a : x\r\n" EMPTY),
	    .want_code = "header",
	    .want_says = "whitespace before the colon of a header: 'a '" },
	{ .label = "tab before the colon", .in = IN(OK "a\t: x\r\n" EMPTY),
	    .want_code = "header", .want_says = "'a\\t'" },
	{ .label = "space in the name", .in = IN(OK "a b: x\r\n" EMPTY),
	    .want_code = "header", .want_says = "not a token: 'a b'" },
	{ .label = "empty name", .in = IN(OK ": x\r\n" EMPTY),
	    .want_code = "header", .want_says = "not a token: ''" },
	{ .label = "no colon", .in = IN(OK "abc\r\n" EMPTY),
	    .want_code = "header", .want_says = "without a colon: 'abc'" },
	{ .label = "NUL in the name", .in = IN(OK "a\0b: x\r\n" EMPTY),
	    .want_code = "header", .want_says = "'a\\x00b'" },
	{ .label = "obs-text in the name", .in = IN(OK "\xe9: x\r\n" EMPTY),
	    .want_code = "header", .want_says = "'\\xe9'" },
	{ .label = "quoted name", .in = IN(OK "\"a\": x\r\n" EMPTY),
	    .want_code = "header", .want_says = "not a token" },
	{ .label = "quote in the message", .in = IN(OK "a'(\\: x\r\n" EMPTY),
	    .want_code = "header", .want_says = "'a\\'(\\\\'" },
	{ .label = "a second status line", .in = IN(OK OK EMPTY),
	    .want_code = "header", .want_says = "without a colon: 'HTTP" },
	{ .label = "NUL in a value", .in = IN(OK "a: x\0y\r\n" EMPTY),
	    .want_code = "header", .want_says = "header 'a': 'x\\x00y'" },
	{ .label = "control in a value", .in = IN(OK "a: x\x01\r\n" EMPTY),
	    .want_code = "header", .want_says = "header 'a': 'x\\x01'" },
	{ .label = "vertical tab around a value",
	    .in = IN(OK "Transfer-Encoding: \x0b" "chunked\r\n\r\n"),
	    .want_code = "header", .want_says = "'\\x0bchunked'" },
	{ .label = "DEL in a value", .in = IN(OK "a: x\x7f\r\n" EMPTY),
	    .want_code = "header", .want_says = "'x\\x7f'" },

	/* RFC 9112 section 2.2. */
	{ .label = "bare LF", .in = IN(OK "a: x\nb: y\r\n" EMPTY),
	    .want_code = "header",
	    .want_says = "bare LF in the header section" },
	{ .label = "bare LF as the empty line",
	    .in = IN(OK "content-length: 0\r\n\n"), .want_code = "header",
	    .want_says = "bare LF in the header section" },
	{ .label = "bare CR", .in = IN(OK "a: x\rb: y\r\n" EMPTY),
	    .want_code = "header",
	    .want_says = "bare CR in the header section" },
	{ .label = "bare CR before the CRLF", .in = IN(OK "a: x\r\r\n" EMPTY),
	    .want_code = "header",
	    .want_says = "bare CR in the header section" },
	{ .label = "bare CR as a line", .in = IN(OK "\r\r\n" EMPTY),
	    .want_code = "header",
	    .want_says = "bare CR in the header section" },

	/* obs-fold, RFC 9112 section 5.2. */
	{ .label = "fold", .in = IN(OK "a: x\r\n \t y\r\n" EMPTY),
	    .want_status = 200,
	    .want_headers = "a: x y\ncontent-length: 0\n" },
	{ .label = "two folds",
	    .in = IN(OK "a: x \r\n\ty \r\n z\r\n" EMPTY), .want_status = 200,
	    .want_headers = "a: x y z\ncontent-length: 0\n" },
	{ .label = "fold of an empty value",
	    .in = IN(OK "a:\r\n y\r\nb: z\r\n" EMPTY), .want_status = 200,
	    .want_headers = "a: y\nb: z\ncontent-length: 0\n" },
	{ .label = "a folded line that looks like a header",
	    .in = IN(OK "a: x\r\n content-length: 5\r\n" EMPTY),
	    .want_status = 200,
	    .want_headers = "a: x content-length: 5\ncontent-length: 0\n" },
	{ .label = "whitespace before the first header",
	    .in = IN(OK " a: x\r\n" EMPTY), .want_code = "header",
	    .want_says = "whitespace before the first header: ' a: x'" },
	{ .label = "whitespace before the first header, after a 1xx",
	    .in = IN("HTTP/1.1 103 X\r\na: b\r\n\r\n" OK " x\r\n" EMPTY),
	    .want_code = "header", .want_says = "before the first header" },
	{ .label = "line of whitespace", .in = IN(OK "a: x\r\n \r\n" EMPTY),
	    .want_code = "header", .want_says = "nothing but whitespace" },
	{ .label = "folded content-length",
	    .in = IN(OK "Content-Length: 1\r\n 2\r\n\r\n"),
	    .want_code = "header", .want_says = "'Content-Length' is folded" },
	{ .label = "folded transfer-encoding",
	    .in = IN(OK "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
	    .want_code = "header",
	    .want_says = "'Transfer-Encoding' is folded" },
	{ .label = "NUL in a folded line",
	    .in = IN(OK "a: x\r\n y\0\r\n" EMPTY), .want_code = "header",
	    .want_says = "header 'a': 'y\\x00'" },
	{ .label = "end inside a header", .in = IN(OK "a: x"),
	    .want_code = "truncated",
	    .want_says = "inside the response header" },
	{ .label = "end before the empty line", .in = IN(OK "a: x\r\n"),
	    .want_code = "truncated",
	    .want_says = "inside the response header" },
};

/* Message body length: RFC 9112 section 6.3, RFC 9110 section 8.6. */
static const struct row length_rows[] = {
	{ .label = "body", .in = IN(OK "content-length: 5\r\n\r\nhello"),
	    .want_status = 200, .want_framing = H1_LENGTH,
	    .want_body = "hello" },
	{ .label = "bytes after the end are not the response's",
	    .in = IN(OK "content-length: 5\r\n\r\nhelloHTTP/1.1 200"),
	    .want_status = 200, .want_framing = H1_LENGTH,
	    .want_body = "hello", .want_rest = 12 },
	{ .label = "bytes after no body", .in = IN(OK EMPTY "xyz"),
	    .want_status = 200, .want_rest = 3 },
	{ .label = "lower case, no space",
	    .in = IN(OK "CONTENT-LENGTH:5\r\n\r\nhello"), .want_status = 200,
	    .want_framing = H1_LENGTH, .want_body = "hello" },
	{ .label = "leading zeros",
	    .in = IN(OK "content-length: 0005\r\n\r\nhello"),
	    .want_status = 200, .want_framing = H1_LENGTH,
	    .want_body = "hello" },
	{ .label = "list of equals",
	    .in = IN(OK "content-length: 5, 5 ,5\r\n\r\nhello"),
	    .want_status = 200, .want_framing = H1_LENGTH,
	    .want_body = "hello" },
	{ .label = "lines of equals",
	    .in = IN(OK "content-length: 5\r\nContent-Length: 05\r\n\r\nhello"),
	    .want_status = 200, .want_framing = H1_LENGTH,
	    .want_body = "hello" },
	{ .label = "2^63-1, cut off",
	    .in = IN(OK "content-length: 9223372036854775807\r\n\r\nhi"),
	    .want_status = 200, .want_framing = H1_LENGTH, .want_body = "hi",
	    .want_code = "truncated",
	    .want_says = "after 2 of 9223372036854775807 body bytes" },
	{ .label = "one byte short",
	    .in = IN(OK "content-length: 5\r\n\r\nhell"),
	    .want_status = 200, .want_framing = H1_LENGTH,
	    .want_body = "hell", .want_code = "truncated",
	    .want_says = "after 4 of 5 body bytes" },
	{ .label = "no body byte",
	    .in = IN(OK "content-length: 5\r\n\r\n"),
	    .want_status = 200, .want_framing = H1_LENGTH,
	    .want_code = "truncated",
	    .want_says = "after 0 of 5 body bytes" },
	{ .label = "lines in conflict",
	    .in = IN(OK "content-length: 5\r\ncontent-length: 6\r\n\r\nhello"),
	    .want_code = "framing",
	    .want_says = "content-length 5 and 6 in one response" },
	{ .label = "list in conflict",
	    .in = IN(OK "content-length: 5, 6\r\n\r\nhello"),
	    .want_code = "framing",
	    .want_says = "content-length 5 and 6 in one response" },
	{ .label = "conflict with zero",
	    .in = IN(OK "content-length: 0\r\ncontent-length: 5\r\n\r\nhello"),
	    .want_code = "framing",
	    .want_says = "content-length 0 and 5 in one response" },
	{ .label = "negative", .in = IN(OK "content-length: -5\r\n\r\nhello"),
	    .want_code = "framing", .want_says = "not a number: '-5'" },
	{ .label = "plus sign", .in = IN(OK "content-length: +5\r\n\r\nhello"),
	    .want_code = "framing", .want_says = "not a number: '+5'" },
	{ .label = "letter after", .in = IN(OK "content-length: 5x\r\n\r\n"),
	    .want_code = "framing", .want_says = "not a number: '5x'" },
	{ .label = "hexadecimal", .in = IN(OK "content-length: 0x5\r\n\r\n"),
	    .want_code = "framing", .want_says = "not a number: '0x5'" },
	{ .label = "two words", .in = IN(OK "content-length: 5 5\r\n\r\n"),
	    .want_code = "framing", .want_says = "not a number: '5 5'" },
	{ .label = "fraction", .in = IN(OK "content-length: 5.0\r\n\r\n"),
	    .want_code = "framing", .want_says = "not a number: '5.0'" },
	{ .label = "quoted", .in = IN(OK "content-length: \"5\"\r\n\r\n"),
	    .want_code = "framing", .want_says = "not a number: '\"5\"'" },
	{ .label = "empty", .in = IN(OK "content-length:\r\n\r\n"),
	    .want_code = "framing", .want_says = "not a number: ''" },
	{ .label = "empty member", .in = IN(OK "content-length: 5,\r\n\r\n"),
	    .want_code = "framing", .want_says = "not a number: ''" },
	{ .label = "empty first member",
	    .in = IN(OK "content-length: ,5\r\n\r\n"),
	    .want_code = "framing", .want_says = "not a number: ''" },
	{ .label = "2^63",
	    .in = IN(OK "content-length: 9223372036854775808\r\n\r\n"),
	    .want_code = "framing",
	    .want_says = "too large: '9223372036854775808'" },
	{ .label = "2^64 + 5",
	    .in = IN(OK "content-length: 18446744073709551621\r\n\r\nhello"),
	    .want_code = "framing", .want_says = "too large" },

	/* Until the end of the stream: case 8. */
	{ .label = "until close", .in = IN(OK "\r\nhello"),
	    .want_status = 200, .want_framing = H1_UNTIL_CLOSE,
	    .want_body = "hello", .want_close = true },
	{ .label = "until close, empty", .in = IN(OK "\r\n"),
	    .want_status = 200, .want_framing = H1_UNTIL_CLOSE,
	    .want_close = true },
	{ .label = "until close, though told to keep alive",
	    .in = IN(OK "connection: keep-alive\r\n\r\nx"),
	    .want_status = 200, .want_framing = H1_UNTIL_CLOSE,
	    .want_body = "x", .want_close = true },

	/* No body whatever the head says: cases 1. */
	{ .label = "HEAD", .head_request = true,
	    .in = IN(OK "content-length: 5\r\n\r\n"), .want_status = 200 },
	{ .label = "HEAD, chunked", .head_request = true,
	    .in = IN(OK "transfer-encoding: chunked\r\n\r\nrest"),
	    .want_status = 200, .want_rest = 4 },
	{ .label = "HEAD without a length", .head_request = true,
	    .in = IN(OK "\r\n"), .want_status = 200 },
	{ .label = "HEAD with lengths in conflict", .head_request = true,
	    .in = IN(OK "content-length: 5, 6\r\n\r\n"),
	    .want_code = "framing", .want_says = "content-length 5 and 6" },
	{ .label = "304 with a length",
	    .in = IN("HTTP/1.1 304 X\r\ncontent-length: 5\r\n\r\nrest"),
	    .want_status = 304, .want_rest = 4 },
	{ .label = "304 with a bad length",
	    .in = IN("HTTP/1.1 304 X\r\ncontent-length: five\r\n\r\n"),
	    .want_code = "framing", .want_says = "not a number: 'five'" },
	{ .label = "204", .in = IN("HTTP/1.1 204 X\r\n\r\nrest"),
	    .want_status = 204, .want_rest = 4 },
	{ .label = "204 with a length of zero",
	    .in = IN("HTTP/1.1 204 X\r\n" EMPTY), .want_status = 204 },
	/* RFC 9110 section 8.6 forbids it: a body may yet come. */
	{ .label = "204 with a length",
	    .in = IN("HTTP/1.1 204 X\r\ncontent-length: 5\r\n\r\n"),
	    .want_status = 204, .want_close = true },
	{ .label = "204 with a coding",
	    .in = IN("HTTP/1.1 204 X\r\ntransfer-encoding: chunked\r\n\r\n"),
	    .want_status = 204, .want_close = true },
	{ .label = "205 has a body",
	    .in = IN("HTTP/1.1 205 X\r\ncontent-length: 1\r\n\r\nx"),
	    .want_status = 205, .want_framing = H1_LENGTH, .want_body = "x" },

	/* RFC 9112 section 6.1. */
	{ .label = "both framings", .in = IN(OK "content-length: 5\r\n"
	    "transfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
	    .want_code = "framing",
	    .want_says = "both transfer-encoding and content-length" },
	{ .label = "both framings, the other order",
	    .in = IN(OK "Transfer-Encoding: chunked\r\n" EMPTY),
	    .want_code = "framing",
	    .want_says = "both transfer-encoding and content-length" },
	{ .label = "gzip, chunked",
	    .in = IN(OK "transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
	    .want_code = "framing", .want_says = "'gzip, chunked'" },
	{ .label = "identity",
	    .in = IN(OK "transfer-encoding: identity\r\n\r\nx"),
	    .want_code = "framing",
	    .want_says = "not \"chunked\": 'identity'" },
	{ .label = "chunked twice",
	    .in = IN(OK "transfer-encoding: chunked, chunked\r\n\r\n"),
	    .want_code = "framing", .want_says = "'chunked, chunked'" },
	{ .label = "two lines", .in = IN(OK "transfer-encoding: chunked\r\n"
	    "transfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
	    .want_code = "framing", .want_says = "transfer-encoding twice" },
	{ .label = "chunked with a parameter",
	    .in = IN(OK "transfer-encoding: chunked;q=1\r\n\r\n"),
	    .want_code = "framing", .want_says = "'chunked;q=1'" },
	{ .label = "misspelt",
	    .in = IN(OK "transfer-encoding: xchunked\r\n\r\n"),
	    .want_code = "framing", .want_says = "'xchunked'" },
	{ .label = "empty transfer-encoding",
	    .in = IN(OK "transfer-encoding:\r\n\r\n"),
	    .want_code = "framing", .want_says = "not \"chunked\": ''" },
	{ .label = "chunked in HTTP/1.0",
	    .in = IN("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
	    "0\r\n\r\n"), .want_code = "framing", .want_says = "HTTP/1.0" },
};

/* Chunked: RFC 9112 section 7.1. */
static const struct row chunk_rows[] = {
	{ .label = "one chunk", .in = IN(CHUNKED "5\r\nhello\r\n0\r\n\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_body = "hello" },
	{ .label = "coding in capitals", .in = IN(OK
	    "TRANSFER-ENCODING: CHUNKED\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_body = "x" },
	{ .label = "several", .in = IN(CHUNKED
	    "3\r\nabc\r\n01\r\nd\r\nB\r\nefghijklmno\r\n0\r\n\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_body = "abcdefghijklmno" },
	{ .label = "hexadecimal in both cases", .in = IN(CHUNKED
	    "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_body = "01234567890123456789" },
	{ .label = "CRLF in the data",
	    .in = IN(CHUNKED "4\r\n\r\n\r\n\r\n0\r\n\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_body = "\r\n\r\n" },
	{ .label = "no chunk", .in = IN(CHUNKED "0\r\n\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED },
	{ .label = "several zeros end it", .in = IN(CHUNKED "000\r\n\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED },
	{ .label = "16 digits",
	    .in = IN(CHUNKED "0000000000000001\r\nx\r\n0\r\n\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_body = "x" },
	{ .label = "bytes after the end",
	    .in = IN(CHUNKED "1\r\nx\r\n0\r\n\r\nHTTP"), .want_status = 200,
	    .want_framing = H1_CHUNKED, .want_body = "x", .want_rest = 4 },
	{ .label = "extensions", .in = IN(CHUNKED
	    "1;a=b;c=\"d;\\\"e\"\r\nx\r\n1;\r\ny\r\n0;end\r\n\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_body = "xy" },
	{ .label = "whitespace before an extension",
	    .in = IN(CHUNKED "1 \t; a = b\r\nx\r\n0\r\n\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_body = "x" },
	{ .label = "not hexadecimal", .in = IN(CHUNKED "5x\r\nhello\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_code = "framing",
	    .want_says = "chunk size is not hexadecimal: '5x'" },
	{ .label = "empty size", .in = IN(CHUNKED "\r\nhello\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_code = "framing", .want_says = "hexadecimal: ''" },
	{ .label = "extension without a size",
	    .in = IN(CHUNKED ";a\r\nhello\r\n"), .want_status = 200,
	    .want_framing = H1_CHUNKED, .want_code = "framing",
	    .want_says = "hexadecimal: ';a'" },
	{ .label = "negative size", .in = IN(CHUNKED "-1\r\nx\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_code = "framing", .want_says = "hexadecimal: '-1'" },
	{ .label = "plus sign", .in = IN(CHUNKED "+1\r\nx\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_code = "framing", .want_says = "hexadecimal: '+1'" },
	{ .label = "0x", .in = IN(CHUNKED "0x1\r\nx\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_code = "framing", .want_says = "hexadecimal: '0x1'" },
	{ .label = "space before the size", .in = IN(CHUNKED " 1\r\nx\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_code = "framing", .want_says = "hexadecimal: ' 1'" },
	{ .label = "space after the size", .in = IN(CHUNKED "1 \r\nx\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_code = "framing", .want_says = "hexadecimal: '1 '" },
	{ .label = "space inside the size", .in = IN(CHUNKED "1 0\r\nx\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_code = "framing", .want_says = "hexadecimal: '1 0'" },
	{ .label = "2^63-1, cut off",
	    .in = IN(CHUNKED "7fffffffffffffff\r\nhi"), .want_status = 200,
	    .want_framing = H1_CHUNKED, .want_body = "hi",
	    .want_code = "truncated",
	    .want_says = "inside a chunked body, after 2 bytes" },
	{ .label = "2^63", .in = IN(CHUNKED "8000000000000000\r\nhi"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_code = "framing",
	    .want_says = "too large: '8000000000000000'" },
	{ .label = "17 digits", .in = IN(CHUNKED "00000000000000001\r\nx\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_code = "framing", .want_says = "too large" },
	{ .label = "2^64 + 1", .in = IN(CHUNKED "10000000000000001\r\nx\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_code = "framing", .want_says = "too large" },
	{ .label = "bare LF after the size", .in = IN(CHUNKED "1\nx\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_code = "framing",
	    .want_says = "bare LF in the chunk line" },
	{ .label = "bare LF in an extension",
	    .in = IN(CHUNKED "1;a\nx\r\n0\r\n\r\n"), .want_status = 200,
	    .want_framing = H1_CHUNKED, .want_code = "framing",
	    .want_says = "bare LF in the chunk line" },
	{ .label = "bare CR in an extension",
	    .in = IN(CHUNKED "1;a\rb\r\nx\r\n"), .want_status = 200,
	    .want_framing = H1_CHUNKED, .want_code = "framing",
	    .want_says = "bare CR in the chunk line" },
	{ .label = "NUL in an extension",
	    .in = IN(CHUNKED "1;a\0\r\nx\r\n"), .want_status = 200,
	    .want_framing = H1_CHUNKED, .want_code = "framing",
	    .want_says = "control byte in a chunk extension: '1;a\\x00'" },
	{ .label = "more data than announced",
	    .in = IN(CHUNKED "1\r\nxy\r\n0\r\n\r\n"), .want_status = 200,
	    .want_framing = H1_CHUNKED, .want_body = "x",
	    .want_code = "framing",
	    .want_says = "does not end with CRLF: 'y' after it" },
	{ .label = "LF after the data", .in = IN(CHUNKED "1\r\nx\n0\r\n\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_body = "x", .want_code = "framing",
	    .want_says = "'\\n' after it" },
	{ .label = "CR alone after the data",
	    .in = IN(CHUNKED "1\r\nx\r0\r\n\r\n"), .want_status = 200,
	    .want_framing = H1_CHUNKED, .want_body = "x",
	    .want_code = "framing", .want_says = "'0' after it" },
	{ .label = "no last chunk", .in = IN(CHUNKED "1\r\nx\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_body = "x", .want_code = "truncated",
	    .want_says = "inside a chunked body, after 1 bytes" },
	{ .label = "nothing but a head", .in = IN(CHUNKED),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_code = "truncated", .want_says = "after 0 bytes" },
	{ .label = "no empty line at the end", .in = IN(CHUNKED "0\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_code = "truncated", .want_says = "after 0 bytes" },
	{ .label = "half a CRLF at the end", .in = IN(CHUNKED "0\r\n\r"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_code = "truncated", .want_says = "after 0 bytes" },

	/* Trailers: RFC 9112 section 7.1.2, RFC 9110 section 6.5. */
	{ .label = "trailers", .in = IN(CHUNKED
	    "1\r\nx\r\n0\r\nA: b\r\n c\r\nd:\r\n\r\n"), .want_status = 200,
	    .want_framing = H1_CHUNKED, .want_body = "x",
	    .want_headers = "Transfer-Encoding: chunked\n",
	    .want_trailers = "A: b c\nd: \n" },
	{ .label = "framing in trailers changes nothing", .in = IN(CHUNKED
	    "0\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_headers = "Transfer-Encoding: chunked\n", .want_rest = 5 },
	{ .label = "bare LF in a trailer",
	    .in = IN(CHUNKED "0\r\na: b\n\r\n"), .want_status = 200,
	    .want_framing = H1_CHUNKED, .want_code = "header",
	    .want_says = "bare LF in the trailer section" },
	{ .label = "bare LF instead of trailers",
	    .in = IN(CHUNKED "0\r\n\n"), .want_status = 200,
	    .want_framing = H1_CHUNKED, .want_code = "header",
	    .want_says = "bare LF in the trailer section" },
	{ .label = "bare CR in a trailer",
	    .in = IN(CHUNKED "0\r\na: b\rc\r\n\r\n"), .want_status = 200,
	    .want_framing = H1_CHUNKED, .want_code = "header",
	    .want_says = "bare CR in the trailer section" },
	{ .label = "space before the colon of a trailer",
	    .in = IN(CHUNKED "0\r\na : b\r\n\r\n"), .want_status = 200,
	    .want_framing = H1_CHUNKED, .want_code = "header",
	    .want_says = "whitespace before the colon" },
	{ .label = "whitespace before the first trailer",
	    .in = IN(CHUNKED "0\r\n a: b\r\n\r\n"), .want_status = 200,
	    .want_framing = H1_CHUNKED, .want_code = "header",
	    .want_says = "whitespace before the first header" },
	{ .label = "NUL in a trailer",
	    .in = IN(CHUNKED "0\r\na: \0\r\n\r\n"), .want_status = 200,
	    .want_framing = H1_CHUNKED, .want_code = "header",
	    .want_says = "control byte in the header 'a'" },
	{ .label = "the next response instead of an empty line",
	    .in = IN(CHUNKED "0\r\n" OK EMPTY), .want_status = 200,
	    .want_framing = H1_CHUNKED, .want_code = "header",
	    .want_says = "without a colon" },
};

/* 1xx: RFC 9110 section 15.2.  Persistence: RFC 9112 section 9.3. */
static const struct row flow_rows[] = {
	{ .label = "100 is skipped", .in = IN("HTTP/1.1 100 Continue\r\n\r\n"
	    OK "content-length: 1\r\n\r\nx"), .want_status = 200,
	    .want_headers = "content-length: 1\n",
	    .want_framing = H1_LENGTH, .want_body = "x" },
	{ .label = "103 with headers, twice", .in = IN(
	    "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
	    "HTTP/1.1 103 Early Hints\r\nlink: </b>\r\n\r\n" OK EMPTY),
	    .want_status = 200, .want_reason = "OK",
	    .want_headers = "content-length: 0\n" },
	{ .label = "the length of a 1xx is not the answer's", .in = IN(
	    "HTTP/1.1 100 X\r\ncontent-length: 5\r\n\r\n" OK EMPTY),
	    .want_status = 200, .want_headers = "content-length: 0\n" },
	{ .label = "HTTP/1.0 100", .in = IN("HTTP/1.0 100 X\r\n\r\n"
	    OK EMPTY), .want_status = 200 },
	{ .label = "close in a 1xx", .in = IN(
	    "HTTP/1.1 100 X\r\nconnection: close\r\n\r\n" OK EMPTY),
	    .want_status = 200 },
	{ .label = "1xx alone", .in = IN("HTTP/1.1 100 Continue\r\n\r\n"),
	    .want_code = "truncated",
	    .want_says = "inside the response header" },
	{ .label = "1xx, then garbage", .in = IN(
	    "HTTP/1.1 100 Continue\r\n\r\nhello"),
	    .want_code = "status-line", .want_says = "'hello'" },
	{ .label = "1xx with bad framing", .in = IN(
	    "HTTP/1.1 100 X\r\ncontent-length: 5, 6\r\n\r\n" OK EMPTY),
	    .want_code = "framing", .want_says = "content-length 5 and 6" },
	{ .label = "101", .in = IN(
	    "HTTP/1.1 101 Switching\r\nupgrade: h2c\r\n\r\n"),
	    .want_code = "status-line", .want_says = "101" },
	{ .label = "connection: close",
	    .in = IN(OK "Connection: Close\r\n" EMPTY), .want_status = 200,
	    .want_close = true },
	{ .label = "close in a list",
	    .in = IN(OK "connection: foo, close\r\n" EMPTY),
	    .want_status = 200, .want_close = true },
	{ .label = "close in a second line", .in = IN(OK
	    "connection: keep-alive\r\nconnection: close\r\n" EMPTY),
	    .want_status = 200, .want_close = true },
	{ .label = "close wins over keep-alive", .in = IN(OK
	    "connection: close\r\nconnection: keep-alive\r\n" EMPTY),
	    .want_status = 200, .want_close = true },
	{ .label = "a token that contains close",
	    .in = IN(OK "connection: closed, x-close\r\n" EMPTY),
	    .want_status = 200 },
	{ .label = "close under another name",
	    .in = IN(OK "x-connection: close\r\n" EMPTY),
	    .want_status = 200 },
	{ .label = "HTTP/1.0 with keep-alive", .in = IN(
	    "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n" EMPTY),
	    .want_status = 200 },
	{ .label = "HTTP/1.0 with something else", .in = IN(
	    "HTTP/1.0 200 OK\r\nconnection: keep\r\n" EMPTY),
	    .want_status = 200, .want_close = true },
	{ .label = "HTTP/1.0 until close, with keep-alive", .in = IN(
	    "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n\r\nx"),
	    .want_status = 200, .want_framing = H1_UNTIL_CLOSE,
	    .want_body = "x", .want_close = true },
};

/* max_header counts every byte of heads and trailers. */
static const struct row limit_rows[] = {
	{ .label = "a head of exactly as much", .max_header = 38,
	    .in = IN(OK EMPTY), .want_status = 200 },
	{ .label = "one byte more", .max_header = 37, .in = IN(OK EMPTY),
	    .want_code = "too-large", .want_says = "max_header (37 bytes)" },
	{ .label = "within the version", .max_header = 3, .in = IN(OK EMPTY),
	    .want_code = "too-large", .want_says = "max_header (3 bytes)" },
	{ .label = "within the status line", .max_header = 10,
	    .in = IN(OK EMPTY), .want_code = "too-large",
	    .want_says = "max_header (10 bytes)" },
	{ .label = "within a line that never ends", .max_header = 30,
	    .in = IN(OK "a: bbbbbbbbbbbbbbbbbbbbbbbb"),
	    .want_code = "too-large", .want_says = "max_header (30 bytes)" },
	{ .label = "the end comes with the limit", .max_header = 22,
	    .in = IN(OK "a: bb"), .want_code = "truncated",
	    .want_says = "inside the response header" },
	{ .label = "1xx heads count", .max_header = 60, .in = IN(
	    "HTTP/1.1 100 Continue\r\n\r\n" OK EMPTY),
	    .want_code = "too-large", .want_says = "max_header (60 bytes)" },
	{ .label = "1xx heads of exactly as much", .max_header = 63, .in = IN(
	    "HTTP/1.1 100 Continue\r\n\r\n" OK EMPTY), .want_status = 200 },
	{ .label = "trailers count", .max_header = 53,
	    .in = IN(CHUNKED "0\r\na: b\r\n\r\n"), .want_status = 200,
	    .want_framing = H1_CHUNKED, .want_code = "too-large",
	    .want_says = "max_header (53 bytes)" },
	{ .label = "trailers of exactly as much", .max_header = 55,
	    .in = IN(CHUNKED "0\r\na: b\r\n\r\n"), .want_status = 200,
	    .want_framing = H1_CHUNKED, .want_trailers = "a: b\n" },
	{ .label = "chunk lines and body do not count", .max_header = 49,
	    .in = IN(CHUNKED "1;abcdefgh\r\nx\r\n0\r\n\r\n"),
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_body = "x" },
};

/* What came out of one way to feed a row. */
struct story {
	bool		head;
	int		status;
	enum h1_framing	framing;
	bool		keep_alive;
	struct buf	reason;
	struct buf	headers;
	struct buf	trailers;
	struct buf	body;
	size_t		used;
	enum answer_event	last;
	struct error	err;
};

static void
story_clear(struct story *st)
{
	buf_clear(&st->reason);
	buf_clear(&st->headers);
	buf_clear(&st->trailers);
	buf_clear(&st->body);
}

static void
take_head(struct story *st, const struct h1 *p)
{
	assert_false(st->head);
	st->head = true;
	st->status = p->answer.status;
	st->framing = p->framing;
	st->keep_alive = p->keep_alive;
	copy(&st->reason, buf_span(&p->answer.reason));
	copy_lines(&st->headers, &p->answer.headers);
}

/* Feeds one piece; true when there is no use in another. */
static bool
feed(struct story *st, struct h1 *p, struct span in)
{
	char *piece = malloc(in.len == 0 ? 1 : in.len);
	struct span body;
	size_t off = 0, used;

	assert_non_null(piece);
	memcpy(piece, in.data, in.len);
	do {
		st->last = h1_next(p, in.len == 0 ? NULL : piece + off,
		    in.len - off, &used, &body, &st->err);
		assert_true(used <= in.len - off);
		if (st->last == ANSWER_DATA) {
			assert_true(st->head && body.len > 0);
			assert_true(body.data >= piece + off &&
			    body.data + body.len <= piece + off + used);
			copy(&st->body, body);
		} else if (st->last == ANSWER_HEAD) {
			take_head(st, p);
		}
		off += used;
	} while (st->last == ANSWER_HEAD || st->last == ANSWER_DATA);
	if (st->last == ANSWER_MORE)
		assert_int_equal(off, in.len);
	st->used += off;
	free(piece);
	return st->last != ANSWER_MORE;
}

/* Feeds the first bytes, then pieces of size bytes (0: the rest at once). */
static void
tell(struct story *st, const struct row *r, size_t first, size_t size)
{
	struct span rest = r->in, piece;
	struct h1 p;
	size_t n = first;

	memset(st, 0, sizeof(*st));
	h1_init(&p);
	p.head_request = r->head_request;
	if (r->max_header != 0)
		p.max_header = r->max_header;
	for (;;) {
		piece.data = rest.data;
		piece.len = n < rest.len ? n : rest.len;
		if (feed(st, &p, piece))
			break;
		rest.data += piece.len;
		rest.len -= piece.len;
		if (rest.len == 0) {
			st->last = h1_eof(&p, &st->err);
			break;
		}
		n = size == 0 ? rest.len : size;
	}
	assert_int_equal(p.answer.received, st->body.len);
	copy_lines(&st->trailers, &p.answer.trailers);
	h1_clear(&p);
}

static int failures;

static void
complain(const struct row *r, const char *what, const char *got,
    const char *want)
{
	print_error("h1/%s: %s: got %s, want %s\n", r->label, what, got, want);
	failures++;
}

static void
want_text(const struct row *r, const char *what, const struct buf *got,
    const char *want)
{
	struct span s = buf_span(got);
	char text[256];

	if (want == NULL || (s.len == strlen(want) &&
	    (s.len == 0 || memcmp(s.data, want, s.len) == 0)))
		return;
	snprintf(text, sizeof(text), "\"%.*s\"", (int)s.len,
	    s.len > 0 ? s.data : "");
	complain(r, what, text, want);
}

static void
want_number(const struct row *r, const char *what, size_t got, size_t want)
{
	char g[24], w[24];

	if (got == want)
		return;
	snprintf(g, sizeof(g), "%zu", got);
	snprintf(w, sizeof(w), "%zu", want);
	complain(r, what, g, w);
}

/* The story of the whole against the row. */
static void
check_row(const struct row *r, const struct story *st)
{
	bool failed = st->last == ANSWER_FAILED;
	const char *code = failed ? st->err.code : "success";
	const char *want = r->want_code == NULL ? "success" : r->want_code;

	if (strcmp(code, want) != 0)
		complain(r, "code", failed ? st->err.message : code, want);
	else if (failed && (st->err.kind != ERR_PROTOCOL ||
	    strstr(st->err.message, r->want_says) == NULL))
		complain(r, "message", st->err.message, r->want_says);
	want_number(r, "status", (size_t)st->status, (size_t)r->want_status);
	want_text(r, "body", &st->body,
	    r->want_body == NULL ? "" : r->want_body);
	if (!st->head)
		return;
	want_number(r, "framing", st->framing, r->want_framing);
	want_number(r, "keep_alive", st->keep_alive, !r->want_close);
	want_text(r, "reason", &st->reason, r->want_reason);
	want_text(r, "headers", &st->headers, r->want_headers);
	want_text(r, "trailers", &st->trailers, r->want_trailers);
	if (!failed)
		want_number(r, "bytes left over", r->in.len - st->used,
		    r->want_rest);
}

static bool
same_text(const struct buf *a, const struct buf *b)
{
	struct span x = buf_span(a), y = buf_span(b);

	return x.len == y.len && (x.len == 0 ||
	    memcmp(x.data, y.data, x.len) == 0);
}

/*
 * How much of the message two ways must share: that this is no HTTP is said at
 * once, quoting what happens to be there.
 */
static size_t
message_len(const struct error *err)
{
	static const char varies[] = "not an HTTP/1.x answer:";

	return strncmp(err->message, varies, strlen(varies)) == 0 ?
	    strlen(varies) : strlen(err->message) + 1;
}

/* The story of a way in pieces against that of the whole. */
static void
check_same(const struct row *r, const struct story *whole,
    const struct story *st, const char *way)
{
	if (st->last != whole->last)
		complain(r, way, "another end", "the same");
	else if (st->last == ANSWER_FAILED && (st->err.kind != whole->err.kind ||
	    strcmp(st->err.code, whole->err.code) != 0 ||
	    strncmp(st->err.message, whole->err.message,
	    message_len(&whole->err)) != 0))
		complain(r, way, st->err.message, whole->err.message);
	want_number(r, way, st->used, whole->used);
	if (st->head != whole->head || st->status != whole->status ||
	    st->framing != whole->framing ||
	    st->keep_alive != whole->keep_alive ||
	    !same_text(&st->reason, &whole->reason) ||
	    !same_text(&st->headers, &whole->headers))
		complain(r, way, "another head", "the same");
	if (!same_text(&st->body, &whole->body))
		complain(r, way, "another body", "the same");
	if (!same_text(&st->trailers, &whole->trailers))
		complain(r, way, "other trailers", "the same");
}

static void
check_way(const struct row *r, const struct story *whole, size_t first,
    size_t size)
{
	struct story st;
	char way[64];

	snprintf(way, sizeof(way), size == 0 ? "cut at byte %zu" :
	    "byte by byte from %zu", first);
	tell(&st, r, first, size);
	check_same(r, whole, &st, way);
	story_clear(&st);
}

static void
check(const struct row *r)
{
	struct story whole;
	size_t i;

	tell(&whole, r, r->in.len, 0);
	check_row(r, &whole);
	check_way(r, &whole, 1, 1);
	for (i = 0; i < r->in.len; i++)
		check_way(r, &whole, i, 0);
	story_clear(&whole);
}

static void
check_table(const struct row *rows, size_t n)
{
	size_t i;

	failures = 0;
	for (i = 0; i < n; i++)
		check(&rows[i]);
	assert_int_equal(failures, 0);
}

#define TABLE_TEST(name)						\
static void								\
test_##name(void **state)						\
{									\
	(void)state;							\
	check_table(name##_rows, sizeof(name##_rows) /			\
	    sizeof(name##_rows[0]));					\
}

TABLE_TEST(status)
TABLE_TEST(field)
TABLE_TEST(length)
TABLE_TEST(chunk)
TABLE_TEST(flow)
TABLE_TEST(limit)

/* Rows too long to be written down: before, n times c, after. */
static void
check_long(struct row r, const char *before, char c, size_t n,
    const char *after)
{
	struct buf in = { 0 };
	char *to;

	copy(&in, span_of(before));
	to = buf_reserve(&in, n);
	assert_non_null(to);
	memset(to, c, n);
	buf_added(&in, n);
	copy(&in, span_of(after));
	r.in = buf_span(&in);
	check_table(&r, 1);
	buf_clear(&in);
}

/* A chunk line is H1_MAX_CHUNK_LINE bytes at most, its CRLF not counted. */
static void
test_chunk_line(void **state)
{
	(void)state;
	check_long((struct row){ .label = "longest chunk line",
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_body = "x" }, CHUNKED "1;", 'e', H1_MAX_CHUNK_LINE - 2,
	    "\r\nx\r\n0\r\n\r\n");
	check_long((struct row){ .label = "chunk line too long",
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_code = "too-large", .want_says = "longer than 4096 bytes" },
	    CHUNKED "1;", 'e', H1_MAX_CHUNK_LINE - 1, "\r\nx\r\n0\r\n\r\n");
	check_long((struct row){ .label = "chunk line without an end",
	    .want_status = 200, .want_framing = H1_CHUNKED,
	    .want_code = "too-large", .want_says = "longer than 4096 bytes" },
	    CHUNKED, '0', H1_MAX_CHUNK_LINE + 3, "");
}

static void
test_interim_limit(void **state)
{
	static const struct row good = { .label = "as many 1xx as allowed",
	    .want_status = 200 };
	static const struct row bad = { .label = "one 1xx too many",
	    .want_code = "too-large", .want_says = "more than 32 interim" };
	struct buf in = { 0 };
	struct row r = good;
	int i;

	(void)state;
	for (i = 0; i < ANSWER_MAX_INTERIM; i++)
		copy(&in, span_of("HTTP/1.1 102 X\r\n\r\n"));
	copy(&in, span_of(OK EMPTY));
	r.in = buf_span(&in);
	check_table(&r, 1);

	in.len -= strlen(OK EMPTY);
	copy(&in, span_of("HTTP/1.1 102 X\r\n\r\n" OK EMPTY));
	r = bad;
	r.in = buf_span(&in);
	check_table(&r, 1);
	buf_clear(&in);
}

/* The default limit, by a header that has no end, in pieces of 1 KB. */
static void
test_default_limit(void **state)
{
	static const char piece[1024] = { 'a', 'a', 'a' };
	struct error err;
	struct span body;
	struct h1 p;
	size_t used, total;

	(void)state;
	h1_init(&p);
	assert_int_equal(h1_next(&p, OK, strlen(OK), &used, &body, &err),
	    ANSWER_MORE);
	for (total = used; h1_next(&p, piece, sizeof(piece), &used, &body,
	    &err) == ANSWER_MORE; total += used)
		assert_true(total <= ANSWER_MAX_HEADER);
	assert_string_equal(err.code, "too-large");
	assert_int_equal(total + used, ANSWER_MAX_HEADER);
	h1_clear(&p);
}

/* Body bytes are handed out where they are, NUL and all. */
static void
test_no_copy(void **state)
{
	static const char in[] = OK "content-length: 4\r\n\r\n\0\r\n\xff";
	struct error err;
	struct span body;
	struct h1 p;
	size_t used, n;

	(void)state;
	h1_init(&p);
	assert_int_equal(h1_next(&p, in, sizeof(in) - 1, &used, &body, &err),
	    ANSWER_HEAD);
	n = used;
	assert_int_equal(n, sizeof(in) - 1 - 4);
	assert_null(body.data);
	assert_int_equal(p.answer.length, 4);
	assert_int_equal(h1_next(&p, in + n, 4, &used, &body, &err),
	    ANSWER_DATA);
	assert_ptr_equal(body.data, in + n);
	assert_int_equal(body.len, 4);
	assert_int_equal(h1_next(&p, NULL, 0, &used, &body, &err), ANSWER_END);
	assert_int_equal(used, 0);
	assert_int_equal(h1_eof(&p, &err), ANSWER_END);
	h1_clear(&p);
	h1_clear(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_field),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_chunk),
		cmocka_unit_test(test_flow),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_chunk_line),
		cmocka_unit_test(test_interim_limit),
		cmocka_unit_test(test_default_limit),
		cmocka_unit_test(test_no_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
