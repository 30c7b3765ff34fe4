#include "crypt/timestamp.h"

#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <time.h>

#include "base/clock.h"

static ASN1_INTEGER *random_nonce(void)
{
	ASN1_INTEGER *nonce = NULL;
	BIGNUM *n = BN_new();
	if (n != NULL && BN_rand(n, 64, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1)
		nonce = BN_to_ASN1_INTEGER(n, NULL);
	BN_free(n);
	return nonce;
}

static TS_MSG_IMPRINT *make_imprint(const uint8_t digest[32])
{
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *algorithm = X509_ALGOR_new();
	bool ok = imprint != NULL && algorithm != NULL && X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1
		&& TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 && TS_MSG_IMPRINT_set_msg(imprint, (unsigned char *)(uintptr_t)digest, 32) == 1;
	X509_ALGOR_free(algorithm);
	if (!ok) {
		TS_MSG_IMPRINT_free(imprint);
		return NULL;
	}
	return imprint;
}

int timestamp_request(const uint8_t digest[32], struct buf *out, struct error *err)
{
	TS_REQ *request = TS_REQ_new();
	TS_MSG_IMPRINT *imprint = make_imprint(digest);
	ASN1_INTEGER *nonce = random_nonce();
	unsigned char *der = NULL;
	int n = -1;
	if (request != NULL && imprint != NULL && nonce != NULL && TS_REQ_set_version(request, 1) == 1 && TS_REQ_set_msg_imprint(request, imprint) == 1
	    && TS_REQ_set_nonce(request, nonce) == 1 && TS_REQ_set_cert_req(request, 1) == 1)
		n = i2d_TS_REQ(request, &der);
	if (n > 0)
		buf_append_bytes(out, der, (size_t)n);
	OPENSSL_free(der);
	ASN1_INTEGER_free(nonce);
	TS_MSG_IMPRINT_free(imprint);
	TS_REQ_free(request);
	return n > 0 && !out->failed ? 0 : error_set(err, ERR_LIMIT, "the time stamp request could not be made");
}

static X509_STORE *load_store(struct slice ca_pem)
{
	X509_STORE *store = X509_STORE_new();
	BIO *bio = BIO_new_mem_buf(ca_pem.p, (int)ca_pem.n);
	X509 *certificate;
	while (store != NULL && bio != NULL && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		X509_STORE_add_cert(store, certificate);
		X509_free(certificate);
	}
	BIO_free(bio);
	return store;
}

/* The answer's own certificates are looked at by OpenSSL when it builds the chain. */
static bool verify(TS_RESP *response, const uint8_t digest[32], struct slice ca_pem)
{
	TS_VERIFY_CTX *ctx = TS_VERIFY_CTX_new();
	unsigned char *copy = OPENSSL_memdup(digest, 32);
	bool ok = ctx != NULL && copy != NULL;
	if (!ok) {
		OPENSSL_free(copy);
		TS_VERIFY_CTX_free(ctx);
		return false;
	}
	TS_VERIFY_CTX_set_imprint(ctx, copy, 32); /* owns it now */
	TS_VERIFY_CTX_set_flags(ctx, TS_VFY_VERSION | TS_VFY_IMPRINT | (ca_pem.n > 0 ? TS_VFY_SIGNATURE : 0));
	if (ca_pem.n > 0)
		TS_VERIFY_CTX_set_store(ctx, load_store(ca_pem));
	ok = TS_RESP_verify_response(ctx, response) == 1;
	TS_VERIFY_CTX_free(ctx);
	return ok;
}

static bool time_of(TS_RESP *response, int64_t *ret_time)
{
	TS_TST_INFO *info = TS_RESP_get_tst_info(response);
	struct tm t;
	if (info == NULL || ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &t) != 1)
		return false;
	struct calendar c = {.year = t.tm_year + 1900, .month = t.tm_mon + 1, .day = t.tm_mday, .hour = t.tm_hour, .minute = t.tm_min, .second = t.tm_sec};
	*ret_time = calendar_to_unix(&c);
	return true;
}

int timestamp_check(struct slice answer, const uint8_t digest[32], struct slice ca_pem, int64_t *ret_time, struct error *err)
{
	const unsigned char *p = answer.p;
	if (answer.n == 0 || answer.n > TIMESTAMP_ANSWER_MAX)
		return error_set(err, ERR_LIMIT, "the time stamp has no possible size");
	TS_RESP *response = d2i_TS_RESP(NULL, &p, (long)answer.n);
	bool whole = response != NULL && p == answer.p + answer.n;
	bool ok = whole && verify(response, digest, ca_pem) && time_of(response, ret_time);
	TS_RESP_free(response);
	if (!whole)
		return error_set(err, ERR_INVALID, "this is no answer of a time stamp service");
	return ok ? 0 : error_set(err, ERR_DAMAGED, "the time stamp is not granted, not about this head, or not signed by somebody you trust");
}
