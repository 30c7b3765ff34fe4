#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "auth/admin_job.h"
#include "auth/admin_device.h"
#include "auth/admin_password.h"
#include "auth/delegation.h"
#include "auth/directory_factor.h"
#include "auth/directory_role.h"
#include "auth/escrow.h"
#include "auth/managed.h"
#include "base/codec.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

#define APPROVAL_S (7 * 86400) /* a request for approval is open so long */

struct auth_admin {
	struct directory *directory;
	struct auth_host host;
	struct kek_queue *keks;
	struct throttle *throttle;
	struct auth_admin_settings settings;
	struct auth_oauth *oauth;
	struct external *external;
	struct auth_ldap *ldap;
	struct access *access;
	struct escrow_requests *escrow;
};

struct auth_admin *auth_admin_create(struct directory *directory, const struct auth_host *host, struct kek_queue *queue, struct throttle *throttle,
                                     const struct auth_admin_settings *settings)
{
	struct auth_admin *admin = memory_alloc(sizeof *admin);
	admin->directory = directory;
	admin->host = *host;
	admin->keks = queue;
	admin->throttle = throttle;
	admin->settings = *settings;
	admin->escrow = escrow_requests_create();
	return admin;
}

void auth_admin_configure(struct auth_admin *admin, const struct auth_admin_settings *settings)
{
	admin->settings = *settings;
}

void auth_admin_oauth(struct auth_admin *admin, struct auth_oauth *oauth)
{
	admin->oauth = oauth;
}

void auth_admin_external(struct auth_admin *admin, struct external *external)
{
	admin->external = external;
}

void auth_admin_ldap(struct auth_admin *admin, struct auth_ldap *ldap)
{
	admin->ldap = ldap;
}

struct auth_ldap *job_ldap(const struct admin_job *job)
{
	return job->admin->ldap;
}

struct external *job_external(const struct admin_job *job)
{
	return job->admin->external;
}

struct auth_oauth *job_oauth(const struct admin_job *job)
{
	return job->admin->oauth;
}

void auth_admin_access(struct auth_admin *admin, struct access *access)
{
	admin->access = access;
}

struct access *job_access(const struct admin_job *job)
{
	return job->admin->access;
}

struct escrow_requests *job_escrow(const struct admin_job *job)
{
	return job->admin->escrow;
}

void auth_admin_tick(struct auth_admin *admin)
{
	delegation_sweep(admin->directory, &admin->host, moment_unix(admin->host.now(admin->host.arg)));
}

void auth_admin_destroy(struct auth_admin **admin)
{
	if (*admin != NULL)
		escrow_requests_destroy(&(*admin)->escrow);
	MEMORY_FREE(admin);
}

struct directory *job_directory(const struct admin_job *job) { return job->admin->directory; }
const struct auth_admin_settings *job_settings(const struct admin_job *job) { return &job->admin->settings; }
struct kek_queue *job_keks(const struct admin_job *job) { return job->admin->keks; }
const struct auth_host *job_host(const struct admin_job *job) { return &job->admin->host; }

/* A text member of a JSON object; empty when there is none. */
static struct slice json_slice(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);
	return json_is_string(v) ? slice_make(json_string_value(v), json_string_length(v)) : SLICE_NONE;
}

int64_t job_unix(const struct admin_job *job)
{
	return moment_unix(job->admin->host.now(job->admin->host.arg));
}

/* ---- results ---- */

void job_set(struct admin_job *job, const char *name, json_t *value)
{
	json_object_set_new(job->result, name, value);
}

json_t *job_json(struct slice text)
{
	json_t *value = json_stringn((const char *)text.p, text.n);
	return value != NULL ? value : json_string("");
}

int job_refuse(struct admin_job *job, enum admin_status status, const char *code, const char *format, ...)
{
	char text[400];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	job->status = status;
	json_object_clear(job->result);
	job_set(job, "code", json_string(code));
	job_set(job, "error", job_json(utf8_prefix(slice_str(text), sizeof text)));
	return ERR_DENIED;
}

/* What an administrator does when a thing is missing. */
static const char *missing_hint(const char *what)
{
	static const struct { const char *what, *hint; } hints[] = {
		{"domain", "; letterlock domain add makes it"},
		{"user", "; letterlock user list shows them"},
		{"group", "; letterlock group list shows them"},
		{"alias", "; letterlock alias list shows them"},
		{"target", " address here; add the user, group or alias first"},
		{"catch_all", " address here; add the user, group or alias first"},
		{"postmaster", " address here; add the user, group or alias first"},
		{"member", " address here; add the user, group or alias first"},
	};
	for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
		if (strcmp(hints[i].what, what) == 0)
			return hints[i].hint;
	return "";
}

int job_refuse_error(struct admin_job *job, int rc, const char *what)
{
	switch (rc) {
	case ERR_NOT_FOUND:
		return job_refuse(job, ADMIN_NOT_FOUND, "not_found", "There is no such %s%s.", what, missing_hint(what));
	case ERR_EXISTS:
		return job_refuse(job, ADMIN_FAILED, "exists", "The %s exists already.", what);
	case ERR_LIMIT:
		return job_refuse(job, ADMIN_FAILED, "limit", "The limit for the %s is reached.", what);
	case ERR_CONFLICT:
		return job_refuse(job, ADMIN_FAILED, "in_use", "The %s is still in use%s.", what,
			strcmp(what, "domain") == 0 ? ": users, aliases or groups are left in it" : "");
	case ERR_NO_SPACE:
		return job_refuse(job, ADMIN_FAILED, "disk_full", "The disk is full.");
	default:
		return job_refuse(job, ADMIN_FAILED, "internal", "The directory could not be read or written.");
	}
}

static void job_free(struct admin_job *job)
{
	json_decref(job->args);
	json_decref(job->result);
	arena_free(&job->arena);
	buf_free_secret(&job->prepared);
	secret_wipe(job, sizeof *job);
	memory_free(job);
}

/* jansson's texts go back through the function that it was set up with. */
static void give_back(char *text)
{
	json_malloc_t allocate;
	json_free_t release;
	json_get_alloc_funcs(&allocate, &release);
	release(text);
}

static void finish(struct admin_job *job);

static void finish_late(void *arg)
{
	finish(arg);
}

/* Refused passwords are answered at the same distance from the question, whatever work they took. */
static bool wait_before(struct admin_job *job)
{
	const struct auth_host *host = job_host(job);
	int64_t left = job->began_ms + job->delay_ms - host->now(host->arg).mono_ms;
	bool wait = job->delay_ms > 0 && left > 0;
	job->delay_ms = 0;
	if (wait)
		host->after(host->arg, left, finish_late, job);
	return wait;
}

static void finish(struct admin_job *job)
{
	if (wait_before(job))
		return;
	char *text = json_dumps(job->result, JSON_COMPACT);
	struct slice result = text != NULL ? slice_str(text) : SLICE("{}");
	if (result.n > ADMIN_JSON_MAX) {
		job->status = ADMIN_FAILED;
		result = SLICE("{\"code\":\"limit\",\"error\":\"The answer is too large.\"}");
	}
	job->fn(job->arg, job->status, result);
	if (text != NULL)
		secret_wipe(text, strlen(text));
	give_back(text);
	job_free(job);
}

/* ---- members of args ---- */

bool job_has(const struct admin_job *job, const char *name)
{
	return json_object_get(job->args, name) != NULL;
}

struct slice job_text(const struct admin_job *job, const char *name)
{
	return json_slice(job->args, name);
}

static bool has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return true;
	return false;
}

int job_name(struct admin_job *job, const char *name, struct slice *ret)
{
	*ret = slice_trim(job_text(job, name));
	if (ret->n > DIRECTORY_NAME_MAX || has_control(*ret))
		return job_refuse(job, ADMIN_INVALID, "invalid", "The %s is too long or has control characters.", name);
	return 0;
}

int job_address(struct admin_job *job, const char *name, struct address *ret)
{
	if (address_parse(job_text(job, name), &job->arena, ret) != 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "\"%.*s\" is no valid address.", SLICE_ARG(slice_sub(job_text(job, name), 0, 320)));
	return 0;
}

int job_own_address(struct admin_job *job, const char *name, struct address *ret)
{
	struct directory_domain domain;
	int rc = job_address(job, name, ret);
	if (rc != 0)
		return rc;
	if (!address_local_usable(ret->local))
		return job_refuse(job, ADMIN_INVALID, "invalid", "The part before \"@\" must be letters, digits and . _ - and the like, without \"+\".");
	rc = directory_domain_get(job_directory(job), ret->domain, &job->arena, &domain);
	return rc == 0 ? 0 : job_refuse_error(job, rc, "domain");
}

int job_target(struct admin_job *job, const char *name, struct slice text, struct slice *ret)
{
	struct address a;
	struct directory_domain domain;
	struct directory_address found;
	struct slice base, detail;
	*ret = SLICE_NONE;
	if (text.n == 0)
		return 0;
	if (address_parse(text, &job->arena, &a) != 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "The %s is no valid address.", name);
	int rc = directory_domain_get(job_directory(job), a.domain, &job->arena, &domain);
	if (rc == 0) {
		rc = directory_address_get(job_directory(job), a.local, a.domain, &job->arena, &found);
		if (rc == ERR_NOT_FOUND && address_detail(a.local, &base, &detail))
			rc = directory_address_get(job_directory(job), base, a.domain, &job->arena, &found);
		*ret = address_text(&a, &job->arena);
		return rc == 0 ? 0 : job_refuse_error(job, rc, name);
	}
	*ret = arena_printf(&job->arena, "%.*s@%.*s", SLICE_ARG(a.given), SLICE_ARG(a.domain));
	return rc == ERR_NOT_FOUND ? 0 : job_refuse_error(job, rc, name);
}

int job_domain(struct admin_job *job, const char *name, struct slice *ret)
{
	*ret = SLICE_NONE;
	struct slice text = job_text(job, name);
	if (address_domain(text, &job->arena, ret) != 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "\"%.*s\" is no valid domain name.", SLICE_ARG(slice_sub(text, 0, 253)));
	return 0;
}

/* ---- passwords ---- */

static void fake_password(struct admin_job *job)
{
	uint8_t fake[HASH_SIZE];
	hash_keyed(job->account.address, directory_lookup_key(job_directory(job)), fake);
	job->password = (struct credential){.cost = job->admin->settings.cost};
	memcpy(job->password.salt, fake, sizeof job->password.salt);
}

/* The password of another system: its hash is verified, and the secrets are opened by `key`. */
static bool stretch_imported(struct admin_job *job, struct slice text)
{
	struct slice hash;
	struct credential managed;
	if (job->managed.wanted || directory_imported_get(job_directory(job), job->account.id, &job->arena, &hash) != 0
	    || directory_credential_list(job_directory(job), job->account.id, WRAP_MANAGED, &job->arena, &managed, 1) != 1)
		return false;
	job->password = managed;
	job->managed.owner = (struct wrap_owner){.credential = managed.id, .kind = WRAP_MANAGED};
	memcpy(job->managed.owner.account, job->account.id, sizeof job->account.id);
	job->managed.wanted = job->old_kek.wanted = job->imported = true;
	job->old_kek.request = (struct kek_request){.password = text, .foreign = hash, .owner = job->managed.owner};
	return true;
}

int job_allowed(struct admin_job *job)
{
	struct moment now = job_host(job)->now(job_host(job)->arg);
	if (throttle_allowed(job->admin->throttle, job->address, job->account.address, now))
		return 0;
	return job_refuse(job, ADMIN_DENIED, "throttled", "Too many failed tries from this address; wait a minute.");
}

void job_tried(struct admin_job *job, bool right)
{
	struct moment now = job_host(job)->now(job_host(job)->arg);
	if (right)
		throttle_succeeded(job->admin->throttle, job->address, job->account.address, now);
	else
		job->delay_ms = throttle_failed(job->admin->throttle, job->address, job->account.address, job->admin->settings.failure_delay_ms, now);
}

int job_stretch_old(struct admin_job *job, const char *name)
{
	struct slice text = job_text(job, name);
	if (job_allowed(job) != 0)
		return ERR_DENIED;
	if (text.n == 0 || text.n > PASSWORD_MAX) {
		job_tried(job, false);
		return job_refuse(job, ADMIN_DENIED, "password", "The name or the password is not right.");
	}
	int rc = job->known ? directory_credential_password(job_directory(job), job->account.id, &job->arena, &job->password) : ERR_NOT_FOUND;
	if (rc == ERR_NOT_FOUND && job->known && stretch_imported(job, text))
		return 0;
	if (rc == ERR_NOT_FOUND)
		fake_password(job); /* unknown names and accounts without password cost the same */
	else if (rc != 0)
		return job_refuse_error(job, rc, "account");
	struct kek_request *r = &job->old_kek.request;
	*r = (struct kek_request){.cost = job->password.cost, .password = text};
	r->owner = (struct wrap_owner){.credential = job->password.id, .kind = WRAP_PASSWORD};
	memcpy(r->owner.account, job->account.id, sizeof r->owner.account);
	memcpy(r->salt, job->password.salt, sizeof r->salt);
	job->old_kek.wanted = true;
	return 0;
}

static int take_number(struct admin_job *job, struct error *err)
{
	return directory_credential_number(job_directory(job), &job->new_kek.request.owner.credential, err);
}

int job_stretch_new(struct admin_job *job, const char *name)
{
	struct slice text = job_text(job, name);
	int rc = job_check_password(job, text, job->row->object != OBJECT_PROOF);
	if (rc != 0)
		return rc;
	struct kek_request *r = &job->new_kek.request;
	*r = (struct kek_request){.cost = job->admin->settings.cost, .password = text, .owner = {.kind = WRAP_PASSWORD}};
	memcpy(r->owner.account, job->account.id, sizeof r->owner.account);
	if (job->admin->settings.scram_passwords)
		r->text_count = scram_texts(text, &job->prepared, r->texts);
	memcpy(r->scram_salt, job->account.scram_salt, sizeof r->scram_salt);
	random_bytes(r->salt, sizeof r->salt);
	job->new_kek.wanted = true;
	return job_change(job, take_number);
}

int job_change(struct admin_job *job, int (*fn)(struct admin_job *job, struct error *err))
{
	struct error err = {0};
	int rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = fn(job, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	if (rc != 0)
		directory_rollback(job_directory(job));
	if (rc != 0 && job->status == ADMIN_OK)
		job_refuse_error(job, rc, "address");
	return rc;
}

static void apply(struct admin_job *job)
{
	int rc = job->kek_rc != 0 ? job_refuse(job, ADMIN_UNAVAILABLE, "overloaded", "Too many sign-ins are being checked now; try again.")
	                          : job->row->apply(job);
	if (!job->later)
		job_conclude(job, rc);
}

void job_conclude(struct admin_job *job, int rc)
{
	if (rc != 0 && job->status == ADMIN_OK)
		job_refuse(job, ADMIN_FAILED, "internal", "An internal error happened.");
	finish(job);
}

static void kek_ready(struct admin_job *job, struct admin_kek *k, int rc, const struct kek_result *result)
{
	if (rc == 0)
		k->result = *result;
	else if (rc != ERR_DENIED)
		job->kek_rc = rc;
	k->ready = rc == 0;
	if (--job->pending == 0)
		apply(job);
}

static void old_ready(void *arg, int rc, const struct kek_result *result)
{
	struct admin_job *job = arg;
	kek_ready(job, &job->old_kek, rc, result);
}

static void new_ready(void *arg, int rc, const struct kek_result *result)
{
	struct admin_job *job = arg;
	kek_ready(job, &job->new_kek, rc, result);
}

static void managed_ready(void *arg, int rc, const uint8_t *kek)
{
	struct admin_job *job = arg;
	if (rc == 0)
		memcpy(job->managed.kek, kek, sizeof job->managed.kek);
	else
		job->kek_rc = rc;
	if (--job->pending == 0)
		apply(job);
}

/* ---- the way of an operation ---- */

const struct admin_operation_row *admin_row_find(struct slice op)
{
	static const struct admin_operation_row *const tables[] = {admin_domain_rows, admin_user_rows, admin_secret_rows, admin_address_rows,
		admin_group_rows, admin_session_rows, admin_factor_rows, admin_import_rows, admin_policy_rows, admin_role_rows, admin_approval_rows, admin_oauth_rows, admin_provider_rows, admin_sso_rows,
		admin_escrow_rows, admin_delegate_rows, admin_leaver_rows, admin_shred_rows, admin_clearance_rows, admin_device_rows, admin_condition_rows, admin_hygiene_rows, admin_party_rows};
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
		for (const struct admin_operation_row *row = tables[i]; row->name != NULL; row++)
			if (slice_eq(op, slice_str(row->name)))
				return row;
	return NULL;
}

static int load_account(struct admin_job *job)
{
	struct address a;
	struct directory_address found;
	int rc = job_address(job, "address", &a);
	if (rc != 0)
		return rc;
	rc = directory_address_get(job_directory(job), a.local, a.domain, &job->arena, &found);
	if (rc == 0 && found.kind != ADDRESS_ACCOUNT)
		rc = ERR_NOT_FOUND;
	if (rc == 0)
		rc = directory_account_get(job_directory(job), found.account, &job->arena, &job->account);
	job->known = rc == 0;
	if (rc == ERR_NOT_FOUND)
		job->account.address = address_text(&a, &job->arena);
	return rc;
}

struct auth_object job_object(const struct account *account)
{
	struct auth_object object = {.department = account->department, .domain = address_domain_of(account->address)};
	memcpy(object.account, account->id, sizeof object.account);
	return object;
}

/* args.address, args.account or args.domain as an object, whether it exists or not; without any the organisation. */
static struct auth_object named_object(struct directory *d, const json_t *args, struct arena *arena)
{
	struct auth_object object = {0};
	struct account account;
	struct address a;
	struct directory_address found;
	struct slice address = json_slice(args, "address"), id = json_slice(args, "account"), domain = json_slice(args, "domain");
	struct buf bytes = BUF_INIT(16);
	if (address.n > 0 && address_parse(address, arena, &a) == 0) {
		object.domain = a.domain;
		if (directory_address_get(d, a.local, a.domain, arena, &found) == 0 && found.kind == ADDRESS_ACCOUNT
		    && directory_account_get(d, found.account, arena, &account) == 0)
			object = job_object(&account);
	} else if (id.n > 0 && hex_decode(id, &bytes) == 0 && buf_len(&bytes) == 16) {
		memcpy(object.account, buf_slice(&bytes).p, 16);
		if (directory_account_get(d, object.account, arena, &account) == 0)
			object = job_object(&account);
	} else if (domain.n > 0) {
		(void)address_domain(domain, arena, &object.domain);
	}
	buf_free(&bytes);
	return object;
}

bool job_may(const struct admin_job *job, enum auth_right right, const struct auth_object *object)
{
	return auth_permit(&job->subject, right, object, job_unix(job));
}

int job_permit(struct admin_job *job, enum auth_right right, const struct auth_object *object)
{
	struct auth_decision decision = auth_decide(&job->subject, right, object, job_unix(job));
	switch (decision.outcome) {
	case AUTH_ALLOW:
		return 0;
	case AUTH_NEEDS_SIGN_IN:
		return job_refuse(job, ADMIN_DENIED, "sign_in", "You are not signed in: %s.", job->why[0] != 0 ? job->why : "sign in first");
	case AUTH_NEEDS_FACTOR:
		return job_refuse(job, ADMIN_DENIED, "factor_needed", "This needs a session with a second factor.");
	case AUTH_DENY:
		break;
	}
	job_event(job, EV_ADMIN_REFUSED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("op", job->operation->name), LOG_STR("why", decision.why));
	return job_refuse(job, ADMIN_DENIED, "denied", "You may not do this: %s.", decision.why);
}

int job_step_up(struct admin_job *job)
{
	return auth_stepped_up(&job->subject, job_unix(job)) ? 0
	     : job_refuse(job, ADMIN_DENIED, "step_up", "Show your second factor again first (session.step_up).");
}

void job_record(const struct admin_job *job, enum log_event event, const struct log_field *fields)
{
	if (job_host(job)->record != NULL)
		job_host(job)->record(job_host(job)->arg, event, fields);
}

static int load_subject(struct admin_job *job, const struct auth_evidence *evidence)
{
	int rc = auth_subject_load(job_directory(job), evidence, &job->admin->settings.local, job_unix(job), &job->arena, &job->subject,
		&job->session, &job->why);
	job->token = arena_dup(&job->arena, evidence->token);
	job->address = arena_dup(&job->arena, evidence->address);
	job->agent = arena_dup(&job->arena, slice_sub(evidence->agent, 0, SESSION_AGENT_MAX));
	if (rc == 0 && job->subject.kind == AUTH_LOCAL_BREAK_GLASS)
		job_event(job, EV_BREAK_GLASS, LOG_TEXT("actor", job->subject.name), LOG_TEXT("op", job->operation->name),
			LOG_TEXT("object", json_slice(job->args, "address")), LOG_TEXT("reason", evidence->reason));
	return rc == 0 ? job_check_session(job) : job_refuse_error(job, rc, "session");
}

/* The account that the operation is about. Unknown ones are told from others only to who may see accounts there. */
static int load_object(struct admin_job *job, struct auth_object *ret)
{
	*ret = named_object(job_directory(job), job->args, &job->arena);
	if (job->row->object == OBJECT_NAMED)
		return 0;
	if (job->row->object == OBJECT_OWN_CHECK) {
		*ret = (struct auth_object){.any = true};
		return 0;
	}
	int rc = load_account(job);
	if (rc == ERR_NOT_FOUND && job->row->object == OBJECT_PROOF)
		return 0;
	if (rc == ERR_NOT_FOUND && job->operation->right != AUTH_ANYBODY && job_permit(job, job->operation->right, ret) != 0)
		return ERR_DENIED;
	return rc == 0 || job->status != ADMIN_OK ? rc : job_refuse_error(job, rc, "user");
}

static int check(struct admin_job *job, const struct auth_evidence *evidence)
{
	struct auth_object object;
	if (job->row == NULL || job->operation == NULL)
		return job_refuse(job, ADMIN_INVALID, "unknown_operation", "There is no such operation.");
	if (!json_is_object(job->args))
		return job_refuse(job, ADMIN_INVALID, "invalid", "The arguments are no JSON object.");
	int rc = load_subject(job, evidence);
	if (rc == 0)
		rc = load_object(job, &object);
	if (rc == 0 && job->operation->right != AUTH_ANYBODY)
		rc = job_permit(job, job->operation->right, &object);
	/* Strangers are recorded only when they are let in (sign-ins are records of their own). */
	if (rc == 0 || job->subject.kind != AUTH_NOBODY)
		job_event(job, EV_ADMIN_REQUEST, LOG_TEXT("actor", job->subject.name), LOG_TEXT("op", job->operation->name),
			LOG_TEXT("object", json_slice(job->args, "address")), LOG_TEXT("ip", job->address));
	return rc;
}

static void start_keks(struct admin_job *job)
{
	job->pending = (unsigned)job->old_kek.wanted + job->new_kek.wanted + job->managed.wanted;
	if (job->pending == 0) {
		apply(job);
		return;
	}
	/* kek_start never answers from inside, so `job` stays valid between the two. */
	if (job->old_kek.wanted)
		kek_start(job->admin->keks, &job->old_kek.request, old_ready, job);
	if (job->new_kek.wanted)
		kek_start(job->admin->keks, &job->new_kek.request, new_ready, job);
	/* Last, because it may answer at once. */
	if (job->managed.wanted)
		managed_kek(&job->admin->host, &job->managed.owner, managed_ready, job);
}

static struct admin_job *job_make(struct auth_admin *admin, struct slice op, struct slice args)
{
	struct admin_job *job = memory_alloc(sizeof *job);
	job->admin = admin;
	job->why = "";
	job->result = json_object();
	buf_init(&job->prepared, PASSWORD_MAX);
	job->args = args.n <= ADMIN_JSON_MAX ? json_loadb((const char *)args.p, args.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	job->row = admin_row_find(op);
	job->operation = auth_operation_find(op);
	job->began_ms = admin->host.now(admin->host.arg).mono_ms;
	return job;
}

void auth_admin_run(struct auth_admin *admin, const struct auth_evidence *evidence, struct slice op, struct slice args, auth_admin_fn *fn, void *arg)
{
	struct admin_job *job = job_make(admin, op, args);
	job->fn = fn;
	job->arg = arg;
	if (check(job, evidence) != 0 || (job->row->prepare != NULL && job->row->prepare(job) != 0)) {
		if (job->status == ADMIN_OK)
			job_refuse(job, ADMIN_FAILED, "internal", "An internal error happened.");
		finish(job);
		return;
	}
	start_keks(job);
}

/* Operations of other roles have no row here. */
static const struct admin_operation_row elsewhere = {.name = "", .object = OBJECT_NAMED};

static void keep_answer(void *arg, unsigned status, struct slice result)
{
	struct slice_in_arena { struct arena *arena; struct slice *ret; } *keep = arg;
	*keep->ret = arena_dup(keep->arena, result);
}

enum admin_status auth_admin_authorize(struct auth_admin *admin, const struct auth_evidence *evidence, struct slice op, struct slice args,
	struct arena *arena, struct slice *ret_subject, struct slice *ret_result)
{
	struct { struct arena *arena; struct slice *ret; } keep = {arena, ret_result};
	struct admin_job *job = job_make(admin, op, args);
	job->fn = keep_answer;
	job->arg = &keep;
	job->row = job->row == NULL ? &elsewhere : NULL; /* what auth does itself is not authorised for others */
	(void)check(job, evidence);
	enum admin_status status = job->status;
	*ret_subject = arena_dup(arena, job->subject.name);
	finish(job);
	return status;
}

int job_run_approved(struct admin_job *job, const char *operation, struct slice args, const uint8_t asker[16], struct slice asker_name)
{
	struct account account;
	struct admin_job *run = job_make(job->admin, slice_str(operation), args);
	struct auth_object object;
	int rc = directory_account_get(job_directory(job), asker, &run->arena, &account);
	if (rc == 0 && account.state != ACCOUNT_ACTIVE)
		rc = ERR_DENIED;
	if (rc == 0)
		rc = auth_subject_of(job_directory(job), &account, job_unix(job), &run->arena, &run->subject);
	run->approver = arena_dup(&run->arena, job->subject.name);
	if (rc != 0 || run->row == NULL || run->operation == NULL || run->row->prepare != NULL)
		rc = job_refuse(run, ADMIN_DENIED, "asker", "%.*s may not do this any more.", SLICE_ARG(asker_name));
	if (rc == 0)
		rc = load_object(run, &object);
	if (rc == 0)
		rc = job_permit(run, run->operation->right, &object);
	if (rc == 0)
		rc = run->row->apply(run);
	job->status = run->status;
	json_decref(job->result);
	job->result = json_incref(run->result);
	job_free(run);
	return rc;
}

int job_second_person(struct admin_job *job, enum auth_right who)
{
	if (job->approver.n > 0 || job->subject.kind == AUTH_LOCAL_SETUP)
		return 0;
	if (job->subject.kind != AUTH_PERSON)
		return job_refuse(job, ADMIN_DENIED, "second_person", "This needs two persons, of whom the emergency access is none.");
	if (job->row->prepare != NULL) /* its arguments have secrets, which are not kept */
		return job_refuse(job, ADMIN_DENIED, "second_person", "This needs two persons: add a plain user first, then ask for the role.");
	return job_ask_approval(job, job->operation->name, job->args, who);
}

int job_ask_approval(struct admin_job *job, struct slice operation, const json_t *of, enum auth_right who)
{
	struct error err = {0};
	uint32_t id = 0;
	char *args = json_dumps(of, JSON_COMPACT | JSON_SORT_KEYS);
	struct directory_approval a = {.operation = operation, .args = slice_str(args != NULL ? args : "{}"), .asker_name = job->subject.name,
		.reason = job_text(job, "reason"), .created = job_unix(job), .ends = job_unix(job) + APPROVAL_S, .needs = who};
	memcpy(a.asker, job->subject.account, sizeof a.asker);
	int rc = directory_approval_add(job_directory(job), &a, &id, &err);
	give_back(args);
	if (rc != 0)
		return job_refuse_error(job, rc, "approval");
	job_event(job, EV_APPROVAL_ASKED, LOG_TEXT("actor", job->subject.name), LOG_NUM("id", id), LOG_TEXT("kind", operation),
		LOG_TEXT("object", job_text(job, "address")), LOG_TEXT("reason", job_text(job, "reason")));
	job_refuse(job, ADMIN_DENIED, "approval_needed", "A second person has to approve this: number %u (%s).", id, auth_right_name(who));
	job_set(job, "approval", json_integer(id));
	return ERR_DENIED;
}
