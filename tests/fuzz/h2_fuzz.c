/*
 * The HTTP/2 session: whatever a server sends, and however it is cut, each of
 * three requests tells one story.  The first byte of the input says the size
 * of the pieces.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/h2.h"
#include "sum.h"

#define MAX_HEADER	512	/* bytes: low, so that it is reached */
#define REQUESTS	3

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must not depend on how the input is cut. */
struct story {
	enum answer_event last;
	int		heads;
	int		status;
	uint64_t	sum;	/* of head, body and trailers */
	struct error	err;
};

static void
listen(struct story *st, struct h2_stream *s)
{
	struct answer *a = h2_answer(s);
	struct span piece;

	do {
		st->last = h2_next(s, &piece, &st->err);
		if (st->last == ANSWER_HEAD) {
			st->heads++;
			st->status = a->status;
			assert(a->status >= 200);
			add_lines(&st->sum, &a->headers);
		} else if (st->last == ANSWER_DATA) {
			assert(st->heads == 1 && piece.len > 0);
			add_sum(&st->sum, piece);
		}
	} while (st->last == ANSWER_HEAD || st->last == ANSWER_DATA);
}

static struct h2_stream *
begin(struct h2 *h, const char *head, bool has_body)
{
	const struct h2_request request = {
		.head = span_of(head), .scheme = "https",
		.has_body = has_body, .max_header = MAX_HEADER
	};
	struct error err;
	struct h2_stream *s = h2_open(h, &request, &err);

	assert(s != NULL);
	return s;
}

static void
write_all(struct h2 *h)
{
	struct span out;

	while ((out = h2_output(h)).len > 0)
		h2_written(h, out.len);
}

/* One piece, from memory of its exact size. */
static void
feed(struct h2 *h, const char *in, size_t len)
{
	char *piece = malloc(len);

	assert(piece != NULL);
	memcpy(piece, in, len);
	h2_feed(h, piece, len);
	free(piece);
	write_all(h);
}

static void
tell(struct story *st, const char *in, size_t len, size_t size)
{
	static const char body[100000];
	const struct span piece = { body, sizeof(body) };
	struct h2_stream *s[REQUESTS];
	struct error err;
	struct h2 *h = h2_new(MAX_HEADER, &err);
	size_t off, n, i;

	assert(h != NULL);
	memset(st, 0, REQUESTS * sizeof(*st));
	s[0] = begin(h, "GET / HTTP/1.1\r\nhost: a\r\n\r\n", false);
	s[1] = begin(h, "HEAD / HTTP/1.1\r\nhost: a\r\n\r\n", false);
	s[2] = begin(h, "POST / HTTP/1.1\r\nhost: a\r\n\r\n", true);
	h2_send(s[2], piece, true);
	write_all(h);
	for (off = 0; off < len; off += n) {
		n = len - off < size ? len - off : size;
		feed(h, in + off, n);
		while (h2_changed(h) != NULL)
			continue;
		for (i = 0; i < REQUESTS; i++)
			listen(&st[i], s[i]);
	}
	h2_eof(h);
	for (i = 0; i < REQUESTS; i++) {
		listen(&st[i], s[i]);
		assert(st[i].last == ANSWER_END || st[i].last == ANSWER_FAILED);
		assert(st[i].last == ANSWER_FAILED || st[i].heads == 1);
		add_lines(&st[i].sum, &h2_answer(s[i])->trailers);
		h2_close(s[i]);
	}
	h2_free(h);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct story whole[REQUESTS], pieces[REQUESTS];
	const char *in = (const char *)data + 1;
	size_t i;

	if (size < 2)
		return 0;
	tell(whole, in, size - 1, size);
	tell(pieces, in, size - 1, (size_t)data[0] + 1);
	for (i = 0; i < REQUESTS; i++) {
		const struct story *a = &whole[i], *b = &pieces[i];

		/*
		 * nghttp2 counts how often it looks at CONTINUATION frames,
		 * and a body that breaks a rule is handed out till then.
		 */
		if (a->last == ANSWER_FAILED || b->last == ANSWER_FAILED)
			continue;
		assert(a->heads == b->heads);
		assert(a->status == b->status);
		assert(a->sum == b->sum);
	}
	return 0;
}
