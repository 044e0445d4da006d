/*
 * The module: its C part as "https.core", and the policy in Lua, compiled in,
 * each module loaded when it is first asked for.
 */
#include "bind.h"
#include "lurl.h"

/* src/lua, as the Makefile turns it into initialisers. */
static const char https_lua[] = {
#include "https.lua.inc"
};
static const char errors_lua[] = {
#include "errors.lua.inc"
};
static const char hints_lua[] = {
#include "hints.lua.inc"
};
static const char options_lua[] = {
#include "options.lua.inc"
};
static const char response_lua[] = {
#include "response.lua.inc"
};
static const char session_lua[] = {
#include "session.lua.inc"
};
static const char transport_lua[] = {
#include "transport.lua.inc"
};
static const char trust_lua[] = {
#include "trust.lua.inc"
};

struct module {
	const char	*name;
	const char	*source;
	size_t		 len;
};

static const struct module modules[] = {
	{ "https.errors", errors_lua, sizeof(errors_lua) },
	{ "https.hints", hints_lua, sizeof(hints_lua) },
	{ "https.options", options_lua, sizeof(options_lua) },
	{ "https.response", response_lua, sizeof(response_lua) },
	{ "https.session", session_lua, sizeof(session_lua) },
	{ "https.transport", transport_lua, sizeof(transport_lua) },
	{ "https.trust", trust_lua, sizeof(trust_lua) },
};

/* Runs a module's chunk, with its name, and leaves what it returns. */
static void
run(lua_State *L, const struct module *m)
{
	const char *chunk = lua_pushfstring(L, "=%s", m->name);

	if (luaL_loadbufferx(L, m->source, m->len, chunk, "t") != LUA_OK)
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
	open_error(L);
	open_exchange(L);
	open_headers(L);
	open_json(L);
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
	static const struct module main_module = {
		"https", https_lua, sizeof(https_lua)
	};

	preload(L);
	luaL_requiref(L, "https.core", l_open_core, 0);
	lua_pop(L, 1);
	run(L, &main_module);
	return 1;
}
