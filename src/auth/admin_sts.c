/* The MTA-STS policy of a domain. */
#include "auth/admin_job.h"
#include "auth/dns.h"
#include "auth/sts.h"

#define POLICY_MAX 1024

static int read_policy(struct admin_job *job, struct auth_sts *sts, bool *ret_off)
{
	struct slice mode = job_text(job, "mode");
	const json_t *age = json_object_get(job->args, "max_age");
	json_int_t seconds = json_integer_value(age);
	*ret_off = slice_eq(mode, SLICE("off"));
	if (!*ret_off && !sts_mode_find(mode, &sts->mode))
		return job_refuse(job, ADMIN_INVALID, "invalid", "\"mode\" is off, none, testing or enforce.");
	if (age != NULL && (seconds < 3600 || seconds > STS_AGE_MAX))
		return job_refuse(job, ADMIN_INVALID, "invalid", "\"max_age\" is 3600 to %d seconds.", STS_AGE_MAX);
	sts->max_age_s = age != NULL ? (uint32_t)seconds : sts->mode == STS_ENFORCE ? STS_ENFORCE_AGE_S : STS_TESTING_AGE_S;
	return 0;
}

static int change(struct admin_job *job, struct error *err)
{
	struct auth_sts sts = {0};
	struct slice domain;
	bool off;
	int rc = job_our_domain(job, &domain);
	if (rc == 0)
		rc = read_policy(job, &sts, &off);
	if (rc != 0)
		return rc;
	rc = off ? directory_sts_remove(job_directory(job), domain, err) : directory_sts_set(job_directory(job), domain, &sts, err);
	return rc == 0 ? 0 : job_refuse_error(job, rc, "domain");
}

static int domain_sts(struct admin_job *job)
{
	struct buf policy = BUF_INIT(POLICY_MAX);
	char id[STS_POLICY_ID_SIZE] = "";
	struct slice domain;
	int rc = job_has(job, "mode") ? job_change(job, change) : 0;
	if (rc == 0)
		rc = job_our_domain(job, &domain);
	if (rc != 0)
		return rc;
	rc = auth_sts_policy(job_directory(job), domain, auth_dns_settings_of(job_dns(job))->facts.host, &policy);
	if (rc == 0)
		sts_policy_id(buf_slice(&policy), id);
	if (rc == 0 || rc == ERR_NOT_FOUND) {
		job_set(job, "policy", job_json(buf_slice(&policy)));
		job_set(job, "id", json_string(id));
		rc = 0;
	}
	buf_free(&policy);
	return rc == 0 ? 0 : job_refuse_error(job, rc, "domain");
}

const struct admin_operation_row admin_sts_rows[] = {
	{"domain.sts", OBJECT_NAMED, NULL, domain_sts},
	{0},
};
