/* A sum (FNV-1a) of what a parser tells, for two stories to be compared. */
#ifndef LURL_TESTS_SUM_H
#define LURL_TESTS_SUM_H
#include <assert.h>
#include <stdint.h>

#include "http/headers.h"

static inline void
add_sum(uint64_t *sum, struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		*sum = (*sum ^ (unsigned char)s.data[i]) *
		    UINT64_C(1099511628211);
}

/* Lines that are told are always ones that may be sent. */
static inline void
add_lines(uint64_t *sum, const struct headers *h)
{
	size_t i;

	for (i = 0; i < h->count; i++) {
		assert(header_name_valid(headers_name(h, i)));
		assert(header_value_valid(headers_value(h, i)));
		add_sum(sum, headers_name(h, i));
		add_sum(sum, headers_value(h, i));
	}
}
#endif
