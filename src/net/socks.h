/*
 * The client's side of SOCKS5 (RFC 1928), without credentials or with user and
 * password (RFC 1929), as a machine: bytes in, bytes out.
 * Sans-IO; allocates in the caller's buffer only; no Lua.
 */
#ifndef LURL_SOCKS_H
#define LURL_SOCKS_H
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"
#include "base/want.h"

#define SOCKS_FIELD_MAX	255	/* bytes of a name, a user, a password */

enum socks_state {
	SOCKS_METHOD,	/* what is waited for: how to authenticate, */
	SOCKS_AUTH,	/* whether that was right, */
	SOCKS_REPLY,	/* whether it has connected, */
	SOCKS_BOUND,	/* and from where, which nobody needs to know */
	SOCKS_OPEN
};

struct socks {
	/* Whom to connect to; borrowed until the end. */
	const char	*host;		/* a name, or an address: no brackets */
	uint16_t	 port;
	const char	*user;		/* NULL: none */
	const char	*password;	/* with user */

	/* The machine's own. */
	enum socks_state state;
	unsigned char	 in[5];		/* of the message that is waited for */
	size_t		 in_len;
	size_t		 skip;		/* bytes of it that say nothing */
};

/*
 * Begins, with host to password set and the rest zero: appends the first bytes
 * to out.  Returns 0, or -1 and *err: usage/value for a host, user or password
 * longer than SOCKS_FIELD_MAX; io/ENOMEM.
 */
int		socks_start(struct socks *s, struct buf *out,
		    struct error *err);

/*
 * Goes on with what came; *used is how much of it was taken.  What is to be
 * sent next is appended to out.
 * Returns WANT_READ: all is taken, send what is in out and come with more;
 * WANT_NOTHING: connected, what is left of in is the peer's; WANT_FAILED and
 * *err: proxy/auth, proxy/refused by its rules, proxy/other when it could not
 * connect, proxy/protocol; io/ENOMEM.
 */
enum want	socks_next(struct socks *s, struct span in, size_t *used,
		    struct buf *out, struct error *err);
#endif
