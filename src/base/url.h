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

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"

#define URL_MAX_LEN	65536	/* bytes; longer is refused */

enum url_host_type {
	URL_NAME,	/* a DNS name, lower case, ASCII (xn-- where needed) */
	URL_IPV4,	/* dotted quad */
	URL_IPV6	/* without its brackets, no zone */
};

/*
 * Spans point into the struct's own text, so the input may go away; each is
 * followed by a NUL there, so that data is a C string too.
 * A part that is absent has data == NULL; one that is empty ("?") has len 0.
 */
struct url {
	bool		https;
	bool		port_default;	/* port is the scheme's default */
	enum url_host_type host_type;
	uint16_t	port;		/* host byte order */
	struct span	user;		/* percent-decoded; or absent */
	struct span	password;	/* percent-decoded; or absent */
	struct span	host;		/* as to be resolved and checked */
	struct span	path;		/* encoded; at least "/" */
	struct span	query;		/* encoded, without "?" */
	struct span	fragment;	/* encoded, without "#" */
	struct buf	text;		/* owned: what the spans borrow */
};

/*
 * Parses the len bytes at s into *u (RFC 3986 section 3; zeroed first).
 * Path, query and fragment: spaces, bytes above 0x7e and "<>\^`{|} are
 * percent-encoded, so is a "%" that begins no %XX (and "#" in the fragment);
 * an existing %XX is kept.  "." and ".." segments are removed (RFC 3986
 * section 5.2.4), also where a dot is written %2e, as servers read it.
 * Host: percent-decoded, lower case, punycode; letters, digits, "-", "_" and
 * "." only; one trailing dot is kept.  A host whose last label is a number is
 * refused unless it is a dotted quad: getaddrinfo takes "127.1" and
 * "0x7f000001" for addresses.
 * Ownership: url_clear releases *u, whether this succeeded or not.
 * Returns 0; on failure -1, *u zeroed and *err: usage/url (not absolute,
 * another scheme, no host, bad host or port, white space around it, control
 * character, also in the decoded userinfo, backslash before the path, bad
 * %-escape in the host, longer than URL_MAX_LEN as given or as formatted; the
 * message says which and quotes neither userinfo nor what might be a piece of
 * it), io/ENOMEM.
 */
int	url_parse(struct url *u, const char *s, size_t len, struct error *err);

/*
 * Parses a reference, such as a Location field's, relative to base (RFC 3986
 * section 5.2.2, strict) into *u, which is not base.  Userinfo and fragment
 * are the reference's own: base's are not carried over.
 * Ownership, returns: as url_parse; ref may be empty.
 */
int	url_join(struct url *u, const struct url *base, const char *ref,
	    size_t len, struct error *err);

/* Releases what *u owns and zeroes it (userinfo is wiped first). */
void	url_clear(struct url *u);

/*
 * Appends to b: the URL without userinfo (and fragment only if asked);
 * the authority as the Host field and HTTP/1.1 want it (brackets for IPv6,
 * the port unless default); the origin-form request-target: path and query
 * (RFC 9112 section 3.2.1); the origin, as "https://[::1]:443", in which the
 * port is always there.  Return 0, or -1 when out of memory.
 */
int	url_format(const struct url *u, bool fragment, struct buf *b);
int	url_authority(const struct url *u, struct buf *b);
int	url_target(const struct url *u, struct buf *b);
int	url_origin(const struct url *u, struct buf *b);

/* What a host without brackets is: an IP literal's kind, or URL_NAME. */
enum url_host_type	url_host_kind(const char *host, size_t len);
#endif
