/*
 * One request and its answer on one connection: from the pool or a new one,
 * through sending and parsing, to the connection's return.
 */
#ifndef LURL_EXCHANGE_H
#define LURL_EXCHANGE_H
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"
#include "base/want.h"
#include "conn.h"
#include "http/answer.h"
#include "pool.h"

/* Everything the wire needs to know.  Durations in ms, INT64_MAX: no limit. */
struct exchange_spec {
	struct target	target;		/* copied when it is needed */
	struct span	head;		/* as request_write makes it; and */
	struct span	body;		/* these borrowed till exchange_clear */
	bool		body_follows;	/* instead: in pieces, exchange_send */
	bool		chunked;	/* frame those pieces (RFC 9112, 7.1) */
	bool		head_request;	/* no body comes, whatever is said */
	bool		idempotent;	/* may go out twice (RFC 9110, 9.2.2) */
	bool		close;		/* the last on its connection */
	size_t		max_header;	/* bytes */
	int64_t		resolve_ms;
	int64_t		connect_ms;	/* all up to the end of TLS together */
	int64_t		pool_ms;	/* for a connection to be free */
	int64_t		read_ms;	/* the longest silence */
	int64_t		deadline_ms;	/* for all of it; loop_now_ms's time */
};

/* Seconds; conn's own parts are 0 when the connection was there before. */
struct exchange_times {
	struct conn_times conn;
	double	send;		/* until the request's last byte was gone */
	double	wait;		/* from then until the first of the answer */
	double	receive;	/* from then until the last */
	double	total;
	bool	reused;		/* the connection came from the pool */
};

struct exchange;

/*
 * Makes of exchange_size() bytes, aligned as for a pointer, an exchange that
 * has asked for nothing yet; it references the pool, and the spec's trust
 * stays borrowed until exchange_clear, which closes a connection that is in
 * the middle of something, and leaves the bytes to the caller.
 * NULL and *err: io, and nothing is to be cleared.
 */
size_t		 exchange_size(void);
struct exchange	*exchange_init(void *room, struct pool *pool,
		    const struct exchange_spec *spec, struct error *err);
void		 exchange_clear(struct exchange *ex);

/* Which part it is at: what an error in it has as its phase. */
enum error_phase exchange_phase(const struct exchange *ex);

/* What is marked when it can go on. */
struct wake	*exchange_wake(const struct exchange *ex);

/*
 * Steps.  WANT_WAKE: wait for exchange_wake and step again; WANT_FAILED and
 * *err with its phase, after which the exchange is good for exchange_clear.
 *
 * exchange_send, with body_follows and before exchange_head: WANT_NOTHING when
 * the piece has gone and the next may come, or when the server has answered
 * without waiting for it (exchange_is_cut).  Until then it is called again with
 * the same piece; last is true for the last, which may be empty.
 * exchange_head: WANT_NOTHING when the head of the answer is there.
 * exchange_body, after that: WANT_NOTHING and *piece, a piece of the body,
 * borrowed until the next step; at its end piece->data is NULL, and the
 * connection has gone back to the pool, or has been closed.
 * Errors: those of conn_step, wire_read, h1_next and h1_eof, and timeout with
 * the part that ran out: resolve, connect, tls, read, total; or with pool,
 * after which it may be stepped again when there is room.
 */
enum want	exchange_send(struct exchange *ex, struct span piece,
		    bool last, struct error *err);
enum want	exchange_head(struct exchange *ex, struct error *err);
enum want	exchange_body(struct exchange *ex, struct span *piece,
		    struct error *err);

/* Whether the answer came before all of the request had gone. */
bool		exchange_is_cut(const struct exchange *ex);

/*
 * Gives up what is left of the body: takes what is there already, without
 * waiting, so that the connection may be kept if that was all; else closes it.
 */
void		exchange_discard(struct exchange *ex);

/* Closes the connection; the exchange still tells what it knows. */
void		exchange_abandon(struct exchange *ex);

/*
 * The answer's head; valid from exchange_head's WANT_NOTHING on, and after a
 * failure of kind proxy: the proxy's, with status 0 where it gave none.
 */
struct answer	*exchange_answer(struct exchange *ex);

/* Whether any byte of the request may have reached the server. */
bool		exchange_sent(const struct exchange *ex);

/* So far. */
const struct exchange_times *exchange_times(struct exchange *ex);

/* What TLS established; NULL when plain or not there yet.  Borrowed. */
struct peer	*exchange_peer(const struct exchange *ex);
#endif
