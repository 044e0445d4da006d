/*
 * What the files of the exchange share; nobody else includes it.  The arrows
 * between them go one way: exchange.c calls the other three, sending calls
 * receiving, both look at the time.
 */
#ifndef LURL_EXCHANGE_INTERNAL_H
#define LURL_EXCHANGE_INTERNAL_H
#include "exchange.h"
#include "http/h1.h"

#define JOIN_MAX	8192	/* bytes: so small a body goes with its head */

enum stage {
	CONNECTING,
	SENDING,
	AWAITING_HEAD,
	IN_BODY,
	DONE
};

struct exchange {
	struct pool	*pool;
	struct wake	*wake;
	struct pool_place	 place;		/* in the pool's line */
	struct exchange_spec spec;
	enum stage	 stage;
	struct conn	*conn;		/* owned, until it goes to the pool */
	struct peer	*peer;		/* a reference */
	struct buf	 head;		/* to send first */
	struct span	 rest;		/* to send then: what was not joined */
	size_t		 sent_len;	/* of head and rest together */
	bool		 is_loaded;	/* head and rest hold the piece */
	bool		 is_last;	/* after which there is no more */
	bool		 is_gone;	/* a piece has gone for good */
	bool		 in_chunks;	/* a chunk has begun: it needs CRLF */
	struct h1	 h1;

	bool		 sent;
	bool		 cut;		/* answered before all was sent */
	bool		 is_broken;	/* it has failed for good */
	bool		 second;	/* once more, on a fresh connection */
	int64_t		 began_ms;
	int64_t		 moved_ms;	/* when a byte last went either way */

	double		 began;
	double		 since;		/* the running part's beginning */
	struct exchange_times times;
};

/*
 * exchange_time.c: laps, and the end of patience.
 *
 * exchange_lap: seconds since the last lap, which is how long the part that
 * ends now has taken.
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

/*
 * exchange_receive.c: from the wire through the parser.  WANT_READ and
 * WANT_WRITE: when the wire is ready for that; WANT_FAILED and *err.
 *
 * exchange_next: parses, and reads when there is nothing to parse, up to the
 * next event.
 * exchange_read_head: the same up to the end of the head; the stage moves on.
 */
enum want	exchange_next(struct exchange *ex, enum answer_event *event,
		    struct span *piece, struct error *err);
enum want	exchange_read_head(struct exchange *ex, struct error *err);

/*
 * exchange_send.c, which also hears an answer that comes early.
 *
 * exchange_load takes the next piece up (0, or -1 and *err: io), and
 * exchange_unload puts it away when it has gone.
 * exchange_unsent: what is loaded and has not gone yet; len 0: nothing.
 * exchange_write: sends what is loaded; at the end of the request, or when an
 * answer has come, the stage moves on.  Wants as above.
 */
int		exchange_load(struct exchange *ex, struct span piece, bool last,
		    struct error *err);
void		exchange_unload(struct exchange *ex);
struct span	exchange_unsent(const struct exchange *ex);
enum want	exchange_write(struct exchange *ex, struct error *err);
#endif
