/*
 * A small HTTPS server on libtls's server side, for `make run` and the tests.
 *
 *   httpsd [-6] [-C CA] [-p PORT] [-s STAPLE] CHAIN KEY [CHAIN KEY ...]
 *
 * Listens on 127.0.0.1 (-6: ::1), port 0 unless -p, and prints "ready PORT
 * PID".  A client gets the certificate for the name it asks for (SNI), or the
 * first where none is for that name; -s staples an OCSP answer to that one, -C
 * wants a certificate of the client's, from one of these authorities.  When a connection ends it prints
 *
 *   conn K sni=NAME handshake=ok|failed requests=N bytes=N
 *
 * where bytes are those of the application, decrypted: 0 proves that no byte
 * of a request arrived; NAME is "-" when none was asked for and, libtls then
 * keeping it to itself, when the handshake failed.  On SIGTERM, or when its
 * parent dies, it says the same of the open ones and ends.
 * HTTP/1.1, keep-alive:
 *
 *   /             a greeting         /bytes/N    N bytes, content-length
 *   /echo         the request        /chunked/N  N bytes, chunked
 *   /status/NNN   that status        /close      and closes
 *   /json         an object          /cookie     and sets one, id=42
 *   /events       server-sent ones   /redirect/N N redirects, then as /
 *   /wait/MS      as /, so much later; /crowd: how many were waited for at once
 *   /v1/...       as without /v1       at most, and how long, since last asked
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <tls.h>

#define CONNS_MAX	1024
#define REQUEST_MAX	(64u << 20)	/* bytes, head and body */
#define CHUNKED_MAX	(1u << 20)	/* bytes, since it is built in memory */
#define CHUNK		1000		/* bytes of a chunk but the last */
#define BLOCK		16384		/* bytes of a TLS record */

struct bytes {
	char	*data;
	size_t	 len, room;
};

struct conn {
	int		 fd;
	struct tls	*tls;
	unsigned	 id, requests;
	size_t		 received;	/* bytes of the application */
	bool		 shaken, closing;
	short		 events;	/* what it waits for */
	struct bytes	 in, out;
	size_t		 out_at;	/* bytes of out that are written */
	size_t		 fill;		/* bytes of block to write after it */
	int64_t		 due;		/* ms: not to be answered before; or 0 */
};

/* Who is waited for, by /wait; times in ms. */
static struct crowd {
	unsigned	 now, most;
	int64_t		 first_in, last_out;
} crowd;

static struct conn conns[CONNS_MAX];
static size_t nconns;
static char block[BLOCK];
static volatile sig_atomic_t stopped;

static _Noreturn void
die(const char *what, const char *why)
{
	fprintf(stderr, "httpsd: %s: %s\n", what, why);
	exit(1);
}

static void
append(struct bytes *b, const char *data, size_t len)
{
	if (b->room - b->len < len) {
		b->room = (b->len + len) * 2;
		b->data = realloc(b->data, b->room);
		if (b->data == NULL)
			die("realloc", strerror(errno));
	}
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
crowd_enter(struct conn *c, int64_t ms)
{
	int64_t now = now_ms();

	c->due = now + ms;
	if (crowd.first_in == 0)
		crowd.first_in = now;
	if (++crowd.now > crowd.most)
		crowd.most = crowd.now;
}

static void
crowd_leave(struct conn *c)
{
	if (c->due == 0)
		return;
	c->due = 0;
	crowd.now--;
	crowd.last_out = now_ms();
}

static void __attribute__((format(printf, 2, 3)))
appendf(struct bytes *b, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line))
		die("line too long", fmt);
	append(b, line, (size_t)n);
}

static const char hello[] = "hello from lurl's test server\n";

/* What a request needs to be answered; borrows the connection's bytes. */
struct request {
	const char	*data;
	size_t		 head_len, len;	/* the head; head and body */
	const char	*path;
	size_t		 path_len;
	bool		 is_head;
};

/* The value of a field of the head; NULL when it is not there. */
static const char *
field(const struct request *r, const char *name)
{
	const char *p = r->data, *end = r->data + r->head_len;
	size_t len = strlen(name);

	while ((p = memmem(p, (size_t)(end - p), "\r\n", 2)) != NULL) {
		p += 2;
		if ((size_t)(end - p) > len && p[len] == ':' &&
		    strncasecmp(p, name, len) == 0)
			return p + len + 1 + strspn(p + len + 1, " ");
	}
	return NULL;
}

/* The bytes of a chunked body, or 0 while it is not complete. */
static size_t
chunked_len(const char *body, size_t len)
{
	const char *p = body, *end = body + len, *eol;

	while ((eol = memmem(p, (size_t)(end - p), "\r\n", 2)) != NULL) {
		size_t size = strtoul(p, NULL, 16);

		if (size == 0) {	/* trailers and an empty line follow */
			p = memmem(eol, (size_t)(end - eol), "\r\n\r\n", 4);
			return p == NULL ? 0 : (size_t)(p + 4 - body);
		}
		if (size > REQUEST_MAX || (size_t)(end - eol) < size + 4)
			return 0;
		p = eol + size + 4;
	}
	return 0;
}

/* Looks at the first request in c->in; false while it is not complete. */
static bool
request_parse(const struct conn *c, struct request *r)
{
	const char *end, *value;
	size_t body = 0, have;

	if (c->in.len == 0)
		return false;
	end = memmem(c->in.data, c->in.len, "\r\n\r\n", 4);
	if (end == NULL)
		return false;
	r->data = c->in.data;
	r->head_len = (size_t)(end + 4 - r->data);
	have = c->in.len - r->head_len;
	if ((value = field(r, "content-length")) != NULL)
		body = strtoul(value, NULL, 10);
	else if (field(r, "transfer-encoding") != NULL &&
	    (body = chunked_len(end + 4, have)) == 0)
		return false;
	if (have < body)
		return false;
	r->len = r->head_len + body;
	r->is_head = strncmp(r->data, "HEAD ", 5) == 0;
	r->path = memchr(r->data, ' ', r->head_len);
	r->path = r->path == NULL ? "" : r->path + 1;
	if (strncmp(r->path, "/v1/", 4) == 0)
		r->path += 3;
	r->path_len = strcspn(r->path, " ?\r");
	return true;
}

/* Whether the path is name, or goes on after it; *n is what then follows. */
static bool
path_is(const struct request *r, const char *name, size_t *n)
{
	size_t len = strlen(name);

	if (r->path_len < len || strncmp(r->path, name, len) != 0)
		return false;
	if (n != NULL)
		*n = strtoul(r->path + len, NULL, 10);
	return n != NULL || r->path_len == len;
}

static void
head(struct conn *c, unsigned status, const char *reason)
{
	appendf(&c->out, "HTTP/1.1 %u %s\r\ncontent-type: text/plain\r\n%s",
	    status, reason, c->closing ? "connection: close\r\n" : "");
}

static void
answer(struct conn *c, const struct request *r, const char *body, size_t len)
{
	head(c, 200, "OK");
	appendf(&c->out, "content-length: %zu\r\n\r\n", len);
	if (!r->is_head)
		append(&c->out, body, len);
}

static void
answer_status(struct conn *c, const struct request *r, unsigned status)
{
	/* RFC 9110 section 6.4.1: these end with the head. */
	bool bodiless = status == 204 || status == 304;
	char body[32];

	snprintf(body, sizeof(body), "status %u\n", status);
	head(c, status, status == 404 ? "Not Found" : "As You Wish");
	if (!bodiless)
		appendf(&c->out, "content-length: %zu\r\n", strlen(body));
	append(&c->out, "\r\n", 2);
	if (!bodiless && !r->is_head)
		append(&c->out, body, strlen(body));
}

static void
answer_chunked(struct conn *c, const struct request *r, size_t n)
{
	head(c, 200, "OK");
	appendf(&c->out, "transfer-encoding: chunked\r\n\r\n");
	if (r->is_head)
		return;
	for (size_t size; n > 0; n -= size) {
		size = n < CHUNK ? n : CHUNK;
		appendf(&c->out, "%zx\r\n", size);
		append(&c->out, block, size);
		append(&c->out, "\r\n", 2);
	}
	append(&c->out, "0\r\n\r\n", 5);
}

/* N redirects, each to the next. */
static void
answer_redirect(struct conn *c, const struct request *r, size_t n)
{
	if (n == 0) {
		answer(c, r, hello, sizeof(hello) - 1);
		return;
	}
	head(c, 302, "Found");
	appendf(&c->out, "location: /redirect/%zu\r\ncontent-length: 0\r\n\r\n",
	    n - 1);
}

static void
answer_events(struct conn *c)
{
	static const char events[] = ": a comment\n\n"
	    "data: one\n\n"
	    "event: price\nid: 7\ndata: two\ndata: lines\n\n";

	appendf(&c->out, "HTTP/1.1 200 OK\r\n"
	    "content-type: text/event-stream\r\ncontent-length: %zu\r\n\r\n%s",
	    sizeof(events) - 1, events);
}

static void
answer_crowd(struct conn *c, const struct request *r)
{
	char body[64];
	int n = snprintf(body, sizeof(body), "{\"most\": %u, \"ms\": %lld}\n",
	    crowd.most, (long long)(crowd.last_out - crowd.first_in));

	answer(c, r, body, (size_t)n);
	crowd.most = crowd.now;
	crowd.first_in = 0;
}

static void
answer_cookie(struct conn *c, const struct request *r)
{
	head(c, 200, "OK");
	appendf(&c->out, "set-cookie: id=42; Path=/; Secure; HttpOnly\r\n"
	    "content-length: %zu\r\n\r\n", sizeof(hello) - 1);
	if (!r->is_head)
		append(&c->out, hello, sizeof(hello) - 1);
}

static void
respond(struct conn *c, const struct request *r)
{
	static const char json[] = "{\"name\": \"lurl\", "
	    "\"big\": 9007199254740993, \"list\": [1, 2.5, null]}\n";
	const char *connection = field(r, "connection");
	size_t n;

	c->requests++;
	if (path_is(r, "/close", NULL) ||
	    (connection != NULL && strncasecmp(connection, "close", 5) == 0))
		c->closing = true;
	if (path_is(r, "/", NULL) || path_is(r, "/close", NULL))
		answer(c, r, hello, sizeof(hello) - 1);
	else if (path_is(r, "/json", NULL))
		answer(c, r, json, sizeof(json) - 1);
	else if (path_is(r, "/echo", NULL))
		answer(c, r, r->data, r->len);
	else if (path_is(r, "/crowd", NULL))
		answer_crowd(c, r);
	else if (path_is(r, "/wait/", &n)) {
		crowd_enter(c, (int64_t)n);
		answer(c, r, hello, sizeof(hello) - 1);
	} else if (path_is(r, "/cookie", NULL))
		answer_cookie(c, r);
	else if (path_is(r, "/events", NULL))
		answer_events(c);
	else if (path_is(r, "/redirect/", &n))
		answer_redirect(c, r, n);
	else if (path_is(r, "/status/", &n) && n >= 200 && n <= 599)
		answer_status(c, r, (unsigned)n);
	else if (path_is(r, "/bytes/", &n)) {
		head(c, 200, "OK");
		appendf(&c->out, "content-length: %zu\r\n\r\n", n);
		c->fill = r->is_head ? 0 : n;
	} else if (path_is(r, "/chunked/", &n) && n <= CHUNKED_MAX)
		answer_chunked(c, r, n);
	else
		answer_status(c, r, 404);
}

static void
conn_end(struct conn *c)
{
	const char *sni = tls_conn_servername(c->tls);

	crowd_leave(c);
	printf("conn %u sni=%s handshake=%s requests=%u bytes=%zu\n", c->id,
	    sni == NULL ? "-" : sni, c->shaken ? "ok" : "failed", c->requests,
	    c->received);
	tls_close(c->tls);
	tls_free(c->tls);
	close(c->fd);
	free(c->in.data);
	free(c->out.data);
	*c = conns[--nconns];
}

/* Answers the next request if it is there; after its answer is written. */
static bool
take_request(struct conn *c)
{
	struct request r = { 0 };

	if (!request_parse(c, &r))
		return false;
	c->out.len = c->out_at = 0;
	respond(c, &r);
	c->in.len -= r.len;
	memmove(c->in.data, c->in.data + r.len, c->in.len);
	return true;
}

/* Writes the next piece; as tls_write. */
static ssize_t
conn_write(struct conn *c)
{
	size_t left = c->out.len - c->out_at;
	size_t size = c->fill < BLOCK ? c->fill : BLOCK;
	ssize_t n;

	if (left > 0) {
		n = tls_write(c->tls, c->out.data + c->out_at, left);
		c->out_at += n > 0 ? (size_t)n : 0;
	} else {
		n = tls_write(c->tls, block, size);
		c->fill -= n > 0 ? (size_t)n : 0;
	}
	return n;
}

/* Reads what is there into c->in; as tls_read. */
static ssize_t
conn_read(struct conn *c)
{
	char buf[BLOCK];
	ssize_t n = tls_read(c->tls, buf, sizeof(buf));

	if (n > 0) {
		c->received += (size_t)n;
		append(&c->in, buf, (size_t)n);
	}
	return c->in.len > REQUEST_MAX ? 0 : n;
}

/* Goes as far as it can.  False: the connection has ended. */
static bool
conn_step(struct conn *c)
{
	for (;;) {
		ssize_t n;

		if (c->due <= now_ms())
			crowd_leave(c);
		if (!c->shaken) {
			n = tls_handshake(c->tls);
			c->shaken = n == 0;
			n = n == 0 ? 1 : n;
		} else if (c->due > now_ms()) {
			c->events = 0;
			return true;
		} else if (c->out_at < c->out.len || c->fill > 0)
			n = conn_write(c);
		else if (c->closing)
			return false;
		else if (take_request(c))
			continue;
		else
			n = conn_read(c);
		if (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT) {
			c->events = n == TLS_WANT_POLLIN ? POLLIN : POLLOUT;
			return true;
		}
		if (n <= 0)
			return false;
	}
}

static void
conn_accept(struct tls *server, int listener)
{
	static unsigned id;
	struct conn *c = &conns[nconns];
	int on = 1, fd;

	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd == -1)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	*c = (struct conn){ .fd = fd, .id = ++id, .events = POLLIN };
	if (tls_accept_socket(server, &c->tls, fd) == -1)
		die("tls_accept_socket", tls_error(server));
	nconns++;
}

static int
listen_on(int family, uint16_t port)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
	    .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in v4 = { .sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	bool is_v6 = family == AF_INET6;
	struct sockaddr *sa = is_v6 ? (void *)&v6 : (void *)&v4;
	socklen_t len = is_v6 ? sizeof(v6) : sizeof(v4);
	int fd, on = 1;

	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		die("socket", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, sa, len) == -1 || listen(fd, 64) == -1 ||
	    getsockname(fd, sa, &len) == -1)
		die("listen", strerror(errno));
	printf("ready %u %ld\n", ntohs(is_v6 ? v6.sin6_port : v4.sin_port),
	    (long)getpid());
	return fd;
}

static struct tls *
make_server(char *files[], const char *ca, const char *staple)
{
	struct tls_config *cfg = tls_config_new();
	struct tls *server = tls_server();

	if (cfg == NULL || server == NULL)
		die("tls", "out of memory");
	if (tls_config_set_keypair_file(cfg, files[0], files[1]) == -1)
		die(files[0], tls_config_error(cfg));
	if (ca != NULL && tls_config_set_ca_file(cfg, ca) == -1)
		die(ca, tls_config_error(cfg));
	if (ca != NULL)
		tls_config_verify_client(cfg);
	if (staple != NULL && tls_config_set_ocsp_staple_file(cfg, staple) ==
	    -1)
		die(staple, tls_config_error(cfg));
	for (files += 2; files[0] != NULL; files += 2)
		if (tls_config_add_keypair_file(cfg, files[0], files[1]) == -1)
			die(files[0], tls_config_error(cfg));
	if (tls_configure(server, cfg) == -1)
		die("tls_configure", tls_error(server));
	tls_config_free(cfg);
	return server;
}

static void
on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

/* Until the next is due, or NULL where none is. */
static const struct timespec *
patience(struct timespec *ts)
{
	int64_t due = INT64_MAX, in;

	for (size_t i = 0; i < nconns; i++)
		if (conns[i].due != 0 && conns[i].due < due)
			due = conns[i].due;
	if (due == INT64_MAX)
		return NULL;
	in = due > now_ms() ? due - now_ms() : 0;
	*ts = (struct timespec){ in / 1000, in % 1000 * 1000000 };
	return ts;
}

/* False: the connection has ended. */
static bool
conn_look(struct conn *c, short revents)
{
	if (c->due != 0 && (revents & (POLLHUP | POLLERR)) != 0)
		return false;
	if (revents == 0 && (c->due == 0 || c->due > now_ms()))
		return true;
	return conn_step(c);
}

/* The signals are let in only while it waits, so that none is missed. */
static void
serve(struct tls *server, int listener, const sigset_t *while_waiting)
{
	struct pollfd fds[CONNS_MAX + 1];
	struct timespec ts;

	while (!stopped) {
		fds[CONNS_MAX] = (struct pollfd){ listener,
		    nconns < CONNS_MAX ? POLLIN : 0, 0 };
		for (size_t i = 0; i < nconns; i++)
			fds[CONNS_MAX - 1 - i] = (struct pollfd){
			    conns[i].fd, conns[i].events, 0 };
		if (ppoll(fds + CONNS_MAX - nconns, (nfds_t)nconns + 1,
		    patience(&ts), while_waiting) == -1)
			continue;
		/* From the last, since the end of one moves the last there. */
		for (size_t i = nconns; i-- > 0; )
			if (!conn_look(&conns[i],
			    fds[CONNS_MAX - 1 - i].revents))
				conn_end(&conns[i]);
		if (fds[CONNS_MAX].revents != 0)
			conn_accept(server, listener);
	}
	while (nconns > 0)
		conn_end(&conns[0]);
}

int
main(int argc, char *argv[])
{
	struct sigaction act = { .sa_handler = on_signal };
	sigset_t stop, before;
	struct tls *server;
	const char *ca = NULL, *staple = NULL;
	int opt, family = AF_INET, listener;
	long port = 0;

	while ((opt = getopt(argc, argv, "6C:p:s:")) != -1)
		if (opt == '6')
			family = AF_INET6;
		else if (opt == 'C')
			ca = optarg;
		else if (opt == 's')
			staple = optarg;
		else if (opt == 'p')
			port = strtol(optarg, NULL, 10);
		else
			return 2;
	if (argc - optind < 2 || (argc - optind) % 2 != 0 || port < 0 ||
	    port > UINT16_MAX)
		die("usage", "httpsd [-6] [-C CA] [-p PORT] [-s STAPLE] "
		    "CHAIN KEY [CHAIN KEY ...]");
	setvbuf(stdout, NULL, _IOLBF, 0);
	memset(block, 'x', sizeof(block));
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, &before);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	server = make_server(argv + optind, ca, staple);
	listener = listen_on(family, (uint16_t)port);
	serve(server, listener, &before);
	tls_free(server);
	return 0;
}
