#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "tls/cache.h"
#include "tls/index_internal.h"
#include "tls/store.h"

size_t
index_count(const struct index *x)
{
	return x->blocks.len / sizeof(struct pem_block);
}

const char *
index_path(const struct index *x)
{
	return x->path;
}

void
index_entry_name(char name[INDEX_NAME_MAX], uint32_t hash, size_t n)
{
	snprintf(name, INDEX_NAME_MAX, "%08x.%zu", hash, n);
}

/*
 * A TRUSTED CERTIFICATE, which may be one that is to be refused, stays out: it
 * could hide behind another of its subject.
 */
static bool
is_plain(const struct pem_block *b)
{
	static const char label[] = "CERTIFICATE";

	return b->label.len == sizeof(label) - 1 &&
	    memcmp(b->label.data, label, sizeof(label) - 1) == 0;
}

static bool
split(struct index *x)
{
	struct span rest = x->text;
	struct pem_block b;

	while (pem_next(&rest, &b) == 1)
		if (!is_plain(&b) || buf_add(&x->blocks, &b, sizeof(b)) == -1)
			return false;
	return index_count(x) >= INDEX_MIN && index_count(x) <= INDEX_MAX;
}

static bool
make_name(struct index *x)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int i, len;

	if (EVP_Digest(x->text.data, x->text.len, digest, &len, EVP_sha256(),
	    NULL) != 1)
		return false;
	for (i = 0; i < len; i++)
		snprintf(x->name + 2 * i, 3, "%02x", digest[i]);
	return true;
}

struct index *
index_new(struct span text, bool make)
{
	struct index *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->text = text;
	if (!split(x) || !make_name(x))
		goto err;
	x->parent = cache_path("ca", make);
	/* OpenSSL would take a colon for the end of a path. */
	if (x->parent == NULL || strchr(x->parent, ':') != NULL ||
	    asprintf(&x->path, "%s/%s", x->parent, x->name) == -1) {
		x->path = NULL;
		goto err;
	}
	return x;
 err:
	index_free(x);
	return NULL;
}

void
index_free(struct index *x)
{
	if (x == NULL)
		return;
	buf_clear(&x->blocks);
	free(x->parent);
	free(x->path);
	free(x);
}

/* Not a link; and a FIFO would hold libtls up for ever. */
static bool
is_regular(int dir, const struct dirent *e)
{
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return e->d_type == DT_REG;
	return fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode);
}

/* A revocation list ("HHHHHHHH.rN") would be obeyed: there is to be none. */
static bool
has_entries(DIR *d, size_t count)
{
	struct dirent *e;
	size_t n = 0;

	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (!store_is_hashed_name(e->d_name) ||
		    !is_regular(dirfd(d), e))
			return false;
		n++;
	}
	return n == count;
}

bool
index_is_there(struct index *x)
{
	int fd = open(x->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	bool is;

	if (d == NULL) {
		if (fd != -1)
			close(fd);
		return false;
	}
	is = fstat(fd, &x->st) == 0 && cache_is_private(&x->st) &&
	    has_entries(d, index_count(x));
	closedir(d);
	return is;
}

struct index *
index_find(struct span text)
{
	struct index *x = index_new(text, false);

	if (x != NULL && !index_is_there(x)) {
		index_free(x);
		return NULL;
	}
	return x;
}
