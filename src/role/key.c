/*
 * The key role: the organisation's keys. It answers "sign this", "compute this", "open this" and never hands out a private key; only the
 * keys of databases leave it, to the one role that opens the database.
 */
#include <string.h>

#include "audit/note.h"
#include "auth/host.h"
#include "auth/keystore.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypt/aead.h"
#include "crypt/crypt.h"
#include "crypt/ed25519.h"
#include "crypt/hash.h"
#include "crypt/push.h"
#include "crypt/tls.h"
#include "role/key_ca.h"
#include "role/key_dkim.h"
#include "role/key_tls.h"
#include "role/role.h"
#include "store/seal.h"

#define SIGNATURE_MAX 2048
#define MANAGED_MAX 16384
#define PATH_MAX_BYTES 4000

enum key_status { KEY_OK = 0, KEY_REFUSED = 1, KEY_FAILED = 2 };

struct key_role {
	struct role_context *ctx;
	struct keystore *keys;
	struct key_tls *tls;
	bool configured;          /* tls.key is there */
	struct audit_head head;   /* that was signed last; without texts */
	uint64_t requests, refused;
};

/* Which role may use which name; the message table has said before which roles may ask at all. */
static const struct permission {
	const char *name;
	enum role role;
} hmac_labels[] = {{"pepper", ROLE_AUTH}, {NULL, ROLE_COUNT}},
  databases[] = {{"directory", ROLE_AUTH}, {"spool", ROLE_QUEUE}, {"jobs", ROLE_QUEUE}, {"audit", ROLE_AUDIT}, {"push", ROLE_MAIL}, {NULL, ROLE_COUNT}};

static bool permitted(const struct permission *table, struct slice name, enum role sender)
{
	for (; table->name != NULL; table++)
		if (slice_eq(name, slice_str(table->name)) && table->role == sender)
			return true;
	return false;
}

static uint8_t count(struct key_role *k, enum key_status status)
{
	k->requests++;
	if (status == KEY_REFUSED)
		k->refused++;
	return (uint8_t)status;
}

static void on_tls_sign(void *arg, struct ipc_call *call, const void *message)
{
	struct key_role *k = arg;
	const struct ipc_key_tls_sign *request = message;
	struct buf signature = BUF_INIT(SIGNATURE_MAX);
	enum key_status status = KEY_REFUSED;
	struct tls_key *key = key_tls_find(k->tls, request->key);
	if (key != NULL)
		status = tls_key_sign(key, request->scheme, request->digest, &signature) == 0 ? KEY_OK : KEY_FAILED;
	ipc_reply(call, &(struct ipc_key_tls_sign_reply){.status = count(k, status), .signature = buf_slice(&signature)});
	buf_free(&signature);
}

static void on_hmac(void *arg, struct ipc_call *call, const void *message)
{
	struct key_role *k = arg;
	const struct ipc_key_hmac *request = message;
	struct ipc_key_hmac_reply reply = {0};
	const uint8_t *key = keystore_key(k->keys, request->label);
	bool ok = permitted(hmac_labels, request->label, ipc_call_sender(call, NULL)) && key != NULL;
	if (ok)
		hash_hmac_sha256(slice_make(key, KEYSTORE_KEY_SIZE), request->data, reply.mac.b);
	reply.status = count(k, ok ? KEY_OK : KEY_REFUSED);
	ipc_reply(call, &reply);
	secret_wipe(&reply, sizeof reply);
}

static void on_database(void *arg, struct ipc_call *call, const void *message)
{
	struct key_role *k = arg;
	const struct ipc_key_database *request = message;
	struct ipc_key_database_reply reply = {.status = KEY_REFUSED};
	struct buf name = BUF_INIT(64);
	buf_append_str(&name, "database ");
	buf_append(&name, request->name);
	const uint8_t *key = name.failed ? NULL : keystore_key(k->keys, buf_slice(&name));
	if (key != NULL && permitted(databases, request->name, ipc_call_sender(call, NULL))) {
		memcpy(reply.key.b, key, sizeof reply.key.b);
		reply.status = KEY_OK;
	}
	(void)count(k, (enum key_status)reply.status);
	ipc_reply(call, &reply);
	secret_wipe(&reply, sizeof reply);
	buf_free(&name);
}

/* RFC 8292 2: who sends is told by the name of this server. */
static void on_push(void *arg, struct ipc_call *call, const void *message)
{
	struct key_role *k = arg;
	const struct ipc_key_push *request = message;
	const uint8_t *seed = keystore_key(k->keys, SLICE("push"));
	struct buf token = BUF_INIT(PUSH_TOKEN_MAX), subject = BUF_INIT(300);
	uint8_t public_key[PUSH_PUBLIC_SIZE];
	struct error err = {0};
	int rc = push_public(seed, public_key, &err);

	buf_printf(&subject, "mailto:postmaster@%.*s", SLICE_ARG(k->ctx->config->hostname));
	if (rc == 0 && request->audience.n > 0)
		rc = push_token(seed, request->audience, buf_slice(&subject), moment_unix(loop_now(k->ctx->loop)) + PUSH_TOKEN_S, &token, &err);
	ipc_reply(call, &(struct ipc_key_push_reply){.status = count(k, rc == 0 ? KEY_OK : rc == ERR_INVALID ? KEY_REFUSED : KEY_FAILED),
		.token = buf_slice(&token), .public_key = slice_make(public_key, rc == 0 ? sizeof public_key : 0)});
	buf_free(&token);
	buf_free(&subject);
}

/* managed wrap = u8 version | u8 algorithm | nonce (24) | AEAD(data, AD = the two bytes | account) */
static void managed_key(const struct key_role *k, const uint8_t account[16], uint8_t ret[AEAD_KEY_SIZE], uint8_t ad[18])
{
	hash_hkdf(slice_make(keystore_key(k->keys, SLICE("managed")), KEYSTORE_KEY_SIZE), SLICE_NONE, "managed wrap", slice_make(account, 16), ret,
	          AEAD_KEY_SIZE);
	ad[0] = 1;
	ad[1] = AEAD_XCHACHA20;
	memcpy(ad + 2, account, 16);
}

static bool managed_seal(const uint8_t key[AEAD_KEY_SIZE], const uint8_t ad[18], struct slice data, struct buf *out)
{
	uint8_t nonce[AEAD_XCHACHA20_NONCE_SIZE];
	random_bytes(nonce, sizeof nonce);
	buf_append_bytes(out, ad, 2);
	buf_append_bytes(out, nonce, sizeof nonce);
	uint8_t *room = buf_reserve(out, data.n + AEAD_TAG_SIZE);
	if (room == NULL)
		return false;
	aead_seal(AEAD_XCHACHA20, key, nonce, slice_make(ad, 18), data, room);
	buf_commit(out, data.n + AEAD_TAG_SIZE);
	return true;
}

static bool managed_open(const uint8_t key[AEAD_KEY_SIZE], const uint8_t ad[18], struct slice data, struct buf *out)
{
	struct slice sealed = slice_from(data, 2 + AEAD_XCHACHA20_NONCE_SIZE);
	if (sealed.n < AEAD_TAG_SIZE || memcmp(data.p, ad, 2) != 0)
		return false;
	uint8_t *room = buf_reserve(out, sealed.n);
	if (room == NULL || !aead_open(AEAD_XCHACHA20, key, data.p + 2, slice_make(ad, 18), sealed, room))
		return false;
	buf_commit(out, sealed.n - AEAD_TAG_SIZE);
	return true;
}

static void on_managed(void *arg, struct ipc_call *call, const void *message)
{
	struct key_role *k = arg;
	const struct ipc_key_managed *request = message;
	struct buf out = BUF_INIT(MANAGED_MAX);
	uint8_t key[AEAD_KEY_SIZE], ad[18];
	managed_key(k, request->account.b, key, ad);
	bool ok = request->wrap ? managed_seal(key, ad, request->data, &out) : managed_open(key, ad, request->data, &out);
	ipc_reply(call, &(struct ipc_key_managed_reply){.status = count(k, ok ? KEY_OK : KEY_REFUSED), .data = ok ? buf_slice(&out) : SLICE_NONE});
	buf_free_secret(&out);
	secret_wipe(key, sizeof key);
}

static void on_epoch(void *arg, struct ipc_call *call, const void *message)
{
	struct key_role *k = arg;
	const struct ipc_key_epoch *request = message;
	struct ipc_key_epoch_reply reply = {0};
	struct error err = {0};
	bool rotate = request->rotate && ipc_call_sender(call, NULL) == ROLE_QUEUE;
	int rc = keystore_epoch(k->keys, rotate, loop_now(k->ctx->loop).wall_ms, &reply.epoch, reply.public_key.b, &err);
	if (rc != 0)
		log_event(EV_INTERNAL, LOG_STR("what", "queue epoch"), LOG_STR("why", err.private_text));
	reply.status = count(k, rc == 0 ? KEY_OK : KEY_FAILED);
	ipc_reply(call, &reply);
}

static void on_epoch_drop(void *arg, struct ipc_call *call, const void *message)
{
	struct key_role *k = arg;
	const struct ipc_key_epoch_drop *request = message;
	struct ipc_key_epoch_drop_reply reply = {0};
	struct error err = {0};
	if (keystore_epoch_drop(k->keys, request->from, request->before, &reply.dropped, &err) != 0) {
		reply.status = KEY_FAILED;
		log_event(EV_INTERNAL, LOG_STR("what", "queue epoch"), LOG_STR("why", err.private_text));
	}
	(void)count(k, (enum key_status)reply.status);
	ipc_reply(call, &reply);
}

static void on_open(void *arg, struct ipc_call *call, const void *message)
{
	static const uint8_t nobody[16];
	struct key_role *k = arg;
	const struct ipc_key_open *request = message;
	struct ipc_key_open_reply reply = {.status = KEY_REFUSED};
	struct seal_reader_key pair = {.generation = request->epoch};
	bool known = keystore_epoch_pair(k->keys, request->epoch, pair.public_key, &pair.secret_key);
	if (known && request->record_nonce.n == 16 && request->wrap.n == 48
	    && seal_wrap_open(READER_OUTBOUND, nobody, &pair, request->ephemeral.b, request->record_nonce.p, request->wrap.p,
	    	reply.data_key.b) == 0)
		reply.status = KEY_OK;
	(void)count(k, (enum key_status)reply.status);
	ipc_reply(call, &reply);
	secret_wipe(&reply, sizeof reply);
}

/* ---- the audit log ---- */

/* Whoever takes over audit cannot have a shorter log or another one of the same size signed while this process lives. */
static bool head_may_follow(const struct key_role *k, const struct ipc_key_sign_head *request)
{
	if (request->size != k->head.size)
		return request->size > k->head.size;
	return k->head.time == 0 || memcmp(request->root.b, k->head.root.b, AUDIT_HASH_SIZE) == 0;
}

static void on_sign_head(void *arg, struct ipc_call *call, const void *message)
{
	struct key_role *k = arg;
	const struct ipc_key_sign_head *request = message;
	struct ipc_key_sign_head_reply reply = {.status = KEY_REFUSED};
	struct audit_head head = {.origin = request->origin, .size = request->size, .time = (int64_t)request->time};
	const uint8_t *seed = keystore_key(k->keys, SLICE("audit head"));
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	struct buf body = BUF_INIT(AUDIT_NOTE_MAX);
	if (audit_name_valid(head.origin) && head.time > 0 && head_may_follow(k, request)) {
		memcpy(head.root.b, request->root.b, AUDIT_HASH_SIZE);
		audit_head_print(&head, &body);
		ed25519_sign(seed, buf_slice(&body), signature);
		ed25519_public(seed, reply.public_key.b);
		reply.signature = slice_make(signature, sizeof signature);
		reply.status = KEY_OK;
		k->head = head;
		k->head.origin = SLICE_NONE;
	}
	(void)count(k, (enum key_status)reply.status);
	ipc_reply(call, &reply);
	buf_free(&body);
}

/* ---- certificates of destruction ---- */

/* Signs texts of that one kind: the title keeps the key from signing anything else. */
static void on_sign_certificate(void *arg, struct ipc_call *call, const void *message)
{
	struct key_role *k = arg;
	const struct ipc_key_sign_certificate *request = message;
	struct ipc_key_sign_certificate_reply reply = {.status = KEY_REFUSED};
	const uint8_t *seed = keystore_key(k->keys, SLICE("certificate"));
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	if (seed != NULL && slice_starts(request->text, SLICE(DESTRUCTION_TITLE "\n"))) {
		ed25519_sign(seed, request->text, signature);
		ed25519_public(seed, reply.public_key.b);
		reply.signature = slice_make(signature, sizeof signature);
		reply.status = KEY_OK;
	}
	(void)count(k, (enum key_status)reply.status);
	ipc_reply(call, &reply);
}

/* ---- life ---- */

static int load_tls(struct key_role *k, struct error *err)
{
	struct tls_key *key;
	if (k->ctx->tls_key.n == 0)
		return k->ctx->tls_chain.n == 0 ? 0 : error_set(err, ERR_INVALID, "the TLS key cannot be read");
	if ((key = tls_key_load(k->ctx->tls_key, err)) == NULL)
		return ERR_INVALID;
	if (k->ctx->tls_chain.n > 0 && tls_key_matches(key, k->ctx->tls_chain, err) != 0) {
		tls_key_free(&key);
		return ERR_INVALID;
	}
	key_tls_configured(k->tls, key);
	k->configured = true;
	return 0;
}

static void register_handlers(struct key_role *k)
{
	struct ipc *ipc = k->ctx->ipc;
	ipc_handle(ipc, IPC_KEY_TLS_SIGN, on_tls_sign, k);
	ipc_handle(ipc, IPC_KEY_HMAC, on_hmac, k);
	ipc_handle(ipc, IPC_KEY_DATABASE, on_database, k);
	ipc_handle(ipc, IPC_KEY_PUSH, on_push, k);
	ipc_handle(ipc, IPC_KEY_MANAGED, on_managed, k);
	ipc_handle(ipc, IPC_KEY_EPOCH, on_epoch, k);
	ipc_handle(ipc, IPC_KEY_EPOCH_DROP, on_epoch_drop, k);
	ipc_handle(ipc, IPC_KEY_OPEN, on_open, k);
	ipc_handle(ipc, IPC_KEY_SIGN_CERTIFICATE, on_sign_certificate, k);
	ipc_handle(ipc, IPC_KEY_SIGN_HEAD, on_sign_head, k);
	key_dkim_start(k->ctx, k->keys);
	key_ca_start(k->ctx, k->keys);
}

static int key_start(struct role_context *ctx, struct error *err)
{
	struct key_role *k = memory_alloc(sizeof *k);
	struct buf path = BUF_INIT(PATH_MAX_BYTES);
	bool created = false;
	crypt_init();
	k->ctx = ctx;
	ctx->state = k;
	buf_printf(&path, "%s/" ROLE_DIR_KEY, ctx->data_dir);
	buf_append_byte(&path, 0);
	int rc = path.failed ? error_set(err, ERR_LIMIT, "data_dir is too long")
	                     : keystore_open((const char *)buf_slice(&path).p, ctx->master_key, loop_now(ctx->loop).wall_ms, &created,
	                     	&k->keys, err);
	if (rc == 0 && created)
		log_event(EV_KEY_CREATED, LOG_STR("where", ROLE_DIR_KEY));
	if (rc == 0) {
		k->tls = key_tls_start(ctx, k->keys);
		rc = load_tls(k, err);
	}
	if (rc == 0)
		register_handlers(k);
	buf_free(&path);
	return rc;
}

static void key_reload(struct role_context *ctx)
{
	struct error err = {0};
	if (load_tls(ctx->state, &err) == 0)
		log_event(EV_TLS_RELOADED, LOG_STR("what", "private key"));
	else
		log_event(EV_CONFIG_REFUSED, LOG_STR("what", "tls.key"), LOG_STR("why", err.private_text));
}

static void key_role_status(struct role_context *ctx, struct buf *out)
{
	const struct key_role *k = ctx->state;
	buf_printf(out, "\"requests\":%llu,\"refused\":%llu,\"tls\":%s", (unsigned long long)k->requests, (unsigned long long)k->refused,
	           k->configured ? "true" : "false");
}

const struct role_ops role_key = {.start = key_start, .reload = key_reload, .status = key_role_status};
