/* Unused accounts, and the review of rights with its sign-off. */
#include <string.h>

#include "auth/admin_job.h"
#include "auth/directory_role.h"
#include "auth/hygiene_private.h"

#define DAY_S INT64_C(86400)
#define REPORT_ROWS 1000

static int hygiene_now(struct admin_job *job)
{
	struct error err = {0};
	struct hygiene_result result;
	bool dry = json_is_true(json_object_get(job->args, "dry_run"));
	int rc = hygiene_run(job_directory(job), job_host(job), dry, &result, &err);
	if (rc != 0) {
		json_decref(result.accounts);
		return job_refuse_error(job, rc, "account");
	}
	job_set(job, "accounts", result.accounts);
	job_set(job, "disabled", json_integer(result.disabled));
	job_set(job, "lapsed", json_integer(result.lapsed));
	job_set(job, "ended", json_integer(result.ended));
	return 0;
}

/* ---- reviews ---- */

static int64_t days_of(const struct admin_job *job, int64_t fallback)
{
	return job_has(job, "days") ? (int64_t)json_integer_value(json_object_get(job->args, "days")) : fallback;
}

static int start_in_change(struct admin_job *job, struct error *err)
{
	uint32_t id = 0;
	int rc = directory_review_start(job_directory(job), job->subject.name, job_unix(job), job_unix(job) + days_of(job, REVIEW_DAYS) * DAY_S, &id, err);
	if (rc == ERR_CONFLICT)
		return job_refuse(job, ADMIN_FAILED, "open", "A review is open already.");
	job_set(job, "id", json_integer(id));
	return rc;
}

static int review_start(struct admin_job *job)
{
	int64_t days = days_of(job, REVIEW_DAYS);
	return days >= 1 && days <= 366 ? job_change(job, start_in_change)
	     : job_refuse(job, ADMIN_INVALID, "invalid", "A review is open for 1 to 366 days.");
}

static json_t *row_json(struct admin_job *job, const struct review_row *row)
{
	static const char *const decisions[] = {"open", "keep", "ended", "lapsed"};
	struct directory_grant g;
	struct account account = {0};
	json_t *o = json_object();
	if (directory_grant_get(job_directory(job), row->grant, &job->arena, &g) != 0)
		g = (struct directory_grant){0};
	if (directory_account_get(job_directory(job), g.account, &job->arena, &account) != 0)
		account.address = SLICE_NONE;
	json_object_set_new(o, "grant", json_integer(row->grant));
	json_object_set_new(o, "address", job_json(account.address));
	json_object_set_new(o, "role", job_json(g.role));
	json_object_set_new(o, "scope", json_string(g.id != 0 ? auth_scope_name(g.scope) : ""));
	json_object_set_new(o, "value", job_json(g.value));
	json_object_set_new(o, "reason", job_json(g.reason));
	json_object_set_new(o, "decision", json_string((unsigned)row->decision < 4 ? decisions[row->decision] : ""));
	json_object_set_new(o, "signer", job_json(row->signer));
	json_object_set_new(o, "decided", json_integer((json_int_t)row->decided));
	return o;
}

/* args.id, or the one that is open. */
static int load_review(struct admin_job *job, struct review *ret)
{
	int rc = job_has(job, "id") ? directory_review_get(job_directory(job), (uint32_t)json_integer_value(json_object_get(job->args, "id")), &job->arena, ret)
	                            : directory_review_open(job_directory(job), &job->arena, ret);
	return rc == 0 ? 0 : job_refuse_error(job, rc, "review");
}

static int review_show(struct admin_job *job)
{
	struct review review;
	struct review_row *rows = arena_alloc_array(&job->arena, DIRECTORY_PAGE + 1, sizeof *rows);
	uint32_t after = 0;
	if (load_review(job, &review) != 0)
		return ERR_DENIED;
	if (job_text(job, "after").n > 0 && slice_to_u32(job_text(job, "after"), &after) != 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "after is \"next\" of the former page.");
	int count = directory_review_rows(job_directory(job), review.id, after, &job->arena, rows, DIRECTORY_PAGE + 1);
	if (count < 0)
		return job_refuse_error(job, count, "review");
	json_t *out = json_array();
	for (int i = 0; i < count && i < DIRECTORY_PAGE; i++)
		json_array_append_new(out, row_json(job, &rows[i]));
	job_set(job, "id", json_integer(review.id));
	job_set(job, "author", job_json(review.author));
	job_set(job, "started", json_integer((json_int_t)review.started));
	job_set(job, "ends", json_integer((json_int_t)review.ends));
	job_set(job, "ended", json_integer((json_int_t)review.ended));
	job_set(job, "grants", out);
	job_set(job, "more", json_boolean(count > DIRECTORY_PAGE));
	if (count > DIRECTORY_PAGE)
		job_set(job, "next", job_json(arena_printf(&job->arena, "%u", rows[DIRECTORY_PAGE - 1].grant)));
	return 0;
}

static int decide(struct admin_job *job, const struct review *review, uint32_t id, bool keep, struct error *err)
{
	struct directory_grant g;
	int64_t now = job_unix(job);
	int rc = directory_grant_get(job_directory(job), id, &job->arena, &g);
	if (rc == 0 && memcmp(g.account, job->subject.account, 16) == 0 && keep)
		return job_refuse(job, ADMIN_DENIED, "own", "Grant %u is your own; somebody else has to confirm it.", id);
	if (rc == 0)
		rc = directory_review_decide(job_directory(job), review->id, id, keep ? REVIEW_KEEP : REVIEW_ENDED, job->subject.name, now, err);
	if (rc == 0)
		rc = keep ? directory_grant_reviewed(job_directory(job), id, now, err) : directory_grant_end(job_directory(job), id, now, err);
	if (rc == 0 && !keep)
		job_host(job)->revoke(job_host(job)->arg, g.account, 0);
	return rc == ERR_NOT_FOUND ? job_refuse(job, ADMIN_NOT_FOUND, "not_found", "Grant %u is not open in this review.", id) : rc;
}

static int decide_list(struct admin_job *job, const struct review *review, const char *name, bool keep, struct error *err)
{
	const json_t *list = json_object_get(job->args, name), *item;
	size_t i;
	int rc = 0;
	json_array_foreach(list, i, item) {
		uint32_t id;
		if (rc == 0 && slice_to_u32(slice_make(json_string_value(item), json_string_length(item)), &id) != 0)
			rc = job_refuse(job, ADMIN_INVALID, "invalid", "Grants are named by their numbers.");
		if (rc == 0)
			rc = decide(job, review, id, keep, err);
	}
	return rc;
}

static int sign_in_change(struct admin_job *job, struct error *err)
{
	struct review review;
	if (load_review(job, &review) != 0)
		return ERR_DENIED;
	if (review.ended != 0 || review.ends <= job_unix(job))
		return job_refuse(job, ADMIN_FAILED, "ended", "This review is over.");
	int rc = decide_list(job, &review, "keep", true, err);
	return rc == 0 ? decide_list(job, &review, "end", false, err) : rc;
}

static int review_sign(struct admin_job *job)
{
	int rc = job_step_up(job);
	if (rc == 0)
		rc = job_change(job, sign_in_change);
	size_t kept = json_array_size(json_object_get(job->args, "keep")), ended = json_array_size(json_object_get(job->args, "end"));
	if (rc == 0)
		job_event(job, EV_RIGHTS_REVIEWED, LOG_TEXT("actor", job->subject.name), LOG_NUM("count", (long long)(kept + ended)),
			LOG_STR("result", ended > 0 ? "some ended" : "kept"));
	return rc;
}

/* ---- the report ---- */

static void add_person(struct admin_job *job, json_t *list, const struct account *account, const char *name, json_t *value)
{
	json_t *o = json_object();
	json_object_set_new(o, "address", job_json(account->address));
	json_object_set_new(o, name, value);
	json_array_append_new(list, o);
}

/* Rights over what is not one's own, by their names. */
static json_t *rights_over_others(auth_rights rights)
{
	auth_rights own = auth_class_rights(AUTH_CLASS_MAIL) | auth_class_rights(AUTH_CLASS_SELF);
	json_t *out = json_array();
	for (unsigned i = 0; i < AUTH_RIGHT_COUNT; i++)
		if ((rights & ~own & AUTH_BIT(i)) != 0)
			json_array_append_new(out, json_string(auth_right_name((enum auth_right)i)));
	return out;
}

static void report_account(struct admin_job *job, const struct account *account, json_t *leavers, json_t *seers)
{
	struct directory_grant *grants = arena_alloc_array(&job->arena, AUTH_GRANTS_MAX, sizeof *grants);
	auth_rights rights = 0;
	int count = directory_grants_of(job_directory(job), account->id, GRANT_ACTIVE, &job->arena, grants, AUTH_GRANTS_MAX);
	if (account->state != ACCOUNT_ACTIVE && (count > 0 || account->role != AUTH_ROLE_USER))
		add_person(job, leavers, account, "grants", json_integer(count > 0 ? count : 0));
	if (account->state != ACCOUNT_ACTIVE || auth_rights_of(job_directory(job), account, job_unix(job), &rights) != 0)
		return;
	json_t *names = rights_over_others(rights);
	if (json_array_size(names) > 0)
		add_person(job, seers, account, "rights", names);
	else
		json_decref(names);
}

/* Grants whose holder has not signed in since they were given, or that nobody ever confirmed in a year. */
static json_t *unused_grants(struct admin_job *job)
{
	struct directory_grant *list = arena_alloc_array(&job->arena, REPORT_ROWS, sizeof *list);
	int count = directory_grant_list(job_directory(job), GRANT_ACTIVE, 0, &job->arena, list, REPORT_ROWS);
	json_t *out = json_array();
	for (int i = 0; i < count; i++) {
		struct account account;
		struct signin last;
		int found = directory_signin_list(job_directory(job), list[i].account, 0, INT64_MAX, &job->arena, &last, 1);
		bool unused = found == 0 || (found == 1 && last.time < list[i].created);
		if (!unused || directory_account_get(job_directory(job), list[i].account, &job->arena, &account) != 0)
			continue;
		json_t *o = json_object();
		json_object_set_new(o, "grant", json_integer(list[i].id));
		json_object_set_new(o, "address", job_json(account.address));
		json_object_set_new(o, "role", job_json(list[i].role));
		json_object_set_new(o, "created", json_integer((json_int_t)list[i].created));
		json_object_set_new(o, "reviewed", json_integer((json_int_t)list[i].reviewed));
		json_array_append_new(out, o);
	}
	return out;
}

static int review_report(struct admin_job *job)
{
	struct error err = {0};
	struct hygiene_result stale;
	struct slice after = SLICE_NONE;
	json_t *leavers = json_array(), *seers = json_array();
	int rc = hygiene_run(job_directory(job), job_host(job), true, &stale, &err), count = DIRECTORY_PAGE;
	while (rc == 0 && count == DIRECTORY_PAGE && json_array_size(seers) < REPORT_ROWS) {
		struct account *list = arena_alloc_array(&job->arena, DIRECTORY_PAGE, sizeof *list);
		count = directory_account_list(job_directory(job), SLICE_NONE, after, &job->arena, list, DIRECTORY_PAGE);
		rc = count < 0 ? count : 0;
		for (int i = 0; i < count; i++)
			report_account(job, &list[i], leavers, seers);
		if (count > 0)
			after = list[count - 1].address;
	}
	job_set(job, "stale", stale.accounts);
	job_set(job, "unused", unused_grants(job));
	job_set(job, "leavers", leavers);
	job_set(job, "see", seers);
	return rc == 0 ? 0 : job_refuse_error(job, rc, "report");
}

const struct admin_operation_row admin_hygiene_rows[] = {
	{"hygiene.run", OBJECT_NAMED, NULL, hygiene_now},
	{"review.start", OBJECT_NAMED, NULL, review_start},
	{"review.show", OBJECT_NAMED, NULL, review_show},
	{"review.sign", OBJECT_NAMED, NULL, review_sign},
	{"review.report", OBJECT_NAMED, NULL, review_report},
	{0},
};
