#include "role/key_tls.h"

#include "base/log.h"
#include "base/memory.h"

enum key_reply { TLS_KEY_OK = 0, TLS_KEY_REFUSED = 1, TLS_KEY_FAILED = 2 };

struct key_tls {
	struct keystore_tls *keys;
	struct tls_key *configured;
};

static uint8_t outcome(int rc, const char *what, const struct error *err)
{
	if (rc == 0)
		return TLS_KEY_OK;
	log_event(EV_INTERNAL, LOG_STR("what", what), LOG_STR("why", err->private_text));
	return rc == ERR_IO || rc == ERR_NO_SPACE || rc == ERR_DAMAGED ? TLS_KEY_FAILED : TLS_KEY_REFUSED;
}

struct tls_key *key_tls_find(struct key_tls *k, uint32_t number)
{
	struct tls_key *key = NULL;
	struct error err = {0};
	if (number == 0)
		return k->configured;
	return keystore_tls_get(k->keys, number, KEYSTORE_TLS_SERVER, &key, &err) == 0 ? key : NULL;
}

void key_tls_configured(struct key_tls *k, struct tls_key *key)
{
	tls_key_free(&k->configured);
	k->configured = key;
}

/* pem empty: a new key; else one that somebody brings. */
static void on_make(void *arg, struct ipc_call *call, const void *message)
{
	struct key_tls *k = arg;
	const struct ipc_key_tls_make *request = message;
	struct ipc_key_tls_make_reply reply = {.status = TLS_KEY_REFUSED};
	struct error err = {0};
	bool acme = request->use == KEYSTORE_TLS_ACME;
	int rc = ERR_INVALID;
	struct tls_key *key = request->pem.n == 0 ? tls_key_generate(&err) : acme ? NULL : tls_key_load(request->pem, &err);
	if (key != NULL)
		rc = keystore_tls_keep(k->keys, key, acme ? KEYSTORE_TLS_ACME : KEYSTORE_TLS_SERVER, &reply.key, &err);
	if (rc == 0)
		rc = tls_key_hash(key, reply.hash.b);
	reply.status = outcome(rc, "key of a certificate", &err);
	ipc_reply(call, &reply);
	tls_key_free(&key);
}

static void on_drop(void *arg, struct ipc_call *call, const void *message)
{
	struct key_tls *k = arg;
	const struct ipc_key_tls_drop *request = message;
	struct error err = {0};
	int rc = request->key != 0 ? keystore_tls_drop(k->keys, request->key, &err) : ERR_INVALID;
	ipc_reply(call, &(struct ipc_key_tls_drop_reply){.status = outcome(rc, "end of a key", &err)});
}

static size_t names_of(struct slice list, struct slice names[TLS_CSR_NAMES_MAX])
{
	size_t count = 0;
	while (count < TLS_CSR_NAMES_MAX && slice_get_bytes(&list, &names[count]))
		count++;
	return count;
}

static void on_request(void *arg, struct ipc_call *call, const void *message)
{
	struct key_tls *k = arg;
	const struct ipc_key_tls_request *request = message;
	struct slice names[TLS_CSR_NAMES_MAX];
	struct buf out = BUF_INIT(TLS_CSR_MAX);
	struct tls_key *key = key_tls_find(k, request->key);
	struct error err = {0};
	int rc = key != NULL ? tls_key_request(key, names, names_of(request->names, names), request->must_staple != 0, &out, &err) : ERR_NOT_FOUND;
	ipc_reply(call, &(struct ipc_key_tls_request_reply){.status = outcome(rc, "request for a certificate", &err), .request = buf_slice(&out)});
	buf_free(&out);
}

static void on_alpn(void *arg, struct ipc_call *call, const void *message)
{
	struct key_tls *k = arg;
	const struct ipc_key_tls_alpn *request = message;
	struct buf out = BUF_INIT(TLS_CSR_MAX);
	struct tls_key *key = key_tls_find(k, request->key);
	struct error err = {0};
	int rc = key != NULL ? tls_key_alpn(key, request->name, request->digest.b, &out, &err) : ERR_NOT_FOUND;
	ipc_reply(call, &(struct ipc_key_tls_alpn_reply){.status = outcome(rc, "certificate of a challenge", &err), .chain = buf_slice(&out)});
	buf_free(&out);
}

static void on_acme(void *arg, struct ipc_call *call, const void *message)
{
	struct key_tls *k = arg;
	const struct ipc_key_acme *request = message;
	struct buf out = BUF_INIT(32768), thumbprint = BUF_INIT(64);
	struct tls_key *key = NULL;
	struct error err = {0};
	int rc = keystore_tls_get(k->keys, request->key, KEYSTORE_TLS_ACME, &key, &err);
	if (rc == 0)
		rc = tls_key_thumbprint(key, &thumbprint, &err);
	if (rc == 0)
		rc = tls_key_acme(key, request->nonce, request->url, request->kid, request->payload, &out, &err);
	ipc_reply(call, &(struct ipc_key_acme_reply){.status = outcome(rc, "request of ACME", &err), .request = buf_slice(&out),
		.thumbprint = buf_slice(&thumbprint)});
	buf_free(&out);
	buf_free(&thumbprint);
}

static void on_profile(void *arg, struct ipc_call *call, const void *message)
{
	struct key_tls *k = arg;
	const struct ipc_key_profile *request = message;
	struct buf out = BUF_INIT(45000);
	struct tls_key *key = key_tls_find(k, request->key);
	struct error err = {0};
	int rc = key != NULL ? tls_key_profile(key, request->chain, request->content, &out, &err) : ERR_NOT_FOUND;
	ipc_reply(call, &(struct ipc_key_profile_reply){.status = outcome(rc, "signature of a profile", &err), .signed_text = buf_slice(&out)});
	buf_free(&out);
}

struct key_tls *key_tls_start(struct role_context *ctx, const struct keystore *keys)
{
	struct key_tls *k = memory_alloc(sizeof *k);
	k->keys = keystore_tls_open(keys);
	ipc_handle(ctx->ipc, IPC_KEY_TLS_MAKE, on_make, k);
	ipc_handle(ctx->ipc, IPC_KEY_TLS_DROP, on_drop, k);
	ipc_handle(ctx->ipc, IPC_KEY_TLS_REQUEST, on_request, k);
	ipc_handle(ctx->ipc, IPC_KEY_TLS_ALPN, on_alpn, k);
	ipc_handle(ctx->ipc, IPC_KEY_ACME, on_acme, k);
	ipc_handle(ctx->ipc, IPC_KEY_PROFILE, on_profile, k);
	return k;
}
