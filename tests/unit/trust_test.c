/*
 * tls/trust: what each form of trust accepts and refuses, tried by handshakes
 * with servers of two authorities over a socket pair.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <tls.h>
#include <unistd.h>

#include "certs.h"
#include "tls/store.h"
#include "tls/trust.h"

#define STEPS_MAX	100	/* a handshake takes six or so */

enum server { A, B, EXPIRED, SERVERS };

static struct {
	char	*chain;		/* PEM */
	char	*key;
} servers[SERVERS];

static EVP_PKEY *key;		/* everybody's, but the impostor's */
static X509 *root_a, *root_b;
static char *dir;		/* and the working directory */
static char *text_a;

static X509 *
make_root(const char *cn, EVP_PKEY *own)
{
	struct certs_spec spec = { .cn = cn, .ca = true, .key = own };

	return certs_new(&spec);
}

static void
make_server(enum server which, X509 *root, int days)
{
	static const struct certs_name name = { GEN_DNS, "server.example", 14 };
	struct certs_spec spec = { .cn = "server", .names = &name,
	    .name_count = 1, .days = days, .key = key, .issuer = root,
	    .issuer_key = key };
	X509 *x = certs_new(&spec);

	servers[which].chain = certs_pem(x);
	servers[which].key = certs_key_pem(key);
	X509_free(x);
}

static void
put(const char *name, const char *text)
{
	certs_write(name, text, strlen(text));
}

static void
put_hashed(const char *name, X509 *x)
{
	mkdir(name, 0755);
	certs_write_hashed(name, x, 0);
}

/* As OpenSSL writes it: with what the certificate may and may not do. */
static void
put_trusted(const char *name, int trust, int reject)
{
	X509 *x = X509_dup(root_a);
	char *pem;

	if (trust != 0)
		X509_add1_trust_object(x, OBJ_nid2obj(trust));
	if (reject != 0)
		X509_add1_reject_object(x, OBJ_nid2obj(reject));
	pem = certs_trusted_pem(x);
	put(name, pem);
	free(pem);
	X509_free(x);
}

static void
put_der(const char *name, X509 *x)
{
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);

	certs_write(name, (const char *)der, (size_t)len);
	OPENSSL_free(der);
}

static void
make_files(void)
{
	EVP_PKEY *other = certs_p256();
	X509 *impostor = make_root("root A", other);
	char *b = certs_pem(root_b);

	put("a.pem", text_a);
	put("b.pem", b);
	put("key.pem", servers[A].key);
	put("empty.pem", "");
	put("text.pem", "hello\n");
	put_der("a.der", root_a);
	put_hashed("a.d", root_a);
	put_hashed("b.d", root_b);
	put_hashed("x:b.d", root_a);
	put_hashed("impostor.d", impostor);
	put_trusted("server.pem", NID_server_auth, 0);
	put_trusted("client.pem", NID_client_auth, 0);
	put_trusted("reject.pem", 0, NID_server_auth);
	assert_int_equal(mkdir("none.d", 0755), 0);
	assert_int_equal(mkdir("unhashed.d", 0755), 0);
	put("unhashed.d/a.pem", text_a);
	free(b);
	X509_free(impostor);
	EVP_PKEY_free(other);
}

static int
setup(void **state)
{
	(void)state;
	/* OpenSSL's own default must not show through. */
	unsetenv("SSL_CERT_FILE");
	unsetenv("SSL_CERT_DIR");
	dir = certs_dir();
	assert_int_equal(chdir(dir), 0);
	key = certs_p256();
	root_a = make_root("root A", key);
	root_b = make_root("root B", key);
	text_a = certs_pem(root_a);
	make_server(A, root_a, 30);
	make_server(B, root_b, 30);
	make_server(EXPIRED, root_a, -30);
	make_files();
	return 0;
}

static int
teardown(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(seteuid(getuid()), 0);	/* if a test failed as nobody */
	for (i = 0; i < SERVERS; i++) {
		free(servers[i].chain);
		free(servers[i].key);
	}
	free(text_a);
	X509_free(root_a);
	X509_free(root_b);
	EVP_PKEY_free(key);
	assert_int_equal(chdir("/"), 0);
	certs_dir_remove(dir);
	return 0;
}

static struct tls *
make_listener(enum server which, const char *ciphers)
{
	struct tls_config *config = tls_config_new();
	struct tls *tls = tls_server();

	assert_non_null(config);
	assert_non_null(tls);
	assert_int_equal(tls_config_set_keypair_mem(config,
	    (const uint8_t *)servers[which].chain,
	    strlen(servers[which].chain),
	    (const uint8_t *)servers[which].key,
	    strlen(servers[which].key)), 0);
	if (ciphers != NULL) {
		assert_int_equal(tls_config_set_protocols(config,
		    TLS_PROTOCOL_TLSv1_2), 0);
		assert_int_equal(tls_config_set_ciphers(config, ciphers), 0);
	}
	assert_int_equal(tls_configure(tls, config), 0);
	tls_config_free(config);
	return tls;
}

/* One side after the other, until the client knows. */
static int
shake(struct tls *client, struct tls *server)
{
	int i, rv;

	for (i = 0; i < STEPS_MAX; i++) {
		rv = tls_handshake(client);
		if (rv != TLS_WANT_POLLIN && rv != TLS_WANT_POLLOUT)
			return rv;
		tls_handshake(server);
	}
	fail_msg("the handshake does not end");
	return -1;
}

/* NULL when the client is content, else tls_error's words.  free. */
static char *
connect_to(const struct trust *t, enum server which, const char *ciphers)
{
	struct tls *listener = make_listener(which, ciphers);
	struct tls *client = tls_client(), *server = NULL;
	char *words = NULL;
	int fd[2];

	assert_non_null(client);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fd), 0);
	assert_int_equal(tls_configure(client, trust_config(t)), 0);
	assert_int_equal(tls_accept_socket(listener, &server, fd[1]), 0);
	/* Not the certificate's: the caller checks the name (cert_covers). */
	if (tls_connect_socket(client, fd[0], "another.example") == -1 ||
	    shake(client, server) == -1) {
		assert_non_null(tls_error(client));
		words = strdup(tls_error(client));
	} else
		assert_int_equal(tls_handshake(client), -1);	/* complete */
	tls_free(client);
	tls_free(server);
	tls_free(listener);
	close(fd[0]);
	close(fd[1]);
	return words;
}

static bool
accepts(const struct trust *t, enum server which)
{
	char *words = connect_to(t, which, NULL);
	bool good = words == NULL;

	if (!good && strstr(words, "certificate verification failed") == NULL)
		fail_msg("refused for another reason: %s", words);
	free(words);
	return good;
}

#define CA_MAX	3

static size_t
count_ca(const struct ca_source *ca)
{
	size_t n = 0;

	while (n < CA_MAX && (ca[n].kind != CA_SYSTEM || ca[n].value != NULL))
		n++;
	return n;
}

static struct trust *
trust_of(const struct ca_source *ca, size_t n, struct error *err)
{
	struct trust_spec spec = { .chain = true, .name = true, .time = true,
	    .ca = ca, .ca_count = n };

	return trust_new(&spec, err);
}

static const struct ca_test {
	const char	*label;
	struct ca_source ca[CA_MAX];	/* value "TEXT": text_a */
	const char	*want;		/* trust_label */
	bool		 a, b;		/* which servers it accepts */
} ca_tests[] = {
	{ "file", { { CA_PATH, "a.pem" } }, "ca: a.pem", true, false },
	{ "another file", { { CA_PATH, "b.pem" } }, "ca: b.pem",
	    false, true },
	{ "file, ./", { { CA_PATH, "./a.pem" } }, "ca: ./a.pem",
	    true, false },
	{ "text", { { CA_TEXT, "TEXT" } }, "ca: PEM text", true, false },
	{ "directory", { { CA_PATH, "a.d" } }, "ca: a.d", true, false },
	{ "directory, slash", { { CA_PATH, "a.d/" } }, "ca: a.d/",
	    true, false },
	{ "two directories", { { CA_PATH, "a.d" }, { CA_PATH, "b.d" } },
	    "ca: a.d, b.d", true, true },
	{ "two files", { { CA_PATH, "a.pem" }, { CA_PATH, "b.pem" } },
	    "ca: a.pem, b.pem", true, true },
	{ "file twice", { { CA_PATH, "a.pem" }, { CA_PATH, "a.pem" } },
	    "ca: a.pem, a.pem", true, false },
	{ "directory twice", { { CA_PATH, "a.d" }, { CA_PATH, "a.d" } },
	    "ca: a.d, a.d", true, false },
	/* libtls would ignore the directory. */
	{ "file and directory", { { CA_PATH, "a.pem" }, { CA_PATH, "b.d" } },
	    "ca: a.pem, b.d", true, true },
	{ "directory and text", { { CA_PATH, "b.d" }, { CA_TEXT, "TEXT" } },
	    "ca: b.d, PEM text", true, true },
	{ "file, text, directory", { { CA_PATH, "b.pem" },
	    { CA_TEXT, "TEXT" }, { CA_PATH, "a.d" } },
	    "ca: b.pem, PEM text, a.d", true, true },
	/* OpenSSL would take it for the directories "x" and "b.d". */
	{ "directory with a colon", { { CA_PATH, "x:b.d" } }, "ca: x:b.d",
	    true, false },
	{ "directory with a colon and another", { { CA_PATH, "x:b.d" },
	    { CA_PATH, "b.d" } }, "ca: x:b.d, b.d", true, true },
	/* OpenSSL would never look into the second. */
	{ "same subject in two directories", { { CA_PATH, "impostor.d" },
	    { CA_PATH, "a.d" } }, "ca: impostor.d, a.d", true, false },
	{ "same subject, another key", { { CA_PATH, "impostor.d" } },
	    "ca: impostor.d", false, false },
	{ "trusted for servers", { { CA_PATH, "server.pem" } },
	    "ca: server.pem", true, false },
	{ "trusted for clients only", { { CA_PATH, "client.pem" } },
	    "ca: client.pem", false, false },
	{ "rejected for servers", { { CA_PATH, "reject.pem" } },
	    "ca: reject.pem", false, false },
};

static void
set_text(struct ca_source *ca, const struct ca_source *from, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		ca[i] = from[i];
		if (ca[i].kind == CA_TEXT)
			ca[i].value = text_a;
	}
}

static bool
check_ca(const struct ca_test *row)
{
	struct ca_source ca[CA_MAX];
	size_t n = count_ca(row->ca);
	struct error err = { 0 };
	struct trust *t;
	bool a, b, good;

	set_text(ca, row->ca, n);
	t = trust_of(ca, n, &err);
	if (t == NULL) {
		print_error("ca/%s: %s\n", row->label, err.message);
		return false;
	}
	/* A later chdir must not change where it looks. */
	assert_int_equal(chdir("/"), 0);
	a = accepts(t, A);
	b = accepts(t, B);
	good = a == row->a && b == row->b &&
	    strcmp(trust_label(t), row->want) == 0 && trust_fresh(t);
	if (!good)
		print_error("ca/%s: got A %d, B %d, \"%s\", fresh %d, want "
		    "A %d, B %d, \"%s\"\n", row->label, a, b, trust_label(t),
		    trust_fresh(t), row->a, row->b, row->want);
	assert_int_equal(chdir(dir), 0);
	trust_unref(t);
	return good;
}

static void
test_ca(void **state)
{
	size_t i, bad = 0;

	(void)state;
	for (i = 0; i < sizeof(ca_tests) / sizeof(ca_tests[0]); i++)
		bad += !check_ca(&ca_tests[i]);
	assert_int_equal(bad, 0);
}

static const struct bad_test {
	const char	*label;
	struct ca_source ca[CA_MAX];
	const char	*message;
	const char	*hint;		/* a part of it */
} bad_tests[] = {
	{ "none", { { CA_SYSTEM, NULL } },
	    "ca names no trusted certificates", "" },
	{ "missing", { { CA_PATH, "missing.pem" } },
	    "ca 'missing.pem': No such file or directory", "" },
	{ "no name", { { CA_PATH, "" } },
	    "ca '': No such file or directory", "" },
	{ "under a file", { { CA_PATH, "a.pem/b" } },
	    "ca 'a.pem/b': Not a directory", "" },
	{ "the second missing", { { CA_PATH, "a.pem" },
	    { CA_PATH, "missing.d" } },
	    "ca 'missing.d': No such file or directory", "" },
	{ "unhashed directory", { { CA_PATH, "unhashed.d" } },
	    "ca directory 'unhashed.d' holds no certificate under a hashed "
	    "name, where it would be looked for",
	    "openssl rehash unhashed.d (or c_rehash unhashed.d)" },
	{ "empty directory", { { CA_PATH, "none.d" } },
	    "ca directory 'none.d' holds no certificate under a hashed "
	    "name, where it would be looked for", "openssl rehash none.d" },
	{ "the second unhashed", { { CA_PATH, "a.d" },
	    { CA_PATH, "unhashed.d" } },
	    "ca directory 'unhashed.d' holds no certificate under a hashed "
	    "name, where it would be looked for", "openssl rehash" },
	{ "unhashed beside a file", { { CA_PATH, "a.pem" },
	    { CA_PATH, "unhashed.d" } },
	    "ca directory 'unhashed.d' holds no certificate under a hashed "
	    "name, where it would be looked for", "openssl rehash" },
	{ "empty file", { { CA_PATH, "empty.pem" } },
	    "ca file 'empty.pem' is empty", "PEM" },
	{ "text file", { { CA_PATH, "text.pem" } },
	    "ca file 'text.pem' holds no PEM certificate", "BEGIN" },
	{ "the second no PEM", { { CA_PATH, "a.pem" },
	    { CA_PATH, "text.pem" } },
	    "ca file 'text.pem' holds no PEM certificate", "BEGIN" },
	{ "DER", { { CA_PATH, "a.der" } },
	    "ca file 'a.der' is a certificate in DER form, not PEM",
	    "openssl x509 -inform der" },
	{ "a key", { { CA_PATH, "key.pem" } },
	    "ca file 'key.pem' holds a private key but no certificate",
	    "not a key" },
	{ "empty text", { { CA_TEXT, "" } }, "ca text is empty", "PEM" },
	{ "other text", { { CA_TEXT, "a.pem" } },
	    "ca text holds no PEM certificate", "BEGIN" },
};

static void
test_bad(void **state)
{
	const struct bad_test *row;
	struct error err;
	struct trust *t;
	size_t i, bad = 0;

	(void)state;
	for (i = 0; i < sizeof(bad_tests) / sizeof(bad_tests[0]); i++) {
		row = &bad_tests[i];
		memset(&err, 0, sizeof(err));
		t = trust_of(row->ca, count_ca(row->ca), &err);
		if (t == NULL && err.kind == ERR_USAGE &&
		    strcmp(err.code, "value") == 0 &&
		    strcmp(err.message, row->message) == 0 &&
		    strstr(err.hint, row->hint) != NULL)
			continue;
		print_error("bad/%s: got %d/%s \"%s\" (%s), want \"%s\" "
		    "(%s)\n", row->label, err.kind,
		    err.code == NULL ? "" : err.code, err.message, err.hint,
		    row->message, row->hint);
		trust_unref(t);
		bad++;
	}
	assert_int_equal(bad, 0);
}

static void
test_unreadable(void **state)
{
	struct ca_source file = { CA_PATH, "shut.pem" };
	struct ca_source shut = { CA_PATH, "shut.d" };
	struct error err;
	uid_t me = geteuid();

	(void)state;
	put("shut.pem", text_a);
	put_hashed("shut.d", root_a);
	assert_int_equal(chmod("shut.pem", 0), 0);
	assert_int_equal(chmod("shut.d", 0), 0);
	assert_int_equal(chmod(".", 0755), 0);
	if (me == 0)
		assert_int_equal(seteuid(65534), 0);	/* root reads all */
	assert_null(trust_of(&file, 1, &err));
	assert_string_equal(err.message,
	    "ca file 'shut.pem': Permission denied");
	assert_null(trust_of(&shut, 1, &err));
	assert_string_equal(err.message,
	    "ca directory 'shut.d': Permission denied");
	if (me == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod("shut.d", 0755), 0);
}

static const struct verify_test {
	const char	*label;
	bool		 chain, name, time;
	enum server	 server;
	bool		 want;
} verify_tests[] = {
	{ "all", true, true, true, A, true },
	{ "all, expired", true, true, true, EXPIRED, false },
	{ "all, unknown", true, true, true, B, false },
	{ "no time, expired", true, true, false, EXPIRED, true },
	{ "no time, unknown", true, true, false, B, false },
	{ "no name", true, false, true, A, true },
	{ "no name, expired", true, false, true, EXPIRED, false },
	{ "no name, unknown", true, false, true, B, false },
	{ "no chain, unknown", false, true, true, B, true },
	{ "nothing, expired", false, false, false, EXPIRED, true },
	{ "nothing, unknown", false, false, false, B, true },
};

static void
test_verify(void **state)
{
	static const struct ca_source ca = { CA_PATH, "a.pem" };
	const struct verify_test *row;
	struct trust_spec spec = { .ca = &ca, .ca_count = 1 };
	struct error err;
	struct trust *t;
	size_t i, bad = 0;

	(void)state;
	for (i = 0; i < sizeof(verify_tests) / sizeof(verify_tests[0]); i++) {
		row = &verify_tests[i];
		spec.chain = row->chain;
		spec.name = row->name;
		spec.time = row->time;
		t = trust_new(&spec, &err);
		assert_non_null(t);
		if (accepts(t, row->server) != row->want) {
			print_error("verify/%s: got %d, want %d\n", row->label,
			    !row->want, row->want);
			bad++;
		}
		assert_int_equal(trust_checks_chain(t), row->chain);
		assert_int_equal(trust_checks_name(t), row->name);
		assert_int_equal(trust_checks_time(t), row->time);
		assert_string_equal(trust_label(t),
		    row->chain ? "ca: a.pem" : "none");
		trust_unref(t);
	}
	assert_int_equal(bad, 0);
}

/* Without chain no source is looked at: there may be none. */
static void
test_no_chain(void **state)
{
	struct trust_spec spec = { .label = "nobody" };
	struct error err;
	struct trust *t = trust_new(&spec, &err);

	(void)state;
	assert_non_null(t);
	assert_string_equal(trust_label(t), "nobody");
	assert_true(trust_fresh(t));
	assert_true(accepts(t, B));
	trust_unref(t);
}

static void
test_label_given(void **state)
{
	static const struct ca_source ca = { CA_PATH, "a.pem" };
	struct trust_spec spec = { .chain = true, .time = true, .ca = &ca,
	    .ca_count = 1, .label = "env: SSL_CERT_FILE" };
	struct error err;
	struct trust *t = trust_new(&spec, &err);

	(void)state;
	assert_non_null(t);
	assert_string_equal(trust_label(t), "env: SSL_CERT_FILE");
	trust_unref(t);
}

/* The library's own default and environment never come in. */
static void
test_environment(void **state)
{
	static const struct ca_source b = { CA_PATH, "b.pem" };
	static const struct ca_source b_dir = { CA_PATH, "b.d" };
	struct error err;
	struct trust *file = trust_of(&b, 1, &err);
	struct trust *hashed = trust_of(&b_dir, 1, &err);

	(void)state;
	assert_non_null(file);
	assert_non_null(hashed);
	assert_int_equal(setenv("SSL_CERT_FILE", "a.pem", 1), 0);
	assert_int_equal(setenv("SSL_CERT_DIR", "a.d", 1), 0);
	assert_false(accepts(file, A));
	assert_true(accepts(file, B));
	assert_false(accepts(hashed, A));
	assert_true(accepts(hashed, B));
	unsetenv("SSL_CERT_FILE");
	unsetenv("SSL_CERT_DIR");
	trust_unref(file);
	trust_unref(hashed);
}

static void
test_system(void **state)
{
	static const struct ca_source ca[] = { { CA_SYSTEM, NULL },
	    { CA_PATH, "a.pem" } };
	struct error err;
	struct trust *t = trust_of(ca, 1, &err);
	char want[256];

	(void)state;
	if (store_system() == NULL) {
		assert_null(t);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_non_null(strstr(err.hint, "ca-certificates"));
		return;
	}
	assert_non_null(t);
	snprintf(want, sizeof(want), "system: %s", store_system());
	assert_string_equal(trust_label(t), want);
	assert_false(accepts(t, A));
	trust_unref(t);

	t = trust_of(ca, 2, &err);
	assert_non_null(t);
	assert_non_null(strstr(trust_label(t), ", ca: a.pem"));
	assert_memory_equal(trust_label(t), "system: /", 9);
	assert_true(accepts(t, A));
	assert_false(accepts(t, B));
	trust_unref(t);
}

/* Forward secrecy and AEAD, or no connection. */
static void
test_ciphers(void **state)
{
	static const struct {
		const char	*ciphers;
		bool		 want;
	} rows[] = {
		{ "ECDHE-ECDSA-AES128-GCM-SHA256", true },
		{ "ECDHE-ECDSA-CHACHA20-POLY1305", true },
		{ "ECDHE-ECDSA-AES128-SHA", false },
		{ "ECDHE-ECDSA-AES256-SHA384", false },
	};
	static const struct ca_source ca = { CA_PATH, "a.pem" };
	struct error err;
	struct trust *t = trust_of(&ca, 1, &err);
	char *words;
	size_t i;

	(void)state;
	assert_non_null(t);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		words = connect_to(t, A, rows[i].ciphers);
		if ((words == NULL) != rows[i].want)
			fail_msg("ciphers/%s: got %s", rows[i].ciphers,
			    words == NULL ? "connected" : words);
		free(words);
	}
	trust_unref(t);
}

static void
test_references(void **state)
{
	static const struct ca_source ca = { CA_PATH, "a.pem" };
	struct error err;
	struct trust *t = trust_of(&ca, 1, &err);

	(void)state;
	assert_non_null(t);
	assert_ptr_equal(trust_ref(t), t);
	trust_unref(t);
	assert_true(accepts(t, A));
	trust_unref(t);
	trust_unref(NULL);
}

static void
set_mtime(const char *path)
{
	const struct timespec times[2] = { { 1, 0 }, { 1, 1 } };

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Until the file system's clock ticks: its ctime cannot be set. */
static void
set_ctime(const char *path)
{
	struct stat was, is;

	assert_int_equal(stat(path, &was), 0);
	do {
		assert_int_equal(chmod(path, was.st_mode & 0777), 0);
		assert_int_equal(stat(path, &is), 0);
	} while (memcmp(&was.st_ctim, &is.st_ctim, sizeof(is.st_ctim)) == 0);
}

static void
append(const char *path)
{
	FILE *f = fopen(path, "a");

	assert_non_null(f);
	assert_int_equal(fputs("# more\n", f) >= 0, 1);
	assert_int_equal(fclose(f), 0);
}

static void
replace(const char *path)
{
	put("new", text_a);
	assert_int_equal(rename("new", path), 0);
}

static void
take_away(const char *path)
{
	assert_int_equal(remove(path), 0);
}

static void
add_entry(const char *path)
{
	char *entry = certs_path(path, "new.pem");

	put(entry, "");
	free(entry);
	set_mtime(path);	/* the clock may not have ticked */
}

/* Where "link" leads to is changed, not the link's target. */
static void
turn_link(const char *path)
{
	assert_int_equal(remove(path), 0);
	assert_int_equal(symlink("b.pem", path), 0);
}

static void
leave(const char *path)
{
	(void)path;
}

static const struct fresh_test {
	const char	*label;
	const char	*path;
	void		(*change)(const char *path);
	bool		 want;
} fresh_tests[] = {
	{ "untouched file", "f.pem", leave, true },
	{ "untouched directory", "f.d", leave, true },
	{ "untouched link", "link", leave, true },
	{ "mtime", "f.pem", set_mtime, false },
	{ "ctime", "f.pem", set_ctime, false },
	{ "size", "f.pem", append, false },
	{ "another file of that name", "f.pem", replace, false },
	{ "gone", "f.pem", take_away, false },
	{ "a new entry", "f.d", add_entry, false },
	{ "mtime of a directory", "f.d", set_mtime, false },
	{ "link to another file", "link", turn_link, false },
};

/* Alone and second in a list; and seen from another directory. */
static bool
check_fresh(const struct fresh_test *row, size_t n)
{
	struct ca_source ca[2] = { { CA_PATH, row->path },
	    { CA_PATH, row->path } };
	struct error err;
	struct trust *t;
	bool got;

	put("f.pem", text_a);
	put_hashed("f.d", root_a);
	remove("link");
	assert_int_equal(symlink("a.pem", "link"), 0);
	if (n == 2)
		ca[0].value = "a.d";
	t = trust_of(ca, n, &err);
	assert_non_null(t);
	row->change(row->path);
	assert_int_equal(chdir("/"), 0);
	got = trust_fresh(t);
	assert_int_equal(chdir(dir), 0);
	trust_unref(t);
	if (got != row->want)
		print_error("fresh/%s, of %zu: got %d, want %d\n", row->label,
		    n, got, row->want);
	return got == row->want;
}

static void
test_fresh(void **state)
{
	size_t i, bad = 0;

	(void)state;
	for (i = 0; i < sizeof(fresh_tests) / sizeof(fresh_tests[0]); i++) {
		bad += !check_fresh(&fresh_tests[i], 1);
		bad += !check_fresh(&fresh_tests[i], 2);
	}
	assert_int_equal(bad, 0);
}

/* A look counts for a second; one that finds a change, for nothing. */
static void
test_was_fresh(void **state)
{
	const struct ca_source ca = { CA_PATH, "f.pem" };
	const int64_t t0 = 12345;
	struct error err;
	struct trust *t;

	(void)state;
	put("f.pem", text_a);
	t = trust_of(&ca, 1, &err);
	assert_non_null(t);
	assert_true(trust_was_fresh(t, t0));
	replace("f.pem");
	assert_true(trust_was_fresh(t, t0 + TRUST_LOOK_MS - 1));
	assert_false(trust_fresh(t));
	assert_false(trust_was_fresh(t, t0 + TRUST_LOOK_MS));
	assert_false(trust_was_fresh(t, t0 + TRUST_LOOK_MS));
	trust_unref(t);
}

/* An entry of a directory in place, of which only a closer look tells. */
static void
test_holds(void **state)
{
	const struct ca_source ca[] = { { CA_PATH, "f.d" },
	    { CA_PATH, "a.pem" } };
	const int64_t t0 = 12345;
	char entry[32];
	struct error err;
	struct trust *t;

	(void)state;
	put_hashed("f.d", root_a);
	snprintf(entry, sizeof(entry), "f.d/%08lx.0",
	    X509_subject_name_hash(root_a));
	t = trust_of(ca, 2, &err);
	assert_non_null(t);
	assert_true(trust_current(t));
	append(entry);
	assert_true(trust_holds(t));	/* nobody has doubted it */
	assert_true(trust_was_fresh(t, t0));
	assert_false(trust_holds(t));
	assert_false(trust_current(t));
	put("a.pem", "changed");
	assert_true(trust_was_fresh(t, t0));
	trust_look_again(t);
	assert_false(trust_was_fresh(t, t0));
	trust_unref(t);
	put("a.pem", text_a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ca),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_no_chain),
		cmocka_unit_test(test_label_given),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_system),
		cmocka_unit_test(test_ciphers),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_fresh),
		cmocka_unit_test(test_was_fresh),
		cmocka_unit_test(test_holds),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
