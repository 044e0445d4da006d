#include <stdint.h>
#include <stdlib.h>

#include <tls.h>

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

static int
set_protocol(struct trust *t, const struct trust_protocol *p,
    struct error *err)
{
	const char *ciphers = p->ciphers != NULL ? p->ciphers : CIPHERS;
	int min = p->min != 0 ? p->min : 12, max = p->max != 0 ? p->max : 13;

	if (tls_config_set_protocols(t->config, versions(min, max)) == -1)
		return trust_refused(t, err);
	if (tls_config_set_ciphers(t->config, ciphers) == -1)
		return unknown(t, "ciphers", err);
	if (p->curves != NULL &&
	    tls_config_set_ecdhecurves(t->config, p->curves) == -1)
		return unknown(t, "curves", err);
	if (p->alpn != NULL && tls_config_set_alpn(t->config, p->alpn) == -1)
		return unknown(t, "alpn", err);
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

struct trust *
trust_new(const struct trust_spec *spec, struct error *err)
{
	const char *label = spec->label;
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
	    (t->chain && trust_set_ca(t, spec, err) == -1))
		goto err;
	if (label == NULL && !t->chain)
		label = "none";
	if ((label != NULL && buf_adds(&t->label, label) == -1) ||
	    buf_add(&t->label, "", 1) == -1) {
		error_nomem(err);
		goto err;
	}
	return t;
 err:
	trust_unref(t);
	return NULL;
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
	tls_config_free(t->config);
	free(t);
}

bool
trust_fresh(const struct trust *t)
{
	return seen_is_fresh(&t->seen);
}

bool
trust_current(const struct trust *t)
{
	return seen_is_current(&t->seen);
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

const char *
trust_label(const struct trust *t)
{
	return t->label.data;
}
