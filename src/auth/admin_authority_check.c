/* What of the own authority `letterlock check` names. */
#include "auth/admin_certificate.h"

#define NAMED_MAX 20                          /* certificates */
#define AUTHORITY_NEAR_DAYS 180
#define DAY_S INT64_C(86400)
#define DOMAINS_BATCH 100

static void finding(json_t *list, const char *where, const char *safe, struct slice what)
{
	json_t *o = json_object();
	json_object_set_new(o, "where", json_string(where));
	json_object_set_new(o, "what", job_json(what));
	json_object_set_new(o, "safe", json_string(safe));
	json_array_append_new(list, o);
}

static struct slice day_of(struct admin_job *job, int64_t at)
{
	struct calendar c = calendar_from_unix(at);
	return arena_printf(&job->arena, "%04d-%02d-%02d", c.year, c.month, c.day);
}

static void check_authority(struct admin_job *job, const struct authority_row *row, json_t *problems, json_t *warnings)
{
	int64_t now = job_unix(job);
	const char *kind = row->kind == AUTHORITY_ROOT ? "root" : "issuing authority";
	struct slice day = day_of(job, row->not_after);
	if (row->state == AUTHORITY_ACTIVE && row->not_after <= now)
		finding(problems, "ca", "other ways to sign in work", arena_printf(&job->arena, "the %s has ended on %.*s; letterlock ca %s makes one", kind,
			SLICE_ARG(day), row->kind == AUTHORITY_ROOT ? "create --replace" : "renew"));
	else if (row->state == AUTHORITY_ACTIVE && row->not_after <= now + AUTHORITY_NEAR_DAYS * DAY_S)
		finding(warnings, "ca", "certificates are good until then", arena_printf(&job->arena, "the %s ends on %.*s", kind, SLICE_ARG(day)));
	if (row->has_key && row->not_after > now && row->crl_number > 0 && row->crl_ends <= now)
		finding(problems, "ca", "our own services go by the ledger, not by the list", arena_printf(&job->arena,
			"the list of revoked certificates of authority %u is stale", row->id));
}

static int check_domains(struct admin_job *job, const struct authority_row *issuing, json_t *warnings)
{
	struct directory_domain *page = arena_alloc_array(&job->arena, DOMAINS_BATCH, sizeof *page);
	int count = directory_domain_list(job_directory(job), SLICE_NONE, &job->arena, page, DOMAINS_BATCH);
	for (int i = 0; i < count; i++)
		if (page[i].relay.host.n == 0 && !authority_covers(issuing, page[i].name))
			finding(warnings, "ca", "its users have no certificates yet", arena_printf(&job->arena,
				"the authority is not for the domain %.*s; letterlock ca renew makes one that is", SLICE_ARG(page[i].name)));
	return count < 0 ? count : 0;
}

static int check_certificates(struct admin_job *job, json_t *warnings)
{
	struct issued *rows = arena_alloc_array(&job->arena, NAMED_MAX + 1, sizeof *rows);
	int64_t now = job_unix(job);
	int count = directory_issued_ends(job_directory(job), now, now + AUTHORITY_WARN_DAYS * DAY_S, true, &job->arena, rows, NAMED_MAX + 1);
	for (int i = 0; i < count && i < NAMED_MAX; i++) {
		struct slice day = day_of(job, rows[i].not_after);
		finding(warnings, "certificate", "it signs in until then", arena_printf(&job->arena, "%.*s, device \"%.*s\": ends on %.*s",
			SLICE_ARG(rows[i].address), SLICE_ARG(rows[i].label), SLICE_ARG(day)));
	}
	if (count > NAMED_MAX)
		finding(warnings, "certificate", "they sign in until then", arena_printf(&job->arena, "more than %d end within %d days", NAMED_MAX,
			AUTHORITY_WARN_DAYS));
	return count < 0 ? count : 0;
}

int ca_check(struct admin_job *job)
{
	struct authority_row *rows = arena_alloc_array(&job->arena, AUTHORITIES_MAX, sizeof *rows);
	json_t *problems = json_array(), *warnings = json_array();
	int count = directory_authority_list(job_directory(job), &job->arena, rows, AUTHORITIES_MAX), rc = count < 0 ? count : 0;
	for (int i = 0; i < count; i++) {
		check_authority(job, &rows[i], problems, warnings);
		if (rc == 0 && rows[i].kind == AUTHORITY_ISSUING && rows[i].state == AUTHORITY_ACTIVE)
			rc = check_domains(job, &rows[i], warnings);
	}
	if (rc == 0)
		rc = check_certificates(job, warnings);
	job_set(job, "problems", problems);
	job_set(job, "warnings", warnings);
	if (rc != 0)
		return job_refuse_error(job, rc, "authority");
	if (json_array_size(problems) > 0)
		job->status = ADMIN_PARTIAL;
	return 0;
}
