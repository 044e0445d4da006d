/* A request made ready for the wire: the transport's exchange(...). */
#include <stdio.h>
#include <string.h>

#include "exchange.h"
#include "http/request.h"

/* Where l_exchange has its arguments; ROUTE is the first. */
#define FIELDS		4
#define UNUSUAL		7

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

/* Whether the route has the head that this would come to. */
static bool
is_ready(const struct route *r, struct span method,
    const struct headers *fields)
{
	struct span head = buf_span(&r->ready);

	return r->ready_for == fields && method.len == r->ready_method &&
	    memcmp(head.data, method.data, method.len) == 0;
}

/*
 * The head to send.  One with nothing of its own is left to the route, for the
 * requests that come after it.
 */
static struct span
get_head(lua_State *L, struct exchange_box *b, struct exchange_spec *spec,
    struct route *route, struct span method)
{
	const struct headers *fields = check_headers(L, FIELDS), *first;
	bool is_usual = lua_isnil(L, UNUSUAL) && are_frozen(L, FIELDS);
	struct error err = { 0 };

	if (is_usual && method.data != NULL && is_ready(route, method, fields))
		return buf_span(&route->ready);
	first = get_first(L, b, spec, route);
	if (request_write(&b->head, method, route->path, first, fields,
	    &err) == -1)
		raise_error(L, &err);
	headers_clear(&b->first);
	if (!is_usual || route->ready_for != NULL)
		return buf_span(&b->head);
	route_keep(L, ROUTE, FIELDS);
	route->ready_for = fields;
	route->ready_method = method.len;
	route->ready = b->head;
	memset(&b->head, 0, sizeof(b->head));
	return buf_span(&route->ready);
}

static struct exchange_box *
new_box(lua_State *L)
{
	struct exchange_box *b = new_roomy_object(L, &exchange_type,
	    sizeof(*b), exchange_size(), ANCHORS);

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
	struct route *route = check_route(L, ROUTE);
	struct pool *pool = check_pool(L, 2);
	struct span method = { NULL, 0 };
	int64_t total_ms = opt_ms(L, 6);
	struct exchange_spec spec = { 0 };
	struct error err = { 0 };
	struct exchange_box *b;
	bool is_once;

	lua_settop(L, UNUSUAL);
	/* A step may have left no method: request_write says so. */
	method.data = lua_tolstring(L, 3, &method.len);
	is_once = !lua_isnil(L, UNUSUAL) && get_flag(L, UNUSUAL,
	    "body_follows");
	if (!route_is_current(route, pool, is_once))
		return 0;
	b = new_box(L);
	get_route(&spec, route);
	if (!has_tasks(L))	/* nobody else would make room */
		spec.pool_ms = 0;
	spec.idempotent = lua_toboolean(L, 5);
	spec.deadline_ms = total_ms == INT64_MAX ? INT64_MAX :
	    loop_now_ms() + total_ms;
	spec.head = get_head(L, b, &spec, route, method);
	if ((b->exchange = exchange_init(b->room, pool, &spec, &err)) == NULL)
		return raise_error(L, &err);
	return 1;
}

void
open_request(lua_State *L)
{
	lua_pushcfunction(L, l_exchange);
	lua_setfield(L, -2, "exchange");
}
