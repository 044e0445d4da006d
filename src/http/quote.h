/*
 * Bytes of a peer, made fit to stand in a message.
 * Pure: no I/O, no allocation, no Lua.
 */
#ifndef LURL_QUOTE_H
#define LURL_QUOTE_H
#include "base/span.h"

#define QUOTE_BYTES	40	/* of the span; what follows becomes "..." */
#define QUOTE_MAX	(4 * QUOTE_BYTES + 6)	/* room for the result */

/*
 * Writes s between single quotes, control and non-ASCII bytes, the quote and
 * the backslash escaped as in C, into out, which has QUOTE_MAX bytes.
 * Returns out.
 */
const char	*quote(char *out, struct span s);
#endif
