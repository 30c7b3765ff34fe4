#include "role/key_dkim.h"

#include <string.h>

#include "auth/keystore_dkim.h"
#include "base/log.h"
#include "base/memory.h"

enum dkim_reply { DKIM_OK = 0, DKIM_REFUSED = 1, DKIM_FAILED = 2 };

struct key_dkim {
	struct role_context *ctx;
	struct keystore_dkim *keys;
};

/* Primes take a while to find: a thread of the pool looks for them. */
struct making {
	struct key_dkim *k;
	struct ipc_call *call;
	enum mail_algorithm algorithm;
	struct mail_key *key;     /* of the thread, then of the loop */
	struct error err;
};

static void generate(void *arg)
{
	struct making *m = arg;
	(void)mail_key_generate(m->algorithm, &m->key, &m->err);
}

static void generated(void *arg)
{
	struct making *m = arg;
	struct ipc_key_dkim_make_reply reply = {.status = DKIM_FAILED};
	struct buf public_key = BUF_INIT(MAIL_PUBLIC_MAX);
	int rc = m->key == NULL ? m->err.code : mail_key_public(m->key, &public_key, &m->err);
	if (rc == 0)
		rc = keystore_dkim_keep(m->k->keys, m->key, reply.key.b, &m->err);
	if (rc == 0)
		reply = (struct ipc_key_dkim_make_reply){.status = DKIM_OK, .key = reply.key, .public_key = buf_slice(&public_key)};
	else
		log_event(EV_INTERNAL, LOG_STR("what", "key for DKIM"), LOG_STR("why", m->err.private_text));
	ipc_reply(m->call, &reply);
	mail_key_free(&m->key);
	buf_free(&public_key);
	memory_free(m);
}

static void on_make(void *arg, struct ipc_call *call, const void *message)
{
	struct key_dkim *k = arg;
	const struct ipc_key_dkim_make *request = message;
	if (mail_algorithm_name((enum mail_algorithm)request->algorithm) == NULL) {
		ipc_reply(call, &(struct ipc_key_dkim_make_reply){.status = DKIM_REFUSED});
		return;
	}
	struct making *m = memory_alloc(sizeof *m);
	*m = (struct making){.k = k, .call = call, .algorithm = (enum mail_algorithm)request->algorithm};
	loop_work(k->ctx->loop, generate, generated, m);
}

static void on_drop(void *arg, struct ipc_call *call, const void *message)
{
	struct key_dkim *k = arg;
	const struct ipc_key_dkim_drop *request = message;
	struct ipc_key_dkim_drop_reply reply = {.status = DKIM_OK};
	struct error err = {0};
	if (keystore_dkim_drop(k->keys, request->key.b, &err) != 0) {
		reply.status = DKIM_FAILED;
		log_event(EV_INTERNAL, LOG_STR("what", "key for DKIM"), LOG_STR("why", err.private_text));
	}
	ipc_reply(call, &reply);
}

static enum dkim_reply sign(struct key_dkim *k, const struct ipc_key_dkim_sign *request, struct buf *out, struct error *err)
{
	const struct mail_key *key;
	int rc = keystore_dkim_get(k->keys, request->key.b, &key, err);
	if (rc != 0)
		return rc == ERR_NOT_FOUND ? DKIM_REFUSED : DKIM_FAILED;
	if (mail_key_algorithm(key) != (enum mail_algorithm)request->algorithm)
		return DKIM_REFUSED;
	return mail_key_sign(key, request->digest.b, out, err) == 0 ? DKIM_OK : DKIM_FAILED;
}

static void on_sign(void *arg, struct ipc_call *call, const void *message)
{
	struct key_dkim *k = arg;
	struct buf signature = BUF_INIT(MAIL_SIGNATURE_MAX);
	struct error err = {0};
	enum dkim_reply status = sign(k, message, &signature, &err);
	if (status == DKIM_FAILED)
		log_event(EV_INTERNAL, LOG_STR("what", "key for DKIM"), LOG_STR("why", err.private_text));
	ipc_reply(call, &(struct ipc_key_dkim_sign_reply){.status = (uint8_t)status, .signature = buf_slice(&signature)});
	buf_free(&signature);
}

void key_dkim_start(struct role_context *ctx, const struct keystore *keys)
{
	struct key_dkim *k = memory_alloc(sizeof *k);
	*k = (struct key_dkim){.ctx = ctx, .keys = keystore_dkim_open(keys)};
	ipc_handle(ctx->ipc, IPC_KEY_DKIM_MAKE, on_make, k);
	ipc_handle(ctx->ipc, IPC_KEY_DKIM_DROP, on_drop, k);
	ipc_handle(ctx->ipc, IPC_KEY_DKIM_SIGN, on_sign, k);
}
