#include <string.h>

#include "http/h1_internal.h"
#include "http/quote.h"

enum h1_line
h1_line_take(struct h1 *p, struct h1_feed *f, size_t room, struct span *line)
{
	const char *start = f->in + f->used;
	size_t left = f->len - f->used;
	size_t n = left < room ? left : room;
	const char *lf;

	if (left == 0)
		return H1_LINE_PART;
	lf = memchr(start, '\n', n);
	if (lf != NULL)
		n = (size_t)(lf - start) + 1;
	f->used += n;
	if (lf != NULL && p->line.len == 0) {
		line->data = start;
		line->len = n;
		return H1_LINE_WHOLE;
	}
	if (lf == NULL && left > room)
		return H1_LINE_LONG;
	if (buf_add(&p->line, start, n) == -1)
		return H1_LINE_NOMEM;
	if (lf == NULL)
		return H1_LINE_PART;
	*line = buf_span(&p->line);
	buf_reset(&p->line);	/* the bytes stay until the next is written */
	return H1_LINE_WHOLE;
}

int
h1_line_strip(struct span *line, const char *code, const char *where,
    struct error *err)
{
	size_t n = line->len - 1;

	if (n == 0 || line->data[n - 1] != '\r')
		return error_setx(err, ERR_PROTOCOL, code, "bare LF in the %s",
		    where);
	n--;
	if (n > 0 && memchr(line->data, '\r', n) != NULL)
		return error_setx(err, ERR_PROTOCOL, code, "bare CR in the %s",
		    where);
	line->len = n;
	return 0;
}

static int
bad_value(struct span name, struct span value, struct error *err)
{
	char n[QUOTE_MAX], v[QUOTE_MAX];

	return error_setx(err, ERR_PROTOCOL, "header",
	    "control byte in the header %s: %s", quote(n, name),
	    quote(v, value));
}

/* obs-fold: a user agent makes it a space (RFC 9112 section 5.2). */
static int
unfold(struct headers *h, struct span line, struct error *err)
{
	struct span more = span_trim(line), name;
	char text[QUOTE_MAX];

	if (h->count == 0)
		return error_setx(err, ERR_PROTOCOL, "header",
		    "whitespace before the first header: %s",
		    quote(text, line));
	/* Some would take it for the empty line that ends the head. */
	if (more.len == 0)
		return error_setx(err, ERR_PROTOCOL, "header",
		    "header line of nothing but whitespace");
	name = headers_name(h, h->count - 1);
	/* Who does not unfold reads another length than who does. */
	if (span_is(name, "content-length") ||
	    span_is(name, "transfer-encoding"))
		return error_setx(err, ERR_PROTOCOL, "header",
		    "the header %s is folded", quote(text, name));
	if (!header_value_valid(more))
		return bad_value(name, more, err);
	return headers_extend(h, more) == -1 ? error_nomem(err) : 0;
}

static int
bad_name(struct span name, struct error *err)
{
	char text[QUOTE_MAX];

	/* RFC 9112 section 5.1: "Name :" is how headers are smuggled. */
	if (name.len > 0 && span_trim(name).len < name.len)
		return error_setx(err, ERR_PROTOCOL, "header",
		    "whitespace before the colon of a header: %s",
		    quote(text, name));
	return error_setx(err, ERR_PROTOCOL, "header",
	    "header name is not a token: %s", quote(text, name));
}

int
h1_field_add(struct headers *h, struct span line, struct error *err)
{
	char text[QUOTE_MAX];
	struct span name = line, value;
	const char *colon;

	if (line.data[0] == ' ' || line.data[0] == '\t')
		return unfold(h, line, err);
	colon = memchr(line.data, ':', line.len);
	if (colon == NULL)
		return error_setx(err, ERR_PROTOCOL, "header",
		    "header line without a colon: %s", quote(text, line));
	name.len = (size_t)(colon - line.data);
	value.data = colon + 1;
	value.len = line.len - name.len - 1;
	value = span_trim(value);
	if (!header_name_valid(name))
		return bad_name(name, err);
	if (!header_value_valid(value))
		return bad_value(name, value, err);
	return headers_add(h, name, value) == -1 ? error_nomem(err) : 0;
}
