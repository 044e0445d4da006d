#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "dial.h"
#include "resolve.h"

struct dialling {
	struct loop	*loop;
	struct wake	*wake;
	enum error_phase phase;
	double		 since;		/* when the phase began */
	struct resolve	*resolve;
	struct dial	*dial;
};

/* "" for NULL, so that the copies can be compared without asking. */
static char *
copy(const char *s)
{
	return strdup(s == NULL ? "" : s);
}

static int
copy_target(struct target *to, const struct target *from)
{
	*to = *from;
	to->host = copy(from->host);
	to->servername = copy(from->servername);
	to->address = copy(from->address);
	to->trust = from->trust == NULL ? NULL : trust_ref(from->trust);
	return to->host == NULL || to->servername == NULL ||
	    to->address == NULL ? -1 : 0;
}

static void
clear_target(struct target *t)
{
	free((char *)t->host);
	free((char *)t->servername);
	free((char *)t->address);
	trust_unref(t->trust);
	memset(t, 0, sizeof(*t));
}

static bool
same(const char *copied, const char *s)
{
	return strcmp(copied, s == NULL ? "" : s) == 0;
}

bool
conn_serves(const struct conn *c, const struct target *t)
{
	const struct target *own = &c->target;

	return own->tls == t->tls && own->port == t->port &&
	    own->trust == t->trust && same(own->host, t->host) &&
	    own->address_port == t->address_port &&
	    same(own->servername, t->servername) &&
	    same(own->address, t->address);
}

bool
conn_is_to(const struct conn *c, const struct target *t)
{
	return c->target.port == t->port && same(c->target.host, t->host);
}

static void
free_dialling(struct conn *c)
{
	struct dialling *d = c->dialling;

	c->dialling = NULL;
	if (d == NULL)
		return;
	resolve_free(d->resolve);
	dial_free(d->dial);
	free(d);
}

void
conn_free(struct conn *c)
{
	if (c == NULL)
		return;
	free_dialling(c);
	wire_free(c->wire);
	peer_unref(c->peer);
	buf_clear(&c->in);
	clear_target(&c->target);
	free(c);
}

static int
start_resolve(struct conn *c, struct error *err)
{
	struct dialling *d = c->dialling;
	const struct target *t = &c->target;
	bool there = t->address[0] != '\0';

	d->resolve = resolve_new(d->loop, d->wake, there ? t->address : t->host,
	    there && t->address_port != 0 ? t->address_port : t->port, err);
	return d->resolve == NULL ? -1 : 0;
}

struct conn *
conn_new(struct loop *loop, struct wake *wake, const struct target *target,
    struct error *err)
{
	struct conn *c = calloc(1, sizeof(*c));
	struct dialling *d = calloc(1, sizeof(*d));

	if (c == NULL || d == NULL) {
		free(c);
		free(d);
		error_nomem(err);
		return NULL;
	}
	c->dialling = d;
	d->loop = loop;
	d->wake = wake;
	d->phase = PHASE_RESOLVE;
	d->since = loop_now();
	if (copy_target(&c->target, target) == -1) {
		error_nomem(err);
		goto err;
	}
	if (start_resolve(c, err) == -1)
		goto err;
	return c;
 err:
	conn_free(c);
	return NULL;
}

/* Ends a part: how long it took, and what comes next. */
static double
lap(struct dialling *d, enum error_phase next)
{
	double now = loop_now(), took = now - d->since;

	d->since = now;
	d->phase = next;
	return took;
}

static enum want
step_resolve(struct conn *c, struct error *err)
{
	struct dialling *d = c->dialling;
	struct addresses found;
	enum want want = resolve_step(d->resolve, &found, err);

	if (want != WANT_NOTHING)
		return want;
	resolve_free(d->resolve);
	d->resolve = NULL;
	c->times.resolve = lap(d, PHASE_CONNECT);
	d->dial = dial_new(d->loop, d->wake, &found, err);
	return d->dial == NULL ? WANT_FAILED : WANT_NOTHING;
}

static const char *
server_name(const struct conn *c)
{
	return c->target.servername[0] != '\0' ? c->target.servername :
	    c->target.host;
}

static enum want
step_dial(struct conn *c, int64_t *at_ms, struct error *err)
{
	struct dialling *d = c->dialling;
	int fd;
	enum want want = dial_step(d->dial, &fd, at_ms, err);

	if (want != WANT_NOTHING)
		return want;
	c->times.connect = lap(d, PHASE_TLS);
	c->wire = wire_new(d->loop, fd, err);
	if (c->wire == NULL)
		return WANT_FAILED;
	if (c->target.tls && wire_start_tls(c->wire, c->target.trust,
	    server_name(c), err) == -1)
		return WANT_FAILED;
	return WANT_NOTHING;
}

static enum want
step_tls(struct conn *c, struct error *err)
{
	struct dialling *d = c->dialling;
	enum want want;

	if (!c->target.tls)
		return WANT_NOTHING;
	switch (want = wire_handshake(c->wire, err)) {
	case WANT_READ:
		wire_wait(c->wire, LOOP_READ, d->wake);
		return WANT_WAKE;
	case WANT_WRITE:
		wire_wait(c->wire, LOOP_WRITE, d->wake);
		return WANT_WAKE;
	case WANT_NOTHING:
		break;
	default:
		return want;
	}
	c->times.tls = lap(d, PHASE_TLS);
	c->peer = peer_new(wire_tls(c->wire), c->target.trust);
	if (c->peer == NULL) {
		error_nomem(err);
		return WANT_FAILED;
	}
	return WANT_NOTHING;
}

enum want
conn_step(struct conn *c, int64_t *at_ms, struct error *err)
{
	struct dialling *d = c->dialling;
	enum want want;

	*at_ms = INT64_MAX;
	if (d == NULL)
		return WANT_NOTHING;
	want = WANT_NOTHING;
	if (d->phase == PHASE_RESOLVE)
		want = step_resolve(c, err);
	if (want == WANT_NOTHING && d->phase == PHASE_CONNECT)
		want = step_dial(c, at_ms, err);
	if (want == WANT_NOTHING && d->phase == PHASE_TLS)
		want = step_tls(c, err);
	if (want == WANT_FAILED)
		err->phase = d->phase;
	if (want == WANT_NOTHING) {
		wire_rest(c->wire);
		free_dialling(c);
	}
	return want;
}

enum error_phase
conn_phase(const struct conn *c)
{
	return c->dialling == NULL ? PHASE_NONE : c->dialling->phase;
}
