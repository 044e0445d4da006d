/*
 * Connections that wait for the next request to the same origin on the same
 * terms (conn_serves: never one of another trust).
 */
#ifndef LURL_POOL_H
#define LURL_POOL_H
#include "conn.h"
#include "loop.h"

struct pool;

/* Open connections, busy or idle; an idle one is closed after idle_ms. */
struct pool_limits {
	size_t	per_host;	/* to one host and port */
	size_t	total;
	int64_t	idle_ms;
};

extern const struct pool_limits pool_defaults;

/*
 * A pool on a loop, which it references.  One reference; the last pool_unref
 * closes what is idle.  NULL: out of memory.
 */
struct pool	*pool_new(struct loop *loop, const struct pool_limits *limits);
struct pool	*pool_ref(struct pool *p);
void		 pool_unref(struct pool *p);	/* accepts NULL */
struct loop	*pool_loop(const struct pool *p);

/*
 * Makes a new connection (conn_new), if the limits leave room for one: idle
 * connections are closed to make it.  NULL and *err: as conn_new, or
 * timeout/pool when every one is busy.
 */
struct conn	*pool_dial(struct pool *p, struct wake *wake,
		    const struct target *target, struct error *err);

/* Closes a connection that is busy, pool_take's or pool_dial's; or NULL. */
void		 pool_drop(struct pool *p, struct conn *c);

/*
 * The idle connection that serves target and is still open, now the caller's;
 * NULL when there is none.  Those found closed by their server, or too long
 * idle, are closed in passing.
 */
struct conn	*pool_take(struct pool *p, const struct target *target);

/* Whether an idle connection would serve target, were it still open. */
bool		pool_has(const struct pool *p, const struct target *target);

/* Takes a connection that is between two requests. */
void		 pool_give(struct pool *p, struct conn *c);

/* Closes every idle connection, and what comes back later at once. */
void		 pool_close(struct pool *p);
#endif
