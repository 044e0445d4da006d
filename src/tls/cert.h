/*
 * Facts about a certificate, through the part of libcrypto that LibreSSL and
 * OpenSSL share.  No I/O, no Lua.
 */
#ifndef LURL_CERT_H
#define LURL_CERT_H
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

struct cert;	/* one parsed certificate */

/*
 * The first certificate of PEM text; cert_next also takes it off the front of
 * *pem, for chains.  NULL and errno: EINVAL when there is none or it is
 * damaged, ENOMEM.  cert_free accepts NULL.
 */
struct cert	*cert_parse(const uint8_t *pem, size_t len);
struct cert	*cert_next(struct span *pem);
void		 cert_free(struct cert *c);

/*
 * How many of the bytes at der are a certificate, judged by all of its
 * structure but the key (a fraction of the price of parsing it); 0 when they
 * begin with none.
 */
size_t	cert_der_len(const void *der, size_t len);

/*
 * The SHA-256 of it, and of its SubjectPublicKeyInfo: 32 bytes.
 * Return 0, or -1: out of memory.
 */
int	cert_sha256(const struct cert *c, unsigned char *digest);
int	cert_key_sha256(const struct cert *c, unsigned char *digest);

/* Its subject, and its bytes as they came.  Borrowed. */
const X509_NAME	*cert_subject(const struct cert *c);
struct span	 cert_der(const struct cert *c);

/*
 * Its subject's and its issuer's name as a number: what a certificate of that
 * subject is called in a hashed directory, in eight hexadecimal digits.
 */
uint32_t cert_subject_hash(const struct cert *c);
uint32_t cert_issuer_hash(const struct cert *c);

/* Whether its subjectAltName covers host (name.h). */
bool	cert_covers(const struct cert *c, const char *host);

/*
 * Appends the names it is for, as "a.example, *.b.example, 192.0.2.1": at most
 * max of them, then " and N more"; what is not printable ASCII, blanks, commas
 * and backslashes are escaped as \xHH.  Appends nothing when its
 * subjectAltName has neither dNSName nor iPAddress.
 * Returns 0, or -1: out of memory.
 */
int	cert_names(const struct cert *c, size_t max, struct buf *b);

/*
 * Whether its key or the digest it is signed with is too weak to rely on: RSA
 * or DSA under 2048 bits, an EC group under 224, MD5 or SHA-1 (unless it is
 * self-signed: then the signature is not what it is trusted for).  *why says
 * which, as "its RSA key is shorter than 2048 bits"; static storage, or NULL.
 */
bool	cert_weak(const struct cert *c, const char **why);

/*
 * The same of what issued the first certificate of a chain, PEM text as a peer
 * sent it, as far up as that goes; where several could have, one that is not
 * weak has.  Returns 1 and *why, 0, or -1: out of memory.
 */
int	cert_issuers_weak(struct span chain, const char **why);
#endif
