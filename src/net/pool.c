#include <stdlib.h>
#include <string.h>

#include "pool.h"

#define SHARE_WAIT_MS	1000	/* for another's connection to be there */

/* Servers close after 75 s (nginx) or less. */
const struct pool_limits pool_defaults = { 64, 256, 60000 };

struct pool {
	struct loop	*loop;
	struct pool_limits limits;
	struct conn	*idle;		/* most recently used first */
	struct conn	*busy;		/* in no order; not ours to free */
	bool		 is_closed;	/* nobody will take any */
	struct pool_place *line;	/* who came first stands first, */
	struct pool_place **line_end;	/* and who comes next goes there */
	unsigned int	 refs;
};

struct pool *
pool_new(struct loop *loop, const struct pool_limits *limits)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->loop = loop_ref(loop);
	p->limits = *limits;
	p->line_end = &p->line;
	p->refs = 1;
	return p;
}

struct pool *
pool_ref(struct pool *p)
{
	p->refs++;
	return p;
}

void
pool_unref(struct pool *p)
{
	if (p == NULL || --p->refs > 0)
		return;
	pool_close(p);
	loop_unref(p->loop);
	free(p);
}

struct loop *
pool_loop(const struct pool *p)
{
	return p->loop;
}

void
pool_close(struct pool *p)
{
	struct pool_place *at;
	struct conn *c;

	p->is_closed = true;
	for (at = p->line; at != NULL; at = at->next)
		wake_mark(at->wake);
	while ((c = p->idle) != NULL) {
		p->idle = c->next;
		conn_free(c);
	}
}

static struct conn *
unlink_at(struct conn **at)
{
	struct conn *c = *at;

	*at = c->next;
	c->next = NULL;
	return c;
}

static bool
is_stale(const struct pool *p, const struct conn *c)
{
	return loop_now_ms() - c->idle_since_ms > p->limits.idle_ms;
}

static struct conn *
set_busy(struct pool *p, struct conn *c)
{
	c->next = p->busy;
	p->busy = c;
	return c;
}

static void
unset_busy(struct pool *p, const struct conn *c)
{
	struct conn **at = &p->busy;

	while (*at != c)
		at = &(*at)->next;
	unlink_at(at);
}

/* The one over HTTP/2 that has room for another request; NULL: none has. */
static struct conn *
find_shared(const struct pool *p, const struct target *target)
{
	struct conn *c = p->busy;

	while (c != NULL && (c->mux == NULL || !mux_has_room(c->mux) ||
	    !conn_serves(c, target)))
		c = c->next;
	return c;
}

/*
 * Whether one is being made that may turn out to be for sharing: HTTP/2 will
 * be offered, and no other connection says that the server knows none.
 */
static bool
is_coming(const struct pool *p, const struct target *target)
{
	const struct conn *c;
	bool found = false;

	if (target->trust == NULL ||
	    trust_http(target->trust) == TRUST_HTTP_1)
		return false;
	for (c = p->idle; c != NULL; c = c->next)
		if (c->mux == NULL && conn_serves(c, target))
			return false;
	for (c = p->busy; c != NULL; c = c->next) {
		if (!conn_serves(c, target))
			continue;
		if (conn_is_ready(c) && c->mux == NULL)
			return false;
		found |= !conn_is_ready(c);
	}
	return found;
}

static struct conn *
take_idle(struct pool *p, const struct target *target)
{
	struct conn **at = &p->idle, *c;

	while (*at != NULL) {
		if (is_stale(p, *at)) {
			conn_free(unlink_at(at));
			continue;
		}
		if (!conn_serves(*at, target)) {
			at = &(*at)->next;
			continue;
		}
		c = unlink_at(at);
		if (conn_is_idle(c))
			return set_busy(p, c);
		conn_free(c);
	}
	return NULL;
}

bool
pool_has(const struct pool *p, const struct target *target)
{
	const struct conn *c = p->idle;

	while (c != NULL && !conn_serves(c, target))
		c = c->next;
	return c != NULL || find_shared(p, target) != NULL;
}

/* NULL: any host. */
static size_t
count(const struct conn *list, const struct target *host)
{
	size_t n = 0;

	for (; list != NULL; list = list->next)
		if (host == NULL || conn_is_to(list, host))
			n++;
	return n;
}

/* Closes the one that has been idle longest; false when none is. */
static bool
close_idle(struct pool *p, const struct target *host)
{
	struct conn **at, **oldest = NULL;

	for (at = &p->idle; *at != NULL; at = &(*at)->next)
		if (host == NULL || conn_is_to(*at, host))
			oldest = at;
	if (oldest == NULL)
		return false;
	conn_free(unlink_at(oldest));
	return true;
}

/* Whether there is room, or can be made, for one more to host (NULL: any). */
static bool
make_room(struct pool *p, const struct target *host, size_t limit)
{
	while (count(p->busy, host) + count(p->idle, host) >= limit)
		if (!close_idle(p, host))
			return false;
	return true;
}

/* The line. */

static bool
is_same_host(const struct target *a, const struct target *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

/* Somebody else's handshake is waited for, though not for long: it may hang. */
static bool
waits_for_other(const struct pool *p, const struct pool_place *place)
{
	return !place->is_alone && is_coming(p, place->target) &&
	    (!place->in_line ||
	    loop_now_ms() < place->since_ms + SHARE_WAIT_MS);
}

/* Counting what is idle as room, if there is any that he would take. */
static bool
has_room(const struct pool *p, const struct pool_place *place)
{
	const struct target *target = place->target;

	return find_shared(p, target) != NULL ||
	    (count(p->busy, NULL) < p->limits.total &&
	    count(p->busy, target) < p->limits.per_host &&
	    !waits_for_other(p, place));
}

/* Wakes the first for whom there is room. */
static void
call_next(struct pool *p)
{
	const struct target *full = NULL;
	struct pool_place *at;

	for (at = p->line; at != NULL; at = at->next) {
		if (full != NULL && is_same_host(full, at->target))
			continue;
		full = at->target;
		if (has_room(p, at)) {
			wake_mark(at->wake);
			return;
		}
	}
}

/* Those who waited for this one to be shared are not to wait for another. */
static void
disappoint(struct pool *p, const struct conn *c)
{
	struct pool_place *at;

	for (at = p->line; at != NULL; at = at->next)
		if (conn_serves(c, at->target))
			at->is_alone = true;
}

/* Whether somebody has been waiting for this host for longer. */
static bool
is_behind(const struct pool *p, const struct pool_place *place)
{
	const struct pool_place *at = p->line;

	while (at != NULL && at != place &&
	    !is_same_host(at->target, place->target))
		at = at->next;
	return at != NULL && at != place;
}

static enum want
join_line(struct pool *p, struct pool_place *place)
{
	int64_t now = loop_now_ms();

	if (place->in_line) {
		if (now >= place->again_ms)
			place->again_ms = INT64_MAX;
		return WANT_WAKE;
	}
	place->next = NULL;
	place->in_line = true;
	place->since_ms = now;
	place->again_ms = now + SHARE_WAIT_MS;
	*p->line_end = place;
	p->line_end = &place->next;
	return WANT_WAKE;
}

void
pool_leave(struct pool *p, struct pool_place *place)
{
	struct pool_place **at = &p->line;

	if (!place->in_line)
		return;
	while (*at != place)
		at = &(*at)->next;
	if ((*at = place->next) == NULL)
		p->line_end = at;
	place->in_line = false;
	call_next(p);		/* it may have been called itself */
}

enum want
pool_ask(struct pool *p, struct pool_place *place, struct conn **c,
    struct error *err)
{
	const struct target *target = place->target;

	if (p->is_closed) {
		error_setx(err, ERR_USAGE, "value", "session is closed");
		return WANT_FAILED;
	}
	if (is_behind(p, place))
		return join_line(p, place);
	*c = find_shared(p, target);
	if (*c == NULL && !place->fresh)
		*c = take_idle(p, target);
	if (*c == NULL && (waits_for_other(p, place) ||
	    !make_room(p, target, p->limits.per_host) ||
	    !make_room(p, NULL, p->limits.total)))
		return join_line(p, place);
	if (*c == NULL &&
	    (*c = conn_new(p->loop, place->wake, target, err)) != NULL)
		set_busy(p, *c);
	if (*c != NULL)
		(*c)->users++;
	pool_leave(p, place);
	return *c == NULL ? WANT_FAILED : WANT_NOTHING;
}

void
pool_ready(struct pool *p)
{
	call_next(p);
}

void
pool_drop(struct pool *p, struct conn *c)
{
	if (c == NULL)
		return;
	if (!conn_is_ready(c))
		disappoint(p, c);
	unset_busy(p, c);
	conn_free(c);
	call_next(p);
}

/* Whether it is good for another request, of which it knows nothing yet. */
static bool
is_open(const struct pool *p, const struct conn *c)
{
	return !p->is_closed && (c->mux == NULL || mux_is_open(c->mux));
}

void
pool_give(struct pool *p, struct conn *c)
{
	if (--c->users > 0) {
		call_next(p);
		return;
	}
	if (!is_open(p, c)) {
		pool_drop(p, c);
		return;
	}
	unset_busy(p, c);
	wire_rest(c->wire);
	c->idle_since_ms = loop_now_ms();
	c->next = p->idle;
	p->idle = c;
	call_next(p);
}
