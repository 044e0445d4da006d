#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "base/host.h"
#include "base/url.h"

#define HTTP_PORT	80
#define HTTPS_PORT	443
#define PORT_MAX	65535
#define PARTS_MAX	(HOST_SIZE + 8)	/* host, "/" and a NUL a part */

static int
fail(struct error *err, const char *message)
{
	return error_setx(err, ERR_USAGE, "url", "%s", message);
}

static bool
begins_with(struct span s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.len >= n && memcmp(s.data, prefix, n) == 0;
}

static struct span
drop(struct span s, size_t n)
{
	return (struct span){ s.data + n, s.len - n };
}

static bool
has(struct span s, char c)
{
	return memchr(s.data, c, s.len) != NULL;
}

/* Takes off the front what comes before the first byte of set, or all. */
static struct span
take_until(struct span *s, const char *set)
{
	struct span head = { s->data, 0 };

	while (head.len < s->len && strchr(set, s->data[head.len]) == NULL)
		head.len++;
	*s = drop(*s, head.len);
	return head;
}

/* The n bytes just written behind u's text become a part of it. */
static struct span
keep(struct url *u, size_t n)
{
	char *part = u->text.data + u->text.len;

	part[n] = '\0';
	buf_added(&u->text, n + 1);
	return (struct span){ part, n };
}

/* No space or control character is harmless: they end lines and fields. */
static int
check_bytes(struct span s, struct error *err)
{
	static const char space[] = " \t\n\v\f\r";
	size_t i;

	if (s.len > URL_MAX_LEN)
		return error_setx(err, ERR_USAGE, "url",
		    "the URL is longer than %d bytes", URL_MAX_LEN);
	if (s.len == 0)
		return 0;
	if (memchr(space, s.data[0], sizeof(space) - 1) != NULL ||
	    memchr(space, s.data[s.len - 1], sizeof(space) - 1) != NULL)
		return fail(err, "there is white space around the URL");
	for (i = 0; i < s.len; i++)
		if (ascii_is_control(s.data[i]))
			return error_setx(err, ERR_USAGE, "url",
			    "the URL has a control character (0x%02x) at "
			    "byte %zu", (unsigned)s.data[i], i + 1);
	return 0;
}

/* The length of the scheme before the first ":"; 0 where there is none. */
static size_t
scheme_len(struct span s)
{
	size_t n = 0;

	while (n < s.len && (ascii_is_alpha(s.data[n]) || (n > 0 &&
	    (ascii_is_digit(s.data[n]) || strchr("+-.", s.data[n]) != NULL))))
		n++;
	return n < s.len && s.data[n] == ':' ? n : 0;
}

static int
take_scheme(struct url *u, struct span *rest, struct error *err)
{
	struct span scheme = { rest->data, scheme_len(*rest) };
	struct span after = drop(*rest, scheme.len);

	u->https = scheme.len == 5 && strncasecmp(scheme.data, "https", 5) == 0;
	if (u->https ||
	    (scheme.len == 4 && strncasecmp(scheme.data, "http", 4) == 0)) {
		*rest = drop(after, 1);
		return 0;
	}
	/* "user:secret@host" has a scheme, too: quote it only when sure. */
	if (scheme.len > 0 && begins_with(after, "://"))
		return error_setx(err, ERR_USAGE, "url",
		    "the URL's scheme \"%.*s\" is not supported",
		    scheme.len > 32 ? 32 : (int)scheme.len, scheme.data);
	return fail(err, "the URL does not begin with https:// or http://");
}

static int
take_slashes(struct span *rest, struct error *err)
{
	if (begins_with(*rest, "//")) {
		*rest = drop(*rest, 2);
		return 0;
	}
	if (begins_with(*rest, "\\") || begins_with(*rest, "/\\"))
		return fail(err, "the URL has a backslash before its path");
	return fail(err, "the URL has no // after its scheme");
}

/* A lone "%" stands for itself: people paste passwords. */
static int
decode_userinfo(struct url *u, struct span in, struct span *part,
    struct error *err)
{
	char *out = u->text.data + u->text.len;
	size_t i, n = 0;
	int c;

	for (i = 0; i < in.len; i++) {
		c = ascii_percent(in.data + i, in.len - i);
		out[n] = c == -1 ? in.data[i] : (char)c;
		if (ascii_is_control(out[n++]))
			return fail(err,
			    "the URL's userinfo has a control character");
		i += c == -1 ? 0 : 2;
	}
	*part = keep(u, n);
	return 0;
}

static int
parse_userinfo(struct url *u, struct span in, struct error *err)
{
	struct span user = take_until(&in, ":");

	if (decode_userinfo(u, user, &u->user, err) == -1)
		return -1;
	if (in.len == 0)
		return 0;
	return decode_userinfo(u, drop(in, 1), &u->password, err);
}

/* IP-literal = "[" IPv6address "]" (RFC 3986 section 3.2.2). */
static int
take_literal(char host[HOST_SIZE], struct span *rest, struct error *err)
{
	struct span in = drop(*rest, 1);
	struct span literal = take_until(&in, "]");

	if (in.len == 0)
		return fail(err, "the URL's host has [ without ]");
	*rest = drop(in, 1);
	if (rest->len > 0 && rest->data[0] != ':')
		return fail(err, "the URL has something other than a port "
		    "after its IPv6 address");
	return host_from_ipv6(host, literal, err);
}

static int
take_name(char host[HOST_SIZE], struct span *rest, struct error *err)
{
	struct span name = take_until(rest, ":");

	if (rest->len > 0 && has(drop(*rest, 1), ':'))
		return fail(err, "the URL has more than one : in its host and "
		    "port (an IPv6 address is written in [ ])");
	if (name.len == 0)
		return fail(err, "the URL has no host");
	return host_from_name(host, name, err);
}

static int
take_host(struct url *u, struct span *rest, struct error *err)
{
	char host[HOST_SIZE];
	size_t len;
	int rv;

	rv = begins_with(*rest, "[") ? take_literal(host, rest, err) :
	    take_name(host, rest, err);
	if (rv == -1)
		return -1;
	len = strlen(host);
	u->host_type = url_host_kind(host, len);
	memcpy(u->text.data + u->text.len, host, len);
	u->host = keep(u, len);
	return 0;
}

/* An empty port is the default one (RFC 3986 section 6.2.3). */
static int
parse_port(struct url *u, struct span in, struct error *err)
{
	uint16_t standard = u->https ? HTTPS_PORT : HTTP_PORT;
	unsigned port = 0;
	size_t i;

	for (i = 0; i < in.len && ascii_is_digit(in.data[i]); i++)
		if (port <= PORT_MAX)
			port = port * 10 + (unsigned)(in.data[i] - '0');
	if (i < in.len || port > PORT_MAX || (in.len > 0 && port == 0))
		return fail(err, "the URL's port is no number from 1 to 65535");
	u->port = in.len == 0 ? standard : (uint16_t)port;
	u->port_default = u->port == standard;
	return 0;
}

/* authority = [ userinfo "@" ] host [ ":" port ] (RFC 3986 section 3.2). */
static int
parse_authority(struct url *u, struct span in, struct error *err)
{
	size_t at = in.len;

	/* Browsers read a backslash as "/", others do not: one is fooled. */
	if (has(in, '\\'))
		return fail(err, "the URL has a backslash before its path");
	if (has(in, ' '))
		return fail(err, "the URL has a space before its path");
	while (at > 0 && in.data[at - 1] != '@')
		at--;
	if (at > 0) {
		if (parse_userinfo(u, (struct span){ in.data, at - 1 },
		    err) == -1)
			return -1;
		in = drop(in, at);
	}
	if (take_host(u, &in, err) == -1)
		return -1;
	return parse_port(u, in.len == 0 ? in : drop(in, 1), err);
}

static bool
must_encode(char c)
{
	return c <= ' ' || c > '~' || strchr("\"#<>\\^`{|}", c) != NULL;
}

/* Writes s with what must not stand in a URL percent-encoded. */
static size_t
encode(char *out, struct span s)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t i, n = 0;
	unsigned char c;

	for (i = 0; i < s.len; i++) {
		c = (unsigned char)s.data[i];
		if (!must_encode(s.data[i]) &&
		    (c != '%' || ascii_percent(s.data + i, s.len - i) != -1)) {
			out[n++] = s.data[i];
			continue;
		}
		out[n++] = '%';
		out[n++] = hex[c >> 4];
		out[n++] = hex[c & 15];
	}
	return n;
}

/* The number of dots a segment consists of, 1 or 2; 0 for any other. */
static int
dots(const char *s, size_t len)
{
	size_t width;
	int n = 0;

	for (; len > 0 && n < 3; n++) {
		width = s[0] == '.' ? 1 : 3;
		if (width == 3 && ascii_percent(s, len) != '.')
			return 0;
		s += width;
		len -= width;
	}
	return n < 3 ? n : 0;
}

/* RFC 3986 section 5.2.4, in place, on a path that begins with "/". */
static size_t
remove_dot_segments(char *path, size_t len)
{
	size_t in = 0, out = 0, seg, n;

	while (in < len) {
		for (seg = in + 1; seg < len && path[seg] != '/';)
			seg++;
		n = (size_t)dots(path + in + 1, seg - in - 1);
		if (n == 2)
			while (out > 0 && path[--out] != '/')
				;
		if (n == 0) {
			memmove(path + out, path + in, seg - in);
			out += seg - in;
		} else if (seg == len)
			path[out++] = '/';
		in = seg;
	}
	return out;
}

static void
add_path(struct url *u, struct span in)
{
	char *path = u->text.data + u->text.len;
	size_t len;

	path[0] = '/';
	len = in.len == 0 ? 1 : encode(path, in);
	u->path = keep(u, remove_dot_segments(path, len));
}

static struct span
add_encoded(struct url *u, struct span in)
{
	return keep(u, encode(u->text.data + u->text.len, in));
}

static size_t
formatted_len(const struct url *u)
{
	size_t len = (u->https ? 8 : 7) + u->host.len + u->path.len;

	if (u->host_type == URL_IPV6)
		len += 2;
	if (!u->port_default)
		len += (size_t)snprintf(NULL, 0, ":%u", (unsigned)u->port);
	if (u->query.data != NULL)
		len += 1 + u->query.len;
	if (u->fragment.data != NULL)
		len += 1 + u->fragment.len;
	return len;
}

static int
parse(struct url *u, struct span rest, struct error *err)
{
	if (take_scheme(u, &rest, err) == -1 || take_slashes(&rest, err) == -1)
		return -1;
	/* Enough for all of it: the spans must not move. */
	if (buf_reserve(&u->text, rest.len * 3 + PARTS_MAX) == NULL)
		return error_nomem(err);
	if (parse_authority(u, take_until(&rest, "/?#"), err) == -1)
		return -1;
	add_path(u, take_until(&rest, "?#"));
	if (begins_with(rest, "?")) {
		rest = drop(rest, 1);
		u->query = add_encoded(u, take_until(&rest, "#"));
	}
	if (begins_with(rest, "#"))
		u->fragment = add_encoded(u, drop(rest, 1));
	if (formatted_len(u) > URL_MAX_LEN)
		return error_setx(err, ERR_USAGE, "url", "the URL is longer "
		    "than %d bytes once percent-encoded", URL_MAX_LEN);
	return 0;
}

int
url_parse(struct url *u, const char *s, size_t len, struct error *err)
{
	struct span in = { s, len };

	memset(u, 0, sizeof(*u));
	if (len == 0)
		return fail(err, "the URL is empty");
	if (check_bytes(in, err) == -1)
		return -1;
	if (parse(u, in, err) == -1) {
		url_clear(u);
		return -1;
	}
	return 0;
}

/* Composes the target of a reference without a scheme: RFC 3986, 5.2.2. */
static int
resolve(struct buf *b, const struct url *base, struct span ref)
{
	bool same = ref.len == 0 || ref.data[0] == '#';
	size_t n = base->path.len;

	if (buf_adds(b, base->https ? "https:" : "http:") == -1)
		return -1;
	if (begins_with(ref, "//"))
		return buf_add(b, ref.data, ref.len);
	if (begins_with(ref, "/"))
		n = 0;
	else if (!same && ref.data[0] != '?')
		while (base->path.data[n - 1] != '/')
			n--;
	if (buf_adds(b, "//") == -1 || url_authority(base, b) == -1 ||
	    buf_add(b, base->path.data, n) == -1)
		return -1;
	if (same && base->query.data != NULL && (buf_adds(b, "?") == -1 ||
	    buf_add(b, base->query.data, base->query.len) == -1))
		return -1;
	return buf_add(b, ref.data, ref.len);
}

int
url_join(struct url *u, const struct url *base, const char *ref, size_t len,
    struct error *err)
{
	struct span in = { ref, len }, target;
	struct buf text = { 0 };
	int rv;

	if (scheme_len(in) > 0)
		return url_parse(u, ref, len, err);
	memset(u, 0, sizeof(*u));
	if (check_bytes(in, err) == -1)
		return -1;
	if (resolve(&text, base, in) == -1)
		rv = error_nomem(err);
	else {
		target = buf_span(&text);
		rv = url_parse(u, target.data, target.len, err);
	}
	buf_clear(&text);
	return rv;
}

void
url_clear(struct url *u)
{
	volatile char *p = u->text.data;	/* not optimised away */
	size_t i;

	for (i = 0; i < u->text.cap; i++)
		p[i] = 0;
	buf_clear(&u->text);
	memset(u, 0, sizeof(*u));
}

int
url_authority(const struct url *u, struct buf *b)
{
	const char *fmt = u->host_type == URL_IPV6 ? "[%s]" : "%s";

	if (buf_addf(b, fmt, u->host.data) == -1)
		return -1;
	return u->port_default ? 0 : buf_addf(b, ":%u", (unsigned)u->port);
}

int
url_target(const struct url *u, struct buf *b)
{
	if (buf_add(b, u->path.data, u->path.len) == -1)
		return -1;
	if (u->query.data == NULL)
		return 0;
	if (buf_adds(b, "?") == -1)
		return -1;
	return buf_add(b, u->query.data, u->query.len);
}

int
url_origin(const struct url *u, struct buf *b)
{
	return buf_addf(b, u->host_type == URL_IPV6 ? "%s://[%s]:%u" :
	    "%s://%s:%u", u->https ? "https" : "http", u->host.data,
	    (unsigned)u->port);
}

int
url_format(const struct url *u, bool fragment, struct buf *b)
{
	if (buf_adds(b, u->https ? "https://" : "http://") == -1 ||
	    url_authority(u, b) == -1 || url_target(u, b) == -1)
		return -1;
	if (!fragment || u->fragment.data == NULL)
		return 0;
	if (buf_adds(b, "#") == -1)
		return -1;
	return buf_add(b, u->fragment.data, u->fragment.len);
}

enum url_host_type
url_host_kind(const char *host, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr addr;	/* large enough for either */

	if (len >= sizeof(text) || memchr(host, '\0', len) != NULL)
		return URL_NAME;
	memcpy(text, host, len);
	text[len] = '\0';
	if (inet_pton(AF_INET, text, &addr) == 1)
		return URL_IPV4;
	return inet_pton(AF_INET6, text, &addr) == 1 ? URL_IPV6 : URL_NAME;
}
