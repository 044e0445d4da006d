/*
 * The way through a proxy, once there is a connection to it: TLS with it, the
 * look-up of what it is not to look up itself, and its handshake.
 */
#ifndef LURL_PASSAGE_H
#define LURL_PASSAGE_H
#include "base/error.h"
#include "base/want.h"
#include "http/answer.h"
#include "loop.h"
#include "target.h"
#include "wire.h"

struct passage;

/*
 * Begins on a wire that is connected to target->proxy; wire and target (whose
 * strings are "" where there is nothing) are borrowed until passage_free, which
 * accepts NULL.  wake is marked when there is something to step for.
 * Returns NULL and *err on failure: io, tls/config, usage/value.
 */
struct passage	*passage_new(struct loop *loop, struct wake *wake,
		    const struct target *target, struct wire *wire,
		    struct error *err);
void		 passage_free(struct passage *p);

/*
 * Goes on.  WANT_WAKE; WANT_NOTHING: what the wire carries from here on is the
 * target's; WANT_FAILED and *err: what wire_handshake, socks_next and
 * tunnel_next say of the proxy; or with phase resolve, of the target's name.
 */
enum want	 passage_step(struct passage *p, struct error *err);

/* The head of an answer that refused the way; NULL: there was none. */
struct answer	*passage_refusal(struct passage *p);
#endif
