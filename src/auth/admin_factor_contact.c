/* Second factors that are sent: a second mail address, a telephone number. */
#include <string.h>

#include "auth/admin_factor.h"
#include "auth/contact.h"
#include "crypt/crypt.h"
#include "factor/sent.h"

static int refuse_contact(struct admin_job *job, int rc)
{
	switch (rc) {
	case 0:
		return 0;
	case ERR_DENIED:
		return job_refuse(job, ADMIN_INVALID, "invalid", "Mail to this address comes to the account itself; name another one.");
	case ERR_INVALID:
		return job_refuse(job, ADMIN_INVALID, "invalid", "Mail to this address reaches nobody here, or several people; name another one.");
	default:
		return job_refuse(job, ADMIN_UNAVAILABLE, "internal", "The address cannot be checked now.");
	}
}

static int contact_address(struct admin_job *job, enum factor_kind kind, struct slice *ret)
{
	struct buf number = BUF_INIT(40);
	struct address a;
	if (kind == FACTOR_MAIL) {
		if (job_address(job, "to", &a) != 0)
			return ERR_DENIED;
		*ret = arena_printf(&job->arena, "%.*s@%.*s", SLICE_ARG(a.given), SLICE_ARG(a.domain));
		struct resolve_target target;
		return refuse_contact(job, contact_resolve(job_directory(job), job->account.id, *ret, &job->arena, &target));
	}
	bool ok = sent_number(job_text(job, "to"), &number);
	*ret = arena_dup(&job->arena, buf_slice(&number));
	buf_free(&number);
	return ok ? 0 : job_refuse(job, ADMIN_INVALID, "invalid", "A number begins with \"+\" and the country code.");
}

static int add_contact(struct admin_job *job, const struct secrets *secrets, enum factor_kind kind, struct slice to, struct directory_factor *ret,
	struct error *err)
{
	struct sent_contact contact = {.address = to};
	struct buf state = BUF_INIT(FACTOR_STATE_MAX);
	*ret = (struct directory_factor){.kind = kind};
	random_bytes(ret->lookup, sizeof ret->lookup);
	(void)sent_contact_take(&contact, factor_job_now(job));
	sent_contact_encode(&contact, &state);
	int rc = factor_job_drop(job, kind, err);
	if (rc == 0)
		rc = factor_job_add(job, ret, secrets, buf_slice(&state), err);
	buf_free_secret(&state);
	return rc;
}

static int send_first(struct admin_job *job, const struct secrets *secrets, struct auth_factor_send *send, struct error *err)
{
	struct factor_work w = factor_job_work(job, secrets, NULL, err);
	struct directory_factor f;
	struct slice to;
	enum factor_kind kind;
	char id[2 * FACTOR_CHALLENGE_SIZE + 1];
	if (!factor_kind_parse(job_text(job, "kind"), &kind) || (kind != FACTOR_MAIL && kind != FACTOR_SMS))
		return job_refuse(job, ADMIN_INVALID, "invalid", "Codes are sent by mail or sms.");
	if ((job_settings(job)->sends & FACTOR_BIT(kind)) == 0)
		return job_refuse(job, ADMIN_FAILED, "gateway", "Codes of this kind cannot be sent here: no gateway is configured.");
	int rc = contact_address(job, kind, &to);
	if (rc == 0)
		rc = add_contact(job, secrets, kind, to, &f, err);
	if (rc == 0)
		rc = factor_send(&w, kind, f.id, to, id, send);
	if (rc == ERR_LIMIT)
		rc = job_refuse(job, ADMIN_DENIED, "limit", "Too many codes were sent today.");
	if (rc == 0) {
		job_set(job, "id", json_integer(f.id));
		job_set(job, "challenge", json_string(id));
	}
	arena_free(&w.arena);
	return rc;
}

int factor_contact_set(struct admin_job *job)
{
	struct error err = {0};
	struct secrets secrets = SECRETS_NONE;
	struct auth_factor_send send = {0};
	int rc = factor_job_open(job, &secrets);
	if (rc == 0 && job_host(job)->send_code == NULL)
		rc = job_refuse(job, ADMIN_FAILED, "gateway", "Codes cannot be sent here: no gateway is configured.");
	if (rc == 0)
		rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = send_first(job, &secrets, &send, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	directory_rollback(job_directory(job));
	if (rc == 0)
		job_host(job)->send_code(job_host(job)->arg, &send);
	else if (job->status == ADMIN_OK)
		job_refuse_error(job, rc, "factor");
	secret_wipe(&send, sizeof send);
	secrets_free(&secrets);
	return rc;
}

/* A wrong code is written down as well, so this is no change that a refusal takes back. */
static int check_contact(struct admin_job *job, const struct secrets *secrets, struct directory_factor *added, struct error *err,
	enum factor_verdict *ret)
{
	struct factor_work w = factor_job_work(job, secrets, NULL, err);
	struct directory_factor f;
	struct buf state = BUF_INIT(FACTOR_STATE_MAX);
	json_t *proof = json_object();
	int rc = factor_job_load(job, secrets, FACTOR_BIT(FACTOR_MAIL) | FACTOR_BIT(FACTOR_SMS), false, &f, &state);
	json_object_set_new(proof, "id", job_json(job_text(job, "challenge")));
	json_object_set_new(proof, "code", job_json(job_text(job, "code")));
	w.proof = proof;
	if (rc == 0)
		rc = factor_check_sent(&w, f.kind, ret);
	if (rc == 0 && *ret == FACTOR_RIGHT)
		rc = factor_job_confirm(job, &f, f.kind == FACTOR_MAIL ? AUTH_PROVEN_MAIL : AUTH_PROVEN_SMS, err);
	if (rc == 0 && *ret == FACTOR_RIGHT)
		*added = f;
	json_decref(proof);
	buf_free_secret(&state);
	arena_free(&w.arena);
	return rc;
}

static int contact_confirm_in_change(struct admin_job *job, const struct secrets *secrets, struct directory_factor *added, struct error *err)
{
	enum factor_verdict verdict = FACTOR_WRONG;
	int rc = check_contact(job, secrets, added, err, &verdict);
	if (rc == 0 && verdict != FACTOR_RIGHT)
		job_refuse(job, ADMIN_DENIED, "factor", "The code is not right, or too old.");
	return rc;
}

int factor_contact_confirm(struct admin_job *job)
{
	int rc = factor_job_run(job, contact_confirm_in_change);
	return rc == 0 && job->status != ADMIN_OK ? ERR_DENIED : rc;
}

