#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "dial.h"
#include "passage.h"
#include "resolve.h"

struct dialling {
	struct loop	*loop;
	struct wake	*wake;
	enum error_phase phase;
	double		 since;		/* when the phase began */
	struct resolve	*resolve;
	struct dial	*dial;
	struct passage	*passage;	/* through a proxy */
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
	to->path = copy(from->path);
	to->authorization = copy(from->authorization);
	to->trust = from->trust == NULL ? NULL : trust_ref(from->trust);
	to->proxy = from->proxy == NULL ? NULL : proxy_ref(from->proxy);
	return to->host == NULL || to->servername == NULL ||
	    to->address == NULL || to->path == NULL ||
	    to->authorization == NULL ? -1 : 0;
}

static void
clear_target(struct target *t)
{
	free((char *)t->host);
	free((char *)t->servername);
	free((char *)t->address);
	free((char *)t->path);
	free((char *)t->authorization);
	trust_unref(t->trust);
	proxy_unref(t->proxy);
	memset(t, 0, sizeof(*t));
}

static bool
same(const char *copied, const char *s)
{
	return strcmp(copied, s == NULL ? "" : s) == 0;
}

/* Both through the same proxy, which is told with each request where to. */
static bool
are_forwarded(const struct target *own, const struct target *t)
{
	return t->proxy != NULL && own->proxy == t->proxy &&
	    t->proxy->kind == PROXY_FORWARD;
}

bool
conn_serves(const struct conn *c, const struct target *t)
{
	const struct target *own = &c->target;

	if (are_forwarded(own, t))
		return true;
	return own->proxy == t->proxy && same(own->path, t->path) &&
	    own->tls == t->tls && own->port == t->port &&
	    own->trust == t->trust && same(own->host, t->host) &&
	    own->address_port == t->address_port &&
	    same(own->servername, t->servername) &&
	    same(own->address, t->address);
}

bool
conn_is_to(const struct conn *c, const struct target *t)
{
	return are_forwarded(&c->target, t) ||
	    (c->target.port == t->port && same(c->target.host, t->host));
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
	passage_free(d->passage);
	free(d);
}

void
conn_free(struct conn *c)
{
	if (c == NULL)
		return;
	free_dialling(c);
	mux_free(c->mux);
	wire_free(c->wire);
	peer_unref(c->peer);
	buf_clear(&c->in);
	clear_target(&c->target);
	free(c);
}

/* A name, or the address that stands for it. */
static int
look_up(struct dialling *d, const char *host, uint16_t port,
    const char *address, uint16_t address_port, struct error *err)
{
	if (address != NULL && address[0] != '\0') {
		host = address;
		port = address_port != 0 ? address_port : port;
	}
	d->phase = PHASE_RESOLVE;
	d->resolve = resolve_new(d->loop, d->wake, host, port, err);
	return d->resolve == NULL ? -1 : 0;
}

/* Of the proxy, where there is one. */
static int
start_resolve(struct conn *c, struct error *err)
{
	const struct target *t = &c->target;
	const struct proxy *p = t->proxy;

	return p != NULL ? look_up(c->dialling, p->host, p->port, p->address,
	    p->address_port, err) : look_up(c->dialling, t->host, t->port,
	    t->address, t->address_port, err);
}

/* A Unix socket, whose path needs no look-up. */
static int
start_dial(struct conn *c, struct error *err)
{
	struct dialling *d = c->dialling;
	struct addresses one = { .count = 1 };

	d->phase = PHASE_CONNECT;
	if (address_unix(&one.list[0], c->target.path) == -1)
		return error_setx(err, ERR_USAGE, "value", "the path of a Unix "
		    "socket has at most %zu bytes", ADDRESS_UNIX_MAX);
	d->dial = dial_new(d->loop, d->wake, &one, err);
	return d->dial == NULL ? -1 : 0;
}

static int
start(struct conn *c, struct error *err)
{
	return c->target.path[0] != '\0' ? start_dial(c, err) :
	    start_resolve(c, err);
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
	d->since = loop_now();
	if (copy_target(&c->target, target) == -1) {
		error_nomem(err);
		goto err;
	}
	if (start(c, err) == -1)
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

/* TLS with the target, within that with a proxy where there is one. */
static int
start_tls(struct conn *c, struct error *err)
{
	if (!c->target.tls)
		return 0;
	if (wire_tls(c->wire) != NULL)
		c->wire = wire_over(c->wire, err);
	if (c->wire == NULL)
		return -1;
	return wire_start_tls(c->wire, c->target.trust, server_name(c), err);
}

static enum want
step_dial(struct conn *c, int64_t *at_ms, struct error *err)
{
	struct dialling *d = c->dialling;
	int fd;
	enum want want = dial_step(d->dial, &fd, at_ms, err);

	if (want != WANT_NOTHING)
		return want;
	if ((c->wire = wire_new(d->loop, fd, err)) == NULL)
		return WANT_FAILED;
	if (c->target.proxy != NULL) {
		c->times.connect = lap(d, PHASE_PROXY);
		d->passage = passage_new(d->loop, d->wake, &c->target, c->wire,
		    err);
		return d->passage == NULL ? WANT_FAILED : WANT_NOTHING;
	}
	c->times.connect = lap(d, PHASE_TLS);
	return start_tls(c, err) == -1 ? WANT_FAILED : WANT_NOTHING;
}

static enum want
step_proxy(struct conn *c, struct error *err)
{
	struct dialling *d = c->dialling;
	enum want want = passage_step(d->passage, err);

	if (want != WANT_NOTHING)
		return want;
	passage_free(d->passage);
	d->passage = NULL;
	c->times.connect += lap(d, PHASE_TLS);
	return start_tls(c, err) == -1 ? WANT_FAILED : WANT_NOTHING;
}

/* HTTP/2 where the server has chosen it (RFC 9113 section 3.2). */
static int
start_http(struct conn *c, struct error *err)
{
	bool is_h2 = c->peer->alpn != NULL && strcmp(c->peer->alpn, "h2") == 0;
	enum trust_http wanted = trust_http(c->target.trust);

	if (!is_h2 && wanted == TRUST_HTTP_2)
		return error_setx(err, ERR_PROTOCOL, "h2",
		    "the server does not speak HTTP/2");
	if (!is_h2 || wanted == TRUST_HTTP_1)
		return 0;
	c->mux = mux_new(c->wire, ANSWER_MAX_HEADER, err);
	return c->mux == NULL ? -1 : 0;
}

static enum want
step_tls(struct conn *c, struct error *err)
{
	struct dialling *d = c->dialling;
	enum want want;

	if (!c->target.tls)
		return WANT_NOTHING;
	want = wire_await(c->wire, wire_handshake(c->wire, err), d->wake);
	if (want != WANT_NOTHING)
		return want;
	c->times.tls = lap(d, PHASE_TLS);
	c->peer = peer_new(wire_tls(c->wire), c->target.trust);
	if (c->peer == NULL) {
		error_nomem(err);
		return WANT_FAILED;
	}
	return start_http(c, err) == -1 ? WANT_FAILED : WANT_NOTHING;
}

/* A failure is the proxy's up to the TLS handshake with the target. */
static void
complete(const struct conn *c, struct error *err)
{
	enum error_phase phase = c->dialling->phase;

	if (err->phase != PHASE_NONE)
		return;
	err->phase = phase;
	if (c->target.proxy != NULL && phase != PHASE_TLS)
		proxy_blame(c->target.proxy, err);
}

/* All over: the trust has another opinion now, and will keep it. */
static enum want
begin_again(struct conn *c, struct error *err)
{
	struct dialling *d = c->dialling;

	wire_free(c->wire);
	c->wire = NULL;
	dial_free(d->dial);
	d->dial = NULL;
	passage_free(d->passage);
	d->passage = NULL;
	if (start(c, err) == -1)
		return WANT_FAILED;
	loop_post(d->loop, d->wake);
	return WANT_WAKE;
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
	if (want == WANT_NOTHING && d->phase == PHASE_PROXY)
		want = step_proxy(c, err);
	if (want == WANT_NOTHING && d->phase == PHASE_TLS)
		want = step_tls(c, err);
	if (want == WANT_FAILED && c->wire != NULL &&
	    wire_is_undecided(c->wire))
		want = begin_again(c, err);
	if (want == WANT_FAILED)
		complete(c, err);
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

int64_t
conn_patience(const struct conn *c, const struct conn_limits *limits,
    int64_t began_ms, const char **part)
{
	enum error_phase phase = conn_phase(c);
	int64_t at = loop_after(began_ms, limits->connect_ms);
	int64_t resolve_at = loop_after(began_ms, limits->resolve_ms);

	*part = error_phase_name(phase == PHASE_PROXY ? PHASE_CONNECT : phase);
	if (phase == PHASE_RESOLVE && resolve_at < at)
		at = resolve_at;
	if (limits->deadline_ms < at) {
		at = limits->deadline_ms;
		*part = "total";
	}
	return at;
}

struct answer *
conn_refusal(struct conn *c)
{
	return c->dialling == NULL || c->dialling->passage == NULL ? NULL :
	    passage_refusal(c->dialling->passage);
}

bool
conn_is_ready(const struct conn *c)
{
	return c->dialling == NULL;
}

bool
conn_is_idle(struct conn *c)
{
	return c->mux != NULL ? mux_listen(c->mux) : wire_is_idle(c->wire);
}
