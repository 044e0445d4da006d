/*
 * What the files of the exchange share; nobody else includes it.
 */
#ifndef LURL_EXCHANGE_INTERNAL_H
#define LURL_EXCHANGE_INTERNAL_H
#include "exchange.h"

#define JOIN_MAX	8192	/* bytes: a body this small goes with its head */

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
	struct exchange_spec spec;
	enum stage	 stage;
	struct conn	*conn;		/* owned, until it goes to the pool */
	struct peer	*peer;		/* a reference */
	struct buf	 head;		/* to send first */
	struct span	 rest;		/* to send then: what was not joined */
	size_t		 sent_len;	/* of head and rest together */
	bool		 is_loaded;	/* head and rest hold the piece at hand */
	bool		 is_last;	/* after which there is no more */
	bool		 is_gone;	/* a piece has been sent: none comes back */
	bool		 in_chunks;	/* a chunk has begun: it needs its CRLF */
	struct h1	 answer;

	bool		 sent;
	bool		 cut;		/* answered before all was sent */
	bool		 is_broken;	/* it has failed: there is no more of it */
	bool		 second;	/* once more, on a fresh connection */
	int64_t		 began_ms;
	int64_t		 moved_ms;	/* when a byte last went either way */

	double		 began;
	double		 since;		/* the running part's beginning */
	struct exchange_times times;
};

/* Seconds since the last lap: how long the part that ends now has taken. */
double		exchange_lap(struct exchange *ex);

/* Reads and parses up to the head of the answer.  As exchange_head. */
enum want	exchange_read_head(struct exchange *ex, struct error *err);

/* Sends what is loaded; at the end of the request the stage moves on. */
enum want	exchange_write(struct exchange *ex, struct error *err);

/* What is loaded and has not gone yet; len 0: nothing. */
struct span	exchange_unsent(const struct exchange *ex);

/* Takes the next piece up, and puts it away when it has gone. */
int		exchange_load(struct exchange *ex, struct span piece, bool last,
		    struct error *err);
void		exchange_unload(struct exchange *ex);
#endif
