/*
 * Whether a certificate is for a name: RFC 9525, from subjectAltName only.
 * Pure: no I/O, no allocation, no OpenSSL, no Lua.
 */
#ifndef LURL_NAME_H
#define LURL_NAME_H
#include <stdbool.h>
#include <stddef.h>

/*
 * Whether a dNSName matches a host (ASCII, punycode for international names;
 * one trailing dot of host is ignored): label by label without regard to
 * case; "*" stands for exactly one whole left-most label and only where at
 * least two labels follow it (RFC 9525 section 6.3).  A pattern with a NUL, an
 * empty label or a trailing dot matches nothing.
 */
bool	name_matches_dns(const char *pattern, size_t pattern_len,
	    const char *host);

/*
 * Whether an iPAddress of 4 or 16 bytes is the address that host spells
 * (inet_pton; no brackets).
 */
bool	name_matches_ip(const unsigned char *address, size_t address_len,
	    const char *host);

/* Whether host spells an IPv4 or IPv6 address. */
bool	name_is_ip(const char *host);
#endif
