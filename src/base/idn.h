/*
 * International host names as DNS wants them: IDNA 2008 with the mapping of
 * UTS 46, nontransitional, by libidn2.  The one place that knows whether
 * libidn2 is there.
 * Allocates; no I/O, no Lua.
 */
#ifndef LURL_IDN_H
#define LURL_IDN_H
#include <stddef.h>

#include "base/error.h"

/*
 * Writes the ASCII form (xn-- where needed) of a host name in UTF-8 to out,
 * of size bytes.  Both are NUL-terminated.
 * The result may hold any ASCII character that a full-width one maps to, "/"
 * and "@" too: the caller checks it as if it had come in that way.
 * Returns 0; on failure -1 and *err: usage/url (no UTF-8, not a valid name,
 * too long, or built without libidn2); io/ENOMEM.
 */
int	idn_to_ascii(const char *name, char *out, size_t size,
	    struct error *err);
#endif
