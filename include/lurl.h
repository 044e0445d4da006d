/*
 * lurl for C programs: an HTTPS client for scripts in your own lua_State.
 *
 *	luaL_requiref(L, "https", luaopen_https, 1);
 *
 * and scripts have require "https" and the global https.  From stock Lua 5.4
 * the same is a C module, https.so.
 */
#ifndef LURL_H
#define LURL_H
#include <lua.h>

#define LURL_VERSION	"0.1.0"

/*
 * Opens the module: returns 1, its table on the stack, and puts the modules
 * it is made of into package.preload as "https.*".  May raise a memory error.
 * Asks the system for nothing until the first request.
 */
int	luaopen_https(lua_State *L);

/*
 * For a signal handler.  lurl_handle answers what lurl_interrupt takes: valid
 * until lua_close, NULL when the module has not been opened in L.
 *
 * lurl_interrupt raises an error of kind "cancelled" in the script L runs: out
 * of the wait it is in, or at its next instruction.  Async-signal-safe as far
 * as lua_sethook is, which lua.c relies on likewise.  A coroutine that computes
 * is not reached before it yields or ends, as with lua.c.
 * Returns 0, or -1 when an earlier one has not been heard yet: time for the
 * program to end by other means.
 */
struct lurl;
struct lurl	*lurl_handle(lua_State *L);
int		 lurl_interrupt(struct lurl *h);

/*
 * For a host whose script has ended: cancels the tasks that it has left behind,
 * so that their to-be-closed variables are closed.
 */
void		 lurl_finish(lua_State *L);
#endif
