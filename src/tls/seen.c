#include <sys/stat.h>

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "tls/seen.h"
#include "tls/store.h"

struct seen_file {
	char		*path;	/* absolute: a later chdir changes nothing */
	struct stat	 st;
	uint64_t	 stamp;	/* of a directory that was read; 0: none was */
};

/* NULL and *err: out of memory, or the working directory is gone. */
static char *
absolute(const char *path, const char *what, struct error *err)
{
	char cwd[PATH_MAX];
	struct buf b = { 0 };

	if (path[0] != '/' && getcwd(cwd, sizeof(cwd)) == NULL) {
		error_set(err, ERR_USAGE, "value", "%s '%s'", what, path);
		return NULL;
	}
	if ((path[0] != '/' && (buf_adds(&b, cwd) == -1 ||
	    buf_adds(&b, "/") == -1)) ||
	    buf_add(&b, path, strlen(path) + 1) == -1) {
		error_nomem(err);
		buf_clear(&b);
	}
	return b.data;
}

const char *
seen_add(struct seen *s, const char *path, const char *what, struct error *err)
{
	struct seen_file *f;

	f = realloc(s->files, (s->count + 1) * sizeof(*f));
	if (f == NULL) {
		error_nomem(err);
		return NULL;
	}
	s->files = f;
	f += s->count;
	memset(f, 0, sizeof(*f));
	f->path = absolute(path, what, err);
	if (f->path == NULL)
		return NULL;
	s->count++;
	if (stat(f->path, &f->st) == -1) {
		error_set(err, ERR_USAGE, "value", "%s '%s'", what, path);
		return NULL;
	}
	return f->path;
}

const char *
seen_add_entries(struct seen *s, const char *path, const char *what,
    struct error *err)
{
	const char *absolute_path = seen_add(s, path, what, err);

	if (absolute_path != NULL)
		s->files[s->count - 1].stamp = store_dir_stamp(path);
	return absolute_path;
}

void
seen_clear(struct seen *s)
{
	while (s->count > 0)
		free(s->files[--s->count].path);
	free(s->files);
	s->files = NULL;
}

static bool
is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool
seen_is_fresh(const struct seen *s)
{
	const struct stat *was;
	struct stat is;
	size_t i;

	for (i = 0; i < s->count; i++) {
		was = &s->files[i].st;
		if (stat(s->files[i].path, &is) == -1 ||
		    is.st_dev != was->st_dev || is.st_ino != was->st_ino ||
		    is.st_size != was->st_size ||
		    !is_same_time(&is.st_mtim, &was->st_mtim) ||
		    !is_same_time(&is.st_ctim, &was->st_ctim))
			return false;
	}
	return true;
}

bool
seen_is_current(const struct seen *s)
{
	const struct seen_file *f;
	size_t i;

	for (i = 0; i < s->count; i++) {
		f = &s->files[i];
		if (f->stamp != 0 && store_dir_stamp(f->path) != f->stamp)
			return false;
	}
	return seen_is_fresh(s);
}
