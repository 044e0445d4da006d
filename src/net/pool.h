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

/* Who stands in line for a connection, and for which; all but is its own. */
struct pool_place {
	struct wake	*wake;		/* marked when it is time to ask again */
	const struct target *target;
	bool		 fresh;		/* not one that has been idle */
	struct pool_place	*next;
	bool		 in_line;
	bool		 is_alone;	/* waits for no other's connection */
	int64_t		 since_ms;	/* when it joined the line */
	int64_t		 again_ms;	/* when to ask again at the latest */
};

/*
 * A connection for place, now the caller's: one over HTTP/2 that others use and
 * that has room, an idle one that serves and is still open, or a new one
 * (conn_new) if the limits leave room for it; idle ones are closed to make
 * that, and so are, in passing, those found closed by their server or too long
 * idle.
 * WANT_NOTHING and *c; WANT_FAILED and *err as conn_new; or WANT_WAKE: none is
 * free, or others have been waiting for longer, or one is being made that may
 * be shared; and place stands in line until it asks again with success, when
 * its wake is marked or at again_ms, or leaves with pool_leave, which accepts
 * one that does not.
 */
enum want	 pool_ask(struct pool *p, struct pool_place *place,
		    struct conn **c, struct error *err);
void		 pool_leave(struct pool *p, struct pool_place *place);

/* A connection that pool_ask made is there: it may be for others, too. */
void		 pool_ready(struct pool *p);

/* Closes a connection that is busy, pool_ask's; or NULL. */
void		 pool_drop(struct pool *p, struct conn *c);

/* Whether an idle or shared connection would serve target, were it open. */
bool		pool_has(const struct pool *p, const struct target *target);

/* Takes a connection that is between two requests, or that others share. */
void		 pool_give(struct pool *p, struct conn *c);

/* Closes every idle connection, and what comes back later at once. */
void		 pool_close(struct pool *p);
#endif
