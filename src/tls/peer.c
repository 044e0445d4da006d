#include <stdlib.h>
#include <string.h>
#include <tls.h>

#include "peer.h"

/* A copy into *to of s, which may be NULL; false when out of memory. */
static bool
keep(char **to, const char *s)
{
	return s == NULL || (*to = strdup(s)) != NULL;
}

struct peer *
peer_new(struct tls *tls, const struct trust *trust)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->refs = 1;
	p->not_before = tls_peer_cert_notbefore(tls);
	p->not_after = tls_peer_cert_notafter(tls);
	p->resumed = tls_conn_session_resumed(tls) == 1;
	p->verified = trust_checks_chain(trust) && trust_checks_name(trust) &&
	    trust_checks_time(trust);
	if (keep(&p->version, tls_conn_version(tls)) &&
	    keep(&p->cipher, tls_conn_cipher(tls)) &&
	    keep(&p->alpn, tls_conn_alpn_selected(tls)) &&
	    keep(&p->subject, tls_peer_cert_subject(tls)) &&
	    keep(&p->issuer, tls_peer_cert_issuer(tls)) &&
	    keep(&p->hash, tls_peer_cert_hash(tls)) &&
	    keep(&p->ocsp, tls_peer_ocsp_result(tls)) &&
	    keep(&p->trust, trust_label(trust)))
		return p;
	peer_unref(p);
	return NULL;
}

struct peer *
peer_ref(struct peer *p)
{
	p->refs++;
	return p;
}

void
peer_unref(struct peer *p)
{
	if (p == NULL || --p->refs > 0)
		return;
	free(p->version);
	free(p->cipher);
	free(p->alpn);
	free(p->subject);
	free(p->issuer);
	free(p->hash);
	free(p->ocsp);
	free(p->trust);
	free(p);
}
