/* Ending what auth does not stand for any more: revoked credentials, sessions after a restart of auth, removed accounts. */
#include "role/mail_push.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/codec.h"
#include "base/endian.h"
#include "base/log.h"
#include "base/memory.h"
#include "ipc/admin.h"
#include "sys/file.h"

#define BATCH_MAX 2000         /* pairs in one AUTH_REVALIDATE */
#define REMOVE_STEP_MS 100
#define REMOVE_WAIT_MS 20000   /* until the sessions of a removed account have ended */
#define PATH_SIZE 600

static void shard_revoke(struct mail_role *m, const uint8_t account[16], uint32_t credential)
{
	MAP_FOREACH(entry, &m->tickets) {
		struct mail_ticket *t = entry->value;

		if (mail_stands_on(t->account, &t->stands, account, credential))
			mail_ticket_free(m, t);
	}
	mail_push_revoke(m, account, credential);
	mail_session_end(m, account, credential, "Signed out by the administrator or from another device");
}

static void on_revoke(void *arg, struct ipc_call *call, const void *request)
{
	const struct ipc_mail_revoke *r = request;
	struct ipc_mail_revoke_reply reply = {0};

	shard_revoke(arg, r->account.b, r->credential);
	ipc_reply(call, &reply);
}

/* ---- after a restart of auth: are those who are here still welcome? ---- */

struct question {
	struct mail_role *role;
	struct buf pairs;
};

static void on_verdicts(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct question *q = arg;
	const struct ipc_auth_revalidate_reply *reply = message;
	const uint8_t *pair = buf_slice(&q->pairs).p;
	size_t count = buf_len(&q->pairs) / AUTH_PAIR_SIZE;

	if (outcome == IPC_OK && reply->verdicts.n == count) {
		for (size_t i = 0; i < count; i++, pair += AUTH_PAIR_SIZE)
			if (reply->verdicts.p[i] == AUTH_VERDICT_GONE)
				shard_revoke(q->role, pair, get_u32(pair + 16));
	} else if (!q->role->stopping) {
		timer_start(q->role->revalidate, MAIL_RETRY_MS);
	}
	buf_free(&q->pairs);
	memory_free(q);
}

static void ask(struct mail_role *m, struct slice pairs)
{
	struct question *q = memory_alloc(sizeof *q);
	struct ipc_auth_revalidate request = {.pairs = pairs};

	*q = (struct question){m, BUF_INIT(BATCH_MAX * AUTH_PAIR_SIZE)};
	buf_append(&q->pairs, pairs);
	ipc_request(m->ctx->ipc, IPC_AUTH_REVALIDATE, IPC_ANY, &request, on_verdicts, q);
}

static void revalidate(void *arg)
{
	struct mail_role *m = arg;
	struct buf pairs = BUF_INIT(SIZE_MAX);

	mail_session_pairs(m, &pairs);
	MAP_FOREACH(entry, &m->tickets) {
		struct mail_ticket *t = entry->value;

		mail_standing_pairs(t->account, &t->stands, &pairs);
	}
	for (struct slice rest = buf_slice(&pairs); rest.n > 0; rest = slice_from(rest, BATCH_MAX * AUTH_PAIR_SIZE))
		ask(m, slice_sub(rest, 0, BATCH_MAX * AUTH_PAIR_SIZE));
	buf_free(&pairs);
}

static void on_revalidate(void *arg, struct ipc_call *call, const void *request)
{
	revalidate(arg);
}

/* ---- mail.remove ---- */

struct removal {
	struct mail_role *role;
	struct ipc_call *call;
	struct timer *timer;
	uint8_t account[16];
	int64_t until_ms;
};

static void answer(struct ipc_call *call, enum admin_status status, const char *result)
{
	ipc_reply(call, &(struct ipc_mail_admin_reply){.status = (uint8_t)status, .result = slice_str(result)});
}

static void removal_end(struct removal *r, enum admin_status status, const char *result)
{
	answer(r->call, status, result);
	timer_destroy(&r->timer);
	memory_free(r);
}

static int remove_files(const char *path)
{
	DIR *folder = opendir(path);
	int rc = 0;

	if (folder == NULL)
		return errno == ENOENT ? 0 : -1;
	for (struct dirent *e; rc == 0 && (e = readdir(folder)) != NULL;)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			rc = unlinkat(dirfd(folder), e->d_name, 0);
	closedir(folder);
	return rc == 0 ? rmdir(path) : rc;
}

/* A folder that is not there is removed already: the operation may be repeated. */
static bool remove_folder(const struct removal *r)
{
	char path[PATH_SIZE], bucket[PATH_SIZE];
	struct error err = {0};

	mail_account_path(r->role, r->account, path, sizeof path);
	snprintf(bucket, sizeof bucket, "%s/" ROLE_DIR_ACCOUNTS "/%02x", r->role->ctx->data_dir, r->account[0]);
	if (remove_files(path) < 0)
		error_errno(&err, "%s", path);
	else if (file_sync_dir(bucket, &err) == 0)
		return true;
	log_event(EV_INTERNAL, LOG_STR("what", "the folder of a removed account stays"), LOG_STR("why", err.private_text));
	return false;
}

static void removal_step(void *arg)
{
	struct removal *r = arg;

	if (mail_account_find(r->role, r->account) == NULL) {
		if (remove_folder(r))
			removal_end(r, ADMIN_OK, "{}");
		else
			removal_end(r, ADMIN_FAILED, "{\"error\":\"The files of the account could not be removed.\"}");
	} else if (mail_now(r->role) > r->until_ms) {
		removal_end(r, ADMIN_UNAVAILABLE, "{\"error\":\"The account is still in use; try again.\"}");
	} else {
		timer_start(r->timer, REMOVE_STEP_MS);
	}
}

/* Only what auth does not stand for is removed. */
static void removal_allowed(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct removal *r = arg;
	const struct ipc_auth_revalidate_reply *reply = message;

	if (outcome != IPC_OK || reply->verdicts.n != 1) {
		removal_end(r, ADMIN_UNAVAILABLE, "{\"error\":\"The sign-in service does not answer; try again.\"}");
	} else if (reply->verdicts.p[0] != AUTH_VERDICT_GONE) {
		removal_end(r, ADMIN_DENIED, "{\"error\":\"The account is in use. Disable it before.\"}");
	} else {
		shard_revoke(r->role, r->account, 0);
		removal_step(r);
	}
}

static bool read_account(struct slice args, uint8_t ret[16])
{
	json_t *object = json_loadb((const char *)args.p, args.n, JSON_REJECT_DUPLICATES, NULL);
	const char *text = json_string_value(json_object_get(object, "account"));
	struct buf id = BUF_INIT(16);
	bool ok = text != NULL && hex_decode(slice_str(text), &id) == 0 && buf_len(&id) == 16;

	if (ok)
		memcpy(ret, buf_slice(&id).p, 16);
	buf_free(&id);
	json_decref(object);
	return ok;
}

void mail_remove(struct mail_role *m, struct ipc_call *call, struct slice args)
{
	uint8_t account[16], pair[AUTH_PAIR_SIZE] = {0};

	if (!read_account(args, account)) {
		answer(call, ADMIN_INVALID, "{\"error\":\"\\\"account\\\" must be 32 hexadecimal digits.\"}");
		return;
	}
	if (auth_shard(account, ipc_instances(m->ctx->ipc, ROLE_MAIL)) != m->ctx->index) {
		answer(call, ADMIN_OK, "{}"); /* another shard does it */
		return;
	}
	struct removal *r = memory_alloc(sizeof *r);
	*r = (struct removal){.role = m, .call = call, .until_ms = mail_now(m) + REMOVE_WAIT_MS};
	memcpy(r->account, account, sizeof account);
	r->timer = timer_create_on(m->ctx->loop, removal_step, r);
	memcpy(pair, account, sizeof account);
	ipc_request(m->ctx->ipc, IPC_AUTH_REVALIDATE, IPC_ANY, &(struct ipc_auth_revalidate){.pairs = slice_make(pair, sizeof pair)},
	            removal_allowed, r);
}

void mail_revoke_register(struct mail_role *m)
{
	m->revalidate = timer_create_on(m->ctx->loop, revalidate, m);
	ipc_handle(m->ctx->ipc, IPC_MAIL_REVOKE, on_revoke, m);
	ipc_handle(m->ctx->ipc, IPC_MAIL_REVALIDATE, on_revalidate, m);
}
