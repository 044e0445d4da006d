/*
 * The host: options, running a script, the report of an uncaught error.
 */
#include <jansson.h>
#include <lauxlib.h>
#include <limits.h>
#include <lua.h>
#include <lualib.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "http/coding.h"
#include "http/h2.h"
#include "http/headers.h"
#include "lurl.h"
#include "state.h"

#define STATUS_OTHER	1	/* the rest: status_of */
#define STATUS_USAGE	2

static const char help[] =
"usage: lurl [options] [script [args]]\n"
"Runs a Lua 5.4 script that has the module 'https', an HTTPS client that\n"
"verifies what it talks to.\n"
"\n"
"  -e CODE      run CODE (may be repeated, and mixed with -l)\n"
"  -l MODULE    require MODULE into a global of its name\n"
"  -l G=MODULE  require MODULE into the global G\n"
"  -W           turn warnings on\n"
"  -v           show versions, and what was built in\n"
"  --           end of options\n"
"  -            run standard input as the script\n"
"  --help, -h   show this\n"
"\n"
"Without a script, -e or -v, standard input is run.  A script that is no\n"
"file is looked for among the installed ones, as in 'lurl fetch --help':\n"
"api bench cache events fetch inspect limit links mirror oauth record sign\n"
"upload verify watch.\n"
"\n"
"Exit status: 0 done; 1 any other error; 2 usage; 3 io; 4 network (resolve,\n"
"connect, timeout, proxy); 5 verify and tls; 6 authentication (401, 407);\n"
"7 protocol, redirect, decode, json; 8 another error status.\n"
"\n"
"The manual: man lurl, man 3 https.\n";

/* For the signal handler, which has no other way to find it. */
static struct lurl *volatile handle;

struct command {
	int	 argc;
	char	**argv;
	int	 script;	/* index of the script in argv; argc: none */
	bool	 has_code;	/* there was an -e or -v */
};

static void
on_interrupt(int signum)
{
	if (handle != NULL && lurl_interrupt(handle) == 0)
		return;
	signal(signum, SIG_DFL);	/* nobody hears it: end for good */
	raise(signum);
}

static bool
is_lurl_error(lua_State *L, int index)
{
	bool is;

	if (!lua_getmetatable(L, index))
		return false;
	luaL_getmetatable(L, "https.error");
	is = lua_rawequal(L, -1, -2);
	lua_pop(L, 2);
	return is;
}

/*
 * An error that a task has raised tells where in the task; L has the message
 * at 1, and what is printed of it on top.
 */
static void
add_failure(lua_State *L)
{
	lua_getfield(L, LUA_REGISTRYINDEX, "https.failure");
	lua_getfield(L, LUA_REGISTRYINDEX, "https.failed_at");
	if (lua_rawequal(L, 1, -2) && lua_isstring(L, -1)) {
		lua_remove(L, -2);
		lua_pushliteral(L, "\nin the task: ");
		lua_insert(L, -2);
		lua_concat(L, 3);
	} else {
		lua_pop(L, 2);
	}
}

/* As lua's: a traceback for strings, while the stack is still there. */
static int
on_error(lua_State *L)
{
	const char *message = lua_tostring(L, 1);

	if (message == NULL) {
		if (is_lurl_error(L, 1))
			return 1;
		if (luaL_callmeta(L, 1, "__tostring") &&
		    lua_type(L, -1) == LUA_TSTRING)
			return 1;
		message = lua_pushfstring(L, "(error object is a %s value)",
		    luaL_typename(L, 1));
	}
	luaL_traceback(L, L, message, 1);
	add_failure(L);
	return 1;
}

static int
call(lua_State *L, int nargs, int nresults)
{
	int base = lua_gettop(L) - nargs, status;

	lua_pushcfunction(L, on_error);
	lua_insert(L, base);
	signal(SIGINT, on_interrupt);
	status = lua_pcall(L, nargs, nresults, base);
	signal(SIGINT, SIG_DFL);
	lua_remove(L, base);
	return status;
}

/* The report of an uncaught error. */

struct exit_status {
	const char	*kind;
	int		 status;
};

static const struct exit_status exit_statuses[] = {
	{ "usage", STATUS_USAGE },
	{ "io", 3 },
	{ "resolve", 4 },
	{ "connect", 4 },
	{ "timeout", 4 },
	{ "proxy", 4 },
	{ "verify", 5 },
	{ "tls", 5 },
	{ "protocol", 7 },
	{ "redirect", 7 },
	{ "decode", 7 },
	{ "json", 7 },
};

static const char *
get_field(lua_State *L, int index, const char *name)
{
	const char *s;

	luaL_checkstack(L, 2, NULL);
	lua_pushstring(L, name);
	lua_rawget(L, index);
	s = lua_tostring(L, -1);	/* stays on the stack as long as s */
	return s;
}

/* wget's, see the manual.  The error is at index. */
static int
status_of(lua_State *L, int index)
{
	const char *kind = get_field(L, index, "kind");
	const char *code = get_field(L, index, "code");
	size_t i;

	if (kind == NULL)
		return STATUS_OTHER;
	if (strcmp(kind, "status") == 0)
		return code != NULL && (strcmp(code, "401") == 0 ||
		    strcmp(code, "407") == 0) ? 6 : 8;
	for (i = 0; i < sizeof(exit_statuses) / sizeof(exit_statuses[0]); i++)
		if (strcmp(kind, exit_statuses[i].kind) == 0)
			return exit_statuses[i].status;
	return STATUS_OTHER;
}

static void
report_facts(lua_State *L, int index)
{
	static const char *const names[] = { "kind", "code", "host", "port",
	    "phase" };
	const char *value, *separator = "  ";
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((value = get_field(L, index, names[i])) == NULL)
			continue;
		fprintf(stderr, "%s%s: %s", separator, names[i], value);
		separator = ", ";
	}
	lua_getfield(L, index, "sent");
	fprintf(stderr, "%s%s\n", separator, lua_toboolean(L, -1) ?
	    "the request may have reached the server" :
	    "nothing of the request was sent");
	lua_pop(L, 1);
}

/* What src/lua/report.lua has to say of a refused certificate, if it can. */
static void
report_certificate(lua_State *L, int index)
{
	const char *kind = get_field(L, index, "kind");
	int top = lua_gettop(L);

	if (kind == NULL || strcmp(kind, "verify") != 0)
		return;
	if (luaL_loadstring(L, "return require 'https.report'.of(...)") ==
	    LUA_OK) {
		lua_pushvalue(L, index);
		if (lua_pcall(L, 1, 1, 0) == LUA_OK && lua_isstring(L, -1))
			fputs(lua_tostring(L, -1), stderr);
	}
	lua_settop(L, top);
}

/* Runs protected: a field may be anything. */
static int
l_report(lua_State *L)
{
	const char *hint;

	fprintf(stderr, "lurl: %s\n", luaL_tolstring(L, 1, NULL));
	lua_settop(L, 1);
	if (!is_lurl_error(L, 1)) {
		lua_pushinteger(L, STATUS_OTHER);
		return 1;
	}
	if ((hint = get_field(L, 1, "hint")) != NULL)
		fprintf(stderr, "  hint: %s\n", hint);
	report_facts(L, 1);
	report_certificate(L, 1);
	lua_pushinteger(L, status_of(L, 1));
	return 1;
}

/* Reports the error on top of the stack; returns the exit status. */
static int
report(lua_State *L)
{
	int status = STATUS_OTHER;

	fflush(stdout);
	lua_pushcfunction(L, l_report);
	lua_insert(L, -2);
	if (lua_pcall(L, 1, 1, 0) == LUA_OK)
		status = (int)lua_tointeger(L, -1);
	else
		fputs("lurl: error in an error value\n", stderr);
	lua_pop(L, 1);
	return status;
}

/* Options. */

static int
refuse(const char *option)
{
	fprintf(stderr, "lurl: %s: '%s'\n%s", option[0] == '-' &&
	    (option[1] == 'e' || option[1] == 'l') && option[2] == '\0' ?
	    "option needs an argument" : "unknown option", option,
	    "try 'lurl --help'\n");
	return STATUS_USAGE;
}

static bool
takes_argument(const char *option)
{
	return option[1] == 'e' || option[1] == 'l';
}

/* The argument of -e or -l, in the same word or the next. */
static char *
argument(const struct command *c, int *i)
{
	char *option = c->argv[*i];

	if (option[2] != '\0')
		return option + 2;
	option = c->argv[++*i];
	return option == NULL || option[0] == '-' ? NULL : option;
}

static bool
is_known(const char *option)
{
	if (takes_argument(option))
		return true;
	return (option[1] == 'v' || option[1] == 'W') && option[2] == '\0';
}

/* Finds the script's place, so that nothing runs before all is known. */
static int
parse(struct command *c)
{
	int i;

	for (i = 1; i < c->argc && c->argv[i][0] == '-' &&
	    c->argv[i][1] != '\0'; i++) {
		const char *option = c->argv[i];

		if (strcmp(option, "--") == 0) {
			i++;
			break;
		}
		if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0) {
			fputs(help, stdout);
			return -1;
		}
		if (!is_known(option))
			return refuse(option);
		if (takes_argument(option) && argument(c, &i) == NULL)
			return refuse(option);
		c->has_code |= option[1] == 'e' || option[1] == 'v';
	}
	c->script = i;
	return 0;
}

static void
show_version(void)
{
	static const char *const codings[] = { "gzip", "deflate", "br", "zstd" };
	size_t i;

	printf("lurl " LURL_VERSION " (" LUA_RELEASE ", %s, libuv %s, "
	    "jansson " JANSSON_VERSION "%s",
	    OpenSSL_version(OPENSSL_VERSION), uv_version_string(),
#ifdef HAVE_LIBIDN2
	    ", international names"
#else
	    ", without international names"
#endif
#ifdef HAVE_LIBPSL
	    ", public suffixes"
#else
	    ", without public suffixes"
#endif
	    );
	printf(", %sHTTP/2", h2_is_there() ? "" : "without ");
	for (i = 0; i < sizeof(codings) / sizeof(codings[0]); i++)
		printf(", %s%s", coding_find(span_of(codings[i])) == NULL ?
		    "without " : "", codings[i]);
	puts(")");
}

static int
run_code(lua_State *L, const char *code)
{
	int status = luaL_loadbuffer(L, code, strlen(code), "=(command line)");

	return status == LUA_OK ? call(L, 0, 0) : status;
}

/* -l MODULE, or GLOBAL=MODULE */
static int
run_require(lua_State *L, char *module)
{
	char *equals = strchr(module, '=');
	const char *name = module;
	int status;

	if (equals != NULL) {
		*equals = '\0';
		module = equals + 1;
	}
	lua_getglobal(L, "require");
	lua_pushstring(L, module);
	if ((status = call(L, 1, 1)) == LUA_OK)
		lua_setglobal(L, name);
	return status;
}

static int
run_options(lua_State *L, const struct command *c)
{
	int i, status = LUA_OK;
	char *value;

	for (i = 1; i < c->script && status == LUA_OK; i++) {
		const char *option = c->argv[i];

		if (option[1] == 'v') {
			show_version();
		} else if (option[1] == 'W') {
			lua_warning(L, "@on", 0);
		} else if (option[1] != '-') {
			value = argument(c, &i);
			status = option[1] == 'e' ? run_code(L, value) :
			    run_require(L, value);
		}
	}
	return status;
}

/* The script. */

/* As lua's: the script is arg[0], what follows it counts up from there. */
static void
set_arg(lua_State *L, const struct command *c)
{
	int zero = c->script < c->argc ? c->script : 0, i;

	lua_createtable(L, c->argc - zero, zero + 1);
	for (i = 0; i < c->argc; i++) {
		lua_pushstring(L, c->argv[i]);
		lua_rawseti(L, -2, i - zero);
	}
	lua_setglobal(L, "arg");
}

static int
push_args(lua_State *L)
{
	int i, n;

	lua_getglobal(L, "arg");
	n = (int)luaL_len(L, -1);
	luaL_checkstack(L, n + 3, "too many arguments to script");
	for (i = 1; i <= n; i++)
		lua_rawgeti(L, -i, i);
	lua_remove(L, -n - 1);
	return n;
}

/* An installed script's path: beside the binary's folder, or NULL. */
static const char *
find_installed(lua_State *L, const char *name)
{
	static const char *const places[] = { "%s/../scripts/%s.lua",
	    "%s/../share/lurl/scripts/%s.lua" };
	char self[PATH_MAX];
	size_t len = sizeof(self), i;
	const char *path;

	if (strchr(name, '/') != NULL || uv_exepath(self, &len) != 0)
		return NULL;
	*strrchr(self, '/') = '\0';
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		path = lua_pushfstring(L, places[i], self, name);
		if (access(path, R_OK) == 0)
			return path;
	}
	return NULL;
}

/* A folder is no script, whatever its name. */
static bool
is_script(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

static int
run_script(lua_State *L, const struct command *c)
{
	const char *name = c->argv[c->script], *path = name;
	int status;

	if (strcmp(name, "-") == 0 &&
	    strcmp(c->argv[c->script - 1], "--") != 0)
		path = NULL;		/* standard input */
	else if (!is_script(name) &&
	    (path = find_installed(L, name)) == NULL)
		path = name;		/* luaL_loadfile says why not */
	status = luaL_loadfile(L, path);
	return status == LUA_OK ? call(L, push_args(L), 0) : status;
}

static int
run(lua_State *L, const struct command *c)
{
	int status = run_options(L, c);

	if (status != LUA_OK)
		return status;
	if (c->script < c->argc)
		return run_script(L, c);
	if (c->has_code)
		return LUA_OK;
	status = luaL_loadfile(L, NULL);
	return status == LUA_OK ? call(L, 0, 0) : status;
}

/* Everything that may raise runs in here. */
static int
pmain(lua_State *L)
{
	const struct command *c = lua_touserdata(L, 1);
	int status = 0;

	luaL_checkversion(L);
	luaL_openlibs(L);
	luaL_requiref(L, "https", luaopen_https, 1);
	lua_pop(L, 1);
	handle = lurl_handle(L);
	set_arg(L, c);
	lua_gc(L, LUA_GCGEN, 0, 0);
	if (run(L, c) != LUA_OK)
		status = report(L);
	lua_pushinteger(L, status);
	return 1;
}

int
main(int argc, char **argv)
{
	struct command c = { .argc = argc, .argv = argv };
	int status = parse(&c);
	lua_State *L;

	if (status != 0)
		return status == -1 ? EXIT_SUCCESS : status;
	if ((L = state_new()) == NULL) {
		fputs("lurl: out of memory\n", stderr);
		return STATUS_OTHER;
	}
	lua_pushcfunction(L, pmain);
	lua_pushlightuserdata(L, &c);
	if (lua_pcall(L, 1, 1, 0) == LUA_OK)
		status = (int)lua_tointeger(L, -1);
	else
		status = report(L);
	handle = NULL;
	lurl_finish(L);
	state_close(L);
	return status;
}
