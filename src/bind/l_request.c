/* A request made ready for the wire: the transport's exchange(...). */
#include <stdio.h>
#include <string.h>

#include "exchange.h"
#include "http/request.h"

#define UNUSUAL		7	/* where l_exchange has its last argument */

/* What most requests do not have.  The body is kept as a user value of box. */
static void
get_unusual(lua_State *L, struct exchange_spec *spec, int box)
{
	lua_getfield(L, UNUSUAL, "body");
	spec->body.data = lua_tolstring(L, -1, &spec->body.len);
	lua_setiuservalue(L, box, BODY);
	lua_getfield(L, UNUSUAL, "tunnel_authorization");
	spec->target.authorization = lua_tostring(L, -1);
	lua_setiuservalue(L, box, AUTHORIZATION);
	spec->body_follows = get_flag(L, UNUSUAL, "body_follows");
	spec->chunked = get_flag(L, UNUSUAL, "chunked");
	spec->head_request = get_flag(L, UNUSUAL, "head_request");
	spec->close = get_flag(L, UNUSUAL, "close");
}

static void
get_route(struct exchange_spec *spec, const struct route *r)
{
	spec->target = r->target;
	spec->max_header = r->max_header;
	spec->pool_ms = r->pool_ms;
	spec->resolve_ms = r->resolve_ms;
	spec->connect_ms = r->connect_ms;
	spec->read_ms = r->read_ms;
}

/* The line of the body's length, where there is one to say. */
static int
add_length(lua_State *L, struct headers *first)
{
	char number[24];
	struct span value = { number, 0 };
	int rv = 0;

	lua_getfield(L, UNUSUAL, "length");
	if (lua_isinteger(L, -1)) {
		value.len = (size_t)snprintf(number, sizeof(number),
		    LUA_INTEGER_FMT, lua_tointeger(L, -1));
		rv = headers_add(first, span_of("content-length"), value);
	}
	lua_pop(L, 1);
	return rv;
}

/* What a proxy that forwards the request is to know of who sends it. */
static int
add_authorization(lua_State *L, struct headers *first)
{
	struct span value;
	int rv = 0;

	lua_getfield(L, UNUSUAL, "proxy_authorization");
	value.data = lua_tolstring(L, -1, &value.len);
	if (value.data != NULL)
		rv = headers_add(first, span_of("proxy-authorization"), value);
	lua_pop(L, 1);
	return rv;
}

/* Other first lines than those of the route. */
static int
add_first(lua_State *L, struct headers *first, const struct route *r,
    struct error *err)
{
	if (!get_flag(L, UNUSUAL, "own_host") && headers_add(first, span_of("host"),
	    headers_value(&r->first, 0)) == -1)
		return error_nomem(err);
	if (add_length(L, first) == -1 || add_authorization(L, first) == -1)
		return error_nomem(err);
	if (get_flag(L, UNUSUAL, "chunked") && headers_add(first,
	    span_of("transfer-encoding"), span_of("chunked")) == -1)
		return error_nomem(err);
	return 0;
}

/* The lines that go before the script's: what they say is policy's. */
static const struct headers *
get_first(lua_State *L, struct exchange_box *b, struct exchange_spec *spec,
    const struct route *route)
{
	struct error err = { 0 };

	if (lua_isnil(L, UNUSUAL))
		return &route->first;
	get_unusual(L, spec, UNUSUAL + 1);
	if (add_first(L, &b->first, route, &err) == -1)
		raise_error(L, &err);
	return &b->first;
}

static struct exchange_box *
new_box(lua_State *L)
{
	struct exchange_box *b = new_object(L, &exchange_type, sizeof(*b),
	    ANCHORS);

	lua_pushvalue(L, ROUTE);
	lua_setiuservalue(L, -2, ROUTE);
	return b;
}

/*
 * exchange(route, pool, method, headers, idempotent, total (seconds, or nil),
 * unusual) -> exchange, or nil where it would rely on a trust that is no longer
 * what is on disk; raises usage/value for what may not be sent.
 * unusual is nil, or {own_host= (headers have one), body=, length= (the
 * Content-Length line, if any), body_follows=, chunked=, head_request=,
 * close=, tunnel_authorization= (to open a tunnel with), proxy_authorization=
 * (the line)}
 */
static int
l_exchange(lua_State *L)
{
	const struct route *route = check_route(L, ROUTE);
	struct pool *pool = check_pool(L, 2);
	struct span method = { NULL, 0 };
	struct headers *fields = check_headers(L, 4);
	int64_t total_ms = opt_ms(L, 6);
	const struct headers *first;
	struct exchange_spec spec = { 0 };
	struct error err = { 0 };
	struct exchange_box *b;

	lua_settop(L, UNUSUAL);
	/* A step may have left no method: request_write says so. */
	method.data = lua_tolstring(L, 3, &method.len);
	if (!route_is_current(route, pool))
		return 0;
	b = new_box(L);
	get_route(&spec, route);
	if (!has_tasks(L))	/* nobody else would make room */
		spec.pool_ms = 0;
	spec.idempotent = lua_toboolean(L, 5);
	spec.deadline_ms = total_ms == INT64_MAX ? INT64_MAX :
	    loop_now_ms() + total_ms;
	first = get_first(L, b, &spec, route);
	if (request_write(&b->bytes, method, route->path, first, fields,
	    &err) == -1)
		return raise_error(L, &err);
	headers_clear(&b->first);
	spec.head = buf_span(&b->bytes);
	if ((b->exchange = exchange_new(pool, &spec, &err)) == NULL)
		return raise_error(L, &err);
	buf_reset(&b->bytes);
	return 1;
}

void
open_request(lua_State *L)
{
	lua_pushcfunction(L, l_exchange);
	lua_setfield(L, -2, "exchange");
}
