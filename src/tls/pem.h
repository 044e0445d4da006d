/*
 * PEM text (RFC 7468): finding the blocks, decoding and writing one.
 * Text around and between blocks, a byte order mark, CR LF, blanks around
 * lines are let pass, as people paste and editors save.
 * Allocates; no I/O, no Lua.
 */
#ifndef LURL_PEM_H
#define LURL_PEM_H
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

struct pem_block {
	struct span	label;	/* "CERTIFICATE"; borrows the text */
	struct span	body;	/* what is between BEGIN and END line */
};

/*
 * Takes everything up to the end of the next block off the front of *text.
 * Returns 1 and *block; 0 when there is no further block; -1 for a block
 * without its END line, of which only the label is there.
 */
int	pem_next(struct span *text, struct pem_block *block);

/*
 * Appends what the body of a block encodes.  One with header fields (an
 * encrypted one) is taken for bad base64.
 * Returns 1; 0 when it is not base64; -1 when out of memory.
 */
int	pem_decode(const struct pem_block *block, struct buf *der);

/* Appends a block.  Returns 0, or -1 when out of memory. */
int	pem_add(struct buf *pem, const char *label, const void *der,
	    size_t len);
#endif
