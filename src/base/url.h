/*
 * URLs: RFC 3986 syntax, "http" and "https" only (RFC 9110 section 4.2), with
 * the browser's tolerance for spaces and non-ASCII bytes in path and query.
 * International host names become punycode (IDNA 2008, libidn2).
 * Allocates; no I/O, no Lua.
 */
#ifndef LURL_URL_H
#define LURL_URL_H
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "error.h"
#include "span.h"

#define URL_MAX_LEN	65536	/* bytes; longer is refused */
#define URL_HOST_MAX	253	/* RFC 1035 section 2.3.4, without last dot */

enum url_host_type {
	URL_NAME,	/* a DNS name, lower case, ASCII (xn-- where needed) */
	URL_IPV4,	/* dotted quad */
	URL_IPV6	/* without its brackets, no zone */
};

/*
 * Spans point into the struct's own text, so the input may go away.
 * A part that is absent has data == NULL; one that is empty ("?") has len 0.
 */
struct url {
	bool			https;
	enum url_host_type	host_type;
	uint16_t		port;	/* host byte order; the scheme's default */
	bool			port_default;	/* port is the scheme's default */
	struct span		user;		/* percent-decoded; or absent */
	struct span		password;	/* percent-decoded; or absent */
	struct span		host;		/* as to be resolved and checked */
	struct span		path;		/* encoded; at least "/" */
	struct span		query;		/* encoded, without "?" */
	struct span		fragment;	/* encoded, without "#" */
	struct buf		text;		/* owned: what the spans borrow */
};

/*
 * Parses the len bytes at s into *u (RFC 3986 section 3; zeroed first).
 * Spaces and bytes above 0x7e in path, query and fragment are
 * percent-encoded, an existing %XX is kept, "." and ".." segments are removed
 * (RFC 3986 section 5.2.4).  Host: percent-decoded, lower case, punycode.
 * Ownership: url_clear releases *u, whether this succeeded or not.
 * Returns 0; on failure -1 and *err: usage/url (not absolute, another scheme,
 * no host, bad port, control character, bad %-escape in the host, too long;
 * the message says which and never quotes userinfo), io/ENOMEM.
 */
int	url_parse(struct url *u, const char *s, size_t len, struct error *err);

/* Releases what *u owns and zeroes it (userinfo is wiped first). */
void	url_clear(struct url *u);

/*
 * Appends to b: the URL without userinfo (and fragment only if asked);
 * the authority as the Host field and HTTP/1.1 want it (brackets for IPv6,
 * the port unless default); the origin-form request-target: path and query
 * (RFC 9112 section 3.2.1).  Return 0, or -1 when out of memory.
 */
int	url_format(const struct url *u, bool fragment, struct buf *b);
int	url_authority(const struct url *u, struct buf *b);
int	url_target(const struct url *u, struct buf *b);

/* What kind of host a name is: an IP literal's, or URL_NAME. */
enum url_host_type	url_host_kind(const char *host, size_t len);
#endif
