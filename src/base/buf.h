/*
 * A growing byte buffer, read from the front and written at the back.
 * Allocates; no I/O, no Lua.  A zeroed struct buf is an empty buffer.
 */
#ifndef LURL_BUF_H
#define LURL_BUF_H
#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

struct buf {
	char	*data;	/* owned; what is readable starts at data + off */
	size_t	 off;	/* bytes already taken from the front */
	size_t	 len;	/* end of what was written; off <= len <= cap */
	size_t	 cap;
	bool	 is_lent;	/* data is not: buf_lend */
};

/*
 * Gives a buffer without storage its first cap bytes of it.  They stay the
 * caller's, who keeps them until the buffer is cleared.
 */
void	buf_lend(struct buf *b, void *data, size_t cap);

/* Releases the storage and leaves an empty buffer.  Accepts a zeroed one. */
void	buf_clear(struct buf *b);

/* Empties the buffer and keeps its storage. */
void	buf_reset(struct buf *b);

/*
 * Makes room for n more bytes after the last one (what was taken from the
 * front is reclaimed first).
 * Returns where to write them, then call buf_added; NULL when out of memory.
 */
char	*buf_reserve(struct buf *b, size_t n);
void	 buf_added(struct buf *b, size_t n);

/* Appends.  Return 0, or -1 when out of memory, the buffer as it was. */
int	buf_add(struct buf *b, const void *data, size_t n);
int	buf_adds(struct buf *b, const char *s);
int	buf_addf(struct buf *b, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* What is readable.  Borrowed: valid until the buffer is next written to. */
struct span	buf_span(const struct buf *b);

/* Takes n readable bytes off the front. */
void	buf_take(struct buf *b, size_t n);
#endif
