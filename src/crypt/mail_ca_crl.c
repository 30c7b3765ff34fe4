/* Lists of revoked certificates (RFC 5280 5). */
#include "crypt/mail_ca_private.h"

#include <openssl/err.h>

static bool add_reason(X509_REVOKED *entry, uint8_t reason)
{
	if (reason == MAIL_CA_UNSPECIFIED) /* 5.3.1: is left out */
		return true;
	ASN1_ENUMERATED *value = ASN1_ENUMERATED_new();
	bool ok = value != NULL && ASN1_ENUMERATED_set(value, reason) == 1 && X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, value, 0, 0) == 1;
	ASN1_ENUMERATED_free(value);
	return ok;
}

static bool add_entry(X509_CRL *crl, const uint8_t serial[MAIL_CA_SERIAL_SIZE], int64_t time, uint8_t reason)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	ASN1_TIME *at = ASN1_TIME_new();
	bool ok = entry != NULL && number != NULL && mail_ca_set_serial(number, serial) && mail_ca_set_time(at, time)
	       && X509_REVOKED_set_serialNumber(entry, number) == 1 && X509_REVOKED_set_revocationDate(entry, at) == 1
	       && mail_ca_reason_name((enum mail_ca_reason)reason) != NULL && add_reason(entry, reason) && X509_CRL_add0_revoked(crl, entry) == 1;
	if (!ok)
		X509_REVOKED_free(entry);
	ASN1_INTEGER_free(number);
	ASN1_TIME_free(at);
	return ok;
}

static bool add_entries(X509_CRL *crl, struct slice revoked)
{
	uint8_t serial[MAIL_CA_SERIAL_SIZE], reason;
	uint64_t time;
	if (revoked.n % MAIL_CA_REVOKED_SIZE != 0 || revoked.n / MAIL_CA_REVOKED_SIZE > MAIL_CA_REVOKED_MAX)
		return false;
	while (slice_get_fixed(&revoked, serial, sizeof serial) && slice_get_u64(&revoked, &time) && slice_get_u8(&revoked, &reason))
		if (time > INT64_MAX || !add_entry(crl, serial, (int64_t)time, reason))
			return false;
	return true;
}

static bool set_number(X509_CRL *crl, uint64_t value)
{
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	bool ok = number != NULL && ASN1_INTEGER_set_uint64(number, value) == 1 && X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) == 1;
	ASN1_INTEGER_free(number);
	return ok;
}

static bool set_issuer_key(X509_CRL *crl, X509 *issuer)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, NULL, NULL, crl, 0);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid:always");
	bool ok = ext != NULL && X509_CRL_add_ext(crl, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

static bool set_times(X509_CRL *crl, const struct mail_ca_crl *what)
{
	ASN1_TIME *from = ASN1_TIME_new(), *to = ASN1_TIME_new();
	bool ok = what->this_update < what->next_update && mail_ca_set_time(from, what->this_update) && mail_ca_set_time(to, what->next_update)
	       && X509_CRL_set1_lastUpdate(crl, from) == 1 && X509_CRL_set1_nextUpdate(crl, to) == 1;
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	return ok;
}

int mail_ca_crl(const struct mail_ca_key *issuer_key, struct slice issuer_der, const struct mail_ca_crl *what, struct buf *out, struct error *err)
{
	X509 *issuer = mail_ca_read(issuer_der);
	X509_CRL *crl = X509_CRL_new();
	unsigned char *der = NULL;
	bool ok = issuer != NULL && crl != NULL && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1
	       && X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)) == 1 && set_times(crl, what) && add_entries(crl, what->revoked)
	       && X509_CRL_sort(crl) == 1 && set_issuer_key(crl, issuer) && set_number(crl, what->number)
	       && X509_CRL_sign(crl, issuer_key->pkey, EVP_sha256()) != 0;
	if (ok) {
		int n = i2d_X509_CRL(crl, &der);
		ok = mail_ca_append(der, n, out);
	}
	X509_CRL_free(crl);
	X509_free(issuer);
	return ok ? 0 : mail_ca_failed(err, "the list of revoked certificates could not be made");
}

bool mail_ca_crl_is(struct slice crl_der, struct slice issuer_der, uint64_t number)
{
	const unsigned char *at = crl_der.p;
	X509 *issuer = mail_ca_read(issuer_der);
	X509_CRL *crl = crl_der.n > 0 && crl_der.n <= MAIL_CA_CRL_MAX ? d2i_X509_CRL(NULL, &at, (long)crl_der.n) : NULL;
	ASN1_INTEGER *shown = crl != NULL ? X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL) : NULL;
	uint64_t value = 0;
	bool ok = issuer != NULL && shown != NULL && at == crl_der.p + crl_der.n && ASN1_INTEGER_get_uint64(&value, shown) == 1 && value == number
	       && X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(issuer)) == 0
	       && X509_CRL_verify(crl, X509_get0_pubkey(issuer)) == 1;
	ASN1_INTEGER_free(shown);
	X509_CRL_free(crl);
	X509_free(issuer);
	ERR_clear_error();
	return ok;
}
