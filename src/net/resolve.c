#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolve.h"

/*
 * Shared by the asker and the thread; the last of the two frees it.  What the
 * thread writes the asker reads only after it has seen done under the lock.
 */
struct resolve {
	pthread_mutex_t	 lock;
	struct loop	*loop;		/* NULL: the asker has left */
	struct wake	*wake;
	bool		 has_thread;
	bool		 done;
	int		 status;	/* of getaddrinfo */
	int		 saved_errno;	/* with EAI_SYSTEM */
	struct addrinfo	*found;
	struct addresses literal;
	char		*host;
	char		 port[6];
};

int
address_parse(struct address *a, const char *host, uint16_t port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a->sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a->sa;

	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		a->len = sizeof(*v4);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		a->len = sizeof(*v6);
		return 0;
	}
	return -1;
}

int
address_unix(struct address *a, const char *path)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&a->sa;

	memset(a, 0, sizeof(*a));
	if (strlen(path) > ADDRESS_UNIX_MAX)
		return -1;
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, strlen(path) + 1);
	a->len = sizeof(*un);
	return 0;
}

static void
destroy(struct resolve *r)
{
	if (r->found != NULL)
		freeaddrinfo(r->found);
	pthread_mutex_destroy(&r->lock);
	free(r->host);
	free(r);
}

static void *
look_up(void *arg)
{
	struct resolve *r = arg;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	bool left;

	r->status = getaddrinfo(r->host, r->port, &hints, &r->found);
	r->saved_errno = errno;
	pthread_mutex_lock(&r->lock);
	r->done = true;
	left = r->loop == NULL;
	if (!left)
		loop_post(r->loop, r->wake);
	pthread_mutex_unlock(&r->lock);
	if (left)
		destroy(r);
	return NULL;
}

/* Signals are for the script's thread. */
static int
start_thread(struct resolve *r)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, before;
	int rv;

	if ((rv = pthread_attr_init(&attr)) != 0)
		return rv;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rv = pthread_create(&thread, &attr, look_up, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return rv;
}

struct resolve *
resolve_new(struct loop *loop, struct wake *wake, const char *host,
    uint16_t port, struct error *err)
{
	struct resolve *r = calloc(1, sizeof(*r));
	int rv;

	if (r == NULL || (r->host = strdup(host)) == NULL) {
		free(r);
		error_nomem(err);
		return NULL;
	}
	pthread_mutex_init(&r->lock, NULL);
	r->loop = loop;
	r->wake = wake;
	snprintf(r->port, sizeof(r->port), "%u", (unsigned int)port);
	if (address_parse(&r->literal.list[0], host, port) == 0) {
		r->literal.count = 1;
		r->done = true;
		return r;
	}
	r->has_thread = true;
	if ((rv = start_thread(r)) != 0) {
		destroy(r);
		error_setx(err, ERR_IO, error_errno_name(rv),
		    "thread for a look-up: %s", strerror(rv));
		return NULL;
	}
	return r;
}

void
resolve_free(struct resolve *r)
{
	bool done;

	if (r == NULL)
		return;
	pthread_mutex_lock(&r->lock);
	done = r->done;
	r->loop = NULL;
	pthread_mutex_unlock(&r->lock);
	if (done)
		destroy(r);
}

static enum want
failed(const struct resolve *r, struct error *err)
{
	const char *code = "other";

	if (r->status == EAI_SYSTEM) {
		errno = r->saved_errno;
		error_set(err, ERR_RESOLVE, code, "looking up %s", r->host);
		return WANT_FAILED;
	}
	if (r->status == EAI_AGAIN)
		code = "temporary";
	else if (r->status == EAI_NONAME || r->status == EAI_NODATA)
		code = "not-found";
	error_setx(err, ERR_RESOLVE, code, "looking up %s: %s", r->host,
	    gai_strerror(r->status));
	return WANT_FAILED;
}

/* The next one at or after *ai of that family (or of another), or NULL. */
static const struct addrinfo *
next_of(const struct addrinfo *ai, int family, bool same)
{
	while (ai != NULL && (ai->ai_family == family) != same)
		ai = ai->ai_next;
	return ai;
}

static void
take(struct addresses *out, const struct addrinfo *ai)
{
	struct address *a = &out->list[out->count];

	if (ai->ai_addrlen > sizeof(a->sa))
		return;
	memcpy(&a->sa, ai->ai_addr, ai->ai_addrlen);
	a->len = ai->ai_addrlen;
	out->count++;
}

static void
interleave(struct addresses *out, const struct addrinfo *found)
{
	int first = found->ai_family;
	const struct addrinfo *same = found;
	const struct addrinfo *other = next_of(found, first, false);

	out->count = 0;
	while ((same != NULL || other != NULL) && out->count < RESOLVE_MAX) {
		if (same != NULL) {
			take(out, same);
			same = next_of(same->ai_next, first, true);
		}
		if (other != NULL && out->count < RESOLVE_MAX) {
			take(out, other);
			other = next_of(other->ai_next, first, false);
		}
	}
}

enum want
resolve_step(struct resolve *r, struct addresses *out, struct error *err)
{
	bool done;

	pthread_mutex_lock(&r->lock);
	done = r->done;
	pthread_mutex_unlock(&r->lock);
	if (!done)
		return WANT_WAKE;
	if (!r->has_thread) {
		*out = r->literal;
		return WANT_NOTHING;
	}
	if (r->status != 0 || r->found == NULL)
		return failed(r, err);
	interleave(out, r->found);
	return WANT_NOTHING;
}
