/*
 * The request side of HTTP/1.1: the head as bytes (RFC 9112 section 3).
 * Pure but for allocation; no Lua.
 */
#ifndef LURL_REQUEST_H
#define LURL_REQUEST_H
#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"
#include "headers.h"

/*
 * Appends "METHOD target HTTP/1.1", the lines of first (which may be NULL) and
 * of fields, and the empty line to b.
 * Nothing is added or left out: policy decides what the lines are.
 * Returns 0; on failure -1, b as it was, and *err: usage/value when method is
 * no token, target has a byte outside 0x21..0x7e, or a name or value may not
 * be sent (the message names the field, never its value); io/ENOMEM.
 */
int	request_write(struct buf *b, struct span method, struct span target,
	    const struct headers *first, const struct headers *fields,
	    struct error *err);
#endif
