#include <stddef.h>
#include <string.h>

#include "exchange_internal.h"

#define DISCARD_MAX	65536	/* bytes: more is not worth a connection */

/* Gives the connection back, or up; also the place in line for one. */
static void
leave(struct exchange *ex)
{
	struct conn *c = ex->conn;
	bool is_kept = ex->protocol != NULL && ex->protocol->end(ex);

	ex->conn = NULL;
	ex->protocol = NULL;
	pool_leave(ex->pool, &ex->place);
	if (is_kept)
		pool_give(ex->pool, c);
	else
		pool_drop(ex->pool, c);
}

size_t
exchange_size(void)
{
	return sizeof(struct exchange);
}

struct exchange *
exchange_init(void *room, struct pool *pool, const struct exchange_spec *spec,
    struct error *err)
{
	struct exchange *ex = room;

	memset(ex, 0, offsetof(struct exchange, headers_room));
	if ((ex->wake = wake_new(pool_loop(pool), err)) == NULL)
		return NULL;
	ex->pool = pool_ref(pool);
	ex->spec = *spec;
	ex->piece = spec->body;
	ex->is_loaded = ex->is_last = !spec->body_follows;
	ex->place.wake = ex->wake;
	ex->place.target = &ex->spec.target;
	ex->began = ex->since = ex->moved = loop_now();
	ex->began_ms = loop_ms(ex->began);
	return ex;
}

void
exchange_clear(struct exchange *ex)
{
	leave(ex);
	peer_unref(ex->peer);
	wake_free(ex->wake);
	buf_clear(&ex->out);
	h1_clear(&ex->h1);
	pool_unref(ex->pool);
}

struct wake *
exchange_wake(const struct exchange *ex)
{
	return ex->wake;
}

struct answer *
exchange_answer(struct exchange *ex)
{
	return ex->member.stream != NULL ? h2_answer(ex->member.stream) :
	    &ex->h1.answer;
}

bool
exchange_is_cut(const struct exchange *ex)
{
	return ex->cut;
}

bool
exchange_sent(const struct exchange *ex)
{
	return ex->sent || (ex->protocol != NULL && ex->protocol->was_sent(ex));
}

struct peer *
exchange_peer(const struct exchange *ex)
{
	return ex->peer;
}

/* Connecting. */

static enum want
connected(struct exchange *ex, struct error *err)
{
	struct conn *c = ex->conn;

	ex->times.reused = c->uses++ > 0;
	memset(&ex->times.conn, 0, sizeof(ex->times.conn));
	if (!ex->times.reused)
		ex->times.conn = c->times;
	peer_unref(ex->peer);
	ex->peer = c->peer == NULL ? NULL : peer_ref(c->peer);
	ex->moved = loop_now();
	(void)exchange_lap(ex);
	ex->protocol = c->mux != NULL ? &exchange_h2 : &exchange_h1;
	ex->stage = SENDING;
	if (ex->protocol->begin(ex, err) == -1)
		return WANT_FAILED;
	if (!ex->times.reused)
		pool_ready(ex->pool);
	return WANT_NOTHING;
}

/* What a proxy said is all the answer that there will be. */
static void
keep_refusal(struct exchange *ex)
{
	struct answer *said = conn_refusal(ex->conn);

	if (said == NULL)
		return;
	answer_clear(&ex->h1.answer);
	ex->h1.answer = *said;
	memset(said, 0, sizeof(*said));
}

static enum want
step_connect(struct exchange *ex, int64_t *at_ms, struct error *err)
{
	bool had_to_wait = ex->place.in_line;
	enum want want;

	if (ex->conn == NULL) {
		want = pool_ask(ex->pool, &ex->place, &ex->conn, err);
		*at_ms = ex->place.again_ms;
		if (want != WANT_NOTHING)
			return want;
		if (had_to_wait)
			ex->began_ms = loop_now_ms();
	}
	want = conn_step(ex->conn, at_ms, err);
	if (want == WANT_FAILED)
		keep_refusal(ex);
	return want == WANT_NOTHING ? connected(ex, err) : want;
}

/* Ends. */

static void
drop(struct exchange *ex)
{
	ex->sent = exchange_sent(ex);
	leave(ex);
}

/*
 * A kept connection may have been closed by its server just as the request
 * went out: not an answer, and nobody's fault.  Once, and only where a second
 * request does no harm (RFC 9110 section 9.2.2, RFC 9112 section 9.3.1); which
 * it never does when the server has told that it left the first one alone
 * (RFC 9113 section 8.7).
 */
static bool
may_go_again(const struct exchange *ex, const struct error *err)
{
	if (ex->second || ex->stage == CONNECTING || ex->stage == IN_BODY ||
	    ex->is_gone)
		return false;
	if (ex->protocol->is_undone(ex))
		return true;
	if (!ex->times.reused || (!ex->spec.idempotent && exchange_sent(ex)))
		return false;
	return err->kind == ERR_CONNECT || (strcmp(err->code, "closed") == 0 &&
	    (err->kind == ERR_PROTOCOL || err->kind == ERR_TLS));
}

/*
 * A server that has said nothing to anybody for half of the time that this one
 * has waited may be gone: it is given no other request.
 */
static void
retire_silent(struct exchange *ex, const struct error *err)
{
	struct mux *m = ex->conn != NULL ? ex->conn->mux : NULL;
	int64_t since_ms = loop_ms(ex->moved);
	int64_t waited_ms = loop_now_ms() - since_ms;

	if (m != NULL && err->kind == ERR_TIMEOUT &&
	    !mux_has_heard(m, since_ms + waited_ms / 2))
		mux_retire(m);
}

/* Later there may be room in the pool; until then nothing has happened. */
static bool
may_ask_again(const struct error *err)
{
	return err->kind == ERR_TIMEOUT && strcmp(err->code, "pool") == 0;
}

static enum want
failed(struct exchange *ex, struct error *err)
{
	retire_silent(ex, err);
	if (may_go_again(ex, err)) {
		ex->place.fresh = !ex->protocol->is_undone(ex);
		drop(ex);
		ex->began_ms = loop_now_ms();
		ex->second = true;
		ex->stage = CONNECTING;
		return WANT_NOTHING;
	}
	if (err->phase == PHASE_NONE)
		err->phase = exchange_phase(ex);
	drop(ex);
	ex->is_broken = !may_ask_again(err);
	return WANT_FAILED;
}

/* Whoever goes on after a failure must not take it for the end. */
static enum want
broken_already(struct error *err)
{
	error_setx(err, ERR_PROTOCOL, "closed",
	    "the exchange has failed already");
	return WANT_FAILED;
}

/* While the caller is busy with what it got, nobody waits for more. */
static void
rest(struct exchange *ex)
{
	if (ex->protocol != NULL)
		ex->protocol->rest(ex);
}

static void
finish(struct exchange *ex)
{
	ex->times.receive = exchange_lap(ex);
	ex->times.total = ex->since - ex->began;
	ex->stage = DONE;
	ex->sent = true;
	leave(ex);
	wake_mark(ex->wake);	/* who waits for more is told that this is all */
	wake_free(ex->wake);	/* the next exchange takes it up */
	ex->wake = NULL;
}

void
exchange_unload(struct exchange *ex)
{
	ex->is_loaded = false;
	ex->is_gone = true;
}

void
exchange_all_sent(struct exchange *ex)
{
	ex->times.send = exchange_lap(ex);
	ex->stage = AWAITING_HEAD;
}

enum want
exchange_read_head(struct exchange *ex, struct error *err)
{
	enum answer_event event;
	struct span none;
	enum want want = ex->protocol->next(ex, &event, &none, err);

	if (want != WANT_NOTHING)
		return want;
	ex->times.wait = exchange_lap(ex);
	ex->stage = IN_BODY;
	return WANT_NOTHING;
}

/* One step of what comes before the body of the answer, waits included. */
static enum want
advance(struct exchange *ex, struct error *err)
{
	int64_t at_ms = INT64_MAX;
	enum want want;

	switch (ex->stage) {
	case CONNECTING:
		want = step_connect(ex, &at_ms, err);
		break;
	case SENDING:
		want = ex->protocol->write(ex, err);
		break;
	default:
		want = exchange_read_head(ex, err);
		break;
	}
	if (want != WANT_NOTHING && want != WANT_FAILED)
		want = exchange_wait(ex, want, at_ms, err);
	else if (want == WANT_NOTHING && ex->stage == SENDING)
		want = exchange_in_time(ex, err);
	return want == WANT_FAILED ? failed(ex, err) : want;
}

enum want
exchange_send(struct exchange *ex, struct span piece, bool last,
    struct error *err)
{
	enum want want;

	if (ex->is_broken)
		return broken_already(err);
	if (ex->stage > SENDING)
		return WANT_NOTHING;
	if (!ex->is_loaded) {
		ex->piece = piece;
		ex->is_last = last;
		ex->is_loaded = true;
	}
	do {
		want = advance(ex, err);
	} while (want == WANT_NOTHING && ex->stage <= SENDING && ex->is_loaded);
	if (want != WANT_FAILED && ex->stage == AWAITING_HEAD)
		want = WANT_NOTHING;	/* the last one has gone */
	return want;
}

enum want
exchange_head(struct exchange *ex, struct error *err)
{
	enum want want;

	if (ex->is_broken)
		return broken_already(err);
	while (ex->stage < IN_BODY)
		if ((want = advance(ex, err)) != WANT_NOTHING)
			return want;
	rest(ex);
	return WANT_NOTHING;
}

enum want
exchange_body(struct exchange *ex, struct span *piece, struct error *err)
{
	enum answer_event event;
	enum want want;

	piece->data = NULL;
	piece->len = 0;
	if (ex->is_broken)
		return broken_already(err);
	if (ex->stage == DONE)
		return WANT_NOTHING;
	want = exchange_in_time(ex, err);
	if (want == WANT_NOTHING)
		want = ex->protocol->next(ex, &event, piece, err);
	if (want != WANT_NOTHING && want != WANT_FAILED)
		want = exchange_wait(ex, want, INT64_MAX, err);
	if (want == WANT_FAILED)
		return failed(ex, err);
	if (want == WANT_NOTHING && event == ANSWER_END) {
		piece->data = NULL;
		piece->len = 0;
		finish(ex);
	}
	if (want == WANT_NOTHING)
		rest(ex);
	return want;
}

/* Another task may be waiting for more of what there will be no more of. */
static void
tell_waiter(struct exchange *ex)
{
	if (ex->wake != NULL)
		wake_mark(ex->wake);
}

void
exchange_discard(struct exchange *ex)
{
	uint64_t begin = exchange_answer(ex)->received;
	struct error ignored;
	enum answer_event event;
	struct span piece;
	enum want want;

	ex->is_broken |= ex->stage != DONE;	/* whoever reads on has lost it */
	while (ex->stage == IN_BODY && ex->conn != NULL) {
		want = ex->protocol->next(ex, &event, &piece, &ignored);
		if (want != WANT_NOTHING ||
		    exchange_answer(ex)->received - begin > DISCARD_MAX)
			drop(ex);
		else if (event == ANSWER_END)
			finish(ex);
	}
	tell_waiter(ex);
}

void
exchange_abandon(struct exchange *ex)
{
	if (ex->stage == DONE)
		return;
	drop(ex);
	ex->is_broken = true;
	tell_waiter(ex);
}
