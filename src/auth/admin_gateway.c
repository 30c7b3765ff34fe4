/* What `letterlock check` says of relay domains, and of a machine that is to be a gateway only. */
#include "auth/admin_job.h"
#include "auth/directory_dkim.h"

#define ACCOUNTS_BATCH 100
#define DOMAINS_BATCH 100
#define NAMED_MAX 20

static void finding(json_t *list, const char *safe, struct slice what)
{
	json_t *o = json_object();
	json_object_set_new(o, "where", json_string("gateway"));
	json_object_set_new(o, "what", job_json(what));
	json_object_set_new(o, "safe", json_string(safe));
	json_array_append_new(list, o);
}

/* The accounts that have a mailbox are named; *ret_count tells them all. */
static int check_mailboxes(struct admin_job *job, json_t *problems, uint64_t *ret_count)
{
	struct account *page = arena_alloc_array(&job->arena, ACCOUNTS_BATCH, sizeof *page);
	struct slice after = SLICE_NONE;
	int count;
	do {
		count = directory_account_list(job_directory(job), SLICE_NONE, after, &job->arena, page, ACCOUNTS_BATCH);
		for (int i = 0; i < count; i++) {
			after = page[i].address;
			if (!auth_permit_own(page[i].role, AUTH_MAIL_RECEIVE) || ++*ret_count > NAMED_MAX || !job_settings(job)->gateway_only)
				continue;
			finding(problems, "mail of relay domains does not go there", arena_printf(&job->arena, "%.*s has a mailbox on this machine, which is to be a gateway only",
				SLICE_ARG(page[i].address)));
		}
	} while (count == ACCOUNTS_BATCH);
	return count < 0 ? count : 0;
}

static int check_domain(struct admin_job *job, const struct directory_domain *domain, json_t *warnings)
{
	struct dkim_key_row *keys = arena_alloc_array(&job->arena, DKIM_KEYS_OF_DOMAIN_MAX, sizeof *keys);
	int signing = domain->relay.networks.n > 0 ? directory_dkim_active(job_directory(job), domain->name, &job->arena, keys, DKIM_KEYS_OF_DOMAIN_MAX) : 1;
	if (domain->relay.verify == RELAY_VERIFY_NONE)
		finding(warnings, "nothing is lost", arena_printf(&job->arena, "%.*s takes every address: what the server behind refuses later becomes a bounce to whom"
			" the letter names as its sender; --verify list, call or ldap", SLICE_ARG(domain->name)));
	if (signing == 0)
		finding(warnings, "it leaves unsigned", arena_printf(&job->arena, "%.*s sends its mail through us and has no key of DKIM: letterlock domain dkim add",
			SLICE_ARG(domain->name)));
	return signing < 0 ? signing : 0;
}

static int check_domains(struct admin_job *job, json_t *warnings, uint64_t *ret_count)
{
	struct directory_domain *page = arena_alloc_array(&job->arena, DOMAINS_BATCH, sizeof *page);
	struct slice after = SLICE_NONE;
	int count, rc = 0;
	do {
		count = directory_domain_list(job_directory(job), after, &job->arena, page, DOMAINS_BATCH);
		for (int i = 0; i < count && rc == 0; i++) {
			after = page[i].name;
			if (page[i].relay.host.n == 0)
				continue;
			++*ret_count;
			rc = check_domain(job, &page[i], warnings);
		}
	} while (rc == 0 && count == DOMAINS_BATCH);
	return count < 0 ? count : rc;
}

static int gateway_check(struct admin_job *job)
{
	json_t *problems = json_array(), *warnings = json_array();
	uint64_t mailboxes = 0, domains = 0;
	int rc = check_mailboxes(job, problems, &mailboxes);
	if (rc == 0)
		rc = check_domains(job, warnings, &domains);
	if (job_settings(job)->gateway_only && domains == 0)
		finding(warnings, "no mail is taken", SLICE("there is no relay domain: letterlock domain add DOMAIN --relay HOST:PORT"));
	job_set(job, "problems", problems);
	job_set(job, "warnings", warnings);
	job_set(job, "gateway_only", json_boolean(job_settings(job)->gateway_only));
	job_set(job, "mailboxes", json_integer((json_int_t)mailboxes));
	job_set(job, "relay_domains", json_integer((json_int_t)domains));
	if (rc != 0)
		return job_refuse_error(job, rc, "directory");
	if (json_array_size(problems) > 0)
		job->status = ADMIN_PARTIAL;
	return 0;
}

const struct admin_operation_row admin_gateway_rows[] = {
	{"gateway.check", OBJECT_NAMED, NULL, gateway_check},
	{0},
};
