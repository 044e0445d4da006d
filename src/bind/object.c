/* Objects that know their type themselves. */
#include <string.h>

#include "bind.h"

/* What the memory of an object begins with; Lua aligns it for no more. */
union tag {
	const struct type	*type;
	lua_Integer		 integer;
	lua_Number		 number;
};

void
push_type(lua_State *L, const struct type *type)
{
	luaL_newmetatable(L, type->name);
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, type);
}

void *
new_roomy_object(lua_State *L, const struct type *type, size_t size,
    size_t room, int n)
{
	union tag *tag = lua_newuserdatauv(L, sizeof(*tag) + size + room, n);

	tag->type = type;
	memset(tag + 1, 0, size);
	lua_rawgetp(L, LUA_REGISTRYINDEX, type);
	lua_setmetatable(L, -2);
	return tag + 1;
}

void *
new_object(lua_State *L, const struct type *type, size_t size, int n)
{
	return new_roomy_object(L, type, size, 0, n);
}

/* A light userdata has no length. */
void *
check_object(lua_State *L, int arg, const struct type *type)
{
	union tag *tag = lua_touserdata(L, arg);

	if (tag == NULL || lua_rawlen(L, arg) < sizeof(*tag) ||
	    tag->type != type)
		luaL_typeerror(L, arg, type->name);
	return tag + 1;
}
