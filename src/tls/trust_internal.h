/* What the files of trust share. */
#ifndef LURL_TRUST_INTERNAL_H
#define LURL_TRUST_INTERNAL_H
#include "base/buf.h"
#include "tls/index.h"
#include "tls/pin.h"
#include "tls/seen.h"
#include "tls/trust.h"

struct trust {
	unsigned int	 refs;
	bool		 chain;
	bool		 name;
	bool		 time;
	struct tls_config *config;
	struct buf	 label;		/* NUL-terminated */
	struct seen	 seen;		/* the files behind it */
	int64_t		 next_look_ms;	/* at them: trust_was_fresh */
	bool		 is_in_doubt;	/* what it has not looked at */
	struct index	*index;		/* what libtls looks into; NULL: none */
	struct buf	 bundle;	/* PEM: what that is the index of */
	bool		 in_memory;	/* not any more: it was not sound */

	bool		 has_key;	/* of the client: no core dumps */
	struct buf	 doubts;	/* why its certificate may be refused */
	struct pin	*pins;
	size_t		 pin_count;
	struct buf	 crls;		/* whose lists there are, */
	struct buf	 crls_over;	/* and whose are out of date */
	bool		 ocsp;
	enum trust_http	 http;
	bool		 is_limited;	/* by struct trust_protocol */
};

/*
 * Makes libtls trust the sources of *spec, and the label from them unless it
 * has one (without its NUL).  The first to fill t->seen.
 * Returns 0, or -1 and *err as trust_new.
 */
int	trust_set_ca(struct trust *t, const struct trust_spec *spec,
	    struct error *err);

/*
 * Read, check and hand to libtls the client's certificate and the revocation
 * lists of *spec.  Return 0, or -1 and *err as trust_new.
 */
int	trust_set_identity(struct trust *t, const struct trust_spec *spec,
	    struct error *err);
int	trust_set_crls(struct trust *t, const struct trust_spec *spec,
	    struct error *err);

/* A failure in libtls's words: tls/config, io/ENOMEM.  Returns -1. */
int	trust_refused(const struct trust *t, struct error *err);
#endif
