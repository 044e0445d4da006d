/*
 * A run of bytes that belongs to somebody else: valid as long as they say.
 */
#ifndef LURL_SPAN_H
#define LURL_SPAN_H
#include <stddef.h>

struct span {
	const char	*data;
	size_t		 len;	/* bytes; data need not be NUL-terminated */
};
#endif
