#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <tls.h>
#include <unistd.h>

#include "tls/check.h"
#include "tls/verdict.h"
#include "wire.h"

#define RAW_LEN		(64 * 1024)	/* bytes read at once, ahead of TLS */

struct transport {
	ssize_t	(*read)(struct wire *, void *, size_t, struct error *);
	ssize_t	(*write)(struct wire *, const void *, size_t, struct error *);
};

/* Where bytes come from and go to; as recv(2) and send(2) do. */
struct ground {
	ssize_t	(*receive)(struct wire *, void *, size_t);
	ssize_t	(*transmit)(struct wire *, const void *, size_t);
};

/* The other wire, where there is one in place of a socket. */
struct below {
	struct wire		*wire;		/* owned */
	int			 events;	/* it waits for: LOOP_... */
	struct error		 err;		/* why it failed */
};

struct wire {
	const struct transport	*transport;
	const struct ground	*ground;
	int			 fd;		/* -1 with another wire below */
	struct watch		*watch;		/* NULL likewise */
	struct below		*below;		/* NULL with a socket */

	/* Under TLS. */
	struct tls		*tls;		/* NULL: plain */
	struct trust		*trust;
	const char		*name;		/* until the handshake is over */
	unsigned char		*raw;		/* what the socket gave, */
	size_t			 raw_off;	/* and libtls has not taken */
	size_t			 raw_len;
	uint64_t		 taken;		/* by libtls, ever */
	unsigned char		 first[5];	/* the peer's first bytes */
	size_t			 first_len;
	int			 io_errno;	/* of the last failed call */
	bool			 is_ready;	/* the handshake is over */
	bool			 is_dead;	/* no libtls call after a -1 */
	bool			 is_indexed;	/* trust_stands is to be asked */
	bool			 is_undecided;	/* it does not */

	bool			 eof;		/* the socket has ended */
	bool			 has_sent;
};

/* A socket. */

static ssize_t
socket_receive(struct wire *w, void *buf, size_t len)
{
	ssize_t n;

	do
		n = recv(w->fd, buf, len, 0);
	while (n == -1 && errno == EINTR);
	if (n == 0)
		w->eof = true;
	if (n == -1 && errno != EAGAIN && errno != EWOULDBLOCK)
		w->io_errno = errno;
	return n;
}

/* MSG_NOSIGNAL: a peer that has gone must not kill us by SIGPIPE. */
static ssize_t
socket_transmit(struct wire *w, const void *buf, size_t len)
{
	ssize_t n;

	do
		n = send(w->fd, buf, len, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	if (n == -1 && errno != EAGAIN && errno != EWOULDBLOCK)
		w->io_errno = errno;
	return n;
}

static const struct ground on_socket = { socket_receive, socket_transmit };

/* Another wire. */

/* The first failure is the one to tell. */
static ssize_t
from_below(struct wire *w, ssize_t n, const struct error *err)
{
	struct below *b = w->below;

	b->events = n == WIRE_WANT_READ ? LOOP_READ :
	    n == WIRE_WANT_WRITE ? LOOP_WRITE : 0;
	if (n == -1 && b->err.kind == ERR_NONE)
		b->err = *err;
	if (n == -1)
		w->io_errno = EIO;
	return n < 0 ? -1 : n;
}

/* An end is asked for again by OpenSSL, and TLS below ends but once. */
static ssize_t
below_receive(struct wire *w, void *buf, size_t len)
{
	struct error err;
	ssize_t n;

	if (w->eof)
		return 0;
	n = wire_read(w->below->wire, buf, len, &err);
	w->eof = n == 0;
	return from_below(w, n, &err);
}

static ssize_t
below_transmit(struct wire *w, const void *buf, size_t len)
{
	struct error err;

	/* OpenSSL has a last word to say, which nobody hears. */
	if (w->eof)
		return -1;
	return from_below(w, wire_write(w->below->wire, buf, len, &err), &err);
}

static const struct ground on_wire = { below_receive, below_transmit };

static ssize_t
lost(struct wire *w, struct error *err)
{
	if (w->io_errno == ECONNRESET || w->io_errno == EPIPE)
		return error_setx(err, ERR_CONNECT, "reset", "%s",
		    strerror(w->io_errno));
	return error_setx(err, ERR_CONNECT, "other", "%s",
	    strerror(w->io_errno));
}

/* Plain. */

static ssize_t
plain_read(struct wire *w, void *buf, size_t len, struct error *err)
{
	ssize_t n = w->ground->receive(w, buf, len);

	if (n >= 0)
		return n;
	return w->io_errno == 0 ? WIRE_WANT_READ : lost(w, err);
}

static ssize_t
plain_write(struct wire *w, const void *buf, size_t len, struct error *err)
{
	ssize_t n = w->ground->transmit(w, buf, len);

	if (n > 0)
		w->has_sent = true;
	if (n >= 0)
		return n;
	return w->io_errno == 0 ? WIRE_WANT_WRITE : lost(w, err);
}

static const struct transport plain = { plain_read, plain_write };

/* TLS: libtls's side of the buffer. */

static void
keep_first(struct wire *w)
{
	size_t n = sizeof(w->first) - w->first_len;

	if (n > w->raw_len)
		n = w->raw_len;
	memcpy(w->first + w->first_len, w->raw, n);
	w->first_len += n;
}

static ssize_t
fill_raw(struct wire *w)
{
	ssize_t n = w->ground->receive(w, w->raw, RAW_LEN);

	if (n == -1)
		return w->io_errno == 0 ? TLS_WANT_POLLIN : -1;
	w->raw_off = 0;
	w->raw_len = (size_t)n;
	if (w->first_len < sizeof(w->first))
		keep_first(w);
	return n;
}

static ssize_t
on_read(struct tls *tls, void *buf, size_t len, void *arg)
{
	struct wire *w = arg;
	ssize_t n;

	(void)tls;
	if (w->raw_off == w->raw_len && (n = fill_raw(w)) <= 0)
		return n;
	if (len > w->raw_len - w->raw_off)
		len = w->raw_len - w->raw_off;
	memcpy(buf, w->raw + w->raw_off, len);
	w->raw_off += len;
	w->taken += len;
	return (ssize_t)len;
}

static ssize_t
on_write(struct tls *tls, const void *buf, size_t len, void *arg)
{
	struct wire *w = arg;
	ssize_t n = w->ground->transmit(w, buf, len);

	(void)tls;
	if (n == -1)
		return w->io_errno == 0 ? TLS_WANT_POLLOUT : -1;
	w->has_sent = w->is_ready;
	return n;
}

/* TLS: our side.  After a -1 libtls's object is dead (libtls may answer 0). */

static int
fail(struct wire *w, struct error *err)
{
	struct verdict_facts facts = {
		.handshake = !w->is_ready,
		.io_errno = w->io_errno,
		.eof = w->eof,
		.first = w->first,
		.first_len = w->first_len
	};

	w->is_dead = true;
	if (w->below != NULL && w->below->err.kind != ERR_NONE) {
		*err = w->below->err;
		return -1;
	}
	verdict(err, tls_error(w->tls), &facts);
	return trust_explain(w->trust, err);
}

static int
dead(struct error *err)
{
	return error_setx(err, ERR_TLS, "closed", "connection has failed");
}

/*
 * LibreSSL reports an end without close_notify only from tls_close; LibreTLS
 * has failed in tls_read already.
 */
static ssize_t
at_end(struct wire *w, struct error *err)
{
	w->is_dead = true;
	if (tls_close(w->tls) == -1 && w->eof)
		return error_setx(err, ERR_TLS, "truncated",
		    "connection ended without close_notify");
	return 0;
}

/*
 * libtls answers WANT_POLLIN once for each message of TLS's own (a session
 * ticket), though what follows it may be in our buffer already, or in that of
 * the wire below, where no readiness of the socket will ever announce it.
 */
static ssize_t
read_on(struct wire *w, void *buf, size_t len)
{
	uint64_t before;
	ssize_t n;

	do {
		before = w->taken;
		n = tls_read(w->tls, buf, len);
	} while (n == TLS_WANT_POLLIN && w->taken != before &&
	    (w->raw_off < w->raw_len || w->below != NULL));
	return n;
}

static ssize_t
tls_transport_read(struct wire *w, void *buf, size_t len, struct error *err)
{
	ssize_t n;

	if (w->is_dead)
		return dead(err);
	switch (n = read_on(w, buf, len)) {
	case TLS_WANT_POLLIN:
		return WIRE_WANT_READ;
	case TLS_WANT_POLLOUT:
		return WIRE_WANT_WRITE;
	case -1:
		return fail(w, err);
	case 0:
		return at_end(w, err);
	default:
		return n;
	}
}

static ssize_t
tls_transport_write(struct wire *w, const void *buf, size_t len,
    struct error *err)
{
	ssize_t n;

	if (w->is_dead)
		return dead(err);
	switch (n = tls_write(w->tls, buf, len)) {
	case TLS_WANT_POLLIN:
		return WIRE_WANT_READ;
	case TLS_WANT_POLLOUT:
		return WIRE_WANT_WRITE;
	case -1:
	case 0:			/* the peer has closed: libtls's trap */
		fail(w, err);
		w->is_dead = w->io_errno == 0;	/* it may have said why */
		return -1;
	default:
		return n;
	}
}

static const struct transport under_tls = {
	tls_transport_read, tls_transport_write
};

/* The wire itself. */

struct wire *
wire_new(struct loop *loop, int fd, struct error *err)
{
	struct wire *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		close(fd);
		error_nomem(err);
		return NULL;
	}
	w->fd = fd;
	w->transport = &plain;
	w->ground = &on_socket;
	if ((w->watch = watch_new(loop, fd, err)) == NULL) {
		wire_free(w);
		return NULL;
	}
	return w;
}

struct wire *
wire_over(struct wire *below, struct error *err)
{
	struct wire *w = calloc(1, sizeof(*w));
	struct below *b = calloc(1, sizeof(*b));

	if (w == NULL || b == NULL) {
		free(w);
		free(b);
		wire_free(below);
		error_nomem(err);
		return NULL;
	}
	b->wire = below;
	w->below = b;
	w->fd = -1;
	w->transport = &plain;
	w->ground = &on_wire;
	return w;
}

/* One tls_close, whatever it answers: it must not wait for anybody. */
void
wire_free(struct wire *w)
{
	if (w == NULL)
		return;
	if (w->tls != NULL && w->is_ready && !w->is_dead)
		(void)tls_close(w->tls);
	tls_free(w->tls);
	watch_free(w->watch);
	if (w->fd != -1)
		close(w->fd);
	if (w->below != NULL)
		wire_free(w->below->wire);
	free(w->below);
	free(w->raw);
	free(w);
}

int
wire_start_tls(struct wire *w, struct trust *trust, const char *name,
    struct error *err)
{
	if ((w->raw = malloc(RAW_LEN)) == NULL ||
	    (w->tls = tls_client()) == NULL)
		return error_nomem(err);
	w->trust = trust;
	w->is_indexed = trust_is_indexed(trust);
	w->name = name;
	w->transport = &under_tls;
	if (tls_configure(w->tls, trust_config(trust)) == -1 ||
	    tls_connect_cbs(w->tls, on_read, on_write, w, name) == -1)
		return fail(w, err);
	return 0;
}

/*
 * tls_handshake answers 0 also when the peer closed early, with nothing
 * verified.  Only a second call tells: it must be refused as done already.
 */
static bool
is_complete(struct wire *w)
{
	const char *words;

	if (tls_handshake(w->tls) != -1)
		return false;
	words = tls_error(w->tls);
	return words != NULL &&
	    strstr(words, "handshake already completed") != NULL;
}

static enum want
shake_hands(struct wire *w, struct error *err)
{
	switch (tls_handshake(w->tls)) {
	case TLS_WANT_POLLIN:
		return WANT_READ;
	case TLS_WANT_POLLOUT:
		return WANT_WRITE;
	case 0:
		break;
	default:
		fail(w, err);
		/* All but to remember what it was: no words are about that. */
		if (is_complete(w))
			error_nomem(err);
		return WANT_FAILED;
	}
	if (!is_complete(w)) {
		error_setx(err, ERR_TLS, "closed",
		    "the server ended the handshake before it was complete");
		return WANT_FAILED;
	}
	if (check_peer(w->tls, w->trust, w->name, err) == -1)
		return WANT_FAILED;
	return WANT_NOTHING;
}

/* What libtls says holds only if it has gone by the bundle. */
static enum want
confirm(struct wire *w, enum want want, struct error *err)
{
	struct error own;
	int stands;

	if (!w->is_indexed || (want == WANT_FAILED &&
	    err->kind != ERR_VERIFY && err->kind != ERR_TLS))
		return want;
	stands = trust_stands(w->trust, w->tls, &own);
	if (stands == 1)
		return want;
	w->is_undecided = stands == 0;
	if (stands == -1)
		*err = own;
	else
		error_setx(err, ERR_TLS, "other", "the index of the trusted "
		    "certificates is not what they are");
	return WANT_FAILED;
}

enum want
wire_handshake(struct wire *w, struct error *err)
{
	enum want want = shake_hands(w, err);

	if (want != WANT_NOTHING && want != WANT_FAILED)
		return want;
	want = confirm(w, want, err);
	if (want == WANT_NOTHING && !trust_holds(w->trust)) {
		error_setx(err, ERR_VERIFY, "changed", "the trusted "
		    "certificates changed on disk during the handshake");
		want = WANT_FAILED;
	}
	if (want == WANT_FAILED)
		w->is_dead = true;
	else {
		w->name = NULL;
		w->is_ready = true;
	}
	return want;
}

bool
wire_is_undecided(const struct wire *w)
{
	return w->is_undecided;
}

ssize_t
wire_read(struct wire *w, void *buf, size_t len, struct error *err)
{
	if (len > WIRE_RECORD)
		len = WIRE_RECORD;
	return w->transport->read(w, buf, len, err);
}

ssize_t
wire_write(struct wire *w, const void *buf, size_t len, struct error *err)
{
	if (len > WIRE_RECORD)
		len = WIRE_RECORD;
	return w->transport->write(w, buf, len, err);
}

bool
wire_has_input(const struct wire *w)
{
	return w->raw_off != w->raw_len ||
	    (w->below != NULL && wire_has_input(w->below->wire));
}

bool
wire_has_sent(const struct wire *w)
{
	return w->has_sent;
}

void
wire_forget(struct wire *w)
{
	w->has_sent = false;
}

/* Most have nothing to say, which the socket tells without asking TLS. */
static bool
is_silent(const struct wire *w)
{
	char byte;

	for (; w->below != NULL; w = w->below->wire)
		if (w->raw_off < w->raw_len || w->is_dead)
			return false;
	return w->raw_off == w->raw_len && !w->is_dead &&
	    recv(w->fd, &byte, 1, MSG_PEEK) == -1 && errno == EAGAIN;
}

bool
wire_is_idle(struct wire *w)
{
	struct error ignored;
	char byte;

	wire_forget(w);
	if (is_silent(w))
		return true;
	return wire_read(w, &byte, 1, &ignored) == WIRE_WANT_READ;
}

void
wire_wait(struct wire *w, int events, struct wake *wake)
{
	for (; w->below != NULL; w = w->below->wire)
		events |= w->below->events;
	watch_for(w->watch, events, wake);
}

void
wire_rest(struct wire *w)
{
	while (w->below != NULL)
		w = w->below->wire;
	watch_rest(w->watch);
}

enum want
wire_await(struct wire *w, enum want want, struct wake *wake)
{
	if (want != WANT_READ && want != WANT_WRITE)
		return want;
	wire_wait(w, want == WANT_READ ? LOOP_READ : LOOP_WRITE, wake);
	return WANT_WAKE;
}

struct tls *
wire_tls(const struct wire *w)
{
	return w->tls;
}
