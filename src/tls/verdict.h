/*
 * What libtls's words mean: the one place where they become kind and code.
 * LibreTLS says things in OpenSSL's words, LibreSSL in its own; both are here.
 * Reads the clock, for hints that tell the date; no I/O, no Lua.
 */
#ifndef LURL_VERDICT_H
#define LURL_VERDICT_H
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* What the connection knows besides the words. */
struct verdict_facts {
	bool	 handshake;	/* failed in the handshake, not after */
	int	 io_errno;	/* what read or write failed with, or 0 */
	bool	 eof;		/* the peer has ended the stream */
	const unsigned char *first;	/* the first bytes it ever sent */
	size_t	 first_len;	/* 0 .. 5 of them */
};

/*
 * Fills *err (kind verify or tls; connect, where the connection failed and not
 * TLS; io/ENOMEM; code; message in libtls's words less its prefixes, and in
 * ours where those mislead; a hint where there is something to do) from what
 * tls_error() said, which may be NULL.  Returns -1.
 */
int	verdict(struct error *err, const char *words,
	    const struct verdict_facts *facts);
#endif
