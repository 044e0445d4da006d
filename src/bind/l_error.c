#include <string.h>

#include "bind.h"

#define DEPTH	40	/* levels that are looked at for the script */

void
new_type(lua_State *L, const char *name, const luaL_Reg *methods)
{
	luaL_newmetatable(L, name);
	lua_newtable(L);
	luaL_setfuncs(L, methods, 0);
	if (lua_getfield(L, -1, "close") == LUA_TFUNCTION) {
		lua_pushvalue(L, -1);
		lua_setfield(L, -4, "__gc");
		lua_setfield(L, -3, "__close");
	} else {
		lua_pop(L, 1);
	}
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
}

struct span
check_span(lua_State *L, int arg)
{
	struct span s;

	s.data = luaL_checklstring(L, arg, &s.len);
	return s;
}

void
push_span(lua_State *L, struct span s)
{
	if (s.data == NULL)
		lua_pushnil(L);
	else
		lua_pushlstring(L, s.data, s.len);
}

/* Where there is nothing to say there is no field. */
static void
set_words(lua_State *L, const char *field, const char *words)
{
	if (words != NULL && words[0] != '\0')
		set_string(L, field, words);
}

/* Where the script called us: the nearest level that is its own, or nil. */
static int
l_where(lua_State *L)
{
	lua_Debug ar;
	int level;

	for (level = 0; level < DEPTH && lua_getstack(L, level, &ar); level++) {
		lua_getinfo(L, "Sl", &ar);
		if (ar.currentline > 0 && strncmp(ar.source, "=https", 6) != 0) {
			lua_pushfstring(L, "%s:%d", ar.short_src,
			    ar.currentline);
			return 1;
		}
	}
	return 0;
}

void
fill_error(lua_State *L, const struct error *err)
{
	luaL_checkstack(L, 4, NULL);
	lua_createtable(L, 0, 11);
	set_words(L, "kind", error_kind_name(err->kind));
	set_words(L, "code", err->code);
	set_words(L, "message", err->message);
	set_words(L, "phase", error_phase_name(err->phase));
	set_words(L, "hint", err->hint);
	set_flag(L, "sent", false);
	if (err->kind == ERR_USAGE && l_where(L) == 1)
		lua_setfield(L, -2, "where");
	luaL_setmetatable(L, ERROR_MT);
}

int
raise_error(lua_State *L, const struct error *err)
{
	fill_error(L, err);
	return lua_error(L);
}

/* Until the policy, which writes it, is loaded: loads it and asks again. */
static int
l_tostring(lua_State *L)
{
	lua_settop(L, 1);
	lua_getglobal(L, "require");
	lua_pushliteral(L, "https.errors");
	lua_call(L, 1, 0);
	luaL_tolstring(L, 1, NULL);
	return 1;
}

/* The policy fills the metatable; the binding only has to set it. */
void
open_error(lua_State *L)
{
	luaL_newmetatable(L, ERROR_MT);
	lua_pushcfunction(L, l_tostring);
	lua_setfield(L, -2, "__tostring");
	lua_setfield(L, -2, "error");
	lua_pushcfunction(L, l_where);
	lua_setfield(L, -2, "where");
}
