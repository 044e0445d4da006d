/*
 * What the files of the exchange share; nobody else includes it.  The arrows
 * between them go one way: exchange.c calls the others, by exchange_h1 and
 * exchange_h2 what differs between the protocols; all look at the time.
 */
#ifndef LURL_EXCHANGE_INTERNAL_H
#define LURL_EXCHANGE_INTERNAL_H
#include "exchange.h"
#include "http/h1.h"
#include "mux.h"

#define JOIN_MAX	8192	/* bytes: so small a body goes with its head */
#define REASON_ROOM	32	/* bytes: enough for all that are registered */

enum stage {
	CONNECTING,
	SENDING,
	AWAITING_HEAD,
	IN_BODY,
	DONE
};

struct exchange;

/*
 * What HTTP/1.1 and HTTP/2 do in their own way, from when the connection is
 * there until it is given back.
 *
 * begin: makes ready for a request; -1 and *err: io.
 * write: sends the body's piece at hand, with the head before the first, and
 * puts it away (exchange_unload); at the end of the request, or when an answer
 * has come, the stage moves on.
 * next: reads up to the next event.
 * Both: WANT_READ and WANT_WRITE, when the wire is ready for that; WANT_WAKE;
 * WANT_FAILED and *err.
 * wait, rest: the wake is marked when that is so, or is not any more.
 * was_sent: whether any byte may have reached the server.
 * is_undone: whether, after a failure, the server says it did nothing.
 * end: is done with the connection; whether that may be kept.
 */
struct exchange_protocol {
	int		(*begin)(struct exchange *ex, struct error *err);
	enum want	(*write)(struct exchange *ex, struct error *err);
	enum want	(*next)(struct exchange *ex, enum answer_event *event,
			    struct span *piece, struct error *err);
	void		(*wait)(struct exchange *ex, enum want want);
	void		(*rest)(struct exchange *ex);
	bool		(*was_sent)(const struct exchange *ex);
	bool		(*is_undone)(const struct exchange *ex);
	bool		(*end)(struct exchange *ex);
};

extern const struct exchange_protocol exchange_h1, exchange_h2;

struct exchange {
	struct pool	*pool;
	struct wake	*wake;
	struct pool_place	 place;		/* in the pool's line */
	struct exchange_spec spec;
	enum stage	 stage;
	struct conn	*conn;		/* until it goes to the pool */
	const struct exchange_protocol *protocol; /* NULL: not connected */
	struct peer	*peer;		/* a reference */
	struct span	 piece;		/* of its body, at hand */
	bool		 is_loaded;	/* there is such a piece */
	bool		 is_last;	/* after which there is no more */
	bool		 is_gone;	/* one has been sent: none comes back */

	/* Over HTTP/1.1. */
	struct span	 lead;		/* to send first: the head, or out */
	struct buf	 out;		/* what was joined */
	struct span	 rest;		/* to send then: what was not */
	size_t		 sent_len;	/* of lead and rest together */
	bool		 is_framed;	/* they hold the piece at hand */
	bool		 in_chunks;	/* a chunk has begun: it needs its CRLF */
	struct h1	 h1;		/* and over HTTP/2 the answer in it */

	/* Over HTTP/2. */
	struct mux_member member;
	bool		 is_given;	/* the stream has the piece at hand */

	bool		 sent;
	bool		 cut;		/* answered before all was sent */
	bool		 is_broken;	/* it has failed for good */
	bool		 second;	/* once more, on a fresh connection */
	int64_t		 began_ms;

	double		 moved;		/* when a byte last went either way */
	double		 began;
	double		 since;		/* the running part's beginning */
	struct exchange_times times;

	/* Lent to the answer in h1; last, since nobody clears them. */
	uint32_t	 headers_room[HEADERS_ROOM / sizeof(uint32_t)];
	char		 reason_room[REASON_ROOM];
};

/*
 * exchange_time.c: laps, and the end of patience.
 *
 * exchange_lap: seconds from the last lap to the last byte that moved, which is
 * how long the part that ends now has taken.
 * exchange_in_time: WANT_FAILED and timeout/total when the time for all of it
 * is over, else WANT_NOTHING.  Asked before every step, since a server that is
 * quick enough never makes anybody wait.
 * exchange_wait: leaves word for what to be woken, at_ms at the latest:
 * WANT_WAKE; or WANT_FAILED and timeout when the time has come already.
 */
double		exchange_lap(struct exchange *ex);
enum want	exchange_in_time(const struct exchange *ex, struct error *err);
enum want	exchange_wait(struct exchange *ex, enum want want,
		    int64_t at_ms, struct error *err);

/* Reads up to the end of the answer's head; the stage moves on.  As next. */
enum want	exchange_read_head(struct exchange *ex, struct error *err);

/* The piece at hand has gone; and all of the request has. */
void		exchange_unload(struct exchange *ex);
void		exchange_all_sent(struct exchange *ex);

/* exchange_receive.c: from the wire through the parser of HTTP/1.1. */
enum want	exchange_h1_next(struct exchange *ex, enum answer_event *event,
		    struct span *piece, struct error *err);
#endif
