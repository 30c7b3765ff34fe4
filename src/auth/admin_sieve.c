/*
 * Sieve scripts of a person: what ManageSieve does (auth/sieve.h), for the command line and web. Scripts and their names are the owner's own words: who
 * looks after accounts sees how many there are and which one runs, and may stop it when it does harm.
 */
#include "auth/admin_job.h"
#include "auth/sieve.h"

#define TEXT_MAX 32768 /* bytes of a script that fits an answer in any case; longer ones go over ManageSieve */

static int refuse(struct admin_job *job, enum sieve_result result, const struct buf *why)
{
	static const struct { enum admin_status status; const char *code; } kinds[] = {
		[SIEVE_REFUSED] = {ADMIN_INVALID, "invalid"}, [SIEVE_NONEXISTENT] = {ADMIN_NOT_FOUND, "not_found"}, [SIEVE_ALREADYEXISTS] = {ADMIN_FAILED, "exists"},
		[SIEVE_ACTIVE_STAYS] = {ADMIN_INVALID, "active"}, [SIEVE_TOO_MANY] = {ADMIN_INVALID, "too_many"}, [SIEVE_TOO_LONG] = {ADMIN_INVALID, "too_long"},
		[SIEVE_LATER] = {ADMIN_UNAVAILABLE, "later"},
	};
	return job_refuse(job, kinds[result].status, kinds[result].code, "%.*s", SLICE_ARG(buf_slice(why)));
}

static void record(struct admin_job *job, const char *what)
{
	job_event(job, EV_SIEVE_CHANGED, LOG_TEXT("user", job->account.address), LOG_TEXT("actor", job->subject.name), LOG_STR("what", what));
}

static int conclude(struct admin_job *job, enum sieve_result result, struct buf *why, const char *what)
{
	int rc = result == SIEVE_OK ? 0 : refuse(job, result, why);
	if (rc == 0)
		record(job, what);
	buf_free(why);
	return rc;
}

static bool is_own(const struct admin_job *job)
{
	return job->subject.kind == AUTH_PERSON && slice_eq(slice_make(job->subject.account, 16), slice_make(job->account.id, 16));
}

static int sieve_list(struct admin_job *job)
{
	struct sieve_row *rows = arena_alloc_array(&job->arena, SIEVE_SCRIPTS_MAX, sizeof *rows);
	int count = directory_sieve_list(job_directory(job), job->account.id, &job->arena, rows, SIEVE_SCRIPTS_MAX);
	json_t *out = json_array();
	for (int i = 0; i < count; i++)
		json_array_append_new(out, json_pack("{s:o, s:I, s:b, s:I}", "name", job_json(is_own(job) ? rows[i].name : SLICE_NONE), "bytes",
			(json_int_t)rows[i].bytes, "active", rows[i].active, "changed", (json_int_t)rows[i].changed));
	job_set(job, "scripts", out);
	return count < 0 ? job_refuse_error(job, count, "script") : 0;
}

static int sieve_show(struct admin_job *job)
{
	struct sieve_row row;
	int rc = directory_sieve_get(job_directory(job), job->account.id, job_text(job, "name"), &job->arena, &row);
	if (rc != 0)
		return job_refuse_error(job, rc, "script");
	if (row.text.n > TEXT_MAX)
		return job_refuse(job, ADMIN_INVALID, "too_long", "The script is longer than %d bytes: ask for it over ManageSieve.", TEXT_MAX);
	job_set(job, "script", job_json(row.text));
	job_set(job, "active", json_boolean(row.active));
	job_set(job, "changed", json_integer((json_int_t)row.changed));
	return 0;
}

static int sieve_put(struct admin_job *job)
{
	struct buf why = BUF_INIT(400);
	struct slice script = job_text(job, "script");
	if (script.n > TEXT_MAX)
		return job_refuse(job, ADMIN_INVALID, "too_long", "Scripts of more than %d bytes go over ManageSieve.", TEXT_MAX);
	return conclude(job, scripts_put(job_directory(job), job->account.id, job_text(job, "name"), script, job_unix(job), &why), &why, "stored");
}

static int sieve_activate(struct admin_job *job)
{
	struct buf why = BUF_INIT(400);
	struct slice name = job_text(job, "name");
	if (name.n == 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "Name the script.");
	return conclude(job, scripts_activate(job_directory(job), job->account.id, name, &why), &why, "activated");
}

static int sieve_deactivate(struct admin_job *job)
{
	struct buf why = BUF_INIT(400);
	return conclude(job, scripts_activate(job_directory(job), job->account.id, SLICE_NONE, &why), &why, "deactivated");
}

static int sieve_remove(struct admin_job *job)
{
	struct buf why = BUF_INIT(400);
	return conclude(job, scripts_remove(job_directory(job), job->account.id, job_text(job, "name"), &why), &why, "deleted");
}

/* {"valid":false,"problem":"line 1, …"}: a script that is wrong is an answer, not a failure. */
static int sieve_check(struct admin_job *job)
{
	struct buf why = BUF_INIT(400);
	enum sieve_result result = scripts_check(job_text(job, "script"), &why);
	job_set(job, "valid", json_boolean(result == SIEVE_OK));
	job_set(job, "problem", job_json(buf_slice(&why)));
	buf_free(&why);
	return 0;
}

const struct admin_operation_row admin_sieve_rows[] = {
	{"sieve.list", OBJECT_ACCOUNT, NULL, sieve_list},
	{"sieve.show", OBJECT_ACCOUNT, NULL, sieve_show},
	{"sieve.put", OBJECT_ACCOUNT, NULL, sieve_put},
	{"sieve.activate", OBJECT_ACCOUNT, NULL, sieve_activate},
	{"sieve.deactivate", OBJECT_ACCOUNT, NULL, sieve_deactivate},
	{"sieve.remove", OBJECT_ACCOUNT, NULL, sieve_remove},
	{"sieve.check", OBJECT_NAMED, NULL, sieve_check},
	{0},
};
