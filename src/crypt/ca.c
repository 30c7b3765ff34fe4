#include "crypt/ca.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/memory.h"

#define SKEW_SECONDS (60L * 60) /* a client whose clock is a little behind accepts the certificate */
#define NAME_MAX_BYTES 253      /* RFC 1035 2.3.4 */
#define COMMON_NAME_MAX 64      /* RFC 5280 A.1 ub-common-name */
#define SERIAL_BYTES 16         /* RFC 5280 4.1.2.2: at most 20; random, CA/Browser forum: 64 bits or more */

static int failed(struct error *err, const char *what)
{
	return error_set(err, ERR_INVALID, "certificate: %s", what);
}

static bool set_serial(X509 *cert)
{
	uint8_t random[SERIAL_BYTES];
	if (RAND_bytes(random, sizeof random) != 1)
		return false;
	random[0] = (uint8_t)((random[0] & 0x7f) | 0x40); /* positive and of full length */
	BIGNUM *number = BN_bin2bn(random, sizeof random, NULL);
	bool ok = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
	BN_free(number);
	return ok;
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	bool ok = ext != NULL && X509_add_ext(cert, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

/* Version, serial, names, times, key; extensions and signature are the caller's. */
static X509 *certificate_start(struct slice common_name, const X509_NAME *issuer, EVP_PKEY *pkey, int days)
{
	X509 *cert = X509_new();
	if (cert == NULL)
		return NULL;
	X509_NAME *name = X509_get_subject_name(cert);
	bool ok = X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert)
	       && X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, common_name.p, (int)common_name.n, -1, 0) == 1
	       && X509_set_issuer_name(cert, issuer != NULL ? issuer : name) == 1
	       && X509_gmtime_adj(X509_getm_notBefore(cert), -SKEW_SECONDS) != NULL
	       && X509_time_adj_ex(X509_getm_notAfter(cert), days, 0, NULL) != NULL && X509_set_pubkey(cert, pkey) == 1;
	if (!ok) {
		X509_free(cert);
		return NULL;
	}
	return cert;
}

static bool append_bio(BIO *bio, struct buf *out)
{
	char *data;
	long n = BIO_get_mem_data(bio, &data);
	buf_append_bytes(out, data, (size_t)n);
	return !out->failed;
}

static bool append_certificate(X509 *cert, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool ok = bio != NULL && PEM_write_bio_X509(bio, cert) == 1 && append_bio(bio, out);
	BIO_free(bio);
	return ok;
}

static bool append_key(EVP_PKEY *pkey, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	bool ok = bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) == 1 && append_bio(bio, out);
	BIO_free(bio);
	return ok;
}

int ca_create(const char *name, int days, struct buf *ret_certificate, struct buf *ret_key, struct error *err)
{
	int rc = -1;
	X509 *cert = NULL;
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	if (pkey == NULL || (cert = certificate_start(slice_sub(slice_str(name), 0, COMMON_NAME_MAX), NULL, pkey, days)) == NULL) {
		rc = failed(err, "cannot make the authority");
		goto out;
	}
	if (!add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
	    || !add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign")
	    || !add_extension(cert, cert, NID_subject_key_identifier, "hash") || X509_sign(cert, pkey, EVP_sha256()) == 0) {
		rc = failed(err, "cannot sign the authority");
		goto out;
	}
	rc = append_certificate(cert, ret_certificate) && append_key(pkey, ret_key) ? 0 : failed(err, "no room for the PEM text");
out:
	X509_free(cert);
	EVP_PKEY_free(pkey);
	return rc;
}

static bool name_is_plain(struct slice name)
{
	if (name.n == 0 || name.n > NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!ascii_is_alnum(name.p[i]) && name.p[i] != '.' && name.p[i] != '-' && name.p[i] != ':' && name.p[i] != '*' && name.p[i] != '_')
			return false;
	return true;
}

static GENERAL_NAME *general_name(struct slice name)
{
	char text[NAME_MAX_BYTES + 1];
	for (size_t i = 0; i < name.n; i++)
		text[i] = (char)name.p[i];
	text[name.n] = '\0';
	ASN1_OCTET_STRING *address = a2i_IPADDRESS(text);
	GENERAL_NAME *entry = GENERAL_NAME_new();
	if (entry != NULL && address != NULL) {
		GENERAL_NAME_set0_value(entry, GEN_IPADD, address);
		return entry;
	}
	ASN1_IA5STRING *dns = ASN1_IA5STRING_new();
	if (entry != NULL && dns != NULL && ASN1_STRING_set(dns, text, (int)name.n) == 1) {
		GENERAL_NAME_set0_value(entry, GEN_DNS, dns);
		return entry;
	}
	ASN1_OCTET_STRING_free(address);
	ASN1_IA5STRING_free(dns);
	GENERAL_NAME_free(entry);
	return NULL;
}

static bool add_alternative_names(X509 *cert, const struct slice *names, size_t count)
{
	GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
	bool ok = list != NULL;
	for (size_t i = 0; ok && i < count; i++) {
		GENERAL_NAME *entry = name_is_plain(names[i]) ? general_name(names[i]) : NULL;
		ok = entry != NULL && sk_GENERAL_NAME_push(list, entry) > 0;
	}
	ok = ok && X509_add1_ext_i2d(cert, NID_subject_alt_name, list, 0, 0) == 1;
	sk_GENERAL_NAME_pop_free(list, GENERAL_NAME_free);
	return ok;
}

static bool add_server_extensions(X509 *cert, X509 *issuer, const struct slice *names, size_t count)
{
	return add_extension(cert, issuer, NID_basic_constraints, "critical,CA:FALSE")
	    && add_extension(cert, issuer, NID_key_usage, "critical,digitalSignature")
	    && add_extension(cert, issuer, NID_ext_key_usage, "serverAuth") && add_extension(cert, issuer, NID_subject_key_identifier, "hash")
	    && add_extension(cert, issuer, NID_authority_key_identifier, "keyid") && add_alternative_names(cert, names, count);
}

static X509 *read_certificate(struct slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	return cert;
}

static EVP_PKEY *read_key(struct slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	return key;
}

int ca_issue(struct slice ca_certificate, struct slice ca_key, const struct slice *names, size_t name_count, int days,
             struct buf *ret_chain, struct buf *ret_key, struct error *err)
{
	if (name_count == 0 || name_count > CA_NAMES_MAX)
		return error_set(err, ERR_LIMIT, "a certificate takes 1 to %d names", CA_NAMES_MAX);
	int rc = -1;
	X509 *cert = NULL, *issuer = read_certificate(ca_certificate);
	EVP_PKEY *issuer_key = read_key(ca_key), *pkey = EVP_EC_gen("P-256");
	if (issuer == NULL || issuer_key == NULL || pkey == NULL || X509_check_private_key(issuer, issuer_key) != 1) {
		rc = failed(err, "the authority's certificate or key cannot be used");
		goto out;
	}
	cert = certificate_start(slice_sub(names[0], 0, COMMON_NAME_MAX), X509_get_subject_name(issuer), pkey, days);
	if (cert == NULL || !add_server_extensions(cert, issuer, names, name_count) || X509_sign(cert, issuer_key, EVP_sha256()) == 0) {
		rc = failed(err, "a name is not valid or signing failed");
		goto out;
	}
	rc = append_certificate(cert, ret_chain) && append_certificate(issuer, ret_chain) && append_key(pkey, ret_key)
	       ? 0 : failed(err, "no room for the PEM text");
out:
	X509_free(cert);
	X509_free(issuer);
	EVP_PKEY_free(issuer_key);
	EVP_PKEY_free(pkey);
	return rc;
}

int64_t ca_not_after(struct slice certificate_pem)
{
	X509 *cert = read_certificate(certificate_pem);
	struct tm tm;
	int64_t at = -1;
	if (cert != NULL && ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1)
		at = timegm(&tm);
	X509_free(cert);
	return at;
}
