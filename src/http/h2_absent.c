/* HTTP/2 where nghttp2 is not installed: nobody is ever given a session. */
#ifndef HAVE_NGHTTP2
#include <assert.h>

#include "http/h2.h"

bool
h2_is_there(void)
{
	return false;
}

struct h2 *
h2_new(size_t max_header, struct error *err)
{
	(void)max_header;
	error_setx(err, ERR_PROTOCOL, "h2", "HTTP/2 is not built in");
	return NULL;
}

void
h2_free(struct h2 *h)
{
	assert(h == NULL);
}

void
h2_feed(struct h2 *h, const char *in, size_t len)
{
	(void)in;
	(void)len;
	assert(h == NULL);
}

void
h2_eof(struct h2 *h)
{
	assert(h == NULL);
}

void
h2_break(struct h2 *h, const struct error *why)
{
	(void)why;
	assert(h == NULL);
}

struct span
h2_output(struct h2 *h)
{
	struct span none = { NULL, 0 };

	assert(h == NULL);
	return none;
}

void
h2_written(struct h2 *h, size_t n)
{
	(void)n;
	assert(h == NULL);
}

bool
h2_is_open(const struct h2 *h)
{
	return h != NULL;
}

bool
h2_has_room(const struct h2 *h)
{
	return h != NULL;
}

size_t
h2_count(const struct h2 *h)
{
	assert(h == NULL);
	return 0;
}

struct h2_stream *
h2_changed(struct h2 *h)
{
	assert(h == NULL);
	return NULL;
}

struct h2_stream *
h2_open(struct h2 *h, const struct h2_request *request, struct error *err)
{
	(void)request;
	assert(h == NULL);
	error_setx(err, ERR_PROTOCOL, "h2", "HTTP/2 is not built in");
	return NULL;
}

void
h2_close(struct h2_stream *s)
{
	assert(s == NULL);
}

void *
h2_user(const struct h2_stream *s)
{
	assert(s == NULL);
	return NULL;
}

void
h2_send(struct h2_stream *s, struct span piece, bool last)
{
	(void)piece;
	(void)last;
	assert(s == NULL);
}

void
h2_stop(struct h2_stream *s)
{
	assert(s == NULL);
}

bool
h2_is_taken(const struct h2_stream *s)
{
	return s == NULL;
}

enum answer_event
h2_next(struct h2_stream *s, struct span *piece, struct error *err)
{
	assert(s == NULL);
	piece->data = NULL;
	piece->len = 0;
	error_setx(err, ERR_PROTOCOL, "h2", "HTTP/2 is not built in");
	return ANSWER_FAILED;
}

struct answer *
h2_answer(struct h2_stream *s)
{
	assert(s == NULL);
	return NULL;
}

bool
h2_has_head(const struct h2_stream *s)
{
	return s != NULL;
}

bool
h2_has_failed(const struct h2_stream *s)
{
	return s == NULL;
}

bool
h2_has_ended(const struct h2_stream *s)
{
	return s == NULL;
}

bool
h2_was_sent(const struct h2_stream *s)
{
	return s != NULL;
}

bool
h2_is_unprocessed(const struct h2_stream *s)
{
	return s == NULL;
}
#endif
