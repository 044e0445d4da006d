/*
 * Reading JSON text (RFC 8259), strictly and one piece at a time: the caller
 * recurses and builds what it likes.
 *
 *	for (n = 0; (more = jread_element(&j, n == 0)) == 1; n++)
 *		jread_value(&j, &v) ...
 *
 * Allocates only for strings with escapes; no I/O, no Lua.
 */
#ifndef LURL_JREAD_H
#define LURL_JREAD_H
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

#define JREAD_DEPTH_MAX	2048	/* arrays in one another; jansson's, too */

enum jread_error {
	JREAD_OK,
	JREAD_EBAD,	/* no JSON, not UTF-8, or a number out of range */
	JREAD_EDEPTH,
	JREAD_ENOMEM
};

enum jread_type {
	JREAD_NULL,
	JREAD_FALSE,
	JREAD_TRUE,
	JREAD_INTEGER,	/* neither fraction nor exponent */
	JREAD_REAL,
	JREAD_STRING,
	JREAD_ARRAY,	/* its "[": jread_element follows */
	JREAD_OBJECT	/* its "{": jread_member follows */
};

struct jread {
	const char	*at;	/* the next byte; borrows the text */
	const char	*end;
	unsigned	 depth;
	enum jread_error error;
	struct buf	 text;	/* owned: the last string that had escapes */
};

struct jread_value {
	enum jread_type	 type;
	int64_t		 integer;
	double		 real;	/* the nearest one; finite */
	struct span	 string;	/* valid until the next call; any bytes
					   but UTF-8, NUL among them */
};

/* Begins at the start of text, after a byte order mark. */
void	jread_init(struct jread *j, struct span text);

/* Releases what *j owns.  Accepts a zeroed one. */
void	jread_clear(struct jread *j);

/*
 * Reads a value; of an array or object, its bracket.
 * Returns 0, or -1 and j->error.
 */
int	jread_value(struct jread *j, struct jread_value *v);

/*
 * Goes on in the innermost array or object: past "," to its next element, or
 * past "," and the key to the value of its next member.
 * Returns 1: jread_value is next; 0: it ended; -1 and j->error.
 */
int	jread_element(struct jread *j, bool first);
int	jread_member(struct jread *j, bool first, struct span *key);

/* Nothing may follow the value.  Returns 0, or -1 and j->error. */
int	jread_end(struct jread *j);

/*
 * How many bytes at the start of s stand for themselves in a JSON string:
 * whole UTF-8 characters but quotation mark, backslash and controls.
 */
size_t	jread_plain(const char *s, size_t len);
#endif
