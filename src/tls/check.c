#include <errno.h>
#include <string.h>
#include <time.h>

#include <openssl/opensslv.h>
#include <tls.h>

#include "base/buf.h"
#include "tls/cert.h"
#include "tls/check.h"
#include "tls/verdict.h"

#define NAMES_SHOWN	8	/* of a certificate, in a hint */

/*
 * OpenSSL refuses issuers with weak keys and digests, on the way that it has
 * taken; LibreSSL takes them.
 */
#ifdef LIBRESSL_VERSION_NUMBER
#define TAKES_WEAK_ISSUERS	true
#else
#define TAKES_WEAK_ISSUERS	false
#endif

static int
refuse_name(const struct cert *cert, const char *name, struct error *err)
{
	struct buf names = { 0 };
	struct span s;

	error_setx(err, ERR_VERIFY, "name-mismatch",
	    "name '%s' not present in server certificate", name);
	(void)cert_names(cert, NAMES_SHOWN, &names);
	s = buf_span(&names);
	if (s.len == 0)
		error_hint(err, "the certificate has no subjectAltName, and a "
		    "common name alone does not count (RFC 9525)");
	else
		error_hint(err, "the certificate is for %.*s: use that name, "
		    "or servername=\"...\" if the server is known by it",
		    (int)s.len, s.data);
	buf_clear(&names);
	return -1;
}

/* Time is libtls's to check, but it does so only along with the chain. */
static int
check_time(struct tls *tls, struct error *err)
{
	const struct verdict_facts facts = { .handshake = true };
	time_t now = time(NULL);

	if (now < tls_peer_cert_notbefore(tls))
		return verdict(err, "certificate is not yet valid", &facts);
	if (now > tls_peer_cert_notafter(tls))
		return verdict(err, "certificate has expired", &facts);
	return 0;
}

/* libtls takes any stapled answer for one, "unknown" too. */
static int
check_ocsp(struct tls *tls, struct error *err)
{
	const char *result = tls_peer_ocsp_result(tls);

	if (tls_peer_ocsp_response_status(tls) ==
	    TLS_OCSP_RESPONSE_SUCCESSFUL &&
	    tls_peer_ocsp_cert_status(tls) == TLS_OCSP_CERT_GOOD)
		return 0;
	error_setx(err, ERR_VERIFY, "ocsp", "the stapled OCSP answer is not "
	    "\"good\" but \"%s\"", result == NULL ? "none" : result);
	return error_hint(err, "the authority's OCSP responder does not vouch "
	    "for the certificate: its owner must ask the authority why");
}

static int
check_strength(struct tls *tls, const struct cert *cert, struct error *err)
{
	struct span chain = { NULL, 0 };
	const char *why;

	if (cert_weak(cert, &why))
		return error_setx(err, ERR_VERIFY, "weak", "%s", why);
	if (!TAKES_WEAK_ISSUERS)
		return 0;
	chain.data = (const char *)tls_peer_cert_chain_pem(tls, &chain.len);
	switch (cert_issuers_weak(chain, &why)) {
	case 0:
		return 0;
	case 1:
		return error_setx(err, ERR_VERIFY, "weak", "of an issuer: %s",
		    why);
	default:
		return error_nomem(err);
	}
}

static int
check_cert(struct tls *tls, const struct trust *trust, const char *name,
    const struct cert *cert, struct error *err)
{
	if (trust_checks_chain(trust) && check_strength(tls, cert, err) == -1)
		return -1;
	if (trust_checks_time(trust) && !trust_checks_chain(trust) &&
	    check_time(tls, err) == -1)
		return -1;
	if (trust_checks_name(trust) &&
	    (!tls_peer_cert_contains_name(tls, name) ||
	    !cert_covers(cert, name)))
		return refuse_name(cert, name, err);
	if (trust_checks_ocsp(trust) && check_ocsp(tls, err) == -1)
		return -1;
	return trust_check_pins(trust, cert, err);
}

int
check_peer(struct tls *tls, const struct trust *trust, const char *name,
    struct error *err)
{
	const uint8_t *pem;
	struct cert *cert;
	size_t len = 0;
	int rv;

	if (trust_checks_nothing(trust))
		return 0;
	pem = tls_peer_cert_chain_pem(tls, &len);
	if ((cert = cert_parse(pem, len)) == NULL)
		return errno == ENOMEM ? error_nomem(err) :
		    error_setx(err, ERR_VERIFY, "other",
		    "server certificate cannot be read");
	rv = check_cert(tls, trust, name, cert, err);
	cert_free(cert);
	return rv;
}
