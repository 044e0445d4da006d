/* tls/name: RFC 9525, one row for each way to be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tls/name.h"

#define PATTERN(s)	s, sizeof(s) - 1	/* may hold a NUL */

static const struct dns_test {
	const char	*label;
	const char	*pattern;
	size_t		 len;
	const char	*host;
	bool		 want;
} dns_tests[] = {
	{ "equal", PATTERN("www.example.org"), "www.example.org", true },
	{ "one label", PATTERN("localhost"), "localhost", true },
	{ "case of the host", PATTERN("www.example.org"),
	    "WWW.Example.ORG", true },
	{ "case of the pattern", PATTERN("LOCALHOST"), "localhost", true },
	{ "trailing dot of the host", PATTERN("example.org"),
	    "example.org.", true },
	{ "punycode", PATTERN("xn--bcher-kva.example"),
	    "xn--bcher-kva.example", true },
	{ "underscore", PATTERN("foo_bar.example"), "foo_bar.example", true },
	{ "digits within", PATTERN("1.2.example"), "1.2.example", true },
	{ "digits and letters last", PATTERN("a.2b"), "a.2b", true },

	{ "another name", PATTERN("example.org"), "example.com", false },
	{ "the host is longer", PATTERN("example.org"),
	    "www.example.org", false },
	{ "the host is shorter", PATTERN("www.example.org"),
	    "example.org", false },
	{ "a common tail", PATTERN("example.org"), "badexample.org", false },
	{ "a common head", PATTERN("example.org"), "example.org.evil", false },
	{ "a letter is no bit pattern", PATTERN("[.example"),
	    "{.example", false },
	{ "_ is not DEL", PATTERN("a_.example"), "a\x7f.example", false },

	/* RFC 9525 section 6.3 */
	{ "wildcard", PATTERN("*.example.org"), "www.example.org", true },
	{ "wildcard, case", PATTERN("*.Example.ORG"), "WWW.example.org", true },
	{ "wildcard, punycode", PATTERN("*.example.org"),
	    "xn--bcher-kva.example.org", true },
	{ "wildcard, underscore", PATTERN("*.example.org"),
	    "foo_bar.example.org", true },
	{ "wildcard, trailing dot of the host", PATTERN("*.example.org"),
	    "www.example.org.", true },
	{ "wildcard deeper", PATTERN("*.a.example.org"),
	    "b.a.example.org", true },
	{ "wildcard for two labels", PATTERN("*.example.org"),
	    "a.b.example.org", false },
	{ "wildcard for none", PATTERN("*.example.org"),
	    "example.org", false },
	{ "wildcard for an empty label", PATTERN("*.example.org"),
	    ".example.org", false },
	{ "wildcard, another name", PATTERN("*.example.org"),
	    "www.example.com", false },
	{ "wildcard, no dot before", PATTERN("*.example.org"),
	    "wwwexample.org", false },
	{ "wildcard before one label", PATTERN("*.org"),
	    "example.org", false },
	{ "wildcard alone", PATTERN("*"), "localhost", false },
	{ "wildcard and a dot", PATTERN("*."), "localhost", false },
	{ "two wildcards", PATTERN("*.*.org"), "www.example.org", false },
	{ "part of a label, end", PATTERN("w*.example.org"),
	    "www.example.org", false },
	{ "part of a label, start", PATTERN("*w.example.org"),
	    "www.example.org", false },
	{ "double star", PATTERN("**.example.org"),
	    "www.example.org", false },
	{ "wildcard in the middle", PATTERN("www.*.org"),
	    "www.example.org", false },
	{ "wildcard at the end", PATTERN("www.example.*"),
	    "www.example.org", false },
	{ "the host is a wildcard", PATTERN("*.example.org"),
	    "*.example.org", false },
	{ "both are part of a label", PATTERN("w*.example.org"),
	    "w*.example.org", false },
	{ "wildcard, empty label after", PATTERN("*..org"),
	    "www..org", false },
	{ "wildcard, trailing dot", PATTERN("*.example.org."),
	    "www.example.org.", false },

	{ "empty pattern", PATTERN(""), "example.org", false },
	{ "both empty", PATTERN(""), "", false },
	{ "a dot each", PATTERN("."), ".", false },
	{ "empty host", PATTERN("example.org"), "", false },
	{ "two trailing dots", PATTERN("example.org"), "example.org..", false },
	{ "trailing dot of the pattern", PATTERN("example.org."),
	    "example.org", false },
	{ "trailing dot of both", PATTERN("example.org."),
	    "example.org.", false },
	{ "leading dot", PATTERN(".example.org"), ".example.org", false },
	{ "leading dot for a subdomain", PATTERN(".example.org"),
	    "www.example.org", false },
	{ "empty label", PATTERN("a..org"), "a..org", false },
	/* The hole of 2009: C strings end where certificates go on. */
	{ "NUL", PATTERN("example.org\0.evil.example"),
	    "example.org", false },
	{ "NUL at the end", PATTERN("example.org\0"), "example.org", false },
	{ "NUL in a wildcard's", PATTERN("*.example.org\0.evil"),
	    "www.example.org", false },
	{ "NUL at the start", PATTERN("\0example.org"), "", false },
	{ "UTF-8", PATTERN("b\xc3\xbc" "cher.example"),
	    "b\xc3\xbc" "cher.example", false },
	{ "space", PATTERN("local host"), "local host", false },
	{ "URL", PATTERN("https://example.org"), "https://example.org", false },

	/* RFC 9525 section 6.5: an address is only ever an iPAddress. */
	{ "IPv4", PATTERN("127.0.0.1"), "127.0.0.1", false },
	{ "IPv4, trailing dot", PATTERN("127.0.0.1"), "127.0.0.1.", false },
	{ "IPv4, short", PATTERN("127.1"), "127.1", false },
	{ "IPv4, wildcard", PATTERN("*.0.0.1"), "127.0.0.1", false },
	{ "a number", PATTERN("2130706433"), "2130706433", false },
	{ "IPv6", PATTERN("::1"), "::1", false },
};

static const struct ip_test {
	const char	*label;
	const char	*address;
	size_t		 len;
	const char	*host;
	bool		 want;
} ip_tests[] = {
	{ "IPv4", PATTERN("\x7f\0\0\x01"), "127.0.0.1", true },
	{ "IPv6", PATTERN("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"), "::1", true },
	{ "IPv6, long form", PATTERN("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"),
	    "0:0:0:0:0:0:0:1", true },
	{ "IPv6, case", PATTERN("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\xab"),
	    "2001:DB8::AB", true },
	{ "another IPv4", PATTERN("\x7f\0\0\x02"), "127.0.0.1", false },
	{ "another IPv6", PATTERN("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02"),
	    "::1", false },
	{ "IPv4-mapped is not IPv4", PATTERN("\x7f\0\0\x01"),
	    "::ffff:127.0.0.1", false },
	{ "IPv4 is not IPv4-mapped",
	    PATTERN("\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\x01"),
	    "127.0.0.1", false },
	{ "brackets", PATTERN("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"),
	    "[::1]", false },
	{ "short IPv4", PATTERN("\x7f\0\0\x01"), "127.1", false },
	{ "trailing dot", PATTERN("\x7f\0\0\x01"), "127.0.0.1.", false },
	{ "octal", PATTERN("\x7f\0\0\x01"), "0177.0.0.1", false },
	{ "zone", PATTERN("\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"),
	    "fe80::1%lo", false },
	{ "a name", PATTERN("\x7f\0\0\x01"), "localhost", false },
	{ "empty host", PATTERN("\0\0\0\0"), "", false },
	{ "no bytes", PATTERN(""), "127.0.0.1", false },
	{ "3 bytes", PATTERN("\x7f\0\0"), "127.0.0.1", false },
	{ "5 bytes", PATTERN("\x7f\0\0\x01\0"), "127.0.0.1", false },
	/* A network and its mask, as in a name constraint. */
	{ "8 bytes", PATTERN("\x7f\0\0\x01\xff\xff\xff\xff"),
	    "127.0.0.1", false },
	{ "15 bytes", PATTERN("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "::", false },
	{ "17 bytes", PATTERN("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	    "::", false },
	{ "digits", PATTERN("127.0.0.1"), "127.0.0.1", false },
};

static const struct {
	const char	*host;
	bool		 want;
} is_ip_tests[] = {
	{ "127.0.0.1", true }, { "0.0.0.0", true }, { "::", true },
	{ "::ffff:1.2.3.4", true }, { "2001:db8::1", true },
	{ "", false }, { "localhost", false }, { "127.1", false },
	{ "[::1]", false }, { "1.2.3.4.", false }, { "1.2.3.256", false },
	{ "fe80::1%lo", false }, { " 1.2.3.4", false }, { "1:2", false },
};

/* The exact bytes and not one more, so that ASan sees what is read. */
static void *
exact(const char *s, size_t len)
{
	char *copy = malloc(len);

	if (len > 0) {
		assert_non_null(copy);
		memcpy(copy, s, len);
	}
	return copy;
}

static void
test_dns(void **state)
{
	const struct dns_test *t;
	size_t i, bad = 0;
	char *p;
	bool got;

	(void)state;
	for (i = 0; i < sizeof(dns_tests) / sizeof(dns_tests[0]); i++) {
		t = &dns_tests[i];
		p = exact(t->pattern, t->len);
		got = name_matches_dns(p, t->len, t->host);
		free(p);
		if (got != t->want) {
			print_error("dns/%s: got %d, want %d\n", t->label,
			    got, t->want);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

static void
test_ip(void **state)
{
	const struct ip_test *t;
	size_t i, bad = 0;
	unsigned char *p;
	bool got;

	(void)state;
	for (i = 0; i < sizeof(ip_tests) / sizeof(ip_tests[0]); i++) {
		t = &ip_tests[i];
		p = exact(t->address, t->len);
		got = name_matches_ip(p, t->len, t->host);
		free(p);
		if (got != t->want) {
			print_error("ip/%s: got %d, want %d\n", t->label,
			    got, t->want);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

static void
test_is_ip(void **state)
{
	size_t i, bad = 0;
	bool got;

	(void)state;
	for (i = 0; i < sizeof(is_ip_tests) / sizeof(is_ip_tests[0]); i++) {
		got = name_is_ip(is_ip_tests[i].host);
		if (got != is_ip_tests[i].want) {
			print_error("is_ip/%s: got %d, want %d\n",
			    is_ip_tests[i].host, got, is_ip_tests[i].want);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

/* A name of a length that no DNS message holds is refused, not read. */
static void
test_long(void **state)
{
	size_t len = 100000, i;
	char *host = malloc(len + 1);

	(void)state;
	assert_non_null(host);
	for (i = 0; i < len; i++)
		host[i] = i % 10 == 9 && i < len - 1 ? '.' : 'a';
	host[len] = '\0';
	assert_false(name_matches_dns(host, len, host));
	host[250] = '\0';
	host[249] = 'a';
	assert_true(name_matches_dns(host, 250, host));
	free(host);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dns),
		cmocka_unit_test(test_ip),
		cmocka_unit_test(test_is_ip),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
