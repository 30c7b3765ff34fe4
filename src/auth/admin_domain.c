#include "auth/admin_job.h"
#include "auth/admin_relay.h"
#include "auth/directory_dkim.h"

#define DOMAINS_PAGE 500

static int domain_list(struct admin_job *job)
{
	struct directory_domain *list = arena_alloc_array(&job->arena, DOMAINS_PAGE, sizeof *list);
	int count = directory_domain_list(job_directory(job), SLICE_NONE, &job->arena, list, DOMAINS_PAGE);
	if (count < 0)
		return job_refuse_error(job, count, "domain");
	json_t *out = json_array();
	for (int i = 0; i < count; i++) {
		json_t *d = json_object();
		json_object_set_new(d, "domain", job_json(list[i].name));
		json_object_set_new(d, "users", json_integer((json_int_t)list[i].accounts));
		json_object_set_new(d, "catch_all", job_json(list[i].catch_all));
		json_object_set_new(d, "postmaster", job_json(list[i].postmaster));
		admin_relay_show(job, &list[i].relay, d);
		json_array_append_new(out, d);
	}
	job_set(job, "domains", out);
	return 0;
}

/* The targets that are given; at `domain add` nobody exists in the domain yet, so a target inside it is only checked for its form. */
static int read_targets(struct admin_job *job, struct directory_domain *domain, bool is_new)
{
	static const char *const names[] = {"catch_all", "postmaster"};
	struct slice *const places[] = {&domain->catch_all, &domain->postmaster};
	for (int i = 0; i < 2; i++) {
		struct address a;
		struct slice text = job_text(job, names[i]);
		if (!job_has(job, names[i]))
			continue;
		int rc = 0;
		if (is_new && text.n > 0 && address_parse(text, &job->arena, &a) == 0 && slice_eq(a.domain, domain->name))
			*places[i] = address_text(&a, &job->arena);
		else
			rc = job_target(job, names[i], text, places[i]);
		if (rc == 0 && !is_new)
			rc = job_may_forward(job, arena_printf(&job->arena, "@%.*s", SLICE_ARG(domain->name)), *places[i]);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int write_relay(struct admin_job *job, struct directory_domain *domain, struct error *err)
{
	bool changed;
	int rc = admin_relay_read(job, &domain->relay, &changed);
	if (rc != 0 || !changed)
		return rc;
	rc = directory_relay_set(job_directory(job), domain->name, &domain->relay, err);
	return rc == 0 ? 0 : job_refuse_error(job, rc, "domain");
}

static int add_in_change(struct admin_job *job, struct error *err)
{
	struct directory_domain domain = {0};
	int rc = job_domain(job, "domain", &domain.name);
	if (rc == 0 && slice_find(domain.name, '.') < 0 && !slice_eq(domain.name, SLICE("localhost")))
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "A mail domain has a dot in its name.");
	if (rc == 0)
		rc = read_targets(job, &domain, true);
	if (rc == 0 && (rc = directory_domain_add(job_directory(job), &domain, err)) != 0)
		job_refuse_error(job, rc, "domain");
	if (rc == 0)
		rc = write_relay(job, &domain, err);
	if (rc == 0)
		job_set(job, "domain", job_json(domain.name));
	return rc;
}

static int domain_add(struct admin_job *job)
{
	return job_change(job, add_in_change);
}

static int set_in_change(struct admin_job *job, struct error *err)
{
	struct directory_domain domain;
	struct slice name;
	int rc = job_domain(job, "domain", &name);
	if (rc != 0)
		return rc;
	if ((rc = directory_domain_get(job_directory(job), name, &job->arena, &domain)) != 0)
		return job_refuse_error(job, rc, "domain");
	rc = read_targets(job, &domain, false);
	if (rc == 0)
		rc = directory_domain_set(job_directory(job), &domain, err);
	return rc == 0 ? write_relay(job, &domain, err) : rc;
}

static int domain_set(struct admin_job *job)
{
	return job_change(job, set_in_change);
}

static int remove_in_change(struct admin_job *job, struct error *err)
{
	struct slice name;
	int rc = job_domain(job, "domain", &name);
	if (rc == 0 && (rc = directory_domain_remove(job_directory(job), name, err)) != 0)
		job_refuse_error(job, rc, "domain");
	return rc;
}

/* The rows of its keys go with it; so do the private halves. */
static int domain_remove(struct admin_job *job)
{
	struct dkim_key_row *keys = arena_alloc_array(&job->arena, DKIM_KEYS_OF_DOMAIN_MAX, sizeof *keys);
	struct slice name;
	int count = 0, rc = job_domain(job, "domain", &name);
	if (rc == 0)
		count = directory_dkim_list(job_directory(job), name, &job->arena, keys, DKIM_KEYS_OF_DOMAIN_MAX);
	if (rc == 0)
		rc = job_change(job, remove_in_change);
	for (int i = 0; i < count && rc == 0; i++)
		job_host(job)->dkim_drop(job_host(job)->arg, keys[i].id);
	return rc;
}

const struct admin_operation_row admin_domain_rows[] = {
	{"domain.list", OBJECT_OWN_CHECK, NULL, domain_list},
	{"domain.add", OBJECT_NAMED, NULL, domain_add},
	{"domain.set", OBJECT_NAMED, NULL, domain_set},
	{"domain.remove", OBJECT_NAMED, NULL, domain_remove},
	{0},
};
