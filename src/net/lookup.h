/*
 * getaddrinfo(3) in threads: who asks for the same name while it is being
 * looked up shares the answer, and no more than LOOKUP_MAX are under way that
 * anybody waits for.  One that hangs is left behind by its last asker, and
 * keeps nobody's place.
 */
#ifndef LURL_LOOKUP_H
#define LURL_LOOKUP_H
#include <netdb.h>
#include <stdbool.h>

#include "base/error.h"
#include "loop.h"

#define LOOKUP_MAX	16

struct lookup;

/* Whom to tell: wake is marked when there is an answer. */
struct asker {
	struct loop	*loop;
	struct wake	*wake;
	struct asker	*next;
};

/*
 * Joins the look-up of that host and port, or begins one.  asker stays the
 * caller's, and stays where it is until lookup_leave.
 * NULL and *err: io.
 */
struct lookup	*lookup_join(const char *host, const char *port,
		    struct asker *asker, struct error *err);

/* The last one to leave takes the answer along. */
void		 lookup_leave(struct lookup *l, struct asker *asker);

/* Whether there is an answer; valid until lookup_leave. */
bool		 lookup_is_done(struct lookup *l);

/* What getaddrinfo returned, what errno was then, and what it found. */
struct lookup_answer {
	int		 status;
	int		 saved_errno;	/* with EAI_SYSTEM */
	struct addrinfo	*found;		/* NULL with a status */
};

const struct lookup_answer *lookup_answer(const struct lookup *l);
#endif
