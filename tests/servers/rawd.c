/*
 * A server that sends exactly the bytes it is told to, for the tests.
 *
 *   rawd [-6] [-u PATH] [-t CERT KEY [-2]] STEP... [-- STEP...]...
 *
 * Listens on a port of 127.0.0.1 (-6: ::1; -u: a Unix socket, and PORT is 0)
 * and prints "ready PORT PID".
 * Connection k, from 0, plays the k-th list of steps; the last list serves
 * all later ones.  It prints "open k" first, "done k" after the last step, and
 * when the client has gone too "received k N": the bytes of the application
 * that came, so that 0 proves that nothing was sent.
 *
 *   head           read until an empty line: "request k BYTES"
 *   body N         read N bytes: "body k BYTES"
 *                  (where the client ends before: "short k BYTES")
 *   skip N         read N bytes and forget them: "skipped k N"
 *   frame N        read HTTP/2 frames up to one of type N, and tell of each:
 *                  "frame k TYPE FLAGS STREAM" and "payload k BYTES"
 *   send BYTES     in one write: one segment, one TLS record up to 16 KB
 *   bytes BYTES    each byte in a write of its own
 *   drip MS BYTES  one byte each MS milliseconds
 *   repeat N BYTES N times
 *   file PATH      its content
 *   halfclose      FIN; with TLS no close_notify
 *   fin            the same, as the last step
 *   notify         close_notify, then FIN; as the last step
 *   close          close(2): what comes later is answered by RST
 *   rst            RST
 *   wait           for the client's end: "eof k" or "rst k", and with TLS
 *                  "notify k" before it if a close_notify came
 *   stall          the same, but says "gone k"
 *
 * BYTES are written, and printed up to 4096 of them, with \r \n \t \0 \\ \xHH.
 * A write that fails prints "broken k" and ends the list.
 *
 * With -t the first step that is none of the last seven brings the
 * handshake: "tls k VERSION SNI" ("-" without), or "tlsfail k REASON", which
 * ends the list.
 *
 *   handshake      nothing else
 *   plain BYTES    instead: send these, and go on without TLS
 *   tlsread        instead: read the ClientHello, and go on without TLS
 *
 * With -2 it chooses h2 where that is offered.
 *
 * Then N counts only what is no TLS record.  It ends by SIGTERM, when its
 * parent dies, or when nobody reads its output any more.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "records.h"
#include "script.h"

#define SHOWN_MAX	4096		/* bytes of a line of output */
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define FRAME_HEAD	9		/* bytes */
#define BLOCK		65536		/* bytes to read or write at once */

struct conn {
	unsigned		 k;
	int			 fd;		/* -1 after close and rst */
	SSL_CTX			*ctx;		/* NULL without -t */
	SSL			*ssl;		/* NULL before the handshake */
	bool			 raw;		/* no handshake any more */
	const struct script	*script;
	struct records		 records;
	char			*in;		/* read, not yet asked for */
	size_t			 in_len;
	size_t			 received;
	bool			 ended;		/* the client, and how: */
	int			 end;
};

/* What a read brought: bytes, or one of these. */
enum { GOT_EOF = 0, GOT_RST = -1, GOT_NOTIFY = -2 };

static void __attribute__((format(printf, 1, 2)))
say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	flockfile(stdout);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
	funlockfile(stdout);
	va_end(ap);
}

static void
say_bytes(const char *word, unsigned k, const char *data, size_t len)
{
	static const char named[] = "\r\n\t\\", letters[] = "rnt\\";
	char text[4 * SHOWN_MAX + 1], *to = text;
	size_t n = len < SHOWN_MAX ? len : SHOWN_MAX;
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)data[i];
		const char *at = c == '\0' ? NULL : strchr(named, c);

		if (at != NULL)
			to += sprintf(to, "\\%c", letters[at - named]);
		else if (c < 0x20 || c > 0x7e)
			to += sprintf(to, "\\x%02x", c);
		else
			*to++ = (char)c;
	}
	*to = '\0';
	say("%s %u %s%s", word, k, text, n < len ? "..." : "");
}

static int
read_tls(struct conn *c, char *to, int room)
{
	int n;

	ERR_clear_error();
	errno = 0;
	n = SSL_read(c->ssl, to, room);
	if (n > 0) {
		c->received += (size_t)n;
		return n;
	}
	if (SSL_get_error(c->ssl, n) == SSL_ERROR_ZERO_RETURN)
		return GOT_NOTIFY;
	return errno == ECONNRESET ? GOT_RST : GOT_EOF;
}

static int
read_plain(struct conn *c, char *to, int room)
{
	ssize_t n;

	do
		n = read(c->fd, to, (size_t)room);
	while (n == -1 && errno == EINTR);
	if (n <= 0)
		return n == 0 ? GOT_EOF : GOT_RST;
	if (c->ctx != NULL)
		c->received += records_add(&c->records, to, (size_t)n);
	else
		c->received += (size_t)n;
	return (int)n;
}

static int
read_some(struct conn *c, char *to, int room)
{
	return c->ssl != NULL ? read_tls(c, to, room) :
	    read_plain(c, to, room);
}

/* Reads until n bytes are there; false when the client ends before. */
static bool
fill(struct conn *c, size_t n)
{
	while (c->in_len < n) {
		int got;

		c->in = need(realloc(c->in, c->in_len + BLOCK));
		got = read_some(c, c->in + c->in_len, BLOCK);
		if (got <= 0) {
			say_bytes("short", c->k, c->in, c->in_len);
			return false;
		}
		c->in_len += (size_t)got;
	}
	return true;
}

static void
take(struct conn *c, size_t n)
{
	c->in_len -= n;
	memmove(c->in, c->in + n, c->in_len);
}

/* Reads to the client's end and tells how it came. */
static int
drain(struct conn *c)
{
	char *block;
	int got;

	if (c->ended)
		return c->end;
	block = need(malloc(BLOCK));
	do
		got = read_some(c, block, BLOCK);
	while (got > 0);
	if (got == GOT_NOTIFY) {
		say("notify %u", c->k);
		do
			got = read_plain(c, block, BLOCK);
		while (got > 0);
	}
	free(block);
	c->ended = true;
	c->end = got;
	return got;
}

static bool
play_nothing(struct conn *c, const struct command *cmd)
{
	(void)c;
	(void)cmd;
	return true;
}

static bool
play_head(struct conn *c, const struct command *cmd)
{
	size_t n = 4;

	(void)cmd;
	for (; fill(c, n); n++) {
		if (memcmp(c->in + n - 4, "\r\n\r\n", 4) == 0) {
			say_bytes("request", c->k, c->in, n);
			take(c, n);
			return true;
		}
	}
	return false;
}

static bool
play_body(struct conn *c, const struct command *cmd)
{
	size_t n = (size_t)cmd->number;

	if (!fill(c, n))
		return false;
	say_bytes("body", c->k, n > 0 ? c->in : "", n);
	if (n > 0)
		take(c, n);
	return true;
}

static bool
play_skip(struct conn *c, const struct command *cmd)
{
	size_t left = (size_t)cmd->number, n;
	char *block = need(malloc(BLOCK));
	int got = 1;

	n = c->in_len < left ? c->in_len : left;
	if (n > 0)
		take(c, n);
	for (left -= n; left > 0 && got > 0; left -= n) {
		got = read_some(c, block, left < BLOCK ? (int)left : BLOCK);
		n = got > 0 ? (size_t)got : 0;
	}
	free(block);
	say("skipped %u %zu", c->k, (size_t)cmd->number - left);
	return left == 0;
}

/* The head and the payload of RFC 9113 section 4.1. */
static bool
play_frame(struct conn *c, const struct command *cmd)
{
	const unsigned char *head;
	size_t len;
	int type;

	do {
		if (!fill(c, FRAME_HEAD))
			return false;
		head = (const unsigned char *)c->in;
		len = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
		if (!fill(c, FRAME_HEAD + len))
			return false;
		head = (const unsigned char *)c->in;
		type = head[3];
		say("frame %u %d %d %d", c->k, type, head[4],
		    head[7] << 8 | head[8]);
		say_bytes("payload", c->k, c->in + FRAME_HEAD, len);
		take(c, FRAME_HEAD + len);
	} while (type != cmd->number);
	return true;
}

static bool
put(struct conn *c, const char *data, size_t len)
{
	while (len > 0) {
		int want = len < BLOCK ? (int)len : BLOCK;
		ssize_t n;

		ERR_clear_error();
		if (c->ssl != NULL)
			n = SSL_write(c->ssl, data, want);
		else
			n = write(c->fd, data, (size_t)want);
		if (n <= 0) {
			say("broken %u", c->k);
			return false;
		}
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
play_send(struct conn *c, const struct command *cmd)
{
	return put(c, cmd->data, cmd->len);
}

static bool
play_bytes(struct conn *c, const struct command *cmd)
{
	size_t i;

	for (i = 0; i < cmd->len; i++)
		if (!put(c, cmd->data + i, 1))
			return false;
	return true;
}

static bool
play_drip(struct conn *c, const struct command *cmd)
{
	size_t i;

	for (i = 0; i < cmd->len; i++) {
		poll(NULL, 0, (int)cmd->number);
		if (!put(c, cmd->data + i, 1))
			return false;
	}
	return true;
}

/* In blocks, so that a million small pieces are no million writes. */
static bool
play_repeat(struct conn *c, const struct command *cmd)
{
	size_t per_block = cmd->len < BLOCK ? BLOCK / (cmd->len + 1) + 1 : 1;
	char *block = need(malloc(per_block * cmd->len + 1));
	size_t left = (size_t)cmd->number, i, n;
	bool ok = true;

	for (i = 0; i < per_block; i++)
		memcpy(block + i * cmd->len, cmd->data, cmd->len);
	for (; ok && left > 0; left -= n) {
		n = left < per_block ? left : per_block;
		ok = put(c, block, n * cmd->len);
	}
	free(block);
	return ok;
}

static bool
play_file(struct conn *c, const struct command *cmd)
{
	char *block = need(malloc(BLOCK));
	int fd = open(cmd->data, O_RDONLY);
	ssize_t n;

	if (fd == -1)
		err(1, "%s", cmd->data);
	while ((n = read(fd, block, BLOCK)) > 0 && put(c, block, (size_t)n))
		;
	close(fd);
	free(block);
	return n == 0;
}

static bool
play_halfclose(struct conn *c, const struct command *cmd)
{
	(void)cmd;
	shutdown(c->fd, SHUT_WR);
	return true;
}

static bool
play_notify(struct conn *c, const struct command *cmd)
{
	ERR_clear_error();
	if (c->ssl != NULL)
		SSL_shutdown(c->ssl);
	return play_halfclose(c, cmd);
}

static bool
play_close(struct conn *c, const struct command *cmd)
{
	(void)cmd;
	close(c->fd);
	c->fd = -1;
	return true;
}

static bool
play_rst(struct conn *c, const struct command *cmd)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	return play_close(c, cmd);
}

static bool
play_wait(struct conn *c, const struct command *cmd)
{
	(void)cmd;
	say("%s %u", drain(c) == GOT_EOF ? "eof" : "rst", c->k);
	return true;
}

static bool
play_stall(struct conn *c, const struct command *cmd)
{
	(void)cmd;
	drain(c);
	say("gone %u", c->k);
	return true;
}

static bool
play_plain(struct conn *c, const struct command *cmd)
{
	c->raw = true;
	return put(c, cmd->data, cmd->len);
}

static bool
play_tlsread(struct conn *c, const struct command *cmd)
{
	size_t n;

	(void)cmd;
	c->raw = true;
	if (!fill(c, RECORD_HEAD))
		return false;
	n = (size_t)(unsigned char)c->in[3] * 256 + (unsigned char)c->in[4];
	if (!fill(c, RECORD_HEAD + n))
		return false;
	take(c, RECORD_HEAD + n);
	return true;
}

static const struct step steps[] = {
	{ "body", "n", false, play_body },
	{ "bytes", "b", false, play_bytes },
	{ "close", "", true, play_close },
	{ "drip", "nb", false, play_drip },
	{ "file", "p", false, play_file },
	{ "frame", "n", false, play_frame },
	{ "fin", "", true, play_halfclose },
	{ "halfclose", "", true, play_halfclose },
	{ "handshake", "", false, play_nothing },
	{ "head", "", false, play_head },
	{ "notify", "", false, play_notify },
	{ "plain", "b", true, play_plain },
	{ "repeat", "nb", false, play_repeat },
	{ "rst", "", true, play_rst },
	{ "send", "b", false, play_send },
	{ "skip", "n", false, play_skip },
	{ "stall", "", true, play_stall },
	{ "tlsread", "", true, play_tlsread },
	{ "wait", "", true, play_wait },
};

static bool
handshake(struct conn *c)
{
	const char *why, *name;

	ERR_clear_error();
	c->ssl = need(SSL_new(c->ctx));
	if (SSL_set_fd(c->ssl, c->fd) == 1 && SSL_accept(c->ssl) == 1) {
		name = SSL_get_servername(c->ssl, TLSEXT_NAMETYPE_host_name);
		say("tls %u %s %s", c->k, SSL_get_version(c->ssl),
		    name == NULL ? "-" : name);
		return true;
	}
	why = ERR_reason_error_string(ERR_peek_last_error());
	say("tlsfail %u %s", c->k, why == NULL ? "closed" : why);
	SSL_free(c->ssl);
	c->ssl = NULL;
	c->raw = true;
	return false;
}

static void
play(struct conn *c)
{
	size_t i;

	for (i = 0; i < c->script->count && c->fd != -1; i++) {
		const struct command *cmd = &c->script->commands[i];

		if (c->ctx != NULL && c->ssl == NULL && !c->raw &&
		    !cmd->step->early && !handshake(c))
			return;
		if (!cmd->step->play(c, cmd))
			return;
	}
}

/* After the last step FIN: a client that reads on must not wait forever. */
static void *
serve(void *arg)
{
	struct conn *c = arg;

	say("open %u", c->k);
	play(c);
	say("done %u", c->k);
	if (c->fd != -1) {
		shutdown(c->fd, SHUT_WR);
		drain(c);
		close(c->fd);
	}
	say("received %u %zu", c->k, c->received);
	SSL_free(c->ssl);
	free(c->in);
	free(c);
	return NULL;
}

static int
choose_h2(SSL *ssl, const unsigned char **out, unsigned char *len,
    const unsigned char *in, unsigned int in_len, void *arg)
{
	static const unsigned char h2[] = "\2h2";
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, len, h2, sizeof(h2) - 1, in,
	    in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *
make_ctx(const char *cert, const char *key)
{
	SSL_CTX *ctx = need(SSL_CTX_new(TLS_server_method()));

	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		errx(1, "%s, %s: %s", cert, key,
		    ERR_reason_error_string(ERR_peek_last_error()));
	/* A ticket that a client leaves unread makes its FIN an RST. */
	SSL_CTX_set_num_tickets(ctx, 0);
	return ctx;
}

struct address {
	struct sockaddr_storage	sa;
	socklen_t		len;
};

static struct address
loopback(bool v6)
{
	struct address a = { .len = v6 ? sizeof(struct sockaddr_in6) :
	    sizeof(struct sockaddr_in) };
	struct sockaddr_in6 *a6 = (struct sockaddr_in6 *)&a.sa;
	struct sockaddr_in *a4 = (struct sockaddr_in *)&a.sa;

	a.sa.ss_family = v6 ? AF_INET6 : AF_INET;
	if (v6)
		a6->sin6_addr = in6addr_loopback;
	else
		a4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static struct address
unix_socket(const char *path)
{
	struct address a = { .len = sizeof(struct sockaddr_un) };
	struct sockaddr_un *un = (struct sockaddr_un *)&a.sa;

	un->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(un->sun_path))
		errx(2, "%s: too long", path);
	memcpy(un->sun_path, path, strlen(path) + 1);
	return a;
}

static int
listen_on(struct address a)
{
	struct sockaddr *sa = (struct sockaddr *)&a.sa;
	int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1 || bind(fd, sa, a.len) == -1 || listen(fd, 128) == -1 ||
	    getsockname(fd, sa, &a.len) == -1)
		err(1, "listen");
	/* At the same place in both families. */
	say("ready %d %ld", sa->sa_family == AF_UNIX ? 0 :
	    ntohs(((struct sockaddr_in *)sa)->sin_port), (long)getpid());
	return fd;
}

static void
start(unsigned k, int fd, SSL_CTX *ctx, const struct script *script)
{
	struct conn *c = need(calloc(1, sizeof(*c)));
	pthread_t thread;
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->k = k;
	c->fd = fd;
	c->ctx = ctx;
	c->script = script;
	errno = pthread_create(&thread, NULL, serve, c);
	if (errno != 0)
		err(1, "thread");
	pthread_detach(thread);
}

/* Until nobody reads what it prints: then its output has POLLERR. */
static void
accept_all(int fd, SSL_CTX *ctx, const struct script *scripts, size_t count)
{
	struct pollfd p[2] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = STDOUT_FILENO },
	};
	unsigned k = 0;
	int c;

	for (;;) {
		if (poll(p, 2, -1) == -1)
			err(1, "poll");
		if ((p[1].revents & POLLERR) != 0)
			return;
		if (p[0].revents == 0)
			continue;
		c = accept(fd, NULL, NULL);
		if (c == -1)
			continue;	/* it has gone already */
		start(k, c, ctx, &scripts[k < count ? k : count - 1]);
		k++;
	}
}

int
main(int argc, char **argv)
{
	struct script *scripts;
	SSL_CTX *ctx = NULL;
	struct address at = loopback(false);
	size_t count;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGPIPE, SIG_IGN);
	for (argv++; *argv != NULL && (*argv)[0] == '-'; argv++) {
		if (strcmp(*argv, "-6") == 0) {
			at = loopback(true);
		} else if (strcmp(*argv, "-u") == 0 && argv[1] != NULL) {
			at = unix_socket(*++argv);
		} else if (strcmp(*argv, "-t") == 0 && argv[1] != NULL &&
		    argv[2] != NULL) {
			ctx = make_ctx(argv[1], argv[2]);
			argv += 2;
		} else if (strcmp(*argv, "-2") == 0 && ctx != NULL) {
			SSL_CTX_set_alpn_select_cb(ctx, choose_h2, NULL);
		} else {
			break;
		}
	}
	if (argc < 2 || *argv == NULL)
		errx(2, "usage: rawd [-6] [-u PATH] [-t CERT KEY [-2]] STEP... "
		    "[-- STEP...]...");
	scripts = script_parse(argv, steps, COUNT(steps), &count);
	accept_all(listen_on(at), ctx, scripts, count);
	return 0;
}
