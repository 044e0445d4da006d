/*
 * net/loop: what marks a wake ready, and what does not; interruption; other
 * threads; and that everything given back leaves nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/socket.h>

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/loop.h"

#define PATIENCE_MS	20000	/* until a test gives up, on a busy machine */

struct fixture {
	struct loop	*loop;
	struct wake	*wake;
	int		 pair[2];	/* connected sockets */
	struct watch	*watch;		/* of the first */
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct error err = { 0 };

	assert_non_null(f);
	assert_non_null(f->loop = loop_new());
	assert_non_null(f->wake = wake_new(f->loop, &err));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    f->pair), 0);
	assert_non_null(f->watch = watch_new(f->loop, f->pair[0], &err));
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	watch_free(f->watch);
	wake_free(f->wake);
	loop_unref(f->loop);
	close(f->pair[0]);
	close(f->pair[1]);
	free(f);
	return 0;
}

/* Whether the wake is marked within that time; a time of its own marks it
 * too, so it is asked for at the end of it. */
static bool
is_marked_within(struct fixture *f, int64_t ms)
{
	int64_t until = loop_now_ms() + ms;

	wake_at(f->wake, until);
	assert_true(loop_wait(f->loop, f->wake));
	return loop_now_ms() < until;
}

/* Milliseconds from now on, in the order they are asked for; the least. */
static const struct row {
	const char	*label;
	int64_t		 times[4];
	size_t		 n;
	int64_t		 want;
} rows[] = {
	{ "one", { 30 }, 1, 30 },
	{ "now", { 0 }, 1, 0 },
	{ "gone by", { -1000 }, 1, 0 },
	{ "later, then sooner", { 5000, 30 }, 2, 30 },
	{ "sooner, then later", { 30, 5000 }, 2, 30 },
	{ "whenever, and then a time", { PATIENCE_MS * 9, 40, 9000 }, 3, 40 },
};

static void
test_times(void **state)
{
	struct fixture *f = *state;
	size_t i, j;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t began = loop_now_ms(), took;

		for (j = 0; j < rows[i].n; j++)
			wake_at(f->wake, began + rows[i].times[j]);
		assert_true(loop_wait(f->loop, f->wake));
		took = loop_now_ms() - began;
		if (took < rows[i].want || took > rows[i].want + 4000)
			fail_msg("rows/%s: got %lld ms, want %lld",
			    rows[i].label, (long long)took,
			    (long long)rows[i].want);
	}
	wake_at(f->wake, INT64_MAX);
}

static void
test_clock(void **state)
{
	int64_t ms = loop_now_ms();
	double s = loop_now();

	(void)state;
	assert_true(loop_now_ms() >= ms);
	assert_true(loop_now() >= s);
	assert_true(s * 1000 >= (double)ms);
	assert_true(s * 1000 < (double)ms + PATIENCE_MS);
}

/* A wake that got ready while another was waited for stays so. */
static void
test_two_wakes(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct wake *other = wake_new(f->loop, &err);
	int64_t began = loop_now_ms();

	assert_non_null(other);
	wake_at(other, began + 1);
	wake_at(f->wake, began + 40);
	assert_true(loop_wait(f->loop, f->wake));
	assert_true(loop_wait(f->loop, other));
	wake_free(other);
	wake_free(NULL);
}

static void
test_readable(void **state)
{
	struct fixture *f = *state;
	char byte;

	watch_for(f->watch, LOOP_READ, f->wake);
	assert_false(is_marked_within(f, 20));
	assert_int_equal(write(f->pair[1], "x", 1), 1);
	assert_true(is_marked_within(f, PATIENCE_MS));
	/* Until it has been read it is so again. */
	assert_true(is_marked_within(f, PATIENCE_MS));
	assert_int_equal(read(f->pair[0], &byte, 1), 1);
	assert_false(is_marked_within(f, 20));
	assert_int_equal(shutdown(f->pair[1], SHUT_WR), 0);
	assert_true(is_marked_within(f, PATIENCE_MS));
}

static void
test_writable(void **state)
{
	struct fixture *f = *state;
	static char block[65536];

	watch_for(f->watch, LOOP_WRITE, f->wake);
	assert_true(is_marked_within(f, PATIENCE_MS));
	while (write(f->pair[0], block, sizeof(block)) > 0)
		;
	assert_false(is_marked_within(f, 20));
	watch_for(f->watch, LOOP_READ | LOOP_WRITE, f->wake);
	assert_false(is_marked_within(f, 20));
	assert_int_equal(write(f->pair[1], "x", 1), 1);
	assert_true(is_marked_within(f, PATIENCE_MS));
	/* Not what is there, but what is asked for. */
	watch_for(f->watch, LOOP_WRITE, f->wake);
	assert_false(is_marked_within(f, 20));
	while (read(f->pair[1], block, sizeof(block)) > 0)
		;
	assert_true(is_marked_within(f, PATIENCE_MS));
}

static void
test_rest(void **state)
{
	struct fixture *f = *state;

	watch_for(f->watch, LOOP_READ, f->wake);
	watch_rest(f->watch);
	assert_int_equal(write(f->pair[1], "x", 1), 1);
	assert_false(is_marked_within(f, 20));
	watch_for(f->watch, LOOP_READ, f->wake);
	assert_true(is_marked_within(f, PATIENCE_MS));
	watch_free(NULL);
}

static void *
post(void *arg)
{
	struct fixture *f = arg;

	loop_post(f->loop, f->wake);
	loop_post(f->loop, f->wake);	/* twice is once */
	return NULL;
}

static void
test_other_thread(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, post, f), 0);
	assert_true(is_marked_within(f, PATIENCE_MS));
	pthread_join(thread, NULL);
	(void)is_marked_within(f, 1);
	assert_false(is_marked_within(f, 20));
}

/* A mark on its way to a wake that is given back reaches nobody else. */
static void
test_free_while_posted(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };

	loop_post(f->loop, f->wake);
	wake_free(f->wake);
	assert_non_null(f->wake = wake_new(f->loop, &err));
	assert_false(is_marked_within(f, 20));
}

/* Freed while held: marked, and nobody else's until it is released. */
static void
test_held(void **state)
{
	struct fixture *f = *state;
	struct wake *other, *w = f->wake;
	struct error err = { 0 };

	wake_hold(w);
	wake_free(w);
	assert_true(wake_is_ready(w));
	assert_non_null(other = wake_new(f->loop, &err));
	assert_ptr_not_equal(other, w);
	assert_true(wake_is_ready(w));
	wake_release(w);
	assert_ptr_equal(f->wake = wake_new(f->loop, &err), w);
	assert_false(wake_is_ready(w));
	wake_free(other);
	wake_hold(w);
	wake_release(w);	/* not freed: still his */
	assert_ptr_equal(wake_new(f->loop, &err), other);
	wake_free(other);
}

static struct loop *interrupted;

static void
on_alarm(int signum)
{
	(void)signum;
	loop_interrupt(interrupted);
}

static void
test_interrupt(void **state)
{
	struct sigaction act = { .sa_handler = on_alarm };
	struct fixture *f = *state;

	assert_false(loop_take_interrupt(f->loop));
	loop_interrupt(f->loop);
	assert_true(loop_take_interrupt(f->loop));
	assert_false(loop_take_interrupt(f->loop));

	/* Before the wait: it ends at once, once. */
	loop_interrupt(f->loop);
	wake_at(f->wake, loop_now_ms() + PATIENCE_MS);
	assert_false(loop_wait(f->loop, f->wake));
	assert_false(loop_take_interrupt(f->loop));

	/* By a signal, in the wait. */
	interrupted = f->loop;
	assert_int_equal(sigaction(SIGALRM, &act, NULL), 0);
	ualarm(20000, 0);
	wake_at(f->wake, loop_now_ms() + PATIENCE_MS);
	assert_false(loop_wait(f->loop, f->wake));
	wake_at(f->wake, loop_now_ms());
	assert_true(loop_wait(f->loop, f->wake));
}

/* Before anything was taken from the loop, and with nothing but it. */
static void
test_loop_alone(void **state)
{
	struct loop *l = loop_new();

	(void)state;
	assert_non_null(l);
	loop_interrupt(l);
	assert_true(loop_take_interrupt(l));
	assert_ptr_equal(loop_ref(l), l);
	loop_unref(l);
	loop_unref(l);
	loop_unref(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_times, set_up, tear_down),
		cmocka_unit_test(test_clock),
		cmocka_unit_test_setup_teardown(test_two_wakes, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_readable, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_writable, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_rest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_thread, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_free_while_posted, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_held, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_interrupt, set_up,
		    tear_down),
		cmocka_unit_test(test_loop_alone),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
