/*
 * Decoders: whatever comes, and however it is cut, they tell one story.  The
 * first byte of the input is no part of the body: its lowest two bits choose
 * the coding, the others the size of the pieces.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/coding.h"
#include "sum.h"

#define OUT_MAX	(4 * 1024 * 1024)	/* bytes: more is not waited for */

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must not depend on how the input is cut. */
struct story {
	const char	*code;	/* "" all was well, NULL too much */
	size_t		 len;
	uint64_t	 sum;
};

static void
add_piece(struct story *st, struct span s)
{
	add_sum(&st->sum, s);
	st->len += s.len;
	if (st->len > OUT_MAX)
		st->code = NULL;
}

static void
fail(struct story *st, const struct error *err)
{
	assert(err->kind == ERR_DECODE && err->message[0] != '\0');
	st->code = err->code;
}

/* Decodes one piece, from memory of its exact size. */
static void
push(struct story *st, struct coding *c, const char *in, size_t len)
{
	char *copy = malloc(len);
	struct error err = { 0 };
	struct span piece;
	int rv;

	assert(copy != NULL);
	memcpy(copy, in, len);
	assert(coding_is_drained(c));
	coding_push(c, (struct span){ copy, len });
	while ((rv = coding_pull(c, &piece, &err)) == 1 && st->code != NULL) {
		assert(piece.len > 0 && piece.len <= CODING_PIECE_MAX);
		add_piece(st, piece);
	}
	if (rv == -1)
		fail(st, &err);
	free(copy);
}

static struct story
tell(size_t coding, const char *in, size_t len, size_t size)
{
	const char *name = coding_name(coding);
	struct story st = { .code = "" };
	struct error err = { 0 };
	struct coding *c;
	size_t off, n;

	c = coding_new(coding_find((struct span){ name, strlen(name) }), &err);
	assert(c != NULL);
	for (off = 0; off < len && st.code != NULL && *st.code == '\0';
	    off += n) {
		n = len - off < size ? len - off : size;
		push(&st, c, in + off, n);
	}
	if (st.code != NULL && *st.code == '\0' &&
	    coding_finish(c, &err) == -1)
		fail(&st, &err);
	coding_free(c);
	return st;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *in = (const char *)data + 1;
	struct story whole, pieces;
	size_t coding;

	if (size == 0 || coding_name(coding = data[0] & 3) == NULL)
		return 0;
	whole = tell(coding, in, size - 1, size);
	pieces = tell(coding, in, size - 1, (size_t)(data[0] >> 2) + 1);
	if (whole.code == NULL || pieces.code == NULL)
		return 0;
	assert(strcmp(whole.code, pieces.code) == 0);
	if (*whole.code != '\0')
		return 0;
	assert(whole.len == pieces.len);
	assert(whole.sum == pieces.sum);
	return 0;
}
