/* Clearances: who may see letters of which class. */
#include "auth/admin_job.h"
#include "auth/clearance.h"

/* args.kind and args.name as a row. */
static int read_who(struct admin_job *job, struct clearance *ret)
{
	struct address a;
	struct directory_address found;
	if (!clearance_kind_parse(job_text(job, "kind"), &ret->kind))
		return job_refuse(job, ADMIN_INVALID, "invalid", "A clearance is that of a user, a group or a domain.");
	if (ret->kind == CLEARANCE_DOMAIN)
		return job_domain(job, "name", &ret->name);
	int rc = job_address(job, "name", &a);
	if (rc != 0)
		return rc;
	ret->name = address_text(&a, &job->arena);
	if (ret->kind == CLEARANCE_USER)
		return 0; /* here or elsewhere */
	rc = directory_address_get(job_directory(job), a.local, a.domain, &job->arena, &found);
	return rc == 0 && found.kind == ADDRESS_GROUP ? 0 : job_refuse_error(job, rc != 0 ? rc : ERR_NOT_FOUND, "group");
}

static int store(struct admin_job *job, struct error *err)
{
	struct clearance c = {.author = job->subject.name, .changed = job_unix(job)};
	int rc = read_who(job, &c);
	if (rc != 0)
		return rc;
	if (slice_eq(job_text(job, "level"), SLICE("default"))) {
		rc = directory_clearance_remove(job_directory(job), c.kind, c.name, err);
		return rc == ERR_NOT_FOUND ? 0 : rc;
	}
	if (!clearance_parse(job_text(job, "level"), &c.level))
		return job_refuse(job, ADMIN_INVALID, "invalid", "Levels are public, internal, confidential, secret, and default to take it away.");
	return directory_clearance_set(job_directory(job), &c, err);
}

static int clearance_set(struct admin_job *job)
{
	int rc = job_change(job, store);
	if (rc == 0)
		job_event(job, EV_POLICY_CHANGED, LOG_TEXT("actor", job->subject.name), LOG_STR("rule", "clearance"), LOG_TEXT("what", job_text(job, "level")));
	return rc;
}

static int clearance_list(struct admin_job *job)
{
	struct clearance *list = arena_alloc_array(&job->arena, DIRECTORY_PAGE + 1, sizeof *list);
	struct slice after = job_text(job, "after");
	enum clearance_kind kind = CLEARANCE_USER;
	ptrdiff_t at = slice_find(after, ' ');
	if (after.n > 0 && (at < 0 || !clearance_kind_parse(slice_sub(after, 0, (size_t)at), &kind)))
		return job_refuse(job, ADMIN_INVALID, "invalid", "\"after\" is \"next\" of the former page.");
	int count = directory_clearance_list(job_directory(job), kind, at < 0 ? SLICE_NONE : slice_from(after, (size_t)at + 1), &job->arena, list,
		DIRECTORY_PAGE + 1);
	json_t *out = json_array();
	for (int i = 0; i < count && i < DIRECTORY_PAGE; i++) {
		json_t *o = json_object();
		json_object_set_new(o, "kind", json_string(clearance_kind_name(list[i].kind)));
		json_object_set_new(o, "name", job_json(list[i].name));
		json_object_set_new(o, "level", json_string(clearance_name(list[i].level)));
		json_object_set_new(o, "author", job_json(list[i].author));
		json_object_set_new(o, "changed", json_integer((json_int_t)list[i].changed));
		json_array_append_new(out, o);
	}
	job_set(job, "clearances", out);
	job_set(job, "more", json_boolean(count > DIRECTORY_PAGE));
	if (count > DIRECTORY_PAGE)
		job_set(job, "next", job_json(arena_printf(&job->arena, "%s %.*s", clearance_kind_name(list[DIRECTORY_PAGE - 1].kind),
			SLICE_ARG(list[DIRECTORY_PAGE - 1].name))));
	return count < 0 ? job_refuse_error(job, count, "clearance") : 0;
}

const struct admin_operation_row admin_clearance_rows[] = {
	{"clearance.set", OBJECT_NAMED, NULL, clearance_set},
	{"clearance.list", OBJECT_NAMED, NULL, clearance_list},
	{0},
};
