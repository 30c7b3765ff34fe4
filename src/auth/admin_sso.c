/* Other ways into an account: identities at other providers, managed secrets, certificates of devices. */
#include <string.h>

#include "auth/admin_job.h"
#include "auth/directory_sso.h"
#include "auth/managed.h"
#include "base/codec.h"
#include "crypt/certificate.h"
#include "sso/jwt.h"

/* ---- identities at other providers ---- */

static int identity_list(struct admin_job *job)
{
	struct directory_identity *list = arena_alloc_array(&job->arena, IDENTITIES_MAX, sizeof *list);
	int count = directory_identity_list(job_directory(job), job->account.id, &job->arena, list, IDENTITIES_MAX);
	if (count < 0)
		return job_refuse_error(job, count, "account");
	json_t *out = json_array();
	for (int i = 0; i < count; i++) {
		json_t *o = json_object();
		json_object_set_new(o, "issuer", job_json(list[i].issuer));
		json_object_set_new(o, "subject", job_json(list[i].subject));
		json_object_set_new(o, "email", job_json(list[i].email));
		json_object_set_new(o, "created", json_integer((json_int_t)list[i].created));
		json_array_append_new(out, o);
	}
	job_set(job, "identities", out);
	return 0;
}

static int identity_args(struct admin_job *job, struct directory_identity *ret)
{
	*ret = (struct directory_identity){.issuer = job_text(job, "issuer"), .subject = job_text(job, "subject"), .created = job_unix(job)};
	memcpy(ret->account, job->account.id, sizeof ret->account);
	if (ret->issuer.n == 0 || ret->issuer.n > 1000 || ret->subject.n == 0 || ret->subject.n > JWT_SUBJECT_MAX)
		return job_refuse(job, ADMIN_INVALID, "invalid", "An identity is the issuer's address and the subject that it gives the person.");
	return 0;
}

/*
 * Who is that identity signs in as the account, and where the organisation holds its key, or comes to hold it later (user.managed.add), that
 * opens the mail. Not for one person alone.
 */
static int second_person(struct admin_job *job)
{
	return job->subject.kind == AUTH_PERSON ? job_second_person(job, AUTH_ACT_APPROVE) : 0;
}

static int identity_add(struct admin_job *job)
{
	struct directory_identity i, *list = arena_alloc_array(&job->arena, IDENTITIES_MAX, sizeof *list);
	struct error err = {0};
	int rc = identity_args(job, &i);
	if (rc != 0)
		return rc;
	if (directory_identity_list(job_directory(job), i.account, &job->arena, list, IDENTITIES_MAX) >= IDENTITIES_MAX)
		return job_refuse_error(job, ERR_LIMIT, "identities of the account");
	if ((rc = second_person(job)) != 0)
		return rc;
	rc = directory_identity_add(job_directory(job), &i, &err);
	if (rc != 0)
		return job_refuse_error(job, rc, "identity");
	job_event(job, EV_IDENTITY_LINKED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address), LOG_TEXT("name",
		i.issuer),
		LOG_TEXT("id", i.subject));
	return 0;
}

static int identity_remove(struct admin_job *job)
{
	struct directory_identity i;
	struct error err = {0};
	int rc = identity_args(job, &i);
	if (rc == 0 && (rc = directory_identity_remove(job_directory(job), i.account, i.issuer, i.subject, &err)) != 0)
		job_refuse_error(job, rc, "identity");
	if (rc == 0) {
		job_host(job)->revoke(job_host(job)->arg, job->account.id, 0);
		job_event(job, EV_IDENTITY_UNLINKED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address),
			LOG_TEXT("name", i.issuer), LOG_TEXT("id", i.subject));
	}
	return rc;
}

/* ---- managed secrets ---- */

static int take_number(struct admin_job *job, struct error *err)
{
	return directory_credential_number(job_directory(job), &job->managed.owner.credential, err);
}

/* A number for a new credential whose key `key` computes. */
static int want_managed(struct admin_job *job, enum wrap_kind kind)
{
	job->managed.owner = (struct wrap_owner){.kind = kind};
	memcpy(job->managed.owner.account, job->account.id, 16);
	job->managed.wanted = true;
	return job_change(job, take_number);
}

static int managed_prepare(struct admin_job *job)
{
	int rc = job_stretch_old(job, "password");
	return rc == 0 ? want_managed(job, WRAP_MANAGED) : rc;
}

/* Opens the secrets with the person's password and second factor, then runs `add` inside a change. */
static int add_with_password(struct admin_job *job, int (*add)(struct admin_job *job, const struct secrets *secrets, struct error *err))
{
	struct secrets secrets = SECRETS_NONE;
	struct error err = {0};
	int rc = job_open_password(job, &secrets);
	if (rc == 0)
		rc = job_prove_second(job, &secrets);
	if (rc == 0)
		rc = job_factor_first(job);
	if (rc == 0 && (rc = directory_begin(job_directory(job), &err)) == 0)
		rc = add(job, &secrets, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	directory_rollback(job_directory(job));
	if (rc != 0 && job->status == ADMIN_OK)
		job_refuse_error(job, rc, "credential");
	secrets_free(&secrets);
	return rc;
}

static int add_managed(struct admin_job *job, const struct secrets *secrets, struct error *err)
{
	struct credential c;
	/* Only here: before the proof it would tell strangers something. */
	if (directory_credential_list(job_directory(job), job->account.id, WRAP_MANAGED, &job->arena, &c, 1) > 0)
		return job_refuse_error(job, ERR_EXISTS, "managed sign-in");
	job->account.flags |= ACCOUNT_MANAGED;
	int rc = directory_account_update(job_directory(job), &job->account, err);
	return rc == 0 ? managed_add(job_directory(job), &job->managed.owner, job->managed.kek, SLICE_NONE, secrets, job_unix(job), err) : rc;
}

static int managed_set(struct admin_job *job)
{
	return add_with_password(job, add_managed);
}

static int managed_remove_in_change(struct admin_job *job, struct error *err)
{
	struct credential c;
	if (directory_credential_password(job_directory(job), job->account.id, &job->arena, &c) != 0)
		return job_refuse(job, ADMIN_FAILED, "no_password", "Without a password of its own nobody could open the account any more.");
	if (directory_credential_list(job_directory(job), job->account.id, WRAP_MANAGED, &job->arena, &c, 1) != 1)
		return job_refuse_error(job, ERR_NOT_FOUND, "managed sign-in");
	job->account.flags &= ~(unsigned)ACCOUNT_MANAGED;
	int rc = directory_account_update(job_directory(job), &job->account, err);
	return rc == 0 ? directory_credential_remove(job_directory(job), job->account.id, c.id, WRAP_MANAGED, err) : rc;
}

static int managed_remove(struct admin_job *job)
{
	int rc = job_change(job, managed_remove_in_change);
	if (rc == 0)
		job_host(job)->revoke(job_host(job)->arg, job->account.id, 0);
	return rc;
}

/* ---- certificates ---- */

static int certificate_prepare(struct admin_job *job)
{
	struct error err = {0};
	struct slice addresses[CERTIFICATE_ADDRESSES_MAX];
	size_t i = 0;
	struct address a;
	if (certificate_read_pem(job_text(job, "certificate"), &job->arena, &job->certificate, addresses, &err) != 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "That is no certificate in PEM form.");
	while (i < job->certificate.address_count
	       && (address_parse(addresses[i], &job->arena, &a) != 0 || !slice_eq(address_text(&a, &job->arena), job->account.address)))
		i++;
	if (i == job->certificate.address_count)
		return job_refuse(job, ADMIN_INVALID, "other_address", "The certificate names another mail address.");
	if (job->certificate.not_after <= job_unix(job))
		return job_refuse(job, ADMIN_INVALID, "expired", "The certificate has expired.");
	int rc = job_stretch_old(job, "password");
	return rc == 0 ? want_managed(job, WRAP_CERTIFICATE) : rc;
}

static int add_certificate(struct admin_job *job, const struct secrets *secrets, struct error *err)
{
	struct directory_certificate c = {.credential = job->managed.owner.credential, .not_after = job->certificate.not_after,
		.created = job_unix(job)};
	int rc = job_name(job, "label", &c.label);
	memcpy(c.account, job->account.id, sizeof c.account);
	memcpy(c.fingerprint, job->certificate.fingerprint, sizeof c.fingerprint);
	if (rc == 0)
		rc = managed_add(job_directory(job), &job->managed.owner, job->managed.kek, c.label, secrets, c.created, err);
	return rc == 0 ? directory_certificate_add(job_directory(job), &c, err) : rc;
}

static int certificate_count(struct admin_job *job, struct directory_certificate **ret)
{
	*ret = arena_alloc_array(&job->arena, CERTIFICATES_MAX, sizeof **ret);
	return directory_certificate_list(job_directory(job), job->account.id, &job->arena, *ret, CERTIFICATES_MAX);
}

static int certificate_add(struct admin_job *job)
{
	struct directory_certificate *list;
	if (certificate_count(job, &list) >= CERTIFICATES_MAX)
		return job_refuse_error(job, ERR_LIMIT, "certificates of the account");
	int rc = add_with_password(job, add_certificate);
	if (rc == 0) {
		job_set(job, "id", json_integer(job->managed.owner.credential));
		job_event(job, EV_CERTIFICATE_ADDED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address),
			LOG_NUM("credential", job->managed.owner.credential), LOG_NUM("until", job->certificate.not_after));
	}
	return rc;
}

static int certificate_list(struct admin_job *job)
{
	struct directory_certificate *list;
	int count = certificate_count(job, &list);
	if (count < 0)
		return job_refuse_error(job, count, "account");
	json_t *out = json_array();
	for (int i = 0; i < count; i++) {
		json_t *o = json_object();
		struct buf hex = BUF_INIT(128);
		hex_encode(slice_make(list[i].fingerprint, sizeof list[i].fingerprint), &hex);
		json_object_set_new(o, "id", json_integer(list[i].credential));
		json_object_set_new(o, "label", job_json(list[i].label));
		json_object_set_new(o, "fingerprint", job_json(buf_slice(&hex)));
		json_object_set_new(o, "ends", json_integer((json_int_t)list[i].not_after));
		json_object_set_new(o, "created", json_integer((json_int_t)list[i].created));
		json_array_append_new(out, o);
		buf_free(&hex);
	}
	job_set(job, "certificates", out);
	return 0;
}

static int certificate_remove_in_change(struct admin_job *job, struct error *err)
{
	uint32_t id = (uint32_t)json_integer_value(json_object_get(job->args, "id"));
	int rc = directory_credential_remove(job_directory(job), job->account.id, id, WRAP_CERTIFICATE, err);
	if (rc != 0)
		job_refuse_error(job, rc, "certificate");
	job->managed.owner.credential = id;
	return rc;
}

static int certificate_remove(struct admin_job *job)
{
	int rc = job_change(job, certificate_remove_in_change);
	if (rc == 0)
		job_host(job)->revoke(job_host(job)->arg, job->account.id, job->managed.owner.credential);
	return rc;
}

const struct admin_operation_row admin_sso_rows[] = {
	{"identity.list", OBJECT_ACCOUNT, NULL, identity_list},
	{"identity.add", OBJECT_ACCOUNT, NULL, identity_add},
	{"identity.remove", OBJECT_ACCOUNT, NULL, identity_remove},
	{"user.managed.add", OBJECT_PROOF, managed_prepare, managed_set},
	{"user.managed.remove", OBJECT_ACCOUNT, NULL, managed_remove},
	{"certificate.add", OBJECT_PROOF, certificate_prepare, certificate_add},
	{"certificate.list", OBJECT_ACCOUNT, NULL, certificate_list},
	{"certificate.remove", OBJECT_ACCOUNT, NULL, certificate_remove},
	{0},
};
