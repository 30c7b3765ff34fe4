/* Certificates of devices: a person asks for the own device, in the own session; whoever lets the device in lets the certificate be issued. */
#include "auth/admin_certificate.h"

#include <string.h>

#include "auth/admin_device.h"
#include "auth/directory_sso.h"
#include "auth/managed.h"
#include "base/codec.h"
#include "crypt/crypt.h"
#include "crypt/csr.h"

#define CHAIN_MAX (8 * MAIL_CA_DER_MAX)

/* ---- asking ---- */

static int refuse_csr(struct admin_job *job, int rc, const struct error *err)
{
	return job_refuse(job, ADMIN_INVALID, rc == ERR_DENIED ? "proof" : rc == ERR_UNSUPPORTED ? "key" : "invalid", "%c%s.",
		ascii_upper((uint8_t)err->private_text[0]), err->private_text + 1);
}

static int take_number(struct admin_job *job, struct error *err)
{
	return directory_credential_number(job_directory(job), &job->managed.owner.credential, err);
}

static int check_authority(struct admin_job *job)
{
	struct authority_row issuing;
	int rc = directory_authority_active(job_directory(job), AUTHORITY_ISSUING, &job->arena, &issuing);
	if (rc == ERR_NOT_FOUND)
		return job_refuse(job, ADMIN_FAILED, "no_authority", "The organisation has no authority for certificates yet.");
	if (rc != 0)
		return job_refuse_error(job, rc, "authority");
	return authority_covers(&issuing, address_domain_of(job->account.address)) ? 0
	     : job_refuse(job, ADMIN_FAILED, "domain", "The authority is not for your domain yet; a security officer renews it.");
}

static int check_person(struct admin_job *job)
{
	struct auth_object object;
	if (job->subject.kind != AUTH_PERSON || job->subject.token)
		return job_refuse(job, ADMIN_DENIED, "sign_in", "Sign in first: this is done in a session of one's own.");
	int rc = directory_account_get(job_directory(job), job->subject.account, &job->arena, &job->account);
	if (rc != 0)
		return job_refuse_error(job, rc, "user");
	if (!auth_permit_own(job->account.role, AUTH_MAIL_VIEW))
		return job_refuse(job, ADMIN_DENIED, "denied", "Certificates are for mail programs; this account has no mailbox.");
	object = job_object(&job->account);
	return job_permit(job, AUTH_DEVICE_CHANGE, &object);
}

static int check_key(struct admin_job *job, const struct csr *csr)
{
	int open = directory_issued_open(job_directory(job), job->account.id, job_unix(job));
	int taken = open < 0 ? open : directory_issued_key_taken(job_directory(job), csr->key_hash, job->account.id);
	if (taken < 0)
		return job_refuse_error(job, taken, "ledger");
	if (open >= AUTHORITY_OPEN_MAX)
		return job_refuse(job, ADMIN_FAILED, "limit", "The account has %d certificates; revoke one first.", AUTHORITY_OPEN_MAX);
	return taken == 0 ? 0 : job_refuse(job, ADMIN_INVALID, "key", "This key was certified for somebody else, or is known to be stolen; make a new one.");
}

static int read_csr(struct admin_job *job, struct csr *ret)
{
	struct error err = {0};
	int rc = csr_read(job_text(job, "csr"), &job->arena, ret, &err);
	return rc == 0 ? 0 : refuse_csr(job, rc, &err);
}

static int request_prepare(struct admin_job *job)
{
	struct csr csr;
	int rc = check_person(job);
	if (rc == 0)
		rc = check_authority(job);
	if (rc == 0)
		rc = read_csr(job, &csr);
	if (rc == 0)
		rc = check_key(job, &csr);
	if (rc != 0)
		return rc;
	job->managed.owner = (struct wrap_owner){.kind = WRAP_CERTIFICATE};
	memcpy(job->managed.owner.account, job->account.id, 16);
	job->managed.wanted = true;
	return job_change(job, take_number);
}

/* The days belong to the certificate; the rule of its credential has no end of its own. */
static int read_rule(struct admin_job *job, struct credential_rule *ret_rule, unsigned *ret_days)
{
	int64_t days = (int64_t)json_integer_value(json_object_get(job->args, "days"));
	int rc = job_read_rule(job, ret_rule);
	ret_rule->ends = 0;
	*ret_days = (unsigned)days;
	return rc;
}

static int add_request(struct admin_job *job, const struct secrets *secrets, struct issued *row, struct credential_rule *rule, struct error *err)
{
	uint32_t credential = job->managed.owner.credential;
	int rc = managed_add(job_directory(job), &job->managed.owner, job->managed.kek, row->label, secrets, row->requested, err);
	if (rc == 0)
		rc = job_add_rule(job, credential, rule, row->label, "certificate", err);
	row->credential = credential;
	row->device = rule->device;
	if (rc == 0)
		rc = directory_issued_add(job_directory(job), row, err);
	struct device device;
	if (rc == 0)
		rc = directory_device_get(job_directory(job), rule->device, &job->arena, &device);
	if (rc == 0 && device.state == DEVICE_APPROVED) /* policy lets it in */
		rc = authority_issue(job_authority(job), row, SLICE_NONE, err);
	return rc;
}

static int refuse_request(struct admin_job *job, int rc)
{
	return job->status != ADMIN_OK ? rc
	     : rc == ERR_TEMPORARY ? job_refuse(job, ADMIN_UNAVAILABLE, "key", "The certificate could not be signed now; try again.")
	     : rc == ERR_LIMIT ? job_refuse_error(job, rc, "devices of the account") : job_refuse_error(job, rc, "certificate");
}

static int show_one(struct admin_job *job, const uint8_t serial[MAIL_CA_SERIAL_SIZE])
{
	struct issued row;
	struct buf pem = BUF_INIT(CHAIN_MAX);
	int rc = directory_issued_get(job_directory(job), serial, &job->arena, &row);
	if (rc != 0)
		return job_refuse_error(job, rc, "certificate");
	json_t *o = issued_json(job, &row);
	json_object_update(job->result, o);
	json_decref(o);
	if (row.state == ISSUED_GOOD) {
		rc = authority_chain(job_authority(job), &row, &pem);
		job_set(job, "certificate", job_json(buf_slice(&pem)));
	}
	buf_free(&pem);
	return rc == 0 ? 0 : job_refuse_error(job, rc, "certificate");
}

static int certificate_request(struct admin_job *job)
{
	struct secrets secrets = SECRETS_NONE;
	struct error err = {0};
	struct csr csr;
	struct credential_rule rule;
	struct issued row = {.address = job->account.address, .requested = job_unix(job)};
	int rc = job_open_own(job, &secrets);
	if (rc == 0)
		rc = check_person(job);
	if (rc == 0)
		rc = read_csr(job, &csr);
	if (rc == 0)
		rc = job_name(job, "label", &row.label);
	if (rc == 0)
		rc = read_rule(job, &rule, &row.days);
	if (rc != 0)
		goto out;
	row.address = job->account.address;
	row.spki = csr.spki;
	if (row.label.n == 0)
		row.label = SLICE("certificate");
	memcpy(row.key_hash, csr.key_hash, sizeof row.key_hash);
	memcpy(row.account, job->account.id, sizeof row.account);
	random_bytes(row.serial, sizeof row.serial);
	rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = add_request(job, &secrets, &row, &rule, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	directory_rollback(job_directory(job));
	if (rc != 0) {
		rc = refuse_request(job, rc);
		goto out;
	}
	authority_sweep(job_authority(job));
	rc = show_one(job, row.serial);
out:
	secrets_free(&secrets);
	return rc;
}

/* ---- afterwards ---- */

json_t *issued_json(struct admin_job *job, const struct issued *row)
{
	struct buf hex = BUF_INIT(64);
	json_t *o = json_object();
	hex_encode(slice_make(row->serial, sizeof row->serial), &hex);
	json_object_set_new(o, "serial", job_json(buf_slice(&hex)));
	buf_clear(&hex);
	if (row->issued > 0)
		hex_encode(slice_make(row->fingerprint, sizeof row->fingerprint), &hex);
	bool ended = row->state == ISSUED_GOOD && row->not_after <= job_unix(job);
	json_object_set_new(o, "address", job_json(row->address));
	json_object_set_new(o, "label", job_json(row->label));
	json_object_set_new(o, "device", json_integer(row->device));
	json_object_set_new(o, "credential", json_integer(row->credential));
	json_object_set_new(o, "authority", json_integer(row->authority));
	json_object_set_new(o, "state", json_string(ended ? "expired" : issued_state_name(row->state)));
	json_object_set_new(o, "fingerprint", job_json(buf_slice(&hex)));
	json_object_set_new(o, "requested", json_integer(row->requested));
	json_object_set_new(o, "issued", json_integer(row->issued));
	json_object_set_new(o, "ends", json_integer(row->not_after));
	json_object_set_new(o, "approver", job_json(row->approver));
	json_object_set_new(o, "revoked", json_integer(row->revoked));
	json_object_set_new(o, "reason", json_string(row->state == ISSUED_REVOKED ? mail_ca_reason_name(row->reason) : ""));
	json_object_set_new(o, "revoker", job_json(row->revoker));
	buf_free(&hex);
	return o;
}

static int certificate_list(struct admin_job *job)
{
	struct issued *rows = arena_alloc_array(&job->arena, DIRECTORY_PAGE, sizeof *rows);
	int count = directory_issued_list(job_directory(job), job->account.id, &job->arena, rows, DIRECTORY_PAGE);
	if (count < 0)
		return job_refuse_error(job, count, "account");
	json_t *out = json_array();
	for (int i = 0; i < count; i++)
		json_array_append_new(out, issued_json(job, &rows[i]));
	job_set(job, "certificates", out);
	return 0;
}

/* args.serial; the subject has the right over its account. Who has it over nobody learns nothing of serials. */
static int load_certificate(struct admin_job *job, enum auth_right right, struct issued *ret)
{
	struct buf serial = BUF_INIT(MAIL_CA_SERIAL_SIZE);
	struct auth_object object = {0};
	bool right_size = hex_decode(job_text(job, "serial"), &serial) == 0 && buf_len(&serial) == MAIL_CA_SERIAL_SIZE;
	int rc = right_size ? directory_issued_get(job_directory(job), buf_slice(&serial).p, &job->arena, ret) : ERR_NOT_FOUND;
	buf_free(&serial);
	if (rc == 0)
		rc = directory_account_get(job_directory(job), ret->account, &job->arena, &job->account);
	if (rc == 0)
		object = job_object(&job->account);
	if (job_permit(job, right, &object) != 0)
		return ERR_DENIED;
	return rc == 0 ? 0 : job_refuse_error(job, rc, "certificate");
}

static int certificate_show(struct admin_job *job)
{
	struct issued row;
	int rc = load_certificate(job, AUTH_DEVICE_SEE, &row);
	return rc == 0 ? show_one(job, row.serial) : rc;
}

static int revoke(struct admin_job *job, const struct issued *row, enum mail_ca_reason reason)
{
	struct error err = {0};
	int rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = authority_revoke(job_authority(job), row, reason, job->subject.name, &err);
	if (rc == 0)
		rc = job_forget_credential(job, row->credential, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	directory_rollback(job_directory(job));
	return rc == 0 ? 0 : job_refuse_error(job, rc, "certificate");
}

static int certificate_revoke(struct admin_job *job)
{
	struct issued row;
	enum mail_ca_reason reason = MAIL_CA_UNSPECIFIED;
	int rc = load_certificate(job, AUTH_DEVICE_CHANGE, &row);
	if (rc == 0 && job_has(job, "reason") && !mail_ca_reason_find(job_text(job, "reason"), &reason))
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "The reason is unspecified, key_compromise, affiliation_changed, superseded or cessation.");
	if (rc == 0 && row.state != ISSUED_GOOD && row.state != ISSUED_REQUESTED)
		rc = job_refuse(job, ADMIN_FAILED, "decided", "This certificate is %s already.", issued_state_name(row.state));
	if (rc == 0)
		rc = revoke(job, &row, reason);
	if (rc != 0)
		return rc;
	authority_sweep(job_authority(job));
	return show_one(job, row.serial);
}

const struct admin_operation_row admin_device_certificate_rows[] = {
	{"device.certificate.request", OBJECT_OWN_CHECK, request_prepare, certificate_request},
	{"device.certificate.list", OBJECT_ACCOUNT, NULL, certificate_list},
	{"device.certificate.show", OBJECT_OWN_CHECK, NULL, certificate_show},
	{"device.certificate.revoke", OBJECT_OWN_CHECK, NULL, certificate_revoke},
	{0},
};
