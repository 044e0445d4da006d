/* base/error: the words a script sees, and that no message overflows. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* Another kind's, to see that everything is overwritten. */
static struct error
old_error(void)
{
	struct error e = { .kind = ERR_TLS, .phase = PHASE_TLS,
	    .code = "old", .message = "old", .hint = "old" };

	return e;
}

static void
test_setx(void **state)
{
	struct error e = old_error();

	(void)state;
	errno = EPIPE;
	assert_int_equal(error_setx(&e, ERR_USAGE, "url", "%s: %d", "x", 7),
	    -1);
	assert_int_equal(e.kind, ERR_USAGE);
	assert_int_equal(e.phase, PHASE_NONE);
	assert_string_equal(e.code, "url");
	assert_string_equal(e.message, "x: 7");
	assert_string_equal(e.hint, "");
}

static void
test_set_appends_errno(void **state)
{
	struct error e = old_error();
	char want[128] = "open x: ";

	(void)state;
	strncat(want, strerror(ENOENT), 100);
	errno = ENOENT;
	assert_int_equal(error_set(&e, ERR_IO, error_errno_name(errno),
	    "open %s", "x"), -1);
	assert_string_equal(e.code, "ENOENT");
	assert_string_equal(e.message, want);
	assert_string_equal(e.hint, "");
}

static void
test_nomem(void **state)
{
	struct error e = old_error();

	(void)state;
	assert_int_equal(error_nomem(&e), -1);
	assert_int_equal(e.kind, ERR_IO);
	assert_string_equal(e.code, "ENOMEM");
	assert_string_equal(e.message, "out of memory");
	assert_string_equal(e.hint, "");
}

static void
test_hint(void **state)
{
	struct error e = old_error();

	(void)state;
	error_setx(&e, ERR_VERIFY, "expired", "m");
	e.phase = PHASE_TLS;
	assert_int_equal(error_hint(&e, "try %s", "it"), -1);
	assert_string_equal(e.hint, "try it");
	assert_string_equal(e.message, "m");
	assert_int_equal(e.phase, PHASE_TLS);
}

/* Lengths around the limit: cut, ended, nothing behind it touched. */
static void
test_long_is_cut(void **state)
{
	static const int lengths[] = { ERROR_MESSAGE_MAX - 2,
	    ERROR_MESSAGE_MAX - 1, ERROR_MESSAGE_MAX, ERROR_HINT_MAX - 1,
	    ERROR_HINT_MAX, 5000 };
	struct error e;
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT(lengths); i++) {
		e = old_error();
		n = (size_t)lengths[i];
		errno = EPIPE;
		error_set(&e, ERR_IO, "EPIPE", "%0*d", lengths[i], 0);
		assert_int_equal(strlen(e.message), ERROR_MESSAGE_MAX - 1);
		assert_string_equal(e.hint, "");
		error_setx(&e, ERR_IO, "EPIPE", "%0*d", lengths[i], 0);
		assert_int_equal(strlen(e.message),
		    n < ERROR_MESSAGE_MAX ? n : ERROR_MESSAGE_MAX - 1);
		error_hint(&e, "%0*d", lengths[i], 0);
		assert_int_equal(strlen(e.hint),
		    n < ERROR_HINT_MAX ? n : ERROR_HINT_MAX - 1);
	}
}

static const struct errno_test {
	int		 in;
	const char	*want;
} errno_tests[] = {
	{ ENOENT, "ENOENT" },
	{ EACCES, "EACCES" },
	{ ECONNREFUSED, "ECONNREFUSED" },
	{ ECONNRESET, "ECONNRESET" },
	{ EHOSTUNREACH, "EHOSTUNREACH" },
	{ ENETUNREACH, "ENETUNREACH" },
	{ ETIMEDOUT, "ETIMEDOUT" },
	{ EPIPE, "EPIPE" },
	{ EMFILE, "EMFILE" },
	{ ENOSPC, "ENOSPC" },
	{ EADDRNOTAVAIL, "EADDRNOTAVAIL" },
	{ EAGAIN, "EAGAIN" },	/* EWOULDBLOCK has the same number */
	{ EXDEV, "EXDEV" },
	{ 0, "OTHER" },
	{ -1, "OTHER" },
	{ -ENOENT, "OTHER" },
	{ 99999, "OTHER" },
	{ INT32_MIN, "OTHER" },
	{ INT32_MAX, "OTHER" },
};

static void
test_errno_names(void **state)
{
	const char *got;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(errno_tests); i++) {
		got = error_errno_name(errno_tests[i].in);
		if (strcmp(got, errno_tests[i].want) != 0)
			fail_msg("errno_tests/%d: got %s, want %s",
			    errno_tests[i].in, got, errno_tests[i].want);
	}
}

/* The words of the manual, each once and none missing. */
static const char *const kind_words[] = { NULL, "verify", "tls", "resolve",
    "connect", "timeout", "proxy", "protocol", "redirect", "status", "decode",
    "json", "io", "cancelled", "usage" };
static const char *const phase_words[] = { NULL, "resolve", "connect",
    "proxy", "tls", "send", "receive" };

static void
check_word(const char *table, size_t i, const char *got, const char *want)
{
	if (got == NULL || want == NULL || strcmp(got, want) != 0)
		fail_msg("%s/%zu: got %s, want %s", table, i,
		    got == NULL ? "NULL" : got, want);
}

static void
test_words(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(COUNT(kind_words), ERR_USAGE + 1);
	assert_int_equal(COUNT(phase_words), PHASE_RECEIVE + 1);
	assert_null(error_kind_name(ERR_NONE));
	assert_null(error_phase_name(PHASE_NONE));
	for (i = 1; i < COUNT(kind_words); i++)
		check_word("kind_words", i,
		    error_kind_name((enum error_kind)i), kind_words[i]);
	for (i = 1; i < COUNT(phase_words); i++)
		check_word("phase_words", i,
		    error_phase_name((enum error_phase)i), phase_words[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_setx),
		cmocka_unit_test(test_set_appends_errno),
		cmocka_unit_test(test_nomem),
		cmocka_unit_test(test_hint),
		cmocka_unit_test(test_long_is_cut),
		cmocka_unit_test(test_errno_names),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
