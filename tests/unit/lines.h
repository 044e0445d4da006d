/* Header lines as one text, for stories to be compared.  After cmocka.h. */
#ifndef LURL_TESTS_LINES_H
#define LURL_TESTS_LINES_H
#include "base/buf.h"
#include "http/headers.h"

static void
copy(struct buf *to, struct span from)
{
	assert_int_equal(buf_add(to, from.data, from.len), 0);
}

/* Each as "name: value\n". */
static void
copy_lines(struct buf *to, const struct headers *h)
{
	size_t i;

	for (i = 0; i < h->count; i++) {
		copy(to, headers_name(h, i));
		copy(to, span_of(": "));
		copy(to, headers_value(h, i));
		copy(to, span_of("\n"));
	}
}
#endif
