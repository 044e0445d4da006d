#include <inttypes.h>
#include <string.h>

#include "http/h1_internal.h"
#include "http/quote.h"

#define LENGTH_MAX	((uint64_t)INT64_MAX)

/* The digits of one length: 1*DIGIT (RFC 9110 section 8.6). */
static int
parse_length(struct span s, uint64_t *length, struct error *err)
{
	char text[QUOTE_MAX];
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < s.len; i++) {
		unsigned d = (unsigned)(unsigned char)s.data[i] - '0';

		if (d > 9)
			break;
		if (v > (LENGTH_MAX - d) / 10)
			return error_setx(err, ERR_PROTOCOL, "framing",
			    "content-length is too large: %s", quote(text, s));
		v = v * 10 + d;
	}
	if (i == 0 || i < s.len)
		return error_setx(err, ERR_PROTOCOL, "framing",
		    "content-length is not a number: %s", quote(text, s));
	*length = v;
	return 0;
}

/* A list of equal lengths is one (RFC 9112 section 6.3, case 5). */
static int
parse_lengths(struct span list, bool *found, uint64_t *length,
    struct error *err)
{
	const char *comma;

	do {
		struct span item = list;
		uint64_t v = 0;

		comma = list.len > 0 ? memchr(list.data, ',', list.len) : NULL;
		if (comma != NULL) {
			item.len = (size_t)(comma - list.data);
			list.data = comma + 1;
			list.len -= item.len + 1;
		}
		if (parse_length(span_trim(item), &v, err) == -1)
			return -1;
		if (*found && v != *length)
			return error_setx(err, ERR_PROTOCOL, "framing",
			    "content-length %" PRIu64 " and %" PRIu64
			    " in one response", *length, v);
		*found = true;
		*length = v;
	} while (comma != NULL);
	return 0;
}

static int
find_length(const struct headers *h, bool *found, uint64_t *length,
    struct error *err)
{
	struct span name = span_of("content-length");
	size_t i;

	*found = false;
	*length = 0;
	for (i = 0; headers_find(h, name, &i); i++)
		if (parse_lengths(headers_value(h, i), found, length,
		    err) == -1)
			return -1;
	return 0;
}

/*
 * Exactly one "chunked": no other coding was asked for by TE, and two
 * readings of a list are two lengths (RFC 9112 section 6.1).
 */
static int
find_chunked(const struct h1 *p, bool *found, struct error *err)
{
	struct span name = span_of("transfer-encoding");
	char text[QUOTE_MAX];
	size_t i;

	*found = false;
	for (i = 0; headers_find(&p->answer.headers, name, &i); i++) {
		struct span value = headers_value(&p->answer.headers, i);

		if (*found)
			return error_setx(err, ERR_PROTOCOL, "framing",
			    "transfer-encoding twice in one response");
		if (!span_is(value, "chunked"))
			return error_setx(err, ERR_PROTOCOL, "framing",
			    "transfer-encoding is not \"chunked\": %s",
			    quote(text, value));
		*found = true;
	}
	if (*found && p->minor == 0)
		return error_setx(err, ERR_PROTOCOL, "framing",
		    "transfer-encoding in an HTTP/1.0 response");
	return 0;
}

/* RFC 9112 section 9.3; who ends the body by closing has closed. */
static bool
keeps_alive(const struct h1 *p)
{
	struct span name = span_of("connection");
	bool keep = p->minor > 0;
	size_t i;

	for (i = 0; headers_find(&p->answer.headers, name, &i); i++) {
		struct span value = headers_value(&p->answer.headers, i);

		if (header_has_token(value, "close"))
			return false;
		keep = keep || header_has_token(value, "keep-alive");
	}
	return keep && p->framing != H1_UNTIL_CLOSE;
}

int
h1_frame(struct h1 *p, struct error *err)
{
	bool no_body = p->head_request || p->answer.status == 204 ||
	    p->answer.status == 304;
	bool chunked, sized;
	uint64_t length;

	/* What it says of its body is to be ignored (RFC 9110, 9.3.6). */
	if (p->connect_request && p->answer.status < 300) {
		p->framing = H1_EMPTY;
		return 0;
	}
	if (find_chunked(p, &chunked, err) == -1 ||
	    find_length(&p->answer.headers, &sized, &length, err) == -1)
		return -1;
	if (chunked && sized)
		return error_setx(err, ERR_PROTOCOL, "framing",
		    "both transfer-encoding and content-length");
	if (no_body || (sized && length == 0))
		p->framing = H1_EMPTY;
	else if (chunked)
		p->framing = H1_CHUNKED;
	else if (sized)
		p->framing = H1_LENGTH;
	else
		p->framing = H1_UNTIL_CLOSE;
	p->answer.is_sized = p->framing == H1_LENGTH;
	p->answer.length = p->left = p->answer.is_sized ? length : 0;
	p->keep_alive = keeps_alive(p);
	/* It announces what it must not send: who knows whether it will. */
	if (p->answer.status == 204 && (chunked || length > 0))
		p->keep_alive = false;
	return 0;
}
