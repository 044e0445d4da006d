/*
 * Tasks: coroutines that wait together over the one loop.  A task that must
 * wait yields to whoever drives the loop: a caller that is no task, at the
 * place where it waits itself.  The loop's callbacks never enter Lua.
 */
#ifndef LURL_TASK_H
#define LURL_TASK_H
#include "bind.h"

/* In the registry. */
#define TASKS_ALIVE	"lurl.tasks"	/* by address: those not ended */
#define TASKS_ATTACHED	"lurl.attached"	/* a weak set of coroutines */

/* A task's user values. */
#define TASK_THREAD	1	/* its coroutine */
#define TASK_TRACEBACK	2	/* where it failed */

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
	bool		 joins;		/* what it awaits is a task's end */
	bool		 called_off;	/* its next wait is to fail */
	bool		 is_heard;	/* somebody has asked how it ended */
};

/* The state's own; its metatable's __gc runs after everything else's. */
struct lurl {
	struct loop	*loop;
	lua_State	*main;
	struct task	*volatile running;	/* NULL: no task does */
	size_t		 alive;		/* tasks that have not ended */
	int		 depth;		/* of drivers, one within the other */
	bool		 called_off;	/* the last wait that failed: its task was
					   cancelled, not the script */
};

/* Puts it at the end of the line, for its next turn. */
void	task_stand_in_line(struct task *t);

/* One turn for each that is ready now.  Returns whether there was any. */
bool	task_run_ready(lua_State *L, struct lurl *h);

/* Runs the tasks until wake is ready.  False: the script was interrupted. */
bool	task_drive(lua_State *L, struct lurl *h, struct wake *wake);

/* Whether a coroutine that yields here yields to the driver, in the end. */
bool	task_is_attached(lua_State *L, const struct task *t);
#endif
