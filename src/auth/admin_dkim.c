#include "auth/admin_job.h"
#include "auth/dkim.h"

#define RECORD_MAX 4096

static json_t *key_json(struct admin_job *job, const struct dkim_key_row *key)
{
	struct buf record = BUF_INIT(RECORD_MAX);
	json_t *o = json_object();
	auth_dkim_record(key, &record);
	json_object_set_new(o, "domain", job_json(key->domain));
	json_object_set_new(o, "selector", job_json(key->selector));
	json_object_set_new(o, "algorithm", json_string(mail_algorithm_name(key->algorithm)));
	json_object_set_new(o, "state", json_string(auth_dkim_state_name(key->state)));
	json_object_set_new(o, "name", job_json(arena_printf(&job->arena, "%.*s._domainkey.%.*s", SLICE_ARG(key->selector),
		SLICE_ARG(key->domain))));
	json_object_set_new(o, "record", job_json(buf_slice(&record)));
	json_object_set_new(o, "created", json_integer(key->created));
	json_object_set_new(o, "seen", json_integer(key->seen));
	json_object_set_new(o, "activated", json_integer(key->activated));
	json_object_set_new(o, "retired", json_integer(key->retired));
	json_object_set_new(o, "remove", json_integer(auth_dkim_remove_at(job_dkim(job), key)));
	buf_free(&record);
	return o;
}

static int set_keys(struct admin_job *job, struct slice domain)
{
	struct dkim_key_row *rows = arena_alloc_array(&job->arena, DKIM_KEYS_OF_DOMAIN_MAX, sizeof *rows);
	int count = directory_dkim_list(job_directory(job), domain, &job->arena, rows, DKIM_KEYS_OF_DOMAIN_MAX);
	json_t *list = json_array();
	for (int i = 0; i < count; i++)
		json_array_append_new(list, key_json(job, &rows[i]));
	job_set(job, "keys", list);
	return count < 0 ? count : 0;
}

static int dkim_list(struct admin_job *job)
{
	struct slice domain;
	int rc = job_our_domain(job, &domain);
	return rc == 0 ? set_keys(job, domain) : rc;
}

/* ---- new keys, one algorithm after the other ---- */

static const enum mail_algorithm both[] = {MAIL_RSA_SHA256, MAIL_ED25519_SHA256};

struct adding {
	struct admin_job *job;
	struct slice domain;
	bool wanted[2];
	size_t next;
	unsigned made;
};

static int refuse_making(struct admin_job *job, int rc)
{
	return rc == ERR_TEMPORARY ? job_refuse(job, ADMIN_UNAVAILABLE, "key", "The key could not be made now; try again.")
	     : rc == ERR_LIMIT ? job_refuse(job, ADMIN_FAILED, "limit",
	     	"The domain has too many keys; retire some and wait until they are removed.")
	                       : job_refuse_error(job, rc, "key");
}

static void make_next(void *arg);

static void made_one(void *arg, int rc)
{
	struct adding *a = arg;
	a->made += rc == 0;
	if (rc != 0 && rc != ERR_EXISTS)
		job_conclude(a->job, refuse_making(a->job, rc));
	else
		make_next(a);
}

static void make_next(void *arg)
{
	struct adding *a = arg;
	while (a->next < 2 && !a->wanted[a->next])
		a->next++;
	if (a->next < 2)
		auth_dkim_make(job_dkim(a->job), a->domain, both[a->next++], made_one, a);
	else if (a->made == 0)
		job_conclude(a->job, job_refuse(a->job, ADMIN_FAILED, "exists", "There is a next key already; publish it."));
	else
		job_conclude(a->job, set_keys(a->job, a->domain));
}

static int start_making(struct admin_job *job, struct slice domain, const bool wanted[2])
{
	struct adding *a = arena_alloc(&job->arena, sizeof *a);
	*a = (struct adding){.job = job, .domain = domain, .wanted = {wanted[0], wanted[1]}};
	job->later = true;
	/* Not from inside of apply, which looks at the job once more. */
	job_host(job)->after(job_host(job)->arg, 0, make_next, a);
	return 0;
}

static int dkim_add(struct admin_job *job)
{
	struct slice domain;
	enum mail_algorithm one;
	bool wanted[2] = {true, true};
	int rc = job_our_domain(job, &domain);
	if (rc != 0)
		return rc;
	if (job_has(job, "algorithm")) {
		if (!mail_algorithm_find(job_text(job, "algorithm"), &one))
			return job_refuse(job, ADMIN_INVALID, "invalid", "The algorithm is rsa-sha256 or ed25519-sha256.");
		wanted[0] = one == both[0];
		wanted[1] = one == both[1];
	}
	return start_making(job, domain, wanted);
}

/* ---- rotation by command ---- */

static int activate_all(struct admin_job *job, const struct dkim_key_row *rows, int count)
{
	struct error err = {0};
	int rc = 0, changed = 0;
	for (int i = 0; i < count && rc == 0; i++)
		if (rows[i].state == DKIM_KEY_NEXT) {
			rc = auth_dkim_activate(job_dkim(job), &rows[i], &err);
			changed++;
		}
	if (rc == 0 && changed == 0)
		return job_refuse(job, ADMIN_NOT_FOUND, "not_found", "The domain has no next key.");
	return rc == 0 ? set_keys(job, rows[0].domain) : job_refuse_error(job, rc, "key");
}

/* Successors of the keys that sign; with `now` those that are there sign at once. */
static int dkim_rotate(struct admin_job *job)
{
	struct dkim_key_row *rows = arena_alloc_array(&job->arena, DKIM_KEYS_OF_DOMAIN_MAX, sizeof *rows);
	struct slice domain;
	bool wanted[2] = {false, false};
	int rc = job_our_domain(job, &domain);
	if (rc != 0)
		return rc;
	int count = directory_dkim_list(job_directory(job), domain, &job->arena, rows, DKIM_KEYS_OF_DOMAIN_MAX);
	if (count < 0)
		return job_refuse_error(job, count, "key");
	if (json_is_true(json_object_get(job->args, "now")))
		return activate_all(job, rows, count);
	for (int i = 0; i < count; i++)
		if (rows[i].state == DKIM_KEY_ACTIVE)
			wanted[rows[i].algorithm == both[1]] = true;
	if (!wanted[0] && !wanted[1])
		return job_refuse(job, ADMIN_NOT_FOUND, "not_found", "The domain has no key that signs; add one.");
	return start_making(job, domain, wanted);
}

static int dkim_retire(struct admin_job *job)
{
	struct slice domain;
	struct dkim_key_row key;
	struct error err = {0};
	int rc = job_our_domain(job, &domain);
	if (rc != 0)
		return rc;
	rc = directory_dkim_get(job_directory(job), domain, job_text(job, "selector"), &job->arena, &key);
	if (rc == 0 && key.state == DKIM_KEY_RETIRED)
		return job_refuse(job, ADMIN_FAILED, "retired", "This key is retired.");
	if (rc == 0)
		rc = auth_dkim_retire(job_dkim(job), &key, &err);
	return rc == 0 ? set_keys(job, domain) : job_refuse_error(job, rc, "key");
}

const struct admin_operation_row admin_dkim_rows[] = {
	{"dkim.list", OBJECT_NAMED, NULL, dkim_list},
	{"dkim.add", OBJECT_NAMED, NULL, dkim_add},
	{"dkim.rotate", OBJECT_NAMED, NULL, dkim_rotate},
	{"dkim.retire", OBJECT_NAMED, NULL, dkim_retire},
	{0},
};
