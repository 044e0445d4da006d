/*
 * Makes the certificates that the tests and `make run` need: every fault a
 * client must refuse, and what it must accept.  One row a certificate; a host
 * NAME.test goes with the row NAME unless the row says otherwise.
 *
 *   pki DIR    writes into DIR, which exists, for each row
 *     NAME.pem        the certificate
 *     NAME.key        its private key, mode 0600
 *     NAME-chain.pem  what a server sends: the certificate and its issuers, by
 *                     default without the root
 *   and
 *     others.pem      144 other roots
 *     bundle145.pem   those, and root.pem in their middle
 *     bundle5000.pem  root.pem in the middle of even more
 *     hashed/         the 145 as a directory that OpenSSL looks up
 *     hashed-root/    root.pem alone as such a directory
 *   and what revocation.c has: lists (.crl) and OCSP answers (.ocsp)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "pki.h"

#define OTHERS		144	/* with ours, the size of a system's bundle */
#define CROWD		5000	/* with ours, likewise; nobody has that many */
#define PATH_LEN	1024

enum key { P256, P384, ED25519, RSA1024, RSA2048 };

struct row {
	const char	*name;		/* of its files */
	const char	*issuer;	/* another row's name; NULL: itself */
	const char	*cn;		/* NULL: the name */
	const char	*san;		/* NULL: DNS:NAME.test; "": none */
	unsigned	 fillers;	/* this many names before them */
	bool		 ca;		/* no names; and unless said otherwise
					 * CA:TRUE, keyCertSign, cRLSign */
	const char	*basic;		/* basicConstraints; "": none */
	const char	*usage;		/* keyUsage */
	const char	*eku;		/* NULL: serverAuth; "": none */
	const char	*constraints;	/* nameConstraints */
	const char	*critical;	/* OID of an extension nobody knows */
	bool		 ocsp;		/* names an OCSP responder */
	enum key	 key;		/* P256: fast to make */
	const char	*digest;	/* what is signed; NULL: SHA256 */
	int		 from, to;	/* days; both 0: valid now */
	const char	*sent;		/* names after it in the chain file, in
					 * order; NULL: issuers less the root */
};

static const struct row rows[] = {
	/* Authorities. */
	{ .name = "root", .cn = "lurl test root", .ca = true },
	{ .name = "inter", .issuer = "root", .ca = true,
	    .basic = "critical,CA:TRUE,pathlen:0" },
	{ .name = "unknown-root", .ca = true },
	{ .name = "unknown-ca", .issuer = "unknown-root", .ca = true },
	{ .name = "root-expired", .ca = true,
	    .from = LONG_AGO, .to = YESTERDAY },
	{ .name = "root-future", .ca = true, .from = TOMORROW, .to = FAR },
	{ .name = "ca-expired", .issuer = "root", .ca = true,
	    .from = LONG_AGO, .to = YESTERDAY },
	{ .name = "ca-future", .issuer = "root", .ca = true,
	    .from = TOMORROW, .to = FAR },
	{ .name = "ca-false", .issuer = "root", .ca = true,
	    .basic = "critical,CA:FALSE" },
	{ .name = "ca-silent", .issuer = "root", .ca = true, .basic = "" },
	{ .name = "ca-nosign", .issuer = "root", .ca = true,
	    .usage = "critical,cRLSign" },
	{ .name = "ca-deep", .issuer = "inter", .ca = true },
	{ .name = "ca-permitted", .issuer = "root", .ca = true,
	    .constraints = "critical,permitted;DNS:permitted.test" },
	{ .name = "ca-excluded", .issuer = "root", .ca = true,
	    .constraints = "critical,excluded;DNS:excluded.test" },
	{ .name = "ca-rsa1024", .issuer = "root", .ca = true, .key = RSA1024 },
	{ .name = "ca-sha1", .issuer = "root", .ca = true, .digest = "SHA1" },
	{ .name = "ca-revoked", .issuer = "root", .ca = true },

	/* Good ones. */
	{ .name = "good", .issuer = "inter" },
	{ .name = "direct", .issuer = "root" },
	{ .name = "readme", .issuer = "inter", .san = "DNS:www.example.org,"
	    "DNS:api.example.org,DNS:internal.example.org" },
	{ .name = "rsa", .issuer = "inter", .key = RSA2048 },
	{ .name = "p384", .issuer = "inter", .key = P384, .digest = "SHA384" },
	{ .name = "ed25519", .issuer = "inter", .key = ED25519 },
	{ .name = "rootsent", .issuer = "inter", .sent = "inter root" },
	{ .name = "disorder", .issuer = "inter",
	    .sent = "root unknown-ca inter" },
	{ .name = "noeku", .issuer = "inter", .eku = "" },

	/* Names (RFC 9525). */
	{ .name = "ip", .issuer = "inter", .san = "IP:127.0.0.1,IP:::1" },
	{ .name = "ip-as-dns", .issuer = "inter", .san = "DNS:127.0.0.1" },
	{ .name = "ip-as-cn", .issuer = "inter", .cn = "127.0.0.1", .san = "" },
	{ .name = "two", .issuer = "inter",
	    .san = "DNS:two-a.test,DNS:two-b.test" },
	{ .name = "many", .issuer = "inter", .fillers = 600 },
	{ .name = "upper", .issuer = "inter", .san = "DNS:UPPER.TEST" },
	{ .name = "underscore", .issuer = "inter",
	    .san = "DNS:under_score.test" },
	{ .name = "idn", .issuer = "inter", .san = "DNS:xn--bcher-kva.test" },
	{ .name = "wild", .issuer = "inter", .san = "DNS:*.wild.test" },
	{ .name = "wild-part", .issuer = "inter", .san = "DNS:w*.part.test" },
	{ .name = "wild-middle", .issuer = "inter",
	    .san = "DNS:www.*.middle.test" },
	{ .name = "wild-twice", .issuer = "inter",
	    .san = "DNS:*.*.twice.test" },
	{ .name = "wild-top", .issuer = "inter", .san = "DNS:*.test" },
	{ .name = "wild-all", .issuer = "inter", .san = "DNS:*" },
	{ .name = "wrong", .issuer = "inter", .san = "DNS:other.test" },
	{ .name = "dot", .issuer = "inter", .san = "DNS:dot.test." },
	/* "nul.test", NUL, ".evil.test" */
	{ .name = "nul", .issuer = "inter", .san = "DER:30:15:82:13:6e:75:6c:"
	    "2e:74:65:73:74:00:2e:65:76:69:6c:2e:74:65:73:74" },
	{ .name = "cn-only", .issuer = "inter", .cn = "cn-only.test",
	    .san = "" },
	{ .name = "cn-other", .issuer = "inter", .cn = "cn-other.test",
	    .san = "DNS:other.test" },
	{ .name = "cn-email", .issuer = "inter", .cn = "cn-email.test",
	    .san = "email:root@cn-email.test" },

	/* Validity. */
	{ .name = "expired", .issuer = "inter",
	    .from = LONG_AGO, .to = YESTERDAY },
	{ .name = "future", .issuer = "inter", .from = TOMORROW, .to = FAR },
	{ .name = "by-ca-expired", .issuer = "ca-expired" },
	{ .name = "by-ca-future", .issuer = "ca-future" },
	{ .name = "by-root-expired", .issuer = "root-expired" },
	{ .name = "by-root-future", .issuer = "root-future" },
	{ .name = "readme-expired", .issuer = "inter",
	    .san = "DNS:expired.example.org",
	    .from = LONG_AGO, .to = YESTERDAY },
	{ .name = "expired-wrong", .issuer = "inter", .san = "DNS:other.test",
	    .from = LONG_AGO, .to = YESTERDAY },
	{ .name = "expired-unknown", .issuer = "unknown-ca",
	    .from = LONG_AGO, .to = YESTERDAY },

	/* Nobody vouches for it. */
	{ .name = "self", .basic = "critical,CA:FALSE" },
	{ .name = "self-ca", .basic = "critical,CA:TRUE" },
	{ .name = "evil", .cn = "\033[2J\033]0;owned\a\r\nevil \xc2\x9b" "31m",
	    .basic = "critical,CA:TRUE" },
	{ .name = "self-expired", .basic = "critical,CA:FALSE",
	    .from = LONG_AGO, .to = YESTERDAY },
	{ .name = "unknown", .issuer = "unknown-ca" },
	{ .name = "unknown-sent", .issuer = "unknown-ca",
	    .sent = "unknown-ca unknown-root" },
	{ .name = "unknown-wrong", .issuer = "unknown-ca",
	    .san = "DNS:other.test" },
	{ .name = "missing", .issuer = "inter", .sent = "" },

	/* The issuer may not issue it. */
	{ .name = "by-ca-false", .issuer = "ca-false" },
	{ .name = "by-ca-silent", .issuer = "ca-silent" },
	{ .name = "by-ca-nosign", .issuer = "ca-nosign" },
	{ .name = "by-leaf", .issuer = "good" },
	{ .name = "too-deep", .issuer = "ca-deep" },
	{ .name = "permitted", .issuer = "ca-permitted",
	    .san = "DNS:a.permitted.test" },
	{ .name = "not-permitted", .issuer = "ca-permitted" },
	{ .name = "excluded", .issuer = "ca-excluded",
	    .san = "DNS:a.excluded.test" },
	{ .name = "not-excluded", .issuer = "ca-excluded" },

	/* Not for a server, or not understood. */
	{ .name = "client", .issuer = "inter", .eku = "clientAuth" },
	{ .name = "crl-signer", .issuer = "inter", .usage = "cRLSign" },
	{ .name = "critical", .issuer = "inter",
	    .critical = "1.3.6.1.4.1.32473.1" },	/* RFC 5612 */

	/* For revocation.c. */
	{ .name = "revoked", .issuer = "inter" },
	{ .name = "by-ca-revoked", .issuer = "ca-revoked" },
	{ .name = "stapled", .issuer = "inter", .ocsp = true,
	    .san = "DNS:*.stapled.test" },

	/* Clients. */
	{ .name = "client-expired", .issuer = "inter", .eku = "clientAuth",
	    .from = LONG_AGO, .to = YESTERDAY },
	{ .name = "client-revoked", .issuer = "inter", .eku = "clientAuth" },
	{ .name = "client-unknown", .issuer = "unknown-ca",
	    .eku = "clientAuth" },

	/* Weak. */
	{ .name = "rsa1024", .issuer = "inter", .key = RSA1024 },
	{ .name = "by-rsa1024", .issuer = "ca-rsa1024" },
	{ .name = "sha1", .issuer = "inter", .digest = "SHA1" },
	{ .name = "by-sha1", .issuer = "ca-sha1" },
};

static struct made made[ARRAY_LEN(rows)];

static const char *dir;

_Noreturn void
die(const char *what, const char *which)
{
	fprintf(stderr, "pki: %s: %s: %s\n", which, what, strerror(errno));
	ERR_print_errors_fp(stderr);
	exit(1);
}

const char *
format(char *buf, size_t len, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= len)
		die("too long", fmt);
	return buf;
}

static size_t
find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strlen(rows[i].name) == len &&
		    strncmp(rows[i].name, name, len) == 0)
			return i;
	die("no such row", name);
}

const struct made *
made_of(const char *name)
{
	return &made[find(name, strlen(name))];
}

static size_t
issuer_of(size_t i)
{
	return rows[i].issuer == NULL ? i :
	    find(rows[i].issuer, strlen(rows[i].issuer));
}

static EVP_PKEY *
make_key(enum key kind)
{
	static const struct {
		int	type, curve, bits;
	} kinds[] = {
		[P256] = { EVP_PKEY_EC, NID_X9_62_prime256v1, 0 },
		[P384] = { EVP_PKEY_EC, NID_secp384r1, 0 },
		[ED25519] = { EVP_PKEY_ED25519, 0, 0 },
		[RSA1024] = { EVP_PKEY_RSA, 0, 1024 },
		[RSA2048] = { EVP_PKEY_RSA, 0, 2048 },
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(kinds[kind].type, NULL);
	EVP_PKEY *key = NULL;

	if (ctx == NULL || EVP_PKEY_keygen_init(ctx) <= 0 ||
	    (kinds[kind].curve != 0 && EVP_PKEY_CTX_set_ec_paramgen_curve_nid(
	    ctx, kinds[kind].curve) <= 0) ||
	    (kinds[kind].bits != 0 && EVP_PKEY_CTX_set_rsa_keygen_bits(ctx,
	    kinds[kind].bits) <= 0) || EVP_PKEY_keygen(ctx, &key) <= 0)
		die("cannot make a key", "key");
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* Adds an extension in the words of openssl.cnf; NULL and "" add none. */
static void
extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;

	if (value == NULL || *value == '\0')
		return;
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (ext == NULL || !X509_add_ext(cert, ext, -1))
		die("cannot add extension", value);
	X509_EXTENSION_free(ext);
}

/* Adds a critical extension whose meaning nobody knows: an ASN.1 NULL. */
static void
extend_unknown(X509 *cert, const char *oid)
{
	static const unsigned char null[] = { 0x05, 0x00 };
	ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *data = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext;

	if (obj == NULL || data == NULL ||
	    !ASN1_OCTET_STRING_set(data, null, sizeof(null)) ||
	    (ext = X509_EXTENSION_create_by_OBJ(NULL, obj, 1, data)) == NULL ||
	    !X509_add_ext(cert, ext, -1))
		die("cannot add extension", oid);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(data);
	ASN1_OBJECT_free(obj);
}

/* subjectAltName of a row that has one: its fillers, then its names. */
static void
extend_names(X509 *cert, X509 *issuer, const struct row *r)
{
	size_t room = (r->fillers + 4) * 32, at = 0;
	char *value = malloc(room);

	if (value == NULL)
		die("malloc", r->name);
	for (unsigned i = 0; i < r->fillers; i++)
		at += strlen(format(value + at, room - at, "DNS:f%u.%s.test,",
		    i, r->name));
	if (r->san == NULL)
		format(value + at, room - at, "DNS:%s.test", r->name);
	else
		format(value + at, room - at, "%s", r->san);
	extend(cert, issuer, NID_subject_alt_name, value);
	free(value);
}

static void
extend_all(X509 *cert, X509 *issuer, const struct row *r)
{
	extend(cert, issuer, NID_basic_constraints,
	    r->basic == NULL && r->ca ? "critical,CA:TRUE" : r->basic);
	extend(cert, issuer, NID_key_usage,
	    r->usage == NULL && r->ca ? "critical,keyCertSign,cRLSign" :
	    r->usage);
	extend(cert, issuer, NID_subject_key_identifier, "hash");
	extend(cert, issuer, NID_authority_key_identifier, "keyid");
	extend(cert, issuer, NID_name_constraints, r->constraints);
	extend(cert, issuer, NID_info_access,
	    r->ocsp ? "OCSP;URI:http://ocsp.test/" : NULL);
	if (r->critical != NULL)
		extend_unknown(cert, r->critical);
	if (r->ca)
		return;
	extend(cert, issuer, NID_ext_key_usage,
	    r->eku == NULL ? "serverAuth" : r->eku);
	extend_names(cert, issuer, r);
}

static void
name_and_date(X509 *cert, const struct row *r, long serial)
{
	bool now = r->from == 0 && r->to == 0;
	const char *cn = r->cn == NULL ? r->name : r->cn;

	if (!X509_set_version(cert, 2 /* v3 */) ||
	    !ASN1_INTEGER_set(X509_get_serialNumber(cert), serial) ||
	    !X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN",
	    MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0) ||
	    X509_time_adj_ex(X509_getm_notBefore(cert),
	    now ? LONG_AGO : r->from, 0, NULL) == NULL ||
	    X509_time_adj_ex(X509_getm_notAfter(cert),
	    now ? FAR : r->to, 0, NULL) == NULL)
		die("cannot fill", r->name);
}

/* Makes a certificate with a new key; issuer and its key NULL: self-signed. */
static struct made
make(const struct row *r, long serial, const struct made *issuer)
{
	struct made m = { X509_new(), make_key(r->key) };
	const EVP_MD *md = EVP_get_digestbyname(
	    r->digest == NULL ? "SHA256" : r->digest);

	if (issuer == NULL)
		issuer = &m;
	if (m.cert == NULL || md == NULL || !X509_set_pubkey(m.cert, m.key))
		die("cannot make", r->name);
	name_and_date(m.cert, r, serial);
	if (!X509_set_issuer_name(m.cert, X509_get_subject_name(issuer->cert)))
		die("cannot name the issuer", r->name);
	extend_all(m.cert, issuer->cert, r);
	if (!X509_sign(m.cert, issuer->key, md))
		die("cannot sign", r->name);
	return m;
}

FILE *
create(const char *name, const char *suffix, mode_t mode)
{
	char path[PATH_LEN];
	FILE *fp;
	int fd;

	format(path, sizeof(path), "%s/%s%s", dir, name, suffix);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, mode);
	if (fd == -1 || (fp = fdopen(fd, "w")) == NULL)
		die("cannot create", path);
	return fp;
}

static void
put(FILE *fp, X509 *cert)
{
	if (!PEM_write_X509(fp, cert))
		die("cannot write", "certificate");
}

void
done(FILE *fp)
{
	if (fclose(fp) != 0)
		die("cannot write", "file");
}

static void
put_one(const char *name, X509 *cert)
{
	FILE *fp = create(name, ".pem", 0644);

	put(fp, cert);
	done(fp);
}

/* What a server sends after the certificate itself. */
static void
put_issuers(FILE *fp, size_t i)
{
	const char *s = rows[i].sent;

	if (s == NULL)
		for (size_t j = issuer_of(i); issuer_of(j) != j;
		    j = issuer_of(j))
			put(fp, made[j].cert);
	else
		for (s += strspn(s, " "); *s != '\0'; s += strspn(s, " ")) {
			size_t len = strcspn(s, " ");

			put(fp, made[find(s, len)].cert);
			s += len;
		}
}

static void
put_row(size_t i)
{
	FILE *fp;

	put_one(rows[i].name, made[i].cert);
	fp = create(rows[i].name, ".key", 0600);
	if (!PEM_write_PrivateKey(fp, made[i].key, NULL, NULL, 0, NULL, NULL))
		die("cannot write key", rows[i].name);
	done(fp);
	fp = create(rows[i].name, "-chain.pem", 0644);
	put(fp, made[i].cert);
	put_issuers(fp, i);
	done(fp);
}

/* Writes a certificate into a hashed directory, as c_rehash would. */
static void
put_hashed(const char *sub, const char *name, X509 *cert)
{
	char file[PATH_LEN], path[PATH_LEN];

	format(path, sizeof(path), "%s/%s", dir, sub);
	if (mkdir(path, 0755) == -1 && errno != EEXIST)
		die("cannot create", path);
	format(file, sizeof(file), "%s/%s", sub, name);
	put_one(file, cert);
	format(file, sizeof(file), "%s.pem", name);
	format(path, sizeof(path), "%s/%s/%08lx.0", dir, sub,
	    X509_NAME_hash(X509_get_subject_name(cert)));
	unlink(path);
	if (symlink(file, path) == -1)
		die("cannot link", path);
}

static void
put_bundles(X509 *root)
{
	FILE *others = create("others", ".pem", 0644);
	FILE *bundle = create("bundle145", ".pem", 0644);
	char name[32];

	put_hashed("hashed-root", "root", root);
	put_hashed("hashed", "root", root);
	for (int i = 0; i < OTHERS; i++) {
		struct row r = { .name = name, .ca = true };
		struct made m;

		format(name, sizeof(name), "other-%03d", i);
		m = make(&r, i + 1, NULL);
		if (i == OTHERS / 2)
			put(bundle, root);
		put(bundle, m.cert);
		put(others, m.cert);
		put_hashed("hashed", name, m.cert);
		X509_free(m.cert);
		EVP_PKEY_free(m.key);
	}
	done(others);
	done(bundle);
}

/* So that whatever grows with a bundle shows. */
static void
put_crowd(X509 *root)
{
	FILE *bundle = create("bundle5000", ".pem", 0644);
	char name[32];

	for (int i = 1; i < CROWD; i++) {
		struct row r = { .name = name, .ca = true };
		struct made m;

		format(name, sizeof(name), "crowd-%04d", i);
		m = make(&r, i, NULL);
		if (i == CROWD / 2)
			put(bundle, root);
		put(bundle, m.cert);
		X509_free(m.cert);
		EVP_PKEY_free(m.key);
	}
	done(bundle);
}

int
main(int argc, char *argv[])
{
	if (argc != 2) {
		fprintf(stderr, "usage: pki DIR\n");
		return 2;
	}
	dir = argv[1];
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t by = issuer_of(i);

		made[i] = make(&rows[i], (long)i + 1, by == i ? NULL :
		    &made[by]);
		put_row(i);
	}
	put_bundles(made[0].cert);
	put_revocation();
	put_crowd(made[0].cert);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		X509_free(made[i].cert);
		EVP_PKEY_free(made[i].key);
	}
	return 0;
}
