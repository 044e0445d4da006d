/*
 * tls/identity: what is wrong with a client's key; and what is left in memory
 * once its trust is gone: neither its PEM, ours or libtls's, nor its password.
 * (Of the DER in between OpenSSL 3 leaves copies in what it frees.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <tls.h>
#include <unistd.h>

#include "certs.h"
#include "tls/trust.h"

#define MASK		0x5a	/* the test itself must not keep the secret */
#define NEEDLE_LEN	24	/* bytes */
#define PASSWORD	"correct horse battery staple"
#define MAPPING_MAX	(1L << 30)	/* longer ones are the sanitizer's */

static char *dir;		/* and the working directory */

/* Pieces of the secrets, each byte masked: of the PEM, of the password. */
static unsigned char needles[2][NEEDLE_LEN];

static void
put_masked(const char *name, const unsigned char *data)
{
	unsigned char masked[NEEDLE_LEN];
	size_t i;

	for (i = 0; i < NEEDLE_LEN; i++)
		masked[i] = data[i] ^ MASK;
	certs_write(name, (const char *)masked, sizeof(masked));
}

static void
put_key(const char *name, EVP_PKEY *key, bool traditional,
    const EVP_CIPHER *cipher, const char *password)
{
	BIO *bio = certs_need(BIO_new_file(name, "w"), name);
	size_t len = password == NULL ? 0 : strlen(password);
	int rv;

	if (traditional)
		rv = PEM_write_bio_PrivateKey_traditional(bio, key, cipher,
		    (const unsigned char *)password, (int)len, NULL, NULL);
	else
		rv = PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, password,
		    (int)len, NULL, NULL);
	certs_must(rv == 1, name);
	BIO_free(bio);
}

/* In another process, whose memory nobody looks through. */
static void
make_files(void)
{
	EVP_PKEY *key = certs_p256();
	struct certs_spec spec = { .cn = "client", .key = key, .days = 30 };
	X509 *x = certs_new(&spec);
	char *cert = certs_pem(x), *pem = certs_key_pem(key), *both;

	put_masked("password", (const unsigned char *)PASSWORD);
	put_masked("pem", (unsigned char *)strchr(pem, '\n') + 50);
	certs_write("cert.pem", cert, strlen(cert));
	put_key("plain.key", key, false, NULL, NULL);
	put_key("traditional.key", key, true, NULL, NULL);
	put_key("pkcs8.key", key, false, EVP_aes_256_cbc(), PASSWORD);
	put_key("encrypted.key", key, true, EVP_aes_128_cbc(), PASSWORD);
	both = certs_need(malloc(strlen(cert) + strlen(pem) + 1), "malloc");
	strcpy(both, cert);
	strcat(both, pem);
	certs_write("both.pem", both, strlen(both));
}

static void
get_masked(const char *name, unsigned char *needle)
{
	FILE *f = certs_need(fopen(name, "r"), name);

	certs_must(fread(needle, 1, NEEDLE_LEN, f) == NEEDLE_LEN, name);
	fclose(f);
}

static int
setup(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	dir = certs_dir();
	assert_int_equal(chdir(dir), 0);
	pid = fork();
	if (pid == 0) {
		make_files();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	get_masked("pem", needles[0]);
	get_masked("password", needles[1]);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	assert_int_equal(chdir("/"), 0);
	certs_dir_remove(dir);
	return 0;
}

static bool
is_needle(const unsigned char *p, const unsigned char *needle)
{
	size_t i;

	for (i = 0; i < NEEDLE_LEN; i++)
		if ((p[i] ^ MASK) != needle[i])
			return false;
	return true;
}

static size_t
count_in(const unsigned char *p, size_t len)
{
	const unsigned char *at, *end = p + len - (NEEDLE_LEN - 1);
	size_t i, n = 0;

	for (i = 0; i < 2; i++)
		for (at = p; at < end && (at = memchr(at, needles[i][0] ^ MASK,
		    (size_t)(end - at))) != NULL; at++)
			n += is_needle(at, needles[i]);
	return n;
}

/*
 * Reads by way of the kernel, as what has been freed is not for us to read; in
 * steps that overlap, so that no needle is cut.
 */
static size_t
count_between(int mem, uintptr_t from, uintptr_t to)
{
	static unsigned char window[1 << 16];
	size_t n = 0;
	ssize_t len;

	while (from < to) {
		len = pread(mem, window, to - from < sizeof(window) ?
		    to - from : sizeof(window), (off_t)from);
		if (len < NEEDLE_LEN)
			break;
		if (from + (size_t)len <= (uintptr_t)window ||
		    from >= (uintptr_t)window + sizeof(window))
			n += count_in(window, (size_t)len);
		memset(window, 0, sizeof(window));
		from += (size_t)len - (NEEDLE_LEN - 1);
		if ((size_t)len < sizeof(window))
			break;
	}
	return n;
}

/* How often a piece of the key is anywhere in memory that can be written. */
static size_t
count_copies(void)
{
	FILE *maps = certs_need(fopen("/proc/self/maps", "r"), "maps");
	int mem = open("/proc/self/mem", O_RDONLY);
	unsigned long from, to;
	char line[512], mode[8];
	size_t n = 0;

	assert_int_not_equal(mem, -1);
	while (fgets(line, sizeof(line), maps) != NULL)
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 &&
		    mode[1] == 'w' && to - from < MAPPING_MAX)
			n += count_between(mem, from, to);
	close(mem);
	fclose(maps);
	return n;
}

static struct trust *
load(const char *cert, const char *key, const char *password)
{
	struct trust_spec spec = { .cert = { cert, false },
	    .key = { key, false }, .key_password = password };
	struct error err = { 0 };
	struct trust *t = trust_new(&spec, &err);

	if (t == NULL)
		fail_msg("%s", err.message);
	return t;
}

static ssize_t
on_read(struct tls *tls, void *buf, size_t len, void *arg)
{
	(void)tls;
	(void)buf;
	(void)len;
	(void)arg;
	return TLS_WANT_POLLIN;
}

static ssize_t
on_write(struct tls *tls, const void *buf, size_t len, void *arg)
{
	(void)tls;
	(void)buf;
	(void)arg;
	return (ssize_t)len;
}

/* As every connection begins: libtls loads the key. */
static void
begin(const struct trust *t)
{
	struct tls *tls = tls_client();

	assert_non_null(tls);
	assert_int_equal(tls_configure(tls, trust_config(t)), 0);
	assert_int_equal(tls_connect_cbs(tls, on_read, on_write, NULL,
	    "localhost"), 0);
	assert_int_equal(tls_handshake(tls), TLS_WANT_POLLIN);
	tls_free(tls);
}

static const struct wipe_test {
	const char	*label;
	const char	*cert, *key, *password;
} wipe_tests[] = {
	{ "plain", "cert.pem", "plain.key", NULL },
	{ "traditional", "cert.pem", "traditional.key", NULL },
	{ "with the certificate", "both.pem", NULL, NULL },
	{ "encrypted", "cert.pem", "pkcs8.key", PASSWORD },
	{ "encrypted, traditional", "cert.pem", "encrypted.key", PASSWORD },
};

static void
test_wipe(void **state)
{
	size_t i, during, after, bad = 0;
	struct trust *t;

	(void)state;
	assert_int_equal(count_copies(), 0);
	for (i = 0; i < sizeof(wipe_tests) / sizeof(wipe_tests[0]); i++) {
		t = load(wipe_tests[i].cert, wipe_tests[i].key,
		    wipe_tests[i].password);
		begin(t);
		during = count_copies();
		trust_unref(t);
		after = count_copies();
		if (during > 0 && after == 0)
			continue;
		print_error("wipe/%s: got %zu copies, then %zu, want some, "
		    "then none\n", wipe_tests[i].label, during, after);
		bad++;
	}
	assert_int_equal(bad, 0);
}

static const struct refused_test {
	const char	*label;
	const char	*cert, *key, *password;
	const char	*message;
} refused_tests[] = {
	{ "encrypted", "cert.pem", "pkcs8.key", NULL,
	    "the private key in key file 'pkcs8.key' is encrypted" },
	{ "wrong password", "cert.pem", "pkcs8.key", "sardine",
	    "the private key in key file 'pkcs8.key' does not open with "
	    "key_password" },
	{ "password for nothing", "cert.pem", "plain.key", PASSWORD,
	    "the private key in key file 'plain.key' is not encrypted, but "
	    "there is a key_password" },
	{ "no certificate", "plain.key", NULL, NULL,
	    "cert file 'plain.key' holds no certificate but a PEM block "
	    "'PRIVATE KEY'" },
	{ "no key", "cert.pem", NULL, NULL,
	    "cert file 'cert.pem' holds no private key but a PEM block "
	    "'CERTIFICATE'" },
	{ "key alone", NULL, "plain.key", NULL,
	    "option 'key' is there, but no option 'cert' that it belongs to" },
	{ "missing", "cert.pem", "missing.key", NULL,
	    "key 'missing.key': No such file or directory" },
};

/* And a failure leaves nothing behind either. */
static void
test_refused(void **state)
{
	const struct refused_test *r;
	struct error err;
	size_t i, bad = 0;

	(void)state;
	for (i = 0; i < sizeof(refused_tests) / sizeof(refused_tests[0]); i++) {
		r = &refused_tests[i];
		struct trust_spec spec = { .cert = { r->cert, false },
		    .key = { r->key, false }, .key_password = r->password };

		assert_null(trust_new(&spec, &err));
		if (err.kind == ERR_USAGE && strcmp(err.code, "value") == 0 &&
		    strcmp(err.message, r->message) == 0 &&
		    count_copies() == 0)
			continue;
		print_error("refused/%s: got \"%s\", %zu copies, want "
		    "\"%s\"\n", r->label, err.message, count_copies(),
		    r->message);
		bad++;
	}
	assert_int_equal(bad, 0);
}

static rlim_t
core_limit(void)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
	return limit.rlim_cur;
}

static void
set_core_limit(rlim_t to)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
	limit.rlim_cur = to;
	assert_int_equal(setrlimit(RLIMIT_CORE, &limit), 0);
}

static void
test_dumps(void **state)
{
	struct rlimit limit;
	struct trust *a, *b;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
	if (limit.rlim_max < 7)
		skip();
	set_core_limit(7);
	a = load("both.pem", NULL, NULL);
	b = load("both.pem", NULL, NULL);
	assert_int_equal(core_limit(), 1);
	trust_unref(a);
	assert_int_equal(core_limit(), 1);
	trust_unref(b);
	assert_int_equal(core_limit(), 7);

	/* Who sets a limit of his own keeps it. */
	a = load("both.pem", NULL, NULL);
	set_core_limit(5);
	trust_unref(a);
	assert_int_equal(core_limit(), 5);
	set_core_limit(limit.rlim_cur);
}

/* A new file under the old name is another. */
static void
test_fresh(void **state)
{
	struct trust *t;

	(void)state;
	assert_int_equal(link("plain.key", "fresh.key"), 0);
	t = load("cert.pem", "fresh.key", NULL);
	assert_true(trust_fresh(t));
	assert_int_equal(rename("traditional.key", "fresh.key"), 0);
	assert_false(trust_fresh(t));
	trust_unref(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wipe),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_dumps),
		cmocka_unit_test(test_fresh),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
