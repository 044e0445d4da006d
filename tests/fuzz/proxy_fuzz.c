/*
 * What a proxy says in its handshake: whatever comes, and however it is cut,
 * it tells one story.  The first byte of the input is no part of it: its lowest
 * bit says SOCKS5 or CONNECT, the next whether there are credentials, the
 * others the size of the pieces.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/socks.h"
#include "net/tunnel.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct handshake {
	bool		is_socks;
	struct socks	socks;
	struct tunnel	tunnel;
	struct buf	out;
};

/* What must not depend on how the input is cut. */
struct story {
	enum want	want;
	const char	*code;
	int		status;
	size_t		used;
	size_t		sent;
};

static void
begin(struct handshake *h, bool is_socks, bool has_user)
{
	struct error err;
	int rv;

	memset(h, 0, sizeof(*h));
	h->is_socks = is_socks;
	h->socks.host = "a.test";
	h->socks.port = 443;
	h->socks.user = has_user ? "joe" : NULL;
	h->socks.password = "x";
	rv = is_socks ? socks_start(&h->socks, &h->out, &err) :
	    tunnel_start(&h->tunnel, "a.test", 443, has_user ? "Basic x" :
	    NULL, &h->out, &err);
	assert(rv == 0);
}

/* Feeds one piece, from memory of its exact size. */
static void
feed(struct story *st, struct handshake *h, const char *in, size_t len)
{
	char *piece = malloc(len);
	struct span span = { piece, len };
	struct error err;
	size_t used;

	assert(piece != NULL);
	memcpy(piece, in, len);
	st->want = h->is_socks ?
	    socks_next(&h->socks, span, &used, &h->out, &err) :
	    tunnel_next(&h->tunnel, span, &used, &err);
	assert(used <= len);
	assert(st->want != WANT_READ || used == len);
	assert(st->want != WANT_WRITE && st->want != WANT_WAKE);
	st->used += used;
	if (st->want == WANT_FAILED) {
		assert(err.kind == ERR_PROXY && err.message[0] != '\0');
		st->code = err.code;
	}
	free(piece);
}

static struct story
tell(const char *in, size_t len, size_t size, unsigned flags)
{
	struct story st = { .want = WANT_READ, .code = "" };
	struct handshake h;
	size_t off, n;

	begin(&h, (flags & 1) != 0, (flags & 2) != 0);
	for (off = 0; off < len && st.want == WANT_READ; off += n) {
		n = len - off < size ? len - off : size;
		feed(&st, &h, in + off, n);
	}
	st.sent = buf_span(&h.out).len;
	if (!h.is_socks) {
		st.status = h.tunnel.h1.answer.status;
		assert(st.want != WANT_NOTHING ||
		    (st.status >= 200 && st.status < 300));
		tunnel_clear(&h.tunnel);
	}
	buf_clear(&h.out);
	return st;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct story whole, pieces;
	const char *in = (const char *)data + 1;

	if (size < 2)
		return 0;
	whole = tell(in, size - 1, size, data[0]);
	pieces = tell(in, size - 1, (size_t)(data[0] >> 2) + 1, data[0]);
	assert(whole.want == pieces.want);
	assert(strcmp(whole.code, pieces.code) == 0);
	assert(whole.sent == pieces.sent);
	/* A piece that failed may have been taken whole, or to the mistake. */
	assert(whole.want == WANT_FAILED || whole.used == pieces.used);
	assert(whole.want == WANT_READ || whole.status == pieces.status);
	return 0;
}
