/* Whole files as Lua sees them, where io.open is not careful enough. */
#include <string.h>

#include "base/file.h"
#include "bind.h"

#define FILE_MT	"lurl.file"	/* the buffer, while it is being filled */

static int
l_close(lua_State *L)
{
	buf_clear(luaL_checkudata(L, 1, FILE_MT));
	return 0;
}

static const char *
check_path(lua_State *L, int arg)
{
	struct span path = check_span(L, arg);
	struct error err = { 0 };

	if (memchr(path.data, '\0', path.len) != NULL) {
		error_setx(&err, ERR_USAGE, "value",
		    "the path of a file must not hold a NUL");
		raise_error(L, &err);
	}
	return path.data;
}

/* read_file(path) -> text, permission bits; raises kind io */
static int
l_read_file(lua_State *L)
{
	const char *path = check_path(L, 1);
	struct error err = { 0 };
	struct buf *b = lua_newuserdatauv(L, sizeof(*b), 0);
	mode_t mode;

	memset(b, 0, sizeof(*b));
	luaL_setmetatable(L, FILE_MT);
	if (file_read(path, b, &mode, &err) == -1)
		return raise_error(L, &err);
	lua_pushlstring(L, b->data == NULL ? "" : b->data, b->len);
	buf_clear(b);
	lua_pushinteger(L, (lua_Integer)mode);
	return 2;
}

/*
 * write_private(path, data): makes it the file's content, at once, mode 0600;
 * raises kind io
 */
static int
l_write_private(lua_State *L)
{
	const char *path = check_path(L, 1);
	struct span data = check_span(L, 2);
	struct error err = { 0 };

	if (file_write_private(path, data, &err) == -1)
		return raise_error(L, &err);
	return 0;
}

static const luaL_Reg methods[] = {
	{ "close", l_close },
	{ NULL, NULL }
};

static const luaL_Reg functions[] = {
	{ "read_file", l_read_file },
	{ "write_private", l_write_private },
	{ NULL, NULL }
};

void
open_file(lua_State *L)
{
	new_type(L, FILE_MT, methods);
	luaL_setfuncs(L, functions, 0);
}
