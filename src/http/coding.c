#include <assert.h>
#include <stdlib.h>

#include "http/coding.h"
#include "http/coding_internal.h"
#include "http/headers.h"

struct coding {
	const struct coding_type *type;
	void		*state;		/* the type's own */
	struct span	 in;		/* borrowed; not yet decoded */
	bool		 begun;		/* there was a byte of input */
	bool		 at_end;	/* of a stream, or before the first */
	bool		 held;		/* output may be left inside */
	char		 out[CODING_PIECE_MAX];
};

/* In the order in which a request names them. */
static const struct coding_type *const types[] = {
#ifdef HAVE_ZLIB
	&coding_gzip,
	&coding_deflate,
#endif
#ifdef HAVE_BROTLI
	&coding_br,
#endif
#ifdef HAVE_ZSTD
	&coding_zstd,
#endif
	NULL
};

void
coding_advance(struct coding_io *io, size_t taken, size_t written)
{
	io->in.data += taken;
	io->in.len -= taken;
	io->out += written;
	io->room -= written;
}

enum coding_step
coding_corrupt(struct error *err, const char *name, const char *why)
{
	error_setx(err, ERR_DECODE, "corrupt", "the body is not valid %s: %s",
	    name, why);
	return STEP_FAILED;
}

enum coding_step
coding_trailing(struct error *err, const char *name)
{
	return coding_corrupt(err, name, "bytes after its end");
}

const struct coding_type *
coding_find(struct span name)
{
	size_t i;

	for (i = 0; types[i] != NULL; i++)
		if (span_is(name, types[i]->name) ||
		    (types[i]->alias != NULL &&
		    span_is(name, types[i]->alias)))
			return types[i];
	return NULL;
}

const char *
coding_name(size_t i)
{
	size_t n = sizeof(types) / sizeof(types[0]) - 1;

	return i < n ? types[i]->name : NULL;
}

struct coding *
coding_new(const struct coding_type *type, struct error *err)
{
	struct coding *c = malloc(sizeof(*c));

	if (c == NULL)
		goto err;
	c->type = type;
	c->in = (struct span){ "", 0 };
	c->begun = c->held = false;
	c->at_end = true;
	if ((c->state = type->open()) == NULL)
		goto err;
	return c;
 err:
	free(c);
	error_nomem(err);
	return NULL;
}

void
coding_free(struct coding *c)
{
	if (c == NULL)
		return;
	c->type->close(c->state);
	free(c);
}

bool
coding_is_drained(const struct coding *c)
{
	return c->in.len == 0 && !c->held;
}

void
coding_push(struct coding *c, struct span in)
{
	assert(coding_is_drained(c));
	c->in = in;
}

static enum coding_step
begin(struct coding *c, struct coding_io *io, struct error *err)
{
	bool again = c->begun;

	c->begun = true;
	if (c->type->begin != NULL)
		return c->type->begin(c->state, again, io, err);
	return again ? coding_trailing(err, c->type->name) : STEP_ON;
}

int
coding_pull(struct coding *c, struct span *piece, struct error *err)
{
	struct coding_io io = { c->in, c->out, sizeof(c->out) };
	enum coding_step rv;

	*piece = (struct span){ NULL, 0 };
	while (io.room > 0 && (io.in.len > 0 || c->held)) {
		rv = c->at_end ? begin(c, &io, err) :
		    c->type->step(c->state, &io, err);
		if (rv == STEP_FAILED)
			return -1;
		c->at_end = rv == STEP_END;
		c->held = rv == STEP_ON && io.room == 0;
	}
	c->in = io.in;
	piece->data = c->out;
	piece->len = sizeof(c->out) - io.room;
	return piece->len > 0;
}

int
coding_finish(const struct coding *c, struct error *err)
{
	assert(coding_is_drained(c));
	if (c->at_end)
		return 0;
	return error_setx(err, ERR_DECODE, "truncated",
	    "the body breaks off inside its %s coding", c->type->name);
}
