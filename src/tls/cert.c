#include <arpa/inet.h>
#include <errno.h>
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
#define ISSUERS_MAX	16	/* more than a chain may have */

/*
 * A certificate (RFC 5280 section 4.1) whose key is left undecoded: that takes
 * OpenSSL 3 nine tenths of the 0.17 ms that d2i_X509 costs, and every
 * connection and every trusted certificate would pay it.
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

struct cert {
	struct buf	 der;
	struct cert_shape *shape;
	GENERAL_NAMES	*names;	/* NULL when it has none */
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

/* *used: how many of the bytes it is. */
static struct cert_shape *
shape_parse(const void *der, size_t len, size_t *used)
{
	const unsigned char *p = der;
	ASN1_VALUE *shape = NULL;

	if (len <= LONG_MAX)
		shape = ASN1_item_d2i(NULL, &p, (long)len,
		    ASN1_ITEM_rptr(CERT_SHAPE));
	ERR_clear_error();
	*used = (size_t)(p - (const unsigned char *)der);
	return (struct cert_shape *)shape;
}

static void
shape_free(struct cert_shape *shape)
{
	ASN1_item_free((ASN1_VALUE *)shape, ASN1_ITEM_rptr(CERT_SHAPE));
}

size_t
cert_der_len(const void *der, size_t len)
{
	struct cert_shape *shape;
	size_t used;

	shape = shape_parse(der, len, &used);
	if (shape == NULL)
		return 0;
	shape_free(shape);
	return used;
}

static bool
is_certificate(const struct pem_block *b)
{
	return b->label.len == strlen("CERTIFICATE") &&
	    memcmp(b->label.data, "CERTIFICATE", b->label.len) == 0;
}

/* Takes the bytes of *der over, and empties it.  As cert_next. */
static struct cert *
from_der(struct buf *der)
{
	struct cert *c = calloc(1, sizeof(*c));
	size_t used;

	if (c == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	c->der = *der;
	memset(der, 0, sizeof(*der));
	c->shape = shape_parse(c->der.data, c->der.len, &used);
	if (c->shape == NULL) {
		cert_free(c);
		errno = EINVAL;
		return NULL;
	}
	/* NULL too where the extension is there twice, or damaged. */
	c->names = X509V3_get_d2i(c->shape->tbs->extensions,
	    NID_subject_alt_name, NULL, NULL);
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
	int rv;

	do
		if (pem_next(pem, &block) != 1) {
			errno = EINVAL;
			return NULL;
		}
	while (!is_certificate(&block));
	if ((rv = pem_decode(&block, &der)) == 1)
		c = from_der(&der);
	else
		errno = rv == -1 ? ENOMEM : EINVAL;
	buf_clear(&der);
	return c;
}

void
cert_free(struct cert *c)
{
	if (c == NULL)
		return;
	GENERAL_NAMES_free(c->names);
	shape_free(c->shape);
	buf_clear(&c->der);
	free(c);
}

const X509_NAME *
cert_subject(const struct cert *c)
{
	return c->shape->tbs->subject;
}

struct span
cert_der(const struct cert *c)
{
	return buf_span(&c->der);
}

static int
sha256(const void *data, size_t len, unsigned char *digest)
{
	return EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) == 1 ?
	    0 : -1;
}

int
cert_sha256(const struct cert *c, unsigned char *digest)
{
	return sha256(c->der.data, c->der.len, digest);
}

int
cert_key_sha256(const struct cert *c, unsigned char *digest)
{
	unsigned char *der = NULL;
	int len, rv;

	len = ASN1_item_i2d((ASN1_VALUE *)c->shape->tbs->key, &der,
	    ASN1_ITEM_rptr(KEY_SHAPE));
	if (len <= 0)
		return -1;
	rv = sha256(der, (size_t)len, digest);
	OPENSSL_free(der);
	return rv;
}

uint32_t
cert_subject_hash(const struct cert *c)
{
	return (uint32_t)X509_NAME_hash(c->shape->tbs->subject);
}

uint32_t
cert_issuer_hash(const struct cert *c)
{
	return (uint32_t)X509_NAME_hash(c->shape->tbs->issuer);
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
algorithm_nid(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *object;

	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	return OBJ_obj2nid(object);
}

static int
digest(const struct cert *c)
{
	int nid = algorithm_nid(c->shape->algorithm), md = NID_undef;

	if (nid == NID_rsassaPss)
		return pss_digest(c->shape->algorithm);
	/* Ed25519 and the like have none. */
	return OBJ_find_sigid_algs(nid, &md, NULL) == 1 ? md : NID_undef;
}

static const char *
weak_digest(const struct cert *c)
{
	switch (digest(c)) {
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

/*
 * Bits of the first number in a SEQUENCE: the modulus of an RSAPublicKey (RFC
 * 8017, A.1.1), the prime of Dss-Parms (RFC 3279, 2.3.2).  0: there is none.
 */
static int
first_number_bits(const ASN1_STRING *s)
{
	const unsigned char *p = ASN1_STRING_get0_data(s);
	long len = ASN1_STRING_length(s);
	ASN1_INTEGER *n = NULL;
	int tag, class, bits = 0;

	if ((ASN1_get_object(&p, &len, &tag, &class, len) & 0x80) == 0 &&
	    tag == V_ASN1_SEQUENCE)
		n = d2i_ASN1_INTEGER(NULL, &p, len);
	if (n != NULL && ASN1_STRING_length(n) > 0) {
		bits = ASN1_STRING_length(n) * 8;
		for (tag = ASN1_STRING_get0_data(n)[0]; tag < 0x80 && tag > 0;
		    tag *= 2)
			bits--;
	}
	ASN1_INTEGER_free(n);
	ERR_clear_error();
	return bits;
}

/* Bits of a curve's field, by the size of a point (SEC 1 section 2.3.3). */
static int
point_bits(const ASN1_STRING *point)
{
	int len = ASN1_STRING_length(point);

	if (len == 0)
		return 0;
	/* 4 stands before both coordinates, 2 and 3 before one. */
	return (len - 1) / (ASN1_STRING_get0_data(point)[0] == 4 ? 2 : 1) * 8;
}

static bool
is_short(int bits, int min)
{
	return bits > 0 && bits < min;	/* 0: not for us to say */
}

static const char *
weak_key(const struct cert *c)
{
	const struct key_shape *key = c->shape->tbs->key;
	const void *value;
	int type;

	switch (algorithm_nid(key->algorithm)) {
	case NID_rsaEncryption:
	case NID_rsassaPss:
		if (is_short(first_number_bits(key->bits), RSA_BITS_MIN))
			return "its RSA key is shorter than 2048 bits";
		return NULL;
	case NID_dsa:
		X509_ALGOR_get0(NULL, &type, &value, key->algorithm);
		if (type == V_ASN1_SEQUENCE &&
		    is_short(first_number_bits(value), RSA_BITS_MIN))
			return "its DSA key is shorter than 2048 bits";
		return NULL;
	case NID_X9_62_id_ecPublicKey:
		if (is_short(point_bits(key->bits), EC_BITS_MIN))
			return "its EC key is shorter than 224 bits";
		return NULL;
	default:
		return NULL;	/* Ed25519, or nothing libtls would take */
	}
}

/* Then its signature proves nothing, and its digest does not matter. */
static bool
is_self_signed(const struct cert *c)
{
	const unsigned char *p = (const unsigned char *)c->der.data;
	bool is = false;
	X509 *x;

	if (X509_NAME_cmp(c->shape->tbs->subject, c->shape->tbs->issuer) != 0)
		return false;
	x = d2i_X509(NULL, &p, (long)c->der.len);
	if (x != NULL && X509_get0_pubkey(x) != NULL)
		is = X509_verify(x, X509_get0_pubkey(x)) == 1;
	X509_free(x);
	ERR_clear_error();
	return is;
}

bool
cert_weak(const struct cert *c, const char **why)
{
	*why = weak_key(c);
	if (*why == NULL) {
		*why = weak_digest(c);
		if (*why != NULL && is_self_signed(c))
			*why = NULL;
	}
	return *why != NULL;
}

/*
 * Looks for the issuer of this name: 1 when there is one, and its own issuer in
 * *name; 0; or -1, out of memory.  *why is NULL unless all of them are weak.
 */
static int
find_issuer(struct span chain, uint32_t *name, const char **why)
{
	struct cert *c;
	bool is_weak = true;
	int found = 0;

	errno = 0;
	while (is_weak && (c = cert_next(&chain)) != NULL) {
		if (cert_subject_hash(c) == *name) {
			found = 1;
			is_weak = cert_weak(c, why);
			if (!is_weak)
				*name = cert_issuer_hash(c);
		}
		cert_free(c);
	}
	return is_weak && errno == ENOMEM ? -1 : found;
}

int
cert_issuers_weak(struct span chain, const char **why)
{
	struct cert *own = cert_next(&chain);
	uint32_t name, last;
	int i, rv = 1;

	*why = NULL;
	if (own == NULL)
		return errno == ENOMEM ? -1 : 0;
	name = cert_issuer_hash(own);
	cert_free(own);
	for (i = 0; rv == 1 && i < ISSUERS_MAX; i++) {
		last = name;
		rv = find_issuer(chain, &name, why);
		if (name == last)
			break;		/* a root, or a weak one */
	}
	return rv == -1 ? -1 : *why != NULL;
}
