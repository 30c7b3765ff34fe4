#include <string.h>

#include "auth/admin_book.h"
#include "auth/admin_job.h"
#include "auth/contain.h"
#include "auth/directory_keys.h"
#include "base/codec.h"
#include "crypt/crypt.h"

static json_t *account_json(const struct account *a)
{
	const char *role = auth_role_name(a->role);
	json_t *u = json_object();
	json_object_set_new(u, "address", job_json(a->address));
	json_object_set_new(u, "name", job_json(a->name));
	json_object_set_new(u, "department", job_json(a->department));
	json_object_set_new(u, "language", job_json(a->language));
	json_object_set_new(u, "role", json_string(role != NULL ? role : ""));
	json_object_set_new(u, "state", json_string(account_state_name(a->state)));
	json_object_set_new(u, "quota", json_integer((json_int_t)a->quota));
	json_object_set_new(u, "provisional", json_boolean((a->flags & ACCOUNT_PROVISIONAL) != 0));
	return u;
}

static int user_list(struct admin_job *job)
{
	struct account *list = arena_alloc_array(&job->arena, DIRECTORY_PAGE + 1, sizeof *list);
	struct slice domain = SLICE_NONE;
	int rc = job_text(job, "domain").n > 0 ? job_domain(job, "domain", &domain) : 0;
	struct directory_domain known;
	if (rc == 0 && domain.n > 0 && (rc = directory_domain_get(job_directory(job), domain, &job->arena, &known)) < 0)
		return job_refuse_error(job, rc, "domain");
	if (rc != 0)
		return rc;
	int count = directory_account_list(job_directory(job), domain, job_text(job, "after"), &job->arena, list, DIRECTORY_PAGE + 1);
	if (count < 0)
		return job_refuse_error(job, count, "user");
	json_t *out = json_array();
	for (int i = 0; i < count && i < DIRECTORY_PAGE; i++) {
		struct auth_object object = job_object(&list[i]);
		if (job_may(job, AUTH_ACCOUNT_SEE, &object))
			json_array_append_new(out, account_json(&list[i]));
	}
	job_set(job, "users", out);
	job_set(job, "more", json_boolean(count > DIRECTORY_PAGE));
	if (count > DIRECTORY_PAGE)
		job_set(job, "next", job_json(list[DIRECTORY_PAGE - 1].address));
	return 0;
}

static int add_containment(struct admin_job *job)
{
	struct containment c;
	int rc = directory_containment_get(job_directory(job), job->account.id, &job->arena, &c);
	if (rc != 0)
		return job_refuse_error(job, rc, "user");
	job_set(job, "restriction", json_string(auth_restriction_name(c.level)));
	if (c.level == AUTH_FREE)
		return 0;
	job_set(job, "restriction_reason", job_json(c.reason));
	job_set(job, "restriction_author", job_json(c.automatic ? SLICE("letterlock") : c.author));
	job_set(job, "restriction_since", json_integer((json_int_t)c.since));
	return 0;
}

static int user_show(struct admin_job *job)
{
	struct credential *apps = arena_alloc_array(&job->arena, APP_PASSWORDS_MAX, sizeof *apps);
	int count = directory_credential_list(job_directory(job), job->account.id, WRAP_APP, &job->arena, apps, APP_PASSWORDS_MAX);
	if (count < 0)
		return job_refuse_error(job, count, "user");
	json_decref(job->result);
	job->result = account_json(&job->account);
	job_set(job, "created", json_integer((json_int_t)job->account.created));
	job_set(job, "app_passwords", json_integer(count));
	int rc = job_book_show(job);
	if (rc != 0)
		return rc;
	return add_containment(job);
}

/*
 * Nobody puts an account where he may not change any. The department of who has rights over it is the scope of these rights: whoever changes it
 * may change accounts everywhere.
 */
static int check_department(struct admin_job *job, const struct account *a, struct slice department)
{
	struct auth_object object = job_object(a), organisation = {0};
	object.department = department;
	return job_permit(job, job->operation->right, a->role == AUTH_ROLE_DEPARTMENT ? &organisation : &object);
}

static int read_department(struct admin_job *job, struct account *a)
{
	struct slice department;
	int rc = job_name(job, "department", &department);
	if (rc == 0 && !slice_eq(department, a->department))
		rc = check_department(job, a, department);
	if (rc == 0)
		a->department = department;
	return rc;
}

int job_language(struct admin_job *job, struct account *a)
{
	struct slice text = job_text(job, "language");
	if (text.n > 0 && !slice_eq(text, SLICE("en")) && !slice_eq(text, SLICE("zh-CN")) && !slice_eq(text, SLICE("zh-TW")))
		return job_refuse(job, ADMIN_INVALID, "invalid", "Languages are en, zh-CN and zh-TW.");
	a->language = text;
	return 0;
}

/* name, department, language, role, quota: those that are given replace the ones in `a`. */
int job_account_properties(struct admin_job *job, struct account *a)
{
	int rc = 0;
	const json_t *quota = json_object_get(job->args, "quota");
	enum auth_role role = a->role;
	if (job_has(job, "name") && (rc = job_name(job, "name", &a->name)) != 0)
		return rc;
	if (job_has(job, "department") && (rc = read_department(job, a)) != 0)
		return rc;
	if (job_has(job, "language") && (rc = job_language(job, a)) != 0)
		return rc;
	if (quota != NULL && (!json_is_integer(quota) || json_integer_value(quota) < 0))
		return job_refuse(job, ADMIN_INVALID, "invalid", "The quota is a number of bytes.");
	if (quota != NULL)
		a->quota = (uint64_t)json_integer_value(quota);
	if (job_has(job, "role") && !auth_role_parse(job_text(job, "role"), &role))
		return job_refuse(job, ADMIN_INVALID, "invalid", "Roles are user, department, administrator, officer, auditor, approver and custodian.");
	if (role != a->role && (rc = job_may_give_role(job, a, role)) != 0)
		return rc;
	if (job_settings(job)->gateway_only && (role != a->role || a->generation == 0) && auth_permit_own(role, AUTH_MAIL_RECEIVE))
		return job_refuse(job, ADMIN_INVALID, "gateway", "This machine is a gateway only (gateway.only): nobody has a mailbox here.");
	a->role = role;
	return 0;
}

static int user_add_prepare(struct admin_job *job)
{
	struct address address;
	struct directory_address found;
	int rc = job_mailbox_address(job, "address", &address);
	if (rc != 0)
		return rc;
	if (directory_address_get(job_directory(job), address.local, address.domain, &job->arena, &found) == 0)
		return job_refuse_error(job, ERR_EXISTS, "address");
	struct account *a = &job->account;
	*a = (struct account){.address = address_text(&address, &job->arena), .state = ACCOUNT_ACTIVE, .role = AUTH_ROLE_USER,
		.flags = ACCOUNT_PROVISIONAL, .created = job_unix(job)};
	random_bytes(a->id, sizeof a->id);
	random_bytes(a->scram_salt, sizeof a->scram_salt);
	rc = job_account_properties(job, a);
	return rc == 0 ? job_stretch_new(job, "password") : rc;
}

static int add_in_change(struct admin_job *job, struct error *err)
{
	struct secrets secrets = SECRETS_NONE;
	uint8_t secret_key[32];
	int rc = secrets_add(&secrets, 1, err);
	if (rc != 0)
		return rc;
	job->account.generation = secrets_newest(&secrets)->generation;
	secrets_pair(secrets_newest(&secrets), job->account.public_key, secret_key);
	secret_wipe(secret_key, sizeof secret_key);
	rc = directory_account_add(job_directory(job), &job->account, err);
	if (rc == 0)
		rc = job_replace_credentials(job, &secrets, NULL, err);
	secrets_free(&secrets);
	return rc;
}

static int user_add(struct admin_job *job)
{
	int rc = job_change(job, add_in_change);
	if (rc == 0) {
		job_event(job, EV_ACCOUNT_ADDED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address),
			LOG_STR("right", auth_role_name(job->account.role)));
		job_set(job, "address", job_json(job->account.address));
		job_set(job, "provisional", json_true());
	}
	return rc;
}

static int update_in_change(struct admin_job *job, struct error *err)
{
	return directory_account_update(job_directory(job), &job->account, err);
}

static int set_in_change(struct admin_job *job, struct error *err)
{
	int rc = update_in_change(job, err);
	return rc == 0 && job_book_given(job) ? job_book_change(job, err) : rc;
}

static int user_set(struct admin_job *job)
{
	enum auth_role before = job->account.role;
	int rc = job_account_properties(job, &job->account);
	if (rc == 0)
		rc = job_book_check(job);
	if (rc != 0 || json_is_true(json_object_get(job->args, "dry_run")))
		return rc;
	rc = job_change(job, set_in_change);
	if (rc == 0)
		job_event(job, EV_ACCOUNT_CHANGED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address),
			LOG_STR("what", before != job->account.role ? auth_role_name(job->account.role) : "properties"));
	if (rc == 0 && before != job->account.role)
		job_host(job)->revoke(job_host(job)->arg, job->account.id, 0);
	return rc;
}

static int state_in_change(struct admin_job *job, struct error *err)
{
	int rc = update_in_change(job, err);
	return rc == 0 && job->account.state == ACCOUNT_ACTIVE ? directory_leaver_remove(job_directory(job), job->account.id, err) : rc;
}

static int set_state(struct admin_job *job, enum account_state state)
{
	/* What it is already may be said again. */
	int rc = job->account.state != state ? job_second_for(job, &job->account) : 0;
	job->account.state = state;
	if (rc == 0)
		rc = job_change(job, state_in_change);
	if (rc == 0)
		job_event(job, state == ACCOUNT_ACTIVE ? EV_ACCOUNT_ENABLED : EV_ACCOUNT_DISABLED, LOG_TEXT("actor", job->subject.name),
			LOG_TEXT("address", job->account.address));
	if (rc == 0 && state != ACCOUNT_ACTIVE)
		job_revoke_account(job, job->account.id);
	return rc;
}

/* For mail.remove and queue.account_remove. */
static void name_account(struct admin_job *job)
{
	struct buf id = BUF_INIT(32);
	hex_encode(slice_make(job->account.id, sizeof job->account.id), &id);
	job_set(job, "account", job_json(buf_slice(&id)));
	buf_free(&id);
}

static int user_disable(struct admin_job *job)
{
	int rc = set_state(job, ACCOUNT_DISABLED);
	if (rc == 0)
		name_account(job);
	return rc;
}

static int user_enable(struct admin_job *job)
{
	struct arena arena = ARENA_INIT;
	struct slice text;
	bool shredded = directory_destruction_get(job_directory(job), job->account.address, &arena, &text) == 0
		&& directory_credential_count(job_directory(job), job->account.id, WRAP_PASSWORD) == 0;
	arena_free(&arena);
	if (shredded)
		return job_refuse(job, ADMIN_FAILED, "shredded", "The keys of this account are destroyed: user reset --lose-mail gives it new ones first.");
	return set_state(job, ACCOUNT_ACTIVE);
}

static int remove_in_change(struct admin_job *job, struct error *err)
{
	int rc = directory_address_forget(job_directory(job), job->account.address, err);
	return rc == 0 ? directory_account_remove(job_directory(job), job->account.id, err) : rc;
}

/* With the wraps go the secrets: the mail cannot be read any more by anybody. */
static int user_remove(struct admin_job *job)
{
	int rc = job_second_for(job, &job->account);
	if (rc == 0)
		rc = job_change(job, remove_in_change);
	if (rc == 0) {
		job_event(job, EV_ACCOUNT_REMOVED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address));
		job_host(job)->revoke(job_host(job)->arg, job->account.id, 0);
		name_account(job);
	}
	return rc;
}

const struct admin_operation_row admin_user_rows[] = {
	{"user.list", OBJECT_OWN_CHECK, NULL, user_list},
	{"user.show", OBJECT_ACCOUNT, NULL, user_show},
	{"user.add", OBJECT_NAMED, user_add_prepare, user_add},
	{"user.set", OBJECT_ACCOUNT, NULL, user_set},
	{"user.disable", OBJECT_ACCOUNT, NULL, user_disable},
	{"user.enable", OBJECT_ACCOUNT, NULL, user_enable},
	{"user.remove", OBJECT_ACCOUNT, NULL, user_remove},
	{0},
};
