#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/heap.h"
#include "state.h"

/* Static, for os.exit may close the state and end the process with it. */
static struct heap *heap;

struct warnings {
	bool	on;
	bool	in_message;	/* a piece of it has been written */
};

static struct warnings warnings;

/* A message of one piece that begins with @ is for us (Lua manual, warn). */
static bool
is_control(const struct warnings *w, const char *piece, bool goes_on)
{
	return !w->in_message && !goes_on && piece[0] == '@';
}

static void
control(struct warnings *w, const char *message)
{
	if (strcmp(message, "@on") == 0)
		w->on = true;
	else if (strcmp(message, "@off") == 0)
		w->on = false;
}

static void
warn(void *ud, const char *piece, int goes_on)
{
	struct warnings *w = ud;

	if (is_control(w, piece, goes_on != 0)) {
		control(w, piece);
		return;
	}
	if (w->on) {
		fprintf(stderr, "%s%s%s", w->in_message ? "" : "Lua warning: ",
		    piece, goes_on ? "" : "\n");
		fflush(stderr);
	}
	w->in_message = goes_on != 0;
}

/* Only for what is raised outside of any call. */
static int
panic(lua_State *L)
{
	const char *message = lua_tostring(L, -1);

	fprintf(stderr, "lurl: %s\n", message != NULL ? message :
	    "an error that is no string");
	return 0;	/* Lua aborts */
}

lua_State *
state_new(void)
{
	lua_State *L;

	if ((heap = heap_new()) == NULL)
		return NULL;
	if ((L = lua_newstate(heap_alloc, heap)) == NULL) {
		heap_free(heap);
		return NULL;
	}
	lua_setwarnf(L, warn, &warnings);
	lua_atpanic(L, panic);
	return L;
}

void
state_close(lua_State *L)
{
	lua_close(L);
	heap_free(heap);
}
