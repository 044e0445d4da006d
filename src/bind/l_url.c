/* URLs as Lua sees them: parsed in C, a table of their parts in Lua. */
#include <arpa/inet.h>
#include <string.h>

#include "base/percent.h"
#include "base/url.h"
#include "bind.h"

#define URL_MT	"lurl.url"	/* the parsed one, while it is being read */

static int
l_close(lua_State *L)
{
	url_clear(luaL_checkudata(L, 1, URL_MT));
	return 0;
}

static struct url *
new_url(lua_State *L)
{
	struct url *u = lua_newuserdatauv(L, sizeof(*u), 0);

	memset(u, 0, sizeof(*u));
	luaL_setmetatable(L, URL_MT);
	return u;
}

static void
set_span(lua_State *L, const char *field, struct span s)
{
	push_span(L, s);
	lua_setfield(L, -2, field);
}

/* Sets what one of url.h's formatters writes. */
static void
set_formatted(lua_State *L, const char *field, const struct url *u,
    int (*format)(const struct url *, struct buf *))
{
	struct error err = { 0 };
	struct buf *b = lua_touserdata(L, lua_upvalueindex(1));

	buf_reset(b);
	if (format(u, b) == -1) {
		error_nomem(&err);
		raise_error(L, &err);
	}
	set_span(L, field, buf_span(b));
}

static int
format_plain(const struct url *u, struct buf *b)
{
	return url_format(u, false, b);
}

static void
push_url(lua_State *L, const struct url *u)
{
	lua_createtable(L, 0, 13);
	lua_pushstring(L, u->https ? "https" : "http");
	lua_setfield(L, -2, "scheme");
	lua_pushinteger(L, u->port);
	lua_setfield(L, -2, "port");
	lua_pushboolean(L, u->host_type != URL_NAME);
	lua_setfield(L, -2, "is_address");
	set_span(L, "user", u->user);
	set_span(L, "password", u->password);
	set_span(L, "host", u->host);
	set_span(L, "path", u->path);
	set_span(L, "query", u->query);
	set_span(L, "fragment", u->fragment);
	set_formatted(L, "url", u, format_plain);
	set_formatted(L, "authority", u, url_authority);
	set_formatted(L, "target", u, url_target);
	set_formatted(L, "origin", u, url_origin);
}

/*
 * url(s) -> {scheme=, host=, port=, is_address=, user=, password=, path=,
 * query=, fragment=, url= (without userinfo and fragment), authority=,
 * target=, origin= ("https://host:port")}; raises usage/url
 */
static int
l_url(lua_State *L)
{
	struct span s = check_span(L, 1);
	struct url *u = new_url(L);
	struct error err = { 0 };

	if (url_parse(u, s.data, s.len, &err) == -1)
		return raise_error(L, &err);
	push_url(L, u);
	url_clear(u);
	return 1;
}

/*
 * url_join(base, reference) -> as url: the reference relative to base, whose
 * own userinfo and fragment it has; raises usage/url
 */
static int
l_url_join(lua_State *L)
{
	struct span base = check_span(L, 1), ref = check_span(L, 2);
	struct url *from = new_url(L), *to = new_url(L);
	struct error err = { 0 };

	if (url_parse(from, base.data, base.len, &err) == -1 ||
	    url_join(to, from, ref.data, ref.len, &err) == -1)
		return raise_error(L, &err);
	push_url(L, to);
	url_clear(from);
	url_clear(to);
	return 1;
}

/* percent_encode(s [, plus]) -> s with all but unreserved bytes as %XX */
static int
l_percent_encode(lua_State *L)
{
	struct span s = check_span(L, 1);
	bool plus = lua_toboolean(L, 2);
	luaL_Buffer b;
	char *out;

	out = luaL_buffinitsize(L, &b, PERCENT_ENCODED_MAX(s.len));
	luaL_pushresultsize(&b, percent_encode(out, s, plus));
	return 1;
}

/* percent_decode(s [, plus]) -> the bytes s stands for */
static int
l_percent_decode(lua_State *L)
{
	struct span s = check_span(L, 1);
	bool plus = lua_toboolean(L, 2);
	luaL_Buffer b;
	char *out;

	out = luaL_buffinitsize(L, &b, s.len);
	luaL_pushresultsize(&b, percent_decode(out, s, plus));
	return 1;
}

/* is_address(s) -> whether it is an IPv4 or IPv6 address, no brackets */
static int
l_is_address(lua_State *L)
{
	struct span s = check_span(L, 1);

	lua_pushboolean(L, url_host_kind(s.data, s.len) != URL_NAME);
	return 1;
}

/* address_bytes(s) -> the 4 or 16 bytes of an address; nil: it is none */
static int
l_address_bytes(lua_State *L)
{
	const char *s = luaL_checkstring(L, 1);
	unsigned char bytes[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, s, bytes) == 1)
		lua_pushlstring(L, (char *)bytes, sizeof(struct in_addr));
	else if (inet_pton(AF_INET6, s, bytes) == 1)
		lua_pushlstring(L, (char *)bytes, sizeof(struct in6_addr));
	else
		lua_pushnil(L);
	return 1;
}

static int
l_clear_buf(lua_State *L)
{
	buf_clear(lua_touserdata(L, 1));
	return 0;
}

/* The functions share a buffer, for want of a place to leak one. */
static void
push_shared_buf(lua_State *L)
{
	struct buf *b = lua_newuserdatauv(L, sizeof(*b), 0);

	memset(b, 0, sizeof(*b));
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, l_clear_buf);
	lua_setfield(L, -2, "__gc");
	lua_setmetatable(L, -2);
}

static const luaL_Reg methods[] = {
	{ "close", l_close },
	{ NULL, NULL }
};

static const luaL_Reg functions[] = {
	{ "address_bytes", l_address_bytes },
	{ "is_address", l_is_address },
	{ "percent_decode", l_percent_decode },
	{ "percent_encode", l_percent_encode },
	{ "url", l_url },
	{ "url_join", l_url_join },
	{ NULL, NULL }
};

void
open_url(lua_State *L)
{
	new_type(L, URL_MT, methods);
	push_shared_buf(L);
	luaL_setfuncs(L, functions, 1);
}
