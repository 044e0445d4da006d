/*
 * The response parser: whatever comes, and however it is cut, it tells one
 * story.  The first byte of the input is no part of the response: its lowest
 * bit says that HEAD was asked for, the others the size of the pieces.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/h1.h"
#include "sum.h"

#define MAX_HEADER	512	/* bytes: low, so that it is reached */

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must not depend on how the input is cut. */
struct story {
	enum answer_event	last;
	const char	*code;
	int		heads;
	int		status;
	size_t		used;
	uint64_t	received;
	uint64_t	sum;	/* of head, body and trailers */
};

/* Feeds one piece, from memory of its exact size. */
static void
feed(struct story *st, struct h1 *p, const char *in, size_t len,
    struct error *err)
{
	char *piece = malloc(len == 0 ? 1 : len);
	struct span body;
	size_t off = 0, used;

	assert(piece != NULL);
	memcpy(piece, in, len);
	do {
		st->last = h1_next(p, piece + off, len - off, &used, &body,
		    err);
		assert(used <= len - off);
		if (st->last == ANSWER_HEAD) {
			st->heads++;
			st->status = p->answer.status;
			assert(p->answer.status >= 200);
			assert(p->header_bytes <= p->max_header);
			add_lines(&st->sum, &p->answer.headers);
		} else if (st->last == ANSWER_DATA) {
			assert(st->heads == 1 && body.len > 0);
			assert(body.data >= piece + off);
			assert(body.data + body.len <= piece + off + used);
			add_sum(&st->sum, body);
		}
		off += used;
	} while (st->last == ANSWER_HEAD || st->last == ANSWER_DATA);
	assert(st->last != ANSWER_MORE || off == len);
	st->used += off;
	free(piece);
}

static struct story
tell(const char *in, size_t len, size_t size, bool head_request)
{
	struct story st = { .last = ANSWER_MORE, .code = "" };
	struct error err;
	struct h1 p;
	size_t off, n;

	h1_init(&p);
	p.max_header = MAX_HEADER;
	p.head_request = head_request;
	for (off = 0; off < len && st.last == ANSWER_MORE; off += n) {
		n = len - off < size ? len - off : size;
		feed(&st, &p, in + off, n, &err);
	}
	if (st.last == ANSWER_MORE)
		st.last = h1_eof(&p, &err);
	if (st.last == ANSWER_FAILED) {
		assert(err.kind == ERR_PROTOCOL && err.message[0] != '\0');
		st.code = err.code;
	}
	assert(st.last == ANSWER_FAILED || st.heads == 1);
	st.received = p.answer.received;
	add_lines(&st.sum, &p.answer.trailers);
	h1_clear(&p);
	return st;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct story whole, pieces;
	const char *in = (const char *)data + 1;
	bool head_request;

	if (size == 0)
		return 0;
	head_request = (data[0] & 1) != 0;
	whole = tell(in, size - 1, size, head_request);
	pieces = tell(in, size - 1, (size_t)(data[0] >> 1) + 1, head_request);
	assert(whole.last == pieces.last);
	assert(strcmp(whole.code, pieces.code) == 0);
	assert(whole.heads == pieces.heads);
	assert(whole.status == pieces.status);
	assert(whole.used == pieces.used);
	assert(whole.received == pieces.received);
	assert(whole.sum == pieces.sum);
	return 0;
}
