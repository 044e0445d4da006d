/* HTTP/2: an exchange is a stream, on a connection that it shares. */
#include <string.h>

#include "exchange_internal.h"

#define TURN	16	/* reads for others, then those have their turn */
#define REFUSAL	300	/* from this status on nobody waits for the rest */

static int
stream_begin(struct exchange *ex, struct error *err)
{
	struct h2_request request = {
		.head = ex->spec.head, .scheme = "https",
		.has_body = ex->spec.body_follows || ex->spec.body.len > 0,
		.max_header = ex->spec.max_header
	};

	answer_clear(&ex->h1.answer);
	ex->is_given = !request.has_body;
	ex->member.wake = ex->wake;
	return mux_join(ex->conn->mux, &ex->member, &request, err);
}

/* Another member may have moved what is this one's. */
static void
catch_up(struct exchange *ex)
{
	if (ex->member.moved > ex->moved)
		ex->moved = ex->member.moved;
}

static enum want
move(struct exchange *ex)
{
	enum want want = mux_move(&ex->member);

	catch_up(ex);
	return want;
}

static enum want
stream_next(struct exchange *ex, enum answer_event *event, struct span *piece,
    struct error *err)
{
	struct h2_stream *s = ex->member.stream;
	enum want want;
	int reads = 0;

	while ((*event = h2_next(s, piece, err)) == ANSWER_MORE) {
		if (reads++ == TURN) {
			wake_mark(ex->wake);
			return WANT_WAKE;
		}
		if ((want = move(ex)) != WANT_NOTHING)
			return want;
	}
	catch_up(ex);
	return *event == ANSWER_FAILED ? WANT_FAILED : WANT_NOTHING;
}

/*
 * A server may answer while the request is still on its way.  One that goes
 * on taking it does so; an answer that is complete, or refuses, is all.
 */
static bool
is_cut(const struct exchange *ex)
{
	struct h2_stream *s = ex->member.stream;

	return h2_has_ended(s) || h2_has_failed(s) ||
	    (h2_has_head(s) && h2_answer(s)->status >= REFUSAL);
}

/* The piece at hand is the caller's again. */
static enum want
hear(struct exchange *ex, struct error *err)
{
	enum want want;

	h2_stop(ex->member.stream);
	want = exchange_read_head(ex, err);
	if (want == WANT_NOTHING)
		ex->cut = true;
	return want;
}

static enum want
stream_write(struct exchange *ex, struct error *err)
{
	struct h2_stream *s = ex->member.stream;
	enum want want = WANT_NOTHING;

	if (!ex->is_given) {
		h2_send(s, ex->piece, ex->is_last);
		ex->is_given = true;
	}
	while (!h2_is_taken(s)) {
		if (is_cut(ex))
			return hear(ex, err);
		want = exchange_in_time(ex, err);
		if (want == WANT_NOTHING)
			want = loop_is_interrupted(pool_loop(ex->pool)) ?
			    WANT_WRITE : move(ex);
		if (want != WANT_NOTHING && !h2_is_taken(s))
			return want;
	}
	if (!ex->is_last) {
		ex->is_given = false;
		exchange_unload(ex);
		return WANT_NOTHING;
	}
	exchange_all_sent(ex);
	want = mux_push(&ex->member);
	return h2_has_head(s) || h2_has_failed(s) ? WANT_NOTHING : want;
}

static void
stream_wait(struct exchange *ex, enum want want)
{
	mux_wait(&ex->member, want);
}

static void
stream_rest(struct exchange *ex)
{
	mux_rest(&ex->member);
}

static bool
stream_was_sent(const struct exchange *ex)
{
	return ex->member.stream != NULL &&
	    h2_was_sent(ex->member.stream) &&
	    !h2_is_unprocessed(ex->member.stream);
}

static bool
stream_is_undone(const struct exchange *ex)
{
	return ex->member.stream != NULL &&
	    h2_is_unprocessed(ex->member.stream);
}

/* What has come of the answer outlives its stream. */
static bool
stream_end(struct exchange *ex)
{
	struct answer *answer;

	if (ex->member.stream != NULL) {
		answer = h2_answer(ex->member.stream);
		ex->h1.answer = *answer;
		memset(answer, 0, sizeof(*answer));
	}
	mux_leave(&ex->member);
	return true;
}

const struct exchange_protocol exchange_h2 = {
	stream_begin, stream_write, stream_next, stream_wait, stream_rest,
	stream_was_sent, stream_is_undone, stream_end
};
