/* Keys of the authority, and what its other files share. */
#include "crypt/mail_ca_private.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/ensure.h"
#include "base/memory.h"

#define RSA_BITS 3072

static const char *const algorithms[] = {[MAIL_CA_P256] = "ecdsa-p256", [MAIL_CA_RSA3072] = "rsa-3072"};

static const struct { enum mail_ca_reason reason; const char *name; } reasons[] = {
	{MAIL_CA_UNSPECIFIED, "unspecified"}, {MAIL_CA_KEY_COMPROMISE, "key_compromise"}, {MAIL_CA_AFFILIATION_CHANGED, "affiliation_changed"},
	{MAIL_CA_SUPERSEDED, "superseded"}, {MAIL_CA_CESSATION, "cessation"},
};

const char *mail_ca_algorithm_name(enum mail_ca_algorithm algorithm)
{
	return (unsigned)algorithm < ARRAY_LEN(algorithms) ? algorithms[algorithm] : NULL;
}

bool mail_ca_algorithm_find(struct slice name, enum mail_ca_algorithm *ret)
{
	for (unsigned i = 1; i < ARRAY_LEN(algorithms); i++)
		if (slice_eq(name, slice_str(algorithms[i]))) {
			*ret = (enum mail_ca_algorithm)i;
			return true;
		}
	return false;
}

const char *mail_ca_reason_name(enum mail_ca_reason reason)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].reason == reason)
			return reasons[i].name;
	return NULL;
}

bool mail_ca_reason_find(struct slice name, enum mail_ca_reason *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (slice_eq(name, slice_str(reasons[i].name))) {
			*ret = reasons[i].reason;
			return true;
		}
	return false;
}

int mail_ca_failed(struct error *err, const char *what)
{
	ERR_clear_error();
	return error_set(err, ERR_INVALID, "authority: %s", what);
}

X509 *mail_ca_read(struct slice der)
{
	const unsigned char *at = der.p;
	X509 *x = der.n > 0 && der.n <= MAIL_CA_DER_MAX ? d2i_X509(NULL, &at, (long)der.n) : NULL;
	if (x != NULL && at != der.p + der.n) {
		X509_free(x);
		x = NULL;
	}
	return x;
}

bool mail_ca_append(unsigned char *der, int n, struct buf *out)
{
	if (n > 0)
		buf_append_bytes(out, der, (size_t)n);
	OPENSSL_free(der);
	return n > 0 && !out->failed;
}

bool mail_ca_set_time(ASN1_TIME *time, int64_t unix_seconds)
{
	return unix_seconds > 0 && time != NULL && ASN1_TIME_set(time, (time_t)unix_seconds) != NULL;
}

bool mail_ca_set_serial(ASN1_INTEGER *to, const uint8_t serial[MAIL_CA_SERIAL_SIZE])
{
	BIGNUM *number = BN_bin2bn(serial, MAIL_CA_SERIAL_SIZE, NULL);
	bool ok = number != NULL && !BN_is_zero(number) && BN_to_ASN1_INTEGER(number, to) != NULL;
	BN_free(number);
	return ok;
}

static struct mail_ca_key *wrap(EVP_PKEY *pkey)
{
	struct mail_ca_key *key = memory_alloc(sizeof *key);
	key->pkey = pkey;
	return key;
}

int mail_ca_key_generate(enum mail_ca_algorithm algorithm, struct mail_ca_key **ret, struct error *err)
{
	EVP_PKEY *pkey = algorithm == MAIL_CA_P256 ? EVP_EC_gen("P-256") : algorithm == MAIL_CA_RSA3072 ? EVP_RSA_gen(RSA_BITS) : NULL;
	if (pkey == NULL)
		return mail_ca_failed(err, "no key could be made");
	*ret = wrap(pkey);
	return 0;
}

int mail_ca_key_encode(const struct mail_ca_key *key, struct buf *out, struct error *err)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->pkey);
	unsigned char *der = NULL;
	int n = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
	PKCS8_PRIV_KEY_INFO_free(info);
	if (n > 0)
		buf_append_bytes(out, der, (size_t)n);
	OPENSSL_clear_free(der, n > 0 ? (size_t)n : 0);
	return n > 0 && !out->failed ? 0 : mail_ca_failed(err, "the key cannot be written");
}

int mail_ca_key_decode(struct slice der, struct mail_ca_key **ret, struct error *err)
{
	const unsigned char *at = der.p;
	EVP_PKEY *pkey = der.n > 0 && der.n <= MAIL_CA_KEY_MAX ? d2i_AutoPrivateKey(NULL, &at, (long)der.n) : NULL;
	if (pkey == NULL || at != der.p + der.n) {
		EVP_PKEY_free(pkey);
		return mail_ca_failed(err, "no key");
	}
	*ret = wrap(pkey);
	return 0;
}

void mail_ca_key_free(struct mail_ca_key **key)
{
	if (*key == NULL)
		return;
	EVP_PKEY_free((*key)->pkey);
	MEMORY_FREE(key);
}

void mail_ca_pem(const char *label, struct slice der, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	bool ok = bio != NULL && PEM_write_bio(bio, label, "", der.p, (long)der.n) > 0;
	long n = ok ? BIO_get_mem_data(bio, &text) : 0;
	if (n > 0)
		buf_append_bytes(out, text, (size_t)n);
	else
		out->failed = true;
	BIO_free(bio);
}
