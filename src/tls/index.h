/*
 * A large bundle as a hashed directory, which libtls looks into for the
 * issuers of the certificate at hand, instead of decoding all of it for every
 * connection.
 *
 * It is made once for a content, in the user's cache (cache.h), and nothing in
 * it is believed: what libtls may have taken from there is compared, after the
 * handshake, with the bundle as it was read.  So it costs time where it is
 * missing or wrong, and never more than that.
 * Reads and writes files; no Lua.
 */
#ifndef LURL_INDEX_H
#define LURL_INDEX_H
#include <stdbool.h>

#include "base/span.h"

struct index;

/*
 * The index of a bundle, PEM text as store_copy_file leaves it; text is
 * borrowed for as long as the index is there.
 * index_find: the one that is there already, if it has one regular file under
 * a hashed name for each certificate and nothing else.
 * index_build: makes it, in place of any other, and throws out old ones.
 * Return NULL when there is none to be had: for a bundle too small to be worth
 * it or with more than plain certificates, without a safe place (cache.h), on
 * a full disk.  Ownership: index_free (accepts NULL).
 */
struct index	*index_find(struct span text);
struct index	*index_build(struct span text);
void		 index_free(struct index *x);

/* The directory, for tls_config_set_ca_path.  Borrowed. */
const char	*index_path(const struct index *x);

/*
 * Whether all that could be looked up in it to verify a peer with this chain
 * (PEM, as the peer sent it) is of the bundle.  false also when the directory
 * is no longer the one that was found, or memory is short.
 */
bool		 index_vouches(const struct index *x, struct span chain);

/* Whether it has every certificate of the bundle, where it belongs, and no
 * other. */
bool		 index_is_whole(const struct index *x);

/* Takes it off the disk, for the next process to make it anew. */
void		 index_discard(const struct index *x);
#endif
