/*
 * Lua's memory runs out at every allocation in turn, while scripts make
 * requests of every kind (nomem.lua, nomem_rest.lua) and look at servers
 * (nomem_inspect.lua): nothing crashes, what was allocated is given back, no
 * descriptor stays open, no connection stays busy, and once there is memory
 * again the state is as good as before.
 *
 *   nomem_test [once|twice|always N [tls]]	that one run, to look at it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "lurl.h"
#include "net/loop.h"
#include "server.h"

#define BAD_MAX		10	/* after so many a sweep gives up */
#define NEVER		SIZE_MAX
#define LOADING_STEP	5	/* while the script has done nothing yet */
#define INSPECT_STEP	7	/* each is several handshakes */

enum mode {
	ONCE,		/* Lua collects garbage, asks again and gets it */
	TWICE,		/* it does not get it: an error */
	ALWAYS		/* nor anything from then on */
};

static const char *const mode_names[] = { "once", "twice", "always" };

struct memory {
	enum mode	 mode;
	size_t		 fail_at;	/* 1: the first request */
	size_t		 requests;	/* for more than there is */
	size_t		 used;		/* bytes */
	void		*refused;	/* the request that failed: of this, */
	size_t		 refused_size;	/* for so much */
	bool		 waits;		/* for it to come again */
};

/* One of a sweep: what is to fail, and how it went. */
struct run {
	enum mode	 mode;
	size_t		 n;		/* the allocation */
	struct server	*server;
	bool		 reached;	/* there were so many */
	bool		 raised;	/* the script ended with an error */
	bool		 loading;	/* it had not begun */
};

static struct server plain, under_tls;
static char dir[] = "/tmp/lurl-nomem-XXXXXX";

const char	*__asan_default_options(void);

/* Half the time of all; what is reported is still told where. */
const char *
__asan_default_options(void)
{
	return "malloc_context_size=8:max_malloc_fill_size=0:"
	    "quarantine_size_mb=16";
}

static void
fail_from(struct memory *m, enum mode mode, size_t n)
{
	m->mode = mode;
	m->fail_at = n;
	m->requests = 0;
	m->waits = false;
}

static bool
is_refused(struct memory *m, void *p, size_t size)
{
	m->requests++;
	if (m->requests < m->fail_at)
		return false;
	if (m->requests == m->fail_at) {
		m->refused = p;
		m->refused_size = size;
		m->waits = m->mode == TWICE;
		return true;
	}
	if (m->waits && m->refused == p && m->refused_size == size) {
		m->waits = false;
		return true;
	}
	return m->mode == ALWAYS;
}

/* A lua_Alloc.  Lua relies on that it may always have less. */
static void *
reallocate(void *arg, void *p, size_t old, size_t size)
{
	struct memory *m = arg;
	void *q;

	if (p == NULL)
		old = 0;	/* it says what for */
	if (size == 0) {
		free(p);
		m->used -= old;
		return NULL;
	}
	if (size > old && is_refused(m, p, size))
		return NULL;
	if ((q = realloc(p, size)) == NULL)
		abort();
	m->used += size - old;
	return q;
}

static size_t
count_files(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* The rest is run in a protected call. */

static void
open_all(lua_State *L)
{
	int top = lua_gettop(L);

	luaL_openlibs(L);
	luaL_requiref(L, "https", luaopen_https, 0);
	lua_settop(L, top);
}

/* run_script(server, whether again) -> what nomem.lua returns */
static int
run_script(lua_State *L)
{
	const struct server *s = lua_touserdata(L, 1);

	open_all(L);
	if (luaL_loadfilex(L, "tests/unit/nomem.lua", "t") != LUA_OK)
		return lua_error(L);
	lua_pushvalue(L, 2);
	if (s == &plain) {
		lua_pushfstring(L, "http://127.0.0.1:%d/", s->port);
		lua_call(L, 2, 1);
		return 1;
	}
	lua_pushfstring(L, "https://good.test:%d/", s->port);
	lua_pushliteral(L, "build/pki/root.pem");
	lua_pushfstring(L, "good.test:%d", s->port);
	lua_pushliteral(L, "127.0.0.1");
	lua_call(L, 5, 1);
	return 1;
}

static int
run_rest(lua_State *L)
{
	if (luaL_loadfilex(L, "tests/unit/nomem_rest.lua", "t") != LUA_OK)
		return lua_error(L);
	lua_pushfstring(L, "http://127.0.0.1:%d/", plain.port);
	lua_pushstring(L, dir);
	lua_call(L, 2, 0);
	return 0;
}

static int
run_inspect(lua_State *L)
{
	if (luaL_loadfilex(L, "tests/unit/nomem_inspect.lua", "t") != LUA_OK)
		return lua_error(L);
	lua_pushfstring(L, "good.test:%d", under_tls.port);
	lua_pushliteral(L, "build/pki/root.pem");
	lua_pushliteral(L, "build/pki/unknown-root.pem");
	lua_pushliteral(L, "127.0.0.1");
	lua_call(L, 4, 0);
	return 0;
}

static int
run(lua_State *L, lua_CFunction fn, struct server *s, bool again)
{
	lua_settop(L, 0);
	lua_pushcfunction(L, fn);
	lua_pushlightuserdata(L, s);
	lua_pushboolean(L, again);
	return lua_pcall(L, 2, 1, 0);
}

/*
 * What a script that had not enough memory may end with.  luaL_checkstack does
 * not tell why there is no more stack.
 */
static bool
is_right(lua_State *L, int status)
{
	const char *s;

	if (status == LUA_OK || status == LUA_ERRMEM)
		return true;
	s = lua_tostring(L, -1);
	return s != NULL && (strstr(s, "not enough memory") != NULL ||
	    strstr(s, "stack overflow") != NULL);
}

static bool
complain(lua_State *L, const struct run *r, const char *when)
{
	print_error("%s, allocation %zu%s: %s\n", mode_names[r->mode], r->n,
	    when, luaL_tolstring(L, -1, NULL));
	return false;
}

/*
 * The script again, with memory.  When not even a close could be called a
 * connection may have had to wait for the collector.
 */
static bool
is_well(lua_State *L, const struct run *r)
{
	if (run(L, run_script, r->server, true) != LUA_OK)
		return complain(L, r, ", later");
	if (r->mode == ALWAYS || lua_toboolean(L, -1))
		return true;
	print_error("%s, allocation %zu: a connection was left busy\n",
	    mode_names[r->mode], r->n);
	return false;
}

static bool
run_in(lua_State *L, struct memory *m, struct run *r)
{
	int status = run(L, run_script, r->server, false);

	r->reached = m->requests >= r->n;
	r->raised = status != LUA_OK;
	fail_from(m, r->mode, NEVER);
	lua_gc(L, LUA_GCSTOP);
	r->loading = lua_getglobal(L, "session") == LUA_TNIL;
	lua_pop(L, 1);
	if (!is_right(L, status))
		return complain(L, r, "");
	return !r->reached || is_well(L, r);
}

/* One run in a state of its own. */
static bool
fail_nth(struct run *r)
{
	size_t before = count_files("/proc/self/fd"), after;
	struct memory m = { 0 };
	bool ok = true;
	lua_State *L;

	fail_from(&m, r->mode, r->n);
	r->reached = r->raised = r->loading = true;
	if ((L = lua_newstate(reallocate, &m)) != NULL) {
		ok = run_in(L, &m, r);
		lua_close(L);
	}
	after = count_files("/proc/self/fd");
	if (m.used == 0 && after == before)
		return ok;
	print_error("%s, allocation %zu: %zu bytes are left, and %zu "
	    "descriptors more than before\n", mode_names[r->mode], r->n, m.used,
	    after - before);
	return false;
}

/*
 * Every step-th allocation, from the first to the last; until there is a
 * session, when hardly anything can be left in disorder, fewer of them.  One
 * that fails once does no harm, but for a few: Lua's own buffers do not ask
 * again.
 */
static void
sweep(struct server *s, enum mode mode, size_t step)
{
	struct run r = { .mode = mode, .n = 1, .server = s, .reached = true };
	size_t runs = 0, raised = 0, bad = 0;

	for (; r.reached && bad < BAD_MAX; runs++) {
		bad += !fail_nth(&r);
		raised += r.raised;
		r.n += r.loading ? LOADING_STEP * step : step;
	}
	print_message("%s, failing %s: %zu runs, one for every %zu of some %zu "
	    "allocations; %zu raised\n", s == &plain ? "http" : "https",
	    mode_names[mode], runs, step, r.n, raised);
	assert_int_equal(bad, 0);
	assert_true(mode == ONCE ? raised <= 20 : raised > runs / 2);
}

static void
test_plain(void **state)
{
	(void)state;
	sweep(&plain, TWICE, 1);
	sweep(&plain, ALWAYS, 14);
	sweep(&plain, ONCE, 14);
}

static void
test_tls(void **state)
{
	(void)state;
	sweep(&under_tls, TWICE, 49);
	sweep(&under_tls, ALWAYS, 98);
	sweep(&under_tls, ONCE, 98);
}

/* Runs with every step-th allocation failing, until there is none. */
static size_t
sweep_one_state(lua_State *L, struct memory *m, lua_CFunction fn, size_t step)
{
	struct run r = { .mode = TWICE, .n = 1, .reached = true };
	size_t bad = 0, runs = 0;
	int status;

	for (; r.reached && bad < BAD_MAX; r.n += step, runs++) {
		fail_from(m, TWICE, r.n);
		status = run(L, fn, NULL, false);
		r.reached = m->requests >= r.n;
		fail_from(m, TWICE, NEVER);
		if (!is_right(L, status))
			bad += !complain(L, &r, "");
		if (runs % 8 == 0)
			lua_gc(L, LUA_GCCOLLECT);
	}
	print_message("in one state, failing twice: %zu runs, one for every "
	    "%zu of some %zu allocations\n", runs, step, r.n);
	assert_int_equal(status, LUA_OK);
	assert_true(r.n > 500);
	return bad;
}

static void
sweep_script(lua_CFunction fn, size_t step)
{
	size_t before = count_files("/proc/self/fd"), bad;
	struct memory m = { 0 };
	lua_State *L;

	fail_from(&m, ONCE, NEVER);
	L = lua_newstate(reallocate, &m);
	assert_non_null(L);
	open_all(L);
	bad = sweep_one_state(L, &m, fn, step);
	lua_close(L);
	assert_int_equal(bad, 0);
	assert_int_equal(m.used, 0);
	assert_int_equal(count_files("/proc/self/fd"), before);
}

static void
test_rest(void **state)
{
	(void)state;
	sweep_script(run_rest, 1);
	assert_int_equal(count_files(dir), 4);	/* cookies, out, . and .. */
}

static void
test_inspect(void **state)
{
	(void)state;
	sweep_script(run_inspect, INSPECT_STEP);
}

/* By hand. */
static int
run_one(char **argv)
{
	struct run r = { .n = strtoul(argv[1], NULL, 10),
	    .server = argv[2] == NULL ? &plain : &under_tls };

	while (r.mode < ALWAYS && strcmp(argv[0], mode_names[r.mode]) != 0)
		r.mode++;
	return fail_nth(&r) ? 0 : 1;
}

static int
setup(void **state)
{
	struct error err = { 0 };
	struct loop *loop = loop_new();

	(void)state;
	if (loop == NULL || mkdtemp(dir) == NULL)
		return -1;
	/* The first opens a pipe that stays. */
	wake_free(wake_new(loop, &err));
	loop_unref(loop);
	return 0;
}

static int
teardown(void **state)
{
	static const char *const names[] = { "cookies", "out", "out.part" };
	char path[sizeof(dir) + 16];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_inspect),
	};
	int rv;

	server_start(&plain, NULL, NULL);
	server_start(&under_tls, "build/pki/good-chain.pem",
	    "build/pki/good.key");
	if (argc > 2)
		rv = run_one(argv + 1);
	else
		rv = cmocka_run_group_tests(tests, setup, teardown);
	server_stop(&plain);
	server_stop(&under_tls);
	return rv;
}
