/* Tasks: made, driven, waited for, cancelled. */
#include <string.h>

#include "lurl.h"
#include "task.h"

#define TASK_MT		"https.task"
#define WAITER_MT	"lurl.waiter"

#define DEPTH_MAX	32	/* drivers on the C stack, which Lua limits */

#define THREAD		1	/* user values of a task: its coroutine, */
#define TRACEBACK	2	/* and where it failed */

#define ALIVE		"lurl.tasks"	/* in the registry: a set of tasks */
#define ATTACHED	"lurl.attached"	/* a weak set of coroutines: l_attach */
#define FAILURE		"https.failure"	/* the error a task raised last, and */
#define FAILED_AT	"https.failed_at" /* its traceback, for the host */

/* Who waits for a task to end, in the task's list. */
struct waiter {
	struct wake	*wake;
	struct waiter	*next;
	struct waiter	**link;		/* what points to this; NULL: nothing */
};

struct task {
	lua_State	*co;
	struct wake	*wake;		/* for its turn; NULL: it has ended */
	struct wake	*awaits;	/* NULL: it runs, or stands in line */
	struct waiter	*waiters;
	int		 count;		/* values on co: arguments, results */
	int		 status;	/* once it has ended */
	bool		 called_off;	/* its next wait is to fail */
	bool		 is_heard;	/* somebody has asked how it ended */
};

/* Driving. */

static void
set_user_value(lua_State *L, struct task *t, int n)
{
	lua_getfield(L, LUA_REGISTRYINDEX, ALIVE);
	lua_rawgetp(L, -1, t);
	lua_remove(L, -2);
	lua_insert(L, -2);
	lua_setiuservalue(L, -2, n);
	lua_pop(L, 1);
}

/* Marks everybody who waits for it. */
static void
tell_waiters(struct task *t)
{
	struct waiter *w;

	while ((w = t->waiters) != NULL) {
		t->waiters = w->next;
		w->link = NULL;
		wake_mark(w->wake);
	}
}

/*
 * It has returned, or failed.  The stack of a failed one tells where, until
 * lua_resetthread closes its <close> variables.
 */
static int
l_end(lua_State *L)
{
	struct task *t = lua_touserdata(L, 1);

	if (lua_status(t->co) != LUA_OK) {
		if (lua_type(t->co, -1) == LUA_TSTRING) {
			luaL_traceback(L, t->co, lua_tostring(t->co, -1), 0);
			set_user_value(L, t, TRACEBACK);
		}
		(void)lua_resetthread(t->co);
		t->count = 1;
	}
	return 0;
}

static void
end(lua_State *L, struct lurl *h, struct task *t)
{
	lua_pushcfunction(L, l_end);
	lua_pushlightuserdata(L, t);
	if (lua_pcall(L, 1, 0, 0) != LUA_OK)
		lua_pop(L, 1);		/* no memory for a traceback */
	h->alive--;
	wake_free(t->wake);
	t->wake = NULL;
	tell_waiters(t);
	lua_getfield(L, LUA_REGISTRYINDEX, ALIVE);
	lua_pushnil(L);
	lua_rawsetp(L, -2, t);
	lua_pop(L, 1);
}

/* Called off before it had begun. */
static void
never_run(lua_State *L, struct lurl *h, struct task *t)
{
	struct error err = { 0 };

	h->called_off = true;
	set_stopped(L, &err);
	lua_settop(t->co, 0);
	fill_error(t->co, &err);
	t->status = LUA_ERRRUN;
	t->count = 1;
	end(L, h, t);
}

/* One turn of a task, up to its next wait. */
static void
run(lua_State *L, struct lurl *h, struct task *t)
{
	struct task *before = h->running;
	int n;

	h->running = t;
	t->awaits = NULL;
	if (t->called_off && lua_status(t->co) == LUA_OK) {
		never_run(L, h, t);
		h->running = before;
		return;
	}
	t->status = lua_resume(t->co, L, t->count, &n);
	t->count = 0;
	if (t->status != LUA_YIELD) {
		t->count = n;
		end(L, h, t);
	} else if (t->awaits == NULL) {	/* coroutine.yield: others may run */
		lua_pop(t->co, n);
		t->awaits = t->wake;
		wake_mark(t->wake);
		wake_own(t->wake, t);
	}
	h->running = before;
}

/* One turn for each that is ready now.  Returns whether there was any. */
static bool
run_ready(lua_State *L, struct lurl *h)
{
	size_t most = h->alive, n = 0;
	struct task *t;

	luaL_checkstack(L, 4, NULL);
	while (n < most && (t = loop_next(h->loop)) != NULL) {
		run(L, h, t);
		n++;
	}
	return n > 0;
}

static int
deadlock(lua_State *L)
{
	struct error err = { 0 };

	error_setx(&err, ERR_USAGE, "value", "this would wait for ever: every "
	    "task waits for another one");
	return raise_error(L, &err);
}

/*
 * Runs the tasks until wake is ready.  Where drivers lie too deep on the C
 * stack the others have to wait for this one.
 */
static bool
drive(lua_State *L, struct lurl *h, struct wake *wake)
{
	bool ran, turned;

	if (h->alive == 0 || h->depth == DEPTH_MAX)
		return loop_wait(h->loop, wake);
	h->depth++;
	while (!wake_is_ready(wake) && !loop_is_interrupted(h->loop)) {
		ran = run_ready(L, h);
		if (wake_is_ready(wake))
			break;
		turned = loop_turn(h->loop, !ran);
		if (!ran && !turned) {
			h->depth--;
			return deadlock(L);
		}
	}
	h->depth--;
	return loop_wait(h->loop, wake);
}

/* Waiting. */

/* Whether a coroutine that yields here yields to us, in the end. */
static bool
is_attached(lua_State *L, const struct task *t)
{
	bool is;

	if (L == t->co)
		return true;
	luaL_checkstack(L, 2, NULL);
	if (lua_getfield(L, LUA_REGISTRYINDEX, ATTACHED) != LUA_TTABLE) {
		lua_pop(L, 1);
		return false;
	}
	lua_pushthread(L);
	is = lua_rawget(L, -2) == LUA_TBOOLEAN;
	lua_pop(L, 2);
	return is;
}

/* Whether the task may go on.  That it has been called off is told once. */
static bool
may_go_on(struct lurl *h)
{
	struct task *t = h->running;

	h->called_off = t != NULL && t->called_off;
	if (h->called_off)
		t->called_off = false;
	return !h->called_off;
}

bool
await(lua_State *L, struct wake *wake, lua_KFunction k, lua_KContext ctx)
{
	struct lurl *h = lurl_handle(L);
	struct task *t = h->running;
	bool ready;

	if (!may_go_on(h))
		return false;
	if (wake_has_owner(wake))
		return luaL_error(L, "another task waits for this already");
	if (t == NULL)
		return drive(L, h, wake);
	t->awaits = wake;
	if (lua_isyieldable(L) && is_attached(L, t)) {
		wake_own(wake, t);
		return lua_yieldk(L, 0, ctx, k);
	}
	ready = drive(L, h, wake);
	t->awaits = NULL;
	return may_go_on(h) && ready;
}

bool
has_tasks(lua_State *L)
{
	return lurl_handle(L)->alive > 0;
}

bool
awaited(lua_State *L, int status)
{
	return status != LUA_YIELD || may_go_on(lurl_handle(L));
}

bool
step_aside(lua_State *L, lua_KFunction k, lua_KContext ctx)
{
	struct lurl *h = lurl_handle(L);

	h->called_off = false;
	if (h->running != NULL) {
		wake_mark(h->running->wake);
		return await(L, h->running->wake, k, ctx);
	}
	if (h->alive > 0) {
		run_ready(L, h);
		(void)loop_turn(h->loop, false);
	}
	return !loop_take_interrupt(h->loop);
}

void
set_stopped(lua_State *L, struct error *err)
{
	if (lurl_handle(L)->called_off)
		error_setx(err, ERR_CANCELLED, "cancelled",
		    "the task was cancelled");
	else
		error_setx(err, ERR_CANCELLED, "interrupted", "interrupted");
}

int
raise_stopped(lua_State *L)
{
	struct error err = { 0 };

	set_stopped(L, &err);
	return raise_error(L, &err);
}

/* Coroutines of the script's own, see src/lua/coroutines.lua. */

/*
 * attach(coroutine) -> whether a wait in it may yield to its resumer, who
 * passes it on: when that is itself such a coroutine, or a task
 */
static int
l_attach(lua_State *L)
{
	struct task *t = lurl_handle(L)->running;

	luaL_checktype(L, 1, LUA_TTHREAD);
	if (t == NULL || !is_attached(L, t))
		return 0;
	lua_settop(L, 1);
	lua_getfield(L, LUA_REGISTRYINDEX, ATTACHED);
	lua_pushvalue(L, 1);
	lua_pushboolean(L, 1);
	lua_rawset(L, -3);
	lua_pushboolean(L, 1);
	return 1;
}

static int
l_detach(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTHREAD);
	lua_settop(L, 1);
	lua_getfield(L, LUA_REGISTRYINDEX, ATTACHED);
	lua_pushvalue(L, 1);
	lua_pushnil(L);
	lua_rawset(L, -3);
	return 0;
}

/* waiting() -> whether what has just yielded did so to wait */
static int
l_waiting(lua_State *L)
{
	const struct task *t = lurl_handle(L)->running;

	lua_pushboolean(L, t != NULL && t->awaits != NULL);
	return 1;
}

/*
 * drive(): goes on, where a wait can be passed on no further, when it is over;
 * the coroutine that waits is told itself whether that went well.
 */
static int
l_drive(lua_State *L)
{
	struct lurl *h = lurl_handle(L);
	struct task *t = h->running;
	struct wake *wake = t->awaits;

	wake_disown(wake);
	if (!drive(L, h, wake))
		loop_interrupt(h->loop);
	t->awaits = NULL;
	return 0;
}

/* Tasks as Lua sees them. */

static struct task *
check_task(lua_State *L, int arg)
{
	return luaL_checkudata(L, arg, TASK_MT);
}

/* The coroutine, with the function and its arguments on it. */
static void
load(lua_State *L, struct task *t, int nargs)
{
	t->co = lua_newthread(L);
	lua_setiuservalue(L, -2, THREAD);
	if (!lua_checkstack(t->co, nargs + 1))
		luaL_error(L, "too many arguments");
	lua_insert(L, 1);
	lua_xmove(L, t->co, nargs + 1);
	t->count = nargs;
}

/* spawn(fn, ...) -> task, which runs when its maker waits for anything */
static int
l_spawn(lua_State *L)
{
	int nargs = lua_gettop(L) - 1;
	struct lurl *h = lurl_handle(L);
	struct error err = { 0 };
	struct task *t;

	luaL_checktype(L, 1, LUA_TFUNCTION);
	t = lua_newuserdatauv(L, sizeof(*t), 2);
	memset(t, 0, sizeof(*t));
	luaL_setmetatable(L, TASK_MT);
	load(L, t, nargs);
	lua_getfield(L, LUA_REGISTRYINDEX, ALIVE);
	lua_pushvalue(L, 1);
	lua_rawsetp(L, -2, t);
	if ((t->wake = wake_new(h->loop, &err)) == NULL) {
		lua_pushnil(L);
		lua_rawsetp(L, -2, t);
		return raise_error(L, &err);
	}
	h->alive++;
	t->awaits = t->wake;
	wake_mark(t->wake);
	wake_own(t->wake, t);
	lua_settop(L, 1);
	return 1;
}

/* What the task ended with: its results, or its error raised. */
static int
give(lua_State *L, struct task *t)
{
	int i;

	t->is_heard = true;
	if (t->status == LUA_OK) {
		luaL_checkstack(L, t->count, "too many results");
		for (i = 1; i <= t->count; i++) {
			lua_pushvalue(t->co, i);
			lua_xmove(t->co, L, 1);
		}
		return t->count;
	}
	lua_getiuservalue(L, 1, TRACEBACK);
	lua_setfield(L, LUA_REGISTRYINDEX, FAILED_AT);
	lua_pushvalue(t->co, -1);
	lua_xmove(t->co, L, 1);
	lua_pushvalue(L, -1);
	lua_setfield(L, LUA_REGISTRYINDEX, FAILURE);
	return lua_error(L);
}

static int
l_leave(lua_State *L)
{
	struct waiter *w = luaL_checkudata(L, 1, WAITER_MT);

	if (w->link != NULL) {
		*w->link = w->next;
		if (w->next != NULL)
			w->next->link = w->link;
		w->link = NULL;
	}
	wake_free(w->wake);
	w->wake = NULL;
	return 0;
}

static void
leave(lua_State *L, int index)
{
	lua_pushcfunction(L, l_leave);
	lua_pushvalue(L, index);
	lua_call(L, 1, 0);
}

static void
stand_by(lua_State *L, struct task *t)
{
	struct waiter *w = lua_newuserdatauv(L, sizeof(*w), 0), **at;
	struct error err = { 0 };

	memset(w, 0, sizeof(*w));
	luaL_setmetatable(L, WAITER_MT);
	if ((w->wake = wake_new(state_loop(L), &err)) == NULL)
		raise_error(L, &err);
	for (at = &t->waiters; *at != NULL; at = &(*at)->next)
		;
	w->link = at;
	*at = w;
}

/* ctx: whether what it ended with is wanted. */
static int
wait_on(lua_State *L, int status, lua_KContext ctx)
{
	struct task *t = lua_touserdata(L, 1);
	struct waiter *w = lua_touserdata(L, 2);
	bool goes_on = awaited(L, status);

	while (goes_on && t->wake != NULL)
		goes_on = await(L, w->wake, wait_on, ctx);
	leave(L, 2);
	if (!goes_on)
		return raise_stopped(L);
	if (ctx)
		return give(L, t);
	lua_pushboolean(L, t->status == LUA_OK);
	return 1;
}

static int
start_waiting(lua_State *L, bool wants)
{
	struct task *t = check_task(L, 1);

	if (t == lurl_handle(L)->running)
		return luaL_error(L, "a task cannot wait for itself");
	lua_settop(L, 1);
	stand_by(L, t);
	return wait_on(L, LUA_OK, wants);
}

/* task:wait() -> what its function returned; or raises its error */
static int
l_wait(lua_State *L)
{
	return start_waiting(L, true);
}

/* join(task) -> whether it has ended well; raises nothing of the task's */
static int
l_join(lua_State *L)
{
	return start_waiting(L, false);
}

static void
call_off(struct task *t)
{
	t->called_off = true;
	t->is_heard = true;
	if (t->awaits != NULL)
		wake_mark(t->awaits);
}

/* task:cancel(): its wait, or its next one, raises kind cancelled */
static int
l_cancel(lua_State *L)
{
	struct task *t = check_task(L, 1);

	if (t->wake != NULL)
		call_off(t);
	return 0;
}

/* Nobody will ever ask how it ended. */
static int
l_gc(lua_State *L)
{
	struct task *t = check_task(L, 1);

	if (t->wake != NULL) {		/* the state is being closed */
		wake_disown(t->wake);
		wake_free(t->wake);
		t->wake = NULL;
		return 0;
	}
	if (t->status == LUA_OK || t->is_heard)
		return 0;
	t->is_heard = true;
	if (lua_getiuservalue(L, 1, TRACEBACK) != LUA_TSTRING) {
		lua_pushvalue(t->co, -1);
		lua_xmove(t->co, L, 1);
	}
	lua_writestringerror("lurl: a task that nobody waited for failed: "
	    "%s\n", luaL_tolstring(L, -1, NULL));
	return 0;
}

static int
l_tostring(lua_State *L)
{
	const struct task *t = check_task(L, 1);

	lua_pushfstring(L, TASK_MT " (%s): %p", t->wake != NULL ? "alive" :
	    t->status == LUA_OK ? "done" : "failed", (const void *)t);
	return 1;
}

/* It will not run again, but its <close> variables are closed. */
static void
abandon(struct task *t)
{
	if (t->awaits != NULL)
		wake_disown(t->awaits);
	t->awaits = NULL;
	(void)lua_resetthread(t->co);
	wake_free(t->wake);
	t->wake = NULL;
}

void
lurl_finish(lua_State *L)
{
	struct lurl *h = lurl_handle(L);

	if (h == NULL || h->alive == 0)
		return;
	lua_getfield(L, LUA_REGISTRYINDEX, ALIVE);
	for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
		call_off(lua_touserdata(L, -1));
	run_ready(L, h);
	/* Those that would not hear of it. */
	for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
		abandon(lua_touserdata(L, -1));
	h->alive = 0;
	lua_pop(L, 1);
}

static const luaL_Reg metamethods[] = {
	{ "__close", l_cancel },
	{ "__gc", l_gc },
	{ "__tostring", l_tostring },
	{ NULL, NULL }
};

static const luaL_Reg methods[] = {
	{ "cancel", l_cancel },
	{ "wait", l_wait },
	{ NULL, NULL }
};

static const luaL_Reg waiter_metamethods[] = {
	{ "__gc", l_leave },
	{ NULL, NULL }
};

static const luaL_Reg functions[] = {
	{ "attach", l_attach },
	{ "detach", l_detach },
	{ "drive", l_drive },
	{ "join", l_join },
	{ "spawn", l_spawn },
	{ "waiting", l_waiting },
	{ NULL, NULL }
};

/* The sets of the registry. */
static void
make_sets(lua_State *L)
{
	luaL_getsubtable(L, LUA_REGISTRYINDEX, ALIVE);
	lua_pop(L, 1);
	luaL_getsubtable(L, LUA_REGISTRYINDEX, ATTACHED);
	lua_createtable(L, 0, 1);
	lua_pushliteral(L, "k");
	lua_setfield(L, -2, "__mode");
	lua_setmetatable(L, -2);
	lua_pop(L, 1);
}

void
open_task(lua_State *L)
{
	make_sets(L);
	new_type(L, TASK_MT, methods);
	luaL_getmetatable(L, TASK_MT);
	luaL_setfuncs(L, metamethods, 0);
	lua_pop(L, 1);
	luaL_newmetatable(L, WAITER_MT);
	luaL_setfuncs(L, waiter_metamethods, 0);
	lua_pop(L, 1);
	luaL_setfuncs(L, functions, 0);
}
