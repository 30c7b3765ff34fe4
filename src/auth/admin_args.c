/* Members of an operation's arguments. */
#include "auth/admin_private.h"

#include "base/ascii.h"

struct slice json_slice(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);
	return json_is_string(v) ? slice_make(json_string_value(v), json_string_length(v)) : SLICE_NONE;
}

bool job_has(const struct admin_job *job, const char *name)
{
	return json_object_get(job->args, name) != NULL;
}

struct slice job_text(const struct admin_job *job, const char *name)
{
	return json_slice(job->args, name);
}

int job_name(struct admin_job *job, const char *name, struct slice *ret)
{
	*ret = slice_trim(job_text(job, name));
	if (ret->n > DIRECTORY_NAME_MAX || ascii_has_control(*ret))
		return job_refuse(job, ADMIN_INVALID, "invalid", "The %s is too long or has control characters.", name);
	return 0;
}

int job_address(struct admin_job *job, const char *name, struct address *ret)
{
	if (address_parse(job_text(job, name), &job->arena, ret) != 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "\"%.*s\" is no valid address.", SLICE_ARG(slice_sub(job_text(job, name), 0, 320)));
	return 0;
}

int job_own_address(struct admin_job *job, const char *name, struct address *ret)
{
	struct directory_domain domain;
	int rc = job_address(job, name, ret);
	if (rc != 0)
		return rc;
	if (!address_local_usable(ret->local))
		return job_refuse(job, ADMIN_INVALID, "invalid", "The part before \"@\" must be letters, digits and . _ - and the like, without \"+\".");
	rc = directory_domain_get(job_directory(job), ret->domain, &job->arena, &domain);
	return rc == 0 ? 0 : job_refuse_error(job, rc, "domain");
}

int job_mailbox_address(struct admin_job *job, const char *name, struct address *ret)
{
	struct directory_domain domain;
	int rc = job_own_address(job, name, ret);
	if (rc != 0)
		return rc;
	if ((rc = directory_domain_get(job_directory(job), ret->domain, &job->arena, &domain)) != 0)
		return job_refuse_error(job, rc, "domain");
	return domain.relay.host.n == 0 ? 0 : job_refuse(job, ADMIN_INVALID, "invalid", "A relay domain has no mailboxes.");
}

int job_target(struct admin_job *job, const char *name, struct slice text, struct slice *ret)
{
	struct address a;
	struct directory_domain domain;
	struct directory_address found;
	struct slice base, detail;
	*ret = SLICE_NONE;
	if (text.n == 0)
		return 0;
	if (address_parse(text, &job->arena, &a) != 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "The %s is no valid address.", name);
	int rc = directory_domain_get(job_directory(job), a.domain, &job->arena, &domain);
	if (rc == 0 && domain.relay.host.n == 0) {
		rc = directory_address_get(job_directory(job), a.local, a.domain, &job->arena, &found);
		if (rc == ERR_NOT_FOUND && address_detail(a.local, &base, &detail))
			rc = directory_address_get(job_directory(job), base, a.domain, &job->arena, &found);
		*ret = address_text(&a, &job->arena);
		return rc == 0 ? 0 : job_refuse_error(job, rc, name);
	}
	*ret = arena_printf(&job->arena, "%.*s@%.*s", SLICE_ARG(a.given), SLICE_ARG(a.domain));
	return rc == 0 || rc == ERR_NOT_FOUND ? 0 : job_refuse_error(job, rc, name);
}

int job_domain(struct admin_job *job, const char *name, struct slice *ret)
{
	*ret = SLICE_NONE;
	struct slice text = job_text(job, name);
	if (address_domain(text, &job->arena, ret) != 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "\"%.*s\" is no valid domain name.", SLICE_ARG(slice_sub(text, 0, 253)));
	return 0;
}

int job_our_domain(struct admin_job *job, struct slice *ret)
{
	struct directory_domain domain;
	int rc = job_domain(job, "domain", ret);
	if (rc == 0 && (rc = directory_domain_get(job_directory(job), *ret, &job->arena, &domain)) != 0)
		job_refuse_error(job, rc, "domain");
	return rc;
}
