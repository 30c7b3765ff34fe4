#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/tls_private.h"

#define SERVER_NAME_MAX 255

struct tls_session {
	SSL *ssl;
	struct tls_context *context;
	SSL_SESSION *ticket; /* newest, of a client */
	struct tls_choice choice; /* of a server */
	char *error;         /* of the last failure; rare, so it is allocated when needed */
};

int tls_session_on_new_ticket(SSL *ssl, SSL_SESSION *ticket)
{
	struct tls_session *s = SSL_get_app_data(ssl);
	SSL_SESSION_free(s->ticket);
	s->ticket = ticket;
	return 1; /* the reference is ours now */
}

struct tls_choice *tls_session_choice(SSL *ssl)
{
	return &((struct tls_session *)SSL_get_app_data(ssl))->choice;
}

SSL *tls_session_ssl(struct tls_session *s)
{
	return s->ssl;
}

static bool is_address(const char *name)
{
	struct in6_addr any;
	return inet_pton(AF_INET, name, &any) == 1 || inet_pton(AF_INET6, name, &any) == 1;
}

/* The name to ask for (RFC 6066 3: no address literals) and to check. */
static bool set_name(struct tls_session *s, struct slice server_name)
{
	char name[SERVER_NAME_MAX + 1];
	if (server_name.n == 0)
		return true;
	if (server_name.n > SERVER_NAME_MAX || slice_find(server_name, '\0') >= 0)
		return false;
	memcpy(name, server_name.p, server_name.n);
	name[server_name.n] = '\0';
	X509_VERIFY_PARAM *param = SSL_get0_param(s->ssl);
	if (is_address(name))
		return X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(param, name, 0) == 1 && SSL_set_tlsext_host_name(s->ssl, name) == 1;
}

struct tls_session *tls_session_create(struct tls_context *context, int fd, bool server, struct slice server_name)
{
	ENSURE(context->server == server);
	struct tls_session *s = memory_alloc(sizeof *s);
	s->context = tls_context_ref(context);
	s->ssl = SSL_new(context->ssl);
	ENSURE(s->ssl != NULL);
	SSL_set_app_data(s->ssl, s);
	if (SSL_set_fd(s->ssl, fd) != 1 || (!server && !set_name(s, server_name))) {
		ERR_clear_error();
		tls_session_free(&s);
		return NULL;
	}
	if (server)
		SSL_set_accept_state(s->ssl);
	else
		SSL_set_connect_state(s->ssl);
	return s;
}

void tls_session_free(struct tls_session **session)
{
	struct tls_session *s = *session;
	*session = NULL;
	if (s == NULL)
		return;
	/* Without this a session that ended without close_notify could not be resumed. */
	SSL_set_shutdown(s->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(s->ssl);
	SSL_SESSION_free(s->ticket);
	tls_context_free(&s->context);
	memory_free(s->error);
	memory_free(s);
}

static void keep_error(struct tls_session *s)
{
	char text[200] = "connection closed during TLS";
	unsigned long code = ERR_peek_last_error();
	if (code != 0)
		ERR_error_string_n(code, text, sizeof text);
	memory_free(s->error);
	s->error = memory_dup_str(slice_str(text));
	ERR_clear_error();
}

static enum tls_result result_of(struct tls_session *s, int r)
{
	if (r > 0)
		return TLS_OK;
	switch (SSL_get_error(s->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_EOF;
	default:
		keep_error(s);
		return TLS_ERROR;
	}
}

enum tls_result tls_handshake(struct tls_session *s)
{
	ERR_clear_error();
	enum tls_result result = result_of(s, SSL_do_handshake(s->ssl));
	if (result == TLS_EOF) {
		keep_error(s);
		return TLS_ERROR;
	}
	return result;
}

enum tls_result tls_read(struct tls_session *s, void *p, size_t n, size_t *ret_n)
{
	ERR_clear_error();
	*ret_n = 0;
	return result_of(s, SSL_read_ex(s->ssl, p, n, ret_n));
}

enum tls_result tls_write(struct tls_session *s, const void *p, size_t n, size_t *ret_n)
{
	ERR_clear_error();
	*ret_n = 0;
	return result_of(s, SSL_write_ex(s->ssl, p, n, ret_n));
}

enum tls_result tls_shutdown(struct tls_session *s)
{
	ERR_clear_error();
	int r = SSL_shutdown(s->ssl);
	return r == 0 ? TLS_OK : result_of(s, r);
}

struct slice tls_error_text(const struct tls_session *s)
{
	return slice_str(s->error);
}

struct slice tls_version(const struct tls_session *s)
{
	return slice_str(SSL_get_version(s->ssl));
}

struct slice tls_cipher(const struct tls_session *s)
{
	return slice_str(SSL_get_cipher_name(s->ssl));
}

struct slice tls_alpn(const struct tls_session *s)
{
	const unsigned char *name;
	unsigned n;
	SSL_get0_alpn_selected(s->ssl, &name, &n);
	return slice_make(name, n);
}

bool tls_peer_verified(const struct tls_session *s)
{
	return SSL_get0_peer_certificate(s->ssl) != NULL && SSL_get_verify_result(s->ssl) == X509_V_OK;
}

struct slice tls_peer_problem(const struct tls_session *s)
{
	long result = SSL_get_verify_result(s->ssl);
	return result == X509_V_OK ? SLICE_NONE : slice_str(X509_verify_cert_error_string(result));
}

enum tls_problem tls_peer_problem_kind(const struct tls_session *s)
{
	switch (SSL_get_verify_result(s->ssl)) {
	case X509_V_OK:
		return TLS_PROBLEM_NONE;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return TLS_PROBLEM_NAME;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return TLS_PROBLEM_EXPIRED;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_UNTRUSTED:
	case X509_V_ERR_INVALID_CA:
	case X509_V_ERR_CERT_REVOKED:
		return TLS_PROBLEM_UNTRUSTED;
	default:
		return TLS_PROBLEM_OTHER;
	}
}

bool tls_peer_still_holds(const struct tls_session *s, const struct tls_context *context)
{
	X509 *shown = SSL_get0_peer_certificate(s->ssl);
	if (shown == NULL || SSL_get_verify_result(s->ssl) != X509_V_OK)
		return true;
	return tls_context_vouches(context, shown, SSL_get_peer_cert_chain(s->ssl));
}

int tls_peer_certificate(const struct tls_session *s, struct buf *out)
{
	unsigned char *der = NULL;
	int n = tls_peer_verified(s) ? i2d_X509(SSL_get0_peer_certificate(s->ssl), &der) : -1;
	if (n > 0)
		buf_append_bytes(out, der, (size_t)n);
	OPENSSL_free(der);
	return n > 0 && !out->failed ? 0 : ERR_NOT_FOUND;
}

/* RFC 9266 2; with TLS 1.2 only where the extended master secret makes it unique (RFC 9266 4.2). */
static int binding_exporter(SSL *ssl, struct buf *out)
{
	static const char label[] = "EXPORTER-Channel-Binding";
	uint8_t material[32];
	if (SSL_version(ssl) < TLS1_3_VERSION && SSL_get_extms_support(ssl) != 1)
		return ERR_UNSUPPORTED;
	if (SSL_export_keying_material(ssl, material, sizeof material, label, sizeof label - 1, NULL, 0, 0) != 1)
		return ERR_UNSUPPORTED;
	buf_append_bytes(out, material, sizeof material);
	return 0;
}

/* RFC 5929 4.1: the hash of the certificate's signature, MD5 and SHA-1 replaced by SHA-256. */
static int binding_end_point(SSL *ssl, struct buf *out)
{
	X509 *certificate = SSL_is_server(ssl) ? SSL_get_certificate(ssl) : SSL_get0_peer_certificate(ssl);
	int digest_nid;
	if (certificate == NULL || OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &digest_nid, NULL) != 1)
		return ERR_UNSUPPORTED;
	if (digest_nid == NID_md5 || digest_nid == NID_sha1 || digest_nid == NID_md5_sha1)
		digest_nid = NID_sha256;
	const EVP_MD *md = EVP_get_digestbynid(digest_nid);
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n;
	if (md == NULL || X509_digest(certificate, md, digest, &n) != 1)
		return ERR_UNSUPPORTED;
	buf_append_bytes(out, digest, n);
	return 0;
}

int tls_channel_binding(const struct tls_session *s, struct slice type, struct buf *out)
{
	if (slice_eq(type, SLICE("tls-exporter")))
		return binding_exporter(s->ssl, out);
	if (slice_eq(type, SLICE("tls-server-end-point")))
		return binding_end_point(s->ssl, out);
	return ERR_UNSUPPORTED;
}

struct tls_ticket *tls_take_ticket(struct tls_session *s)
{
	SSL_SESSION *ticket = s->ticket;
	s->ticket = NULL;
	return (struct tls_ticket *)ticket;
}

void tls_use_ticket(struct tls_session *s, struct tls_ticket *ticket)
{
	SSL_set_session(s->ssl, (SSL_SESSION *)ticket);
}

void tls_ticket_free(struct tls_ticket **ticket)
{
	SSL_SESSION_free((SSL_SESSION *)*ticket);
	*ticket = NULL;
}
