/*
 * The answer of a step: it went as far as it can and waits for this.
 */
#ifndef LURL_WANT_H
#define LURL_WANT_H

enum want {
	WANT_NOTHING,	/* done */
	WANT_READ,	/* until the socket is readable */
	WANT_WRITE,	/* until the socket is writable */
	WANT_WAKE,	/* until something else wakes it: a timer, a resolver */
	WANT_FAILED	/* the struct error is filled */
};
#endif
