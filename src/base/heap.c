#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"

#define GRAIN		16		/* bytes: sizes are rounded up to it */
#define CLASSES		128
#define SLAB_LEN	(32 * 1024)	/* bytes, with the link */

/* Above it blocks are malloc's. */
#ifdef HEAP_PLAIN
#define SMALL_MAX	0
#else
#define SMALL_MAX	(GRAIN * CLASSES)
#endif

struct spare {
	struct spare	*next;
};

struct slab {
	alignas(GRAIN) struct slab *next;
};

struct heap {
	struct spare	*spare[CLASSES + 1];	/* by size / GRAIN */
	char		*fresh;		/* of the newest slab: */
	size_t		 fresh_len;	/* never used yet */
	struct slab	*slabs;
};

struct heap *
heap_new(void)
{
	return calloc(1, sizeof(struct heap));
}

void
heap_free(struct heap *h)
{
	struct slab *s;

	if (h == NULL)
		return;
	while ((s = h->slabs) != NULL) {
		h->slabs = s->next;
		free(s);
	}
	free(h);
}

static size_t
class_of(size_t len)
{
	return (len + GRAIN - 1) / GRAIN;
}

static void
put(struct heap *h, void *block, size_t class)
{
	struct spare *s = block;

	s->next = h->spare[class];
	h->spare[class] = s;
}

/* What is left of the slab before may still serve somebody. */
static int
add_slab(struct heap *h)
{
	struct slab *s = malloc(SLAB_LEN);

	if (s == NULL)
		return -1;
	if (h->fresh_len > 0)
		put(h, h->fresh, h->fresh_len / GRAIN);
	s->next = h->slabs;
	h->slabs = s;
	h->fresh = (char *)s + sizeof(*s);
	h->fresh_len = SLAB_LEN - sizeof(*s);
	return 0;
}

static void *
take(struct heap *h, size_t class)
{
	struct spare *s = h->spare[class];
	size_t len = class * GRAIN;
	char *block;

	if (s != NULL) {
		h->spare[class] = s->next;
		return s;
	}
	if (h->fresh_len < len && add_slab(h) == -1)
		return NULL;
	block = h->fresh;
	h->fresh += len;
	h->fresh_len -= len;
	return block;
}

static void
give(struct heap *h, void *block, size_t len)
{
	if (len > SMALL_MAX)
		free(block);
	else
		put(h, block, class_of(len));
}

static void *
get(struct heap *h, size_t len)
{
	return len > SMALL_MAX ? malloc(len) : take(h, class_of(len));
}

static void *
move(struct heap *h, void *block, size_t old_len, size_t len)
{
	void *to;

	if (old_len > SMALL_MAX && len > SMALL_MAX)
		return realloc(block, len);
	if (old_len <= SMALL_MAX && len <= SMALL_MAX &&
	    class_of(old_len) == class_of(len))
		return block;
	if ((to = get(h, len)) == NULL)
		return NULL;
	memcpy(to, block, old_len < len ? old_len : len);
	give(h, block, old_len);
	return to;
}

/* Without a block old_len is not a size, but says what it will be. */
void *
heap_alloc(void *heap, void *block, size_t old_len, size_t len)
{
	if (block == NULL)
		return len == 0 ? NULL : get(heap, len);
	if (len > 0)
		return move(heap, block, old_len, len);
	give(heap, block, old_len);
	return NULL;
}
