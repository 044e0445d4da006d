#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "base/utf8.h"
#include "tls/cert.h"
#include "tls/facts.h"
#include "tls/pem.h"
#include "tls/pin.h"

/* Characters that are not what they look like. */
static const struct {
	uint32_t	first, last;
} unseen[] = {
	{ 0x00, 0x1f }, { '\\', '\\' }, { 0x7f, 0x9f },
	{ 0xad, 0xad },		/* soft hyphen */
	{ 0x61c, 0x61c },	/* marks, and turns, of direction */
	{ 0x115f, 0x1160 },
	{ 0x180b, 0x180f },
	{ 0x200b, 0x200f },
	{ 0x2028, 0x202e },
	{ 0x2060, 0x206f },
	{ 0x3164, 0x3164 },
	{ 0xd800, 0xf8ff },	/* surrogates, private use */
	{ 0xfe00, 0xfe0f },
	{ 0xfeff, 0xfeff },
	{ 0xfff0, 0xffff },
	{ 0xe0000, 0x10ffff },	/* tags, private use */
};

static bool
is_seen(uint32_t c)
{
	size_t i;

	for (i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (c >= unseen[i].first && c <= unseen[i].last)
			return false;
	return true;
}

static uint32_t
decode(const char *s, size_t n)
{
	uint32_t c = (unsigned char)s[0];
	size_t i;

	if (n > 1)
		c &= 0x7fU >> n;
	for (i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	return c;
}

/* How many bytes at s may be shown as they are; 0: escape one. */
static size_t
showable(const char *s, size_t len, bool plain)
{
	unsigned char c = (unsigned char)s[0];
	size_t n;

	if (plain)
		return c > ' ' && c < 0x7f && c != '\\';
	n = utf8_len(s, len);
	return n > 0 && is_seen(decode(s, n)) ? n : 0;
}

int
facts_escape(struct buf *b, struct span text, bool plain)
{
	size_t i, n;

	for (i = 0; i < text.len; i += n) {
		n = showable(text.data + i, text.len - i, plain);
		if ((n > 0 ? buf_add(b, text.data + i, n) :
		    buf_addf(b, "\\x%02x", (unsigned char)text.data[i])) == -1)
			return -1;
		if (n == 0)
			n = 1;
	}
	return 0;
}

/* What b holds, as a string of its own; NULL: out of memory.  Empties b. */
static char *
take(struct buf *b)
{
	char *s = NULL;

	if (buf_add(b, "", 1) == 0)
		s = strdup(b->data);
	buf_clear(b);
	return s;
}

static int
keep(char **to, int rv, struct buf *b)
{
	if (rv == 0)
		*to = take(b);
	buf_clear(b);
	return *to == NULL ? -1 : 0;
}

static struct span
span_of_asn1(const ASN1_STRING *s)
{
	struct span span = { (const char *)ASN1_STRING_get0_data(s),
	    (size_t)ASN1_STRING_length(s) };

	return span;
}

/* Text of whatever type, as UTF-8; what is none, as its bytes. */
static int
add_value(struct buf *b, const ASN1_STRING *s)
{
	struct span text;
	unsigned char *utf8 = NULL;
	int len = ASN1_STRING_to_UTF8(&utf8, s), rv;

	ERR_clear_error();
	if (len < 0)
		return facts_escape(b, span_of_asn1(s), true);
	text.data = (const char *)utf8;
	text.len = (size_t)len;
	rv = facts_escape(b, text, false);
	OPENSSL_free(utf8);
	return rv;
}

/* Names. */

static int
add_object(struct buf *b, const ASN1_OBJECT *object)
{
	int nid = OBJ_obj2nid(object);
	char oid[80];

	if (nid != NID_undef)
		return buf_adds(b, OBJ_nid2sn(nid));
	OBJ_obj2txt(oid, sizeof(oid), object, 1);
	return buf_adds(b, oid);
}

/* A comma within a value must not begin another (RFC 4514 section 2.4). */
static int
add_quoted(struct buf *b, struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((s.data[i] == ',' && buf_adds(b, "\\") == -1) ||
		    buf_add(b, s.data + i, 1) == -1)
			return -1;
	return 0;
}

static int
add_entry(struct buf *b, const X509_NAME_ENTRY *entry)
{
	struct buf value = { 0 };
	int rv;

	if (add_object(b, X509_NAME_ENTRY_get_object(entry)) == -1 ||
	    buf_adds(b, "=") == -1)
		return -1;
	rv = add_value(&value, X509_NAME_ENTRY_get_data(entry));
	if (rv == 0)
		rv = add_quoted(b, buf_span(&value));
	buf_clear(&value);
	return rv;
}

char *
facts_name(const X509_NAME *name)
{
	struct buf b = { 0 };
	int i, rv = 0;
	char *text = NULL;

	for (i = 0; i < X509_NAME_entry_count(name) && rv == 0; i++) {
		if (i > 0)
			rv = buf_adds(&b, ", ");
		if (rv == 0)
			rv = add_entry(&b, X509_NAME_get_entry(name, i));
	}
	(void)keep(&text, rv, &b);
	return text;
}

/* *out stays NULL where there is none. */
static int
common_name(char **out, X509_NAME *name)
{
	int i = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	struct buf b = { 0 };

	if (i < 0)
		return 0;
	return keep(out, add_value(&b, X509_NAME_ENTRY_get_data(
	    X509_NAME_get_entry(name, i))), &b);
}

static int
fill_names(struct facts *f, X509 *x)
{
	X509_NAME *issuer = X509_get_issuer_name(x);

	f->subject = facts_name(X509_get_subject_name(x));
	f->issuer = facts_name(issuer);
	if (f->subject == NULL || f->issuer == NULL ||
	    common_name(&f->common_name, X509_get_subject_name(x)) == -1 ||
	    common_name(&f->issuer_name, issuer) == -1)
		return -1;
	if (f->issuer_name == NULL)
		f->issuer_name = strdup(f->issuer);
	return f->issuer_name == NULL ? -1 : 0;
}

static int
add_address(struct buf *b, struct span s)
{
	char ip[INET6_ADDRSTRLEN];
	int family = s.len == sizeof(struct in_addr) ? AF_INET :
	    s.len == sizeof(struct in6_addr) ? AF_INET6 : AF_UNSPEC;
	size_t i;

	if (family != AF_UNSPEC &&
	    inet_ntop(family, s.data, ip, sizeof(ip)) != NULL)
		return buf_adds(b, ip);
	for (i = 0; i < s.len; i++)
		if (buf_addf(b, "\\x%02x", (unsigned char)s.data[i]) == -1)
			return -1;
	return 0;
}

static int
add_alt(struct buf *b, GENERAL_NAME *name)
{
	int type;
	const void *value = GENERAL_NAME_get0_value(name, &type);

	switch (type) {
	case GEN_DNS:
		return facts_escape(b, span_of_asn1(value), true);
	case GEN_IPADD:
		return add_address(b, span_of_asn1(value));
	case GEN_EMAIL:
		return buf_adds(b, "email:") == -1 ? -1 :
		    facts_escape(b, span_of_asn1(value), true);
	case GEN_URI:
		return buf_adds(b, "uri:") == -1 ? -1 :
		    facts_escape(b, span_of_asn1(value), true);
	default:
		return buf_adds(b, "other:");
	}
}

static int
fill_alts(struct facts *f, X509 *x)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL,
	    NULL);
	int i, n = sk_GENERAL_NAME_num(all), rv = 0;	/* -1 without any */
	struct buf b = { 0 };

	ERR_clear_error();
	if (n > 0 && (f->names = calloc((size_t)n, sizeof(*f->names))) == NULL)
		rv = -1;
	for (i = 0; i < n && rv == 0; i++) {
		rv = keep(&f->names[i],
		    add_alt(&b, sk_GENERAL_NAME_value(all, i)), &b);
		f->name_count += rv == 0;
	}
	GENERAL_NAMES_free(all);
	return rv;
}

/* Digests. */

static char *
hex(const unsigned char *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char *s = malloc(2 * len + 1);
	size_t i;

	if (s == NULL)
		return NULL;
	for (i = 0; i < len; i++) {
		s[2 * i] = digits[bytes[i] >> 4];
		s[2 * i + 1] = digits[bytes[i] & 15];
	}
	s[2 * len] = '\0';
	return s;
}

static int
fill_whole(struct facts *f, const unsigned char *der, int len)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	struct buf b = { 0 };
	unsigned int n;
	struct cert *c;
	int rv;

	if (EVP_Digest(der, (size_t)len, md, &n, EVP_sha256(), NULL) != 1 ||
	    (f->sha256 = hex(md, n)) == NULL ||
	    keep(&f->pem, pem_add(&b, "CERTIFICATE", der, (size_t)len),
	    &b) == -1)
		return -1;
	c = cert_parse((const uint8_t *)f->pem, strlen(f->pem));
	if (c == NULL)
		return -1;
	(void)cert_weak(c, &f->weak);
	rv = keep(&f->pin, pin_of_key(c, &b), &b);
	cert_free(c);
	return rv;
}

static int
fill_digests(struct facts *f, X509 *x)
{
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);
	int rv = len > 0 ? fill_whole(f, der, len) : -1;

	OPENSSL_free(der);
	return rv;
}

/* Key and signature. */

static const char *
key_name(int nid)
{
	switch (nid) {
	case NID_rsaEncryption:
	case NID_rsassaPss:
		return "RSA";
	case NID_dsa:
		return "DSA";
	case NID_X9_62_id_ecPublicKey:
		return "EC";
	default:
		return NULL;
	}
}

/* A key that libcrypto does not know is called by its algorithm. */
static int
unknown_key(struct buf *b, X509 *x)
{
	ASN1_OBJECT *object = NULL;

	X509_PUBKEY_get0_param(&object, NULL, NULL, NULL,
	    X509_get_X509_PUBKEY(x));
	return add_object(b, object);
}

static int
add_key(struct buf *b, X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(x);
	int nid = key == NULL ? NID_undef : EVP_PKEY_base_id(key);
	const char *name = key_name(nid), *sn;

	ERR_clear_error();
	if (key == NULL)
		return unknown_key(b, x);
	if (name != NULL)
		return buf_addf(b, "%s %d", name, EVP_PKEY_bits(key));
	sn = OBJ_nid2sn(nid);
	/* As RFC 8032 writes it; OpenSSL has capitals. */
	return buf_adds(b, strcasecmp(sn, "ed25519") == 0 ? "Ed25519" :
	    strcasecmp(sn, "ed448") == 0 ? "Ed448" : sn);
}

static int
fill_key(struct facts *f, X509 *x)
{
	const X509_ALGOR *algorithm;
	const ASN1_OBJECT *object;
	struct buf b = { 0 };

	if (keep(&f->key, add_key(&b, x), &b) == -1)
		return -1;
	X509_get0_signature(NULL, &algorithm, x);
	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	return keep(&f->signature, add_object(&b, object), &b);
}

static bool
is_self_signed(X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(x);
	bool is = key != NULL && X509_NAME_cmp(X509_get_subject_name(x),
	    X509_get_issuer_name(x)) == 0 && X509_verify(x, key) == 1;

	ERR_clear_error();
	return is;
}

/* The rest. */

static time_t
seconds(const ASN1_TIME *t)
{
	struct tm tm = { 0 };

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return -1;
	return timegm(&tm);
}

static int
fill_serial(struct facts *f, X509 *x)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);

	f->serial = hex(ASN1_STRING_get0_data(serial),
	    (size_t)ASN1_STRING_length(serial));
	return f->serial == NULL ? -1 : 0;
}

/* The first URL of authorityInfoAccess's caIssuers (RFC 5280, 4.2.2.1). */
static int
fill_issuer_url(struct facts *f, X509 *x)
{
	AUTHORITY_INFO_ACCESS *all = X509_get_ext_d2i(x, NID_info_access,
	    NULL, NULL);
	ACCESS_DESCRIPTION *one;
	struct buf b = { 0 };
	int i, rv = 0;

	ERR_clear_error();
	for (i = 0; i < sk_ACCESS_DESCRIPTION_num(all) && rv == 0 &&
	    f->issuer_url == NULL; i++) {
		one = sk_ACCESS_DESCRIPTION_value(all, i);
		if (OBJ_obj2nid(one->method) == NID_ad_ca_issuers &&
		    one->location->type == GEN_URI)
			rv = keep(&f->issuer_url, facts_escape(&b,
			    span_of_asn1(one->location->d.ia5), true), &b);
	}
	AUTHORITY_INFO_ACCESS_free(all);
	return rv;
}

int
facts_fill(struct facts *f, X509 *x)
{
	memset(f, 0, sizeof(*f));
	f->not_before = seconds(X509_get0_notBefore(x));
	f->not_after = seconds(X509_get0_notAfter(x));
	f->ca = X509_check_ca(x) == 1;
	f->self_signed = is_self_signed(x);
	if (fill_names(f, x) == -1 || fill_alts(f, x) == -1 ||
	    fill_serial(f, x) == -1 || fill_digests(f, x) == -1 ||
	    fill_key(f, x) == -1 || fill_issuer_url(f, x) == -1)
		return -1;
	ERR_clear_error();
	return 0;
}

void
facts_clear(struct facts *f)
{
	while (f->name_count > 0)
		free(f->names[--f->name_count]);
	free(f->names);
	free(f->subject);
	free(f->issuer);
	free(f->common_name);
	free(f->issuer_name);
	free(f->serial);
	free(f->sha256);
	free(f->pin);
	free(f->key);
	free(f->signature);
	free(f->issuer_url);
	free(f->pem);
	memset(f, 0, sizeof(*f));
}
