/*
 * JSON as Lua sees it, writing: what a table is, its keys say.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jwrite.h"
#include "bind.h"

#define WRITER_MT	"lurl.jwrite"	/* the writer, while it writes */
#define DEPTH_MAX	512	/* tables in one another */
#define PATH_MAX_LEN	200	/* bytes of the place in a message */
#define KEY_MAX_LEN	40	/* bytes of a key therein */

struct writer {
	struct buf	 out;
	struct span	*keys;	/* of the objects being written; borrowed */
	size_t		 nkeys;
	size_t		 cap;
	bool		 pretty;
};

/* Where in the value we are: a table, and which of its values. */
struct place {
	const struct place *up;
	const void	*table;
	struct span	 key;	/* data NULL: in an array */
	lua_Integer	 index;
	int		 depth;
};

static void
clear(struct writer *w)
{
	buf_clear(&w->out);
	free(w->keys);
	memset(w, 0, sizeof(*w));
}

static int
l_close(lua_State *L)
{
	clear(luaL_checkudata(L, 1, WRITER_MT));
	return 0;
}

/* One step of a path as a script would write it: ".name", "[3]", '["a b"]'. */
static size_t
format_step(char *out, size_t size, const struct place *p)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	char key[KEY_MAX_LEN + 1];
	size_t i, len = p->key.len;

	if (p->key.data == NULL)
		return (size_t)snprintf(out, size, "[%lld]",
		    (long long)p->index);
	if (len > KEY_MAX_LEN)
		len = KEY_MAX_LEN;
	for (i = 0; i < len; i++)
		key[i] = p->key.data[i] < ' ' || p->key.data[i] > '~' ? '?' :
		    p->key.data[i];
	key[len] = '\0';
	if (len > 0 && strspn(key, word) == len && (key[0] < '0' ||
	    key[0] > '9'))
		return (size_t)snprintf(out, size, ".%s", key);
	return (size_t)snprintf(out, size, "[\"%s\"]", key);
}

/* " at .items[3].name", its beginning left out where it is too long. */
static const char *
format_path(char path[PATH_MAX_LEN], const struct place *p)
{
	static const char at[] = " at ", cut[] = " at ...";
	char step[KEY_MAX_LEN + 8], *start = path + PATH_MAX_LEN - 1;
	size_t len;

	*start = '\0';
	if (p == NULL)
		return start;
	for (; p != NULL; p = p->up) {
		len = format_step(step, sizeof(step), p);
		if ((size_t)(start - path) < len + strlen(cut))
			break;
		start -= len;
		memcpy(start, step, len);
	}
	len = strlen(p == NULL ? at : cut);
	start -= len;
	memcpy(start, p == NULL ? at : cut, len);
	return start;
}

static int
refuse_value(lua_State *L, const struct place *p, const char *code,
    const char *what)
{
	struct error err = { 0 };
	char path[PATH_MAX_LEN];

	error_setx(&err, ERR_JSON, code, "%s%s", what, format_path(path, p));
	return raise_error(L, &err);
}

static int
refuse_nomem(lua_State *L)
{
	struct error err = { 0 };

	error_nomem(&err);
	return raise_error(L, &err);
}

static void
check_written(lua_State *L, const struct place *p, enum jwrite_error status)
{
	if (status == JWRITE_EUTF8)
		refuse_value(L, p, "utf-8", "a string is not UTF-8");
	else if (status == JWRITE_ENOMEM)
		refuse_nomem(L);
}

static void
add(lua_State *L, struct writer *w, const char *s, size_t n)
{
	if (buf_add(&w->out, s, n) == -1)
		refuse_nomem(L);
}

/* A new line and its indentation, in pretty text. */
static void
add_line(lua_State *L, struct writer *w, int depth)
{
	if (!w->pretty)
		return;
	add(L, w, "\n", 1);
	for (; depth > 0; depth--)
		add(L, w, "  ", 2);
}

static void
add_key(lua_State *L, struct writer *w, struct span key)
{
	size_t cap = w->cap == 0 ? 16 : w->cap * 2;
	struct span *keys;

	if (w->nkeys == w->cap) {
		keys = realloc(w->keys, cap * sizeof(*keys));
		if (keys == NULL)
			refuse_nomem(L);
		w->keys = keys;
		w->cap = cap;
	}
	w->keys[w->nkeys++] = key;
}

static int
compare(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	int order = memcmp(x->data, y->data, x->len < y->len ? x->len :
	    y->len);

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

static void	write_value(lua_State *L, struct writer *w,
    const struct place *up);

static bool
is_marked(lua_State *L, int table)
{
	bool is;

	if (!lua_getmetatable(L, table))
		return false;
	is = lua_rawequal(L, -1, lua_upvalueindex(1));
	lua_pop(L, 1);
	return is;
}

/*
 * Collects the keys of an object.  Returns the length of an array, whose keys
 * are exactly 1..n, or -1 for an object.
 */
static lua_Integer
look_at(lua_State *L, struct writer *w, int table, const struct place *up)
{
	lua_Integer len = (lua_Integer)lua_rawlen(L, table), n = 0, key;
	size_t before = w->nkeys;
	struct span s;

	lua_pushnil(L);
	while (lua_next(L, table)) {
		lua_pop(L, 1);
		key = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
		if (key >= 1 && key <= len) {
			n++;
		} else if (lua_type(L, -1) == LUA_TSTRING) {
			s.data = lua_tolstring(L, -1, &s.len);
			add_key(L, w, s);
		} else if (lua_type(L, -1) == LUA_TNUMBER) {
			refuse_value(L, up, "value", "a list has holes "
			    "(https.json.null stands for null) or a number "
			    "that is no index");
		} else {
			refuse_value(L, up, "value",
			    "a key is neither a string nor an index");
		}
	}
	if (n < len)
		refuse_value(L, up, "value", "a list has holes "
		    "(https.json.null stands for null)");
	if (w->nkeys > before && (n > 0 || is_marked(L, table)))
		refuse_value(L, up, "value",
		    "a table is both a list and has names");
	return n > 0 || (w->nkeys == before && is_marked(L, table)) ? n : -1;
}

static void
write_array(lua_State *L, struct writer *w, struct place *p, lua_Integer n)
{
	int table = lua_gettop(L);

	add(L, w, "[", 1);
	for (p->index = 1; p->index <= n; p->index++) {
		if (p->index > 1)
			add(L, w, ",", 1);
		add_line(L, w, p->depth);
		lua_rawgeti(L, table, p->index);
		write_value(L, w, p);
		lua_pop(L, 1);
	}
	if (n > 0)
		add_line(L, w, p->depth - 1);
	add(L, w, "]", 1);
}

/* Its keys are the last ones collected, from first on; sorted, they stay. */
static void
write_object(lua_State *L, struct writer *w, struct place *p, size_t first)
{
	int table = lua_gettop(L);
	size_t i, end = w->nkeys;

	add(L, w, "{", 1);
	if (end > first)
		qsort(w->keys + first, end - first, sizeof(*w->keys), compare);
	for (i = first; i < end; i++) {
		p->key = w->keys[i];
		if (i > first)
			add(L, w, ",", 1);
		add_line(L, w, p->depth);
		check_written(L, p, jwrite_string(&w->out, p->key));
		add(L, w, ": ", w->pretty ? 2 : 1);
		lua_pushlstring(L, p->key.data, p->key.len);
		lua_rawget(L, table);
		write_value(L, w, p);
		lua_pop(L, 1);
	}
	if (end > first)
		add_line(L, w, p->depth - 1);
	add(L, w, "}", 1);
	w->nkeys = first;
}

static void
write_table(lua_State *L, struct writer *w, const struct place *up)
{
	struct place p = { .up = up, .table = lua_topointer(L, -1),
	    .depth = up == NULL ? 1 : up->depth + 1 };
	const struct place *q;
	size_t first = w->nkeys;
	lua_Integer n;

	for (q = up; q != NULL; q = q->up)
		if (q->table == p.table)
			refuse_value(L, up, "value", "a table contains itself");
	if (p.depth > DEPTH_MAX)
		refuse_value(L, up, "value", "tables are nested too deep");
	luaL_checkstack(L, 6, "tables are nested too deep");
	n = look_at(L, w, lua_gettop(L), up);
	if (n >= 0)
		write_array(L, w, &p, n);
	else
		write_object(L, w, &p, first);
}

static void
write_number(lua_State *L, struct writer *w, const struct place *up)
{
	double value = lua_tonumber(L, -1);

	if (lua_isinteger(L, -1)) {
		check_written(L, up, jwrite_integer(&w->out,
		    lua_tointeger(L, -1)));
		return;
	}
	if (!isfinite(value))
		refuse_value(L, up, "value", isnan(value) ?
		    "JSON has no number nan" : "JSON has no infinite number");
	check_written(L, up, jwrite_real(&w->out, value));
}

static void
refuse_type(lua_State *L, const struct place *up)
{
	char what[64];

	snprintf(what, sizeof(what), "a %s is no JSON value",
	    luaL_typename(L, -1));
	refuse_value(L, up, "value", what);
}

static void
write_string(lua_State *L, struct writer *w, const struct place *up)
{
	struct span s;

	s.data = lua_tolstring(L, -1, &s.len);
	check_written(L, up, jwrite_string(&w->out, s));
}

/* Writes the value on top of the stack, which stays as it is. */
static void
write_value(lua_State *L, struct writer *w, const struct place *up)
{
	switch (lua_type(L, -1)) {
	case LUA_TBOOLEAN:
		if (lua_toboolean(L, -1))
			add(L, w, "true", 4);
		else
			add(L, w, "false", 5);
		break;
	case LUA_TNUMBER:
		write_number(L, w, up);
		break;
	case LUA_TSTRING:
		write_string(L, w, up);
		break;
	case LUA_TTABLE:
		write_table(L, w, up);
		break;
	case LUA_TLIGHTUSERDATA:
		if (lua_touserdata(L, -1) == NULL) {
			add(L, w, "null", 4);
			break;
		}
		/* FALLTHROUGH */
	default:
		refuse_type(L, up);
	}
}

/*
 * json_encode(value [, pretty]) -> text, the members of objects sorted by
 * name; raises kind json: value, utf-8, with the place in the message.
 */
static int
l_encode(lua_State *L)
{
	bool pretty = lua_toboolean(L, 2);
	struct writer *w;
	struct span s;

	luaL_checkany(L, 1);
	w = lua_newuserdatauv(L, sizeof(*w), 0);
	memset(w, 0, sizeof(*w));
	luaL_setmetatable(L, WRITER_MT);
	w->pretty = pretty;
	lua_pushvalue(L, 1);
	write_value(L, w, NULL);
	s = buf_span(&w->out);
	lua_pushlstring(L, s.data, s.len);
	clear(w);
	return 1;
}

static const luaL_Reg methods[] = {
	{ "close", l_close },
	{ NULL, NULL }
};

void
open_json_encode(lua_State *L)
{
	new_type(L, WRITER_MT, methods);
	lua_getfield(L, -1, "json_array");
	lua_pushcclosure(L, l_encode, 1);
	lua_setfield(L, -2, "json_encode");
}
