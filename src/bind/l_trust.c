/* Trust as Lua sees it: made from checked options, kept and compared. */
#include "bind.h"

struct trust_box {
	struct trust	*trust;
};

struct trust *
check_trust(lua_State *L, int arg)
{
	struct trust_box *b = luaL_checkudata(L, arg, TRUST_MT);

	luaL_argcheck(L, b->trust != NULL, arg, "trust is closed");
	return b->trust;
}

static bool
get_flag(lua_State *L, int spec, const char *name)
{
	bool value;

	lua_getfield(L, spec, name);
	value = lua_toboolean(L, -1);
	lua_pop(L, 1);
	return value;
}

/*
 * The sources at the table on top of the stack: "system", a path, or PEM
 * text, told apart as api.md does.  The array is a userdata left on the stack;
 * the strings stay in the table.
 */
static struct ca_source *
get_sources(lua_State *L, size_t *count)
{
	struct ca_source *sources;
	lua_Integer i, n = luaL_len(L, -1);
	int list = lua_gettop(L);
	const char *s;

	sources = lua_newuserdatauv(L, (size_t)(n + 1) * sizeof(*sources), 0);
	for (i = 0; i < n; i++) {
		lua_geti(L, list, i + 1);
		lua_getfield(L, -1, "kind");
		s = luaL_checkstring(L, -1);
		sources[i].kind = s[0] == 's' ? CA_SYSTEM :
		    s[0] == 'p' ? CA_PATH : CA_TEXT;
		lua_pop(L, 1);
		lua_getfield(L, -1, "value");
		sources[i].value = lua_tostring(L, -1);
		lua_pop(L, 2);
	}
	*count = (size_t)n;
	return sources;
}

/*
 * trust{chain=, name=, time= (booleans), ca={{kind="system" or "path" or
 * "text", value=}...}, label=} -> trust; raises usage/value for a source that
 * is no good.
 */
static int
l_trust(lua_State *L)
{
	struct trust_spec spec = { 0 };
	struct error err = { 0 };
	struct trust_box *b;

	luaL_checktype(L, 1, LUA_TTABLE);
	b = lua_newuserdatauv(L, sizeof(*b), 0);
	b->trust = NULL;
	luaL_setmetatable(L, TRUST_MT);
	spec.chain = get_flag(L, 1, "chain");
	spec.name = get_flag(L, 1, "name");
	spec.time = get_flag(L, 1, "time");
	lua_getfield(L, 1, "label");
	spec.label = lua_tostring(L, -1);
	if (lua_getfield(L, 1, "ca") == LUA_TTABLE)
		spec.ca = get_sources(L, &spec.ca_count);
	if (trust_start(&err) == -1 ||
	    (b->trust = trust_new(&spec, &err)) == NULL)
		return raise_error(L, &err);
	lua_settop(L, 2);
	return 1;
}

/* trust:fresh() -> whether its files are what they were */
static int
l_fresh(lua_State *L)
{
	lua_pushboolean(L, trust_fresh(check_trust(L, 1)));
	return 1;
}

/* trust:close(), and __gc and __close. */
static int
l_close(lua_State *L)
{
	struct trust_box *b = luaL_checkudata(L, 1, TRUST_MT);
	struct trust *trust = b->trust;

	b->trust = NULL;
	trust_unref(trust);
	return 0;
}

static const luaL_Reg methods[] = {
	{ "close", l_close },
	{ "fresh", l_fresh },
	{ NULL, NULL }
};

void
open_trust(lua_State *L)
{
	new_type(L, TRUST_MT, methods);
	lua_pushcfunction(L, l_trust);
	lua_setfield(L, -2, "trust");
}
