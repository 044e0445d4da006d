/*
 * Sockets of the loopback interface that answer, refuse or are silent, for
 * the tests of net.
 */
#ifndef LURL_LOOPBACK_H
#define LURL_LOOPBACK_H
#include <netinet/in.h>
#include <sys/socket.h>

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "net/resolve.h"

/* Where fd is bound, or with peer, what it is connected to. */
static inline struct address
address_of(int fd, bool peer)
{
	struct address a = { .len = sizeof(a.sa) };
	struct sockaddr *sa = (struct sockaddr *)&a.sa;

	assert_int_equal(peer ? getpeername(fd, sa, &a.len) :
	    getsockname(fd, sa, &a.len), 0);
	return a;
}

/* A socket bound to a free port; -1 where there is no IPv6. */
static inline int
bound(int family)
{
	struct address a;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(address_parse(&a, family == AF_INET6 ? "::1" :
	    "127.0.0.1", 0), 0);
	if (fd != -1 && bind(fd, (struct sockaddr *)&a.sa, a.len) == -1) {
		assert_int_equal(family, AF_INET6);
		close(fd);
		return -1;
	}
	assert_true(fd != -1 || family == AF_INET6);
	return fd;
}

static inline int
listening(int family)
{
	int fd = bound(family);

	if (fd != -1)
		assert_int_equal(listen(fd, 16), 0);
	return fd;
}

/*
 * Listens, but its queue is full, so that the kernel answers nobody: *filler
 * is what fills it.
 */
static inline int
silent(int *filler)
{
	int fd = bound(AF_INET);
	struct address a = address_of(fd, false);

	assert_int_equal(listen(fd, 0), 0);
	*filler = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(*filler, (struct sockaddr *)&a.sa, a.len), 0);
	return fd;
}

static inline int
port_of(const struct address *a)
{
	/* At the same place in both families. */
	return ntohs(((const struct sockaddr_in *)&a->sa)->sin_port);
}

/* How many descriptors are open. */
static inline int
open_descriptors(void)
{
	DIR *d = opendir("/dev/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}
#endif
