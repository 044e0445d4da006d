/*
 * Memory for a Lua state: what is freed is had again by the next of its size,
 * at the cost of a few instructions.  Not for several threads at once.
 *
 * A script makes and drops small objects all the time, and its state knows the
 * size of each, which malloc has to find out and Lua's own allocator does not
 * tell it.  Compiled with HEAP_PLAIN all of it is malloc's, which
 * AddressSanitizer and valgrind watch.
 */
#ifndef LURL_HEAP_H
#define LURL_HEAP_H
#include <stddef.h>

struct heap;

/* NULL: out of memory. */
struct heap	*heap_new(void);

/* Gives back all that was ever had from it.  Accepts NULL. */
void	heap_free(struct heap *h);

/*
 * A lua_Alloc (Lua 5.4 manual, section 4.6); heap is a struct heap.  A block
 * that becomes smaller may have to move, so that this can fail, too.
 */
void	*heap_alloc(void *heap, void *block, size_t old_len, size_t len);
#endif
