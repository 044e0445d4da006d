/*
 * tls/index: what an index on disk must be like to be used, and that nothing
 * in it is believed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <dirent.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "certs.h"
#include "tls/index.h"
#include "tls/store.h"

#define ROOTS	8
#define MANY	2000

static EVP_PKEY *key;
static X509 *roots[ROOTS], *middle, *stranger;
static char *chain;		/* of a server under roots[0] */
static char *deep;		/* of one under middle, which roots[1] signed */
static char *dir;
static struct buf bundle;	/* the roots and middle */

static X509 *
make(const char *cn, bool ca, X509 *issuer)
{
	struct certs_spec spec = { .cn = cn, .ca = ca, .key = key,
	    .issuer = issuer, .issuer_key = key };

	return certs_new(&spec);
}

static char *
make_chain(X509 *issuer)
{
	X509 *leaf = make("server", false, issuer);
	char *pem = certs_pem(leaf);

	X509_free(leaf);
	return pem;
}

static void
add(struct buf *b, X509 *x)
{
	char *pem = certs_pem(x);

	assert_int_equal(buf_adds(b, pem), 0);
	free(pem);
}

static int
setup(void **state)
{
	char cn[32];
	size_t i;

	(void)state;
	key = certs_p256();
	for (i = 0; i < ROOTS; i++) {
		snprintf(cn, sizeof(cn), "root %zu", i);
		roots[i] = make(cn, true, NULL);
		add(&bundle, roots[i]);
	}
	middle = make("middle", true, roots[1]);
	add(&bundle, middle);
	stranger = make("stranger", true, NULL);
	chain = make_chain(roots[0]);
	deep = make_chain(middle);
	return 0;
}

static int
teardown(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROOTS; i++)
		X509_free(roots[i]);
	X509_free(middle);
	X509_free(stranger);
	EVP_PKEY_free(key);
	free(chain);
	free(deep);
	buf_clear(&bundle);
	return 0;
}

/* Each test has a cache of its own. */
static int
begin(void **state)
{
	(void)state;
	dir = certs_dir();
	assert_int_equal(setenv("XDG_CACHE_HOME", dir, 1), 0);
	assert_int_equal(setenv("HOME", dir, 1), 0);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	assert_int_equal(seteuid(getuid()), 0);	/* if a test failed as nobody */
	certs_dir_remove(dir);
	return 0;
}

static struct index *
build(void)
{
	struct index *x = index_build(buf_span(&bundle));

	assert_non_null(x);
	return x;
}

static struct index *
find(void)
{
	return index_find(buf_span(&bundle));
}

static bool
vouches(const struct index *x, const char *pem)
{
	const struct span s = { pem, strlen(pem) };

	return index_vouches(x, s);
}

/* PATH/HHHHHHHH.SUFFIX of a certificate.  free. */
static char *
entry(const char *path, X509 *x, const char *suffix)
{
	char name[64];

	snprintf(name, sizeof(name), "%08lx.%s", X509_subject_name_hash(x),
	    suffix);
	return certs_path(path, name);
}

static void
put(const char *path, X509 *x, const char *suffix, const char *text)
{
	char *file = entry(path, x, suffix);

	certs_write(file, text, strlen(text));
	free(file);
}

static char *
take(const char *path, X509 *x)
{
	char *file = entry(path, x, "0"), *text;
	FILE *f = certs_need(fopen(file, "r"), file);
	size_t n;

	text = certs_need(calloc(1, 8192), "calloc");
	n = fread(text, 1, 8191, f);
	assert_true(n > 0);
	fclose(f);
	free(file);
	return text;
}

static size_t
count_entries(const char *path)
{
	DIR *d = certs_need(opendir(path), path);
	struct dirent *e;
	size_t n = 0;

	while ((e = readdir(d)) != NULL)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(d);
	return n;
}

static void
test_good(void **state)
{
	struct index *x, *again;

	(void)state;
	assert_null(find());
	x = build();
	assert_int_equal(count_entries(index_path(x)), ROOTS + 1);
	assert_true(vouches(x, chain));
	assert_true(vouches(x, deep));
	assert_true(index_is_whole(x));
	again = find();
	assert_non_null(again);
	assert_string_equal(index_path(again), index_path(x));
	assert_true(vouches(again, chain));
	index_free(again);
	index_discard(x);
	assert_null(find());
	assert_false(vouches(x, chain));
	assert_false(index_is_whole(x));
	index_free(x);
	index_free(NULL);
}

/* Spoilers, of roots[0]'s entry if nothing else is said. */

static void
leave(const char *path)
{
	(void)path;
}

static void
remove_entry(const char *path)
{
	char *file = entry(path, roots[0], "0");

	assert_int_equal(unlink(file), 0);
	free(file);
}

static void
put_stranger(const char *path)
{
	char *pem = certs_pem(stranger);

	put(path, roots[0], "0", pem);
	free(pem);
}

/* The line in front does not make it one of ours. */
static void
put_posing(const char *path)
{
	char *pem = certs_pem(stranger);
	struct buf b = { 0 };

	assert_int_equal(buf_addf(&b, "0\n%s", pem), 0);
	assert_int_equal(buf_add(&b, "", 1), 0);
	put(path, roots[0], "0", b.data);
	buf_clear(&b);
	free(pem);
}

static void
add_behind(const char *path)
{
	char *pem = certs_pem(stranger), *own = take(path, roots[0]);
	struct buf b = { 0 };

	assert_int_equal(buf_addf(&b, "%s%s", own, pem), 0);
	assert_int_equal(buf_add(&b, "", 1), 0);
	put(path, roots[0], "0", b.data);
	buf_clear(&b);
	free(own);
	free(pem);
}

/* The count stays what it was. */
static void
add_second(const char *path)
{
	char *pem = certs_pem(stranger), *other = entry(path, roots[5], "0");

	assert_int_equal(unlink(other), 0);
	put(path, roots[0], "1", pem);
	free(other);
	free(pem);
}

static void
add_one_more(const char *path)
{
	char *pem = certs_pem(stranger);

	put(path, roots[0], "1", pem);
	free(pem);
}

static void
put_garbage(const char *path)
{
	put(path, roots[0], "0", "garbage\n");
}

static void
put_number(const char *path)
{
	put(path, roots[0], "0", "99999\n-----BEGIN CERTIFICATE-----\n");
}

static void
put_nothing(const char *path)
{
	put(path, roots[0], "0", "");
}

static void
cut(const char *path)
{
	char *own = take(path, roots[0]);

	own[strlen(own) / 2] = '\0';
	put(path, roots[0], "0", own);
	free(own);
}

static void
append_blank(const char *path)
{
	char *own = take(path, roots[0]);

	strcat(own, "\n");
	put(path, roots[0], "0", own);
	free(own);
}

/* Of the bundle, so nobody is trusted who is not; but not all is found. */
static void
exchange(const char *path)
{
	char *one = take(path, roots[0]), *two = take(path, roots[1]);

	put(path, roots[0], "0", two);
	put(path, roots[1], "0", one);
	free(one);
	free(two);
}

static void
put_twice(const char *path)
{
	char *one = take(path, roots[0]);

	put(path, roots[5], "0", one);
	free(one);
}

/* To the very certificate: what it leads to may change. */
static void
put_link(const char *path)
{
	char *file = entry(path, roots[0], "0"), *to = certs_path(dir, "to");

	assert_int_equal(rename(file, to), 0);
	assert_int_equal(symlink(to, file), 0);
	free(file);
	free(to);
}

static void
put_fifo(const char *path)
{
	char *file = entry(path, roots[0], "0");

	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
	free(file);
}

static void
put_dir(const char *path)
{
	char *file = entry(path, roots[0], "0");

	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkdir(file, 0700), 0);
	free(file);
}

static void
put_far(const char *path)
{
	char *from = entry(path, roots[0], "0"), *to = entry(path, roots[0],
	    "1");

	assert_int_equal(rename(from, to), 0);
	free(from);
	free(to);
}

static void
put_crl(const char *path)
{
	char *from = entry(path, roots[5], "0"), *to = entry(path, roots[0],
	    "r0");

	assert_int_equal(rename(from, to), 0);
	free(from);
	free(to);
}

static void
put_other_name(const char *path)
{
	char *from = entry(path, roots[5], "0"), *to = certs_path(path, "x");

	assert_int_equal(rename(from, to), 0);
	free(from);
	free(to);
}

static void
let_all_write(const char *path)
{
	assert_int_equal(chmod(path, 0777), 0);
}

static void
let_group_write(const char *path)
{
	assert_int_equal(chmod(path, 0770), 0);
}

/* As good as the one it was copied from, but one that others can replace. */
static void
put_link_to_dir(const char *path)
{
	char *to = certs_path(dir, "elsewhere");

	assert_int_equal(rename(path, to), 0);
	assert_int_equal(symlink(to, path), 0);
	free(to);
}

static void
put_file(const char *path)
{
	char *to = certs_path(dir, "elsewhere");

	assert_int_equal(rename(path, to), 0);
	certs_write(path, "", 0);
	free(to);
}

static const struct spoil_test {
	const char	*label;
	void		(*spoil)(const char *path);
	bool		 found;		/* still, by the next process */
	bool		 vouches;	/* if it is found */
	bool		 whole;		/* likewise */
} spoil_tests[] = {
	{ "untouched", leave, true, true, true },
	{ "a certificate of another in its place", put_stranger, true, false,
	    false },
	{ "likewise, with our number", put_posing, true, false, false },
	{ "another behind it", add_behind, true, false, false },
	{ "a second one for its name", add_second, true, false, false },
	{ "one more for its name", add_one_more, false, false, false },
	{ "garbage", put_garbage, true, false, false },
	{ "a number that is none of ours", put_number, true, false, false },
	{ "an empty file", put_nothing, true, false, false },
	{ "half a file", cut, true, false, false },
	{ "a line more", append_blank, true, false, false },
	{ "two exchanged", exchange, true, true, false },
	{ "one twice", put_twice, true, true, false },
	{ "one missing", remove_entry, false, false, false },
	{ "a link", put_link, false, false, false },
	{ "a FIFO", put_fifo, false, false, false },
	{ "a directory", put_dir, false, false, false },
	{ "one where it is not looked for", put_far, true, true, false },
	{ "a revocation list", put_crl, false, false, false },
	{ "another name", put_other_name, false, false, false },
	{ "all may write", let_all_write, false, false, false },
	{ "the group may write", let_group_write, false, false, false },
	{ "a link to a directory", put_link_to_dir, false, false, false },
	{ "a file", put_file, false, false, false },
};

static bool
check_spoilt(const struct spoil_test *row)
{
	struct index *x = build(), *y;
	bool good, found, vouched = false, whole = false;

	row->spoil(index_path(x));
	y = find();
	found = y != NULL;
	if (found) {
		vouched = vouches(y, chain);
		whole = index_is_whole(y);
	}
	index_free(y);
	index_free(x);
	good = found == row->found && vouched == row->vouches &&
	    whole == row->whole;
	if (!good)
		print_error("spoil/%s: got %d %d %d, want %d %d %d\n",
		    row->label, found, vouched, whole, row->found,
		    row->vouches, row->whole);

	/* Whatever it is now, it can be made anew. */
	x = build();
	good = good && vouches(x, chain) && index_is_whole(x);
	index_discard(x);
	index_free(x);
	y = find();
	good = good && y == NULL;
	if (!good)
		print_error("spoil/%s: not made anew\n", row->label);
	return good;
}

/* What a row has put beside the index. */
static void
remove_elsewhere(void)
{
	char *left = certs_path(dir, "elsewhere");

	if (access(left, F_OK) == 0)
		certs_dir_remove(left);
	else
		free(left);
}

static void
test_spoilt(void **state)
{
	size_t i, bad = 0;

	(void)state;
	for (i = 0; i < sizeof(spoil_tests) / sizeof(spoil_tests[0]); i++) {
		bad += !check_spoilt(&spoil_tests[i]);
		remove_elsewhere();
	}
	assert_int_equal(bad, 0);
}

/* Until a change would have another time than path has. */
static void
await_tick(const char *path)
{
	char *other = certs_path(dir, "tick");
	struct stat was, is;

	assert_int_equal(stat(path, &was), 0);
	do {
		certs_write(other, "", 0);
		assert_int_equal(stat(other, &is), 0);
	} while (is.st_mtim.tv_sec == was.st_ctim.tv_sec &&
	    is.st_mtim.tv_nsec == was.st_ctim.tv_nsec);
	free(other);
}

/* Under a process that has found it already. */
static bool
check_spoilt_late(const struct spoil_test *row)
{
	struct index *x = build();
	bool good;

	await_tick(index_path(x));
	row->spoil(index_path(x));
	good = (row->vouches || !vouches(x, chain)) &&
	    index_is_whole(x) == (row->spoil == leave);
	if (!good)
		print_error("late/%s: vouches %d, whole %d\n", row->label,
		    vouches(x, chain), index_is_whole(x));
	index_discard(x);
	index_free(x);
	return good;
}

static void
test_spoilt_late(void **state)
{
	size_t i, bad = 0;

	(void)state;
	for (i = 0; i < sizeof(spoil_tests) / sizeof(spoil_tests[0]); i++) {
		bad += !check_spoilt_late(&spoil_tests[i]);
		remove_elsewhere();
	}
	assert_int_equal(bad, 0);
}

/* The issuer of an issuer is looked up as well. */
static void
test_deep(void **state)
{
	struct index *x = build();
	char *pem = certs_pem(stranger);

	(void)state;
	put(index_path(x), roots[1], "0", pem);
	assert_false(vouches(x, deep));
	assert_true(vouches(x, chain));
	free(pem);
	index_free(x);
}

static void
test_chains(void **state)
{
	struct index *x = build();
	struct buf b = { 0 };

	(void)state;
	assert_false(vouches(x, ""));
	assert_false(vouches(x, "-----BEGIN CERTIFICATE-----\nAAAA\n"
	    "-----END CERTIFICATE-----\n"));
	/* What is not understood may have a name of its own. */
	assert_int_equal(buf_addf(&b, "%s-----BEGIN CERTIFICATE-----\nAAAA\n"
	    "-----END CERTIFICATE-----\n", chain), 0);
	assert_int_equal(buf_add(&b, "", 1), 0);
	assert_false(vouches(x, b.data));
	buf_clear(&b);
	index_free(x);
}

static void
make_open(const char *path)
{
	assert_int_equal(chmod(path, 0777), 0);
}

static void
make_sticky(const char *path)
{
	assert_int_equal(chmod(path, 01777), 0);
}

static void
make_closed(const char *path)
{
	assert_int_equal(chmod(path, 0700), 0);
}

static void
give_away(const char *path)
{
	assert_int_equal(chown(path, 65534, 65534), 0);
}

static const struct place_test {
	const char	*label;
	const char	*at;		/* below the cache */
	void		(*change)(const char *path);
	bool		 want;
	bool		 as_root;	/* only root can change it so */
} place_tests[] = {
	{ "closed", "", make_closed, true, false },
	{ "open home", "", make_open, false, false },
	{ "open home, sticky", "", make_sticky, true, false },
	{ "open lurl", "lurl", make_open, false, false },
	{ "open lurl/ca", "lurl/ca", make_open, false, false },
	{ "open lurl/ca, sticky", "lurl/ca", make_sticky, false, false },
	{ "somebody's home", "", give_away, false, true },
	{ "somebody's lurl", "lurl", give_away, false, true },
	{ "somebody's lurl/ca", "lurl/ca", give_away, false, true },
};

static void
test_place(void **state)
{
	const struct place_test *row;
	struct index *x;
	size_t i, bad = 0;
	bool found, built;
	char *path;

	for (i = 0; i < sizeof(place_tests) / sizeof(place_tests[0]); i++) {
		row = &place_tests[i];
		if (row->as_root && getuid() != 0)
			continue;
		if (i > 0)
			begin(state);
		index_free(build());
		path = certs_path(dir, row->at);
		row->change(path);
		x = find();
		found = x != NULL;
		index_free(x);
		x = index_build(buf_span(&bundle));
		built = x != NULL;
		index_free(x);
		if (found != row->want || built != row->want) {
			print_error("place/%s: got %d %d, want %d\n",
			    row->label, found, built, row->want);
			bad++;
		}
		free(path);
		certs_dir_remove(dir);
	}
	begin(state);
	assert_int_equal(bad, 0);
}

/* A subject of another user, whose directory stands where ours would. */
static void
test_owner(void **state)
{
	struct index *x = build();

	(void)state;
	if (getuid() != 0)
		skip();
	assert_int_equal(chown(index_path(x), 65534, 65534), 0);
	assert_null(find());
	index_free(x);
	x = build();
	assert_true(index_is_whole(x));
	index_free(x);
}

static void
test_home(void **state)
{
	static const struct {
		const char	*label;
		const char	*cache;		/* NULL: not set */
		const char	*home;
		bool		 want;
	} rows[] = {
		{ "cache", "%s/a", NULL, true },
		{ "home", NULL, "%s", true },
		{ "empty cache, home", "", "%s", true },
		{ "relative cache, home", "a", "%s", true },
		{ "colon", "%s/a:b", NULL, false },
		{ "neither", NULL, NULL, false },
		{ "empty home", NULL, "", false },
		{ "relative home", NULL, "a", false },
		{ "no such home", "%s/no/such/place", NULL, false },
		{ "a file", "%s/file", NULL, false },
		{ "nothing may be made there", "/proc/self", NULL, false },
	};
	char *file = certs_path(dir, "file");
	struct index *x;
	size_t i;
	char value[256];

	(void)state;
	certs_write(file, "", 0);
	free(file);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsetenv("XDG_CACHE_HOME");
		unsetenv("HOME");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		if (rows[i].cache != NULL) {
			snprintf(value, sizeof(value), rows[i].cache, dir);
			setenv("XDG_CACHE_HOME", value, 1);
		}
		if (rows[i].home != NULL) {
			snprintf(value, sizeof(value), rows[i].home, dir);
			setenv("HOME", value, 1);
		}
#pragma GCC diagnostic pop
		x = index_build(buf_span(&bundle));
		if ((x != NULL) != rows[i].want)
			fail_msg("home/%s: got %d", rows[i].label, x != NULL);
		index_free(x);
	}
}

/* Who runs with another's rights leaves nothing, and believes nothing. */
static void
test_rights(void **state)
{
	(void)state;
	if (getuid() != 0)
		skip();
	index_free(build());
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(seteuid(65534), 0);
	assert_null(find());
	assert_null(index_build(buf_span(&bundle)));
	assert_int_equal(seteuid(0), 0);
	index_free(build());
}

static struct index *
build_text(struct buf *b)
{
	return index_build(buf_span(b));
}

static void
test_bundles(void **state)
{
	struct error err;
	struct buf b = { 0 }, text = { 0 };
	struct index *x;
	X509 *aux = X509_dup(roots[0]);
	char *pem;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		add(&b, roots[i]);
	assert_null(build_text(&b));		/* not worth it */
	add(&b, roots[3]);
	x = build_text(&b);
	assert_non_null(x);
	index_free(x);

	/* The same certificate, the same subject. */
	add(&b, roots[3]);
	for (i = 0; i < 20; i++) {
		X509 *same = make("root 3", true, NULL);

		add(&b, same);
		X509_free(same);
	}
	x = build_text(&b);
	assert_non_null(x);
	assert_true(index_is_whole(x));
	assert_true(vouches(x, chain));
	assert_int_equal(count_entries(index_path(x)), 25);
	index_free(x);
	for (i = 0; i < 20; i++)
		add(&b, roots[3]);
	assert_null(build_text(&b));		/* no end of them */
	buf_clear(&b);

	/* What else a file may hold does not come into it. */
	for (i = 0; i < ROOTS; i++)
		add(&b, roots[i]);
	assert_int_equal(buf_adds(&b, "-----BEGIN X509 CRL-----\nAAAA\n"
	    "-----END X509 CRL-----\n# and text\n"), 0);
	assert_int_equal(store_copy_text(&text, b.data, b.len, "ca", &err), 0);
	x = build_text(&text);
	assert_non_null(x);
	assert_int_equal(count_entries(index_path(x)), ROOTS);
	index_free(x);

	/* What a certificate is not trusted for must not get lost. */
	X509_add1_reject_object(aux, OBJ_nid2obj(NID_server_auth));
	pem = certs_trusted_pem(aux);
	assert_int_equal(buf_adds(&text, pem), 0);
	assert_null(build_text(&text));
	free(pem);
	X509_free(aux);
	buf_clear(&text);

	assert_int_equal(buf_adds(&b, "-----BEGIN CERTIFICATE-----\nAAAA\n"
	    "-----END CERTIFICATE-----\n"), 0);
	assert_int_equal(store_copy_text(&text, b.data, b.len, "ca", &err), 0);
	assert_null(build_text(&text));		/* one is damaged */
	buf_clear(&text);
	buf_clear(&b);
	pem = certs_path(dir, "lurl/ca");
	assert_int_equal(count_entries(pem), 3);	/* and nothing left */
	free(pem);
}

/* A process that was killed leaves half of one. */
static void
test_killed(void **state)
{
	static const struct timespec past[2] = { { 1000, 0 }, { 1000, 0 } };
	struct index *x = build();
	char *old, *young;

	(void)state;
	old = certs_path(dir, "lurl/ca/.new-aaaaaa");
	young = certs_path(dir, "lurl/ca/.new-bbbbbb");
	assert_int_equal(rename(index_path(x), old), 0);
	assert_int_equal(mkdir(young, 0700), 0);
	assert_int_equal(utimensat(AT_FDCWD, old, past, 0), 0);
	assert_null(find());
	index_free(x);
	x = build();
	assert_int_equal(access(old, F_OK), -1);
	assert_int_equal(access(young, F_OK), 0);	/* may be at it */
	index_free(x);
	free(old);
	free(young);
}

static void
test_kept(void **state)
{
	static const struct timespec past[2] = { { 1000, 0 }, { 1000, 0 } };
	struct buf b = { 0 };
	struct index *x;
	char *first = NULL, *ca = certs_path(dir, "lurl/ca");
	size_t i;

	(void)state;
	assert_int_equal(buf_add(&b, bundle.data, bundle.len), 0);
	for (i = 0; i < 20; i++) {
		add(&b, roots[i % ROOTS]);
		x = build_text(&b);
		assert_non_null(x);
		if (i == 0) {
			first = strdup(index_path(x));
			assert_int_equal(utimensat(AT_FDCWD, first, past, 0),
			    0);
		}
		index_free(x);
	}
	assert_int_equal(count_entries(ca), 16);
	assert_int_equal(access(first, F_OK), -1);
	x = index_find(buf_span(&b));
	assert_non_null(x);			/* the last is there */
	index_free(x);
	free(first);
	free(ca);
	buf_clear(&b);
}

/* Whoever comes first: each has one that is good, and nothing is left over. */
static void
test_race(void **state)
{
	enum { CHILDREN = 6, ROUNDS = 5 };
	char *ca = certs_path(dir, "lurl/ca");
	struct index *x;
	int i, round, status;

	(void)state;
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < CHILDREN; i++)
			if (fork() == 0) {
				x = index_build(buf_span(&bundle));
				_exit(x != NULL && vouches(x, chain) &&
				    index_is_whole(x) ? 0 : 1);
			}
		for (i = 0; i < CHILDREN; i++) {
			assert_true(wait(&status) > 0);
			assert_int_equal(status, 0);
		}
		assert_int_equal(count_entries(ca), 1);
		x = find();
		assert_non_null(x);
		index_discard(x);
		index_free(x);
	}
	free(ca);
}

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
test_many(void **state)
{
	struct buf b = { 0 };
	struct index *x;
	X509 *root;
	char cn[32];
	double began, took;
	int i;

	(void)state;
	for (i = 0; i < MANY; i++) {
		snprintf(cn, sizeof(cn), "many %d", i);
		root = make(cn, true, NULL);
		add(&b, root);
		X509_free(root);
	}
	add(&b, roots[0]);
	x = build_text(&b);
	assert_non_null(x);
	assert_int_equal(count_entries(index_path(x)), MANY + 1);
	index_free(x);
	x = index_find(buf_span(&b));
	assert_non_null(x);
	began = seconds();
	for (i = 0; i < 100; i++)
		assert_true(vouches(x, chain));
	took = seconds() - began;
	/* Nothing that grows with the bundle: decoding it would take 30 s. */
	if (took > 5)
		fail_msg("100 chains take %.1f s", took);
	assert_true(index_is_whole(x));
	index_free(x);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, begin, end),
		cmocka_unit_test_setup_teardown(test_spoilt, begin, end),
		cmocka_unit_test_setup_teardown(test_spoilt_late, begin, end),
		cmocka_unit_test_setup_teardown(test_deep, begin, end),
		cmocka_unit_test_setup_teardown(test_chains, begin, end),
		cmocka_unit_test_setup_teardown(test_place, begin, end),
		cmocka_unit_test_setup_teardown(test_owner, begin, end),
		cmocka_unit_test_setup_teardown(test_home, begin, end),
		cmocka_unit_test_setup_teardown(test_rights, begin, end),
		cmocka_unit_test_setup_teardown(test_bundles, begin, end),
		cmocka_unit_test_setup_teardown(test_killed, begin, end),
		cmocka_unit_test_setup_teardown(test_kept, begin, end),
		cmocka_unit_test_setup_teardown(test_race, begin, end),
		cmocka_unit_test_setup_teardown(test_many, begin, end),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
