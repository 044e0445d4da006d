/*
 * Every allocation of a decoder fails once: our own, and each call of a
 * library that may say it is out of memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static size_t calls;
static size_t fail_at;	/* 1: the first call */

static bool
fails(void)
{
	return ++calls == fail_at;
}

/* The files of the room, linked instead of those of the archive. */
#define malloc(n)	(fails() ? NULL : malloc(n))
#define calloc(n, size)	(fails() ? NULL : calloc(n, size))
#include "http/coding.c"

#ifdef HAVE_ZLIB
#define ZLIB_CONST
#include <zlib.h>
#undef inflateInit2
#define inflateInit2(z, bits) (fails() ? Z_MEM_ERROR : \
	inflateInit2_((z), (bits), ZLIB_VERSION, (int)sizeof(z_stream)))
#define inflate(z, flush) (fails() ? Z_MEM_ERROR : inflate(z, flush))
#undef ZLIB_CONST
#include "http/coding_zlib.c"
#endif

#ifdef HAVE_BROTLI
#include <brotli/decode.h>
#define BrotliDecoderCreateInstance(a, f, p) (fails() ? NULL : \
	BrotliDecoderCreateInstance(a, f, p))
#define BrotliDecoderDecompressStream(d, ni, i, no, o, t) (fails() ? \
	BROTLI_DECODER_RESULT_ERROR : \
	BrotliDecoderDecompressStream(d, ni, i, no, o, t))
#define BrotliDecoderGetErrorCode(d) ((void)(d), \
	BROTLI_DECODER_ERROR_ALLOC_RING_BUFFER_1)
#include "http/coding_brotli.c"
#endif

#ifdef HAVE_ZSTD
#include <zstd.h>
#include <zstd_errors.h>
#define ZSTD_createDStream() (fails() ? NULL : ZSTD_createDStream())
#define ZSTD_decompressStream(d, out, in) (fails() ? \
	(size_t)-ZSTD_error_memory_allocation : \
	ZSTD_decompressStream(d, out, in))
#include "http/coding_zstd.c"
#endif

#define IN(s)	{ s, sizeof(s) - 1 }

static const struct row {
	const char	*coding;
	struct span	 in;
	size_t		 calls;	/* at least so many can fail */
} rows[] = {
	{ "gzip", IN("\x1f\x8b\x08\0\0\0\0\0\x04\x03\x01\x05\0\xfa\xff"
	    "hello\x86\xa6\x10\x36\x05\0\0\0"), 4 },
	{ "deflate", IN("\x01\x05\0\xfa\xffhello"), 5 },
	{ "br", IN("\x06"), 3 },
	{ "zstd", IN("\x28\xb5\x2f\xfd\0\0\x09\0\0x"), 4 },
};

static int
decode(const struct row *r, struct error *err)
{
	struct coding *c = coding_new(coding_find(span_of(r->coding)), err);
	struct span piece;
	int rv;

	if (c == NULL)
		return -1;
	coding_push(c, r->in);
	while ((rv = coding_pull(c, &piece, err)) == 1)
		;
	if (rv == 0)
		assert_int_equal(coding_finish(c, err), 0);
	coding_free(c);
	return rv;
}

static void
test_nomem(void **state)
{
	struct error err;
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (coding_find(span_of(rows[i].coding)) == NULL)
			continue;
		for (n = 1;; n++) {
			calls = 0;
			fail_at = n;
			if (decode(&rows[i], &err) == 0)
				break;
			assert_int_equal(err.kind, ERR_IO);
			assert_string_equal(err.code, "ENOMEM");
		}
		assert_true(n > rows[i].calls);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nomem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
