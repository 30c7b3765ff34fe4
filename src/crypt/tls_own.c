/*
 * Certificates of clients that an authority of our own issued: trusted beside those of auth.client_ca, in a store of their own, so that lists of
 * revoked ones there ask nothing of ours (what of ours is revoked the ledger knows) and neither vouches for the other.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "crypt/tls_private.h"

static bool holds_in(X509_STORE *store, X509 *shown, STACK_OF(X509) *chain, int *ret_error)
{
	X509_STORE_CTX *check = X509_STORE_CTX_new();
	bool holds = check != NULL && X509_STORE_CTX_init(check, store, shown, chain) == 1 && X509_STORE_CTX_set_default(check, "ssl_client") == 1
	             && X509_verify_cert(check) == 1;
	*ret_error = check != NULL ? X509_STORE_CTX_get_error(check) : X509_V_ERR_UNSPECIFIED;
	X509_STORE_CTX_free(check);
	ERR_clear_error();
	return holds;
}

bool tls_context_vouches(const struct tls_context *context, X509 *shown, STACK_OF(X509) *chain)
{
	int error;
	return holds_in(SSL_CTX_get_cert_store(context->ssl), shown, chain, &error)
	    || (context->own != NULL && holds_in(context->own, shown, chain, &error));
}

/* Without a good end the handshake goes on all the same, as if nothing was shown: the result stays in the session. */
static int verify_either(X509_STORE_CTX *ctx, void *arg)
{
	struct tls_context *context = arg;
	int error;
	(void)X509_verify_cert(ctx);
	if (X509_STORE_CTX_get_error(ctx) != X509_V_OK
	    && holds_in(context->own, X509_STORE_CTX_get0_cert(ctx), X509_STORE_CTX_get0_untrusted(ctx), &error))
		X509_STORE_CTX_set_error(ctx, X509_V_OK);
	else if (X509_STORE_CTX_get_error(ctx) != X509_V_OK && error != X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY)
		X509_STORE_CTX_set_error(ctx, error); /* ours says more about ours */
	return 1;
}

int tls_context_own_ca(struct tls_context *context, struct slice ca_pem, struct error *err)
{
	STACK_OF(X509) *list = tls_chain_parse(ca_pem, err);
	X509_STORE *store = list != NULL ? X509_STORE_new() : NULL;
	int rc = store != NULL ? 0 : ERR_INVALID;
	for (int i = 0; rc == 0 && i < sk_X509_num(list); i++)
		if (X509_STORE_add_cert(store, sk_X509_value(list, i)) != 1 || SSL_CTX_add_client_CA(context->ssl, sk_X509_value(list, i)) != 1)
			rc = tls_error(err, "certificates of clients");
	sk_X509_pop_free(list, X509_free);
	if (rc != 0) {
		X509_STORE_free(store);
		return rc;
	}
	(void)X509_STORE_set_flags(store, X509_V_FLAG_X509_STRICT);
	X509_STORE_free(context->own);
	context->own = store;
	SSL_CTX_set_cert_verify_callback(context->ssl, verify_either, context);
	SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER, tls_accept_any);
	return 0;
}
