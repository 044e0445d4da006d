/* What Lua cannot ask the system itself: the terminal, errno's names. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bind.h"
#include "http/h2.h"

/* errno_name(number) -> "ENOENT" */
static int
l_errno_name(lua_State *L)
{
	lua_pushstring(L, error_errno_name((int)luaL_checkinteger(L, 1)));
	return 1;
}

/* As the environment says, whatever the script's locale is. */
static bool
is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *value = NULL;
	size_t i;

	for (i = 0; i < 3 && (value == NULL || value[0] == '\0'); i++)
		value = getenv(names[i]);
	if (value == NULL)
		return false;
	return strcasestr(value, "utf-8") != NULL ||
	    strcasestr(value, "utf8") != NULL;
}

/* is_utf8() -> whether the environment asks for UTF-8 */
static int
l_is_utf8(lua_State *L)
{
	lua_pushboolean(L, is_utf8());
	return 1;
}

/*
 * terminal([descriptor]) -> columns of the terminal that it is, stderr by
 * default, whether that takes UTF-8; or nil
 */
static int
l_terminal(lua_State *L)
{
	int fd = (int)luaL_optinteger(L, 1, STDERR_FILENO);
	struct winsize size;

	if (!isatty(fd))
		return 0;
	if (ioctl(fd, TIOCGWINSZ, &size) == -1 || size.ws_col == 0)
		size.ws_col = 80;
	lua_pushinteger(L, size.ws_col);
	lua_pushboolean(L, is_utf8());
	return 2;
}

static const luaL_Reg functions[] = {
	{ "errno_name", l_errno_name },
	{ "is_utf8", l_is_utf8 },
	{ "terminal", l_terminal },
	{ NULL, NULL }
};

void
open_system(lua_State *L)
{
	luaL_setfuncs(L, functions, 0);
	lua_pushboolean(L, h2_is_there());
	lua_setfield(L, -2, "has_http2");
}
