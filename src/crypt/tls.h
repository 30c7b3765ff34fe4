/* TLS contexts and sessions over OpenSSL; the only door to libssl. */
#ifndef CRYPT_TLS_H
#define CRYPT_TLS_H

#include "base/buf.h"
#include "base/error.h"

struct tls_context;
struct tls_session;

/*
 * Signs a handshake digest on behalf of a certificate whose private key is in another process. Appends the signature (DER for
 * ECDSA) to out; 0 or negative. scheme: TLS SignatureScheme.
 */
#define TLS_SCHEME_RSA_RAW 0xfe00 /* not on the wire: `digest` is a padded block of the size of the modulus (PKCS#1 or PSS, RFC 8017) */
typedef int tls_sign_fn(void *arg, uint32_t key, uint16_t scheme, struct slice digest, struct buf *out);

/* The other half, for the process that holds the key: what tls_sign_fn asks for. RSA (2048 to 8192 bits) or EC (P-256, P-384). */
struct tls_key;
struct tls_key *tls_key_load(struct slice key_pem, struct error *err);
void tls_key_free(struct tls_key **key);
/* Appends the signature; 0 or negative. Only ECDSA schemes with digests of their size for EC, TLS_SCHEME_RSA_RAW for RSA. */
int tls_key_sign(struct tls_key *key, uint16_t scheme, struct slice digest, struct buf *out);
/* 0 when the key belongs to the leaf of the chain. */
int tls_key_matches(const struct tls_key *key, struct slice chain_pem, struct error *err);

/* chain_pem: leaf first. The private key never enters the process: sign is called. TLS 1.2 at least, ALPN list may be empty. */
struct tls_context *tls_context_server(struct slice chain_pem, uint32_t key, tls_sign_fn *sign, void *arg, struct error *err);
/*
 * Certificates by name: further ones of a server context, chosen by what the client asks for (SNI, RFC 6066 3): the one that names the host exactly
 * before one with a wildcard, among equals the one that ends last. Who asks for nobody gets the one for `default_name`; when none fits, that of
 * tls_context_server, or without that the first. ocsp: an answer to be stapled (DER, RFC 6066 8), may be empty. challenge: shown only to who offers
 * acme-tls/1 and nothing else (RFC 8737). tls_context_server takes an empty chain when there are such.
 */
int tls_context_add(struct tls_context *context, struct slice chain_pem, uint32_t key, struct slice ocsp, bool challenge, struct error *err);
void tls_context_default_name(struct tls_context *context, struct slice name);
/* The further certificate that a client of that name is shown: its key and chain (PEM, borrowed). Untouched when it is that of tls_context_server. */
void tls_context_certificate(const struct tls_context *context, struct slice name, uint32_t *ret_key, struct slice *ret_chain);

/* The keys of session tickets, for servers that share them among processes: the newer one encrypts, both decrypt. Random bytes, replaced by
 * whoever made them. Without this call a server context makes keys of its own and replaces them. */
#define TLS_TICKET_KEY_SIZE 80
void tls_context_tickets(struct tls_context *context, const uint8_t *newer, const uint8_t *older);
/* Asks clients for a certificate and checks it against ca_pem. One that does not hold does not end the handshake: it is as if none was shown. */
int tls_context_client_ca(struct tls_context *context, struct slice ca_pem, struct error *err);
/* The same for authorities of our own, beside that or alone. What of them is revoked is somebody else's to know. */
int tls_context_own_ca(struct tls_context *context, struct slice ca_pem, struct error *err);
/*
 * ca_pem may hold lists of revoked certificates (RFC 5280 5, "X509 CRL") too: with one, every certificate that is shown must be on none and its
 * issuer must have a list whose next update is not past; so a stale list refuses all of that issuer. Below: the first moment (unix seconds) at
 * which a list of the text is stale. ERR_INVALID: no list in it, or one without an end.
 */
int tls_crl_read(struct slice pem, int64_t *ret_ends, struct error *err);
/* verify: check chain and name against ca_pem (empty: the system's); else opportunistic. */
struct tls_context *tls_context_client(bool verify, struct slice ca_pem, struct error *err);
/* For peers that publish TLSA records (tls_session_dane): nothing else is trusted, no certification authority counts. */
struct tls_context *tls_context_client_dane(void);
/* Once per process, before any context: OpenSSL without its configuration file. Called by the role layer. */
void tls_library_init(void);
/* Protocol names to offer or accept, in order of preference; a client without ALPN is served. */
int tls_context_alpn(struct tls_context *context, const struct slice *names, size_t count);
/* Contexts are counted: sessions keep theirs alive over a reload. */
struct tls_context *tls_context_ref(struct tls_context *context); /* one more owner; returns its argument */
void tls_context_free(struct tls_context **context);

/* A session over a connected non-blocking descriptor, which stays the caller's. */
struct tls_session *tls_session_create(struct tls_context *context, int fd, bool server, struct slice server_name);
void tls_session_free(struct tls_session **session);

/*
 * DANE (RFC 7671, for SMTP RFC 7672 3.1): before the handshake of a client session whose context is tls_context_client_dane. records: rdata of TLSA, a u32 length
 * before each. base: TLSA base domain, asked for by SNI; other: a further name that a certificate under a trust anchor may bear (the domain of
 * the mail), or empty. Returns how many records can be used; 0: the handshake cannot succeed, use another context; negative: ERR_INVALID.
 */
#define TLS_TLSA_MAX 32 /* records looked at */
int tls_session_dane(struct tls_session *s, struct slice records, struct slice base, struct slice other);
/* How many TLSA records SMTP can use: DANE-TA(2) and DANE-EE(3) with a known selector and hash (RFC 7672 3.1.3). */
unsigned tls_tlsa_usable(struct slice records);

enum tls_result { TLS_OK, TLS_WANT_READ, TLS_WANT_WRITE, TLS_EOF, TLS_ERROR };
enum tls_result tls_handshake(struct tls_session *s);
enum tls_result tls_read(struct tls_session *s, void *p, size_t n, size_t *ret_n);
enum tls_result tls_write(struct tls_session *s, const void *p, size_t n, size_t *ret_n);
enum tls_result tls_shutdown(struct tls_session *s);
/* Why the last call gave TLS_ERROR, for the log. */
struct slice tls_error_text(const struct tls_session *s);

struct slice tls_version(const struct tls_session *s); /* "TLSv1.3" */
struct slice tls_cipher(const struct tls_session *s);
/* Channel binding data (RFC 9266 tls-exporter, RFC 5929 tls-server-end-point): 0 or negative. */
int tls_channel_binding(const struct tls_session *s, struct slice type, struct buf *out);
struct slice tls_alpn(const struct tls_session *s); /* empty when none was agreed on */
bool tls_peer_verified(const struct tls_session *s);
/* Why the peer's certificate does not hold ("certificate has expired", "hostname mismatch"), for the log; empty: it does, or none was shown. */
struct slice tls_peer_problem(const struct tls_session *s);
/* The same as a kind, for reports (RFC 8460 4.3). */
enum tls_problem { TLS_PROBLEM_NONE, TLS_PROBLEM_NAME, TLS_PROBLEM_EXPIRED, TLS_PROBLEM_UNTRUSTED, TLS_PROBLEM_OTHER };
enum tls_problem tls_peer_problem_kind(const struct tls_session *s);
/* Does the certificate of a client that was verified hold by this newer context too? True when none was shown. */
bool tls_peer_still_holds(const struct tls_session *s, const struct tls_context *context);
/* Appends the peer's certificate (DER) when tls_peer_verified; 0 or negative. */
int tls_peer_certificate(const struct tls_session *s, struct buf *out);
/* Session to resume the next connection to the same peer with; NULL when there is none. Client only. */
struct tls_ticket;
struct tls_ticket *tls_take_ticket(struct tls_session *s);
void tls_use_ticket(struct tls_session *s, struct tls_ticket *ticket);
void tls_ticket_free(struct tls_ticket **ticket);

#endif
