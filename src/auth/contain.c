#include "auth/contain.h"

#include <string.h>

#include "auth/directory_sql.h"
#include "base/memory.h"

int directory_containment_get(struct directory *d, const uint8_t account[16], struct arena *arena, struct containment *ret)
{
	sqlite3_stmt *s = sql_query(d, Q_CONTAINMENT_GET);
	sql_blob(s, 1, account, 16);
	*ret = (struct containment){.level = AUTH_FREE};
	int rc = sql_step(s);
	if (rc == 1)
		*ret = (struct containment){.level = (enum auth_restriction)sqlite3_column_int(s, 0), .automatic = sqlite3_column_int(s, 1) != 0,
			.reason = sql_get(s, 2, arena), .author = sql_get(s, 3, arena), .since = sqlite3_column_int64(s, 4)};
	sql_done(s);
	return rc < 0 ? rc : 0;
}

int directory_containment_set(struct directory *d, const uint8_t account[16], const struct containment *c, struct error *err)
{
	sqlite3_stmt *s = sql_query(d, c->level == AUTH_FREE ? Q_CONTAINMENT_REMOVE : Q_CONTAINMENT_SET);
	sql_blob(s, 1, account, 16);
	if (c->level == AUTH_FREE)
		return sql_run(d, s, err);
	sql_int(s, 2, c->level);
	sql_int(s, 3, c->automatic);
	sql_text(s, 4, c->reason);
	sql_text(s, 5, c->author);
	sql_int(s, 6, c->since);
	return sql_run(d, s, err);
}

/* ---- what follows ---- */

static const struct slice meter_name = SLICE_INIT("letterlock");

static bool may_send(enum auth_restriction level)
{
	return auth_restricted(level, AUTH_BIT(AUTH_MAIL_SEND)) != 0;
}

struct again {
	struct auth_host host;
	uint8_t account[16];
};

static void nobody_waits(void *arg, bool ok, unsigned count)
{
}

static void hold_again(void *arg)
{
	struct again *again = arg;
	again->host.contain(again->host.arg, again->account, CONTAIN_HOLD, nobody_waits, NULL);
	memory_free(again);
}

static void hold(const struct auth_host *host, const uint8_t account[16])
{
	struct again *again = memory_alloc(sizeof *again);
	again->host = *host;
	memcpy(again->account, account, sizeof again->account);
	host->contain(host->arg, account, CONTAIN_HOLD, nobody_waits, NULL);
	host->after(host->arg, CONTAIN_AGAIN_MS, hold_again, again);
}

static void record(const struct auth_host *host, enum log_event event, const struct account *account, struct slice actor, struct slice what,
	struct slice reason)
{
	/* What the meter says is made of words that the system chose; what a person says is the person's. */
	struct slice why = slice_eq(actor, meter_name) ? reason : SLICE("a security officer did it");
	reason = slice_eq(actor, meter_name) ? SLICE_NONE : reason;

	if (host->record != NULL)
		host->record(host->arg, event, (const struct log_field[]){LOG_TEXT("actor", actor), LOG_TEXT("address", account->address),
			LOG_TEXT("kind", what), LOG_TEXT("why", why), LOG_TEXT("reason", reason), LOG_END});
}

void contain_follow(const struct auth_host *host, const struct account *account, enum auth_restriction before, enum auth_restriction level,
	struct slice actor, struct slice reason)
{
	struct slice what = slice_str(auth_restriction_name(level));
	if (may_send(before) && level == AUTH_NO_SENDING)
		record(host, EV_SENDING_SUSPENDED, account, actor, what, reason);
	else if (!may_send(before) && level == AUTH_FREE)
		record(host, EV_SENDING_RESTORED, account, actor, what, reason);
	else if (before != level)
		record(host, EV_ACCOUNT_ISOLATED, account, actor, what, reason);
	if (level < before && host->freed != NULL)
		host->freed(host->arg, account->id);
	if (level > before && host->contain != NULL)
		hold(host, account->id);
	if (level >= AUTH_READ_ONLY && level > before)
		host->revoke(host->arg, account->id, 0);
}

int contain_automatic(struct directory *d, const struct auth_host *host, const struct account *account, struct slice reason, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct containment before, now = {.level = AUTH_NO_SENDING, .automatic = true, .reason = reason, .since = moment_unix(host->now(host->arg))};
	int rc = directory_begin(d, err);
	if (rc == 0)
		rc = directory_containment_get(d, account->id, &arena, &before);
	bool changes = rc == 0 && before.level < AUTH_NO_SENDING;
	if (changes)
		rc = directory_containment_set(d, account->id, &now, err);
	if (rc == 0)
		rc = directory_commit(d, err);
	directory_rollback(d);
	if (rc == 0 && changes)
		contain_follow(host, account, before.level, AUTH_NO_SENDING, meter_name, reason);
	arena_free(&arena);
	return rc;
}
