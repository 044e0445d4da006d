/*
 * HTTP/2 against nghttp2's own server, in memory: what a server understands of
 * our requests, and windows, queues and ends that need two sides.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <nghttp2/nghttp2.h>

#include "base/buf.h"
#include "http/h2.h"

#define STREAMS		64
#define GET		"GET / HTTP/1.1\r\nhost: a.example\r\n\r\n"
#define POST		"POST / HTTP/1.1\r\nhost: a.example\r\n\r\n"

/* What the server knows of a request, and what it will answer. */
struct served {
	struct buf	fields;		/* "name: value\n" */
	struct buf	body;
	bool		complete;
	bool		is_closed;
	uint32_t	code;		/* then */
	size_t		left;		/* of the answer's body, in bytes */
	size_t		sent;
};

struct server {
	nghttp2_session	*ng;
	struct served	 streams[STREAMS];	/* 1, 3, 5, ... */
	size_t		 count;			/* begun */
};

static struct served *
served(struct server *sv, int32_t id)
{
	assert_true(id > 0 && id % 2 == 1 && id / 2 < STREAMS);
	return &sv->streams[id / 2];
}

/* The body of every answer: byte i is what i says. */
static char
body_byte(size_t i)
{
	return (char)('a' + i % 26);
}

static ssize_t
send_body(nghttp2_session *ng, int32_t id, uint8_t *to, size_t len,
    uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct served *s = served(arg, id);
	size_t i;

	(void)ng;
	(void)source;
	if (len > s->left)
		len = s->left;
	for (i = 0; i < len; i++)
		to[i] = (uint8_t)body_byte(s->sent + i);
	s->sent += len;
	s->left -= len;
	if (s->left == 0)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)len;
}

static int
on_header(nghttp2_session *ng, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_len, const uint8_t *value,
    size_t value_len, uint8_t flags, void *arg)
{
	struct served *s = served(arg, frame->hd.stream_id);

	(void)ng;
	(void)flags;
	return buf_addf(&s->fields, "%.*s: %.*s\n", (int)name_len,
	    (const char *)name, (int)value_len, (const char *)value);
}

static int
on_begin(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
	struct server *sv = arg;

	(void)ng;
	(void)frame;
	sv->count++;
	return 0;
}

static int
on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
	(void)ng;
	if ((frame->hd.type == NGHTTP2_HEADERS ||
	    frame->hd.type == NGHTTP2_DATA) &&
	    (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
		served(arg, frame->hd.stream_id)->complete = true;
	return 0;
}

static int
on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *data,
    size_t len, void *arg)
{
	(void)ng;
	(void)flags;
	return buf_add(&served(arg, id)->body, data, len);
}

static int
on_close(nghttp2_session *ng, int32_t id, uint32_t code, void *arg)
{
	(void)ng;
	served(arg, id)->is_closed = true;
	served(arg, id)->code = code;
	return 0;
}

static void
server_init(struct server *sv, const nghttp2_settings_entry *settings,
    size_t count)
{
	nghttp2_session_callbacks *cb;
	nghttp2_option *option;

	memset(sv, 0, sizeof(*sv));
	assert_int_equal(nghttp2_session_callbacks_new(&cb), 0);
	assert_int_equal(nghttp2_option_new(&option), 0);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
	nghttp2_option_set_no_auto_window_update(option, 1);
	assert_int_equal(nghttp2_session_server_new2(&sv->ng, cb, sv, option),
	    0);
	nghttp2_session_callbacks_del(cb);
	nghttp2_option_del(option);
	assert_int_equal(nghttp2_submit_settings(sv->ng, NGHTTP2_FLAG_NONE,
	    settings, count), 0);
}

static void
server_clear(struct server *sv)
{
	size_t i;

	for (i = 0; i < STREAMS; i++) {
		buf_clear(&sv->streams[i].fields);
		buf_clear(&sv->streams[i].body);
	}
	nghttp2_session_del(sv->ng);
}

/* Answers 200 with that many bytes. */
static void
answer(struct server *sv, int32_t id, size_t len)
{
	static char name[] = ":status", value[] = "200";
	const nghttp2_nv nv = { (uint8_t *)name, (uint8_t *)value,
	    sizeof(name) - 1, sizeof(value) - 1, NGHTTP2_NV_FLAG_NONE };
	const nghttp2_data_provider body = { .read_callback = send_body };

	served(sv, id)->left = len;
	assert_int_equal(nghttp2_submit_response(sv->ng, id, &nv, 1,
	    len > 0 ? &body : NULL), 0);
}

/* Carries bytes both ways, at most size at once, until neither has any. */
static void
carry(struct h2 *h, struct server *sv, size_t size)
{
	const uint8_t *data;
	struct span out;
	ssize_t n, i;
	bool moved;

	do {
		moved = false;
		while ((out = h2_output(h)).len > 0) {
			n = (ssize_t)(out.len < size ? out.len : size);
			assert_int_equal(nghttp2_session_mem_recv(sv->ng,
			    (const uint8_t *)out.data, (size_t)n), n);
			h2_written(h, (size_t)n);
			moved = true;
		}
		while ((n = nghttp2_session_mem_send(sv->ng, &data)) > 0) {
			for (i = 0; i < n; i += (ssize_t)size)
				h2_feed(h, (const char *)data + i,
				    (size_t)(n - i) < size ? (size_t)(n - i) :
				    size);
			moved = true;
		}
		assert_true(n == 0);
	} while (moved);
}

static struct h2 *
new_session(void)
{
	struct error err;
	struct h2 *h = h2_new(ANSWER_MAX_HEADER, &err);

	assert_non_null(h);
	return h;
}

static struct h2_stream *
open_stream(struct h2 *h, const char *head, bool has_body)
{
	struct h2_request request = { .head = span_of(head),
	    .scheme = "https", .has_body = has_body,
	    .max_header = ANSWER_MAX_HEADER };
	struct h2_stream *s;
	struct error err;

	s = h2_open(h, &request, &err);
	assert_non_null(s);
	return s;
}

/* Reads what there is; returns how many bytes. */
static size_t
read_body(struct h2_stream *s, size_t from, enum answer_event *last)
{
	struct span piece;
	struct error err;
	size_t n = 0, i;

	while ((*last = h2_next(s, &piece, &err)) == ANSWER_HEAD ||
	    *last == ANSWER_DATA) {
		assert_true(piece.len <= H2_PIECE);
		for (i = 0; i < piece.len; i++, n++)
			assert_int_equal(piece.data[i], body_byte(from + n));
	}
	return n;
}

static const struct request_row {
	const char	*label;
	const char	*head;
	const char	*want;
} request_rows[] = {
	{ "plain", GET, ":method: GET\n:scheme: https\n"
	    ":authority: a.example\n:path: /\n" },
	{ "names in lower case", "GET /a?b=C HTTP/1.1\r\nHost: A:81\r\n"
	    "User-Agent: L/1\r\nX-AbC: dEf\r\n\r\n", ":method: GET\n"
	    ":scheme: https\n:authority: A:81\n:path: /a?b=C\n"
	    "user-agent: L/1\nx-abc: dEf\n" },
	{ "host not first", "GET / HTTP/1.1\r\nA: b\r\nhost: h\r\n\r\n",
	    ":method: GET\n:scheme: https\n:authority: h\n:path: /\na: b\n" },
	{ "same name twice", "GET / HTTP/1.1\r\nhost: h\r\nA: b\r\na: c\r\n\r\n",
	    ":method: GET\n:scheme: https\n:authority: h\n:path: /\n"
	    "a: b\na: c\n" },
	{ "about the connection", "GET / HTTP/1.1\r\nhost: h\r\n"
	    "Connection: close\r\nKeep-Alive: 1\r\nproxy-connection: x\r\n"
	    "Transfer-Encoding: chunked\r\nUpgrade: h2c\r\n"
	    "HTTP2-Settings: x\r\nTE: gzip\r\na: b\r\n\r\n",
	    ":method: GET\n:scheme: https\n:authority: h\n:path: /\na: b\n" },
	{ "te: trailers", "GET / HTTP/1.1\r\nhost: h\r\nTE: trailers\r\n\r\n",
	    ":method: GET\n:scheme: https\n:authority: h\n:path: /\n"
	    "te: trailers\n" },
	{ "empty value", "GET / HTTP/1.1\r\nhost: h\r\nA: \r\nb:c\r\n\r\n",
	    ":method: GET\n:scheme: https\n:authority: h\n:path: /\n"
	    "a: \nb: c\n" },
	{ "colons", "GET /a:b HTTP/1.1\r\nhost: h\r\nA: b:c: d\r\n\r\n",
	    ":method: GET\n:scheme: https\n:authority: h\n:path: /a:b\n"
	    "a: b:c: d\n" },
	{ "options of the server", "OPTIONS * HTTP/1.1\r\nhost: h\r\n\r\n",
	    ":method: OPTIONS\n:scheme: https\n:authority: h\n:path: *\n" },
};

static void
test_request(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(request_rows) / sizeof(request_rows[0]); i++) {
		const struct request_row *r = &request_rows[i];
		struct h2 *h = new_session();
		struct h2_stream *s = open_stream(h, r->head, false);
		struct server sv;
		struct span got;

		server_init(&sv, NULL, 0);
		carry(h, &sv, 16384);
		assert_int_equal(buf_add(&sv.streams[0].fields, "", 1), 0);
		got = buf_span(&sv.streams[0].fields);
		if (strcmp(got.data, r->want) != 0)
			fail_msg("h2/%s: got\n%swant\n%s", r->label, got.data,
			    r->want);
		assert_true(sv.streams[0].complete);
		h2_close(s);
		h2_free(h);
		server_clear(&sv);
	}
}

/* What a server thinks of a large head is the server's to say. */
static void
test_large_request(void **state)
{
	static char head[200000];
	struct h2 *h = new_session();
	struct h2_stream *s;
	struct span piece, out;
	struct error err;
	size_t n;

	(void)state;
	memset(head, 'x', sizeof(head) - 1);
	n = (size_t)snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nA: ");
	head[n] = 'x';
	memcpy(head + sizeof(head) - 5, "\r\n\r\n", 5);
	s = open_stream(h, head, false);
	for (n = 0; (out = h2_output(h)).len > 0; n += out.len)
		h2_written(h, out.len);
	assert_true(n > 100000);
	assert_int_equal(h2_next(s, &piece, &err), ANSWER_MORE);
	h2_close(s);
	h2_free(h);
}

static void
test_settings(void **state)
{
	struct h2 *h = new_session();
	struct server sv;

	(void)state;
	server_init(&sv, NULL, 0);
	carry(h, &sv, 1);
	assert_int_equal(nghttp2_session_get_remote_settings(sv.ng,
	    NGHTTP2_SETTINGS_ENABLE_PUSH), 0);
	assert_int_equal(nghttp2_session_get_remote_settings(sv.ng,
	    NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE), H2_WINDOW);
	assert_int_equal(nghttp2_session_get_remote_settings(sv.ng,
	    NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE), ANSWER_MAX_HEADER);
	assert_true(nghttp2_session_get_remote_window_size(sv.ng) > H2_WINDOW);
	h2_free(h);
	server_clear(&sv);
}

/* A body in two pieces, the server's window being smaller than either. */
static void
test_upload(void **state)
{
	static char bytes[100000];
	const struct span first = { bytes, 60000 }, second = { bytes, 100000 };
	const nghttp2_settings_entry window = {
		NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 10000 };
	struct h2 *h = new_session();
	struct h2_stream *s;
	struct server sv;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = body_byte(i);
	server_init(&sv, &window, 1);
	carry(h, &sv, 16384);
	s = open_stream(h, POST, true);
	carry(h, &sv, 16384);
	assert_int_equal(sv.streams[0].body.len, 0);
	h2_send(s, first, false);
	carry(h, &sv, 16384);
	assert_int_equal(sv.streams[0].body.len, 10000);
	assert_false(h2_is_taken(s));
	for (i = 0; i < 5; i++) {
		nghttp2_session_consume(sv.ng, 1, 10000);
		carry(h, &sv, 16384);
	}
	assert_int_equal(sv.streams[0].body.len, 60000);
	assert_memory_equal(sv.streams[0].body.data, bytes, 60000);
	assert_true(h2_is_taken(s));
	assert_false(sv.streams[0].complete);
	h2_send(s, second, true);
	for (i = 0; i < 15; i++) {
		nghttp2_session_consume(sv.ng, 1, 10000);
		carry(h, &sv, 16384);
	}
	assert_int_equal(sv.streams[0].body.len, 160000);
	assert_memory_equal(sv.streams[0].body.data + 60000, bytes, 100000);
	assert_true(h2_is_taken(s) && sv.streams[0].complete);
	h2_close(s);
	h2_free(h);
	server_clear(&sv);
}

/* What is left of a piece is looked at no more, though there is room for it. */
static void
test_stopped_upload(void **state)
{
	const size_t len = 100000;
	struct h2 *h = new_session();
	struct h2_stream *s = open_stream(h, POST, true);
	struct span piece = { calloc(1, len), len };
	struct server sv;

	(void)state;
	assert_non_null(piece.data);
	server_init(&sv, NULL, 0);
	h2_send(s, piece, true);
	carry(h, &sv, 16384);
	assert_int_equal(sv.streams[0].body.len, 65535);
	h2_stop(s);
	free((char *)piece.data);
	nghttp2_session_consume(sv.ng, 1, 65535);
	answer(&sv, 1, 10);
	carry(h, &sv, 16384);
	assert_int_equal(sv.streams[0].body.len, 65535);
	assert_false(sv.streams[0].complete);
	h2_close(s);
	carry(h, &sv, 16384);
	assert_int_equal(sv.streams[0].code, NGHTTP2_CANCEL);
	h2_free(h);
	server_clear(&sv);
}

/* The last piece may be empty, and may be the only one. */
static void
test_empty_upload(void **state)
{
	const struct span none = { NULL, 0 }, x = { "x", 1 };
	struct h2 *h = new_session();
	struct h2_stream *a = open_stream(h, POST, true);
	struct h2_stream *b = open_stream(h, POST, true);
	struct server sv;

	(void)state;
	server_init(&sv, NULL, 0);
	h2_send(a, none, true);
	assert_false(h2_is_taken(a));
	carry(h, &sv, 16384);
	assert_true(h2_is_taken(a) && sv.streams[0].complete);
	h2_send(b, x, false);
	carry(h, &sv, 16384);
	assert_true(h2_is_taken(b) && !sv.streams[1].complete);
	h2_send(b, none, true);
	carry(h, &sv, 16384);
	assert_true(h2_is_taken(b) && sv.streams[1].complete);
	assert_int_equal(sv.streams[1].body.len, 1);
	h2_close(a);
	h2_close(b);
	h2_free(h);
	server_clear(&sv);
}

/*
 * Nobody reads the one answer: the server sends H2_WINDOW of it and no more,
 * while another gets through; then it is read.
 */
static void
test_download(void **state)
{
	const size_t len = 4 * H2_WINDOW + 123;
	struct h2 *h = new_session();
	struct h2_stream *slow = open_stream(h, GET, false);
	struct h2_stream *quick = open_stream(h, GET, false);
	enum answer_event last;
	struct server sv;
	size_t n = 0;

	(void)state;
	server_init(&sv, NULL, 0);
	carry(h, &sv, 16384);
	answer(&sv, 1, len);
	answer(&sv, 3, len);
	carry(h, &sv, 16384);
	assert_int_equal(sv.streams[0].sent, H2_WINDOW);
	for (n = 0, last = ANSWER_MORE; last == ANSWER_MORE;) {
		n += read_body(quick, n, &last);
		carry(h, &sv, 16384);
	}
	assert_int_equal(last, ANSWER_END);
	assert_int_equal(n, len);
	assert_int_equal(sv.streams[0].sent, H2_WINDOW);
	for (n = 0, last = ANSWER_MORE; last == ANSWER_MORE;) {
		n += read_body(slow, n, &last);
		carry(h, &sv, 1000);
	}
	assert_int_equal(last, ANSWER_END);
	assert_int_equal(n, len);
	assert_int_equal(h2_answer(slow)->received, len);
	h2_close(slow);
	h2_close(quick);
	h2_free(h);
	server_clear(&sv);
}

/* A piece stays what it is while more comes. */
static void
test_piece(void **state)
{
	struct h2 *h = new_session();
	struct h2_stream *s = open_stream(h, GET, false);
	struct span piece;
	struct error err;
	struct server sv;
	size_t i;

	(void)state;
	server_init(&sv, NULL, 0);
	carry(h, &sv, 16384);
	answer(&sv, 1, 100000);
	for (i = 0; i < 3; i++) {	/* settings, head, data */
		const uint8_t *data;
		ssize_t n = nghttp2_session_mem_send(sv.ng, &data);

		h2_feed(h, (const char *)data, (size_t)n);
	}
	assert_int_equal(h2_next(s, &piece, &err), ANSWER_HEAD);
	assert_int_equal(h2_next(s, &piece, &err), ANSWER_DATA);
	carry(h, &sv, 16384);
	for (i = 0; i < piece.len; i++)
		assert_int_equal(piece.data[i], body_byte(i));
	h2_close(s);
	h2_free(h);
	server_clear(&sv);
}

/* SETTINGS_MAX_CONCURRENT_STREAMS is obeyed; the others wait their turn. */
static void
test_concurrent(void **state)
{
	const nghttp2_settings_entry two = {
		NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2 };
	struct h2_stream *s[5];
	struct h2 *h = new_session();
	enum answer_event last;
	struct server sv;
	size_t i;

	(void)state;
	server_init(&sv, &two, 1);
	carry(h, &sv, 16384);
	assert_true(h2_has_room(h));
	for (i = 0; i < 5; i++)
		s[i] = open_stream(h, GET, false);
	assert_true(h2_is_open(h) && !h2_has_room(h));
	assert_int_equal(h2_count(h), 5);
	carry(h, &sv, 16384);
	assert_int_equal(sv.count, 2);
	assert_true(h2_was_sent(s[1]) && !h2_was_sent(s[2]));
	h2_close(s[4]);			/* was never sent */
	answer(&sv, 1, 10);
	carry(h, &sv, 16384);
	assert_int_equal(sv.count, 3);
	answer(&sv, 3, 10);
	answer(&sv, 5, 10);
	carry(h, &sv, 16384);
	assert_int_equal(sv.count, 4);
	answer(&sv, 7, 10);
	carry(h, &sv, 16384);
	assert_int_equal(sv.count, 4);
	for (i = 0; i < 4; i++) {
		assert_int_equal(read_body(s[i], 0, &last), 10);
		assert_int_equal(last, ANSWER_END);
		h2_close(s[i]);
	}
	assert_true(h2_has_room(h));
	h2_free(h);
	server_clear(&sv);
}

/* What the server will not take is told apart from what it will. */
static void
test_goaway(void **state)
{
	const nghttp2_settings_entry two = {
		NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2 };
	struct h2_stream *s[3];
	struct h2 *h = new_session();
	enum answer_event last;
	struct server sv;
	size_t i;

	(void)state;
	server_init(&sv, &two, 1);
	carry(h, &sv, 16384);
	for (i = 0; i < 3; i++)
		s[i] = open_stream(h, GET, false);
	carry(h, &sv, 16384);
	assert_int_equal(nghttp2_submit_goaway(sv.ng, NGHTTP2_FLAG_NONE, 1,
	    NGHTTP2_NO_ERROR, NULL, 0), 0);
	answer(&sv, 1, 100);
	carry(h, &sv, 16384);
	assert_false(h2_is_open(h));
	assert_int_equal(read_body(s[0], 0, &last), 100);
	assert_int_equal(last, ANSWER_END);
	for (i = 1; i < 3; i++) {
		assert_int_equal(read_body(s[i], 0, &last), 0);
		assert_int_equal(last, ANSWER_FAILED);
		assert_true(h2_is_unprocessed(s[i]));
	}
	for (i = 0; i < 3; i++)
		h2_close(s[i]);
	h2_free(h);
	server_clear(&sv);
}

/* Who gives up tells the server, and disturbs nobody else. */
static void
test_cancel(void **state)
{
	const struct span x = { "x", 1 };
	struct h2 *h = new_session();
	struct h2_stream *a = open_stream(h, GET, false);
	struct h2_stream *b = open_stream(h, POST, true);
	struct h2_stream *c = open_stream(h, GET, false);
	enum answer_event last;
	struct server sv;

	(void)state;
	server_init(&sv, NULL, 0);
	carry(h, &sv, 16384);
	answer(&sv, 1, 2 * H2_WINDOW);
	answer(&sv, 5, 100);
	h2_send(b, x, false);
	carry(h, &sv, 16384);
	h2_send(b, x, true);
	h2_close(a);
	h2_close(b);			/* with a piece that has not gone */
	carry(h, &sv, 16384);
	assert_true(sv.streams[0].is_closed && sv.streams[1].is_closed);
	assert_int_equal(sv.streams[0].code, NGHTTP2_CANCEL);
	assert_int_equal(sv.streams[1].code, NGHTTP2_CANCEL);
	assert_false(sv.streams[1].complete);
	assert_int_equal(read_body(c, 0, &last), 100);
	assert_int_equal(last, ANSWER_END);
	h2_close(c);
	assert_true(h2_is_open(h) && h2_count(h) == 0);
	a = open_stream(h, GET, false);
	carry(h, &sv, 16384);
	assert_true(sv.streams[3].complete);
	h2_close(a);
	h2_free(h);
	server_clear(&sv);
}

/* Many at once, whose lengths differ, each told of only when it has news. */
static void
test_many(void **state)
{
	struct h2_stream *s[STREAMS], *changed;
	size_t got[STREAMS] = { 0 }, ended = 0, i;
	struct h2 *h = new_session();
	enum answer_event last;
	struct server sv;

	(void)state;
	server_init(&sv, NULL, 0);
	for (i = 0; i < STREAMS; i++)
		s[i] = open_stream(h, GET, false);
	carry(h, &sv, 777);
	assert_null(h2_changed(h));
	for (i = 0; i < STREAMS; i++)
		answer(&sv, (int32_t)(2 * i + 1), i * 1000);
	carry(h, &sv, 777);
	while ((changed = h2_changed(h)) != NULL) {
		for (i = 0; s[i] != changed; i++)
			continue;
		got[i] += read_body(s[i], got[i], &last);
		ended += last == ANSWER_END;
	}
	assert_int_equal(ended, STREAMS);
	for (i = 0; i < STREAMS; i++) {
		assert_int_equal(got[i], i * 1000);
		h2_close(s[i]);
	}
	h2_free(h);
	server_clear(&sv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_large_request),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_upload),
		cmocka_unit_test(test_stopped_upload),
		cmocka_unit_test(test_empty_upload),
		cmocka_unit_test(test_download),
		cmocka_unit_test(test_piece),
		cmocka_unit_test(test_concurrent),
		cmocka_unit_test(test_goaway),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
