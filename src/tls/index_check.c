/* Whether an index on disk may be what libtls went by. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tls/cert.h"
#include "tls/index_internal.h"
#include "tls/store.h"

#define ENTRY_MAX	(1 << 20)	/* bytes; a certificate has some 1000 */

enum entry { ABSENT, GOOD, BAD };

int
index_entry(const struct index *x, size_t k, struct buf *b)
{
	const struct pem_block *blocks = (const void *)x->blocks.data;
	struct buf der = { 0 };
	size_t len = 0;
	int rv = -1;

	if (pem_decode(&blocks[k], &der) == 1)
		len = cert_der_len(der.data, der.len);
	if (len > 0 && buf_addf(b, "%zu\n", k) == 0)
		rv = pem_add(b, "CERTIFICATE", der.data, len);
	buf_clear(&der);
	return rv;
}

static bool
read_whole(int fd, struct buf *b)
{
	struct stat st;
	size_t len;
	char *to;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) || st.st_size < 1 ||
	    st.st_size > ENTRY_MAX)
		return false;
	len = (size_t)st.st_size;
	to = buf_reserve(b, len);
	if (to == NULL || read(fd, to, len) != (ssize_t)len)
		return false;
	buf_added(b, len);
	return true;
}

/* Not through a link, nor waiting for anybody at a FIFO. */
static enum entry
read_entry(int dir, const char *name, struct buf *b)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	enum entry rv = BAD;

	if (fd == -1)
		return errno == ENOENT ? ABSENT : BAD;
	if (read_whole(fd, b))
		rv = GOOD;
	close(fd);
	return rv;
}

/* The number that a file begins with, or SIZE_MAX. */
static size_t
place(struct span s)
{
	size_t i, k = 0;

	for (i = 0; i < s.len && i < 6 && s.data[i] >= '0' &&
	    s.data[i] <= '9'; i++)
		k = k * 10 + (size_t)(s.data[i] - '0');
	return i > 0 && i < s.len && s.data[i] == '\n' ? k : SIZE_MAX;
}

/*
 * GOOD when a file holds, to the byte, what the k-th certificate of the bundle
 * makes.
 */
static enum entry
check_entry(const struct index *x, int dir, const char *name, struct buf *got,
    size_t *k)
{
	struct buf want = { 0 };
	enum entry rv = read_entry(dir, name, got);

	if (rv != GOOD)
		return rv;
	*k = place(buf_span(got));
	if (*k >= index_count(x) || index_entry(x, *k, &want) == -1 ||
	    want.len != got->len || memcmp(want.data, got->data, got->len) != 0)
		rv = BAD;
	buf_clear(&want);
	return rv;
}

/* The directory, if it is the one that was found; -1: it is not. */
static int
open_again(const struct index *x)
{
	struct stat st;
	int fd;

	fd = open(x->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_dev == x->st.st_dev &&
	    st.st_ino == x->st.st_ino &&
	    st.st_mtim.tv_sec == x->st.st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == x->st.st_mtim.tv_nsec &&
	    st.st_ctim.tv_sec == x->st.st_ctim.tv_sec &&
	    st.st_ctim.tv_nsec == x->st.st_ctim.tv_nsec)
		return fd;
	close(fd);
	return -1;
}

/* Names, as their hashes, each once. */
static bool
add_name(struct buf *names, uint32_t hash)
{
	const uint32_t *all = (const void *)names->data;
	size_t i, n = names->len / sizeof(hash);

	for (i = 0; i < n; i++)
		if (all[i] == hash)
			return true;
	return buf_add(names, &hash, sizeof(hash)) == 0;
}

static bool
add_names_of(struct buf *names, struct span pem)
{
	struct cert *c = cert_parse((const uint8_t *)pem.data, pem.len);
	bool added;

	if (c == NULL)
		return false;
	added = add_name(names, cert_subject_hash(c)) &&
	    add_name(names, cert_issuer_hash(c));
	cert_free(c);
	return added;
}

/* Every certificate of the chain: one that is not understood hides a name. */
static bool
add_chain(struct buf *names, struct span chain)
{
	struct span pem = chain;
	struct pem_block b;

	while (pem_next(&chain, &b) == 1) {
		pem.len = (size_t)(chain.data - pem.data);
		if (!add_names_of(names, pem))
			return false;
		pem.data = chain.data;
	}
	return names->len > 0;
}

/* What is there for a name is of the bundle; adds who issued that. */
static bool
check_name(const struct index *x, int dir, uint32_t hash, struct buf *names)
{
	char name[INDEX_NAME_MAX];
	struct buf got = { 0 };
	enum entry found = GOOD;
	size_t k, n;

	for (n = 0; found == GOOD; n++) {
		index_entry_name(name, hash, n);
		buf_reset(&got);
		found = check_entry(x, dir, name, &got, &k);
		if (found == GOOD && !add_names_of(names, buf_span(&got)))
			found = BAD;
	}
	buf_clear(&got);
	return found == ABSENT;
}

/*
 * To verify a chain is to look up the issuer, by its name, of each certificate
 * of the peer's and of each that was found so; now and then a subject, too.
 */
bool
index_vouches(const struct index *x, struct span chain)
{
	struct buf names = { 0 };
	int dir = open_again(x);
	bool good = dir != -1 && add_chain(&names, chain);
	uint32_t hash;
	size_t i;

	for (i = 0; good && i < names.len; i += sizeof(hash)) {
		memcpy(&hash, names.data + i, sizeof(hash));
		good = check_name(x, dir, hash, &names);
	}
	buf_clear(&names);
	if (dir != -1)
		close(dir);
	return good;
}

/* Whether a file is where it is looked for: after those of its subject. */
static bool
is_in_place(int dir, const char *name, const struct buf *entry)
{
	char want[INDEX_NAME_MAX];
	unsigned long n = strtoul(strchr(name, '.') + 1, NULL, 10);
	struct cert *c;
	bool is;

	c = cert_parse((const uint8_t *)entry->data, entry->len);
	if (c == NULL)
		return false;
	index_entry_name(want, cert_subject_hash(c), n);
	is = strcmp(name, want) == 0;
	index_entry_name(want, cert_subject_hash(c), n - 1);
	cert_free(c);
	return is && (n == 0 || faccessat(dir, want, F_OK, 0) == 0);
}

/* had: which certificates of the bundle have been found already. */
static bool
check_all(const struct index *x, DIR *d, bool *had)
{
	struct buf got = { 0 };
	struct dirent *e;
	size_t k, n = 0;
	bool good = true;

	while (good && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		buf_reset(&got);
		good = store_is_hashed_name(e->d_name) &&
		    check_entry(x, dirfd(d), e->d_name, &got, &k) == GOOD &&
		    !had[k] && is_in_place(dirfd(d), e->d_name, &got);
		if (good)
			had[k] = true;
		n++;
	}
	buf_clear(&got);
	return good && n == index_count(x);
}

bool
index_is_whole(const struct index *x)
{
	bool *had = calloc(index_count(x), sizeof(*had));
	int fd = had == NULL ? -1 : open_again(x);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	bool is = d != NULL && check_all(x, d, had);

	free(had);
	if (d != NULL)
		closedir(d);
	else if (fd != -1)
		close(fd);
	return is;
}
