/*
 * HTTP/2 frames as text, one a line, for tests: written by hand so that they
 * can be wrong (RFC 9113 section 6).
 *
 *   [xN ]TYPE STREAM[ FLAGS][|ARGUMENT]...
 *
 *   settings 0|ID=VALUE...        headers 1|:status=200|name=value...
 *   data 1|bytes                  continuation 1|name=value...
 *   rst 1|CODE                    push 1|PROMISED|name=value...
 *   ping 0|8 bytes                goaway 0|LAST|CODE|text
 *   window 1|BYTES                frame-0xNN 1|bytes (of that type)
 *
 * FLAGS: E END_STREAM, A ACK, H END_HEADERS not set, P padded by 4 bytes.
 * xN: that line N times.  Field values may have \0 \r \n \t written so.
 */
#ifndef LURL_TESTS_FRAMES_H
#define LURL_TESTS_FRAMES_H
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define FRAME_HEAD	9
#define FRAME_ACK	0x1
#define FRAME_END	0x1
#define FRAME_HEADERS	0x4
#define FRAME_PADDED	0x8
#define FRAME_PADDING	4

static const char *const frame_types[] = {
	"data", "headers", "priority", "rst", "settings", "push", "ping",
	"goaway", "window", "continuation"
};

enum {
	FRAME_DATA, FRAME_TYPE_HEADERS, FRAME_PRIORITY, FRAME_RST,
	FRAME_SETTINGS, FRAME_PUSH, FRAME_PING, FRAME_GOAWAY, FRAME_WINDOW,
	FRAME_CONTINUATION
};

static inline void
frame_add(struct buf *b, const void *data, size_t len)
{
	if (buf_add(b, data, len) == -1)
		abort();
}

static inline void
frame_number(struct buf *b, unsigned long n, int bytes)
{
	unsigned char c;

	while (bytes-- > 0) {
		c = (unsigned char)(n >> (8 * bytes));
		frame_add(b, &c, 1);
	}
}

/* The text up to end or "|"; moves *s behind it. */
static inline struct span
frame_argument(const char **s, const char *end)
{
	struct span arg = { *s, 0 };

	while (*s < end && **s != '|')
		++*s;
	arg.len = (size_t)(*s - arg.data);
	if (*s < end)
		++*s;
	return arg;
}

static inline void
frame_unescape(struct buf *to, struct span s)
{
	static const char names[] = "0rnt", bytes[] = "\0\r\n\t";
	size_t i;

	for (i = 0; i < s.len; i++) {
		const char *c = &s.data[i], *at;

		if (*c == '\\' && i + 1 < s.len &&
		    (at = strchr(names, s.data[i + 1])) != NULL) {
			c = &bytes[at - names];
			i++;
		}
		frame_add(to, c, 1);
	}
}

/* A length with a prefix of 7 bits (RFC 7541 section 5.1). */
static inline void
frame_length(struct buf *to, size_t n)
{
	frame_number(to, n < 127 ? n : 127, 1);
	if (n < 127)
		return;
	for (n -= 127; n >= 128; n /= 128)
		frame_number(to, 128 + n % 128, 1);
	frame_number(to, n, 1);
}

/* "name=value", as a literal that is not indexed (RFC 7541 section 6.2.2). */
static inline void
frame_field(struct buf *to, struct span arg)
{
	const char *eq = memchr(arg.data, '=', arg.len);
	struct buf text = { 0 };
	size_t name_len;

	if (eq == NULL)
		abort();
	frame_unescape(&text, arg);
	name_len = (size_t)((char *)memchr(text.data, '=', text.len) -
	    text.data);
	frame_number(to, 0, 1);
	frame_length(to, name_len);
	frame_add(to, text.data, name_len);
	frame_length(to, text.len - name_len - 1);
	frame_add(to, text.data + name_len + 1, text.len - name_len - 1);
	buf_clear(&text);
}

static inline unsigned long
frame_value(struct span arg)
{
	return strtoul(arg.data, NULL, 0);
}

static inline void
frame_setting(struct buf *to, struct span arg)
{
	const char *eq = memchr(arg.data, '=', arg.len);

	frame_number(to, frame_value(arg), 2);
	frame_number(to, strtoul(eq + 1, NULL, 0), 4);
}

static inline void
frame_payload(struct buf *to, int type, const char *s, const char *end)
{
	int i;

	for (i = 0; s < end; i++) {
		struct span arg = frame_argument(&s, end);

		if (type == FRAME_SETTINGS)
			frame_setting(to, arg);
		else if (type == FRAME_TYPE_HEADERS ||
		    type == FRAME_CONTINUATION || (type == FRAME_PUSH && i > 0))
			frame_field(to, arg);
		else if (type == FRAME_RST || type == FRAME_WINDOW ||
		    type == FRAME_PUSH || (type == FRAME_GOAWAY && i < 2))
			frame_number(to, frame_value(arg), 4);
		else
			frame_unescape(to, arg);
	}
}

static inline int
frame_type(const char *s, size_t len)
{
	size_t i;

	if (len > 6 && memcmp(s, "frame-", 6) == 0)
		return (int)strtol(s + 6, NULL, 0);
	for (i = 0; i < sizeof(frame_types) / sizeof(frame_types[0]); i++)
		if (strlen(frame_types[i]) == len &&
		    memcmp(frame_types[i], s, len) == 0)
			return (int)i;
	abort();
}

static inline unsigned int
frame_flags(int type, const char *s, const char *end)
{
	unsigned int flags = type == FRAME_TYPE_HEADERS || type == FRAME_PUSH ||
	    type == FRAME_CONTINUATION ? FRAME_HEADERS : 0;

	for (; s < end; s++) {
		if (*s == 'E' || *s == 'A')
			flags |= FRAME_END;
		else if (*s == 'H')
			flags &= ~(unsigned int)FRAME_HEADERS;
		else if (*s == 'P')
			flags |= FRAME_PADDED;
	}
	return flags;
}

/* One line, without its end. */
static inline void
frame_write(struct buf *to, const char *s, const char *end)
{
	struct buf payload = { 0 };
	const char *space = memchr(s, ' ', (size_t)(end - s)), *rest;
	int type = frame_type(s, (size_t)(space - s));
	bool is_raw = *s == 'f';
	unsigned long stream = strtoul(space, NULL, 10);
	unsigned int flags;
	struct span body;

	rest = memchr(space, '|', (size_t)(end - space));
	if (rest == NULL)
		rest = end;
	flags = frame_flags(type, space, rest);
	if (flags & FRAME_PADDED)
		frame_number(&payload, FRAME_PADDING, 1);
	frame_payload(&payload, is_raw ? -1 : type,
	    rest < end ? rest + 1 : end, end);
	if (flags & FRAME_PADDED)
		frame_number(&payload, 0, FRAME_PADDING);
	body = buf_span(&payload);
	frame_number(to, body.len, 3);
	frame_number(to, (unsigned long)type, 1);
	frame_number(to, flags, 1);
	frame_number(to, stream, 4);
	frame_add(to, body.data, body.len);
	buf_clear(&payload);
}

/* Appends the frames of a script. */
static inline void
frames_write(struct buf *to, const char *script)
{
	while (*script != '\0') {
		const char *end = strchr(script, '\n');
		long n = 1;

		if (end == NULL)
			end = script + strlen(script);
		if (*script == 'x') {
			n = strtol(script + 1, NULL, 10);
			script = strchr(script, ' ') + 1;
		}
		while (n-- > 0)
			frame_write(to, script, end);
		script = *end == '\n' ? end + 1 : end;
	}
}
#endif
