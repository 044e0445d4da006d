/* Making an index, and throwing old ones out. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tls/cert.h"
#include "tls/index_internal.h"

#define NEW		".new-"		/* one that is being made, */
#define OLD		".old-"		/* or taken away */
#define UNFINISHED_S	3600		/* after which nobody is at it any more */

/* A directory of files, or of anything else that goes without much ado. */
static void
remove_dir(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	if (d != NULL) {
		while ((e = readdir(d)) != NULL)
			if (unlinkat(dirfd(d), e->d_name, 0) == -1)
				(void)unlinkat(dirfd(d), e->d_name,
				    AT_REMOVEDIR);
		closedir(d);
	}
	(void)rmdir(path);
}

/* A directory of a name of its own in parent.  free. */
static char *
make_dir(const char *parent, const char *prefix)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%sXXXXXX", parent, prefix) == -1)
		return NULL;
	if (mkdtemp(path) != NULL)
		return path;
	free(path);
	return NULL;
}

static int
write_file(int dir, const char *name, const struct buf *b)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600);
	ssize_t n;

	if (fd == -1)
		return -1;
	n = write(fd, b->data, b->len);
	if (close(fd) == -1 || n != (ssize_t)b->len) {
		errno = EIO;
		return -1;
	}
	return 0;
}

/* Under the first name of its subject that is free. */
static int
write_entry(int dir, const struct buf *entry)
{
	struct cert *c = cert_parse((const uint8_t *)entry->data, entry->len);
	char name[INDEX_NAME_MAX];
	uint32_t hash;
	size_t n;

	if (c == NULL)
		return -1;
	hash = cert_subject_hash(c);
	cert_free(c);
	for (n = 0; n < INDEX_NAMESAKES; n++) {
		index_entry_name(name, hash, n);
		if (write_file(dir, name, entry) == 0)
			return 0;
		if (errno != EEXIST)
			return -1;
	}
	return -1;
}

static int
write_all(const struct index *x, const char *path)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct buf entry = { 0 };
	size_t k;
	int rv = dir == -1 ? -1 : 0;

	for (k = 0; k < index_count(x) && rv == 0; k++) {
		buf_reset(&entry);
		rv = index_entry(x, k, &entry);
		if (rv == 0)
			rv = write_entry(dir, &entry);
	}
	buf_clear(&entry);
	if (dir != -1)
		close(dir);
	return rv;
}

void
index_discard(const struct index *x)
{
	char *path = make_dir(x->parent, OLD);

	if (path == NULL)
		return;
	/* In one step, whoever else may be looking. */
	if (rename(x->path, path) == -1)
		(void)unlink(x->path);		/* no directory at all */
	remove_dir(path);
	free(path);
}

/* Another process may have been quicker. */
static bool
put_in_place(struct index *x, const char *path)
{
	if (rename(path, x->path) == -1) {
		if (index_is_there(x) && index_is_whole(x))
			return true;
		index_discard(x);
		(void)rename(path, x->path);
	}
	return index_is_there(x);
}

/* Newest first. */
struct found {
	char		*path;
	int64_t		 made;	/* ns since the epoch */
};

static int
by_age(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return (x->made < y->made) - (x->made > y->made);
}

static bool
is_unfinished(const char *name)
{
	return strncmp(name, NEW, strlen(NEW)) == 0 ||
	    strncmp(name, OLD, strlen(OLD)) == 0;
}

/* Adds another index to the list; or removes what was left unfinished. */
static void
look_at(struct buf *list, const struct index *own, const char *name)
{
	struct found f = { NULL, 0 };
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    asprintf(&f.path, "%s/%s", own->parent, name) == -1)
		return;
	if (strcmp(f.path, own->path) != 0 && lstat(f.path, &st) == 0 &&
	    S_ISDIR(st.st_mode)) {
		f.made = (int64_t)st.st_mtim.tv_sec * 1000000000 +
		    st.st_mtim.tv_nsec;
		if (!is_unfinished(name)) {
			if (buf_add(list, &f, sizeof(f)) == 0)
				return;
		} else if (st.st_mtime < time(NULL) - UNFINISHED_S)
			remove_dir(f.path);
	}
	free(f.path);
}

/*
 * Leaves the newest beside the one that has just been made.  Whoever still uses
 * one that goes reads its whole bundle again.
 */
static void
sweep(const struct index *own)
{
	DIR *d = opendir(own->parent);
	struct buf list = { 0 };
	struct found *found;
	struct dirent *e;
	size_t i, n;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		look_at(&list, own, e->d_name);
	closedir(d);
	found = (void *)list.data;
	n = list.len / sizeof(*found);
	if (n >= INDEX_KEPT)
		qsort(found, n, sizeof(*found), by_age);
	for (i = 0; i < n; i++) {
		if (i >= INDEX_KEPT - 1)
			remove_dir(found[i].path);
		free(found[i].path);
	}
	buf_clear(&list);
}

struct index *
index_build(struct span text)
{
	struct index *x = index_new(text, true);
	char *path = x == NULL ? NULL : make_dir(x->parent, NEW);
	bool done;

	done = path != NULL && write_all(x, path) == 0 &&
	    put_in_place(x, path);
	if (done)
		sweep(x);
	else {
		index_free(x);
		x = NULL;
	}
	if (path != NULL)
		remove_dir(path);	/* unless it is in place now */
	free(path);
	return x;
}
