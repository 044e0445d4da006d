/* The streams of an HTTP/2 session: a request out, its answer in. */
#ifdef HAVE_NGHTTP2
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/h2_internal.h"

/* How they end. */

bool
h2_is_live(const struct h2_stream *s)
{
	return !s->has_ended && s->why.kind == ERR_NONE;
}

void
h2_touch(struct h2_stream *s)
{
	if (s->is_changed)
		return;
	s->is_changed = true;
	s->next_changed = s->h2->changed;
	s->h2->changed = s;
}

void
h2_fail(struct h2_stream *s, const char *code, const char *fmt, ...)
{
	char message[ERROR_MESSAGE_MAX];
	va_list ap;

	if (!h2_is_live(s))
		return;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	error_setx(&s->why, ERR_PROTOCOL, code, "%s", message);
	h2_touch(s);
}

void
h2_fail_nomem(struct h2_stream *s)
{
	if (!h2_is_live(s))
		return;
	error_nomem(&s->why);
	h2_touch(s);
}

static void
fail_truncated(struct h2_stream *s, const char *what)
{
	if (s->answer.is_sized)
		h2_fail(s, "truncated", "%s ended after %" PRIu64 " of %"
		    PRIu64 " body bytes", what, s->got, s->length);
	else
		h2_fail(s, "truncated", "%s ended inside the response, after "
		    "%" PRIu64 " body bytes", what, s->got);
}

/* A body shorter than announced is told like that of HTTP/1.1. */
void
h2_malformed(struct h2_stream *s, const char *why)
{
	bool at_end = (s->frame_flags & NGHTTP2_FLAG_END_STREAM) != 0;
	bool is_padded = (s->frame_flags & NGHTTP2_FLAG_PADDED) != 0;

	if (!s->has_length || (!s->has_head && !at_end)) {
		h2_fail(s, "h2", "malformed HTTP/2 answer: %s", why);
	} else if (s->frame_left > 0 && !is_padded) {
		h2_fail(s, "h2", "the body is longer than content-length, %"
		    PRIu64, s->length);
	} else if (at_end) {
		s->answer.is_sized = true;
		fail_truncated(s, "the answer");
	} else {
		h2_fail(s, "h2", "malformed HTTP/2 answer: %s", why);
	}
}

void
h2_cut_off(struct h2_stream *s)
{
	struct h2 *h = s->h2;

	s->is_unprocessed = !h2_was_sent(s);
	if (s->has_begun)
		fail_truncated(s, "the connection");
	else if (h->has_goaway && h->goaway_code != NGHTTP2_NO_ERROR)
		h2_fail(s, "h2", "the server ended the connection (GOAWAY, %s)",
		    nghttp2_http2_strerror(h->goaway_code));
	else
		h2_fail(s, "closed", "the server closed the connection "
		    "without an answer");
}

/* Requests. */

/* nghttp2 asks for as much as the windows and a frame have room for. */
static ssize_t
on_read(nghttp2_session *ng, int32_t id, uint8_t *to, size_t len,
    uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct h2_stream *s = nghttp2_session_get_stream_user_data(ng, id);

	(void)source;
	(void)arg;
	if (s == NULL)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (s->is_stopped || (s->piece.len == 0 && !s->is_last)) {
		s->is_deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	if (len > s->piece.len)
		len = s->piece.len;
	if (len > 0)
		memcpy(to, s->piece.data, len);
	s->piece.data += len;
	s->piece.len -= len;
	if (s->piece.len == 0 && s->is_last) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		s->is_all = true;
	}
	h2_touch(s);
	return (ssize_t)len;
}

static int
submit(struct h2_stream *s, bool has_body, struct error *err)
{
	const nghttp2_data_provider body = { .read_callback = on_read };
	struct h2 *h = s->h2;
	struct span fields = buf_span(&h->fields);

	if (h->is_over) {
		*err = h->why;
		return -1;
	}
	s->id = nghttp2_submit_request(h->ng, NULL,
	    (const nghttp2_nv *)(const void *)fields.data,
	    fields.len / sizeof(nghttp2_nv), has_body ? &body : NULL, s);
	if (s->id == NGHTTP2_ERR_NOMEM)
		return error_nomem(err);
	return s->id > 0 ? 0 : error_setx(err, ERR_PROTOCOL, "h2",
	    "HTTP/2 session: %s", nghttp2_strerror(s->id));
}

static void
add_stream(struct h2 *h, struct h2_stream *s)
{
	s->next = h->streams;
	if (s->next != NULL)
		s->next->previous = s;
	h->streams = s;
	h->count++;
}

struct h2_stream *
h2_open(struct h2 *h, const struct h2_request *request, struct error *err)
{
	struct h2_stream *s = calloc(1, sizeof(*s));

	if (s == NULL || h2_read_head(h, request, &s->no_body) == -1) {
		free(s);
		error_nomem(err);
		return NULL;
	}
	s->h2 = h;
	s->user = request->user;
	s->max_header = request->max_header;
	s->is_last = s->is_all = !request->has_body;
	if (submit(s, request->has_body, err) == -1) {
		free(s);
		return NULL;
	}
	add_stream(h, s);
	return s;
}

static void
remove_stream(struct h2_stream *s)
{
	struct h2 *h = s->h2;
	struct h2_stream **at;

	if (s->next != NULL)
		s->next->previous = s->previous;
	if (s->previous != NULL)
		s->previous->next = s->next;
	else
		h->streams = s->next;
	for (at = &h->changed; *at != NULL; at = &(*at)->next_changed) {
		if (*at == s) {
			*at = s->next_changed;
			break;
		}
	}
	h->count--;
}

void
h2_close(struct h2_stream *s)
{
	struct h2 *h;

	if (s == NULL)
		return;
	h = s->h2;
	if (!h->is_over && !s->is_closed) {
		nghttp2_session_set_stream_user_data(h->ng, s->id, NULL);
		if (nghttp2_submit_rst_stream(h->ng, NGHTTP2_FLAG_NONE, s->id,
		    NGHTTP2_CANCEL) != 0)
			h2_give_up(h, NGHTTP2_ERR_NOMEM);
	}
	remove_stream(s);
	answer_clear(&s->answer);
	buf_clear(&s->in);
	buf_clear(&s->out);
	free(s);
}

void *
h2_user(const struct h2_stream *s)
{
	return s->user;
}

void
h2_send(struct h2_stream *s, struct span piece, bool last)
{
	assert(h2_is_taken(s) && !s->is_last);
	s->piece = piece;
	s->is_last = last;
	if (!s->is_deferred || s->is_closed || s->h2->is_over)
		return;
	s->is_deferred = false;
	if (nghttp2_session_resume_data(s->h2->ng, s->id) == NGHTTP2_ERR_NOMEM)
		h2_give_up(s->h2, NGHTTP2_ERR_NOMEM);
}

void
h2_stop(struct h2_stream *s)
{
	s->is_stopped = true;
	s->piece.data = NULL;
	s->piece.len = 0;
}

bool
h2_is_taken(const struct h2_stream *s)
{
	return s->piece.len == 0 && s->is_last == s->is_all;
}

/* Answers. */

/* The reader has come back: it has done with what it got last. */
static void
return_piece(struct h2_stream *s)
{
	if (s->lent == 0)
		return;
	buf_take(&s->out, s->lent);
	if (!s->is_closed && !s->h2->is_over &&
	    nghttp2_session_consume_stream(s->h2->ng, s->id, s->lent) ==
	    NGHTTP2_ERR_NOMEM)
		h2_give_up(s->h2, NGHTTP2_ERR_NOMEM);
	s->lent = 0;
}

/*
 * What comes while a piece is being read goes to the other buffer, so that it
 * stays where it is.
 */
static struct span
next_piece(struct h2_stream *s)
{
	struct buf empty = s->out;
	struct span piece;

	if (buf_span(&s->out).len == 0) {
		s->out = s->in;
		s->in = empty;
		buf_reset(&s->in);
	}
	piece = buf_span(&s->out);
	if (piece.len > H2_PIECE)
		piece.len = H2_PIECE;
	s->lent = piece.len;
	s->answer.received += piece.len;
	return piece;
}

enum answer_event
h2_next(struct h2_stream *s, struct span *piece, struct error *err)
{
	return_piece(s);
	piece->data = NULL;
	piece->len = 0;
	if (s->has_head && !s->is_head_told) {
		s->is_head_told = true;
		return ANSWER_HEAD;
	}
	if (s->has_head) {
		*piece = next_piece(s);
		if (piece->len > 0)
			return ANSWER_DATA;
		piece->data = NULL;
	}
	if (s->has_ended)
		return ANSWER_END;
	if (s->why.kind == ERR_NONE)
		return ANSWER_MORE;
	*err = s->why;
	return ANSWER_FAILED;
}

struct answer *
h2_answer(struct h2_stream *s)
{
	return &s->answer;
}

bool
h2_has_head(const struct h2_stream *s)
{
	return s->has_head;
}

bool
h2_has_failed(const struct h2_stream *s)
{
	return s->why.kind != ERR_NONE;
}

bool
h2_has_ended(const struct h2_stream *s)
{
	return s->has_ended;
}

bool
h2_was_sent(const struct h2_stream *s)
{
	return s->is_begun && s->h2->written > s->begins_at;
}

bool
h2_is_unprocessed(const struct h2_stream *s)
{
	return s->is_unprocessed;
}
#endif
