#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <string.h>
#include <time.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/tls_private.h"

#define TICKET_KEY_SECONDS (6 * 3600)
#define CIPHERS_TLS12 "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL"
/* Encryption to a peer of which nothing can be verified anyway: also older suites, never export or null ones. */
#define CIPHERS_TLS12_OPPORTUNISTIC "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:DHE+AESGCM:AES:!aNULL:!eNULL:!PSK:!SRP"
#define CIPHERS_TLS13 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

void tls_library_init(void)
{
	ENSURE(OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL) == 1);
}

int tls_error(struct error *err, const char *what)
{
	char text[160] = "not usable";
	unsigned long code = ERR_peek_last_error();
	if (code != 0)
		ERR_error_string_n(code, text, sizeof text);
	ERR_clear_error();
	return error_set(err, ERR_INVALID, "%s: %s", what, text);
}

STACK_OF(X509) *tls_chain_parse(struct slice pem, struct error *err)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *certificate;
	while (bio != NULL && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		if (sk_X509_num(chain) >= TLS_CHAIN_MAX || sk_X509_push(chain, certificate) == 0) {
			X509_free(certificate);
			break;
		}
	}
	BIO_free(bio);
	/* The end of the text shows as "no start line"; anything else is a damaged certificate. */
	bool damaged = sk_X509_num(chain) == 0 || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE;
	if (damaged) {
		tls_error(err, "certificate chain");
		sk_X509_pop_free(chain, X509_free);
		return NULL;
	}
	ERR_clear_error();
	return chain;
}

/* ---- session tickets: stateless, keys rotate ---- */

static void new_ticket_key(struct tls_ticket_key *key)
{
	ENSURE(RAND_bytes((uint8_t *)key, sizeof *key) == 1);
}

static void rotate_tickets(struct tls_ticket_keys *keys)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (keys->shared || (keys->made_at != 0 && now.tv_sec - keys->made_at < TICKET_KEY_SECONDS))
		return;
	keys->older = keys->newer;
	new_ticket_key(&keys->newer);
	if (keys->made_at == 0)
		new_ticket_key(&keys->older);
	keys->made_at = now.tv_sec == 0 ? 1 : now.tv_sec;
}

void tls_context_tickets(struct tls_context *context, const uint8_t *newer, const uint8_t *older)
{
	_Static_assert(sizeof(struct tls_ticket_key) == TLS_TICKET_KEY_SIZE, "the size of a ticket key");
	memcpy(&context->tickets.newer, newer, TLS_TICKET_KEY_SIZE);
	memcpy(&context->tickets.older, older, TLS_TICKET_KEY_SIZE);
	context->tickets.shared = true;
}

static int use_ticket_key(const struct tls_ticket_key *key, uint8_t *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int encrypt)
{
	OSSL_PARAM params[3];
	params[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key->mac, sizeof key->mac);
	params[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0);
	params[2] = OSSL_PARAM_construct_end();
	if (EVP_MAC_CTX_set_params(mac, params) != 1)
		return -1;
	return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher, iv, encrypt) == 1 ? 1 : -1;
}

static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int encrypt)
{
	struct tls_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	struct tls_ticket_keys *keys = &context->tickets;
	rotate_tickets(keys);
	if (encrypt) {
		memcpy(name, keys->newer.name, sizeof keys->newer.name);
		if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1)
			return -1;
		return use_ticket_key(&keys->newer, iv, cipher, mac, 1);
	}
	if (memcmp(name, keys->newer.name, sizeof keys->newer.name) == 0)
		return use_ticket_key(&keys->newer, iv, cipher, mac, 0);
	if (memcmp(name, keys->older.name, sizeof keys->older.name) != 0)
		return 0;
	/* 2: still good, the client shall get a new one. */
	return use_ticket_key(&keys->older, iv, cipher, mac, 0) == 1 ? 2 : -1;
}

/* ---- ALPN ---- */

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in, unsigned in_len, void *arg)
{
	struct tls_context *context = arg;
	unsigned char *chosen;
	if (tls_names_challenge(context, ssl)) {
		*out = (const unsigned char *)TLS_ALPN_ACME;
		*out_len = sizeof TLS_ALPN_ACME - 1;
		return SSL_TLSEXT_ERR_OK;
	}
	if (SSL_select_next_proto(&chosen, out_len, context->alpn, context->alpn_len, in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301 3.2 */
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

int tls_context_alpn(struct tls_context *context, const struct slice *names, size_t count)
{
	struct buf wire = BUF_INIT(TLS_ALPN_MAX);
	for (size_t i = 0; i < count; i++) {
		buf_put_u8(&wire, (uint8_t)names[i].n);
		buf_append(&wire, names[i]);
	}
	int r = wire.failed ? ERR_LIMIT : 0;
	if (r == 0) {
		context->alpn_len = (unsigned)buf_len(&wire);
		memcpy(context->alpn, buf_slice(&wire).p, context->alpn_len);
		if (context->server)
			SSL_CTX_set_alpn_select_cb(context->ssl, context->alpn_len > 0 ? on_alpn : NULL, context);
		else
			SSL_CTX_set_alpn_protos(context->ssl, context->alpn, context->alpn_len);
	}
	buf_free(&wire);
	return r;
}

/* ---- contexts ---- */

static struct tls_context *new_context(bool server)
{
	struct tls_context *context = memory_alloc(sizeof *context);
	context->owners = 1;
	context->server = server;
	context->ssl = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	ENSURE(context->ssl != NULL);
	SSL_CTX_set_app_data(context->ssl, context);
	SSL_CTX_set_min_proto_version(context->ssl, TLS1_2_VERSION);
	SSL_CTX_set_options(context->ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(context->ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_ciphersuites(context->ssl, CIPHERS_TLS13);
	return context;
}

static int use_chain(struct tls_context *context, struct slice chain_pem, struct error *err)
{
	int r = ERR_INVALID;
	EVP_PKEY *key = NULL;
	STACK_OF(X509) *chain = tls_chain_parse(chain_pem, err);
	if (chain == NULL)
		return ERR_INVALID;
	X509 *leaf = sk_X509_value(chain, 0);
	key = tls_remote_key(&context->remote, leaf, err);
	if (key == NULL)
		goto out;
	if (SSL_CTX_use_certificate(context->ssl, leaf) != 1 || SSL_CTX_use_PrivateKey(context->ssl, key) != 1) {
		tls_error(err, "certificate");
		goto out;
	}
	for (int i = 1; i < sk_X509_num(chain); i++) {
		if (SSL_CTX_add1_chain_cert(context->ssl, sk_X509_value(chain, i)) != 1) {
			tls_error(err, "certificate chain");
			goto out;
		}
	}
	r = 0;
out:
	EVP_PKEY_free(key);
	sk_X509_pop_free(chain, X509_free);
	return r;
}

struct tls_context *tls_context_server(struct slice chain_pem, uint32_t key, tls_sign_fn *sign, void *arg, struct error *err)
{
	struct tls_context *context = new_context(true);
	context->sign = sign;
	context->sign_arg = arg;
	context->remote = (struct tls_remote){context, key};
	SSL_CTX_set_cipher_list(context->ssl, CIPHERS_TLS12);
	/* Passwords arrive here: what was read does not stay in the buffers of the library. */
	SSL_CTX_set_options(context->ssl, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA | SSL_OP_CLEANSE_PLAINTEXT);
	SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_session_id_context(context->ssl, (const unsigned char *)"letterlock", 10);
	SSL_CTX_set_num_tickets(context->ssl, 1);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(context->ssl, on_ticket);
	tls_names_setup(context);
	context->has_default = chain_pem.n > 0;
	if (context->has_default && use_chain(context, chain_pem, err) != 0)
		tls_context_free(&context);
	return context;
}

static int trust(struct tls_context *context, struct slice ca_pem, struct error *err)
{
	if (ca_pem.n == 0)
		return SSL_CTX_set_default_verify_paths(context->ssl) == 1 ? 0 : tls_error(err, "trusted certificates");
	int r = 0;
	BIO *bio = BIO_new_mem_buf(ca_pem.p, (int)ca_pem.n);
	X509_STORE *store = SSL_CTX_get_cert_store(context->ssl);
	X509 *certificate;
	size_t count = 0;
	while (r == 0 && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		if (X509_STORE_add_cert(store, certificate) != 1)
			r = tls_error(err, "trusted certificate");
		X509_free(certificate);
		count++;
	}
	BIO_free(bio);
	if (r == 0 && count == 0)
		r = tls_error(err, "trusted certificates");
	ERR_clear_error();
	return r;
}

/* ---- revoked certificates ---- */

static int crl_ends(const X509_CRL *crl, int64_t *ret)
{
	struct tm end;
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
	if (next == NULL || ASN1_TIME_to_tm(next, &end) != 1)
		return ERR_INVALID;
	*ret = (int64_t)timegm(&end);
	return 0;
}

int tls_crl_read(struct slice pem, int64_t *ret_ends, struct error *err)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509_CRL *crl;
	int rc = 0;
	int64_t ends = 0, first = INT64_MAX;
	while ((crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) != NULL) {
		if (crl_ends(crl, &ends) != 0)
			rc = ERR_INVALID;
		first = ends < first ? ends : first;
		X509_CRL_free(crl);
	}
	BIO_free(bio);
	ERR_clear_error();
	if (rc != 0 || first == INT64_MAX)
		return error_set(err, ERR_INVALID, rc != 0 ? "a list of revoked certificates has no next update" : "no list of revoked certificates (X509 CRL)");
	*ret_ends = first;
	return 0;
}

/* One list is enough to ask for a list of every issuer: what nobody can say of a certificate is not taken for good. */
static int add_crls(struct tls_context *context, struct slice pem, struct error *err)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509_STORE *store = SSL_CTX_get_cert_store(context->ssl);
	X509_CRL *crl;
	int r = 0;
	while (r == 0 && (crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) != NULL) {
		if (X509_STORE_add_crl(store, crl) != 1 || X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK) != 1)
			r = tls_error(err, "list of revoked certificates");
		X509_CRL_free(crl);
	}
	BIO_free(bio);
	ERR_clear_error();
	return r;
}

int tls_accept_any(int ok, X509_STORE_CTX *store)
{
	return 1;
}

int tls_context_client_ca(struct tls_context *context, struct slice ca_pem, struct error *err)
{
	int r = ca_pem.n > 0 ? trust(context, ca_pem, err) : error_set(err, ERR_INVALID, "no certificates");
	if (r == 0)
		r = add_crls(context, ca_pem, err);
	STACK_OF(X509) *list = r == 0 ? tls_chain_parse(ca_pem, err) : NULL;
	for (int i = 0; list != NULL && i < sk_X509_num(list); i++)
		if (SSL_CTX_add_client_CA(context->ssl, sk_X509_value(list, i)) != 1)
			r = tls_error(err, "certificates of clients");
	sk_X509_pop_free(list, X509_free);
	if (r == 0)
		SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER, tls_accept_any);
	return r;
}

struct tls_context *tls_context_client_dane(void)
{
	struct tls_context *context = new_context(false);
	ENSURE(SSL_CTX_dane_enable(context->ssl) == 1);
	SSL_CTX_dane_set_flags(context->ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS); /* RFC 7672 3.1.1 */
	SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cipher_list(context->ssl, CIPHERS_TLS12);
	SSL_CTX_set_security_level(context->ssl, 1);
	SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_OFF); /* records may change: each connection is checked */
	return context;
}

struct tls_context *tls_context_client(bool verify, struct slice ca_pem, struct error *err)
{
	struct tls_context *context = new_context(false);
	SSL_CTX_set_verify(context->ssl, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_cipher_list(context->ssl, verify ? CIPHERS_TLS12 : CIPHERS_TLS12_OPPORTUNISTIC);
	SSL_CTX_set_security_level(context->ssl, verify ? 2 : 1);
	SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(context->ssl, tls_session_on_new_ticket);
	if (trust(context, ca_pem, err) != 0)
		tls_context_free(&context);
	return context;
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
	context->owners++;
	return context;
}

void tls_context_free(struct tls_context **context)
{
	struct tls_context *c = *context;
	*context = NULL;
	if (c == NULL || --c->owners > 0)
		return;
	SSL_CTX_free(c->ssl);
	X509_STORE_free(c->own);
	tls_names_free(c);
	tls_remote_free(c);
	OPENSSL_cleanse(&c->tickets, sizeof c->tickets);
	memory_free(c);
}
