/*
 * net/dial against real sockets: which of several addresses is taken, when the
 * next one is tried (RFC 8305), what is said when all fail, and that nothing
 * stays open of those that lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "loopback.h"
#include "net/dial.h"

#define PATIENCE_MS	20000	/* until a test gives up, on a busy machine */
#define ATTEMPTS	10	/* where a busy machine may be too slow */

/* What an address is like, a letter each. */
enum kind {
	ANSWERS = 'a',
	ANSWERS_V6 = '6',
	REFUSES = 'r',
	SILENT = 's',		/* its queue is full */
	UNREACHABLE = 'u',	/* broadcast: fails at once */
	INVALID = 'i'		/* a link-local one without its scope */
};

struct fixture {
	struct loop	*loop;
	struct wake	*wake;
	struct addresses to;
	int		 fds[2 * RESOLVE_MAX];
	size_t		 nfds;
	int		 descriptors;	/* open before the test */
};

static void
keep(struct fixture *f, int fd)
{
	f->fds[f->nfds++] = fd;
}

static struct address
make(struct fixture *f, char kind)
{
	struct address a = { 0 };
	int fd = -1, filler;

	if (kind == UNREACHABLE || kind == INVALID) {
		assert_int_equal(address_parse(&a, kind == INVALID ?
		    "fe80::1" : "255.255.255.255", 1), 0);
		return a;
	}
	switch (kind) {
	case ANSWERS:
		fd = listening(AF_INET);
		break;
	case ANSWERS_V6:
		fd = listening(AF_INET6);
		break;
	case REFUSES:
		fd = bound(AF_INET);
		break;
	case SILENT:
		fd = silent(&filler);
		keep(f, filler);
		break;
	}
	if (fd == -1) {
		print_message("skipped: no IPv6 here\n");
		skip();
	}
	keep(f, fd);
	return address_of(fd, false);
}

static void
set_up(struct fixture *f, const char *kinds)
{
	struct error err = { 0 };

	memset(f, 0, sizeof(*f));
	f->descriptors = open_descriptors();
	assert_non_null(f->loop = loop_new());
	assert_non_null(f->wake = wake_new(f->loop, &err));
	for (; *kinds != '\0'; kinds++)
		f->to.list[f->to.count++] = make(f, *kinds);
}

static void
tear_down(struct fixture *f)
{
	size_t i;

	wake_free(f->wake);
	loop_unref(f->loop);
	for (i = 0; i < f->nfds; i++)
		close(f->fds[i]);
	assert_int_equal(open_descriptors(), f->descriptors);
}

/*
 * Steps until it is over; *took_ms is how long that was.  With timers false
 * the times that dial asks for are left out: only sockets can wake it then.
 */
static enum want
drive(struct fixture *f, struct dial *d, bool timers, int *fd,
    int64_t *took_ms, struct error *err)
{
	int64_t began = loop_now_ms(), limit = began + PATIENCE_MS, at_ms;
	enum want want;

	*fd = -1;
	while ((want = dial_step(d, fd, &at_ms, err)) == WANT_WAKE) {
		if (loop_now_ms() >= limit)
			break;
		wake_at(f->wake, timers && at_ms < limit ? at_ms : limit);
		assert_true(loop_wait(f->loop, f->wake));
	}
	*took_ms = loop_now_ms() - began;
	return want;
}

static void
check_socket(int fd, const struct address *to)
{
	struct address peer = address_of(fd, true);
	socklen_t len = sizeof(int);
	int on = 0;

	assert_int_equal(port_of(&peer), port_of(to));
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len),
	    0);
	assert_true(on);
}

struct row {
	const char	*label;
	const char	*kinds;
	size_t		 want;		/* which of them is taken, from 0 */
	int		 starts;	/* head starts that must pass */
};

static const struct row rows[] = {
	{ "one", "a", 0, 0 },
	{ "the first of two that answer", "aa", 0, 0 },
	{ "IPv6", "6", 0, 0 },
	{ "IPv6 before IPv4", "6a", 0, 0 },
	{ "refused, then one that answers", "ra", 1, 0 },
	{ "many refused", "rrrrra", 5, 0 },
	{ "as many as there may be",
	    "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrra", 31, 0 },
	{ "unreachable, then one that answers", "ua", 1, 0 },
	{ "invalid, then one that answers", "ia", 1, 0 },
	{ "every failure, then one that answers", "riura", 4, 0 },
	{ "answers, and the others are not asked", "asru", 0, 0 },
	{ "silent, then one that answers", "sa", 1, 1 },
	{ "two silent, then one that answers", "ssa", 2, 2 },
	/* Who fails leaves its turn to the next (RFC 8305 section 5). */
	{ "silent and refused, then one that answers", "sra", 2, 1 },
	{ "refused and silent, then one that answers", "rsa", 2, 1 },
	{ "silent, then one that answers, then silent", "sas", 1, 1 },
};

/* Whether it took no longer than it should have. */
static bool
check_row(const struct row *row)
{
	struct error err = { 0 };
	struct fixture f;
	struct dial *d;
	int64_t took;
	enum want want;
	int fd;

	set_up(&f, row->kinds);
	assert_non_null(d = dial_new(f.loop, f.wake, &f.to, &err));
	want = drive(&f, d, row->starts > 0, &fd, &took, &err);
	dial_free(d);
	if (want != WANT_NOTHING)
		fail_msg("rows/%s: got want %d (%s), want a connection",
		    row->label, want, err.message);
	check_socket(fd, &f.to.list[row->want]);
	close(fd);
	tear_down(&f);
	if (took < row->starts * DIAL_HEAD_START_MS)
		fail_msg("rows/%s: got it after %lld ms, want %d head starts",
		    row->label, (long long)took, row->starts);
	return took < (row->starts + 1) * DIAL_HEAD_START_MS;
}

/* The least of some times counts: a busy machine only makes it longer. */
static void
test_rows(void **state)
{
	size_t i;
	int tries;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (tries = 0; !check_row(&rows[i]); tries++)
			if (tries == ATTEMPTS)
				fail_msg("rows/%s: got it a head start late",
				    rows[i].label);
	}
}

static const struct failure {
	const char	*label;
	const char	*kinds;
	const char	*code;		/* of the first that failed */
	const char	*words;		/* in its message, besides the port */
} failures[] = {
	{ "refused", "r", "refused", "127.0.0.1" },
	{ "all refused", "rrrr", "refused", "127.0.0.1" },
	{ "unreachable", "u", "unreachable", "255.255.255.255:1" },
	{ "invalid", "i", "other", "[fe80::1]:1" },
	{ "unreachable, then refused", "ur", "unreachable",
	    "255.255.255.255:1" },
	{ "refused, then unreachable", "ru", "refused", "127.0.0.1" },
	{ "invalid, then the others", "iru", "other", "[fe80::1]:1" },
};

static void
check_failure(const struct failure *row)
{
	struct error err = { 0 };
	struct fixture f;
	struct dial *d;
	int64_t took;
	enum want want;
	int fd;

	set_up(&f, row->kinds);
	assert_non_null(d = dial_new(f.loop, f.wake, &f.to, &err));
	want = drive(&f, d, false, &fd, &took, &err);
	dial_free(d);
	if (want != WANT_FAILED || err.kind != ERR_CONNECT ||
	    strcmp(err.code, row->code) != 0 ||
	    strstr(err.message, row->words) == NULL)
		fail_msg("failures/%s: got want %d, %s: %s, want %s: %s",
		    row->label, want, err.code, err.message, row->code,
		    row->words);
	tear_down(&f);
}

static void
test_failures(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		check_failure(&failures[i]);
}

/* The error is the first address's, not the first to fail. */
static void
test_first_address_tells(void **state)
{
	struct error err = { 0 };
	char port[8];
	struct fixture f;
	struct dial *d;
	int64_t took;
	int fd;

	(void)state;
	set_up(&f, "rr");
	snprintf(port, sizeof(port), ":%d", port_of(&f.to.list[0]));
	assert_non_null(d = dial_new(f.loop, f.wake, &f.to, &err));
	assert_int_equal(drive(&f, d, false, &fd, &took, &err), WANT_FAILED);
	assert_non_null(strstr(err.message, port));
	dial_free(d);
	tear_down(&f);
}

/* When to step again, as long as there is another address to begin with. */
static void
test_times(void **state)
{
	int64_t began = loop_now_ms(), at_ms;
	struct error err = { 0 };
	struct fixture f;
	struct dial *d;
	int fd;

	(void)state;
	set_up(&f, "ss");
	assert_non_null(d = dial_new(f.loop, f.wake, &f.to, &err));
	assert_int_equal(dial_step(d, &fd, &at_ms, &err), WANT_WAKE);
	assert_true(at_ms >= began + DIAL_HEAD_START_MS);
	assert_true(at_ms <= loop_now_ms() + DIAL_HEAD_START_MS);
	while (at_ms != INT64_MAX) {
		wake_at(f.wake, at_ms);
		assert_true(loop_wait(f.loop, f.wake));
		assert_int_equal(dial_step(d, &fd, &at_ms, &err), WANT_WAKE);
	}
	assert_true(loop_now_ms() >= began + DIAL_HEAD_START_MS);
	dial_free(d);		/* with two attempts under way */
	tear_down(&f);
}

/* The silent one gets its room while the second is waited for, and answers. */
static void
test_late_first(void **state)
{
	struct error err = { 0 };
	int64_t at_ms, took;
	struct fixture f;
	struct dial *d;
	int fd, taken;

	(void)state;
	set_up(&f, "ss");
	assert_non_null(d = dial_new(f.loop, f.wake, &f.to, &err));
	assert_int_equal(dial_step(d, &fd, &at_ms, &err), WANT_WAKE);
	taken = accept(f.fds[1], NULL, NULL);	/* make room in its queue */
	assert_int_not_equal(taken, -1);
	assert_int_equal(drive(&f, d, true, &fd, &took, &err), WANT_NOTHING);
	check_socket(fd, &f.to.list[0]);
	close(fd);
	close(taken);
	dial_free(d);
	tear_down(&f);
}

static void
test_free_at_any_time(void **state)
{
	struct error err = { 0 };
	struct fixture f;
	struct dial *d;
	int64_t at_ms;
	int fd;

	(void)state;
	dial_free(NULL);
	set_up(&f, "sra");
	assert_non_null(d = dial_new(f.loop, f.wake, &f.to, &err));
	dial_free(d);
	assert_non_null(d = dial_new(f.loop, f.wake, &f.to, &err));
	assert_int_equal(dial_step(d, &fd, &at_ms, &err), WANT_WAKE);
	dial_free(d);
	tear_down(&f);
}

/* What libuv opens once for the whole process. */
static int
warm_up(void **state)
{
	struct error err = { 0 };
	struct loop *loop = loop_new();

	(void)state;
	wake_free(wake_new(loop, &err));
	loop_unref(loop);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_first_address_tells),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_late_first),
		cmocka_unit_test(test_free_at_any_time),
	};

	return cmocka_run_group_tests_name("dial", tests, warm_up, NULL);
}
