/*
 * Bytes that may be a private key's: wiped before their storage is given back.
 * Reads files; no Lua.
 */
#ifndef LURL_SECRET_H
#define LURL_SECRET_H
#include <stddef.h>

#include "base/error.h"

/* A zeroed one is empty. */
struct secret {
	char	*data;
	size_t	 len;
	size_t	 cap;
};

/*
 * Reads a file whole, and of a longer one than max bytes just enough to show
 * that it is longer; name is what messages call it ("key file 'a.pem'").
 * Returns 0, or -1 and *err: usage/value, with the errno's words; io/ENOMEM.
 */
int	secret_read(struct secret *s, const char *path, size_t max,
	    const char *name, struct error *err);
void	secret_clear(struct secret *s);
#endif
