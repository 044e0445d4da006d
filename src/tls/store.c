#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/x509.h>
#include <tls.h>

#include "tls/cert.h"
#include "tls/pem.h"
#include "tls/secret.h"
#include "tls/store.h"

#define HASH_LEN	8		/* of an entry "HHHHHHHH.N" */
#define NAME_LEN	4096		/* bytes: how messages name a source */
#define LABEL_SHOWN	40		/* bytes of a label in a message */

/* Debian, Alpine, Arch, openSUSE, FreeBSD; Fedora, old and new; NetBSD. */
static const char *const system_dirs[] = {
	"/etc/ssl/certs",
	"/etc/pki/ca-trust/extracted/pem/directory-hash",
	"/etc/pki/tls/certs",
	"/etc/openssl/certs",
};

/* Debian; Fedora; OpenBSD, Alpine, macOS; openSUSE; FreeBSD; Homebrew. */
static const char *const system_bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/cert.pem",
	"/etc/ssl/ca-bundle.pem",
	"/usr/local/share/certs/ca-root-nss.crt",
	"/opt/homebrew/etc/ca-certificates/cert.pem",
	"/opt/homebrew/etc/openssl@3/cert.pem",
	"/usr/local/etc/ca-certificates/cert.pem",
};

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static bool
is_readable_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0;
}

const char *
store_system(void)
{
	const char *path;
	size_t i;

	for (i = 0; i < COUNT(system_dirs); i++)
		if (store_is_hashed_dir(system_dirs[i]))
			return system_dirs[i];
	path = X509_get_default_cert_dir();
	if (store_is_hashed_dir(path))
		return path;
	for (i = 0; i < COUNT(system_bundles); i++)
		if (is_readable_file(system_bundles[i]))
			return system_bundles[i];
	path = tls_default_ca_cert_file();
	return is_readable_file(path) ? path : NULL;
}

/* "HHHHHHHH.N": lower case, as OpenSSL spells it; "HHHHHHHH.rN" is a CRL. */
bool
store_is_hashed_name(const char *name)
{
	size_t digits = strspn(name, "0123456789abcdef");

	if (digits != HASH_LEN || name[HASH_LEN] != '.')
		return false;
	name += HASH_LEN + 1;
	digits = strspn(name, "0123456789");
	return digits > 0 && name[digits] == '\0';
}

/* The next hashed entry, or NULL: at the end, or when reading fails. */
static const char *
next_hashed(DIR *d)
{
	struct dirent *e;

	while ((e = readdir(d)) != NULL)
		if (store_is_hashed_name(e->d_name))
			return e->d_name;
	return NULL;
}

bool
store_is_hashed_dir(const char *path)
{
	DIR *d = opendir(path);
	bool is;

	if (d == NULL)
		return false;
	is = next_hashed(d) != NULL;
	closedir(d);
	return is;
}

bool
store_dirs_overlap(const char *a, const char *b)
{
	DIR *d = opendir(a);
	char *path = NULL;
	const char *name;
	bool is = false;

	if (d == NULL)
		return false;
	while (!is && (name = next_hashed(d)) != NULL) {
		/* A subject's certificates are counted from 0. */
		if (asprintf(&path, "%s/%.*s.0", b, HASH_LEN, name) == -1)
			is = true;	/* the safe answer */
		else {
			is = access(path, F_OK) == 0;
			free(path);
		}
	}
	closedir(d);
	return is;
}

static bool
label_is(const struct pem_block *b, const char *label)
{
	return b->label.len == strlen(label) &&
	    memcmp(b->label.data, label, b->label.len) == 0;
}

static bool
label_ends(const struct pem_block *b, const char *tail)
{
	size_t n = strlen(tail);

	return b->label.len >= n &&
	    memcmp(b->label.data + b->label.len - n, tail, n) == 0;
}

/*
 * "TRUSTED CERTIFICATE" is OpenSSL's own: a certificate and what it is to be
 * trusted or refused for, which libtls respects, so it goes there as it is.
 */
static bool
is_trusted(const struct pem_block *b)
{
	return label_is(b, "TRUSTED CERTIFICATE");
}

static bool
is_certificate(const struct pem_block *b)
{
	return label_is(b, "CERTIFICATE") || label_is(b, "X509 CERTIFICATE") ||
	    is_trusted(b);
}

/* What follows the certificate must decode, or libtls refuses all of them. */
static bool
is_trusted_der(const struct buf *der)
{
	const unsigned char *p = (const unsigned char *)der->data;
	X509 *x = d2i_X509_AUX(NULL, &p, (long)der->len);
	bool is = x != NULL;

	X509_free(x);
	ERR_clear_error();
	return is;
}

static int
damaged(struct error *err, size_t n, const char *name, const char *why)
{
	error_setx(err, ERR_USAGE, "value", "certificate %zu in %s is damaged: "
	    "%s", n, name, why);
	return error_hint(err, "fetch or export the certificate again, or take "
	    "that block out");
}

/* What to append of the n-th certificate, which b holds. */
typedef int block_fn(struct buf *, const struct pem_block *, size_t,
    const char *, struct error *);

/* Decoded, and written anew. */
static int
add_certificate(struct buf *pem, const struct pem_block *b, size_t n,
    const char *name, struct error *err)
{
	struct buf der = { 0 };
	size_t len;
	int rv;

	rv = pem_decode(b, &der);
	len = rv == 1 ? cert_der_len(der.data, der.len) : 0;
	if (rv == -1)
		error_nomem(err);
	else if (rv == 0)
		rv = damaged(err, n, name, "what it holds is not base64");
	else if (len == 0 || (is_trusted(b) && !is_trusted_der(&der)))
		rv = damaged(err, n, name, "what it encodes is no certificate");
	else if (pem_add(pem, is_trusted(b) ? "TRUSTED CERTIFICATE" :
	    "CERTIFICATE", der.data, is_trusted(b) ? der.len : len) == -1)
		rv = error_nomem(err);
	buf_clear(&der);
	return rv == 1 ? 0 : -1;
}

/* As it stands; a TRUSTED one keeps its label, for what comes with it. */
static int
copy_certificate(struct buf *pem, const struct pem_block *b, size_t n,
    const char *name, struct error *err)
{
	const char *label = is_trusted(b) ? "TRUSTED CERTIFICATE" :
	    "CERTIFICATE";

	(void)n;
	(void)name;
	if (buf_addf(pem, "-----BEGIN %s-----\n", label) == -1 ||
	    buf_add(pem, b->body.data, b->body.len) == -1 ||
	    buf_addf(pem, "-----END %s-----\n", label) == -1)
		return error_nomem(err);
	return 0;
}

/* What to say of a block that is there instead of a certificate. */
static const struct {
	const char	*tail;	/* its label's end */
	const char	*what;
	const char	*hint;
} others[] = {
	{ "PRIVATE KEY", "a private key",
	    "ca takes the certificate of the authority, not a key" },
	{ "PUBLIC KEY", "a public key",
	    "ca takes the certificate of the authority, not a key" },
	{ "X509 CRL", "a revocation list (CRL)",
	    "ca takes the certificate of the authority" },
	{ "CERTIFICATE REQUEST", "a certificate request (CSR)",
	    "ca takes the certificate that the authority made from it, or "
	    "the authority's own" },
	{ "PKCS7", "a PKCS #7 bundle",
	    "convert it: openssl pkcs7 -in FILE -print_certs -out FILE.pem" },
	{ "PARAMETERS", "parameters of a key exchange",
	    "ca takes the certificate of the authority" },
	{ "", "a PEM block of another kind",
	    "ca takes the certificate of the authority, which begins with "
	    "-----BEGIN CERTIFICATE-----" },
};

static int
only_other(struct error *err, const struct pem_block *b, const char *name)
{
	size_t i = 0;

	while (!label_ends(b, others[i].tail))
		i++;
	error_setx(err, ERR_USAGE, "value", "%s holds %s but no certificate",
	    name, others[i].what);
	return error_hint(err, "%s", others[i].hint);
}

static bool
is_empty(const char *text, size_t len)
{
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL &&
	    text[len - 1] != '\0')
		len--;
	return len == 0;
}

static bool
begins(const char *text, size_t len, const char *with, size_t with_len)
{
	return len >= with_len && memcmp(text, with, with_len) == 0;
}

/*
 * PFX ::= SEQUENCE { INTEGER 3, ... } (RFC 7292 section 4), of 256 bytes or
 * more.
 */
static bool
is_pkcs12(const char *text, size_t len)
{
	return len > 7 && begins(text, len, "\x30\x82", 2) &&
	    memcmp(text + 4, "\x02\x01\x03", 3) == 0;
}

/* Why text without any PEM block is none. */
static int
no_block(struct error *err, const char *text, size_t len, const char *name)
{
	const char *what = "holds no PEM certificate", *hint = "a PEM "
	    "certificate begins with the line -----BEGIN CERTIFICATE-----";

	if (is_empty(text, len)) {
		what = "is empty";
		hint = "name a file of certificates in PEM form";
	} else if (cert_der_len(text, len) > 0) {
		what = "is a certificate in DER form, not PEM";
		hint = "convert it: openssl x509 -inform der -in FILE "
		    "-out FILE.pem";
	} else if (is_pkcs12(text, len)) {
		what = "is a PKCS #12 file, not PEM";
		hint = "take the certificates out: openssl pkcs12 -in FILE "
		    "-nokeys -out FILE.pem";
	} else if (begins(text, len, "\xff\xfe", 2) ||
	    begins(text, len, "\xfe\xff", 2)) {
		what = "is UTF-16 text, not PEM";
		hint = "save it as plain ASCII or UTF-8 text";
	} else if (memmem(text, len, "-----BEGIN ", 11) != NULL) {
		what = "holds PEM that has lost its line ends";
		hint = "the BEGIN and END lines must be lines of their own";
	} else if (memchr(text, '\0', len) != NULL)
		what = "is binary data, not PEM";
	error_setx(err, ERR_USAGE, "value", "%s %s", name, what);
	return error_hint(err, "%s", hint);
}

/* What comes after a block without an end may belong to it, or not. */
static int
unfinished(struct error *err, const struct pem_block *b, size_t n,
    const char *name)
{
	if (is_certificate(b))
		return damaged(err, n, name, "its END line is missing");
	return error_setx(err, ERR_USAGE, "value", "a PEM block '%.*s' in %s "
	    "is damaged: its END line is missing", LABEL_SHOWN < b->label.len ?
	    LABEL_SHOWN : (int)b->label.len, b->label.data, name);
}

static int
take_text(struct buf *pem, struct span text, const char *name, block_fn *add,
    struct error *err)
{
	struct span rest = text;
	struct pem_block b, other = { 0 };
	size_t n = 0;
	int rv;

	if (text.len > STORE_FILE_MAX)
		return error_setx(err, ERR_USAGE, "value", "%s is larger than "
		    "%d MiB", name, STORE_FILE_MAX >> 20);
	while ((rv = pem_next(&rest, &b)) == 1)
		if (is_certificate(&b)) {
			if (add(pem, &b, ++n, name, err) == -1)
				return -1;
		} else if (!label_ends(&other, "PRIVATE KEY"))
			other = b;
	if (rv == -1)
		return unfinished(err, &b, n + 1, name);
	if (n > 0)
		return 0;
	return other.label.data != NULL ? only_other(err, &other, name) :
	    no_block(err, text.data, text.len, name);
}

int
store_read_text(struct buf *pem, const char *text, size_t len,
    const char *name, struct error *err)
{
	const struct span all = { text, len };

	return take_text(pem, all, name, add_certificate, err);
}

int
store_copy_text(struct buf *pem, const char *text, size_t len,
    const char *name, struct error *err)
{
	const struct span all = { text, len };

	return take_text(pem, all, name, copy_certificate, err);
}

/* How to take the certificates from a text. */
typedef int take_fn(struct buf *, const char *, size_t, const char *,
    struct error *);

static int
take_file(struct buf *pem, const char *path, take_fn *take, struct error *err)
{
	char name[NAME_LEN];
	struct secret file = { 0 };
	int rv;

	snprintf(name, sizeof(name), "ca file '%s'", path);
	rv = secret_read(&file, path, STORE_FILE_MAX, name, err);
	if (rv == 0)
		rv = take(pem, file.data, file.len, name, err);
	secret_clear(&file);
	return rv;
}

int
store_read_file(struct buf *pem, const char *path, struct error *err)
{
	return take_file(pem, path, store_read_text, err);
}

int
store_copy_file(struct buf *pem, const char *path, struct error *err)
{
	return take_file(pem, path, store_copy_text, err);
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
hashed_entry(const struct dirent *e)
{
	return store_is_hashed_name(e->d_name);
}

/* A link whose target is gone is no certificate; OpenSSL passes it too. */
static int
take_entry(struct buf *pem, const char *dir, const char *entry, take_fn *take,
    struct error *err)
{
	struct stat st;
	char *path;
	int rv = 0;

	if (asprintf(&path, "%s/%s", dir, entry) == -1)
		return error_nomem(err);
	if (stat(path, &st) == 0 || errno != ENOENT)
		rv = take_file(pem, path, take, err);
	free(path);
	return rv;
}

static int
take_dir(struct buf *pem, const char *path, take_fn *take, struct error *err)
{
	struct dirent **entries;
	size_t before = pem->len - pem->off;
	int i, n, rv = 0;

	n = scandir(path, &entries, hashed_entry, by_name);
	if (n == -1)
		return error_set(err, ERR_USAGE, "value", "ca directory '%s'",
		    path);
	for (i = 0; i < n; i++) {
		if (rv == 0)
			rv = take_entry(pem, path, entries[i]->d_name, take,
			    err);
		free(entries[i]);
	}
	free(entries);
	if (rv == 0 && pem->len - pem->off == before)
		rv = error_setx(err, ERR_USAGE, "value", "ca directory '%s' "
		    "holds no certificate under a hashed name", path);
	return rv;
}

int
store_read_dir(struct buf *pem, const char *path, struct error *err)
{
	return take_dir(pem, path, store_read_text, err);
}

int
store_copy_dir(struct buf *pem, const char *path, struct error *err)
{
	return take_dir(pem, path, store_copy_text, err);
}

/* FNV-1a. */
static uint64_t
mix(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len-- > 0)
		h = (h ^ *p++) * 0x100000001b3;
	return h;
}

static uint64_t
mix_entry(uint64_t h, const char *dir, const char *entry)
{
	struct stat st;
	char *path;

	if (asprintf(&path, "%s/%s", dir, entry) == -1)
		return ~h;	/* another, which is the safe answer */
	h = mix(h, entry, strlen(entry));
	if (stat(path, &st) == 0) {
		h = mix(h, &st.st_dev, sizeof(st.st_dev));
		h = mix(h, &st.st_ino, sizeof(st.st_ino));
		h = mix(h, &st.st_size, sizeof(st.st_size));
		h = mix(h, &st.st_mtim, sizeof(st.st_mtim));
		h = mix(h, &st.st_ctim, sizeof(st.st_ctim));
	}
	free(path);
	return h;
}

uint64_t
store_dir_stamp(const char *path)
{
	struct dirent **entries;
	uint64_t h = 0xcbf29ce484222325;
	int i, n = scandir(path, &entries, hashed_entry, by_name);

	if (n == -1)
		return 0;
	for (i = 0; i < n; i++) {
		h = mix_entry(h, path, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return h;
}
