/*
 * Certificates for the unit tests, made with libcrypto as they are needed:
 * any subjectAltName, also the ones no authority would sign.
 * A failure to make one ends the test program.
 */
#ifndef LURL_TEST_CERTS_H
#define LURL_TEST_CERTS_H
#include <sys/stat.h>

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

struct certs_name {
	int		 type;	/* GEN_DNS, GEN_IPADD, GEN_EMAIL, GEN_URI */
	const char	*data;
	size_t		 len;
};

struct certs_spec {
	const char	*cn;
	const struct certs_name *names;
	size_t		 name_count;
	bool		 ca;
	int		 days;		/* until it expires; may be negative */
	const EVP_MD	*md;		/* NULL: SHA-256 */
	EVP_PKEY	*key;		/* its own */
	X509		*issuer;	/* NULL: self-signed */
	EVP_PKEY	*issuer_key;
};

static inline void *
certs_need(const void *p, const char *what)
{
	if (p == NULL) {
		fprintf(stderr, "certs: %s failed\n", what);
		abort();
	}
	return (void *)(size_t)p;
}

static inline void
certs_must(bool good, const char *what)
{
	certs_need(good ? what : NULL, what);
}

/* A curve's or, with bits, an RSA key.  EVP_PKEY_free. */
static inline EVP_PKEY *
certs_key(int curve, int bits)
{
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *key = NULL;

	ctx = EVP_PKEY_CTX_new_id(bits > 0 ? EVP_PKEY_RSA : EVP_PKEY_EC, NULL);
	certs_need(ctx, "EVP_PKEY_CTX_new_id");
	certs_must(EVP_PKEY_keygen_init(ctx) == 1, "keygen_init");
	certs_must((bits > 0 ? EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, bits) :
	    EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, curve)) == 1, "bits");
	certs_must(EVP_PKEY_keygen(ctx, &key) == 1, "keygen");
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static inline EVP_PKEY *
certs_p256(void)
{
	return certs_key(NID_X9_62_prime256v1, 0);
}

static inline void
certs_add_names(X509 *x, const struct certs_name *names, size_t n)
{
	GENERAL_NAMES *all = certs_need(GENERAL_NAMES_new(), "GENERAL_NAMES");
	GENERAL_NAME *name;
	ASN1_STRING *s;
	size_t i;

	for (i = 0; i < n; i++) {
		name = certs_need(GENERAL_NAME_new(), "GENERAL_NAME");
		s = certs_need(ASN1_STRING_type_new(names[i].type ==
		    GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING),
		    "ASN1_STRING");
		certs_must(ASN1_STRING_set(s, names[i].data,
		    (int)names[i].len) == 1, "ASN1_STRING_set");
		GENERAL_NAME_set0_value(name, names[i].type, s);
		certs_must(sk_GENERAL_NAME_push(all, name) > 0, "push");
	}
	certs_must(X509_add1_ext_i2d(x, NID_subject_alt_name, all, 0,
	    X509V3_ADD_APPEND) == 1, "subjectAltName");
	GENERAL_NAMES_free(all);
}

static inline void
certs_add_ca(X509 *x)
{
	BASIC_CONSTRAINTS *bc = certs_need(BASIC_CONSTRAINTS_new(), "bc");

	bc->ca = 0xff;
	certs_must(X509_add1_ext_i2d(x, NID_basic_constraints, bc, 1,
	    X509V3_ADD_APPEND) == 1, "basicConstraints");
	BASIC_CONSTRAINTS_free(bc);
}

/* An extension as openssl.cnf writes it. */
static inline void
certs_add_text(X509 *x, const struct certs_spec *spec, int nid,
    const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, spec->issuer, x, NULL, NULL, 0);
	ext = certs_need(X509V3_EXT_conf_nid(NULL, &ctx, nid, value), value);
	certs_must(X509_add_ext(x, ext, -1) == 1, "X509_add_ext");
	X509_EXTENSION_free(ext);
}

/* Everything but the signature.  X509_free. */
static inline X509 *
certs_unsigned(const struct certs_spec *spec)
{
	static long serial;
	X509 *x = certs_need(X509_new(), "X509_new");
	X509_NAME *name = certs_need(X509_NAME_new(), "X509_NAME_new");
	int days = spec->days != 0 ? spec->days : 30;

	certs_must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)spec->cn, -1, -1, 0) == 1, "name");
	certs_must(X509_set_version(x, 2) == 1 &&
	    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial) == 1 &&
	    X509_gmtime_adj(X509_getm_notBefore(x), -86400L * 60) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(x), 86400L * days) != NULL &&
	    X509_set_subject_name(x, name) == 1 &&
	    X509_set_issuer_name(x, spec->issuer == NULL ? name :
	    X509_get_subject_name(spec->issuer)) == 1 &&
	    X509_set_pubkey(x, spec->key) == 1, "certificate");
	X509_NAME_free(name);
	if (spec->ca)
		certs_add_ca(x);
	if (spec->name_count > 0)
		certs_add_names(x, spec->names, spec->name_count);
	/* As every authority does: it tells namesakes apart. */
	certs_add_text(x, spec, NID_subject_key_identifier, "hash");
	if (spec->issuer != NULL)
		certs_add_text(x, spec, NID_authority_key_identifier,
		    "keyid:always");
	return x;
}

static inline X509 *
certs_sign(X509 *x, const struct certs_spec *spec)
{
	certs_must(X509_sign(x, spec->issuer == NULL ? spec->key :
	    spec->issuer_key, spec->md != NULL ? spec->md : EVP_sha256()) > 0,
	    "X509_sign");
	return x;
}

static inline X509 *
certs_new(const struct certs_spec *spec)
{
	return certs_sign(certs_unsigned(spec), spec);
}

/* What a BIO holds, NUL-terminated; frees the BIO.  free. */
static inline char *
certs_text(BIO *bio)
{
	char *data, *text;
	long len = BIO_get_mem_data(bio, &data);

	text = certs_need(malloc((size_t)len + 1), "malloc");
	memcpy(text, data, (size_t)len);
	text[len] = '\0';
	BIO_free(bio);
	return text;
}

static inline char *
certs_pem(X509 *x)
{
	BIO *bio = certs_need(BIO_new(BIO_s_mem()), "BIO_new");

	certs_must(PEM_write_bio_X509(bio, x) == 1, "PEM_write_bio_X509");
	return certs_text(bio);
}

/* With what it is trusted for: "TRUSTED CERTIFICATE". */
static inline char *
certs_trusted_pem(X509 *x)
{
	BIO *bio = certs_need(BIO_new(BIO_s_mem()), "BIO_new");

	certs_must(PEM_write_bio_X509_AUX(bio, x) == 1,
	    "PEM_write_bio_X509_AUX");
	return certs_text(bio);
}

static inline char *
certs_key_pem(EVP_PKEY *key)
{
	BIO *bio = certs_need(BIO_new(BIO_s_mem()), "BIO_new");

	certs_must(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0,
	    NULL, NULL) == 1, "PEM_write_bio_PKCS8PrivateKey");
	return certs_text(bio);
}

/* A directory of the test's own.  certs_dir_remove, which also frees. */
static inline char *
certs_dir(void)
{
	char path[] = "/tmp/lurl-test-XXXXXX";

	certs_need(mkdtemp(path), "mkdtemp");
	return certs_need(strdup(path), "strdup");
}

static inline int
certs_remove_one(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void
certs_dir_remove(char *dir)
{
	certs_must(nftw(dir, certs_remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0,
	    "nftw");
	free(dir);
}

/* DIR/NAME.  free. */
static inline char *
certs_path(const char *dir, const char *name)
{
	size_t len = strlen(dir) + strlen(name) + 2;
	char *path = certs_need(malloc(len), "malloc");

	snprintf(path, len, "%s/%s", dir, name);
	return path;
}

static inline void
certs_write(const char *path, const char *data, size_t len)
{
	FILE *f = certs_need(fopen(path, "w"), path);

	certs_must(fwrite(data, 1, len, f) == len, "fwrite");
	certs_must(fclose(f) == 0, "fclose");
}

/* The certificate into a directory, under the n-th of its hashed names. */
static inline void
certs_write_hashed(const char *dir, X509 *x, int n)
{
	char name[32], *path, *pem = certs_pem(x);

	snprintf(name, sizeof(name), "%08lx.%d", X509_subject_name_hash(x), n);
	path = certs_path(dir, name);
	certs_write(path, pem, strlen(pem));
	free(path);
	free(pem);
}
#endif
