#include <stdlib.h>
#include <tls.h>

#include "look.h"

struct look {
	struct loop	*loop;
	struct wake	*wake;
	struct conn	*conn;
	struct conn_limits limits;
	int64_t		 began_ms;
};

struct look *
look_new(struct loop *loop, const struct target *target,
    const struct conn_limits *limits, struct error *err)
{
	struct look *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		error_nomem(err);
		return NULL;
	}
	l->loop = loop_ref(loop);
	l->limits = *limits;
	l->began_ms = loop_now_ms();
	if ((l->wake = wake_new(loop, err)) == NULL ||
	    (l->conn = conn_new(loop, l->wake, target, err)) == NULL) {
		look_free(l);
		return NULL;
	}
	return l;
}

void
look_free(struct look *l)
{
	if (l == NULL)
		return;
	conn_free(l->conn);
	wake_free(l->wake);
	loop_unref(l->loop);
	free(l);
}

struct wake *
look_wake(const struct look *l)
{
	return l->wake;
}

enum error_phase
look_phase(const struct look *l)
{
	return conn_phase(l->conn);
}

static enum want
time_out(const struct look *l, const char *part, struct error *err)
{
	error_setx(err, ERR_TIMEOUT, part, "timed out after %.3g s of looking",
	    (double)(loop_now_ms() - l->began_ms) / 1000.0);
	err->phase = look_phase(l);
	return WANT_FAILED;
}

enum want
look_step(struct look *l, struct error *err)
{
	const char *part;
	int64_t at_ms, due;
	enum want want = conn_step(l->conn, &at_ms, err);

	if (want != WANT_WAKE)
		return want;
	due = conn_patience(l->conn, &l->limits, l->began_ms, &part);
	if (loop_now_ms() >= due)
		return time_out(l, part, err);
	wake_at(l->wake, at_ms < due ? at_ms : due);
	return WANT_WAKE;
}

struct answer *
look_refusal(struct look *l)
{
	return conn_refusal(l->conn);
}

const struct peer *
look_peer(const struct look *l)
{
	return l->conn->peer;
}

struct span
look_chain(const struct look *l)
{
	struct span pem = { NULL, 0 };
	struct tls *tls = l->conn->wire == NULL ? NULL :
	    wire_tls(l->conn->wire);

	if (tls != NULL)
		pem.data = (const char *)tls_peer_cert_chain_pem(tls, &pem.len);
	return pem;
}
