/*
 * Bytes to and from one peer: a connected socket, plain or under TLS, by one
 * table of functions chosen once.  Owns the socket, libtls's object and a
 * buffer between them, which saves libtls two system calls a record and keeps
 * errno, which libtls does not.  Instead of a socket there may be another
 * wire: TLS within TLS.
 */
#ifndef LURL_WIRE_H
#define LURL_WIRE_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/want.h"
#include "loop.h"
#include "tls/trust.h"

#define WIRE_WANT_READ	(-2)	/* answers of wire_read and wire_write */
#define WIRE_WANT_WRITE	(-3)
#define WIRE_RECORD	16384	/* bytes: no read or write moves more */

struct wire;
struct tls;

/*
 * Takes fd, also when it fails.  Plain until wire_start_tls.
 * Ownership: wire_free (accepts NULL) sends TLS's close_notify if that needs
 * no waiting, and closes.  NULL and *err: io.
 */
struct wire	*wire_new(struct loop *loop, int fd, struct error *err);
void		 wire_free(struct wire *w);

/*
 * A wire through another, for wire_start_tls to begin with.  Takes below, also
 * when it fails, which it does out of memory.
 */
struct wire	*wire_over(struct wire *below, struct error *err);

/*
 * Puts TLS on the wire, as trust says; name is for SNI and for the name check
 * (an address goes without SNI).  trust is borrowed until wire_free, name until
 * the handshake is over.  Nothing is sent yet.
 * Returns 0, or -1 and *err: tls/config.
 */
int		wire_start_tls(struct wire *w, struct trust *trust,
		    const char *name, struct error *err);

/*
 * Goes on with the handshake and, when it is over, checks what libtls did not
 * (check.h), so WANT_NOTHING means
 * verified as trust says.  WANT_READ, WANT_WRITE; or WANT_FAILED and *err:
 * verify, tls.  After a failure the wire is good for wire_free only.
 */
enum want	wire_handshake(struct wire *w, struct error *err);

/*
 * Whether it has failed for no reason of the server's: trust_stands.  The same
 * again, from the beginning, will be decided.
 */
bool		wire_is_undecided(const struct wire *w);

/*
 * Move at most WIRE_RECORD bytes.  Never block.
 * Return how many; 0 from wire_read at the clean end of the stream;
 * WIRE_WANT_READ or WIRE_WANT_WRITE; or -1 and *err: tls/truncated (the end
 * came without close_notify), tls/..., connect/reset.
 * A write that answers WIRE_WANT_... is to be repeated with the same bytes.
 */
ssize_t		wire_read(struct wire *w, void *buf, size_t len,
		    struct error *err);
ssize_t		wire_write(struct wire *w, const void *buf, size_t len,
		    struct error *err);

/* Whether there are bytes to read that no readiness of the socket tells of. */
bool		wire_has_input(const struct wire *w);

/* Whether any byte that wire_write was given has reached the socket. */
bool		wire_has_sent(const struct wire *w);

/* What it was given so far does not count: it was for a proxy. */
void		wire_forget(struct wire *w);

/*
 * Whether an idle wire is still good: open, and with nothing to say.  TLS's
 * own messages (session tickets) are taken in passing.
 */
bool		wire_is_idle(struct wire *w);

/* Marks wake whenever the socket is ready for one of events (LOOP_...);
 * wire_rest: no more. */
void		wire_wait(struct wire *w, int events, struct wake *wake);
void		wire_rest(struct wire *w);

/* The same for the answer of a step: WANT_READ and WANT_WRITE are waited for
 * and become WANT_WAKE, any other is passed on. */
enum want	wire_await(struct wire *w, enum want want, struct wake *wake);

/* libtls's object, for facts; NULL when plain.  Borrowed. */
struct tls	*wire_tls(const struct wire *w);
#endif
