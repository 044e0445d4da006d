#include <stdlib.h>
#include <string.h>

#include "mux.h"

#define TURN		16	/* writes in a row, of 16 KiB at most */
#define LISTEN_MAX	64	/* reads: the rest of what was given up */

struct mux {
	struct wire	*wire;
	struct h2	*h2;
	struct mux_member *waiting;
	struct mux_member *watcher;	/* whose wake the wire marks, or NULL */
	int64_t		 heard_ms;	/* when bytes last came */
	bool		 is_retired;
	bool		 is_blocked;	/* the last write had to wait */
	bool		 is_mute;	/* no more can be written: why */
	struct error	 why;
	char		 in[WIRE_RECORD];
};

struct mux *
mux_new(struct wire *wire, size_t max_header, struct error *err)
{
	struct mux *m = calloc(1, sizeof(*m));

	if (m == NULL) {
		error_nomem(err);
		return NULL;
	}
	m->wire = wire;
	m->heard_ms = loop_now_ms();
	if ((m->h2 = h2_new(max_header, err)) == NULL) {
		free(m);
		return NULL;
	}
	return m;
}

void
mux_free(struct mux *m)
{
	if (m == NULL)
		return;
	h2_free(m->h2);
	free(m);
}

bool
mux_is_open(const struct mux *m)
{
	return !m->is_retired && !m->is_mute && h2_is_open(m->h2);
}

bool
mux_has_room(const struct mux *m)
{
	return mux_is_open(m) && h2_has_room(m->h2);
}

void
mux_retire(struct mux *m)
{
	m->is_retired = true;
}

bool
mux_has_heard(const struct mux *m, int64_t since_ms)
{
	return m->heard_ms > since_ms;
}

/* Moving. */

/* Wakes those whose streams have got on, but for who sees it himself. */
static void
tell(struct mux *m, const struct mux_member *self)
{
	struct mux_member *member;
	struct h2_stream *s;

	while ((s = h2_changed(m->h2)) != NULL) {
		member = h2_user(s);
		member->moved = loop_now();
		if (member != self && member->waits)
			wake_mark(member->wake);
	}
}

/* A server that refuses more may have said why: it is read to its end. */
static void
flush(struct mux *m)
{
	struct span out;
	ssize_t n;
	int i;

	m->is_blocked = false;
	for (i = 0; !m->is_mute && (out = h2_output(m->h2)).len > 0; i++) {
		n = i == TURN ? WIRE_WANT_WRITE :
		    wire_write(m->wire, out.data, out.len, &m->why);
		if (n == WIRE_WANT_READ || n == WIRE_WANT_WRITE) {
			m->is_blocked = true;
			return;
		}
		if (n == -1)
			m->is_mute = true;
		else
			h2_written(m->h2, (size_t)n);
	}
}

/* A broken end says no more than an end: HTTP/2 counts what is missing. */
static void
lose(struct mux *m, const struct error *why)
{
	if (m->is_mute)
		h2_break(m->h2, &m->why);
	else if (why->kind == ERR_TLS && strcmp(why->code, "truncated") == 0)
		h2_eof(m->h2);
	else
		h2_break(m->h2, why);
}

static enum want
move(struct mux *m, const struct mux_member *self)
{
	struct error err;
	ssize_t n;

	flush(m);
	n = wire_read(m->wire, m->in, sizeof(m->in), &err);
	if (n > 0) {
		m->heard_ms = loop_now_ms();
		h2_feed(m->h2, m->in, (size_t)n);
	} else if (n == 0) {
		h2_eof(m->h2);
	} else if (n == -1) {
		lose(m, &err);
	} else if (m->is_mute) {
		h2_break(m->h2, &m->why);
	}
	tell(m, self);
	if (n >= -1 || m->is_mute)
		return WANT_NOTHING;
	return m->is_blocked || n == WIRE_WANT_WRITE ? WANT_WRITE : WANT_READ;
}

enum want
mux_move(struct mux_member *member)
{
	return move(member->mux, member);
}

enum want
mux_push(struct mux_member *member)
{
	struct mux *m = member->mux;

	flush(m);
	tell(m, member);
	if (m->is_mute || wire_has_input(m->wire))
		return WANT_NOTHING;
	return m->is_blocked ? WANT_WRITE : WANT_READ;
}

bool
mux_listen(struct mux *m)
{
	int i;

	for (i = 0; mux_is_open(m) && i < LISTEN_MAX; i++)
		if (move(m, NULL) != WANT_NOTHING)
			break;
	return mux_is_open(m);
}

/* Waiting. */

static void
watch(struct mux *m, struct mux_member *member)
{
	m->watcher = member;
	if (member == NULL)
		wire_rest(m->wire);
	else
		wire_wait(m->wire, m->is_blocked ? LOOP_READ | LOOP_WRITE :
		    LOOP_READ, member->wake);
}

void
mux_wait(struct mux_member *member, enum want want)
{
	struct mux *m = member->mux;

	if (!member->waits) {
		member->waits = true;
		member->previous = NULL;
		member->next = m->waiting;
		if (member->next != NULL)
			member->next->previous = member;
		m->waiting = member;
	}
	m->is_blocked = want == WANT_WRITE;
	watch(m, member);
}

/*
 * Another takes the watch over.  No readiness of the socket will announce to
 * him what the wire has read already, or that nothing more can be written.
 */
void
mux_rest(struct mux_member *member)
{
	struct mux *m = member->mux;

	if (member->waits) {
		member->waits = false;
		if (member->next != NULL)
			member->next->previous = member->previous;
		if (member->previous != NULL)
			member->previous->next = member->next;
		else
			m->waiting = member->next;
		if (m->watcher == member)
			watch(m, m->waiting);
	}
	if (m->watcher != NULL && (m->is_mute || wire_has_input(m->wire)))
		wake_mark(m->watcher->wake);
}

int
mux_join(struct mux *m, struct mux_member *member, struct h2_request *request,
    struct error *err)
{
	request->user = member;
	member->stream = h2_open(m->h2, request, err);
	if (member->stream == NULL)
		return -1;
	member->mux = m;
	member->waits = false;
	member->moved = loop_now();
	return 0;
}

void
mux_leave(struct mux_member *member)
{
	struct mux *m = member->mux;

	if (m == NULL)
		return;
	h2_close(member->stream);
	member->stream = NULL;
	flush(m);
	mux_rest(member);
	tell(m, member);
	member->mux = NULL;
}
