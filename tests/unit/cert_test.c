/* tls/cert: names and strength of certificates, good and malformed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "certs.h"
#include "tls/cert.h"
#include "tls/pem.h"

#define DNS(s)		{ GEN_DNS, s, sizeof(s) - 1 }
#define IP(s)		{ GEN_IPADD, s, sizeof(s) - 1 }
#define EMAIL(s)	{ GEN_EMAIL, s, sizeof(s) - 1 }
#define URI(s)		{ GEN_URI, s, sizeof(s) - 1 }
#define V6_ONE		"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"

static EVP_PKEY *key;		/* P-256; made once, it is the slow part */

static int
setup(void **state)
{
	(void)state;
	key = certs_p256();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	return 0;
}

static struct cert *
parse(X509 *x)
{
	char *pem = certs_pem(x);
	struct cert *c = cert_parse((const uint8_t *)pem, strlen(pem));

	free(pem);
	assert_non_null(c);
	return c;
}

static struct cert *
with_names(const struct certs_name *names, size_t n)
{
	struct certs_spec spec = { .cn = "localhost", .names = names,
	    .name_count = n, .key = key };
	X509 *x = certs_new(&spec);
	struct cert *c = parse(x);

	X509_free(x);
	return c;
}

#define NAMES_MAX	6

/* The common name is "localhost" in all of them, and never counts. */
static const struct names_test {
	const char	*label;
	struct certs_name names[NAMES_MAX];
	const char	*covers[3];	/* hosts */
	const char	*not[6];
	const char	*text;		/* at most 3 names of it */
} names_tests[] = {
	{ "no subjectAltName", { { 0 } }, { 0 },
	    { "localhost", "", "127.0.0.1" }, "" },
	{ "one name", { DNS("www.example.org") },
	    { "www.example.org", "WWW.EXAMPLE.ORG." },
	    { "localhost", "example.org", "127.0.0.1" }, "www.example.org" },
	{ "the last of many counts", { DNS("a.example"), DNS("b.example"),
	    IP("\x7f\0\0\x01"), DNS("*.c.example") },
	    { "a.example", "127.0.0.1", "x.c.example" },
	    { "c.example", "localhost", "::1" },
	    "a.example, b.example, 127.0.0.1 and 1 more" },
	{ "IPv6", { IP(V6_ONE) }, { "::1", "0:0::1" },
	    { "::2", "[::1]", "localhost", "0.0.0.1" }, "::1" },
	{ "IPv4 as a name", { DNS("127.0.0.1") }, { 0 },
	    { "127.0.0.1", "127.0.0.1.", "localhost" }, "127.0.0.1" },
	{ "a name as an address", { IP("localhost") }, { 0 },
	    { "localhost" }, "\\x6c\\x6f\\x63\\x61\\x6c\\x68\\x6f\\x73\\x74" },
	{ "four bytes that are letters", { IP("abcd") }, { "97.98.99.100" },
	    { "abcd" }, "97.98.99.100" },
	{ "address of a wrong length", { IP("\x7f\0\0"), IP(""),
	    IP("\x7f\0\0\x01\xff\0\0\0") }, { 0 }, { "127.0.0.1", "" },
	    "\\x7f\\x00\\x00, , \\x7f\\x00\\x00\\x01\\xff\\x00\\x00\\x00" },
	{ "only an email address", { EMAIL("a@localhost") }, { 0 },
	    { "localhost", "a@localhost" }, "" },
	{ "only a URI", { URI("https://localhost/") }, { 0 },
	    { "localhost" }, "" },
	{ "others between", { EMAIL("a@b.example"), DNS("c.example"),
	    URI("https://d.example/") }, { "c.example" },
	    { "b.example", "d.example" }, "c.example" },
	{ "NUL", { DNS("localhost\0.evil.example") }, { 0 },
	    { "localhost" }, "localhost\\x00.evil.example" },
	{ "empty name", { DNS("") }, { 0 }, { "", ".", "localhost" }, "" },
	{ "terminal and list characters",
	    { DNS("\x1b[2J\r\n"), DNS("a, b\\"), DNS("b\xc3\xbc\x7f") }, { 0 },
	    { "a", "b" },
	    "\\x1b[2J\\x0d\\x0a, a\\x2c\\x20b\\x5c, b\\xc3\\xbc\\x7f" },
	{ "exactly three", { DNS("a.b"), DNS("c.d"), DNS("e.f") },
	    { "a.b", "e.f" }, { "a.d" }, "a.b, c.d, e.f" },
	{ "twice as many", { DNS("a.b"), DNS("c.d"), DNS("e.f"), DNS("g.h"),
	    DNS("i.j"), DNS("k.l") }, { "k.l" }, { "l.k" },
	    "a.b, c.d, e.f and 3 more" },
};

static size_t
count_names(const struct names_test *t)
{
	size_t n = 0;

	while (n < NAMES_MAX && t->names[n].data != NULL)
		n++;
	return n;
}

static size_t
check_hosts(const struct names_test *t, const struct cert *c)
{
	size_t i, bad = 0;

	for (i = 0; i < 3 && t->covers[i] != NULL; i++)
		if (!cert_covers(c, t->covers[i])) {
			print_error("names/%s: %s: got not covered\n",
			    t->label, t->covers[i]);
			bad++;
		}
	for (i = 0; i < 6 && t->not[i] != NULL; i++)
		if (cert_covers(c, t->not[i])) {
			print_error("names/%s: %s: got covered\n", t->label,
			    t->not[i]);
			bad++;
		}
	return bad;
}

static bool
text_is(const struct cert *c, size_t max, const char *want, const char *label)
{
	struct buf b = { 0 };
	bool same;

	assert_int_equal(cert_names(c, max, &b), 0);
	assert_int_equal(buf_add(&b, "", 1), 0);
	same = strcmp(b.data, want) == 0;
	if (!same)
		print_error("names/%s: got \"%s\", want \"%s\"\n", label,
		    b.data, want);
	buf_clear(&b);
	return same;
}

static void
test_names(void **state)
{
	const struct names_test *t;
	struct cert *c;
	size_t i, bad = 0;

	(void)state;
	for (i = 0; i < sizeof(names_tests) / sizeof(names_tests[0]); i++) {
		t = &names_tests[i];
		c = with_names(t->names, count_names(t));
		bad += check_hosts(t, c);
		bad += !text_is(c, 3, t->text, t->label);
		cert_free(c);
	}
	assert_int_equal(bad, 0);
}

static void
test_names_max(void **state)
{
	const struct certs_name two[] = { DNS("a.b"), DNS("c.d") };
	struct cert *c = with_names(two, 2);

	(void)state;
	assert_true(text_is(c, 2, "a.b, c.d", "max 2"));
	assert_true(text_is(c, 1, "a.b and 1 more", "max 1"));
	assert_true(text_is(c, 0, "and 2 more", "max 0"));
	cert_free(c);
}

/* LibreSSL's verifier stops at 512 names; nothing here does. */
static void
test_many(void **state)
{
	enum { MANY = 2000 };
	struct certs_name *names = calloc(MANY, sizeof(*names));
	char (*text)[16] = calloc(MANY, sizeof(*text));
	struct cert *c;
	int i;

	(void)state;
	assert_non_null(names);
	assert_non_null(text);
	for (i = 0; i < MANY; i++) {
		names[i].type = GEN_DNS;
		names[i].data = text[i];
		names[i].len = (size_t)snprintf(text[i], sizeof(text[i]),
		    "h%d.example", i);
	}
	c = with_names(names, MANY);
	assert_true(cert_covers(c, "h0.example"));
	assert_true(cert_covers(c, "h1999.example"));
	assert_false(cert_covers(c, "h2000.example"));
	assert_true(text_is(c, 1, "h0.example and 1999 more", "many"));
	cert_free(c);
	free(text);
	free(names);
}

/* RFC 5280 section 4.2: an extension is there once.  Then which would count? */
static void
test_two_extensions(void **state)
{
	const struct certs_name a = DNS("a.example"), b = DNS("b.example");
	struct certs_spec spec = { .cn = "localhost", .names = &a,
	    .name_count = 1, .key = key };
	X509 *x = certs_unsigned(&spec);
	struct cert *c;

	(void)state;
	certs_add_names(x, &b, 1);
	c = parse(certs_sign(x, &spec));
	assert_false(cert_covers(c, "a.example"));
	assert_false(cert_covers(c, "b.example"));
	assert_true(text_is(c, 3, "", "two extensions"));
	cert_free(c);
	X509_free(x);
}

static const struct {
	const char	*label;
	const char	*value;
	size_t		 len;
} garbage_tests[] = {
	{ "nothing", "", 0 },
	{ "text", "DNS:localhost", 13 },
	{ "cut short", "\x30\x0b\x82\x09local", 9 },
	{ "a sequence of none", "\x30\x00", 2 },
	{ "a name with a wrong tag", "\x30\x0b\x0c\x09localhost", 13 },
};

static void
test_garbage_extension(void **state)
{
	struct certs_spec spec = { .cn = "localhost", .key = key };
	ASN1_OCTET_STRING *value;
	X509_EXTENSION *ext;
	struct cert *c;
	X509 *x;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(garbage_tests) / sizeof(garbage_tests[0]); i++) {
		x = certs_unsigned(&spec);
		value = ASN1_OCTET_STRING_new();
		assert_non_null(value);
		ASN1_OCTET_STRING_set(value,
		    (const unsigned char *)garbage_tests[i].value,
		    (int)garbage_tests[i].len);
		ext = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name,
		    0, value);
		assert_int_equal(X509_add_ext(x, ext, -1), 1);
		c = parse(certs_sign(x, &spec));
		assert_false(cert_covers(c, "localhost"));
		assert_true(text_is(c, 3, "", garbage_tests[i].label));
		cert_free(c);
		X509_EXTENSION_free(ext);
		ASN1_OCTET_STRING_free(value);
		X509_free(x);
	}
}

static const struct weak_test {
	const char	*label;
	int		 curve;
	int		 rsa_bits;
	const char	*md;
	bool		 issued;	/* by another key than its own */
	const char	*want;
} weak_tests[] = {
	{ "P-256", NID_X9_62_prime256v1, 0, "sha256", true, NULL },
	{ "P-384, SHA-384", NID_secp384r1, 0, "sha384", true, NULL },
	{ "P-224", NID_secp224r1, 0, "sha256", true, NULL },
	{ "P-192", NID_X9_62_prime192v1, 0, "sha256", true,
	    "its EC key is shorter than 224 bits" },
	{ "P-521", NID_secp521r1, 0, "sha512", true, NULL },
	{ "RSA-2048", 0, 2048, "sha256", true, NULL },
	{ "RSA-2047", 0, 2047, "sha256", true,
	    "its RSA key is shorter than 2048 bits" },
	{ "RSA-1024", 0, 1024, "sha256", true,
	    "its RSA key is shorter than 2048 bits" },
	{ "RSA-1024, self-signed", 0, 1024, "sha256", false,
	    "its RSA key is shorter than 2048 bits" },
	{ "SHA-1", NID_X9_62_prime256v1, 0, "sha1", true,
	    "it is signed with SHA-1" },
	{ "SHA-1, self-signed", NID_X9_62_prime256v1, 0, "sha1", false, NULL },
	{ "SHA-224", NID_X9_62_prime256v1, 0, "sha224", true, NULL },
};

static void
check_weak(const struct weak_test *t, X509 *x)
{
	struct cert *c = parse(x);
	const char *why = "unset";
	bool got = cert_weak(c, &why);

	cert_free(c);
	if (got != (t->want != NULL) || (why == NULL) != (t->want == NULL) ||
	    (why != NULL && strcmp(why, t->want) != 0))
		fail_msg("weak/%s: got %d, %s, want %s", t->label, got,
		    why == NULL ? "NULL" : why,
		    t->want == NULL ? "NULL" : t->want);
}

/* LibreSSL has dropped the small ones. */
static bool
has_curve(int nid)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(nid);
	bool has = group != NULL;

	EC_GROUP_free(group);
	return has;
}

static void
test_weak(void **state)
{
	struct certs_spec ca_spec = { .cn = "issuer", .ca = true, .key = key };
	X509 *ca = certs_new(&ca_spec), *x;
	const struct weak_test *t;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(weak_tests) / sizeof(weak_tests[0]); i++) {
		struct certs_spec spec = { .cn = "leaf" };

		t = &weak_tests[i];
		if (t->rsa_bits == 0 && !has_curve(t->curve)) {
			print_message("weak/%s: no such curve here\n",
			    t->label);
			continue;
		}
		spec.key = certs_key(t->curve, t->rsa_bits);
		spec.md = EVP_get_digestbyname(t->md);
		if (t->issued) {
			spec.issuer = ca;
			spec.issuer_key = key;
		}
		x = certs_new(&spec);
		check_weak(t, x);
		X509_free(x);
		EVP_PKEY_free(spec.key);
	}
	X509_free(ca);
}

/* MD5 signs only RSA here; the same for RSASSA-PSS, whose digest is hidden. */
static void
test_weak_rsa_digests(void **state)
{
	static const struct weak_test tests[] = {
		{ "MD5", 0, 0, "md5", true, "it is signed with MD5" },
		{ "PSS, SHA-256", 0, 1, "sha256", true, NULL },
		{ "PSS, SHA-1", 0, 1, "sha1", true, "it is signed with SHA-1" },
	};
	EVP_PKEY *rsa = certs_key(0, 2048);
	struct certs_spec ca_spec = { .cn = "issuer", .ca = true, .key = rsa };
	X509 *ca = certs_new(&ca_spec), *x;
	struct certs_spec spec = { .cn = "leaf", .key = key, .issuer = ca };
	EVP_PKEY_CTX *pctx;
	EVP_MD_CTX *ctx;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		x = certs_unsigned(&spec);
		ctx = EVP_MD_CTX_new();
		assert_int_equal(EVP_DigestSignInit(ctx, &pctx,
		    EVP_get_digestbyname(tests[i].md), NULL, rsa), 1);
		if (tests[i].rsa_bits == 1)	/* here: with PSS */
			assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx,
			    RSA_PKCS1_PSS_PADDING), 1);
		assert_true(X509_sign_ctx(x, ctx) > 0);
		EVP_MD_CTX_free(ctx);
		check_weak(&tests[i], x);
		X509_free(x);
	}
	X509_free(ca);
	EVP_PKEY_free(rsa);
}

/* Of a key of another kind nothing is said. */
static void
test_weak_ed25519(void **state)
{
	static const struct weak_test t = { "Ed25519", 0, 0, "sha256", true,
	    NULL };
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, NULL);
	struct certs_spec ca_spec = { .cn = "issuer", .ca = true, .key = key };
	struct certs_spec spec = { .cn = "leaf", .issuer_key = key };
	X509 *x;

	(void)state;
	assert_non_null(ctx);
	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_keygen(ctx, &spec.key), 1);
	spec.issuer = certs_new(&ca_spec);
	x = certs_new(&spec);
	check_weak(&t, x);
	X509_free(x);
	X509_free(spec.issuer);
	EVP_PKEY_free(spec.key);
	EVP_PKEY_CTX_free(ctx);
}

/* A self-issued certificate is not self-signed: its digest does matter. */
static void
test_self_issued(void **state)
{
	static const struct weak_test t = { "self-issued", 0, 0, "sha1", true,
	    "it is signed with SHA-1" };
	EVP_PKEY *other = certs_p256();
	struct certs_spec ca_spec = { .cn = "same", .ca = true, .key = other };
	X509 *ca = certs_new(&ca_spec), *x;
	struct certs_spec spec = { .cn = "same", .key = key, .md = EVP_sha1(),
	    .issuer = ca, .issuer_key = other };

	(void)state;
	x = certs_new(&spec);
	check_weak(&t, x);
	X509_free(x);
	X509_free(ca);
	EVP_PKEY_free(other);
}

/* What issued a leaf of "issuer": sent in this order, none of it signed by
 * another, which nobody looks at here. */
static const struct issuers_test {
	const char	*label;
	struct {
		const char	*cn;	/* NULL: no more */
		const char	*issuer;	/* NULL: self-signed */
		int		 rsa_bits;	/* 0: P-256 */
		const char	*md;
	} sent[3];
	const char	*want;
} issuers_tests[] = {
	{ "none sent", { { NULL, NULL, 0, NULL } }, NULL },
	{ "good", { { "issuer", "root", 0, "sha256" } }, NULL },
	{ "RSA-1024", { { "issuer", "root", 1024, "sha256" } },
	    "its RSA key is shorter than 2048 bits" },
	{ "SHA-1", { { "issuer", "root", 0, "sha1" } },
	    "it is signed with SHA-1" },
	{ "the next is weak", { { "issuer", "root", 0, "sha256" },
	    { "root", "above", 0, "sha1" } }, "it is signed with SHA-1" },
	{ "the next is weak, sent first", { { "root", "above", 0, "sha1" },
	    { "issuer", "root", 0, "sha256" } }, "it is signed with SHA-1" },
	{ "a root's digest", { { "issuer", "root", 0, "sha256" },
	    { "root", NULL, 0, "sha1" } }, NULL },
	{ "a root's key", { { "issuer", "root", 0, "sha256" },
	    { "root", NULL, 1024, "sha256" } },
	    "its RSA key is shorter than 2048 bits" },
	{ "not on the way", { { "issuer", "root", 0, "sha256" },
	    { "another", "root", 1024, "sha1" } }, NULL },
	{ "one of two is good", { { "issuer", "root", 1024, "sha256" },
	    { "issuer", "root", 0, "sha256" } }, NULL },
	{ "above the good one", { { "issuer", "weak", 1024, "sha256" },
	    { "issuer", "root", 0, "sha256" },
	    { "weak", "root", 0, "sha1" } }, NULL },
	{ "none of two is", { { "issuer", "root", 1024, "sha256" },
	    { "issuer", "root", 0, "sha1" } }, "it is signed with SHA-1" },
	{ "in a ring", { { "issuer", "root", 0, "sha256" },
	    { "root", "issuer", 0, "sha256" } }, NULL },
};

/* Appends one as PEM. */
static void
add_sent(struct buf *chain, const char *cn, const char *issuer_cn, int rsa_bits,
    const char *md)
{
	struct certs_spec above = { .cn = issuer_cn, .ca = true, .key = key };
	struct certs_spec spec = { .cn = cn, .ca = true,
	    .md = EVP_get_digestbyname(md) };
	X509 *x;
	char *pem;

	spec.key = rsa_bits > 0 ? certs_key(0, rsa_bits) : certs_p256();
	if (issuer_cn != NULL) {
		spec.issuer = certs_new(&above);
		spec.issuer_key = key;
	}
	x = certs_new(&spec);
	pem = certs_pem(x);
	assert_int_equal(buf_adds(chain, pem), 0);
	free(pem);
	X509_free(x);
	X509_free(spec.issuer);
	EVP_PKEY_free(spec.key);
}

static void
test_issuers(void **state)
{
	const struct issuers_test *t;
	struct buf chain = { 0 };
	const char *why;
	size_t i, k;
	int got;

	(void)state;
	for (i = 0; i < sizeof(issuers_tests) / sizeof(issuers_tests[0]);
	    i++) {
		t = &issuers_tests[i];
		buf_reset(&chain);
		/* It is weak itself, which is not what is asked. */
		add_sent(&chain, "leaf", "issuer", 1024, "sha1");
		for (k = 0; k < 3 && t->sent[k].cn != NULL; k++)
			add_sent(&chain, t->sent[k].cn, t->sent[k].issuer,
			    t->sent[k].rsa_bits, t->sent[k].md);
		got = cert_issuers_weak(buf_span(&chain), &why);
		if (got != (t->want != NULL) || (why == NULL) == (got == 1) ||
		    (why != NULL && strcmp(why, t->want) != 0))
			fail_msg("issuers/%s: got %d, %s, want %s", t->label,
			    got, why == NULL ? "NULL" : why,
			    t->want == NULL ? "NULL" : t->want);
	}
	buf_clear(&chain);
	assert_int_equal(cert_issuers_weak((struct span){ NULL, 0 }, &why), 0);
	assert_null(why);
}

static void
test_parse(void **state)
{
	const struct certs_name a = DNS("a.example"), b = DNS("b.example");
	struct certs_spec one = { .cn = "1", .names = &a, .name_count = 1,
	    .key = key };
	struct certs_spec two = { .cn = "2", .names = &b, .name_count = 1,
	    .key = key };
	X509 *x = certs_new(&one), *y = certs_new(&two);
	char *first = certs_pem(x), *second = certs_pem(y), *secret;
	struct buf chain = { 0 };
	struct cert *c;
	struct span rest;

	(void)state;
	secret = certs_key_pem(key);
	assert_int_equal(buf_addf(&chain, "subject=1\n%s%s\r\n%s", secret,
	    first, second), 0);
	rest = buf_span(&chain);
	c = cert_next(&rest);
	assert_non_null(c);
	assert_true(cert_covers(c, "a.example"));
	cert_free(c);
	c = cert_next(&rest);
	assert_non_null(c);
	assert_true(cert_covers(c, "b.example"));
	cert_free(c);
	assert_null(cert_next(&rest));
	assert_null(cert_parse(NULL, 0));
	assert_null(cert_parse((const uint8_t *)"x", 1));
	assert_null(cert_parse((const uint8_t *)secret, strlen(secret)));
	first[100] = '!';
	assert_null(cert_parse((const uint8_t *)first, strlen(first)));
	cert_free(NULL);
	buf_clear(&chain);
	free(first);
	free(second);
	free(secret);
	X509_free(x);
	X509_free(y);
}

/*
 * cert_der_len judges as d2i_X509 does, which is what libtls will do: for the
 * whole, for each prefix, and with each byte changed.
 */
static void
agree(const unsigned char *der, size_t len, const char *what, size_t at)
{
	unsigned char *copy = malloc(len + 1);
	const unsigned char *p = copy;
	size_t got, want = 0;
	X509 *x;

	assert_non_null(copy);
	memcpy(copy, der, len);
	x = d2i_X509(NULL, &p, (long)len);
	if (x != NULL)
		want = (size_t)(p - copy);
	got = cert_der_len(copy, len);
	X509_free(x);
	free(copy);
	if (got != want)
		fail_msg("der/%s at %zu: got %zu, want %zu", what, at, got,
		    want);
}

static void
test_der_len(void **state)
{
	const struct certs_name names[] = { DNS("a.example"), IP("abcd") };
	struct certs_spec spec = { .cn = "x", .names = names, .name_count = 2,
	    .ca = true, .key = key };
	X509 *x = certs_new(&spec);
	unsigned char *der = NULL;
	size_t len, i;

	(void)state;
	len = (size_t)i2d_X509(x, &der);
	agree(der, len, "whole", 0);
	assert_int_equal(cert_der_len(der, len), len);
	for (i = 0; i < len; i++)
		agree(der, i, "prefix", i);
	for (i = 0; i < len; i++) {
		der[i] ^= 0x01;
		agree(der, len, "low bit", i);
		der[i] ^= 0x81;
		agree(der, len, "high bit", i);
		der[i] ^= 0x80;
	}
	assert_int_equal(cert_der_len(der, len), len);
	OPENSSL_free(der);
	X509_free(x);
}

/* Whatever the bytes, asking about them is safe. */
static void
ask(const unsigned char *der, size_t len)
{
	struct buf pem = { 0 }, names = { 0 };
	struct cert *c;
	const char *why;

	assert_int_equal(pem_add(&pem, "CERTIFICATE", der, len), 0);
	c = cert_parse((const uint8_t *)pem.data, pem.len);
	if (c != NULL) {
		(void)cert_covers(c, "a.example");
		(void)cert_weak(c, &why);
		assert_int_equal(cert_names(c, 3, &names), 0);
	}
	cert_free(c);
	buf_clear(&names);
	buf_clear(&pem);
}

static void
test_changed_bytes(void **state)
{
	const struct certs_name names[] = { DNS("a.example"), IP("abcd") };
	EVP_PKEY *rsa = certs_key(0, 1024);
	struct certs_spec spec = { .cn = "x", .names = names, .name_count = 2,
	    .ca = true, .md = EVP_sha1() };
	EVP_PKEY *keys[2] = { key, rsa };
	unsigned char *der;
	size_t len, i, k;
	X509 *x;

	(void)state;
	for (k = 0; k < 2; k++) {
		spec.key = keys[k];
		x = certs_new(&spec);
		der = NULL;
		len = (size_t)i2d_X509(x, &der);
		for (i = 0; i < len; i++) {
			der[i] ^= 0x01;
			ask(der, len);
			der[i] ^= 0x81;
			ask(der, len);
			der[i] ^= 0x80;
		}
		OPENSSL_free(der);
		X509_free(x);
	}
	EVP_PKEY_free(rsa);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_names_max),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_two_extensions),
		cmocka_unit_test(test_garbage_extension),
		cmocka_unit_test(test_weak),
		cmocka_unit_test(test_weak_rsa_digests),
		cmocka_unit_test(test_weak_ed25519),
		cmocka_unit_test(test_self_issued),
		cmocka_unit_test(test_issuers),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_der_len),
		cmocka_unit_test(test_changed_bytes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
