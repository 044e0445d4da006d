/*
 * tls/pin: the two forms of a pin, and what comes close to one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "certs.h"
#include "tls/cert.h"
#include "tls/pin.h"

#define HEX	"000102030405060708090a0b0c0d0e0f" \
		"101112131415161718191a1b1c1d1e1f"
#define COLONS	"00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:" \
		"10:11:12:13:14:15:16:17:18:19:1a:1b:1c:1d:1e:1f"
#define BASE64	"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static const struct parse_test {
	const char	*label;
	const char	*in;
	bool		 good;
	bool		 is_key;
} parse_tests[] = {
	{ "certificate", "sha256:" HEX, true, false },
	{ "colons", "sha256:" COLONS, true, false },
	{ "capitals", "SHA256:000102030405060708090A0B0C0D0E0F"
	    "101112131415161718191A1B1C1D1E1F", true, false },
	{ "some colons", "sha256:00:0102030405060708090a0b0c0d0e0f"
	    "101112131415161718191a1b1c1d1e1f", true, false },
	{ "key", "sha256//" BASE64, true, true },
	{ "key, capital word", "SHA256//" BASE64, true, true },

	{ "nothing", "", false, false },
	{ "a word", "sha256", false, false },
	{ "no digits", "sha256:", false, false },
	{ "no base64", "sha256//", false, true },
	{ "one slash", "sha256/" BASE64, false, false },
	{ "other word", "sha512:" HEX, false, false },
	{ "digits alone", HEX, false, false },
	{ "half a byte", "sha256:0", false, false },
	{ "a digit short", "sha256:" "0102030405060708090a0b0c0d0e0f"
	    "101112131415161718191a1b1c1d1e1f0", false, false },
	{ "a byte more", "sha256:" HEX "00", false, false },
	{ "colon first", "sha256::" HEX, false, false },
	{ "colon last", "sha256:" HEX ":", false, false },
	{ "colon in a byte", "sha256:0:00102030405060708090a0b0c0d0e0f"
	    "101112131415161718191a1b1c1d1e1", false, false },
	{ "two colons", "sha256:00::0102030405060708090a0b0c0d0e0f"
	    "101112131415161718191a1b1c1d1e1f", false, false },
	{ "no digit", "sha256:g00102030405060708090a0b0c0d0e0f"
	    "101112131415161718191a1b1c1d1e1f", false, false },
	{ "blank after", "sha256:" HEX " ", false, false },
	{ "31 bytes", "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
	    false, true },
	{ "33 bytes", "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g",
	    false, true },
	{ "no padding", "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
	    false, true },
	{ "for URLs", "sha256//__ECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
	    false, true },
	{ "base64 and more", "sha256//" BASE64 ";", false, true },
	{ "line end", "sha256//" BASE64 "\n", false, true },
	{ "stray bits", "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=",
	    false, true },
};

static bool
check_parse(const struct parse_test *row)
{
	struct error err = { 0 };
	struct pin pin;
	size_t i;
	bool good = pin_parse(&pin, row->in, &err) == 0;

	for (i = 0; good && i < PIN_LEN; i++)
		good = pin.digest[i] == i && pin.is_key == row->is_key;
	if (good == row->good && (good || (err.kind == ERR_USAGE &&
	    strcmp(err.code, "value") == 0 && err.hint[0] != '\0')))
		return true;
	print_error("parse/%s: got %d \"%s\", want %d\n", row->label, good,
	    err.message, row->good);
	return false;
}

static void
test_parse(void **state)
{
	char long_one[2000] = "sha256:";
	struct error err;
	struct pin pin;
	size_t i, bad = 0;

	(void)state;
	for (i = 0; i < sizeof(parse_tests) / sizeof(parse_tests[0]); i++)
		bad += !check_parse(&parse_tests[i]);
	assert_int_equal(bad, 0);

	/* Only the beginning of what is no pin is repeated. */
	memset(long_one + 7, 'x', sizeof(long_one) - 8);
	assert_int_equal(pin_parse(&pin, long_one, &err), -1);
	assert_in_range(strlen(err.message), 100, 200);
}

static const struct key_test {
	const char	*label;
	int		 curve, bits;
} key_tests[] = {
	{ "P-256", NID_X9_62_prime256v1, 0 },
	{ "P-384", NID_secp384r1, 0 },
	{ "RSA", 0, 2048 },
};

/* The digest that libcrypto makes of what it parsed itself. */
static void
set_pin(struct pin *pin, bool is_key, X509 *x)
{
	unsigned char *der = NULL;
	int len = is_key ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der) :
	    i2d_X509(x, &der);

	pin->is_key = is_key;
	assert_int_equal(EVP_Digest(der, (size_t)len, pin->digest, NULL,
	    EVP_sha256(), NULL), 1);
	OPENSSL_free(der);
}

static bool
check_match(const struct cert *c, X509 *x, bool is_key)
{
	struct pin pin;
	size_t i;
	bool good;

	set_pin(&pin, is_key, x);
	good = pin_matches(&pin, c);
	pin.is_key = !is_key;
	good = good && !pin_matches(&pin, c);
	pin.is_key = is_key;
	for (i = 0; i < PIN_LEN; i++) {		/* every byte counts */
		pin.digest[i] ^= 1;
		good = good && !pin_matches(&pin, c);
		pin.digest[i] ^= 1;
	}
	return good;
}

/* What pin_of_key writes is a pin that matches. */
static bool
check_own(const struct cert *c)
{
	struct buf b = { 0 };
	struct error err;
	struct pin pin;
	bool good;

	good = pin_of_key(c, &b) == 0 && buf_add(&b, "", 1) == 0 &&
	    pin_parse(&pin, b.data, &err) == 0 && pin.is_key &&
	    pin_matches(&pin, c);
	buf_clear(&b);
	return good;
}

static void
test_match(void **state)
{
	size_t i, bad = 0;

	(void)state;
	for (i = 0; i < sizeof(key_tests) / sizeof(key_tests[0]); i++) {
		EVP_PKEY *key = certs_key(key_tests[i].curve,
		    key_tests[i].bits);
		struct certs_spec spec = { .cn = "x", .key = key, .days = 9 };
		X509 *x = certs_new(&spec);
		char *pem = certs_pem(x);
		struct cert *c = cert_parse((uint8_t *)pem, strlen(pem));

		if (!check_match(c, x, false) || !check_match(c, x, true) ||
		    !check_own(c)) {
			print_error("match/%s: got no match, or a wrong one\n",
			    key_tests[i].label);
			bad++;
		}
		cert_free(c);
		free(pem);
		X509_free(x);
		EVP_PKEY_free(key);
	}
	assert_int_equal(bad, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
