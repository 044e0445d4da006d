#include <stdio.h>
#include <string.h>

#include "http/quote.h"
#include "http/request.h"
#include "tunnel.h"

static int
write_request(const char *host, uint16_t port, const char *authorization,
    struct buf *out, struct error *err)
{
	bool is_v6 = strchr(host, ':') != NULL;
	struct buf authority = { 0 };
	struct headers fields = { 0 };
	int rv = -1;

	/* Always with its port (RFC 9110 section 9.3.6). */
	if (buf_addf(&authority, is_v6 ? "[%s]:%u" : "%s:%u", host,
	    (unsigned int)port) == -1 || headers_add(&fields, span_of("host"),
	    buf_span(&authority)) == -1 || (authorization != NULL &&
	    headers_add(&fields, span_of("proxy-authorization"),
	    span_of(authorization)) == -1))
		error_nomem(err);
	else
		rv = request_write(out, span_of("CONNECT"),
		    buf_span(&authority), NULL, &fields, err);
	headers_clear(&fields);
	buf_clear(&authority);
	return rv;
}

int
tunnel_start(struct tunnel *t, const char *host, uint16_t port,
    const char *authorization, struct buf *out, struct error *err)
{
	h1_init(&t->h1);
	t->h1.max_header = TUNNEL_MAX_HEADER;
	t->h1.connect_request = true;
	return write_request(host, port, authorization, out, err);
}

void
tunnel_clear(struct tunnel *t)
{
	h1_clear(&t->h1);
}

static enum want
judge(const struct answer *answer, struct error *err)
{
	char text[QUOTE_MAX];
	const char *code = "other";

	if (answer->status < 300)
		return WANT_NOTHING;
	/* tinyproxy says 401, as if it were the server. */
	if (answer->status == 407 || answer->status == 401)
		code = "auth";
	else if (answer->status >= 400 && answer->status < 500)
		code = "refused";
	error_setx(err, ERR_PROXY, code, "it did not connect: status %d %s",
	    answer->status, quote(text, buf_span(&answer->reason)));
	return WANT_FAILED;
}

enum want
tunnel_next(struct tunnel *t, struct span in, size_t *used, struct error *err)
{
	struct span none;

	switch (h1_next(&t->h1, in.data, in.len, used, &none, err)) {
	case ANSWER_MORE:
		return WANT_READ;
	case ANSWER_HEAD:
		return judge(&t->h1.answer, err);
	default:
		t->h1.answer.status = 0;	/* no answer, but a piece of one */
		if (err->kind == ERR_PROTOCOL) {
			err->kind = ERR_PROXY;
			err->code = "protocol";
		}
		return WANT_FAILED;
	}
}
