/*
 * An HTTP/2 connection between the exchanges that share it.  Bytes move when
 * one of them steps; the others are woken for what was theirs.  Of those that
 * wait one at a time watches the wire.
 */
#ifndef LURL_MUX_H
#define LURL_MUX_H
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/want.h"
#include "http/h2.h"
#include "loop.h"
#include "wire.h"

struct mux;

/* One of those exchanges; wake is its own, the rest the mux's. */
struct mux_member {
	struct wake	*wake;
	struct mux	*mux;		/* NULL: it is no member */
	struct h2_stream *stream;
	double		 moved;		/* loop_now's: when its stream got on */
	bool		 waits;
	struct mux_member *next, *previous;	/* of those that wait */
};

/*
 * Speaks HTTP/2 on a wire, which is the caller's and outlives the mux.
 * Ownership: mux_free (accepts NULL), after mux_leave of every member.
 * NULL and *err: io/ENOMEM.
 */
struct mux	*mux_new(struct wire *wire, size_t max_header,
		    struct error *err);
void		 mux_free(struct mux *m);

/* As h2_is_open and h2_has_room; after mux_retire neither. */
bool		 mux_is_open(const struct mux *m);
bool		 mux_has_room(const struct mux *m);

/* Takes no more requests; those that are under way go on. */
void		 mux_retire(struct mux *m);

/* Hears what the server has said while nobody waited; whether it is open. */
bool		 mux_listen(struct mux *m);

/*
 * Begins a request (h2_open); request->user is the mux's to set.
 * mux_leave, which accepts one that is no member, closes the stream.
 */
int		 mux_join(struct mux *m, struct mux_member *member,
		    struct h2_request *request, struct error *err);
void		 mux_leave(struct mux_member *member);

/*
 * Writes what there is to be written and reads once.  WANT_NOTHING: something
 * has come, perhaps for another; or the connection has ended, as the streams
 * tell.  WANT_READ, WANT_WRITE: mux_wait for it.
 */
enum want	 mux_move(struct mux_member *member);

/* The same without reading, when it is too early for that; WANT_NOTHING:
 * something may have come already. */
enum want	 mux_push(struct mux_member *member);

/* Marks wake when there is something for the member, or to be moved;
 * mux_rest, before it does anything else than step: no more. */
void		 mux_wait(struct mux_member *member, enum want want);
void		 mux_rest(struct mux_member *member);

/* Whether the server has said anything since then. */
bool		 mux_has_heard(const struct mux *m, int64_t since_ms);
#endif
