#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "http/h1_internal.h"
#include "http/quote.h"

#define VERSION		"HTTP/1."
#define VERSION_LEN	7
#define STATUS_LEN	12	/* "HTTP/1.1 200" */

/* How a server may begin, "?" for any byte, and what we say to it. */
static const struct start {
	const char	*bytes;
	size_t		 len;
	const char	*says;
} starts[] = {
	{ VERSION, VERSION_LEN, NULL },
	/* The alert or the handshake record (RFC 8446 section 5.1). */
	{ "\x15\x03", 2, "the server speaks TLS here, not plain http" },
	{ "\x16\x03", 2, "the server speaks TLS here, not plain http" },
	/* Length and type of a SETTINGS frame (RFC 9113 section 3.4). */
	{ "\0\0?\4", 4, "the server speaks HTTP/2 here, not HTTP/1.1" },
};

static enum answer_event
too_large(const struct h1 *p, struct error *err)
{
	error_setx(err, ERR_PROTOCOL, "too-large",
	    "response header is larger than max_header (%zu bytes)",
	    p->max_header);
	return ANSWER_FAILED;
}

/* The start that s is, or may yet become; NULL: none. */
static const struct start *
find_start(struct span s)
{
	size_t i, j;

	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		const struct start *start = &starts[i];

		for (j = 0; j < s.len; j++)
			if (start->bytes[j] != s.data[j] &&
			    start->bytes[j] != '?')
				break;
		if (j == s.len)
			return start;
	}
	return NULL;
}

/* Quotes what was seen and what is at hand of the rest. */
static enum answer_event
not_http(struct h1 *p, struct h1_feed *f)
{
	size_t n = f->len - f->used;
	char text[QUOTE_MAX];

	if (buf_add(&p->line, f->in + f->used,
	    n > QUOTE_BYTES ? QUOTE_BYTES : n) == -1) {
		error_nomem(f->err);
		return ANSWER_FAILED;
	}
	error_setx(f->err, ERR_PROTOCOL, "status-line",
	    "not an HTTP/1.x answer: %s", quote(text, buf_span(&p->line)));
	return ANSWER_FAILED;
}

/*
 * The first bytes are looked at one by one: who speaks another protocol may
 * never send the LF that would end a line.
 */
static enum answer_event
start_step(struct h1 *p, struct h1_feed *f)
{
	const char *in = f->in + f->used;
	const struct start *start;

	if (f->used == f->len)
		return ANSWER_MORE;
	if (p->line.len == 0 && f->len - f->used >= VERSION_LEN &&
	    memcmp(in, VERSION, VERSION_LEN) == 0) {
		p->state = H1_AT_STATUS;
		return ANSWER_MORE;
	}
	if (p->header_bytes == p->max_header)
		return too_large(p, f->err);
	if (buf_add(&p->line, in, 1) == -1) {
		error_nomem(f->err);
		return ANSWER_FAILED;
	}
	p->header_bytes++;
	f->used++;
	start = find_start(buf_span(&p->line));
	if (start == NULL)
		return not_http(p, f);
	if (p->line.len < start->len)
		return ANSWER_MORE;
	if (start->says != NULL) {
		error_setx(f->err, ERR_PROTOCOL, "status-line", "%s",
		    start->says);
		return ANSWER_FAILED;
	}
	p->state = H1_AT_STATUS;
	return ANSWER_MORE;
}

/*
 * The next line of a head or of trailers, without its CRLF.
 * Returns ANSWER_MORE with line->data NULL when it is not all there.
 */
static enum answer_event
head_line(struct h1 *p, struct h1_feed *f, const char *where,
    struct span *line)
{
	size_t before = f->used;
	enum h1_line got;

	line->data = NULL;
	got = h1_line_take(p, f, p->max_header - p->header_bytes, line);
	p->header_bytes += f->used - before;
	if (got == H1_LINE_LONG)
		return too_large(p, f->err);
	if (got == H1_LINE_NOMEM) {
		error_nomem(f->err);
		return ANSWER_FAILED;
	}
	if (got == H1_LINE_WHOLE &&
	    h1_line_strip(line, "header", where, f->err) == -1)
		return ANSWER_FAILED;
	return ANSWER_MORE;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* HTTP-version SP status-code [ SP [ reason ] ] (RFC 9112 section 4). */
static bool
has_status_form(struct span line)
{
	const char *s = line.data;

	return line.len >= STATUS_LEN && is_digit(s[7]) && s[8] == ' ' &&
	    is_digit(s[9]) && is_digit(s[10]) && is_digit(s[11]) &&
	    (line.len == STATUS_LEN || s[STATUS_LEN] == ' ');
}

static int
set_reason(struct h1 *p, struct span line, struct error *err)
{
	char text[QUOTE_MAX];
	struct span reason;

	buf_reset(&p->answer.reason);
	if (line.len <= STATUS_LEN + 1)
		return 0;
	reason.data = line.data + STATUS_LEN + 1;
	reason.len = line.len - STATUS_LEN - 1;
	if (!header_value_valid(reason))	/* the same set of bytes */
		return error_setx(err, ERR_PROTOCOL, "status-line",
		    "control byte in the reason: %s", quote(text, reason));
	return buf_add(&p->answer.reason, reason.data, reason.len) == -1 ?
	    error_nomem(err) : 0;
}

static int
parse_status(struct h1 *p, struct span line, struct error *err)
{
	const char *s = line.data;
	char text[QUOTE_MAX];

	if (!has_status_form(line))
		return error_setx(err, ERR_PROTOCOL, "status-line",
		    "malformed status line: %s", quote(text, line));
	/* A minor version we do not know is read as ours (RFC 9110 6.2). */
	p->minor = s[7] == '0' ? 0 : 1;
	p->answer.http = p->minor == 0 ? "1.0" : "1.1";
	p->answer.status = (s[9] - '0') * 100 + (s[10] - '0') * 10 +
	    (s[11] - '0');
	/* 600 to 999 are a server's failure (RFC 9110 section 15). */
	if (p->answer.status < 100)
		return error_setx(err, ERR_PROTOCOL, "status-line",
		    "status is below 100: %s", quote(text, line));
	if (p->answer.status == 101)
		return error_setx(err, ERR_PROTOCOL, "status-line",
		    "the server switches protocols (101) unasked");
	return set_reason(p, line, err);
}

static enum answer_event
status_step(struct h1 *p, struct h1_feed *f)
{
	enum answer_event ev;
	struct span line;

	ev = head_line(p, f, "status line", &line);
	if (ev == ANSWER_FAILED || line.data == NULL)
		return ev;
	if (parse_status(p, line, f->err) == -1)
		return ANSWER_FAILED;
	p->state = H1_AT_FIELD;
	return ANSWER_MORE;
}

/* The empty line: 1xx heads are skipped (RFC 9110 section 15.2). */
static enum answer_event
head_end(struct h1 *p, struct error *err)
{
	static const enum h1_state body[] = {
		[H1_EMPTY] = H1_AT_END,
		[H1_LENGTH] = H1_AT_LENGTH,
		[H1_CHUNKED] = H1_AT_CHUNK_SIZE,
		[H1_UNTIL_CLOSE] = H1_AT_CLOSE,
	};

	if (h1_frame(p, err) == -1)
		return ANSWER_FAILED;
	if (p->answer.status >= 200) {
		p->state = (int)body[p->framing];
		return ANSWER_HEAD;
	}
	if (p->interim == ANSWER_MAX_INTERIM) {
		error_setx(err, ERR_PROTOCOL, "too-large",
		    "more than %d interim (1xx) answers", ANSWER_MAX_INTERIM);
		return ANSWER_FAILED;
	}
	p->interim++;
	headers_reset(&p->answer.headers);
	p->state = H1_AT_START;
	return ANSWER_MORE;
}

static enum answer_event
field_step(struct h1 *p, struct h1_feed *f)
{
	enum answer_event ev;
	struct span line;

	ev = head_line(p, f, "header section", &line);
	if (ev == ANSWER_FAILED || line.data == NULL)
		return ev;
	if (line.len == 0)
		return head_end(p, f->err);
	return h1_field_add(&p->answer.headers, line, f->err) == -1 ?
	    ANSWER_FAILED : ANSWER_MORE;
}

/* Framing fields among them mean nothing (RFC 9110 section 6.5.1). */
static enum answer_event
trailer_step(struct h1 *p, struct h1_feed *f)
{
	enum answer_event ev;
	struct span line;

	ev = head_line(p, f, "trailer section", &line);
	if (ev == ANSWER_FAILED || line.data == NULL)
		return ev;
	if (line.len == 0) {
		p->state = H1_AT_END;
		return ANSWER_END;
	}
	return h1_field_add(&p->answer.trailers, line, f->err) == -1 ?
	    ANSWER_FAILED : ANSWER_MORE;
}

static enum answer_event
end_step(struct h1 *p, struct h1_feed *f)
{
	(void)p;
	(void)f;
	return ANSWER_END;
}

static enum answer_event (*const steps[])(struct h1 *, struct h1_feed *) = {
	[H1_AT_START] = start_step,
	[H1_AT_STATUS] = status_step,
	[H1_AT_FIELD] = field_step,
	[H1_AT_LENGTH] = h1_length_step,
	[H1_AT_CLOSE] = h1_close_step,
	[H1_AT_CHUNK_SIZE] = h1_chunk_size_step,
	[H1_AT_CHUNK_DATA] = h1_chunk_data_step,
	[H1_AT_CHUNK_CR] = h1_chunk_end_step,
	[H1_AT_CHUNK_LF] = h1_chunk_end_step,
	[H1_AT_TRAILER] = trailer_step,
	[H1_AT_END] = end_step,
};

void
h1_init(struct h1 *p)
{
	memset(p, 0, sizeof(*p));
	p->max_header = ANSWER_MAX_HEADER;
}

void
h1_clear(struct h1 *p)
{
	answer_clear(&p->answer);
	buf_clear(&p->line);
	h1_init(p);
}

enum answer_event
h1_next(struct h1 *p, const char *in, size_t len, size_t *used,
    struct span *body, struct error *err)
{
	struct h1_feed f = { len > 0 ? in : "", len, 0, body, err };
	enum answer_event ev;

	assert(p->state != H1_AT_FAILURE);
	body->data = NULL;
	body->len = 0;
	do
		ev = steps[p->state](p, &f);
	while (ev == ANSWER_MORE && f.used < f.len);
	if (ev == ANSWER_FAILED)
		p->state = H1_AT_FAILURE;
	*used = f.used;
	return ev;
}

static int
truncated(const struct h1 *p, struct error *err)
{
	switch ((enum h1_state)p->state) {
	case H1_AT_START:
	case H1_AT_STATUS:
	case H1_AT_FIELD:
		return error_setx(err, ERR_PROTOCOL, "truncated",
		    "the connection ended inside the response header");
	case H1_AT_LENGTH:
		return error_setx(err, ERR_PROTOCOL, "truncated",
		    "the connection ended after %" PRIu64 " of %" PRIu64
		    " body bytes", p->answer.received,
		    p->answer.length);
	default:
		return error_setx(err, ERR_PROTOCOL, "truncated",
		    "the connection ended inside a chunked body, after %"
		    PRIu64 " bytes", p->answer.received);
	}
}

enum answer_event
h1_eof(struct h1 *p, struct error *err)
{
	assert(p->state != H1_AT_FAILURE);
	if (p->state == H1_AT_CLOSE || p->state == H1_AT_END) {
		p->state = H1_AT_END;
		return ANSWER_END;
	}
	if (p->header_bytes == 0)
		error_setx(err, ERR_PROTOCOL, "closed",
		    "the server closed the connection without an answer");
	else
		truncated(p, err);
	p->state = H1_AT_FAILURE;
	return ANSWER_FAILED;
}
