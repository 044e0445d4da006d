#include <string.h>

#include "http/answer.h"

void
answer_clear(struct answer *a)
{
	buf_clear(&a->reason);
	headers_clear(&a->headers);
	headers_clear(&a->trailers);
	memset(a, 0, sizeof(*a));
}
