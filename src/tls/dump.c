#include <sys/resource.h>

#include <pthread.h>

#include "tls/dump.h"

/*
 * 0 would still let Linux pipe a dump to a program, 1 does not, and no dump is
 * that small (core(5)).
 */
#define NO_DUMP	1

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int forbidden;
static rlim_t before;

static void
set(rlim_t from, rlim_t to)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) == -1 || limit.rlim_cur != from)
		return;
	limit.rlim_cur = to < limit.rlim_max ? to : limit.rlim_max;
	(void)setrlimit(RLIMIT_CORE, &limit);
}

void
dump_forbid(void)
{
	struct rlimit limit;

	pthread_mutex_lock(&lock);
	if (forbidden++ == 0 && getrlimit(RLIMIT_CORE, &limit) == 0) {
		before = limit.rlim_cur;
		set(before, NO_DUMP);
	}
	pthread_mutex_unlock(&lock);
}

void
dump_allow(void)
{
	pthread_mutex_lock(&lock);
	if (--forbidden == 0)
		set(NO_DUMP, before);
	pthread_mutex_unlock(&lock);
}
