#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lookup.h"

enum stage {
	QUEUED,
	RUNNING,	/* in a thread, and somebody waits for it */
	LEFT,		/* in a thread, and nobody does */
	ANSWERED
};

struct lookup {
	enum stage	 stage;
	struct asker	*askers;
	struct lookup	*next;		/* in all, unless it is answered */
	char		*host;
	char		*port;
	struct lookup_answer answer;	/* the thread's, until ANSWERED */
};

/* Everything but answer is used under the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct lookup *all;		/* not answered yet; oldest first */
static size_t running;			/* those RUNNING */

static void
destroy(struct lookup *l)
{
	if (l == NULL)
		return;
	if (l->answer.found != NULL)
		freeaddrinfo(l->answer.found);
	free(l->host);
	free(l->port);
	free(l);
}

static void
unlink_lookup(const struct lookup *l)
{
	struct lookup **at = &all;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
}

static struct lookup *
first_queued(void)
{
	struct lookup *l = all;

	while (l != NULL && l->stage != QUEUED)
		l = l->next;
	return l;
}

/* True: nobody wants it any more. */
static bool
tell(struct lookup *l)
{
	struct asker *a;

	unlink_lookup(l);
	if (l->stage == LEFT)
		return true;
	running--;
	l->stage = ANSWERED;
	for (a = l->askers; a != NULL; a = a->next)
		loop_post(a->loop, a->wake);
	return false;
}

/* Looks one up, and then the next that stands in line. */
static void *
look_up(void *arg)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct lookup *l = arg;
	bool is_left;

	while (l != NULL) {
		l->answer.status = getaddrinfo(l->host, l->port, &hints,
		    &l->answer.found);
		l->answer.saved_errno = errno;
		pthread_mutex_lock(&lock);
		is_left = tell(l);
		if (is_left)
			destroy(l);
		l = running < LOOKUP_MAX ? first_queued() : NULL;
		if (l != NULL) {
			l->stage = RUNNING;
			running++;
		}
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

/* Signals are for the script's thread. */
static int
start_thread(struct lookup *l)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all_signals, before;
	int rv;

	if ((rv = pthread_attr_init(&attr)) != 0)
		return rv;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all_signals);
	pthread_sigmask(SIG_SETMASK, &all_signals, &before);
	rv = pthread_create(&thread, &attr, look_up, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (rv == 0) {
		l->stage = RUNNING;
		running++;
	}
	return rv;
}

static struct lookup *
find(const char *host, const char *port)
{
	struct lookup *l = all;

	while (l != NULL && (l->stage == LEFT || strcmp(l->host, host) != 0 ||
	    strcmp(l->port, port) != 0))
		l = l->next;
	return l;
}

static struct lookup *
make(const char *host, const char *port, struct error *err)
{
	struct lookup *l = calloc(1, sizeof(*l)), **end = &all;

	if (l == NULL || (l->host = strdup(host)) == NULL ||
	    (l->port = strdup(port)) == NULL) {
		destroy(l);
		error_nomem(err);
		return NULL;
	}
	while (*end != NULL)
		end = &(*end)->next;
	*end = l;
	return l;
}

/* Where there is a thread already that will come to it, none is needed. */
static struct lookup *
begin(const char *host, const char *port, struct error *err)
{
	struct lookup *l = make(host, port, err);
	int rv;

	if (l == NULL || running == LOOKUP_MAX ||
	    (rv = start_thread(l)) == 0 || running > 0)
		return l;
	unlink_lookup(l);
	destroy(l);
	error_setx(err, ERR_IO, error_errno_name(rv),
	    "thread for a look-up: %s", strerror(rv));
	return NULL;
}

struct lookup *
lookup_join(const char *host, const char *port, struct asker *asker,
    struct error *err)
{
	struct lookup *l;

	pthread_mutex_lock(&lock);
	if ((l = find(host, port)) == NULL)
		l = begin(host, port, err);
	if (l != NULL) {
		asker->next = l->askers;
		l->askers = asker;
	}
	pthread_mutex_unlock(&lock);
	return l;
}

/* A thread that nobody waits for makes room for another. */
static void
leave_behind(struct lookup *l)
{
	struct lookup *next;

	l->stage = LEFT;
	running--;
	if ((next = first_queued()) != NULL)
		(void)start_thread(next);	/* or a thread comes to it */
}

void
lookup_leave(struct lookup *l, struct asker *asker)
{
	struct asker **at;

	pthread_mutex_lock(&lock);
	for (at = &l->askers; *at != asker; at = &(*at)->next)
		;
	*at = asker->next;
	if (l->askers == NULL && l->stage == RUNNING) {
		leave_behind(l);
	} else if (l->askers == NULL) {
		if (l->stage == QUEUED)
			unlink_lookup(l);
		destroy(l);
	}
	pthread_mutex_unlock(&lock);
}

bool
lookup_is_done(struct lookup *l)
{
	bool done;

	pthread_mutex_lock(&lock);
	done = l->stage == ANSWERED;
	pthread_mutex_unlock(&lock);
	return done;
}

const struct lookup_answer *
lookup_answer(const struct lookup *l)
{
	return &l->answer;
}
