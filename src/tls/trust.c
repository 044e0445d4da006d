#include <sys/stat.h>

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tls.h>

#include "base/buf.h"
#include "tls/store.h"
#include "tls/trust.h"

/* Forward secrecy and AEAD only; LibreTLS's own default is laxer. */
#define CIPHERS	"ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20"

/* A file or directory as it was just before it was read. */
struct seen {
	char		*path;	/* absolute: a later chdir changes nothing */
	struct stat	 st;
	uint64_t	 stamp;	/* of a directory that was read; 0: none was */
};

struct trust {
	unsigned int	 refs;
	bool		 chain;
	bool		 name;
	bool		 time;
	struct tls_config *config;
	struct buf	 label;		/* NUL-terminated */
	struct seen	*seen;
	size_t		 seen_count;
};

/* A struct ca_source, looked at. */
struct source {
	enum ca_kind	 kind;
	const char	*path;	/* NULL: text */
	const char	*text;
	bool		 is_dir;
};

int
trust_start(struct error *err)
{
	static bool started;

	if (!started && tls_init() == -1)
		return error_setx(err, ERR_TLS, "config",
		    "the TLS library does not start");
	started = true;
	return 0;
}

static int
refused(const struct trust *t, struct error *err)
{
	const char *words = tls_config_error(t->config);

	return words == NULL ? error_nomem(err) :
	    error_setx(err, ERR_TLS, "config", "%s", words);
}

/* NULL and *err: out of memory, or the working directory is gone. */
static char *
absolute(const char *path, struct error *err)
{
	char cwd[PATH_MAX];
	struct buf b = { 0 };

	if (path[0] != '/' && getcwd(cwd, sizeof(cwd)) == NULL) {
		error_set(err, ERR_USAGE, "value", "ca '%s'", path);
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

/* Remembers what a path leads to now, for trust_fresh. */
static const char *
remember(struct trust *t, const char *path, struct error *err)
{
	struct seen *s = &t->seen[t->seen_count];

	s->path = absolute(path, err);
	if (s->path == NULL)
		return NULL;
	t->seen_count++;
	if (stat(s->path, &s->st) == -1) {
		error_set(err, ERR_USAGE, "value", "ca '%s'", path);
		return NULL;
	}
	return s->path;
}

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
		path = remember(t, src[i].path, err);
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
		refused(t, err);
	else
		rv = 1;
 out:
	buf_clear(&list);
	return rv;
}

static void
forget(struct trust *t)
{
	while (t->seen_count > 0)
		free(t->seen[--t->seen_count].path);
}

static int
read_source(struct trust *t, struct source *s, struct buf *pem,
    struct error *err)
{
	if (s->path == NULL)
		return store_read_text(pem, s->text, strlen(s->text),
		    "ca text", err);
	if (remember(t, s->path, err) == NULL)
		return -1;
	if (!s->is_dir)
		return store_read_file(pem, s->path, err);
	t->seen[t->seen_count - 1].stamp = store_dir_stamp(s->path);
	return store_read_dir(pem, s->path, err);
}

/* All of it in one PEM: libtls ignores directories beside one. */
static int
use_memory(struct trust *t, struct source *src, size_t n, struct error *err)
{
	struct buf pem = { 0 };
	size_t i;
	int rv = 0;

	forget(t);
	for (i = 0; i < n && rv == 0; i++)
		rv = read_source(t, &src[i], &pem, err);
	if (rv == 0 && tls_config_set_ca_mem(t->config,
	    (const uint8_t *)pem.data, pem.len) == -1)
		rv = refused(t, err);
	buf_clear(&pem);
	return rv;
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

static int
set_ca(struct trust *t, const struct trust_spec *spec, struct error *err)
{
	size_t i, n = spec->ca_count;
	struct source *src;
	int rv = 0;

	if (n == 0)	/* libtls would take its own default */
		return error_setx(err, ERR_USAGE, "value",
		    "ca names no trusted certificates");
	src = calloc(n, sizeof(*src));
	t->seen = calloc(n, sizeof(*t->seen));
	if (src == NULL || t->seen == NULL)
		rv = error_nomem(err);
	for (i = 0; i < n && rv == 0; i++)
		rv = look_at(&src[i], &spec->ca[i], err);
	if (rv == 0 && is_lazy(src, n))
		rv = use_dirs(t, src, n, err);
	if (rv == 0)
		rv = use_memory(t, src, n, err);
	if (rv != -1 && spec->label == NULL && make_label(t, src, n) == -1)
		rv = error_nomem(err);
	free(src);
	return rv == -1 ? -1 : 0;
}

static int
set_config(struct trust *t, struct error *err)
{
	t->config = tls_config_new();
	if (t->config == NULL)
		return error_nomem(err);
	if (tls_config_set_protocols(t->config, TLS_PROTOCOLS_DEFAULT) == -1 ||
	    tls_config_set_ciphers(t->config, CIPHERS) == -1)
		return refused(t, err);
	/* The caller asks cert_covers after the handshake, see name.h. */
	tls_config_insecure_noverifyname(t->config);
	if (!t->chain)
		tls_config_insecure_noverifycert(t->config);
	if (!t->time)
		tls_config_insecure_noverifytime(t->config);
	return 0;
}

struct trust *
trust_new(const struct trust_spec *spec, struct error *err)
{
	const char *label = spec->label;
	struct trust *t;

	if (trust_start(err) == -1)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (t == NULL) {
		error_nomem(err);
		return NULL;
	}
	t->refs = 1;
	t->chain = spec->chain;
	t->name = spec->name;
	t->time = spec->time;
	if (set_config(t, err) == -1 ||
	    (t->chain && set_ca(t, spec, err) == -1))
		goto err;
	if (label == NULL && !t->chain)
		label = "none";
	if ((label != NULL && buf_adds(&t->label, label) == -1) ||
	    buf_add(&t->label, "", 1) == -1) {
		error_nomem(err);
		goto err;
	}
	return t;
 err:
	trust_unref(t);
	return NULL;
}

struct trust *
trust_ref(struct trust *t)
{
	t->refs++;
	return t;
}

void
trust_unref(struct trust *t)
{
	if (t == NULL || --t->refs > 0)
		return;
	forget(t);
	free(t->seen);
	buf_clear(&t->label);
	tls_config_free(t->config);
	free(t);
}

static bool
is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool
trust_fresh(const struct trust *t)
{
	const struct stat *was;
	struct stat is;
	size_t i;

	for (i = 0; i < t->seen_count; i++) {
		was = &t->seen[i].st;
		if (stat(t->seen[i].path, &is) == -1 ||
		    is.st_dev != was->st_dev || is.st_ino != was->st_ino ||
		    is.st_size != was->st_size ||
		    !is_same_time(&is.st_mtim, &was->st_mtim) ||
		    !is_same_time(&is.st_ctim, &was->st_ctim))
			return false;
	}
	return true;
}

bool
trust_current(const struct trust *t)
{
	const struct seen *s;

	for (s = t->seen; s < t->seen + t->seen_count; s++)
		if (s->stamp != 0 && store_dir_stamp(s->path) != s->stamp)
			return false;
	return trust_fresh(t);
}

struct tls_config *
trust_config(const struct trust *t)
{
	return t->config;
}

bool
trust_checks_name(const struct trust *t)
{
	return t->name;
}

bool
trust_checks_chain(const struct trust *t)
{
	return t->chain;
}

bool
trust_checks_time(const struct trust *t)
{
	return t->time;
}

const char *
trust_label(const struct trust *t)
{
	return t->label.data;
}
