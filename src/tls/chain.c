#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "tls/cert.h"
#include "tls/chain.h"
#include "tls/pem.h"
#include "tls/store.h"
#include "tls/verdict.h"

#define SIGNATURES_MAX	200	/* to check; a hostile chain could ask for more */

struct chain {
	STACK_OF(X509)	*sent;
	struct facts	*facts;		/* of each */
	size_t		*signer;	/* of each */
	X509_STORE	*trusted;
	STACK_OF(X509)	*path;		/* NULL before chain_examine */
	struct facts	*path_facts;
	struct chain_fault faults[CHAIN_FAULTS];
	size_t		 fault_count;
};

static size_t
count_of(const STACK_OF(X509) *list)
{
	return list == NULL ? 0 : (size_t)sk_X509_num(list);
}

static X509 *
at(const STACK_OF(X509) *list, size_t i)
{
	return sk_X509_value(list, (int)i);
}

/* Making one. */

static X509 *
parse(const struct pem_block *block)
{
	struct buf der = { 0 };
	const unsigned char *p;
	X509 *x = NULL;

	if (pem_decode(block, &der) == 1) {
		p = (const unsigned char *)der.data;
		x = d2i_X509(NULL, &p, (long)der.len);
	}
	buf_clear(&der);
	ERR_clear_error();
	return x;
}

static bool
is_certificate(const struct pem_block *b)
{
	return b->label.len == strlen("CERTIFICATE") &&
	    memcmp(b->label.data, "CERTIFICATE", b->label.len) == 0;
}

static int
read_sent(struct chain *c, struct span pem)
{
	struct pem_block block;
	X509 *x;

	while (count_of(c->sent) < CHAIN_MAX && pem_next(&pem, &block) == 1) {
		if (!is_certificate(&block) || (x = parse(&block)) == NULL)
			continue;
		if (sk_X509_push(c->sent, x) <= 0) {
			X509_free(x);
			return -1;
		}
	}
	return 0;
}

static struct facts *
fill_all(const STACK_OF(X509) *list)
{
	size_t i, n = count_of(list);
	struct facts *facts = calloc(n + 1, sizeof(*facts));

	for (i = 0; i < n && facts != NULL; i++)
		if (facts_fill(&facts[i], at(list, i)) == -1) {
			do
				facts_clear(&facts[i]);
			while (i-- > 0);
			free(facts);
			return NULL;
		}
	return facts;
}

static void
free_all(struct facts *facts, size_t n)
{
	size_t i;

	for (i = 0; i < n && facts != NULL; i++)
		facts_clear(&facts[i]);
	free(facts);
}

static bool
signs(X509 *issuer, X509 *x, size_t *budget)
{
	EVP_PKEY *key;
	bool does;

	if (*budget == 0 || X509_NAME_cmp(X509_get_subject_name(issuer),
	    X509_get_issuer_name(x)) != 0)
		return false;
	--*budget;
	key = X509_get0_pubkey(issuer);
	does = key != NULL && X509_verify(x, key) == 1;
	ERR_clear_error();
	return does;
}

static void
find_signers(struct chain *c)
{
	size_t i, j, n = count_of(c->sent), budget = SIGNATURES_MAX;

	for (i = 0; i < n; i++) {
		c->signer[i] = c->facts[i].self_signed ? i : n;
		for (j = 0; j < n && c->signer[i] == n; j++)
			if (signs(at(c->sent, j), at(c->sent, i), &budget))
				c->signer[i] = j;
	}
}

struct chain *
chain_new(struct span pem, struct error *err)
{
	struct chain *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->sent = sk_X509_new_null()) == NULL ||
	    (c->trusted = X509_STORE_new()) == NULL ||
	    read_sent(c, pem) == -1 ||
	    (c->facts = fill_all(c->sent)) == NULL ||
	    (c->signer = calloc(count_of(c->sent) + 1,
	    sizeof(*c->signer))) == NULL) {
		chain_free(c);
		error_nomem(err);
		return NULL;
	}
	find_signers(c);
	return c;
}

void
chain_free(struct chain *c)
{
	if (c == NULL)
		return;
	free_all(c->facts, count_of(c->sent));
	free_all(c->path_facts, count_of(c->path));
	free(c->signer);
	X509_STORE_free(c->trusted);
	sk_X509_pop_free(c->path, X509_free);
	sk_X509_pop_free(c->sent, X509_free);
	free(c);
}

size_t
chain_count(const struct chain *c)
{
	return count_of(c->sent);
}

const struct facts *
chain_facts(const struct chain *c, size_t i)
{
	return &c->facts[i];
}

size_t
chain_signer(const struct chain *c, size_t i)
{
	return c->signer[i];
}

/* What is trusted. */

static int
trust_dir(struct chain *c, const char *path, struct error *err)
{
	X509_LOOKUP *dir = X509_STORE_add_lookup(c->trusted,
	    X509_LOOKUP_hash_dir());

	if (dir == NULL ||
	    X509_LOOKUP_add_dir(dir, path, X509_FILETYPE_PEM) != 1)
		return error_nomem(err);
	return 0;
}

/* What the way up may lead over, for trust_wanted. */
static bool
is_wanted(const STACK_OF(X509) *known, const X509_NAME *subject)
{
	size_t i;

	for (i = 0; i < count_of(known); i++)
		if (X509_NAME_cmp(subject,
		    X509_get_issuer_name(at(known, i))) == 0 ||
		    X509_NAME_cmp(subject,
		    X509_get_subject_name(at(known, i))) == 0)
			return true;
	return false;
}

/* Adds one that is trusted, unless it has been before. */
static int
trust_cert(struct chain *c, STACK_OF(X509) *known, struct span der)
{
	const unsigned char *p = (const unsigned char *)der.data;
	X509 *x = d2i_X509(NULL, &p, (long)der.len);
	size_t i;
	int rv = 0;

	for (i = count_of(c->sent); x != NULL && i < count_of(known); i++)
		if (X509_cmp(at(known, i), x) == 0)
			goto out;
	/* What libcrypto cannot read it would not trust, either. */
	if (x != NULL && (X509_STORE_add_cert(c->trusted, x) != 1 ||
	    sk_X509_push(known, x) <= 0))
		rv = -1;
 out:
	X509_free(x);		/* the store has its own reference */
	return rv;
}

/*
 * Decoding a certificate whole is slow, and a bundle may have thousands: of
 * all that is trusted those are taken which the way may lead over, and again
 * until there are no more of them.
 */
static int
trust_wanted(struct chain *c, struct span pem)
{
	STACK_OF(X509) *known = sk_X509_dup(c->sent);
	struct cert *one;
	struct span rest;
	size_t before;
	int rv = known == NULL ? -1 : 0;

	do {
		before = count_of(known);
		rest = pem;
		while (rv == 0 && (one = cert_next(&rest)) != NULL) {
			if (is_wanted(known, cert_subject(one)))
				rv = trust_cert(c, known, cert_der(one));
			cert_free(one);
		}
	} while (rv == 0 && count_of(known) > before);
	sk_X509_free(known);
	return rv;
}

/* OpenSSL's own kind of PEM, which says what each is trusted for. */
static int
trust_restricted(struct chain *c, struct span pem)
{
	BIO *in = pem.len > INT_MAX ? NULL :
	    BIO_new_mem_buf(pem.data, (int)pem.len);
	X509 *x;

	if (in == NULL)
		return -1;
	while ((x = PEM_read_bio_X509_AUX(in, NULL, NULL, NULL)) != NULL) {
		(void)X509_STORE_add_cert(c->trusted, x);
		X509_free(x);
	}
	BIO_free(in);
	return 0;
}

/* Appends what a source holds to pem; a directory is looked into later. */
static int
read_source(struct chain *c, const struct ca_source *ca, struct buf *pem,
    struct error *err)
{
	const char *path = ca->kind == CA_SYSTEM ? store_system() : ca->value;
	struct stat st;

	if (path == NULL)
		return error_setx(err, ERR_USAGE, "value",
		    "this system has no store of trusted certificates");
	if (ca->kind == CA_TEXT)
		return store_read_text(pem, path, strlen(path), "ca text",
		    err);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return trust_dir(c, path, err);
	return store_read_file(pem, path, err);
}

int
chain_trust(struct chain *c, const struct ca_source *ca, size_t count,
    struct error *err)
{
	static const char restricted[] = "BEGIN TRUSTED CERTIFICATE";
	struct buf pem = { 0 };
	struct span all;
	size_t i;
	int rv = 0;

	for (i = 0; i < count && rv == 0; i++)
		rv = read_source(c, &ca[i], &pem, err);
	all = buf_span(&pem);
	if (rv == 0 && all.len > 0 && (memmem(all.data, all.len, restricted,
	    sizeof(restricted) - 1) != NULL ? trust_restricted(c, all) :
	    trust_wanted(c, all)) == -1)
		rv = error_nomem(err);
	buf_clear(&pem);
	ERR_clear_error();
	return rv;
}

/* Faults. */

static void
add_fault(struct chain *c, const char *code, const char *words, size_t place)
{
	struct chain_fault *f;
	size_t i;

	for (i = 0; i < c->fault_count; i++)
		if (c->faults[i].at == place &&
		    strcmp(c->faults[i].code, code) == 0)
			return;
	if (c->fault_count == CHAIN_FAULTS)
		return;
	f = &c->faults[c->fault_count++];
	f->code = code;
	f->words = words;
	f->at = place;
}

/* libcrypto has found one: the code is the one libtls's words would have. */
static int
on_fault(int good, X509_STORE_CTX *ctx)
{
	static const struct verdict_facts none = { .handshake = true };
	struct chain *c = X509_STORE_CTX_get_app_data(ctx);
	int n = X509_STORE_CTX_get_error(ctx);
	const char *words = X509_verify_cert_error_string(n);
	char said[256];
	struct error err;

	if (good)
		return 1;
	snprintf(said, sizeof(said), "certificate verification failed: %s",
	    words);
	(void)verdict(&err, said, &none);
	add_fault(c, err.kind == ERR_VERIFY ? err.code : "other", words,
	    (size_t)X509_STORE_CTX_get_error_depth(ctx));
	return 1;		/* go on */
}

/*
 * LibreSSL's newer verifier tells one fault; asked to try no other chains it
 * leaves the work to the older one, which tells each.  OpenSSL does not mind.
 */
static X509_STORE_CTX *
new_context(struct chain *c, time_t when)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;

	if (ctx == NULL)
		return NULL;
	if (X509_STORE_CTX_init(ctx, c->trusted, at(c->sent, 0),
	    c->sent) != 1 ||
	    X509_STORE_CTX_set_default(ctx, "ssl_server") != 1 ||
	    X509_STORE_CTX_set_app_data(ctx, c) != 1) {
		X509_STORE_CTX_free(ctx);
		return NULL;
	}
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_ALT_CHAINS);
	X509_VERIFY_PARAM_set_time(param, when);
	X509_STORE_CTX_set_verify_cb(ctx, on_fault);
	return ctx;
}

/* The way up, as far as it was found: at least the server's own. */
static int
go_up(struct chain *c, time_t when)
{
	X509_STORE_CTX *ctx = new_context(c, when);

	if (ctx == NULL)
		return -1;
	(void)X509_verify_cert(ctx);
	c->path = X509_STORE_CTX_get1_chain(ctx);
	if (c->path == NULL && (c->path = sk_X509_new_null()) != NULL &&
	    X509_up_ref(at(c->sent, 0)) == 1 &&
	    sk_X509_push(c->path, at(c->sent, 0)) <= 0)
		X509_free(at(c->sent, 0));
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return count_of(c->path) > 0 ? 0 : -1;
}

static void
check_strength(struct chain *c)
{
	size_t i;

	for (i = 0; i < count_of(c->path); i++)
		if (c->path_facts[i].weak != NULL)
			add_fault(c, "weak", c->path_facts[i].weak, i);
}

static int
check_own(struct chain *c, const char *host, const struct trust *pins)
{
	struct cert *own = cert_parse((const uint8_t *)c->facts[0].pem,
	    strlen(c->facts[0].pem));
	struct error ignored;

	if (own == NULL)
		return -1;
	if (host != NULL && !cert_covers(own, host))
		add_fault(c, "name-mismatch", "name not present in server "
		    "certificate", 0);
	if (pins != NULL && trust_check_pins(pins, own, &ignored) == -1)
		add_fault(c, "pin-mismatch", "neither the certificate nor its "
		    "public key is one of the pins", 0);
	cert_free(own);
	return 0;
}

int
chain_examine(struct chain *c, const char *host, const struct trust *pins,
    time_t when)
{
	if (go_up(c, when) == -1 ||
	    (c->path_facts = fill_all(c->path)) == NULL ||
	    check_own(c, host, pins) == -1)
		return -1;
	check_strength(c);
	return 0;
}

size_t
chain_path_len(const struct chain *c)
{
	return count_of(c->path);
}

size_t
chain_path_sent(const struct chain *c, size_t place)
{
	size_t i;

	for (i = 0; i < count_of(c->sent); i++)
		if (X509_cmp(at(c->sent, i), at(c->path, place)) == 0)
			break;
	return i;
}

const struct facts *
chain_path_facts(const struct chain *c, size_t place)
{
	return &c->path_facts[place];
}

size_t
chain_fault_count(const struct chain *c)
{
	return c->fault_count;
}

const struct chain_fault *
chain_fault(const struct chain *c, size_t i)
{
	return &c->faults[i];
}
