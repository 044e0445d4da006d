/*
 * Memory runs out at every allocation in turn, while the engine looks up,
 * connects, handshakes, sends, receives, takes from the pool and discards:
 * each time there is an error that says so, nothing crashes, leaks or stays
 * open, and the same pool serves once there is memory again.  And a server
 * that is to be refused is refused also then, with nothing sent to it.
 *
 * The linker puts the functions below in the place of malloc and the like, in
 * our objects and in libtls's archive (see the Makefile).  libcrypto's
 * allocations are counted apart, since there are thousands; libuv's never
 * fail, for it aborts the process then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <openssl/crypto.h>
#include <uv.h>

#include "loopback.h"
#include "net/exchange.h"
#include "server.h"
#include "tls/trust.h"

#define PATIENCE_MS	20000	/* or something hangs */
#define BAD_MAX		10	/* after so many a sweep gives up */
#define CRYPTO_STEP	101	/* one of so many, coprime to what recurs */
#define CRYPTO_STEP_TWICE 401	/* where there is TLS within TLS */
#define NEVER		SIZE_MAX

enum whose { OURS, CRYPTO };

static struct {
	enum whose	 whose;
	bool		 always;	/* from then on, and not once */
	size_t		 fail_at;	/* 1: the first call */
	size_t		 calls;
} memory = { .fail_at = NEVER };

static bool
fails(enum whose whose)
{
	if (whose != memory.whose || memory.fail_at == NEVER)
		return false;
	memory.calls++;
	if (memory.calls != memory.fail_at &&
	    !(memory.always && memory.calls > memory.fail_at))
		return false;
	errno = ENOMEM;
	return true;
}

void	*__real_malloc(size_t);
void	*__real_calloc(size_t, size_t);
void	*__real_realloc(void *, size_t);
void	*__real_reallocarray(void *, size_t, size_t);
char	*__real_strdup(const char *);
void	*__wrap_malloc(size_t);
void	*__wrap_calloc(size_t, size_t);
void	*__wrap_realloc(void *, size_t);
void	*__wrap_reallocarray(void *, size_t, size_t);
char	*__wrap_strdup(const char *);
int	 __wrap_asprintf(char **, const char *, ...);

void *
__wrap_malloc(size_t size)
{
	return fails(OURS) ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails(OURS) ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
	return fails(OURS) ? NULL : __real_realloc(p, size);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return fails(OURS) ? NULL : __real_reallocarray(p, n, size);
}

char *
__wrap_strdup(const char *s)
{
	return fails(OURS) ? NULL : __real_strdup(s);
}

int
__wrap_asprintf(char **to, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (fails(OURS))
		return -1;
	va_start(ap, fmt);
	n = vasprintf(to, fmt, ap);
	va_end(ap);
	return n;
}

static void *
crypto_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails(CRYPTO) ? NULL : __real_malloc(size);
}

static void *
crypto_realloc(void *p, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails(CRYPTO) ? NULL : __real_realloc(p, size);
}

static void
crypto_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

/* Before either library has allocated anything. */
static void
separate_libraries(void)
{
	if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc,
	    crypto_free) != 1 || uv_replace_allocator(__real_malloc,
	    __real_realloc, __real_calloc, free) != 0)
		exit(1);
}

/* What is said, and what is done with the answer. */
static const struct talk {
	const char	*head;
	const char	*pieces[3];	/* of a chunked body */
	bool		 discard;	/* after the answer's head */
} talks[] = {
	{ .head = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n" },
	{ .head = "POST / HTTP/1.1\r\nhost: localhost\r\n"
	    "transfer-encoding: chunked\r\n\r\n",
	    .pieces = { "hello, ", "world" } },
	{ .head = "GET /stream HTTP/1.1\r\nhost: localhost\r\n\r\n",
	    .discard = true },
};

/* Whom to talk to. */
static const struct site {
	const char	*label;
	const char	*ca;
	const char	*servername;
	bool		 is_right;
	bool		 is_behind;	/* a proxy, which has TLS, too */
} sites[] = {
	{ "right", "build/pki/root.pem", "good.test", true, false },
	{ "unknown authority", "build/pki/unknown-root.pem", "good.test",
	    false, false },
	{ "another's name", "build/pki/root.pem", "other.test", false,
	    false },
	{ "behind a proxy", "build/pki/root.pem", "good.test", true, true },
	{ "another's name behind a proxy", "build/pki/root.pem",
	    "other.test", false, true },
};

static struct server server;

static struct {
	struct loop	*loop;
	struct pool	*pool;
	struct trust	*trust;
	struct proxy	*proxy;
} net;

static bool
waits(const struct exchange *ex, enum want want)
{
	return want == WANT_WAKE && loop_wait(net.loop, exchange_wake(ex));
}

static int
send_pieces(struct exchange *ex, const char *const *pieces, struct error *err)
{
	enum want want;
	bool last;

	do {
		last = *pieces == NULL;
		do
			want = exchange_send(ex, span_of(last ? "" : *pieces),
			    last, err);
		while (waits(ex, want));
		pieces++;
	} while (want == WANT_NOTHING && !last);
	return want == WANT_NOTHING ? 0 : -1;
}

static int
receive(struct exchange *ex, bool discard, struct error *err)
{
	struct span piece;
	enum want want;
	size_t len = 0;

	do
		want = exchange_head(ex, err);
	while (waits(ex, want));
	if (want != WANT_NOTHING)
		return -1;
	assert_int_equal(exchange_answer(ex)->status, 200);
	if (discard) {
		exchange_discard(ex);
		return 0;
	}
	do {
		do
			want = exchange_body(ex, &piece, err);
		while (waits(ex, want));
		len += piece.len;
	} while (want == WANT_NOTHING && piece.data != NULL);
	if (want != WANT_NOTHING)
		return -1;
	assert_int_equal(len, strlen("\"hello, world\""));
	return 0;
}

/* What has failed stays failed, with memory or without. */
static void
assert_broken(struct exchange *ex)
{
	struct error err = { 0 };
	struct span piece;

	assert_int_equal(exchange_send(ex, span_of("x"), false, &err),
	    WANT_FAILED);
	assert_int_equal(exchange_head(ex, &err), WANT_FAILED);
	assert_int_equal(exchange_body(ex, &piece, &err), WANT_FAILED);
	exchange_discard(ex);
	exchange_abandon(ex);
}

static int
talk(const struct site *site, const struct talk *t, struct error *err)
{
	bool has_pieces = t->pieces[0] != NULL;
	struct exchange_spec spec = {
		.target = { .tls = true, .host = "localhost",
		    .port = server.port, .servername = site->servername,
		    .trust = net.trust,
		    .proxy = site->is_behind ? net.proxy : NULL },
		.head = span_of(t->head), .body_follows = has_pieces,
		.chunked = has_pieces, .max_header = 65536,
		.resolve_ms = PATIENCE_MS, .connect_ms = PATIENCE_MS,
		.read_ms = PATIENCE_MS, .deadline_ms = INT64_MAX,
	};
	void *room = __real_malloc(exchange_size());
	struct exchange *ex = exchange_init(room, net.pool, &spec, err);
	int rv = 0;

	if (ex == NULL) {
		free(room);
		return -1;
	}
	if (has_pieces)
		rv = send_pieces(ex, t->pieces, err);
	if (rv == 0)
		rv = receive(ex, t->discard, err);
	if (rv == -1)
		assert_broken(ex);
	if (!site->is_right)
		assert_false(exchange_sent(ex));
	exchange_clear(ex);
	free(room);
	return rv;
}

/* The server is its own proxy. */
static int
open_proxy(struct error *err)
{
	struct proxy spec = { .kind = PROXY_TUNNEL, .host = "good.test",
	    .port = server.port, .address = "127.0.0.1",
	    .trust = net.trust };

	if (net.proxy == NULL && (net.proxy = proxy_new(&spec)) == NULL)
		return error_nomem(err);
	return 0;
}

static int
open_net(const struct site *site, struct error *err)
{
	struct ca_source ca = { CA_PATH, site->ca };
	struct trust_spec spec = { .chain = true, .name = true, .time = true,
	    .ca = &ca, .ca_count = 1 };

	if (net.loop == NULL && (net.loop = loop_new()) == NULL)
		return error_nomem(err);
	if (net.pool == NULL &&
	    (net.pool = pool_new(net.loop, &pool_defaults)) == NULL)
		return error_nomem(err);
	if (net.trust == NULL &&
	    (net.trust = trust_new(&spec, err)) == NULL)
		return -1;
	return open_proxy(err);
}

static void
close_net(void)
{
	pool_unref(net.pool);
	loop_unref(net.loop);
	proxy_unref(net.proxy);
	trust_unref(net.trust);
	memset(&net, 0, sizeof(net));
}

static int
talk_all(const struct site *site, struct error *err)
{
	size_t i;

	if (open_net(site, err) == -1)
		return -1;
	for (i = 0; i < sizeof(talks) / sizeof(talks[0]); i++)
		if (talk(site, &talks[i], err) == -1)
			return -1;
	return 0;
}

/* Whether the error tells what has happened. */
static bool
is_clear(const struct site *site, const struct error *err)
{
	if (err->kind == ERR_IO && strcmp(err->code, "ENOMEM") == 0)
		return true;
	if (!site->is_right && err->kind == ERR_VERIFY)
		return true;
	/* libtls has its own words for what libcrypto could not do. */
	return memory.whose == CRYPTO && err->kind != ERR_NONE &&
	    err->kind != ERR_TIMEOUT && err->message[0] != '\0';
}

static bool
complain(const struct site *site, size_t n, const char *when,
    const struct error *err)
{
	print_error("%s, %s allocation %zu%s%s: %s/%s %s\n", site->label,
	    memory.whose == OURS ? "our" : "libcrypto's", n,
	    memory.always ? " and all later" : "", when,
	    err->kind == ERR_NONE ? "no error" : error_kind_name(err->kind),
	    err->code == NULL ? "" : err->code, err->message);
	return false;
}

/* Once, with the n-th allocation failing; *reached: there were so many. */
static bool
fail_nth(const struct site *site, size_t n, bool *reached)
{
	int before = open_descriptors(), rv;
	struct error err = { 0 }, later = { 0 };
	bool ok = true;

	memory.calls = 0;
	memory.fail_at = n;
	rv = talk_all(site, &err);
	memory.fail_at = NEVER;
	*reached = memory.calls >= n;
	if (rv == 0 ? !site->is_right : !is_clear(site, &err))
		ok = complain(site, n, "", &err);
	rv = talk_all(site, &later);
	if (site->is_right ? rv == -1 : later.kind != ERR_VERIFY)
		ok = complain(site, n, ", later", &later);
	close_net();
	if (open_descriptors() == before)
		return ok;
	print_error("descriptors are left open:\n");
	return complain(site, n, "", &err);
}

static void
sweep(const struct site *site, enum whose whose, bool always, size_t step)
{
	size_t n, runs = 0, bad = 0;
	bool reached = true;

	memory.whose = whose;
	memory.always = always;
	for (n = 1; reached && bad < BAD_MAX; n += step, runs++)
		bad += !fail_nth(site, n, &reached);
	print_message("%s, %s%s: %zu runs, one for every %zu of some %zu "
	    "allocations\n", site->label,
	    whose == OURS ? "ours" : "libcrypto's", always ? ", always" : "",
	    runs, step, n - step);
	assert_int_equal(bad, 0);
}

static void
test_ours(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
		sweep(&sites[i], OURS, false, 1);
		sweep(&sites[i], OURS, true, 1);
	}
}

static void
test_crypto(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
		size_t step = sites[i].is_behind ? CRYPTO_STEP_TWICE :
		    CRYPTO_STEP;

		sweep(&sites[i], CRYPTO, false, step);
		sweep(&sites[i], CRYPTO, true, step);
	}
}

/* What the libraries allocate once and keep is not to be there half. */
static int
set_up(void **state)
{
	struct error err = { 0 };
	int rv;

	(void)state;
	rv = talk_all(&sites[0], &err);
	close_net();
	return rv;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours),
		cmocka_unit_test(test_crypto),
	};
	int rv;

	separate_libraries();
	server_start(&server, "build/pki/good-chain.pem",
	    "build/pki/good.key");
	rv = cmocka_run_group_tests(tests, set_up, NULL);
	server_stop(&server);
	return rv;
}
