/* What users send is counted here, for the whole system: limits of users and domains, and the meter that ends the right to send. */
#include <string.h>

#include "auth/contain.h"
#include "auth/directory_habit.h"
#include "base/log.h"
#include "role/auth.h"

#define KEEP_MS SECONDS_MS(30)
#define KEEP_AT_ONCE 200 /* habits of one change */

static struct moment now_of(const struct auth_process *a)
{
	return loop_now(a->ctx->loop);
}

/* ---- limits ---- */

static struct slice user_key(const struct account *account)
{
	return slice_make(account->id, sizeof account->id);
}

enum limit auth_meter_sender(struct auth_process *a, const struct account *account)
{
	int64_t now = now_of(a).mono_ms;
	if (limiter_reached(a->limits, LIMIT_BYTES_USER, user_key(account), now))
		return LIMIT_BYTES_USER;
	if (!limiter_take(a->limits, LIMIT_MESSAGES_USER, user_key(account), 1, now))
		return LIMIT_MESSAGES_USER;
	return limiter_take(a->limits, LIMIT_MESSAGES_DOMAIN, address_domain_of(account->address), 1, now) ? LIMIT_COUNT : LIMIT_MESSAGES_DOMAIN;
}

enum limit auth_meter_recipients(struct auth_process *a, const struct account *account)
{
	return limiter_take(a->limits, LIMIT_RECIPIENTS_USER, user_key(account), 1, now_of(a).mono_ms) ? LIMIT_COUNT : LIMIT_RECIPIENTS_USER;
}

void auth_meter_signed_in(struct auth_process *a, struct slice address)
{
	uint8_t room[64];
	struct ipc_edge_known hint = {.address = address};
	if (!familiar_note(a->familiar, limiter_address(LIMIT_SCOPE_ADDRESS, address, room), now_of(a).mono_ms))
		return;
	for (unsigned i = 0, n = ipc_instances(a->ctx->ipc, ROLE_CLIENT); i < n; i++)
		ipc_request(a->ctx->ipc, IPC_EDGE_KNOWN, i, &hint, NULL, NULL);
}

/* ---- the meter ---- */

/* False: the directory cannot be read; then nothing is counted of the account now. */
static bool knows(struct auth_process *a, const uint8_t account[16])
{
	struct arena arena = ARENA_INIT;
	struct slice blob = SLICE_NONE;
	if (meter_knows(a->meter, account))
		return true;
	int rc = directory_habit_get(a->directory, account, &arena, &blob);
	if (rc == 0 || rc == ERR_NOT_FOUND)
		meter_load(a->meter, account, blob, now_of(a));
	arena_free(&arena);
	return rc == 0 || rc == ERR_NOT_FOUND;
}

static void judge(struct auth_process *a, const uint8_t id[16])
{
	struct arena arena = ARENA_INIT;
	struct account account;
	struct error err = {0};
	struct buf why = BUF_INIT(1000);
	if (a->ctx->config->contain_automatic && meter_points(a->meter, id, now_of(a), &why) >= METER_POINTS
	    && directory_account_get(a->directory, id, &arena, &account) == 0 && account.restriction < AUTH_NO_SENDING
	    && contain_automatic(a->directory, &a->host, &account, buf_slice(&why), &err) != 0)
		log_event(EV_INTERNAL, LOG_STR("what", "containment"), LOG_STR("why", err.private_text));
	buf_free(&why);
	arena_free(&arena);
}

void auth_meter_recipient(struct auth_process *a, const uint8_t account[16], const struct resolve_result *result)
{
	if (!knows(a, account))
		return;
	if (result->status != AUTH_OK && result->code >= 500)
		meter_refused(a->meter, account, now_of(a));
	for (size_t i = 0; result->status == AUTH_OK && i < result->count; i++)
		meter_recipient(a->meter, account, result->targets[i].address, result->targets[i].outside, now_of(a));
	judge(a, account);
}

static void on_sent(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_sent *request = message;
	(void)limiter_note(a->limits, LIMIT_BYTES_USER, slice_make(request->account.b, 16), request->size, now_of(a).mono_ms);
	if (!knows(a, request->account.b))
		return;
	meter_message(a->meter, request->account.b, now_of(a));
	judge(a, request->account.b);
}

static void on_bounced(void *arg, struct ipc_call *call, const void *message)
{
	struct auth_process *a = arg;
	const struct ipc_auth_bounced *request = message;
	if (!knows(a, request->account.b))
		return;
	meter_bounced(a->meter, request->account.b, request->count, now_of(a));
	judge(a, request->account.b);
}

/* ---- habits are kept ---- */

static int keep(struct auth_process *a, struct error *err)
{
	uint8_t account[16], blob[METER_HABIT_SIZE];
	int rc = directory_begin(a->directory, err);
	for (unsigned i = 0; rc == 0 && i < KEEP_AT_ONCE && meter_changed(a->meter, account, blob); i++)
		rc = directory_habit_set(a->directory, account, slice_make(blob, sizeof blob), moment_unix(now_of(a)), err);
	if (rc == 0)
		rc = directory_commit(a->directory, err);
	directory_rollback(a->directory);
	return rc;
}

static void on_keep(void *arg)
{
	struct auth_process *a = arg;
	struct error err = {0};
	if (meter_has_changes(a->meter) && keep(a, &err) != 0)
		log_event(EV_INTERNAL, LOG_STR("what", "habits of sending"), LOG_STR("why", err.private_text));
	timer_start(a->meter_timer, KEEP_MS);
}

/* ---- life ---- */

static void host_freed(void *arg, const uint8_t account[16])
{
	struct auth_process *a = arg;
	meter_forget(a->meter, account);
}

void auth_meter_host(struct auth_host *host)
{
	host->freed = host_freed;
}

void auth_meter_configure(struct auth_process *a)
{
	const struct config *c = a->ctx->config;
#define LIMIT(id, option, member, scope, counted, seconds, type, value, action, reply, help) limiter_set(a->limits, LIMIT_##id, (uint64_t)c->member);
#include "base/limits.h"
#define METER(id, option, member, seconds, threshold, points, word, help) meter_set(a->meter, METER_##id, c->member);
#include "base/meter.h"
}

void auth_meter_start(struct auth_process *a)
{
	a->limits = limiter_create();
	a->meter = meter_create();
	a->familiar = familiar_create();
	a->meter_timer = timer_create_on(a->ctx->loop, on_keep, a);
	auth_meter_configure(a);
	timer_start(a->meter_timer, KEEP_MS);
	ipc_handle(a->ctx->ipc, IPC_AUTH_SENT, on_sent, a);
	ipc_handle(a->ctx->ipc, IPC_AUTH_BOUNCED, on_bounced, a);
}
