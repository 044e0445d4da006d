/*
 * base/file: what is read, and that a write leaves the new content, mode 0600
 * and nothing beside it, or the old content and nothing beside it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define SPAN(s)	((struct span){ s, strlen(s) })

static char dir[] = "/tmp/lurl-file-XXXXXX";

/* A name in the directory of this test; the caller frees it. */
static char *
in_dir(const char *name)
{
	char *path;

	assert_int_not_equal(asprintf(&path, "%s/%s", dir, name), -1);
	return path;
}

static void
put(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
assert_content(const char *path, const char *want, mode_t want_mode)
{
	struct error err = { 0 };
	struct buf b = { 0 };
	mode_t mode;

	assert_int_equal(file_read(path, &b, &mode, &err), 0);
	assert_int_equal(buf_span(&b).len, strlen(want));
	assert_memory_equal(buf_span(&b).data, want, strlen(want));
	assert_int_equal(mode, want_mode);
	buf_clear(&b);
}

static int
count_entries(void)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	int n = 0;

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(d);
	return n;
}

static void
empty_dir(void)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	char *path;

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL) {
		path = in_dir(entry->d_name);
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    unlink(path) == -1)
			assert_int_equal(rmdir(path), 0);
		free(path);
	}
	closedir(d);
}

static int
set_up(void **state)
{
	(void)state;
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	empty_dir();
	return rmdir(dir);
}

/* What is at the path before it is written to. */
enum before {
	NOTHING,
	REGULAR,	/* "old", mode 0644 */
	LINK,		/* to REGULAR */
	LINK_TO_LINK,
	LINK_BELOW,	/* to a file that is not there, in the same directory */
	LINK_LOOP,
	LINK_TO_DIR,
	DIRECTORY,
	FIFO
};

static const struct write_test {
	const char	*label;
	enum before	 before;
	const char	*data;
	const char	*want_code;	/* NULL: it succeeds */
	int		 want_entries;
} write_tests[] = {
	{ "a new file", NOTHING, "new", NULL, 1 },
	{ "an empty one", NOTHING, "", NULL, 1 },
	{ "in place of another", REGULAR, "new", NULL, 1 },
	{ "through a link", LINK, "new", NULL, 2 },
	{ "through two links", LINK_TO_LINK, "new", NULL, 3 },
	{ "through a link to nothing", LINK_BELOW, "new", NULL, 2 },
	{ "a link to itself", LINK_LOOP, "new", "ELOOP", 1 },
	{ "a link to a directory", LINK_TO_DIR, "new", "EISDIR", 2 },
	{ "a directory", DIRECTORY, "new", "EISDIR", 1 },
	{ "a FIFO", FIFO, "new", "EINVAL", 1 },
};

static void
prepare(enum before before, const char *path, const char *other)
{
	char *third = in_dir("third");

	if (before == REGULAR)
		put(path, "old", 0644);
	if (before == LINK || before == LINK_TO_LINK)
		put(other, "old", 0644);
	if (before == LINK)
		assert_int_equal(symlink(other, path), 0);
	if (before == LINK_TO_LINK) {
		assert_int_equal(symlink("third", path), 0);
		assert_int_equal(symlink(other, third), 0);
	}
	if (before == LINK_BELOW)
		assert_int_equal(symlink("other", path), 0);
	if (before == LINK_LOOP)
		assert_int_equal(symlink("file", path), 0);
	if (before == LINK_TO_DIR) {
		assert_int_equal(mkdir(other, 0700), 0);
		assert_int_equal(symlink("other", path), 0);
	}
	if (before == DIRECTORY)
		assert_int_equal(mkdir(path, 0700), 0);
	if (before == FIFO)
		assert_int_equal(mkfifo(path, 0600), 0);
	free(third);
}

static bool
is_link(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return S_ISLNK(st.st_mode);
}

static void
run_write(const struct write_test *t)
{
	char *path = in_dir("file"), *other = in_dir("other");
	bool is_linked = t->before >= LINK && t->before <= LINK_TO_DIR;
	struct error err = { 0 };
	int rv;

	prepare(t->before, path, other);
	rv = file_write_private(path, SPAN(t->data), &err);
	if (t->want_code == NULL) {
		assert_int_equal(rv, 0);
		assert_content(path, t->data, 0600);
	} else {
		assert_int_equal(rv, -1);
		assert_int_equal(err.kind, ERR_IO);
		assert_string_equal(err.code, t->want_code);
		assert_non_null(strstr(err.message, path));
	}
	assert_int_equal(is_link(path), is_linked);
	assert_int_equal(count_entries(), t->want_entries);
	empty_dir();
	free(other);
	free(path);
}

static void
test_write(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(write_tests) / sizeof(write_tests[0]); i++) {
		print_message("write/%s\n", write_tests[i].label);
		run_write(&write_tests[i]);
	}
}

/* Somebody else's link is not followed, but replaced: needs root to make. */
static void
test_foreign_link(void **state)
{
	char *path = in_dir("file"), *other = in_dir("other");
	struct error err = { 0 };

	(void)state;
	if (geteuid() != 0) {
		free(other);
		free(path);
		skip();
	}
	put(other, "precious", 0644);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(lchown(path, 12345, 12345), 0);
	assert_int_equal(file_write_private(path, SPAN("new"), &err), 0);
	assert_false(is_link(path));
	assert_content(path, "new", 0600);
	assert_content(other, "precious", 0644);
	free(other);
	free(path);
}

/* The disk is full, or as good as. */
static void
test_no_room(void **state)
{
	static char large[65536];
	char *path = in_dir("file");
	struct rlimit old, small;
	struct error err = { 0 };
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	int rv;

	(void)state;
	put(path, "old", 0600);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	rv = file_write_private(path, (struct span){ large, sizeof(large) },
	    &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, handler);
	assert_int_equal(rv, -1);
	assert_string_equal(err.code, "EFBIG");
	assert_content(path, "old", 0600);
	assert_int_equal(count_entries(), 1);
	free(path);
}

static void
assert_refused(const char *path, const char *code)
{
	struct error err = { 0 };
	struct buf b = { 0 };
	mode_t mode;

	assert_int_equal(file_read(path, &b, &mode, &err), -1);
	assert_int_equal(err.kind, ERR_IO);
	assert_string_equal(err.code, code);
	buf_clear(&b);
}

static void
test_read(void **state)
{
	char *path = in_dir("file"), *text = malloc(50001);
	struct error err = { 0 };
	struct buf b = { 0 };
	mode_t mode;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 50000);	/* more than one read() */
	text[50000] = '\0';
	put(path, text, 0640);
	assert_content(path, text, 0640);
	put(path, "", 0600);
	assert_content(path, "", 0600);

	put(path, "b", 0600);
	assert_int_equal(buf_adds(&b, "a"), 0);
	assert_int_equal(file_read(path, &b, &mode, &err), 0);
	assert_int_equal(buf_span(&b).len, 2);
	assert_memory_equal(buf_span(&b).data, "ab", 2);
	buf_clear(&b);
	free(text);
	free(path);
}

static void
test_unreadable(void **state)
{
	char *path = in_dir("file"), *below;
	int fd;

	(void)state;
	assert_refused(path, "ENOENT");
	assert_refused("", "ENOENT");
	assert_refused(dir, "EISDIR");
	put(path, "x", 0600);
	below = in_dir("file/x");
	assert_refused(below, "ENOTDIR");
	fd = open(path, O_WRONLY);
	assert_int_not_equal(fd, -1);
	assert_int_equal(ftruncate(fd, (off_t)FILE_MAX_LEN + 1), 0);
	close(fd);
	assert_refused(path, "EFBIG");
	free(below);
	free(path);
}

static void
test_unwritable(void **state)
{
	char *path = in_dir("none/file"), *name = malloc(PATH_MAX + 1);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(file_write_private(path, SPAN("x"), &err), -1);
	assert_string_equal(err.code, "ENOENT");
	assert_int_equal(file_write_private("", SPAN("x"), &err), -1);
	assert_int_equal(err.kind, ERR_IO);
	assert_non_null(name);
	memset(name, 'x', PATH_MAX);
	name[PATH_MAX] = '\0';
	assert_int_equal(file_write_private(name, SPAN("x"), &err), -1);
	assert_string_equal(err.code, "ENAMETOOLONG");
	free(name);
	free(path);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_write),
		TEST(test_foreign_link),
		TEST(test_no_room),
		TEST(test_read),
		TEST(test_unreadable),
		TEST(test_unwritable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
