#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/evp.h>

#include "tls/pem.h"

#define BEGIN		"-----BEGIN "
#define END		"-----END "
#define DASHES		"-----"
#define LINE_BYTES	48	/* encoded in 64 characters (RFC 7468, 2) */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
starts(struct span s, const char *with)
{
	return s.len >= strlen(with) && memcmp(s.data, with, strlen(with)) == 0;
}

static void
skip(struct span *s, size_t n)
{
	s->data += n;
	s->len -= n;
}

/* Takes a line off *text and returns it without its end and outer blanks. */
static struct span
next_line(struct span *text)
{
	struct span line = *text;
	size_t n = 0;

	while (n < text->len && text->data[n] != '\n' && text->data[n] != '\r')
		n++;
	line.len = n;
	skip(text, n < text->len ? n + 1 : n);
	while (line.len > 0 && is_blank(line.data[0]))
		skip(&line, 1);
	while (line.len > 0 && is_blank(line.data[line.len - 1]))
		line.len--;
	return line;
}

/*
 * Passes the lines that cannot be a boundary, having no dash: base64 has none,
 * and a bundle is nearly all base64.
 */
static void
skip_to_dash(struct span *text)
{
	const char *dash = memchr(text->data, '-', text->len);

	if (dash == NULL)
		dash = text->data + text->len;
	while (dash > text->data && dash[-1] != '\n' && dash[-1] != '\r')
		dash--;
	skip(text, (size_t)(dash - text->data));
}

/* The label of a boundary line, as "-----BEGIN CERTIFICATE-----". */
static bool
boundary(struct span line, const char *which, struct span *label)
{
	size_t dashes = strlen(DASHES);

	if (!starts(line, which))
		return false;
	skip(&line, strlen(which));
	if (line.len < dashes || memcmp(line.data + line.len - dashes, DASHES,
	    dashes) != 0)
		return false;
	line.len -= dashes;
	*label = line;
	/* Not one that goes on: a whole block in one line. */
	return memmem(line.data, line.len, DASHES, dashes) == NULL;
}

/* From after a BEGIN line to the END line of the same label. */
static int
find_end(struct span *text, struct pem_block *block)
{
	struct span line, label, rest = *text;
	const char *body = text->data;

	while (rest.len > 0) {
		skip_to_dash(&rest);
		line = next_line(&rest);
		if (starts(line, BEGIN))
			break;
		if (!boundary(line, END, &label))
			continue;
		if (label.len != block->label.len ||
		    memcmp(label.data, block->label.data, label.len) != 0)
			break;
		block->body.data = body;
		block->body.len = (size_t)(line.data - body);
		*text = rest;
		return 1;
	}
	return -1;
}

int
pem_next(struct span *text, struct pem_block *block)
{
	struct span line;

	memset(block, 0, sizeof(*block));
	if (starts(*text, "\xef\xbb\xbf"))
		skip(text, 3);		/* a byte order mark, in UTF-8 */
	while (text->len > 0) {
		skip_to_dash(text);
		line = next_line(text);
		if (boundary(line, BEGIN, &block->label))
			return find_end(text, block);
	}
	return 0;
}

int
pem_decode(const struct pem_block *block, struct buf *der)
{
	const unsigned char *from = (const unsigned char *)block->body.data;
	EVP_ENCODE_CTX *ctx;
	unsigned char *to;
	int len = 0, last = 0, rv = 0;

	/* A dash would end what libcrypto decodes, and the rest pass. */
	if (block->body.len > INT_MAX ||
	    memchr(from, '-', block->body.len) != NULL)
		return 0;
	to = (unsigned char *)buf_reserve(der, block->body.len + 1);
	ctx = to == NULL ? NULL : EVP_ENCODE_CTX_new();
	if (ctx == NULL)
		return -1;
	EVP_DecodeInit(ctx);
	if (EVP_DecodeUpdate(ctx, to, &len, from,
	    (int)block->body.len) != -1 &&
	    EVP_DecodeFinal(ctx, to + len, &last) != -1) {
		buf_added(der, (size_t)(len + last));
		rv = 1;
	}
	EVP_ENCODE_CTX_free(ctx);
	return rv;
}

int
pem_add(struct buf *pem, const char *label, const void *der, size_t len)
{
	const unsigned char *from = der;
	size_t n;
	char *to;

	if (buf_addf(pem, BEGIN "%s" DASHES "\n", label) == -1)
		return -1;
	for (; len > 0; from += n, len -= n) {
		n = len < LINE_BYTES ? len : LINE_BYTES;
		to = buf_reserve(pem, LINE_BYTES / 3 * 4 + 1);
		if (to == NULL)
			return -1;
		buf_added(pem, (size_t)EVP_EncodeBlock((unsigned char *)to,
		    from, (int)n));
		if (buf_adds(pem, "\n") == -1)
			return -1;
	}
	return buf_addf(pem, END "%s" DASHES "\n", label);
}
