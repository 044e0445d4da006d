/* HTTP/1.1: one exchange at a time on a connection. */
#include <string.h>

#include "exchange_internal.h"

/* What is to be sent next; len 0 when all has been. */
static struct span
unsent(const struct exchange *ex)
{
	struct span lead = ex->lead, s = ex->rest;
	size_t done = ex->sent_len;

	if (done < lead.len) {
		lead.data += done;
		lead.len -= done;
		return lead;
	}
	s.data += done - lead.len;
	s.len -= done - lead.len;
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

/* Frames a piece as a chunk; the last chunk ends the body (RFC 9112, 7.1). */
static int
frame(struct exchange *ex, struct span piece, bool last)
{
	struct buf *b = &ex->out;

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

static int
join(struct exchange *ex, bool is_small)
{
	struct span piece = ex->piece;

	if (buf_add(&ex->out, ex->lead.data, ex->lead.len) == -1 ||
	    (ex->spec.chunked && frame(ex, piece, ex->is_last) == -1))
		return -1;
	if (is_small && ex->rest.len > 0) {
		if (buf_add(&ex->out, piece.data, piece.len) == -1)
			return -1;
		ex->rest.len = 0;
	}
	ex->lead = buf_span(&ex->out);
	return 0;
}

/* Takes the piece at hand up: a small one is joined to what goes before it. */
static int
load(struct exchange *ex, struct error *err)
{
	bool is_small = ex->piece.len > 0 && ex->piece.len <= JOIN_MAX;

	ex->rest = ex->piece;
	if ((ex->spec.chunked || is_small) && join(ex, is_small) == -1)
		return error_nomem(err);
	ex->is_framed = true;
	return 0;
}

static void
unload(struct exchange *ex)
{
	ex->is_framed = false;
	ex->sent_len = 0;
	ex->lead.len = ex->rest.len = 0;
	buf_reset(&ex->out);
	exchange_unload(ex);
}

static enum want
h1_write(struct exchange *ex, struct error *err)
{
	struct span s;
	enum want want;
	ssize_t n;

	if (!ex->is_framed && load(ex, err) == -1)
		return WANT_FAILED;
	if (is_between(ex)) {
		want = hear_early(ex, err);
		if (want == WANT_NOTHING || want == WANT_FAILED)
			return want;
	}
	while ((s = unsent(ex)).len > 0) {
		n = wire_write(ex->conn->wire, s.data, s.len, err);
		if (n == -1)
			return send_failed(ex, err);
		if (n < 0) {
			want = hear_early(ex, err);
			return want == WANT_READ ? WANT_WRITE : want;
		}
		ex->sent_len += (size_t)n;
		ex->moved = loop_now();
		if (unsent(ex).len > 0 &&
		    (loop_ms(ex->moved) >= ex->spec.deadline_ms ||
		    loop_is_interrupted(pool_loop(ex->pool))))
			return WANT_WRITE;	/* no time for more */
	}
	if (!ex->is_last) {
		unload(ex);
		return WANT_NOTHING;
	}
	exchange_all_sent(ex);
	return WANT_READ;
}

static int
h1_begin(struct exchange *ex, struct error *err)
{
	(void)err;
	h1_clear(&ex->h1);
	headers_lend(&ex->h1.answer.headers, ex->headers_room);
	buf_lend(&ex->h1.answer.reason, ex->reason_room,
	    sizeof(ex->reason_room));
	ex->h1.max_header = ex->spec.max_header;
	ex->h1.head_request = ex->spec.head_request;
	ex->is_framed = ex->in_chunks = false;
	ex->sent_len = 0;
	ex->lead = ex->spec.head;
	buf_reset(&ex->out);
	return 0;
}

static void
h1_wait(struct exchange *ex, enum want want)
{
	wire_wait(ex->conn->wire, want == WANT_WRITE ?
	    LOOP_READ | LOOP_WRITE : LOOP_READ, ex->wake);
}

static void
h1_rest(struct exchange *ex)
{
	wire_rest(ex->conn->wire);
}

static bool
h1_was_sent(const struct exchange *ex)
{
	return wire_has_sent(ex->conn->wire);
}

static bool
h1_is_undone(const struct exchange *ex)
{
	(void)ex;
	return false;
}

static bool
h1_end(struct exchange *ex)
{
	return ex->stage == DONE && ex->h1.keep_alive && !ex->cut &&
	    !ex->spec.close && buf_span(&ex->conn->in).len == 0;
}

const struct exchange_protocol exchange_h1 = {
	h1_begin, h1_write, exchange_h1_next, h1_wait, h1_rest, h1_was_sent,
	h1_is_undone, h1_end
};
