/*
 * What the files of this tool share.
 */
#ifndef PKI_H
#define PKI_H
#include <sys/types.h>

#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))

/* Days from now.  The far ones keep old build directories usable. */
#define LONG_AGO	(-20)
#define YESTERDAY	(-10)
#define TOMORROW	3650
#define FAR		7300

struct made {
	X509		*cert;
	EVP_PKEY	*key;
};

/* A tool for the tests: whatever goes wrong is the end. */
_Noreturn void	 die(const char *what, const char *which);

/* What was made of the row of that name. */
const struct made *made_of(const char *name);

/* snprintf that dies where there is too little room; buf. */
const char	*format(char *buf, size_t len, const char *fmt, ...)
		    __attribute__((format(printf, 3, 4)));

/* A new file DIR/NAME SUFFIX, and its end. */
FILE		*create(const char *name, const char *suffix, mode_t mode);
void		 done(FILE *fp);

/* revocation.c: all lists and answers. */
void		 put_revocation(void);
#endif
