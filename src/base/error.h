/*
 * A failure as it travels up through the rooms: filled once, where it
 * happens, and handed up by return value.  The binding turns it into the Lua
 * error value of the manual (kind, code, message, phase, hint).
 * Pure: no I/O, no allocation, no Lua.
 */
#ifndef LURL_ERROR_H
#define LURL_ERROR_H

#define ERROR_MESSAGE_MAX	512	/* bytes with the NUL; longer is cut */
#define ERROR_HINT_MAX		768

enum error_kind {
	ERR_NONE,
	ERR_VERIFY,
	ERR_TLS,
	ERR_RESOLVE,
	ERR_CONNECT,
	ERR_TIMEOUT,
	ERR_PROXY,
	ERR_PROTOCOL,
	ERR_REDIRECT,
	ERR_STATUS,
	ERR_DECODE,
	ERR_JSON,
	ERR_IO,
	ERR_CANCELLED,
	ERR_USAGE
};

enum error_phase {
	PHASE_NONE,
	PHASE_RESOLVE,
	PHASE_CONNECT,
	PHASE_PROXY,
	PHASE_TLS,
	PHASE_SEND,
	PHASE_RECEIVE
};

struct error {
	enum error_kind	 kind;
	enum error_phase phase;
	const char	*code;	/* stable word within the kind; static */
	char		 message[ERROR_MESSAGE_MAX];	/* one sentence */
	char		 hint[ERROR_HINT_MAX];	/* what to do about it, or "" */
};

/*
 * Fills *err: kind, code (a string literal) and a formatted message; clears
 * phase and hint.  error_set appends ": " and strerror(errno), so it is called
 * right after what set errno; error_setx does not.
 * Both return -1, so that a caller can write "return error_setx(...)".
 */
int	error_set(struct error *err, enum error_kind kind, const char *code,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
int	error_setx(struct error *err, enum error_kind kind, const char *code,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Out of memory: kind io, code ENOMEM.  Returns -1. */
int	error_nomem(struct error *err);

/* Adds the hint, a formatted sentence.  Returns -1. */
int	error_hint(struct error *err, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* The name of an errno, as "ENOENT"; static storage.  The code of kind io. */
const char	*error_errno_name(int errnum);

/* The words of the manual, as "verify" and "receive"; NULL for _NONE. */
const char	*error_kind_name(enum error_kind kind);
const char	*error_phase_name(enum error_phase phase);
#endif
