/* The own authority: made, renewed, shown; its ledger and its lists of revoked certificates. */
#include "auth/admin_certificate.h"

#include "base/codec.h"
#include "crypt/hash.h"

#define CRL_PART 30000       /* bytes of a list in one answer */
#define ORGANISATION_MAX 40
#define LEDGER_PAGE 50

/* ---- making: two persons ---- */

static void made(void *arg, int rc)
{
	struct admin_job *job = arg;
	if (rc == ERR_TEMPORARY)
		rc = job_refuse(job, ADMIN_UNAVAILABLE, "key", "The keys could not be made now; try again.");
	else if (rc == ERR_CONFLICT)
		rc = job_refuse(job, ADMIN_UNAVAILABLE, "busy", "An authority is being made now.");
	else if (rc != 0)
		rc = job_refuse_error(job, rc, "authority");
	job_conclude(job, rc);
}

static int make(struct admin_job *job, struct authority_plan *plan)
{
	int rc = job_second_person(job, AUTH_ACT_APPROVE);
	if (rc != 0)
		return rc;
	plan->author = job->subject.name;
	plan->approver = job->approver;
	job->later = true;
	authority_make(job_authority(job), plan, made, job);
	return 0;
}

static int has_root(struct admin_job *job, bool *ret)
{
	struct authority_row root;
	int rc = directory_authority_active(job_directory(job), AUTHORITY_ROOT, &job->arena, &root);
	*ret = rc == 0;
	return rc == 0 || rc == ERR_NOT_FOUND ? 0 : job_refuse_error(job, rc, "authority");
}

static int ca_create(struct admin_job *job)
{
	struct authority_plan plan = {.algorithm = MAIL_CA_P256};
	bool exists = false;
	int rc = job_name(job, "name", &plan.organisation);
	if (rc == 0 && (plan.organisation.n == 0 || plan.organisation.n > ORGANISATION_MAX))
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "The name of the organisation has 1 to %d bytes.", ORGANISATION_MAX);
	if (rc == 0 && job_has(job, "algorithm") && !mail_ca_algorithm_find(job_text(job, "algorithm"), &plan.algorithm))
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "The algorithm is ecdsa-p256 or rsa-3072.");
	if (rc == 0)
		rc = has_root(job, &exists);
	if (rc == 0 && exists && !json_is_true(json_object_get(job->args, "replace")))
		rc = job_refuse(job, ADMIN_FAILED, "exists", "There is an authority; replacing it ends every certificate of it.");
	if (rc == 0)
		rc = job_step_up(job);
	return rc == 0 ? make(job, &plan) : rc;
}

static int ca_renew(struct admin_job *job)
{
	struct authority_plan plan = {.renew = true};
	bool exists = false;
	int rc = has_root(job, &exists);
	if (rc == 0 && !exists)
		rc = job_refuse(job, ADMIN_NOT_FOUND, "not_found", "There is no authority to renew; letterlock ca create makes one.");
	if (rc == 0)
		rc = job_step_up(job);
	return rc == 0 ? make(job, &plan) : rc;
}

/* ---- showing ---- */

static json_t *fingerprint_json(struct slice der)
{
	uint8_t hash[32];
	struct buf hex = BUF_INIT(64);
	hash_sha256(der, hash);
	hex_encode(slice_make(hash, sizeof hash), &hex);
	json_t *value = job_json(buf_slice(&hex));
	buf_free(&hex);
	return value;
}

static json_t *domains_json(struct slice domains)
{
	json_t *list = json_array();
	struct slice one;
	while (slice_split(&domains, ' ', &one))
		json_array_append_new(list, job_json(one));
	return list;
}

static json_t *authority_json(struct admin_job *job, const struct authority_row *row)
{
	static const char *const states[] = {[AUTHORITY_ACTIVE] = "active", [AUTHORITY_RETIRED] = "retired", [AUTHORITY_ENDED] = "ended"};
	json_t *o = json_object();
	int good = directory_authority_count(job_directory(job), row->id, ISSUED_GOOD, job_unix(job));
	int revoked = directory_authority_count(job_directory(job), row->id, ISSUED_REVOKED, job_unix(job));
	json_object_set_new(o, "id", json_integer(row->id));
	json_object_set_new(o, "kind", json_string(row->kind == AUTHORITY_ROOT ? "root" : "issuing"));
	json_object_set_new(o, "state", json_string((unsigned)row->state < 4 && row->state != 0 ? states[row->state] : ""));
	json_object_set_new(o, "name", job_json(row->organisation));
	json_object_set_new(o, "algorithm", json_string(mail_ca_algorithm_name(row->algorithm)));
	json_object_set_new(o, "domains", domains_json(row->domains));
	json_object_set_new(o, "fingerprint", fingerprint_json(row->certificate));
	json_object_set_new(o, "created", json_integer(row->created));
	json_object_set_new(o, "ends", json_integer(row->not_after));
	json_object_set_new(o, "author", job_json(row->author));
	json_object_set_new(o, "approver", job_json(row->approver));
	json_object_set_new(o, "good", json_integer(good));
	json_object_set_new(o, "revoked", json_integer(revoked));
	json_object_set_new(o, "crl_number", json_integer((json_int_t)row->crl_number));
	json_object_set_new(o, "crl_ends", json_integer(row->crl_ends));
	return o;
}

static int ca_list(struct admin_job *job)
{
	struct authority_row *rows = arena_alloc_array(&job->arena, AUTHORITIES_MAX, sizeof *rows);
	int count = directory_authority_list(job_directory(job), &job->arena, rows, AUTHORITIES_MAX);
	if (count < 0)
		return job_refuse_error(job, count, "authority");
	json_t *out = json_array();
	for (int i = 0; i < count; i++)
		json_array_append_new(out, authority_json(job, &rows[i]));
	job_set(job, "authorities", out);
	return 0;
}

/* args.id, or the one that issues. */
static int load_authority(struct admin_job *job, struct authority_row *ret)
{
	uint32_t id = (uint32_t)json_integer_value(json_object_get(job->args, "id"));
	int rc = job_has(job, "id") ? directory_authority_get(job_directory(job), id, &job->arena, ret)
	                            : directory_authority_active(job_directory(job), AUTHORITY_ISSUING, &job->arena, ret);
	return rc == 0 ? 0 : job_refuse_error(job, rc, "authority");
}

static int ca_show(struct admin_job *job)
{
	struct authority_row row;
	struct buf pem = BUF_INIT(2 * MAIL_CA_DER_MAX);
	int rc = load_authority(job, &row);
	if (rc != 0)
		return rc;
	json_t *o = authority_json(job, &row);
	json_object_update(job->result, o);
	json_decref(o);
	mail_ca_pem("CERTIFICATE", row.certificate, &pem);
	job_set(job, "certificate", job_json(buf_slice(&pem)));
	buf_free(&pem);
	return 0;
}

/* A part of the list in base64: lists may be larger than an answer. number: the parts of one list belong together. */
static int ca_crl(struct admin_job *job)
{
	struct authority_row row;
	struct slice der = SLICE_NONE;
	struct buf text = BUF_INIT(2 * CRL_PART);
	int64_t at = (int64_t)json_integer_value(json_object_get(job->args, "at"));
	int rc = load_authority(job, &row);
	if (rc == 0 && (rc = authority_crl(job_authority(job), row.id, &job->arena, &der)) != 0)
		rc = job_refuse_error(job, rc, "list");
	if (rc == 0 && der.n == 0)
		rc = job_refuse(job, ADMIN_UNAVAILABLE, "not_yet", "The list is being made; try again.");
	if (rc == 0 && (at < 0 || (uint64_t)at >= der.n))
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "at is \"next\" of the former part.");
	if (rc != 0)
		return rc;
	struct slice part = slice_sub(der, (size_t)at, (size_t)at + CRL_PART);
	base64_encode(part, &text);
	job_set(job, "crl", job_json(buf_slice(&text)));
	job_set(job, "id", json_integer(row.id));
	job_set(job, "number", json_integer((json_int_t)row.crl_number));
	job_set(job, "made", json_integer(row.crl_made));
	job_set(job, "ends", json_integer(row.crl_ends));
	job_set(job, "size", json_integer((json_int_t)der.n));
	job_set(job, "more", json_boolean((size_t)at + part.n < der.n));
	job_set(job, "next", json_integer(at + (json_int_t)part.n));
	buf_free(&text);
	return 0;
}

static int ca_ledger(struct admin_job *job)
{
	struct issued *rows = arena_alloc_array(&job->arena, LEDGER_PAGE + 1, sizeof *rows);
	enum issued_state state = 0;
	uint32_t before = UINT32_MAX;
	if ((job_has(job, "state") && !issued_state_find(job_text(job, "state"), &state))
	    || (job_text(job, "after").n > 0 && slice_to_u32(job_text(job, "after"), &before) != 0))
		return job_refuse(job, ADMIN_INVALID, "invalid", "state is requested, good, revoked or withdrawn; after is \"next\" of the former page.");
	int count = directory_issued_all(job_directory(job), state, before, &job->arena, rows, LEDGER_PAGE + 1);
	if (count < 0)
		return job_refuse_error(job, count, "ledger");
	json_t *out = json_array();
	for (int i = 0; i < count && i < LEDGER_PAGE; i++)
		json_array_append_new(out, issued_json(job, &rows[i]));
	job_set(job, "certificates", out);
	job_set(job, "more", json_boolean(count > LEDGER_PAGE));
	if (count > LEDGER_PAGE)
		job_set(job, "next", job_json(arena_printf(&job->arena, "%u", rows[LEDGER_PAGE - 1].id)));
	return 0;
}

const struct admin_operation_row admin_authority_rows[] = {
	{"ca.create", OBJECT_NAMED, NULL, ca_create},
	{"ca.renew", OBJECT_NAMED, NULL, ca_renew},
	{"ca.list", OBJECT_NAMED, NULL, ca_list},
	{"ca.show", OBJECT_NAMED, NULL, ca_show},
	{"ca.crl", OBJECT_NAMED, NULL, ca_crl},
	{"ca.ledger", OBJECT_NAMED, NULL, ca_ledger},
	{"ca.check", OBJECT_NAMED, NULL, ca_check},
	{0},
};
