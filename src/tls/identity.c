/*
 * The client's own certificate: read, checked and handed to libtls before
 * anything is looked up, so that what is wrong with it is said by name.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <tls.h>

#include "tls/dump.h"
#include "tls/pem_source.h"
#include "tls/trust_internal.h"

struct identity {
	struct pem_text	 cert;
	struct pem_text	 key;		/* empty: it is in cert */
	struct buf	 chain;		/* PEM: certificates alone */
	X509		*leaf;
	EVP_PKEY	*pkey;
	BIO		*clear;		/* the key as PEM, not encrypted */
};

/* What libcrypto's callback was asked, and what it can answer. */
struct ask {
	const char	*password;	/* NULL: none */
	bool		 was_asked;
};

static const struct pem_text *
key_text(const struct identity *id)
{
	return id->key.text.data != NULL ? &id->key : &id->cert;
}

static int
damaged(const struct pem_text *t, size_t n, struct error *err)
{
	ERR_clear_error();
	return error_setx(err, ERR_USAGE, "value",
	    "certificate %zu in %s is damaged", n, t->name);
}

/* Appends the n-th certificate; the first is the client's. */
static int
add_cert(struct identity *id, const struct pem_block *block, size_t n,
    struct error *err)
{
	struct buf der = { 0 };
	const unsigned char *p;
	X509 *x = NULL;
	int rv = pem_decode(block, &der);

	if (rv == -1)
		return error_nomem(err);
	p = (const unsigned char *)der.data;
	if (rv == 1 && der.len <= LONG_MAX)
		x = d2i_X509(NULL, &p, (long)der.len);
	if (x == NULL)
		rv = damaged(&id->cert, n, err);
	else if (pem_add(&id->chain, "CERTIFICATE", der.data,
	    (size_t)(p - (const unsigned char *)der.data)) == -1)
		rv = error_nomem(err);
	else
		rv = 0;
	buf_clear(&der);
	if (rv == 0 && n == 1)
		id->leaf = x;
	else
		X509_free(x);
	return rv;
}

static int
read_chain(struct identity *id, struct error *err)
{
	struct span rest = id->cert.text;
	struct pem_block block;
	size_t n = 0;
	int rv;

	while ((rv = pem_text_next(&id->cert, &rest, "CERTIFICATE", &block,
	    err)) == 1)
		if (add_cert(id, &block, ++n, err) == -1)
			return -1;
	if (rv == 0 && n == 0)
		return pem_text_lacks(&id->cert, "certificate", err);
	return rv;
}

/* Never asks anybody: libcrypto's own would, on the terminal. */
static int
on_password(char *to, int size, int is_writing, void *arg)
{
	struct ask *ask = arg;
	size_t len;

	(void)is_writing;
	ask->was_asked = true;
	len = ask->password == NULL ? 0 : strlen(ask->password);
	if (size < 0 || len == 0 || len > (size_t)size)
		return -1;
	memcpy(to, ask->password, len);
	return (int)len;
}

/* Why there is no key, in the order in which people find out. */
static int
no_key(const struct pem_text *t, const struct ask *ask, struct error *err)
{
	ERR_clear_error();
	if (ask->was_asked && ask->password == NULL) {
		error_setx(err, ERR_USAGE, "value", "the private key in %s is "
		    "encrypted", t->name);
		return error_hint(err, "give its password as key_password");
	}
	if (ask->was_asked)
		return error_setx(err, ERR_USAGE, "value", "the private key in "
		    "%s does not open with key_password", t->name);
	return error_setx(err, ERR_USAGE, "value", "the private key in %s is "
	    "damaged, or of a kind that the TLS library does not know",
	    t->name);
}

static bool
is_openssh(const struct pem_block *b)
{
	const char *label = "OPENSSH PRIVATE KEY";

	return b->label.len == strlen(label) &&
	    memcmp(b->label.data, label, b->label.len) == 0;
}

static int
openssh(const struct pem_text *t, struct error *err)
{
	error_setx(err, ERR_USAGE, "value", "%s holds a key of OpenSSH's own "
	    "form", t->name);
	return error_hint(err, "convert a copy of it: ssh-keygen -p -m PKCS8 "
	    "-f COPY");
}

static int
lacks_key(const struct identity *id, const struct pem_text *t,
    struct error *err)
{
	pem_text_lacks(t, "private key", err);
	if (t == &id->cert)
		error_hint(err, "where the key is not with the certificate, "
		    "give it as key");
	return -1;
}

static int
read_key(struct identity *id, const char *password, struct error *err)
{
	const struct pem_text *t = key_text(id);
	struct ask ask = { password, false };
	struct span rest = t->text;
	struct pem_block block;
	BIO *bio;
	int rv;

	rv = pem_text_next(t, &rest, "PRIVATE KEY", &block, err);
	if (rv == 0)
		return lacks_key(id, t, err);
	if (rv == -1)
		return -1;
	if (is_openssh(&block))
		return openssh(t, err);
	bio = BIO_new_mem_buf(t->text.data, (int)t->text.len);
	if (bio == NULL)
		return error_nomem(err);
	id->pkey = PEM_read_bio_PrivateKey(bio, NULL, on_password, &ask);
	BIO_free(bio);
	if (id->pkey == NULL)
		return no_key(t, &ask, err);
	if (password != NULL && !ask.was_asked)
		return error_setx(err, ERR_USAGE, "value", "the private key in "
		    "%s is not encrypted, but there is a key_password",
		    t->name);
	return 0;
}

/* Whose it is, where it is not the first certificate's. */
static bool
is_anothers(const struct identity *id)
{
	BIO *bio = BIO_new_mem_buf(id->chain.data, (int)id->chain.len);
	bool is = false;
	X509 *x;

	while (!is && bio != NULL &&
	    (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		is = X509_check_private_key(x, id->pkey) == 1;
		X509_free(x);
	}
	BIO_free(bio);
	ERR_clear_error();
	return is;
}

static int
check_fit(const struct identity *id, struct error *err)
{
	if (X509_check_private_key(id->leaf, id->pkey) == 1)
		return 0;
	ERR_clear_error();
	error_setx(err, ERR_USAGE, "value", "the private key in %s does not "
	    "belong to the %scertificate in %s", key_text(id)->name,
	    is_anothers(id) ? "first " : "", id->cert.name);
	return error_hint(err, is_anothers(id) ? "it belongs to a later one: "
	    "the client's own must come first, then what issued it" :
	    "give the key that the certificate was requested with");
}

/* What a server may not like: known beforehand, and no reason not to try. */
static int
note_doubts(struct trust *t, X509 *leaf)
{
	struct buf *b = &t->doubts;
	struct tm tm;

	if (X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0 &&
	    ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &tm) == 1 &&
	    buf_addf(b, "it has expired on %04d-%02d-%02d", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday) == -1)
		return -1;
	if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0 &&
	    buf_adds(b, "it is not yet valid") == -1)
		return -1;
	if (X509_check_purpose(leaf, X509_PURPOSE_SSL_CLIENT, 0) == 0 &&
	    buf_addf(b, "%sit was not issued for clients",
	    b->len > 0 ? ", and " : "") == -1)
		return -1;
	ERR_clear_error();
	return 0;
}

static ssize_t
no_read(struct tls *tls, void *buf, size_t len, void *arg)
{
	(void)tls;
	(void)buf;
	(void)len;
	(void)arg;
	return -1;
}

static ssize_t
no_write(struct tls *tls, const void *buf, size_t len, void *arg)
{
	(void)tls;
	(void)buf;
	(void)len;
	(void)arg;
	return -1;
}

static int
not_taken(const struct identity *id, const char *words, struct error *err)
{
	if (words == NULL)
		return error_nomem(err);
	error_setx(err, ERR_USAGE, "value", "%s: %s", id->cert.name, words);
	return error_hint(err, "the TLS library does not take it: its key or "
	    "its digest is too weak, or of a kind that is not known");
}

/*
 * Whether libtls takes it: it would say so only when it connects, so it does,
 * to nobody and without the authorities, which take their time.
 */
static int
try_it(const struct identity *id, const uint8_t *key, size_t len,
    struct error *err)
{
	struct tls_config *config = tls_config_new();
	struct tls *tls = tls_client();
	int rv = 0;

	if (config == NULL || tls == NULL) {
		rv = error_nomem(err);
		goto out;
	}
	tls_config_insecure_noverifycert(config);
	tls_config_insecure_noverifyname(config);
	if (tls_config_set_keypair_mem(config, (uint8_t *)id->chain.data,
	    id->chain.len, key, len) == -1)
		rv = not_taken(id, tls_config_error(config), err);
	else if (tls_configure(tls, config) == -1 ||
	    tls_connect_cbs(tls, no_read, no_write, NULL, "localhost") == -1)
		rv = not_taken(id, tls_error(tls), err);
 out:
	tls_free(tls);
	tls_config_free(config);
	ERR_clear_error();
	return rv;
}

/* The decrypted key in memory that BIO_free wipes. */
static int
hand_over(struct trust *t, struct identity *id, struct error *err)
{
	char *key;
	long len;

	id->clear = BIO_new(BIO_s_mem());
	if (id->clear == NULL || PEM_write_bio_PrivateKey(id->clear, id->pkey,
	    NULL, NULL, 0, NULL, NULL) != 1)
		return error_nomem(err);
	len = BIO_get_mem_data(id->clear, &key);
	if (try_it(id, (uint8_t *)key, (size_t)len, err) == -1)
		return -1;
	if (tls_config_set_keypair_mem(t->config, (uint8_t *)id->chain.data,
	    id->chain.len, (uint8_t *)key, (size_t)len) == -1)
		return trust_refused(t, err);
	return 0;
}

static int
load(struct trust *t, struct identity *id, const struct trust_spec *spec,
    struct error *err)
{
	if (pem_text_read(&id->cert, &spec->cert, "cert", &t->seen, err) == -1)
		return -1;
	if (spec->key.value != NULL &&
	    pem_text_read(&id->key, &spec->key, "key", &t->seen, err) == -1)
		return -1;
	if (read_chain(id, err) == -1 ||
	    read_key(id, spec->key_password, err) == -1 ||
	    check_fit(id, err) == -1)
		return -1;
	if (note_doubts(t, id->leaf) == -1)
		return error_nomem(err);
	return hand_over(t, id, err);
}

static void
clear(struct identity *id)
{
	BIO_free(id->clear);
	EVP_PKEY_free(id->pkey);
	X509_free(id->leaf);
	buf_clear(&id->chain);
	pem_text_clear(&id->key);
	pem_text_clear(&id->cert);
}

int
trust_set_identity(struct trust *t, const struct trust_spec *spec,
    struct error *err)
{
	struct identity id = { 0 };
	int rv;

	if (spec->cert.value == NULL && spec->key.value == NULL &&
	    spec->key_password == NULL)
		return 0;
	if (spec->cert.value == NULL)
		return error_setx(err, ERR_USAGE, "value", "option '%s' is "
		    "there, but no option 'cert' that it belongs to",
		    spec->key.value != NULL ? "key" : "key_password");
	dump_forbid();
	t->has_key = true;
	rv = load(t, &id, spec, err);
	clear(&id);
	return rv;
}
