#include "role/key_ca.h"

#include <string.h>

#include "auth/keystore_ca.h"
#include "base/log.h"
#include "base/memory.h"
#include "sys/file.h"

enum ca_reply { CA_OK = 0, CA_REFUSED = 1, CA_FAILED = 2 };

struct key_ca {
	struct role_context *ctx;
	const struct keystore *keys;
};

static void complain(const struct error *err)
{
	log_event(EV_INTERNAL, LOG_STR("what", "own authority"), LOG_STR("why", err->private_text));
}

/* ---- new authorities ---- */

/* Primes of RSA take a while to find: a thread of the pool looks for them. */
struct making {
	struct key_ca *k;
	struct ipc_call *call;
	enum mail_ca_algorithm algorithm;
	struct mail_ca_authority what; /* texts in the arena */
	struct arena arena;
	struct keystore_ca root;       /* of an issuing one */
	struct keystore_ca made;
	struct error err;
};

static void generate(void *arg)
{
	struct making *m = arg;
	(void)mail_ca_key_generate(m->algorithm, &m->made.key, &m->err);
}

static int certify(struct making *m)
{
	if (m->made.key == NULL)
		return m->err.code;
	return m->made.kind == KEYSTORE_CA_ROOT
	     ? mail_ca_root(m->made.key, &m->what, &m->made.certificate, &m->err)
	     : mail_ca_issuing(m->root.key, buf_slice(&m->root.certificate), m->made.key, &m->what, &m->made.certificate, &m->err);
}

static void generated(void *arg)
{
	struct making *m = arg;
	struct ipc_key_ca_make_reply reply = {.status = CA_FAILED};
	int rc = certify(m);
	if (rc == 0)
		rc = keystore_ca_keep(m->k->keys, &m->made, reply.key.b, &m->err);
	if (rc == 0) {
		reply.status = CA_OK;
		reply.certificate = buf_slice(&m->made.certificate);
	} else {
		complain(&m->err);
	}
	ipc_reply(m->call, &reply);
	keystore_ca_free(&m->root);
	keystore_ca_free(&m->made);
	arena_free(&m->arena);
	memory_free(m);
}

static void on_make(void *arg, struct ipc_call *call, const void *message)
{
	struct key_ca *k = arg;
	const struct ipc_key_ca_make *request = message;
	struct making *m = memory_alloc(sizeof *m);
	*m = (struct making){.k = k, .call = call, .algorithm = (enum mail_ca_algorithm)request->algorithm, .arena = ARENA_INIT,
		.root = KEYSTORE_CA_INIT, .made = KEYSTORE_CA_INIT};
	m->made.kind = request->issuing ? KEYSTORE_CA_ISSUING : KEYSTORE_CA_ROOT;
	m->what = (struct mail_ca_authority){arena_dup(&m->arena, request->organisation), arena_dup(&m->arena, request->name),
		arena_dup(&m->arena, request->domains), (int64_t)request->not_before, (int64_t)request->not_after};
	int rc = request->issuing ? keystore_ca_load(k->keys, request->root.b, &m->root, &m->err) : 0;
	if (rc == 0 && request->issuing && m->root.kind != KEYSTORE_CA_ROOT)
		rc = error_set(&m->err, ERR_DENIED, "only a root signs authorities");
	if (rc == 0) {
		loop_work(k->ctx->loop, generate, generated, m);
		return;
	}
	complain(&m->err);
	ipc_reply(call, &(struct ipc_key_ca_make_reply){.status = CA_REFUSED});
	keystore_ca_free(&m->root);
	arena_free(&m->arena);
	memory_free(m);
}

/* ---- certificates ---- */

static int issue(struct key_ca *k, const struct ipc_key_ca_issue *request, struct buf *out, struct error *err)
{
	struct keystore_ca ca = KEYSTORE_CA_INIT;
	struct mail_ca_device what = {.spki = request->spki, .address = request->address, .device = request->device,
		.not_before = (int64_t)request->not_before, .not_after = (int64_t)request->not_after, .crl_url = request->crl_url};
	memcpy(what.serial, request->serial.b, sizeof what.serial);
	memcpy(what.account, request->account.b, sizeof what.account);
	int rc = keystore_ca_load(k->keys, request->key.b, &ca, err);
	if (rc == 0 && ca.kind != KEYSTORE_CA_ISSUING)
		rc = error_set(err, ERR_DENIED, "a root certifies no devices");
	if (rc == 0)
		rc = mail_ca_device(ca.key, buf_slice(&ca.certificate), &what, out, err);
	keystore_ca_free(&ca);
	return rc;
}

static void on_issue(void *arg, struct ipc_call *call, const void *message)
{
	struct buf out = BUF_INIT(MAIL_CA_DER_MAX);
	struct error err = {0};
	int rc = issue(arg, message, &out, &err);
	if (rc != 0)
		complain(&err);
	ipc_reply(call, &(struct ipc_key_ca_issue_reply){.status = rc == 0 ? CA_OK : CA_REFUSED, .certificate = rc == 0 ? buf_slice(&out) : SLICE_NONE});
	buf_free(&out);
}

/* ---- lists of revoked ones, which may be long: made by a thread of the pool ---- */

struct listing {
	struct key_ca *k;
	struct ipc_call *call;
	struct keystore_ca ca;
	struct mail_ca_crl what;
	struct file_map revoked;
	struct buf out;
	int rc;
	struct error err;
};

static void make_list(void *arg)
{
	struct listing *l = arg;
	l->rc = mail_ca_crl(l->ca.key, buf_slice(&l->ca.certificate), &l->what, &l->out, &l->err);
}

static void listing_end(struct listing *l)
{
	int fd = l->rc == 0 ? memfd_from_slice("crl", buf_slice(&l->out), &l->err) : -1;
	if (fd < 0)
		complain(&l->err);
	ipc_reply(l->call, &(struct ipc_key_ca_crl_reply){.status = fd >= 0 ? CA_OK : CA_FAILED, .crl = fd});
	file_close(&fd);
	file_unmap(&l->revoked);
	buf_free(&l->out);
	keystore_ca_free(&l->ca);
	memory_free(l);
}

static void list_made(void *arg)
{
	listing_end(arg);
}

static void on_crl(void *arg, struct ipc_call *call, const void *message)
{
	struct key_ca *k = arg;
	const struct ipc_key_ca_crl *request = message;
	struct listing *l = memory_alloc(sizeof *l);
	int fd = request->revoked;
	*l = (struct listing){.k = k, .call = call, .ca = KEYSTORE_CA_INIT, .out = BUF_INIT(MAIL_CA_CRL_MAX),
		.what = {.number = request->number, .this_update = (int64_t)request->this_update, .next_update = (int64_t)request->next_update}};
	l->rc = memfd_map(fd, MAIL_CA_REVOKED_MAX * (size_t)MAIL_CA_REVOKED_SIZE, &l->revoked, &l->err);
	if (l->rc == 0)
		l->rc = keystore_ca_load(k->keys, request->key.b, &l->ca, &l->err);
	file_close(&fd);
	l->what.revoked = l->revoked.content;
	if (l->rc == 0)
		loop_work(k->ctx->loop, make_list, list_made, l);
	else
		listing_end(l);
}

static void on_drop(void *arg, struct ipc_call *call, const void *message)
{
	struct key_ca *k = arg;
	const struct ipc_key_ca_drop *request = message;
	struct error err = {0};
	int rc = keystore_ca_drop(k->keys, request->key.b, &err);
	if (rc != 0)
		complain(&err);
	ipc_reply(call, &(struct ipc_key_ca_drop_reply){.status = rc == 0 ? CA_OK : CA_FAILED});
}

void key_ca_start(struct role_context *ctx, const struct keystore *keys)
{
	struct key_ca *k = memory_alloc(sizeof *k);
	*k = (struct key_ca){.ctx = ctx, .keys = keys};
	ipc_handle(ctx->ipc, IPC_KEY_CA_MAKE, on_make, k);
	ipc_handle(ctx->ipc, IPC_KEY_CA_ISSUE, on_issue, k);
	ipc_handle(ctx->ipc, IPC_KEY_CA_CRL, on_crl, k);
	ipc_handle(ctx->ipc, IPC_KEY_CA_DROP, on_drop, k);
}
