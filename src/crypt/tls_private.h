/* Inside of the TLS layer: contexts (tls_context.c, tls_remote.c), sessions (tls.c), private keys (tls_key.c). */
#ifndef CRYPT_TLS_PRIVATE_H
#define CRYPT_TLS_PRIVATE_H

#include <openssl/ssl.h>

#include "crypt/tls.h"

#define TLS_CHAIN_MAX 16 /* certificates in a chain */
#define TLS_ALPN_MAX 255 /* bytes of all protocol names on the wire */

struct tls_key {
	EVP_PKEY *pkey;
};

/* Two generations of ticket keys: the newer one encrypts, both decrypt. */
struct tls_ticket_keys {
	struct tls_ticket_key {
		uint8_t name[16], cipher[32], mac[32];
	} newer, older;
	int64_t made_at; /* seconds of the monotonic clock */
	bool shared;     /* given by tls_context_tickets, replaced there */
};

/* A private key that is elsewhere. */
struct tls_remote {
	struct tls_context *context;
	uint32_t key;
};

/* A certificate for some names (tls_names.c). */
struct tls_named {
	struct tls_named *next;
	struct tls_remote remote;
	X509 *leaf;
	STACK_OF(X509) *chain; /* without the leaf */
	EVP_PKEY *key;
	struct buf pem;        /* leaf and chain */
	struct buf ocsp;       /* DER; empty: none */
	bool challenge;        /* of TLS-ALPN-01: shown to nobody else */
};

struct tls_context {
	unsigned owners;
	SSL_CTX *ssl;
	bool server;
	tls_sign_fn *sign;
	void *sign_arg;
	struct tls_remote remote;      /* of the certificate for all names */
	bool has_default;
	struct tls_named *named;
	char *default_name;            /* whom a client means that names nobody; NULL: nobody */
	EC_KEY_METHOD *ec_method;
	RSA_METHOD *rsa_method;
	X509_STORE *own;   /* authorities of our own, for clients; NULL: none (tls_own.c) */
	struct tls_ticket_keys tickets;
	uint8_t alpn[TLS_ALPN_MAX];
	unsigned alpn_len;
};

/* A key object that has the public half of `certificate` and asks remote->context->sign for every signature; remote outlives it. NULL on failure. */
EVP_PKEY *tls_remote_key(struct tls_remote *remote, X509 *certificate, struct error *err);
void tls_remote_free(struct tls_context *context);

/* Does a certificate of a client hold by this context? */
bool tls_context_vouches(const struct tls_context *context, X509 *shown, STACK_OF(X509) *chain);
/* Callback of libssl: the result stays in the session, where tls_peer_verified finds it. */
int tls_accept_any(int ok, X509_STORE_CTX *store);

/* Sets the callbacks by which the certificate is chosen. */
void tls_names_setup(struct tls_context *context);
/* Does the client ask for the answer to a challenge of TLS-ALPN-01, and is there one for that name? */
bool tls_names_challenge(const struct tls_context *context, SSL *ssl);
void tls_names_free(struct tls_context *context);
#define TLS_ALPN_ACME "acme-tls/1"
/* What tls_names.c keeps of a handshake, in the session. */
struct tls_choice {
	bool acme; /* the client offers acme-tls/1 and nothing else */
	const struct tls_named *named;
};
struct tls_choice *tls_session_choice(SSL *ssl);
SSL *tls_session_ssl(struct tls_session *s);
/* Callback of libssl: keeps the newest ticket of a client session (tls.c). */
int tls_session_on_new_ticket(SSL *ssl, SSL_SESSION *ticket);

/* Sets ERR_INVALID with `what` and the newest message of OpenSSL's error queue, which is emptied. */
int tls_error(struct error *err, const char *what);
/* Certificates of a PEM text, at most TLS_CHAIN_MAX; NULL when there is none or one is malformed. */
STACK_OF(X509) *tls_chain_parse(struct slice pem, struct error *err);

#endif
