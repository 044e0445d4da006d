/* What nghttp2 tells of what has come, and of what it sends on its own. */
#ifdef HAVE_NGHTTP2
#include <inttypes.h>
#include <string.h>

#include "http/h2_internal.h"
#include "http/quote.h"

#define STATUS_LEN	3
#define FIELD_OVERHEAD	32	/* bytes, as counted by RFC 9113 6.5.2 */

/* NULL: it is none of ours, or has been given up. */
static struct h2_stream *
live_stream(struct h2 *h, int32_t id)
{
	struct h2_stream *s = nghttp2_session_get_stream_user_data(h->ng, id);

	return s != NULL && h2_is_live(s) ? s : NULL;
}

static struct span
span_of_rcbuf(nghttp2_rcbuf *rcbuf)
{
	nghttp2_vec vec = nghttp2_rcbuf_get_buf(rcbuf);
	struct span s = { (const char *)vec.base, vec.len };

	return s;
}

/* The server does what it must not, and nghttp2 would have let it. */
static void
refuse_all(struct h2 *h, uint32_t code, const char *what)
{
	struct error why;

	if (h->why.kind != ERR_NONE)
		return;
	error_setx(&why, ERR_PROTOCOL, "h2", "the server %s", what);
	h2_fail_all(h, &why);
	(void)nghttp2_session_terminate_session(h->ng, code);
}

/*
 * Every frame costs something.  A server that sends thousands, and none of
 * them the smallest part of an answer, is up to no good (section 10.5).  Push
 * was turned off before the first request, so none can cross it (6.6).
 */
static int
on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *hd, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s = live_stream(h, hd->stream_id);

	(void)ng;
	if (s != NULL) {
		s->frame_flags = hd->flags;
		s->frame_left = hd->type == NGHTTP2_DATA ? hd->length : 0;
	}
	if (hd->type == NGHTTP2_PUSH_PROMISE)
		refuse_all(h, NGHTTP2_PROTOCOL_ERROR,
		    "pushes, which it was told not to (PUSH_PROMISE)");
	if (++h->useless > H2_MAX_USELESS)
		refuse_all(h, NGHTTP2_ENHANCE_YOUR_CALM,
		    "sends HTTP/2 frames without end that bring nothing");
	return 0;
}

static int
on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
	struct h2_stream *s = live_stream(arg, frame->hd.stream_id);

	(void)ng;
	if (s != NULL)
		s->has_begun = true;
	return 0;
}

/* nghttp2 has seen that it is three digits, and of what kind each field is. */
static void
take_status(struct h2_stream *s, struct span value)
{
	const char *c = value.data;

	if (value.len != STATUS_LEN)
		return;
	s->answer.status = (c[0] - '0') * 100 + (c[1] - '0') * 10 + c[2] - '0';
	if (s->answer.status < 100)
		h2_fail(s, "h2", "status is below 100: %d", s->answer.status);
}

/* Likewise that it is a number of at most 63 bits. */
static void
take_length(struct h2_stream *s, struct span value)
{
	size_t i;

	s->has_length = true;
	s->length = 0;
	for (i = 0; i < value.len; i++)
		s->length = s->length * 10 + (uint64_t)(value.data[i] - '0');
}

static void
take_field(struct h2_stream *s, struct span name, struct span value)
{
	struct headers *to = s->has_head ? &s->answer.trailers :
	    &s->answer.headers;

	s->header_bytes += name.len + value.len + FIELD_OVERHEAD;
	if (s->header_bytes > s->max_header) {
		h2_fail(s, "too-large", "response header is larger than "
		    "max_header (%zu bytes)", s->max_header);
		return;
	}
	if (name.data[0] == ':') {	/* the only one is :status */
		take_status(s, value);
		return;
	}
	if (!s->has_head && span_is(name, "content-length"))
		take_length(s, value);
	if (headers_add(to, name, span_trim(value)) == -1)
		h2_fail_nomem(s);
}

/* A stream that fails here is reset by nghttp2, which skips the rest. */
static int
on_header(nghttp2_session *ng, const nghttp2_frame *frame,
    nghttp2_rcbuf *name, nghttp2_rcbuf *value, uint8_t flags, void *arg)
{
	struct h2_stream *s = live_stream(arg, frame->hd.stream_id);

	(void)ng;
	(void)flags;
	if (s == NULL)
		return 0;
	take_field(s, span_of_rcbuf(name), span_of_rcbuf(value));
	return h2_is_live(s) ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

/* nghttp2 would leave it out; it makes the answer malformed (8.2.1). */
static int
on_invalid_header(nghttp2_session *ng, const nghttp2_frame *frame,
    nghttp2_rcbuf *name, nghttp2_rcbuf *value, uint8_t flags, void *arg)
{
	struct h2_stream *s = live_stream(arg, frame->hd.stream_id);
	char n[QUOTE_MAX], v[QUOTE_MAX];

	(void)ng;
	(void)flags;
	if (s != NULL)
		h2_fail(s, "h2", "malformed header %s: %s",
		    quote(n, span_of_rcbuf(name)),
		    quote(v, span_of_rcbuf(value)));
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

/* A header section is complete: 1xx are skipped (RFC 9110 section 15.2). */
static void
end_headers(struct h2_stream *s)
{
	struct answer *a = &s->answer;

	if (s->has_head)
		return;			/* those were trailers */
	if (a->status >= 200) {
		s->has_head = true;
		a->http = "2";
		a->is_sized = s->has_length && s->length > 0 && !s->no_body &&
		    a->status != 204 && a->status != 304;
		a->length = a->is_sized ? s->length : 0;
		h2_useful(s->h2);
	} else if (s->interim++ == ANSWER_MAX_INTERIM) {
		h2_fail(s, "too-large", "more than %d interim (1xx) answers",
		    ANSWER_MAX_INTERIM);
		(void)nghttp2_submit_rst_stream(s->h2->ng, NGHTTP2_FLAG_NONE,
		    s->id, NGHTTP2_ENHANCE_YOUR_CALM);
	} else {
		headers_reset(&a->headers);
		s->has_length = false;
	}
}

static void
take_goaway(struct h2 *h, const nghttp2_goaway *goaway)
{
	h->has_goaway = true;
	h->goaway_code = goaway->error_code;
}

static int
on_frame_recv(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
	struct h2_stream *s = live_stream(arg, frame->hd.stream_id);
	uint8_t type = frame->hd.type;

	(void)ng;
	if (type == NGHTTP2_GOAWAY)
		take_goaway(arg, &frame->goaway);
	if (s == NULL || (type != NGHTTP2_HEADERS && type != NGHTTP2_DATA))
		return 0;
	if (type == NGHTTP2_HEADERS)
		end_headers(s);
	if (h2_is_live(s) && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
		s->has_ended = true;
	h2_touch(s);
	return 0;
}

/*
 * The connection's window opens at once, a stream's when its reader has come
 * back: one that is slow must not hold up the others (section 5.2.1).
 */
static int
on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *data,
    size_t len, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s = live_stream(h, id);

	(void)flags;
	if (nghttp2_session_consume_connection(ng, len) != 0)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (s == NULL)
		return 0;
	s->got += len;
	s->frame_left -= len;
	if (buf_add(&s->in, data, len) == -1) {
		h2_fail_nomem(s);
		return nghttp2_submit_rst_stream(ng, NGHTTP2_FLAG_NONE, id,
		    NGHTTP2_INTERNAL_ERROR) == 0 ? 0 :
		    NGHTTP2_ERR_CALLBACK_FAILURE;
	}
	if (len > 0)
		h2_useful(h);
	h2_touch(s);
	return 0;
}

/* The words for HTTP_1_1_REQUIRED are not for who wrote the protocol. */
static void
fail_reset(struct h2_stream *s, uint32_t code)
{
	h2_fail(s, "h2", "the server reset the HTTP/2 stream: %s",
	    nghttp2_http2_strerror(code));
	if (code == NGHTTP2_HTTP_1_1_REQUIRED)
		error_hint(&s->why, "the server wants HTTP/1.1 for this: "
		    "http=\"1.1\"");
}

/* REFUSED_STREAM also stands for those after the last one of a GOAWAY. */
static int
on_stream_close(nghttp2_session *ng, int32_t id, uint32_t code, void *arg)
{
	struct h2_stream *s = nghttp2_session_get_stream_user_data(ng, id);
	struct h2 *h = arg;

	if (s == NULL)
		return 0;
	s->is_closed = true;
	if (!h2_is_live(s))
		return 0;
	if (code != NGHTTP2_REFUSED_STREAM || s->has_begun) {
		fail_reset(s, code);
		return 0;
	}
	s->is_unprocessed = true;
	h2_fail(s, "h2", h->has_goaway ?
	    "the server ends the connection without this request (GOAWAY, %s)"
	    : "the server refused the request (%s)",
	    nghttp2_http2_strerror(h->has_goaway ? h->goaway_code : code));
	return 0;
}

/* "..., name: [a], value: [b]": what is wrong with a field, in its words. */
static void
keep_field(struct h2 *h, const char *msg)
{
	const char *name = strstr(msg, "name: [");
	const char *value = name == NULL ? NULL : strstr(name, "], value: [");
	struct span s = { NULL, 0 };

	h->bad_field[0] = '\0';
	if (value == NULL)
		return;
	s.data = name + strlen("name: [");
	s.len = (size_t)(value - s.data);
	quote(h->bad_field, s);
}

/* It says more than the code that on_invalid_frame gets then. */
static int
on_error(nghttp2_session *ng, int code, const char *msg, size_t len, void *arg)
{
	(void)ng;
	(void)len;
	if (code == NGHTTP2_ERR_HTTP_HEADER)
		keep_field(arg, msg);
	return 0;
}

static int
on_invalid_frame(nghttp2_session *ng, const nghttp2_frame *frame, int code,
    void *arg)
{
	struct h2_stream *s = live_stream(arg, frame->hd.stream_id);
	const struct h2 *h = arg;

	(void)ng;
	if (s == NULL)
		return 0;
	if (code == NGHTTP2_ERR_HTTP_HEADER && h->bad_field[0] != '\0')
		h2_fail(s, "h2", "malformed header %s", h->bad_field);
	else
		h2_malformed(s, nghttp2_strerror(code));
	return 0;
}

/* nghttp2 ends the connection for what the server did. */
static void
before_goaway(struct h2 *h, const nghttp2_goaway *goaway)
{
	struct span said = { (const char *)goaway->opaque_data,
	    goaway->opaque_data_len };
	char text[QUOTE_MAX];
	struct error why;

	if (goaway->error_code == NGHTTP2_NO_ERROR)
		return;
	error_setx(&why, ERR_PROTOCOL, "h2",
	    "the server breaks the rules of HTTP/2 (%s)%s%s",
	    nghttp2_http2_strerror(goaway->error_code),
	    said.len > 0 ? ": " : "", said.len > 0 ? quote(text, said) : "");
	h2_fail_all(h, &why);
}

static int
before_send(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
	struct h2_stream *s = nghttp2_session_get_stream_user_data(ng,
	    frame->hd.stream_id);
	struct h2 *h = arg;

	if (frame->hd.type == NGHTTP2_GOAWAY)
		before_goaway(h, &frame->goaway);
	if (s == NULL)
		return 0;
	if (frame->hd.type == NGHTTP2_RST_STREAM)
		h2_malformed(s, nghttp2_http2_strerror(
		    frame->rst_stream.error_code));
	if (frame->hd.type == NGHTTP2_HEADERS) {
		s->is_begun = true;
		s->begins_at = h->gathered;
	}
	return 0;
}

static int
on_sent(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
	(void)ng;
	if (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA)
		h2_useful(arg);
	return 0;
}

/* A request that waited for others, and now there is no connection for it. */
static int
on_not_sent(nghttp2_session *ng, const nghttp2_frame *frame, int code,
    void *arg)
{
	struct h2_stream *s = live_stream(arg, frame->hd.stream_id);

	(void)ng;
	if (s == NULL || frame->hd.type != NGHTTP2_HEADERS)
		return 0;
	s->is_unprocessed = true;
	/* Our own compressor fails in no other way. */
	if (code == NGHTTP2_ERR_NOMEM || code == NGHTTP2_ERR_HEADER_COMP)
		h2_fail_nomem(s);
	h2_fail(s, "h2", "the connection takes no more requests: %s",
	    nghttp2_strerror(code));
	return 0;
}

void
h2_set_receivers(nghttp2_session_callbacks *to)
{
	nghttp2_session_callbacks_set_on_begin_frame_callback(to,
	    on_begin_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(to,
	    on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback2(to, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback2(to,
	    on_invalid_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(to,
	    on_frame_recv);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(to, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(to,
	    on_stream_close);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(to,
	    on_invalid_frame);
	nghttp2_session_callbacks_set_before_frame_send_callback(to,
	    before_send);
	nghttp2_session_callbacks_set_on_frame_send_callback(to, on_sent);
	nghttp2_session_callbacks_set_error_callback2(to, on_error);
	nghttp2_session_callbacks_set_on_frame_not_send_callback(to,
	    on_not_sent);
}
#endif
