/*
 * Base64 (RFC 4648 section 4) and base64url (section 5).
 * Pure: the caller has the storage.
 */
#ifndef LURL_BASE64_H
#define LURL_BASE64_H
#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

#define BASE64_ENCODED_MAX(len)	(((len) + 2) / 3 * 4)	/* bytes */
#define BASE64_DECODED_MAX(len)	((len) / 4 * 3 + 2)

/*
 * Writes in as base64 with padding, or as base64url without.
 * Returns how many bytes were written.
 */
size_t	base64_encode(char *out, struct span in, bool url);

/*
 * Writes the bytes that in stands for, strictly: no white space, padding as
 * it must be (base64url: that or none), no bits after the last byte (RFC 4648
 * section 3.5).
 * Returns 0 and *len; -1 and in *len where in it ceases to be base64.
 */
int	base64_decode(char *out, struct span in, bool url, size_t *len);
#endif
