/* base/url, base/host, base/idn: URLs as attackers and people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/url.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define S(s)		{ s, sizeof(s) - 1 }	/* may hold a NUL */
#define ABSENT		"(absent)"

#define A10	"aaaaaaaaaa"
#define A50	A10 A10 A10 A10 A10
#define A63	A50 A10 "aaa"
#define L50	A10 A10 A10 A10 "aaaaaaaaa."	/* 49 and a dot */
#define L250	L50 L50 L50 L50 L50

/* The bytes alone: ASan sees one that is read before or behind them. */
static char *
exact_copy(struct span s)
{
	char *copy = malloc(s.len > 0 ? s.len : 1);

	assert_non_null(copy);
	memcpy(copy, s.data, s.len);
	return copy;
}

static int
parse(struct url *u, struct span in, struct error *err)
{
	char *copy = exact_copy(in);
	int rv = url_parse(u, copy, in.len, err);

	free(copy);
	return rv;
}

static void
parse_ok(struct url *u, struct span in, const char *table, const char *label)
{
	struct error err = { 0 };

	if (parse(u, in, &err) == -1)
		fail_msg("%s/%s: got error \"%s\", want success", table, label,
		    err.message);
}

static void
check(const char *table, const char *label, struct span got, const char *want)
{
	if (got.len != strlen(want) || memcmp(got.data, want, got.len) != 0)
		fail_msg("%s/%s: got %.*s, want %s", table, label,
		    (int)got.len, got.data, want);
}

/* A part also ends in a NUL. */
static void
check_part(const char *label, struct span got, const char *want)
{
	static const struct span absent = S(ABSENT);

	if (want == NULL)
		want = ABSENT;
	if (got.data != NULL)
		assert_int_equal(got.data[got.len], '\0');
	check("part_tests", label, got.data == NULL ? absent : got, want);
}

static void
check_format(const char *table, const char *label, const struct url *u,
    const char *want)
{
	struct buf b = { 0 };

	assert_int_equal(url_format(u, true, &b), 0);
	check(table, label, buf_span(&b), want);
	buf_clear(&b);
}

static void
check_failure(const char *table, const char *label, int rv,
    const struct url *u, const struct error *err, const char *want)
{
	static const struct url zero;

	if (rv != -1)
		fail_msg("%s/%s: got success, want \"%s\"", table, label, want);
	if (err->kind != ERR_USAGE || strcmp(err->code, "url") != 0)
		fail_msg("%s/%s: got %s/%s, want usage/url", table, label,
		    error_kind_name(err->kind), err->code);
	if (strstr(err->message, want) == NULL)
		fail_msg("%s/%s: got \"%s\", want \"%s\"", table, label,
		    err->message, want);
	if (strstr(err->message, "s3cret") != NULL)
		fail_msg("%s/%s: the message quotes userinfo: \"%s\"", table,
		    label, err->message);
	assert_memory_equal(u, &zero, sizeof(zero));
}

/* NULL where a part is absent. */
static const struct part_test {
	const char		*label;
	struct span		 in;
	bool			 http;
	enum url_host_type	 type;
	unsigned		 port;
	const char		*user, *password, *host, *path, *query, *frag;
} part_tests[] = {
	{ .label = "host alone", .in = S("https://example.org"),
	    .port = 443, .host = "example.org", .path = "/" },
	{ .label = "http", .in = S("http://example.org/"), .http = true,
	    .port = 80, .host = "example.org", .path = "/" },
	{ .label = "all parts", .in = S("https://u:p@h.example:8443/a/b?c=d#e"),
	    .port = 8443, .user = "u", .password = "p", .host = "h.example",
	    .path = "/a/b", .query = "c=d", .frag = "e" },
	{ .label = "all parts empty", .in = S("https://:@h:/?#"),
	    .port = 443, .user = "", .password = "", .host = "h",
	    .path = "/", .query = "", .frag = "" },
	{ .label = "query without path", .in = S("https://h?a/b"),
	    .port = 443, .host = "h", .path = "/", .query = "a/b" },
	{ .label = "fragment without path", .in = S("https://h#a?b"),
	    .port = 443, .host = "h", .path = "/", .frag = "a?b" },
	{ .label = "? in query", .in = S("https://h/?a?b"),
	    .port = 443, .host = "h", .path = "/", .query = "a?b" },
	{ .label = "user alone", .in = S("https://u@h/"),
	    .port = 443, .user = "u", .host = "h", .path = "/" },
	{ .label = "empty user", .in = S("https://@h/"),
	    .port = 443, .user = "", .host = "h", .path = "/" },
	{ .label = "colons in password", .in = S("https://u:a:b:@h:1/"),
	    .port = 1, .user = "u", .password = "a:b:", .host = "h",
	    .path = "/" },
	{ .label = "userinfo decoded", .in = S("https://a%40b:c%3a%2F%C3%BC@h"),
	    .port = 443, .user = "a@b", .password = "c:/\xc3\xbc", .host = "h",
	    .path = "/" },
	{ .label = "lone % in userinfo", .in = S("https://u%:100%zz%4@h"),
	    .port = 443, .user = "u%", .password = "100%zz%4", .host = "h",
	    .path = "/" },
	{ .label = "last @ rules", .in = S("https://good.example@x@evil/"),
	    .port = 443, .user = "good.example@x", .host = "evil",
	    .path = "/" },
	{ .label = "@ behind the authority", .in = S("https://h/a@b?c@d#e@f"),
	    .port = 443, .host = "h", .path = "/a@b", .query = "c@d",
	    .frag = "e@f" },
	{ .label = "@ in query of no path", .in = S("https://good?@evil/"),
	    .port = 443, .host = "good", .path = "/", .query = "@evil/" },
	{ .label = "@ in fragment of no path", .in = S("https://good#@evil/"),
	    .port = 443, .host = "good", .path = "/", .frag = "@evil/" },
	{ .label = "IPv4", .in = S("https://192.0.2.1:81"), .type = URL_IPV4,
	    .port = 81, .host = "192.0.2.1", .path = "/" },
	{ .label = "IPv4, percent-encoded", .in = S("https://%31%39%32.0.2.1"),
	    .type = URL_IPV4, .port = 443, .host = "192.0.2.1", .path = "/" },
	{ .label = "IPv6", .in = S("https://[2001:DB8:0:0::1]/"),
	    .type = URL_IPV6, .port = 443, .host = "2001:db8::1",
	    .path = "/" },
	{ .label = "IPv6 with port", .in = S("http://[::1]:8080"), .http = true,
	    .type = URL_IPV6, .port = 8080, .host = "::1", .path = "/" },
	{ .label = "IPv6 with empty port", .in = S("http://u@[::1]:"),
	    .http = true, .type = URL_IPV6, .port = 80, .user = "u",
	    .host = "::1", .path = "/" },
	{ .label = "IPv6 with IPv4 in it", .in = S("https://[::FFFF:1.2.3.4]"),
	    .type = URL_IPV6, .port = 443, .host = "::ffff:1.2.3.4",
	    .path = "/" },
	{ .label = "longest IPv6",
	    .in = S("https://[1111:2222:3333:4444:5555:6666:123.123.123.123]"),
	    .type = URL_IPV6, .port = 443,
	    .host = "1111:2222:3333:4444:5555:6666:7b7b:7b7b", .path = "/" },
	{ .label = "trailing dot stays", .in = S("https://h.example./"),
	    .port = 443, .host = "h.example.", .path = "/" },
	{ .label = "letters, digits, - and _", .in = S("https://_x-1.2b.c3/"),
	    .port = 443, .host = "_x-1.2b.c3", .path = "/" },
	{ .label = "number, but not the last label", .in = S("https://1.2.3.d"),
	    .port = 443, .host = "1.2.3.d", .path = "/" },
	{ .label = "hexadecimal, but not 0x", .in = S("https://beef.0xfg"),
	    .port = 443, .host = "beef.0xfg", .path = "/" },
	{ .label = "punycode is kept", .in = S("https://XN--bcher-KVA.example"),
	    .port = 443, .host = "xn--bcher-kva.example", .path = "/" },
	{ .label = "leading zeros in port", .in = S("https://h:000443/"),
	    .port = 443, .host = "h", .path = "/" },
	{ .label = "highest port", .in = S("https://h:65535/"),
	    .port = 65535, .host = "h", .path = "/" },
	{ .label = "http's port with https", .in = S("https://h:80/"),
	    .port = 80, .host = "h", .path = "/" },
};

static void
test_parts(void **state)
{
	const struct part_test *t;
	struct url u;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(part_tests); i++) {
		t = &part_tests[i];
		parse_ok(&u, t->in, "part_tests", t->label);
		check_part(t->label, u.user, t->user);
		check_part(t->label, u.password, t->password);
		check_part(t->label, u.host, t->host);
		check_part(t->label, u.path, t->path);
		check_part(t->label, u.query, t->query);
		check_part(t->label, u.fragment, t->frag);
		if (u.https == t->http || u.host_type != t->type ||
		    u.port != t->port ||
		    u.port_default != (u.port == (u.https ? 443 : 80)))
			fail_msg("part_tests/%s: got https %d type %d port %u "
			    "default %d, want https %d type %d port %u",
			    t->label, u.https, u.host_type, u.port,
			    u.port_default, !t->http, t->type, t->port);
		url_clear(&u);
		url_clear(&u);
	}
}

/* What url_format makes of it; parsed again it gives the same. */
static const struct format_test {
	const char	*label;
	struct span	 in;
	const char	*want;
} format_tests[] = {
	{ "nothing to do", S("https://h/a?b#c"), "https://h/a?b#c" },
	{ "path added", S("https://h"), "https://h/" },
	{ "scheme and host in lower case", S("HTTPS://Example.ORG/Ab?Cd"),
	    "https://example.org/Ab?Cd" },
	{ "http", S("hTTp://h/"), "http://h/" },
	{ "userinfo left out", S("https://u:p@h/"), "https://h/" },
	{ "default port left out", S("https://h:443/"), "https://h/" },
	{ "default port of http", S("http://h:80/"), "http://h/" },
	{ "the other's port stays", S("http://h:443/"), "http://h:443/" },
	{ "empty port left out", S("https://h:/"), "https://h/" },
	{ "port", S("https://h:08443/"), "https://h:8443/" },
	{ "IPv6", S("https://[0:0:0:0:0:0:0:1]:1/"), "https://[::1]:1/" },
	{ "host decoded", S("https://ex%41mple%2eorg/"),
	    "https://example.org/" },
	{ "empty query and fragment", S("https://h?#"), "https://h/?#" },
	{ "// begins the path", S("https://h//evil/"), "https://h//evil/" },
	{ "space", S("https://h/a b?c d#e f"), "https://h/a%20b?c%20d#e%20f" },
	{ "UTF-8", S("https://h/\xc3\xbc?\xe2\x82\xac#\xc3\x9f"),
	    "https://h/%C3%BC?%E2%82%AC#%C3%9F" },
	{ "not UTF-8", S("https://h/\x80\xff"), "https://h/%80%FF" },
	{ "what browsers encode", S("https://h/\"<>\\^`{|}?\"<>\\^`{|}"),
	    "https://h/%22%3C%3E%5C%5E%60%7B%7C%7D"
	    "?%22%3C%3E%5C%5E%60%7B%7C%7D" },
	{ "what stays", S("https://h/!$&'()*+,;=:@-._~[]?!$&'()*+,;=:@/?[]"),
	    "https://h/!$&'()*+,;=:@-._~[]?!$&'()*+,;=:@/?[]" },
	{ "%XX stays as it is", S("https://h/%41%zf%2f%2F?%00%0a"),
	    "https://h/%41%25zf%2f%2F?%00%0a" },
	{ "lone %", S("https://h/%?%#%"), "https://h/%25?%25#%25" },
	{ "lone %X at the end", S("https://h/%a?%a#%a"),
	    "https://h/%25a?%25a#%25a" },
	{ "% before %XX", S("https://h/%%41"), "https://h/%25%41" },
	{ "%XX across two parts", S("https://h/%4?1"), "https://h/%254?1" },
	{ "second # in fragment", S("https://h/#a#b"), "https://h/#a%23b" },
	{ "backslash behind the authority", S("https://h/\\evil\\..\\x"),
	    "https://h/%5Cevil%5C..%5Cx" },
	/* RFC 3986 section 5.2.4. */
	{ "its first example", S("https://h/a/b/c/./../../g"),
	    "https://h/a/g" },
	{ "one dot", S("https://h/."), "https://h/" },
	{ "one dot and /", S("https://h/./"), "https://h/" },
	{ "two dots", S("https://h/.."), "https://h/" },
	{ "two dots and /", S("https://h/../"), "https://h/" },
	{ "above the root", S("https://h/../../../a"), "https://h/a" },
	{ "dot at the end", S("https://h/a/."), "https://h/a/" },
	{ "two at the end", S("https://h/a/b/.."), "https://h/a/" },
	{ "up and down", S("https://h/a/../b/../c"), "https://h/c" },
	{ "empty segment counts", S("https://h/a//../b"), "https://h/a/b" },
	{ "three dots are a name", S("https://h/.../a/...."),
	    "https://h/.../a/...." },
	{ "names with dots", S("https://h/.a/..b/c../d./.e."),
	    "https://h/.a/..b/c../d./.e." },
	{ "encoded dots", S("https://h/a/%2e/b/%2E%2e/c/.%2e/d/%2e./%2e"),
	    "https://h/a/" },
	{ "encoded dot in a name", S("https://h/a%2e/%2ea/%2e%2ea"),
	    "https://h/a%2e/%2ea/%2e%2ea" },
	{ "encoded slash is none", S("https://h/a%2f..%2fb"),
	    "https://h/a%2f..%2fb" },
	{ "dots in query and fragment", S("https://h/?/../a#/../b"),
	    "https://h/?/../a#/../b" },
};

static void
check_round_trip(const char *label, const struct url *u, const char *formatted)
{
	struct url again;

	parse_ok(&again, (struct span){ formatted, strlen(formatted) },
	    "format_tests, again", label);
	check_format("format_tests, again", label, &again, formatted);
	assert_int_equal(again.https, u->https);
	assert_int_equal(again.port, u->port);
	assert_int_equal(again.port_default, u->port_default);
	assert_int_equal(again.host_type, u->host_type);
	assert_string_equal(again.host.data, u->host.data);
	assert_string_equal(again.path.data, u->path.data);
	url_clear(&again);
}

static void
test_format(void **state)
{
	const struct format_test *t;
	struct url u;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(format_tests); i++) {
		t = &format_tests[i];
		parse_ok(&u, t->in, "format_tests", t->label);
		check_format("format_tests", t->label, &u, t->want);
		check_round_trip(t->label, &u, t->want);
		url_clear(&u);
	}
}

static const struct bad_test {
	const char	*label;
	struct span	 in;
	const char	*want;	/* a piece of the message */
} bad_tests[] = {
	{ "empty", S(""), "empty" },
	/* Scheme. */
	{ "no scheme", S("example.org/"), "begin with https://" },
	{ "no scheme, port", S("localhost:8080/"), "begin with https://" },
	{ "relative", S("/a"), "begin with https://" },
	{ "network-path", S("//h/"), "begin with https://" },
	{ "empty scheme", S("://h/"), "begin with https://" },
	{ "userinfo where a scheme is", S("s3cret:s3cret@h/"),
	    "begin with https://" },
	{ "another scheme", S("ftp://h/"), "scheme \"ftp\"" },
	{ "file", S("file:///etc/passwd"), "scheme \"file\"" },
	{ "javascript", S("javascript:alert(1)"), "begin with https://" },
	{ "longer than https", S("httpss://h/"), "scheme \"httpss\"" },
	{ "shorter than http", S("htt://h/"), "scheme \"htt\"" },
	{ "digit first", S("1http://h/"), "begin with https://" },
	{ "space in the scheme", S("ht tp://h/"), "begin with https://" },
	{ "colon alone", S(":"), "begin with https://" },
	{ "scheme alone", S("https"), "begin with https://" },
	{ "scheme and colon", S("https:"), "no //" },
	{ "one slash", S("https:/h/"), "no //" },
	{ "no slash", S("https:h/"), "no //" },
	/* Bytes that end lines or hide: RFC 3986 has none of them. */
	{ "space before", S(" https://h/"), "white space around" },
	{ "space behind", S("https://h/ "), "white space around" },
	{ "tab behind", S("https://h/\t"), "white space around" },
	{ "line feed behind", S("https://h/\n"), "white space around" },
	{ "CR LF before", S("\r\nhttps://h/"), "white space around" },
	{ "CR LF in path", S("https://h/a\r\nHost: x"), "(0x0d) at byte 12" },
	{ "LF in query", S("https://h/?\na"), "control character (0x0a)" },
	{ "CR in fragment", S("https://h/#\ra"), "control character (0x0d)" },
	{ "tab in path", S("https://h/a\tb"), "control character (0x09)" },
	{ "NUL at the end", S("https://h/\0"), "control character (0x00)" },
	{ "NUL in host", S("https://h\0.evil/"), "control character (0x00)" },
	{ "NUL first", S("\0https://h/"), "control character (0x00)" },
	{ "DEL", S("https://h/\x7f/"), "control character (0x7f)" },
	{ "tab in scheme", S("ht\ttps://h/"), "control character (0x09)" },
	{ "LF in userinfo", S("https://s3cret\n@h/"), "control character" },
	/* What one reader takes for a slash and another does not. */
	{ "backslashes for slashes", S("https:\\\\h/"), "backslash" },
	{ "slash, backslash", S("https:/\\h/"), "backslash" },
	{ "backslash ends host", S("https://good\\@evil/"), "backslash" },
	{ "backslash after host", S("https://good\\evil"), "backslash" },
	{ "backslash in userinfo", S("https://s3cret\\:x@h/"), "backslash" },
	{ "backslash in port", S("https://h:1\\2/"), "backslash" },
	{ "third backslash", S("https://\\h/"), "backslash" },
	{ "encoded backslash", S("https://good%5c@evil%5c/"), "'\\'" },
	/* Userinfo. */
	{ "space in userinfo", S("https://good @evil/"), "has a space" },
	{ "LF, encoded, in user", S("https://a%0ab:s3cret@h/"),
	    "userinfo has a control" },
	{ "CR, encoded, in password", S("https://a:s3cret%0D@h/"),
	    "userinfo has a control" },
	{ "NUL, encoded, in password", S("https://a:s3cret%00@h/"),
	    "userinfo has a control" },
	{ "DEL, encoded, in password", S("https://a:s3cret%7f@h/"),
	    "userinfo has a control" },
	{ "slash in password", S("https://u:s3cret/x@h/"), "port" },
	{ "hash in password", S("https://u:s3cret#x@h/"), "port" },
	{ "question mark in password", S("https://u:s3cret?x@h/"), "port" },
	/* Host. */
	{ "no host", S("https://"), "no host" },
	{ "no host, path", S("https:///path"), "no host" },
	{ "no host, query", S("https://?q"), "no host" },
	{ "no host, port", S("https://:443/"), "no host" },
	{ "no host, user", S("https://u@/"), "no host" },
	{ "no host, user and port", S("https://u@:1/"), "no host" },
	{ "space", S("https://a b/"), "space" },
	{ "encoded space", S("https://a%20b/"), "' '" },
	{ "encoded slash", S("https://good%2fevil/"), "'/'" },
	{ "encoded @", S("https://good%40evil/"), "'@'" },
	{ "encoded :", S("https://h%3a80/"), "':'" },
	{ "encoded ?", S("https://h%3f/"), "'?'" },
	{ "encoded #", S("https://h%23/"), "'#'" },
	{ "encoded %", S("https://h%25/"), "'%'" },
	{ "encoded [", S("https://%5b::1]/"), "more than one :" },
	{ "encoded NUL", S("https://h%00.evil/"), "control character" },
	{ "encoded LF", S("https://h%0a/"), "control character" },
	{ "encoded DEL", S("https://h%7F/"), "control character" },
	{ "%zz", S("https://h%zz/"), "two hexadecimal" },
	{ "%0 and the end", S("https://h%0"), "two hexadecimal" },
	{ "% and the port", S("https://h%:80/"), "two hexadecimal" },
	{ "% and the end", S("https://h%"), "two hexadecimal" },
	{ "*", S("https://*.example/"), "'*'" },
	{ "!", S("https://a!b/"), "'!'" },
	{ ",", S("https://a,b/"), "','" },
	{ "quote", S("https://a\"b/"), "'\"'" },
	{ "<", S("https://<h>/"), "'<'" },
	{ "|", S("https://a|b/"), "'|'" },
	{ "template left in", S("https://{host}/"), "'{'" },
	{ "$", S("https://$host/"), "'$'" },
	{ "dot alone", S("https://./"), "empty label" },
	{ "two dots", S("https://../"), "empty label" },
	{ "leading dot", S("https://.h/"), "empty label" },
	{ "two dots inside", S("https://a..b/"), "empty label" },
	{ "two trailing dots", S("https://h../"), "empty label" },
	{ "label of 64", S("https://" A63 "a.b/"), "longer than 63" },
	{ "last label of 64", S("https://b." A63 "a/"), "longer than 63" },
	{ "host of 254", S("https://" L250 "aaaa/"), "longer than 253" },
	{ "host of 254 and a dot", S("https://" L250 "aaaa./"),
	    "longer than 253" },
	{ "host of 256", S("https://" L250 "aaaaaa/"), "longer than 253" },
	{ "host of 1050", S("https://" L250 L250 L250 L250 L50 "a/"),
	    "too long" },
	/* What inet_aton takes for an address. */
	{ "one number", S("https://2130706433/"), "no IPv4" },
	{ "two parts", S("https://127.1/"), "no IPv4" },
	{ "three parts", S("https://127.0.1/"), "no IPv4" },
	{ "five parts", S("https://1.2.3.4.5/"), "no IPv4" },
	{ "octal", S("https://0177.0.0.1/"), "no IPv4" },
	{ "leading zeros", S("https://127.0.0.001/"), "no IPv4" },
	{ "hexadecimal", S("https://0x7f000001/"), "no IPv4" },
	{ "hexadecimal part", S("https://127.0.0.0X1/"), "no IPv4" },
	{ "0x", S("https://a.0x/"), "no IPv4" },
	{ "part of 256", S("https://1.2.3.256/"), "no IPv4" },
	{ "IPv4, trailing dot", S("https://127.0.0.1./"), "no IPv4" },
	{ "name, then number", S("https://a.1/"), "no IPv4" },
	{ "number, encoded", S("https://%31%32%37.1/"), "no IPv4" },
	/* IPv6. */
	{ "IPv6 without brackets", S("https://::1/"), "written in [ ]" },
	{ "so with port", S("https://2001:db8::1:443/"), "written in [ ]" },
	{ "[ alone", S("https://[/"), "without ]" },
	{ "no ]", S("https://[::1/"), "without ]" },
	{ "no ], port", S("https://[::1:443"), "without ]" },
	{ "no [", S("https://::1]/"), "more than one :" },
	{ "empty brackets", S("https://[]/"), "no IPv6" },
	{ "two ]", S("https://[::1]]/"), "other than a port" },
	{ "text after ]", S("https://[::1]evil/"), "other than a port" },
	{ "@ in brackets", S("https://[::1@evil]/"), "']'" },
	{ "zone", S("https://[fe80::1%25eth0]/"), "zone" },
	{ "zone, bare", S("https://[fe80::1%eth0]/"), "zone" },
	{ "name in brackets", S("https://[example.org]/"), "no IPv6" },
	{ "IPv4 in brackets", S("https://[127.0.0.1]/"), "no IPv6" },
	{ "IPvFuture", S("https://[v1.x]/"), "no IPv6" },
	{ "nine groups", S("https://[1:2:3:4:5:6:7:8:9]/"), "no IPv6" },
	{ "two ::", S("https://[1::2::3]/"), "no IPv6" },
	{ "long group", S("https://[::12345]/"), "no IPv6" },
	{ "space in brackets", S("https://[::1 ]/"), "space" },
	{ "long text in brackets", S("https://[" L250 L50 "]/"), "no IPv6" },
	/* Port. */
	{ "port 0", S("https://h:0/"), "1 to 65535" },
	{ "port 00", S("https://h:00/"), "1 to 65535" },
	{ "port 65536", S("https://h:65536/"), "1 to 65535" },
	{ "port 2^32 + 443", S("https://h:4294967739/"), "1 to 65535" },
	{ "port 2^64 + 443", S("https://h:18446744073709552059"),
	    "1 to 65535" },
	{ "negative port", S("https://h:-1/"), "1 to 65535" },
	{ "signed port", S("https://h:+443/"), "1 to 65535" },
	{ "hexadecimal port", S("https://h:0x1/"), "1 to 65535" },
	{ "port and letter", S("https://h:443a/"), "1 to 65535" },
	{ "encoded port", S("https://h:%34%34%33/"), "1 to 65535" },
	{ "named port", S("https://h:https/"), "1 to 65535" },
	{ "two ports", S("https://h:80:443/"), "more than one :" },
	{ "IPv6, port 0", S("https://[::1]:0/"), "1 to 65535" },
	{ "IPv6, two ports", S("https://[::1]:1:2/"), "1 to 65535" },
};

static void
test_bad(void **state)
{
	const struct bad_test *t;
	struct error err = { 0 };
	struct url u;
	size_t i;
	int rv;

	(void)state;
	for (i = 0; i < COUNT(bad_tests); i++) {
		t = &bad_tests[i];
		rv = parse(&u, t->in, &err);
		check_failure("bad_tests", t->label, rv, &u, &err, t->want);
	}
}

static void
test_every_control_character_everywhere(void **state)
{
	static const char url[] = "https://u:p@h.example:443/a?b#c";
	char in[sizeof(url) + 1];
	struct error err = { 0 };
	struct url u;
	size_t at;
	int c, rv;

	(void)state;
	for (at = 0; at < sizeof(url); at++)
		for (c = 0; c <= 0x7f; c = c == 0x1f ? 0x7f : c + 1) {
			memcpy(in, url, at);
			in[at] = (char)c;
			memcpy(in + at + 1, url + at, sizeof(url) - at);
			rv = parse(&u, (struct span){ in, sizeof(url) }, &err);
			if (rv != -1)
				fail_msg("0x%02x at %zu: got success, want "
				    "usage/url", (unsigned)c, at);
		}
}

/* Without libidn2 there is one thing to test: what it says then. */
static bool
have_idn(void)
{
	struct error err = { 0 };
	struct url u;

	if (parse(&u, (struct span)S("https://b\xc3\xbc"), &err) == 0) {
		url_clear(&u);
		return true;
	}
	check_failure("without libidn2", "hint", -1, &u, &err,
	    "built without libidn2");
	assert_non_null(strstr(err.hint, "xn--"));
	return false;
}

static const struct format_test idn_tests[] = {
	{ "umlaut", S("https://b\xc3\xbc" "cher.example/"),
	    "https://xn--bcher-kva.example/" },
	{ "upper case", S("https://B\xc3\x9c" "CHER.example/"),
	    "https://xn--bcher-kva.example/" },
	{ "percent-encoded", S("https://b%C3%BCcher.example/"),
	    "https://xn--bcher-kva.example/" },
	{ "decomposed", S("https://bu\xcc\x88" "cher.example/"),
	    "https://xn--bcher-kva.example/" },
	/* IDNA 2003 made "ss" of it, and so another host. */
	{ "sharp s", S("https://fa\xc3\x9f.de/"), "https://xn--fa-hia.de/" },
	{ "full-width dot", S("https://\xc3\xbc\xef\xbc\x8e" "de/"),
	    "https://xn--tda.de/" },
	{ "ideographic dot", S("https://\xc3\xbc\xe3\x80\x82" "de/"),
	    "https://xn--tda.de/" },
	{ "full-width letters", S("https://\xef\xbd\x85\xef\xbd\x98.org/"),
	    "https://ex.org/" },
	{ "soft hyphen", S("https://a\xc2\xad" "b.org/"), "https://ab.org/" },
	{ "trailing dot", S("https://\xc3\xbc.de./"), "https://xn--tda.de./" },
	{ "port and userinfo", S("https://\xc3\xbc@\xc3\xbc:1/"),
	    "https://xn--tda:1/" },
	{ "underscore", S("https://_a.\xc3\xbc.de/"),
	    "https://_a.xn--tda.de/" },
	{ "full-width IPv4",
	    S("https://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/"),
	    "https://127.0.0.1/" },
};

static const struct bad_test bad_idn_tests[] = {
	{ "no UTF-8", S("https://\xff/"), "international" },
	{ "cut UTF-8", S("https://a\xc3/"), "international" },
	{ "overlong UTF-8", S("https://\xc0\xaf/"), "international" },
	{ "surrogate", S("https://\xed\xa0\x80/"), "international" },
	{ "C1 control", S("https://a\xc2\x85" "b/"), "international" },
	{ "zero-width space alone", S("https://\xe2\x80\x8b/"), "URL's host" },
	{ "right-to-left override", S("https://a\xe2\x80\xae" "b/"),
	    "international" },
	{ "full-width slash", S("https://good\xef\xbc\x8f" "evil/"),
	    "URL's host" },
	{ "full-width @", S("https://good\xef\xbc\xa0" "evil/"),
	    "URL's host" },
	{ "full-width #", S("https://good\xef\xbc\x83" "evil/"),
	    "URL's host" },
	{ "full-width :", S("https://good\xef\xbc\x9a" "1/"), "URL's host" },
	{ "full-width %", S("https://good\xef\xbc\x85" "00/"), "URL's host" },
	{ "no-break space", S("https://a\xc2\xa0" "b/"), "URL's host" },
	{ "ideographic space", S("https://a\xe3\x80\x80" "b/"),
	    "URL's host" },
	{ "account of", S("https://\xe2\x84\x80.example/"), "URL's host" },
	{ "* in front", S("https://*.\xc3\xbc.de/"), "URL's host" },
	{ "encoded slash", S("https://\xc3\xbc%2f/"), "URL's host" },
	{ "two dots", S("https://\xc3\xbc..de/"), "URL's host" },
	{ "label of 60 umlauts",
	    S("https://" A50 "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"
	    "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc/"), "URL's host" },
	{ "full-width 127.1",
	    S("https://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.1/"), "no IPv4" },
	{ "host of 254", S("https://" L250 "\xc3\xbc/"), "URL's host" },
};

static void
test_international(void **state)
{
	const struct bad_test *b;
	struct error err = { 0 };
	struct url u;
	size_t i;
	int rv;

	(void)state;
	if (!have_idn())
		skip();
	for (i = 0; i < COUNT(idn_tests); i++) {
		parse_ok(&u, idn_tests[i].in, "idn_tests", idn_tests[i].label);
		check_format("idn_tests", idn_tests[i].label, &u,
		    idn_tests[i].want);
		url_clear(&u);
	}
	for (i = 0; i < COUNT(bad_idn_tests); i++) {
		b = &bad_idn_tests[i];
		rv = parse(&u, b->in, &err);
		check_failure("bad_idn_tests", b->label, rv, &u, &err,
		    b->want);
	}
}

/* url_authority, url_target, url_format without the fragment, url_origin. */
static const struct piece_test {
	const char	*label;
	struct span	 in;
	const char	*authority, *target, *format, *origin;
} piece_tests[] = {
	{ "plain", S("https://h"), "h", "/", "https://h/", "https://h:443" },
	{ "port", S("https://u:p@h:1/a?b#c"), "h:1", "/a?b",
	    "https://h:1/a?b", "https://h:1" },
	{ "default port", S("http://h:80/?"), "h", "/?", "http://h/?",
	    "http://h:80" },
	{ "IPv6", S("http://[::1]#c"), "[::1]", "/", "http://[::1]/",
	    "http://[::1]:80" },
	{ "IPv6 with port", S("https://[::1]:80/#"), "[::1]:80", "/",
	    "https://[::1]:80/", "https://[::1]:80" },
	{ "IPv4", S("https://1.2.3.4:65535?a b"), "1.2.3.4:65535", "/?a%20b",
	    "https://1.2.3.4:65535/?a%20b", "https://1.2.3.4:65535" },
};

static void
test_pieces(void **state)
{
	const struct piece_test *t;
	struct buf b = { 0 };
	struct url u;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(piece_tests); i++) {
		t = &piece_tests[i];
		parse_ok(&u, t->in, "piece_tests", t->label);
		assert_int_equal(url_authority(&u, &b), 0);
		check("piece_tests", t->label, buf_span(&b), t->authority);
		buf_reset(&b);
		assert_int_equal(url_target(&u, &b), 0);
		check("piece_tests", t->label, buf_span(&b), t->target);
		buf_reset(&b);
		assert_int_equal(url_format(&u, false, &b), 0);
		check("piece_tests", t->label, buf_span(&b), t->format);
		buf_reset(&b);
		assert_int_equal(url_origin(&u, &b), 0);
		check("piece_tests", t->label, buf_span(&b), t->origin);
		buf_clear(&b);
		url_clear(&u);
	}
}

/* RFC 9112 section 3.2: whatever comes in, the request line stays one. */
static void
test_target_is_visible_ascii(void **state)
{
	char in[] = "https://h/_a?_b#_c";
	struct error err = { 0 };
	struct buf b = { 0 };
	struct url u;
	size_t i;
	int c;

	(void)state;
	for (c = 0x20; c <= 0xff; c++) {
		if (c == 0x7f)
			continue;
		in[10] = in[13] = in[16] = (char)c;
		assert_int_equal(url_parse(&u, in, strlen(in), &err), 0);
		assert_int_equal(url_format(&u, true, &b), 0);
		for (i = 0; i < b.len; i++)
			if (b.data[i] < 0x21 || b.data[i] > 0x7e)
				fail_msg("0x%02x: got 0x%02x in the URL",
				    (unsigned)c, (unsigned char)b.data[i]);
		buf_reset(&b);
		url_clear(&u);
	}
	buf_clear(&b);
}

/* The input: prefix, then fill as often as it takes, then suffix. */
static const struct limit_test {
	const char	*label;
	const char	*prefix;
	char		 fill;
	const char	*suffix;
	size_t		 len;	/* of all three */
	const char	*want;	/* a piece of the message; NULL: success */
} limit_tests[] = {
	{ "longest", "https://h/", 'a', "", URL_MAX_LEN, NULL },
	{ "longer", "https://h/", 'a', "", URL_MAX_LEN + 1, "65536 bytes" },
	{ "longest, slashes", "https://h/", '/', "", URL_MAX_LEN, NULL },
	{ "longest, dots", "https://h/", '.', "", URL_MAX_LEN, NULL },
	{ "longest userinfo", "https://", '@', "@h/", URL_MAX_LEN, NULL },
	{ "longer userinfo", "https://", '@', "@h/", URL_MAX_LEN + 1,
	    "65536 bytes" },
	/* Three bytes for one: 65534 and 65537 of them. */
	{ "encoded", "https://h/?", '"', "", 11 + 21841, NULL },
	{ "encoded, longer", "https://h/?", '"', "", 11 + 21842,
	    "once percent-encoded" },
	/* 65538, and 65536 were brackets or port forgotten. */
	{ "IPv6, encoded, longer", "https://[::1]/?", '"', "", 15 + 21841,
	    "once percent-encoded" },
	{ "port, encoded, longer", "http://h:1/?", '"', "", 12 + 21842,
	    "once percent-encoded" },
	{ "fragment, encoded, longer", "https://h/#", '\xff', "",
	    URL_MAX_LEN, "once percent-encoded" },
	{ "long host", "https://", 'a', "/", URL_MAX_LEN, "too long" },
	{ "long port", "https://h:", '0', "/", 60000, "1 to 65535" },
	{ "long scheme", "", 'a', "://h/", 60000, "scheme \"aaa" },
	{ "longest host", "https://" L250, 'a', "/", 8 + 253 + 1, NULL },
	{ "longest host, dot", "https://" L250, 'a', "./", 8 + 253 + 2, NULL },
	{ "longest label", "https://", 'a', ".b", 8 + 63 + 2, NULL },
	{ "longer label", "https://", 'a', ".b", 8 + 64 + 2, "63 bytes" },
};

static char *
limit_input(const struct limit_test *t)
{
	size_t suffix_len = strlen(t->suffix);
	char *in = malloc(t->len);

	assert_non_null(in);
	memset(in, t->fill, t->len);
	memcpy(in, t->prefix, strlen(t->prefix));
	memcpy(in + t->len - suffix_len, t->suffix, suffix_len);
	return in;
}

static void
test_limits(void **state)
{
	const struct limit_test *t;
	struct error err = { 0 };
	struct url u;
	char *in;
	size_t i;
	int rv;

	(void)state;
	for (i = 0; i < COUNT(limit_tests); i++) {
		t = &limit_tests[i];
		in = limit_input(t);
		rv = url_parse(&u, in, t->len, &err);
		free(in);
		if (t->want != NULL)
			check_failure("limit_tests", t->label, rv, &u, &err,
			    t->want);
		else if (rv == -1)
			fail_msg("limit_tests/%s: got error \"%s\", want "
			    "success", t->label, err.message);
		url_clear(&u);
	}
}

/* RFC 3986 section 5.4, http for its scheme "http" too. */
static const struct join_test {
	const char	*label;
	const char	*base;
	struct span	 ref;
	const char	*want;	/* the URL; or a piece of the message */
} join_tests[] = {
#define RFC	"http://a/b/c/d;p?q"
	/* Section 5.4.1, normal examples ("g:h" is in bad_join_tests). */
	{ "g", RFC, S("g"), "http://a/b/c/g" },
	{ "./g", RFC, S("./g"), "http://a/b/c/g" },
	{ "g/", RFC, S("g/"), "http://a/b/c/g/" },
	{ "/g", RFC, S("/g"), "http://a/g" },
	{ "//g", RFC, S("//g"), "http://g/" },
	{ "?y", RFC, S("?y"), "http://a/b/c/d;p?y" },
	{ "g?y", RFC, S("g?y"), "http://a/b/c/g?y" },
	{ "#s", RFC, S("#s"), "http://a/b/c/d;p?q#s" },
	{ "g#s", RFC, S("g#s"), "http://a/b/c/g#s" },
	{ "g?y#s", RFC, S("g?y#s"), "http://a/b/c/g?y#s" },
	{ ";x", RFC, S(";x"), "http://a/b/c/;x" },
	{ "g;x", RFC, S("g;x"), "http://a/b/c/g;x" },
	{ "g;x?y#s", RFC, S("g;x?y#s"), "http://a/b/c/g;x?y#s" },
	{ "empty", RFC, S(""), "http://a/b/c/d;p?q" },
	{ ".", RFC, S("."), "http://a/b/c/" },
	{ "./", RFC, S("./"), "http://a/b/c/" },
	{ "..", RFC, S(".."), "http://a/b/" },
	{ "../", RFC, S("../"), "http://a/b/" },
	{ "../g", RFC, S("../g"), "http://a/b/g" },
	{ "../..", RFC, S("../.."), "http://a/" },
	{ "../../", RFC, S("../../"), "http://a/" },
	{ "../../g", RFC, S("../../g"), "http://a/g" },
	/* Section 5.4.2, abnormal examples ("http:g" likewise). */
	{ "../../../g", RFC, S("../../../g"), "http://a/g" },
	{ "../../../../g", RFC, S("../../../../g"), "http://a/g" },
	{ "/./g", RFC, S("/./g"), "http://a/g" },
	{ "/../g", RFC, S("/../g"), "http://a/g" },
	{ "g.", RFC, S("g."), "http://a/b/c/g." },
	{ ".g", RFC, S(".g"), "http://a/b/c/.g" },
	{ "g..", RFC, S("g.."), "http://a/b/c/g.." },
	{ "..g", RFC, S("..g"), "http://a/b/c/..g" },
	{ "./../g", RFC, S("./../g"), "http://a/b/g" },
	{ "./g/.", RFC, S("./g/."), "http://a/b/c/g/" },
	{ "g/./h", RFC, S("g/./h"), "http://a/b/c/g/h" },
	{ "g/../h", RFC, S("g/../h"), "http://a/b/c/h" },
	{ "g;x=1/./y", RFC, S("g;x=1/./y"), "http://a/b/c/g;x=1/y" },
	{ "g;x=1/../y", RFC, S("g;x=1/../y"), "http://a/b/c/y" },
	{ "g?y/./x", RFC, S("g?y/./x"), "http://a/b/c/g?y/./x" },
	{ "g?y/../x", RFC, S("g?y/../x"), "http://a/b/c/g?y/../x" },
	{ "g#s/./x", RFC, S("g#s/./x"), "http://a/b/c/g#s/./x" },
	{ "g#s/../x", RFC, S("g#s/../x"), "http://a/b/c/g#s/../x" },
	/* Ours. */
	{ "absolute", RFC, S("HTTPS://H:1/x"), "https://h:1/x" },
	{ "other scheme with //", "https://h/a", S("http://h/b"),
	    "http://h/b" },
	{ "base's port", "https://h:1/a", S("b"), "https://h:1/b" },
	{ "base's port not with //", "https://h:1/a", S("//g/b"),
	    "https://g/b" },
	{ "base IPv6", "https://[::1]:1/a", S("/b"), "https://[::1]:1/b" },
	{ "base without path", "https://h", S("b"), "https://h/b" },
	{ "base's userinfo", "https://u:p@h/a", S("b"), "https://h/b" },
	{ "base's fragment", "https://h/a#b", S(""), "https://h/a" },
	{ "base's query not with ?", "https://h/a?b", S("?"), "https://h/a?" },
	{ "base's empty query", "https://h/a?", S("#c"), "https://h/a?#c" },
	{ "encoded once", "https://h/a b/%25?c d", S("#e"),
	    "https://h/a%20b/%25?c%20d#e" },
	{ "colon, no scheme", "https://h/a", S("1:2"), "https://h/1:2" },
	{ "colon in a later segment", "https://h/a", S("./b:c"),
	    "https://h/b:c" },
	{ "URL in query", "https://h/a", S("?u=http://g/"),
	    "https://h/a?u=http://g/" },
	{ "space and UTF-8", "https://h/a", S("b c\xc3\xbc"),
	    "https://h/b%20c%C3%BC" },
	{ "backslashes are no slashes", "https://h/a", S("\\\\evil/"),
	    "https://h/%5C%5Cevil/" },
	{ "nor after one", "https://h/a", S("/\\evil/"),
	    "https://h/%5Cevil/" },
	{ "three slashes of a path", "https://h//x", S("?y"),
	    "https://h//x?y" },
}, bad_join_tests[] = {
	{ "g:h", RFC, S("g:h"), "begin with https://" },
	{ "http:g", RFC, S("http:g"), "no //" },
	{ "another scheme", RFC, S("ftp://h/"), "scheme \"ftp\"" },
	{ "javascript", RFC, S("javascript:alert(1)"), "begin with https://" },
	{ "file", RFC, S("file:///etc/passwd"), "scheme \"file\"" },
	{ "host and port", RFC, S("localhost:80/"), "begin with https://" },
	{ "// without host", RFC, S("//"), "no host" },
	{ "///", RFC, S("///g"), "no host" },
	{ "bad port", RFC, S("//g:0/"), "port" },
	{ "backslash in authority", RFC, S("//good\\@evil/"), "backslash" },
	{ "backslash after scheme", RFC, S("http:\\\\evil/"), "backslash" },
	{ "space before", RFC, S(" g"), "white space" },
	{ "space before scheme", RFC, S(" http://g/"), "white space" },
	{ "space behind", RFC, S("g "), "white space" },
	{ "CR LF", RFC, S("g\r\nx: y"), "control character" },
	{ "NUL", RFC, S("g\0h"), "control character" },
	{ "NUL in scheme", RFC, S("g\0:h"), "control character" },
	{ "NUL alone", RFC, S("\0"), "control character" },
	{ "userinfo unquoted", RFC, S("//u:s3cret@h:x/"), "port" },
#undef RFC
};

static int
join(struct url *u, const struct join_test *t, struct error *err)
{
	struct url base;
	char *ref;
	int rv;

	parse_ok(&base, (struct span){ t->base, strlen(t->base) },
	    "join_tests, base", t->label);
	ref = exact_copy(t->ref);
	rv = url_join(u, &base, ref, t->ref.len, err);
	free(ref);
	url_clear(&base);
	return rv;
}

static void
test_join(void **state)
{
	const struct join_test *t;
	struct error err = { 0 };
	struct url u;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(join_tests); i++) {
		t = &join_tests[i];
		if (join(&u, t, &err) == -1)
			fail_msg("join_tests/%s: got error \"%s\", want %s",
			    t->label, err.message, t->want);
		check_format("join_tests", t->label, &u, t->want);
		if (u.user.data != NULL || u.password.data != NULL)
			fail_msg("join_tests/%s: got userinfo, want none",
			    t->label);
		url_clear(&u);
	}
}

static void
test_bad_join(void **state)
{
	const struct join_test *t;
	struct error err = { 0 };
	struct url u;
	size_t i;
	int rv;

	(void)state;
	for (i = 0; i < COUNT(bad_join_tests); i++) {
		t = &bad_join_tests[i];
		rv = join(&u, t, &err);
		check_failure("bad_join_tests", t->label, rv, &u, &err,
		    t->want);
	}
}

/* A reference's own userinfo is the new URL's. */
static void
test_join_keeps_own_userinfo(void **state)
{
	static const struct join_test t = { "own", "https://a:b@h/",
	    S("//u:p@g/"), NULL };
	struct error err = { 0 };
	struct url u;

	(void)state;
	assert_int_equal(join(&u, &t, &err), 0);
	assert_string_equal(u.user.data, "u");
	assert_string_equal(u.password.data, "p");
	url_clear(&u);
}

static void
test_join_limits(void **state)
{
	static char ref[URL_MAX_LEN + 1];
	struct error err = { 0 };
	struct url base, u;
	int rv;

	(void)state;
	memset(ref, 'a', sizeof(ref));
	parse_ok(&base, (struct span)S("https://h/"), "join_limits", "base");
	rv = url_join(&u, &base, ref, URL_MAX_LEN - 10, &err);
	assert_int_equal(rv, 0);
	url_clear(&u);
	rv = url_join(&u, &base, ref, URL_MAX_LEN - 9, &err);
	check_failure("join_limits", "with base", rv, &u, &err, "longer than");
	rv = url_join(&u, &base, ref, URL_MAX_LEN + 1, &err);
	check_failure("join_limits", "alone", rv, &u, &err, "longer than");
	url_clear(&base);
}

static const struct kind_test {
	struct span		in;
	enum url_host_type	want;
} kind_tests[] = {
	{ S("127.0.0.1"), URL_IPV4 },
	{ S("255.255.255.255"), URL_IPV4 },
	{ S("::1"), URL_IPV6 },
	{ S("::"), URL_IPV6 },
	{ S("2001:db8::1"), URL_IPV6 },
	{ S("1111:2222:3333:4444:5555:6666:123.123.123.123"), URL_IPV6 },
	{ S("example.org"), URL_NAME },
	{ S(""), URL_NAME },
	{ S("127.1"), URL_NAME },
	{ S("127.0.0.1."), URL_NAME },
	{ S("127.0.0.1\0"), URL_NAME },
	{ S("127.0.0.1\0.evil"), URL_NAME },
	{ S(" 127.0.0.1"), URL_NAME },
	{ S("127.0.0.256"), URL_NAME },
	{ S("[::1]"), URL_NAME },
	{ S("::1\0"), URL_NAME },
	{ S("fe80::1%eth0"), URL_NAME },
	{ S("1:2:3:4:5:6:7:8:9"), URL_NAME },
	{ S("1111:2222:3333:4444:5555:6666:123.123.123.1234"), URL_NAME },
	{ S(L250), URL_NAME },
};

static void
test_host_kind(void **state)
{
	enum url_host_type got;
	char *copy;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(kind_tests); i++) {
		copy = exact_copy(kind_tests[i].in);
		got = url_host_kind(copy, kind_tests[i].in.len);
		free(copy);
		if (got != kind_tests[i].want)
			fail_msg("kind_tests/%s: got %d, want %d",
			    kind_tests[i].in.data, got, kind_tests[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_every_control_character_everywhere),
		cmocka_unit_test(test_international),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_target_is_visible_ascii),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_bad_join),
		cmocka_unit_test(test_join_keeps_own_userinfo),
		cmocka_unit_test(test_join_limits),
		cmocka_unit_test(test_host_kind),
	};

	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
