#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "passage.h"
#include "resolve.h"
#include "socks.h"
#include "tunnel.h"

#define PIECE		4096	/* bytes of an answer, read at once */

enum stage {
	SHAKE_HANDS,	/* TLS with the proxy */
	LOOK_UP,
	INTRODUCE,	/* what is said without being asked */
	TALK,
	THROUGH
};

struct passage {
	struct loop	*loop;
	struct wake	*wake;
	struct wire	*wire;
	const struct target *target;
	enum stage	 stage;
	struct resolve	*resolve;
	char		 found[INET6_ADDRSTRLEN];	/* what to ask for */
	struct buf	 out;		/* to be sent to the proxy */
	struct socks	 socks;
	struct tunnel	 tunnel;
};

static bool
is_socks(const struct passage *p)
{
	return p->target->proxy->kind == PROXY_SOCKS5;
}

/* Whether the target's name is to be looked up here. */
static bool
looks_up(const struct passage *p)
{
	return is_socks(p) && !p->target->proxy->looks_up &&
	    p->target->address[0] == '\0';
}

struct passage *
passage_new(struct loop *loop, struct wake *wake, const struct target *target,
    struct wire *wire, struct error *err)
{
	const struct proxy *proxy = target->proxy;
	struct passage *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		error_nomem(err);
		return NULL;
	}
	p->loop = loop;
	p->wake = wake;
	p->wire = wire;
	p->target = target;
	if (proxy->trust != NULL &&
	    wire_start_tls(wire, proxy->trust, proxy->host, err) == -1) {
		passage_free(p);
		return NULL;
	}
	return p;
}

void
passage_free(struct passage *p)
{
	if (p == NULL)
		return;
	resolve_free(p->resolve);
	tunnel_clear(&p->tunnel);
	buf_clear(&p->out);
	free(p);
}

struct answer *
passage_refusal(struct passage *p)
{
	struct answer *answer = &p->tunnel.h1.answer;

	return answer->status >= 300 ? answer : NULL;
}

static enum want
shake_hands(struct passage *p, struct error *err)
{
	return p->target->proxy->trust == NULL ? WANT_NOTHING :
	    wire_handshake(p->wire, err);
}

/* The first of the addresses, which the proxy is told to connect to. */
static void
take_first(struct passage *p, const struct address *a)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a->sa;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a->sa;

	if (a->sa.ss_family == AF_INET6)
		inet_ntop(AF_INET6, &v6->sin6_addr, p->found,
		    sizeof(p->found));
	else
		inet_ntop(AF_INET, &v4->sin_addr, p->found, sizeof(p->found));
}

static enum want
look_up(struct passage *p, struct error *err)
{
	const struct target *t = p->target;
	struct addresses found;
	enum want want = WANT_NOTHING;

	if (!looks_up(p))
		return WANT_NOTHING;
	if (p->resolve == NULL)
		p->resolve = resolve_new(p->loop, p->wake, t->host, t->port,
		    err);
	if (p->resolve == NULL)
		return WANT_FAILED;
	want = resolve_step(p->resolve, &found, err);
	if (want == WANT_FAILED)
		err->phase = PHASE_RESOLVE;
	if (want == WANT_NOTHING)
		take_first(p, &found.list[0]);
	return want;
}

static int
start_socks(struct passage *p, struct error *err)
{
	const struct target *t = p->target;
	bool there = t->address[0] != '\0' && !t->proxy->looks_up;

	p->socks.host = there ? t->address : p->found[0] != '\0' ? p->found :
	    t->host;
	p->socks.port = there && t->address_port != 0 ? t->address_port :
	    t->port;
	p->socks.user = t->proxy->user;
	p->socks.password = t->proxy->password;
	return socks_start(&p->socks, &p->out, err);
}

static enum want
introduce(struct passage *p, struct error *err)
{
	const struct target *t = p->target;
	int rv;

	if (is_socks(p))
		rv = start_socks(p, err);
	else
		rv = tunnel_start(&p->tunnel, t->host, t->port,
		    t->authorization[0] == '\0' ? NULL : t->authorization,
		    &p->out, err);
	return rv == -1 ? WANT_FAILED : WANT_NOTHING;
}

static enum want
as_want(ssize_t n)
{
	return n == WIRE_WANT_READ ? WANT_READ :
	    n == WIRE_WANT_WRITE ? WANT_WRITE : WANT_FAILED;
}

static enum want
send_out(struct passage *p, struct error *err)
{
	struct span s;
	ssize_t n;

	while ((s = buf_span(&p->out)).len > 0) {
		n = wire_write(p->wire, s.data, s.len, err);
		if (n < 0)
			return as_want(n);
		buf_take(&p->out, (size_t)n);
	}
	return WANT_NOTHING;
}

static enum want
feed(struct passage *p, struct span in, struct error *err)
{
	size_t used;
	enum want want;

	want = is_socks(p) ? socks_next(&p->socks, in, &used, &p->out, err) :
	    tunnel_next(&p->tunnel, in, &used, err);
	if (want != WANT_NOTHING || used == in.len)
		return want;
	/* No server that we talk to speaks first: this is not one's. */
	error_setx(err, ERR_PROXY, "protocol",
	    "it sent more than its answer (%zu bytes)", in.len - used);
	return WANT_FAILED;
}

static enum want
talk(struct passage *p, struct error *err)
{
	char piece[PIECE];
	struct span in = { piece, 0 };
	enum want want;
	ssize_t n;

	do {
		if ((want = send_out(p, err)) != WANT_NOTHING)
			return want;
		n = wire_read(p->wire, piece, sizeof(piece), err);
		if (n < 0)
			return as_want(n);
		if (n == 0) {
			error_setx(err, ERR_PROXY, "protocol",
			    "it closed the connection instead of answering");
			return WANT_FAILED;
		}
		in.len = (size_t)n;
		want = feed(p, in, err);
	} while (want == WANT_READ);
	return want;
}

static enum want
step(struct passage *p, struct error *err)
{
	switch (p->stage) {
	case SHAKE_HANDS:
		return shake_hands(p, err);
	case LOOK_UP:
		return look_up(p, err);
	case INTRODUCE:
		return introduce(p, err);
	default:
		return talk(p, err);
	}
}

enum want
passage_step(struct passage *p, struct error *err)
{
	enum stage last = p->target->proxy->kind == PROXY_FORWARD ?
	    LOOK_UP : THROUGH;
	enum want want;

	while (p->stage < last) {
		if ((want = step(p, err)) != WANT_NOTHING)
			return wire_await(p->wire, want, p->wake);
		p->stage++;
	}
	wire_forget(p->wire);
	return WANT_NOTHING;
}
