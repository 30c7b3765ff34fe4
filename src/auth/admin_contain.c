/* Officers stop and give back what an account may do: user.sending, user.isolate. */
#include <string.h>

#include "auth/admin_job.h"
#include "auth/contain.h"
#include "base/ensure.h"

static int set_in_change(struct admin_job *job, struct error *err)
{
	enum auth_restriction level = AUTH_FREE;
	struct containment c = {.reason = job_text(job, "reason"), .author = job->subject.name, .since = job_unix(job)};
	(void)auth_restriction_parse(slice_str(json_string_value(json_object_get(job->result, "restriction"))), &level);
	c.level = level;
	return directory_containment_set(job_directory(job), job->account.id, &c, err);
}

/* Nobody frees himself; who has rights that the subject has not is contained by two. */
static int may_contain(struct admin_job *job)
{
	struct slice reason;
	int rc = job_name(job, "reason", &reason);
	if (rc == 0 && memcmp(job->subject.account, job->account.id, 16) == 0)
		rc = job_refuse(job, ADMIN_DENIED, "self", "Somebody else has to do this for you.");
	return rc == 0 ? job_second_for(job, &job->account) : rc;
}

static int set_level(struct admin_job *job, enum auth_restriction level)
{
	enum auth_restriction before = job->account.restriction;
	job_set(job, "address", job_json(job->account.address));
	job_set(job, "restriction", json_string(auth_restriction_name(level)));
	int rc = may_contain(job);
	if (rc == 0)
		rc = job_change(job, set_in_change);
	if (rc == 0)
		contain_follow(job_host(job), &job->account, before, level, job->subject.name, job_text(job, "reason"));
	return rc;
}

static int user_isolate(struct admin_job *job)
{
	enum auth_restriction level;
	if (!auth_restriction_parse(job_text(job, "level"), &level))
		return job_refuse(job, ADMIN_INVALID, "invalid", "Levels are none, no-external, no-sending, read-only and no-session.");
	return set_level(job, level);
}

/* ---- user.sending ---- */

static const struct { const char *name; enum contain_held held; } held_names[] = {{"release", CONTAIN_RELEASE}, {"drop", CONTAIN_DROP}};

static int read_held(struct admin_job *job, enum contain_held *ret)
{
	struct slice text = job_text(job, "held");
	*ret = 0;
	for (size_t i = 0; i < ARRAY_LEN(held_names); i++)
		if (slice_eq(text, slice_str(held_names[i].name)))
			*ret = held_names[i].held;
	return text.n == 0 || *ret != 0 ? 0 : job_refuse(job, ADMIN_INVALID, "invalid", "Mail that is held can be released or dropped: release, drop.");
}

static void held_done(void *arg, bool ok, unsigned count)
{
	struct admin_job *job = arg;
	job_set(job, "held", json_integer(count));
	if (ok)
		job_event(job, EV_SENDING_HELD, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address),
			LOG_TEXT("what", job_text(job, "held")), LOG_NUM("count", count));
	job_conclude(job, ok ? 0 : job_refuse(job, ADMIN_PARTIAL, "queue", "The right to send is as asked, but the queue did not answer: "
		"give the command again for the mail that is held."));
}

static void ask_queue(void *arg)
{
	struct admin_job *job = arg;
	enum contain_held held;
	(void)read_held(job, &held);
	job_host(job)->contain(job_host(job)->arg, job->account.id, held, held_done, job);
}

static int allow(struct admin_job *job, enum contain_held held)
{
	if (job->account.restriction > AUTH_NO_SENDING)
		return job_refuse(job, ADMIN_FAILED, "isolated", "The account is isolated more than that (%s): letterlock user isolate.",
			auth_restriction_name(job->account.restriction));
	int rc = set_level(job, AUTH_FREE);
	if (rc != 0 || held == 0)
		return rc;
	job->later = true;
	job_host(job)->after(job_host(job)->arg, 0, ask_queue, job);
	return 0;
}

static int user_sending(struct admin_job *job)
{
	struct slice state = job_text(job, "state");
	enum contain_held held;
	int rc = read_held(job, &held);
	if (rc != 0)
		return rc;
	if (slice_eq(state, SLICE("allow")))
		return allow(job, held);
	if (!slice_eq(state, SLICE("stop")) || held != 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "Sending is stopped or allowed: stop, or allow with release or drop for mail that is held.");
	return set_level(job, job->account.restriction > AUTH_NO_SENDING ? job->account.restriction : AUTH_NO_SENDING);
}

const struct admin_operation_row admin_contain_rows[] = {
	{"user.isolate", OBJECT_ACCOUNT, NULL, user_isolate},
	{"user.sending", OBJECT_ACCOUNT, NULL, user_sending},
	{0},
};
