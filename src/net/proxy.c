#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy.h"

#define SAID_MAX	400	/* bytes that are kept of what was said */

static int
copy(const char **to, const char *from)
{
	*to = from == NULL ? NULL : strdup(from);
	return *to == NULL && from != NULL ? -1 : 0;
}

struct proxy *
proxy_new(const struct proxy *spec)
{
	struct proxy *p = calloc(1, sizeof(*p));
	int rv = 0;

	if (p == NULL)
		return NULL;
	*p = *spec;
	p->refs = 1;
	p->trust = spec->trust == NULL ? NULL : trust_ref(spec->trust);
	rv |= copy(&p->host, spec->host);
	rv |= copy(&p->address, spec->address);
	rv |= copy(&p->user, spec->user);
	rv |= copy(&p->password, spec->password);
	if (rv == 0)
		return p;
	proxy_unref(p);
	return NULL;
}

struct proxy *
proxy_ref(struct proxy *p)
{
	p->refs++;
	return p;
}

void
proxy_unref(struct proxy *p)
{
	if (p == NULL || --p->refs > 0)
		return;
	trust_unref(p->trust);
	free((char *)p->host);
	free((char *)p->address);
	free((char *)p->user);
	free((char *)p->password);
	free(p);
}

void
proxy_blame(const struct proxy *p, struct error *err)
{
	bool is_v6 = strchr(p->host, ':') != NULL;
	char said[SAID_MAX + 1];

	snprintf(said, sizeof(said), "%.*s", SAID_MAX, err->message);
	snprintf(err->message, sizeof(err->message), "proxy %s%.80s%s:%u: %s",
	    is_v6 ? "[" : "", p->host, is_v6 ? "]" : "",
	    (unsigned int)p->port, said);
}
