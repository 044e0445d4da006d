/*
 * Fuzzes base/url: the input is parsed as a URL, and as a reference relative
 * to a base.  What is accepted keeps what url.h promises.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/host.h"
#include "base/url.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert: an optimised build must notice too. */
static void
must(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

static int
same(struct span a, struct span b)
{
	return (a.data == NULL) == (b.data == NULL) && a.len == b.len &&
	    (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static int
all_in(struct span s, const char *set)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.data[i] == '\0' || strchr(set, s.data[i]) == NULL)
			return 0;
	return 1;
}

static int
all_visible(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.data[i] < 0x21 || s.data[i] > 0x7e)
			return 0;
	return 1;
}

static int
no_control(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] < 0x20 || s.data[i] == 0x7f)
			return 0;
	return 1;
}

static void
check_host(const struct url *u)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
	size_t len = u->host.len;

	must(len > 0 && u->host.data[len] == '\0', "host is a C string");
	must(u->host_type == url_host_kind(u->host.data, len), "host's kind");
	if (u->host_type == URL_IPV6) {
		must(all_in(u->host, "0123456789abcdef:."), "IPv6 bytes");
		return;
	}
	must(all_in(u->host, name), "host bytes");
	must(len - (u->host.data[len - 1] == '.') <= HOST_MAX, "host length");
	must(u->host.data[0] != '.', "no empty label first");
	must(strstr(u->host.data, "..") == NULL, "no empty label");
}

static void
check_parts(const struct url *u)
{
	struct buf b = { 0 };

	check_host(u);
	must(u->port > 0, "port is not 0");
	must(u->port_default == (u->port == (u->https ? 443 : 80)),
	    "default port");
	must(no_control(u->user) && no_control(u->password), "userinfo");
	must(u->path.len > 0 && u->path.data[0] == '/', "path begins with /");
	must(strstr(u->path.data, "/./") == NULL, "no dot segment");
	must(strstr(u->path.data, "/../") == NULL, "no dot segments");
	must(strpbrk(u->path.data, "?#") == NULL, "path ends");
	must(memchr(u->path.data, '\0', u->path.len) == NULL, "no NUL");
	must(url_target(u, &b) == 0, "memory");
	must(all_visible(buf_span(&b)), "target bytes");
	buf_clear(&b);
}

static void
check_round_trip(const struct url *u)
{
	struct buf once = { 0 }, twice = { 0 };
	struct error err = { 0 };
	struct url again;
	struct span s;

	must(url_format(u, true, &once) == 0, "memory");
	s = buf_span(&once);
	must(all_visible(s), "formatted bytes");
	must(s.len <= URL_MAX_LEN, "formatted length");
	must(url_parse(&again, s.data, s.len, &err) == 0, "parses again");
	must(again.https == u->https && again.port == u->port, "same origin");
	must(again.port_default == u->port_default, "same default");
	must(again.host_type == u->host_type, "same kind of host");
	must(same(again.host, u->host), "same host");
	must(same(again.path, u->path), "same path");
	must(same(again.query, u->query), "same query");
	must(same(again.fragment, u->fragment), "same fragment");
	must(again.user.data == NULL, "no userinfo");
	must(url_format(&again, true, &twice) == 0, "memory");
	must(same(s, buf_span(&twice)), "formats again");
	url_clear(&again);
	buf_clear(&once);
	buf_clear(&twice);
}

static void
check_result(int rv, struct url *u, const struct error *err)
{
	static const struct url zero;

	if (rv == 0) {
		check_parts(u);
		check_round_trip(u);
	} else {
		must(err->kind == ERR_USAGE && strcmp(err->code, "url") == 0,
		    "usage/url");
		must(memcmp(u, &zero, sizeof(zero)) == 0, "zeroed");
	}
	url_clear(u);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char text[] = "https://u:p@h.example:8443/a/b/c?d#e";
	const char *in = (const char *)data;
	struct error err = { 0 };
	struct url base, u;
	int rv;

	rv = url_parse(&u, in, size, &err);
	check_result(rv, &u, &err);

	must(url_parse(&base, text, sizeof(text) - 1, &err) == 0, "base");
	rv = url_join(&u, &base, in, size, &err);
	check_result(rv, &u, &err);
	url_clear(&base);
	return 0;
}
