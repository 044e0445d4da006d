#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tls/cache.h"

#define OTHERS	(S_IWGRP | S_IWOTH)

bool
cache_is_private(const struct stat *st)
{
	return S_ISDIR(st->st_mode) && st->st_uid == getuid() &&
	    (st->st_mode & OTHERS) == 0;
}

/* A directory whose entries no other user can take away or exchange. */
static bool
is_safe_way(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == -1 || !S_ISDIR(st.st_mode) ||
	    (st.st_uid != 0 && st.st_uid != getuid()))
		return false;
	return (st.st_mode & OTHERS) == 0 || (st.st_mode & S_ISVTX) != 0;
}

/* The directories above path, which is absolute and without links. */
static bool
is_safe_above(char *path)
{
	bool safe = is_safe_way("/");
	char *slash;

	for (slash = strchr(path + 1, '/'); safe && slash != NULL;
	    slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		safe = is_safe_way(path);
		*slash = '/';
	}
	return safe;
}

/* Both must be absolute, or they do not count. */
static char *
user_cache(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char *path = NULL;

	if (getuid() != geteuid() || getgid() != getegid())
		return NULL;
	if (cache != NULL && cache[0] == '/')
		return strdup(cache);
	if (home == NULL || home[0] != '/' ||
	    asprintf(&path, "%s/.cache", home) == -1)
		return NULL;
	return path;
}

/* Adds a part to a path, which is freed; and makes it. */
static char *
enter(char *path, const char *part, bool make)
{
	char *longer = NULL;

	if (path == NULL || asprintf(&longer, "%s/%s", path, part) == -1)
		longer = NULL;
	free(path);
	if (make && longer != NULL)
		(void)mkdir(longer, 0700);
	return longer;
}

char *
cache_path(const char *name, bool make)
{
	char *path = user_cache(), *real;
	struct stat st;

	if (make && path != NULL)
		(void)mkdir(path, 0700);
	path = enter(enter(path, "lurl", make), name, make);
	real = path == NULL ? NULL : realpath(path, NULL);
	free(path);
	if (real != NULL && (lstat(real, &st) == -1 ||
	    !cache_is_private(&st) || !is_safe_above(real))) {
		free(real);
		return NULL;
	}
	return real;
}
