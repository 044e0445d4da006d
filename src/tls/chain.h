/*
 * The certificates that a server has sent, laid open: who signed whom, and
 * everything that is wrong with them, not only the first.  What a connection
 * relies on is libtls's verdict; this explains it.
 * Reads files (trusted certificates); no sockets, no Lua.
 */
#ifndef LURL_CHAIN_H
#define LURL_CHAIN_H
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/error.h"
#include "base/span.h"
#include "tls/facts.h"
#include "tls/trust.h"

#define CHAIN_MAX	100	/* certificates that are looked at */
#define CHAIN_FAULTS	64	/* that are kept; there are no more, honestly */

/* One thing that is wrong. */
struct chain_fault {
	const char	*code;	/* of kind verify */
	const char	*words;	/* libcrypto's, or ours; static */
	size_t		 at;	/* in the path */
};

struct chain;

/*
 * The certificates of PEM text, in its order, up to CHAIN_MAX; what is none,
 * and what libcrypto cannot read, is left out.
 * Ownership: chain_free (accepts NULL).  NULL and *err: io/ENOMEM.
 */
struct chain	*chain_new(struct span pem, struct error *err);
void		 chain_free(struct chain *c);

/* As sent; the first is the server's own.  Borrowed. */
size_t		 chain_count(const struct chain *c);
const struct facts *chain_facts(const struct chain *c, size_t i);

/*
 * Which of them signed the i-th: its place, i itself where it did so itself;
 * the count where it is none of them.
 */
size_t		 chain_signer(const struct chain *c, size_t i);

/*
 * Says what is trusted: all of it at once.  Returns 0, or -1 and *err as
 * trust_new.
 */
int		 chain_trust(struct chain *c, const struct ca_source *ca,
		    size_t count, struct error *err);

/*
 * Goes the way from the server's certificate up as far as it leads, at that
 * time, and collects what is wrong on it, also with the name and with the pins
 * of a trust, unless these are NULL.  The chain has at least one certificate.
 * Returns 0, or -1: out of memory.
 */
int		 chain_examine(struct chain *c, const char *host,
		    const struct trust *pins, time_t at);

/* The way: of each certificate where it was sent, or the count (see above)
 * where it is from the trusted ones, and its facts.  Borrowed. */
size_t		 chain_path_len(const struct chain *c);
size_t		 chain_path_sent(const struct chain *c, size_t at);
const struct facts *chain_path_facts(const struct chain *c, size_t at);

size_t		 chain_fault_count(const struct chain *c);
const struct chain_fault *chain_fault(const struct chain *c, size_t i);
#endif
