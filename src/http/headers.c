#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/headers.h"

/* What most heads fit in: one allocation each. */
#define LINES_MIN	16
#define TEXT_MIN	256	/* bytes */

/* Offsets into the text, not pointers: the text moves as it grows. */
struct header_line {
	uint32_t	name;
	uint32_t	name_len;
	uint32_t	value;
	uint32_t	value_len;
};

/* What a byte may stand in: two bits. */
#define NAME	1	/* tchar (RFC 9110 section 5.6.2) */
#define VALUE	2	/* no control but HTAB (section 5.5) */

#define V16	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2

static const unsigned char allowed[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	2, 3, 2, 3, 3, 3, 3, 3, 2, 2, 3, 3, 2, 3, 3, 2, /*  !"#$%&'()*+,-./ */
	3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, /* 0123456789:;<=>? */
	2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, /* @ABCDEFGHIJKLMNO */
	3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 3, 3, /* PQRSTUVWXYZ[\]^_ */
	3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, /* `abcdefghijklmno */
	3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 3, 2, 3, 0, /* pqrstuvwxyz{|}~  */
	V16, V16, V16, V16, V16, V16, V16, V16,
};

static bool
is_all(struct span s, unsigned char what)
{
	const unsigned char *p = (const unsigned char *)s.data;
	const unsigned char *end = p + s.len;

	while (p < end && (allowed[*p] & what) != 0)
		p++;
	return p == end;
}

/* ASCII only, whatever the locale says. */
static unsigned char
lower(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 'A' && u <= 'Z' ? (unsigned char)(u | 0x20) : u;
}

static bool
same(struct span a, struct span b)
{
	size_t i;

	if (a.len != b.len)
		return false;
	for (i = 0; i < a.len; i++)
		if (lower(a.data[i]) != lower(b.data[i]))
			return false;
	return true;
}

bool
span_is(struct span a, const char *s)
{
	return same(a, span_of(s));
}

static bool
is_ows(char c)
{
	return c == ' ' || c == '\t';
}

struct span
span_trim(struct span s)
{
	while (s.len > 0 && is_ows(s.data[0])) {
		s.data++;
		s.len--;
	}
	while (s.len > 0 && is_ows(s.data[s.len - 1]))
		s.len--;
	return s;
}

void
headers_clear(struct headers *h)
{
	buf_clear(&h->text);
	if (!h->are_lent)
		free(h->lines);
	memset(h, 0, sizeof(*h));
}

void
headers_lend(struct headers *h, void *room)
{
	const size_t len = LINES_MIN * sizeof(*h->lines);

	memset(h, 0, sizeof(*h));
	h->lines = room;
	h->cap = LINES_MIN;
	h->are_lent = true;
	buf_lend(&h->text, (char *)room + len, HEADERS_ROOM - len);
}

int
headers_move(struct headers *to, struct headers *from)
{
	if (!from->are_lent && !from->text.is_lent) {
		*to = *from;
		memset(from, 0, sizeof(*from));
		return 0;
	}
	if (headers_copy(to, from) == -1)
		return -1;
	headers_clear(from);
	return 0;
}

/* The lines no longer fit where they are. */
static int
add_room(struct headers *h)
{
	size_t cap = h->cap == 0 ? LINES_MIN : h->cap * 2;
	struct header_line *lines;

	lines = realloc(h->are_lent ? NULL : h->lines, cap * sizeof(*lines));
	if (lines == NULL)
		return -1;
	if (h->are_lent)
		memcpy(lines, h->lines, h->count * sizeof(*lines));
	h->lines = lines;
	h->cap = cap;
	h->are_lent = false;
	return 0;
}

void
headers_reset(struct headers *h)
{
	buf_reset(&h->text);
	h->count = 0;
}

/* Room for one more line, and for n more bytes at offsets of 32 bits. */
static char *
reserve(struct headers *h, size_t n)
{
	if (n > UINT32_MAX - h->text.len ||
	    (h->count == h->cap && add_room(h) == -1))
		return NULL;
	if (h->text.data == NULL && n < TEXT_MIN)
		n = TEXT_MIN;
	return buf_reserve(&h->text, n);
}

int
headers_add(struct headers *h, struct span name, struct span value)
{
	struct header_line *line;
	char *to;

	/* Each fits 32 bits before their sum can wrap. */
	if (name.len > UINT32_MAX || value.len > UINT32_MAX)
		return -1;
	to = reserve(h, name.len + value.len);
	if (to == NULL)
		return -1;
	line = &h->lines[h->count++];
	line->name = (uint32_t)h->text.len;
	line->name_len = (uint32_t)name.len;
	line->value = line->name + line->name_len;
	line->value_len = (uint32_t)value.len;
	if (name.len > 0)
		memcpy(to, name.data, name.len);
	if (value.len > 0)
		memcpy(to + name.len, value.data, value.len);
	buf_added(&h->text, name.len + value.len);
	return 0;
}

int
headers_copy(struct headers *to, const struct headers *from)
{
	size_t cap = from->count < LINES_MIN ? LINES_MIN : from->count;
	char *text = buf_reserve(&to->text, from->text.len + TEXT_MIN);

	to->lines = malloc(cap * sizeof(*to->lines));
	if (text == NULL || to->lines == NULL) {
		headers_clear(to);
		return -1;
	}
	to->cap = cap;
	to->count = from->count;
	if (from->count == 0)
		return 0;
	memcpy(to->lines, from->lines, from->count * sizeof(*to->lines));
	memcpy(text, from->text.data, from->text.len);
	buf_added(&to->text, from->text.len);
	return 0;
}

int
headers_extend(struct headers *h, struct span more)
{
	struct header_line *last;
	size_t space, n;
	char *to;

	assert(h->count > 0);
	last = &h->lines[h->count - 1];
	assert(last->value + last->value_len == h->text.len);
	space = last->value_len > 0 ? 1 : 0;
	if (more.len >= UINT32_MAX - h->text.len)
		return -1;
	n = space + more.len;
	to = buf_reserve(&h->text, n);
	if (to == NULL)
		return -1;
	memset(to, ' ', space);
	memcpy(to + space, more.data, more.len);
	buf_added(&h->text, n);
	last->value_len += (uint32_t)n;
	return 0;
}

/* Copies the list to *out, the lines of that name become the one value. */
static int
copy_with(struct headers *out, const struct headers *h, struct span name,
    struct span value)
{
	bool pending = value.data != NULL;
	size_t i;

	for (i = 0; i < h->count; i++) {
		struct span n = headers_name(h, i);
		struct span v = headers_value(h, i);

		if (same(n, name)) {
			if (!pending)
				continue;
			n = name;
			v = value;
			pending = false;
		}
		if (headers_add(out, n, v) == -1)
			return -1;
	}
	return pending ? headers_add(out, name, value) : 0;
}

/* A new list each time: a value set again and again leaves nothing behind. */
int
headers_set(struct headers *h, struct span name, struct span value)
{
	struct headers out = { 0 };
	size_t i = 0;

	if (!headers_find(h, name, &i))
		return value.data == NULL ? 0 : headers_add(h, name, value);
	if (copy_with(&out, h, name, value) == -1) {
		headers_clear(&out);
		return -1;
	}
	headers_clear(h);
	*h = out;
	return 0;
}

struct span
headers_name(const struct headers *h, size_t i)
{
	const struct header_line *line = &h->lines[i];
	struct span s = { h->text.data + line->name, line->name_len };

	return s;
}

struct span
headers_value(const struct headers *h, size_t i)
{
	const struct header_line *line = &h->lines[i];
	struct span s = { h->text.data + line->value, line->value_len };

	return s;
}

bool
headers_find(const struct headers *h, struct span name, size_t *i)
{
	for (; *i < h->count; ++*i)
		if (h->lines[*i].name_len == name.len &&
		    same(headers_name(h, *i), name))
			return true;
	return false;
}

/* Where the list's first item ends: at a comma that no string quotes. */
static size_t
item_len(struct span list)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < list.len; i++) {
		char c = list.data[i];

		if (c == '"')
			quoted = !quoted;
		else if (quoted && c == '\\')
			i++;	/* quoted-pair, RFC 9110 section 5.6.4 */
		else if (!quoted && c == ',')
			return i;
	}
	return list.len;
}

bool
header_has_token(struct span value, const char *token)
{
	while (value.len > 0) {
		struct span item = { value.data, item_len(value) };
		size_t taken = item.len < value.len ? item.len + 1 : item.len;
		const char *semi = item.len > 0 ?
		    memchr(item.data, ';', item.len) : NULL;

		if (semi != NULL)
			item.len = (size_t)(semi - item.data);
		if (span_is(span_trim(item), token))
			return true;
		value.data += taken;
		value.len -= taken;
	}
	return false;
}

bool
header_name_valid(struct span name)
{
	return name.len > 0 && is_all(name, NAME);
}

bool
header_value_valid(struct span value)
{
	return value.len == 0 || is_all(value, VALUE);
}
