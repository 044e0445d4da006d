/*
 * Revocation lists: libtls takes anything for one, and then refuses every
 * server, so they are read here first.
 */
#include <limits.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/x509.h>
#include <tls.h>

#include "tls/facts.h"
#include "tls/pem_source.h"
#include "tls/trust_internal.h"

/* Adds to names whose list it is. */
static int
note_issuer(struct buf *names, X509_CRL *crl)
{
	char *name = facts_name(X509_CRL_get_issuer(crl));
	int rv = -1;

	if (name != NULL)
		rv = buf_addf(names, "%s%s", names->len > 0 ? "; " : "", name);
	free(name);
	return rv;
}

static bool
is_over(const X509_CRL *crl)
{
	const ASN1_TIME *until = X509_CRL_get0_nextUpdate(crl);

	return until != NULL && X509_cmp_current_time(until) < 0;
}

/* Appends the n-th list of a source. */
static int
add_list(struct trust *t, struct buf *pem, const struct pem_block *block,
    const char *name, size_t n, struct error *err)
{
	struct buf der = { 0 };
	const unsigned char *p;
	X509_CRL *crl = NULL;
	int rv = pem_decode(block, &der);

	if (rv == -1)
		return error_nomem(err);
	p = (const unsigned char *)der.data;
	if (rv == 1 && der.len <= LONG_MAX)
		crl = d2i_X509_CRL(NULL, &p, (long)der.len);
	ERR_clear_error();
	if (crl == NULL)
		rv = error_setx(err, ERR_USAGE, "value",
		    "revocation list %zu in %s is damaged", n, name);
	else if (note_issuer(is_over(crl) ? &t->crls_over : &t->crls, crl) ==
	    -1 || pem_add(pem, "X509 CRL", der.data, der.len) == -1)
		rv = error_nomem(err);
	else
		rv = 0;
	X509_CRL_free(crl);
	buf_clear(&der);
	return rv;
}

static int
read_lists(struct trust *t, struct buf *pem, const struct pem_source *source,
    struct error *err)
{
	struct pem_text text;
	struct pem_block block;
	struct span rest;
	size_t n = 0;
	int rv;

	rv = pem_text_read(&text, source, "crl", &t->seen, err);
	rest = text.text;
	while (rv == 0 && (rv = pem_text_next(&text, &rest, "X509 CRL", &block,
	    err)) == 1)
		rv = add_list(t, pem, &block, text.name, ++n, err);
	if (rv == 0 && n == 0)
		rv = pem_text_lacks(&text, "revocation list (X509 CRL)", err);
	pem_text_clear(&text);
	return rv;
}

int
trust_set_crls(struct trust *t, const struct trust_spec *spec,
    struct error *err)
{
	struct buf pem = { 0 };
	size_t i;
	int rv = 0;

	if (spec->crl_count == 0)
		return 0;
	if (!spec->chain)
		return error_setx(err, ERR_USAGE, "value", "options 'crl' and "
		    "'verify' contradict each other: without the chain no list "
		    "is looked at");
	for (i = 0; i < spec->crl_count && rv == 0; i++)
		rv = read_lists(t, &pem, &spec->crls[i], err);
	if (rv == 0 && tls_config_set_crl_mem(t->config, (uint8_t *)pem.data,
	    pem.len) == -1)
		rv = trust_refused(t, err);
	buf_clear(&pem);
	return rv;
}
