/* base/heap: blocks keep what is in them, and what is freed is had again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#undef HEAP_PLAIN	/* which other tests are built with */
#include "base/heap.c"

#define BLOCKS		1000
#define STEPS		200000

/* ASan ends the program where malloc would fail; here it is to fail. */
const char	*__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

struct block {
	unsigned char	*data;
	size_t		 len;
	unsigned char	 fill;
};

static void
assert_filled(const struct block *b, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		assert_int_equal(b->data[i], b->fill);
}

static void
resize(struct heap *h, struct block *b, size_t len, unsigned char fill)
{
	b->data = heap_alloc(h, b->data, b->len, len);
	assert_true((b->data != NULL) == (len > 0));
	assert_int_equal((uintptr_t)b->data % 16, 0);
	if (b->len > 0)
		assert_filled(b, b->len < len ? b->len : len);
	b->len = len;
	b->fill = fill;
	if (len > 0)
		memset(b->data, fill, len);
}

/* Sizes that a state has: most small, some around the border, few large. */
static size_t
some_len(void)
{
	switch (rand() % 8) {
	case 0:
		return 0;
	case 1:
		return SMALL_MAX - 2 + (size_t)rand() % 5;
	case 2:
		return (size_t)rand() % 20000;
	default:
		return (size_t)rand() % 200;
	}
}

static void
test_nothing_is_shared(void **state)
{
	static struct block blocks[BLOCKS];
	struct heap *h = heap_new();
	int i;

	(void)state;
	assert_non_null(h);
	srand(1);
	for (i = 0; i < STEPS; i++)
		resize(h, &blocks[rand() % BLOCKS], some_len(),
		    (unsigned char)rand());
	for (i = 0; i < BLOCKS; i++)
		resize(h, &blocks[i], 0, 0);
	heap_free(h);
}

static void
test_had_again(void **state)
{
	struct heap *h = heap_new();
	void *a = heap_alloc(h, NULL, 0, 40), *b = heap_alloc(h, NULL, 0, 40);

	(void)state;
	assert_ptr_not_equal(a, b);
	assert_null(heap_alloc(h, a, 40, 0));
	assert_ptr_equal(heap_alloc(h, NULL, 0, 33), a);	/* its class */
	assert_ptr_equal(heap_alloc(h, b, 40, 48), b);
	heap_free(h);
}

/* What a slab has left when it is too little goes to whom it is enough for. */
static void
test_ends_are_used(void **state)
{
	struct heap *h = heap_new();
	size_t left;
	char *end;

	(void)state;
	heap_alloc(h, NULL, 0, 16);
	while (h->fresh_len >= SMALL_MAX)
		heap_alloc(h, NULL, 0, SMALL_MAX);
	left = h->fresh_len;
	end = h->fresh;
	assert_true(left > 0);
	heap_alloc(h, NULL, 0, SMALL_MAX);
	assert_ptr_equal(heap_alloc(h, NULL, 0, left), end);
	heap_free(h);
}

/* As Lua's own allocator: the block is as it was. */
static void
test_out_of_memory(void **state)
{
	struct heap *h = heap_new();
	struct block small = { 0 }, large = { 0 };

	(void)state;
	resize(h, &small, 40, 's');
	resize(h, &large, 4000, 'l');
	assert_null(heap_alloc(h, NULL, 0, SIZE_MAX / 2));
	assert_null(heap_alloc(h, small.data, 40, SIZE_MAX / 2));
	assert_null(heap_alloc(h, large.data, 4000, SIZE_MAX / 2));
	assert_filled(&small, 40);
	assert_filled(&large, 4000);
	resize(h, &large, 0, 0);
	heap_free(h);
}

static void
test_nothing(void **state)
{
	struct heap *h = heap_new();

	(void)state;
	assert_null(heap_alloc(h, NULL, 0, 0));
	assert_null(h->slabs);
	heap_free(h);
	heap_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_shared),
		cmocka_unit_test(test_had_again),
		cmocka_unit_test(test_ends_are_used),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
