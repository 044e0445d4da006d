#include <stdlib.h>

#include "pool.h"

struct pool {
	struct loop	*loop;
	struct conn	*idle;		/* most recently used first */
	unsigned int	 refs;
};

struct pool *
pool_new(struct loop *loop)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->loop = loop_ref(loop);
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
	pool_empty(p);
	loop_unref(p->loop);
	free(p);
}

struct loop *
pool_loop(const struct pool *p)
{
	return p->loop;
}

void
pool_empty(struct pool *p)
{
	struct conn *c;

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
is_stale(const struct conn *c)
{
	return loop_now_ms() - c->idle_since_ms > POOL_IDLE_MS;
}

struct conn *
pool_take(struct pool *p, const struct target *target)
{
	struct conn **at = &p->idle, *c;

	while (*at != NULL) {
		if (is_stale(*at)) {
			conn_free(unlink_at(at));
			continue;
		}
		if (!conn_serves(*at, target)) {
			at = &(*at)->next;
			continue;
		}
		c = unlink_at(at);
		if (wire_is_idle(c->wire))
			return c;
		conn_free(c);
	}
	return NULL;
}

void
pool_give(struct pool *p, struct conn *c)
{
	struct conn **at;
	size_t kept = 0;

	wire_rest(c->wire);
	c->idle_since_ms = loop_now_ms();
	c->next = p->idle;
	p->idle = c;
	for (at = &p->idle; *at != NULL; at = &(*at)->next)
		if (++kept > POOL_TOTAL) {
			conn_free(unlink_at(at));
			break;
		}
}
