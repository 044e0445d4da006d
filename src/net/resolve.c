#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lookup.h"
#include "resolve.h"

struct resolve {
	struct asker	 asker;
	struct lookup	*lookup;	/* NULL: a literal */
	struct addresses literal;
	char		*host;
};

int
address_parse(struct address *a, const char *host, uint16_t port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a->sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a->sa;

	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		a->len = sizeof(*v4);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		a->len = sizeof(*v6);
		return 0;
	}
	return -1;
}

int
address_unix(struct address *a, const char *path)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&a->sa;

	memset(a, 0, sizeof(*a));
	if (strlen(path) > ADDRESS_UNIX_MAX)
		return -1;
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, strlen(path) + 1);
	a->len = sizeof(*un);
	return 0;
}

struct resolve *
resolve_new(struct loop *loop, struct wake *wake, const char *host,
    uint16_t port, struct error *err)
{
	struct resolve *r = calloc(1, sizeof(*r));
	char text[6];

	if (r == NULL || (r->host = strdup(host)) == NULL) {
		free(r);
		error_nomem(err);
		return NULL;
	}
	if (address_parse(&r->literal.list[0], host, port) == 0) {
		r->literal.count = 1;
		return r;
	}
	r->asker.loop = loop;
	r->asker.wake = wake;
	snprintf(text, sizeof(text), "%u", (unsigned int)port);
	if ((r->lookup = lookup_join(host, text, &r->asker, err)) == NULL) {
		resolve_free(r);
		return NULL;
	}
	return r;
}

void
resolve_free(struct resolve *r)
{
	if (r == NULL)
		return;
	if (r->lookup != NULL)
		lookup_leave(r->lookup, &r->asker);
	free(r->host);
	free(r);
}

static enum want
failed(const struct resolve *r, const struct lookup_answer *answer,
    struct error *err)
{
	const char *code = "other";

	if (answer->status == EAI_SYSTEM) {
		errno = answer->saved_errno;
		error_set(err, ERR_RESOLVE, code, "looking up %s", r->host);
		return WANT_FAILED;
	}
	if (answer->status == EAI_AGAIN)
		code = "temporary";
	else if (answer->status == EAI_NONAME || answer->status == EAI_NODATA)
		code = "not-found";
	error_setx(err, ERR_RESOLVE, code, "looking up %s: %s", r->host,
	    gai_strerror(answer->status));
	return WANT_FAILED;
}

/* The next one at or after *ai of that family (or of another), or NULL. */
static const struct addrinfo *
next_of(const struct addrinfo *ai, int family, bool same)
{
	while (ai != NULL && (ai->ai_family == family) != same)
		ai = ai->ai_next;
	return ai;
}

static void
take(struct addresses *out, const struct addrinfo *ai)
{
	struct address *a = &out->list[out->count];

	if (ai->ai_addrlen > sizeof(a->sa))
		return;
	memcpy(&a->sa, ai->ai_addr, ai->ai_addrlen);
	a->len = ai->ai_addrlen;
	out->count++;
}

static void
interleave(struct addresses *out, const struct addrinfo *found)
{
	int first = found->ai_family;
	const struct addrinfo *same = found;
	const struct addrinfo *other = next_of(found, first, false);

	out->count = 0;
	while ((same != NULL || other != NULL) && out->count < RESOLVE_MAX) {
		if (same != NULL) {
			take(out, same);
			same = next_of(same->ai_next, first, true);
		}
		if (other != NULL && out->count < RESOLVE_MAX) {
			take(out, other);
			other = next_of(other->ai_next, first, false);
		}
	}
}

enum want
resolve_step(struct resolve *r, struct addresses *out, struct error *err)
{
	const struct lookup_answer *answer;

	if (r->lookup == NULL) {
		*out = r->literal;
		return WANT_NOTHING;
	}
	if (!lookup_is_done(r->lookup))
		return WANT_WAKE;
	answer = lookup_answer(r->lookup);
	if (answer->status != 0 || answer->found == NULL)
		return failed(r, answer, err);
	interleave(out, answer->found);
	return WANT_NOTHING;
}
