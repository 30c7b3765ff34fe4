/* Operations about the certificates of the server. */
#include <string.h>

#include "auth/admin_job.h"
#include "auth/sts.h"
#include "auth/tls.h"

#define DOMAINS_MAX 500
#define EXPIRES_S (14 * 86400)
#define FAILURES_MANY 3

static const char *state_of(const struct tls_row *row, int64_t now)
{
	if (row->ends > 0)
		return now >= row->ends ? "expired" : row->failures > 0 ? "renewal fails" : "active";
	return row->source == TLS_REQUESTED ? "requested" : row->failures > 0 ? "fails" : "ordered";
}

static json_t *row_json(struct admin_job *job, const struct tls_row *row)
{
	static const char *const sources[] = {"", "acme", "imported", "requested"};
	struct slice names[ACME_NAMES_MAX], rest = row->names;
	json_t *o = json_object(), *list = json_array();
	size_t count = 0;
	while (count < ACME_NAMES_MAX && slice_split(&rest, ' ', &names[count]))
		json_array_append_new(list, job_json(names[count++]));
	json_object_set_new(o, "id", json_integer(row->id));
	json_object_set_new(o, "names", list);
	json_object_set_new(o, "source", json_string(sources[row->source <= TLS_REQUESTED ? row->source : 0]));
	json_object_set_new(o, "state", json_string(state_of(row, job_unix(job))));
	json_object_set_new(o, "starts", json_integer(row->starts));
	json_object_set_new(o, "ends", json_integer(row->ends));
	json_object_set_new(o, "attempt", json_integer(row->attempt));
	json_object_set_new(o, "failures", json_integer(row->failures));
	json_object_set_new(o, "error", job_json(row->error));
	json_object_set_new(o, "stapled", json_boolean(row->ocsp.n > 0));
	return o;
}

static int tls_list(struct admin_job *job)
{
	struct tls_row *rows = arena_alloc_array(&job->arena, TLS_ROWS_MAX, sizeof *rows);
	int count = directory_tls_list(job_directory(job), &job->arena, rows);
	if (count < 0)
		return job_refuse_error(job, count, "certificate");
	json_t *list = json_array();
	for (int i = 0; i < count; i++)
		json_array_append_new(list, row_json(job, &rows[i]));
	job_set(job, "certificates", list);
	return 0;
}

static int refuse(struct admin_job *job, int rc, const struct error *err)
{
	enum admin_status status = rc == ERR_NOT_FOUND ? ADMIN_NOT_FOUND : rc == ERR_TEMPORARY ? ADMIN_UNAVAILABLE
		: rc == ERR_INVALID || rc == ERR_UNSUPPORTED ? ADMIN_INVALID : ADMIN_FAILED;
	struct slice text = arena_printf(&job->arena, "%s", err->private_text);
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < ' ' || text.p[i] > '~')
			((uint8_t *)text.p)[i] = '?';
	return job_refuse(job, status, "certificate", "%.*s.", SLICE_ARG(text));
}

/* The host, and the names of policies that other servers fetch. */
static size_t default_names(struct admin_job *job, struct slice names[ACME_NAMES_MAX])
{
	struct directory_domain *list = arena_alloc_array(&job->arena, DOMAINS_MAX, sizeof *list);
	int domains = directory_domain_list(job_directory(job), SLICE_NONE, &job->arena, list, DOMAINS_MAX);
	struct auth_sts sts;
	size_t count = 0;
	names[count++] = auth_tls_settings_of(job_tls(job))->hostname;
	for (int i = 0; i < domains && count < ACME_NAMES_MAX; i++)
		if (directory_sts_get(job_directory(job), list[i].name, &sts) == 0)
			names[count++] = arena_printf(&job->arena, "mta-sts.%.*s", SLICE_ARG(list[i].name));
	return count;
}

static size_t read_names(struct admin_job *job, struct slice names[ACME_NAMES_MAX])
{
	const json_t *list = json_object_get(job->args, "names");
	size_t count = 0;
	if (json_array_size(list) == 0)
		return default_names(job, names);
	for (size_t i = 0; i < json_array_size(list) && count < ACME_NAMES_MAX; i++)
		names[count++] = slice_str(json_string_value(json_array_get(list, i)));
	return json_array_size(list) > ACME_NAMES_MAX ? 0 : count;
}

static int tls_order(struct admin_job *job)
{
	struct slice names[ACME_NAMES_MAX];
	struct error err = {0};
	int64_t id = 0;
	int rc = auth_tls_order(job_tls(job), names, read_names(job, names), &id, &err);
	if (rc != 0)
		return refuse(job, rc, &err);
	auth_tls_step(job_tls(job));
	job_set(job, "id", json_integer(id));
	return 0;
}

static int tls_renew(struct admin_job *job)
{
	struct error err = {0};
	int rc = auth_tls_renew(job_tls(job), (int64_t)json_integer_value(json_object_get(job->args, "id")), &err);
	if (rc != 0)
		return refuse(job, rc, &err);
	auth_tls_step(job_tls(job));
	return 0;
}

static int tls_import(struct admin_job *job)
{
	struct error err = {0};
	int64_t id = 0;
	int rc = auth_tls_import(job_tls(job), job_text(job, "chain"), job_text(job, "key"), &id, &err);
	if (rc != 0)
		return refuse(job, rc, &err);
	auth_tls_step(job_tls(job));
	job_set(job, "id", json_integer(id));
	return 0;
}

static int tls_csr(struct admin_job *job)
{
	struct slice names[ACME_NAMES_MAX];
	struct buf out = BUF_INIT(2 * TLS_NAMES_BYTES);
	struct error err = {0};
	int64_t id = 0;
	int rc = auth_tls_request(job_tls(job), names, read_names(job, names), &id, &out, &err);
	if (rc == 0) {
		job_set(job, "id", json_integer(id));
		job_set(job, "text", job_json(buf_slice(&out)));
	}
	buf_free(&out);
	return rc == 0 ? 0 : refuse(job, rc, &err);
}

static int tls_remove(struct admin_job *job)
{
	struct error err = {0};
	int rc = auth_tls_remove(job_tls(job), (int64_t)json_integer_value(json_object_get(job->args, "id")), &err);
	return rc == 0 ? 0 : refuse(job, rc, &err);
}

/* ---- what somebody should do something about ---- */

static void finding(struct admin_job *job, json_t *list, const struct tls_row *row, const char *what, const char *safe)
{
	struct slice rest = row->names, first = SLICE_NONE;
	json_t *o = json_object();
	(void)slice_split(&rest, ' ', &first);
	json_object_set_new(o, "where", job_json(arena_printf(&job->arena, "certificate %lld of %.*s", (long long)row->id, SLICE_ARG(first))));
	json_object_set_new(o, "what", json_string(what));
	json_object_set_new(o, "safe", json_string(safe));
	json_array_append_new(list, o);
}

static void check_row(struct admin_job *job, const struct tls_row *row, json_t *problems, json_t *warnings)
{
	int64_t left = row->ends - job_unix(job);
	if (row->ends > 0 && left <= 0)
		finding(job, problems, row, "it has expired", "other names have their own");
	else if (row->ends > 0 && left < EXPIRES_S)
		finding(job, problems, row, "it expires within 14 days", "nothing is refused yet");
	if (row->failures >= FAILURES_MANY)
		finding(job, problems, row, "its order fails; letterlock tls list says why", row->ends > 0 ? "the present one is shown" : "nobody is shown it yet");
	if (row->must_staple && row->ends > 0 && row->ocsp.n == 0)
		finding(job, problems, row, "it must be stapled, and there is no answer of OCSP", "it is not shown");
	if (row->source == TLS_REQUESTED && row->ends == 0)
		finding(job, warnings, row, "its certificate has not been brought", "nobody is shown it yet");
}

static int tls_check(struct admin_job *job)
{
	struct tls_row *rows = arena_alloc_array(&job->arena, TLS_ROWS_MAX, sizeof *rows);
	json_t *problems = json_array(), *warnings = json_array();
	int count = directory_tls_list(job_directory(job), &job->arena, rows);
	for (int i = 0; i < count; i++)
		check_row(job, &rows[i], problems, warnings);
	job_set(job, "problems", problems);
	job_set(job, "warnings", warnings);
	if (count < 0)
		return job_refuse_error(job, count, "certificate");
	if (json_array_size(problems) > 0)
		job->status = ADMIN_PARTIAL;
	return 0;
}

const struct admin_operation_row admin_tls_rows[] = {
	{"tls.check", OBJECT_NAMED, NULL, tls_check},
	{"tls.list", OBJECT_NAMED, NULL, tls_list},
	{"tls.order", OBJECT_NAMED, NULL, tls_order},
	{"tls.renew", OBJECT_NAMED, NULL, tls_renew},
	{"tls.import", OBJECT_NAMED, NULL, tls_import},
	{"tls.csr", OBJECT_NAMED, NULL, tls_csr},
	{"tls.remove", OBJECT_NAMED, NULL, tls_remove},
	{0},
};
