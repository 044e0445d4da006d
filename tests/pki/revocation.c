/*
 * Revocation: lists (NAME.crl, PEM) and OCSP answers (NAME.ocsp, DER, as
 * nginx's ssl_stapling_file takes them).  One row each.
 */
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include <openssl/ocsp.h>
#include <openssl/pem.h>

#include "pki.h"

#define DAY	86400	/* seconds */

static const struct list {
	const char	*name;
	const char	*issuer;	/* whose list it says it is */
	const char	*signer;	/* NULL: the issuer */
	const char	*revoked[2];	/* names of rows */
	int		 from, to;	/* days; both 0: valid now */
} lists[] = {
	{ .name = "root", .issuer = "root", .revoked = { "ca-revoked" } },
	{ .name = "inter", .issuer = "inter",
	    .revoked = { "revoked", "client-revoked" } },
	{ .name = "ca-revoked", .issuer = "ca-revoked" },
	{ .name = "unknown-ca", .issuer = "unknown-ca" },
	{ .name = "inter-expired", .issuer = "inter",
	    .from = LONG_AGO, .to = YESTERDAY },
	{ .name = "inter-future", .issuer = "inter",
	    .from = TOMORROW, .to = FAR },
	{ .name = "inter-forged", .issuer = "inter", .signer = "unknown-ca" },
};

static const struct answer {
	const char	*name;
	const char	*of;		/* NULL: stapled */
	const char	*signer;	/* NULL: inter, who issued it */
	int		 status;
	int		 from, to;	/* days; both 0: valid now */
	int		 refusal;	/* instead of an answer */
} answers[] = {
	{ .name = "good", .status = V_OCSP_CERTSTATUS_GOOD },
	{ .name = "revoked", .status = V_OCSP_CERTSTATUS_REVOKED },
	{ .name = "unknown", .status = V_OCSP_CERTSTATUS_UNKNOWN },
	{ .name = "expired", .from = LONG_AGO, .to = YESTERDAY },
	{ .name = "future", .from = TOMORROW, .to = FAR },
	{ .name = "another", .of = "good" },
	{ .name = "wrong-signer", .signer = "unknown-ca" },
	{ .name = "leaf-signer", .signer = "good" },
	{ .name = "try-later", .refusal = OCSP_RESPONSE_STATUS_TRYLATER },
	/* Of a certificate that names no responder. */
	{ .name = "no-url", .of = "direct", .signer = "root" },
};

static ASN1_TIME *
day(int from_now)
{
	ASN1_TIME *t = ASN1_TIME_set(NULL, time(NULL) + (time_t)from_now * DAY);

	if (t == NULL)
		die("cannot make", "time");
	return t;
}

static void
add_revoked(X509_CRL *crl, const char *name)
{
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_TIME *when = day(-1);

	if (r == NULL || !X509_REVOKED_set_serialNumber(r,
	    X509_get_serialNumber(made_of(name)->cert)) ||
	    !X509_REVOKED_set_revocationDate(r, when) ||
	    !X509_CRL_add0_revoked(crl, r))
		die("cannot revoke", name);
	ASN1_TIME_free(when);
}

static void
put_list(const struct list *l)
{
	const struct made *issuer = made_of(l->issuer);
	bool now = l->from == 0 && l->to == 0;
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *from = day(now ? -1 : l->from);
	ASN1_TIME *to = day(now ? FAR : l->to);
	FILE *fp;

	if (crl == NULL || !X509_CRL_set_version(crl, 1 /* v2 */) ||
	    !X509_CRL_set_issuer_name(crl,
	    X509_get_subject_name(issuer->cert)) ||
	    !X509_CRL_set1_lastUpdate(crl, from) ||
	    !X509_CRL_set1_nextUpdate(crl, to))
		die("cannot fill", l->name);
	for (size_t i = 0; i < ARRAY_LEN(l->revoked); i++)
		if (l->revoked[i] != NULL)
			add_revoked(crl, l->revoked[i]);
	if (!X509_CRL_sort(crl) || !X509_CRL_sign(crl, l->signer == NULL ?
	    issuer->key : made_of(l->signer)->key, EVP_sha256()))
		die("cannot sign", l->name);
	fp = create(l->name, ".crl", 0644);
	if (!PEM_write_X509_CRL(fp, crl))
		die("cannot write", l->name);
	done(fp);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	X509_CRL_free(crl);
}

/* Who issued the certificate an answer is of; the answer is its. */
static const struct made *
issuer_of(const struct answer *a)
{
	return made_of(a->of != NULL && strcmp(a->of, "direct") == 0 ?
	    "root" : "inter");
}

static OCSP_BASICRESP *
basic(const struct answer *a)
{
	const struct made *signer = made_of(a->signer == NULL ? "inter" :
	    a->signer);
	bool now = a->from == 0 && a->to == 0;
	OCSP_BASICRESP *b = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(),
	    made_of(a->of == NULL ? "stapled" : a->of)->cert,
	    issuer_of(a)->cert);
	ASN1_TIME *from = day(now ? -1 : a->from);
	ASN1_TIME *to = day(now ? FAR : a->to), *when = day(-1);
	bool revoked = a->status == V_OCSP_CERTSTATUS_REVOKED;

	if (b == NULL || id == NULL || OCSP_basic_add1_status(b, id, a->status,
	    OCSP_REVOKED_STATUS_KEYCOMPROMISE, revoked ? when : NULL, from,
	    to) == NULL || !OCSP_basic_sign(b, signer->cert, signer->key,
	    EVP_sha256(), NULL, 0))
		die("cannot answer", a->name);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	ASN1_TIME_free(when);
	OCSP_CERTID_free(id);
	return b;
}

static void
put_answer(const struct answer *a)
{
	OCSP_BASICRESP *b = a->refusal == 0 ? basic(a) : NULL;
	OCSP_RESPONSE *r = OCSP_response_create(a->refusal, b);
	unsigned char *der = NULL;
	int len = i2d_OCSP_RESPONSE(r, &der);
	FILE *fp = create(a->name, ".ocsp", 0644);

	if (r == NULL || len <= 0 || fwrite(der, 1, (size_t)len, fp) !=
	    (size_t)len)
		die("cannot write", a->name);
	done(fp);
	OPENSSL_free(der);
	OCSP_RESPONSE_free(r);
	OCSP_BASICRESP_free(b);
}

void
put_revocation(void)
{
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		put_list(&lists[i]);
	for (size_t i = 0; i < ARRAY_LEN(answers); i++)
		put_answer(&answers[i]);
}
