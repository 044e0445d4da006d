/* What the files of the index share. */
#ifndef LURL_INDEX_INTERNAL_H
#define LURL_INDEX_INTERNAL_H
#include <sys/stat.h>

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "tls/index.h"
#include "tls/pem.h"

#define INDEX_MIN	4	/* certificates: fewer are parsed as quickly */
#define INDEX_MAX	20000	/* likewise: files in a directory */
#define INDEX_NAMESAKES	32	/* likewise: of one subject */
#define INDEX_KEPT	16	/* indexes */
#define INDEX_NAME_MAX	32	/* bytes of "HHHHHHHH.N" with the NUL */

struct index {
	struct span	 text;
	struct buf	 blocks;	/* struct pem_block, borrowing text */
	char		 name[65];	/* SHA-256 of the text */
	char		*parent;	/* the directory it is in */
	char		*path;
	struct stat	 st;		/* the directory as it was found */
};

/* index.c: an index that is not looked for yet; whether it is there. */
struct index	*index_new(struct span text, bool make);
bool		 index_is_there(struct index *x);

size_t		 index_count(const struct index *x);

/* The name of the n-th certificate with this hash. */
void		 index_entry_name(char name[INDEX_NAME_MAX], uint32_t hash,
		    size_t n);

/*
 * index_check.c: appends what the file of the k-th certificate holds: its
 * place in the bundle, a number in a line of its own, and the certificate in
 * PEM.  Returns 0, or -1 when it is damaged or memory is short.
 */
int		 index_entry(const struct index *x, size_t k, struct buf *b);
#endif
