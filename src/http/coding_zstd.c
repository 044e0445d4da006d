/* zstd (RFC 8878, RFC 9659), by libzstd. */
#ifdef HAVE_ZSTD
#include <stdlib.h>

#include <zstd.h>
#include <zstd_errors.h>

#include "http/coding.h"
#include "http/coding_internal.h"

#define HEADER_MAX 18	/* bytes of a frame's header, magic number included */

struct zstd {
	ZSTD_DStream	*stream;
	size_t		 taken;	/* bytes of this frame */
};

static void *
zstd_open(void)
{
	struct zstd *z = calloc(1, sizeof(*z));

	if (z == NULL || (z->stream = ZSTD_createDStream()) == NULL) {
		free(z);
		return NULL;
	}
	ZSTD_DCtx_setParameter(z->stream, ZSTD_d_windowLogMax,
	    CODING_ZSTD_WINDOW_LOG);
	return z;
}

static void
zstd_close(void *state)
{
	struct zstd *z = state;

	ZSTD_freeDStream(z->stream);
	free(z);
}

static enum coding_step
zstd_failed(size_t rv, struct error *err)
{
	switch (ZSTD_getErrorCode(rv)) {
	case ZSTD_error_memory_allocation:
		error_nomem(err);
		return STEP_FAILED;
	case ZSTD_error_frameParameter_windowTooLarge:
		return coding_corrupt(err, "zstd",
		    "its window is larger than 8 MiB (RFC 9659)");
	default:
		return coding_corrupt(err, "zstd", ZSTD_getErrorName(rv));
	}
}

/*
 * The header goes in byte by byte.  Wherever its input starts, libzstd looks
 * for the formats of before 1.0, and for a whole frame, which it decodes by a
 * shorter way without a look at the window; so a body's meaning would depend
 * on how it was cut.
 */
static enum coding_step
zstd_step(void *state, struct coding_io *io, struct error *err)
{
	struct zstd *z = state;
	size_t len = z->taken < HEADER_MAX && io->in.len > 0 ? 1 : io->in.len;
	ZSTD_inBuffer in = { io->in.data, len, 0 };
	ZSTD_outBuffer out = { io->out, io->room, 0 };
	size_t rv = ZSTD_decompressStream(z->stream, &out, &in);

	if (ZSTD_isError(rv))
		return zstd_failed(rv, err);
	z->taken += in.pos;
	coding_advance(io, in.pos, out.pos);
	return rv == 0 ? STEP_END : STEP_ON;
}

/* Several frames are one body (RFC 8878 section 3.1). */
static enum coding_step
zstd_begin(void *state, bool again, struct coding_io *io, struct error *err)
{
	struct zstd *z = state;
	unsigned char c = (unsigned char)*io->in.data;

	if (c != 0x28 && (c & 0xf0) != 0x50)	/* RFC 8878 3.1.1, 3.1.2 */
		return again ? coding_trailing(err, "zstd") :
		    coding_corrupt(err, "zstd", "no frame begins there");
	z->taken = 0;
	return zstd_step(state, io, err);
}

const struct coding_type coding_zstd = {
	.name = "zstd",
	.open = zstd_open,
	.close = zstd_close,
	.begin = zstd_begin,
	.step = zstd_step,
};
#endif
