/*
 * What the files of the HTTP/1.1 machine share; nobody else includes it.
 */
#ifndef LURL_H1_INTERNAL_H
#define LURL_H1_INTERNAL_H
#include "h1.h"

/* What the next byte belongs to. */
enum h1_state {
	H1_AT_START,		/* the first bytes, which tell the protocol */
	H1_AT_STATUS,		/* the status line */
	H1_AT_FIELD,		/* the header section */
	H1_AT_LENGTH,		/* a body with content-length */
	H1_AT_CLOSE,		/* a body until the stream ends */
	H1_AT_CHUNK_SIZE,	/* the line before a chunk */
	H1_AT_CHUNK_DATA,
	H1_AT_CHUNK_CR,		/* the line end after a chunk */
	H1_AT_CHUNK_LF,
	H1_AT_TRAILER,		/* the trailer section */
	H1_AT_END,
	H1_AT_FAILURE
};

/* The arguments of h1_next, and how far it has come with them. */
struct h1_feed {
	const char	*in;
	size_t		 len;
	size_t		 used;
	struct span	*body;
	struct error	*err;
};

enum h1_line {
	H1_LINE_WHOLE,	/* *line is one line with its LF */
	H1_LINE_PART,	/* all input is consumed, no LF yet */
	H1_LINE_LONG,	/* no LF in as many bytes as may be taken */
	H1_LINE_NOMEM
};

/*
 * Takes a line, at most room more bytes of it: from the input where it is
 * all there, else gathered in p->line.  *line is borrowed until the next call.
 */
enum h1_line	h1_line_take(struct h1 *p, struct h1_feed *f, size_t room,
		    struct span *line);

/*
 * Removes the CRLF of a line.  A line that ends in another way, or has a CR
 * elsewhere, is refused: somebody between might have read two lines, or one
 * (RFC 9112 section 2.2).  where tells the message which section it is.
 * Returns 0, or -1 and protocol/code.
 */
int	h1_line_strip(struct span *line, const char *code, const char *where,
	    struct error *err);

/*
 * Adds a field line (RFC 9112 section 5) to the list, or to its last line
 * when it is the rest of a folded one.
 * Returns 0, or -1: protocol/header, io/ENOMEM.
 */
int	h1_field_add(struct headers *h, struct span line, struct error *err);

/*
 * Tells from the head how the body is framed (RFC 9112 section 6.3) and
 * whether the connection goes on (section 9.3): sets framing, length, left
 * and keep_alive.  Those of a 1xx mean nothing, but must not conflict either.
 * Returns 0, or -1: protocol/framing.
 */
int	h1_frame(struct h1 *p, struct error *err);

/*
 * Steps of the body.  ANSWER_MORE: the state has changed, or the input is used
 * up.
 */
enum answer_event h1_length_step(struct h1 *p, struct h1_feed *f);
enum answer_event h1_close_step(struct h1 *p, struct h1_feed *f);
enum answer_event h1_chunk_size_step(struct h1 *p, struct h1_feed *f);
enum answer_event h1_chunk_data_step(struct h1 *p, struct h1_feed *f);
enum answer_event h1_chunk_end_step(struct h1 *p, struct h1_feed *f);
#endif
