/*
 * Whole files that hold secrets: read at once, and written so that nobody else
 * can read them and no reader ever finds half of one.
 * I/O, which blocks as long as the disk takes; allocates; no Lua.
 */
#ifndef LURL_FILE_H
#define LURL_FILE_H
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"

#define FILE_MAX_LEN	67108864	/* bytes: 64 MiB; cookies need 15 at most */
#define FILE_LINKS_MAX	8		/* symbolic links on the way to a file */

/*
 * Appends what the file holds to b; *mode becomes its permission bits (0777).
 * Returns 0; on failure -1 and *err: io, with the errno's name (EFBIG when it
 * is longer than FILE_MAX_LEN), b with whatever had been read.
 */
int	file_read(const char *path, struct buf *b, mode_t *mode,
	    struct error *err);

/*
 * Makes data the content of the file: a temporary file beside it, of mode 0600
 * from the start, is written, synced to the disk and renamed to path.
 * A symbolic link that belongs to this user is followed and so remains; anybody
 * else's is replaced, since who plants one in a shared directory chooses what
 * would be overwritten.
 * Returns 0; on failure -1, *err: io, with the errno's name (EISDIR, and EINVAL
 * for anything else that is no regular file), the old content in place and no
 * temporary file left.
 */
int	file_write_private(const char *path, struct span data,
	    struct error *err);
#endif
