/*
 * Public suffixes as Lua sees them: the names under which anybody may have
 * one, as "com", "co.uk" and "github.io", so that no cookie is for all of
 * them.  The list is libpsl's, or the system's where that is newer; it is
 * opened when it is first asked.
 */
#include <string.h>

#include "base/ascii.h"
#include "base/host.h"
#include "base/url.h"
#include "bind.h"

#define SUFFIX_MT	"lurl.suffix"

#ifdef HAVE_LIBPSL
#include <libpsl.h>

struct suffixes {
	psl_ctx_t	*list;	/* owned; NULL until it is asked */
};

/* libpsl's default rule makes every top-level domain one, listed or not. */
static bool
is_listed(struct suffixes *s, const char *name)
{
	if (s->list == NULL)
		s->list = psl_latest(NULL);
	return s->list != NULL && psl_is_public_suffix(s->list, name) == 1;
}

static void
close_list(struct suffixes *s)
{
	psl_free(s->list);	/* leaves the built-in one alone */
	s->list = NULL;
}
#else
struct suffixes {
	const void	*list;
};

static bool
is_listed(struct suffixes *s, const char *name)
{
	(void)s;
	(void)name;
	return false;
}

static void
close_list(struct suffixes *s)
{
	s->list = NULL;
}
#endif

static int
l_close(lua_State *L)
{
	close_list(luaL_checkudata(L, 1, SUFFIX_MT));
	return 0;
}

/*
 * is_public_suffix(name) -> whether it is one; the name as core.url gives
 * hosts, in any case.  What is no name at all is one, too: a server may have
 * said it.
 */
static int
l_is_public_suffix(lua_State *L)
{
	struct suffixes *s = lua_touserdata(L, lua_upvalueindex(1));
	struct span in = check_span(L, 1);
	char name[HOST_SIZE];
	size_t i;

	if (in.len > 0 && in.data[in.len - 1] == '.')
		in.len--;
	if (in.len == 0 || in.len > HOST_MAX ||
	    memchr(in.data, '\0', in.len) != NULL) {
		lua_pushboolean(L, 1);
		return 1;
	}
	for (i = 0; i < in.len; i++)
		name[i] = ascii_lower(in.data[i]);
	name[i] = '\0';
	lua_pushboolean(L, url_host_kind(name, in.len) == URL_NAME &&
	    (strchr(name, '.') == NULL || is_listed(s, name)));
	return 1;
}

static const luaL_Reg methods[] = {
	{ "close", l_close },
	{ NULL, NULL }
};

void
open_suffix(lua_State *L)
{
	struct suffixes *s;

	new_type(L, SUFFIX_MT, methods);
	s = lua_newuserdatauv(L, sizeof(*s), 0);
	s->list = NULL;
	luaL_setmetatable(L, SUFFIX_MT);
	lua_pushcclosure(L, l_is_public_suffix, 1);
	lua_setfield(L, -2, "is_public_suffix");
}
