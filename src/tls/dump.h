/*
 * Core dumps, which would write a private key to the disk.
 */
#ifndef LURL_DUMP_H
#define LURL_DUMP_H

/*
 * Turn them off, and on again with the last dump_allow: in this process, and
 * in those it starts meanwhile.  The limit that was is restored, unless it has
 * been changed by somebody else.
 */
void	dump_forbid(void);
void	dump_allow(void);
#endif
