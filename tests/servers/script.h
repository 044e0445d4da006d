/*
 * The scripts of rawd as they stand on its command line.
 */
#ifndef LURL_SCRIPT_H
#define LURL_SCRIPT_H
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct conn;

struct command {
	const struct step	*step;
	long			 number;
	char			*data;
	size_t			 len;
};

struct step {
	const char	*name;
	const char	*args;	/* n number, b bytes, p path */
	bool		 early;	/* does not bring the handshake */
	bool		 (*play)(struct conn *, const struct command *);
};

struct script {
	struct command	*commands;
	size_t		 count;
};

static void *
need(void *p)
{
	if (p == NULL)
		err(1, NULL);
	return p;
}

static int
hex_value(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)((at - digits) % 16);
}

/* The byte after a backslash; moves *s past it. */
static char
escaped(const char **s)
{
	static const char letters[] = "rnt\\0", bytes[] = "\r\n\t\\\0";
	const char *at;

	if (**s == 'x' && hex_value((*s)[1]) != -1 &&
	    hex_value((*s)[2]) != -1) {
		*s += 3;
		return (char)(hex_value((*s)[-2]) * 16 + hex_value((*s)[-1]));
	}
	at = **s == '\0' ? NULL : strchr(letters, **s);
	if (at == NULL)
		errx(2, "bad escape: \\%s", *s);
	++*s;
	return bytes[at - letters];
}

static void
parse_bytes(struct command *cmd, const char *s)
{
	cmd->data = need(malloc(strlen(s) + 1));
	while (*s != '\0') {
		char c = *s++;

		cmd->data[cmd->len++] = c == '\\' ? escaped(&s) : c;
	}
}

static long
parse_number(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (*s == '\0' || *end != '\0' || n < 0 || n > INT32_MAX)
		errx(2, "bad number: %s", s);
	return n;
}

static const struct step *
find_step(const char *name, const struct step *steps, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(steps[i].name, name) == 0)
			return &steps[i];
	errx(2, "no such step: %s", name);
}

/* One command at argv; returns the argument after it. */
static char **
parse_command(struct command *cmd, char **argv, const struct step *steps,
    size_t nsteps)
{
	const char *arg;

	cmd->step = find_step(*argv++, steps, nsteps);
	for (arg = cmd->step->args; *arg != '\0'; arg++, argv++) {
		if (*argv == NULL)
			errx(2, "%s lacks an argument", cmd->step->name);
		if (*arg == 'n')
			cmd->number = parse_number(*argv);
		else if (*arg == 'b')
			parse_bytes(cmd, *argv);
		else
			cmd->data = *argv;
	}
	return argv;
}

/*
 * All scripts of argv; *count of them, at least one.  They live as long as the
 * process.  Ends it with status 2 where there is a mistake.
 */
static struct script *
script_parse(char **argv, const struct step *steps, size_t nsteps,
    size_t *count)
{
	struct script *scripts = need(calloc(1, sizeof(*scripts)));
	size_t n = 1;

	while (*argv != NULL) {
		struct script *s = &scripts[n - 1];

		if (strcmp(*argv, "--") == 0) {
			scripts = need(realloc(scripts,
			    (n + 1) * sizeof(*scripts)));
			memset(&scripts[n++], 0, sizeof(*scripts));
			argv++;
			continue;
		}
		s->commands = need(realloc(s->commands,
		    (s->count + 1) * sizeof(*s->commands)));
		memset(&s->commands[s->count], 0, sizeof(*s->commands));
		argv = parse_command(&s->commands[s->count++], argv, steps,
		    nsteps);
	}
	*count = n;
	return scripts;
}
#endif
