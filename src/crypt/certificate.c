#include "crypt/certificate.h"

#include <limits.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "crypt/hash.h"

static bool is_printable(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
			return false;
	return s.n > 0 && s.n <= 320;
}

static void read_addresses(X509 *x, struct arena *arena, struct certificate *ret, struct slice *ret_addresses)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		if (name->type != GEN_EMAIL || ret->address_count == CERTIFICATE_ADDRESSES_MAX)
			continue;
		struct slice text = slice_make(ASN1_STRING_get0_data(name->d.rfc822Name), (size_t)ASN1_STRING_length(name->d.rfc822Name));
		if (is_printable(text))
			ret_addresses[ret->address_count++] = arena_dup(arena, text);
	}
	GENERAL_NAMES_free(names);
}

static bool read_time(const ASN1_TIME *t, int64_t *ret)
{
	struct tm tm;
	if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	struct calendar c = {.year = tm.tm_year + 1900, .month = tm.tm_mon + 1, .day = tm.tm_mday, .hour = tm.tm_hour, .minute = tm.tm_min,
		.second = tm.tm_sec};
	*ret = calendar_to_unix(&c);
	return true;
}

static int read_one(X509 *x, struct arena *arena, struct certificate *ret, struct slice *ret_addresses, struct error *err)
{
	unsigned char *der = NULL;
	int n = x != NULL ? i2d_X509(x, &der) : -1;
	*ret = (struct certificate){0};
	if (n <= 0 || !read_time(X509_get0_notBefore(x), &ret->not_before) || !read_time(X509_get0_notAfter(x), &ret->not_after)) {
		OPENSSL_free(der);
		return error_set(err, ERR_INVALID, "not a certificate");
	}
	hash_sha256(slice_make(der, (size_t)n), ret->fingerprint);
	OPENSSL_free(der);
	read_addresses(x, arena, ret, ret_addresses);
	return 0;
}

int certificate_read(struct slice der, struct arena *arena, struct certificate *ret, struct slice *ret_addresses, struct error *err)
{
	const unsigned char *at = der.p;
	X509 *x = der.n > 0 && der.n <= CERTIFICATE_MAX ? d2i_X509(NULL, &at, (long)der.n) : NULL;
	int rc = x != NULL && at == der.p + der.n ? read_one(x, arena, ret, ret_addresses, err) : error_set(err, ERR_INVALID, "not a certificate");
	X509_free(x);
	return rc;
}

int certificate_read_pem(struct slice pem, struct arena *arena, struct certificate *ret, struct slice *ret_addresses, struct error *err)
{
	BIO *bio = pem.n > 0 && pem.n <= CERTIFICATE_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	X509 *x = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	int rc = read_one(x, arena, ret, ret_addresses, err);
	X509_free(x);
	BIO_free(bio);
	return rc;
}

static void read_issuer(const X509 *x, char ret[CERTIFICATE_ISSUER_MAX])
{
	X509_NAME *name = X509_get_issuer_name(x);
	int at = X509_NAME_get_index_by_NID(name, NID_organizationName, -1);
	unsigned char *text = NULL;
	int n = at >= 0 ? ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at))) : -1;
	ret[0] = 0;
	if (n > 0 && n < CERTIFICATE_ISSUER_MAX) {
		memcpy(ret, text, (size_t)n);
		ret[n] = 0;
	}
	OPENSSL_free(text);
}

int certificate_key_hash(struct slice pem, uint8_t ret_hash[32], char ret_issuer[CERTIFICATE_ISSUER_MAX])
{
	BIO *bio = pem.n > 0 && pem.n <= INT_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	X509 *x = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	unsigned char *der = NULL;
	int n = x != NULL ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der) : -1;
	if (n > 0) {
		hash_sha256(slice_make(der, (size_t)n), ret_hash);
		read_issuer(x, ret_issuer);
	}
	OPENSSL_free(der);
	X509_free(x);
	BIO_free(bio);
	return n > 0 ? 0 : ERR_INVALID;
}
