#include <inttypes.h>

#include "http/h1_internal.h"
#include "http/quote.h"

#define CHUNK_DIGITS	16	/* of a chunk size; leading zeros count */
#define CHUNK_MAX	((uint64_t)INT64_MAX)

/* Hands out the next n bytes of the input, which are body. */
static enum answer_event
hand_out(struct h1 *p, struct h1_feed *f, size_t n)
{
	f->body->data = f->in + f->used;
	f->body->len = n;
	f->used += n;
	p->answer.received += n;
	return ANSWER_DATA;
}

/* What there is of the p->left bytes; after the last the state is next. */
static enum answer_event
counted(struct h1 *p, struct h1_feed *f, enum h1_state next)
{
	size_t n = f->len - f->used;

	if (n == 0)
		return ANSWER_MORE;
	if (n >= p->left) {
		n = (size_t)p->left;
		p->state = (int)next;
	}
	p->left -= n;
	return hand_out(p, f, n);
}

enum answer_event
h1_length_step(struct h1 *p, struct h1_feed *f)
{
	return counted(p, f, H1_AT_END);
}

enum answer_event
h1_close_step(struct h1 *p, struct h1_feed *f)
{
	size_t n = f->len - f->used;

	return n == 0 ? ANSWER_MORE : hand_out(p, f, n);
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* What follows the size: nothing, or extensions, which nobody needs. */
static int
check_extension(struct span ext, struct span line, struct error *err)
{
	struct span trimmed = span_trim(ext);
	char text[QUOTE_MAX];

	if (ext.len == 0)
		return 0;
	if (trimmed.len == 0 || trimmed.data[0] != ';')
		return error_setx(err, ERR_PROTOCOL, "framing",
		    "chunk size is not hexadecimal: %s", quote(text, line));
	if (!header_value_valid(ext))
		return error_setx(err, ERR_PROTOCOL, "framing",
		    "control byte in a chunk extension: %s",
		    quote(text, line));
	return 0;
}

/* chunk-size [ chunk-ext ] (RFC 9112 section 7.1), without its CRLF. */
static int
parse_size(struct span line, uint64_t *size, struct error *err)
{
	struct span rest = line;
	char text[QUOTE_MAX];
	uint64_t v = 0;
	int digit;

	while (rest.len > 0 && (digit = hex_value(rest.data[0])) != -1) {
		if (line.len - rest.len == CHUNK_DIGITS ||
		    v > (CHUNK_MAX - (uint64_t)digit) / 16)
			return error_setx(err, ERR_PROTOCOL, "framing",
			    "chunk size is too large: %s", quote(text, line));
		v = v * 16 + (uint64_t)digit;
		rest.data++;
		rest.len--;
	}
	if (rest.len == line.len)
		return error_setx(err, ERR_PROTOCOL, "framing",
		    "chunk size is not hexadecimal: %s", quote(text, line));
	*size = v;
	return check_extension(rest, line, err);
}

enum answer_event
h1_chunk_size_step(struct h1 *p, struct h1_feed *f)
{
	size_t room = H1_MAX_CHUNK_LINE + 2 - p->line.len;	/* and CRLF */
	struct span line;

	switch (h1_line_take(p, f, room, &line)) {
	case H1_LINE_WHOLE:
		break;
	case H1_LINE_PART:
		return ANSWER_MORE;
	case H1_LINE_LONG:
		error_setx(f->err, ERR_PROTOCOL, "too-large",
		    "chunk line is longer than %d bytes", H1_MAX_CHUNK_LINE);
		return ANSWER_FAILED;
	case H1_LINE_NOMEM:
		error_nomem(f->err);
		return ANSWER_FAILED;
	}
	if (h1_line_strip(&line, "framing", "chunk line", f->err) == -1 ||
	    parse_size(line, &p->left, f->err) == -1)
		return ANSWER_FAILED;
	p->state = p->left == 0 ? H1_AT_TRAILER : H1_AT_CHUNK_DATA;
	return ANSWER_MORE;
}

enum answer_event
h1_chunk_data_step(struct h1 *p, struct h1_feed *f)
{
	return counted(p, f, H1_AT_CHUNK_CR);
}

enum answer_event
h1_chunk_end_step(struct h1 *p, struct h1_feed *f)
{
	bool cr = p->state == H1_AT_CHUNK_CR;
	char text[QUOTE_MAX];
	struct span at;

	if (f->used == f->len)
		return ANSWER_MORE;
	at.data = f->in + f->used;
	at.len = 1;
	if (at.data[0] != (cr ? '\r' : '\n')) {
		error_setx(f->err, ERR_PROTOCOL, "framing",
		    "chunk data does not end with CRLF: %s after it",
		    quote(text, at));
		return ANSWER_FAILED;
	}
	f->used++;
	p->state = cr ? H1_AT_CHUNK_LF : H1_AT_CHUNK_SIZE;
	return ANSWER_MORE;
}
