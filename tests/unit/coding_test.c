#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#ifdef HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include "base/buf.h"
#include "http/coding.h"
#include "http/headers.h"

#define IN(s)	{ s, sizeof(s) - 1 }
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MIB	((size_t)1024 * 1024)

static const struct span nothing = { "", 0 };
static int failures;

static void
complain(const char *table, const char *label, const char *got,
    const char *want)
{
	print_error("%s/%s: got %s, want %s\n", table, label, got, want);
	failures++;
}

/* The same text in every coding, as its own encoder writes it. */

#define TEXT "lurl goes as far as it can and says what it waits for; a step " \
    "goes as far as it can, and says what for.\n"

#define RAW \
    "\xcb\x29\x2d\xca\x51\x48\xcf\x4f\x2d\x56\x48\x2c\x56\x48\x4b\x2c" \
    "\x02\x51\x99\x25\x0a\xc9\x89\x79\x0a\x89\x79\x29\x0a\xc5\x89\x95" \
    "\xc5\x0a\xe5\x19\x89\x25\x20\xc1\xf2\xc4\xcc\x12\xa0\xa2\xfc\x22" \
    "\x6b\x85\x44\x85\xe2\x92\xd4\x02\xec\x1a\x75\xd0\x74\x02\x35\xe8" \
    "\x71\x01\x00"
#define GZIP_END	"\x3e\x80\xbc\xc2\x68\x00\x00\x00"
#define GZIP	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03" RAW GZIP_END
#define GZIP_NAMED \
    "\x1f\x8b\x08\x1e\x00\x00\x00\x00\x02\x00\x04\x00" "xtra" "file\0" \
    "c\0" "\x4a\xde" RAW GZIP_END
#define GZIP_HELLO \
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\x03\x01\x05\x00\xfa\xff" \
    "hello" "\x86\xa6\x10\x36\x05\x00\x00\x00"
#define GZIP_EMPTY \
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x03\x00" "\0\0\0\0\0\0\0\0"
#define ZLIB	"\x78\xda" RAW "\x6b\x2d\x23\x99"
/* The five bits of padding in a stored block's first byte may be anything. */
#define RAW_LIKE_ZLIB \
    "\x78\x05\x00\xfa\xff" "hello" "\x01\x00\x00\xff\xff"
#define BR \
    "\x1b\x67\x00\x88\x8c\xd4\x62\xad\xb3\x30\x8f\x50\xc9\x75\x9b\xd7" \
    "\x3b\x7e\xe9\x78\xfa\xae\x41\x15\x82\x24\xa8\x11\x85\x82\x07\x5c" \
    "\x74\x2b\xaf\x52\x8c\x70\x3a\x75\x41\xe4\x3b\x2a\x9c\x2f\xec\x86" \
    "\x61\xfb\xec\x66\x5e\x66\xce\x33\x90\xfc\x5f\x7c\x5a\x78\xd4\x4a" \
    "\x2c\x8f\x0e\x92\xd5\xe5\x12\x20\xd4\x00"
#define BR_STORED	"\x8b\x33\x80" TEXT "\x03"
#define ZSTD_MAGIC	"\x28\xb5\x2f\xfd"
#define ZSTD_BLOCK \
    "\x05\x02\x00\x32\x44\x0d\x11\xb0\xeb\x3c" \
    "\x44\xca\x6e\x4b\x59\xb6\xdd\x98\xe4\xf6\x98\xb7\x8a\x01\x40\x64" \
    "\x3b\xc1\x99\x55\xdf\x23\xdb\xb1\xae\x3a\xf4\x2a\xef\x13\xb4\xc6" \
    "\xab\x0b\xbb\xd9\x89\x57\x59\xef\xfc\xb1\xde\x6a\x1a\xf2\xca\xb7" \
    "\x02\x02\x00\x5d\x75\xa2\xb9\xa2\xa0"
#define ZSTD	ZSTD_MAGIC "\x24\x68" ZSTD_BLOCK "\x63\x97\x69\xf6"
#define ZSTD_UNCHECKED	ZSTD_MAGIC "\x20\x68" ZSTD_BLOCK
#define ZSTD_EMPTY	ZSTD_MAGIC "\x24\x00\x01\x00\x00\x99\xe9\xd8\x51"
#define ZSTD_SKIPPED	"\x5a\x2a\x4d\x18\x03\x00\x00\x00" "abc"
/* A window (RFC 8878 3.1.1.1.2), then "x" as a raw block, the last. */
#define ZSTD_WINDOW(w)	ZSTD_MAGIC "\x00" w "\x09\x00\x00" "x"

/* What became of a body. */
struct result {
	const char	*code;	/* "": all was well */
	char		 message[ERROR_MESSAGE_MAX];
	struct buf	 out;
};

static void
fail_with(struct result *r, const struct error *err)
{
	assert_int_equal(err->kind, ERR_DECODE);
	r->code = err->code;
	strcpy(r->message, err->message);
}

/* Pulls all there is; false on failure. */
static bool
pull(struct coding *c, struct result *r)
{
	struct error err = { 0 };
	struct span piece;
	int rv;

	while ((rv = coding_pull(c, &piece, &err)) == 1) {
		assert_in_range(piece.len, 1, CODING_PIECE_MAX);
		assert_int_equal(buf_add(&r->out, piece.data, piece.len), 0);
	}
	if (rv == 0) {
		assert_int_equal(piece.len, 0);
		assert_true(coding_is_drained(c));
	} else {
		fail_with(r, &err);
	}
	return rv == 0;
}

/* From memory of its exact size: the sanitizer sees a byte too far. */
static bool
push(struct coding *c, struct span in, struct result *r)
{
	char *copy = malloc(in.len == 0 ? 1 : in.len);
	bool ok;

	assert_non_null(copy);
	memcpy(copy, in.data, in.len);
	coding_push(c, (struct span){ copy, in.len });
	ok = pull(c, r);
	free(copy);
	return ok;
}

/* Decodes in: its first bytes, then pieces of that size. */
static struct result
decode(const char *coding, struct span in, size_t first, size_t size)
{
	struct result r = { .code = "" };
	struct error err = { 0 };
	struct coding *c = coding_new(coding_find(span_of(coding)), &err);
	size_t off, n = first;
	bool ok = true;

	assert_non_null(c);
	for (off = 0; ok && off < in.len; off += n, n = size) {
		if (n > in.len - off)
			n = in.len - off;
		ok = push(c, (struct span){ in.data + off, n }, &r);
	}
	if (ok && coding_finish(c, &err) == -1)
		fail_with(&r, &err);
	coding_free(c);
	return r;
}

static struct result
decode_whole(const char *coding, struct span in)
{
	return decode(coding, in, in.len, in.len);
}

static bool
same(const struct result *r, struct span want)
{
	struct span got = buf_span(&r->out);

	return got.len == want.len &&
	    (got.len == 0 || memcmp(got.data, want.data, got.len) == 0);
}

static bool
known(const char *coding)
{
	return coding_find(span_of(coding)) != NULL;
}

/* Names. */

static const struct name_row {
	const char	*label;
	struct span	 in;
	const char	*want;	/* NULL: no coding known here */
} name_rows[] = {
	{ "gzip", IN("gzip"), "gzip" },
	{ "RFC 9110 8.4.1: any case", IN("GZip"), "gzip" },
	{ "RFC 9110 8.4.1.3: x-gzip", IN("x-gzip"), "gzip" },
	{ "x-gzip in any case", IN("X-GZIP"), "gzip" },
	{ "deflate", IN("deflate"), "deflate" },
	{ "br", IN("br"), "br" },
	{ "zstd", IN("Zstd"), "zstd" },
	{ "none", IN(""), NULL },
	{ "identity is not one", IN("identity"), NULL },
	{ "RFC 9110 8.4.1.1: compress", IN("compress"), NULL },
	{ "a part of a name", IN("gzi"), NULL },
	{ "more than a name", IN("gzip2"), NULL },
	{ "with a NUL", IN("br\0"), NULL },
	{ "a dictionary's", IN("dcb"), NULL },
	{ "x- of another", IN("x-br"), NULL },
};

static void
test_names(void **state)
{
	size_t i;

	(void)state;
	failures = 0;
	for (i = 0; i < COUNT(name_rows); i++) {
		const struct name_row *r = &name_rows[i];
		const struct coding_type *want =
		    r->want == NULL ? NULL : coding_find(span_of(r->want));

		if (coding_find(r->in) != want)
			complain("names", r->label, "another",
			    r->want == NULL ? "none" : r->want);
	}
	for (i = 0; coding_name(i) != NULL; i++)
		assert_non_null(coding_find(span_of(coding_name(i))));
	assert_null(coding_name(i + 1));
	assert_int_equal(failures, 0);
}

/* Whole bodies. */

#define CHECKED	true	/* a checksum: no damage goes unseen */

static const struct good_row {
	const char	*label;
	const char	*coding;
	struct span	 in;
	struct span	 want;
	bool		 checked;
	size_t		 at[3];	/* shorter lengths that are whole bodies too */
} good_rows[] = {
	{ "gzip", "gzip", IN(GZIP), IN(TEXT), CHECKED, { 0 } },
	{ "name, comment, extra, header CRC", "gzip", IN(GZIP_NAMED),
	    IN(TEXT), CHECKED, { 0 } },
	{ "gzip of nothing", "gzip", IN(GZIP_EMPTY), IN(""), CHECKED, { 0 } },
	{ "RFC 1952 2.2: members", "gzip", IN(GZIP GZIP_HELLO),
	    IN(TEXT "hello"), CHECKED, { 85 } },
	{ "members of nothing", "gzip",
	    IN(GZIP_EMPTY GZIP_HELLO GZIP_EMPTY), IN("hello"), CHECKED,
	    { 20, 48 } },
	{ "padded with zeros", "gzip", IN(GZIP_HELLO "\0\0\0"), IN("hello"),
	    CHECKED, { 28, 29, 30 } },
	{ "zlib", "deflate", IN(ZLIB), IN(TEXT), CHECKED, { 0 } },
	{ "zlib of nothing", "deflate", IN("\x78\xda\x03\0\0\0\0\x01"),
	    IN(""), CHECKED, { 0 } },
	{ "zlib, the smallest window", "deflate",
	    IN("\x08\x1d\x03\0\0\0\0\x01"), IN(""), CHECKED, { 0 } },
	{ "RFC 9110 8.4.1.2: raw deflate", "deflate", IN(RAW), IN(TEXT),
	    false, { 0 } },
	{ "raw deflate of nothing", "deflate", IN("\x03\0"), IN(""), false,
	    { 0 } },
	{ "raw deflate, begins as zlib", "deflate", IN(RAW_LIKE_ZLIB),
	    IN("hello"), false, { 0 } },
	{ "br", "br", IN(BR), IN(TEXT), false, { 0 } },
	{ "br, stored", "br", IN(BR_STORED), IN(TEXT), false, { 0 } },
	{ "br of nothing", "br", IN("\x06"), IN(""), false, { 0 } },
	{ "zstd", "zstd", IN(ZSTD), IN(TEXT), CHECKED, { 0 } },
	{ "zstd without checksum", "zstd", IN(ZSTD_UNCHECKED), IN(TEXT),
	    false, { 0 } },
	{ "zstd of nothing", "zstd", IN(ZSTD_EMPTY), IN(""), CHECKED, { 0 } },
	{ "RFC 8878 3.1: frames", "zstd", IN(ZSTD ZSTD_EMPTY ZSTD),
	    IN(TEXT TEXT), false, { 77, 90 } },
	{ "RFC 8878 3.1.2: skippable frames", "zstd",
	    IN(ZSTD_SKIPPED ZSTD ZSTD_SKIPPED), IN(TEXT), false, { 11, 88 } },
	{ "RFC 9659 3: window of 8 MiB", "zstd", IN(ZSTD_WINDOW("\x68")),
	    IN("x"), false, { 0 } },
};

static void
want_good(const struct good_row *r, size_t first, size_t size)
{
	struct result got = decode(r->coding, r->in, first, size);
	char label[128];

	snprintf(label, sizeof(label), "%s, first %zu, then %zu", r->label,
	    first, size);
	if (*got.code != '\0')
		complain("good", label, got.message, "no error");
	else if (!same(&got, r->want))
		complain("good", label, "another text", "the text");
	buf_clear(&got.out);
}

/* Whole, cut at every place, byte by byte. */
static void
test_good(void **state)
{
	size_t i, first;

	(void)state;
	failures = 0;
	for (i = 0; i < COUNT(good_rows); i++) {
		const struct good_row *r = &good_rows[i];

		if (!known(r->coding))
			continue;
		for (first = 1; first <= r->in.len; first++)
			want_good(r, first, r->in.len);
		want_good(r, 1, 1);
		want_good(r, 2, 3);
	}
	assert_int_equal(failures, 0);
}

static void
test_nothing(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; coding_name(i) != NULL; i++) {
		struct result got = decode_whole(coding_name(i), nothing);

		assert_string_equal(got.code, "");
		assert_int_equal(got.out.len, 0);
		buf_clear(&got.out);
	}
}

static bool
is_whole(const struct good_row *r, size_t len)
{
	size_t i;

	for (i = 0; i < COUNT(r->at); i++)
		if (r->at[i] == len)
			return true;
	return false;
}

static void
test_truncated(void **state)
{
	size_t i, len;

	(void)state;
	failures = 0;
	for (i = 0; i < COUNT(good_rows); i++) {
		const struct good_row *r = &good_rows[i];

		for (len = 1; known(r->coding) && len < r->in.len; len++) {
			struct result got = decode(r->coding,
			    (struct span){ r->in.data, len }, len / 2 + 1, 7);
			const char *want = is_whole(r, len) ? "" : "truncated";
			char label[128];

			snprintf(label, sizeof(label), "%s, %zu", r->label,
			    len);
			if (strcmp(got.code, want) != 0)
				complain("truncated", label, got.code, want);
			buf_clear(&got.out);
		}
	}
	assert_int_equal(failures, 0);
}

/* With one bit changed, which no checksum lets through but in a name. */
static void
flip(const struct good_row *r, size_t byte, int bit)
{
	struct span in = { memcpy(malloc(r->in.len), r->in.data, r->in.len),
	    r->in.len };
	struct result got;
	char label[128];

	((char *)in.data)[byte] ^= (char)(1 << bit);
	got = decode(r->coding, in, byte + 1, 16);
	snprintf(label, sizeof(label), "%s, bit %d of byte %zu", r->label,
	    bit, byte);
	if (r->checked && *got.code == '\0' && !same(&got, r->want))
		complain("flip", label, "another text", "corrupt or the text");
	buf_clear(&got.out);
	free((char *)in.data);
}

static void
test_flips(void **state)
{
	size_t i, byte;
	int bit;

	(void)state;
	failures = 0;
	for (i = 0; i < COUNT(good_rows); i++) {
		const struct good_row *r = &good_rows[i];

		for (byte = 0; known(r->coding) && byte < r->in.len; byte++)
			for (bit = 0; bit < 8; bit++)
				flip(r, byte, bit);
	}
	assert_int_equal(failures, 0);
}

/* Damage. */

static const struct bad_row {
	const char	*label;
	const char	*coding;
	struct span	 in;
	const char	*want;	/* found in the message */
} bad_rows[] = {
	{ "text", "gzip", IN("<html>"), "not valid gzip: incorrect header" },
	{ "another coding's", "gzip", IN(ZLIB), "incorrect header" },
	{ "a zero first", "gzip", IN("\0" GZIP), "incorrect header" },
	{ "method", "gzip", IN("\x1f\x8b\x07\0\0\0\0\0\0\x03"),
	    "unknown compression method" },
	{ "RFC 1952 2.3.1: reserved flags", "gzip",
	    IN("\x1f\x8b\x08\x80\0\0\0\0\0\x03"), "header flags" },
	{ "header CRC", "gzip", IN("\x1f\x8b\x08\x02\0\0\0\0\0\x03\x12\x34"),
	    "header crc" },
	{ "CRC", "gzip",
	    IN("\x1f\x8b\x08\0\0\0\0\0\x02\x03" RAW "\x3f\x80\xbc\xc2"),
	    "incorrect data check" },
	{ "length", "gzip", IN("\x1f\x8b\x08\0\0\0\0\0\x02\x03" RAW
	    "\x3e\x80\xbc\xc2\x69\0\0\0"), "incorrect length check" },
	{ "bytes after the end", "gzip", IN(GZIP "x"), "bytes after its end" },
	{ "bytes after zeros", "gzip", IN(GZIP "\0\0x"),
	    "bytes after its end" },
	{ "a member after zeros", "gzip", IN(GZIP "\0\0" GZIP),
	    "bytes after its end" },
	{ "the second member is damaged", "gzip", IN(GZIP "\x1f\x8c"),
	    "incorrect header" },
	{ "RFC 1951 3.2.3: block type 3", "deflate", IN("\x07\0"),
	    "invalid block type" },
	{ "stored length", "deflate", IN("\x01\x05\0\xfb\xff" "hello"),
	    "invalid stored block" },
	{ "distance before the start", "deflate", IN("\x4b\x04\x12\0"),
	    "invalid distance too far back" },
	{ "text", "deflate", IN("<html>"), "not valid deflate" },
	{ "a gzip file", "deflate", IN(GZIP), "not valid deflate" },
	{ "RFC 1950 2.2: dictionary", "deflate", IN("\x78\xbb\0\0\0\x01"),
	    "dictionary" },
	{ "Adler-32", "deflate", IN("\x78\xda" RAW "\x6b\x2d\x23\x9a"),
	    "incorrect data check" },
	{ "bytes after zlib's end", "deflate", IN(ZLIB "\0"),
	    "bytes after its end" },
	{ "bytes after the raw end", "deflate", IN(RAW RAW),
	    "bytes after its end" },
	{ "text", "br", IN("<html>"), "not valid br" },
	{ "RFC 7932 9.1: reserved window", "br", IN("\x11"), "WINDOW_BITS" },
	{ "a second stream", "br", IN(BR BR), "bytes after its end" },
	{ "bytes after the end", "br", IN("\x06\0"), "bytes after its end" },
	{ "text", "zstd", IN("<html>"), "no frame begins there" },
	{ "half a magic number", "zstd", IN("\x28\xb5\x2f\xff\0\0"),
	    "not valid zstd" },
	{ "checksum", "zstd",
	    IN(ZSTD_MAGIC "\x24\x68" ZSTD_BLOCK "\x63\x97\x69\xf7"),
	    "checksum" },
	{ "bytes after the end", "zstd", IN(ZSTD "x"),
	    "bytes after its end" },
	{ "zeros after the end", "zstd", IN(ZSTD "\0\0\0\0"),
	    "bytes after its end" },
	{ "RFC 8878 3.1.1.1.1.4: reserved bit", "zstd",
	    IN(ZSTD_MAGIC "\x08\0\x09\0\0" "x"), "not valid zstd" },
	{ "RFC 8878 3.1.1.2: reserved block type", "zstd",
	    IN(ZSTD_MAGIC "\0\0\x07\0\0"), "not valid zstd" },
	{ "a dictionary", "zstd", IN(ZSTD_MAGIC "\x01\0\x07\x09\0\0" "x"),
	    "Dictionary" },
	{ "RFC 9659 3: window above 8 MiB", "zstd",
	    IN(ZSTD_WINDOW("\x69")), "window is larger than 8 MiB" },
	{ "the largest window", "zstd", IN(ZSTD_WINDOW("\xff")),
	    "window is larger than 8 MiB" },
	{ "a window of 16 MiB for one byte", "zstd",
	    IN(ZSTD_MAGIC "\x80\x70\x01\0\0\0" "\x09\0\0" "x"),
	    "window is larger than 8 MiB" },
	{ "one segment of 8 MiB and a byte", "zstd",
	    IN(ZSTD_MAGIC "\xa0\x01\0\x80\0" "\x09\0\0" "x"),
	    "window is larger than 8 MiB" },
	{ "zstd 0.5", "zstd", IN("\x25\xb5\x2f\xfd\0\0\0\0"),
	    "no frame begins there" },
	{ "zstd 0.6, a byte late", "zstd",
	    IN("\x28" "\x26\xb5\x2f\xfd\x10\x68\x0b\0\x0c"),
	    "not valid zstd" },
	{ "zstd 0.7, a byte late", "zstd",
	    IN("\x28" "\x27\xb5\x2f\xfd\x10\x68\x0b\0\x0c"),
	    "not valid zstd" },
	{ "zstd 0.1", "zstd", IN("\xfd\x2f\xb5\x1e\0\0\0\0"),
	    "no frame begins there" },
};

static void
want_bad(const struct bad_row *r, size_t first, size_t size)
{
	struct result got = decode(r->coding, r->in, first, size);
	char label[128];

	snprintf(label, sizeof(label), "%s: %s, first %zu", r->coding,
	    r->label, first);
	if (strcmp(got.code, "corrupt") != 0)
		complain("bad", label, got.code, "corrupt");
	else if (strstr(got.message, r->want) == NULL)
		complain("bad", label, got.message, r->want);
	buf_clear(&got.out);
}

static void
test_bad(void **state)
{
	size_t i, first;

	(void)state;
	failures = 0;
	for (i = 0; i < COUNT(bad_rows); i++) {
		const struct bad_row *r = &bad_rows[i];

		if (!known(r->coding))
			continue;
		for (first = 1; first <= r->in.len; first++)
			want_bad(r, first, r->in.len);
		want_bad(r, 1, 1);
	}
	assert_int_equal(failures, 0);
}

/* Bombs: so many zeros, and how much memory they may take. */

static void
add(struct buf *b, const void *data, size_t len)
{
	assert_int_equal(buf_add(b, data, len), 0);
}

static long
peak_kib(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

static void
want_bomb(const char *coding, struct span in, size_t want, bool is_whole_body,
    long max_mib)
{
	struct error err = { 0 };
	struct coding *c;
	struct span piece;
	size_t got = 0;
	long before;

	if (!known(coding))
		return;
	assert_non_null(c = coding_new(coding_find(span_of(coding)), &err));
	before = peak_kib();
	coding_push(c, in);
	while (coding_pull(c, &piece, &err) == 1) {
		assert_in_range(piece.len, 1, CODING_PIECE_MAX);
		assert_true(piece.data[0] == 0 && piece.data[piece.len - 1]
		    == 0);
		got += piece.len;
	}
	assert_int_equal(err.kind, ERR_NONE);
	assert_int_equal(got, want);
	assert_int_equal(coding_finish(c, &err), is_whole_body ? 0 : -1);
	assert_in_range(peak_kib() - before, 0, max_mib * 1024);
	coding_free(c);
}

#ifdef HAVE_ZLIB
/* A mebibyte of zeros, such that it may be repeated. */
static size_t
deflate_mebibyte(unsigned char *out, size_t size, const unsigned char *zeros)
{
	z_stream z = { 0 };

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8,
	    Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)zeros;
	z.avail_in = (uInt)MIB;
	z.next_out = out;
	z.avail_out = (uInt)size;
	assert_int_equal(deflate(&z, Z_FULL_FLUSH), Z_OK);
	assert_int_not_equal(z.avail_out, 0);
	deflateEnd(&z);
	return size - z.avail_out;
}

static void
test_gzip_bomb(void **state)
{
	unsigned char mebibyte[4096], end[10] = { 3, 0 };
	unsigned char *zeros = calloc(1, MIB);
	struct buf b = { 0 };
	size_t len, i;
	uLong one, crc;

	(void)state;
	assert_non_null(zeros);
	len = deflate_mebibyte(mebibyte, sizeof(mebibyte), zeros);
	crc = one = crc32(0, zeros, (uInt)MIB);
	free(zeros);
	add(&b, "\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
	for (i = 0; i < 1024; i++) {
		add(&b, mebibyte, len);
		if (i > 0)
			crc = crc32_combine(crc, one, (z_off_t)MIB);
	}
	for (i = 0; i < 4; i++)
		end[2 + i] = (unsigned char)(crc >> 8 * i);
	end[9] = 0x40;		/* ISIZE is 1 GiB */
	add(&b, end, sizeof(end));
	want_bomb("gzip", buf_span(&b), 1024 * MIB, true, 2);
	buf_clear(&b);
}
#endif

/* Meta-blocks of 8 MiB, eight of which end at a byte's border again. */
static void
test_br_bomb(void **state)
{
	static const unsigned char head[] = {
		0xcb, 0xff, 0xff, 0x3f, 0x00, 0x24, 0x00, 0xe2, 0xb1, 0x40,
		0x72, 0xef
	}, cycle[] = {
		0xff, 0xf8, 0xff, 0xff, 0x07, 0x80, 0x04, 0x40, 0x1c, 0x16,
		0x80, 0xee, 0xfd, 0x1f, 0xff, 0xff, 0xff, 0x00, 0x90, 0x00,
		0x88, 0xc3, 0x02, 0xd0, 0xbd, 0xff, 0xe3, 0xff, 0xff, 0x1f,
		0x00, 0x12, 0x00, 0x71, 0x58, 0x00, 0xba, 0xf7, 0x7f, 0xfc,
		0xff, 0xff, 0x03, 0x40, 0x02, 0x20, 0x0e, 0x0b, 0x40, 0xf7,
		0xfe, 0x8f, 0xff, 0xff, 0x7f, 0x00, 0x48, 0x00, 0xc4, 0x61,
		0x01, 0xe8, 0xde, 0xff, 0xf1, 0xff, 0xff, 0x0f, 0x00, 0x09,
		0x80, 0x38, 0x2c, 0x00, 0xdd, 0xfb, 0x3f, 0xfe, 0xff, 0xff,
		0x01, 0x20, 0x01, 0x10, 0x87, 0x05, 0xa0, 0x7b, 0xff, 0xc7,
		0xff, 0xff, 0x3f, 0x00, 0x24, 0x00, 0xe2, 0xb0, 0x00, 0x74,
		0xef
	};
	struct buf b = { 0 };
	int i;

	(void)state;
	add(&b, head, sizeof(head));
	for (i = 0; i < 4; i++)
		add(&b, cycle, sizeof(cycle));
	want_bomb("br", buf_span(&b), 4 * 8 * 8 * MIB, false, 12);
	buf_clear(&b);
}

/* Blocks that say "128 KiB of zeros" (RFC 8878 section 3.1.1.2). */
static void
test_zstd_bomb(void **state)
{
	struct buf b = { 0 };
	int i;

	(void)state;
	add(&b, ZSTD_MAGIC "\x00\x68", 6);
	for (i = 1; i <= 2048; i++)
		add(&b, i < 2048 ? "\x02\0\x10\0" : "\x03\0\x10\0", 4);
	want_bomb("zstd", buf_span(&b), 256 * MIB, true, 12);
	buf_clear(&b);
}

/* Bodies of many pieces, as the libraries' own encoders make them. */

#if defined(HAVE_ZLIB) || defined(HAVE_ZSTD)
/* Words in an order of no meaning: something to compress, but not all. */
static struct buf
babble(size_t len)
{
	static const char words[] = "get put post head body pool";
	uint32_t random = 2463534242;
	struct buf b = { 0 };

	while (b.len < len) {
		random ^= random << 13;
		random ^= random >> 17;
		random ^= random << 5;
		add(&b, words + random % 20, 1 + random / 65536 % 7);
	}
	return b;
}

static void
want_babble(const char *coding, struct span in, struct span want)
{
	static const size_t sizes[] = { 1, 997, 16384, SIZE_MAX };
	size_t i;

	for (i = 0; i < COUNT(sizes); i++) {
		struct result got = decode(coding, in, 1, sizes[i]);

		assert_string_equal(got.code, "");
		assert_true(same(&got, want));
		buf_clear(&got.out);
	}
}

#endif

#ifdef HAVE_ZLIB
static void
want_deflated(const char *coding, int bits, struct span text)
{
	uLong size = compressBound((uLong)text.len) + 64;
	unsigned char *out = malloc(size);
	z_stream z = { 0 };

	assert_non_null(out);
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, bits, 8,
	    Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)text.data;
	z.avail_in = (uInt)text.len;
	z.next_out = out;
	z.avail_out = (uInt)size;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	want_babble(coding, (struct span){ (char *)out, z.total_out }, text);
	deflateEnd(&z);
	free(out);
}

static void
test_long_deflate(void **state)
{
	struct buf text = babble(MIB);

	(void)state;
	want_deflated("gzip", 16 + MAX_WBITS, buf_span(&text));
	want_deflated("deflate", MAX_WBITS, buf_span(&text));
	want_deflated("deflate", 9, buf_span(&text));
	want_deflated("deflate", -MAX_WBITS, buf_span(&text));
	buf_clear(&text);
}

/* The end of the input may be taken before a full piece is out of the way. */
static void
test_full_piece(void **state)
{
	char *zeros = calloc(1, CODING_PIECE_MAX + 300);
	size_t more;

	(void)state;
	assert_non_null(zeros);
	for (more = 0; more < 300; more++)
		want_deflated("deflate", -MAX_WBITS,
		    (struct span){ zeros, CODING_PIECE_MAX - 2 + more });
	free(zeros);
}
#endif

#ifdef HAVE_ZSTD
static void
test_long_zstd(void **state)
{
	struct buf text = babble(MIB);
	size_t size = ZSTD_compressBound(text.len);
	char *out = malloc(size);
	int level;

	(void)state;
	assert_non_null(out);
	for (level = 1; level <= 10; level += 9) {
		size_t len = ZSTD_compress(out, size, text.data, text.len,
		    level);

		assert_false(ZSTD_isError(len));
		want_babble("zstd", (struct span){ out, len },
		    buf_span(&text));
	}
	free(out);
	buf_clear(&text);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
#ifdef HAVE_ZLIB
		cmocka_unit_test(test_gzip_bomb),
#endif
		cmocka_unit_test(test_br_bomb),
		cmocka_unit_test(test_zstd_bomb),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_flips),
		cmocka_unit_test(test_bad),
#ifdef HAVE_ZLIB
		cmocka_unit_test(test_long_deflate),
		cmocka_unit_test(test_full_piece),
#endif
#ifdef HAVE_ZSTD
		cmocka_unit_test(test_long_zstd),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
