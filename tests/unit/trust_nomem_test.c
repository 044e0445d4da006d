/*
 * Every allocation that making a trust takes fails once: our own, and each
 * call of a library that answers NULL then.  The error is io/ENOMEM, and the
 * sanitizer sees that nothing is left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "certs.h"
#include "tls/facts.h"

#include <tls.h>

static size_t calls;
static size_t fail_at;	/* 1: the first call */

static bool
fails(void)
{
	return ++calls == fail_at;
}

/* These files are linked instead of those of the archive. */
#define malloc(n)		(fails() ? NULL : malloc(n))
#define calloc(n, size)		(fails() ? NULL : calloc(n, size))
#define realloc(p, n)		(fails() ? NULL : realloc(p, n))
#define BIO_new(method)		(fails() ? NULL : BIO_new(method))
#define BIO_new_mem_buf(p, n)	(fails() ? NULL : BIO_new_mem_buf(p, n))
#define facts_name(name)	(fails() ? NULL : facts_name(name))
#define tls_config_new()	(fails() ? NULL : tls_config_new())
#define tls_client()		(fails() ? NULL : tls_client())

#undef skip	/* cmocka's */
#include "base/buf.c"
#define grow		secret_grow
#include "tls/secret.c"
#include "tls/seen.c"
#include "tls/pem.c"
#define is_blank	source_is_blank
#include "tls/pem_source.c"
#include "tls/pin.c"
#include "tls/identity.c"
#include "tls/crl.c"
#include "tls/trust.c"

#undef malloc
#undef calloc
#undef realloc
#undef BIO_new
#undef BIO_new_mem_buf

static char *dir;

static void
make_list(EVP_PKEY *key, X509 *issuer)
{
	X509_CRL *crl = certs_need(X509_CRL_new(), "X509_CRL_new");
	BIO *bio = certs_need(BIO_new_file("list.crl", "w"), "list.crl");
	ASN1_TIME *now = certs_need(ASN1_TIME_set(NULL, time(NULL)), "time");

	certs_must(X509_CRL_set_issuer_name(crl,
	    X509_get_subject_name(issuer)) == 1 &&
	    X509_CRL_set1_lastUpdate(crl, now) == 1 &&
	    X509_CRL_sign(crl, key, EVP_sha256()) > 0 &&
	    PEM_write_bio_X509_CRL(bio, crl) == 1, "CRL");
	ASN1_TIME_free(now);
	BIO_free(bio);
	X509_CRL_free(crl);
}

static int
setup(void **state)
{
	EVP_PKEY *key = certs_p256();
	struct certs_spec spec = { .cn = "x", .ca = true, .key = key,
	    .days = -1 };
	X509 *x = certs_new(&spec);
	char *cert = certs_pem(x), *pem = certs_key_pem(key);

	(void)state;
	dir = certs_dir();
	assert_int_equal(chdir(dir), 0);
	certs_write("cert.pem", cert, strlen(cert));
	certs_write("key.pem", pem, strlen(pem));
	make_list(key, x);
	free(cert);
	free(pem);
	X509_free(x);
	EVP_PKEY_free(key);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	assert_int_equal(chdir("/"), 0);
	certs_dir_remove(dir);
	return 0;
}

static void
test_every_one(void **state)
{
	static const struct ca_source ca = { CA_PATH, "cert.pem" };
	static const struct pem_source crl = { "list.crl", false };
	static const char *const pins[] = {
		"sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	};
	static const struct trust_spec spec = {
		.chain = true, .time = true, .ca = &ca, .ca_count = 1,
		.cert = { "cert.pem", false }, .key = { "key.pem", false },
		.crls = &crl, .crl_count = 1, .pins = pins, .pin_count = 1,
		.protocol = { .ciphers = "ECDHE+AESGCM", .curves = "P-256" },
	};
	struct error err = { 0 };
	struct trust *t;
	size_t trusts = 0;

	(void)state;
	for (fail_at = 1;; fail_at++) {
		calls = 0;
		t = trust_new(&spec, &err);
		if (calls < fail_at)
			break;
		if (t == NULL && (err.kind != ERR_IO ||
		    strcmp(err.code, "ENOMEM") != 0))
			fail_msg("allocation %zu: got %s", fail_at,
			    err.message);
		trusts += t != NULL;
		trust_unref(t);
	}
	assert_non_null(t);
	assert_true(trust_fresh(t));
	trust_unref(t);
	assert_in_range(fail_at, 20, 1000);
	/* Without an index of the authorities it only takes longer. */
	assert_in_range(trusts, 0, fail_at / 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_one),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
