/*
 * What the files of the HTTP/2 session share; nobody else includes it.
 */
#ifndef LURL_H2_INTERNAL_H
#define LURL_H2_INTERNAL_H
#include <nghttp2/nghttp2.h>
#include <stdint.h>

#include "h2.h"
#include "quote.h"

struct h2 {
	nghttp2_session	*ng;
	struct buf	 fields;	/* of a request: nghttp2_nv, one a line */
	struct buf	 out;		/* to be sent */
	uint64_t	 gathered;	/* bytes that were ever put into out, */
	uint64_t	 written;	/* and taken from it */
	struct h2_stream *streams;
	struct h2_stream *changed;
	size_t		 count;
	unsigned int	 useless;	/* frames since one that brought much */
	bool		 is_over;	/* nghttp2 is not asked any more */
	bool		 has_goaway;	/* the server's */
	uint32_t	 goaway_code;
	char		 bad_field[QUOTE_MAX];	/* the last that nghttp2 refused */
	struct error	 why;		/* of the end; kind ERR_NONE: it lives */
};

struct h2_stream {
	struct h2	*h2;
	struct h2_stream *next, *previous;	/* in h2->streams */
	struct h2_stream *next_changed;
	bool		 is_changed;	/* in that list */
	void		*user;
	int32_t		 id;

	/* The request. */
	struct span	 piece;		/* of the body, borrowed */
	bool		 is_last;	/* no piece follows it */
	bool		 is_all;	/* nghttp2 has the end of the body */
	bool		 is_stopped;	/* the rest of it will never come */
	bool		 is_deferred;	/* nghttp2 waits for h2_send */
	bool		 is_begun;
	uint64_t	 begins_at;	/* then: its place in what is sent */

	/* The answer. */
	struct answer	 answer;
	bool		 no_body;	/* HEAD was asked for */
	size_t		 max_header;
	size_t		 header_bytes;	/* counted against it */
	int		 interim;
	bool		 has_begun;	/* something of it has come */
	bool		 has_head;
	bool		 is_head_told;
	bool		 has_length;	/* it said content-length: */
	uint64_t	 length;
	uint64_t	 got;		/* bytes of the body */
	size_t		 frame_left;	/* bytes to come of a DATA frame */
	uint8_t		 frame_flags;	/* and the last frame's flags */
	struct buf	 in;		/* got, and not looked at yet */
	struct buf	 out;		/* being handed out */
	size_t		 lent;		/* the piece that was handed out last */

	bool		 has_ended;	/* the answer is complete */
	bool		 is_closed;	/* nghttp2 has forgotten it */
	bool		 is_unprocessed;
	struct error	 why;		/* kind ERR_NONE: has not failed */
};

/* Fills h->fields with the request's; *is_head: it is HEAD.  -1: no memory. */
int	h2_read_head(struct h2 *h, const struct h2_request *request,
	    bool *is_head);

/* Makes nghttp2 tell this file's functions what comes. */
void	h2_set_receivers(nghttp2_session_callbacks *callbacks);

/* Puts it into the list of those that have something to tell. */
void	h2_touch(struct h2_stream *s);

/* Neither complete nor failed. */
bool	h2_is_live(const struct h2_stream *s);

/* Fails a live stream, kind protocol; another is left as it is. */
void	h2_fail(struct h2_stream *s, const char *code, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
void	h2_fail_nomem(struct h2_stream *s);

/* Fails a stream that broke the rules, which nghttp2 has noticed. */
void	h2_malformed(struct h2_stream *s, const char *why);

/* Fails every stream, and the session. */
void	h2_fail_all(struct h2 *h, const struct error *why);

/* nghttp2 itself cannot go on, with that error of its. */
void	h2_give_up(struct h2 *h, int code);

/* Fails a live stream whose connection has ended. */
void	h2_cut_off(struct h2_stream *s);

/* A frame has brought something, or taken it. */
void	h2_useful(struct h2 *h);
#endif
