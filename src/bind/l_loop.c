/* The loop of a state, its interruption, waiting, and pools. */
#include <math.h>
#include <string.h>
#include <sys/resource.h>

#include "lurl.h"
#include "task.h"

#define SLEEP_MAX	1e9	/* seconds */
#define SPARE_FDS	32	/* for all but connections */
#define WAKE_MT		"lurl.wake"

static const char handle_key;	/* its address: in the registry */

struct lurl *
lurl_handle(lua_State *L)
{
	struct lurl *h;

	lua_rawgetp(L, LUA_REGISTRYINDEX, &handle_key);
	h = lua_touserdata(L, -1);
	lua_pop(L, 1);
	return h;
}

struct loop *
state_loop(lua_State *L)
{
	return lurl_handle(L)->loop;
}

/*
 * A wait may have taken the interruption before the hook came to run.  A task
 * leaves it there, for its driver to hear, too.
 */
static void
on_hook(lua_State *L, lua_Debug *ar)
{
	struct lurl *h = lurl_handle(L);

	(void)ar;
	lua_sethook(L, NULL, 0, 0);
	if (h->running != NULL ? loop_is_interrupted(h->loop) :
	    loop_take_interrupt(h->loop)) {
		h->called_off = false;
		raise_stopped(L);
	}
}

static void
hook(lua_State *L)
{
	lua_sethook(L, on_hook,
	    LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

int
lurl_interrupt(struct lurl *h)
{
	if (loop_is_interrupted(h->loop))
		return -1;
	loop_interrupt(h->loop);
	if (h->running != NULL)
		hook(h->running->co);
	hook(h->main);
	return 0;
}

static int
l_close_loop(lua_State *L)
{
	struct lurl *h = luaL_checkudata(L, 1, LOOP_MT);
	struct loop *loop = h->loop;

	h->loop = NULL;
	loop_unref(loop);
	return 0;
}

/* now() -> seconds of a clock that only runs forward. */
static int
l_now(lua_State *L)
{
	lua_pushnumber(L, loop_now());
	return 1;
}

/* A wake for sleep, given back also when the sleeper is interrupted. */
struct wake_box {
	struct wake	*wake;
};

static int
l_close_wake(lua_State *L)
{
	struct wake_box *b = luaL_checkudata(L, 1, WAKE_MT);
	struct wake *wake = b->wake;

	b->wake = NULL;
	wake_free(wake);
	return 0;
}

static lua_Number
check_seconds(lua_State *L, int arg)
{
	struct error err = { 0 };
	lua_Number seconds = lua_tonumber(L, arg);

	if (lua_type(L, arg) != LUA_TNUMBER)
		error_setx(&err, ERR_USAGE, "type", "sleep takes a number of "
		    "seconds, not %s%s", lua_isnoneornil(L, arg) ? "" : "a ",
		    lua_isnone(L, arg) ? "nil" : luaL_typename(L, arg));
	else if (!(seconds >= 0 && seconds <= SLEEP_MAX))
		error_setx(&err, ERR_USAGE, "value", "sleep takes 0 to %.0f "
		    "seconds, not %g", (double)SLEEP_MAX, (double)seconds);
	else
		return seconds;
	raise_error(L, &err);
	return 0;
}

/* ctx: the time, in loop_now_ms's ms, at which it ends. */
static int
sleep_on(lua_State *L, int status, lua_KContext ctx)
{
	struct wake_box *b = lua_touserdata(L, 2);
	bool goes_on = awaited(L, status);

	while (goes_on && loop_now_ms() < (int64_t)ctx) {
		wake_at(b->wake, (int64_t)ctx);
		goes_on = await(L, b->wake, sleep_on, ctx);
	}
	wake_free(b->wake);
	b->wake = NULL;
	return goes_on ? 0 : raise_stopped(L);
}

/* sleep(seconds): waits, also for 0: the others have their turn */
static int
l_sleep(lua_State *L)
{
	lua_Number seconds = check_seconds(L, 1);
	struct error err = { 0 };
	struct wake_box *b;

	lua_settop(L, 1);
	b = lua_newuserdatauv(L, sizeof(*b), 0);
	b->wake = NULL;
	luaL_setmetatable(L, WAKE_MT);
	if ((b->wake = wake_new(state_loop(L), &err)) == NULL)
		return raise_error(L, &err);
	if (seconds == 0 && !step_aside(L, sleep_on, 0))
		return raise_stopped(L);
	return sleep_on(L, LUA_OK, (lua_KContext)(loop_now_ms() +
	    (int64_t)ceil(seconds * 1000)));
}

const struct type pool_type = { "lurl.pool" };

struct pool_box {
	struct pool	*pool;
};

struct pool *
check_pool(lua_State *L, int arg)
{
	struct pool_box *b = check_object(L, arg, &pool_type);

	luaL_argcheck(L, b->pool != NULL, arg, "session is closed");
	return b->pool;
}

/* pool:close(), and __gc and __close: closes what is, or gets, idle. */
static int
l_close(lua_State *L)
{
	struct pool_box *b = check_object(L, 1, &pool_type);
	struct pool *pool = b->pool;

	b->pool = NULL;
	if (pool != NULL)
		pool_close(pool);
	pool_unref(pool);
	return 0;
}

/* pool:has(route) -> whether an idle connection would serve it */
static int
l_has(lua_State *L)
{
	const struct route *route = check_route(L, 2);

	lua_pushboolean(L, pool_has(check_pool(L, 1), &route->target));
	return 1;
}

static size_t
get_count(lua_State *L, const char *field, size_t otherwise)
{
	lua_Integer n;

	lua_getfield(L, 1, field);
	n = luaL_optinteger(L, -1, (lua_Integer)otherwise);
	lua_pop(L, 1);
	return n < 0 ? 0 : (size_t)n;
}

/*
 * As many connections as there are descriptors for: one that is being dialled
 * may have two sockets (RFC 8305), and other things need some too.
 */
static size_t
affordable(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return SIZE_MAX;
	return limit.rlim_cur > 2 * SPARE_FDS ?
	    (size_t)(limit.rlim_cur - SPARE_FDS) / 2 : 1;
}

static void
get_limits(lua_State *L, struct pool_limits *limits)
{
	*limits = pool_defaults;
	if (lua_isnoneornil(L, 1))
		return;
	luaL_checktype(L, 1, LUA_TTABLE);
	limits->per_host = get_count(L, "per_host", limits->per_host);
	limits->total = get_count(L, "total", limits->total);
	lua_getfield(L, 1, "idle");
	if (!lua_isnil(L, -1))
		limits->idle_ms = (int64_t)(luaL_checknumber(L, -1) * 1000);
	lua_pop(L, 1);
}

/* pool([{per_host=, total=, idle=}]) -> a pool of connections. */
static int
l_pool(lua_State *L)
{
	struct error err = { 0 };
	struct pool_limits limits;
	struct pool_box *b;

	get_limits(L, &limits);
	if (limits.total > affordable())
		limits.total = affordable();
	b = new_object(L, &pool_type, sizeof(*b), 0);
	if ((b->pool = pool_new(state_loop(L), &limits)) == NULL) {
		error_nomem(&err);
		return raise_error(L, &err);
	}
	return 1;
}

static const luaL_Reg loop_methods[] = {
	{ "close", l_close_loop },
	{ NULL, NULL }
};

static const luaL_Reg wake_methods[] = {
	{ "close", l_close_wake },
	{ NULL, NULL }
};

static const luaL_Reg methods[] = {
	{ "close", l_close },
	{ "has", l_has },
	{ NULL, NULL }
};

static const luaL_Reg functions[] = {
	{ "now", l_now },
	{ "pool", l_pool },
	{ "sleep", l_sleep },
	{ NULL, NULL }
};

static void
make_handle(lua_State *L)
{
	struct error err = { 0 };
	struct lurl *h = lua_newuserdatauv(L, sizeof(*h), 0);

	memset(h, 0, sizeof(*h));
	luaL_setmetatable(L, LOOP_MT);
	lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
	h->main = lua_tothread(L, -1);
	lua_pop(L, 1);
	if ((h->loop = loop_new()) == NULL) {
		error_nomem(&err);
		raise_error(L, &err);
	}
	lua_rawsetp(L, LUA_REGISTRYINDEX, &handle_key);
}

void
open_loop(lua_State *L)
{
	new_type(L, LOOP_MT, loop_methods);
	if (lurl_handle(L) == NULL)
		make_handle(L);
	new_type(L, pool_type.name, methods);
	push_type(L, &pool_type);
	lua_pop(L, 1);
	new_type(L, WAKE_MT, wake_methods);
	luaL_setfuncs(L, functions, 0);
}
