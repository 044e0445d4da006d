/*
 * The response side of HTTP/1.1 as a machine fed with bytes (RFC 9112).
 * Sans-IO: bytes in, events out.  Allocates the header list; no Lua.
 *
 * Strict where laxness is an attack: no bare CR or LF as a line end, no
 * whitespace before a colon, no NUL, no conflicting or doubled framing.
 */
#ifndef LURL_H1_H
#define LURL_H1_H
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"
#include "answer.h"

#define H1_MAX_CHUNK_LINE 4096		/* bytes: chunk-size and extensions */

enum h1_framing {
	H1_EMPTY,	/* HEAD, 204, 304, or content-length: 0 */
	H1_LENGTH,	/* content-length */
	H1_CHUNKED,
	H1_UNTIL_CLOSE
};

struct h1 {
	/* Set by the caller after h1_init, before the first byte. */
	size_t		max_header;	/* all bytes of heads and trailers */
	bool		head_request;	/* the answer to HEAD has no body */
	bool		connect_request; /* a 2xx to CONNECT neither, nor framing */

	/* Its head is valid from ANSWER_HEAD on.  Owned by the struct. */
	struct answer	answer;
	int		minor;		/* HTTP/1.minor, 0 or 1 */
	enum h1_framing	framing;
	bool		keep_alive;	/* the connection may carry another */

	/* The machine's own. */
	int		state;		/* enum h1_state of h1_internal.h */
	int		interim;	/* 1xx answers skipped */
	size_t		header_bytes;	/* counted against max_header */
	uint64_t	left;		/* to come of the body or the chunk */
	struct buf	line;		/* a line that is not all there yet */
};

/* Makes *p ready for one response.  h1_clear releases what it owns. */
void	h1_init(struct h1 *p);
void	h1_clear(struct h1 *p);

/*
 * Advances by the len bytes at in, which may be none; *used is how many were
 * consumed, and an event other than ANSWER_MORE may leave some.  Called again
 * after each event; after ANSWER_END, when later bytes are not its, or
 * ANSWER_FAILED no more.  *body, with ANSWER_DATA, borrows from in.
 * ANSWER_HEAD comes once, before any ANSWER_DATA; ANSWER_END may follow
 * without a byte of input, so call until ANSWER_MORE.
 * Failures, kind protocol: status-line (not HTTP/1.x, malformed, 101 that
 * nobody asked for), header (syntax, obs-fold where framing is told, bare CR
 * or LF, NUL), framing (content-length not a number or in conflict, both
 * framings, transfer-encoding other than "chunked", bad chunk), too-large
 * (max_header, chunk line, too many 1xx); io/ENOMEM.
 */
enum answer_event	h1_next(struct h1 *p, const char *in, size_t len,
			    size_t *used, struct span *body,
			    struct error *err);

/*
 * The peer has ended the stream.  ANSWER_END where that ends the body
 * (H1_UNTIL_CLOSE); else ANSWER_FAILED: protocol/closed when not a byte of an
 * answer had come, protocol/truncated otherwise.
 */
enum answer_event	h1_eof(struct h1 *p, struct error *err);
#endif
