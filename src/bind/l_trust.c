/* Trust as Lua sees it: made from checked options, kept and compared. */
#include "bind.h"

#define SPEC	1	/* where l_trust has its argument */

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

/* {kind="path" or "text", value=} on top of the stack; the string stays. */
static struct pem_source
to_pem_source(lua_State *L)
{
	struct pem_source source = { NULL, false };

	luaL_checktype(L, -1, LUA_TTABLE);
	lua_getfield(L, -1, "kind");
	source.is_text = luaL_checkstring(L, -1)[0] == 't';
	lua_pop(L, 1);
	lua_getfield(L, -1, "value");
	source.value = luaL_checkstring(L, -1);
	lua_pop(L, 1);
	return source;
}

static struct pem_source
get_pem_source(lua_State *L, const char *name)
{
	struct pem_source source = { NULL, false };

	if (lua_getfield(L, SPEC, name) != LUA_TNIL)
		source = to_pem_source(L);
	lua_pop(L, 1);
	return source;
}

/* The list at the field; its array is a userdata left on the stack. */
static void
get_crls(lua_State *L, struct trust_spec *spec)
{
	struct pem_source *crls;
	lua_Integer i, n;

	if (lua_getfield(L, SPEC, "crl") == LUA_TNIL)
		return;
	n = luaL_len(L, -1);
	crls = lua_newuserdatauv(L, (size_t)(n + 1) * sizeof(*crls), 0);
	for (i = 0; i < n; i++) {
		lua_geti(L, -2, i + 1);
		crls[i] = to_pem_source(L);
		lua_pop(L, 1);
	}
	spec->crls = crls;
	spec->crl_count = (size_t)n;
}

static void
get_pins(lua_State *L, struct trust_spec *spec)
{
	const char **pins;
	lua_Integer i, n;

	if (lua_getfield(L, SPEC, "pin") == LUA_TNIL)
		return;
	n = luaL_len(L, -1);
	pins = lua_newuserdatauv(L, (size_t)(n + 1) * sizeof(*pins), 0);
	for (i = 0; i < n; i++) {
		lua_geti(L, -2, i + 1);
		pins[i] = luaL_checkstring(L, -1);
		lua_pop(L, 1);
	}
	spec->pins = pins;
	spec->pin_count = (size_t)n;
}

/* The string at a field, which the table keeps; or NULL. */
static const char *
get_string(lua_State *L, int table, const char *name)
{
	const char *s;

	lua_getfield(L, table, name);
	s = lua_tostring(L, -1);
	lua_pop(L, 1);
	return s;
}

static int
get_version(lua_State *L, int table, const char *name)
{
	lua_Integer version;

	lua_getfield(L, table, name);
	version = luaL_optinteger(L, -1, 0);
	luaL_argcheck(L, version >= 0 && version < 100, SPEC, "version");
	lua_pop(L, 1);
	return (int)version;
}

static void
get_protocol(lua_State *L, struct trust_protocol *p)
{
	static const char *const versions[] = { "1.1", "any", "2", NULL };
	int table;

	lua_getfield(L, SPEC, "http");
	p->http = (enum trust_http)luaL_checkoption(L, -1, "1.1", versions);
	lua_pop(L, 1);
	if (lua_getfield(L, SPEC, "tls") != LUA_TNIL) {
		table = lua_gettop(L);
		p->min = get_version(L, table, "min");
		p->max = get_version(L, table, "max");
		p->ciphers = get_string(L, table, "ciphers");
		p->curves = get_string(L, table, "curves");
		p->alpn = get_string(L, table, "alpn");
	}
	lua_pop(L, 1);
}

static void
get_spec(lua_State *L, struct trust_spec *spec)
{
	spec->chain = get_flag(L, SPEC, "chain");
	spec->name = get_flag(L, SPEC, "name");
	spec->time = get_flag(L, SPEC, "time");
	spec->ocsp = get_flag(L, SPEC, "ocsp");
	spec->label = get_string(L, SPEC, "label");
	spec->cert = get_pem_source(L, "cert");
	spec->key = get_pem_source(L, "key");
	spec->key_password = get_string(L, SPEC, "key_password");
	get_protocol(L, &spec->protocol);
	get_pins(L, spec);
	get_crls(L, spec);
	if (lua_getfield(L, SPEC, "ca") == LUA_TTABLE)
		spec->ca = get_sources(L, &spec->ca_count);
}

/*
 * trust{chain=, name=, time=, ocsp= (booleans), ca={{kind="system" or "path"
 * or "text", value=}...}, cert=, key= (one such each), key_password=,
 * crl= (a list of such), pin= (a list of strings), tls={min=, max= (12 is 1.2),
 * ciphers=, curves=, alpn=}, http= ("1.1", "any" or "2"), label=} -> trust;
 * raises usage/value for a source that is no good.
 */
static int
l_trust(lua_State *L)
{
	struct trust_spec spec = { 0 };
	struct error err = { 0 };
	struct trust_box *b;

	luaL_checktype(L, SPEC, LUA_TTABLE);
	lua_settop(L, SPEC);
	b = lua_newuserdatauv(L, sizeof(*b), 0);
	b->trust = NULL;
	luaL_setmetatable(L, TRUST_MT);
	get_spec(L, &spec);
	b->trust = trust_new(&spec, &err);
	if (b->trust == NULL)
		return raise_error(L, &err);
	lua_settop(L, SPEC + 1);
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
