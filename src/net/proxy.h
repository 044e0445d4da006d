/*
 * Who stands between us and the server, and on what terms: made once, and then
 * shared by the connections that go through it.  No I/O, no Lua.
 */
#ifndef LURL_PROXY_H
#define LURL_PROXY_H
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "tls/trust.h"

enum proxy_kind {
	PROXY_FORWARD,	/* it gets plain http requests in absolute-form */
	PROXY_TUNNEL,	/* HTTP CONNECT */
	PROXY_SOCKS5
};

/* Strings of one that proxy_new made are its own. */
struct proxy {
	enum proxy_kind	 kind;
	const char	*host;		/* ASCII name or address, no brackets */
	uint16_t	 port;
	const char	*address;	/* connect there instead; NULL: host */
	uint16_t	 address_port;	/* with address; 0: port */
	struct trust	*trust;		/* for TLS to it; NULL: plain */
	const char	*user;		/* SOCKS5; NULL: none */
	const char	*password;	/* with user */
	bool		 looks_up;	/* SOCKS5: names go there as they are */

	unsigned int	 refs;
};

/*
 * A copy of *spec, which references its trust.  Two that are made from the same
 * spec are two: connections are told apart by this.
 * Ownership: one reference; proxy_unref frees with the last one.  NULL: out of
 * memory.
 */
struct proxy	*proxy_new(const struct proxy *spec);
struct proxy	*proxy_ref(struct proxy *p);
void		 proxy_unref(struct proxy *p);	/* accepts NULL */

/* Says in the message of *err that it is the proxy that it is about. */
void		 proxy_blame(const struct proxy *p, struct error *err);
#endif
