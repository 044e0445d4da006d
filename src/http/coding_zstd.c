/* zstd (RFC 8878, RFC 9659), by libzstd. */
#ifdef HAVE_ZSTD
#include <zstd.h>
#include <zstd_errors.h>

#include "http/coding.h"
#include "http/coding_internal.h"

static void *
zstd_open(void)
{
	ZSTD_DStream *d = ZSTD_createDStream();

	if (d != NULL)
		ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax,
		    CODING_ZSTD_WINDOW_LOG);
	return d;
}

static void
zstd_close(void *state)
{
	ZSTD_freeDStream(state);
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

static enum coding_step
decompress(void *state, size_t len, struct coding_io *io, struct error *err)
{
	ZSTD_inBuffer in = { io->in.data, len, 0 };
	ZSTD_outBuffer out = { io->out, io->room, 0 };
	size_t rv = ZSTD_decompressStream(state, &out, &in);

	if (ZSTD_isError(rv))
		return zstd_failed(rv, err);
	coding_advance(io, in.pos, out.pos);
	return rv == 0 ? STEP_END : STEP_ON;
}

/*
 * Several frames are one body (RFC 8878 section 3.1).  The first byte goes in
 * by itself: a library that reads the formats of zstd before 1.0 too would
 * know them by it, and one that has a whole frame before it takes a shorter
 * way, on which it does not look at the window.
 */
static enum coding_step
zstd_begin(void *state, bool again, struct coding_io *io, struct error *err)
{
	unsigned char c = (unsigned char)*io->in.data;

	if (c != 0x28 && (c & 0xf0) != 0x50)	/* RFC 8878 3.1.1, 3.1.2 */
		return again ? coding_trailing(err, "zstd") :
		    coding_corrupt(err, "zstd", "no frame begins there");
	return decompress(state, 1, io, err);
}

static enum coding_step
zstd_step(void *state, struct coding_io *io, struct error *err)
{
	return decompress(state, io->in.len, io, err);
}

const struct coding_type coding_zstd = {
	.name = "zstd",
	.open = zstd_open,
	.close = zstd_close,
	.begin = zstd_begin,
	.step = zstd_step,
};
#endif
