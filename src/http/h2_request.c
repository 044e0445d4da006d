/* What a request's head is in HTTP/2 (RFC 9113 section 8.3). */
#ifdef HAVE_NGHTTP2
#include <string.h>

#include "http/h2_internal.h"

/* About an HTTP/1.1 connection (section 8.2.2), or said in another way. */
static const char *const left_out[] = {
	"connection", "host", "http2-settings", "keep-alive",
	"proxy-connection", "transfer-encoding", "upgrade"
};

static bool
is_left_out(struct span name, struct span value)
{
	size_t i;

	for (i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		if (span_is(name, left_out[i]))
			return true;
	return span_is(name, "te") && !span_is(value, "trailers");
}

/* nghttp2 copies both, and the name in lower case. */
static int
add(struct h2 *h, struct span name, struct span value)
{
	nghttp2_nv nv = {
		(uint8_t *)(uintptr_t)name.data,
		(uint8_t *)(uintptr_t)value.data,
		name.len, value.len, NGHTTP2_NV_FLAG_NONE
	};

	return buf_add(&h->fields, &nv, sizeof(nv));
}

/* What is before the next c, which is there; takes both off the front. */
static struct span
cut(struct span *s, char c)
{
	const char *end = memchr(s->data, c, s->len);
	struct span part = { s->data, (size_t)(end - s->data) };

	s->data += part.len + 1;
	s->len -= part.len + 1;
	return part;
}

/* The next line "name: value" CRLF; false at the empty one, the last. */
static bool
next_line(struct span *rest, struct span *name, struct span *value)
{
	struct span line = cut(rest, '\n');

	if (line.len <= 1)
		return false;
	line.len--;
	*name = cut(&line, ':');
	*value = span_trim(line);
	return true;
}

static struct span
find_host(struct span lines)
{
	struct span name, value, none = { NULL, 0 };

	while (next_line(&lines, &name, &value))
		if (span_is(name, "host"))
			return value;
	return none;
}

/*
 * The head is one that request_write has made, and has checked: which
 * protocol it is for is known only when the connection is there.
 */
int
h2_read_head(struct h2 *h, const struct h2_request *request, bool *is_head)
{
	struct span rest = request->head, name, value;
	struct span method = cut(&rest, ' '), path = cut(&rest, ' ');
	struct span authority;

	(void)cut(&rest, '\n');
	authority = find_host(rest);
	*is_head = method.len == 4 && memcmp(method.data, "HEAD", 4) == 0;
	buf_reset(&h->fields);
	if (add(h, span_of(":method"), method) == -1 ||
	    add(h, span_of(":scheme"), span_of(request->scheme)) == -1 ||
	    (authority.len > 0 &&
	    add(h, span_of(":authority"), authority) == -1) ||
	    add(h, span_of(":path"), path) == -1)
		return -1;
	while (next_line(&rest, &name, &value))
		if (!is_left_out(name, value) && add(h, name, value) == -1)
			return -1;
	return 0;
}
#endif
