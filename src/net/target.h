/*
 * Whom to talk to, and on what terms: what makes two connections alike.
 */
#ifndef LURL_TARGET_H
#define LURL_TARGET_H
#include <stdbool.h>
#include <stdint.h>

#include "proxy.h"
#include "tls/trust.h"

struct target {
	bool		 tls;
	const char	*host;		/* ASCII name or address, no brackets */
	uint16_t	 port;
	const char	*servername;	/* for SNI and name check; NULL: host */
	const char	*address;	/* connect there instead; NULL: host */
	uint16_t	 address_port;	/* with address; 0: port */
	const char	*path;		/* of a Unix socket, instead; or NULL */
	struct trust	*trust;		/* with tls */
	struct proxy	*proxy;		/* NULL: none, as with path */

	/* What to say to a proxy that asks who we are; no matter once it is
	 * said, so alike in any two.  NULL: nothing. */
	const char	*authorization;
};
#endif
