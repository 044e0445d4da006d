/* br (RFC 7932), by libbrotlidec. */
#ifdef HAVE_BROTLI
#include <brotli/decode.h>
#include <stdint.h>

#include "http/coding_internal.h"

static void *
br_open(void)
{
	return BrotliDecoderCreateInstance(NULL, NULL, NULL);
}

static void
br_close(void *state)
{
	BrotliDecoderDestroyInstance(state);
}

static enum coding_step
br_failed(const BrotliDecoderState *d, struct error *err)
{
	BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(d);

	if (code > BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES ||
	    code < BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES)
		return coding_corrupt(err, "br",
		    BrotliDecoderErrorString(code));
	error_nomem(err);
	return STEP_FAILED;
}

static enum coding_step
br_step(void *state, struct coding_io *io, struct error *err)
{
	const uint8_t *in = (const uint8_t *)io->in.data;
	uint8_t *out = (uint8_t *)io->out;
	size_t nin = io->in.len, nout = io->room;
	BrotliDecoderResult rv;

	rv = BrotliDecoderDecompressStream(state, &nin, &in, &nout, &out,
	    NULL);
	coding_advance(io, io->in.len - nin, io->room - nout);
	if (rv == BROTLI_DECODER_RESULT_ERROR)
		return br_failed(state, err);
	return rv == BROTLI_DECODER_RESULT_SUCCESS ? STEP_END : STEP_ON;
}

const struct coding_type coding_br = {
	.name = "br",
	.open = br_open,
	.close = br_close,
	.step = br_step,
};
#endif
