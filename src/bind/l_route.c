/*
 * Where requests go, as Lua sees it: kept from one to the next, so that what
 * they have in common is read from Lua and checked once.
 */
#include <math.h>
#include <string.h>

#include "bind.h"

const struct type route_type = { "lurl.route" };

#define SPECS	1	/* where l_route has its argument */

/* The user values, which the struct borrows from. */
static const char *const strings[] = {
	"host", "servername", "address", "authority", "path", "unix"
};

#define STRINGS	((int)(sizeof(strings) / sizeof(strings[0])))
#define KEPT	(STRINGS + 1)	/* the user value after them: route_keep */

struct route *
check_route(lua_State *L, int arg)
{
	struct route *r = check_object(L, arg, &route_type);

	luaL_argcheck(L, r->target.host != NULL, arg, "route is closed");
	return r;
}

int64_t
opt_ms(lua_State *L, int arg)
{
	lua_Number s = luaL_optnumber(L, arg, HUGE_VAL);

	return s < 1e12 ? (int64_t)ceil(s * 1000) : INT64_MAX;
}

/* Who makes a new connection looks closer at what is on disk. */
static bool
is_current(struct trust *trust, bool is_connected, bool is_once)
{
	if (trust == NULL)
		return true;
	if (!is_connected)
		return trust_current(trust);
	if (is_once)
		trust_look_again(trust);
	return trust_was_fresh(trust, loop_now_ms());
}

bool
route_is_current(const struct route *r, const struct pool *pool, bool is_once)
{
	const struct target *t = &r->target;
	struct trust *other = t->proxy == NULL ? NULL : t->proxy->trust;
	bool is_connected;

	if (t->trust == NULL && other == NULL)
		return true;
	is_connected = pool_has(pool, t);
	return is_current(t->trust, is_connected, is_once) &&
	    is_current(other, is_connected, is_once);
}

void
route_keep(lua_State *L, int route, int arg)
{
	lua_pushvalue(L, arg);
	lua_setiuservalue(L, route, KEPT);
}

/* The next field of strings[], kept as a user value of the route. */
static struct span
keep_string(lua_State *L, int i)
{
	struct span s = { NULL, 0 };

	lua_getfield(L, SPECS, strings[i]);
	s.data = lua_tolstring(L, -1, &s.len);
	lua_setiuservalue(L, -2, i + 1);
	return s;
}

static lua_Integer
get_integer(lua_State *L, const char *field, lua_Integer otherwise)
{
	lua_Integer n;

	lua_getfield(L, SPECS, field);
	n = luaL_optinteger(L, -1, otherwise);
	lua_pop(L, 1);
	return n;
}

static int64_t
get_ms(lua_State *L, const char *field)
{
	int64_t ms;

	lua_getfield(L, SPECS, field);
	ms = opt_ms(L, -1);
	lua_pop(L, 1);
	return ms;
}

static void
get_target(lua_State *L, struct target *t)
{
	t->host = keep_string(L, 0).data;
	t->servername = keep_string(L, 1).data;
	t->address = keep_string(L, 2).data;
	t->path = keep_string(L, 5).data;
	t->port = (uint16_t)get_integer(L, "port", 0);
	t->address_port = (uint16_t)get_integer(L, "address_port", 0);
	if (t->host == NULL)
		luaL_error(L, "route without a host");
	lua_getfield(L, SPECS, "trust");
	if (!lua_isnil(L, -1)) {
		t->trust = trust_ref(check_trust(L, -1));
		t->tls = true;
	}
	lua_pop(L, 1);
	lua_getfield(L, SPECS, "proxy");
	if (!lua_isnil(L, -1))
		t->proxy = proxy_ref(check_proxy(L, -1));
	lua_pop(L, 1);
}

/* Made once, for all the requests that go there. */
static void
get_first(lua_State *L, struct headers *first)
{
	struct span authority = keep_string(L, 3);
	struct error err = { 0 };

	if (headers_add(first, span_of("host"), authority) == -1) {
		error_nomem(&err);
		raise_error(L, &err);
	}
}

/*
 * route{host=, port=, trust= (nil: plain), servername=, address=,
 * address_port=, authority= (the Host line), path= (the request's target),
 * unix= (the path of a socket), proxy=, max_header=, pool=, resolve=, connect=,
 * read= (seconds)} -> route
 */
static int
l_route(lua_State *L)
{
	struct route *r;

	luaL_checktype(L, SPECS, LUA_TTABLE);
	lua_settop(L, SPECS);
	r = new_object(L, &route_type, sizeof(*r), KEPT);
	get_target(L, &r->target);
	get_first(L, &r->first);
	r->path = keep_string(L, 4);
	r->max_header = (size_t)get_integer(L, "max_header", ANSWER_MAX_HEADER);
	r->pool_ms = get_ms(L, "pool");
	r->resolve_ms = get_ms(L, "resolve");
	r->connect_ms = get_ms(L, "connect");
	r->read_ms = get_ms(L, "read");
	return 1;
}

static int
l_gc(lua_State *L)
{
	struct route *r = check_object(L, 1, &route_type);

	r->target.host = NULL;
	trust_unref(r->target.trust);
	r->target.trust = NULL;
	proxy_unref(r->target.proxy);
	r->target.proxy = NULL;
	headers_clear(&r->first);
	buf_clear(&r->ready);
	return 0;
}

static const luaL_Reg metamethods[] = {
	{ "__gc", l_gc },
	{ NULL, NULL }
};

void
open_route(lua_State *L)
{
	push_type(L, &route_type);
	luaL_setfuncs(L, metamethods, 0);
	lua_pop(L, 1);
	lua_pushcfunction(L, l_route);
	lua_setfield(L, -2, "route");
}
