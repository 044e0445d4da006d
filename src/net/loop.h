/*
 * The loop: libuv's readiness and timers, as wake-ups for steps.  A wake is
 * what a step leaves behind when it must wait; whatever the step waits for
 * (a descriptor, a time, another thread) marks the wake ready, and its owner
 * steps again and looks for itself.  A wake that was marked for nothing costs
 * one step.  Nothing here calls up.
 */
#ifndef LURL_LOOP_H
#define LURL_LOOP_H
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define LOOP_READ	1	/* what to watch a descriptor for: a set */
#define LOOP_WRITE	2

struct loop;
struct wake;
struct watch;

/*
 * A loop, which asks the system for nothing until a wake is taken from it.
 * Ownership: one reference.  The last loop_unref, when every wake and watch
 * has been given back, frees it.  NULL: out of memory.
 */
struct loop	*loop_new(void);
struct loop	*loop_ref(struct loop *l);
void		 loop_unref(struct loop *l);	/* accepts NULL */

/*
 * Monotonic time: milliseconds for deadlines, seconds for telling people;
 * loop_ms makes of these the former.
 */
int64_t	loop_now_ms(void);
double	loop_now(void);
int64_t	loop_ms(double seconds);

/* When a limit is over that began then; INT64_MAX: there is none, or never. */
int64_t	loop_after(int64_t since_ms, int64_t limit_ms);

/*
 * For who runs many tasks on one loop: the owners of the wakes that are ready
 * stand in line, in the order in which they became so.
 * wake_own gives a wake an owner, who must not be NULL; one that is ready
 * already joins the line at once.  loop_next takes the first out of the line,
 * and mark and owner off his wake; NULL: nobody stands there.  An owner stands
 * there also when his wake has been freed meanwhile.
 * loop_turn looks what has become ready; with block it waits for something to
 * do so.  Returns false where nothing ever would.
 */
void	 wake_own(struct wake *w, void *owner);
void	 wake_disown(struct wake *w);
bool	 wake_has_owner(const struct wake *w);
bool	 wake_is_ready(const struct wake *w);
void	*loop_next(struct loop *l);
bool	 loop_turn(struct loop *l, bool block);

/* Marks the wake ready; from the loop's own thread, see loop_post. */
void	wake_mark(struct wake *w);

/*
 * Waits until the wake is ready, and takes that mark away.
 * Blocks: until then; give the wake a time, or it may be forever.
 * Returns false when loop_interrupt was called, and forgets that call.
 */
bool	loop_wait(struct loop *l, struct wake *w);

/*
 * Ends the current or the next loop_wait, unless loop_take_interrupt comes
 * first: it says whether there was one, and forgets it.  The former is
 * async-signal-safe.
 */
void	loop_interrupt(struct loop *l);
bool	loop_take_interrupt(struct loop *l);

/* Whether there is one that nobody has taken yet. */
bool	loop_is_interrupted(const struct loop *l);

/* Marks the wake ready.  From any thread, while the loop lives. */
void	loop_post(struct loop *l, struct wake *w);

/* A wake; wake_free gives it back.  NULL and *err: io. */
struct wake	*wake_new(struct loop *l, struct error *err);
void		 wake_free(struct wake *w);	/* accepts NULL */

/*
 * While somebody waits without being its owner: one that is given back
 * meanwhile is marked, and becomes nobody else's before wake_release.
 */
void		 wake_hold(struct wake *w);
void		 wake_release(struct wake *w);

/* Ready at that time at the latest; INT64_MAX: whenever. */
void	wake_at(struct wake *w, int64_t at_ms);

/*
 * Watches fd, which stays the caller's: close it only after watch_free.
 * NULL and *err: io.
 */
struct watch	*watch_new(struct loop *l, int fd, struct error *err);
void		 watch_free(struct watch *w);	/* accepts NULL */

/* Marks wake ready whenever fd is ready for one of events (LOOP_...). */
void	watch_for(struct watch *w, int events, struct wake *wake);

/* No wake is marked any more; cheap to take up again with watch_for. */
void	watch_rest(struct watch *w);
#endif
