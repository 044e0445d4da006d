/*
 * Tasks: coroutines that wait together over the one loop.  A task that must
 * wait yields to whoever drives the loop: a caller that is no task, at the
 * place where it waits itself.  The loop's callbacks never enter Lua.
 */
#ifndef LURL_TASK_H
#define LURL_TASK_H
#include "bind.h"

struct task;

/* The state's own; its metatable's __gc runs after everything else's. */
struct lurl {
	struct loop	*loop;
	lua_State	*main;
	struct task	*running;	/* NULL: no task does */
	size_t		 alive;		/* tasks that have not ended */
	int		 depth;		/* of drivers, one within the other */
	bool		 called_off;	/* the last wait that failed: its task was
					   cancelled, not the script */
};
#endif
