/*
 * A directory for what may be made again at any time, where only the user can
 * write: $XDG_CACHE_HOME/lurl, or ~/.cache/lurl.
 * Asks the file system; no Lua.
 */
#ifndef LURL_CACHE_H
#define LURL_CACHE_H
#include <sys/stat.h>

#include <stdbool.h>

/*
 * The path of lurl's directory of that name in it, absolute and without
 * symbolic links, made if it is missing and make says so.
 * NULL where there is none that is safe: no home; an owner or a mode, of it or
 * of a directory on the way, by which another user could put something there;
 * a program that runs with more rights than its user.
 * Ownership: free.
 */
char	*cache_path(const char *name, bool make);

/* Whether it is a directory of the user's in which nobody else can write. */
bool	 cache_is_private(const struct stat *st);
#endif
