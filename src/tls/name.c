#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "tls/name.h"

#define TEXT_MAX	1024	/* bytes; longer is no name that DNS can hold */

static bool
is_label_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* One or more labels of letters, digits, "-" and "_", dots between them. */
static bool
is_dns_name(const char *s, size_t len)
{
	size_t i;

	if (len == 0 || len > TEXT_MAX || s[0] == '.' || s[len - 1] == '.')
		return false;
	for (i = 0; i < len; i++)
		if (!is_label_char(s[i]) && (s[i] != '.' || s[i - 1] == '.'))
			return false;
	return true;
}

/*
 * Whether the last label is a number, as in an address (also in "127.1", which
 * resolvers take for one): no top-level domain is (RFC 3696 section 2), and a
 * dNSName is for no address (RFC 9525 section 6.5).
 */
static bool
ends_in_number(const char *s, size_t len)
{
	while (len > 0 && s[len - 1] >= '0' && s[len - 1] <= '9')
		len--;
	return len == 0 || s[len - 1] == '.';
}

/* ASCII only: what a script sets as its locale must not change trust. */
static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t i;

	for (i = 0; i < a_len && i < b_len; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return a_len == b_len;
}

bool
name_matches_dns(const char *pattern, size_t pattern_len, const char *host)
{
	size_t len = strlen(host);
	const char *dot;

	if (len > 0 && host[len - 1] == '.')
		len--;
	if (!is_dns_name(host, len) || ends_in_number(host, len))
		return false;
	if (pattern_len < 2 || memcmp(pattern, "*.", 2) != 0)
		return is_dns_name(pattern, pattern_len) &&
		    same(pattern, pattern_len, host, len);
	pattern += 2;
	pattern_len -= 2;
	if (!is_dns_name(pattern, pattern_len) ||
	    memchr(pattern, '.', pattern_len) == NULL)
		return false;
	dot = memchr(host, '.', len);
	return dot != NULL && same(pattern, pattern_len, dot + 1,
	    len - (size_t)(dot + 1 - host));
}

bool
name_matches_ip(const unsigned char *address, size_t address_len,
    const char *host)
{
	struct in6_addr a;	/* the larger of the two */

	if (address_len == sizeof(struct in_addr))
		return inet_pton(AF_INET, host, &a) == 1 &&
		    memcmp(&a, address, address_len) == 0;
	if (address_len == sizeof(struct in6_addr))
		return inet_pton(AF_INET6, host, &a) == 1 &&
		    memcmp(&a, address, address_len) == 0;
	return false;
}

bool
name_is_ip(const char *host)
{
	struct in6_addr a;

	return inet_pton(AF_INET, host, &a) == 1 ||
	    inet_pton(AF_INET6, host, &a) == 1;
}
