/*
 * Files as they were just before they were read, and whether they are still:
 * how a change on disk is noticed.  Asks the file system; no Lua.
 */
#ifndef LURL_SEEN_H
#define LURL_SEEN_H
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct seen_file;

/* A zeroed one is empty. */
struct seen {
	struct seen_file *files;
	size_t		 count;
};

/*
 * Remembers what a path leads to now (device, inode, size, mtime and ctime in
 * ns); what is how messages call it ("ca").
 * Ownership: the absolute path that is returned is the list's.
 * Returns NULL and *err: usage/value, with the errno's words; io/ENOMEM.
 */
const char	*seen_add(struct seen *s, const char *path, const char *what,
		    struct error *err);

/* The same for a directory whose hashed entries are read, each of them. */
const char	*seen_add_entries(struct seen *s, const char *path,
		    const char *what, struct error *err);

void		 seen_clear(struct seen *s);

/*
 * Whether all are as they were: the files and directories themselves, a few
 * stat(2)s; seen_is_current looks at the entries of directories, too.
 */
bool		 seen_is_fresh(const struct seen *s);
bool		 seen_is_current(const struct seen *s);
#endif
