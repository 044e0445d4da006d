#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "tls/cert.h"
#include "tls/pin.h"

#define OF_CERT		"sha256:"
#define OF_KEY		"sha256//"
#define SHOWN_MAX	100	/* bytes of a bad one in a message */

/* Two digits for each byte, and colons between bytes or none. */
static bool
read_hex(unsigned char *digest, const char *s)
{
	size_t i;
	int high, low;

	for (i = 0; i < PIN_LEN; i++) {
		if (i > 0 && *s == ':')
			s++;
		high = ascii_hex(s[0]);
		low = high == -1 ? -1 : ascii_hex(s[1]);
		if (low == -1)
			return false;
		digest[i] = (unsigned char)(high << 4 | low);
		s += 2;
	}
	return *s == '\0';
}

static bool
read_base64(unsigned char *digest, const char *s)
{
	char bytes[BASE64_DECODED_MAX(BASE64_ENCODED_MAX(PIN_LEN))];
	struct span text = { s, strlen(s) };
	size_t len;

	if (text.len != BASE64_ENCODED_MAX(PIN_LEN) ||
	    base64_decode(bytes, text, false, &len) == -1 ||
	    len != PIN_LEN)
		return false;
	memcpy(digest, bytes, PIN_LEN);
	return true;
}

int
pin_parse(struct pin *pin, const char *text, struct error *err)
{
	pin->is_key = strncasecmp(text, OF_KEY, strlen(OF_KEY)) == 0;
	if (pin->is_key ?
	    read_base64(pin->digest, text + strlen(OF_KEY)) :
	    strncasecmp(text, OF_CERT, strlen(OF_CERT)) == 0 &&
	    read_hex(pin->digest, text + strlen(OF_CERT)))
		return 0;
	error_setx(err, ERR_USAGE, "value", "option 'pin' has no pin: '%.*s'",
	    SHOWN_MAX, text);
	return error_hint(err, "a pin is \"sha256:\" and the 64 hexadecimal "
	    "digits of a certificate's SHA-256, or \"sha256//\" and the 44 "
	    "base64 characters of its public key's");
}

bool
pin_matches(const struct pin *pin, const struct cert *cert)
{
	unsigned char digest[PIN_LEN];

	return (pin->is_key ? cert_key_sha256(cert, digest) :
	    cert_sha256(cert, digest)) == 0 &&
	    memcmp(digest, pin->digest, PIN_LEN) == 0;
}

int
pin_of_key(const struct cert *cert, struct buf *b)
{
	unsigned char digest[PIN_LEN];
	char text[BASE64_ENCODED_MAX(PIN_LEN)];
	struct span s = { (const char *)digest, PIN_LEN };

	if (cert_key_sha256(cert, digest) == -1)
		return -1;
	(void)base64_encode(text, s, false);
	return buf_addf(b, OF_KEY "%.*s", (int)sizeof(text), text);
}
