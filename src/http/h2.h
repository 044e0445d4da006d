/*
 * A client's side of one HTTP/2 connection (RFC 9113), on nghttp2: many
 * requests at once, each a stream.
 * Sans-IO: bytes in, events out, bytes to send out.  Allocates; no Lua.
 *
 * Strict where nghttp2 is lax: a malformed field is an error, not skipped;
 * frames that bring nothing are counted, and so are interim answers.
 */
#ifndef LURL_H2_H
#define LURL_H2_H
#include <stdbool.h>
#include <stddef.h>

#include "answer.h"
#include "base/error.h"
#include "base/span.h"

#define H2_WINDOW	(1024 * 1024)	/* bytes of one body before its reader */
#define H2_PIECE	16384		/* bytes: no piece of a body is larger */
#define H2_MAX_USELESS	10000		/* frames in a row that bring nothing */

struct h2;
struct h2_stream;

/* Whether it is built in; without, h2_new fails. */
bool	h2_is_there(void);

/*
 * A session that has its preface to send (RFC 9113 section 3.4); max_header is
 * what the server is told of header sections, in bytes.
 * Ownership: h2_free (accepts NULL), after h2_close of every stream.
 * NULL and *err: io/ENOMEM.
 */
struct h2	*h2_new(size_t max_header, struct error *err);
void		 h2_free(struct h2 *h);

/* The connection. */

/* Takes bytes that have come, all of them; what they mean the streams tell. */
void	h2_feed(struct h2 *h, const char *in, size_t len);

/*
 * No more will come: the server has ended the connection; or, with why, it has
 * broken.  Fails the streams that this leaves without the rest of an answer.
 */
void	h2_eof(struct h2 *h);
void	h2_break(struct h2 *h, const struct error *why);

/*
 * What is to be sent next, len 0: nothing.  Borrowed until the session is next
 * used.  Until h2_written has taken all of it, it begins with the same bytes.
 */
struct span	h2_output(struct h2 *h);
void		h2_written(struct h2 *h, size_t n);

/*
 * Whether another request may be made on it: neither side has said that this
 * is the end; and whether it would go out now, not wait for one of those under
 * way (SETTINGS_MAX_CONCURRENT_STREAMS).
 */
bool	h2_is_open(const struct h2 *h);
bool	h2_has_room(const struct h2 *h);

/* Streams that have not been closed. */
size_t	h2_count(const struct h2 *h);

/*
 * The next stream that has something to tell since it was last named here:
 * what h2_next gives, or that its piece has gone.  NULL: none has.
 */
struct h2_stream	*h2_changed(struct h2 *h);

/* Streams. */

struct h2_request {
	struct span	head;		/* as request_write makes it */
	const char	*scheme;
	bool		has_body;	/* h2_send follows */
	size_t		max_header;	/* bytes, of all header sections */
	void		*user;		/* for h2_user */
};

/*
 * Begins a request; nothing is borrowed.  The host line becomes :authority,
 * what is about an HTTP/1.1 connection is left out (section 8.2.2).
 * Ownership: h2_close (accepts NULL), which cancels what is not complete.
 * NULL and *err: io/ENOMEM, protocol/h2.
 */
struct h2_stream	*h2_open(struct h2 *h, const struct h2_request *request,
			    struct error *err);
void			 h2_close(struct h2_stream *s);
void			*h2_user(const struct h2_stream *s);

/*
 * Gives the next piece of the request's body, as far as the server's windows
 * let it go; last is true for the last, which may be empty.  Borrowed, and no
 * other may follow, until h2_is_taken.
 */
void	h2_send(struct h2_stream *s, struct span piece, bool last);
bool	h2_is_taken(const struct h2_stream *s);

/* Gives up the rest of the request's body: nothing is borrowed any more. */
void	h2_stop(struct h2_stream *s);

/*
 * What happens next with the answer.  *piece, with ANSWER_DATA, is borrowed
 * until the next call; by that call it has been read, and the server may send
 * as much again (section 5.2).  ANSWER_HEAD comes once, before any ANSWER_DATA;
 * after ANSWER_END or ANSWER_FAILED the same again.
 * Failures, kind protocol: h2 (whatever breaks RFC 9113; the server reset the
 * stream; too many useless frames), truncated (the end came before
 * content-length said, or before the stream's), closed (before an answer),
 * too-large (max_header, too many 1xx); io/ENOMEM; that of h2_break.
 */
enum answer_event	h2_next(struct h2_stream *s, struct span *piece,
			    struct error *err);

/* What has come of it; the head is valid from ANSWER_HEAD on. */
struct answer	*h2_answer(struct h2_stream *s);

/* Whether its head has come, its end, or a failure; told of or not. */
bool	h2_has_head(const struct h2_stream *s);
bool	h2_has_ended(const struct h2_stream *s);
bool	h2_has_failed(const struct h2_stream *s);

/* Whether any byte of the request was in what h2_written has told of. */
bool	h2_was_sent(const struct h2_stream *s);

/*
 * Whether, after a failure, the server says that it has done nothing with the
 * request, so that it may go out again whatever it is (section 8.7).
 */
bool	h2_is_unprocessed(const struct h2_stream *s);
#endif
