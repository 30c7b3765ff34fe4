/* What queue does for an operation of auth. */
#include "auth/admin_private.h"

void job_ask_queue(struct admin_job *job, struct slice op, const json_t *args, auth_queue_fn *fn)
{
	const struct auth_host *host = job_host(job);
	char *text = json_dumps(args, JSON_COMPACT);
	host->queue(host->arg, job->subject.name, op, slice_str(text), fn, job);
	json_give_back(text);
}

void job_answered(void *arg, unsigned status, struct slice result)
{
	struct admin_job *job = arg;
	json_t *value = json_loadb((const char *)result.p, result.n, 0, NULL);
	job->status = (enum admin_status)status;
	json_object_update(job->result, value);
	json_decref(value);
	job_conclude(job, status == ADMIN_OK ? 0 : ERR_DENIED);
}
