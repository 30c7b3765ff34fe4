/*
 * Private keys that are elsewhere. OpenSSL 3.0 has two ways: a provider of one's own or the older key methods, which it still honours
 * for keys with a foreign method. The methods are far smaller; they are deprecated, and used in this file and tls_key.c only.
 */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#include "crypt/tls_private.h"

#define APPLICATION_SLOT 0 /* of the extra data of a key; OpenSSL reserves it for the application */
#define SIGNATURE_MAX 1024

/* Scheme of an ECDSA signature by the size of its digest (RFC 8446 4.2.3); 0: none. */
static uint16_t ecdsa_scheme(int digest_len)
{
	switch (digest_len) {
	case 32:
		return 0x0403;
	case 48:
		return 0x0503;
	case 64:
		return 0x0603;
	default:
		return 0;
	}
}

static int ask(const struct tls_remote *remote, uint16_t scheme, const uint8_t *in, size_t in_len, uint8_t *out, size_t room, size_t *ret_len)
{
	struct buf signature = BUF_INIT(SIGNATURE_MAX);
	int r = remote->context->sign(remote->context->sign_arg, remote->key, scheme, slice_make(in, in_len), &signature);
	if (r == 0 && (signature.failed || buf_len(&signature) > room))
		r = ERR_LIMIT;
	if (r == 0) {
		*ret_len = buf_len(&signature);
		memcpy(out, buf_slice(&signature).p, *ret_len);
	}
	buf_free(&signature);
	return r;
}

static int ec_sign(int type, const unsigned char *digest, int digest_len, unsigned char *sig, unsigned int *sig_len, const BIGNUM *kinv,
	const BIGNUM *r, EC_KEY *key)
{
	const struct tls_remote *remote = EC_KEY_get_ex_data(key, APPLICATION_SLOT);
	uint16_t scheme = ecdsa_scheme(digest_len);
	size_t n = 0;
	if (scheme == 0 || ask(remote, scheme, digest, (size_t)digest_len, sig, (size_t)ECDSA_size(key), &n) != 0)
		return 0;
	*sig_len = (unsigned)n;
	return 1;
}

static int rsa_private_encrypt(int from_len, const unsigned char *from, unsigned char *to, RSA *rsa, int padding)
{
	const struct tls_remote *remote = RSA_get_ex_data(rsa, APPLICATION_SLOT);
	int size = RSA_size(rsa);
	uint8_t block[SIGNATURE_MAX];
	if (size > SIGNATURE_MAX)
		return -1;
	if (padding == RSA_PKCS1_PADDING) {
		if (RSA_padding_add_PKCS1_type_1(block, size, from, from_len) != 1)
			return -1;
	} else if (padding == RSA_NO_PADDING && from_len == size) {
		memcpy(block, from, (size_t)size);
	} else {
		return -1;
	}
	size_t n = 0;
	if (ask(remote, TLS_SCHEME_RSA_RAW, block, (size_t)size, to, (size_t)size, &n) != 0 || n != (size_t)size)
		return -1;
	return size;
}

/* One method for all keys of a context. */
static const EC_KEY_METHOD *ec_method(struct tls_context *context)
{
	int (*setup)(EC_KEY *, BN_CTX *, BIGNUM **, BIGNUM **) = NULL;
	if (context->ec_method != NULL || (context->ec_method = EC_KEY_METHOD_new(EC_KEY_OpenSSL())) == NULL)
		return context->ec_method;
	EC_KEY_METHOD_get_sign(context->ec_method, NULL, &setup, NULL);
	EC_KEY_METHOD_set_sign(context->ec_method, ec_sign, setup, NULL);
	return context->ec_method;
}

static const RSA_METHOD *rsa_method(struct tls_context *context)
{
	if (context->rsa_method != NULL || (context->rsa_method = RSA_meth_dup(RSA_PKCS1_OpenSSL())) == NULL)
		return context->rsa_method;
	RSA_meth_set_priv_enc(context->rsa_method, rsa_private_encrypt);
	RSA_meth_set_flags(context->rsa_method, RSA_meth_get_flags(context->rsa_method) | RSA_METHOD_FLAG_NO_CHECK);
	return context->rsa_method;
}

static EVP_PKEY *remote_ec(struct tls_remote *remote, EVP_PKEY *public_key)
{
	EVP_PKEY *out = NULL;
	EC_KEY *ec = EVP_PKEY_get1_EC_KEY(public_key);
	const EC_KEY_METHOD *method = ec_method(remote->context);
	if (ec == NULL || method == NULL || EC_KEY_set_method(ec, method) != 1 || EC_KEY_set_ex_data(ec, APPLICATION_SLOT, remote) != 1)
		goto out;
	out = EVP_PKEY_new();
	if (out != NULL && EVP_PKEY_set1_EC_KEY(out, ec) != 1) {
		EVP_PKEY_free(out);
		out = NULL;
	}
out:
	EC_KEY_free(ec);
	return out;
}

static EVP_PKEY *remote_rsa(struct tls_remote *remote, EVP_PKEY *public_key)
{
	EVP_PKEY *out = NULL;
	RSA *rsa = EVP_PKEY_get1_RSA(public_key);
	const RSA_METHOD *method = rsa_method(remote->context);
	if (rsa == NULL || method == NULL || RSA_set_method(rsa, method) != 1 || RSA_set_ex_data(rsa, APPLICATION_SLOT, remote) != 1)
		goto out;
	out = EVP_PKEY_new();
	if (out != NULL && EVP_PKEY_set1_RSA(out, rsa) != 1) {
		EVP_PKEY_free(out);
		out = NULL;
	}
out:
	RSA_free(rsa);
	return out;
}

EVP_PKEY *tls_remote_key(struct tls_remote *remote, X509 *certificate, struct error *err)
{
	EVP_PKEY *public_key = X509_get0_pubkey(certificate), *out = NULL;
	int type = public_key == NULL ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(public_key);
	if (type == EVP_PKEY_EC)
		out = remote_ec(remote, public_key);
	else if (type == EVP_PKEY_RSA)
		out = remote_rsa(remote, public_key);
	if (out == NULL)
		tls_error(err, "key type of the certificate (RSA and EC are supported)");
	return out;
}

void tls_remote_free(struct tls_context *context)
{
	if (context->ec_method != NULL)
		EC_KEY_METHOD_free(context->ec_method);
	RSA_meth_free(context->rsa_method);
	context->ec_method = NULL;
	context->rsa_method = NULL;
}
