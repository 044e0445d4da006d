/*
 * Trust: what a script asked to be verified, as a tls_config.
 * Reads files (bundles, directories); no sockets, no Lua.
 */
#ifndef LURL_TRUST_H
#define LURL_TRUST_H
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct tls_config;
struct trust;

/* Where one source of trusted certificates comes from. */
enum ca_kind {
	CA_SYSTEM,	/* the system's store; value is NULL */
	CA_PATH,	/* a PEM file, or a directory of hashed PEM files */
	CA_TEXT		/* PEM text */
};

struct ca_source {
	enum ca_kind	 kind;
	const char	*value;	/* path or text, NUL-terminated; borrowed */
};

/* What is offered to a server; NULL and 0: the default. */
struct trust_protocol {
	int		 min, max;	/* of TLS, 10 * major + minor: 12, 13 */
	const char	*ciphers;	/* as libtls takes them */
	const char	*curves;	/* likewise, as "X25519,P-256" */
	const char	*alpn;		/* likewise, as "http/1.1"; by default
					 * nothing is asked for */
};

struct trust_spec {
	bool		 chain;		/* verify to a trusted certificate */
	bool		 name;		/* RFC 9525, see name.h */
	bool		 time;		/* validity, of every certificate */
	const struct ca_source *ca;	/* borrowed; unused without chain */
	size_t		 ca_count;	/* at least 1 with chain */
	/*
	 * Where trust came from, as "env: SSL_CERT_FILE".  NULL: made here
	 * from the sources ("system: /etc/ssl/certs, ca: corp.pem, PEM text",
	 * "none").
	 */
	const char	*label;
	struct trust_protocol protocol;
};

/*
 * Builds a trust from *spec: reads and checks every source, makes the
 * tls_config (by default TLS 1.2 and 1.3, forward-secret AEAD ciphers; the
 * name check left to name.h since libtls's falls back to the common name).
 * Ownership: one reference; trust_unref frees with the last one.
 * Blocks: on the disk only.
 * Returns NULL and *err on failure: usage/value for a source that is missing,
 * unreadable, empty, or not PEM, naming the file and why, and for ciphers and
 * curves that libtls does not know; io/ENOMEM; tls/config when libtls refuses
 * anything else, with its words.
 */
struct trust	*trust_new(const struct trust_spec *spec, struct error *err);
struct trust	*trust_ref(struct trust *t);
void		 trust_unref(struct trust *t);	/* accepts NULL */

/*
 * Whether the sources on disk are still what trust_new read (device, inode,
 * size, mtime and ctime in ns of each file or directory).  A few stat(2)s.
 */
bool	trust_fresh(const struct trust *t);

/*
 * The same, and the files that were read out of a directory too, which may be
 * some 150: for a new connection, not for every request.
 */
bool	trust_current(const struct trust *t);

/* Borrowed from t. */
struct tls_config *trust_config(const struct trust *t);
bool		 trust_checks_name(const struct trust *t);
bool		 trust_checks_chain(const struct trust *t);
bool		 trust_checks_time(const struct trust *t);
const char	*trust_label(const struct trust *t);

/*
 * Starts TLS: tls_init() once per process.  Cheap when done already.
 * Returns 0, or -1 and *err tls/config.
 */
int	trust_start(struct error *err);
#endif
