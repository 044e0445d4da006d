/* Decoders of content codings as Lua sees them. */
#include "bind.h"
#include "http/coding.h"

struct decoder {
	struct coding	*c;	/* NULL: closed */
};

#define PUSHED	1	/* the user value: the string that c borrows */

static struct decoder *
check_decoder(lua_State *L, int arg)
{
	struct decoder *d = luaL_checkudata(L, arg, DECODER_MT);

	luaL_argcheck(L, d->c != NULL, arg, "decoder is closed");
	return d;
}

static void
check_drained(lua_State *L, const struct decoder *d)
{
	if (!coding_is_drained(d->c))
		luaL_error(L, "decoder holds more: pull until it gives nil");
}

static void
keep(lua_State *L, int decoder, int piece)
{
	lua_pushvalue(L, piece);
	lua_setiuservalue(L, decoder, PUSHED);
}

/* decoder:close(), and also __gc and __close: safe to call twice. */
static int
l_close(lua_State *L)
{
	struct decoder *d = luaL_checkudata(L, 1, DECODER_MT);
	struct coding *c = d->c;

	d->c = NULL;
	coding_free(c);
	return 0;
}

/* decoder:finish(): the body is over; raises decode/truncated */
static int
l_finish(lua_State *L)
{
	struct decoder *d = check_decoder(L, 1);
	struct error err = { 0 };

	check_drained(L, d);
	if (coding_finish(d->c, &err) == -1)
		return raise_error(L, &err);
	return 0;
}

/* decoder:pull() -> decoded piece, or nil: push more; raises decode/corrupt */
static int
l_pull(lua_State *L)
{
	struct decoder *d = check_decoder(L, 1);
	struct error err = { 0 };
	struct span piece;

	switch (coding_pull(d->c, &piece, &err)) {
	case 1:
		push_span(L, piece);
		return 1;
	case 0:
		lua_pushnil(L);
		keep(L, 1, lua_gettop(L));
		return 1;
	default:
		coding_free(d->c);
		d->c = NULL;
		return raise_error(L, &err);
	}
}

/* decoder:push(piece): the next piece of the coded body */
static int
l_push(lua_State *L)
{
	struct decoder *d = check_decoder(L, 1);
	struct span piece = check_span(L, 2);

	check_drained(L, d);
	keep(L, 1, 2);
	coding_push(d->c, piece);
	return 0;
}

/* decoder(name) -> a decoder, or nil when that coding is not known here */
static int
l_decoder(lua_State *L)
{
	const struct coding_type *type = coding_find(check_span(L, 1));
	struct error err = { 0 };
	struct decoder *d;

	if (type == NULL) {
		lua_pushnil(L);
		return 1;
	}
	d = lua_newuserdatauv(L, sizeof(*d), PUSHED);
	d->c = NULL;
	luaL_setmetatable(L, DECODER_MT);
	d->c = coding_new(type, &err);
	return d->c == NULL ? raise_error(L, &err) : 1;
}

/* "gzip, deflate, br, zstd", or what of them is known here. */
static void
push_names(lua_State *L)
{
	const char *name;
	luaL_Buffer b;
	size_t i;

	luaL_buffinit(L, &b);
	for (i = 0; (name = coding_name(i)) != NULL; i++) {
		luaL_addstring(&b, i > 0 ? ", " : "");
		luaL_addstring(&b, name);
	}
	luaL_pushresult(&b);
}

static const luaL_Reg methods[] = {
	{ "close", l_close },
	{ "finish", l_finish },
	{ "pull", l_pull },
	{ "push", l_push },
	{ NULL, NULL }
};

void
open_coding(lua_State *L)
{
	new_type(L, DECODER_MT, methods);
	lua_pushcfunction(L, l_decoder);
	lua_setfield(L, -2, "decoder");
	push_names(L);
	lua_setfield(L, -2, "codings");
}
