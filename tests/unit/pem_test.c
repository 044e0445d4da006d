/* tls/pem: blocks as people paste them, and as they damage them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tls/pem.h"

#define B(l)	"-----BEGIN " l "-----"
#define E(l)	"-----END " l "-----"

/* "hello, world" */
#define HELLO	"aGVsbG8sIHdvcmxk"

static const struct next_test {
	const char	*label;
	const char	*in;
	const char	*want;	/* "LABEL=body|", and how it ends: 0 or -1 */
} next_tests[] = {
	{ "one block", B("A") "\nxyz\n" E("A") "\n", "A=xyz\n|0" },
	{ "no last line end", B("A") "\nxyz\n" E("A"), "A=xyz\n|0" },
	{ "CR LF", B("A") "\r\nxyz\r\n" E("A") "\r\n", "A=\nxyz\r\n|0" },
	{ "CR", B("A") "\rxyz\r" E("A") "\r", "A=xyz\r|0" },
	{ "byte order mark", "\xef\xbb\xbf" B("A") "\nx\n" E("A"),
	    "A=x\n|0" },
	{ "text around and between", "a\n\n" B("A") "\nx\n" E("A") "\nb\n"
	    B("B C") "\ny\n" E("B C") "\nc", "A=x\n|B C=y\n|0" },
	{ "blanks around lines", "  " B("A") " \t\n  x\n \t" E("A") "  \n",
	    "A=  x\n \t|0" },
	{ "no body", B("A") "\n" E("A") "\n", "A=|0" },
	{ "empty label", B("") "\nx\n" E("") "\n", "=x\n|0" },
	{ "a dash in the label", B("X-Y") "\nx\n" E("X-Y") "\n",
	    "X-Y=x\n|0" },

	{ "nothing", "", "0" },
	{ "line ends", "\n\r\n\n", "0" },
	{ "text", "hello\n", "0" },
	{ "END alone", E("A") "\n", "0" },
	{ "BEGIN within a line", "x " B("A") "\nx\n" E("A") "\n", "0" },
	{ "four dashes", "----BEGIN A-----\nx\n----END A-----\n", "0" },
	{ "no dashes after", "-----BEGIN A\nx\n-----END A\n", "0" },
	{ "words after the dashes", B("A") " x\ny\n" E("A") "\n", "0" },
	{ "all in one line", B("A") "x" E("A") "\n", "0" },
	{ "lower case", "-----begin A-----\nx\n-----end A-----\n", "0" },
	{ "no END", B("A") "\nxyz\n", "A=-1" },
	{ "no body, no END", B("A"), "A=-1" },
	{ "END of another", B("A") "\nxyz\n" E("B") "\n", "A=-1" },
	{ "END of a longer one", B("A") "\nxyz\n" E("AB") "\n", "A=-1" },
	{ "BEGIN before the END", B("A") "\nx\n" B("B") "\ny\n" E("B") "\n"
	    E("A"), "A=-1" },
	{ "the second has no END", B("A") "\nx\n" E("A") "\n" B("B") "\ny",
	    "A=x\n|B=-1" },
};

static char *
walk(const char *in, size_t len)
{
	struct span text = { in, len };
	struct pem_block b;
	struct buf out = { 0 };
	int rv;

	while ((rv = pem_next(&text, &b)) == 1)
		buf_addf(&out, "%.*s=%.*s|", (int)b.label.len, b.label.data,
		    (int)b.body.len, b.body.data);
	if (rv == -1)
		buf_addf(&out, "%.*s=", (int)b.label.len, b.label.data);
	assert_int_equal(buf_addf(&out, "%d", rv), 0);
	assert_int_equal(buf_add(&out, "", 1), 0);
	return out.data;
}

static void
test_next(void **state)
{
	const struct next_test *t;
	size_t i, len, bad = 0;
	char *in, *got;

	(void)state;
	for (i = 0; i < sizeof(next_tests) / sizeof(next_tests[0]); i++) {
		t = &next_tests[i];
		len = strlen(t->in);
		in = malloc(len);		/* no NUL to run on to */
		assert_non_null(in);
		if (len > 0)
			memcpy(in, t->in, len);
		got = walk(in, len);
		if (strcmp(got, t->want) != 0) {
			print_error("next/%s: got \"%s\", want \"%s\"\n",
			    t->label, got, t->want);
			bad++;
		}
		free(got);
		free(in);
	}
	assert_int_equal(bad, 0);
}

/* However it is cut short, it is read to its end and no further. */
static void
test_prefixes(void **state)
{
	static const char all[] = "\xef\xbb\xbf" "a\r\n" B("A") "\r\nx\r\n"
	    E("A") "\r\n " B("B") "\ny\n" E("B");
	size_t len;
	char *in, *got;

	(void)state;
	for (len = 0; len < sizeof(all); len++) {
		in = malloc(len);
		assert_non_null(in);
		if (len > 0)
			memcpy(in, all, len);
		got = walk(in, len);
		assert_int_equal(strncmp(got, "A=\nx\r\n|B=y\n|0",
		    strcspn(got, "0-")), 0);
		free(got);
		free(in);
	}
}

static const struct decode_test {
	const char	*label;
	const char	*body;
	const char	*want;	/* NULL: not base64 */
} decode_tests[] = {
	{ "one line", HELLO "\n", "hello, world" },
	{ "no line end", HELLO, "hello, world" },
	{ "CR LF", HELLO "\r\n", "hello, world" },
	{ "one character a line", "a\nG\nV\ns\nb\nG\n8\n=\n", "hello" },
	{ "blanks", "  aGVs \t bG8=  \n", "hello" },
	{ "blank lines", "\n\naGVs\n\nbG8=\n\n", "hello" },
	{ "one pad", "aGVsbG8=", "hello" },
	{ "two pads", "aGVsbA==", "hell" },
	{ "nothing", "", "" },
	{ "a pad is missing", "aGVsbG8", NULL },
	{ "a character is missing", "aGVsbG", NULL },
	{ "an exclamation mark", "aGV!bG8=", NULL },
	{ "URL's alphabet", "aGV_bG8=", NULL },
	{ "data after the pad", "aGVsbA==aGVsbA==", NULL },
	{ "header fields", "Proc-Type: 4,ENCRYPTED\n\n" HELLO, NULL },
	{ "a dash at the end", HELLO "-", NULL },
	{ "a dash in a line of its own", HELLO "\n-\n", NULL },
	{ "not ASCII", "aGVs\xc3\xbc" "bG8=", NULL },
};

static void
test_decode(void **state)
{
	const struct decode_test *t;
	struct pem_block b = { .label = { NULL, 0 } };
	struct buf der = { 0 };
	size_t i, bad = 0;
	int rv;

	(void)state;
	for (i = 0; i < sizeof(decode_tests) / sizeof(decode_tests[0]); i++) {
		t = &decode_tests[i];
		b.body.data = t->body;
		b.body.len = strlen(t->body);
		rv = pem_decode(&b, &der);
		if (rv != (t->want != NULL) || (rv == 1 &&
		    (der.len != strlen(t->want) ||
		    memcmp(der.data, t->want, der.len) != 0))) {
			print_error("decode/%s: got %d, \"%.*s\", want %s\n",
			    t->label, rv, (int)der.len, der.data,
			    t->want == NULL ? "not base64" : t->want);
			bad++;
		}
		buf_clear(&der);
	}
	assert_int_equal(bad, 0);
}

/* Of every length up to three lines: what is written is read again. */
static void
test_round_trip(void **state)
{
	struct pem_block b;
	struct buf pem = { 0 }, der = { 0 };
	struct span text;
	char data[150];
	size_t len, i;

	(void)state;
	for (i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7);
	for (len = 1; len <= sizeof(data); len++) {
		assert_int_equal(pem_add(&pem, "A B", data, len), 0);
		text = buf_span(&pem);
		assert_int_equal(pem_next(&text, &b), 1);
		assert_int_equal(pem_decode(&b, &der), 1);
		assert_int_equal(der.len, len);
		assert_memory_equal(der.data, data, len);
		assert_int_equal(pem_next(&text, &b), 0);
		buf_reset(&pem);
		buf_reset(&der);
	}
	buf_clear(&der);
	buf_clear(&pem);
}

static void
test_lines(void **state)
{
	struct buf pem = { 0 };
	const char *want = B("A") "\n"
	    "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4"
	    "\neHg=\n" E("A") "\n";
	char data[50];

	(void)state;
	memset(data, 'x', sizeof(data));
	assert_int_equal(pem_add(&pem, "A", data, sizeof(data)), 0);
	assert_int_equal(pem.len, strlen(want));
	assert_memory_equal(pem.data, want, pem.len);
	buf_clear(&pem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
