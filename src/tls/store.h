/*
 * The stores of trusted certificates on this machine: finding the system's,
 * telling a hashed directory from another, reading bundles.
 * Reads files; no sockets, no Lua.
 */
#ifndef LURL_STORE_H
#define LURL_STORE_H
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

#define STORE_FILE_MAX	(64 << 20)	/* bytes; a larger source is refused */

/*
 * The system's store: a hashed directory where there is one (its price per
 * connection is 0.2 ms; a bundle's, parsed anew each time by libtls, some
 * 20 ms), else a bundle.  Static storage.  NULL when there is none.
 */
const char	*store_system(void);

/*
 * A number for the files behind a directory's hashed entries as they are now
 * (device, inode, size, times): another when one of them has changed, though
 * the directory itself is the same.
 */
uint64_t	store_dir_stamp(const char *path);

/*
 * Whether a name is one that c_rehash gives (HHHHHHHH.N), and whether a
 * directory has such entries, the only ones that are ever looked up.
 */
bool	store_is_hashed_name(const char *name);
bool	store_is_hashed_dir(const char *path);

/*
 * Whether two hashed directories hold certificates of the same subject.
 * OpenSSL looks for a subject in the first directory that has it, and nowhere
 * else, so the two are then no union.
 */
bool	store_dirs_overlap(const char *a, const char *b);

/*
 * Appends to pem the certificates of a file, of every hashed entry of a
 * directory, or of text, one PEM block after the other, in order; name is what
 * messages call the source ("ca file '/x.pem'").  Every block is decoded, and
 * written anew; what is no certificate (a private key) is left out.
 * Return 0; on failure -1 and *err: usage/value (missing, unreadable, empty,
 * too large, no certificate in it, the n-th one damaged; the message names the
 * source, and says so where it holds a private key or is DER); io/ENOMEM.
 */
int	store_read_file(struct buf *pem, const char *path, struct error *err);
int	store_read_dir(struct buf *pem, const char *path, struct error *err);
int	store_read_text(struct buf *pem, const char *text, size_t len,
	    const char *name, struct error *err);

/*
 * The same blocks as they stand, not decoded, which costs a hundredth: for
 * whoever knows already what they are worth (index.h).  A damaged certificate
 * is told only where its END line is missing.
 */
int	store_copy_file(struct buf *pem, const char *path, struct error *err);
int	store_copy_dir(struct buf *pem, const char *path, struct error *err);
int	store_copy_text(struct buf *pem, const char *text, size_t len,
	    const char *name, struct error *err);
#endif
