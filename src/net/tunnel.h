/*
 * The client's side of HTTP CONNECT (RFC 9110 section 9.3.6) as a machine:
 * bytes in, bytes out.  Sans-IO; allocates; no Lua.
 */
#ifndef LURL_TUNNEL_H
#define LURL_TUNNEL_H
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"
#include "base/want.h"
#include "http/h1.h"

#define TUNNEL_MAX_HEADER	65536	/* bytes of the proxy's answer */

struct tunnel {
	struct h1	h1;	/* the proxy's answer */
};

/*
 * Begins: appends the request for a tunnel to host (a name or an address, no
 * brackets) and port to out, with authorization as its proxy-authorization
 * unless that is NULL.
 * Ownership: tunnel_clear, whether this succeeded or not.
 * Returns 0, or -1 and *err: usage/value for what may not be sent; io/ENOMEM.
 */
int		tunnel_start(struct tunnel *t, const char *host, uint16_t port,
		    const char *authorization, struct buf *out,
		    struct error *err);
void		tunnel_clear(struct tunnel *t);

/*
 * Goes on with what came; *used is how much of it was taken.
 * Returns WANT_READ: all is taken, come with more; WANT_NOTHING: the tunnel is
 * there, what is left of in is the peer's; WANT_FAILED and *err: proxy/auth
 * (407, 401), proxy/refused (any other 4xx), proxy/other, all three with the
 * head of the answer in t->h1; proxy/protocol; io/ENOMEM.
 */
enum want	tunnel_next(struct tunnel *t, struct span in, size_t *used,
		    struct error *err);
#endif
