/*
 * One request on the wire as Lua sees it: head, read or body, times, tls.
 * Waits where the engine would wait.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "exchange.h"

const struct type exchange_type = { "lurl.exchange" };

#define TURN		64	/* pieces of at most 16 KiB */

static struct exchange_box *
check_box(lua_State *L, int arg)
{
	struct exchange_box *b = check_object(L, arg, &exchange_type);

	luaL_argcheck(L, b->exchange != NULL, arg, "response is closed");
	return b;
}

/* exchange:close(), and __gc and __close. */
static int
l_close(lua_State *L)
{
	struct exchange_box *b = check_object(L, 1, &exchange_type);
	struct exchange *ex = b->exchange;

	b->exchange = NULL;
	if (ex != NULL)
		exchange_clear(ex);
	headers_clear(&b->first);
	buf_clear(&b->head);
	buf_clear(&b->body);
	return 0;
}

/* Moves the parsed list into an object of Lua's. */
static void
push_answer_headers(lua_State *L, struct headers *from)
{
	struct error err = { 0 };

	if (headers_move(push_headers(L), from) == -1) {
		error_nomem(&err);
		raise_error(L, &err);
	}
}

static void
push_reason(lua_State *L, const struct answer *answer)
{
	struct span reason = buf_span(&answer->reason);

	lua_pushlstring(L, reason.len == 0 ? "" : reason.data, reason.len);
}

void
set_refusal(lua_State *L, struct answer *answer)
{
	if (answer == NULL || answer->status == 0)
		return;
	lua_createtable(L, 0, 3);
	set_integer(L, "status", answer->status);
	push_reason(L, answer);
	lua_setfield(L, -2, "reason");
	push_answer_headers(L, &answer->headers);
	lua_setfield(L, -2, "headers");
	lua_setfield(L, -2, "refusal");
}

/*
 * Raises with what the exchange knows besides: whether anything was sent; the
 * policy adds whom it was talking to.
 */
static int
fail(lua_State *L, struct exchange_box *b, const struct error *err)
{
	fill_error(L, err);
	set_flag(L, "sent", exchange_sent(b->exchange));
	if (err->kind == ERR_PROXY)
		set_refusal(L, exchange_answer(b->exchange));
	return lua_error(L);
}

/* A call from Lua that may have to wait, and what goes on with it then. */
struct visit {
	lua_State	*L;
	struct exchange_box *b;
	lua_KFunction	 k;
	lua_KContext	 ctx;
	bool		 stopped;	/* its wait ended badly */
};

static struct visit
visit(lua_State *L, int status, lua_KFunction k)
{
	struct visit v = { .L = L, .b = check_box(L, 1), .k = k };

	v.stopped = !awaited(L, status);
	return v;
}

/*
 * A wait that is broken off ends the exchange, at once and for good: its
 * connection is in the middle of something.
 */
static enum want
stop(const struct visit *v, struct error *err)
{
	if (v->b->exchange == NULL)	/* closed meanwhile */
		raise_stopped(v->L);
	set_stopped(v->L, err);
	err->phase = exchange_phase(v->b->exchange);
	exchange_abandon(v->b->exchange);
	return WANT_FAILED;
}

/*
 * A response that a script has lost keeps its connection until it is
 * collected, and Lua does not know what it costs.  When the pool is full of
 * those they go; once, since collecting takes its time.
 */
static bool
make_room(lua_State *L, struct exchange_box *b, const struct error *err)
{
	if (err->kind != ERR_TIMEOUT || strcmp(err->code, "pool") != 0 ||
	    b->collected)
		return false;
	b->collected = true;
	lua_gc(L, LUA_GCCOLLECT);
	return true;
}

/*
 * Whether to step once more, when there was something to wait for.  An
 * interruption makes *want a failure.
 */
static bool
goes_on(const struct visit *v, enum want *want, struct error *err)
{
	struct wake *wake = exchange_wake(v->b->exchange);

	if (*want != WANT_WAKE)
		return *want == WANT_FAILED && make_room(v->L, v->b, err);
	if (await(v->L, wake, v->k, v->ctx)) {
		(void)check_box(v->L, 1);	/* a task may have closed it */
		return true;
	}
	*want = stop(v, err);
	return false;
}

/* The piece is on the stack meanwhile. */
static int
send_on(lua_State *L, int status, lua_KContext ctx)
{
	struct visit v = visit(L, status, send_on);
	struct span piece = check_span(L, 2);
	bool last = lua_toboolean(L, 3);
	struct error err = { 0 };
	enum want want;

	(void)ctx;
	do
		want = v.stopped ? stop(&v, &err) :
		    exchange_send(v.b->exchange, piece, last, &err);
	while (goes_on(&v, &want, &err));
	if (want == WANT_FAILED)
		return fail(L, v.b, &err);
	lua_pushboolean(L, !exchange_is_cut(v.b->exchange));
	return 1;
}

/*
 * exchange:send(piece, last) -> whether more may come: false when the server
 * has answered without waiting for it
 */
static int
l_send(lua_State *L)
{
	return send_on(L, LUA_OK, 0);
}

/*
 * exchange:abandon(): closes the connection, and still tells times and tls.
 * One that is closed already has nothing to give up.
 */
static int
l_abandon(lua_State *L)
{
	struct exchange_box *b = check_object(L, 1, &exchange_type);

	if (b->exchange != NULL)
		exchange_abandon(b->exchange);
	return 0;
}

/* exchange:discard(): gives up the rest of the body; keeps what it can. */
static int
l_discard(lua_State *L)
{
	exchange_discard(check_box(L, 1)->exchange);
	return 0;
}

/* Its headers only where a step looks at them: most scripts do not. */
static int
push_answer(lua_State *L, struct answer *answer)
{
	size_t i = 0;

	lua_pushinteger(L, answer->status);
	if (!headers_find(&answer->headers, span_of("content-encoding"), &i))
		return 1;
	push_answer_headers(L, &answer->headers);
	return 2;
}

static int
head_on(lua_State *L, int status, lua_KContext ctx)
{
	struct visit v = visit(L, status, head_on);
	struct error err = { 0 };
	enum want want;

	(void)ctx;
	do
		want = v.stopped ? stop(&v, &err) :
		    exchange_head(v.b->exchange, &err);
	while (goes_on(&v, &want, &err));
	return want == WANT_FAILED ? fail(L, v.b, &err) :
	    push_answer(L, exchange_answer(v.b->exchange));
}

/*
 * exchange:head() -> status, and headers if the body has a coding; otherwise
 * they are to be had from exchange:headers()
 */
static int
l_head(lua_State *L)
{
	return head_on(L, LUA_OK, 0);
}

/* exchange:headers() -> those of the answer; once, they are handed over */
static int
l_headers(lua_State *L)
{
	struct exchange_box *b = check_box(L, 1);

	push_answer_headers(L, &exchange_answer(b->exchange)->headers);
	return 1;
}

/* exchange:version() -> "1.1", reason */
static int
l_version(lua_State *L)
{
	const struct answer *answer =
	    exchange_answer(check_box(L, 1)->exchange);

	lua_pushstring(L, answer->http);
	push_reason(L, answer);
	return 2;
}

/*
 * Where a server is quick enough nobody ever waits: the others have their turn
 * now and then all the same, and an interruption is heard.
 */
static bool
takes_turns(struct visit *v)
{
	if (++v->b->pieces % TURN != 0 && !loop_is_interrupted(state_loop(v->L)))
		return true;
	return step_aside(v->L, v->k, v->ctx);
}

static enum want
next_piece(struct visit *v, struct span *piece, struct error *err)
{
	enum want want;

	if (v->stopped || !takes_turns(v))
		return stop(v, err);
	(void)check_box(v->L, 1);	/* a task may have closed it */
	do
		want = exchange_body(v->b->exchange, piece, err);
	while (goes_on(v, &want, err));
	return want;
}

static int
read_on(lua_State *L, int status, lua_KContext ctx)
{
	struct visit v = visit(L, status, read_on);
	struct error err = { 0 };
	struct span piece;

	(void)ctx;
	if (next_piece(&v, &piece, &err) == WANT_FAILED)
		return fail(L, v.b, &err);
	push_span(L, piece);
	return 1;
}

/* exchange:read(), exchange() -> the next piece of the body; nil at its end */
static int
l_read(lua_State *L)
{
	return read_on(L, LUA_OK, 0);
}

static int
too_large(struct error *err, lua_Integer max)
{
	error_setx(err, ERR_PROTOCOL, "too-large",
	    "body larger than max_body (%lld bytes)", (long long)max);
	err->phase = PHASE_RECEIVE;
	return -1;
}

/* What is announced is refused at once, and otherwise makes room at once. */
static int
expect_body(struct exchange_box *b, lua_Integer max, struct error *err)
{
	const struct answer *answer = exchange_answer(b->exchange);
	const uint64_t at_once = 1024 * 1024;

	if (!answer->is_sized)
		return 0;
	if (answer->length > (uint64_t)max)
		return too_large(err, max);
	if (buf_reserve(&b->body, (size_t)(answer->length < at_once ?
	    answer->length : at_once)) == NULL)
		return error_nomem(err);
	return 0;
}

static int
collect(struct visit *v, lua_Integer max, struct error *err)
{
	struct exchange_box *b = v->b;
	struct span piece;

	for (;;) {
		if (next_piece(v, &piece, err) == WANT_FAILED)
			return -1;
		if (piece.data == NULL)
			return 0;
		if (piece.len > (size_t)max - buf_span(&b->body).len)
			return too_large(err, max);
		if (buf_add(&b->body, piece.data, piece.len) == -1)
			return error_nomem(err);
	}
}

/* ctx: max. */
static int
body_on(lua_State *L, int status, lua_KContext ctx)
{
	struct visit v = visit(L, status, body_on);
	struct error err = { 0 };
	struct span body;

	v.ctx = ctx;
	if (collect(&v, (lua_Integer)ctx, &err) == -1)
		return fail(L, v.b, &err);
	body = buf_span(&v.b->body);
	lua_pushlstring(L, body.len == 0 ? "" : body.data, body.len);
	buf_clear(&v.b->body);
	lua_pushnil(L);		/* it is not borrowed any more */
	lua_setiuservalue(L, 1, BODY);
	return 1;
}

/* exchange:body(max) -> the whole body; raises when it passes max bytes */
static int
l_body(lua_State *L)
{
	struct exchange_box *b = check_box(L, 1);
	lua_Integer max = luaL_checkinteger(L, 2);
	struct error err = { 0 };

	luaL_argcheck(L, max >= 0, 2, "not a size");
	if (expect_body(b, max, &err) == -1)
		return fail(L, b, &err);
	return body_on(L, LUA_OK, (lua_KContext)max);
}

static int
write_failed(struct error *err, int errnum)
{
	error_setx(err, ERR_IO, error_errno_name(errnum), "writing the body: "
	    "%s", strerror(errnum));
	err->phase = PHASE_RECEIVE;
	return -1;
}

/* ctx: how much has been written already. */
static int
drain_on(lua_State *L, int status, lua_KContext ctx)
{
	struct visit v = visit(L, status, drain_on);
	luaL_Stream *file = luaL_checkudata(L, 2, LUA_FILEHANDLE);
	lua_KContext n = (lua_KContext)luaL_checkinteger(L, 3);
	struct error err = { 0 };
	struct span piece;

	luaL_argcheck(L, file->closef != NULL, 2, "file is closed");
	v.ctx = ctx;
	do {
		if (next_piece(&v, &piece, &err) == WANT_FAILED)
			return fail(L, v.b, &err);
		if (piece.len > 0 &&
		    fwrite(piece.data, 1, piece.len, file->f) != piece.len) {
			write_failed(&err, errno);
			return fail(L, v.b, &err);
		}
		v.ctx += (lua_KContext)piece.len;
	} while (piece.data != NULL && v.ctx < n);
	lua_pushinteger(L, (lua_Integer)v.ctx);
	lua_pushboolean(L, piece.data == NULL);
	return 2;
}

/*
 * exchange:drain(file, n) -> bytes written to a Lua file, and whether that was
 * the end: some n bytes at a time, so that a caller can tell of progress.
 */
static int
l_drain(lua_State *L)
{
	return drain_on(L, LUA_OK, 0);
}

/* exchange:times() -> {resolve=, ..., receive=, reused=}, total (seconds) */
static int
l_times(lua_State *L)
{
	struct exchange_box *b = check_box(L, 1);
	const struct exchange_times *t = exchange_times(b->exchange);

	lua_createtable(L, 0, 7);
	set_number(L, "resolve", t->conn.resolve);
	set_number(L, "connect", t->conn.connect);
	set_number(L, "tls", t->conn.tls);
	set_number(L, "send", t->send);
	set_number(L, "wait", t->wait);
	set_number(L, "receive", t->receive);
	set_flag(L, "reused", t->reused);
	lua_pushnumber(L, t->total);
	return 2;
}

static void
set_time(lua_State *L, const char *field, time_t value)
{
	if (value != -1)
		set_integer(L, field, (lua_Integer)value);
}

/* exchange:tls() -> the table of response.tls, or nil for plain http */
static int
l_tls(lua_State *L)
{
	const struct peer *p = exchange_peer(check_box(L, 1)->exchange);

	if (p == NULL)
		return 0;
	lua_createtable(L, 0, 12);
	set_string(L, "version", p->version);
	set_string(L, "cipher", p->cipher);
	set_string(L, "alpn", p->alpn);
	set_string(L, "subject", p->subject);
	set_string(L, "issuer", p->issuer);
	set_string(L, "hash", p->hash);
	set_string(L, "ocsp", p->ocsp);
	set_string(L, "trust", p->trust);
	set_time(L, "not_before", p->not_before);
	set_time(L, "not_after", p->not_after);
	set_flag(L, "resumed", p->resumed);
	set_flag(L, "verified", p->verified);
	return 1;
}

static const luaL_Reg methods[] = {
	{ "abandon", l_abandon },
	{ "body", l_body },
	{ "close", l_close },
	{ "discard", l_discard },
	{ "drain", l_drain },
	{ "head", l_head },
	{ "headers", l_headers },
	{ "read", l_read },
	{ "send", l_send },
	{ "times", l_times },
	{ "tls", l_tls },
	{ "version", l_version },
	{ NULL, NULL }
};

void
open_exchange(lua_State *L)
{
	new_type(L, exchange_type.name, methods);
	push_type(L, &exchange_type);
	lua_pushcfunction(L, l_read);
	lua_setfield(L, -2, "__call");
	lua_pop(L, 1);
}
