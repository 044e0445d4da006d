#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define PIECE	16384	/* bytes asked of the system at once */

/* Says that doing it to path failed with the present errno. */
static int
fail(struct error *err, const char *doing, const char *path)
{
	const char *code = error_errno_name(errno);

	return error_set(err, ERR_IO, code, "cannot %s '%.300s'", doing, path);
}

/* Returns 0, or -1 and errno. */
static int
read_all(int fd, struct buf *b)
{
	size_t start = b->len;
	ssize_t n;
	char *to;

	for (;;) {
		to = buf_reserve(b, PIECE);
		if (to == NULL) {
			errno = ENOMEM;
			return -1;
		}
		n = read(fd, to, PIECE);
		if (n == 0)
			return 0;
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		buf_added(b, (size_t)n);
		if (b->len - start > FILE_MAX_LEN) {
			errno = EFBIG;
			return -1;
		}
	}
}

int
file_read(const char *path, struct buf *b, mode_t *mode, struct error *err)
{
	struct stat st;
	int fd;

	*mode = 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return fail(err, "open", path);
	if (fstat(fd, &st) == -1 || read_all(fd, b) == -1) {
		fail(err, "read", path);
		close(fd);
		return -1;
	}
	*mode = st.st_mode & 0777;
	close(fd);
	return 0;
}

static int
write_all(int fd, struct span data)
{
	ssize_t n;

	while (data.len > 0) {
		n = write(fd, data.data, data.len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		data.data += n;
		data.len -= (size_t)n;
	}
	return 0;
}

/* Replaces the link at path by what it points to.  Returns 0, or -1, errno. */
static int
follow_link(char path[PATH_MAX])
{
	char to[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t dir = slash == NULL ? 0 : (size_t)(slash - path) + 1;
	ssize_t n = readlink(path, to, sizeof(to));

	if (n == -1)
		return -1;
	if (n > 0 && to[0] == '/')
		dir = 0;
	if (dir + (size_t)n >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(path + dir, to, (size_t)n);
	path[dir + (size_t)n] = '\0';
	return 0;
}

/*
 * Writes to out the file that path stands for: where to rename to.
 * Returns 0, or -1 and errno.
 */
static int
find_target(char out[PATH_MAX], const char *path)
{
	struct stat st;
	int links;

	if (strlen(path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(out, path);
	for (links = 0; links <= FILE_LINKS_MAX; links++) {
		if (lstat(out, &st) == -1)
			return errno == ENOENT ? 0 : -1;
		if (S_ISREG(st.st_mode))
			return 0;
		if (!S_ISLNK(st.st_mode)) {
			errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
			return -1;
		}
		if (st.st_uid != geteuid())
			return 0;
		if (follow_link(out) == -1)
			return -1;
	}
	errno = ELOOP;
	return -1;
}

/* Fills the temporary file and gives it its name.  Returns 0, or -1, errno. */
static int
fill(int fd, const char *temp, const char *target, struct span data)
{
	if (write_all(fd, data) == -1 || fsync(fd) == -1) {
		int errnum = errno;

		close(fd);
		errno = errnum;
		return -1;
	}
	return close(fd) == -1 ? -1 : rename(temp, target);
}

int
file_write_private(const char *path, struct span data, struct error *err)
{
	static const char suffix[] = ".XXXXXX";
	char target[PATH_MAX], temp[PATH_MAX + sizeof(suffix)];
	int fd;

	if (find_target(target, path) == -1)
		return fail(err, "write", path);
	snprintf(temp, sizeof(temp), "%s%s", target, suffix);
	fd = mkostemp(temp, O_CLOEXEC);		/* O_EXCL, mode 0600 */
	if (fd == -1)
		return fail(err, "write", path);
	if (fill(fd, temp, target, data) == -1) {
		fail(err, "write", path);
		unlink(temp);
		return -1;
	}
	return 0;
}
