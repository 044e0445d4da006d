#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define CAP_MIN	64	/* bytes: the first allocation */

/* Moves what is readable to the start of the storage. */
static void
reclaim(struct buf *b)
{
	if (b->off == 0)
		return;
	memmove(b->data, b->data + b->off, b->len - b->off);
	b->len -= b->off;
	b->off = 0;
}

/*
 * Room for need bytes in all, at most PTRDIFF_MAX; at least doubles, so that
 * appending stays linear.
 */
static int
grow(struct buf *b, size_t need)
{
	size_t cap = b->cap == 0 ? CAP_MIN : b->cap * 2;
	char *data;

	while (cap < need)
		cap *= 2;
	data = realloc(b->is_lent ? NULL : b->data, cap);
	if (data == NULL)
		return -1;
	if (b->is_lent && b->len > 0)
		memcpy(data, b->data, b->len);
	b->data = data;
	b->cap = cap;
	b->is_lent = false;
	return 0;
}

void
buf_lend(struct buf *b, void *data, size_t cap)
{
	memset(b, 0, sizeof(*b));
	b->data = data;
	b->cap = cap;
	b->is_lent = true;
}

void
buf_clear(struct buf *b)
{
	if (!b->is_lent)
		free(b->data);
	memset(b, 0, sizeof(*b));
}

void
buf_reset(struct buf *b)
{
	b->off = b->len = 0;
}

char *
buf_reserve(struct buf *b, size_t n)
{
	/* A move that frees less than it copies might come back next time. */
	bool worth = b->off >= b->len - b->off;

	if (b->data != NULL && n <= b->cap - b->len)
		return b->data + b->len;
	reclaim(b);
	if (n > PTRDIFF_MAX - b->len)
		return NULL;	/* no object is that large */
	if ((b->data == NULL || !worth || n > b->cap - b->len) &&
	    grow(b, b->len + n) == -1)
		return NULL;
	return b->data + b->len;
}

void
buf_added(struct buf *b, size_t n)
{
	assert(n <= b->cap - b->len);
	b->len += n;
}

int
buf_add(struct buf *b, const void *data, size_t n)
{
	char *to;

	if (n == 0)
		return 0;
	to = buf_reserve(b, n);
	if (to == NULL)
		return -1;
	memcpy(to, data, n);
	buf_added(b, n);
	return 0;
}

int
buf_adds(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char *to;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return -1;
	to = buf_reserve(b, (size_t)n + 1);	/* vsnprintf's NUL */
	if (to == NULL)
		return -1;
	va_start(ap, fmt);
	vsnprintf(to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf_added(b, (size_t)n);
	return 0;
}

struct span
buf_span(const struct buf *b)
{
	struct span s = { NULL, b->len - b->off };

	if (b->data != NULL)
		s.data = b->data + b->off;
	return s;
}

void
buf_take(struct buf *b, size_t n)
{
	assert(n <= b->len - b->off);
	b->off += n;
	if (b->off == b->len)
		buf_reset(b);
}
