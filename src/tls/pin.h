/*
 * Pins: digests of the certificate, or of the public key, that a server has to
 * have.  Pure: no I/O, no Lua.
 */
#ifndef LURL_PIN_H
#define LURL_PIN_H
#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

#define PIN_LEN	32	/* bytes of a SHA-256 */

struct cert;

struct pin {
	bool		 is_key;	/* of the key, not of the certificate */
	unsigned char	 digest[PIN_LEN];
};

/*
 * Reads "sha256:HEX", the SHA-256 of a certificate, with or without colons
 * between the bytes; or "sha256//BASE64", that of a SubjectPublicKeyInfo, as
 * curl has it (RFC 7469 section 2.4).  Letters of either case, but in BASE64.
 * Returns 0, or -1 and *err: usage/value.
 */
int	pin_parse(struct pin *pin, const char *text, struct error *err);

bool	pin_matches(const struct pin *pin, const struct cert *cert);

/* Appends the pin of its key.  Returns 0, or -1: out of memory. */
int	pin_of_key(const struct cert *cert, struct buf *b);
#endif
