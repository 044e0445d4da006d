/*
 * Percent-encoding of a name or value that is to stand in a URL (RFC 3986
 * section 2).  Pure: the caller has the storage.
 */
#ifndef LURL_PERCENT_H
#define LURL_PERCENT_H
#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

#define PERCENT_ENCODED_MAX(len)	(3 * (len))	/* bytes it may take */

/*
 * Writes in with every byte but the unreserved ones as %XX; plus: a space as
 * "+", as in a form (application/x-www-form-urlencoded).
 * Returns how many bytes were written, at most PERCENT_ENCODED_MAX(in.len).
 */
size_t	percent_encode(char *out, struct span in, bool plus);

/*
 * Writes the bytes that in stands for; plus: "+" is a space.  A "%" that
 * begins no %XX stands for itself.
 * Returns how many bytes were written, at most in.len.
 */
size_t	percent_decode(char *out, struct span in, bool plus);
#endif
