/* The host's Lua state, of which there is one, on a heap of its own. */
#ifndef LURL_STATE_H
#define LURL_STATE_H
#include <lua.h>

/*
 * As luaL_newstate: warnings go to standard error once warn("@on") has turned
 * them on.  NULL: out of memory.  To be closed with state_close.
 */
lua_State	*state_new(void);
void		 state_close(lua_State *L);
#endif
