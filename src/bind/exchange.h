/*
 * An exchange as a userdata: made by l_request.c, used by l_exchange.c.
 */
#ifndef LURL_BIND_EXCHANGE_H
#define LURL_BIND_EXCHANGE_H
#include "base/buf.h"
#include "bind.h"
#include "net/exchange.h"

/* The userdata; its user values are what the exchange borrows from. */
struct exchange_box {
	struct exchange	*exchange;	/* in room; NULL: none, or closed */
	struct headers	 first;		/* lines that go before the script's */
	struct buf	 head;		/* to send */
	struct buf	 body;		/* got so far */
	unsigned int	 pieces;	/* got in a row, see next_piece */
	bool		 collected;	/* garbage, to make room in the pool */
	void		*room[];	/* exchange_size() bytes */
};

#define ANCHORS		3	/* user values: */
#define ROUTE		1
#define BODY		2
#define AUTHORIZATION	3	/* for a proxy */

extern const struct type exchange_type;
#endif
