/* Fields of a table, read and written in one line each. */
#include "bind.h"

bool
get_flag(lua_State *L, int table, const char *field)
{
	bool value;

	lua_getfield(L, table, field);
	value = lua_toboolean(L, -1);
	lua_pop(L, 1);
	return value;
}

void
set_flag(lua_State *L, const char *field, bool value)
{
	lua_pushboolean(L, value);
	lua_setfield(L, -2, field);
}

void
set_integer(lua_State *L, const char *field, lua_Integer value)
{
	lua_pushinteger(L, value);
	lua_setfield(L, -2, field);
}

void
set_number(lua_State *L, const char *field, lua_Number value)
{
	lua_pushnumber(L, value);
	lua_setfield(L, -2, field);
}

void
set_string(lua_State *L, const char *field, const char *value)
{
	if (value == NULL)
		return;
	lua_pushstring(L, value);
	lua_setfield(L, -2, field);
}
