/*
 * The module: its C part as "https.core", and the policy in Lua, compiled in,
 * each module loaded when it is first asked for.
 */
#include "bind.h"
#include "lurl.h"

struct module {
	const char		*name;
	const unsigned char	*chunk;	/* source or bytecode, see src/embed.c */
	size_t			 len;
};

/* src/lua, as the Makefile turns it into modules[]. */
#include MODULES

/* Runs a module's chunk, with its name, and leaves what it returns. */
static void
run(lua_State *L, const struct module *m)
{
	const char *chunk = lua_pushfstring(L, "=%s", m->name);

	if (luaL_loadbuffer(L, (const char *)m->chunk, m->len, chunk) != LUA_OK)
		lua_error(L);
	lua_remove(L, -2);
	lua_pushstring(L, m->name);
	lua_call(L, 1, 1);
}

/* The loader of package.preload; upvalue: the module. */
static int
l_load(lua_State *L)
{
	run(L, lua_touserdata(L, lua_upvalueindex(1)));
	return 1;
}

static int
l_open_core(lua_State *L)
{
	lua_newtable(L);
	open_loop(L);
	open_coding(L);
	open_crypto(L);
	open_error(L);
	open_exchange(L);
	open_file(L);
	open_headers(L);
	open_inspect(L);
	open_json(L);
	open_json_encode(L);
	open_proxy(L);
	open_request(L);
	open_route(L);
	open_suffix(L);
	open_system(L);
	open_task(L);
	open_text(L);
	open_trust(L);
	open_url(L);
	lua_pushliteral(L, LURL_VERSION);
	lua_setfield(L, -2, "version");
	return 1;
}

static void
preload(lua_State *L)
{
	size_t i;

	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
	for (i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		lua_pushlightuserdata(L, (void *)&modules[i]);
		lua_pushcclosure(L, l_load, 1);
		lua_setfield(L, -2, modules[i].name);
	}
	lua_pop(L, 1);
}

int
luaopen_https(lua_State *L)
{
	preload(L);
	luaL_requiref(L, "https.core", l_open_core, 0);
	lua_pop(L, 1);
	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
	lua_getfield(L, -1, "https");
	lua_pushnil(L);		/* it is being opened now, not by require */
	lua_setfield(L, -3, "https");
	lua_call(L, 0, 1);
	return 1;
}
