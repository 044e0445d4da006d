/*
 * Content codings undone (RFC 9110 section 8.4.1): gzip, deflate, br and zstd,
 * each where its library was there when this was built.
 * Sans-IO: a piece of the coded body in, pieces of the decoded one out, none
 * longer than CODING_PIECE_MAX however far the coding expands.
 * Allocates; no I/O, no Lua.
 */
#ifndef LURL_CODING_H
#define LURL_CODING_H
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/span.h"

#define CODING_PIECE_MAX	(64 * 1024)	/* bytes of one piece of output */
#define CODING_ZSTD_WINDOW_LOG	23	/* 8 MiB (RFC 9659 section 3) */

struct coding;
struct coding_type;

/*
 * The coding of that name, in any case of letters and with the other names it
 * has (RFC 9110 section 8.4.1.3: x-gzip).
 * Returns static storage; NULL if it is not known here.
 */
const struct coding_type	*coding_find(struct span name);

/* The names of what is known here, for i = 0, 1, ...; NULL past the last. */
const char	*coding_name(size_t i);

/*
 * Makes a decoder, at the start of a body.  Release it with coding_free, which
 * accepts NULL.
 * Returns NULL on failure, and *err: io/ENOMEM.
 */
struct coding	*coding_new(const struct coding_type *type,
		    struct error *err);
void		 coding_free(struct coding *c);

/* Whether all that was pushed has been pulled: time to push, or to finish. */
bool	coding_is_drained(const struct coding *c);

/*
 * Takes the next piece of the coded body.  The decoder is drained.
 * Ownership: in is borrowed until the decoder is drained again.
 */
void	coding_push(struct coding *c, struct span in);

/*
 * Decodes the next *piece, which is not empty and at most CODING_PIECE_MAX
 * bytes.  It is borrowed, and valid until the next call.
 * Returns 1; 0 when the decoder is drained; on failure -1, and then only
 * coding_free may follow.  *err: decode/corrupt (damaged, bytes after the end,
 * a zstd window of more than 8 MiB); io/ENOMEM.
 */
int	coding_pull(struct coding *c, struct span *piece, struct error *err);

/*
 * The body is over.  The decoder is drained.  Nothing at all is a body too: an
 * empty one.
 * Returns 0; on failure -1 and *err: decode/truncated.
 */
int	coding_finish(const struct coding *c, struct error *err);
#endif
