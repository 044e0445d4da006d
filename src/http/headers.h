/*
 * Field lines of one message, in order (RFC 9110 section 5).  Names compare
 * without regard to case and keep the case they came in.
 * Allocates; no I/O, no Lua.  A zeroed struct headers is an empty list.
 */
#ifndef LURL_HEADERS_H
#define LURL_HEADERS_H
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"

struct headers {
	struct buf		 text;	/* owned: names and values */
	struct header_line	*lines;	/* owned: offsets into text */
	size_t			 count;
	size_t			 cap;
	bool			 are_lent;	/* lines: headers_lend */
};

/* Room for most heads: 16 lines of 384 bytes together. */
#define HEADERS_ROOM	640	/* bytes */

/*
 * Gives a list without storage its first: HEADERS_ROOM bytes, aligned as an
 * uint32_t.  They stay the caller's, who keeps them until the list is cleared,
 * or has been moved away.
 */
void	headers_lend(struct headers *h, void *room);

/*
 * Moves the lines of *from to *to, which is empty; those in lent storage are
 * copied.  Returns 0, or -1 when out of memory, *from as it was.
 */
int	headers_move(struct headers *to, struct headers *from);

/* Releases what the list owns and leaves it empty. */
void	headers_clear(struct headers *h);

/* Empties the list and keeps its storage. */
void	headers_reset(struct headers *h);

/*
 * Appends a line; both spans are copied, and are not the list's own.
 * Returns 0, or -1: out of memory, the list as it was.
 */
int	headers_add(struct headers *h, struct span name, struct span value);

/*
 * Makes *to, which is empty, hold the same lines.
 * Returns 0, or -1: out of memory, still empty.
 */
int	headers_copy(struct headers *to, const struct headers *from);

/*
 * Appends more, the rest of a folded line (RFC 9112 section 5.2), to the
 * value of the last line, after a space unless that value is empty.
 * Returns 0, or -1: out of memory, the list as it was.
 */
int	headers_extend(struct headers *h, struct span more);

/*
 * Removes every line of that name, then, unless value.data is NULL, adds one
 * in the place of the first (or at the end).  The spans may be the list's own.
 * Returns 0, or -1: out of memory, the list as it was.
 */
int	headers_set(struct headers *h, struct span name, struct span value);

/*
 * Line i (0 .. count - 1).  Spans are borrowed until the list changes.
 */
struct span	headers_name(const struct headers *h, size_t i);
struct span	headers_value(const struct headers *h, size_t i);

/*
 * The first line of that name at or after index *i; true and *i its index, or
 * false.  for (i = 0; headers_find(h, "via", &i); i++) visits each.
 */
bool	headers_find(const struct headers *h, struct span name, size_t *i);

/* A span of a C string; inline, for most are literals. */
static inline struct span
span_of(const char *s)
{
	struct span span = { s, strlen(s) };

	return span;
}

/* Without the spaces and tabs at both ends (OWS, RFC 9110 section 5.6.3). */
struct span	span_trim(struct span s);

/* ASCII case-insensitive equality. */
bool	span_is(struct span a, const char *s);

/*
 * Whether the list "a, b;q=1" of a field's value has that token, compared
 * without regard to case and parameters (RFC 9110 section 5.6.1).
 */
bool	header_has_token(struct span value, const char *token);

/* field-name = token; field-value without CR, LF, NUL and other controls
 * but HTAB (RFC 9110 sections 5.1, 5.5).  What may be sent. */
bool	header_name_valid(struct span name);
bool	header_value_valid(struct span value);
#endif
