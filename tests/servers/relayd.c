/*
 * A man in the middle who cannot forge anything but may still write alerts,
 * since before the end of a TLS 1.2 handshake they are not protected.
 *
 *   relayd PORT
 *
 * Listens on a port of 127.0.0.1 and prints "ready PORT PID".  Takes one
 * connection and passes it on to 127.0.0.1:PORT until the client has seen the
 * server's certificate and answers (RFC 5246 section 7.3).  That answer it
 * keeps; instead of the server's Finished the client gets close_notify, which
 * libtls takes for the end of the handshake although it has not compared the
 * names.  When the client has gone it prints "kept N", the records of
 * application data that still came.
 */
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define BLOCK			65536
#define APPLICATION_DATA	23	/* RFC 8446 section 5.1 */

static const unsigned char close_notify[] = { 0x15, 3, 3, 0, 2, 1, 0 };

static struct sockaddr_in
loopback(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/* The one connection that comes. */
static int
take(void)
{
	struct sockaddr_in sa = loopback(0);
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM, 0), client;

	if (fd == -1 || bind(fd, (void *)&sa, len) == -1 ||
	    listen(fd, 1) == -1 || getsockname(fd, (void *)&sa, &len) == -1)
		err(1, "listen");
	printf("ready %u %ld\n", ntohs(sa.sin_port), (long)getpid());
	client = accept(fd, NULL, NULL);
	if (client == -1)
		err(1, "accept");
	close(fd);
	return client;
}

static int
dial(uint16_t port)
{
	struct sockaddr_in sa = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd == -1 || connect(fd, (void *)&sa, sizeof(sa)) == -1)
		err(1, "connect");
	return fd;
}

/* Passes on what is there; false at the end. */
static bool
pass(int from, int to)
{
	static unsigned char buf[BLOCK];
	ssize_t n = read(from, buf, sizeof(buf));

	return n > 0 && write(to, buf, (size_t)n) == n;
}

/* Until the client speaks a second time, after the server has spoken. */
static void
relay(int client, int server)
{
	struct pollfd fds[] = { { client, POLLIN, 0 }, { server, POLLIN, 0 } };
	bool answered = false;

	while (poll(fds, 2, -1) != -1) {
		if (fds[0].revents != 0 &&
		    (answered || !pass(client, server)))
			return;
		if (fds[1].revents != 0 && !pass(server, client))
			return;
		answered = answered || fds[1].revents != 0;
	}
}

/* Counts the records of application data that still come. */
static unsigned
count_records(FILE *fp)
{
	unsigned char head[5];
	unsigned n = 0;

	while (fread(head, sizeof(head), 1, fp) == 1) {
		n += head[0] == APPLICATION_DATA;
		for (int left = head[3] << 8 | head[4]; left > 0; left--)
			if (getc(fp) == EOF)
				return n;
	}
	return n;
}

int
main(int argc, char *argv[])
{
	long port = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
	int client, server;

	if (port < 1 || port > UINT16_MAX)
		errx(2, "usage: relayd PORT");
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	client = take();
	server = dial((uint16_t)port);
	relay(client, server);
	if (write(client, close_notify, sizeof(close_notify)) == -1)
		err(1, "write");
	printf("kept %u\n", count_records(fdopen(client, "r")));
	return 0;
}
