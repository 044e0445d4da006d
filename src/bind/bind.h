/*
 * What the files of the binding share.  Each opens one type or one table of
 * functions of "https.core", which the policy in src/lua is written on.
 */
#ifndef LURL_BIND_H
#define LURL_BIND_H
#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/span.h"
#include "http/answer.h"
#include "http/headers.h"
#include "net/loop.h"
#include "net/pool.h"
#include "tls/trust.h"

#define DECODER_MT	"lurl.decoder"
#define ERROR_MT	"https.error"
#define LOOP_MT		"lurl.loop"
#define PROXY_MT	"lurl.proxy"
#define TRUST_MT	"lurl.trust"

/* Add their functions to the table on top of the stack; metatables too. */
void	open_coding(lua_State *L);
void	open_crypto(lua_State *L);
void	open_error(lua_State *L);
void	open_exchange(lua_State *L);
void	open_file(lua_State *L);
void	open_headers(lua_State *L);
void	open_inspect(lua_State *L);
void	open_json(lua_State *L);
void	open_json_encode(lua_State *L);	/* after open_json */
void	open_loop(lua_State *L);
void	open_proxy(lua_State *L);
void	open_request(lua_State *L);
void	open_route(lua_State *L);
void	open_suffix(lua_State *L);
void	open_system(lua_State *L);
void	open_task(lua_State *L);
void	open_text(lua_State *L);
void	open_trust(lua_State *L);
void	open_url(lua_State *L);

/*
 * Makes a metatable whose __index is a table of methods, __gc and __close
 * being the method "close" where there is one.  Leaves the stack as it was.
 */
void	new_type(lua_State *L, const char *name, const luaL_Reg *methods);

/*
 * Types of which a request uses many objects: an object begins with its type,
 * for luaL_checkudata has to find a name and a metatable first.
 * push_type pushes its metatable, made if need be, before the first object;
 * new_object pushes one, zeroed, with n user values, new_roomy_object one with
 * so many bytes more behind it, which are not; and check_object is what
 * luaL_checkudata is for others.
 */
struct type {
	const char	*name;
};

extern const struct type exchange_type;
extern const struct type headers_type;
extern const struct type pool_type;
extern const struct type route_type;

void	push_type(lua_State *L, const struct type *type);
void	*new_object(lua_State *L, const struct type *type, size_t size, int n);
void	*new_roomy_object(lua_State *L, const struct type *type, size_t size,
	    size_t room, int n);
void	*check_object(lua_State *L, int arg, const struct type *type);

/*
 * Fields of a table: of the one at index table, or, for the setters, of the one
 * on top of the stack.  Leave the stack as it was; a NULL string sets nothing.
 */
bool	get_flag(lua_State *L, int table, const char *field);
void	set_flag(lua_State *L, const char *field, bool value);
void	set_integer(lua_State *L, const char *field, lua_Integer value);
void	set_number(lua_State *L, const char *field, lua_Number value);
void	set_string(lua_State *L, const char *field, const char *value);

/*
 * Raises *err as the error value of the manual.  fill_error leaves that value
 * on the stack instead, for a caller with more to say in it.
 */
int	raise_error(lua_State *L, const struct error *err);
void	fill_error(lua_State *L, const struct error *err);

/*
 * Sets field "refusal" of the error on top of the stack: {status=, reason=,
 * headers=}, which is moved out of the answer of a proxy, if it gave one.
 */
void	set_refusal(lua_State *L, struct answer *answer);

/*
 * The error of a wait that has failed: kind cancelled; the script was
 * interrupted, or the task cancelled.
 */
void	set_stopped(lua_State *L, struct error *err);
int	raise_stopped(lua_State *L);

/* The loop of this state.  Borrowed. */
struct loop	*state_loop(lua_State *L);

/*
 * Waits until wake is ready.  The one place where a script waits.  In a task
 * it does not return: the task yields, and when its time has come k is called
 * with ctx (lua_yieldk), and asks awaited(L, status) how that went.
 * Return false when there is no going on: raise_stopped.
 */
bool	await(lua_State *L, struct wake *wake, lua_KFunction k,
	    lua_KContext ctx);
bool	awaited(lua_State *L, int status);

/* Whether there are tasks that have not ended. */
bool	has_tasks(lua_State *L);

/* Lets the others have their turn, though there is nothing to wait for. */
bool	step_aside(lua_State *L, lua_KFunction k, lua_KContext ctx);

/* What requests to one place share; its strings are Lua's. */
struct route {
	struct target	target;
	struct headers	first;		/* the Host line */
	struct span	path;		/* and query: the request's target */
	struct buf	ready;		/* the head of most requests; once */
	const struct headers *ready_for;	/* written it stays; or NULL */
	size_t		ready_method;	/* bytes of it that are the method */
	size_t		max_header;	/* bytes */
	int64_t		pool_ms;	/* as exchange.h has them */
	int64_t		resolve_ms;
	int64_t		connect_ms;
	int64_t		read_ms;
};

/* The live object of an argument; raise otherwise. */
struct headers	*check_headers(lua_State *L, int arg);
struct pool	*check_pool(lua_State *L, int arg);
struct proxy	*check_proxy(lua_State *L, int arg);
struct route	*check_route(lua_State *L, int arg);
struct trust	*check_trust(lua_State *L, int arg);

/*
 * Whether what the route trusts is still what is on disk.  is_once: for a
 * request that cannot be made again should it turn out not to be, so that a
 * look of a moment ago will not do.
 */
bool	route_is_current(const struct route *r, const struct pool *pool,
	    bool is_once);

/* Keeps those, of argument arg, as long as the route of argument route. */
void	route_keep(lua_State *L, int route, int arg);

/* Seconds in Lua to ms; absent, or too many to count: INT64_MAX, no limit. */
int64_t	opt_ms(lua_State *L, int arg);

/*
 * Pushes an empty list as a headers object; the pointer is valid while the
 * object is.
 */
struct headers	*push_headers(lua_State *L);

/* Whether nobody may write to that headers object any more. */
bool	are_frozen(lua_State *L, int arg);

/* The string argument arg as a span, borrowed while it is on the stack. */
struct span	check_span(lua_State *L, int arg);

/* Pushes a span as a string, or nil for one without data. */
void	push_span(lua_State *L, struct span s);
#endif
