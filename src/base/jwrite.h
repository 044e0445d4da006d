/*
 * Writing JSON text (RFC 8259): the values that are no array or object, which
 * are the caller's.  Allocates; no I/O, no Lua.
 */
#ifndef LURL_JWRITE_H
#define LURL_JWRITE_H
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

enum jwrite_error {
	JWRITE_OK,
	JWRITE_EUTF8,	/* the string is no UTF-8 (RFC 3629) */
	JWRITE_ENOMEM
};

/* Appends the string with its quotation marks. */
enum jwrite_error	jwrite_string(struct buf *b, struct span s);

/*
 * Append a number; a real one, which is finite, with as many of 15 to 17
 * digits as it takes to be read back the same, and as no integer.
 */
enum jwrite_error	jwrite_integer(struct buf *b, int64_t value);
enum jwrite_error	jwrite_real(struct buf *b, double value);
#endif
