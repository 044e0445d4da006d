#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/jread.h"
#include "base/utf8.h"

#define BOM		"\xef\xbb\xbf"
#define BYTES(c)	(0x0101010101010101u * (c))	/* c, eight times */
#define NUMBER_MAX	64	/* bytes of a number that need no heap */

/* Powers of ten that a double holds exactly. */
static const double powers[] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
};

#define POWER_MAX	22
#define EXACT_MAX	(UINT64_C(1) << DBL_MANT_DIG)

static int
fail(struct jread *j, enum jread_error why)
{
	j->error = why;
	return -1;
}

static size_t
left(const struct jread *j)
{
	return (size_t)(j->end - j->at);
}

/* The next byte after white space, which is not taken; NUL at the end. */
static char
peek(struct jread *j)
{
	for (; j->at < j->end; j->at++)
		if (*j->at != ' ' && *j->at != '\n' && *j->at != '\r' &&
		    *j->at != '\t')
			return *j->at;
	return '\0';
}

static int
word(struct jread *j, const char *text, struct jread_value *v,
    enum jread_type type)
{
	size_t len = strlen(text);

	if (left(j) < len || memcmp(j->at, text, len) != 0)
		return fail(j, JREAD_EBAD);
	j->at += len;
	v->type = type;
	return 0;
}

/* Strings. */

/* Whether one of eight bytes is '"', '\', a control or above 0x7f. */
static bool
is_special(const char *s)
{
	uint64_t w, quote, backslash;

	memcpy(&w, s, sizeof(w));
	quote = w ^ BYTES('"');
	backslash = w ^ BYTES('\\');
	return ((w | (w - BYTES(0x20)) | (quote - BYTES(1)) |
	    (backslash - BYTES(1))) & BYTES(0x80)) != 0;
}

size_t
jread_plain(const char *s, size_t len)
{
	size_t i = 0, n;

	for (;;) {
		while (len - i >= 8 && !is_special(s + i))
			i += 8;
		if (i == len || (unsigned char)s[i] < ' ' || s[i] == '"' ||
		    s[i] == '\\' || (n = utf8_len(s + i, len - i)) == 0)
			return i;
		i += n;
	}
}

/* Skips them, up to a '"' or '\'. */
static int
skip_plain(struct jread *j)
{
	j->at += jread_plain(j->at, left(j));
	if (j->at == j->end || (*j->at != '"' && *j->at != '\\'))
		return fail(j, JREAD_EBAD);
	return 0;
}

/* The four digits of a \u; -1 when they are not there. */
static int
hex4(struct jread *j)
{
	int i, digit, value = 0;

	if (left(j) < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		if ((digit = ascii_hex(j->at[i])) == -1)
			return -1;
		value = value * 16 + digit;
	}
	j->at += 4;
	return value;
}

/* What \uXXXX stands for, or a pair of them; -1: half a pair, or no digits. */
static int
code_point(struct jread *j)
{
	int high = hex4(j), low;

	if (high < 0xd800 || high > 0xdfff)
		return high;
	if (high > 0xdbff || left(j) < 2 || memcmp(j->at, "\\u", 2) != 0)
		return -1;
	j->at += 2;
	low = hex4(j);
	if (low < 0xdc00 || low > 0xdfff)
		return -1;
	return 0x10000 + (high - 0xd800) * 0x400 + (low - 0xdc00);
}

static size_t
put_utf8(char *out, int c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Past the backslash: the bytes it stands for, 0 when it is no escape. */
static size_t
unescape(struct jread *j, char *out)
{
	static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	const char *found;
	int c;

	if (j->at == j->end)
		return 0;
	c = *j->at++;
	if (c == 'u') {
		c = code_point(j);
		return c == -1 ? 0 : put_utf8(out, c);
	}
	if (c == '\0' || (found = strchr(letters, c)) == NULL)
		return 0;
	*out = bytes[found - letters];
	return 1;
}

/* The rest of a string from its first backslash on, into j->text. */
static int
unescape_rest(struct jread *j, const char *start)
{
	const char *from = start;
	char c[4];
	size_t n;

	buf_reset(&j->text);
	for (;;) {
		if (buf_add(&j->text, from, (size_t)(j->at - from)) == -1)
			return fail(j, JREAD_ENOMEM);
		if (*j->at++ == '"')
			return 0;
		if ((n = unescape(j, c)) == 0)
			return fail(j, JREAD_EBAD);
		if (buf_add(&j->text, c, n) == -1)
			return fail(j, JREAD_ENOMEM);
		from = j->at;
		if (skip_plain(j) == -1)
			return -1;
	}
}

/* At its first quotation mark. */
static int
string(struct jread *j, struct span *s)
{
	const char *start = ++j->at;

	if (skip_plain(j) == -1)
		return -1;
	if (*j->at == '"') {
		s->data = start;
		s->len = (size_t)(j->at++ - start);
		return 0;
	}
	if (unescape_rest(j, start) == -1)
		return -1;
	*s = buf_span(&j->text);
	if (s->data == NULL)
		s->data = "";
	return 0;
}

/* Numbers. */

struct decimal {
	uint64_t	 digits;	/* exact only if !lost */
	int64_t		 exponent;	/* of ten */
	bool		 negative;
	bool		 lost;		/* more digits than that holds */
	bool		 real;
};

/* Takes at least one digit. */
static int
take_digits(struct jread *j, struct decimal *d)
{
	const char *start = j->at;
	unsigned digit;

	for (; j->at < j->end && ascii_is_digit(*j->at); j->at++) {
		digit = (unsigned)(*j->at - '0');
		if (d->digits > (UINT64_MAX - digit) / 10)
			d->lost = true;
		else
			d->digits = d->digits * 10 + digit;
	}
	return j->at > start ? 0 : fail(j, JREAD_EBAD);
}

static int
take_exponent(struct jread *j, struct decimal *d)
{
	struct decimal e = { 0 };

	j->at++;
	if (j->at < j->end && (*j->at == '+' || *j->at == '-'))
		e.negative = *j->at++ == '-';
	if (take_digits(j, &e) == -1)
		return -1;
	if (e.lost || e.digits > INT32_MAX)
		d->lost = true;
	else
		d->exponent += e.negative ? -(int64_t)e.digits :
		    (int64_t)e.digits;
	d->real = true;
	return 0;
}

/* RFC 8259 section 6. */
static int
take_decimal(struct jread *j, struct decimal *d)
{
	const char *start;

	if (*j->at == '-') {
		d->negative = true;
		j->at++;
	}
	start = j->at;
	if (take_digits(j, d) == -1)
		return -1;
	if (*start == '0' && j->at > start + 1)
		return fail(j, JREAD_EBAD);
	if (j->at < j->end && *j->at == '.') {
		start = ++j->at;
		if (take_digits(j, d) == -1)
			return -1;
		d->exponent = start - j->at;
		d->real = true;
	}
	if (j->at < j->end && (*j->at == 'e' || *j->at == 'E'))
		return take_exponent(j, d);
	return 0;
}

/* By strtod, in the words of whatever locale the program has set. */
static int
convert(struct jread *j, struct span s, double *value)
{
	const char *point = localeconv()->decimal_point;
	const char *dot = memchr(s.data, '.', s.len);
	size_t head = dot == NULL ? s.len : (size_t)(dot - s.data);
	size_t extra = dot == NULL ? 0 : strlen(point);
	size_t tail = s.len - head - (dot != NULL);
	char small[NUMBER_MAX], *text = small;

	if (s.len + extra >= sizeof(small) &&
	    (text = malloc(s.len + extra + 1)) == NULL)
		return fail(j, JREAD_ENOMEM);
	memcpy(text, s.data, head);
	memcpy(text + head, point, extra);
	memcpy(text + head + extra, s.data + s.len - tail, tail);
	text[head + extra + tail] = '\0';
	*value = strtod(text, NULL);
	if (text != small)
		free(text);
	return isfinite(*value) ? 0 : fail(j, JREAD_EBAD);
}

/*
 * Where the digits and the power of ten are both exact as doubles, one
 * operation on them rounds correctly (Clinger 1990).
 */
static int
real(struct jread *j, const struct decimal *d, struct span s, double *value)
{
	if (FLT_EVAL_METHOD != 0 || d->lost || d->digits > EXACT_MAX ||
	    d->exponent > POWER_MAX || d->exponent < -POWER_MAX)
		return convert(j, s, value);
	*value = (double)d->digits;
	if (d->exponent < 0)
		*value /= powers[-d->exponent];
	else
		*value *= powers[d->exponent];
	if (d->negative)
		*value = -*value;
	return 0;
}

static int
number(struct jread *j, struct jread_value *v)
{
	struct decimal d = { 0 };
	struct span s = { j->at, 0 };
	uint64_t max = INT64_MAX;

	if (take_decimal(j, &d) == -1)
		return -1;
	if (d.real) {
		v->type = JREAD_REAL;
		s.len = (size_t)(j->at - s.data);
		return real(j, &d, s, &v->real);
	}
	if (d.lost || d.digits > max + d.negative)
		return fail(j, JREAD_EBAD);
	v->type = JREAD_INTEGER;
	/* Negated as unsigned: the least integer has no positive. */
	v->integer = (int64_t)(d.negative ? 0 - d.digits : d.digits);
	return 0;
}

/* Values. */

static int
open(struct jread *j, struct jread_value *v, enum jread_type type)
{
	if (j->depth == JREAD_DEPTH_MAX)
		return fail(j, JREAD_EDEPTH);
	j->at++;
	j->depth++;
	v->type = type;
	return 0;
}

int
jread_value(struct jread *j, struct jread_value *v)
{
	switch (peek(j)) {
	case '{':
		return open(j, v, JREAD_OBJECT);
	case '[':
		return open(j, v, JREAD_ARRAY);
	case '"':
		v->type = JREAD_STRING;
		return string(j, &v->string);
	case 't':
		return word(j, "true", v, JREAD_TRUE);
	case 'f':
		return word(j, "false", v, JREAD_FALSE);
	case 'n':
		return word(j, "null", v, JREAD_NULL);
	case '\0':
		return fail(j, JREAD_EBAD);
	default:
		return number(j, v);
	}
}

/* Past the comma before what is not the first; 0 at the closing bracket. */
static int
go_on(struct jread *j, bool first, char bracket)
{
	char c = peek(j);

	if (c == bracket) {
		j->at++;
		j->depth--;
		return 0;
	}
	if (first)
		return 1;
	if (c != ',')
		return fail(j, JREAD_EBAD);
	j->at++;
	return 1;
}

int
jread_element(struct jread *j, bool first)
{
	return go_on(j, first, ']');
}

int
jread_member(struct jread *j, bool first, struct span *key)
{
	int more = go_on(j, first, '}');

	if (more != 1)
		return more;
	if (peek(j) != '"')
		return fail(j, JREAD_EBAD);
	if (string(j, key) == -1)
		return -1;
	if (peek(j) != ':')
		return fail(j, JREAD_EBAD);
	j->at++;
	return 1;
}

int
jread_end(struct jread *j)
{
	peek(j);
	return j->at == j->end ? 0 : fail(j, JREAD_EBAD);
}

void
jread_init(struct jread *j, struct span text)
{
	memset(j, 0, sizeof(*j));
	j->at = text.data;
	j->end = text.data + text.len;
	if (text.len >= strlen(BOM) && memcmp(text.data, BOM,
	    strlen(BOM)) == 0)
		j->at += strlen(BOM);
}

void
jread_clear(struct jread *j)
{
	buf_clear(&j->text);
	memset(j, 0, sizeof(*j));
}
