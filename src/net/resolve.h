/*
 * A name to its addresses, as the system says (getaddrinfo: nsswitch, hosts
 * file, DNS), in threads (lookup.h), so that one that hangs stops nobody else
 * and is simply left behind when its askers give up.
 */
#ifndef LURL_RESOLVE_H
#define LURL_RESOLVE_H
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/error.h"
#include "base/want.h"
#include "loop.h"

#define RESOLVE_MAX	32	/* addresses of one name that are looked at */

struct address {
	socklen_t		len;
	struct sockaddr_storage	sa;
};

struct addresses {
	size_t		count;
	struct address	list[RESOLVE_MAX];	/* in the order to be tried */
};

struct resolve;

/*
 * Begins a look-up; an address literal is answered without a thread.  wake is
 * marked when there is an answer.
 * Ownership: resolve_free (accepts NULL) ends it, answered or not.
 * Returns NULL and *err on failure: io.
 */
struct resolve	*resolve_new(struct loop *loop, struct wake *wake,
		    const char *host, uint16_t port, struct error *err);
void		 resolve_free(struct resolve *r);

/*
 * WANT_WAKE; or WANT_NOTHING and *out, IPv6 and IPv4 taking turns beginning
 * with the family the system puts first (RFC 8305 section 4); or
 * WANT_FAILED and *err: resolve/not-found, temporary, other.
 */
enum want	resolve_step(struct resolve *r, struct addresses *out,
		    struct error *err);

/* Reads an address literal (no brackets).  Returns 0, or -1: it is none. */
int	address_parse(struct address *a, const char *host, uint16_t port);

/* The address of a Unix socket.  Returns 0, or -1: the path is too long. */
#define ADDRESS_UNIX_MAX \
	(sizeof(((struct sockaddr_un *)0)->sun_path) - 1)	/* bytes */
int	address_unix(struct address *a, const char *path);
#endif
