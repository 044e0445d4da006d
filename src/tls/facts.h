/*
 * What a certificate says, for people and programs to read: through the part
 * of libcrypto that LibreSSL and OpenSSL share.  Allocates; no I/O, no Lua.
 *
 * Whatever the certificate's maker chose is made harmless: the strings are
 * UTF-8, and what would not be printed as the character it is (a control
 * character, one that turns the direction of the text, a byte of no character,
 * a backslash) stands in them as \xHH.
 */
#ifndef LURL_FACTS_H
#define LURL_FACTS_H
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/buf.h"
#include "base/span.h"

/* Strings are the struct's own; NULL where there is nothing to tell. */
struct facts {
	char	*subject;	/* "C=US, O=Example, CN=example.org" */
	char	*issuer;
	char	*common_name;	/* of the subject: the first */
	char	*issuer_name;	/* the issuer's common name, or all of it */
	char	**names;	/* subjectAltName: "example.org", "192.0.2.1", */
	size_t	 name_count;	/* "email:...", "uri:..." */
	time_t	 not_before;	/* -1: not to be read */
	time_t	 not_after;
	char	*serial;	/* hexadecimal */
	char	*sha256;	/* of the certificate, hexadecimal */
	char	*pin;		/* of its public key, "sha256//BASE64" */
	char	*key;		/* "EC 256", "RSA 2048", "Ed25519" */
	char	*signature;	/* "ecdsa-with-SHA256" */
	const char *weak;	/* why it is not to be relied on; static */
	char	*issuer_url;	/* where its issuer's certificate is */
	char	*pem;
	bool	 ca;		/* basicConstraints: CA:TRUE */
	bool	 self_signed;	/* with its own key */
};

/* A name as in struct facts.  free.  NULL: out of memory. */
char	*facts_name(const X509_NAME *name);

/*
 * Fills *f, which facts_clear empties again, also after a failure.
 * Returns 0, or -1: out of memory.
 */
int	facts_fill(struct facts *f, X509 *x);
void	facts_clear(struct facts *f);

/*
 * Appends text as it may be shown, see above; plain: of ASCII, as the names of
 * hosts are, where also blanks and all that is no ASCII is escaped.
 * Returns 0, or -1: out of memory.
 */
int	facts_escape(struct buf *b, struct span text, bool plain);
#endif
