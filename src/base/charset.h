/*
 * Text of a named character set as UTF-8 (iconv).  Allocates; no I/O, no Lua.
 */
#ifndef LURL_CHARSET_H
#define LURL_CHARSET_H
#include "buf.h"
#include "error.h"
#include "span.h"

/*
 * Appends text to out as UTF-8.  charset is a name as MIME writes it, such as
 * "iso-8859-1"; it is read as browsers read that one and us-ascii: as
 * windows-1252 (WHATWG Encoding, section 4.2).
 * Returns 0; on failure -1 and *err: decode/charset (not known here),
 * decode/corrupt (text is not of that set, with its place), io/ENOMEM.
 */
int	charset_to_utf8(struct buf *out, const char *charset, struct span text,
	    struct error *err);
#endif
