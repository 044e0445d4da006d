#include <stdlib.h>

#include "pool.h"

/* Servers close after 75 s (nginx) or less. */
const struct pool_limits pool_defaults = { 64, 256, 60000 };

struct pool {
	struct loop	*loop;
	struct pool_limits limits;
	struct conn	*idle;		/* most recently used first */
	struct conn	*busy;		/* in no order; not ours to free */
	bool		 is_closed;	/* nobody will take any */
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
	struct conn *c;

	p->is_closed = true;
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

struct conn *
pool_take(struct pool *p, const struct target *target)
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
		if (wire_is_idle(c->wire))
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
	return c != NULL;
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

struct conn *
pool_dial(struct pool *p, struct wake *wake, const struct target *target,
    struct error *err)
{
	struct conn *c;

	if (!make_room(p, target, p->limits.per_host) ||
	    !make_room(p, NULL, p->limits.total)) {
		error_setx(err, ERR_TIMEOUT, "pool", "all connections that the "
		    "session may have are busy");
		error_hint(err, "close responses that are not read to their "
		    "end, or raise pool={per_host=, total=}");
		return NULL;
	}
	c = conn_new(p->loop, wake, target, err);
	return c == NULL ? NULL : set_busy(p, c);
}

void
pool_drop(struct pool *p, struct conn *c)
{
	if (c == NULL)
		return;
	unset_busy(p, c);
	conn_free(c);
}

void
pool_give(struct pool *p, struct conn *c)
{
	unset_busy(p, c);
	if (p->is_closed) {
		conn_free(c);
		return;
	}
	wire_rest(c->wire);
	c->idle_since_ms = loop_now_ms();
	c->next = p->idle;
	p->idle = c;
}
