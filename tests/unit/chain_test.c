/* tls/facts and tls/chain: what hostile and broken certificates are told as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/buf.h"
#include "certs.h"
#include "tls/chain.h"
#include "tls/facts.h"

#define DAY	86400L

static EVP_PKEY *key, *other_key;	/* made once, it is the slow part */

static int
setup(void **state)
{
	(void)state;
	key = certs_p256();
	other_key = certs_p256();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	EVP_PKEY_free(other_key);
	return 0;
}

/* Escaping. */

static const struct escape_test {
	const char	*label;
	const char	*in;
	size_t		 len;
	const char	*want;
	const char	*plain;		/* of hosts' names */
} escape_tests[] = {
	{ "nothing", "", 0, "", "" },
	{ "ASCII", "a-b_c.d", 7, "a-b_c.d", "a-b_c.d" },
	{ "a blank", "a b", 3, "a b", "a\\x20b" },
	{ "a comma", "a,b", 3, "a,b", "a,b" },
	{ "a backslash", "a\\x41", 5, "a\\x5cx41", "a\\x5cx41" },
	{ "NUL", "a\0b", 3, "a\\x00b", "a\\x00b" },
	{ "escape sequence", "\033[31m", 5, "\\x1b[31m", "\\x1b[31m" },
	{ "line end", "a\r\nb", 4, "a\\x0d\\x0ab", "a\\x0d\\x0ab" },
	{ "tab, bell, delete", "\t\a\177", 3, "\\x09\\x07\\x7f",
	    "\\x09\\x07\\x7f" },
	{ "letters", "b\xc3\xbc" "cher", 7, "b\xc3\xbc" "cher",
	    "b\\xc3\\xbc" "cher" },
	{ "C1: CSI in UTF-8", "\xc2\x9b" "31m", 5, "\\xc2\\x9b31m",
	    "\\xc2\\x9b31m" },
	{ "right to left", "\xe2\x80\xae" "moc", 6, "\\xe2\\x80\\xaemoc",
	    "\\xe2\\x80\\xaemoc" },
	{ "zero width", "a\xe2\x80\x8b" "b", 5, "a\\xe2\\x80\\x8b" "b",
	    "a\\xe2\\x80\\x8b" "b" },
	{ "line separator", "\xe2\x80\xa8", 3, "\\xe2\\x80\\xa8",
	    "\\xe2\\x80\\xa8" },
	{ "byte order mark", "\xef\xbb\xbf", 3, "\\xef\\xbb\\xbf",
	    "\\xef\\xbb\\xbf" },
	{ "tag character", "\xf3\xa0\x81\xa1", 4, "\\xf3\\xa0\\x81\\xa1",
	    "\\xf3\\xa0\\x81\\xa1" },
	{ "overlong", "\xc0\x9b", 2, "\\xc0\\x9b", "\\xc0\\x9b" },
	{ "surrogate", "\xed\xa0\x80", 3, "\\xed\\xa0\\x80",
	    "\\xed\\xa0\\x80" },
	{ "cut off", "a\xe2\x82", 3, "a\\xe2\\x82", "a\\xe2\\x82" },
	{ "a single C1 byte", "\x9b" "31m", 4, "\\x9b31m", "\\x9b31m" },
	{ "beyond Unicode", "\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80",
	    "\\xf4\\x90\\x80\\x80" },
};

static size_t
check_escape(const struct escape_test *t, bool plain)
{
	const char *want = plain ? t->plain : t->want;
	/* Exactly as long as it is, for the sanitizer. */
	char *in = certs_need(malloc(t->len + (t->len == 0)), "malloc");
	struct span s = { in, t->len };
	struct buf b = { 0 };
	bool good;

	memcpy(in, t->in, t->len);
	assert_int_equal(facts_escape(&b, s, plain), 0);
	assert_int_equal(buf_add(&b, "", 1), 0);
	good = strcmp(b.data, want) == 0;
	if (!good)
		print_error("escape/%s: got \"%s\", want \"%s\"\n", t->label,
		    b.data, want);
	buf_clear(&b);
	free(in);
	return !good;
}

static void
test_escape(void **state)
{
	size_t i, bad = 0;

	(void)state;
	for (i = 0; i < sizeof(escape_tests) / sizeof(escape_tests[0]); i++)
		bad += check_escape(&escape_tests[i], false) +
		    check_escape(&escape_tests[i], true);
	assert_int_equal(bad, 0);
}

/* Facts. */

#define ENTRIES	4

static const struct subject_test {
	const char	*label;
	struct {
		const char	*field;
		int		 type;	/* of ASN.1 */
		const char	*value;
		int		 len;
	} entries[ENTRIES];
	const char	*want;
	const char	*common_name;
} subject_tests[] = {
	{ "empty", { { 0 } }, "", NULL },
	{ "one", { { "CN", V_ASN1_UTF8STRING, "a.example", 9 } },
	    "CN=a.example", "a.example" },
	{ "several", { { "C", V_ASN1_PRINTABLESTRING, "US", 2 },
	    { "O", V_ASN1_UTF8STRING, "Example, Inc.", 13 },
	    { "CN", V_ASN1_UTF8STRING, "a", 1 } },
	    "C=US, O=Example\\, Inc., CN=a", "a" },
	{ "the first common name counts",
	    { { "CN", V_ASN1_UTF8STRING, "a", 1 },
	    { "CN", V_ASN1_UTF8STRING, "b", 1 } }, "CN=a, CN=b", "a" },
	{ "no common name", { { "O", V_ASN1_UTF8STRING, "x", 1 } }, "O=x",
	    NULL },
	{ "NUL", { { "CN", V_ASN1_UTF8STRING, "a\0b", 3 } }, "CN=a\\x00b",
	    "a\\x00b" },
	{ "BMPString", { { "CN", V_ASN1_BMPSTRING, "\0b\0\xfc\0c", 6 } },
	    "CN=b\xc3\xbc" "c", "b\xc3\xbc" "c" },
	{ "BMPString with ESC", { { "CN", V_ASN1_BMPSTRING, "\0\033\0[", 4 } },
	    "CN=\\x1b[", "\\x1b[" },
	{ "Latin-1", { { "CN", V_ASN1_T61STRING, "\x9b" "31m", 4 } },
	    "CN=\\xc2\\x9b31m", "\\xc2\\x9b31m" },
	{ "another field posing",
	    { { "O", V_ASN1_UTF8STRING, "x, CN=bank.example", 18 } },
	    "O=x\\, CN=bank.example", NULL },
};

static X509 *
with_subject(const struct subject_test *t)
{
	struct certs_spec spec = { .cn = "replaced", .key = key };
	X509 *x = certs_unsigned(&spec);
	X509_NAME *name = certs_need(X509_NAME_new(), "X509_NAME_new");
	X509_NAME_ENTRY *entry;
	int i;

	for (i = 0; i < ENTRIES && t->entries[i].field != NULL; i++) {
		/* As it stands: libcrypto would judge the text. */
		entry = certs_need(X509_NAME_ENTRY_create_by_txt(NULL,
		    t->entries[i].field, V_ASN1_UTF8STRING,
		    (const unsigned char *)"-", 1), "entry");
		certs_must(X509_NAME_ENTRY_set_data(entry, t->entries[i].type,
		    (const unsigned char *)t->entries[i].value,
		    t->entries[i].len) == 1, "set_data");
		certs_must(X509_NAME_add_entry(name, entry, -1, 0) == 1,
		    "add_entry");
		X509_NAME_ENTRY_free(entry);
	}
	certs_must(X509_set_subject_name(x, name) == 1 &&
	    X509_set_issuer_name(x, name) == 1, "subject");
	X509_NAME_free(name);
	return certs_sign(x, &spec);
}

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
test_subjects(void **state)
{
	const struct subject_test *t;
	struct facts f;
	size_t i, bad = 0;
	X509 *x;

	(void)state;
	for (i = 0; i < sizeof(subject_tests) / sizeof(subject_tests[0]); i++) {
		t = &subject_tests[i];
		x = with_subject(t);
		assert_int_equal(facts_fill(&f, x), 0);
		if (!same(f.subject, t->want) || !same(f.issuer, t->want) ||
		    !same(f.common_name, t->common_name)) {
			print_error("subject/%s: got \"%s\", \"%s\"; want "
			    "\"%s\"\n", t->label, f.subject,
			    f.common_name == NULL ? "NULL" : f.common_name,
			    t->want);
			bad++;
		}
		assert_true(f.self_signed);
		facts_clear(&f);
		X509_free(x);
	}
	assert_int_equal(bad, 0);
}

static void
test_many_names(void **state)
{
	enum { MANY = 10000 };
	struct certs_name *names = calloc(MANY, sizeof(*names));
	char (*text)[24] = calloc(MANY, sizeof(*text));
	struct certs_spec spec = { .cn = "x", .key = key, .name_count = MANY };
	struct facts f;
	X509 *x;
	int i;

	(void)state;
	assert_non_null(names);
	assert_non_null(text);
	for (i = 0; i < MANY; i++) {
		names[i].type = i % 3 == 0 ? GEN_EMAIL : GEN_DNS;
		names[i].data = text[i];
		names[i].len = (size_t)snprintf(text[i], sizeof(text[i]),
		    "h%d.example", i);
	}
	spec.names = names;
	x = certs_new(&spec);
	assert_int_equal(facts_fill(&f, x), 0);
	assert_int_equal(f.name_count, MANY);
	assert_string_equal(f.names[0], "email:h0.example");
	assert_string_equal(f.names[MANY - 2], "h9998.example");
	facts_clear(&f);
	X509_free(x);
	free(text);
	free(names);
}

static void
test_strange_names(void **state)
{
	static const struct certs_name names[] = {
		{ GEN_DNS, "\033]0;owned\a", 10 },
		{ GEN_IPADD, "\x7f\0\0\x01", 4 },
		{ GEN_IPADD, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16 },
		{ GEN_IPADD, "\x7f\0", 2 },
		{ GEN_URI, "https://a\r\nb/", 13 },
		{ GEN_EMAIL, "a b@c", 5 },
		{ GEN_DNS, "", 0 },
	};
	static const char *const want[] = { "\\x1b]0;owned\\x07", "127.0.0.1",
	    "::1", "\\x7f\\x00", "uri:https://a\\x0d\\x0ab/",
	    "email:a\\x20b@c", "" };
	struct certs_spec spec = { .cn = "x", .key = key, .names = names,
	    .name_count = sizeof(names) / sizeof(names[0]) };
	X509 *x = certs_new(&spec);
	struct facts f;
	size_t i;

	(void)state;
	assert_int_equal(facts_fill(&f, x), 0);
	assert_int_equal(f.name_count, spec.name_count);
	for (i = 0; i < f.name_count; i++)
		assert_string_equal(f.names[i], want[i]);
	facts_clear(&f);
	X509_free(x);
}

/* More than any field's size is not for libcrypto's own functions to make. */
static void
test_huge_subject(void **state)
{
	enum { HUGE = 60000 };
	char *value = certs_need(malloc(HUGE), "malloc");
	struct subject_test t = { .entries = {
	    { "CN", V_ASN1_UTF8STRING, value, HUGE } } };
	struct facts f;
	X509 *x;

	(void)state;
	memset(value, '\033', HUGE);
	x = with_subject(&t);
	assert_int_equal(facts_fill(&f, x), 0);
	assert_int_equal(strlen(f.common_name), 4 * HUGE);
	assert_null(strchr(f.subject, '\033'));
	facts_clear(&f);
	X509_free(x);
	free(value);
}

static const struct date_test {
	const char	*label;
	const char	*text;		/* as ASN.1's GeneralizedTime */
	time_t		 want;
} date_tests[] = {
	{ "1970", "19700101000000Z", 0 },
	{ "2050", "20500101000000Z", 2524608000 },
	{ "the last second", "99991231235959Z", 253402300799 },
	{ "before all", "00000101000000Z", -62167219200 },
};

static void
test_dates(void **state)
{
	struct certs_spec spec = { .cn = "x", .key = key };
	struct facts f;
	X509 *x;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(date_tests) / sizeof(date_tests[0]); i++) {
		x = certs_unsigned(&spec);
		certs_must(ASN1_GENERALIZEDTIME_set_string(
		    X509_getm_notAfter(x), date_tests[i].text) == 1, "date");
		certs_sign(x, &spec);
		assert_int_equal(facts_fill(&f, x), 0);
		if (f.not_after != date_tests[i].want)
			fail_msg("date/%s: got %lld, want %lld",
			    date_tests[i].label, (long long)f.not_after,
			    (long long)date_tests[i].want);
		facts_clear(&f);
		X509_free(x);
	}
}

/* Chains. */

static void
add_pem(struct buf *b, X509 *x)
{
	char *pem = certs_pem(x);

	assert_int_equal(buf_adds(b, pem), 0);
	free(pem);
}

static struct chain *
chain_of(struct buf *pem)
{
	struct error err;
	struct chain *c = chain_new(buf_span(pem), &err);

	assert_non_null(c);
	buf_clear(pem);
	return c;
}

static const struct garbage_test {
	const char	*label;
	const char	*text;
} garbage_tests[] = {
	{ "nothing", "" },
	{ "no PEM", "hello\n" },
	{ "cut off", "-----BEGIN CERTIFICATE-----\nMIIB\n" },
	{ "bad base64", "-----BEGIN CERTIFICATE-----\n!!!!\n"
	    "-----END CERTIFICATE-----\n" },
	{ "no certificate", "-----BEGIN CERTIFICATE-----\nMAA=\n"
	    "-----END CERTIFICATE-----\n" },
	{ "empty", "-----BEGIN CERTIFICATE-----\n"
	    "-----END CERTIFICATE-----\n" },
	{ "a key", "-----BEGIN PRIVATE KEY-----\nMAA=\n"
	    "-----END PRIVATE KEY-----\n" },
};

static void
test_garbage(void **state)
{
	struct certs_spec spec = { .cn = "x", .key = key };
	X509 *x = certs_new(&spec);
	struct buf pem = { 0 };
	struct chain *c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(garbage_tests) / sizeof(garbage_tests[0]); i++) {
		assert_int_equal(buf_adds(&pem, garbage_tests[i].text), 0);
		c = chain_of(&pem);
		if (chain_count(c) != 0)
			fail_msg("garbage/%s: a certificate",
			    garbage_tests[i].label);
		chain_free(c);
		if (strstr(garbage_tests[i].text, "cut") != NULL)
			continue;
		/* And a good one before it. */
		add_pem(&pem, x);
		assert_int_equal(buf_adds(&pem, garbage_tests[i].text), 0);
		c = chain_of(&pem);
		assert_int_equal(chain_count(c), 1);
		assert_int_equal(chain_examine(c, "x", NULL, time(NULL)), 0);
		chain_free(c);
	}
	X509_free(x);
}

/* As many that all claim to have signed each other. */
static void
test_namesakes(void **state)
{
	enum { MANY = 150 };
	struct certs_spec own = { .cn = "same", .key = key, .ca = true };
	struct certs_spec spec = own;
	struct buf pem = { 0 };
	struct chain *c;
	X509 *x[MANY];
	int i;

	(void)state;
	x[0] = certs_new(&own);
	spec.issuer = x[0];
	spec.issuer_key = other_key;	/* it did not */
	for (i = 1; i < MANY; i++)
		x[i] = certs_new(&spec);
	for (i = 1; i < MANY; i++)
		add_pem(&pem, x[i]);
	c = chain_of(&pem);
	assert_int_equal(chain_count(c), CHAIN_MAX);
	assert_int_equal(chain_examine(c, "same", NULL, time(NULL)), 0);
	assert_true(chain_path_len(c) >= 1);
	assert_true(chain_fault_count(c) > 0);
	assert_true(chain_fault_count(c) <= CHAIN_FAULTS);
	chain_free(c);
	for (i = 0; i < MANY; i++)
		X509_free(x[i]);
}

/* Root, 99 intermediates and a server, from the last to the first. */
static void
test_long_chain(void **state)
{
	enum { LONG = 100 };
	struct ca_source ca = { CA_TEXT, NULL };
	struct buf pem = { 0 };
	struct error err;
	struct chain *c;
	X509 *x[LONG];
	char name[16], *root;
	size_t i;

	(void)state;
	for (i = 0; i < LONG; i++) {
		struct certs_spec spec = { .cn = name, .key = key,
		    .ca = i < LONG - 1, .issuer = i > 0 ? x[i - 1] : NULL,
		    .issuer_key = i > 0 ? key : NULL };

		snprintf(name, sizeof(name), "n%zu", i);
		x[i] = certs_new(&spec);
	}
	add_pem(&pem, x[LONG - 1]);
	for (i = 1; i < LONG - 1; i++)
		add_pem(&pem, x[i]);
	c = chain_of(&pem);
	ca.value = root = certs_pem(x[0]);
	assert_int_equal(chain_trust(c, &ca, 1, &err), 0);
	assert_int_equal(chain_examine(c, NULL, NULL, time(NULL)), 0);
	assert_int_equal(chain_fault_count(c), 0);
	assert_int_equal(chain_path_len(c), LONG);
	assert_int_equal(chain_path_sent(c, LONG - 1), chain_count(c));
	assert_string_equal(chain_path_facts(c, LONG - 1)->common_name, "n0");
	assert_int_equal(chain_signer(c, 0), LONG - 2);
	chain_free(c);
	free(root);
	for (i = 0; i < LONG; i++)
		X509_free(x[i]);
}

/* Two authorities that vouch for each other: a ring without an end. */
static void
test_ring(void **state)
{
	struct certs_spec a = { .cn = "a", .key = key, .ca = true };
	struct certs_spec b = { .cn = "b", .key = other_key, .ca = true };
	struct certs_spec leaf = { .cn = "leaf", .key = key };
	X509 *first = certs_new(&a), *second, *ring, *own;
	struct buf pem = { 0 };
	struct chain *c;

	(void)state;
	b.issuer = first;
	b.issuer_key = key;
	second = certs_new(&b);
	a.issuer = second;
	a.issuer_key = other_key;
	ring = certs_new(&a);
	leaf.issuer = second;
	leaf.issuer_key = other_key;
	own = certs_new(&leaf);
	add_pem(&pem, own);
	add_pem(&pem, second);
	add_pem(&pem, ring);
	c = chain_of(&pem);
	assert_int_equal(chain_signer(c, 0), 1);
	assert_int_equal(chain_signer(c, 1), 2);
	assert_int_equal(chain_signer(c, 2), 1);
	assert_int_equal(chain_examine(c, NULL, NULL, time(NULL)), 0);
	assert_true(chain_fault_count(c) > 0);
	chain_free(c);
	X509_free(first);
	X509_free(second);
	X509_free(ring);
	X509_free(own);
}

/* Everything at once: each fault is told, and each once. */
static void
test_faults(void **state)
{
	static const char *const want[] = { "self-signed", "not-yet-valid",
	    "expired", "name-mismatch", "weak" };
	EVP_PKEY *weak = certs_key(0, 1024);
	struct certs_spec spec = { .cn = "x", .key = weak, .ca = true };
	X509 *x = certs_new(&spec);
	struct buf pem = { 0 };
	struct chain *c;
	size_t i, j, times;
	long days;

	(void)state;
	for (days = -100; days <= 100; days += 200) {
		add_pem(&pem, x);
		c = chain_of(&pem);
		assert_int_equal(chain_examine(c, "y.test", NULL,
		    time(NULL) + days * DAY), 0);
		for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
			for (j = times = 0; j < chain_fault_count(c); j++)
				times += strcmp(chain_fault(c, j)->code,
				    want[i]) == 0;
			if (times != (i != (days < 0 ? 2 : 1)))
				fail_msg("%s: told %zu times, %ld days from "
				    "now", want[i], times, days);
		}
		chain_free(c);
	}
	X509_free(x);
	EVP_PKEY_free(weak);
}

static void
test_sources(void **state)
{
	static const struct {
		const char	*label;
		struct ca_source ca;
	} bad[] = {
		{ "missing", { CA_PATH, "/nowhere/ca.pem" } },
		{ "empty", { CA_PATH, "/dev/null" } },
		{ "no PEM", { CA_TEXT, "hello" } },
	};
	struct certs_spec spec = { .cn = "x", .key = key };
	X509 *x = certs_new(&spec);
	struct buf pem = { 0 };
	struct error err;
	struct chain *c;
	size_t i;

	(void)state;
	add_pem(&pem, x);
	c = chain_of(&pem);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (chain_trust(c, &bad[i].ca, 1, &err) != -1 ||
		    err.kind != ERR_USAGE)
			fail_msg("sources/%s: taken", bad[i].label);
	chain_free(c);
	chain_free(NULL);
	X509_free(x);
}

/*
 * A root and what it issued in different sources, among many others: found in
 * whatever order they come.
 */
static void
test_large_store(void **state)
{
	enum { OTHERS = 300 };
	struct certs_spec other = { .cn = "other", .key = key, .ca = true };
	struct certs_spec a = { .cn = "root", .key = key, .ca = true };
	struct certs_spec b = { .cn = "inter", .key = key, .ca = true,
	    .issuer_key = key };
	struct certs_spec leaf = { .cn = "leaf", .key = key,
	    .issuer_key = key };
	struct ca_source ca[3] = { { CA_TEXT, NULL }, { CA_TEXT, NULL },
	    { CA_TEXT, NULL } };
	struct buf pem = { 0 }, many = { 0 };
	char *text[2];
	struct error err;
	struct chain *c;
	X509 *x[4];
	size_t i;

	(void)state;
	x[0] = certs_new(&a);
	b.issuer = x[0];
	x[1] = certs_new(&b);
	leaf.issuer = x[1];
	x[2] = certs_new(&leaf);
	x[3] = certs_new(&other);
	for (i = 0; i < OTHERS; i++)
		add_pem(&many, x[3]);
	assert_int_equal(buf_add(&many, "", 1), 0);
	text[0] = certs_pem(x[0]);
	text[1] = certs_pem(x[1]);
	for (i = 0; i < 2; i++) {
		ca[i].value = text[0];
		ca[1 - i].value = text[1];
		ca[2].value = many.data;
		add_pem(&pem, x[2]);
		c = chain_of(&pem);
		assert_int_equal(chain_trust(c, ca, 3, &err), 0);
		assert_int_equal(chain_examine(c, NULL, NULL, time(NULL)), 0);
		assert_int_equal(chain_fault_count(c), 0);
		assert_int_equal(chain_path_len(c), 3);
		chain_free(c);
	}
	buf_clear(&many);
	for (i = 0; i < 4; i++)
		X509_free(x[i]);
	free(text[0]);
	free(text[1]);
}

/* One that is trusted for mail alone. */
static void
test_restricted(void **state)
{
	struct certs_spec a = { .cn = "root", .key = key, .ca = true };
	struct certs_spec leaf = { .cn = "leaf", .key = key,
	    .issuer_key = key };
	ASN1_OBJECT *mail = OBJ_nid2obj(NID_email_protect);
	struct ca_source ca = { CA_TEXT, NULL };
	X509 *root = certs_new(&a), *own;
	struct buf pem = { 0 };
	struct error err;
	struct chain *c;
	char *text;

	(void)state;
	leaf.issuer = root;
	own = certs_new(&leaf);
	certs_must(X509_add1_trust_object(root, mail) == 1, "trust");
	ca.value = text = certs_trusted_pem(root);
	add_pem(&pem, own);
	c = chain_of(&pem);
	assert_int_equal(chain_trust(c, &ca, 1, &err), 0);
	assert_int_equal(chain_examine(c, NULL, NULL, time(NULL)), 0);
	assert_true(chain_fault_count(c) > 0);
	chain_free(c);
	free(text);
	X509_free(own);
	X509_free(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_strange_names),
		cmocka_unit_test(test_huge_subject),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_namesakes),
		cmocka_unit_test(test_long_chain),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_large_store),
		cmocka_unit_test(test_restricted),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
