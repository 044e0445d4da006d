/*
 * TLS records told from what else a client might send where one is due.
 */
#ifndef LURL_RECORDS_H
#define LURL_RECORDS_H
#include <stdbool.h>
#include <stddef.h>

#define RECORD_HEAD	5	/* bytes; RFC 8446 section 5.1 */

struct records {
	unsigned char	head[RECORD_HEAD];
	size_t		head_len;
	size_t		skip;	/* bytes left of the record */
	bool		plain;	/* it was no record: nor is what follows */
};

/* Returns how many of the bytes that came next belong to no record. */
static size_t
records_add(struct records *r, const char *data, size_t len)
{
	size_t i, plain = 0;

	for (i = 0; i < len; i++) {
		unsigned char b = (unsigned char)data[i];

		if (r->plain) {
			plain++;
		} else if (r->skip > 0) {
			r->skip--;
		} else {
			r->head[r->head_len++] = b;
			r->plain = r->head[0] < 20 || r->head[0] > 23 ||
			    (r->head_len > 1 && r->head[1] != 3);
			if (r->plain)
				plain += r->head_len;
			if (r->head_len == RECORD_HEAD) {
				r->skip = r->head[3] * 256u + r->head[4];
				r->head_len = 0;
			}
		}
	}
	return plain;
}
#endif
