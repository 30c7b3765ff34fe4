#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "auth/admin_device.h"
#include "auth/admin_private.h"
#include "auth/delegation.h"
#include "auth/escrow.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "crypt/crypt.h"

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
	admin->work = work_create();
	admin->links = links_create();
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

void auth_admin_dkim(struct auth_admin *admin, struct auth_dkim *dkim)
{
	admin->dkim = dkim;
}

void auth_admin_tls(struct auth_admin *admin, struct auth_certificates *tls)
{
	admin->tls = tls;
}

struct auth_certificates *job_tls(const struct admin_job *job)
{
	return job->admin->tls;
}

void auth_admin_dns(struct auth_admin *admin, struct auth_dns *dns)
{
	admin->dns = dns;
}

void auth_admin_authority(struct auth_admin *admin, struct authority *authority)
{
	admin->authority = authority;
}

struct authority *job_authority(const struct admin_job *job)
{
	return job->admin->authority;
}

struct auth_dns *job_dns(const struct admin_job *job)
{
	return job->admin->dns;
}

struct auth_dkim *job_dkim(const struct admin_job *job)
{
	return job->admin->dkim;
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
	if (*admin != NULL) {
		escrow_requests_destroy(&(*admin)->escrow);
		work_destroy(&(*admin)->work);
		links_destroy(&(*admin)->links);
	}
	MEMORY_FREE(admin);
}

struct directory *job_directory(const struct admin_job *job) { return job->admin->directory; }
const struct auth_admin_settings *job_settings(const struct admin_job *job) { return &job->admin->settings; }
struct kek_queue *job_keks(const struct admin_job *job) { return job->admin->keks; }
const struct auth_host *job_host(const struct admin_job *job) { return &job->admin->host; }

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

void job_free(struct admin_job *job)
{
	json_decref(job->args);
	json_decref(job->result);
	arena_free(&job->arena);
	buf_free_secret(&job->prepared);
	secret_wipe(job, sizeof *job);
	memory_free(job);
}

void json_give_back(char *text)
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
	json_give_back(text);
	job_free(job);
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

void job_apply(struct admin_job *job)
{
	bool waited = job->old_kek.wanted || job->new_kek.wanted || job->managed.wanted;
	int rc = job->kek_rc != 0 ? job_refuse(job, ADMIN_UNAVAILABLE, "overloaded", "Too many sign-ins are being checked now; try again.")
	       : waited ? job_refresh(job) : 0;
	if (rc == 0)
		rc = job->row->apply(job);
	if (!job->later)
		job_conclude(job, rc);
}

void job_conclude(struct admin_job *job, int rc)
{
	if (rc != 0 && job->status == ADMIN_OK)
		job_refuse(job, ADMIN_FAILED, "internal", "An internal error happened.");
	finish(job);
}

/* ---- the way of an operation ---- */

const struct admin_operation_row *admin_row_find(struct slice op)
{
	static const struct admin_operation_row *const tables[] = {admin_domain_rows, admin_relay_rows, admin_gateway_rows, admin_user_rows, admin_secret_rows, admin_address_rows,
		admin_group_rows, admin_session_rows, admin_factor_rows, admin_import_rows, admin_policy_rows, admin_role_rows, admin_approval_rows, admin_oauth_rows, admin_provider_rows, admin_sso_rows,
		admin_escrow_rows, admin_delegate_rows, admin_leaver_rows, admin_shred_rows, admin_clearance_rows, admin_device_rows, admin_condition_rows, admin_hygiene_rows, admin_party_rows, admin_dkim_rows,
		admin_contact_rows, admin_authority_rows, admin_device_certificate_rows,
		admin_dns_rows, admin_sts_rows, admin_tls_rows, admin_forward_rows, admin_contain_rows, admin_junk_rows, admin_sieve_rows, admin_web_rows, admin_book_rows, admin_quarantine_rows};
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
		for (const struct admin_operation_row *row = tables[i]; row->name != NULL; row++)
			if (slice_eq(op, slice_str(row->name)))
				return row;
	return NULL;
}

void job_record(const struct admin_job *job, enum log_event event, const struct log_field *fields)
{
	if (job_host(job)->record != NULL)
		job_host(job)->record(job_host(job)->arg, event, fields);
}

/* Pages ask all the time who is signed in. */
static bool is_quiet(const struct admin_job *job)
{
	return slice_eq(job->operation->name, SLICE("session.show"));
}

static int load_subject(struct admin_job *job, const struct auth_evidence *evidence)
{
	struct auth_evidence asked = *evidence;
	asked.quiet = is_quiet(job);
	int rc = auth_subject_load(job_directory(job), &asked, &job->admin->settings.local, job_unix(job), &job->arena, &job->subject,
		&job->session, &job->why);
	job->token = arena_dup(&job->arena, evidence->token);
	job->address = arena_dup(&job->arena, evidence->address);
	job->agent = arena_dup(&job->arena, slice_sub(evidence->agent, 0, SESSION_AGENT_MAX));
	job->reason = arena_dup(&job->arena, evidence->reason);
	job->uid = evidence->uid;
	if (rc == 0 && job->subject.kind == AUTH_LOCAL_BREAK_GLASS)
		job_event(job, EV_BREAK_GLASS, LOG_TEXT("actor", job->subject.name), LOG_TEXT("op", job->operation->name),
			LOG_TEXT("object", json_slice(job->args, "address")), LOG_TEXT("reason", evidence->reason));
	return rc == 0 ? job_check_session(job) : job_refuse_error(job, rc, "session");
}

static int refresh_subject(struct admin_job *job)
{
	const struct auth_evidence evidence = {job->uid, job->token, job->address, job->agent, job->reason, is_quiet(job)};
	enum auth_subject_kind before = job->subject.kind;
	int rc = auth_subject_load(job_directory(job), &evidence, &job->admin->settings.local, job_unix(job), &job->arena, &job->subject, &job->session,
		&job->why);
	if (rc != 0)
		return job_refuse_error(job, rc, "session");
	return job->subject.kind == before ? 0 : job_refuse(job, ADMIN_DENIED, "sign_in", "You are not signed in any more.");
}

/* What was shown and is gone counts as never right; nobody is told which of the two. */
static int refresh_account(struct admin_job *job)
{
	uint8_t id[16];
	uint32_t shown = job->opened_by != 0 ? job->opened_by : job->old_kek.wanted ? job->password.id : 0;
	memcpy(id, job->account.id, sizeof id);
	int rc = directory_account_get(job_directory(job), id, &job->arena, &job->account);
	if (rc == 0 && shown != 0)
		rc = directory_credential_exists(job_directory(job), id, shown);
	if (rc == ERR_NOT_FOUND && job->opened_by != 0)
		return job_refuse(job, ADMIN_DENIED, "password", "The name or the password is not right.");
	if (rc == ERR_NOT_FOUND && job->old_kek.wanted) {
		job->old_kek.ready = false;
		return 0;
	}
	return rc == 0 ? 0 : job_refuse_error(job, rc, "user");
}

int job_refresh(struct admin_job *job)
{
	struct auth_object object;
	int rc = refresh_subject(job);
	if (rc == 0 && job->known)
		rc = refresh_account(job);
	if (rc != 0 || job->operation->right == AUTH_ANYBODY)
		return rc;
	object = job->known ? job_object(&job->account) : job_named_object(job);
	return job_permit(job, job->operation->right, &object);
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
		rc = job_load_object(job, &object);
	if (rc == 0 && job->operation->right != AUTH_ANYBODY)
		rc = job_permit(job, job->operation->right, &object);
	/* Strangers are recorded only when they are let in (sign-ins are records of their own). */
	if (rc == 0 || job->subject.kind != AUTH_NOBODY)
		job_event(job, EV_ADMIN_REQUEST, LOG_TEXT("actor", job->subject.name), LOG_TEXT("op", job->operation->name),
			LOG_TEXT("object", json_slice(job->args, "address")), LOG_TEXT("ip", job->address));
	return rc;
}

struct admin_job *job_make(struct auth_admin *admin, struct slice op, struct slice args)
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
	job_start_keks(job);
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
