/*
 * Certificates of the server beside that of the configuration: ordered by ACME (acme/acme.h) and renewed, brought by somebody, or asked for by a request
 * that somebody takes to an authority. The edges get them by AUTH_CERTIFICATES. docs/tls.md
 */
#ifndef AUTH_TLS_H
#define AUTH_TLS_H

#include "acme/acme.h"
#include "auth/directory_tls.h"
#include "auth/host.h"
#include "crypt/chain.h"

#define AUTH_TLS_TABLE_MAX (4u << 20)

/* What it needs of other processes, beside struct auth_host. key is asked synchronously. */
struct auth_tls_host {
	void *arg;
	int (*make)(void *arg, bool acme, struct slice pem, uint32_t *ret_key, uint8_t ret_hash[32]);
	void (*drop)(void *arg, uint32_t key);
	int (*request)(void *arg, uint32_t key, const struct slice *names, size_t count, bool must_staple, struct buf *out);
	int (*alpn)(void *arg, uint32_t key, struct slice name, const uint8_t digest[32], struct buf *out);
	int (*sign)(void *arg, uint32_t key, struct slice nonce, struct slice url, struct slice kid, struct slice payload, struct buf *out, struct buf *thumbprint);
	void (*fetch)(void *arg, struct slice method, struct slice url, struct slice body, acme_answer_fn *fn, void *fn_arg);
	/* Asks a responder of OCSP (http or https). */
	void (*ask_ocsp)(void *arg, struct slice url, struct slice request, acme_answer_fn *fn, void *fn_arg);
	void (*changed)(void *arg);  /* the table that edges have is another one now */
	bool (*shown)(void *arg);    /* has every process of the class web the present one? */
};

struct auth_tls_settings {
	struct slice directory;      /* of ACME; empty: nothing can be ordered */
	enum acme_challenge challenge;
	struct slice hostname;
	bool must_staple;
	struct slice binding;        /* "KID KEY" of an account that the authority knows (acme/acme.h); empty: none */
};

struct auth_certificates;
/* Keeps directory and hosts by pointer. */
struct auth_certificates *auth_tls_create(struct directory *directory, const struct auth_host *host, const struct auth_tls_host *tls,
	const struct auth_tls_settings *settings);
void auth_tls_configure(struct auth_certificates *t, const struct auth_tls_settings *settings); /* texts stay valid */
const struct auth_tls_settings *auth_tls_settings_of(const struct auth_certificates *t);
void auth_tls_free(struct auth_certificates **t); /* no order may be under way */

/* Counts changes; never 0. */
uint64_t auth_tls_generation(const struct auth_certificates *t);
/* Appends what an edge gets (ipc/fields.h, AUTH_CERTIFICATES). */
int auth_tls_table(struct auth_certificates *t, struct buf *out);
/* The answer to HTTP-01; empty: none. Borrowed. */
struct slice auth_tls_challenge(const struct auth_certificates *t, struct slice host, struct slice token);

/* Each opens its own change. names: lower case. ERR_UNSUPPORTED: no directory of ACME is configured; ERR_LIMIT: too many certificates. */
int auth_tls_order(struct auth_certificates *t, const struct slice *names, size_t count, int64_t *ret_id, struct error *err);
/* Orders it now, whatever its time. */
int auth_tls_renew(struct auth_certificates *t, int64_t id, struct error *err);
/* key_pem empty: the chain is for a key that is here (of a request, or of a certificate that it follows). err says what is wrong with them. */
int auth_tls_import(struct auth_certificates *t, struct slice chain_pem, struct slice key_pem, int64_t *ret_id, struct error *err);
/* A request (PEM) for a new key, which waits for its certificate. */
int auth_tls_request(struct auth_certificates *t, const struct slice *names, size_t count, int64_t *ret_id, struct buf *out, struct error *err);
int auth_tls_remove(struct auth_certificates *t, int64_t id, struct error *err);

/* What is due: orders, and letters about certificates that end. */
void auth_tls_step(struct auth_certificates *t);
/* A name that a certificate can be for: lower case, a dot in it, "*." in front allowed. */
bool auth_tls_name_valid(struct slice name);
/* SHA-256 of the public keys of the certificates that a client of `host` may be shown, the one that ends last first. Their number; 0: none of these. */
size_t auth_tls_key_hashes(struct directory *d, struct slice host, int64_t now, uint8_t ret[][32], size_t room);
/* The first moment at which a certificate that is served ends; 0: there is none. */
int64_t auth_tls_first_end(struct auth_certificates *t);

#endif
