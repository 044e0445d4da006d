#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <tls.h>

#include "tls/dump.h"
#include "tls/trust_internal.h"

/* Forward secrecy and AEAD only; LibreTLS's own default is laxer. */
#define CIPHERS	"ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20"

int
trust_start(struct error *err)
{
	static bool started;

	if (!started && tls_init() == -1)
		return error_setx(err, ERR_TLS, "config",
		    "the TLS library does not start");
	started = true;
	return 0;
}

int
trust_refused(const struct trust *t, struct error *err)
{
	const char *words = tls_config_error(t->config);

	return words == NULL ? error_nomem(err) :
	    error_setx(err, ERR_TLS, "config", "%s", words);
}

/* The bits of libtls for all versions from 10 * major + minor, inclusive. */
static uint32_t
versions(int min, int max)
{
	static const uint32_t bits[] = {
		TLS_PROTOCOL_TLSv1_0, TLS_PROTOCOL_TLSv1_1,
		TLS_PROTOCOL_TLSv1_2, TLS_PROTOCOL_TLSv1_3
	};
	uint32_t set = 0;
	int v;

	for (v = min; v <= max; v++)
		if (v >= 10 && v <= 13)
			set |= bits[v - 10];
	return set;
}

/* What a script chose, and libtls does not know. */
static int
unknown(const struct trust *t, const char *option, struct error *err)
{
	const char *words = tls_config_error(t->config);

	return words == NULL ? error_nomem(err) :
	    error_setx(err, ERR_USAGE, "value", "option 'tls.%s': %s", option,
	    words);
}

/*
 * LibreTLS lets nobody choose among the suites of TLS 1.3, and says nothing of
 * their names where others stand beside them.
 */
static int
check_suites(const struct trust *t, const char *ciphers, struct error *err)
{
	static const char between[] = ":, ;";
	struct buf suite = { 0 };
	size_t n;
	int rv = 0;

	for (; rv == 0 && *ciphers != '\0'; ciphers += n) {
		ciphers += strspn(ciphers, between);
		n = strcspn(ciphers, between);
		if (strncmp(ciphers, "TLS_", 4) != 0)
			continue;
		buf_reset(&suite);
		if (buf_add(&suite, ciphers, n) == -1 ||
		    buf_add(&suite, "", 1) == -1)
			rv = error_nomem(err);
		else if (tls_config_set_ciphers(t->config, suite.data) == -1)
			rv = error_setx(err, ERR_USAGE, "value", "option "
			    "'tls.ciphers': there is no %s, or this TLS "
			    "library does not let it be chosen", suite.data);
	}
	buf_clear(&suite);
	return rv;
}

/* What the script lists, or what says that HTTP/2 may be spoken. */
static int
set_alpn(struct trust *t, const struct trust_protocol *p, struct error *err)
{
	static const char *const offers[] = {
		[TRUST_HTTP_1] = NULL,
		[TRUST_HTTP_ANY] = "h2,http/1.1",
		[TRUST_HTTP_2] = "h2",
	};
	const char *alpn = p->alpn != NULL ? p->alpn : offers[p->http];

	t->http = p->alpn != NULL ? TRUST_HTTP_1 : p->http;
	if (alpn != NULL && tls_config_set_alpn(t->config, alpn) == -1)
		return unknown(t, "alpn", err);
	return 0;
}

static int
set_protocol(struct trust *t, const struct trust_protocol *p,
    struct error *err)
{
	const char *ciphers = p->ciphers != NULL ? p->ciphers : CIPHERS;
	int min = p->min != 0 ? p->min : 12, max = p->max != 0 ? p->max : 13;

	if (tls_config_set_protocols(t->config, versions(min, max)) == -1)
		return trust_refused(t, err);
	if (check_suites(t, ciphers, err) == -1)
		return -1;
	if (tls_config_set_ciphers(t->config, ciphers) == -1)
		return unknown(t, "ciphers", err);
	if (p->curves != NULL &&
	    tls_config_set_ecdhecurves(t->config, p->curves) == -1)
		return unknown(t, "curves", err);
	if (set_alpn(t, p, err) == -1)
		return -1;
	t->is_limited = p->min != 0 || p->max != 0 || p->ciphers != NULL ||
	    p->curves != NULL;
	return 0;
}

static int
set_config(struct trust *t, const struct trust_spec *spec, struct error *err)
{
	t->config = tls_config_new();
	if (t->config == NULL)
		return error_nomem(err);
	if (set_protocol(t, &spec->protocol, err) == -1)
		return -1;
	/* The caller asks cert_covers after the handshake, see name.h. */
	tls_config_insecure_noverifyname(t->config);
	if (!t->chain)
		tls_config_insecure_noverifycert(t->config);
	if (!t->time)
		tls_config_insecure_noverifytime(t->config);
	return 0;
}

static int
set_pins(struct trust *t, const struct trust_spec *spec, struct error *err)
{
	size_t i;

	if (spec->pin_count == 0)
		return 0;
	t->pins = calloc(spec->pin_count, sizeof(*t->pins));
	if (t->pins == NULL)
		return error_nomem(err);
	for (i = 0; i < spec->pin_count; i++)
		if (pin_parse(&t->pins[i], spec->pins[i], err) == -1)
			return -1;
	t->pin_count = spec->pin_count;
	return 0;
}

/* Without the chain or its time libtls looks at no answer. */
static int
set_ocsp(struct trust *t, const struct trust_spec *spec, struct error *err)
{
	if (!spec->ocsp)
		return 0;
	if (!spec->chain || !spec->time)
		return error_setx(err, ERR_USAGE, "value", "options 'ocsp' and "
		    "'verify' contradict each other: without chain and time "
		    "no OCSP answer is looked at");
	tls_config_ocsp_require_stapling(t->config);
	t->ocsp = true;
	return 0;
}

static int
set_label(struct trust *t, const struct trust_spec *spec, struct error *err)
{
	const char *label = spec->label;

	if (label == NULL && !t->chain)
		label = t->pin_count > 0 ? "pin" : "none";
	if ((label != NULL && buf_adds(&t->label, label) == -1) ||
	    buf_add(&t->label, "", 1) == -1)
		return error_nomem(err);
	return 0;
}

struct trust *
trust_new(const struct trust_spec *spec, struct error *err)
{
	struct trust *t;

	if (trust_start(err) == -1)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (t == NULL) {
		error_nomem(err);
		return NULL;
	}
	t->refs = 1;
	t->chain = spec->chain;
	t->name = spec->name;
	t->time = spec->time;
	if (set_config(t, spec, err) == -1 ||
	    (t->chain && trust_set_ca(t, spec, err) == -1) ||
	    set_pins(t, spec, err) == -1 ||
	    trust_set_crls(t, spec, err) == -1 ||
	    set_ocsp(t, spec, err) == -1 ||
	    trust_set_identity(t, spec, err) == -1 ||
	    set_label(t, spec, err) == -1) {
		trust_unref(t);
		return NULL;
	}
	return t;
}

struct trust *
trust_ref(struct trust *t)
{
	t->refs++;
	return t;
}

void
trust_unref(struct trust *t)
{
	if (t == NULL || --t->refs > 0)
		return;
	seen_clear(&t->seen);
	buf_clear(&t->label);
	index_free(t->index);
	buf_clear(&t->bundle);
	buf_clear(&t->doubts);
	buf_clear(&t->crls);
	buf_clear(&t->crls_over);
	free(t->pins);
	tls_config_free(t->config);	/* wipes the key */
	if (t->has_key)
		dump_allow();
	free(t);
}

bool
trust_fresh(const struct trust *t)
{
	return seen_is_fresh(&t->seen);
}

bool
trust_was_fresh(struct trust *t, int64_t now_ms)
{
	t->is_in_doubt = true;
	if (now_ms < t->next_look_ms)
		return true;
	if (!trust_fresh(t))
		return false;
	t->next_look_ms = now_ms + TRUST_LOOK_MS;
	return true;
}

void
trust_look_again(struct trust *t)
{
	t->next_look_ms = INT64_MIN;
}

bool
trust_current(struct trust *t)
{
	if (!seen_is_current(&t->seen))
		return false;
	t->is_in_doubt = false;
	return true;
}

bool
trust_holds(struct trust *t)
{
	return t->is_in_doubt ? trust_current(t) : trust_fresh(t);
}

struct tls_config *
trust_config(const struct trust *t)
{
	return t->config;
}

bool
trust_checks_name(const struct trust *t)
{
	return t->name;
}

bool
trust_checks_chain(const struct trust *t)
{
	return t->chain;
}

bool
trust_checks_time(const struct trust *t)
{
	return t->time;
}

bool
trust_checks_ocsp(const struct trust *t)
{
	return t->ocsp;
}

bool
trust_checks_nothing(const struct trust *t)
{
	return !t->chain && !t->name && !t->time && t->pin_count == 0;
}

enum trust_http
trust_http(const struct trust *t)
{
	return t->http;
}

const char *
trust_label(const struct trust *t)
{
	return t->label.data;
}

int
trust_check_pins(const struct trust *t, const struct cert *cert,
    struct error *err)
{
	struct buf own = { 0 };
	struct span s;
	size_t i;

	for (i = 0; i < t->pin_count; i++)
		if (pin_matches(&t->pins[i], cert))
			return 0;
	if (t->pin_count == 0)
		return 0;
	if (pin_of_key(cert, &own) == -1)
		return error_nomem(err);
	s = buf_span(&own);
	error_setx(err, ERR_VERIFY, "pin-mismatch", "the server's certificate "
	    "is none of the pinned: its own pin is %.*s", (int)s.len, s.data);
	buf_clear(&own);
	return error_hint(err, "if the server's owner says that the key has "
	    "changed to this one, add it to pin; a pin copied from here alone "
	    "would trust whoever has answered");
}

static int
explain_refusal(const struct trust *t, struct error *err)
{
	struct span doubts = buf_span(&t->doubts);

	if (!t->has_key)
		return -1;
	if (doubts.len > 0)
		return error_hint(err, "the server does not accept the "
		    "certificate given as cert: %.*s", (int)doubts.len,
		    doubts.data);
	return error_hint(err, "the server does not accept the certificate "
	    "given as cert: is it from an authority that the server trusts, "
	    "and are its intermediate certificates in the file?");
}

static int
explain_crl(const struct trust *t, struct error *err)
{
	struct span over = buf_span(&t->crls_over), good = buf_span(&t->crls);

	if (over.len > 0 && strstr(err->message, "expired") != NULL)
		return error_hint(err, "the list of %.*s is out of date: fetch "
		    "the authority's current one", (int)over.len, over.data);
	return error_hint(err, "crl has the list of %.*s%s%.*s: it needs a "
	    "current one of every authority in the chain, the root too",
	    (int)good.len, good.data, good.len > 0 && over.len > 0 ? "; " : "",
	    (int)over.len, over.data);
}

int
trust_explain(const struct trust *t, struct error *err)
{
	if (err->kind == ERR_TLS && strcmp(err->code, "client-cert") == 0)
		return explain_refusal(t, err);
	if (err->kind == ERR_VERIFY && strcmp(err->code, "crl-missing") == 0)
		return explain_crl(t, err);
	if (t->is_limited && err->kind == ERR_TLS &&
	    (strcmp(err->code, "version") == 0 ||
	    strcmp(err->code, "cipher") == 0))
		return error_hint(err, "the server has nothing in common with "
		    "what option tls allows: allow more of it");
	return -1;
}
