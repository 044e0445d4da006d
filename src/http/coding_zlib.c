/* gzip (RFC 1952) and deflate (RFC 1950, RFC 1951), by zlib. */
#ifdef HAVE_ZLIB
#define ZLIB_CONST	/* its input is const */
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "http/coding_internal.h"

#define BITS_GZIP	(16 + MAX_WBITS)	/* as inflateInit2 has it */
#define BITS_ZLIB	MAX_WBITS
#define BITS_RAW	(-MAX_WBITS)

struct inflater {
	z_stream	 z;
	bool		 padded;	/* gzip: zeros after the end */
	unsigned char	 head[2];	/* deflate: tell which of the two */
	unsigned int	 nhead;
};

static void *
open_bits(int bits)
{
	struct inflater *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	if (inflateInit2(&f->z, bits) == Z_OK)
		return f;
	free(f);
	return NULL;
}

static void *
gzip_open(void)
{
	return open_bits(BITS_GZIP);
}

static void *
deflate_open(void)
{
	return open_bits(BITS_ZLIB);
}

static void
zlib_close(void *state)
{
	struct inflater *f = state;

	inflateEnd(&f->z);
	free(f);
}

static enum coding_step
inflate_some(struct inflater *f, const char *name, struct coding_io *io,
    struct error *err)
{
	uInt taken = io->in.len > UINT_MAX ? UINT_MAX : (uInt)io->in.len;
	uInt written = (uInt)io->room;
	int rv;

	f->z.next_in = (const Bytef *)io->in.data;
	f->z.avail_in = taken;
	f->z.next_out = (Bytef *)io->out;
	f->z.avail_out = written;
	rv = inflate(&f->z, Z_NO_FLUSH);
	coding_advance(io, taken - f->z.avail_in, written - f->z.avail_out);
	if (rv == Z_STREAM_END)
		return STEP_END;
	if (rv == Z_OK || rv == Z_BUF_ERROR)
		return STEP_ON;
	if (rv != Z_MEM_ERROR)
		return coding_corrupt(err, name, rv == Z_NEED_DICT ?
		    "it needs a dictionary" : f->z.msg);
	error_nomem(err);
	return STEP_FAILED;
}

/*
 * Several members are one body (RFC 1952 section 2.2).  Zeros, with which
 * tapes are padded, are passed over as gzip(1) does, up to the end.
 */
static enum coding_step
gzip_begin(void *state, bool again, struct coding_io *io, struct error *err)
{
	struct inflater *f = state;

	if (!again)
		return STEP_ON;
	while (io->in.len > 0 && *io->in.data == '\0') {
		coding_advance(io, 1, 0);
		f->padded = true;
	}
	if (io->in.len == 0)
		return STEP_END;
	if (f->padded || *io->in.data != '\x1f')
		return coding_trailing(err, "gzip");
	inflateReset(&f->z);
	return STEP_ON;
}

static enum coding_step
gzip_step(void *state, struct coding_io *io, struct error *err)
{
	return inflate_some(state, "gzip", io, err);
}

/* RFC 1950 section 2.2; what is no such header is a bare stream. */
static bool
is_zlib_header(const unsigned char *head)
{
	return (head[0] & 0x0f) == Z_DEFLATED && head[0] >> 4 <= 7 &&
	    (head[0] * 256 + head[1]) % 31 == 0;
}

/*
 * "deflate" is the zlib format, but some send deflate data without it (RFC
 * 9110 section 8.4.1.2).  Two bytes tell, and no stream is shorter.
 */
static enum coding_step
deflate_start(struct inflater *f, struct coding_io *io, struct error *err)
{
	struct coding_io head = { { (char *)f->head, 2 }, io->out, io->room };
	enum coding_step rv;

	f->head[f->nhead++] = (unsigned char)*io->in.data;
	coding_advance(io, 1, 0);
	if (f->nhead < sizeof(f->head))
		return STEP_ON;
	if (!is_zlib_header(f->head))
		inflateReset2(&f->z, BITS_RAW);
	rv = inflate_some(f, "deflate", &head, err);
	coding_advance(io, 0, io->room - head.room);
	return rv;
}

static enum coding_step
deflate_step(void *state, struct coding_io *io, struct error *err)
{
	struct inflater *f = state;

	if (f->nhead < sizeof(f->head))
		return deflate_start(f, io, err);
	return inflate_some(f, "deflate", io, err);
}

const struct coding_type coding_gzip = {
	.name = "gzip",
	.alias = "x-gzip",
	.open = gzip_open,
	.close = zlib_close,
	.begin = gzip_begin,
	.step = gzip_step,
};

const struct coding_type coding_deflate = {
	.name = "deflate",
	.open = deflate_open,
	.close = zlib_close,
	.step = deflate_step,
};
#endif
