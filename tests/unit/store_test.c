/* tls/store: what may stand in a ca file or directory, and what may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include "certs.h"
#include "tls/pem.h"
#include "tls/store.h"

static EVP_PKEY *key;
static X509 *one, *two;
static char *dir;

/* What "{name}" stands for in a row. */
static struct piece {
	const char	*name;
	char		*text;
} pieces[] = {
	{ "{1}", NULL }, { "{2}", NULL }, { "{key}", NULL },
	{ "{trusted}", NULL }, { "{x509}", NULL }, { "{crlf}", NULL },
	{ "{damaged}", NULL }, { "{cut}", NULL }, { "{indented}", NULL },
	{ "{oneline}", NULL },
};

#define BLOCK(label)	"-----BEGIN " label "-----\nAAAA\n-----END " label \
			"-----\n"

static char *
replaced(const char *s, const char *what, const char *with)
{
	struct buf b = { 0 };
	const char *p;

	while ((p = strstr(s, what)) != NULL) {
		buf_addf(&b, "%.*s%s", (int)(p - s), s, with);
		s = p + strlen(what);
	}
	buf_addf(&b, "%s", s);
	assert_int_equal(buf_add(&b, "", 1), 0);
	return b.data;
}

static X509 *
make(const char *cn)
{
	struct certs_spec spec = { .cn = cn, .ca = true, .key = key };

	return certs_new(&spec);
}

static int
setup(void **state)
{
	X509 *aux;

	(void)state;
	dir = certs_dir();
	key = certs_p256();
	one = make("one");
	two = make("two");
	aux = X509_dup(two);
	X509_add1_trust_object(aux, OBJ_nid2obj(NID_server_auth));
	pieces[0].text = certs_pem(one);
	pieces[1].text = certs_pem(two);
	pieces[2].text = certs_key_pem(key);
	pieces[3].text = certs_trusted_pem(aux);
	pieces[4].text = replaced(pieces[0].text, " CERTIFICATE",
	    " X509 CERTIFICATE");
	pieces[5].text = replaced(pieces[0].text, "\n", "\r\n");
	pieces[6].text = replaced(pieces[0].text, "\nMII", "\nMIJ");
	pieces[7].text = certs_pem(one);
	*strstr(pieces[7].text, "-----END") = '\0';
	pieces[8].text = replaced(pieces[0].text, "\n", "\n\t  ");
	pieces[9].text = replaced(pieces[0].text, "\n", "");
	X509_free(aux);
	return 0;
}

static int
teardown(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(seteuid(getuid()), 0);	/* if a test failed as nobody */
	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		free(pieces[i].text);
	X509_free(one);
	X509_free(two);
	EVP_PKEY_free(key);
	certs_dir_remove(dir);
	return 0;
}

static const struct text_test {
	const char	*label;
	const char	*in;
	const char	*want;		/* "label:common name " of each */
	const char	*message;	/* or: the whole message */
	const char	*hint;		/* and a part of the hint */
} text_tests[] = {
	{ "one", "{1}", "CERTIFICATE:one ", NULL, NULL },
	{ "two", "{1}{2}", "CERTIFICATE:one CERTIFICATE:two ", NULL, NULL },
	{ "the same twice", "{1}{1}", "CERTIFICATE:one CERTIFICATE:one ",
	    NULL, NULL },
	{ "text around and between", "# a bundle\n\n{1}# two\n{2}\nend",
	    "CERTIFICATE:one CERTIFICATE:two ", NULL, NULL },
	{ "CR LF", "{crlf}{crlf}", "CERTIFICATE:one CERTIFICATE:one ",
	    NULL, NULL },
	{ "byte order mark", "\xef\xbb\xbf{1}", "CERTIFICATE:one ", NULL,
	    NULL },
	{ "indented", "\t  {indented}", "CERTIFICATE:one ", NULL, NULL },
	{ "X509 CERTIFICATE", "{x509}", "CERTIFICATE:one ", NULL, NULL },
	{ "TRUSTED CERTIFICATE", "{1}{trusted}",
	    "CERTIFICATE:one TRUSTED CERTIFICATE:two ", NULL, NULL },
	{ "a key before", "{key}{1}", "CERTIFICATE:one ", NULL, NULL },
	{ "a key after", "{1}{key}", "CERTIFICATE:one ", NULL, NULL },
	{ "parameters between", "{1}" BLOCK("DH PARAMETERS") "{2}",
	    "CERTIFICATE:one CERTIFICATE:two ", NULL, NULL },

	{ "nothing", "", NULL, "NAME is empty", "PEM form" },
	{ "blanks", " \r\n\t\n", NULL, "NAME is empty", "PEM form" },
	{ "text", "hello\n", NULL, "NAME holds no PEM certificate",
	    "-----BEGIN CERTIFICATE-----" },
	{ "an HTML page", "<!DOCTYPE html>\n<title>404</title>\n", NULL,
	    "NAME holds no PEM certificate", "-----BEGIN CERTIFICATE-----" },
	{ "only a key", "{key}", NULL,
	    "NAME holds a private key but no certificate",
	    "not a key" },
	{ "a key and parameters", BLOCK("EC PARAMETERS")
	    BLOCK("EC PRIVATE KEY") BLOCK("DH PARAMETERS"), NULL,
	    "NAME holds a private key but no certificate", "not a key" },
	{ "an encrypted key", BLOCK("ENCRYPTED PRIVATE KEY"), NULL,
	    "NAME holds a private key but no certificate", "not a key" },
	{ "only a public key", BLOCK("PUBLIC KEY"), NULL,
	    "NAME holds a public key but no certificate", "not a key" },
	{ "only a CRL", BLOCK("X509 CRL"), NULL,
	    "NAME holds a revocation list (CRL) but no certificate",
	    "ca takes the certificate" },
	{ "only a CSR", BLOCK("CERTIFICATE REQUEST"), NULL,
	    "NAME holds a certificate request (CSR) but no certificate",
	    "made from it" },
	{ "only a CSR, old label", BLOCK("NEW CERTIFICATE REQUEST"), NULL,
	    "NAME holds a certificate request (CSR) but no certificate",
	    "made from it" },
	{ "PKCS #7", BLOCK("PKCS7"), NULL,
	    "NAME holds a PKCS #7 bundle but no certificate",
	    "openssl pkcs7 -in FILE -print_certs" },
	{ "parameters", BLOCK("DH PARAMETERS"), NULL,
	    "NAME holds parameters of a key exchange but no certificate",
	    "ca takes the certificate" },
	{ "another label", BLOCK("PGP MESSAGE"), NULL,
	    "NAME holds a PEM block of another kind but no certificate",
	    "-----BEGIN CERTIFICATE-----" },
	{ "damaged", "{damaged}", NULL,
	    "certificate 1 in NAME is damaged: what it encodes is no "
	    "certificate", "again" },
	{ "the second damaged", "{1}{damaged}{2}", NULL,
	    "certificate 2 in NAME is damaged: what it encodes is no "
	    "certificate", "again" },
	{ "a key does not count", "{key}{1}{key}{damaged}", NULL,
	    "certificate 2 in NAME is damaged: what it encodes is no "
	    "certificate", "again" },
	{ "no base64", "{1}-----BEGIN CERTIFICATE-----\nMII!\n"
	    "-----END CERTIFICATE-----\n", NULL,
	    "certificate 2 in NAME is damaged: what it holds is not base64",
	    "again" },
	{ "encrypted certificate", "-----BEGIN CERTIFICATE-----\n"
	    "Proc-Type: 4,ENCRYPTED\n\nMIIB\n-----END CERTIFICATE-----\n",
	    NULL, "certificate 1 in NAME is damaged: what it holds is not "
	    "base64", "again" },
	{ "empty block", "-----BEGIN CERTIFICATE-----\n"
	    "-----END CERTIFICATE-----\n", NULL, "certificate 1 in NAME is "
	    "damaged: what it encodes is no certificate", "again" },
	{ "trusted, but nothing said about it",
	    "-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n"
	    "-----END TRUSTED CERTIFICATE-----\n", NULL, "certificate 1 in "
	    "NAME is damaged: what it encodes is no certificate", "again" },
	{ "cut short", "{1}{cut}", NULL, "certificate 2 in NAME is damaged: "
	    "its END line is missing", "again" },
	{ "cut short, another follows", "{cut}{1}", NULL,
	    "certificate 1 in NAME is damaged: its END line is missing",
	    "again" },
	/* What follows the key must not be lost without a word. */
	{ "a key cut short", "{1}-----BEGIN PRIVATE KEY-----\nAAAA\n{2}",
	    NULL, "a PEM block 'PRIVATE KEY' in NAME is damaged: its END "
	    "line is missing", "" },
	{ "line ends lost", "{oneline}", NULL,
	    "NAME holds PEM that has lost its line ends",
	    "lines of their own" },
	{ "UTF-16", "\xff\xfe-\x01-\x01", NULL,
	    "NAME is UTF-16 text, not PEM", "plain ASCII" },
};

static char *
expand(const char *in)
{
	char *text = strdup(in), *next;
	size_t i;

	assert_non_null(text);
	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		next = replaced(text, pieces[i].name, pieces[i].text);
		free(text);
		text = next;
	}
	return text;
}

/* "label:common name " of each block. */
static char *
list(const struct buf *pem)
{
	struct span rest = buf_span(pem);
	struct pem_block b;
	struct buf der = { 0 }, out = { 0 };
	const unsigned char *p;
	char cn[64];
	X509 *x;

	while (pem_next(&rest, &b) == 1) {
		assert_int_equal(pem_decode(&b, &der), 1);
		p = (const unsigned char *)der.data;
		x = d2i_X509_AUX(NULL, &p, (long)der.len);
		assert_non_null(x);
		X509_NAME_get_text_by_NID(X509_get_subject_name(x),
		    NID_commonName, cn, sizeof(cn));
		buf_addf(&out, "%.*s:%s ", (int)b.label.len, b.label.data, cn);
		X509_free(x);
		buf_reset(&der);
	}
	assert_int_equal(buf_add(&out, "", 1), 0);
	buf_clear(&der);
	return out.data;
}

static bool
is_refused(const struct error *err, const char *label, const char *message,
    const char *hint)
{
	if (err->kind == ERR_USAGE && strcmp(err->code, "value") == 0 &&
	    strcmp(err->message, message) == 0 &&
	    strstr(err->hint, hint) != NULL)
		return true;
	print_error("%s: got %s/%s \"%s\" (%s), want \"%s\" (%s)\n", label,
	    error_kind_name(err->kind), err->code, err->message, err->hint,
	    message, hint);
	return false;
}

static bool
check_text(const struct text_test *t)
{
	struct error err = { 0 };
	struct buf pem = { 0 };
	char *in = expand(t->in), *got, *exact;
	bool good;
	int rv;

	exact = malloc(strlen(in));	/* no NUL to run on to */
	assert_non_null(exact);
	memcpy(exact, in, strlen(in));
	rv = store_read_text(&pem, exact, strlen(in), "NAME", &err);
	free(exact);
	free(in);
	got = list(&pem);
	if (t->want == NULL)
		good = rv == -1 && is_refused(&err, t->label, t->message,
		    t->hint);
	else {
		good = rv == 0 && strcmp(got, t->want) == 0;
		if (!good)
			print_error("text/%s: got %d, \"%s\" %s, want \"%s\"\n",
			    t->label, rv, got, err.message, t->want);
	}
	free(got);
	buf_clear(&pem);
	return good;
}

static void
test_text(void **state)
{
	size_t i, bad = 0;

	(void)state;
	for (i = 0; i < sizeof(text_tests) / sizeof(text_tests[0]); i++)
		bad += !check_text(&text_tests[i]);
	assert_int_equal(bad, 0);
}

/* What is told by its bytes: no string of the table can hold them. */
static void
test_binary(void **state)
{
	static const char pfx[] = "\x30\x82\x01\x00\x02\x01\x03\x30\x82\x00";
	static const char other[] = "\x7f" "ELF\0\0\0\0";
	struct error err;
	struct buf pem = { 0 };
	unsigned char *der = NULL;
	int len = i2d_X509(one, &der);

	(void)state;
	assert_true(len > 0);
	assert_int_equal(store_read_text(&pem, (const char *)der, (size_t)len,
	    "NAME", &err), -1);
	assert_true(is_refused(&err, "DER", "NAME is a certificate in DER "
	    "form, not PEM", "openssl x509 -inform der -in FILE -out"));
	assert_int_equal(store_read_text(&pem, pfx, sizeof(pfx), "NAME",
	    &err), -1);
	assert_true(is_refused(&err, "PKCS #12", "NAME is a PKCS #12 file, "
	    "not PEM", "openssl pkcs12 -in FILE -nokeys"));
	assert_int_equal(store_read_text(&pem, other, sizeof(other), "NAME",
	    &err), -1);
	assert_true(is_refused(&err, "binary", "NAME is binary data, not PEM",
	    "-----BEGIN CERTIFICATE-----"));
	assert_int_equal(pem.len, 0);
	OPENSSL_free(der);
}

/* No byte of a key is handed on. */
static void
test_no_key(void **state)
{
	struct error err;
	struct buf pem = { 0 };
	char *text = expand("{key}{1}{key}");

	(void)state;
	assert_int_equal(store_read_text(&pem, text, strlen(text), "NAME",
	    &err), 0);
	assert_int_equal(buf_add(&pem, "", 1), 0);
	assert_null(strstr(pem.data, "PRIVATE"));
	assert_string_equal(pem.data, pieces[0].text);
	buf_clear(&pem);
	free(text);
}

static char *
write_file(const char *name, const char *in)
{
	char *path = certs_path(dir, name), *text = expand(in);

	certs_write(path, text, strlen(text));
	free(text);
	return path;
}

/* Consumes path. */
static void
assert_file_refused(char *path, const char *fmt, const char *hint)
{
	struct error err = { 0 };
	struct buf pem = { 0 };
	char *message;

	message = replaced(fmt, "PATH", path);
	assert_int_equal(store_read_file(&pem, path, &err), -1);
	assert_true(is_refused(&err, fmt, message, hint));
	assert_int_equal(pem.len, 0);
	buf_clear(&pem);
	free(message);
	free(path);
}

static void
test_file(void **state)
{
	struct error err;
	struct buf pem = { 0 };
	char *path = write_file("good.pem", "{1}{2}"), *got;

	(void)state;
	assert_int_equal(store_read_file(&pem, path, &err), 0);
	assert_int_equal(store_read_file(&pem, path, &err), 0);
	got = list(&pem);
	assert_string_equal(got, "CERTIFICATE:one CERTIFICATE:two "
	    "CERTIFICATE:one CERTIFICATE:two ");
	free(got);
	buf_clear(&pem);
	free(path);
	assert_file_refused(certs_path(dir, "missing.pem"),
	    "ca file 'PATH': No such file or directory", "");
	assert_file_refused(certs_path(dir, "good.pem/x"),
	    "ca file 'PATH': Not a directory", "");
	assert_file_refused(strdup(dir), "ca file 'PATH': Is a directory", "");
	assert_file_refused(strdup(""),
	    "ca file 'PATH': No such file or directory", "");
	assert_file_refused(write_file("empty.pem", ""),
	    "ca file 'PATH' is empty", "PEM form");
	assert_file_refused(write_file("key.pem", "{key}"),
	    "ca file 'PATH' holds a private key but no certificate", "key");
}

static void
test_large(void **state)
{
	char *path = write_file("large.pem", "{1}");

	(void)state;
	assert_int_equal(truncate(path, STORE_FILE_MAX + 1), 0);
	assert_file_refused(path, "ca file 'PATH' is larger than 64 MiB", "");
}

/* Many times READ_MIN: what is read in pieces is put together right. */
static void
test_pipe(void **state)
{
	struct error err;
	struct buf pem = { 0 };
	char name[32], *got, *filler;
	size_t len = 60000;
	int fd[2];

	(void)state;
	filler = malloc(len);
	assert_non_null(filler);
	memset(filler, 'x', len);
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], filler, len), (ssize_t)len);
	assert_int_equal(write(fd[1], "\n", 1), 1);
	assert_int_equal(write(fd[1], pieces[0].text, strlen(pieces[0].text)),
	    (ssize_t)strlen(pieces[0].text));
	close(fd[1]);
	snprintf(name, sizeof(name), "/dev/fd/%d", fd[0]);
	assert_int_equal(store_read_file(&pem, name, &err), 0);
	got = list(&pem);
	assert_string_equal(got, "CERTIFICATE:one ");
	free(got);
	free(filler);
	close(fd[0]);
	buf_clear(&pem);
}

static void
test_unreadable(void **state)
{
	char *path = write_file("unreadable.pem", "{1}");
	uid_t me = geteuid();

	(void)state;
	assert_int_equal(chmod(path, 0), 0);
	if (me == 0)
		assert_int_equal(seteuid(65534), 0);	/* root reads all */
	assert_file_refused(path, "ca file 'PATH': Permission denied", "");
	if (me == 0)
		assert_int_equal(seteuid(0), 0);
}

static char *
make_dir(const char *name)
{
	char *path = certs_path(dir, name);

	assert_int_equal(mkdir(path, 0755), 0);
	return path;
}

static const struct {
	const char	*name;	/* of the one file in the directory */
	bool		 want;
} hashed_tests[] = {
	{ "0123abcd.0", true }, { "ffffffff.12", true },
	{ "cert.pem", false }, { "0123abcd", false }, { "0123abcd.", false },
	{ "0123abcd.r0", false }, { "0123ABCD.0", false },
	{ "0123abc.0", false }, { "0123abcde.0", false },
	{ "0123abcg.0", false }, { "0123abcd.0.pem", false },
	{ "0123abcd.0x", false }, { "0123abcd_0", false }, { ".0", false },
};

static void
test_is_hashed(void **state)
{
	char *d = make_dir("hashed"), *path, *file;
	size_t i, bad = 0;
	bool got;

	(void)state;
	assert_false(store_is_hashed_dir(d));
	for (i = 0; i < sizeof(hashed_tests) / sizeof(hashed_tests[0]); i++) {
		path = certs_path(d, hashed_tests[i].name);
		certs_write(path, "", 0);
		got = store_is_hashed_dir(d);
		if (got != hashed_tests[i].want) {
			print_error("hashed/%s: got %d, want %d\n",
			    hashed_tests[i].name, got, hashed_tests[i].want);
			bad++;
		}
		remove(path);
		free(path);
	}
	assert_int_equal(bad, 0);
	file = write_file("file", "{1}");
	assert_false(store_is_hashed_dir(file));
	assert_false(store_is_hashed_dir("/nonexistent"));
	assert_false(store_is_hashed_dir(""));
	free(file);
	free(d);
}

static void
link_in(const char *d, const char *name, const char *target)
{
	char *path = certs_path(d, name);

	assert_int_equal(symlink(target, path), 0);
	free(path);
}

static void
test_dir(void **state)
{
	struct error err = { 0 };
	struct buf pem = { 0 };
	char *d = make_dir("dir"), *other = write_file("other.pem", "{1}"),
	    *bad, *message, *got;

	(void)state;
	certs_write_hashed(d, two, 0);
	link_in(d, "00000000.0", other);
	link_in(d, "00000001.0", "/nonexistent");	/* dangling */
	bad = certs_path(d, "unhashed.pem");
	certs_write(bad, "garbage", 7);
	free(bad);
	bad = certs_path(d, "00000002.r0");		/* a CRL */
	certs_write(bad, "garbage", 7);
	free(bad);
	assert_int_equal(store_read_dir(&pem, d, &err), 0);
	got = list(&pem);
	assert_string_equal(got, "CERTIFICATE:one CERTIFICATE:two ");
	free(got);
	buf_clear(&pem);

	bad = certs_path(d, "00000003.0");
	certs_write(bad, "garbage", 7);
	assert_int_equal(store_read_dir(&pem, d, &err), -1);
	message = replaced("ca file 'PATH' holds no PEM certificate", "PATH",
	    bad);
	assert_true(is_refused(&err, "dir/bad entry", message, "BEGIN"));
	free(message);
	free(bad);
	buf_clear(&pem);
	free(other);
	free(d);
}

static void
test_dir_refused(void **state)
{
	struct error err = { 0 };
	struct buf pem = { 0 };
	char *d = make_dir("none"), *loop = make_dir("loop"), *message;

	(void)state;
	link_in(loop, "00000001.0", "00000001.0");
	assert_int_equal(store_read_dir(&pem, loop, &err), -1);
	message = replaced("ca file 'PATH/00000001.0': Too many levels of "
	    "symbolic links", "PATH", loop);
	assert_true(is_refused(&err, "dir/link to itself", message, ""));
	free(message);
	free(loop);
	link_in(d, "00000001.0", "/nonexistent");
	assert_int_equal(store_read_dir(&pem, d, &err), -1);
	message = replaced("ca directory 'PATH' holds no certificate under a "
	    "hashed name", "PATH", d);
	assert_true(is_refused(&err, "dir/dangling", message, ""));
	assert_int_equal(store_read_dir(&pem, "/nonexistent", &err), -1);
	assert_true(is_refused(&err, "dir/missing", "ca directory "
	    "'/nonexistent': No such file or directory", ""));
	assert_int_equal(pem.len, 0);
	free(message);
	free(d);
}

static void
test_overlap(void **state)
{
	char *a = make_dir("a"), *b = make_dir("b");

	(void)state;
	assert_false(store_dirs_overlap(a, b));
	certs_write_hashed(a, one, 0);
	certs_write_hashed(b, two, 0);
	assert_false(store_dirs_overlap(a, b));
	assert_false(store_dirs_overlap(b, a));
	certs_write_hashed(b, one, 0);
	assert_true(store_dirs_overlap(a, b));
	assert_true(store_dirs_overlap(b, a));
	assert_true(store_dirs_overlap(a, a));
	assert_false(store_dirs_overlap(a, "/nonexistent"));
	free(a);
	free(b);
}

static void
test_system(void **state)
{
	const char *path = store_system();
	struct error err = { 0 };
	struct buf pem = { 0 };

	(void)state;
	if (path == NULL)
		skip();		/* a machine without ca-certificates */
	if (store_is_hashed_dir(path))
		assert_int_equal(store_read_dir(&pem, path, &err), 0);
	else
		assert_int_equal(store_read_file(&pem, path, &err), 0);
	assert_true(pem.len > 1000);
	buf_clear(&pem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_binary),
		cmocka_unit_test(test_no_key),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_is_hashed),
		cmocka_unit_test(test_dir),
		cmocka_unit_test(test_dir_refused),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_system),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
