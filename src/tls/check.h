/*
 * What libtls leaves to its caller once a handshake is over: the name without
 * falling back to the common name, the time when the chain is not verified,
 * keys that LibreSSL does not find weak, pins, and what a stapled OCSP answer
 * says.  Reads the clock; no I/O, no Lua.
 */
#ifndef LURL_CHECK_H
#define LURL_CHECK_H
#include "base/error.h"
#include "tls/trust.h"

struct tls;

/*
 * Checks the peer as trust says, after a complete handshake and before
 * anything is sent; name is the one that it was asked for.
 * Returns 0, or -1 and *err: verify.
 */
int	check_peer(struct tls *tls, const struct trust *trust,
	    const char *name, struct error *err);
#endif
