#include "crypt/ocsp.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <time.h>

#include "crypt/tls_private.h"

#define WITHOUT_END_S (7 * 86400)
#define SKEW_S 300

static STACK_OF(X509) *chain_with_issuer(struct slice chain_pem, struct error *err)
{
	STACK_OF(X509) *chain = tls_chain_parse(chain_pem, err);
	if (chain != NULL && sk_X509_num(chain) < 2) {
		sk_X509_pop_free(chain, X509_free);
		error_set(err, ERR_NOT_FOUND, "the certificate of the issuer is not there");
		return NULL;
	}
	return chain;
}

/* SHA-1 only names the certificate; responders know nothing else (RFC 5019 2.1.1). */
static OCSP_CERTID *id_of(STACK_OF(X509) *chain)
{
	return OCSP_cert_to_id(EVP_sha1(), sk_X509_value(chain, 0), sk_X509_value(chain, 1));
}

int ocsp_request(struct slice chain_pem, struct buf *out, struct error *err)
{
	STACK_OF(X509) *chain = chain_with_issuer(chain_pem, err);
	OCSP_REQUEST *request = OCSP_REQUEST_new();
	OCSP_CERTID *id = chain != NULL ? id_of(chain) : NULL;
	unsigned char *der = NULL;
	int n = -1;
	if (request != NULL && id != NULL && OCSP_request_add0_id(request, id) != NULL) {
		id = NULL;
		n = i2d_OCSP_REQUEST(request, &der);
	}
	if (n > 0)
		buf_append_bytes(out, der, (size_t)n);
	OPENSSL_free(der);
	OCSP_CERTID_free(id);
	OCSP_REQUEST_free(request);
	sk_X509_pop_free(chain, X509_free);
	ERR_clear_error();
	return n > 0 && !out->failed ? 0 : ERR_NOT_FOUND;
}

/* The issuer is trusted for this, and nobody else. */
static bool is_signed(OCSP_BASICRESP *basic, STACK_OF(X509) *chain)
{
	X509_STORE *store = X509_STORE_new();
	bool ok = store != NULL && X509_STORE_add_cert(store, sk_X509_value(chain, 1)) == 1 && X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1
	          && OCSP_basic_verify(basic, chain, store, 0) == 1;
	X509_STORE_free(store);
	return ok;
}

static int64_t seconds(const ASN1_GENERALIZEDTIME *time, int64_t otherwise)
{
	struct tm tm;
	return time != NULL && ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : otherwise;
}

static int read_status(OCSP_BASICRESP *basic, OCSP_CERTID *id, int64_t now, enum ocsp_verdict *ret_verdict, int64_t *ret_until)
{
	ASN1_GENERALIZEDTIME *begins = NULL, *ends = NULL;
	int status, reason;
	if (OCSP_resp_find_status(basic, id, &status, &reason, NULL, &begins, &ends) != 1 || status == V_OCSP_CERTSTATUS_UNKNOWN)
		return ERR_INVALID;
	*ret_verdict = status == V_OCSP_CERTSTATUS_GOOD ? OCSP_GOOD : OCSP_REVOKED;
	*ret_until = seconds(ends, now + WITHOUT_END_S);
	return seconds(begins, INT64_MAX) <= now + SKEW_S && now < *ret_until ? 0 : ERR_INVALID;
}

int ocsp_check(struct slice answer, struct slice chain_pem, int64_t now, enum ocsp_verdict *ret_verdict, int64_t *ret_until, struct error *err)
{
	STACK_OF(X509) *chain = chain_with_issuer(chain_pem, err);
	const unsigned char *p = answer.p;
	OCSP_RESPONSE *response = chain != NULL && answer.n > 0 && answer.n <= OCSP_ANSWER_MAX ? d2i_OCSP_RESPONSE(NULL, &p, (long)answer.n) : NULL;
	OCSP_BASICRESP *basic = response != NULL && OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL ? OCSP_response_get1_basic(response) : NULL;
	OCSP_CERTID *id = basic != NULL ? id_of(chain) : NULL;
	int rc = id != NULL && is_signed(basic, chain) ? read_status(basic, id, now, ret_verdict, ret_until) : ERR_INVALID;
	OCSP_CERTID_free(id);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(response);
	sk_X509_pop_free(chain, X509_free);
	ERR_clear_error();
	return rc == 0 ? 0 : error_set(err, ERR_INVALID, "not a valid answer about this certificate");
}
