/*
 * Letting a letter out of quarantine: queue says why it is held and does it; what one person may not do alone waits for a second one here.
 */
#include "auth/admin_private.h"
#include "auth/release.h"
#include "base/utf8.h"

static void ask_queue(struct admin_job *job, struct slice op, auth_queue_fn *fn)
{
	json_t *args = json_pack("{s:O}", "id", json_object_get(job->args, "id"));
	job_ask_queue(job, op, args, fn);
	json_decref(args);
}

/* Who approves sees no quarantine: the request says what it is about. */
static void describe(struct admin_job *job, const json_t *letter)
{
	struct slice why = job_text(job, "reason");
	struct slice held = json_slice(letter, "reason"), name = json_slice(letter, "name"), from = json_slice(letter, "from");
	struct slice text = arena_printf(&job->arena, "%.*s %.*s, from <%.*s>%s%.*s", SLICE_ARG(held), SLICE_ARG(name), SLICE_ARG(from),
		why.n > 0 ? ": " : "", SLICE_ARG(why));
	json_object_set_new(job->args, "reason", job_json(utf8_prefix(text, 2 * DIRECTORY_NAME_MAX)));
}

static void found(void *arg, unsigned status, struct slice result)
{
	struct admin_job *job = arg;
	json_t *letter = json_loadb((const char *)result.p, result.n, 0, NULL);
	if (status != ADMIN_OK) {
		json_decref(letter);
		job_answered(job, status, result);
		return;
	}
	int rc = release_alone(job_directory(job), json_slice(letter, "reason"));
	if (rc == 0) {
		if (job->approver.n == 0)
			describe(job, letter);
		rc = job_second_person(job, AUTH_ACT_APPROVE);
	} else if (rc < 0) {
		rc = job_refuse_error(job, rc, "policy");
	} else {
		rc = 0;
	}
	json_decref(letter);
	if (rc == 0)
		ask_queue(job, SLICE("quarantine.release"), job_answered);
	else
		job_conclude(job, rc);
}

static void look(void *arg)
{
	ask_queue(arg, SLICE("quarantine.show"), found);
}

static int quarantine_release(struct admin_job *job)
{
	struct slice reason;
	if (job_host(job)->queue == NULL)
		return job_refuse(job, ADMIN_UNAVAILABLE, "away", "There is no queue here.");
	/* What was approved has the description in it, which may be longer. */
	if (job->approver.n == 0 && job_name(job, "reason", &reason) != 0)
		return ERR_DENIED;
	job->later = true;
	job_host(job)->after(job_host(job)->arg, 0, look, job);
	return 0;
}

const struct admin_operation_row admin_quarantine_rows[] = {
	{"quarantine.release", OBJECT_NAMED, NULL, quarantine_release},
	{0},
};
