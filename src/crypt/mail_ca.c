/* Certificates of the authority: which extensions each kind has. */
#include "crypt/mail_ca_private.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/rand.h>

#include "base/codec.h"

#define DAY_S INT64_C(86400)
#define SKEW_S INT64_C(7200) /* a certificate may begin so long ago: clocks of clients are behind */
#define DEVICE_URI "letterlock:device/" /* account and number behind it; an OID of our own would be one that many programs cannot read */
#define SMTP_UTF8_OID "1.3.6.1.5.5.7.8.9" /* RFC 9598 3 */

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	bool ok = ext != NULL && X509_add_ext(cert, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

static bool add_name(X509_NAME *name, int nid, struct slice text)
{
	return text.n > 0 && text.n <= MAIL_CA_NAME_MAX && X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, text.p, (int)text.n, -1, 0) == 1;
}

/* Version, serial, names, times and public key. issuer NULL: it is its own. */
static X509 *start(const uint8_t serial[MAIL_CA_SERIAL_SIZE], struct slice organisation, struct slice common_name, const X509 *issuer,
	int64_t not_before, int64_t not_after, EVP_PKEY *public_key)
{
	X509 *cert = X509_new();
	X509_NAME *name = cert != NULL ? X509_get_subject_name(cert) : NULL;
	bool ok = name != NULL && not_before < not_after && X509_set_version(cert, X509_VERSION_3) == 1
	       && mail_ca_set_serial(X509_get_serialNumber(cert), serial) && add_name(name, NID_organizationName, organisation)
	       && add_name(name, NID_commonName, common_name)
	       && X509_set_issuer_name(cert, issuer != NULL ? X509_get_subject_name(issuer) : name) == 1
	       && mail_ca_set_time(X509_getm_notBefore(cert), not_before) && mail_ca_set_time(X509_getm_notAfter(cert), not_after)
	       && X509_set_pubkey(cert, public_key) == 1;
	if (!ok) {
		X509_free(cert);
		return NULL;
	}
	return cert;
}

static bool finish(X509 *cert, const struct mail_ca_key *key, struct buf *out)
{
	unsigned char *der = NULL;
	if (X509_sign(cert, key->pkey, EVP_sha256()) == 0)
		return false;
	int n = i2d_X509(cert, &der);
	return mail_ca_append(der, n > MAIL_CA_DER_MAX ? 0 : n, out);
}

/* ---- authorities ---- */

static bool random_serial(uint8_t serial[MAIL_CA_SERIAL_SIZE])
{
	return RAND_bytes(serial, MAIL_CA_SERIAL_SIZE) == 1;
}

static X509 *start_authority(const struct mail_ca_key *key, const struct mail_ca_authority *what, const X509 *issuer)
{
	uint8_t serial[MAIL_CA_SERIAL_SIZE];
	return random_serial(serial)
	     ? start(serial, what->organisation, what->common_name, issuer, what->not_before, what->not_after, key->pkey) : NULL;
}

int mail_ca_root(const struct mail_ca_key *key, const struct mail_ca_authority *what, struct buf *out, struct error *err)
{
	X509 *cert = start_authority(key, what, NULL);
	bool ok = cert != NULL && add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:1")
	       && add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign")
	       && add_extension(cert, cert, NID_subject_key_identifier, "hash")
	       && add_extension(cert, cert, NID_authority_key_identifier, "keyid") && finish(cert, key, out);
	X509_free(cert);
	return ok ? 0 : mail_ca_failed(err, "the root could not be made");
}

static bool domain_is_plain(struct slice domain)
{
	for (size_t i = 0; i < domain.n; i++)
		if (!ascii_is_alnum(domain.p[i]) && domain.p[i] != '-' && domain.p[i] != '.')
			return false;
	return domain.n > 0 && domain.p[0] != '.';
}

static GENERAL_SUBTREE *host_subtree(struct slice domain)
{
	GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();
	ASN1_IA5STRING *host = ASN1_IA5STRING_new();
	if (tree == NULL || host == NULL || ASN1_STRING_set(host, domain.p, (int)domain.n) != 1) {
		ASN1_IA5STRING_free(host);
		GENERAL_SUBTREE_free(tree);
		return NULL;
	}
	GENERAL_NAME_set0_value(tree->base, GEN_EMAIL, host);
	return tree;
}

/* "example.org" without a leading dot or "@": all mailboxes on exactly that host. */
static bool add_name_constraints(X509 *cert, struct slice domains)
{
	NAME_CONSTRAINTS *constraints = NAME_CONSTRAINTS_new();
	struct slice domain;
	bool ok = constraints != NULL && (constraints->permittedSubtrees = sk_GENERAL_SUBTREE_new_null()) != NULL;
	while (ok && slice_split(&domains, ' ', &domain)) {
		GENERAL_SUBTREE *tree = domain_is_plain(domain) ? host_subtree(domain) : NULL;
		ok = tree != NULL && sk_GENERAL_SUBTREE_push(constraints->permittedSubtrees, tree) > 0;
		if (!ok)
			GENERAL_SUBTREE_free(tree);
	}
	ok = ok && X509_add1_ext_i2d(cert, NID_name_constraints, constraints, 1, 0) == 1;
	NAME_CONSTRAINTS_free(constraints);
	return ok;
}

int mail_ca_issuing(const struct mail_ca_key *root, struct slice root_der, const struct mail_ca_key *key, const struct mail_ca_authority *what,
	struct buf *out, struct error *err)
{
	X509 *issuer = mail_ca_read(root_der), *cert = issuer != NULL ? start_authority(key, what, issuer) : NULL;
	bool ok = cert != NULL && what->domains.n <= MAIL_CA_DOMAINS_MAX
	       && add_extension(cert, issuer, NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
	       && add_extension(cert, issuer, NID_key_usage, "critical,keyCertSign,cRLSign")
	       && add_extension(cert, issuer, NID_ext_key_usage, "clientAuth")
	       && (what->domains.n == 0 || add_name_constraints(cert, what->domains))
	       && add_extension(cert, issuer, NID_subject_key_identifier, "hash")
	       && add_extension(cert, issuer, NID_authority_key_identifier, "keyid:always") && finish(cert, root, out);
	X509_free(cert);
	X509_free(issuer);
	return ok ? 0 : mail_ca_failed(err, "the issuing authority could not be made");
}

/* ---- devices ---- */

static bool is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
			return false;
	return true;
}

static bool add_other_name(GENERAL_NAMES *names, const char *oid, struct slice text)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_TYPE *value = ASN1_TYPE_new();
	ASN1_UTF8STRING *string = ASN1_UTF8STRING_new();
	ASN1_OBJECT *type = OBJ_txt2obj(oid, 1);
	bool ok = name != NULL && value != NULL && string != NULL && type != NULL && ASN1_STRING_set(string, text.p, (int)text.n) == 1;
	if (ok) {
		ASN1_TYPE_set(value, V_ASN1_UTF8STRING, string);
		string = NULL;
		ok = GENERAL_NAME_set0_othername(name, type, value) == 1;
		type = ok ? NULL : type;
		value = ok ? NULL : value;
	}
	ok = ok && sk_GENERAL_NAME_push(names, name) > 0;
	if (!ok)
		GENERAL_NAME_free(name);
	ASN1_OBJECT_free(type);
	ASN1_TYPE_free(value);
	ASN1_UTF8STRING_free(string);
	return ok;
}

/* type: GEN_EMAIL, GEN_URI. */
static bool add_text_name(GENERAL_NAMES *names, int type, struct slice value)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();
	if (name == NULL || text == NULL || ASN1_STRING_set(text, value.p, (int)value.n) != 1) {
		ASN1_IA5STRING_free(text);
		GENERAL_NAME_free(name);
		return false;
	}
	GENERAL_NAME_set0_value(name, type, text);
	bool ok = sk_GENERAL_NAME_push(names, name) > 0;
	if (!ok)
		GENERAL_NAME_free(name);
	return ok;
}

static bool add_alternative_names(X509 *cert, const struct mail_ca_device *what)
{
	struct buf text = BUF_INIT(100);
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	buf_append_str(&text, DEVICE_URI);
	hex_encode(slice_make(what->account, sizeof what->account), &text);
	buf_printf(&text, "/%u", what->device);
	bool ok = names != NULL && (is_ascii(what->address) ? add_text_name(names, GEN_EMAIL, what->address)
	                                               : add_other_name(names, SMTP_UTF8_OID, what->address))
	       && add_text_name(names, GEN_URI, buf_slice(&text)) && X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) == 1;
	sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
	buf_free(&text);
	return ok;
}

static bool url_is_plain(struct slice url)
{
	for (size_t i = 0; i < url.n; i++)
		if (!ascii_is_alnum(url.p[i]) && strchr("-._~:/?&=%[]+", url.p[i]) == NULL)
			return false;
	return slice_starts(url, SLICE("http://")) && url.n <= MAIL_CA_URL_MAX;
}

static bool add_crl_url(X509 *cert, X509 *issuer, struct slice url)
{
	struct buf value = BUF_INIT(MAIL_CA_URL_MAX + 10);
	if (url.n == 0)
		return true;
	buf_append_str(&value, "URI:");
	buf_append(&value, url);
	buf_append_byte(&value, 0);
	bool ok = url_is_plain(url) && !value.failed && add_extension(cert, issuer, NID_crl_distribution_points, (const char *)buf_slice(&value).p);
	buf_free(&value);
	return ok;
}

static bool add_device_extensions(X509 *cert, X509 *issuer, const struct mail_ca_device *what)
{
	return add_extension(cert, issuer, NID_basic_constraints, "critical,CA:FALSE")
	    && add_extension(cert, issuer, NID_key_usage, "critical,digitalSignature")
	    && add_extension(cert, issuer, NID_ext_key_usage, "clientAuth") && add_extension(cert, issuer, NID_subject_key_identifier, "hash")
	    && add_extension(cert, issuer, NID_authority_key_identifier, "keyid:always") && add_alternative_names(cert, what)
	    && add_crl_url(cert, issuer, what->crl_url);
}

static bool time_fits(const X509 *issuer, const struct mail_ca_device *what)
{
	time_t end = (time_t)what->not_after;
	return what->not_after - what->not_before <= MAIL_CA_DEVICE_DAYS_MAX * DAY_S + SKEW_S && what->not_before < what->not_after
	    && X509_cmp_time(X509_get0_notAfter(issuer), &end) >= 0;
}

static struct slice organisation_of(const X509 *issuer)
{
	X509_NAME *name = X509_get_subject_name(issuer);
	int at = X509_NAME_get_index_by_NID(name, NID_organizationName, -1);
	const ASN1_STRING *text = at >= 0 ? X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)) : NULL;
	return text != NULL ? slice_make(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text)) : SLICE_NONE;
}

static EVP_PKEY *read_spki(struct slice spki)
{
	const unsigned char *at = spki.p;
	EVP_PKEY *key = spki.n > 0 && spki.n <= MAIL_CA_SPKI_MAX ? d2i_PUBKEY(NULL, &at, (long)spki.n) : NULL;
	if (key != NULL && (at != spki.p + spki.n || !csr_key_allowed(key))) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

/* The subject is ours: the organisation and the account; who it is for people stands in the alternative names. */
int mail_ca_device(const struct mail_ca_key *issuer_key, struct slice issuer_der, const struct mail_ca_device *what, struct buf *out,
	struct error *err)
{
	X509 *issuer = mail_ca_read(issuer_der), *cert = NULL;
	EVP_PKEY *public_key = read_spki(what->spki);
	struct buf name = BUF_INIT(MAIL_CA_NAME_MAX);
	hex_encode(slice_make(what->account, sizeof what->account), &name);
	bool ok = issuer != NULL && public_key != NULL && what->address.n > 0 && what->address.n <= MAIL_CA_ADDRESS_MAX && time_fits(issuer, what);
	if (ok)
		cert = start(what->serial, organisation_of(issuer), buf_slice(&name), issuer, what->not_before, what->not_after, public_key);
	ok = cert != NULL && add_device_extensions(cert, issuer, what) && finish(cert, issuer_key, out);
	buf_free(&name);
	EVP_PKEY_free(public_key);
	X509_free(cert);
	X509_free(issuer);
	return ok ? 0 : mail_ca_failed(err, "the certificate of a device could not be made");
}
