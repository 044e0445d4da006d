/*
 * JSON as Lua sees it, reading: integers exact, strict UTF-8, null a light
 * userdata.  An array is a table with the metatable core.json_array, so that
 * an empty one is told from an empty object.
 */
#include <jansson.h>
#include <stdio.h>

#include "base/jread.h"
#include "bind.h"

#define READER_MT	"lurl.jread"	/* the reader, while it reads */
#define MEMBERS_MAX	32	/* members that wait for their table */
#define STACK_MIN	4	/* slots for a value and what makes it */

static int
l_close(lua_State *L)
{
	jread_clear(luaL_checkudata(L, 1, READER_MT));
	return 0;
}

struct reader {
	struct jread	 j;
	struct span	 text;
};

/*
 * The reader only knows where it stopped; jansson, which takes many times as
 * long, says what is wrong.
 */
static void
explain(struct error *err, struct span text, size_t at)
{
	const char *code = "syntax";
	json_error_t why;
	json_t *root;

	root = json_loadb(text.data, text.len, JSON_DECODE_ANY |
	    JSON_ALLOW_NUL, &why);
	if (root != NULL) {	/* it overlooks a NUL byte here and there */
		json_decref(root);
		error_setx(err, ERR_JSON, "syntax", "byte %zu of %zu is not "
		    "JSON", at + 1, text.len);
		return;
	}
	if (json_error_code(&why) == json_error_invalid_utf8)
		code = "utf-8";
	else if (json_error_code(&why) == json_error_numeric_overflow)
		code = "number";
	error_setx(err, ERR_JSON, code, "line %d, column %d: %s", why.line,
	    why.column, why.text);
}

static int
refuse(lua_State *L, struct reader *r)
{
	enum jread_error why = r->j.error;
	size_t at = (size_t)(r->j.at - r->text.data);
	struct error err = { 0 };

	jread_clear(&r->j);
	if (why == JREAD_ENOMEM)
		error_nomem(&err);
	else
		explain(&err, r->text, at);
	return raise_error(L, &err);
}

static void	push_value(lua_State *L, struct reader *r);

static void
check(lua_State *L, struct reader *r, int status)
{
	if (status == -1)
		refuse(L, r);
}

static void
push_array(lua_State *L, struct reader *r)
{
	lua_Integer n = 0;
	int more;

	luaL_checkstack(L, STACK_MIN, "JSON too deep");
	lua_createtable(L, 4, 0);
	while ((more = jread_element(&r->j, n == 0)) == 1) {
		push_value(L, r);
		lua_rawseti(L, -2, ++n);
	}
	check(L, r, more);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_setmetatable(L, -2);
}

/* Moves the n members above it into a table, made to their number. */
static void
move_members(lua_State *L, int table, int n)
{
	int i;

	if (lua_isnil(L, table)) {
		lua_createtable(L, 0, n);
		lua_replace(L, table);
	}
	for (i = 1; i <= 2 * n; i += 2) {
		lua_pushvalue(L, table + i);
		lua_pushvalue(L, table + i + 1);
		lua_rawset(L, table);
	}
	lua_settop(L, table);
}

/*
 * The members wait on the stack, for a table that needs not grow: that is an
 * eighth of the time of all.
 */
static void
push_object(lua_State *L, struct reader *r)
{
	int table = lua_gettop(L) + 1, n = 0, more;
	bool first = true;
	struct span key;

	luaL_checkstack(L, 2 * MEMBERS_MAX + STACK_MIN, "JSON too deep");
	lua_pushnil(L);
	while ((more = jread_member(&r->j, first, &key)) == 1) {
		if (n == MEMBERS_MAX) {
			move_members(L, table, n);
			n = 0;
		}
		lua_pushlstring(L, key.data, key.len);
		push_value(L, r);
		first = false;
		n++;
	}
	check(L, r, more);
	move_members(L, table, n);
}

static void
push_value(lua_State *L, struct reader *r)
{
	struct jread_value v;

	check(L, r, jread_value(&r->j, &v));
	switch (v.type) {
	case JREAD_NULL:
		lua_pushlightuserdata(L, NULL);
		break;
	case JREAD_FALSE:
	case JREAD_TRUE:
		lua_pushboolean(L, v.type == JREAD_TRUE);
		break;
	case JREAD_INTEGER:
		lua_pushinteger(L, v.integer);
		break;
	case JREAD_REAL:
		lua_pushnumber(L, v.real);
		break;
	case JREAD_STRING:
		lua_pushlstring(L, v.string.data, v.string.len);
		break;
	case JREAD_ARRAY:
		push_array(L, r);
		break;
	case JREAD_OBJECT:
		push_object(L, r);
		break;
	}
}

/*
 * json_decode(s) -> value; raises kind json: syntax, utf-8, number.  Of
 * members with the same name the last counts.
 */
static int
l_decode(lua_State *L)
{
	struct span text = check_span(L, 1);
	struct reader *r = lua_newuserdatauv(L, sizeof(*r), 0);

	jread_init(&r->j, text);
	r->text = text;
	luaL_setmetatable(L, READER_MT);
	push_value(L, r);
	check(L, r, jread_end(&r->j));
	jread_clear(&r->j);
	return 1;
}

static const luaL_Reg methods[] = {
	{ "close", l_close },
	{ NULL, NULL }
};

void
open_json(lua_State *L)
{
	new_type(L, READER_MT, methods);
	lua_newtable(L);
	lua_pushliteral(L, "https.json.array");
	lua_setfield(L, -2, "__name");
	lua_pushvalue(L, -1);
	lua_setfield(L, -3, "json_array");
	lua_pushcclosure(L, l_decode, 1);
	lua_setfield(L, -2, "json_decode");
	lua_pushlightuserdata(L, NULL);
	lua_setfield(L, -2, "json_null");
}
