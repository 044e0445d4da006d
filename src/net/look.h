/*
 * A look at a server: connected, its handshake made, and no byte of a request
 * sent.
 */
#ifndef LURL_LOOK_H
#define LURL_LOOK_H
#include "base/error.h"
#include "base/span.h"
#include "base/want.h"
#include "conn.h"
#include "loop.h"

struct look;

/*
 * Begins; target, which is to have TLS, is copied.
 * Ownership: look_free (accepts NULL) closes.  NULL and *err: io.
 */
struct look	*look_new(struct loop *loop, const struct target *target,
		    const struct conn_limits *limits, struct error *err);
void		 look_free(struct look *l);

/* What is marked when it can go on. */
struct wake	*look_wake(const struct look *l);

/*
 * WANT_WAKE: wait for look_wake and step again; WANT_NOTHING: it has seen what
 * there is; WANT_FAILED and *err with its phase: as conn_step, or timeout with
 * the part that ran out.
 */
enum want	look_step(struct look *l, struct error *err);

/* Which part it is at. */
enum error_phase look_phase(const struct look *l);

/* The head of an answer with which a proxy refused; NULL: there was none. */
struct answer	*look_refusal(struct look *l);

/* What it has seen; borrowed.  The chain is PEM text, as the server sent it. */
const struct peer *look_peer(const struct look *l);
struct span	look_chain(const struct look *l);
#endif
