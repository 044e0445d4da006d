/*
 * Facts about a certificate, through the part of libcrypto that LibreSSL and
 * OpenSSL share.  No I/O, no Lua.
 */
#ifndef LURL_CERT_H
#define LURL_CERT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct cert;	/* one parsed certificate */

/* The first certificate of PEM text, or NULL.  cert_free accepts NULL. */
struct cert	*cert_parse(const uint8_t *pem, size_t len);
void		 cert_free(struct cert *c);

/* Whether its subjectAltName covers host (name.h). */
bool	cert_covers(const struct cert *c, const char *host);

/*
 * Appends the names it is for, as "a.example, *.b.example, 192.0.2.1": at most
 * max of them, then "and N more"; what is not printable ASCII is escaped as
 * \xHH.  Appends nothing when it has no subjectAltName.
 * Returns 0, or -1: out of memory.
 */
int	cert_names(const struct cert *c, size_t max, struct buf *b);

/*
 * Whether its key or the digest it is signed with is too weak to rely on: RSA
 * or DSA under 2048 bits, an EC group under 224, MD5 or SHA-1.  *why says
 * which, static storage.
 */
bool	cert_weak(const struct cert *c, const char **why);
#endif
