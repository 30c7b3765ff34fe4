/* Which certificate a client is shown. */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/memory.h"
#include "crypt/tls_private.h"

/* ---- choosing ---- */

/* 2: by name, 1: by wildcard, 0: not. */
static int fits(const struct tls_named *n, const char *name)
{
	if (X509_check_host(n->leaf, name, 0, X509_CHECK_FLAG_NO_WILDCARDS, NULL) == 1)
		return 2;
	return X509_check_host(n->leaf, name, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1 ? 1 : 0;
}

static bool is_better(const struct tls_named *n, int fit, const struct tls_named *best, int best_fit)
{
	if (fit != best_fit)
		return fit > best_fit;
	return fit > 0 && ASN1_TIME_compare(X509_get0_notAfter(n->leaf), X509_get0_notAfter(best->leaf)) > 0;
}

static const struct tls_named *choose(const struct tls_context *context, const char *name, bool challenge)
{
	const struct tls_named *best = NULL;
	int best_fit = 0;
	for (const struct tls_named *n = context->named; n != NULL && name != NULL; n = n->next) {
		int fit = n->challenge == challenge ? fits(n, name) : 0;
		if (is_better(n, fit, best, best_fit)) {
			best = n;
			best_fit = fit;
		}
	}
	return best;
}

static const struct tls_named *first(const struct tls_context *context)
{
	const struct tls_named *n = context->named;
	while (n != NULL && n->challenge)
		n = n->next;
	return n;
}

static int on_certificate(SSL *ssl, void *arg)
{
	const struct tls_context *context = arg;
	struct tls_choice *choice = tls_session_choice(ssl);
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	const struct tls_named *n = choose(context, name != NULL ? name : context->default_name, choice->acme);
	if (n == NULL && choice->acme)
		return 0;
	if (n == NULL && !context->has_default)
		n = first(context);
	choice->named = n;
	if (n == NULL)
		return 1;
	SSL_certs_clear(ssl);
	return SSL_use_cert_and_key(ssl, n->leaf, n->key, n->chain, 1);
}

/* ---- TLS-ALPN-01: the one protocol that is offered, RFC 8737 4 ---- */

static int on_hello(SSL *ssl, int *alert, void *arg)
{
	static const unsigned char only[] = "\x00\x0b\x0a" TLS_ALPN_ACME;
	const unsigned char *p;
	size_t n;
	tls_session_choice(ssl)->acme = SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &p, &n) == 1 &&
		n == sizeof only - 1 && memcmp(p, only, n) == 0;
	return SSL_CLIENT_HELLO_SUCCESS;
}

bool tls_names_challenge(const struct tls_context *context, SSL *ssl)
{
	return tls_session_choice(ssl)->acme && choose(context, SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name), true) != NULL;
}

/* ---- stapling ---- */

static int on_status(SSL *ssl, void *arg)
{
	const struct tls_named *named = tls_session_choice(ssl)->named;
	struct slice answer = named != NULL ? buf_slice(&named->ocsp) : SLICE_NONE;
	unsigned char *copy = answer.n > 0 ? OPENSSL_memdup(answer.p, answer.n) : NULL;
	if (copy == NULL)
		return SSL_TLSEXT_ERR_NOACK;
	SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)answer.n);
	return SSL_TLSEXT_ERR_OK;
}

/* ---- the table ---- */

void tls_names_setup(struct tls_context *context)
{
	SSL_CTX_set_cert_cb(context->ssl, on_certificate, context);
	SSL_CTX_set_client_hello_cb(context->ssl, on_hello, context);
	SSL_CTX_set_tlsext_status_cb(context->ssl, on_status);
}

static void named_free(struct tls_named *n)
{
	X509_free(n->leaf);
	sk_X509_pop_free(n->chain, X509_free);
	EVP_PKEY_free(n->key);
	buf_free(&n->ocsp);
	buf_free(&n->pem);
	memory_free(n);
}

void tls_names_free(struct tls_context *context)
{
	while (context->named != NULL) {
		struct tls_named *n = context->named;
		context->named = n->next;
		named_free(n);
	}
	memory_free(context->default_name);
	context->default_name = NULL;
}

int tls_context_add(struct tls_context *context, struct slice chain_pem, uint32_t key, struct slice ocsp, bool challenge, struct error *err)
{
	struct tls_named *n = memory_alloc(sizeof *n), **at = &context->named;
	buf_init(&n->ocsp, ocsp.n);
	buf_append(&n->ocsp, ocsp);
	buf_init(&n->pem, chain_pem.n);
	buf_append(&n->pem, chain_pem);
	n->remote = (struct tls_remote){context, key};
	n->challenge = challenge;
	n->chain = tls_chain_parse(chain_pem, err);
	n->leaf = n->chain != NULL ? sk_X509_shift(n->chain) : NULL;
	n->key = n->leaf != NULL ? tls_remote_key(&n->remote, n->leaf, err) : NULL;
	if (n->key == NULL) {
		named_free(n);
		return ERR_INVALID;
	}
	while (*at != NULL)
		at = &(*at)->next;
	*at = n;
	return 0;
}

void tls_context_default_name(struct tls_context *context, struct slice name)
{
	memory_free(context->default_name);
	context->default_name = name.n > 0 ? memory_dup_str(name) : NULL;
}

void tls_context_certificate(const struct tls_context *context, struct slice name, uint32_t *ret_key, struct slice *ret_chain)
{
	char *text = memory_dup_str(name);
	const struct tls_named *n = choose(context, text, false);
	if (n == NULL)
		n = choose(context, context->default_name, false);
	if (n == NULL && !context->has_default)
		n = first(context);
	if (n != NULL) {
		*ret_key = n->remote.key;
		*ret_chain = buf_slice(&n->pem);
	}
	memory_free(text);
}
