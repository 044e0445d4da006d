#include <arpa/inet.h>
#include <string.h>

#include "socks.h"

enum {
	VERSION = 5,
	AUTH_VERSION = 1,	/* RFC 1929 */
	CONNECT = 1,
	METHOD_NONE = 0,
	METHOD_PASSWORD = 2,
	METHOD_REFUSED = 0xff,
	TYPE_IPV4 = 1,
	TYPE_NAME = 3,
	TYPE_IPV6 = 4,
	PORT_LEN = 2
};

static int
add_bytes(struct buf *out, const void *bytes, size_t len, struct error *err)
{
	return buf_add(out, bytes, len) == -1 ? error_nomem(err) : 0;
}

/* A length in one byte, and so many bytes. */
static int
add_field(struct buf *out, const char *s, struct error *err)
{
	size_t len = strlen(s);
	unsigned char n = (unsigned char)len;

	if (add_bytes(out, &n, 1, err) == -1)
		return -1;
	return add_bytes(out, s, len, err);
}

static int
check_len(const char *what, const char *s, struct error *err)
{
	if (s == NULL || strlen(s) <= SOCKS_FIELD_MAX)
		return 0;
	return error_setx(err, ERR_USAGE, "value", "%s is longer than the %d "
	    "bytes that SOCKS has room for", what, SOCKS_FIELD_MAX);
}

int
socks_start(struct socks *s, struct buf *out, struct error *err)
{
	static const unsigned char without[] = { VERSION, 1, METHOD_NONE };
	static const unsigned char with[] = { VERSION, 2, METHOD_NONE,
	    METHOD_PASSWORD };

	if (check_len("the host", s->host, err) == -1 ||
	    check_len("the proxy's user", s->user, err) == -1 ||
	    check_len("the proxy's password", s->password, err) == -1)
		return -1;
	return s->user == NULL ? add_bytes(out, without, sizeof(without), err) :
	    add_bytes(out, with, sizeof(with), err);
}

/* RFC 1929 section 2. */
static int
send_password(struct socks *s, struct buf *out, struct error *err)
{
	static const unsigned char version = AUTH_VERSION;

	s->state = SOCKS_AUTH;
	if (add_bytes(out, &version, 1, err) == -1 ||
	    add_field(out, s->user, err) == -1)
		return -1;
	return add_field(out, s->password, err);
}

static int
add_host(const struct socks *s, struct buf *out, struct error *err)
{
	unsigned char type = TYPE_NAME, address[sizeof(struct in6_addr)];
	size_t len = 0;

	if (inet_pton(AF_INET, s->host, address) == 1) {
		type = TYPE_IPV4;
		len = sizeof(struct in_addr);
	} else if (inet_pton(AF_INET6, s->host, address) == 1) {
		type = TYPE_IPV6;
		len = sizeof(struct in6_addr);
	}
	if (add_bytes(out, &type, 1, err) == -1)
		return -1;
	return type == TYPE_NAME ? add_field(out, s->host, err) :
	    add_bytes(out, address, len, err);
}

/* RFC 1928 section 4. */
static int
send_request(struct socks *s, struct buf *out, struct error *err)
{
	static const unsigned char begin[] = { VERSION, CONNECT, 0 };
	unsigned char port[PORT_LEN] = { (unsigned char)(s->port >> 8),
	    (unsigned char)s->port };

	s->state = SOCKS_REPLY;
	if (add_bytes(out, begin, sizeof(begin), err) == -1 ||
	    add_host(s, out, err) == -1)
		return -1;
	return add_bytes(out, port, sizeof(port), err);
}

static int
check_version(const struct socks *s, struct error *err)
{
	if (s->in[0] == VERSION)
		return 0;
	return error_setx(err, ERR_PROXY, "protocol",
	    "its answer is not of SOCKS5: it begins with byte 0x%02x",
	    s->in[0]);
}

/* RFC 1928 section 3. */
static int
on_method(struct socks *s, struct buf *out, struct error *err)
{
	if (check_version(s, err) == -1)
		return -1;
	if (s->in[1] == METHOD_NONE)
		return send_request(s, out, err);
	if (s->in[1] == METHOD_PASSWORD && s->user != NULL)
		return send_password(s, out, err);
	if (s->in[1] == METHOD_REFUSED)
		return error_setx(err, ERR_PROXY, "auth", s->user == NULL ?
		    "it wants authentication" :
		    "it takes neither user and password nor nobody");
	return error_setx(err, ERR_PROXY, "protocol",
	    "it chose a way to authenticate that was not offered (0x%02x)",
	    s->in[1]);
}

/* What version it says servers do not agree on, and nobody looks. */
static int
on_auth(struct socks *s, struct buf *out, struct error *err)
{
	if (s->in[1] != 0)
		return error_setx(err, ERR_PROXY, "auth",
		    "it refused user and password (status 0x%02x)", s->in[1]);
	return send_request(s, out, err);
}

/* RFC 1928 section 6. */
static int
refuse(unsigned char reply, struct error *err)
{
	static const char *const words[] = {
		[1] = "general failure",
		[2] = "connection not allowed by its rules",
		[3] = "network unreachable",
		[4] = "host unreachable",
		[5] = "connection refused",
		[6] = "TTL expired",
		[7] = "command not supported",
		[8] = "address type not supported",
	};
	const char *why = reply < sizeof(words) / sizeof(words[0]) ?
	    words[reply] : "unassigned";

	return error_setx(err, ERR_PROXY, reply == 2 ? "refused" : "other",
	    "it did not connect: %s (SOCKS reply 0x%02x)", why, reply);
}

static int
on_reply(struct socks *s, struct error *err)
{
	switch (s->in[3]) {
	case TYPE_IPV4:
		s->skip = sizeof(struct in_addr) + PORT_LEN;
		break;
	case TYPE_IPV6:
		s->skip = sizeof(struct in6_addr) + PORT_LEN;
		break;
	case TYPE_NAME:
		s->skip = s->in[4] + (size_t)PORT_LEN;
		break;
	default:
		return error_setx(err, ERR_PROXY, "protocol",
		    "its answer has an unknown type of address (0x%02x)",
		    s->in[3]);
	}
	/* One byte of what follows the type has been taken with it. */
	if (s->in[3] != TYPE_NAME)
		s->skip--;
	s->state = SOCKS_BOUND;
	return 0;
}

/*
 * How many bytes the message at hand has, as far as can be told: some servers
 * close right behind the code of a refusal.
 */
static size_t
needed(const struct socks *s)
{
	if (s->state != SOCKS_REPLY)
		return 2;
	return s->in_len >= 2 && (s->in[0] != VERSION || s->in[1] != 0) ? 2 :
	    sizeof(s->in);
}

static int
on_message(struct socks *s, struct buf *out, struct error *err)
{
	s->in_len = 0;
	switch (s->state) {
	case SOCKS_METHOD:
		return on_method(s, out, err);
	case SOCKS_AUTH:
		return on_auth(s, out, err);
	default:
		if (check_version(s, err) == -1)
			return -1;
		return s->in[1] != 0 ? refuse(s->in[1], err) :
		    on_reply(s, err);
	}
}

static size_t
skip(struct socks *s, size_t len)
{
	size_t n = len < s->skip ? len : s->skip;

	s->skip -= n;
	if (s->skip == 0)
		s->state = SOCKS_OPEN;
	return n;
}

enum want
socks_next(struct socks *s, struct span in, size_t *used, struct buf *out,
    struct error *err)
{
	for (*used = 0; s->state != SOCKS_OPEN && *used < in.len;) {
		if (s->state == SOCKS_BOUND) {
			*used += skip(s, in.len - *used);
			continue;
		}
		s->in[s->in_len++] = (unsigned char)in.data[(*used)++];
		if (s->in_len >= needed(s) && on_message(s, out, err) == -1)
			return WANT_FAILED;
	}
	return s->state == SOCKS_OPEN ? WANT_NOTHING : WANT_READ;
}
