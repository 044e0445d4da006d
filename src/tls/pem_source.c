#include <sys/stat.h>

#include <stdio.h>
#include <string.h>

#include "tls/pem_source.h"

#define LABEL_SHOWN	40	/* bytes of a label in a message */

static int
read_file(struct pem_text *t, const char *path, struct error *err)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return error_set(err, ERR_USAGE, "value", "%s", t->name);
	if (!S_ISREG(st.st_mode))	/* a FIFO may block */
		return error_setx(err, ERR_USAGE, "value",
		    "%s is no regular file", t->name);
	if (secret_read(&t->file, path, PEM_SOURCE_MAX, t->name, err) == -1)
		return -1;
	t->text.data = t->file.data;
	t->text.len = t->file.len;
	return 0;
}

int
pem_text_read(struct pem_text *t, const struct pem_source *source,
    const char *option, struct seen *seen, struct error *err)
{
	const char *path = source->value;

	memset(t, 0, sizeof(*t));
	if (source->is_text) {
		snprintf(t->name, sizeof(t->name), "%s text", option);
		t->text.data = source->value;
		t->text.len = strlen(source->value);
	} else {
		snprintf(t->name, sizeof(t->name), "%s file '%s'", option,
		    path);
		if (seen_add(seen, path, option, err) == NULL ||
		    read_file(t, path, err) == -1)
			return -1;
	}
	if (t->text.len > PEM_SOURCE_MAX)
		return error_setx(err, ERR_USAGE, "value",
		    "%s is larger than %d MiB", t->name, PEM_SOURCE_MAX >> 20);
	return 0;
}

void
pem_text_clear(struct pem_text *t)
{
	secret_clear(&t->file);
	memset(t, 0, sizeof(*t));
}

static bool
label_ends(const struct pem_block *b, const char *tail)
{
	size_t n = strlen(tail);

	return b->label.len >= n &&
	    memcmp(b->label.data + b->label.len - n, tail, n) == 0;
}

static int
shown(const struct pem_block *b)
{
	return b->label.len < LABEL_SHOWN ? (int)b->label.len : LABEL_SHOWN;
}

int
pem_text_next(const struct pem_text *t, struct span *rest, const char *label,
    struct pem_block *block, struct error *err)
{
	int rv;

	while ((rv = pem_next(rest, block)) == 1)
		if (label_ends(block, label))
			return 1;
	if (rv == -1)
		error_setx(err, ERR_USAGE, "value", "a PEM block '%.*s' in %s "
		    "is damaged: its END line is missing", shown(block),
		    block->label.data, t->name);
	return rv;
}

static bool
is_blank(struct span s)
{
	while (s.len > 0 && strchr(" \t\r\n", s.data[s.len - 1]) != NULL &&
	    s.data[s.len - 1] != '\0')
		s.len--;
	return s.len == 0;
}

/* DER begins with a SEQUENCE; so does PKCS #12. */
static bool
is_binary(struct span s)
{
	return s.data[0] == 0x30 || memchr(s.data, '\0', s.len) != NULL;
}

int
pem_text_lacks(const struct pem_text *t, const char *what, struct error *err)
{
	struct span rest = t->text;
	struct pem_block b;

	if (is_blank(rest))
		return error_setx(err, ERR_USAGE, "value", "%s is empty",
		    t->name);
	if (pem_next(&rest, &b) == 1)
		return error_setx(err, ERR_USAGE, "value", "%s holds no %s "
		    "but a PEM block '%.*s'", t->name, what, shown(&b),
		    b.label.data);
	if (is_binary(t->text)) {
		error_setx(err, ERR_USAGE, "value", "%s is binary data (DER or "
		    "PKCS #12?), not PEM", t->name);
		return error_hint(err, "convert it: openssl pkcs12 -in FILE "
		    "-out FILE.pem, or openssl x509, pkey or crl with -inform "
		    "der -in FILE -out FILE.pem");
	}
	return error_setx(err, ERR_USAGE, "value", "%s holds no %s in PEM form",
	    t->name, what);
}
