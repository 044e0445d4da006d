#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "loop.h"

#define UV_PIPES	3	/* as many descriptors as libuv opens */

struct wake {
	uv_timer_t	 timer;
	struct loop	*loop;
	struct wake	*next;		/* in loop->spare or loop->posted */
	struct wake	*behind;	/* in loop->line */
	void		*owner;		/* NULL: nobody */
	unsigned int	 holds;		/* wake_hold's */
	int64_t		 at;		/* the timer's time; INT64_MAX: none */
	bool		 ready;
	bool		 in_line;
	bool		 is_freed;	/* but in line still, or held */
	bool		 is_posted;	/* under loop->lock */
};

struct watch {
	uv_poll_t	 poll;
	struct wake	*wake;		/* NULL: nobody waits */
	int		 events;	/* what poll is started for */
};

struct loop {
	uv_loop_t	 uv;
	uv_async_t	 bell;		/* other threads and signal handlers */
	uv_mutex_t	 lock;		/* guards posted */
	struct wake	*posted;
	struct wake	*spare;		/* initialised, in nobody's hands */
	struct wake	*line;		/* ready, and owned: the first, */
	struct wake	**line_end;	/* and where the next one goes */
	unsigned int	 refs;
	bool		 is_open;	/* uv, bell and lock are initialised */
	volatile sig_atomic_t interrupted;
};

struct loop *
loop_new(void)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->refs = 1;
	l->line_end = &l->line;
	return l;
}

struct loop *
loop_ref(struct loop *l)
{
	l->refs++;
	return l;
}

void
wake_mark(struct wake *w)
{
	struct loop *l = w->loop;

	w->ready = true;
	if (w->owner == NULL || w->in_line)
		return;
	w->in_line = true;
	w->behind = NULL;
	*l->line_end = w;
	l->line_end = &w->behind;
}

static void
on_bell(uv_async_t *bell)
{
	struct loop *l = bell->data;
	struct wake *w;

	uv_mutex_lock(&l->lock);
	while ((w = l->posted) != NULL) {
		l->posted = w->next;
		w->is_posted = false;
		wake_mark(w);
	}
	uv_mutex_unlock(&l->lock);
}

/*
 * Whether the descriptors that libuv needs to start are to be had: it aborts
 * the process when it cannot make its first pipe.
 */
static int
check_descriptors(struct error *err)
{
	int fds[UV_PIPES][2], n = 0, errnum = 0;

	while (n < UV_PIPES && pipe(fds[n]) == 0)
		n++;
	if (n < UV_PIPES)
		errnum = errno;
	while (n-- > 0) {
		close(fds[n][0]);
		close(fds[n][1]);
	}
	errno = errnum;
	return errnum == 0 ? 0 : error_set(err, ERR_IO,
	    error_errno_name(errnum), "event loop");
}

static int
loop_open(struct loop *l, struct error *err)
{
	int rv;

	if (l->is_open)
		return 0;
	if (check_descriptors(err) == -1)
		return -1;
	if ((rv = uv_loop_init(&l->uv)) != 0)
		return error_setx(err, ERR_IO, error_errno_name(-rv),
		    "event loop: %s", uv_strerror(rv));
	if ((rv = uv_async_init(&l->uv, &l->bell, on_bell)) != 0 ||
	    (rv = uv_mutex_init(&l->lock)) != 0) {
		/* Only with a broken libc; what uv_loop_init took is lost. */
		return error_setx(err, ERR_IO, error_errno_name(-rv),
		    "event loop: %s", uv_strerror(rv));
	}
	l->bell.data = l;
	uv_unref((uv_handle_t *)&l->bell);
	l->is_open = true;
	return 0;
}

static void
free_wake(uv_handle_t *timer)
{
	free(timer->data);
}

static void
free_watch(uv_handle_t *poll)
{
	free(poll->data);
}

void
loop_unref(struct loop *l)
{
	struct wake *w;

	if (l == NULL || --l->refs > 0)
		return;
	if (l->is_open) {
		while (loop_next(l) != NULL)
			;	/* whose owners have gone */
		while ((w = l->spare) != NULL) {
			l->spare = w->next;
			uv_close((uv_handle_t *)&w->timer, free_wake);
		}
		uv_close((uv_handle_t *)&l->bell, NULL);
		uv_run(&l->uv, UV_RUN_DEFAULT);
		uv_loop_close(&l->uv);
		uv_mutex_destroy(&l->lock);
	}
	free(l);
}

int64_t
loop_now_ms(void)
{
	return (int64_t)(uv_hrtime() / 1000000);
}

double
loop_now(void)
{
	return (double)uv_hrtime() / 1e9;
}

int64_t
loop_ms(double seconds)
{
	return (int64_t)(seconds * 1e3);
}

int64_t
loop_after(int64_t since_ms, int64_t limit_ms)
{
	return limit_ms == INT64_MAX ? INT64_MAX : since_ms + limit_ms;
}

bool
loop_turn(struct loop *l, bool block)
{
	if (!l->is_open || !uv_loop_alive(&l->uv))
		return false;
	uv_run(&l->uv, block ? UV_RUN_ONCE : UV_RUN_NOWAIT);
	return true;
}

bool
loop_wait(struct loop *l, struct wake *w)
{
	while (!w->ready && !l->interrupted)
		uv_run(&l->uv, UV_RUN_ONCE);
	w->ready = false;
	return !loop_take_interrupt(l);
}

bool
loop_is_interrupted(const struct loop *l)
{
	return l->interrupted != 0;
}

bool
loop_take_interrupt(struct loop *l)
{
	bool was = l->interrupted != 0;

	l->interrupted = 0;
	return was;
}

void
loop_interrupt(struct loop *l)
{
	l->interrupted = 1;
	if (l->is_open)
		uv_async_send(&l->bell);
}

void
loop_post(struct loop *l, struct wake *w)
{
	uv_mutex_lock(&l->lock);
	if (!w->is_posted) {
		w->is_posted = true;
		w->next = l->posted;
		l->posted = w;
	}
	uv_mutex_unlock(&l->lock);
	uv_async_send(&l->bell);
}

struct wake *
wake_new(struct loop *l, struct error *err)
{
	struct wake *w;

	if (loop_open(l, err) == -1)
		return NULL;
	if ((w = l->spare) != NULL) {
		l->spare = w->next;
	} else {
		if ((w = calloc(1, sizeof(*w))) == NULL) {
			error_nomem(err);
			return NULL;
		}
		uv_timer_init(&l->uv, &w->timer);
		w->timer.data = w;
		w->loop = l;
		w->at = INT64_MAX;
	}
	w->ready = false;
	return w;
}

static void
set_aside(struct wake *w)
{
	w->is_freed = false;
	w->next = w->loop->spare;
	w->loop->spare = w;
}

/*
 * A wake on its way from another thread stays in the list of the posted until
 * the bell has been answered, so it is kept out of the spare ones till then.
 */
void
wake_free(struct wake *w)
{
	struct loop *l;
	bool posted;

	if (w == NULL)
		return;
	l = w->loop;
	uv_mutex_lock(&l->lock);
	posted = w->is_posted;
	uv_mutex_unlock(&l->lock);
	if (posted)
		on_bell(&l->bell);
	if (w->owner != NULL || w->holds > 0)
		wake_mark(w);
	if (w->in_line || w->holds > 0)	/* somebody is still to be told */
		w->is_freed = true;
	else
		set_aside(w);
}

void
wake_hold(struct wake *w)
{
	w->holds++;
}

void
wake_release(struct wake *w)
{
	if (--w->holds == 0 && w->is_freed && !w->in_line)
		set_aside(w);
}

void
wake_own(struct wake *w, void *owner)
{
	w->owner = owner;
	if (w->ready)
		wake_mark(w);
}

void
wake_disown(struct wake *w)
{
	w->owner = NULL;
}

bool
wake_has_owner(const struct wake *w)
{
	return w->owner != NULL;
}

bool
wake_is_ready(const struct wake *w)
{
	return w->ready;
}

void *
loop_next(struct loop *l)
{
	struct wake *w;
	void *owner = NULL;

	while (owner == NULL && (w = l->line) != NULL) {
		if ((l->line = w->behind) == NULL)
			l->line_end = &l->line;
		w->in_line = false;
		if ((owner = w->owner) != NULL)
			w->ready = false;	/* else it is not told here */
		w->owner = NULL;
		if (w->is_freed && w->holds == 0)
			set_aside(w);
	}
	return owner;
}

static void
on_timer(uv_timer_t *timer)
{
	struct wake *w = timer->data;

	w->at = INT64_MAX;
	wake_mark(w);
}

/*
 * A timer that is due earlier is left alone: deadlines mostly move away, and
 * waking once for nothing is cheaper than a new timer for every read.
 */
void
wake_at(struct wake *w, int64_t at_ms)
{
	int64_t in;

	if (at_ms >= w->at)
		return;
	in = at_ms - loop_now_ms();
	uv_update_time(&w->loop->uv);
	w->at = at_ms;
	uv_timer_start(&w->timer, on_timer, in > 0 ? (uint64_t)in : 0, 0);
}

struct watch *
watch_new(struct loop *l, int fd, struct error *err)
{
	struct watch *w;
	int rv;

	if (loop_open(l, err) == -1)
		return NULL;
	if ((w = calloc(1, sizeof(*w))) == NULL) {
		error_nomem(err);
		return NULL;
	}
	if ((rv = uv_poll_init(&l->uv, &w->poll, fd)) != 0) {
		free(w);
		error_setx(err, ERR_IO, error_errno_name(-rv),
		    "watching a socket: %s", uv_strerror(rv));
		return NULL;
	}
	w->poll.data = w;
	return w;
}

void
watch_free(struct watch *w)
{
	if (w != NULL)
		uv_close((uv_handle_t *)&w->poll, free_watch);
}

/* With nobody waiting, a ready descriptor is watched no more: else it spins. */
static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;

	(void)events;
	if (status < 0)
		w->events = 0;		/* libuv has stopped it */
	if (w->wake != NULL) {
		wake_mark(w->wake);
	} else if (w->events != 0) {
		w->events = 0;
		uv_poll_stop(poll);
	}
}

void
watch_for(struct watch *w, int events, struct wake *wake)
{
	w->wake = wake;
	if (events == w->events)
		return;
	w->events = events;
	uv_poll_start(&w->poll,
	    (events & LOOP_READ ? UV_READABLE : 0) |
	    (events & LOOP_WRITE ? UV_WRITABLE : 0), on_poll);
}

void
watch_rest(struct watch *w)
{
	w->wake = NULL;
}
