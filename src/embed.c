/*
 * A tool of the build: Lua modules as C arrays, for src/bind/modules.c.
 *
 *	embed -b|-s FILE.lua ...	as bytecode (-b) or source (-s)
 *
 * FILE.lua becomes module "https.FILE", https.lua "https" itself.  Bytecode
 * loads in a third of the time and keeps the debugging information; it is for
 * a binary that has the very Lua it was made with inside it.
 */
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The module's name, and "=" before it, as a chunk's. */
static void
get_name(const char *path, char *out, size_t len)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;
	int n = (int)strcspn(base, ".");

	if (strcmp(base, "https.lua") == 0)
		snprintf(out, len, "=https");
	else
		snprintf(out, len, "=https.%.*s", n, base);
}

static int
write_bytes(lua_State *L, const void *data, size_t len, void *arg)
{
	const unsigned char *bytes = data;
	size_t i;

	(void)L;
	(void)arg;
	for (i = 0; i < len; i++)
		printf("%u,%s", bytes[i], i % 20 == 19 ? "\n" : "");
	return 0;
}

static int
write_source(const char *path)
{
	unsigned char block[4096];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		return -1;
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		write_bytes(NULL, block, n, NULL);
	fclose(f);
	return 0;
}

static int
write_bytecode(lua_State *L, const char *path, const char *chunk)
{
	luaL_Buffer b;
	char block[4096];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		return -1;
	luaL_buffinit(L, &b);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		luaL_addlstring(&b, block, n);
	fclose(f);
	luaL_pushresult(&b);
	if (luaL_loadbuffer(L, lua_tostring(L, -1), lua_rawlen(L, -1),
	    chunk) != LUA_OK) {
		fprintf(stderr, "%s\n", lua_tostring(L, -1));
		return -1;
	}
	lua_dump(L, write_bytes, NULL, 0);
	lua_settop(L, 0);
	return 0;
}

int
main(int argc, char **argv)
{
	lua_State *L = luaL_newstate();
	char name[64];
	int i, rv;

	if (L == NULL || argc < 3)
		return EXIT_FAILURE;
	for (i = 2; i < argc; i++) {
		get_name(argv[i], name, sizeof(name));
		printf("static const unsigned char module_%d[] = {\n", i);
		rv = strcmp(argv[1], "-b") == 0 ?
		    write_bytecode(L, argv[i], name) : write_source(argv[i]);
		if (rv == -1) {
			fprintf(stderr, "embed: %s\n", argv[i]);
			return EXIT_FAILURE;
		}
		printf("};\n");
	}
	printf("static const struct module modules[] = {\n");
	for (i = 2; i < argc; i++) {
		get_name(argv[i], name, sizeof(name));
		printf("	{ \"%s\", module_%d, sizeof(module_%d) },\n",
		    name + 1, i, i);
	}
	printf("};\n");
	lua_close(L);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
