/*
 * Header lists as Lua sees them: h["content-type"] in any case (several lines
 * joined by ", "), h:all(name), pairs(h) line by line; written by assignment
 * of a string, a number, a list, or nil.
 */
#include <string.h>

#include "bind.h"

const struct type headers_type = { "lurl.headers" };

struct headers_box {
	struct headers	lines;
	bool		is_frozen;
};

struct headers *
check_headers(lua_State *L, int arg)
{
	struct headers_box *b = check_object(L, arg, &headers_type);

	return &b->lines;
}

bool
are_frozen(lua_State *L, int arg)
{
	struct headers_box *b = check_object(L, arg, &headers_type);

	return b->is_frozen;
}

struct headers *
push_headers(lua_State *L)
{
	struct headers_box *b = new_object(L, &headers_type, sizeof(*b), 0);

	return &b->lines;
}

static int
nomem(lua_State *L)
{
	struct error err = { 0 };

	error_nomem(&err);
	return raise_error(L, &err);
}

/* Only the name is told: a value may be a secret. */
static int
refuse(lua_State *L, const char *what, struct span name)
{
	struct error err = { 0 };

	error_setx(&err, ERR_USAGE, "value", "header %s '%.*s' has a character "
	    "that cannot be sent", what, (int)(name.len > 64 ? 64 : name.len),
	    name.data);
	return raise_error(L, &err);
}

static int
wrong_type(lua_State *L, struct span name, const char *type)
{
	struct error err = { 0 };

	error_setx(&err, ERR_USAGE, "type", "header '%.*s' must be a string, "
	    "number or list, not a %s", (int)(name.len > 64 ? 64 : name.len),
	    name.data, type);
	return raise_error(L, &err);
}

/* Those that may be written to. */
static struct headers *
check_own(lua_State *L, int arg)
{
	struct error err = { 0 };

	if (are_frozen(L, arg)) {
		error_setx(&err, ERR_USAGE, "value", "the headers are frozen: "
		    "write to a copy");
		raise_error(L, &err);
	}
	return check_headers(L, arg);
}

static struct span
check_name(lua_State *L, int arg)
{
	struct span name = check_span(L, arg);

	if (!header_name_valid(name))
		refuse(L, "name", name);
	return name;
}

/* Adds the value at that index, a string or number, as a line. */
static void
add_value(lua_State *L, struct headers *h, struct span name, int value)
{
	struct span s;

	if (lua_type(L, value) != LUA_TSTRING &&
	    lua_type(L, value) != LUA_TNUMBER)
		wrong_type(L, name, luaL_typename(L, value));
	lua_pushvalue(L, value);	/* a number in a list stays one */
	s.data = lua_tolstring(L, -1, &s.len);
	if (!header_value_valid(s))
		refuse(L, "value of", name);
	if (headers_add(h, name, s) == -1)
		nomem(L);
	lua_pop(L, 1);
}

/*
 * headers[name] -> string or nil, or a method: methods come first, so that no
 * server can take headers:all away by sending a field of that name.
 */
static int
l_index(lua_State *L)
{
	struct headers *h = check_headers(L, 1);
	struct span name = check_span(L, 2);
	luaL_Buffer b;
	size_t i = 0;
	struct span s;

	lua_pushvalue(L, 2);
	if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
		return 1;
	if (!headers_find(h, name, &i))
		return 0;
	s = headers_value(h, i++);
	if (!headers_find(h, name, &i)) {
		lua_pushlstring(L, s.data, s.len);
		return 1;
	}
	luaL_buffinit(L, &b);
	luaL_addlstring(&b, s.data, s.len);
	for (; headers_find(h, name, &i); i++) {
		s = headers_value(h, i);
		luaL_addlstring(&b, ", ", 2);
		luaL_addlstring(&b, s.data, s.len);
	}
	luaL_pushresult(&b);
	return 1;
}

/* headers[name] = string, number, list, or nil or false to take it out */
static int
l_newindex(lua_State *L)
{
	struct headers *h = check_own(L, 1);
	struct span name = check_name(L, 2), none = { NULL, 0 };
	lua_Integer i, n;

	if (headers_set(h, name, none) == -1)
		return nomem(L);
	if (!lua_toboolean(L, 3))
		return 0;
	if (lua_type(L, 3) != LUA_TTABLE) {
		add_value(L, h, name, 3);
		return 0;
	}
	n = luaL_len(L, 3);
	for (i = 1; i <= n; i++) {
		lua_geti(L, 3, i);
		add_value(L, h, name, lua_gettop(L));
		lua_pop(L, 1);
	}
	return 0;
}

/* headers:all(name) -> list of its values, in order */
static int
l_all(lua_State *L)
{
	struct headers *h = check_headers(L, 1);
	struct span name = check_span(L, 2);
	lua_Integer n = 0;
	size_t i;

	lua_newtable(L);
	for (i = 0; headers_find(h, name, &i); i++) {
		push_span(L, headers_value(h, i));
		lua_seti(L, -2, ++n);
	}
	return 1;
}

/* headers:add(name, value): one more line of that name */
static int
l_add(lua_State *L)
{
	struct headers *h = check_own(L, 1);

	add_value(L, h, check_name(L, 2), 3);
	return 0;
}

static void
append(lua_State *L, struct headers *to, const struct headers *from)
{
	size_t i;

	for (i = 0; i < from->count; i++)
		if (headers_add(to, headers_name(from, i),
		    headers_value(from, i)) == -1)
			nomem(L);
}

/* headers:copy() -> another with the same lines */
static int
l_copy(lua_State *L)
{
	struct headers *h = check_headers(L, 1);

	if (headers_copy(push_headers(L), h) == -1)
		return nomem(L);
	return 1;
}

/* freeze(headers) -> them, which nobody may write to any more */
static int
l_freeze(lua_State *L)
{
	struct headers_box *b = check_object(L, 1, &headers_type);

	b->is_frozen = true;
	lua_settop(L, 1);
	return 1;
}

/* headers:extend(other): the lines of another behind the own */
static int
l_extend(lua_State *L)
{
	struct headers *h = check_own(L, 1), *other = check_headers(L, 2);

	luaL_argcheck(L, h != other, 2, "the same headers");
	append(L, h, other);
	return 0;
}

static int
next_line(lua_State *L)
{
	struct headers *h = check_headers(L, lua_upvalueindex(1));
	size_t i = (size_t)lua_tointeger(L, lua_upvalueindex(2));

	if (i >= h->count)
		return 0;
	lua_pushinteger(L, (lua_Integer)(i + 1));
	lua_replace(L, lua_upvalueindex(2));
	push_span(L, headers_name(h, i));
	push_span(L, headers_value(h, i));
	return 2;
}

/*
 * pairs(headers) -> name, value of each line there is now: as with a table,
 * the loop may take out what it comes to.
 */
static int
l_pairs(lua_State *L)
{
	l_copy(L);
	lua_pushinteger(L, 0);
	lua_pushcclosure(L, next_line, 2);
	return 1;
}

/* Whether one of the arguments from arg on is the name of a line. */
static bool
has_any(lua_State *L, const struct headers *h, int arg)
{
	int n = lua_gettop(L);
	size_t i;

	for (; arg <= n; arg++) {
		i = 0;
		if (headers_find(h, check_span(L, arg), &i))
			return true;
	}
	return false;
}

/* headers:has(name, ...) -> whether there is a line of any of these names */
static int
l_has(lua_State *L)
{
	lua_pushboolean(L, has_any(L, check_headers(L, 1), 2));
	return 1;
}

/*
 * headers:add_default(value, name, ...) -> whether it has added name: value,
 * having no line of that name, nor of any other that is given
 */
static int
l_add_default(lua_State *L)
{
	struct headers *h = check_own(L, 1);
	bool found = has_any(L, h, 3);

	if (!found)
		add_value(L, h, check_name(L, 3), 2);
	lua_pushboolean(L, !found);
	return 1;
}

/* headers:is_plain() -> whether none says how to send the request, or where */
static int
l_is_plain(lua_State *L)
{
	static const char *const names[] = { "host", "content-length",
	    "transfer-encoding", "connection", "proxy-authorization" };
	struct headers *h = check_headers(L, 1);
	bool found = false;
	size_t i, at;

	for (i = 0; i < sizeof(names) / sizeof(names[0]) && !found; i++) {
		at = 0;
		found = headers_find(h, span_of(names[i]), &at);
	}
	lua_pushboolean(L, !found);
	return 1;
}

static int
l_len(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)check_headers(L, 1)->count);
	return 1;
}

static int
l_gc(lua_State *L)
{
	headers_clear(check_headers(L, 1));
	return 0;
}

/* headers() -> an empty list */
static int
l_headers(lua_State *L)
{
	push_headers(L);
	return 1;
}

static const luaL_Reg methods[] = {
	{ "add", l_add },
	{ "add_default", l_add_default },
	{ "all", l_all },
	{ "copy", l_copy },
	{ "extend", l_extend },
	{ "has", l_has },
	{ "is_plain", l_is_plain },
	{ NULL, NULL }
};

static const luaL_Reg metamethods[] = {
	{ "__gc", l_gc },
	{ "__len", l_len },
	{ "__newindex", l_newindex },
	{ "__pairs", l_pairs },
	{ NULL, NULL }
};

void
open_headers(lua_State *L)
{
	push_type(L, &headers_type);
	luaL_setfuncs(L, metamethods, 0);
	luaL_newlib(L, methods);
	lua_pushcclosure(L, l_index, 1);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
	lua_pushcfunction(L, l_headers);
	lua_setfield(L, -2, "headers");
	lua_pushcfunction(L, l_freeze);
	lua_setfield(L, -2, "freeze");
}
