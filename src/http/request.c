#include <string.h>

#include "http/quote.h"
#include "http/request.h"

#define VERSION	" HTTP/1.1\r\n"

static bool
is_target(struct span target)
{
	size_t i;

	for (i = 0; i < target.len; i++)
		if (target.data[i] < 0x21 || target.data[i] > 0x7e)
			return false;
	return target.len > 0;
}

/* The message never has a value in it: that may be a secret. */
static int
check_fields(const struct headers *fields, struct error *err)
{
	char text[QUOTE_MAX];
	size_t i;

	for (i = 0; i < fields->count; i++) {
		struct span name = headers_name(fields, i);

		if (!header_name_valid(name))
			return error_setx(err, ERR_USAGE, "value",
			    "header name %s is not a token",
			    quote(text, name));
		if (!header_value_valid(headers_value(fields, i)))
			return error_setx(err, ERR_USAGE, "value",
			    "value of header %s has a control byte in it",
			    quote(text, name));
	}
	return 0;
}

static int
check(struct span method, struct span target, const struct headers *fields,
    struct error *err)
{
	char text[QUOTE_MAX];

	if (!header_name_valid(method))	/* method = token as well */
		return error_setx(err, ERR_USAGE, "value",
		    "method %s is not a token", quote(text, method));
	if (!is_target(target))
		return error_setx(err, ERR_USAGE, "value",
		    target.len == 0 ? "request target is empty" :
		    "request target has a space, control or non-ASCII byte");
	return check_fields(fields, err);
}

static size_t
fields_len(const struct headers *fields)
{
	size_t len = 0;
	size_t i;

	for (i = 0; i < fields->count; i++)
		len += headers_name(fields, i).len +
		    headers_value(fields, i).len + strlen(": \r\n");
	return len;
}

static char *
put(char *to, struct span s)
{
	if (s.len > 0)
		memcpy(to, s.data, s.len);
	return to + s.len;
}

static char *
put_fields(char *to, const struct headers *fields)
{
	size_t i;

	for (i = 0; i < fields->count; i++) {
		to = put(to, headers_name(fields, i));
		to = put(to, span_of(": "));
		to = put(to, headers_value(fields, i));
		to = put(to, span_of("\r\n"));
	}
	return to;
}

int
request_write(struct buf *b, struct span method, struct span target,
    const struct headers *first, const struct headers *fields,
    struct error *err)
{
	static const struct headers none;
	size_t len;
	char *to;

	if (first == NULL)
		first = &none;
	if (check(method, target, fields, err) == -1 ||
	    check_fields(first, err) == -1)
		return -1;
	len = method.len + 1 + target.len + strlen(VERSION) +
	    fields_len(first) + fields_len(fields) + strlen("\r\n");
	to = buf_reserve(b, len);
	if (to == NULL)
		return error_nomem(err);
	to = put(to, method);
	*to++ = ' ';
	to = put(to, target);
	to = put(to, span_of(VERSION));
	to = put_fields(to, first);
	to = put_fields(to, fields);
	put(to, span_of("\r\n"));
	buf_added(b, len);
	return 0;
}
