/* Proxies as Lua sees them: made from checked options, kept and compared. */
#include <string.h>

#include "bind.h"

#define SPEC	1	/* where l_proxy has its argument */

struct proxy_box {
	struct proxy	*proxy;
};

struct proxy *
check_proxy(lua_State *L, int arg)
{
	struct proxy_box *b = luaL_checkudata(L, arg, PROXY_MT);

	luaL_argcheck(L, b->proxy != NULL, arg, "proxy is closed");
	return b->proxy;
}

/* Left on the stack, where it is borrowed from. */
static const char *
get_string(lua_State *L, const char *field)
{
	lua_getfield(L, SPEC, field);
	return lua_tostring(L, -1);
}

static uint16_t
get_port(lua_State *L, const char *field)
{
	lua_getfield(L, SPEC, field);
	return (uint16_t)luaL_optinteger(L, -1, 0);
}

static enum proxy_kind
get_kind(lua_State *L)
{
	static const char *const kinds[] = {
		[PROXY_FORWARD] = "forward",
		[PROXY_TUNNEL] = "tunnel",
		[PROXY_SOCKS5] = "socks5",
		NULL
	};

	lua_getfield(L, SPEC, "kind");
	return (enum proxy_kind)luaL_checkoption(L, -1, NULL, kinds);
}

/*
 * proxy{kind="forward" or "tunnel" or "socks5", host=, port=, address=,
 * address_port=, trust= (nil: plain), user=, password=, looks_up=} -> proxy
 */
static int
l_proxy(lua_State *L)
{
	struct proxy spec = { 0 };
	struct error err = { 0 };
	struct proxy_box *b;

	luaL_checktype(L, SPEC, LUA_TTABLE);
	lua_settop(L, SPEC);
	b = lua_newuserdatauv(L, sizeof(*b), 0);
	b->proxy = NULL;
	luaL_setmetatable(L, PROXY_MT);
	spec.kind = get_kind(L);
	spec.host = get_string(L, "host");
	spec.port = get_port(L, "port");
	spec.address = get_string(L, "address");
	spec.address_port = get_port(L, "address_port");
	spec.user = get_string(L, "user");
	spec.password = get_string(L, "password");
	spec.looks_up = get_flag(L, SPEC, "looks_up");
	lua_getfield(L, SPEC, "trust");
	if (!lua_isnil(L, -1))
		spec.trust = check_trust(L, -1);
	luaL_argcheck(L, spec.host != NULL, SPEC, "proxy without a host");
	if ((b->proxy = proxy_new(&spec)) == NULL) {
		error_nomem(&err);
		return raise_error(L, &err);
	}
	lua_settop(L, SPEC + 1);
	return 1;
}

/* proxy:close(), and __gc and __close. */
static int
l_close(lua_State *L)
{
	struct proxy_box *b = luaL_checkudata(L, 1, PROXY_MT);
	struct proxy *proxy = b->proxy;

	b->proxy = NULL;
	proxy_unref(proxy);
	return 0;
}

static const luaL_Reg methods[] = {
	{ "close", l_close },
	{ NULL, NULL }
};

void
open_proxy(lua_State *L)
{
	new_type(L, PROXY_MT, methods);
	lua_pushcfunction(L, l_proxy);
	lua_setfield(L, -2, "proxy");
}
