/*
 * Connections that wait for the next request to the same origin on the same
 * terms (conn_serves: never one of another trust).
 */
#ifndef LURL_POOL_H
#define LURL_POOL_H
#include "conn.h"
#include "loop.h"

#define POOL_TOTAL	64	/* idle connections; the oldest goes beyond */
#define POOL_IDLE_MS	60000	/* servers close after 75 s (nginx) or less */

struct pool;

/*
 * A pool on a loop, which it references.  One reference; the last pool_unref
 * closes what is idle.  NULL: out of memory.
 */
struct pool	*pool_new(struct loop *loop);
struct pool	*pool_ref(struct pool *p);
void		 pool_unref(struct pool *p);	/* accepts NULL */
struct loop	*pool_loop(const struct pool *p);

/*
 * The idle connection that serves target and is still open, now the caller's;
 * NULL when there is none.  Those found closed by their server, or too long
 * idle, are closed in passing.
 */
struct conn	*pool_take(struct pool *p, const struct target *target);

/* Takes a connection that is between two requests. */
void		 pool_give(struct pool *p, struct conn *c);

/* Closes every idle connection. */
void		 pool_empty(struct pool *p);
#endif
