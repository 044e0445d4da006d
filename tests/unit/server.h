/*
 * A server for the tests that count allocations: a process of its own, so that
 * its memory is not theirs, with a thread for each connection.
 */
#ifndef LURL_SERVER_H
#define LURL_SERVER_H
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <tls.h>
#include <unistd.h>

#define SERVER_REQUEST_MAX	8192	/* bytes, head and body */

struct server {
	pid_t		 pid;
	uint16_t	 port;
};

struct server_conn {
	int		 fd;
	struct tls	*tls;		/* NULL: plain */
};

static ssize_t
server_read(struct server_conn *c, char *p, size_t len)
{
	return c->tls == NULL ? read(c->fd, p, len) : tls_read(c->tls, p, len);
}

static bool
server_write(struct server_conn *c, const char *p, size_t len)
{
	ssize_t n;

	for (; len > 0; p += n, len -= (size_t)n) {
		n = c->tls == NULL ? send(c->fd, p, len, MSG_NOSIGNAL) :
		    tls_write(c->tls, p, len);
		if (n <= 0)
			return false;
	}
	return true;
}

/* Whether a whole request is there. */
static bool
server_is_whole(const char *in, size_t len)
{
	const char *end = strstr(in, "\r\n\r\n"), *said;

	if (end == NULL)
		return false;
	if (strstr(in, "transfer-encoding: chunked") != NULL)
		return strcmp(in + len - 5, "0\r\n\r\n") == 0;
	said = strstr(in, "content-length: ");
	return said == NULL || (size_t)(in + len - end - 4) >=
	    strtoul(said + strlen("content-length: "), NULL, 10);
}

static const struct server_page {
	const char	*path;
	const char	*needs;		/* a header, else it is not this page */
	const char	*bytes;
	size_t		 len;
} server_pages[] = {
#define PAGE(path, needs, bytes) { path, needs, bytes, sizeof(bytes) - 1 }
	PAGE("/redirect", NULL, "HTTP/1.1 302 Found\r\nlocation: /\r\n"
	    "set-cookie: a=1; path=/; max-age=1000\r\n"
	    "content-length: 0\r\n\r\n"),
	PAGE("/missing", NULL, "HTTP/1.1 404 Not Found\r\n"
	    "content-length: 7\r\n\r\nnothing"),
	PAGE("/unavailable", NULL, "HTTP/1.1 503 Unavailable\r\n"
	    "content-length: 0\r\n\r\n"),
	/* "hello\nhello\n", stored, by gzip. */
	PAGE("/stream", NULL, "HTTP/1.1 200 OK\r\n"
	    "transfer-encoding: chunked\r\ncontent-encoding: gzip\r\n\r\n"
	    "f\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03\x01\x0c\0\xf3\xff\r\n"
	    "6\r\nhello\n\r\n6\r\nhello\n\r\n"
	    "8\r\n\x77\x0c\xc7\x2f\x0c\0\0\0\r\n0\r\n\r\n"),
	PAGE("/events", NULL, "HTTP/1.1 200 OK\r\n"
	    "content-type: text/event-stream\r\ncontent-length: 39\r\n\r\n"
	    "id: 7\ndata: a\ndata: b\n\ndata: a\ndata:b\n\n"),
	PAGE("/digest", "\r\nauthorization: Digest ", "HTTP/1.1 200 OK\r\n"
	    "content-length: 0\r\n\r\n"),
	PAGE("/digest", NULL, "HTTP/1.1 401 Unauthorized\r\n"
	    "www-authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", "
	    "algorithm=SHA-256\r\ncontent-length: 0\r\n\r\n"),
	PAGE("/proxy", "\r\nproxy-authorization: Digest ",
	    "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
	PAGE("/proxy", NULL, "HTTP/1.1 407 Proxy Authentication Required\r\n"
	    "proxy-authenticate: Digest realm=\"r\", nonce=\"n\", "
	    "qop=\"auth\", algorithm=SHA-256\r\ncontent-length: 0\r\n\r\n"),
	PAGE("/", NULL, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
	    "link: </next>; rel=\"next\"\r\n"
	    "content-length: 14\r\n\r\n\"hello, world\""),
#undef PAGE
};

/* Whether the request line, "METHOD PATH..." asks for a path; or for a whole
 * URL, as of a proxy. */
static bool
server_is_for(const char *in, const char *path)
{
	static const char scheme[] = " http://";
	const char *at = strchr(in, ' ');

	if (at != NULL && strncmp(at, scheme, sizeof(scheme) - 1) == 0)
		at = strchr(at + sizeof(scheme) - 1, '/') - 1;
	return at != NULL && strncmp(at + 1, path, strlen(path)) == 0;
}

static bool
server_answer(struct server_conn *c, const char *in)
{
	const struct server_page *p = server_pages;

	while (!server_is_for(in, p->path) ||
	    (p->needs != NULL && strstr(in, p->needs) == NULL))
		p++;
	return server_write(c, p->bytes, p->len);
}

static int
server_connect(uint16_t port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd == -1 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1)
		_exit(1);
	return fd;
}

/* What there is, from the one to the other; false at the end. */
static bool
server_pass_on(struct server_conn *from, struct server_conn *to)
{
	char bytes[SERVER_REQUEST_MAX];
	ssize_t n;

	while ((n = server_read(from, bytes, sizeof(bytes))) > 0)
		if (!server_write(to, bytes, (size_t)n))
			return false;
	return from->tls != NULL ? n == TLS_WANT_POLLIN :
	    n == -1 && errno == EAGAIN;
}

/* "CONNECT host:port": a tunnel to that port, whatever the host. */
static void
server_relay(struct server_conn *c, const char *in)
{
	static const char granted[] = "HTTP/1.1 200 OK\r\n\r\n";
	struct server_conn to = { .tls = NULL };
	struct pollfd p[2] = { { .fd = c->fd, .events = POLLIN },
	    { .events = POLLIN } };

	to.fd = p[1].fd = server_connect((uint16_t)atoi(strchr(in, ':') + 1));
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	fcntl(to.fd, F_SETFL, O_NONBLOCK);
	if (server_write(c, granted, sizeof(granted) - 1))
		while (poll(p, 2, -1) > 0 && server_pass_on(c, &to) &&
		    server_pass_on(&to, c))
			;
	close(to.fd);
}

static void *
server_serve(void *arg)
{
	struct server_conn *c = arg;
	char in[SERVER_REQUEST_MAX + 1];
	size_t len = 0;
	ssize_t n;

	while ((n = server_read(c, in + len, SERVER_REQUEST_MAX - len)) > 0) {
		len += (size_t)n;
		in[len] = '\0';
		if (!server_is_whole(in, len))
			continue;
		len = 0;
		if (strncmp(in, "CONNECT ", 8) == 0) {
			server_relay(c, in);
			break;
		}
		if (!server_answer(c, in))
			break;
	}
	if (c->tls != NULL)
		tls_close(c->tls);
	tls_free(c->tls);
	close(c->fd);
	free(c);
	return NULL;
}

static void
server_run(int listener, struct tls *tls)
{
	struct server_conn *c;
	pthread_t thread;
	int one = 1;

	for (;;) {
		c = calloc(1, sizeof(*c));
		if (c == NULL || (c->fd = accept(listener, NULL, NULL)) == -1)
			_exit(1);
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (tls != NULL &&
		    tls_accept_socket(tls, &c->tls, c->fd) == -1)
			_exit(1);
		if (pthread_create(&thread, NULL, server_serve, c) != 0)
			_exit(1);
		pthread_detach(thread);
	}
}

static struct tls *
server_tls(const char *chain, const char *key)
{
	struct tls_config *config = tls_config_new();
	struct tls *tls = tls_server();

	if (tls_config_set_keypair_file(config, chain, key) == -1 ||
	    tls_configure(tls, config) == -1) {
		fprintf(stderr, "%s: %s\n", chain, tls_config_error(config));
		_exit(1);
	}
	tls_config_free(config);
	return tls;
}

/*
 * Starts one on a port of 127.0.0.1, under TLS if chain is not NULL; it ends
 * with its parent, and by server_stop.
 */
static void
server_start(struct server *s, const char *chain, const char *key)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd == -1 || bind(fd, (struct sockaddr *)&sa, len) == -1 ||
	    listen(fd, 64) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) == -1 ||
	    (s->pid = fork()) == -1) {
		perror("server");
		exit(1);
	}
	s->port = ntohs(sa.sin_port);
	if (s->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_IGN);	/* libtls's writes */
		server_run(fd, chain == NULL ? NULL : server_tls(chain, key));
	}
	close(fd);
}

static void
server_stop(struct server *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
}
#endif
