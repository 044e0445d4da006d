/*
 * net/resolve with a getaddrinfo of the test's own, which answers as a row
 * says, or only when it is told to; and once with the system's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/lookup.h"
#include "net/resolve.h"

#define PATIENCE_MS	20000	/* until a test gives up, on a busy machine */
#define PORT		8443

/* What the next look-up answers. */
static struct answer {
	const char	*families;	/* '4' and '6': that many addresses */
	int		 status;
	int		 errnum;
	bool		 by_system;	/* not by us at all */
	bool		 waits;		/* until go is posted */
} answer;
static sem_t asked, go, freed;

typedef int	lookup_fn(const char *, const char *, const struct addrinfo *,
		    struct addrinfo **);
typedef void	free_fn(struct addrinfo *);

/* POSIX's way from an object pointer to a function's. */
#define SYSTEMS(type, name) (*(type **)(void *[]){ dlsym(RTLD_NEXT, name) })

/* The i-th address: 10.0.0.I or fd00::I. */
static struct addrinfo *
make(char family, size_t i, uint16_t port)
{
	struct addrinfo *ai = calloc(1, sizeof(*ai) +
	    sizeof(struct address));
	struct address *a = (struct address *)(ai + 1);
	char text[32];

	assert_non_null(ai);
	snprintf(text, sizeof(text), family == '6' ? "fd00::%zx" :
	    "10.0.0.%zu", i);
	assert_int_equal(address_parse(a, text, port), 0);
	ai->ai_family = a->sa.ss_family;
	ai->ai_addr = (struct sockaddr *)&a->sa;
	ai->ai_addrlen = a->len;
	return ai;
}

int
getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
    struct addrinfo **out)
{
	struct answer own = answer;
	size_t i;

	if (own.by_system)
		return SYSTEMS(lookup_fn, "getaddrinfo")(host, port, hints,
		    out);
	assert_int_equal(hints->ai_socktype, SOCK_STREAM);
	sem_post(&asked);
	if (own.waits)
		sem_wait(&go);
	errno = own.errnum;
	*out = NULL;
	if (own.status != 0)
		return own.status;
	for (i = 0; own.families[i] != '\0'; i++) {
		*out = make(own.families[i], i, (uint16_t)atoi(port));
		out = &(*out)->ai_next;
	}
	return 0;
}

void
freeaddrinfo(struct addrinfo *ai)
{
	struct addrinfo *next;

	if (answer.by_system) {
		SYSTEMS(free_fn, "freeaddrinfo")(ai);
		return;
	}
	for (; ai != NULL; ai = next) {
		next = ai->ai_next;
		free(ai);
	}
	sem_post(&freed);
}

static int
forget(void **state)
{
	(void)state;
	while (sem_trywait(&asked) == 0 || sem_trywait(&go) == 0 ||
	    sem_trywait(&freed) == 0)
		;
	return 0;
}

struct fixture {
	struct loop	*loop;
	struct wake	*wake;
};

static void
set_up(struct fixture *f)
{
	struct error err = { 0 };

	assert_non_null(f->loop = loop_new());
	assert_non_null(f->wake = wake_new(f->loop, &err));
}

static void
tear_down(struct fixture *f)
{
	wake_free(f->wake);
	loop_unref(f->loop);
}

static enum want
drive(struct fixture *f, struct resolve *r, struct addresses *out,
    struct error *err)
{
	int64_t limit = loop_now_ms() + PATIENCE_MS;
	enum want want;

	while ((want = resolve_step(r, out, err)) == WANT_WAKE &&
	    loop_now_ms() < limit) {
		wake_at(f->wake, limit);
		assert_true(loop_wait(f->loop, f->wake));
	}
	return want;
}

static enum want
look_up(const char *host, struct addresses *out, struct error *err)
{
	struct fixture f;
	struct resolve *r;
	enum want want;

	set_up(&f);
	assert_non_null(r = resolve_new(f.loop, f.wake, host, PORT, err));
	want = drive(&f, r, out, err);
	resolve_free(r);
	tear_down(&f);
	return want;
}

/* "10.0.0.1 fd00::2": what was found, in order. */
static const char *
show(const struct addresses *found)
{
	static char text[RESOLVE_MAX * 48];
	char ip[INET6_ADDRSTRLEN];
	size_t i, len = 0;

	text[0] = '\0';
	for (i = 0; i < found->count; i++) {
		const struct sockaddr_storage *sa = &found->list[i].sa;
		const struct sockaddr_in *v4 = (const void *)sa;
		const struct sockaddr_in6 *v6 = (const void *)sa;

		inet_ntop(sa->ss_family, sa->ss_family == AF_INET6 ?
		    (const void *)&v6->sin6_addr :
		    (const void *)&v4->sin_addr, ip, sizeof(ip));
		assert_int_equal(ntohs(v4->sin_port), PORT);
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s%s", i > 0 ? " " : "", ip);
	}
	return text;
}

/* RFC 8305 section 4: the families take turns. */
static const struct order {
	const char	*label;
	const char	*families;
	const char	*want;
} orders[] = {
	{ "one IPv4", "4", "10.0.0.0" },
	{ "one IPv6", "6", "fd00::" },
	{ "IPv4 only", "444", "10.0.0.0 10.0.0.1 10.0.0.2" },
	{ "IPv6 only", "66", "fd00:: fd00::1" },
	{ "IPv6 first", "64", "fd00:: 10.0.0.1" },
	{ "IPv4 first", "46", "10.0.0.0 fd00::1" },
	{ "two and two", "6644", "fd00:: 10.0.0.2 fd00::1 10.0.0.3" },
	{ "two and two, IPv4 first", "4466",
	    "10.0.0.0 fd00::2 10.0.0.1 fd00::3" },
	{ "they take turns already", "6464",
	    "fd00:: 10.0.0.1 fd00::2 10.0.0.3" },
	{ "more of the first", "6664", "fd00:: 10.0.0.3 fd00::1 fd00::2" },
	{ "more of the second", "6444",
	    "fd00:: 10.0.0.1 10.0.0.2 10.0.0.3" },
};

static void
test_orders(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct addresses found = { 0 };
		struct error err = { 0 };
		enum want want;

		answer = (struct answer){ .families = orders[i].families };
		want = look_up("a.test", &found, &err);
		if (want != WANT_NOTHING ||
		    strcmp(show(&found), orders[i].want) != 0)
			fail_msg("orders/%s: got want %d, %s, want %s",
			    orders[i].label, want, show(&found),
			    orders[i].want);
	}
}

/* As many as there is room for, of both families. */
static void
test_many(void **state)
{
	char families[2 * RESOLVE_MAX + 2];
	struct addresses found = { 0 };
	struct error err = { 0 };
	size_t i, n6 = 0;

	(void)state;
	memset(families, '6', sizeof(families));
	memset(families + RESOLVE_MAX, '4', RESOLVE_MAX + 1);
	families[sizeof(families) - 1] = '\0';
	answer = (struct answer){ .families = families };
	assert_int_equal(look_up("a.test", &found, &err), WANT_NOTHING);
	assert_int_equal(found.count, RESOLVE_MAX);
	for (i = 0; i < found.count; i++)
		n6 += found.list[i].sa.ss_family == AF_INET6;
	assert_int_equal(n6, RESOLVE_MAX / 2);
}

static const struct literal {
	const char	*host;
	const char	*want;		/* NULL: it is a name */
} literals[] = {
	{ "127.0.0.1", "127.0.0.1" },
	{ "255.255.255.255", "255.255.255.255" },
	{ "::1", "::1" },
	{ "2001:DB8::0:1", "2001:db8::1" },
	{ "::ffff:10.0.0.1", "::ffff:10.0.0.1" },
	{ "127.1", NULL },
	{ "0x7f.1", NULL },
	{ "256.0.0.1", NULL },
	{ "1.2.3.4.", NULL },
	{ "[::1]", NULL },
	{ ":::1", NULL },
	{ "fe80::1%lo", NULL },
	{ "", NULL },
};

/* A literal is answered at once and asks nobody; the others are looked up. */
static void
test_literals(void **state)
{
	struct addresses found;
	struct address a;
	size_t i;

	(void)state;
	answer = (struct answer){ .status = EAI_NONAME };
	for (i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
		const struct literal *row = &literals[i];
		struct error err = { 0 };
		enum want want;

		memset(&found, 0, sizeof(found));
		want = look_up(row->host, &found, &err);
		if (row->want == NULL ? want != WANT_FAILED ||
		    address_parse(&a, row->host, PORT) != -1 :
		    want != WANT_NOTHING ||
		    strcmp(show(&found), row->want) != 0)
			fail_msg("literals/%s: got want %d, %s", row->host,
			    want, show(&found));
		assert_int_equal(sem_trywait(&asked) == 0, row->want == NULL);
	}
}

static const struct failure {
	const char	*label;
	int		 status;
	int		 errnum;
	const char	*code;
	const char	*words;
} failures[] = {
	{ "no such name", EAI_NONAME, 0, "not-found", "a.test" },
	{ "a name without addresses", EAI_NODATA, 0, "not-found", "a.test" },
	{ "no answer", EAI_AGAIN, 0, "temporary", "a.test" },
	{ "broken", EAI_FAIL, 0, "other", "a.test" },
	{ "out of memory", EAI_MEMORY, 0, "other", "a.test" },
	{ "system", EAI_SYSTEM, EMFILE, "other", "Too many open files" },
	{ "nothing found, and no error", 0, 0, "other", "a.test" },
};

static void
test_failures(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		const struct failure *row = &failures[i];
		struct addresses found;
		struct error err = { 0 };
		enum want want;

		answer = (struct answer){ .families = "",
		    .status = row->status, .errnum = row->errnum };
		want = look_up("a.test", &found, &err);
		if (want != WANT_FAILED || err.kind != ERR_RESOLVE ||
		    strcmp(err.code, row->code) != 0 ||
		    strstr(err.message, row->words) == NULL)
			fail_msg("failures/%s: got want %d, %s: %s, want %s",
			    row->label, want, err.code, err.message,
			    row->code);
	}
}

/* While one look-up hangs another is answered. */
static void
test_one_hangs(void **state)
{
	struct addresses found = { 0 };
	struct error err = { 0 };
	struct resolve *r;
	struct fixture f;

	(void)state;
	set_up(&f);
	answer = (struct answer){ .families = "4", .waits = true };
	r = resolve_new(f.loop, f.wake, "slow.test", PORT, &err);
	assert_non_null(r);
	assert_int_equal(sem_wait(&asked), 0);
	answer = (struct answer){ .families = "6" };
	assert_int_equal(look_up("a.test", &found, &err), WANT_NOTHING);
	assert_string_equal(show(&found), "fd00::");
	assert_int_equal(resolve_step(r, &found, &err), WANT_WAKE);
	sem_post(&go);
	assert_int_equal(drive(&f, r, &found, &err), WANT_NOTHING);
	assert_string_equal(show(&found), "10.0.0.0");
	resolve_free(r);
	tear_down(&f);
}

/* Who asks for what is being looked up already shares the answer. */
static void
test_shared(void **state)
{
	struct addresses found = { 0 };
	struct error err = { 0 };
	struct resolve *r[3];
	struct fixture f[3];
	size_t i;

	(void)state;
	answer = (struct answer){ .families = "4", .waits = true };
	for (i = 0; i < 3; i++) {
		set_up(&f[i]);
		assert_non_null(r[i] = resolve_new(f[i].loop, f[i].wake,
		    "slow.test", PORT, &err));
	}
	assert_int_equal(sem_wait(&asked), 0);
	resolve_free(r[1]);		/* the others are not concerned */
	sem_post(&go);
	for (i = 0; i < 3; i += 2) {
		assert_int_equal(drive(&f[i], r[i], &found, &err),
		    WANT_NOTHING);
		assert_string_equal(show(&found), "10.0.0.0");
		resolve_free(r[i]);
	}
	assert_int_equal(sem_trywait(&asked), -1);
	for (i = 0; i < 3; i++)
		tear_down(&f[i]);
}

/* Another port, and another name, are other questions. */
static void
test_not_shared(void **state)
{
	static const struct {
		const char	*host;
		uint16_t	 port;
	} rows[] = { { "a.test", PORT }, { "a.test", PORT + 1 },
	    { "b.test", PORT } };
	struct error err = { 0 };
	struct resolve *r[3];
	struct fixture f;
	size_t i;

	(void)state;
	set_up(&f);
	answer = (struct answer){ .families = "4", .waits = true };
	for (i = 0; i < 3; i++)
		assert_non_null(r[i] = resolve_new(f.loop, f.wake,
		    rows[i].host, rows[i].port, &err));
	for (i = 0; i < 3; i++)
		assert_int_equal(sem_wait(&asked), 0);
	for (i = 0; i < 3; i++)
		resolve_free(r[i]);
	for (i = 0; i < 3; i++)
		sem_post(&go);
	for (i = 0; i < 3; i++)
		assert_int_equal(sem_wait(&freed), 0);
	tear_down(&f);
}

/* So many at once and no more, but one that was left keeps nobody's place. */
static void
test_crowd(void **state)
{
	struct resolve *r[LOOKUP_MAX + 2];
	struct error err = { 0 };
	struct fixture f;
	char name[16];
	size_t i;

	(void)state;
	set_up(&f);
	answer = (struct answer){ .families = "4", .waits = true };
	for (i = 0; i < LOOKUP_MAX + 2; i++) {
		snprintf(name, sizeof(name), "%zu.test", i);
		assert_non_null(r[i] = resolve_new(f.loop, f.wake, name, PORT,
		    &err));
	}
	for (i = 0; i < LOOKUP_MAX; i++)
		assert_int_equal(sem_wait(&asked), 0);
	assert_int_equal(sem_trywait(&asked), -1);
	resolve_free(r[0]);
	assert_int_equal(sem_wait(&asked), 0);
	resolve_free(r[LOOKUP_MAX + 1]);	/* never begun */
	for (i = 1; i < LOOKUP_MAX + 1; i++)
		resolve_free(r[i]);
	assert_int_equal(sem_trywait(&asked), -1);
	for (i = 0; i < LOOKUP_MAX + 1; i++)
		sem_post(&go);
	for (i = 0; i < LOOKUP_MAX + 1; i++)
		assert_int_equal(sem_wait(&freed), 0);
	tear_down(&f);
}

/* Nobody waits any more, not even the loop, when the answer comes. */
static void
test_abandoned(void **state)
{
	struct addresses found;
	struct error err = { 0 };
	struct resolve *r;
	struct fixture f;

	(void)state;
	set_up(&f);
	answer = (struct answer){ .families = "46", .waits = true };
	r = resolve_new(f.loop, f.wake, "slow.test", PORT, &err);
	assert_non_null(r);
	assert_int_equal(sem_wait(&asked), 0);
	assert_int_equal(resolve_step(r, &found, &err), WANT_WAKE);
	resolve_free(r);
	tear_down(&f);
	assert_int_equal(sem_trywait(&freed), -1);
	sem_post(&go);
	assert_int_equal(sem_wait(&freed), 0);
}

/* The answer is there, and nobody has looked at it. */
static void
test_unread(void **state)
{
	struct error err = { 0 };
	struct resolve *r;
	struct fixture f;

	(void)state;
	set_up(&f);
	answer = (struct answer){ .families = "4" };
	r = resolve_new(f.loop, f.wake, "a.test", PORT, &err);
	assert_non_null(r);
	wake_at(f.wake, loop_now_ms() + PATIENCE_MS);
	assert_true(loop_wait(f.loop, f.wake));
	resolve_free(r);
	assert_int_equal(sem_wait(&freed), 0);
	tear_down(&f);
	resolve_free(NULL);
}

static void
test_localhost(void **state)
{
	struct addresses found = { 0 };
	struct error err = { 0 };
	const char *text;

	(void)state;
	answer = (struct answer){ .by_system = true };
	assert_int_equal(look_up("localhost", &found, &err), WANT_NOTHING);
	text = show(&found);
	if (strstr(text, "127.0.0.1") == NULL && strcmp(text, "::1") != 0)
		fail_msg("localhost: got %s", text);
}

/* RFC 6761 section 6.4: never a name; a system without a server cannot tell. */
static void
test_invalid(void **state)
{
	struct addresses found;
	struct error err = { 0 };

	(void)state;
	answer = (struct answer){ .by_system = true };
	assert_int_equal(look_up("nowhere.invalid", &found, &err),
	    WANT_FAILED);
	assert_int_equal(err.kind, ERR_RESOLVE);
	assert_true(strcmp(err.code, "not-found") == 0 ||
	    strcmp(err.code, "temporary") == 0);
	assert_non_null(strstr(err.message, "nowhere.invalid"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_orders, forget),
		cmocka_unit_test_setup(test_many, forget),
		cmocka_unit_test_setup(test_literals, forget),
		cmocka_unit_test_setup(test_failures, forget),
		cmocka_unit_test_setup(test_one_hangs, forget),
		cmocka_unit_test_setup(test_shared, forget),
		cmocka_unit_test_setup(test_not_shared, forget),
		cmocka_unit_test_setup(test_crowd, forget),
		cmocka_unit_test_setup(test_abandoned, forget),
		cmocka_unit_test_setup(test_unread, forget),
		cmocka_unit_test_setup(test_localhost, forget),
		cmocka_unit_test_setup(test_invalid, forget),
	};

	setenv("RES_OPTIONS", "attempts:1 timeout:1", 1);
	sem_init(&asked, 0, 0);
	sem_init(&go, 0, 0);
	sem_init(&freed, 0, 0);
	return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
