/*
 * An answer as either protocol brings it: its head, and how much of its body
 * has come; and what happens while it comes.
 * Allocates; no I/O, no Lua.  A zeroed struct answer is one that has not come.
 */
#ifndef LURL_ANSWER_H
#define LURL_ANSWER_H
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "headers.h"

#define ANSWER_MAX_HEADER (256 * 1024)	/* bytes: default for max_header */
#define ANSWER_MAX_INTERIM 32		/* 1xx answers before the real one */

enum answer_event {
	ANSWER_MORE,	/* nothing happens until more bytes come */
	ANSWER_HEAD,	/* the final (not 1xx) head is complete */
	ANSWER_DATA,	/* a piece of the body */
	ANSWER_END,	/* the answer is complete */
	ANSWER_FAILED	/* the struct error is filled */
};

struct answer {
	const char	*http;		/* "1.0", "1.1" or "2"; static */
	int		 status;	/* 200..999 (100..199 are skipped) */
	struct buf	 reason;	/* may be empty; HTTP/2 has none */
	struct headers	 headers;
	struct headers	 trailers;	/* kept apart (RFC 9110 6.5.1) */
	bool		 is_sized;	/* its length was announced: */
	uint64_t	 length;	/* bytes */
	uint64_t	 received;	/* body bytes handed out so far */
};

/* Releases what it owns, and leaves one that has not come. */
void	answer_clear(struct answer *a);
#endif
