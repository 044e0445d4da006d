#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "tls/verdict.h"

#define RECORD_HANDSHAKE	22	/* a content type (RFC 8446, 5.1) */
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

#define VERIFY(words, code)	{ words, ERR_VERIFY, code, NULL }
#define TLS(words, code)	{ words, ERR_TLS, code, NULL }

/*
 * From words to kind and code: the first row whose words are found, in any
 * case, decides; so what is longer or more special stands higher.  Where one
 * condition has two rows, OpenSSL and LibreSSL, or two versions of one of
 * them, word it differently.
 */
static const struct row {
	const char	*words;
	enum error_kind	 kind;
	const char	*code;
	const char	*hint;	/* NULL: the one of the code */
} rows[] = {
	/* The name.  Nothing else quotes a host, so a host cannot pose. */
	VERIFY("not present in server certificate", "name-mismatch"),
	VERIFY("error verifying name", "name-mismatch"),
	VERIFY("error getting common name", "name-mismatch"),

	/* Alerts: what the server says of us (RFC 8446 section 6.2). */
	TLS("alert certificate required", "client-cert"),
	TLS("alert bad certificate", "client-cert"),
	TLS("alert unsupported certificate", "client-cert"),
	TLS("alert certificate revoked", "client-cert"),
	TLS("alert certificate expired", "client-cert"),
	TLS("alert certificate unknown", "client-cert"),
	TLS("alert unknown ca", "client-cert"),
	TLS("alert protocol version", "version"),
	{ "alert handshake failure", ERR_TLS, "cipher",
	    "either the server has no cipher in common with this side, which "
	    "insists on forward secrecy and AEAD, or it wants a client "
	    "certificate: give one with cert and key" },
	TLS("alert insufficient security", "cipher"),
	{ "alert no application protocol", ERR_TLS, "alert",
	    "the server speaks none of the protocols that it is offered: see "
	    "tls.alpn, and http=\"1.1\", which offers none" },
	{ "unrecognized name", ERR_TLS, "alert",
	    "the server knows no host of that name: check it, or set "
	    "servername" },
	TLS("tlsv1 unsupported extension", "alert"),
	TLS("tlsv1 certificate unobtainable", "alert"),
	TLS("tlsv1 bad certificate", "alert"),
	/* LibreSSL words what it says itself as if it had been told. */
	TLS("alert record overflow", "other"),
	TLS("bad alert record", "other"),
	TLS("unknown alert type", "other"),
	TLS(" alert ", "alert"),

	/* Revocation. */
	VERIFY("revoked cert", "revoked"),
	VERIFY("certificate revoked", "revoked"),
	VERIFY("ocsp verif", "ocsp"),
	VERIFY("no stapled OCSP", "ocsp"),
	{ "no OCSP URLs", ERR_VERIFY, "ocsp",
	    "the server staples an OCSP answer for a certificate that names "
	    "no OCSP responder, which the TLS library takes for a fault: its "
	    "owner must stop stapling" },
	VERIFY("OCSP unknown cert", "ocsp"),
	VERIFY("certificate for OCSP", "ocsp"),
	VERIFY("OCSP response", "ocsp"),
	VERIFY("OCSP reply", "ocsp"),
	{ "CRL has expired", ERR_VERIFY, "crl-missing",
	    "fetch the authority's current revocation list for crl" },
	VERIFY("certificate CRL", "crl-missing"),
	VERIFY("CRL is not yet valid", "crl-missing"),
	VERIFY("CRL signature", "crl-missing"),
	VERIFY("CRL's", "crl-missing"),
	VERIFY("CRL issuer", "crl-missing"),
	VERIFY("CRL signing", "crl-missing"),
	VERIFY("CRL extension", "crl-missing"),
	VERIFY("CRL scope", "crl-missing"),
	VERIFY("CRL path validation", "crl-missing"),

	/* Validity. */
	VERIFY("certificate has expired", "expired"),
	VERIFY("certificate is not yet valid", "not-yet-valid"),

	/* The chain.  OpenSSL 3 writes "self-signed", all others do not. */
	VERIFY("self-signed certificate in", "unknown-issuer"),
	VERIFY("self signed certificate in", "unknown-issuer"),
	VERIFY("self-signed certificate", "self-signed"),
	VERIFY("self signed certificate", "self-signed"),
	VERIFY("unable to get local issuer", "unknown-issuer"),
	VERIFY("unable to get issuer", "unknown-issuer"),
	{ "certificate signature failure", ERR_VERIFY, "unknown-issuer",
	    "the certificate claims an authority that is trusted here but is "
	    "not signed with its key" },
	VERIFY("decrypt certificate's signature", "unknown-issuer"),
	VERIFY("subject issuer mismatch", "unknown-issuer"),
	VERIFY("key identifier mismatch", "unknown-issuer"),
	VERIFY("issuer serial number mismatch", "unknown-issuer"),
	VERIFY("issuer certificate lookup", "unknown-issuer"),
	VERIFY("verify the first certificate", "incomplete-chain"),

	/* What an authority may issue. */
	VERIFY("invalid CA certificate", "bad-ca"),
	VERIFY("path length constraint", "bad-ca"),
	VERIFY("include certificate signing", "bad-ca"),
	VERIFY("invalid non-CA", "bad-ca"),
	VERIFY("permitted subtree", "bad-ca"),
	VERIFY("excluded subtree", "bad-ca"),
	VERIFY("name constraint", "bad-ca"),
	VERIFY("not subset of parent", "bad-ca"),
	VERIFY("path loop", "bad-ca"),
	VERIFY("proxy subject name", "bad-ca"),
	VERIFY("decode issuer public key", "bad-ca"),
	VERIFY("doesn't have a public key", "bad-ca"),
	VERIFY("for non-CA cert", "bad-ca"),
	VERIFY("usage keyCertSign", "bad-ca"),
	VERIFY("of CA cert not marked", "bad-ca"),
	VERIFY("CA cert does not include", "bad-ca"),

	/* What the leaf is for. */
	{ "invalid name syntax", ERR_VERIFY, "name-mismatch",
	    "a name in the certificate is malformed: its owner needs another "
	    "certificate" },
	VERIFY("hostname mismatch", "name-mismatch"),
	VERIFY("IP address mismatch", "name-mismatch"),
	VERIFY("email address mismatch", "name-mismatch"),
	VERIFY("certificate purpose", "bad-purpose"),
	VERIFY("include digital signature", "bad-purpose"),
	VERIFY("proxy certificates not", "bad-purpose"),
	{ "certificate not trusted", ERR_VERIFY, "bad-purpose",
	    "the trust store does not list that authority for servers" },
	{ "certificate rejected", ERR_VERIFY, "bad-purpose",
	    "the trust store rejects that authority for servers" },

	/* Strength. */
	VERIFY("too weak", "weak"),
	VERIFY("Suite B:", "weak"),
	{ "explicit ECC parameters", ERR_VERIFY, "weak",
	    "the certificate's key must name a standard curve" },

	/* Any other reason for which a certificate is refused. */
	VERIFY("certificate verif", "other"),

	/* No agreement in the handshake. */
	TLS("wrong version number", "version"),
	TLS("wrong ssl version", "version"),
	TLS("unsupported protocol", "version"),
	TLS("unknown protocol", "version"),
	TLS("bad protocol version", "version"),
	TLS("no protocols available", "version"),
	TLS("version too low", "version"),
	TLS("version too high", "version"),
	TLS("legacy sigalg", "version"),	/* TLS 1.0's, 1.1's */
	TLS("no shared", "cipher"),
	TLS("no suitable", "cipher"),
	TLS("wrong cipher", "cipher"),
	TLS("unknown cipher", "cipher"),
	TLS("wrong signature type", "cipher"),
	TLS("wrong curve", "cipher"),
	TLS("bad key share", "cipher"),
	TLS("bad ecpoint", "cipher"),
	TLS("unsupported elliptic curve", "cipher"),
	{ "dh key too small", ERR_TLS, "cipher",
	    "the server's Diffie-Hellman group is too small: it must be "
	    "reconfigured" },
	{ "unsafe legacy renegotiation", ERR_TLS, "other",
	    "the server lacks secure renegotiation (RFC 5746): it must be "
	    "updated" },

	/* Our own settings. */
	TLS("no ciphers", "config"),
	TLS("no cipher match", "config"),
	TLS("invalid ecdhe curve", "config"),
	TLS("invalid dhe param", "config"),
	TLS("alpn", "config"),
	TLS("public key mismatch", "config"),
	TLS("setup failure", "config"),
	TLS("verify locations failure", "config"),
	TLS("context failure", "config"),
	TLS("server name", "config"),
	TLS("session file", "config"),
	TLS("no start line", "config"),
	TLS("failed to ", "config"),
	TLS("ca too long", "config"),
	TLS("crl too long", "config"),
	TLS("cert too long", "config"),
	TLS("key too long", "config"),

	{ "out of memory", ERR_IO, "ENOMEM", NULL },
	{ "memory allocation failure", ERR_IO, "ENOMEM", NULL },
	{ "malloc failure", ERR_IO, "ENOMEM", NULL },

	/* The stream ended.  LibreTLS says so of any failure to read, too. */
	TLS("unexpected eof", "closed"),
	TLS("EOF without close notify", "closed"),
	TLS("shutdown while in init", "closed"),
	{ "reset by peer", ERR_CONNECT, "reset", NULL },
	{ "broken pipe", ERR_CONNECT, "reset", NULL },
};

#undef VERIFY
#undef TLS

/* What to do about it.  None of it is to look away. */
static const struct {
	enum error_kind	 kind;
	const char	*code;
	const char	*hint;
	bool		 date;	/* today's is appended */
} hints[] = {
	{ ERR_VERIFY, "expired", "the server's owner must renew the "
	    "certificate; if it should still be valid, check this machine's "
	    "clock: its date is ", true },
	{ ERR_VERIFY, "not-yet-valid", "check this machine's clock: its date "
	    "is ", true },
	{ ERR_VERIFY, "self-signed", "if its owner confirms this certificate, "
	    "save it and trust it with ca=\"file.pem\"", false },
	{ ERR_VERIFY, "unknown-issuer", "the server's certificate is signed "
	    "by an authority that is not trusted here, or the server leaves "
	    "out an intermediate certificate: if you trust that authority, "
	    "give its root certificate with ca=\"file.pem\"", false },
	{ ERR_VERIFY, "incomplete-chain", "the server must send its "
	    "intermediate certificates too; until it does, add them with "
	    "ca={\"system\", \"intermediate.pem\"}", false },
	{ ERR_VERIFY, "name-mismatch", "the certificate is for other names: "
	    "use one of them in the URL, or as servername if that is the host "
	    "you mean", false },
	{ ERR_VERIFY, "revoked", "the authority has withdrawn the "
	    "certificate: its owner must replace it", false },
	{ ERR_VERIFY, "crl-missing", "crl needs a current list of every "
	    "authority in the chain, the root too", false },
	{ ERR_VERIFY, "ocsp", "the server must staple a valid OCSP answer for "
	    "its certificate", false },
	{ ERR_VERIFY, "bad-purpose", "the certificate was not issued for "
	    "servers: its owner needs one that is", false },
	{ ERR_VERIFY, "bad-ca", "an authority in the chain was not entitled "
	    "to issue what it issued: the server's owner needs a certificate "
	    "from one that is", false },
	{ ERR_VERIFY, "weak", "the server's owner needs a certificate with an "
	    "RSA key of at least 2048 bits or an EC key, signed with SHA-256 "
	    "or better", false },
	{ ERR_TLS, "not-tls", "check the port; for a server without TLS write "
	    "http:// and set allow_http=true", false },
	{ ERR_TLS, "version", "the server speaks none of the TLS versions "
	    "allowed here, by default 1.2 and 1.3: it must be updated", false },
	{ ERR_TLS, "cipher", "the server has no cipher, key exchange or "
	    "signature in common with this side, which insists on forward "
	    "secrecy and AEAD: it must be reconfigured", false },
	{ ERR_TLS, "client-cert", "the server wants a client certificate that "
	    "it accepts: give one with cert and key", false },
	{ ERR_TLS, "closed", "check that host and port are those of a TLS "
	    "server; its log may tell why it ended the connection", false },
};

static const struct row *
find_row(const char *words)
{
	size_t i;

	for (i = 0; words != NULL && i < COUNT(rows); i++)
		if (strcasestr(words, rows[i].words) != NULL)
			return &rows[i];
	return NULL;
}

static bool
starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* The step that libtls puts in front of what happened. */
static const char *
skip_step(const char *s)
{
	static const char *const steps[] = {
		"handshake failed: ", "certificate verification failed: ",
		"read failed: ", "write failed: ", "shutdown failed: ",
	};
	size_t i;

	for (i = 0; i < COUNT(steps); i++)
		if (starts(s, steps[i]))
			return s + strlen(steps[i]);
	return s;
}

/*
 * libcrypto's form, "error:0A000126:SSL routines::what happened": library and
 * function are of no use to the reader.
 */
static const char *
skip_source(const char *s)
{
	const char *p;
	int colons = 4;

	if (!starts(s, "error:") || !isxdigit((unsigned char)s[6]))
		return s;
	for (p = s; *p != '\0' && colons > 0; p++)
		if (*p == ':')
			colons--;
	return colons == 0 && *p != '\0' ? p : s;
}

static void
add_hint(struct error *err, const char *special)
{
	time_t now = time(NULL);
	char date[] = "0000-00-00T";
	struct tm tm;
	size_t i;

	if (special != NULL) {
		error_hint(err, "%s", special);
		return;
	}
	for (i = 0; i < COUNT(hints); i++)
		if (hints[i].kind == err->kind &&
		    strcmp(hints[i].code, err->code) == 0) {
			if (!hints[i].date || gmtime_r(&now, &tm) == NULL ||
			    strftime(date, sizeof(date), "%Y-%m-%d", &tm) == 0)
				date[0] = '\0';
			error_hint(err, "%s%s", hints[i].hint, date);
		}
}

static int
fill(struct error *err, enum error_kind kind, const char *code,
    const char *message)
{
	error_setx(err, kind, code, "%s", message);
	add_hint(err, NULL);
	return -1;
}

/*
 * Whether the server's first bytes begin no TLS record: a content type, 20 to
 * 23, then a version 3.x (RFC 8446 section 5.1).
 */
static bool
is_not_tls(const struct verdict_facts *f)
{
	return (f->first_len > 0 &&
	    (f->first[0] < 0x14 || f->first[0] > 0x17)) ||
	    (f->first_len > 1 && f->first[1] != 0x03);
}

static int
not_tls(struct error *err, const struct verdict_facts *f)
{
	static const struct {
		const char	*first;
		const char	*message;
	} known[] = {
		{ "HTTP/", "the server answers in plain HTTP, not TLS" },
		{ "SSH-", "the server is an SSH server: it does not speak "
		    "TLS" },
		{ "220", "the server is a mail or FTP server that does not "
		    "begin with TLS" },
		{ "* OK", "the server is a mail server that does not begin "
		    "with TLS" },
		{ "+OK", "the server is a mail server that does not begin "
		    "with TLS" },
	};
	size_t i, n;

	for (i = 0; i < COUNT(known); i++) {
		n = strlen(known[i].first);
		if (f->first_len >= n &&
		    memcmp(f->first, known[i].first, n) == 0)
			return fill(err, ERR_TLS, "not-tls", known[i].message);
	}
	return fill(err, ERR_TLS, "not-tls",
	    "what the server sends is not TLS");
}

static int
was_reset(struct error *err, const struct verdict_facts *f)
{
	if (f->handshake)
		return fill(err, ERR_TLS, "closed",
		    "the server reset the connection in the TLS handshake");
	return fill(err, ERR_CONNECT, "reset", "connection reset by peer");
}

static int
has_ended(struct error *err, const struct verdict_facts *f)
{
	if (f->handshake)
		return fill(err, ERR_TLS, "closed",
		    "the server closed the connection in the TLS handshake");
	return fill(err, ERR_TLS, "truncated", "the server ended the "
	    "connection without close_notify: something may be missing");
}

/* What reading or writing failed with tells more than libtls's words. */
static int
io_failed(struct error *err, const struct verdict_facts *f)
{
	switch (f->io_errno) {
	case ECONNRESET:
	case ECONNABORTED:
	case EPIPE:
		return was_reset(err, f);
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ENETDOWN:
		return fill(err, ERR_CONNECT, "unreachable",
		    strerror(f->io_errno));
	default:
		return fill(err, ERR_CONNECT, "other", strerror(f->io_errno));
	}
}

/* Words that speak of the connection itself, or none. */
static int
stream(struct error *err, const struct row *row, const char *words,
    const struct verdict_facts *f)
{
	if (f->io_errno != 0)
		return io_failed(err, f);
	if (row != NULL && row->kind == ERR_CONNECT)
		return was_reset(err, f);
	/* No words in the handshake: it returned 0, ended by close_notify. */
	if (row != NULL || (words == NULL && (f->eof || f->handshake)))
		return has_ended(err, f);
	return fill(err, ERR_TLS, "other", words == NULL ?
	    "TLS failed for no known reason" : skip_source(skip_step(words)));
}

/*
 * What is wrong when the server says "handshake failure", which may be
 * anything.  Where its first record was a message of the handshake, ciphers
 * have been agreed on, and what TLS 1.2 refuses so late is the certificate of
 * the client, or that there is none.
 */
static const char *
refused_late(const struct verdict_facts *f, const char *words)
{
	return strcasestr(words, "alert handshake failure") != NULL &&
	    f->first_len > 0 && f->first[0] == RECORD_HANDSHAKE ?
	    "client-cert" : "cipher";
}

int
verdict(struct error *err, const char *words,
    const struct verdict_facts *facts)
{
	const struct row *row;
	const char *code;

	if (facts->handshake && is_not_tls(facts))
		return not_tls(err, facts);
	row = find_row(words);
	if (row == NULL || row->kind == ERR_CONNECT ||
	    strcmp(row->code, "closed") == 0)
		return stream(err, row, words, facts);
	if (row->kind == ERR_IO)
		return error_nomem(err);
	code = row->code;
	if (strcmp(code, "cipher") == 0)	/* something else later on */
		code = facts->handshake ? refused_late(facts, words) : "alert";
	error_setx(err, row->kind, code, "%s", skip_source(skip_step(words)));
	add_hint(err, strcmp(code, row->code) == 0 ? row->hint : NULL);
	return -1;
}
