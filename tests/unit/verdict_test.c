/*
 * tls/verdict: every string that libtls was seen to say, LibreTLS's (T) and
 * LibreSSL's (S), and every reason either library has for refusing a
 * certificate.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <strings.h>
#include <time.h>

#include <openssl/x509.h>

#include "tls/verdict.h"

#define V	"certificate verification failed: "
#define H	"handshake failed: "
#define R	"read failed: "
#define T	"error:0A000126:SSL routines::"
#define S	"error:1400442E:SSL routines:CONNECT_CR_SRVR_HELLO:"
#define S_OK	"error:1404C45C:SSL routines:ST_OK:"
#define S_SYS	"error:02FFF068:system library:func(4095):"

static const struct words_test {
	const char	*label;
	const char	*words;
	const char	*code;
	const char	*message;
} verify_tests[] = {
	{ "expired", V "certificate has expired", "expired",
	    "certificate has expired" },
	{ "not yet valid", V "certificate is not yet valid", "not-yet-valid",
	    "certificate is not yet valid" },
	{ "self-signed, T", V "self-signed certificate", "self-signed",
	    "self-signed certificate" },
	{ "self-signed, S", V "self signed certificate", "self-signed",
	    "self signed certificate" },
	{ "self-signed as its own CA, S",
	    V "Unspecified certificate verification error", "other",
	    "Unspecified certificate verification error" },
	{ "unknown root", V "unable to get local issuer certificate",
	    "unknown-issuer", "unable to get local issuer certificate" },
	{ "only the intermediate trusted, T",
	    V "unable to get issuer certificate", "unknown-issuer",
	    "unable to get issuer certificate" },
	{ "unknown root sent, T",
	    V "self-signed certificate in certificate chain",
	    "unknown-issuer",
	    "self-signed certificate in certificate chain" },
	{ "unknown root sent, S",
	    V "self signed certificate in certificate chain",
	    "unknown-issuer",
	    "self signed certificate in certificate chain" },
	{ "first certificate", V "unable to verify the first certificate",
	    "incomplete-chain", "unable to verify the first certificate" },
	{ "name", "name 'localhost' not present in server certificate",
	    "name-mismatch",
	    "name 'localhost' not present in server certificate" },
	{ "name, quoted otherwise",
	    "name `localhost' not present in server certificate",
	    "name-mismatch", NULL },
	{ "IPv4", "name '127.0.0.1' not present in server certificate",
	    "name-mismatch", NULL },
	{ "no name", "name '' not present in server certificate",
	    "name-mismatch", NULL },
	{ "a name like other words",
	    "name 'crl-ocsp-alert-expired' not present in server certificate",
	    "name-mismatch", NULL },
	{ "two common names, S", "localhost error getting common name: "
	    "Certificate subject contains multiple Common Name fields, "
	    "probably a malicious or malformed certificate",
	    "name-mismatch", NULL },
	{ "NUL", "error verifying name 'localhost': NUL byte in "
	    "subjectAltName, probably a malicious certificate",
	    "name-mismatch", NULL },
	{ "malformed name, S", V "unsupported or invalid name syntax",
	    "name-mismatch", "unsupported or invalid name syntax" },
	{ "revoked", V "certificate revoked", "revoked",
	    "certificate revoked" },
	{ "CRL missing", V "unable to get certificate CRL", "crl-missing",
	    "unable to get certificate CRL" },
	{ "CRL expired", V "CRL has expired", "crl-missing",
	    "CRL has expired" },
	{ "OCSP absent", "no stapled OCSP response provided", "ocsp",
	    "no stapled OCSP response provided" },
	{ "OCSP revoked", "ocsp verify failed: revoked cert - keyCompromise",
	    "revoked", "ocsp verify failed: revoked cert - keyCompromise" },
	{ "OCSP without a URL", "no OCSP URLs in peer certificate", "ocsp",
	    "no OCSP URLs in peer certificate" },
	{ "OCSP, wrong signer", "ocsp verify failed", "ocsp",
	    "ocsp verify failed" },
	{ "OCSP, another certificate",
	    "ocsp verify failed: no result for cert", "ocsp", NULL },
	{ "OCSP, responder's refusal",
	    "ocsp verify failed: response - tryLater", "ocsp", NULL },
	{ "OCSP, out of date",
	    "ocsp verify failed: ocsp response not current", "ocsp", NULL },
	{ "OCSP, garbage", "unable to parse OCSP response", "ocsp", NULL },
	{ "OCSP, time", "unable to parse next update time in OCSP reply",
	    "ocsp", NULL },
	{ "OCSP, no certificate", "no peer certificate for OCSP", "ocsp",
	    NULL },
	{ "permitted names", V "permitted subtree violation", "bad-ca",
	    "permitted subtree violation" },
	{ "excluded names", V "excluded subtree violation", "bad-ca",
	    "excluded subtree violation" },
	{ "not a CA", V "invalid CA certificate", "bad-ca",
	    "invalid CA certificate" },
	{ "path length", V "path length constraint exceeded", "bad-ca",
	    "path length constraint exceeded" },
	{ "too long a chain, T", V "certificate chain too long", "other",
	    "certificate chain too long" },
	{ "purpose, T", V "unsuitable certificate purpose", "bad-purpose",
	    "unsuitable certificate purpose" },
	{ "purpose, S", V "unsupported certificate purpose", "bad-purpose",
	    "unsupported certificate purpose" },
	{ "critical extension", V "unhandled critical extension", "other",
	    "unhandled critical extension" },
	{ "weak leaf", V "EE certificate key too weak", "weak",
	    "EE certificate key too weak" },
	{ "weak CA", V "CA certificate key too weak", "weak",
	    "CA certificate key too weak" },
	{ "weak digest", V "CA signature digest algorithm too weak", "weak",
	    "CA signature digest algorithm too weak" },
	{ "too many names, S", V "out of memory", "other", "out of memory" },
	{ "words yet to be invented", V "the moon is full", "other",
	    "the moon is full" },
	{ "OpenSSL's own", H "error:0A000086:SSL routines::certificate "
	    "verify failed", "other", "certificate verify failed" },
};

static const struct verdict_facts in_handshake = { .handshake = true };
static const struct verdict_facts after = { .handshake = false };

static bool
check(const char *table, const char *label, const char *words,
    const struct verdict_facts *facts, const char *want, const char *message)
{
	struct error err;
	char got[64];

	memset(&err, 0xa5, sizeof(err));
	assert_int_equal(verdict(&err, words, facts), -1);
	snprintf(got, sizeof(got), "%s/%s", error_kind_name(err.kind),
	    err.code);
	if (strcmp(got, want) == 0 && err.phase == PHASE_NONE &&
	    err.message[0] != '\0' &&
	    (message == NULL || strcmp(err.message, message) == 0))
		return true;
	print_error("%s/%s: got %s \"%s\", want %s \"%s\"\n", table, label,
	    got, err.message, want, message == NULL ? "" : message);
	return false;
}

static void
test_verify(void **state)
{
	/* An alert that cannot be sent any more takes nothing back. */
	static const struct verdict_facts broken = { .handshake = true,
	    .io_errno = EPIPE, .eof = true };
	const struct words_test *t;
	char want[64];
	size_t i, bad = 0;

	(void)state;
	for (i = 0; i < sizeof(verify_tests) / sizeof(verify_tests[0]); i++) {
		t = &verify_tests[i];
		snprintf(want, sizeof(want), "verify/%s", t->code);
		bad += !check("verify", t->label, t->words, &in_handshake,
		    want, t->message);
		bad += !check("verify, broken", t->label, t->words, &broken,
		    want, t->message);
	}
	assert_int_equal(bad, 0);
}

/* In the handshake, or after it where the label says "read". */
static const struct tls_test {
	const char	*label;
	const char	*words;
	const char	*want;
	const char	*message;
} tls_tests[] = {
	{ "certificate wanted 1.2, T", H T "sslv3 alert handshake failure",
	    "tls/cipher", "sslv3 alert handshake failure" },
	{ "certificate wanted 1.2, S", H "error:1401E410:SSL routines:"
	    "CONNECT_CR_FINISHED:sslv3 alert handshake failure",
	    "tls/cipher", "sslv3 alert handshake failure" },
	{ "certificate unknown to it 1.2, T", H T "tlsv1 alert unknown ca",
	    "tls/client-cert", "tlsv1 alert unknown ca" },
	{ "certificate unknown to it 1.2, S", H "error:1401E418:SSL routines:"
	    "CONNECT_CR_FINISHED:tlsv1 alert unknown ca", "tls/client-cert",
	    "tlsv1 alert unknown ca" },
	{ "version, T", H T "tlsv1 alert protocol version", "tls/version",
	    "tlsv1 alert protocol version" },
	{ "version, S", H S "tlsv1 alert protocol version", "tls/version",
	    "tlsv1 alert protocol version" },
	{ "TLS 1.0, T", H "error:0A00014D:SSL routines::legacy sigalg "
	    "disallowed or unsupported", "tls/version",
	    "legacy sigalg disallowed or unsupported" },
	{ "TLS 1.0, S", H "error:1404E0BF:SSL routines:ST_BEFORE_CONNECT:"
	    "no protocols available", "tls/version",
	    "no protocols available" },
	/* Others that either library has words for. */
	{ "unobtainable", H T "tlsv1 certificate unobtainable",
	    "tls/alert", "tlsv1 certificate unobtainable" },
	{ "bad alert record", H T "bad alert record",
	    "tls/other", "bad alert record" },
	{ "wrong ssl version", H T "wrong ssl version",
	    "tls/version", "wrong ssl version" },
	{ "unknown protocol", H T "unknown protocol",
	    "tls/version", "unknown protocol" },
	{ "bad protocol version number", H T "bad protocol version number",
	    "tls/version", "bad protocol version number" },
	{ "version too low", H T "version too low",
	    "tls/version", "version too low" },
	{ "version too high", H T "version too high",
	    "tls/version", "version too high" },
	{ "no shared cipher", H T "no shared cipher",
	    "tls/cipher", "no shared cipher" },
	{ "no suitable key share", H T "no suitable key share",
	    "tls/cipher", "no suitable key share" },
	{ "wrong cipher returned", H T "wrong cipher returned",
	    "tls/cipher", "wrong cipher returned" },
	{ "unknown cipher returned", H T "unknown cipher returned",
	    "tls/cipher", "unknown cipher returned" },
	{ "wrong curve", H T "wrong curve",
	    "tls/cipher", "wrong curve" },
	{ "bad ecpoint", H T "bad ecpoint",
	    "tls/cipher", "bad ecpoint" },
	{ "unsupported elliptic curve", H T "unsupported elliptic curve",
	    "tls/cipher", "unsupported elliptic curve" },
	{ "no cipher match", "no cipher match", "tls/config",
	    "no cipher match" },
	{ "dhe param", "invalid dhe param: legacy", "tls/config",
	    "invalid dhe param: legacy" },
	{ "verify locations", "ssl verify locations failure: x", "tls/config",
	    "ssl verify locations failure: x" },
	{ "ssl context failure", "ssl context failure", "tls/config",
	    "ssl context failure" },
	{ "ca too long", "ca too long", "tls/config",
	    "ca too long" },
	{ "crl too long", "crl too long", "tls/config",
	    "crl too long" },
	{ "cert too long", "cert too long", "tls/config",
	    "cert too long" },
	{ "key too long", "key too long", "tls/config",
	    "key too long" },
	{ "server chose 1.1", H T "unsupported protocol", "tls/version",
	    "unsupported protocol" },
	{ "no common cipher, S", H S "sslv3 alert handshake failure",
	    "tls/cipher", "sslv3 alert handshake failure" },
	{ "handshake failure, OpenSSL 3.2 on",
	    H T "ssl/tls alert handshake failure", "tls/cipher",
	    "ssl/tls alert handshake failure" },
	{ "insufficient security", H T "tlsv1 alert insufficient security",
	    "tls/cipher", NULL },
	{ "small Diffie-Hellman", H T "dh key too small", "tls/cipher",
	    "dh key too small" },
	{ "key share", H T "bad key share", "tls/cipher", NULL },
	{ "signature", H T "wrong signature type", "tls/cipher", NULL },
	{ "renegotiation", H T "unsafe legacy renegotiation disabled",
	    "tls/other", "unsafe legacy renegotiation disabled" },
	{ "over-long record, T", H "error:0A0000C6:SSL routines::packet "
	    "length too long", "tls/other", "packet length too long" },
	{ "over-long record, S", H "error:140043FE:SSL routines:"
	    "CONNECT_CR_SRVR_HELLO:tlsv1 alert record overflow", "tls/other",
	    "tlsv1 alert record overflow" },

	{ "unrecognized name, T", H T "tlsv1 unrecognized name", "tls/alert",
	    "tlsv1 unrecognized name" },
	{ "unrecognized name, S", H S "tlsv1 unrecognized name", "tls/alert",
	    "tlsv1 unrecognized name" },
	{ "internal error, T", H T "tlsv1 alert internal error", "tls/alert",
	    "tlsv1 alert internal error" },
	{ "internal error, S", H S "tlsv1 alert internal error", "tls/alert",
	    "tlsv1 alert internal error" },
	{ "illegal parameter, T", H T "sslv3 alert illegal parameter",
	    "tls/alert", "sslv3 alert illegal parameter" },
	{ "illegal parameter, S", H S "sslv3 alert illegal parameter",
	    "tls/alert", "sslv3 alert illegal parameter" },
	{ "no application protocol, T",
	    H T "tlsv1 alert no application protocol", "tls/alert",
	    "tlsv1 alert no application protocol" },
	{ "no application protocol, S",
	    H S "tlsv1 alert no application protocol", "tls/alert",
	    "tlsv1 alert no application protocol" },
	{ "certificate required, T", H T "tlsv13 alert certificate required",
	    "tls/client-cert", "tlsv13 alert certificate required" },
	{ "certificate required, S", H S "tlsv13 alert certificate required",
	    "tls/client-cert", "tlsv13 alert certificate required" },
	{ "inappropriate fallback, T",
	    H T "tlsv1 alert inappropriate fallback", "tls/alert",
	    "tlsv1 alert inappropriate fallback" },
	{ "inappropriate fallback, S",
	    H S "tlsv1 alert inappropriate fallback", "tls/alert",
	    "tlsv1 alert inappropriate fallback" },
	{ "access denied, T", H T "tlsv1 alert access denied", "tls/alert",
	    "tlsv1 alert access denied" },
	{ "access denied, S", H S "tlsv1 alert access denied", "tls/alert",
	    "tlsv1 alert access denied" },
	{ "bad certificate", H T "sslv3 alert bad certificate",
	    "tls/client-cert", NULL },
	{ "unsupported certificate", H T "sslv3 alert unsupported certificate",
	    "tls/client-cert", NULL },
	{ "certificate expired", H T "sslv3 alert certificate expired",
	    "tls/client-cert", NULL },
	{ "certificate revoked", H T "sslv3 alert certificate revoked",
	    "tls/client-cert", NULL },
	{ "certificate unknown", H T "sslv3 alert certificate unknown",
	    "tls/client-cert", NULL },
	{ "missing extension", H T "tlsv13 alert missing extension",
	    "tls/alert", NULL },
	{ "unsupported extension", H T "tlsv1 unsupported extension",
	    "tls/alert", NULL },
	{ "bad certificate status", H T "tlsv1 bad certificate status "
	    "response", "tls/alert", NULL },
	{ "no alert at all", H T "unknown alert type", "tls/other", NULL },

	{ "closed, T", H T "unexpected eof while reading", "tls/closed",
	    "the server closed the connection in the TLS handshake" },
	{ "closed, S", H "unexpected EOF", "tls/closed",
	    "the server closed the connection in the TLS handshake" },
	{ "reset, T", H "Connection reset by peer", "tls/closed",
	    "the server reset the connection in the TLS handshake" },
	{ "reset, S", H S_SYS "Connection reset by peer", "tls/closed",
	    "the server reset the connection in the TLS handshake" },
	{ "broken pipe", H "Broken pipe", "tls/closed", NULL },
	{ "closing too early, T", "shutdown failed: error:0A000197:"
	    "SSL routines::shutdown while in init", "tls/closed", NULL },
	{ "returned 0", NULL, "tls/closed",
	    "the server closed the connection in the TLS handshake" },
	{ "wrong version in a TLS record", H T "wrong version number",
	    "tls/version", "wrong version number" },
	{ "words yet to be invented", H T "the moon is full", "tls/other",
	    "the moon is full" },
	{ "no reason", H "unknown error", "tls/other", "unknown error" },
	{ "not quite an error code", H "error: x", "tls/other", "error: x" },
	{ "cut short", H "error:0A000126:SSL", "tls/other",
	    "error:0A000126:SSL" },

	{ "certificate required, read, T",
	    R "error:0A00045C:SSL routines::tlsv13 alert certificate required",
	    "tls/client-cert", "tlsv13 alert certificate required" },
	{ "certificate required, read, S",
	    R S_OK "tlsv13 alert certificate required", "tls/client-cert",
	    "tlsv13 alert certificate required" },
	{ "unknown to it, read, T", R T "tlsv1 alert unknown ca",
	    "tls/client-cert", "tlsv1 alert unknown ca" },
	{ "unknown to it, read, S", R S_OK "tlsv1 alert unknown ca",
	    "tls/client-cert", "tlsv1 alert unknown ca" },
	{ "handshake failure, read", R T "sslv3 alert handshake failure",
	    "tls/alert", "sslv3 alert handshake failure" },
	{ "internal error, write", "write failed: " T
	    "tlsv1 alert internal error, read", "tls/alert", NULL },
	{ "truncated, read, T", R T "unexpected eof while reading",
	    "tls/truncated", "the server ended the connection without "
	    "close_notify: something may be missing" },
	{ "truncated, read, S", "EOF without close notify", "tls/truncated",
	    "the server ended the connection without close_notify: "
	    "something may be missing" },
	{ "reset, read, T", R "Connection reset by peer", "connect/reset",
	    "connection reset by peer" },
	{ "reset, read, S", R S_SYS "Connection reset by peer",
	    "connect/reset", "connection reset by peer" },
	{ "forged record 1.3, read, T", R "error:0A000119:SSL routines::"
	    "decryption failed or bad record mac", "tls/other",
	    "decryption failed or bad record mac" },
	{ "forged record 1.2, read, T", R "error:1C800066:Provider routines::"
	    "cipher operation failed", "tls/other",
	    "cipher operation failed" },
	{ "forged record, read, S", R "error:06FFF064:digital envelope "
	    "routines:CRYPTO_internal:bad decrypt", "tls/other",
	    "bad decrypt" },

	{ "CRL file missing", "failed to open CRL file '/nonexistent.pem': "
	    "No such file or directory", "tls/config", "failed to open CRL "
	    "file '/nonexistent.pem': No such file or directory" },
	{ "cipher string", "no ciphers for 'NOSUCH'", "tls/config",
	    "no ciphers for 'NOSUCH'" },
	{ "curve", "invalid ecdhe curve 'NOSUCH'", "tls/config",
	    "invalid ecdhe curve 'NOSUCH'" },
	{ "CA file missing", "failed to open CA file '/nonexistent.pem': No "
	    "such file or directory", "tls/config", NULL },
	{ "CA file a directory", "failed to read CA file '/etc/ssl': Is a "
	    "directory", "tls/config", NULL },
	{ "CA no PEM", "ssl verify memory setup failure", "tls/config",
	    "ssl verify memory setup failure" },
	{ "key of another", "failed to load private key", "tls/config",
	    NULL },
	{ "key encrypted", "failed to read private key", "tls/config", NULL },
	{ "certificate without key", "private/public key mismatch",
	    "tls/config", NULL },
	{ "certificate file a key, T", "failed to load certificate: "
	    "error:0480006C:PEM routines::no start line: Success",
	    "tls/config", NULL },
	{ "certificate file a key, S", "failed to load certificate: "
	    "error:09FFF06C:PEM routines:CRYPTO_internal:no start line",
	    "tls/config", NULL },
	{ "server name", "server name indication failure", "tls/config",
	    NULL },
	{ "no server name", "server name not specified", "tls/config", NULL },
	{ "ALPN", "alpn protocol too long", "tls/config", NULL },
	{ "session file", "session file has incorrect permissions "
	    "(644 != 600)", "tls/config", NULL },
	{ "memory", "out of memory", "io/ENOMEM", "out of memory" },
	{ "memory, OpenSSL", H T "malloc failure", "io/ENOMEM", NULL },
};

static void
test_tls(void **state)
{
	const struct tls_test *t;
	size_t i, bad = 0;

	(void)state;
	for (i = 0; i < sizeof(tls_tests) / sizeof(tls_tests[0]); i++) {
		t = &tls_tests[i];
		bad += !check("tls", t->label, t->words,
		    strstr(t->label, ", read") != NULL ||
		    strstr(t->label, ", write") != NULL ? &after :
		    &in_handshake, t->want, t->message);
	}
	assert_int_equal(bad, 0);
}

#define T_NOT	H "error:0A00010B:SSL routines::wrong version number"
#define S_NOT	H S "tlsv1 alert protocol version"
#define EOF_T	R T "unexpected eof while reading"

static const struct facts_test {
	const char	*label;
	const char	*words;
	struct verdict_facts facts;	/* first as a string */
	const char	*first;
	const char	*want;
	const char	*message;
} facts_tests[] = {
	{ "HTTP, T", T_NOT, { .handshake = true }, "HTTP/", "tls/not-tls",
	    "the server answers in plain HTTP, not TLS" },
	{ "HTTP, S", S_NOT, { .handshake = true }, "HTTP/", "tls/not-tls",
	    "the server answers in plain HTTP, not TLS" },
	{ "SSH, T", T_NOT, { .handshake = true }, "SSH-2", "tls/not-tls",
	    "the server is an SSH server: it does not speak TLS" },
	{ "SSH, S", S_NOT, { .handshake = true }, "SSH-2", "tls/not-tls",
	    "the server is an SSH server: it does not speak TLS" },
	{ "SMTP, T", T_NOT, { .handshake = true }, "220 m", "tls/not-tls",
	    "the server is a mail or FTP server that does not begin with "
	    "TLS" },
	{ "SMTP, S", S_NOT, { .handshake = true }, "220-m", "tls/not-tls",
	    NULL },
	{ "IMAP", S_NOT, { .handshake = true }, "* OK ", "tls/not-tls",
	    NULL },
	{ "POP3", S_NOT, { .handshake = true }, "+OK d", "tls/not-tls",
	    NULL },
	{ "garbage, T", T_NOT, { .handshake = true }, "abcde",
	    "tls/not-tls", "what the server sends is not TLS" },
	{ "garbage, S", S_NOT, { .handshake = true }, "\xff\xfe\xfd\xfc\xfb",
	    "tls/not-tls", "what the server sends is not TLS" },
	{ "a TLS type, no TLS version", S_NOT, { .handshake = true },
	    "\x16\x02\x03\x03\x03", "tls/not-tls", NULL },
	{ "one byte and the end", H "unexpected EOF", { .handshake = true,
	    .eof = true }, "H", "tls/not-tls", NULL },
	{ "then reset", H T "unexpected eof while reading",
	    { .handshake = true, .io_errno = ECONNRESET }, "HTTP/",
	    "tls/not-tls", NULL },
	{ "a TLS alert", S_NOT, { .handshake = true },
	    "\x15\x03\x03\x01\x02", "tls/version", NULL },
	{ "no handshake but an alert", H T "sslv3 alert handshake failure",
	    { .handshake = true }, "\x15\x03\x03\x01\x02", "tls/cipher",
	    NULL },
	{ "an alert after the handshake had begun",
	    H T "sslv3 alert handshake failure", { .handshake = true },
	    "\x16\x03\x03\x01\x02", "tls/client-cert", NULL },
	{ "the same, S", H "error:1401E410:SSL routines:CONNECT_CR_FINISHED:"
	    "sslv3 alert handshake failure", { .handshake = true },
	    "\x16\x03\x03\x01\x02", "tls/client-cert", NULL },
	{ "the same alert later", R T "sslv3 alert handshake failure", { 0 },
	    "\x16\x03\x03\x01\x02", "tls/alert", NULL },
	{ "another reason after it had begun", H T "dh key too small",
	    { .handshake = true }, "\x16\x03\x03\x01\x02", "tls/cipher",
	    NULL },
	{ "one byte of TLS", H "unexpected EOF", { .handshake = true,
	    .eof = true }, "\x16", "tls/closed", NULL },
	{ "later, the first bytes do not count", R "bad record", { 0 },
	    "HTTP/", "tls/other", "bad record" },

	/* LibreTLS says "unexpected eof" of any failure to read. */
	{ "reset in the handshake", H T "unexpected eof while reading",
	    { .handshake = true, .io_errno = ECONNRESET }, "",
	    "tls/closed", "the server reset the connection in the TLS "
	    "handshake" },
	{ "broken pipe in the handshake", H "Broken pipe",
	    { .handshake = true, .io_errno = EPIPE }, "", "tls/closed",
	    NULL },
	{ "reset later", EOF_T, { .io_errno = ECONNRESET }, "",
	    "connect/reset", "connection reset by peer" },
	{ "broken pipe later", "write failed: Broken pipe",
	    { .io_errno = EPIPE }, "", "connect/reset", NULL },
	{ "no route", EOF_T, { .io_errno = EHOSTUNREACH }, "",
	    "connect/unreachable", NULL },
	{ "network down in the handshake", H T "unexpected eof while reading",
	    { .handshake = true, .io_errno = ENETDOWN }, "",
	    "connect/unreachable", NULL },
	{ "timed out by the kernel", EOF_T, { .io_errno = ETIMEDOUT }, "",
	    "connect/other", NULL },
	{ "timed out, S", R S_SYS "Connection timed out",
	    { .io_errno = ETIMEDOUT }, "", "connect/other", NULL },
	{ "errno without words", NULL, { .io_errno = ECONNRESET }, "",
	    "connect/reset", NULL },
	{ "an alert, then a broken pipe", H T "tlsv1 alert unknown ca",
	    { .handshake = true, .io_errno = EPIPE }, "",
	    "tls/client-cert", NULL },
	{ "a reason, then a broken pipe", H T "dh key too small",
	    { .handshake = true, .io_errno = EPIPE, .eof = true }, "",
	    "tls/cipher", NULL },
	{ "a reason unheard of, and the end", H T "packet length too long",
	    { .handshake = true, .eof = true }, "", "tls/other",
	    "packet length too long" },
	{ "the end, no words, later", NULL, { .eof = true }, "",
	    "tls/truncated", NULL },
	{ "the end, no words", NULL, { .handshake = true, .eof = true }, "",
	    "tls/closed", NULL },
	{ "nothing known, later", NULL, { 0 }, "", "tls/other", NULL },
};

static void
test_facts(void **state)
{
	const struct facts_test *t;
	struct verdict_facts facts;
	unsigned char *first;
	size_t i, bad = 0;

	(void)state;
	for (i = 0; i < sizeof(facts_tests) / sizeof(facts_tests[0]); i++) {
		t = &facts_tests[i];
		facts = t->facts;
		facts.first_len = strlen(t->first);
		first = malloc(facts.first_len);
		assert_non_null(first);
		if (facts.first_len > 0)
			memcpy(first, t->first, facts.first_len);
		facts.first = first;
		bad += !check("facts", t->label, t->words, &facts, t->want,
		    t->message);
		free(first);
	}
	assert_int_equal(bad, 0);
}

/*
 * The reasons for which "other" is right: a malformed certificate, a policy
 * that nobody here asked for, a fault of the program.
 */
static const char *const other_reasons[] = {
	"unspecified certificate verification error",
	"unknown certificate verification error",
	"format error in certificate's notBefore field",
	"format error in certificate's notAfter field",
	"out of memory",
	"certificate chain too long",
	"unhandled critical extension",
	"invalid or inconsistent certificate extension",
	"invalid or inconsistent certificate policy extension",
	"no explicit policy",
	"unsupported extension feature",
	"application verification failure",
	"no matching DANE TLSA records",
	"invalid certificate verification context",
	"Certificate Transparency required, but no valid SCTs found",
	"Cannot find certificate signature algorithm",
	"subject signature algorithm and issuer public key algorithm mismatch",
	"cert info signature and signature algorithm mismatch",
	/* X509_V_FLAG_X509_STRICT's */
	"Issuer name empty",
	"Subject name empty",
	"Missing Authority Key Identifier",
	"Missing Subject Key Identifier",
	"Empty Subject Alternative Name extension",
	"Subject empty and Subject Alt Name extension not critical",
	"Authority Key Identifier marked critical",
	"Subject Key Identifier marked critical",
	"Using cert extension requires at least X509v3",
};

static bool
may_be_other(const char *reason)
{
	size_t i;

	for (i = 0; i < sizeof(other_reasons) / sizeof(other_reasons[0]); i++)
		if (strcasecmp(other_reasons[i], reason) == 0)
			return true;
	return false;
}

/* Whatever this library's verifier can say has its code. */
static void
test_every_reason(void **state)
{
	struct error err;
	const char *reason;
	char words[256];
	int n, bad = 0;
	bool other;

	(void)state;
	for (n = 1; n <= 100; n++) {
		reason = X509_verify_cert_error_string(n);
		snprintf(words, sizeof(words), V "%s", reason);
		assert_int_equal(verdict(&err, words, &in_handshake), -1);
		other = strcmp(err.code, "other") == 0;
		if (err.kind == ERR_VERIFY && other == may_be_other(reason) &&
		    strcmp(err.message, reason) == 0)
			continue;
		print_error("reason %d, %s: got %s/%s\n", n, words,
		    error_kind_name(err.kind), err.code);
		bad++;
	}
	assert_int_equal(bad, 0);
}

/* The words that the other library has for the same, and older ones. */
static const struct {
	const char	*words;
	const char	*code;
} reason_tests[] = {
	{ "unable to decrypt certificate's signature", "unknown-issuer" },
	{ "unable to decrypt CRL's signature", "crl-missing" },
	{ "unable to decode issuer public key", "bad-ca" },
	{ "certificate signature failure", "unknown-issuer" },
	{ "CRL signature failure", "crl-missing" },
	{ "CRL is not yet valid", "crl-missing" },
	{ "format error in certificate's notBefore field", "other" },
	{ "format error in CRL's lastUpdate field", "crl-missing" },
	{ "issuer certificate doesn't have a public key", "bad-ca" },
	{ "certificate not trusted", "bad-purpose" },
	{ "certificate rejected", "bad-purpose" },
	{ "subject issuer mismatch", "unknown-issuer" },
	{ "authority and subject key identifier mismatch",
	    "unknown-issuer" },
	{ "authority and issuer serial number mismatch", "unknown-issuer" },
	{ "key usage does not include certificate signing", "bad-ca" },
	{ "unable to get CRL issuer certificate", "crl-missing" },
	{ "key usage does not include CRL signing", "crl-missing" },
	{ "unhandled critical CRL extension", "crl-missing" },
	{ "invalid non-CA certificate (has CA markings)", "bad-ca" },
	{ "proxy path length constraint exceeded", "bad-ca" },
	{ "key usage does not include digital signature", "bad-purpose" },
	{ "proxy certificates not allowed, please set the appropriate flag",
	    "bad-purpose" },
	{ "Different CRL scope", "crl-missing" },
	{ "Unsupported extension feature", "other" },
	{ "RFC 3779 resource not subset of parent's resources", "bad-ca" },
	{ "name constraints minimum and maximum not supported", "bad-ca" },
	{ "unsupported name constraint type", "bad-ca" },
	{ "unsupported or invalid name constraint syntax", "bad-ca" },
	{ "CRL path validation error", "crl-missing" },
	{ "Hostname mismatch", "name-mismatch" },
	{ "Email address mismatch", "name-mismatch" },
	{ "IP address mismatch", "name-mismatch" },
	{ "Invalid certificate verification context", "other" },
	{ "Issuer certificate lookup error", "unknown-issuer" },
	{ "CA md too weak", "weak" },
	{ "Unknown certificate verification error", "other" },
};

static void
test_reasons(void **state)
{
	char words[256], want[64];
	size_t i, bad = 0;

	(void)state;
	for (i = 0; i < sizeof(reason_tests) / sizeof(reason_tests[0]); i++) {
		snprintf(words, sizeof(words), V "%s", reason_tests[i].words);
		snprintf(want, sizeof(want), "verify/%s",
		    reason_tests[i].code);
		bad += !check("reasons", reason_tests[i].words, words,
		    &in_handshake, want, reason_tests[i].words);
	}
	assert_int_equal(bad, 0);
}

static void
hint_of(struct error *err, const char *words)
{
	assert_int_equal(verdict(err, words, &in_handshake), -1);
}

static void
test_hints(void **state)
{
	static const char *const silent[] = { "other", "alert", "config" };
	struct error err;
	size_t i, j;
	bool quiet;

	(void)state;
	for (i = 0; i < sizeof(verify_tests) / sizeof(verify_tests[0]); i++) {
		hint_of(&err, verify_tests[i].words);
		quiet = strcmp(err.code, "other") == 0;
		assert_int_equal(err.hint[0] == '\0', quiet);
		assert_null(strstr(err.hint, "verify=false"));
	}
	for (i = 0; i < sizeof(tls_tests) / sizeof(tls_tests[0]); i++) {
		hint_of(&err, tls_tests[i].words);
		quiet = err.kind != ERR_TLS;
		for (j = 0; j < sizeof(silent) / sizeof(silent[0]); j++)
			quiet |= strcmp(err.code, silent[j]) == 0;
		assert_true(quiet || err.hint[0] != '\0');
		assert_null(strstr(err.hint, "verify=false"));
	}
	hint_of(&err, H T "sslv3 alert handshake failure");
	assert_non_null(strstr(err.hint, "client certificate"));
	assert_non_null(strstr(err.hint, "cipher"));
	hint_of(&err, V "CRL has expired");
	assert_non_null(strstr(err.hint, "current revocation list"));
}

/* The clock may turn to the next day between the two looks at it. */
static void
test_hint_date(void **state)
{
	static const char *const words[] = { V "certificate has expired",
	    V "certificate is not yet valid" };
	struct error err;
	char before[16], later[16];
	time_t now = time(NULL);
	struct tm tm;
	size_t i;

	(void)state;
	strftime(before, sizeof(before), "%Y-%m-%d", gmtime_r(&now, &tm));
	for (i = 0; i < 2; i++) {
		hint_of(&err, words[i]);
		now = time(NULL);
		strftime(later, sizeof(later), "%Y-%m-%d",
		    gmtime_r(&now, &tm));
		assert_true(strstr(err.hint, before) != NULL ||
		    strstr(err.hint, later) != NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_every_reason),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_hint_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
