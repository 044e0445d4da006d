#include <string.h>

#include "exchange_internal.h"

double
exchange_lap(struct exchange *ex)
{
	double took = ex->moved - ex->since;

	ex->since = ex->moved;
	return took;
}

const struct exchange_times *
exchange_times(struct exchange *ex)
{
	if (ex->stage != DONE)
		ex->times.total = loop_now() - ex->began;
	return &ex->times;
}

enum error_phase
exchange_phase(const struct exchange *ex)
{
	switch (ex->stage) {
	case CONNECTING:
		return ex->conn == NULL ? PHASE_CONNECT : conn_phase(ex->conn);
	case SENDING:
		return PHASE_SEND;
	default:
		return PHASE_RECEIVE;
	}
}

static int64_t
connecting_until(const struct exchange *ex, const char **part)
{
	const struct conn_limits limits = {
		.resolve_ms = ex->spec.resolve_ms,
		.connect_ms = ex->spec.connect_ms,
		.deadline_ms = ex->spec.deadline_ms
	};

	return conn_patience(ex->conn, &limits, ex->began_ms, part);
}

/* When patience ends, and with which part of timeout. */
static int64_t
patience(const struct exchange *ex, const char **part)
{
	const struct exchange_spec *spec = &ex->spec;
	int64_t at;

	if (ex->place.in_line) {
		*part = "pool";
		at = loop_after(ex->began_ms, spec->pool_ms);
	} else if (ex->stage == CONNECTING) {
		return connecting_until(ex, part);
	} else {
		*part = "read";
		at = loop_after(loop_ms(ex->moved), spec->read_ms);
	}
	if (spec->deadline_ms < at) {
		at = spec->deadline_ms;
		*part = "total";
	}
	return at;
}

/* Every connection is busy, and none has become free in time. */
static enum want
pool_is_full(struct error *err)
{
	error_setx(err, ERR_TIMEOUT, "pool", "all connections that the "
	    "session may have are busy");
	error_hint(err, "close responses that are not read to their end, or "
	    "raise pool={per_host=, total=}");
	err->phase = PHASE_CONNECT;
	return WANT_FAILED;
}

static enum want
time_out(const struct exchange *ex, const char *part, int64_t now,
    struct error *err)
{
	static const char *const doing[] = {
		[PHASE_RESOLVE] = "looking up the name",
		[PHASE_CONNECT] = "connecting",
		[PHASE_PROXY] = "waiting for the proxy",
		[PHASE_TLS] = "in the TLS handshake",
		[PHASE_SEND] = "sending the request",
		[PHASE_RECEIVE] = "waiting for the answer",
	};
	enum error_phase phase = exchange_phase(ex);
	int64_t since = strcmp(part, "read") == 0 ? loop_ms(ex->moved) :
	    ex->began_ms;

	if (strcmp(part, "pool") == 0)
		return pool_is_full(err);
	error_setx(err, ERR_TIMEOUT, part, "timed out after %.3g s %s",
	    (double)(now - since) / 1000.0, doing[phase]);
	err->phase = phase;
	return WANT_FAILED;
}

enum want
exchange_in_time(const struct exchange *ex, struct error *err)
{
	int64_t now;

	if (ex->spec.deadline_ms == INT64_MAX ||
	    (now = loop_now_ms()) < ex->spec.deadline_ms)
		return WANT_NOTHING;
	return time_out(ex, "total", now, err);
}

enum want
exchange_wait(struct exchange *ex, enum want want, int64_t at_ms,
    struct error *err)
{
	const char *part;
	int64_t due = patience(ex, &part), now = loop_now_ms();

	if (now >= due)
		return time_out(ex, part, now, err);
	if (want == WANT_READ || want == WANT_WRITE)
		ex->protocol->wait(ex, want);
	wake_at(ex->wake, at_ms < due ? at_ms : due);
	return WANT_WAKE;
}
