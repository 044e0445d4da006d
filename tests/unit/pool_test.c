/*
 * net/pool with connections to real sockets: which one is handed out, when
 * none is, and that what is not kept is closed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "loopback.h"
#include "net/pool.h"

#define PATIENCE_MS	20000	/* until a test gives up, on a busy machine */
#define PEERS_MAX	32

struct fixture {
	struct loop	*loop;
	struct wake	*wake;
	struct pool	*pool;
	int		 listener;
	uint16_t	 port;
	int		 peers[PEERS_MAX];	/* the server's ends */
	size_t		 npeers;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct error err = { 0 };
	struct address a;

	assert_non_null(f);
	assert_non_null(f->loop = loop_new());
	assert_non_null(f->wake = wake_new(f->loop, &err));
	assert_non_null(f->pool = pool_new(f->loop, &pool_defaults));
	f->listener = listening(AF_INET);
	a = address_of(f->listener, false);
	f->port = (uint16_t)port_of(&a);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	size_t i;

	pool_unref(f->pool);
	wake_free(f->wake);
	loop_unref(f->loop);
	for (i = 0; i < f->npeers; i++)
		close(f->peers[i]);
	close(f->listener);
	free(f);
	return 0;
}

static struct target
target_of(const struct fixture *f)
{
	struct target t = { .host = "a.test", .port = f->port,
	    .address = "127.0.0.1" };

	return t;
}

/* A connection, or NULL when the pool has none to give now. */
static struct conn *
ask(struct fixture *f, const struct target *target, bool fresh)
{
	struct pool_place place = { .wake = f->wake, .target = target,
	    .fresh = fresh };
	struct conn *c = NULL;
	struct error err;
	enum want want = pool_ask(f->pool, &place, &c, &err);

	assert_int_equal(want, c == NULL ? WANT_WAKE : WANT_NOTHING);
	assert_int_equal(place.in_line, c == NULL);
	pool_leave(f->pool, &place);
	return c;
}

/* An idle connection, or NULL when there is none. */
static struct conn *
take(struct fixture *f, const struct target *target)
{
	struct conn *c = ask(f, target, false);

	if (c == NULL || c->dialling == NULL)
		return c;
	pool_drop(f->pool, c);
	return NULL;
}

/*
 * A busy connection to that target, whose other end is the last of peers; NULL
 * when the pool has no room.
 */
static struct conn *
try_dial(struct fixture *f, const struct target *target)
{
	int64_t limit = loop_now_ms() + PATIENCE_MS, at_ms;
	struct conn *c = ask(f, target, true);
	struct error err = { 0 };
	enum want want;

	if (c == NULL)
		return NULL;
	while ((want = conn_step(c, &at_ms, &err)) == WANT_WAKE &&
	    loop_now_ms() < limit) {
		wake_at(f->wake, at_ms < limit ? at_ms : limit);
		assert_true(loop_wait(f->loop, f->wake));
	}
	assert_int_equal(want, WANT_NOTHING);
	f->peers[f->npeers] = accept(f->listener, NULL, NULL);
	assert_int_not_equal(f->peers[f->npeers], -1);
	f->npeers++;
	return c;
}

static struct conn *
dial_up(struct fixture *f, const struct target *target)
{
	struct conn *c = try_dial(f, target);

	assert_non_null(c);
	return c;
}

/* Whether our end of the connection has been closed. */
static bool
is_closed(int peer)
{
	char byte;

	return recv(peer, &byte, 1, MSG_DONTWAIT) == 0;
}

static void
test_give_and_take(void **state)
{
	struct fixture *f = *state;
	struct target t = target_of(f);
	struct conn *first, *second;

	assert_null(take(f, &t));
	first = dial_up(f, &t);
	second = dial_up(f, &t);
	pool_give(f->pool, first);
	pool_give(f->pool, second);
	/* The one used last is the least likely to be closed soon. */
	assert_ptr_equal(take(f, &t), second);
	assert_ptr_equal(take(f, &t), first);
	assert_null(take(f, &t));
	pool_give(f->pool, first);
	assert_ptr_equal(take(f, &t), first);
	pool_drop(f->pool, first);
	pool_drop(f->pool, second);
	pool_drop(f->pool, NULL);
	assert_true(is_closed(f->peers[0]));
	assert_true(is_closed(f->peers[1]));
}

static struct proxy forwarder = { .kind = PROXY_FORWARD, .refs = 1 };
static struct proxy other_forwarder = { .kind = PROXY_FORWARD, .refs = 1 };

/* What differs in a target that must not be served. */
static const struct row {
	const char	*label;
	struct target	 own, other;	/* over target_of, where not 0 */
	bool		 serves;
} rows[] = {
	{ "the same", { .host = NULL }, { .host = NULL }, true },
	{ "another host", { .host = NULL }, { .host = "b.test" }, false },
	{ "another port", { .host = NULL }, { .port = 1 }, false },
	{ "another address", { .host = NULL }, { .address = "127.0.0.2" },
	    false },
	{ "another port of the address", { .host = NULL },
	    { .address_port = 1 }, false },
	{ "a servername", { .host = NULL }, { .servername = "b.test" },
	    false },
	{ "another servername", { .servername = "a.test" },
	    { .servername = "b.test" }, false },
	{ "the same servername", { .servername = "b.test" },
	    { .servername = "b.test" }, true },
	{ "TLS", { .host = NULL }, { .tls = true }, false },
	{ "a proxy", { .host = NULL }, { .proxy = &forwarder }, false },
	{ "no proxy", { .proxy = &forwarder }, { .host = NULL }, false },
	{ "the same proxy", { .proxy = &forwarder }, { .proxy = &forwarder },
	    true },
	{ "another proxy", { .proxy = &forwarder },
	    { .proxy = &other_forwarder }, false },
	{ "the same proxy, which is told where to", { .proxy = &forwarder },
	    { .proxy = &forwarder, .host = "b.test", .port = 1 }, true },
};

/* The proxy is our listener. */
static void
lead_to(const struct fixture *f, struct proxy *p)
{
	p->host = "127.0.0.1";
	p->port = f->port;
}

static struct target
changed(const struct fixture *f, const struct target *by)
{
	struct target t = target_of(f);

	if (by->host != NULL)
		t.host = by->host;
	if (by->port != 0)
		t.port = by->port;
	if (by->address != NULL)
		t.address = by->address;
	t.address_port = by->address_port;
	t.servername = by->servername;
	t.tls = by->tls;
	t.proxy = by->proxy;
	if (t.proxy != NULL)
		lead_to(f, t.proxy);
	return t;
}

static void
test_serves(void **state)
{
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct target own = changed(f, &rows[i].own);
		struct target other = changed(f, &rows[i].other);
		struct conn *c = dial_up(f, &own), *got;

		pool_give(f->pool, c);
		got = take(f, &other);
		if ((got == c) != rows[i].serves)
			fail_msg("rows/%s: got %d, want %d", rows[i].label,
			    got == c, rows[i].serves);
		/* Who is not served leaves it where it is. */
		if (got == NULL)
			got = take(f, &own);
		assert_ptr_equal(got, c);
		pool_drop(f->pool, c);
	}
}

enum event { CLOSES, RESETS, SPEAKS, STALE };

static const struct ending {
	const char	*label;
	enum event	 event;
} endings[] = {
	{ "closed by its peer", CLOSES },
	{ "reset by its peer", RESETS },
	{ "with bytes nobody asked for", SPEAKS },
	{ "too long idle", STALE },
};

/* On loopback what was sent is there when the call returns. */
static void
bring_about(struct fixture *f, int peer, struct conn *c, enum event event)
{
	struct linger reset = { .l_onoff = 1 };

	switch (event) {
	case RESETS:
		assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER,
		    &reset, sizeof(reset)), 0);
		/* FALLTHROUGH */
	case CLOSES:
		close(peer);
		f->npeers--;
		break;
	case SPEAKS:
		assert_int_equal(send(peer, "x", 1, 0), 1);
		break;
	case STALE:
		c->idle_since_ms -= pool_defaults.idle_ms + 1;
		break;
	}
}

/* A Unix socket is another place, whatever the target's name. */
static void
test_unix(void **state)
{
	struct fixture *f = *state;
	char dir[] = "/tmp/lurl-pool-XXXXXX", path[64];
	struct target plain = target_of(f), t = plain, other = plain;
	int listener = f->listener, fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct address a;
	struct conn *c;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/socket", dir);
	assert_int_equal(address_unix(&a, path), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a.sa, a.len), 0);
	assert_int_equal(listen(fd, 1), 0);
	t.path = path;
	other.path = "/elsewhere";
	f->listener = fd;
	c = dial_up(f, &t);
	pool_give(f->pool, c);
	assert_null(take(f, &plain));
	assert_null(take(f, &other));
	assert_ptr_equal(take(f, &t), c);
	pool_drop(f->pool, c);
	f->listener = listener;
	close(fd);
	unlink(path);
	rmdir(dir);
}

static void
test_endings(void **state)
{
	struct fixture *f = *state;
	struct target t = target_of(f);
	size_t i;

	for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		struct conn *good = dial_up(f, &t), *bad = dial_up(f, &t);
		int descriptors;

		pool_give(f->pool, good);
		pool_give(f->pool, bad);
		bring_about(f, f->peers[f->npeers - 1], bad,
		    endings[i].event);
		descriptors = open_descriptors();
		if (take(f, &t) != good)
			fail_msg("endings/%s: got it", endings[i].label);
		assert_int_equal(open_descriptors(), descriptors - 1);
		pool_drop(f->pool, good);
	}
}

/*
 * Steps, a letter each: a, b and c dial that host; A, B and C give back the
 * connection that was dialled first of those that are busy to that host.
 */
static const struct room {
	const char	*label;
	size_t		 per_host, total;
	const char	*steps;
	const char	*want;		/* of each dial: '+', or '-' for none */
	const char	*closed;	/* 'x' or '.' for each of those */
} rooms[] = {
	{ "enough", 2, 3, "aab", "+++", "..." },
	{ "a host's are busy", 2, 9, "aaa", "++-", ".." },
	{ "a host's are busy, not another's", 2, 9, "aaabb", "++-++", "...." },
	{ "all are busy", 9, 2, "aab", "++-", ".." },
	{ "a host's idle one makes room", 2, 9, "aaAa", "+++", "x.." },
	{ "the one idle longest makes room", 3, 9, "aaaAAa", "++++", "x..." },
	{ "another's idle one does not help", 1, 9, "aabBa", "+-+-", ".." },
	{ "another's idle one makes room", 9, 2, "abBa", "+++", ".x." },
	{ "the oldest of all makes room", 9, 3, "abcBAa", "++++", ".x.." },
	{ "both limits at once", 1, 2, "abAc", "+++", "x.." },
	{ "a host's own goes first", 1, 2, "abBAa", "+++", "x.." },
	{ "one at all", 1, 1, "aAbBcCa", "++++", "xxx." },
	{ "refused, then room", 1, 1, "aaAa", "+-+", "x." },
};

struct busy {
	struct conn	*conns[PEERS_MAX];
	size_t		 n;
};

static void
give_first(struct fixture *f, struct busy *busy, char host)
{
	size_t i = 0;

	while (busy->conns[i]->target.host[0] != host)
		i++;
	pool_give(f->pool, busy->conns[i]);
	memmove(&busy->conns[i], &busy->conns[i + 1],
	    (--busy->n - i) * sizeof(busy->conns[0]));
}

static void
check_room(struct fixture *f, const struct room *row)
{
	struct busy busy = { .n = 0 };
	const char *step, *want = row->want;
	size_t i;

	for (step = row->steps; *step != '\0'; step++) {
		char host[] = { *step, '\0' };
		struct target t = target_of(f);
		struct conn *c;

		if (*step < 'a') {
			give_first(f, &busy, (char)(*step | 0x20));
			continue;
		}
		t.host = host;
		c = try_dial(f, &t);
		if ((c != NULL) != (*want++ == '+'))
			fail_msg("rooms/%s: got %d at %s", row->label,
			    c != NULL, step);
		if (c != NULL)
			busy.conns[busy.n++] = c;
	}
	assert_int_equal(strlen(row->closed), f->npeers);
	for (i = 0; i < f->npeers; i++)
		if (is_closed(f->peers[i]) != (row->closed[i] == 'x'))
			fail_msg("rooms/%s: connection %zu: want %c",
			    row->label, i, row->closed[i]);
	while (busy.n > 0)
		pool_drop(f->pool, busy.conns[--busy.n]);
}

static void
test_rooms(void **state)
{
	struct fixture *f = *state;
	struct pool *outer = f->pool;
	size_t i;

	for (i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		struct pool_limits limits = { rooms[i].per_host,
		    rooms[i].total, PATIENCE_MS };

		assert_non_null(f->pool = pool_new(f->loop, &limits));
		check_room(f, &rooms[i]);
		pool_unref(f->pool);
		while (f->npeers > 0)
			close(f->peers[--f->npeers]);
	}
	f->pool = outer;
}

/*
 * Who is woken by what, with connections busy to the hosts named first: a small
 * letter joins the line, a capital gives the first connection to that host
 * back, "!" drops one instead, "-" sends the first in line away.
 */
static const struct line {
	const char	*label;
	size_t		 per_host, total;
	const char	*busy, *steps;
	const char	*woken;		/* of those in line: x or . */
} lines[] = {
	{ "first come first served", 1, 9, "a", "aaaA", "x.." },
	{ "one at a time", 2, 9, "aa", "aaaAA", "xx." },
	{ "a dropped one makes room too", 1, 9, "a", "aa!", "x." },
	{ "another host's is no room for it", 1, 9, "ab", "abB", ".x" },
	{ "unless there is a limit on all", 9, 2, "ab", "abB", "x." },
	{ "the first has no room still", 1, 2, "ab", "abB", ".x" },
	{ "a host's own line", 1, 9, "ab", "aabbBA", "x.x." },
	{ "who leaves passes it on", 1, 9, "a", "aaA-", "x" },
	{ "nobody is free", 1, 9, "ab", "ab", ".." },
};

struct line_place {
	struct pool_place	 place;
	struct target	 target;
	char		 host[2];
};

static void
stand(struct fixture *f, struct line_place *lp, char host)
{
	struct error err = { 0 };
	struct conn *c;

	memset(lp, 0, sizeof(*lp));
	lp->host[0] = host;
	lp->target = target_of(f);
	lp->target.host = lp->host;
	lp->place.target = &lp->target;
	assert_non_null(lp->place.wake = wake_new(f->loop, &err));
	assert_int_equal(pool_ask(f->pool, &lp->place, &c, &err), WANT_WAKE);
}

/* Whether it has been called; if so it asks, and must be served. */
static bool
is_served(struct fixture *f, struct line_place *lp, struct busy *busy)
{
	struct error err = { 0 };

	if (!wake_is_ready(lp->place.wake))
		return false;
	assert_int_equal(pool_ask(f->pool, &lp->place, &busy->conns[busy->n],
	    &err), WANT_NOTHING);
	busy->n++;
	return true;
}

static void
check_line(struct fixture *f, const struct line *row)
{
	struct busy busy = { .n = 0 };
	struct line_place places[PEERS_MAX];
	size_t n = 0, first = 0, i;
	const char *step;
	struct target t = target_of(f);

	for (step = row->busy; *step != '\0'; step++) {
		char host[] = { *step, '\0' };

		t.host = host;
		busy.conns[busy.n++] = dial_up(f, &t);
	}
	for (step = row->steps; *step != '\0'; step++) {
		if (*step == '!')
			pool_drop(f->pool, busy.conns[--busy.n]);
		else if (*step == '-')
			pool_leave(f->pool, &places[first++].place);
		else if (*step < 'a')
			give_first(f, &busy, (char)(*step | 0x20));
		else
			stand(f, &places[n++], *step);
	}
	assert_int_equal(strlen(row->woken), n - first);
	/* Those who are served call the next, if there is room for him too. */
	for (i = first; i < n; i++)
		if (is_served(f, &places[i], &busy) !=
		    (row->woken[i - first] == 'x'))
			fail_msg("lines/%s: place %zu: want %c", row->label,
			    i, row->woken[i - first]);
	for (i = 0; i < n; i++) {
		pool_leave(f->pool, &places[i].place);
		wake_free(places[i].place.wake);
	}
	while (busy.n > 0)
		pool_drop(f->pool, busy.conns[--busy.n]);
}

static void
test_lines(void **state)
{
	struct fixture *f = *state;
	struct pool *outer = f->pool;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct pool_limits limits = { lines[i].per_host,
		    lines[i].total, PATIENCE_MS };

		assert_non_null(f->pool = pool_new(f->loop, &limits));
		check_line(f, &lines[i]);
		pool_unref(f->pool);
		while (f->npeers > 0)
			close(f->peers[--f->npeers]);
	}
	f->pool = outer;
}

/* Nobody overtakes: a connection that is free is for who waits for it. */
static void
test_newcomer(void **state)
{
	struct fixture *f = *state;
	struct pool *outer = f->pool;
	struct pool_limits limits = { 1, 9, PATIENCE_MS };
	struct line_place first, second;
	struct error err = { 0 };
	struct target t = target_of(f);
	struct conn *c;

	t.host = "a";
	assert_non_null(f->pool = pool_new(f->loop, &limits));
	c = dial_up(f, &t);
	stand(f, &first, 'a');
	pool_give(f->pool, c);
	stand(f, &second, 'a');
	assert_false(wake_is_ready(second.place.wake));
	assert_int_equal(pool_ask(f->pool, &first.place, &c, &err),
	    WANT_NOTHING);
	pool_drop(f->pool, c);
	assert_true(wake_is_ready(second.place.wake));
	pool_leave(f->pool, &second.place);
	wake_free(first.place.wake);
	wake_free(second.place.wake);
	pool_unref(f->pool);
	f->pool = outer;
}

/* Who waits for another's handshake does not stop those behind him. */
static void
test_handshake(void **state)
{
	struct fixture *f = *state;
	struct trust_spec spec = { .protocol = { .http = TRUST_HTTP_ANY } };
	struct target plain = target_of(f), shared = plain;
	struct pool_place first = { .wake = f->wake, .target = &shared };
	struct pool_limits limits = { 2, 9, PATIENCE_MS };
	struct line_place second;
	struct pool *outer = f->pool;
	struct conn *busy, *other, *coming, *c;
	struct error err = { 0 };

	assert_non_null(f->pool = pool_new(f->loop, &limits));
	assert_non_null(shared.trust = trust_new(&spec, &err));
	plain.host = "a";
	busy = dial_up(f, &plain);
	other = dial_up(f, &plain);
	assert_non_null(coming = ask(f, &shared, false));
	assert_int_equal(pool_ask(f->pool, &first, &c, &err), WANT_WAKE);
	stand(f, &second, 'a');
	pool_give(f->pool, busy);
	assert_false(wake_is_ready(f->wake));
	assert_true(wake_is_ready(second.place.wake));
	pool_drop(f->pool, coming);
	assert_true(wake_is_ready(f->wake));
	pool_drop(f->pool, other);
	pool_leave(f->pool, &first);
	pool_leave(f->pool, &second.place);
	wake_free(second.place.wake);
	trust_unref(shared.trust);
	pool_unref(f->pool);
	f->pool = outer;
}

static void
test_close(void **state)
{
	struct fixture *f = *state;
	struct target t = target_of(f);
	struct conn *c = dial_up(f, &t), *late = dial_up(f, &t);
	struct pool *again = pool_ref(f->pool);

	pool_give(f->pool, c);
	pool_unref(again);	/* not the last */
	assert_false(is_closed(f->peers[0]));
	pool_close(f->pool);
	assert_true(is_closed(f->peers[0]));
	assert_false(is_closed(f->peers[1]));
	pool_give(f->pool, late);
	assert_true(is_closed(f->peers[1]));
	pool_close(f->pool);
}

static void
test_unref(void **state)
{
	struct fixture *f = *state;
	struct target t = target_of(f);

	pool_give(f->pool, dial_up(f, &t));
	pool_unref(f->pool);
	f->pool = NULL;		/* to unref once more */
	assert_true(is_closed(f->peers[0]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_give_and_take, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_serves, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_unix, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_endings, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_rooms, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_lines, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_newcomer, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_handshake, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_close, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_unref, set_up,
		    tear_down),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
