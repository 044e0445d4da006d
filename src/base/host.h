/*
 * The host of a URL, as it is written there, to the host as it is resolved
 * and checked (RFC 3986 section 3.2.2).
 * Allocates where libidn2 does; no I/O, no Lua.
 */
#ifndef LURL_HOST_H
#define LURL_HOST_H
#include "base/error.h"
#include "base/span.h"

#define HOST_MAX	253	/* RFC 1035 section 2.3.4, without last dot */
#define HOST_SIZE	256	/* bytes that hold every host and its NUL */

/*
 * Writes to out, NUL-terminated: the name or IPv4 address in, percent-decoded,
 * in lower case, punycode where it is international; the IPv6 address that
 * stood between brackets, in its canonical form.
 * Returns 0; on failure -1 and *err: usage/url (the rules are at url_parse),
 * io/ENOMEM.
 */
int	host_from_name(char out[HOST_SIZE], struct span in, struct error *err);
int	host_from_ipv6(char out[HOST_SIZE], struct span in, struct error *err);
#endif
