/* Passwords, recovery codes, app passwords: the operations that touch account secrets. */
#include <string.h>

#include "auth/admin_device.h"
#include "auth/admin_password.h"
#include "auth/delegation.h"
#include "auth/directory_factor.h"
#include "auth/escrow.h"
#include "auth/imported.h"
#include "crypt/crypt.h"

#define WRAP_BUF_MAX (WRAP_MAX + 64)

int job_open_password(struct admin_job *job, struct secrets *ret)
{
	struct wrap_owner owner = job->old_kek.request.owner;
	struct error err = {0};
	int rc = owner.credential == 0 || !job->old_kek.ready ? ERR_DENIED
	       : wrap_open(&owner, job->imported ? job->managed.kek : job->old_kek.result.kek, job->password.wrap, ret, &err);
	if (rc == 0 && !account_signs_in(&job->account))
		rc = ERR_DENIED;
	if (rc == 0 && job->imported)
		imported_upgrade_later(job_directory(job), job_keks(job), &job->account, job_settings(job)->cost, job->old_kek.request.password,
			job_settings(job)->scram_passwords, ret, job_unix(job));
	if (rc == 0) {
		job->opened_by = owner.credential;
		job_tried(job, true);
		return 0;
	}
	secrets_free(ret);
	if (rc != ERR_DENIED)
		return job_refuse(job, ADMIN_FAILED, "internal", "The account's secrets cannot be opened.");
	job_tried(job, false);
	return job_refuse(job, ADMIN_DENIED, "password", "The name or the password is not right.");
}

static int add_credential(struct admin_job *job, struct credential *c, const uint8_t kek[KEK_SIZE], const struct secrets *secrets,
	struct error *err)
{
	struct buf wrap = BUF_INIT(WRAP_BUF_MAX);
	struct wrap_owner owner = {.credential = c->id, .kind = c->kind};
	memcpy(owner.account, job->account.id, sizeof owner.account);
	memcpy(c->account, job->account.id, sizeof c->account);
	wrap_seal(&owner, kek, secrets, &wrap);
	c->wrap = buf_slice(&wrap);
	c->created = job_unix(job);
	int rc = wrap.failed ? error_set(err, ERR_LIMIT, "a wrap is too large") : directory_credential_add(job_directory(job), c, err);
	buf_free(&wrap);
	return rc;
}

/* The SCRAM keys that were computed beside the password's KEK, when they are wanted. */
static int add_scram(struct admin_job *job, uint32_t credential, const struct secrets *secrets, struct error *err)
{
	const struct kek_result *r = &job->new_kek.result;
	return scram_rows_add(job_directory(job), job->account.id, credential, r->scram_pepper, r->scram, r->scram_count, secrets, err);
}

static int add_code(struct admin_job *job, enum wrap_kind kind, const uint8_t code[CODE_SIZE], struct slice label,
	const struct secrets *secrets, uint32_t *ret_id, struct error *err)
{
	struct credential c = {.kind = kind, .label = label};
	uint8_t kek[KEK_SIZE];
	int rc = directory_credential_number(job_directory(job), &c.id, err);
	if (rc != 0)
		return rc;
	struct wrap_owner owner = {.credential = c.id, .kind = kind};
	memcpy(owner.account, job->account.id, sizeof owner.account);
	wrap_kek_code(&owner, code, kek);
	code_lookup(code, directory_lookup_key(job_directory(job)), c.lookup);
	rc = add_credential(job, &c, kek, secrets, err);
	secret_wipe(kek, sizeof kek);
	*ret_id = c.id;
	return rc;
}

int job_replace_credentials(struct admin_job *job, const struct secrets *secrets, char *ret_code, struct error *err)
{
	const struct kek_request *r = &job->new_kek.request;
	struct credential password = {.id = r->owner.credential, .kind = WRAP_PASSWORD, .cost = r->cost};
	uint8_t code[CODE_SIZE];
	uint32_t id;
	struct delegation *delegates = arena_alloc_array(&job->arena, DELEGATIONS_MAX, sizeof *delegates);
	memcpy(password.salt, r->salt, sizeof password.salt);
	int count = delegation_list(job_directory(job), job->account.id, true, &job->arena, delegates);
	int rc = count < 0 ? count : directory_credential_remove_all(job_directory(job), job->account.id, err);
	if (rc == 0)
		rc = session_remove_all(job_directory(job), job->account.id, err);
	if (rc == 0)
		rc = add_credential(job, &password, job->new_kek.result.kek, secrets, err);
	if (rc == 0)
		rc = directory_imported_remove(job_directory(job), job->account.id, err);
	if (rc == 0)
		rc = job_keep_history(job, err);
	/* Beside a second factor the password has no SCRAM keys. */
	if (rc == 0 && auth_factors_exist(job_directory(job), job->account.id) == 0)
		rc = add_scram(job, password.id, secrets, err);
	if (rc == 0)
		rc = escrow_add(job_directory(job), &job->account, secrets, job_unix(job), err);
	if (rc == 0)
		rc = delegation_renew(job_directory(job), delegates, (size_t)count, secrets, job_unix(job), err);
	if (rc != 0 || ret_code == NULL)
		return rc;
	code_make(code);
	code_text(code, CODE_RECOVERY, ret_code);
	rc = add_code(job, WRAP_RECOVERY, code, SLICE_NONE, secrets, &id, err);
	secret_wipe(code, sizeof code);
	return rc;
}

/* ---- a new password with a new generation ---- */

/* Inside a change. `flags`: those the account has afterwards. */
static int new_generation(struct admin_job *job, struct secrets *secrets, uint32_t first, unsigned flags, char *ret_code, struct error *err)
{
	uint8_t secret_key[32];
	int rc = secrets_add(secrets, first, err);
	/* After SECRETS_MAX changes the newest generation stays; the password changes all the same. */
	if (rc != 0 && rc != ERR_LIMIT)
		return rc;
	job->account.generation = secrets_newest(secrets)->generation;
	job->account.flags = flags;
	secrets_pair(secrets_newest(secrets), job->account.public_key, secret_key);
	secret_wipe(secret_key, sizeof secret_key);
	rc = directory_account_update(job_directory(job), &job->account, err);
	return rc == 0 ? job_replace_credentials(job, secrets, ret_code, err) : rc;
}

static int count_app_passwords(struct admin_job *job)
{
	struct credential *apps = arena_alloc_array(&job->arena, APP_PASSWORDS_MAX, sizeof *apps);
	return directory_credential_list(job_directory(job), job->account.id, WRAP_APP, &job->arena, apps, APP_PASSWORDS_MAX);
}

void job_revoke_account(struct admin_job *job, const uint8_t account[16])
{
	job_host(job)->revoke(job_host(job)->arg, account, 0);
	delegation_revoke(job_directory(job), job_host(job), account);
}

static int change_password(struct admin_job *job, struct secrets *secrets, char *ret_code)
{
	struct error err = {0};
	int apps = count_app_passwords(job);
	int rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = new_generation(job, secrets, 1, job->account.flags & ~(unsigned)ACCOUNT_PROVISIONAL, ret_code, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	if (rc != 0) {
		directory_rollback(job_directory(job));
		return job_refuse_error(job, rc, "account");
	}
	bool own = ret_code != NULL && (job->subject.kind == AUTH_PERSON || job->old_kek.wanted);
	job_event(job, own ? EV_PASSWORD_CHANGED : EV_PASSWORD_RESET,
		LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address), LOG_TEXT("why", job->operation->name));
	job_set(job, "app_passwords_removed", json_integer(apps > 0 ? apps : 0));
	job_revoke_account(job, job->account.id);
	return 0;
}

static int keep_mail(struct admin_job *job, struct secrets *secrets)
{
	char code[CODE_TEXT_SIZE + 1] = "";
	int rc = change_password(job, secrets, code);
	if (rc == 0)
		job_set(job, "recovery_code", json_string(code));
	secret_wipe(code, sizeof code);
	return rc;
}

int job_reset_password(struct admin_job *job, struct secrets *secrets)
{
	return change_password(job, secrets, NULL);
}

static int passwd_prepare(struct admin_job *job)
{
	int rc = job_stretch_old(job, "old");
	return rc == 0 ? job_stretch_new(job, "new") : rc;
}

static int user_passwd(struct admin_job *job)
{
	struct secrets secrets = SECRETS_NONE;
	int rc = job_open_password(job, &secrets);
	if (rc == 0)
		rc = job_prove_second(job, &secrets);
	if (rc == 0)
		rc = job_check_password(job, job_text(job, "new"), true);
	if (rc == 0)
		rc = job_after_history(job, &secrets, keep_mail);
	secrets_free(&secrets);
	return rc;
}

/* A new password and no second factor: who sets that is that person from then on. Nobody becomes an officer or an approver so. */
static int refuse_privileged(struct admin_job *job)
{
	bool two = false;
	int rc = job_not_alone(job, &job->account, &two);
	return rc == 0 && two ? job_refuse(job, ADMIN_DENIED, "second_person", "This account has rights that nobody takes over alone: "
		"its recovery code, the escrow, or the emergency access (--break-glass) open it; or its roles end first.") : rc;
}

static int wrong_code(struct admin_job *job)
{
	return job_refuse(job, ADMIN_DENIED, "recovery_code", "The recovery code is not that of this account, or was replaced.");
}

static int open_recovery(struct admin_job *job, struct secrets *ret)
{
	uint8_t code[CODE_SIZE], lookup[CODE_LOOKUP_SIZE], kek[KEK_SIZE];
	struct credential c;
	if (job_allowed(job) != 0)
		return ERR_DENIED;
	if (!code_parse(job_text(job, "recovery_code"), CODE_RECOVERY, code))
		return job_refuse(job, ADMIN_DENIED, "recovery_code", "The recovery code is not right: a letter is missing or mistyped.");
	code_lookup(code, directory_lookup_key(job_directory(job)), lookup);
	int rc = directory_credential_by_code(job_directory(job), job->account.id, WRAP_RECOVERY, lookup, &job->arena, &c);
	if (rc == ERR_NOT_FOUND)
		job_tried(job, false);
	if (rc != 0)
		secret_wipe(code, sizeof code);
	if (rc != 0)
		return rc == ERR_NOT_FOUND ? wrong_code(job) : job_refuse_error(job, rc, "account");
	struct wrap_owner owner = {.credential = c.id, .kind = WRAP_RECOVERY};
	memcpy(owner.account, job->account.id, sizeof owner.account);
	wrap_kek_code(&owner, code, kek);
	rc = wrap_open(&owner, kek, c.wrap, ret, NULL);
	secret_wipe(kek, sizeof kek);
	secret_wipe(code, sizeof code);
	job->opened_by = c.id;
	return rc == 0 ? 0 : job_refuse(job, ADMIN_FAILED, "internal", "The account's secrets cannot be opened.");
}

/* Who may give new keys, to whom; the old ones are lost. */
static int may_discard(struct admin_job *job)
{
	struct auth_object object = job_object(&job->account);
	int rc = job_permit(job, AUTH_ACCOUNT_DISCARD, &object);
	if (rc == 0 && !job->known)
		rc = job_refuse_error(job, ERR_NOT_FOUND, "user");
	return rc == 0 ? refuse_privileged(job) : rc;
}

static int reset_prepare(struct admin_job *job)
{
	struct secrets secrets = SECRETS_NONE;
	int rc;
	if (job_text(job, "recovery_code").n > 0) {
		rc = open_recovery(job, &secrets); /* strangers cause no work of the pool */
		secrets_free(&secrets);
	} else if (!json_is_true(json_object_get(job->args, "lose_mail"))) {
		rc = job_refuse(job, ADMIN_DENIED, "mail_would_be_lost",
			"Without the recovery code all mail of this account is lost for good. "
			"Give the recovery code, or say that the mail may be lost.");
	} else {
		rc = may_discard(job);
	}
	return rc == 0 ? job_stretch_new(job, "new") : rc;
}

int job_forget_delegations(struct admin_job *job, struct error *err)
{
	struct delegation *list = arena_alloc_array(&job->arena, DELEGATIONS_MAX, sizeof *list);
	int rc = 0;
	for (int given = 0; given < 2 && rc == 0; given++) {
		int count = delegation_list(job_directory(job), job->account.id, given != 0, &job->arena, list);
		rc = count < 0 ? count : 0;
		for (int i = 0; i < count && rc == 0; i++)
			rc = delegation_remove(job_directory(job), &list[i], job_unix(job), err);
	}
	return rc;
}

static int discard_in_change(struct admin_job *job, struct error *err)
{
	struct secrets secrets = SECRETS_NONE;
	/* What was sealed with or to what is lost now. */
	int rc = directory_factor_remove_kinds(job_directory(job), job->account.id, ~0u, err);
	if (rc == 0)
		rc = directory_share_forget(job_directory(job), job->account.id, err);
	if (rc == 0)
		rc = job_forget_delegations(job, err);
	if (rc == 0)
		rc = new_generation(job, &secrets, job->account.generation + 1, job->account.flags | ACCOUNT_PROVISIONAL, NULL, err);
	secrets_free(&secrets);
	return rc;
}

static int discard_mail(struct admin_job *job)
{
	int rc = may_discard(job);
	if (rc == 0)
		rc = job_check_password(job, job_text(job, "new"), true);
	if (rc == 0)
		rc = job_change(job, discard_in_change);
	if (rc != 0)
		return rc;
	job_event(job, EV_PASSWORD_RESET, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address), LOG_STR("why", "lose_mail"));
	job_set(job, "mail_lost", json_true());
	job_set(job, "provisional", json_true());
	job_revoke_account(job, job->account.id);
	return 0;
}

static int user_reset(struct admin_job *job)
{
	struct secrets secrets = SECRETS_NONE;
	if (job_text(job, "recovery_code").n == 0)
		return discard_mail(job);
	int rc = job->account.state == ACCOUNT_ACTIVE ? open_recovery(job, &secrets) : wrong_code(job);
	if (rc == 0)
		rc = job_check_password(job, job_text(job, "new"), true);
	if (rc == 0)
		rc = job_after_history(job, &secrets, keep_mail);
	secrets_free(&secrets);
	return rc;
}

/* ---- within the own session ---- */

int job_open_own(struct admin_job *job, struct secrets *ret)
{
	struct error err = {0};
	if (job->subject.kind != AUTH_PERSON || job->subject.token)
		return job_refuse(job, ADMIN_DENIED, "sign_in", "Sign in first: this is done in a session of one's own.");
	int rc = directory_account_get(job_directory(job), job->subject.account, &job->arena, &job->account);
	if (rc == 0)
		rc = auth_factors_exist(job_directory(job), job->subject.account);
	if (rc == 1 && job_step_up(job) != 0)
		return ERR_DENIED;
	if (rc == 0 && job_factor_first(job) != 0)
		return ERR_DENIED;
	rc = rc < 0 ? rc : session_open(&job->session, job->token, ret, &err);
	return rc == 0 ? 0 : job_refuse(job, ADMIN_FAILED, "internal", "The account's secrets cannot be opened.");
}

static int recovery_in_change(struct admin_job *job, const struct secrets *secrets, const uint8_t code[CODE_SIZE], struct error *err)
{
	struct credential old;
	uint32_t id;
	int rc;
	while ((rc = directory_credential_list(job_directory(job), job->account.id, WRAP_RECOVERY, &job->arena, &old, 1)) == 1)
		if ((rc = directory_credential_remove(job_directory(job), job->account.id, old.id, WRAP_RECOVERY, err)) != 0)
			return rc;
	return rc < 0 ? rc : add_code(job, WRAP_RECOVERY, code, SLICE_NONE, secrets, &id, err);
}

static int recovery_make(struct admin_job *job)
{
	struct secrets secrets = SECRETS_NONE;
	struct error err = {0};
	uint8_t code[CODE_SIZE];
	char text[CODE_TEXT_SIZE + 1] = "";
	if (job_open_own(job, &secrets) != 0)
		return ERR_DENIED;
	code_make(code);
	int rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = recovery_in_change(job, &secrets, code, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	directory_rollback(job_directory(job));
	code_text(code, CODE_RECOVERY, text);
	if (rc == 0)
		job_set(job, "recovery_code", json_string(text));
	secret_wipe(code, sizeof code);
	secret_wipe(text, sizeof text);
	secrets_free(&secrets);
	return rc == 0 ? 0 : job_refuse_error(job, rc, "recovery code");
}

/* ---- app passwords ---- */

static int app_add_in_change(struct admin_job *job, const struct secrets *secrets, struct slice label, struct slice device,
	struct credential_rule *rule, struct error *err)
{
	uint32_t id = 0;
	int rc = add_code(job, WRAP_APP, job->code, label, secrets, &id, err);
	if (rc == 0)
		rc = add_scram(job, id, secrets, err);
	if (rc == 0)
		rc = job_add_rule(job, id, rule, device, "app password", err);
	if (rc == 0) {
		job_set(job, "app_password", json_string(job->code_text));
		job_set(job, "id", job_json(arena_printf(&job->arena, "%u", id)));
	}
	return rc;
}

/* For SCRAM the text counts, not the code: keys for the text as it is shown and for the one without hyphens. */
static int app_add_prepare(struct admin_job *job)
{
	struct kek_request *r = &job->new_kek.request;
	code_make(job->code);
	code_text(job->code, CODE_APP_PASSWORD, job->code_text);
	code_text_plain(job->code, CODE_APP_PASSWORD, job->code_plain);
	*r = (struct kek_request){.texts = {slice_str(job->code_text), slice_str(job->code_plain)}, .text_count = 2};
	memcpy(r->owner.account, job->account.id, sizeof r->owner.account);
	memcpy(r->scram_salt, job->account.scram_salt, sizeof r->scram_salt);
	job->new_kek.wanted = true;
	return job_stretch_old(job, "password");
}

static int app_add(struct admin_job *job)
{
	struct error err = {0};
	struct secrets secrets = SECRETS_NONE;
	struct slice label, device;
	struct credential_rule rule;
	int rc = job_open_password(job, &secrets);
	if (rc == 0)
		rc = job_prove_second(job, &secrets);
	if (rc == 0)
		rc = job_factor_first(job);
	if (rc == 0)
		rc = job_name(job, "label", &label);
	if (rc == 0)
		rc = job_name(job, "device", &device);
	if (rc == 0)
		rc = job_read_rule(job, &rule);
	if (rc == 0 && count_app_passwords(job) >= APP_PASSWORDS_MAX)
		rc = job_refuse(job, ADMIN_FAILED, "limit", "An account has at most %d app passwords.", APP_PASSWORDS_MAX);
	if (rc != 0)
		goto out;
	rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = app_add_in_change(job, &secrets, label, device.n > 0 ? device : label, &rule, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	if (rc != 0) {
		directory_rollback(job_directory(job));
		job_refuse_error(job, rc, "app password");
	}
out:
	secrets_free(&secrets);
	return rc;
}

static int app_list(struct admin_job *job)
{
	access_flush(job_access(job));
	struct credential *apps = arena_alloc_array(&job->arena, APP_PASSWORDS_MAX, sizeof *apps);
	int count = directory_credential_list(job_directory(job), job->account.id, WRAP_APP, &job->arena, apps, APP_PASSWORDS_MAX);
	if (count < 0)
		return job_refuse_error(job, count, "account");
	json_t *out = json_array();
	for (int i = 0; i < count; i++) {
		json_t *a = json_object();
		json_object_set_new(a, "id", job_json(arena_printf(&job->arena, "%u", apps[i].id)));
		json_object_set_new(a, "label", job_json(apps[i].label));
		json_object_set_new(a, "created", json_integer((json_int_t)apps[i].created));
		job_show_rule(job, apps[i].id, a);
		json_array_append_new(out, a);
	}
	job_set(job, "app_passwords", out);
	return 0;
}

static int app_remove_in_change(struct admin_job *job, struct error *err)
{
	uint32_t id;
	if (slice_to_u32(job_text(job, "id"), &id) != 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "The id of an app password is a number.");
	int rc = directory_credential_remove(job_directory(job), job->account.id, id, WRAP_APP, err);
	if (rc == 0)
		rc = job_forget_credential(job, id, err);
	if (rc != 0)
		job_refuse_error(job, rc, "app password");
	job->password.id = id;
	return rc;
}

static int app_remove(struct admin_job *job)
{
	int rc = job_change(job, app_remove_in_change);
	if (rc == 0)
		job_host(job)->revoke(job_host(job)->arg, job->account.id, job->password.id);
	return rc;
}

const struct admin_operation_row admin_secret_rows[] = {
	{"user.passwd", OBJECT_PROOF, passwd_prepare, user_passwd},
	{"user.reset", OBJECT_PROOF, reset_prepare, user_reset},
	{"recovery.make", OBJECT_OWN_CHECK, NULL, recovery_make},
	{"user.app_password.add", OBJECT_PROOF, app_add_prepare, app_add},
	{"user.app_password.list", OBJECT_ACCOUNT, NULL, app_list},
	{"user.app_password.remove", OBJECT_ACCOUNT, NULL, app_remove},
	{0},
};
