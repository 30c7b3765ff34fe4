/*
 * What a mailbox has learnt about junk is forgotten: by its owner, or by who looks after accounts. And the organisation is taught from files.
 */
#include "auth/admin_private.h"
#include "base/codec.h"

static void unlearnt(void *arg, bool done)
{
	struct admin_job *job = arg;
	job_conclude(job, done ? 0 : job_refuse(job, ADMIN_UNAVAILABLE, "away", "The mail service does not answer; try again."));
}

static void ask(void *arg)
{
	struct admin_job *job = arg;
	const struct auth_host *host = job_host(job);
	host->unlearn(host->arg, job->account.id, unlearnt, job);
}

static int junk_reset(struct admin_job *job)
{
	if (job_host(job)->unlearn == NULL)
		return job_refuse(job, ADMIN_UNAVAILABLE, "away", "There is no mail service here.");
	job_event(job, EV_ACCOUNT_CHANGED, LOG_TEXT("address", job->account.address), LOG_STR("what", "junk table forgotten"));
	job->later = true;
	job_host(job)->after(job_host(job)->arg, 0, ask, job);
	return 0;
}

/* The queue knows accounts by their numbers alone. */
static void teach(void *arg)
{
	struct admin_job *job = arg;
	struct buf account = BUF_INIT(64);
	json_t *args = json_copy(job->args);
	hex_encode(slice_make(job->account.id, sizeof job->account.id), &account);
	json_object_del(args, "address");
	json_object_set_new(args, "account", job_json(buf_slice(&account)));
	job_ask_queue(job, SLICE("junk.teach"), args, job_answered);
	json_decref(args);
	buf_free(&account);
}

static int junk_teach(struct admin_job *job)
{
	if (job_host(job)->queue == NULL)
		return job_refuse(job, ADMIN_UNAVAILABLE, "away", "There is no queue here.");
	job->later = true;
	job_host(job)->after(job_host(job)->arg, 0, teach, job);
	return 0;
}

const struct admin_operation_row admin_junk_rows[] = {
	{"junk.teach", OBJECT_ACCOUNT, NULL, junk_teach},
	{"junk.reset", OBJECT_ACCOUNT, NULL, junk_reset},
	{0},
};
