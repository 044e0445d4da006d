/*
 * Tasks are driven here: each runs up to its next wait, in the order in which
 * what they wait for becomes ready.
 */
#include "lurl.h"
#include "task.h"

#define DEPTH_MAX	32	/* drivers on the C stack, which Lua limits */

static void
set_user_value(lua_State *L, struct task *t, int n)
{
	lua_getfield(L, LUA_REGISTRYINDEX, TASKS_ALIVE);
	lua_rawgetp(L, -1, t);
	lua_remove(L, -2);
	lua_insert(L, -2);
	lua_setiuservalue(L, -2, n);
	lua_pop(L, 1);
}

void
task_stand_in_line(struct task *t)
{
	t->awaits = t->wake;
	wake_mark(t->wake);
	wake_own(t->wake, t);
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
			set_user_value(L, t, TASK_TRACEBACK);
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
	lua_getfield(L, LUA_REGISTRYINDEX, TASKS_ALIVE);
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
	int n = 0;

	h->running = t;
	t->awaits = NULL;
	t->joins = false;
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
		task_stand_in_line(t);
	}
	h->running = before;
}

bool
task_run_ready(lua_State *L, struct lurl *h)
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
refuse(lua_State *L, struct lurl *h, const char *why)
{
	struct error err = { 0 };

	if (h->running != NULL)
		h->running->awaits = NULL;
	error_setx(&err, ERR_USAGE, "value", "this would wait for ever: %s",
	    why);
	return raise_error(L, &err);
}

static int
deadlock(lua_State *L, struct lurl *h)
{
	return refuse(L, h, "every task waits for another one");
}

/*
 * Where drivers lie too deep the others have to wait for this one, which must
 * not wait for them then.
 */
static bool
wait_alone(lua_State *L, struct lurl *h, struct wake *wake)
{
	if (h->running != NULL && h->running->joins && !wake_is_ready(wake))
		return refuse(L, h, "too many tasks wait in callbacks, one "
		    "within the other");
	while (!wake_is_ready(wake) && !loop_is_interrupted(h->loop))
		if (!loop_turn(h->loop, true))
			return deadlock(L, h);
	return loop_wait(h->loop, wake);
}

bool
task_drive(lua_State *L, struct lurl *h, struct wake *wake)
{
	bool ran, turned, woken;

	if (h->alive == 0)
		return loop_wait(h->loop, wake);
	if (h->depth == DEPTH_MAX)
		return wait_alone(L, h, wake);
	h->depth++;
	wake_hold(wake);	/* a task may end what is waited for */
	while (!wake_is_ready(wake) && !loop_is_interrupted(h->loop)) {
		ran = task_run_ready(L, h);
		if (wake_is_ready(wake))
			break;
		turned = loop_turn(h->loop, !ran);
		if (!ran && !turned) {
			h->depth--;
			wake_release(wake);
			return deadlock(L, h);
		}
	}
	h->depth--;
	woken = loop_wait(h->loop, wake);
	wake_release(wake);
	return woken;
}

/* Waiting. */

bool
task_is_attached(lua_State *L, const struct task *t)
{
	bool is;

	if (L == t->co)
		return true;
	luaL_checkstack(L, 2, NULL);
	if (lua_getfield(L, LUA_REGISTRYINDEX, TASKS_ATTACHED) != LUA_TTABLE) {
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
		return task_drive(L, h, wake);
	t->awaits = wake;
	if (lua_isyieldable(L) && task_is_attached(L, t)) {
		wake_own(wake, t);
		return lua_yieldk(L, 0, ctx, k);
	}
	ready = task_drive(L, h, wake);
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
		task_run_ready(L, h);
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
