#include "crypt/chain.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "base/ascii.h"
#include "base/codec.h"
#include "crypt/hash.h"
#include "crypt/tls_private.h"

#define SECURITY_BITS_MIN 112

/* ---- order ---- */

static bool issued(X509 *issuer, X509 *subject)
{
	return issuer != subject && X509_check_issued(issuer, subject) == X509_V_OK;
}

/* The one that is nobody's issuer. */
static X509 *leaf_of(STACK_OF(X509) *all)
{
	for (int i = 0; i < sk_X509_num(all); i++) {
		X509 *one = sk_X509_value(all, i);
		bool issuer = false;
		for (int k = 0; k < sk_X509_num(all); k++)
			issuer |= issued(one, sk_X509_value(all, k));
		if (!issuer)
			return one;
	}
	return sk_X509_value(all, 0);
}

static X509 *issuer_of(STACK_OF(X509) *all, X509 *subject)
{
	for (int i = 0; i < sk_X509_num(all); i++)
		if (issued(sk_X509_value(all, i), subject))
			return sk_X509_value(all, i);
	return NULL;
}

static bool is_root(X509 *c)
{
	return (X509_get_extension_flags(c) & EXFLAG_SS) != 0;
}

static int append(X509 *c, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long n = bio != NULL && PEM_write_bio_X509(bio, c) == 1 ? BIO_get_mem_data(bio, &data) : 0;
	if (n > 0)
		buf_append_bytes(out, data, (size_t)n);
	BIO_free(bio);
	return n > 0 && !out->failed ? 0 : ERR_LIMIT;
}

static int write_in_order(STACK_OF(X509) *all, X509 *leaf, struct buf *out, int *ret_count)
{
	X509 *next = leaf;
	int rc = 0;
	*ret_count = 0;
	while (rc == 0 && next != NULL && *ret_count < TLS_CHAIN_MAX && (next == leaf || !is_root(next))) {
		rc = append(next, out);
		(*ret_count)++;
		next = issuer_of(all, next);
	}
	return rc;
}

/* ---- strength ---- */

static const char *weakness(X509 *c)
{
	EVP_PKEY *key = X509_get0_pubkey(c);
	int bits = key != NULL ? EVP_PKEY_get_bits(key) : 0, security = 0;
	if (key == NULL)
		return "its key cannot be read";
	if (EVP_PKEY_is_a(key, "RSA") ? bits < 2048 || bits > 8192 : !EVP_PKEY_is_a(key, "EC") || (bits != 256 && bits != 384))
		return "its key is neither RSA of 2048 to 8192 bits nor ECDSA on P-256 or P-384";
	if (!is_root(c) && (X509_get_signature_info(c, NULL, NULL, &security, NULL) != 1 || security < SECURITY_BITS_MIN))
		return "it is signed with a weak algorithm";
	return NULL;
}

/* ---- what the leaf says ---- */

static void add_name(struct chain *ret, const ASN1_IA5STRING *name, struct arena *arena)
{
	struct slice text = slice_make(ASN1_STRING_get0_data(name), (size_t)ASN1_STRING_length(name));
	if (text.n == 0 || text.n > 253 || ret->name_count == CHAIN_NAMES_MAX)
		return;
	for (size_t i = 0; i < text.n; i++)
		if (!ascii_is_alnum(text.p[i]) && text.p[i] != '.' && text.p[i] != '-' && text.p[i] != '*' && text.p[i] != '_')
			return;
	ret->names[ret->name_count++] = ascii_dup_lower(arena, text);
}

static void read_names(X509 *leaf, struct arena *arena, struct chain *ret)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *one = sk_GENERAL_NAME_value(names, i);
		if (one->type == GEN_DNS)
			add_name(ret, one->d.dNSName, arena);
	}
	GENERAL_NAMES_free(names);
}

static struct slice name_part(X509_NAME *name, int nid, struct arena *arena)
{
	int at = X509_NAME_get_index_by_NID(name, nid, -1);
	unsigned char *text = NULL;
	int n = at >= 0 ? ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at))) : 0;
	struct slice copy = n > 0 ? arena_dup(arena, slice_make(text, (size_t)n)) : SLICE_NONE;
	OPENSSL_free(text);
	return copy;
}

static bool moment(const ASN1_TIME *time, int64_t *ret)
{
	struct tm tm;
	if (ASN1_TIME_to_tm(time, &tm) != 1)
		return false;
	*ret = (int64_t)timegm(&tm);
	return true;
}

/* RFC 7633 4: a list with status_request(5). */
static bool must_staple(X509 *leaf)
{
	TLS_FEATURE *features = X509_get_ext_d2i(leaf, NID_tlsfeature, NULL, NULL);
	bool found = false;
	for (int i = 0; features != NULL && i < sk_ASN1_INTEGER_num(features); i++)
		found |= ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == 5;
	TLS_FEATURE_free(features);
	return found;
}

static void read_urls(X509 *leaf, struct arena *arena, struct slice *ret_ocsp, bool *ret_issuer)
{
	AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(leaf, NID_info_access, NULL, NULL);
	for (int i = 0; access != NULL && i < sk_ACCESS_DESCRIPTION_num(access); i++) {
		const ACCESS_DESCRIPTION *one = sk_ACCESS_DESCRIPTION_value(access, i);
		int method = OBJ_obj2nid(one->method);
		if (one->location->type != GEN_URI)
			continue;
		const ASN1_IA5STRING *uri = one->location->d.uniformResourceIdentifier;
		if (method == NID_ad_OCSP && ret_ocsp->n == 0)
			*ret_ocsp = arena_dup(arena, slice_make(ASN1_STRING_get0_data(uri), (size_t)ASN1_STRING_length(uri)));
		*ret_issuer |= method == NID_ad_ca_issuers;
	}
	AUTHORITY_INFO_ACCESS_free(access);
}

static bool for_servers(X509 *leaf)
{
	return (X509_get_extension_flags(leaf) & EXFLAG_XKUSAGE) == 0 || (X509_get_extended_key_usage(leaf) & (XKU_SSL_SERVER | XKU_ANYEKU)) != 0;
}

static int hash_parts(X509 *leaf, struct chain *ret)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(X509_get0_pubkey(leaf), &der);
	if (n > 0)
		hash_sha256(slice_make(der, (size_t)n), ret->key_hash);
	OPENSSL_free(der);
	return n > 0 && X509_digest(leaf, EVP_sha256(), ret->fingerprint, NULL) == 1 ? 0 : ERR_INVALID;
}

static int read_leaf(X509 *leaf, int64_t now, struct arena *arena, struct chain *ret, bool *ret_issuer, struct error *err)
{
	read_names(leaf, arena, ret);
	read_urls(leaf, arena, &ret->ocsp_url, ret_issuer);
	ret->must_staple = must_staple(leaf);
	ret->issuer = name_part(X509_get_issuer_name(leaf), NID_organizationName, arena);
	if (ret->issuer.n == 0)
		ret->issuer = name_part(X509_get_issuer_name(leaf), NID_commonName, arena);
	if (!moment(X509_get0_notBefore(leaf), &ret->not_before) || !moment(X509_get0_notAfter(leaf), &ret->not_after) || hash_parts(leaf, ret) != 0)
		return error_set(err, ERR_INVALID, "the certificate cannot be read");
	if (ret->name_count == 0 || !for_servers(leaf))
		return error_set(err, ERR_INVALID, ret->name_count == 0 ? "the certificate is for no host name" : "the certificate is not for servers");
	return now >= ret->not_after ? error_set(err, ERR_INVALID, "the certificate has expired") : 0;
}

int chain_read(struct slice pem, int64_t now, struct arena *arena, struct chain *ret, struct buf *ret_pem, struct error *err)
{
	STACK_OF(X509) *all = pem.n <= CHAIN_PEM_MAX ? tls_chain_parse(pem, err) : NULL;
	const char *weak = NULL;
	bool elsewhere = false;
	int count = 0;
	*ret = (struct chain){0};
	if (all == NULL)
		return error_set(err, ERR_INVALID, "no certificates in PEM");
	X509 *leaf = leaf_of(all);
	int rc = read_leaf(leaf, now, arena, ret, &elsewhere, err);
	for (int i = 0; rc == 0 && i < sk_X509_num(all); i++)
		if ((weak = weakness(sk_X509_value(all, i))) != NULL)
			rc = error_set(err, ERR_UNSUPPORTED, "%s: %s", sk_X509_value(all, i) == leaf ? "the certificate" : "a certificate of its authorities", weak);
	if (rc == 0)
		rc = write_in_order(all, leaf, ret_pem, &count);
	if (rc == 0 && elsewhere && count == 1 && issuer_of(all, leaf) == NULL)
		rc = error_set(err, ERR_INVALID, "the certificate of the issuing authority is missing");
	sk_X509_pop_free(all, X509_free);
	ERR_clear_error();
	return rc;
}

bool chain_renewal_id(struct slice pem, struct buf *out)
{
	struct error err = {0};
	STACK_OF(X509) *all = pem.n <= CHAIN_PEM_MAX ? tls_chain_parse(pem, &err) : NULL;
	X509 *leaf = all != NULL ? leaf_of(all) : NULL;
	const ASN1_OCTET_STRING *key = leaf != NULL ? X509_get0_authority_key_id(leaf) : NULL;
	const ASN1_INTEGER *serial = leaf != NULL ? X509_get0_serialNumber(leaf) : NULL;
	unsigned char *der = NULL;
	int n = serial != NULL ? i2d_ASN1_INTEGER(serial, &der) : 0;
	/* The content alone: tag and length (numbers have at most 20 bytes, RFC 5280 4.1.2.2) are left out, a sign byte stays. */
	bool good = key != NULL && ASN1_STRING_length(key) > 0 && n > 2 && n <= 2 + 21;
	if (good) {
		base64url_encode(slice_make(ASN1_STRING_get0_data(key), (size_t)ASN1_STRING_length(key)), out);
		buf_append_byte(out, '.');
		base64url_encode(slice_make(der + 2, (size_t)n - 2), out);
	}
	OPENSSL_free(der);
	sk_X509_pop_free(all, X509_free);
	ERR_clear_error();
	return good && !out->failed;
}
