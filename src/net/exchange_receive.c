#include <string.h>

#include "exchange_internal.h"

/* Reads once.  WANT_NOTHING: something was read, or *eof. */
static enum want
read_some(struct exchange *ex, bool *eof, struct error *err)
{
	struct conn *c = ex->conn;
	char *room = buf_reserve(&c->in, WIRE_RECORD);
	ssize_t n;

	if (room == NULL) {
		error_nomem(err);
		return WANT_FAILED;
	}
	switch (n = wire_read(c->wire, room, WIRE_RECORD, err)) {
	case WIRE_WANT_READ:
		return WANT_READ;
	case WIRE_WANT_WRITE:
		return WANT_WRITE;
	case -1:
		return WANT_FAILED;
	case 0:
		*eof = true;
		return WANT_NOTHING;
	default:
		buf_added(&c->in, (size_t)n);
		ex->moved = loop_now();
		return WANT_NOTHING;
	}
}

/* The parser's next event from what has been read. */
static enum answer_event
parse(struct exchange *ex, struct span *piece, struct error *err)
{
	struct buf *in = &ex->conn->in;
	struct span s = buf_span(in);
	enum answer_event event;
	size_t used = 0;

	event = h1_next(&ex->h1, s.data, s.len, &used, piece, err);
	buf_take(in, used);
	return event;
}

/*
 * The stream has broken.  Where bytes are counted the count says what is
 * missing; a broken end matters by itself only where the end is the framing.
 */
static enum answer_event
broken(struct exchange *ex, struct error *err)
{
	struct error why;

	if (err->kind != ERR_TLS || strcmp(err->code, "truncated") != 0)
		return ANSWER_FAILED;
	if (h1_eof(&ex->h1, &why) == ANSWER_FAILED)
		*err = why;
	return ANSWER_FAILED;
}

enum want
exchange_h1_next(struct exchange *ex, enum answer_event *event,
    struct span *piece, struct error *err)
{
	bool eof = false;
	enum want want;

	while ((*event = parse(ex, piece, err)) == ANSWER_MORE) {
		want = read_some(ex, &eof, err);
		if (want == WANT_FAILED) {
			*event = broken(ex, err);
			break;
		}
		if (want != WANT_NOTHING)
			return want;
		if (eof) {
			*event = h1_eof(&ex->h1, err);
			break;
		}
	}
	return *event == ANSWER_FAILED ? WANT_FAILED : WANT_NOTHING;
}
