/*
 * A connection to one origin: looked up, dialled, led through a proxy, under
 * TLS and verified, and then there for one request after the other.
 */
#ifndef LURL_CONN_H
#define LURL_CONN_H
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/want.h"
#include "http/answer.h"
#include "loop.h"
#include "mux.h"
#include "target.h"
#include "tls/peer.h"
#include "wire.h"

/* Seconds each part took; 0 for what was not needed. */
struct conn_times {
	double	resolve;
	double	connect;	/* with the way through a proxy */
	double	tls;
};

struct conn {
	struct wire	*wire;		/* owned; NULL until connected */
	struct buf	 in;		/* read, and not yet taken */
	struct peer	*peer;		/* a reference; NULL when plain */
	struct conn_times times;
	struct mux	*mux;		/* over HTTP/2: owned; else NULL */
	unsigned int	 uses;		/* requests begun on it */
	unsigned int	 users;		/* and under way, over HTTP/2 several */
	int64_t		 idle_since_ms;	/* while in the pool */
	struct conn	*next;		/* in the pool */
	struct dialling	*dialling;	/* how far it is; NULL when ready */
	struct target	 target;	/* a copy, with a trust reference */
};

/*
 * Begins to connect.  target is copied, its trust referenced.  wake is marked
 * whenever there is something to step for.
 * Ownership: conn_free (accepts NULL).  NULL and *err: io.
 */
struct conn	*conn_new(struct loop *loop, struct wake *wake,
		    const struct target *target, struct error *err);
void		 conn_free(struct conn *c);

/*
 * Goes on connecting.  WANT_WAKE: wake will be marked, and *at_ms is when to
 * step again at the latest; WANT_NOTHING: connected, and verified as the trust
 * says; WANT_FAILED and *err, with its phase: resolve, connect, proxy, verify,
 * tls.
 */
enum want	conn_step(struct conn *c, int64_t *at_ms, struct error *err);

/* Durations in ms, INT64_MAX: no limit; the deadline in loop_now_ms's time. */
struct conn_limits {
	int64_t	resolve_ms;
	int64_t	connect_ms;	/* all up to the end of TLS together */
	int64_t	deadline_ms;
};

/*
 * When patience with one that has been connecting since began_ms ends, and
 * with which part of timeout.
 */
int64_t		 conn_patience(const struct conn *c,
		    const struct conn_limits *limits, int64_t began_ms,
		    const char **part);

/* Which part it is at: PHASE_RESOLVE, _CONNECT, _PROXY or _TLS. */
enum error_phase conn_phase(const struct conn *c);

/* The head of an answer with which a proxy refused; NULL: there was none. */
struct answer	*conn_refusal(struct conn *c);

/* Whether it is connected. */
bool		 conn_is_ready(const struct conn *c);

/*
 * Whether one that nobody uses is still good: open, and without anything to
 * say but what HTTP/2 says between requests.
 */
bool		 conn_is_idle(struct conn *c);

/*
 * Whether a connection made for its target may serve this one: alike in all,
 * and through a proxy that forwards, any that it forwards to; and whether it
 * is to the same host and port.
 */
bool		conn_serves(const struct conn *c, const struct target *target);
bool		conn_is_to(const struct conn *c, const struct target *target);
#endif
