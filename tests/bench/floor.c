/*
 * The floor of the benchmark: the shortest honest program on libtls.  One
 * verified connection, N GETs over it one after the other, each answer read to
 * its end as content-length says; or one GET whose body goes to a file.
 * Whatever is not 200 is a failure.
 *
 *   floor [-c] HOST PORT PATH CA N [FILE]
 *
 * CA is a PEM file, or a directory of hashed ones; with -c each GET has a
 * connection of its own.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tls.h>
#include <unistd.h>

#define ANSWER_MAX	(64 * 1024)	/* bytes, head and body */

static int
dial(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *ai;
	int fd, rv, one = 1;

	if ((rv = getaddrinfo(host, port, &hints, &ai)) != 0)
		errx(1, "%s: %s", host, gai_strerror(rv));
	if ((fd = socket(ai->ai_family, SOCK_STREAM, 0)) == -1 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == -1 ||
	    connect(fd, ai->ai_addr, ai->ai_addrlen) == -1)
		err(1, "%s:%s", host, port);
	freeaddrinfo(ai);
	return fd;
}

static struct tls_config *
configure(const char *ca)
{
	struct tls_config *config = tls_config_new();
	struct stat st;

	if (config == NULL)
		errx(1, "tls_config_new");
	if (stat(ca, &st) == -1)
		err(1, "%s", ca);
	if ((S_ISDIR(st.st_mode) ? tls_config_set_ca_path(config, ca) :
	    tls_config_set_ca_file(config, ca)) == -1)
		errx(1, "%s", tls_config_error(config));
	return config;
}

static void
put(struct tls *tls, const char *s, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = tls_write(tls, s, len);
		if (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT)
			continue;
		if (n <= 0)
			errx(1, "write: %s", tls_error(tls));
		s += n;
		len -= (size_t)n;
	}
}

/* Appends what there is to the len bytes at buf; returns the new length. */
static size_t
more(struct tls *tls, char *buf, size_t len)
{
	ssize_t n;

	do
		n = tls_read(tls, buf + len, ANSWER_MAX - len);
	while (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT);
	if (n <= 0)
		errx(1, "read: %s", n == 0 ? "too early an end" :
		    tls_error(tls));
	buf[len + (size_t)n] = '\0';
	return len + (size_t)n;
}

/* Reads at least a head -> where the body begins; *length is what it says. */
static const char *
head(struct tls *tls, char *buf, size_t *len, size_t *length)
{
	const char *body, *field;

	*len = more(tls, buf, 0);
	while ((body = strstr(buf, "\r\n\r\n")) == NULL)
		*len = more(tls, buf, *len);
	if (strncmp(buf, "HTTP/1.1 200 ", 13) != 0 ||
	    (field = strcasestr(buf, "\r\ncontent-length:")) == NULL)
		errx(1, "no answer to count: %.*s", (int)strcspn(buf, "\r"),
		    buf);
	*length = strtoul(field + 17, NULL, 10);
	return body + 4;
}

static void
answer(struct tls *tls)
{
	static char buf[ANSWER_MAX + 1];
	size_t len, length;
	const char *body = head(tls, buf, &len, &length);

	while (len < (size_t)(body - buf) + length)
		len = more(tls, buf, len);
}

static void
save(struct tls *tls, const char *file)
{
	static char buf[ANSWER_MAX + 1];
	size_t len, left;
	const char *piece = head(tls, buf, &len, &left);
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (fd == -1)
		err(1, "%s", file);
	len -= (size_t)(piece - buf);
	while (write(fd, piece, len) == (ssize_t)len && (left -= len) > 0) {
		len = more(tls, buf, 0);
		piece = buf;
	}
	if (left > 0 || close(fd) == -1)
		err(1, "%s", file);
}

static struct tls *
shake_hands(int fd, const char *host, struct tls_config *config)
{
	struct tls *tls = tls_client();

	if (tls == NULL)
		errx(1, "tls_client");
	if (tls_configure(tls, config) == -1 ||
	    tls_connect_socket(tls, fd, host) == -1 ||
	    tls_handshake(tls) == -1)
		errx(1, "%s", tls_error(tls));
	return tls;
}

static void
hang_up(struct tls *tls, int fd)
{
	tls_close(tls);
	tls_free(tls);
	close(fd);
}

int
main(int argc, char *argv[])
{
	bool each = argc > 1 && strcmp(argv[1], "-c") == 0;
	struct tls_config *config;
	struct tls *tls;
	char request[4096];
	int fd, n, len;

	argc -= each;
	argv += each;
	if (argc != 6 && argc != 7)
		errx(2, "usage: floor [-c] HOST PORT PATH CA N [FILE]");
	len = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n"
	    "host: %s:%s\r\nuser-agent: floor\r\naccept: */*\r\n\r\n",
	    argv[3], argv[1], argv[2]);
	if (len < 0 || (size_t)len >= sizeof(request))
		errx(2, "too long: %s", argv[3]);
	config = configure(argv[4]);
	fd = dial(argv[1], argv[2]);
	tls = shake_hands(fd, argv[1], config);
	for (n = atoi(argv[5]); n > 0; n--) {
		put(tls, request, (size_t)len);
		if (argc == 7)
			save(tls, argv[6]);
		else
			answer(tls);
		if (each && n > 1) {
			hang_up(tls, fd);
			fd = dial(argv[1], argv[2]);
			tls = shake_hands(fd, argv[1], config);
		}
	}
	hang_up(tls, fd);
	tls_config_free(config);
	return 0;
}
