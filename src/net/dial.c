#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "dial.h"

struct attempt {
	int		 fd;		/* -1: not begun, or ended */
	struct watch	*watch;
};

struct dial {
	struct loop	*loop;
	struct wake	*wake;
	struct addresses to;
	size_t		 begun;		/* addresses begun with, in order */
	size_t		 running;
	int64_t		 next_at;	/* when the next one may begin */
	struct error	 first;		/* why the first of them failed */
	struct attempt	 attempts[RESOLVE_MAX];
};

static void
describe(const struct address *a, char *out, size_t len)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a->sa;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a->sa;
	const struct sockaddr_un *un = (const struct sockaddr_un *)&a->sa;
	char ip[INET6_ADDRSTRLEN] = "?";

	if (a->sa.ss_family == AF_UNIX) {
		snprintf(out, len, "%s", un->sun_path);
	} else if (a->sa.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, ip, sizeof(ip));
		snprintf(out, len, "[%s]:%u", ip, ntohs(v6->sin6_port));
	} else {
		inet_ntop(AF_INET, &v4->sin_addr, ip, sizeof(ip));
		snprintf(out, len, "%s:%u", ip, ntohs(v4->sin_port));
	}
}

static const char *
code_of(int errnum)
{
	switch (errnum) {
	case ECONNREFUSED:
		return "refused";
	case ECONNRESET:
		return "reset";
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ENETDOWN:
	case EHOSTDOWN:
	case EADDRNOTAVAIL:
		return "unreachable";
	default:
		return "other";
	}
}

/* The first failure is the one to tell: it is of the preferred address. */
static void
note_failure(struct dial *d, size_t i, int errnum)
{
	char where[sizeof(struct sockaddr_un)];	/* the longest */

	if (d->first.kind != ERR_NONE)
		return;
	describe(&d->to.list[i], where, sizeof(where));
	if (errnum == EMFILE || errnum == ENFILE) {
		error_setx(&d->first, ERR_IO, error_errno_name(errnum),
		    "connecting to %s: %s", where, strerror(errnum));
		return;
	}
	error_setx(&d->first, ERR_CONNECT, code_of(errnum),
	    "connecting to %s: %s", where, strerror(errnum));
}

static void
end(struct dial *d, size_t i)
{
	struct attempt *a = &d->attempts[i];

	d->next_at = 0;		/* it leaves its turn (RFC 8305 section 5) */
	watch_free(a->watch);
	a->watch = NULL;
	if (a->fd != -1) {
		close(a->fd);
		d->running--;
	}
	a->fd = -1;
}

/* Without TCP_NODELAY LibreSSL's TLS 1.3 handshake waits 40 ms for an ACK. */
static int
open_socket(const struct address *to)
{
	int one = 1;
	int fd = socket(to->sa.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd != -1)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static void
begin(struct dial *d)
{
	size_t i = d->begun++;
	const struct address *to = &d->to.list[i];
	struct attempt *a = &d->attempts[i];
	struct error why = { 0 };

	d->next_at = loop_now_ms() + DIAL_HEAD_START_MS;
	if ((a->fd = open_socket(to)) == -1) {
		note_failure(d, i, errno);
		return;
	}
	d->running++;
	if (connect(a->fd, (const struct sockaddr *)&to->sa, to->len) == -1 &&
	    errno != EINPROGRESS && errno != EINTR) {
		note_failure(d, i, errno);
		end(d, i);
		return;
	}
	if ((a->watch = watch_new(d->loop, a->fd, &why)) == NULL) {
		if (d->first.kind == ERR_NONE)
			d->first = why;
		end(d, i);
		return;
	}
	watch_for(a->watch, LOOP_WRITE, d->wake);
}

struct dial *
dial_new(struct loop *loop, struct wake *wake, const struct addresses *to,
    struct error *err)
{
	struct dial *d = calloc(1, sizeof(*d));
	size_t i;

	if (d == NULL) {
		error_nomem(err);
		return NULL;
	}
	d->loop = loop;
	d->wake = wake;
	d->to = *to;
	for (i = 0; i < RESOLVE_MAX; i++)
		d->attempts[i].fd = -1;
	return d;
}

void
dial_free(struct dial *d)
{
	size_t i;

	if (d == NULL)
		return;
	for (i = 0; i < d->begun; i++)
		end(d, i);
	free(d);
}

/* 1: connected; 0: still at it; -1: failed, and it has been ended. */
static int
look_at(struct dial *d, size_t i)
{
	struct pollfd p = { .fd = d->attempts[i].fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int errnum = 0;

	if (poll(&p, 1, 0) < 1)
		return 0;
	if (getsockopt(p.fd, SOL_SOCKET, SO_ERROR, &errnum, &len) == -1)
		errnum = errno;
	if (errnum == 0)
		return 1;
	note_failure(d, i, errnum);
	end(d, i);
	return -1;
}

static int
surrender(struct dial *d, size_t i)
{
	int fd = d->attempts[i].fd;

	watch_free(d->attempts[i].watch);
	d->attempts[i].watch = NULL;
	d->attempts[i].fd = -1;
	d->running--;
	return fd;
}

enum want
dial_step(struct dial *d, int *fd, int64_t *at_ms, struct error *err)
{
	size_t i;

	for (;;) {
		for (i = 0; i < d->begun; i++) {
			if (d->attempts[i].fd != -1 && look_at(d, i) == 1) {
				*fd = surrender(d, i);
				return WANT_NOTHING;
			}
		}
		if (d->begun == d->to.count || (d->running > 0 &&
		    loop_now_ms() < d->next_at))
			break;
		begin(d);
	}
	if (d->running == 0) {
		*err = d->first;
		return WANT_FAILED;
	}
	*at_ms = d->begun < d->to.count ? d->next_at : INT64_MAX;
	return WANT_WAKE;
}
