/*
 * What a coding is made of: coding.c runs it, a file for each library fills
 * it in.
 */
#ifndef LURL_CODING_INTERNAL_H
#define LURL_CODING_INTERNAL_H
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/span.h"

/* What one call works on: takes from the front of in, writes to out. */
struct coding_io {
	struct span	 in;
	char		*out;
	size_t		 room;	/* bytes left at out */
};

enum coding_step {
	STEP_FAILED = -1,	/* *err is filled */
	STEP_ON,		/* inside a stream */
	STEP_END		/* at the end of one, all its output written */
};

struct coding_type {
	const char	*name;
	const char	*alias;		/* another name for it, or NULL */

	/* The state of a decoder; NULL when out of memory. */
	void	*(*open)(void);
	void	 (*close)(void *state);

	/*
	 * Before the first byte of a stream; again: a stream has ended, and
	 * there is more.  May take some of it.  NULL: there is one stream.
	 */
	enum coding_step (*begin)(void *state, bool again,
	    struct coding_io *io, struct error *err);

	/*
	 * Goes on until in is empty or out is full, or to the stream's end.
	 * Room left over means that nothing is held back.
	 */
	enum coding_step (*step)(void *state, struct coding_io *io,
	    struct error *err);
};

extern const struct coding_type coding_gzip, coding_deflate;
extern const struct coding_type coding_br;
extern const struct coding_type coding_zstd;

/* Moves io on: taken bytes of in, written bytes of out. */
void	coding_advance(struct coding_io *io, size_t taken, size_t written);

/* Fills *err with decode/corrupt and why.  Return STEP_FAILED. */
enum coding_step	coding_corrupt(struct error *err, const char *name,
			    const char *why);
enum coding_step	coding_trailing(struct error *err, const char *name);
#endif
