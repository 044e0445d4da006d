/*
 * Runs a program and tells its peak memory: the kernel accounts a process that
 * is started from another with what that other had taken, until then, so that
 * a small one measures small programs.
 *
 *   peak FILE PROGRAM [ARG...]	writes KiB to FILE; ends as the program does
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include <err.h>
#include <stdio.h>
#include <unistd.h>

static int
wait_for(pid_t pid, const char *file)
{
	struct rusage used;
	int status;
	FILE *f;

	if (wait4(pid, &status, 0, &used) == -1)
		err(1, "wait4");
	if ((f = fopen(file, "w")) == NULL ||
	    fprintf(f, "%ld\n", used.ru_maxrss) < 0 || fclose(f) == EOF)
		err(1, "%s", file);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int
main(int argc, char *argv[])
{
	pid_t pid;

	if (argc < 3)
		errx(2, "usage: peak FILE PROGRAM [ARG...]");
	switch (pid = fork()) {
	case -1:
		err(1, "fork");
	case 0:
		execvp(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	default:
		return wait_for(pid, argv[1]);
	}
}
