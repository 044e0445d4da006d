/* base/buf: what is written comes out, in order, and no size overflows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"

/* ASan ends the program where malloc would fail; here it is to fail. */
const char	*__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void
assert_holds(const struct buf *b, const char *want)
{
	struct span s = buf_span(b);

	assert_int_equal(s.len, strlen(want));
	if (s.len > 0)
		assert_memory_equal(s.data, want, s.len);
}

static void
test_zeroed(void **state)
{
	struct buf b = { 0 };
	struct span s = buf_span(&b);

	(void)state;
	assert_null(s.data);
	assert_int_equal(s.len, 0);
	buf_take(&b, 0);
	buf_added(&b, 0);
	buf_reset(&b);
	buf_clear(&b);
	assert_int_equal(buf_add(&b, NULL, 0), 0);
	assert_int_equal(buf_adds(&b, ""), 0);
	assert_null(b.data);
	assert_non_null(buf_reserve(&b, 0));
	assert_holds(&b, "");
	buf_clear(&b);
	assert_int_equal(buf_addf(&b, "%s", ""), 0);
	assert_holds(&b, "");
	buf_clear(&b);
}

static void
test_append(void **state)
{
	struct buf b = { 0 };
	char *end;

	(void)state;
	assert_int_equal(buf_add(&b, "ab\0c", 2), 0);
	assert_int_equal(buf_adds(&b, "cd"), 0);
	assert_int_equal(buf_addf(&b, "%d-%s", 12, "ef"), 0);
	end = buf_reserve(&b, 2);
	assert_non_null(end);
	memcpy(end, "gh", 2);
	assert_holds(&b, "abcd12-ef");
	buf_added(&b, 2);
	assert_holds(&b, "abcd12-efgh");
	buf_clear(&b);
	assert_null(b.data);
	assert_int_equal(b.cap, 0);
}

static void
test_nul_bytes(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(buf_add(&b, "a\0b", 3), 0);
	assert_int_equal(buf_span(&b).len, 3);
	assert_memory_equal(buf_span(&b).data, "a\0b", 3);
	buf_clear(&b);
}

/* A formatted text longer than any capacity so far. */
static void
test_addf_grows(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(buf_addf(&b, "%01000d", 7), 0);
	assert_int_equal(buf_span(&b).len, 1000);
	assert_int_equal(b.data[998], '0');
	assert_int_equal(b.data[999], '7');
	buf_clear(&b);
}

static void
test_take(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(buf_adds(&b, "abcdef"), 0);
	buf_take(&b, 2);
	assert_holds(&b, "cdef");
	assert_int_equal(buf_adds(&b, "gh"), 0);
	assert_holds(&b, "cdefgh");
	buf_take(&b, 6);
	assert_holds(&b, "");
	assert_int_equal(b.off, 0);	/* emptied: starts over */
	assert_int_equal(b.len, 0);
	assert_int_not_equal(b.cap, 0);
	buf_clear(&b);
}

static void
test_reset_keeps_storage(void **state)
{
	struct buf b = { 0 };
	char *data;

	(void)state;
	assert_int_equal(buf_adds(&b, "abc"), 0);
	buf_take(&b, 1);
	data = b.data;
	buf_reset(&b);
	assert_holds(&b, "");
	assert_int_equal(buf_adds(&b, "xyz"), 0);
	assert_ptr_equal(b.data, data);
	assert_holds(&b, "xyz");
	buf_clear(&b);
}

/* ASan tells when it is freed, or written to past its end. */
static void
test_lent(void **state)
{
	struct buf b = { 0 };
	char room[8];

	(void)state;
	buf_lend(&b, room, sizeof(room));
	assert_holds(&b, "");
	assert_int_equal(buf_adds(&b, "abcd"), 0);
	assert_int_equal(buf_adds(&b, "efgh"), 0);
	assert_ptr_equal(b.data, room);
	buf_take(&b, 1);
	assert_int_equal(buf_adds(&b, "ijkl"), 0);
	assert_ptr_not_equal(b.data, room);
	assert_holds(&b, "bcdefghijkl");
	buf_clear(&b);
	buf_lend(&b, room, sizeof(room));
	assert_int_equal(buf_adds(&b, "x"), 0);
	buf_clear(&b);
	assert_holds(&b, "");
	assert_int_equal(buf_adds(&b, "y"), 0);
	assert_ptr_not_equal(b.data, room);
	buf_clear(&b);
}

/* Written and read in turn, a buffer stays as small as what it holds. */
static void
test_reclaims_what_was_taken(void **state)
{
	struct buf b = { 0 };
	size_t cap;
	int i;

	(void)state;
	assert_int_equal(buf_adds(&b, "0123456789"), 0);
	cap = b.cap;
	for (i = 0; i < 100000; i++) {
		assert_int_equal(buf_adds(&b, "0123456789"), 0);
		assert_memory_equal(buf_span(&b).data, "0123456789", 10);
		buf_take(&b, 10);
	}
	assert_int_equal(b.cap, cap);
	buf_clear(&b);
}

/*
 * The same with a buffer that is nearly full: were it moved for each byte,
 * these would be 10^5 moves of 64 KiB; counted by how often data's start is.
 */
static void
test_full_buffer_is_not_moved_for_each_byte(void **state)
{
	struct buf b = { 0 };
	size_t n = 64 * 1024;
	int i, moves = 0;

	(void)state;
	assert_non_null(buf_reserve(&b, n));
	n = b.cap;
	memset(b.data, 'x', n);
	buf_added(&b, n);
	for (i = 0; i < 100000; i++) {
		buf_take(&b, 1);
		assert_non_null(buf_reserve(&b, 1));
		moves += b.off == 0;
		b.data[b.len] = 'y';
		buf_added(&b, 1);
	}
	assert_in_range(moves, 1, 3);
	assert_int_equal(buf_span(&b).len, n);
	assert_in_range(b.cap, n, 2 * n);
	buf_clear(&b);
}

/* Sizes that no object has, and one that no memory has. */
static const struct size_test {
	const char	*label;
	size_t		 n;
} size_tests[] = {
	{ "all there is", SIZE_MAX },
	{ "wraps to 0 with the 3 there", SIZE_MAX - 2 },
	{ "wraps to 1", SIZE_MAX - 1 },
	{ "one more than PTRDIFF_MAX with the 3", PTRDIFF_MAX - 2 },
	{ "possible in theory", PTRDIFF_MAX - 3 },
	{ "an eighth of the address space", SIZE_MAX / 8 },
};

static void
test_refuses_sizes(void **state)
{
	struct buf b = { 0 };
	size_t i;

	(void)state;
	assert_int_equal(buf_adds(&b, "_abc"), 0);
	buf_take(&b, 1);
	for (i = 0; i < sizeof(size_tests) / sizeof(size_tests[0]); i++) {
		if (buf_reserve(&b, size_tests[i].n) != NULL)
			fail_msg("size_tests/%s: got storage, want NULL",
			    size_tests[i].label);
		assert_holds(&b, "abc");
	}
	assert_int_equal(buf_add(&b, "", SIZE_MAX), -1);
	assert_holds(&b, "abc");
	assert_int_equal(buf_adds(&b, "d"), 0);
	assert_holds(&b, "abcd");
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zeroed),
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_nul_bytes),
		cmocka_unit_test(test_addf_grows),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_reset_keeps_storage),
		cmocka_unit_test(test_lent),
		cmocka_unit_test(test_reclaims_what_was_taken),
		cmocka_unit_test(test_full_buffer_is_not_moved_for_each_byte),
		cmocka_unit_test(test_refuses_sizes),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
