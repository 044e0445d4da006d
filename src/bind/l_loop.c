/* The loop of a state, its interruption, waiting, and pools. */
#include "bind.h"
#include "lurl.h"

/* Kept in the registry; its metatable's __gc runs after everything else's. */
struct lurl {
	struct loop	*loop;
	lua_State	*main;
};

#define HANDLE		"lurl.handle"	/* its key in the registry */

struct lurl *
lurl_handle(lua_State *L)
{
	struct lurl *h;

	lua_getfield(L, LUA_REGISTRYINDEX, HANDLE);
	h = lua_touserdata(L, -1);
	lua_pop(L, 1);
	return h;
}

struct loop *
state_loop(lua_State *L)
{
	return lurl_handle(L)->loop;
}

void
await(lua_State *L, struct wake *wake)
{
	if (!loop_wait(state_loop(L), wake))
		raise_interrupted(L);
}

/* A wait may have taken the interruption before the hook came to run. */
static void
on_hook(lua_State *L, lua_Debug *ar)
{
	(void)ar;
	lua_sethook(L, NULL, 0, 0);
	if (loop_take_interrupt(state_loop(L)))
		raise_interrupted(L);
}

void
lurl_interrupt(struct lurl *h)
{
	loop_interrupt(h->loop);
	lua_sethook(h->main, on_hook,
	    LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
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

struct pool_box {
	struct pool	*pool;
};

struct pool *
check_pool(lua_State *L, int arg)
{
	struct pool_box *b = luaL_checkudata(L, arg, POOL_MT);

	luaL_argcheck(L, b->pool != NULL, arg, "session is closed");
	return b->pool;
}

/* pool:close(): closes what is idle.  Also __gc and __close. */
static int
l_close(lua_State *L)
{
	struct pool_box *b = luaL_checkudata(L, 1, POOL_MT);
	struct pool *pool = b->pool;

	b->pool = NULL;
	if (pool != NULL)
		pool_empty(pool);
	pool_unref(pool);
	return 0;
}

/* pool() -> a pool of connections. */
static int
l_pool(lua_State *L)
{
	struct error err = { 0 };
	struct pool_box *b = lua_newuserdatauv(L, sizeof(*b), 0);

	b->pool = NULL;
	luaL_setmetatable(L, POOL_MT);
	if ((b->pool = pool_new(state_loop(L))) == NULL) {
		error_nomem(&err);
		return raise_error(L, &err);
	}
	return 1;
}

static const luaL_Reg loop_methods[] = {
	{ "close", l_close_loop },
	{ NULL, NULL }
};

static const luaL_Reg methods[] = {
	{ "close", l_close },
	{ NULL, NULL }
};

static const luaL_Reg functions[] = {
	{ "now", l_now },
	{ "pool", l_pool },
	{ NULL, NULL }
};

static void
make_handle(lua_State *L)
{
	struct error err = { 0 };
	struct lurl *h = lua_newuserdatauv(L, sizeof(*h), 0);

	h->loop = NULL;
	luaL_setmetatable(L, LOOP_MT);
	lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
	h->main = lua_tothread(L, -1);
	lua_pop(L, 1);
	if ((h->loop = loop_new()) == NULL) {
		error_nomem(&err);
		raise_error(L, &err);
	}
	lua_setfield(L, LUA_REGISTRYINDEX, HANDLE);
}

void
open_loop(lua_State *L)
{
	new_type(L, LOOP_MT, loop_methods);
	if (lurl_handle(L) == NULL)
		make_handle(L);
	new_type(L, POOL_MT, methods);
	luaL_setfuncs(L, functions, 0);
}
