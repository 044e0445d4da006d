#include <sys/stat.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tls.h>

#include "tls/store.h"
#include "tls/trust_internal.h"

/* A struct ca_source, looked at. */
struct source {
	enum ca_kind	 kind;
	const char	*path;	/* NULL: text */
	const char	*text;
	bool		 is_dir;
};

static int
no_system_store(struct error *err)
{
	error_setx(err, ERR_USAGE, "value",
	    "this system has no store of trusted certificates");
	return error_hint(err, "install the package ca-certificates, or name "
	    "a PEM file of the authorities to trust as ca");
}

static int
check_dir(const char *path, struct error *err)
{
	if (faccessat(AT_FDCWD, path, R_OK | X_OK, AT_EACCESS) == -1)
		return error_set(err, ERR_USAGE, "value", "ca directory '%s'",
		    path);
	if (store_is_hashed_dir(path))
		return 0;
	error_setx(err, ERR_USAGE, "value", "ca directory '%s' holds no "
	    "certificate under a hashed name, where it would be looked for",
	    path);
	return error_hint(err, "run: openssl rehash %s (or c_rehash %s), or "
	    "name the PEM files themselves", path, path);
}

static int
look_at(struct source *s, const struct ca_source *ca, struct error *err)
{
	struct stat st;

	s->kind = ca->kind;
	if (ca->kind == CA_TEXT) {
		s->text = ca->value;
		return 0;
	}
	s->path = ca->kind == CA_SYSTEM ? store_system() : ca->value;
	if (s->path == NULL)
		return no_system_store(err);
	if (stat(s->path, &st) == -1)
		return error_set(err, ERR_USAGE, "value", "ca '%s'", s->path);
	s->is_dir = S_ISDIR(st.st_mode);
	if (!s->is_dir && !S_ISREG(st.st_mode))
		return error_setx(err, ERR_USAGE, "value", "ca '%s' is neither "
		    "a file nor a directory", s->path);	/* a FIFO may block */
	/* The system's has been found by its hashed names. */
	return s->is_dir && s->kind == CA_PATH ? check_dir(s->path, err) : 0;
}

/*
 * Whether libtls may look into the directories itself, which is cheap: it
 * takes only directories then, in a list that has no way to write a colon, and
 * only of distinct subjects are they a union.
 */
static bool
is_lazy(const struct source *src, size_t n)
{
	size_t i, j;

	for (i = 0; i < n; i++) {
		if (!src[i].is_dir)
			return false;
		for (j = 0; j < i; j++)
			if (store_dirs_overlap(src[j].path, src[i].path))
				return false;
	}
	return true;
}

/* 1 when libtls took the directories, 0 when a path has a colon. */
static int
use_dirs(struct trust *t, const struct source *src, size_t n,
    struct error *err)
{
	struct buf list = { 0 };
	const char *path;
	size_t i;
	int rv = -1;

	for (i = 0; i < n; i++) {
		path = seen_add(&t->seen, src[i].path, "ca", err);
		if (path == NULL)
			goto out;
		if (strchr(path, ':') != NULL) {
			rv = 0;
			goto out;
		}
		if (buf_addf(&list, "%s%s", i > 0 ? ":" : "", path) == -1) {
			error_nomem(err);
			goto out;
		}
	}
	if (buf_add(&list, "", 1) == -1)
		error_nomem(err);
	else if (tls_config_set_ca_path(t->config, list.data) == -1)
		trust_refused(t, err);
	else
		rv = 1;
 out:
	buf_clear(&list);
	return rv;
}

/* As they stand, and noted as they are before that. */
static int
copy_source(struct trust *t, const struct source *s, struct error *err)
{
	if (s->path == NULL)
		return store_copy_text(&t->bundle, s->text, strlen(s->text),
		    "ca text", err);
	if (s->is_dir) {
		if (seen_add_entries(&t->seen, s->path, "ca", err) == NULL)
			return -1;
		return store_copy_dir(&t->bundle, s->path, err);
	}
	if (seen_add(&t->seen, s->path, "ca", err) == NULL)
		return -1;
	return store_copy_file(&t->bundle, s->path, err);
}

static int
read_source(const struct source *s, struct buf *pem, struct error *err)
{
	if (s->path == NULL)
		return store_read_text(pem, s->text, strlen(s->text),
		    "ca text", err);
	return s->is_dir ? store_read_dir(pem, s->path, err) :
	    store_read_file(pem, s->path, err);
}

static int
set_memory(struct trust *t, const struct buf *pem, struct error *err)
{
	if (tls_config_set_ca_mem(t->config, (const uint8_t *)pem->data,
	    pem->len) == -1)
		return trust_refused(t, err);
	return 0;
}

static int
set_index(struct trust *t, struct error *err)
{
	if (tls_config_set_ca_path(t->config, index_path(t->index)) == -1)
		return trust_refused(t, err);
	return 0;
}

/*
 * Every certificate is decoded, so that a damaged one is told; then they are
 * an index, or the PEM that libtls decodes for each connection.
 */
static int
read_all(struct trust *t, const struct source *src, size_t n,
    struct error *err)
{
	struct buf pem = { 0 };
	size_t i;
	int rv = 0;

	for (i = 0; i < n && rv == 0; i++)
		rv = read_source(&src[i], &pem, err);
	if (rv == 0) {
		t->index = index_build(buf_span(&t->bundle));
		rv = t->index != NULL ? set_index(t, err) :
		    set_memory(t, &pem, err);
	}
	if (t->index == NULL)
		buf_clear(&t->bundle);
	buf_clear(&pem);
	return rv;
}

/* All of it as one bundle: libtls ignores directories beside one. */
static int
use_bundle(struct trust *t, const struct source *src, size_t n,
    struct error *err)
{
	size_t i;
	int rv = 0;

	seen_clear(&t->seen);
	for (i = 0; i < n && rv == 0; i++)
		rv = copy_source(t, &src[i], err);
	if (rv == -1)
		return -1;
	t->index = index_find(buf_span(&t->bundle));
	return t->index != NULL ? set_index(t, err) : read_all(t, src, n, err);
}

bool
trust_is_indexed(const struct trust *t)
{
	return t->index != NULL && !t->in_memory;
}

/* For this process; the next one makes a new index. */
static int
give_up_index(struct trust *t, struct error *err)
{
	const struct span bundle = buf_span(&t->bundle);
	struct buf pem = { 0 };
	int rv;

	rv = store_read_text(&pem, bundle.data, bundle.len, "ca", err);
	if (rv == 0)
		rv = set_memory(t, &pem, err);	/* goes before the directory */
	buf_clear(&pem);
	if (rv == 0) {
		index_discard(t->index);
		t->in_memory = true;
	}
	return rv;
}

/*
 * A server's stapled answer has been verified by names of its own, which
 * libtls does not tell: then all of the index must be right.
 */
static bool
is_sound(const struct trust *t, struct tls *tls)
{
	struct span chain;

	chain.data = (const char *)tls_peer_cert_chain_pem(tls, &chain.len);
	if (chain.data == NULL || tls_peer_ocsp_result(tls) != NULL)
		return index_is_whole(t->index);
	return index_vouches(t->index, chain);
}

int
trust_stands(struct trust *t, struct tls *tls, struct error *err)
{
	if (t->in_memory)
		return 0;	/* found out meanwhile, by another handshake */
	if (is_sound(t, tls))
		return 1;
	return give_up_index(t, err);
}

/* "ca: a.pem, b.pem", "system: /etc/ssl/certs, ca: PEM text". */
static int
make_label(struct trust *t, const struct source *src, size_t n)
{
	const char *kind, *last = "";
	size_t i;

	for (i = 0; i < n; i++, last = kind) {
		kind = src[i].kind == CA_SYSTEM ? "system: " : "ca: ";
		if (buf_addf(&t->label, "%s%s%s", i > 0 ? ", " : "",
		    strcmp(kind, last) != 0 ? kind : "",
		    src[i].path != NULL ? src[i].path : "PEM text") == -1)
			return -1;
	}
	return 0;
}

int
trust_set_ca(struct trust *t, const struct trust_spec *spec, struct error *err)
{
	size_t i, n = spec->ca_count;
	struct source *src;
	int rv = 0;

	if (n == 0)	/* libtls would take its own default */
		return error_setx(err, ERR_USAGE, "value",
		    "ca names no trusted certificates");
	src = calloc(n, sizeof(*src));
	if (src == NULL)
		rv = error_nomem(err);
	for (i = 0; i < n && rv == 0; i++)
		rv = look_at(&src[i], &spec->ca[i], err);
	if (rv == 0 && is_lazy(src, n))
		rv = use_dirs(t, src, n, err);
	if (rv == 0)
		rv = use_bundle(t, src, n, err);
	if (rv != -1 && spec->label == NULL && make_label(t, src, n) == -1)
		rv = error_nomem(err);
	free(src);
	return rv == -1 ? -1 : 0;
}
