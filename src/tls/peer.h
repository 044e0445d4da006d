/*
 * What a finished handshake established, kept for as long as anyone asks:
 * the facts behind response.tls.  No I/O, no Lua.
 */
#ifndef LURL_PEER_H
#define LURL_PEER_H
#include <stdbool.h>
#include <time.h>

#include "trust.h"

struct tls;

/* Strings are the struct's own; NULL where there is nothing to tell. */
struct peer {
	unsigned int	 refs;
	char		*version;	/* as libtls writes it, "TLSv1.3" */
	char		*cipher;
	char		*alpn;
	char		*subject;	/* of the leaf, one line */
	char		*issuer;
	char		*hash;		/* "SHA256:" and hex, of the leaf */
	char		*ocsp;		/* the stapled answer, in a word */
	char		*trust;		/* where trust came from (trust_label) */
	time_t		 not_before;	/* of the leaf; -1: none */
	time_t		 not_after;
	bool		 resumed;
	bool		 verified;	/* chain, name and time were checked */
};

/* One reference, for peer_unref (accepts NULL).  NULL: out of memory. */
struct peer	*peer_new(struct tls *tls, const struct trust *trust);
struct peer	*peer_ref(struct peer *p);
void		 peer_unref(struct peer *p);
#endif
