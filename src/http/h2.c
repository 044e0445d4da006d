#ifdef HAVE_NGHTTP2
#include <assert.h>
#include <stdlib.h>

#include "http/h2_internal.h"

/*
 * What all streams together may have on the way: a round trip of 100 ms still
 * carries 160 MB/s.
 */
#define CONNECTION_WINDOW (16 * 1024 * 1024)
#define HEAD_MAX	(16 * 1024 * 1024) /* bytes: the server is to judge */
#define OUT_MAX		16384	/* bytes gathered before they are written */

bool
h2_is_there(void)
{
	return true;
}

/* How it ends. */

void
h2_useful(struct h2 *h)
{
	h->useless = 0;
}

void
h2_fail_all(struct h2 *h, const struct error *why)
{
	struct h2_stream *s;

	if (h->why.kind == ERR_NONE)
		h->why = *why;
	for (s = h->streams; s != NULL; s = s->next) {
		if (!h2_is_live(s))
			continue;
		s->why = *why;
		h2_touch(s);
	}
}

void
h2_break(struct h2 *h, const struct error *why)
{
	h2_fail_all(h, why);
	h->is_over = true;
}

void
h2_give_up(struct h2 *h, int code)
{
	struct error why;

	if (code == NGHTTP2_ERR_NOMEM || code == NGHTTP2_ERR_CALLBACK_FAILURE)
		error_nomem(&why);
	else
		error_setx(&why, ERR_PROTOCOL, "h2", "HTTP/2 session: %s",
		    nghttp2_strerror(code));
	h2_break(h, &why);
}

void
h2_eof(struct h2 *h)
{
	struct h2_stream *s;
	struct error why;

	for (s = h->streams; s != NULL; s = s->next)
		if (h2_is_live(s))
			h2_cut_off(s);
	error_setx(&why, ERR_PROTOCOL, "closed", "the server has closed the "
	    "connection");
	h2_break(h, &why);
}

/* The session. */

static int
start(struct h2 *h, size_t max_header)
{
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_WINDOW },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
		    max_header < UINT32_MAX ? (uint32_t)max_header :
		    UINT32_MAX },
	};

	if (nghttp2_submit_settings(h->ng, NGHTTP2_FLAG_NONE, settings,
	    sizeof(settings) / sizeof(settings[0])) != 0)
		return -1;
	return nghttp2_session_set_local_window_size(h->ng, NGHTTP2_FLAG_NONE,
	    0, CONNECTION_WINDOW) == 0 ? 0 : -1;
}

static int
make_session(struct h2 *h, nghttp2_session_callbacks *callbacks,
    nghttp2_option *option)
{
	h2_set_receivers(callbacks);
	nghttp2_option_set_no_auto_window_update(option, 1);
	nghttp2_option_set_max_send_header_block_length(option, HEAD_MAX);
#if NGHTTP2_VERSION_NUM >= 0x013200	/* 1.50.0, the first to refuse them */
	/* Blanks around a value, which servers send: as HTTP/1.1 has them. */
	nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(option,
	    1);
#endif
	return nghttp2_session_client_new2(&h->ng, callbacks, h, option) == 0 ?
	    0 : -1;
}

struct h2 *
h2_new(size_t max_header, struct error *err)
{
	struct h2 *h = calloc(1, sizeof(*h));
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_option *option = NULL;
	bool is_made = h != NULL &&
	    nghttp2_session_callbacks_new(&callbacks) == 0 &&
	    nghttp2_option_new(&option) == 0 &&
	    make_session(h, callbacks, option) == 0 &&
	    start(h, max_header) == 0;

	nghttp2_session_callbacks_del(callbacks);
	nghttp2_option_del(option);
	if (is_made)
		return h;
	h2_free(h);
	error_nomem(err);
	return NULL;
}

void
h2_free(struct h2 *h)
{
	if (h == NULL)
		return;
	assert(h->streams == NULL);
	nghttp2_session_del(h->ng);
	buf_clear(&h->fields);
	buf_clear(&h->out);
	free(h);
}

/* What nghttp2 has to send, a frame at a time, for one write. */
static void
gather(struct h2 *h)
{
	const uint8_t *data;
	ssize_t n;

	while (!h->is_over && buf_span(&h->out).len < OUT_MAX) {
		n = nghttp2_session_mem_send(h->ng, &data);
		if (n == 0)
			return;
		if (n < 0)
			h2_give_up(h, (int)n);
		else if (buf_add(&h->out, data, (size_t)n) == -1)
			h2_give_up(h, NGHTTP2_ERR_NOMEM);
		else
			h->gathered += (size_t)n;
	}
}

/* What nghttp2 finds wrong it tells by what it then sends. */
void
h2_feed(struct h2 *h, const char *in, size_t len)
{
	ssize_t n;

	if (h->is_over)
		return;
	n = nghttp2_session_mem_recv(h->ng, (const uint8_t *)in, len);
	if (n < 0)
		h2_give_up(h, (int)n);
	gather(h);
}

struct span
h2_output(struct h2 *h)
{
	if (buf_span(&h->out).len == 0)
		gather(h);
	return buf_span(&h->out);
}

void
h2_written(struct h2 *h, size_t n)
{
	buf_take(&h->out, n);
	h->written += n;
}

bool
h2_is_open(const struct h2 *h)
{
	return h->why.kind == ERR_NONE && !h->is_over &&
	    nghttp2_session_check_request_allowed(h->ng) != 0;
}

bool
h2_has_room(const struct h2 *h)
{
	return h2_is_open(h) && h->count <
	    nghttp2_session_get_remote_settings(h->ng,
	    NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

size_t
h2_count(const struct h2 *h)
{
	return h->count;
}

struct h2_stream *
h2_changed(struct h2 *h)
{
	struct h2_stream *s = h->changed;

	if (s != NULL) {
		h->changed = s->next_changed;
		s->is_changed = false;
	}
	return s;
}
#endif
