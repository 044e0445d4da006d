/*
 * Looking at a server's TLS as Lua sees it: a handshake without a request, and
 * what there is to say of the certificates that came.
 */
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "bind.h"
#include "net/look.h"
#include "tls/chain.h"

#define CHAIN_MT	"lurl.chain"
#define LOOK_MT		"lurl.look"

struct look_box {
	struct look	*look;
};

struct chain_box {
	struct chain	*chain;
};

/* The handshake. */

#define BOX	4	/* l_look's, above its arguments */

static int
l_close_look(lua_State *L)
{
	struct look_box *b = luaL_checkudata(L, 1, LOOK_MT);
	struct look *look = b->look;

	b->look = NULL;
	look_free(look);
	return 0;
}

static void
push_seen(lua_State *L, const struct look *look)
{
	const struct peer *p = look_peer(look);

	lua_createtable(L, 0, 6);
	set_string(L, "version", p->version);
	set_string(L, "cipher", p->cipher);
	set_string(L, "alpn", p->alpn);
	set_string(L, "ocsp", p->ocsp);
	set_flag(L, "verified", p->verified);
	push_span(L, look_chain(look));
	lua_setfield(L, -2, "pem");
}

/* What is open is closed with the box, which lies at BOX. */
static int
look_on(lua_State *L, int status, lua_KContext ctx)
{
	struct look_box *b = lua_touserdata(L, BOX);
	struct error err = { 0 };
	enum want want;

	(void)ctx;
	if (!awaited(L, status))
		return raise_stopped(L);
	while ((want = look_step(b->look, &err)) == WANT_WAKE)
		if (!await(L, look_wake(b->look), look_on, 0))
			return raise_stopped(L);
	if (want == WANT_FAILED) {
		fill_error(L, &err);
		set_refusal(L, look_refusal(b->look));
		return lua_error(L);
	}
	push_seen(L, b->look);
	return 1;
}

/*
 * look(route, total (seconds, or nil), authorization (for a proxy, or nil)) ->
 * {version=, cipher=, alpn=, ocsp=, verified=, pem= (the chain)}; raises as a
 * request does until it is connected
 */
static int
l_look(lua_State *L)
{
	const struct route *route = check_route(L, 1);
	int64_t total_ms = opt_ms(L, 2);
	struct conn_limits limits = {
		.resolve_ms = route->resolve_ms,
		.connect_ms = route->connect_ms,
		.deadline_ms = total_ms == INT64_MAX ? INT64_MAX :
		    loop_now_ms() + total_ms,
	};
	struct target target = route->target;
	struct error err = { 0 };
	struct look_box *b;

	luaL_argcheck(L, target.tls, 1, "route without TLS");
	target.authorization = luaL_optstring(L, 3, NULL);
	lua_settop(L, BOX - 1);
	b = lua_newuserdatauv(L, sizeof(*b), 0);
	b->look = NULL;
	luaL_setmetatable(L, LOOK_MT);
	lua_toclose(L, -1);
	b->look = look_new(state_loop(L), &target, &limits, &err);
	if (b->look == NULL)
		return raise_error(L, &err);
	return look_on(L, LUA_OK, 0);
}

/* The certificates. */

static int
l_close_chain(lua_State *L)
{
	struct chain_box *b = luaL_checkudata(L, 1, CHAIN_MT);
	struct chain *chain = b->chain;

	b->chain = NULL;
	chain_free(chain);
	return 0;
}

static void
push_names(lua_State *L, const struct facts *f)
{
	size_t i;

	lua_createtable(L, (int)f->name_count, 0);
	for (i = 0; i < f->name_count; i++) {
		lua_pushstring(L, f->names[i]);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
}

static void
push_facts(lua_State *L, const struct facts *f)
{
	luaL_checkstack(L, 4, NULL);
	lua_createtable(L, 0, 20);
	set_string(L, "subject", f->subject);
	set_string(L, "issuer", f->issuer);
	set_string(L, "common_name", f->common_name);
	set_string(L, "issuer_name", f->issuer_name);
	push_names(L, f);
	lua_setfield(L, -2, "names");
	if (f->not_before != -1)
		set_integer(L, "not_before", (lua_Integer)f->not_before);
	if (f->not_after != -1)
		set_integer(L, "not_after", (lua_Integer)f->not_after);
	set_string(L, "serial", f->serial);
	set_string(L, "sha256", f->sha256);
	set_string(L, "pin", f->pin);
	set_string(L, "key", f->key);
	set_string(L, "signature", f->signature);
	set_string(L, "weak", f->weak);
	set_string(L, "issuer_url", f->issuer_url);
	set_string(L, "pem", f->pem);
	set_flag(L, "ca", f->ca);
	set_flag(L, "self_signed", f->self_signed);
}

/* As sent; signer is the place of the one that signed it, where it is there. */
static void
push_sent(lua_State *L, const struct chain *c)
{
	size_t i, n = chain_count(c);

	lua_createtable(L, (int)n, 0);
	for (i = 0; i < n; i++) {
		push_facts(L, chain_facts(c, i));
		if (chain_signer(c, i) < n)
			set_integer(L, "signer",
			    (lua_Integer)chain_signer(c, i) + 1);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
}

/* The place of each in what was sent, or its facts where it was not. */
static void
push_path(lua_State *L, const struct chain *c)
{
	size_t i, sent;

	lua_newtable(L);
	for (i = 0; i < chain_path_len(c); i++) {
		sent = chain_path_sent(c, i);
		if (sent < chain_count(c))
			lua_pushinteger(L, (lua_Integer)sent + 1);
		else
			push_facts(L, chain_path_facts(c, i));
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
}

static void
push_faults(lua_State *L, const struct chain *c)
{
	const struct chain_fault *f;
	size_t i;

	lua_newtable(L);
	for (i = 0; i < chain_fault_count(c); i++) {
		f = chain_fault(c, i);
		lua_createtable(L, 0, 3);
		set_string(L, "code", f->code);
		set_string(L, "message", f->words);
		set_integer(L, "at", (lua_Integer)f->at + 1);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
}

/* The i-th source; its strings are the table's. */
static struct ca_source
get_source(lua_State *L, int list, lua_Integer i)
{
	struct ca_source ca = { CA_SYSTEM, NULL };
	const char *kind;

	lua_geti(L, list, i);
	lua_getfield(L, -1, "kind");
	kind = luaL_checkstring(L, -1);
	lua_getfield(L, -2, "value");
	ca.value = lua_tostring(L, -1);
	if (strcmp(kind, "system") != 0)
		ca.kind = strcmp(kind, "path") == 0 ? CA_PATH : CA_TEXT;
	lua_pop(L, 3);
	return ca;
}

/* All at once, since one may have been issued by another. */
static void
trust_all(lua_State *L, struct chain *chain, int list)
{
	lua_Integer i, n = luaL_len(L, list);
	struct ca_source *all = lua_newuserdatauv(L,
	    (size_t)(n + 1) * sizeof(*all), 0);
	struct error err;

	for (i = 0; i < n; i++)
		all[i] = get_source(L, list, i + 1);
	if (chain_trust(chain, all, (size_t)n, &err) == -1)
		raise_error(L, &err);
	lua_pop(L, 1);
}

/*
 * examine(pem, sources, host (nil: any), when, trust (nil: no pins)) -> chain,
 * path, faults: the facts of each certificate in PEM text as sent, the way up
 * to what the sources (those of core.trust) make trusted, and what is wrong
 */
static int
l_examine(lua_State *L)
{
	struct span pem = check_span(L, 1);
	const char *host = luaL_optstring(L, 3, NULL);
	time_t when = (time_t)luaL_checkinteger(L, 4);
	const struct trust *pins = lua_isnoneornil(L, 5) ? NULL :
	    check_trust(L, 5);
	struct error err = { 0 };
	struct chain_box *b;

	luaL_checktype(L, 2, LUA_TTABLE);
	b = lua_newuserdatauv(L, sizeof(*b), 0);
	b->chain = NULL;
	luaL_setmetatable(L, CHAIN_MT);
	lua_toclose(L, -1);
	if (trust_start(&err) == -1 ||
	    (b->chain = chain_new(pem, &err)) == NULL)
		return raise_error(L, &err);
	trust_all(L, b->chain, 2);
	if (chain_count(b->chain) > 0 &&
	    chain_examine(b->chain, host, pins, when) == -1) {
		error_nomem(&err);
		return raise_error(L, &err);
	}
	push_sent(L, b->chain);
	push_path(L, b->chain);
	push_faults(L, b->chain);
	return 3;
}

/* trust_label(trust) -> where trust comes from, in words */
static int
l_trust_label(lua_State *L)
{
	lua_pushstring(L, trust_label(check_trust(L, 1)));
	return 1;
}

static const luaL_Reg look_methods[] = {
	{ "close", l_close_look },
	{ NULL, NULL }
};

static const luaL_Reg chain_methods[] = {
	{ "close", l_close_chain },
	{ NULL, NULL }
};

static const luaL_Reg functions[] = {
	{ "examine", l_examine },
	{ "look", l_look },
	{ "trust_label", l_trust_label },
	{ NULL, NULL }
};

void
open_inspect(lua_State *L)
{
	new_type(L, LOOK_MT, look_methods);
	new_type(L, CHAIN_MT, chain_methods);
	luaL_setfuncs(L, functions, 0);
	lua_pushliteral(L, __DATE__);	/* no clock is rightly before it */
	lua_setfield(L, -2, "built");
}
