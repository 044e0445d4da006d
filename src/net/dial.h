/*
 * A TCP connection to the first of several addresses that answers: each gets
 * a head start over the next (RFC 8305, "happy eyeballs").
 */
#ifndef LURL_DIAL_H
#define LURL_DIAL_H
#include <stdint.h>

#include "base/error.h"
#include "base/want.h"
#include "loop.h"
#include "resolve.h"

#define DIAL_HEAD_START_MS	250	/* RFC 8305 section 5 */

struct dial;

/*
 * Begins with the first of the addresses (copied; at least one).  wake is
 * marked when there is something to step for.
 * Ownership: dial_free (accepts NULL) closes what is still being tried.
 * Returns NULL and *err on failure: io.
 */
struct dial	*dial_new(struct loop *loop, struct wake *wake,
		    const struct addresses *to, struct error *err);
void		 dial_free(struct dial *d);

/*
 * WANT_WAKE, and then *at_ms is when to step again if nothing else happens;
 * WANT_NOTHING and *fd (non-blocking, TCP_NODELAY, close-on-exec), which is
 * the caller's now; or WANT_FAILED when the last address has failed, and *err
 * of the first that did: connect/refused, reset, unreachable, other; io.
 */
enum want	dial_step(struct dial *d, int *fd, int64_t *at_ms,
		    struct error *err);
#endif
