/*
 * What an option names as PEM file or PEM text, read: its bytes, and what to
 * say when they are not what the option is for.  Reads files; no Lua.
 */
#ifndef LURL_PEM_SOURCE_H
#define LURL_PEM_SOURCE_H
#include "base/error.h"
#include "tls/pem.h"
#include "tls/secret.h"
#include "tls/seen.h"
#include "tls/trust.h"

#define PEM_NAME_LEN	512		/* bytes with the NUL */
#define PEM_SOURCE_MAX	(16 << 20)	/* bytes; a larger one is refused */

struct pem_text {
	char		 name[PEM_NAME_LEN];	/* "key file 'a.pem'" */
	struct secret	 file;		/* empty: it is text */
	struct span	 text;		/* the bytes, borrowed or of file */
};

/*
 * Reads a source for that option; a file is added to seen.
 * Ownership: pem_text_clear wipes, also after a failure.
 * Returns 0, or -1 and *err: usage/value (missing, unreadable, no file, too
 * large); io/ENOMEM.
 */
int	pem_text_read(struct pem_text *t, const struct pem_source *source,
	    const char *option, struct seen *seen, struct error *err);
void	pem_text_clear(struct pem_text *t);

/*
 * The next block of *rest, which begins as t->text, whose label ends so.
 * Returns 1 and *block; 0: there is none; -1 and *err: usage/value, a block
 * has no end.
 */
int	pem_text_next(const struct pem_text *t, struct span *rest,
	    const char *label, struct pem_block *block, struct error *err);

/*
 * Says that there is no such block, and what is there instead; what is what
 * was looked for ("private key").  Returns -1 and *err: usage/value.
 */
int	pem_text_lacks(const struct pem_text *t, const char *what,
	    struct error *err);
#endif
