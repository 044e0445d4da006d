/* Character sets as Lua sees them. */
#include <string.h>

#include "base/charset.h"
#include "bind.h"

#define TEXT_MT	"lurl.text"	/* the buffer, while it is being filled */

static int
l_close(lua_State *L)
{
	buf_clear(luaL_checkudata(L, 1, TEXT_MT));
	return 0;
}

/* to_utf8(text, charset) -> text as UTF-8; raises kind decode */
static int
l_to_utf8(lua_State *L)
{
	struct span text = check_span(L, 1);
	const char *charset = luaL_checkstring(L, 2);
	struct error err = { 0 };
	struct buf *b = lua_newuserdatauv(L, sizeof(*b), 0);

	memset(b, 0, sizeof(*b));
	luaL_setmetatable(L, TEXT_MT);
	if (charset_to_utf8(b, charset, text, &err) == -1)
		return raise_error(L, &err);
	lua_pushlstring(L, b->data == NULL ? "" : b->data, b->len);
	buf_clear(b);
	return 1;
}

static const luaL_Reg methods[] = {
	{ "close", l_close },
	{ NULL, NULL }
};

void
open_text(lua_State *L)
{
	new_type(L, TEXT_MT, methods);
	lua_pushcfunction(L, l_to_utf8);
	lua_setfield(L, -2, "to_utf8");
}
