/* JSON as Lua sees it, by jansson: integers exact, strict UTF-8. */
#include <jansson.h>

#include "bind.h"

#define JSON_MT	"lurl.json"	/* a parsed document, while it is read */

struct json_box {
	json_t	*root;
};

static int
l_close(lua_State *L)
{
	struct json_box *b = luaL_checkudata(L, 1, JSON_MT);

	json_decref(b->root);
	b->root = NULL;
	return 0;
}

static void	push_value(lua_State *L, json_t *value);

static void
push_array(lua_State *L, json_t *array)
{
	json_t *value;
	size_t i;

	lua_createtable(L, (int)json_array_size(array), 0);
	json_array_foreach(array, i, value) {
		push_value(L, value);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
}

static void
push_object(lua_State *L, json_t *object)
{
	const char *key;
	size_t len;
	json_t *value;

	lua_createtable(L, 0, (int)json_object_size(object));
	json_object_keylen_foreach(object, key, len, value) {
		lua_pushlstring(L, key, len);
		push_value(L, value);
		lua_rawset(L, -3);
	}
}

/* Jansson bounds the depth (2048), so the C stack is bounded too. */
static void
push_value(lua_State *L, json_t *value)
{
	luaL_checkstack(L, 4, "JSON too deep");
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		push_object(L, value);
		break;
	case JSON_ARRAY:
		push_array(L, value);
		break;
	case JSON_STRING:
		lua_pushlstring(L, json_string_value(value),
		    json_string_length(value));
		break;
	case JSON_INTEGER:
		lua_pushinteger(L, json_integer_value(value));
		break;
	case JSON_REAL:
		lua_pushnumber(L, json_real_value(value));
		break;
	case JSON_NULL:
		lua_pushlightuserdata(L, NULL);
		break;
	default:
		lua_pushboolean(L, json_is_true(value));
		break;
	}
}

static int
refuse(lua_State *L, json_error_t *why)
{
	struct error err = { 0 };
	const char *code = "syntax";

	if (json_error_code(why) == json_error_invalid_utf8)
		code = "utf-8";
	else if (json_error_code(why) == json_error_numeric_overflow)
		code = "number";
	error_setx(&err, ERR_JSON, code, "line %d, column %d: %s", why->line,
	    why->column, why->text);
	return raise_error(L, &err);
}

/* json_decode(s) -> value; raises kind json: syntax, utf-8, number */
static int
l_decode(lua_State *L)
{
	struct span s = check_span(L, 1);
	struct json_box *b = lua_newuserdatauv(L, sizeof(*b), 0);
	json_error_t why;

	b->root = NULL;
	luaL_setmetatable(L, JSON_MT);
	b->root = json_loadb(s.data, s.len, JSON_DECODE_ANY | JSON_ALLOW_NUL,
	    &why);
	if (b->root == NULL)
		return refuse(L, &why);
	push_value(L, b->root);
	json_decref(b->root);
	b->root = NULL;
	return 1;
}

static const luaL_Reg methods[] = {
	{ "close", l_close },
	{ NULL, NULL }
};

void
open_json(lua_State *L)
{
	new_type(L, JSON_MT, methods);
	lua_pushcfunction(L, l_decode);
	lua_setfield(L, -2, "json_decode");
	lua_pushlightuserdata(L, NULL);
	lua_setfield(L, -2, "json_null");
}
