#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

static const char *const kinds[] = {
	[ERR_VERIFY] = "verify",
	[ERR_TLS] = "tls",
	[ERR_RESOLVE] = "resolve",
	[ERR_CONNECT] = "connect",
	[ERR_TIMEOUT] = "timeout",
	[ERR_PROXY] = "proxy",
	[ERR_PROTOCOL] = "protocol",
	[ERR_REDIRECT] = "redirect",
	[ERR_STATUS] = "status",
	[ERR_DECODE] = "decode",
	[ERR_JSON] = "json",
	[ERR_IO] = "io",
	[ERR_CANCELLED] = "cancelled",
	[ERR_USAGE] = "usage",
};

static const char *const phases[] = {
	[PHASE_RESOLVE] = "resolve",
	[PHASE_CONNECT] = "connect",
	[PHASE_PROXY] = "proxy",
	[PHASE_TLS] = "tls",
	[PHASE_SEND] = "send",
	[PHASE_RECEIVE] = "receive",
};

#define NAME(e)	{ e, #e }

/* POSIX.1-2017's.  A name that equals another on some system comes later. */
static const struct {
	int		 num;
	const char	*name;
} errnos[] = {
	NAME(E2BIG), NAME(EACCES), NAME(EADDRINUSE), NAME(EADDRNOTAVAIL),
	NAME(EAFNOSUPPORT), NAME(EAGAIN), NAME(EALREADY), NAME(EBADF),
	NAME(EBADMSG), NAME(EBUSY), NAME(ECANCELED), NAME(ECHILD),
	NAME(ECONNABORTED), NAME(ECONNREFUSED), NAME(ECONNRESET),
	NAME(EDEADLK), NAME(EDESTADDRREQ), NAME(EDOM), NAME(EDQUOT),
	NAME(EEXIST), NAME(EFAULT), NAME(EFBIG), NAME(EHOSTUNREACH),
	NAME(EIDRM), NAME(EILSEQ), NAME(EINPROGRESS), NAME(EINTR),
	NAME(EINVAL), NAME(EIO), NAME(EISCONN), NAME(EISDIR), NAME(ELOOP),
	NAME(EMFILE), NAME(EMLINK), NAME(EMSGSIZE), NAME(ENAMETOOLONG),
	NAME(ENETDOWN), NAME(ENETRESET), NAME(ENETUNREACH), NAME(ENFILE),
	NAME(ENOBUFS), NAME(ENODEV), NAME(ENOENT), NAME(ENOEXEC),
	NAME(ENOLCK), NAME(ENOMEM), NAME(ENOMSG), NAME(ENOPROTOOPT),
	NAME(ENOSPC), NAME(ENOSYS), NAME(ENOTCONN), NAME(ENOTDIR),
	NAME(ENOTEMPTY), NAME(ENOTRECOVERABLE), NAME(ENOTSOCK),
	NAME(ENOTSUP), NAME(ENOTTY), NAME(ENXIO), NAME(EOPNOTSUPP),
	NAME(EOVERFLOW), NAME(EOWNERDEAD), NAME(EPERM), NAME(EPIPE),
	NAME(EPROTO), NAME(EPROTONOSUPPORT), NAME(EPROTOTYPE), NAME(ERANGE),
	NAME(EROFS), NAME(ESPIPE), NAME(ESRCH), NAME(ESTALE),
	NAME(ETIMEDOUT), NAME(ETXTBSY), NAME(EWOULDBLOCK), NAME(EXDEV),
};

#undef NAME

static void __attribute__((format(printf, 4, 0)))
fill(struct error *err, enum error_kind kind, const char *code,
    const char *fmt, va_list ap)
{
	err->kind = kind;
	err->phase = PHASE_NONE;
	err->code = code;
	err->hint[0] = '\0';
	vsnprintf(err->message, sizeof(err->message), fmt, ap);
}

int
error_set(struct error *err, enum error_kind kind, const char *code,
    const char *fmt, ...)
{
	int errnum = errno;
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	fill(err, kind, code, fmt, ap);
	va_end(ap);
	len = strlen(err->message);
	snprintf(err->message + len, sizeof(err->message) - len, ": %s",
	    strerror(errnum));
	return -1;
}

int
error_setx(struct error *err, enum error_kind kind, const char *code,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, kind, code, fmt, ap);
	va_end(ap);
	return -1;
}

int
error_nomem(struct error *err)
{
	return error_setx(err, ERR_IO, "ENOMEM", "out of memory");
}

int
error_hint(struct error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return -1;
}

const char *
error_errno_name(int errnum)
{
	size_t i;

	for (i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++)
		if (errnos[i].num == errnum)
			return errnos[i].name;
	return "OTHER";
}

const char *
error_kind_name(enum error_kind kind)
{
	return kinds[kind];
}

const char *
error_phase_name(enum error_phase phase)
{
	return phases[phase];
}
