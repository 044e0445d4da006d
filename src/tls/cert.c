#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "tls/cert.h"
#include "tls/name.h"
#include "tls/pem.h"

#define RSA_BITS_MIN	2048	/* DSA too; 112 bits of strength */
#define EC_BITS_MIN	224	/* the same strength */

struct cert {
	X509		*x;
	GENERAL_NAMES	*names;	/* NULL when it has none */
};

/*
 * A certificate (RFC 5280 section 4.1) whose key is left undecoded: that takes
 * OpenSSL 3 nine tenths of the 0.17 ms that d2i_X509 costs.
 */
struct key_shape {
	X509_ALGOR	*algorithm;
	ASN1_BIT_STRING	*bits;
};

struct time_shape {
	ASN1_TIME	*not_before;
	ASN1_TIME	*not_after;
};

struct tbs_shape {
	ASN1_INTEGER	*version;
	ASN1_INTEGER	*serial;
	X509_ALGOR	*algorithm;
	X509_NAME	*issuer;
	struct time_shape *validity;
	X509_NAME	*subject;
	struct key_shape *key;
	ASN1_BIT_STRING	*issuer_id;
	ASN1_BIT_STRING	*subject_id;
	STACK_OF(X509_EXTENSION) *extensions;
};

struct cert_shape {
	struct tbs_shape *tbs;
	X509_ALGOR	*algorithm;
	ASN1_BIT_STRING	*signature;
};

DECLARE_ASN1_ITEM(KEY_SHAPE)
DECLARE_ASN1_ITEM(TIME_SHAPE)
DECLARE_ASN1_ITEM(TBS_SHAPE)
DECLARE_ASN1_ITEM(CERT_SHAPE)

ASN1_SEQUENCE(KEY_SHAPE) = {
	ASN1_SIMPLE(struct key_shape, algorithm, X509_ALGOR),
	ASN1_SIMPLE(struct key_shape, bits, ASN1_BIT_STRING)
} ASN1_SEQUENCE_END_name(struct key_shape, KEY_SHAPE)

ASN1_SEQUENCE(TIME_SHAPE) = {
	ASN1_SIMPLE(struct time_shape, not_before, ASN1_TIME),
	ASN1_SIMPLE(struct time_shape, not_after, ASN1_TIME)
} ASN1_SEQUENCE_END_name(struct time_shape, TIME_SHAPE)

ASN1_SEQUENCE(TBS_SHAPE) = {
	ASN1_EXP_OPT(struct tbs_shape, version, ASN1_INTEGER, 0),
	ASN1_SIMPLE(struct tbs_shape, serial, ASN1_INTEGER),
	ASN1_SIMPLE(struct tbs_shape, algorithm, X509_ALGOR),
	ASN1_SIMPLE(struct tbs_shape, issuer, X509_NAME),
	ASN1_SIMPLE(struct tbs_shape, validity, TIME_SHAPE),
	ASN1_SIMPLE(struct tbs_shape, subject, X509_NAME),
	ASN1_SIMPLE(struct tbs_shape, key, KEY_SHAPE),
	ASN1_IMP_OPT(struct tbs_shape, issuer_id, ASN1_BIT_STRING, 1),
	ASN1_IMP_OPT(struct tbs_shape, subject_id, ASN1_BIT_STRING, 2),
	ASN1_EXP_SEQUENCE_OF_OPT(struct tbs_shape, extensions,
	    X509_EXTENSION, 3)
} ASN1_SEQUENCE_END_name(struct tbs_shape, TBS_SHAPE)

ASN1_SEQUENCE(CERT_SHAPE) = {
	ASN1_SIMPLE(struct cert_shape, tbs, TBS_SHAPE),
	ASN1_SIMPLE(struct cert_shape, algorithm, X509_ALGOR),
	ASN1_SIMPLE(struct cert_shape, signature, ASN1_BIT_STRING)
} ASN1_SEQUENCE_END_name(struct cert_shape, CERT_SHAPE)

size_t
cert_der_len(const void *der, size_t len)
{
	const unsigned char *p = der;
	ASN1_VALUE *shape;

	if (len > LONG_MAX)
		return 0;
	shape = ASN1_item_d2i(NULL, &p, (long)len, ASN1_ITEM_rptr(CERT_SHAPE));
	ERR_clear_error();
	if (shape == NULL)
		return 0;
	ASN1_item_free(shape, ASN1_ITEM_rptr(CERT_SHAPE));
	return (size_t)(p - (const unsigned char *)der);
}

static bool
is_certificate(const struct pem_block *b)
{
	return b->label.len == strlen("CERTIFICATE") &&
	    memcmp(b->label.data, "CERTIFICATE", b->label.len) == 0;
}

static struct cert *
from_der(const struct buf *der)
{
	const unsigned char *p = (const unsigned char *)der->data;
	struct cert *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->x = d2i_X509(NULL, &p, (long)der->len);
	if (c->x == NULL) {
		cert_free(c);
		c = NULL;
	} else
		/* NULL too where the extension is there twice, or damaged. */
		c->names = X509_get_ext_d2i(c->x, NID_subject_alt_name, NULL,
		    NULL);
	ERR_clear_error();
	return c;
}

struct cert *
cert_parse(const uint8_t *pem, size_t len)
{
	struct span text = { (const char *)pem, len };

	return cert_next(&text);
}

struct cert *
cert_next(struct span *pem)
{
	struct pem_block block;
	struct buf der = { 0 };
	struct cert *c = NULL;

	while (pem_next(pem, &block) == 1)
		if (is_certificate(&block)) {
			if (pem_decode(&block, &der) == 1)
				c = from_der(&der);
			buf_clear(&der);
			return c;
		}
	return NULL;
}

void
cert_free(struct cert *c)
{
	if (c == NULL)
		return;
	GENERAL_NAMES_free(c->names);
	X509_free(c->x);
	free(c);
}

/*
 * The i-th name if it is of a kind that counts: type GEN_DNS or GEN_IPADD and
 * its bytes; another type's value stays out.
 */
static struct span
name_at(const struct cert *c, int i, int *type)
{
	GENERAL_NAME *name = sk_GENERAL_NAME_value(c->names, i);
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, type);
	struct span s = { NULL, 0 };

	if (*type != GEN_DNS && *type != GEN_IPADD)
		return s;
	s.data = (const char *)ASN1_STRING_get0_data(value);
	s.len = (size_t)ASN1_STRING_length(value);
	return s;
}

bool
cert_covers(const struct cert *c, const char *host)
{
	bool ip = name_is_ip(host);
	struct span s;
	int i, type;

	/* The count is -1 without a stack. */
	for (i = 0; i < sk_GENERAL_NAME_num(c->names); i++) {
		s = name_at(c, i, &type);
		if (type == GEN_DNS && !ip &&
		    name_matches_dns(s.data, s.len, host))
			return true;
		if (type == GEN_IPADD && ip && name_matches_ip(
		    (const unsigned char *)s.data, s.len, host))
			return true;
	}
	return false;
}

/*
 * Text that a peer chose: nothing in it may reach a terminal as more than a
 * printed character, or pass for two names.
 */
static int
add_text(struct buf *b, struct span s)
{
	size_t i;
	unsigned char c;

	for (i = 0; i < s.len; i++) {
		c = (unsigned char)s.data[i];
		if (c <= ' ' || c >= 0x7f || c == '\\' || c == ',') {
			if (buf_addf(b, "\\x%02x", c) == -1)
				return -1;
		} else if (buf_add(b, &c, 1) == -1)
			return -1;
	}
	return 0;
}

static int
add_bytes(struct buf *b, struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (buf_addf(b, "\\x%02x", (unsigned char)s.data[i]) == -1)
			return -1;
	return 0;
}

static int
add_name(struct buf *b, int type, struct span s)
{
	char ip[INET6_ADDRSTRLEN];

	if (type == GEN_DNS)
		return add_text(b, s);
	if (s.len == sizeof(struct in_addr) &&
	    inet_ntop(AF_INET, s.data, ip, sizeof(ip)) != NULL)
		return buf_adds(b, ip);
	if (s.len == sizeof(struct in6_addr) &&
	    inet_ntop(AF_INET6, s.data, ip, sizeof(ip)) != NULL)
		return buf_adds(b, ip);
	return add_bytes(b, s);		/* no address: of another length */
}

int
cert_names(const struct cert *c, size_t max, struct buf *b)
{
	struct span s;
	size_t n = 0;
	int i, type;

	for (i = 0; i < sk_GENERAL_NAME_num(c->names); i++) {
		s = name_at(c, i, &type);
		if ((type != GEN_DNS && type != GEN_IPADD) || ++n > max)
			continue;
		if ((n > 1 && buf_adds(b, ", ") == -1) ||
		    add_name(b, type, s) == -1)
			return -1;
	}
	return n > max ? buf_addf(b, "%sand %zu more", max > 0 ? " " : "",
	    n - max) : 0;
}

/* The digest that RSASSA-PSS parameters name (RFC 4055 section 3.1). */
static int
pss_digest(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *md;
	RSA_PSS_PARAMS *pss = NULL;
	const unsigned char *p;
	const void *value;
	int type, nid = NID_sha1;	/* the default */

	X509_ALGOR_get0(NULL, &type, &value, algorithm);
	if (type == V_ASN1_SEQUENCE) {
		p = ASN1_STRING_get0_data(value);
		pss = d2i_RSA_PSS_PARAMS(NULL, &p, ASN1_STRING_length(value));
	}
	if (pss != NULL && pss->hashAlgorithm != NULL) {
		X509_ALGOR_get0(&md, NULL, NULL, pss->hashAlgorithm);
		nid = OBJ_obj2nid(md);
	}
	RSA_PSS_PARAMS_free(pss);
	ERR_clear_error();
	return nid;
}

static int
digest(const X509 *x)
{
	const ASN1_BIT_STRING *signature;
	const X509_ALGOR *algorithm;
	int nid = X509_get_signature_nid(x), md = NID_undef;

	if (nid == NID_rsassaPss) {
		X509_get0_signature(&signature, &algorithm, x);
		return pss_digest(algorithm);
	}
	/* Ed25519 and the like have none. */
	return OBJ_find_sigid_algs(nid, &md, NULL) == 1 ? md : NID_undef;
}

static const char *
weak_digest(const X509 *x)
{
	switch (digest(x)) {
	case NID_md2:
	case NID_md4:
	case NID_md5:
	case NID_md5_sha1:
		return "it is signed with MD5";
	case NID_sha1:
		return "it is signed with SHA-1";
	default:
		return NULL;
	}
}

static const char *
weak_key(X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(x);
	const char *why = NULL;

	if (key == NULL) {
		ERR_clear_error();
		return NULL;	/* of a kind this library does not know */
	}
	switch (EVP_PKEY_base_id(key)) {
	case EVP_PKEY_RSA:
	case NID_rsassaPss:
		if (EVP_PKEY_bits(key) < RSA_BITS_MIN)
			why = "its RSA key is shorter than 2048 bits";
		break;
	case EVP_PKEY_DSA:
		if (EVP_PKEY_bits(key) < RSA_BITS_MIN)
			why = "its DSA key is shorter than 2048 bits";
		break;
	case EVP_PKEY_EC:
		if (EVP_PKEY_bits(key) < EC_BITS_MIN)
			why = "its EC key is shorter than 224 bits";
		break;
	}
	return why;
}

/* Then its signature proves nothing, and its digest does not matter. */
static bool
is_self_signed(X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(x);
	bool is = key != NULL && X509_NAME_cmp(X509_get_subject_name(x),
	    X509_get_issuer_name(x)) == 0 && X509_verify(x, key) == 1;

	ERR_clear_error();
	return is;
}

bool
cert_weak(const struct cert *c, const char **why)
{
	*why = weak_key(c->x);
	if (*why == NULL) {
		*why = weak_digest(c->x);
		if (*why != NULL && is_self_signed(c->x))
			*why = NULL;
	}
	return *why != NULL;
}
