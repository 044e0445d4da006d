#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "tls/secret.h"

#define READ_MIN	(16 << 10)	/* bytes: to begin with */

void
secret_clear(struct secret *s)
{
	if (s->data != NULL)
		OPENSSL_cleanse(s->data, s->cap);
	free(s->data);
	memset(s, 0, sizeof(*s));
}

/* Not by realloc, which would leave a copy behind. */
static int
grow(struct secret *s, size_t cap)
{
	struct secret bigger = { malloc(cap), s->len, cap };

	if (bigger.data == NULL)
		return -1;
	if (s->len > 0)
		memcpy(bigger.data, s->data, s->len);
	secret_clear(s);
	*s = bigger;
	return 0;
}

/* What fd has; enough of it to see that it is more than max. */
static int
read_all(struct secret *s, int fd, size_t max)
{
	ssize_t n;

	for (;;) {
		if (s->len == s->cap && grow(s, s->cap * 2) == -1)
			return -1;
		n = read(fd, s->data + s->len, s->cap - s->len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		s->len += (size_t)n;
		if (n == 0 || s->len > max)
			return 0;
	}
}

int
secret_read(struct secret *s, const char *path, size_t max, const char *name,
    struct error *err)
{
	size_t cap = READ_MIN;
	struct stat st;
	int fd, rv = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1) {
		rv = error_set(err, ERR_USAGE, "value", "%s", name);
		goto out;
	}
	if (st.st_size >= READ_MIN && (uintmax_t)st.st_size <= max)
		cap = (size_t)st.st_size + 1;	/* sees the end in one go */
	if (grow(s, cap) == -1)
		rv = error_nomem(err);
	else if (read_all(s, fd, max) == -1)
		rv = errno == ENOMEM ? error_nomem(err) :
		    error_set(err, ERR_USAGE, "value", "%s", name);
 out:
	if (fd != -1)
		close(fd);
	return rv;
}
