/* Tasks as Lua sees them: made, waited for, cancelled. */
#include <string.h>

#include "lurl.h"
#include "task.h"

#define TASK_MT		"https.task"
#define WAITER_MT	"lurl.waiter"

#define FAILURE		"https.failure"	/* the error a task raised last, and */
#define FAILED_AT	"https.failed_at" /* its traceback, for the host */

/* Coroutines of the script's own, see src/lua/coroutines.lua. */

static bool
is_attached(lua_State *L, int arg)
{
	bool is;

	lua_getfield(L, LUA_REGISTRYINDEX, TASKS_ATTACHED);
	lua_pushvalue(L, arg);
	is = lua_rawget(L, -2) == LUA_TBOOLEAN;
	lua_pop(L, 2);
	return is;
}

/* is_attached(coroutine): it runs, or waits, inside who resumed it */
static int
l_is_attached(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTHREAD);
	lua_pushboolean(L, is_attached(L, 1));
	return 1;
}

/*
 * attach(coroutine) -> true: a wait in it may yield to its resumer, who passes
 * it on, since that is itself such a coroutine, or a task; false: it is being
 * resumed by another; or nil
 */
static int
l_attach(lua_State *L)
{
	struct task *t = lurl_handle(L)->running;

	luaL_checktype(L, 1, LUA_TTHREAD);
	if (is_attached(L, 1)) {
		lua_pushboolean(L, false);
		return 1;
	}
	if (t == NULL || !task_is_attached(L, t))
		return 0;
	lua_settop(L, 1);
	lua_getfield(L, LUA_REGISTRYINDEX, TASKS_ATTACHED);
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
	lua_getfield(L, LUA_REGISTRYINDEX, TASKS_ATTACHED);
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
	struct wake *wake = t == NULL ? NULL : t->awaits;

	if (wake == NULL)
		return luaL_error(L, "nothing waits here");
	wake_disown(wake);
	if (!task_drive(L, h, wake))
		loop_interrupt(h->loop);
	t->awaits = NULL;
	return 0;
}

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
	lua_setiuservalue(L, -2, TASK_THREAD);
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
	lua_getfield(L, LUA_REGISTRYINDEX, TASKS_ALIVE);
	lua_pushvalue(L, 1);
	lua_rawsetp(L, -2, t);
	if ((t->wake = wake_new(h->loop, &err)) == NULL) {
		lua_pushnil(L);
		lua_rawsetp(L, -2, t);
		return raise_error(L, &err);
	}
	h->alive++;
	task_stand_in_line(t);
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
	lua_getiuservalue(L, 1, TASK_TRACEBACK);
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
	struct lurl *h = lurl_handle(L);
	struct task *t = lua_touserdata(L, 1);
	struct waiter *w = lua_touserdata(L, 2);
	bool goes_on = awaited(L, status);

	while (goes_on && t->wake != NULL) {
		if (h->running != NULL)
			h->running->joins = true;
		goes_on = await(L, w->wake, wait_on, ctx);
		if (h->running != NULL)
			h->running->joins = false;
	}
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
	if (lua_getiuservalue(L, 1, TASK_TRACEBACK) != LUA_TSTRING) {
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
	lua_getfield(L, LUA_REGISTRYINDEX, TASKS_ALIVE);
	for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
		call_off(lua_touserdata(L, -1));
	task_run_ready(L, h);
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
	{ "is_attached", l_is_attached },
	{ "join", l_join },
	{ "spawn", l_spawn },
	{ "waiting", l_waiting },
	{ NULL, NULL }
};

/* The sets of the registry. */
static void
make_sets(lua_State *L)
{
	luaL_getsubtable(L, LUA_REGISTRYINDEX, TASKS_ALIVE);
	lua_pop(L, 1);
	luaL_getsubtable(L, LUA_REGISTRYINDEX, TASKS_ATTACHED);
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
