#include "auth/hygiene.h"

#include <string.h>

#include "auth/directory_role.h"
#include "auth/directory_sso.h"
#include "auth/hygiene_private.h"
#include "auth/session.h"

#define DAY_S INT64_C(86400)
#define DAYS_MAX 3650
#define PARTIES_BATCH 200

static int64_t now_of(const struct auth_host *host)
{
	return moment_unix(host->now(host->arg));
}

static void record(const struct auth_host *host, enum log_event event, const struct log_field *fields)
{
	if (host->record != NULL)
		host->record(host->arg, event, fields);
}
#define hygiene_event(host, event, ...) record((host), (event), (const struct log_field[]){__VA_ARGS__, LOG_END})

int hygiene_policy_check(const json_t *value, struct error *err)
{
	const char *name;
	const json_t *member;
	if (!json_is_object(value))
		return error_set(err, ERR_INVALID, "the policy is no object");
	json_object_foreach((json_t *)value, name, member)
		if ((strcmp(name, "days") != 0 && strcmp(name, "review_days") != 0) || !json_is_integer(member) || json_integer_value(member) < 0
		    || json_integer_value(member) > DAYS_MAX)
			return error_set(err, ERR_INVALID, "days and review_days are numbers from 0 (never) to %d, and all there is", DAYS_MAX);
	return 0;
}

/* 0: never. */
static int days_of(struct directory *d, const char *name, int64_t fallback, int64_t *ret)
{
	const json_t *policy;
	int rc = directory_policy_json(d, HYGIENE_POLICY, &policy);
	const json_t *value = rc == 0 ? json_object_get(policy, name) : NULL;
	*ret = value != NULL ? (int64_t)json_integer_value(value) : fallback;
	return rc;
}

/* Notes of use began with the first run: before it nobody counts as unused. */
static int began(struct directory *d, int64_t now, bool dry, int64_t *ret, struct error *err)
{
	uint32_t since = 0;
	int rc = directory_setting_u32(d, "hygiene since", &since);
	if (rc == ERR_NOT_FOUND) {
		since = (uint32_t)now;
		rc = dry ? 0 : directory_setting_set_u32(d, "hygiene since", since, err);
	}
	*ret = since;
	return rc;
}

/* ---- accounts ---- */

static int disable(struct directory *d, const struct auth_host *host, struct account *account, int64_t days, struct error *err)
{
	account->state = ACCOUNT_DISABLED;
	int rc = directory_begin(d, err);
	if (rc == 0)
		rc = directory_account_update(d, account, err);
	if (rc == 0)
		rc = session_remove_all(d, account->id, err);
	if (rc == 0)
		rc = directory_commit(d, err);
	directory_rollback(d);
	if (rc != 0)
		return rc;
	host->revoke(host->arg, account->id, 0);
	hygiene_event(host, EV_ACCOUNT_DISABLED, LOG_STR("actor", "hygiene"), LOG_TEXT("address", account->address),
		LOG_STR("why", days > 0 ? "not used for the days of the policy" : ""));
	return 0;
}

static int take_stale(struct directory *d, const struct auth_host *host, struct account *account, int64_t used, int64_t days, bool dry,
	struct hygiene_result *result, struct error *err)
{
	/* Whoever runs the system stays as long as nobody else could. */
	int holders = auth_role_privileged(account->role) ? directory_role_holders(d, account->role) : 2;
	if (holders < 0)
		return holders;
	json_t *o = json_object();
	json_object_set_new(o, "address", json_stringn((const char *)account->address.p, account->address.n));
	json_object_set_new(o, "used", json_integer((json_int_t)used));
	json_object_set_new(o, "kept", json_boolean(holders < 2));
	json_array_append_new(result->accounts, o);
	if (holders < 2)
		return 0;
	result->disabled++;
	return dry ? 0 : disable(d, host, account, days, err);
}

static int run_accounts(struct directory *d, const struct auth_host *host, bool dry, struct hygiene_result *result, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct account *list = arena_alloc_array(&arena, HYGIENE_BATCH, sizeof *list);
	int64_t *used = arena_alloc_array(&arena, HYGIENE_BATCH, sizeof *used), days = 0, since = 0, now = now_of(host);
	uint8_t first[16] = {0};
	int rc = days_of(d, "days", HYGIENE_DAYS, &days);
	if (rc == 0)
		rc = began(d, now, dry, &since, err);
	int count = rc == 0 && days > 0 ? directory_accounts_stale(d, since, now - days * DAY_S, first, &arena, list, used, HYGIENE_BATCH) : rc;
	for (int i = 0; i < count && rc == 0; i++)
		rc = take_stale(d, host, &list[i], used[i], days, dry, result, err);
	arena_free(&arena);
	return count < 0 ? count : rc;
}

/* Told once: on the first run since the last one that sees the day come near. Whoever stays anyway is told nothing. */
static int warn_one(struct directory *d, const struct auth_host *host, const struct account *account, int64_t ends, int64_t last_day)
{
	int64_t from = ends / DAY_S - HYGIENE_WARN_DAYS;
	int holders = auth_role_privileged(account->role) ? directory_role_holders(d, account->role) : 2;
	if (holders > 1 && from > last_day && ends > now_of(host))
		hygiene_event(host, EV_ACCOUNT_UNUSED, LOG_TEXT("address", account->address), LOG_NUM("until", ends));
	return holders < 0 ? holders : 0;
}

static int warn_accounts(struct directory *d, const struct auth_host *host, int64_t last_day, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct account *list = arena_alloc_array(&arena, HYGIENE_BATCH, sizeof *list);
	int64_t *used = arena_alloc_array(&arena, HYGIENE_BATCH, sizeof *used), days = 0, since = 0, now = now_of(host);
	uint8_t after[16] = {0};
	int rc = days_of(d, "days", HYGIENE_DAYS, &days), count = HYGIENE_BATCH;
	if (rc == 0)
		rc = began(d, now, false, &since, err);
	/* Accounts whose last day is at most so far away as we warn before, counted in whole days. */
	int64_t before = ((now / DAY_S + 1 + HYGIENE_WARN_DAYS) - days) * DAY_S;
	while (rc == 0 && days > HYGIENE_WARN_DAYS && count == HYGIENE_BATCH) {
		count = directory_accounts_stale(d, since, before, after, &arena, list, used, HYGIENE_BATCH);
		for (int i = 0; i < count && rc == 0; i++)
			rc = warn_one(d, host, &list[i], used[i] + days * DAY_S, last_day);
		if (count > 0)
			memcpy(after, list[count - 1].id, sizeof after);
		rc = count < 0 ? count : rc;
	}
	arena_free(&arena);
	return rc;
}

/* ---- reviews ---- */

static int lapse(struct directory *d, const struct auth_host *host, const struct review *review, const struct review_row *row, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct directory_grant grant;
	struct account account;
	int64_t now = now_of(host);
	int rc = directory_grant_get(d, row->grant, &arena, &grant);
	if (rc == 0)
		rc = directory_review_decide(d, review->id, row->grant, REVIEW_LAPSED, SLICE_NONE, now, err);
	if (rc == 0)
		rc = directory_grant_end(d, row->grant, now, err);
	if (rc == 0 && directory_account_get(d, grant.account, &arena, &account) == 0) {
		host->revoke(host->arg, grant.account, 0);
		hygiene_event(host, EV_RIGHT_LAPSED, LOG_TEXT("address", account.address), LOG_TEXT("right", grant.role), LOG_TEXT("target", grant.value));
	}
	arena_free(&arena);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int end_review(struct directory *d, const struct auth_host *host, const struct review *review, struct hygiene_result *result, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct review_row *rows = arena_alloc_array(&arena, REVIEW_ROWS_MAX, sizeof *rows);
	int count = directory_review_rows(d, review->id, 0, &arena, rows, REVIEW_ROWS_MAX);
	int rc = count < 0 ? count : 0;
	for (int i = 0; rc == 0 && i < count; i++)
		if (rows[i].decision == REVIEW_OPEN && (rc = lapse(d, host, review, &rows[i], err)) == 0)
			result->lapsed++;
	if (rc == 0)
		rc = directory_review_end(d, review->id, now_of(host), err);
	arena_free(&arena);
	return rc;
}

/* A review that is over ends; where policy wants one every so many days, the next begins. */
static int run_reviews(struct directory *d, const struct auth_host *host, struct hygiene_result *result, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct review review, last;
	int64_t days = 0, now = now_of(host);
	uint32_t id;
	int open = directory_review_open(d, &arena, &review), rc = open < 0 && open != ERR_NOT_FOUND ? open : 0;
	if (open == 0 && review.ends <= now)
		rc = end_review(d, host, &review, result, err);
	if (rc == 0)
		rc = days_of(d, "review_days", 0, &days);
	if (rc == 0 && open == ERR_NOT_FOUND && days > 0) {
		int count = directory_review_list(d, &arena, &last, 1);
		rc = count < 0 ? count : count == 1 && last.started + days * DAY_S > now ? 0
		   : directory_review_start(d, SLICE("policy"), now, now + REVIEW_DAYS * DAY_S, &id, err);
	}
	arena_free(&arena);
	return rc;
}

/* ---- third parties ---- */

static int end_client(struct directory *d, const struct auth_host *host, const struct party *party, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct directory_oauth *grants = arena_alloc_array(&arena, PARTIES_BATCH, sizeof *grants);
	int count, rc = 0;
	while (rc == 0 && (count = directory_oauth_of_client(d, party->ref, &arena, grants, PARTIES_BATCH)) > 0)
		for (int i = 0; rc == 0 && i < count; i++) {
			rc = directory_oauth_drop_tokens(d, grants[i].id, err);
			if (rc == 0)
				rc = directory_oauth_remove(d, grants[i].id, err);
			host->revoke(host->arg, grants[i].account, grants[i].id);
		}
	if (rc == 0)
		rc = directory_oauth_client_remove(d, party->ref, err);
	arena_free(&arena);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int end_token(struct directory *d, const struct party *party, int64_t now, struct error *err)
{
	uint32_t id;
	if (slice_to_u32(party->ref, &id) != 0)
		return 0;
	/* Whoever answers for it need not be who made it. */
	int rc = session_token_ends(d, id, now, err);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int party_end(struct directory *d, const struct auth_host *host, const struct party *party, int64_t now, struct error *err)
{
	int rc = directory_begin(d, err);
	if (rc == 0 && party->ref.n > 0 && party->kind == PARTY_TOKEN)
		rc = end_token(d, party, now, err);
	else if (rc == 0 && party->ref.n > 0 && party->kind == PARTY_OAUTH_CLIENT)
		rc = end_client(d, host, party, err);
	if (rc == 0)
		rc = directory_party_ended(d, party->id, now, err);
	if (rc == 0)
		rc = directory_commit(d, err);
	directory_rollback(d);
	return rc;
}

static int run_parties(struct directory *d, const struct auth_host *host, struct hygiene_result *result, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct party *list = arena_alloc_array(&arena, PARTIES_BATCH, sizeof *list);
	int64_t now = now_of(host);
	int count = directory_parties_past(d, now, &arena, list, PARTIES_BATCH), rc = count < 0 ? count : 0;
	for (int i = 0; rc == 0 && i < count; i++)
		if ((rc = party_end(d, host, &list[i], now, err)) == 0)
			result->ended++;
	arena_free(&arena);
	return rc;
}

int hygiene_run(struct directory *d, const struct auth_host *host, bool dry, struct hygiene_result *result, struct error *err)
{
	*result = (struct hygiene_result){.accounts = json_array()};
	int rc = run_accounts(d, host, dry, result, err);
	if (rc == 0 && !dry)
		rc = run_reviews(d, host, result, err);
	if (rc == 0 && !dry)
		rc = run_parties(d, host, result, err);
	return rc == 0 && !dry ? directory_signin_expire(d, now_of(host), err) : rc;
}

void hygiene_daily(struct directory *d, const struct auth_host *host)
{
	struct error err = {0};
	struct hygiene_result result;
	uint32_t last = 0, today = (uint32_t)(now_of(host) / DAY_S);
	if (directory_setting_u32(d, "hygiene day", &last) == 0 && last == today)
		return;
	int rc = hygiene_run(d, host, false, &result, &err);
	if (rc == 0)
		rc = warn_accounts(d, host, last, &err);
	if (rc == 0)
		rc = directory_setting_set_u32(d, "hygiene day", today, &err);
	json_decref(result.accounts);
	if (rc != 0)
		hygiene_event(host, EV_INTERNAL, LOG_STR("what", "daily hygiene"), LOG_STR("why", err.private_text));
}
