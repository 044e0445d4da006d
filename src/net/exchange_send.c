#include <string.h>

#include "exchange_internal.h"

/* What is to be sent next; len 0 when all has been. */
struct span
exchange_unsent(const struct exchange *ex)
{
	struct span head = buf_span(&ex->head), s = ex->rest;
	size_t done = ex->sent_len;

	if (done < head.len) {
		head.data += done;
		head.len -= done;
		return head;
	}
	s.data += done - head.len;
	s.len -= done - head.len;
	return s;
}

/*
 * A server may answer before it has taken the whole request, and refuse the
 * rest of it: 413, 401, an alert.  Its answer says more than a broken pipe.
 */
static enum want
hear_early(struct exchange *ex, struct error *err)
{
	enum want want = exchange_read_head(ex, err);

	if (want == WANT_NOTHING)
		ex->cut = true;
	return want;
}

/*
 * Between two pieces: a server that goes on taking them never makes a write
 * wait, and may have answered long ago.  The last one goes in any case, since
 * what is complete may be followed by another request.
 */
static bool
is_between(const struct exchange *ex)
{
	return ex->is_gone && !ex->is_last && ex->sent_len == 0;
}

static enum want
send_failed(struct exchange *ex, struct error *err)
{
	struct error heard = { 0 };

	if (hear_early(ex, &heard) == WANT_NOTHING)
		return WANT_NOTHING;
	if (heard.kind == ERR_TLS && strcmp(heard.code, "closed") != 0)
		*err = heard;
	return WANT_FAILED;
}

enum want
exchange_write(struct exchange *ex, struct error *err)
{
	struct span s;
	enum want want;
	ssize_t n;

	if (is_between(ex)) {
		want = hear_early(ex, err);
		if (want == WANT_NOTHING || want == WANT_FAILED)
			return want;
	}
	while ((s = exchange_unsent(ex)).len > 0) {
		n = wire_write(ex->conn->wire, s.data, s.len, err);
		if (n == -1)
			return send_failed(ex, err);
		if (n < 0) {
			want = hear_early(ex, err);
			return want == WANT_READ ? WANT_WRITE : want;
		}
		ex->sent_len += (size_t)n;
		ex->moved_ms = loop_now_ms();
		if (exchange_unsent(ex).len > 0 &&
		    (ex->moved_ms >= ex->spec.deadline_ms ||
		    loop_is_interrupted(pool_loop(ex->pool))))
			return WANT_WRITE;	/* no time for more */
	}
	if (ex->spec.body_follows && !ex->is_last)
		return WANT_NOTHING;
	ex->times.send = exchange_lap(ex);
	ex->stage = AWAITING_HEAD;
	return WANT_READ;
}

/* Frames a piece as a chunk; the last chunk ends the body (RFC 9112, 7.1). */
static int
frame(struct exchange *ex, struct span piece, bool last)
{
	struct buf *b = &ex->head;

	if (piece.len > 0) {
		if (buf_addf(b, "%s%zx\r\n", ex->in_chunks ? "\r\n" : "",
		    piece.len) == -1)
			return -1;
		ex->in_chunks = true;
	}
	if (!last)
		return 0;
	if (buf_add(b, piece.data, piece.len) == -1)
		return -1;
	ex->rest.len = 0;
	return buf_addf(b, "%s0\r\n\r\n", ex->in_chunks ? "\r\n" : "");
}

/* Takes a piece up: small ones are joined to what goes before them. */
int
exchange_load(struct exchange *ex, struct span piece, bool last,
    struct error *err)
{
	ex->rest = piece;
	if (ex->spec.chunked && frame(ex, piece, last) == -1)
		return error_nomem(err);
	if (ex->rest.len > 0 && ex->rest.len <= JOIN_MAX) {
		if (buf_add(&ex->head, piece.data, piece.len) == -1)
			return error_nomem(err);
		ex->rest.len = 0;
	}
	ex->is_loaded = true;
	ex->is_last = last;
	return 0;
}

void
exchange_unload(struct exchange *ex)
{
	ex->is_loaded = false;
	ex->is_gone = true;
	ex->sent_len = 0;
	ex->rest.len = 0;
	buf_reset(&ex->head);
}
