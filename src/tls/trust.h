/*
 * Trust: what a script asked to be verified, as a tls_config.
 * Reads files (bundles, directories); no sockets, no Lua.
 */
#ifndef LURL_TRUST_H
#define LURL_TRUST_H
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct cert;
struct tls;
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

/* One PEM file, or PEM text.  A zeroed one is none. */
struct pem_source {
	const char	*value;	/* path or text, NUL-terminated; borrowed */
	bool		 is_text;
};

/* Which versions of HTTP are offered to a server (RFC 7301). */
enum trust_http {
	TRUST_HTTP_1,		/* nothing is said, which stands for 1.1 */
	TRUST_HTTP_ANY,		/* HTTP/2, or 1.1 */
	TRUST_HTTP_2		/* that alone */
};

/* What is offered to a server; NULL and 0: the default. */
struct trust_protocol {
	int		 min, max;	/* of TLS, 10 * major + minor: 12, 13 */
	const char	*ciphers;	/* as libtls takes them */
	const char	*curves;	/* likewise, as "X25519,P-256" */
	const char	*alpn;		/* likewise, as "http/1.1"; by default
					 * what http says */
	enum trust_http	 http;
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

	/* The client's certificate, and what follows it of its chain. */
	struct pem_source cert;
	struct pem_source key;		/* none: it is where cert is */
	const char	*key_password;	/* NULL: none */

	/* "sha256:HEX" (certificate), "sha256//BASE64" (public key). */
	const char	*const *pins;	/* the server's must match one */
	size_t		 pin_count;

	const struct pem_source *crls;	/* all together, for the whole chain */
	size_t		 crl_count;
	bool		 ocsp;		/* a good stapled answer is needed */
};

/*
 * Builds a trust from *spec: reads and checks every source, makes the
 * tls_config (by default TLS 1.2 and 1.3, forward-secret AEAD ciphers; the
 * name check left to name.h since libtls's falls back to the common name).
 * Ownership: one reference; trust_unref frees with the last one.  The client's
 * key is wiped then; until then core dumps are off (dump.h).
 * Blocks: on the disk only.
 * Returns NULL and *err on failure: usage/value for a source that is missing,
 * unreadable, empty, or not PEM, naming the file and why; for a key that is
 * not the certificate's or that the password does not open; for ciphers and
 * curves that libtls does not know; and for what contradicts itself;
 * io/ENOMEM; tls/config when libtls refuses anything else, with its words.
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
 * The same for a connection that is there already: a look of less than
 * TRUST_LOOK_MS ago will do.  now_ms is of any clock that only runs forward,
 * the same in every call.
 */
#define TRUST_LOOK_MS	1000
bool	trust_was_fresh(struct trust *t, int64_t now_ms);

/* No look before this call will do for trust_was_fresh. */
void	trust_look_again(struct trust *t);

/*
 * The same, and the files that were read out of a directory too, which may be
 * some 150: for a new connection, not for every request.
 */
bool	trust_current(struct trust *t);

/*
 * At the end of a handshake, whether what it went by is what is on disk:
 * trust_fresh; but trust_current where the connection was not expected to be
 * needed, one being there already, and trust_was_fresh was asked instead.
 */
bool	trust_holds(struct trust *t);

/*
 * Of a large bundle libtls sees what it needs, in a directory on disk (see
 * index.h) that is not believed.  So, where trust_is_indexed says so before a
 * handshake, trust_stands is asked after it, whether it has failed or not.
 * trust_stands returns 1 when the outcome stands; 0 when it says nothing,
 * since libtls may have gone by something else than the bundle: connect again,
 * with t as it is now; -1 and *err: tls/config, io/ENOMEM.
 */
bool	trust_is_indexed(const struct trust *t);
int	trust_stands(struct trust *t, struct tls *tls, struct error *err);

/* Borrowed from t. */
struct tls_config *trust_config(const struct trust *t);
bool		 trust_checks_name(const struct trust *t);
bool		 trust_checks_chain(const struct trust *t);
bool		 trust_checks_time(const struct trust *t);
bool		 trust_checks_ocsp(const struct trust *t);
bool		 trust_checks_nothing(const struct trust *t);
enum trust_http	 trust_http(const struct trust *t);
const char	*trust_label(const struct trust *t);

/*
 * Whether the server's certificate, or its public key, is one of the pins.
 * Returns 0, also when there are none; or -1 and *err: verify/pin-mismatch.
 */
int	trust_check_pins(const struct trust *t, const struct cert *cert,
	    struct error *err);

/*
 * Adds to a failure what trust knows of its cause, as a better hint: the
 * client's certificate, revocation lists, limits of the protocol.  Returns -1.
 */
int	trust_explain(const struct trust *t, struct error *err);

/*
 * Starts TLS: tls_init() once per process.  Cheap when done already.
 * Returns 0, or -1 and *err tls/config.
 */
int	trust_start(struct error *err);
#endif
