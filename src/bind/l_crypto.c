/*
 * Digests, HMAC, random bytes and base64 as Lua sees them.  Digests are
 * libcrypto's, which is not started before one is asked for.
 */
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <uv.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "bind.h"

#define DIGEST_MT	"lurl.digest"
#define NAME_MAX_LEN	16	/* bytes of a digest's name */
#define RANDOM_MAX	(1 << 20)	/* bytes a call */

struct digest {
	EVP_MD_CTX	*ctx;	/* owned; NULL once closed */
};

struct algorithm {
	const char	*name;
	const EVP_MD	*(*md)(void);
};

static const struct algorithm algorithms[] = {
	{ "md5", EVP_md5 },
	{ "sha1", EVP_sha1 },
	{ "sha224", EVP_sha224 },
	{ "sha256", EVP_sha256 },
	{ "sha384", EVP_sha384 },
	{ "sha512", EVP_sha512 },
	{ "sha512-256", EVP_sha512_256 },
};

/*
 * Whether name means this algorithm: in any case, and with or without dashes,
 * as "SHA-256" and "sha512256".
 */
static bool
is_called(const char *want, const char *name)
{
	for (;;) {
		while (*want == '-')
			want++;
		while (*name == '-')
			name++;
		if (*want != ascii_lower(*name))
			return false;
		if (*want++ == '\0')
			return true;
		name++;
	}
}

static int
raise_libcrypto(lua_State *L)
{
	struct error err = { 0 };

	error_setx(&err, ERR_USAGE, "value",
	    "libcrypto does not provide this digest, or is out of memory");
	return raise_error(L, &err);
}

static const EVP_MD *
check_algorithm(lua_State *L, int arg)
{
	const char *name = luaL_checkstring(L, arg);
	struct error err = { 0 };
	size_t i;

	for (i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (is_called(algorithms[i].name, name))
			return algorithms[i].md();
	error_setx(&err, ERR_USAGE, "value", "unknown digest '%.*s'",
	    NAME_MAX_LEN, name);
	raise_error(L, &err);
	return NULL;
}

/* Pushes len bytes, as they are or in hexadecimal. */
static void
push_digest(lua_State *L, const unsigned char *bytes, size_t len, bool raw)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * EVP_MAX_MD_SIZE];
	size_t i;

	if (raw) {
		lua_pushlstring(L, (const char *)bytes, len);
		return;
	}
	for (i = 0; i < len; i++) {
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	lua_pushlstring(L, hex, 2 * len);
}

/*
 * hash(name, data [, raw]) -> its digest, in hexadecimal or raw; raises
 * usage/value for an unknown name
 */
static int
l_hash(lua_State *L)
{
	const EVP_MD *md = check_algorithm(L, 1);
	struct span data = check_span(L, 2);
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(data.data, data.len, out, &len, md, NULL) != 1)
		return raise_libcrypto(L);
	push_digest(L, out, len, lua_toboolean(L, 3));
	return 1;
}

/* hmac(name, key, data [, raw]) -> as hash, by RFC 2104 */
static int
l_hmac(lua_State *L)
{
	const EVP_MD *md = check_algorithm(L, 1);
	struct span key = check_span(L, 2), data = check_span(L, 3);
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	luaL_argcheck(L, key.len <= INT_MAX, 2, "key is too long");
	if (HMAC(md, key.data, (int)key.len,
	    (const unsigned char *)data.data, data.len, out, &len) == NULL)
		return raise_libcrypto(L);
	push_digest(L, out, len, lua_toboolean(L, 4));
	return 1;
}

/* Digests of what comes in pieces. */

static struct digest *
check_digest(lua_State *L, int arg)
{
	struct digest *d = luaL_checkudata(L, arg, DIGEST_MT);

	luaL_argcheck(L, d->ctx != NULL, arg, "digest is closed");
	return d;
}

/* digest:close(), also __gc and __close: safe to call twice. */
static int
l_close(lua_State *L)
{
	struct digest *d = luaL_checkudata(L, 1, DIGEST_MT);
	EVP_MD_CTX *ctx = d->ctx;

	d->ctx = NULL;
	EVP_MD_CTX_free(ctx);
	return 0;
}

/* digest(name) -> an object that takes the data in pieces */
static int
l_digest(lua_State *L)
{
	const EVP_MD *md = check_algorithm(L, 1);
	struct digest *d = lua_newuserdatauv(L, sizeof(*d), 0);

	d->ctx = NULL;
	luaL_setmetatable(L, DIGEST_MT);
	d->ctx = EVP_MD_CTX_new();
	if (d->ctx == NULL || EVP_DigestInit_ex(d->ctx, md, NULL) != 1)
		return raise_libcrypto(L);
	return 1;
}

/* digest:update(piece) -> itself */
static int
l_update(lua_State *L)
{
	struct digest *d = check_digest(L, 1);
	struct span piece = check_span(L, 2);

	if (EVP_DigestUpdate(d->ctx, piece.data, piece.len) != 1)
		return raise_libcrypto(L);
	lua_settop(L, 1);
	return 1;
}

/* Of a copy, so that more may follow. */
static int
push_current(lua_State *L, bool raw)
{
	struct digest *d = check_digest(L, 1);
	unsigned char out[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	unsigned len = 0;
	bool done;

	done = copy != NULL && EVP_MD_CTX_copy_ex(copy, d->ctx) == 1 &&
	    EVP_DigestFinal_ex(copy, out, &len) == 1;
	EVP_MD_CTX_free(copy);
	if (!done)
		return raise_libcrypto(L);
	push_digest(L, out, len, raw);
	return 1;
}

/* digest:hex(), digest:raw() -> the digest of what came so far */
static int
l_hex(lua_State *L)
{
	return push_current(L, false);
}

static int
l_raw(lua_State *L)
{
	return push_current(L, true);
}

static int
raise_random(lua_State *L, int rv)
{
	struct error err = { 0 };

	error_setx(&err, ERR_IO, error_errno_name(-rv), "no random bytes: %s",
	    uv_strerror(rv));
	return raise_error(L, &err);
}

/* random(n) -> n bytes that nobody can guess; raises kind io */
static int
l_random(lua_State *L)
{
	lua_Integer n = luaL_checkinteger(L, 1);
	luaL_Buffer b;
	char *out;
	int rv = 0;

	luaL_argcheck(L, n >= 0 && n <= RANDOM_MAX, 1, "out of range");
	out = luaL_buffinitsize(L, &b, (size_t)n);
	/* Without a callback libuv does it now, and asks for no loop. */
	if (n > 0)
		rv = uv_random(NULL, NULL, out, (size_t)n, 0, NULL);
	if (rv != 0)
		return raise_random(L, rv);
	luaL_pushresultsize(&b, (size_t)n);
	return 1;
}

/* base64_encode(s [, url]) -> base64; as for URLs, and without padding */
static int
l_base64_encode(lua_State *L)
{
	struct span s = check_span(L, 1);
	bool url = lua_toboolean(L, 2);
	luaL_Buffer b;
	char *out = luaL_buffinitsize(L, &b, BASE64_ENCODED_MAX(s.len));

	luaL_pushresultsize(&b, base64_encode(out, s, url));
	return 1;
}

/* at: how much of s is base64. */
static int
raise_corrupt(lua_State *L, struct span s, bool url, size_t at)
{
	struct error err = { 0 };

	error_setx(&err, ERR_DECODE, "corrupt", "not %s at byte %zu of %zu",
	    url ? "base64url" : "base64", at < s.len ? at + 1 : s.len, s.len);
	if (at < s.len && (s.data[at] == ' ' || s.data[at] == '\n' ||
	    s.data[at] == '\r'))
		error_hint(&err, "take out spaces and line ends first: "
		    "text:gsub(\"%%s\", \"\")");
	return raise_error(L, &err);
}

/*
 * base64_decode(s [, url]) -> the bytes; raises decode/corrupt for what is
 * not base64 exactly
 */
static int
l_base64_decode(lua_State *L)
{
	struct span s = check_span(L, 1);
	bool url = lua_toboolean(L, 2);
	luaL_Buffer b;
	size_t len;
	char *out = luaL_buffinitsize(L, &b, BASE64_DECODED_MAX(s.len));

	if (base64_decode(out, s, url, &len) == -1)
		return raise_corrupt(L, s, url, len);
	luaL_pushresultsize(&b, len);
	return 1;
}

/* digests() -> list of the names that hash, hmac and digest know */
static int
l_digests(lua_State *L)
{
	size_t i;

	lua_newtable(L);
	for (i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		lua_pushstring(L, algorithms[i].name);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	return 1;
}

static const luaL_Reg methods[] = {
	{ "close", l_close },
	{ "hex", l_hex },
	{ "raw", l_raw },
	{ "update", l_update },
	{ NULL, NULL }
};

static const luaL_Reg functions[] = {
	{ "base64_decode", l_base64_decode },
	{ "base64_encode", l_base64_encode },
	{ "digest", l_digest },
	{ "digests", l_digests },
	{ "hash", l_hash },
	{ "hmac", l_hmac },
	{ "random", l_random },
	{ NULL, NULL }
};

void
open_crypto(lua_State *L)
{
	new_type(L, DIGEST_MT, methods);
	luaL_setfuncs(L, functions, 0);
}
