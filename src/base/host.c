#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/ascii.h"
#include "base/host.h"
#include "base/idn.h"

#define LABEL_MAX	63		/* bytes: RFC 1035 section 2.3.4 */
#define UTF8_MAX	(4 * HOST_MAX)	/* bytes, decoded */

static int
fail(struct error *err, const char *what)
{
	return error_setx(err, ERR_USAGE, "url", "the URL's host %s", what);
}

/* Writes at most UTF8_MAX bytes and a NUL, in lower case. */
static int
decode(char *out, struct span in, struct error *err)
{
	size_t i, n = 0;
	int c;

	for (i = 0; i < in.len; i++) {
		c = ascii_percent(in.data + i, in.len - i);
		if (c == -1 && in.data[i] == '%')
			return fail(err,
			    "has a % without two hexadecimal digits");
		if (n == UTF8_MAX)
			return fail(err, "is too long");
		out[n] = ascii_lower(c == -1 ? in.data[i] : (char)c);
		if (ascii_is_control(out[n++]))
			return fail(err, "has a control character");
		i += c == -1 ? 0 : 2;
	}
	out[n] = '\0';
	return 0;
}

static bool
is_ascii(const char *s)
{
	while (*s != '\0' && (unsigned char)*s < 0x80)
		s++;
	return *s == '\0';
}

static int
check_chars(const char *host, struct error *err)
{
	for (; *host != '\0'; host++)
		if (!ascii_is_alpha(*host) && !ascii_is_digit(*host) &&
		    strchr("-_.", *host) == NULL)
			return error_setx(err, ERR_USAGE, "url",
			    "the URL's host has '%c', as no host name may",
			    *host);
	return 0;
}

/* RFC 1035 section 2.3.4; one trailing dot does not count. */
static int
check_labels(const char *host, struct error *err)
{
	size_t i, start = 0, len = strlen(host);

	if (len > 0 && host[len - 1] == '.')
		len--;
	if (len > HOST_MAX)
		return fail(err, "is longer than 253 bytes");
	for (i = 0; i <= len; i++) {
		if (i < len && host[i] != '.')
			continue;
		if (i == start)
			return fail(err, "has an empty label");
		if (i - start > LABEL_MAX)
			return fail(err, "has a label longer than 63 bytes");
		start = i + 1;
	}
	return 0;
}

/* Whether inet_aton, and so getaddrinfo, may take host for an address. */
static bool
ends_in_number(const char *host)
{
	size_t i, len = strlen(host);

	if (host[len - 1] == '.')
		len--;
	for (i = len; i > 0 && host[i - 1] != '.';)
		i--;
	if (len - i >= 2 && host[i] == '0' && host[i + 1] == 'x') {
		for (i += 2; i < len && ascii_hex(host[i]) != -1;)
			i++;
		return i == len;
	}
	while (i < len && ascii_is_digit(host[i]))
		i++;
	return i == len;
}

int
host_from_name(char out[HOST_SIZE], struct span in, struct error *err)
{
	char utf8[UTF8_MAX + 1];
	struct in_addr addr;
	size_t len;

	if (decode(utf8, in, err) == -1)
		return -1;
	len = strlen(utf8);
	if (!is_ascii(utf8)) {
		if (idn_to_ascii(utf8, out, HOST_SIZE, err) == -1)
			return -1;
	} else if (len < HOST_SIZE)
		memcpy(out, utf8, len + 1);
	else
		return fail(err, "is longer than 253 bytes");
	/* Now, since full-width characters map to ASCII ones. */
	if (check_chars(out, err) == -1 || check_labels(out, err) == -1)
		return -1;
	if (ends_in_number(out) && inet_pton(AF_INET, out, &addr) != 1)
		return fail(err, "ends in a number and is no IPv4 address of "
		    "four decimal parts");
	return 0;
}

int
host_from_ipv6(char out[HOST_SIZE], struct span in, struct error *err)
{
	struct in6_addr addr;

	if (memchr(in.data, '%', in.len) != NULL)
		return fail(err, "is an IPv6 address with a zone, which is "
		    "not supported");
	if (in.len >= INET6_ADDRSTRLEN)
		return fail(err, "is no IPv6 address");
	memcpy(out, in.data, in.len);
	out[in.len] = '\0';
	if (inet_pton(AF_INET6, out, &addr) != 1)
		return fail(err, "is no IPv6 address");
	inet_ntop(AF_INET6, &addr, out, HOST_SIZE);
	return 0;
}
