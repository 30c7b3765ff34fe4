#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "auth/admin_job.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "crypt/crypt.h"

struct auth_admin {
	struct directory *directory;
	struct auth_host host;
	struct kek_queue *keks;
	struct auth_admin_settings settings;
};

struct auth_admin *auth_admin_create(struct directory *directory, const struct auth_host *host, struct kek_queue *queue,
                                     const struct auth_admin_settings *settings)
{
	struct auth_admin *admin = memory_alloc(sizeof *admin);
	admin->directory = directory;
	admin->host = *host;
	admin->keks = queue;
	admin->settings = *settings;
	return admin;
}

void auth_admin_configure(struct auth_admin *admin, const struct auth_admin_settings *settings)
{
	admin->settings = *settings;
}

void auth_admin_destroy(struct auth_admin **admin)
{
	MEMORY_FREE(admin);
}

struct directory *job_directory(const struct admin_job *job) { return job->admin->directory; }
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

static void finish(struct admin_job *job)
{
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
	const json_t *v = json_object_get(job->args, name);
	return json_is_string(v) ? slice_make(json_string_value(v), json_string_length(v)) : SLICE_NONE;
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

int job_stretch_old(struct admin_job *job, const char *name)
{
	struct slice text = job_text(job, name);
	if (text.n == 0 || text.n > PASSWORD_MAX)
		return job_refuse(job, ADMIN_DENIED, "password", "The password is not right.");
	int rc = directory_credential_password(job_directory(job), job->account.id, &job->arena, &job->password);
	if (rc != 0)
		return rc == ERR_NOT_FOUND ? job_refuse(job, ADMIN_FAILED, "no_password", "The account has no password.") : job_refuse_error(job, rc,
			"account");
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

/* Code points of a text that is UTF-8 (jansson checked). */
static uint64_t characters(struct slice text)
{
	uint64_t n = 0;
	while (text.n > 0) {
		(void)utf8_next(&text);
		n++;
	}
	return n;
}

int job_stretch_new(struct admin_job *job, const char *name)
{
	struct slice text = job_text(job, name);
	if (characters(text) < job->admin->settings.password_min || text.n == 0 || text.n > PASSWORD_MAX || has_control(text))
		return job_refuse(job, ADMIN_INVALID, "weak_password",
		                  "The new password must have at least %llu characters (at most %d bytes) and no control characters.",
		                  (unsigned long long)job->admin->settings.password_min, PASSWORD_MAX);
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
	if (job->kek_rc != 0)
		job_refuse(job, ADMIN_UNAVAILABLE, "overloaded", "Too many sign-ins are being checked now; try again.");
	else if (job->row->apply(job) != 0 && job->status == ADMIN_OK)
		job_refuse(job, ADMIN_FAILED, "internal", "An internal error happened.");
	finish(job);
}

static void kek_ready(struct admin_job *job, struct admin_kek *k, int rc, const struct kek_result *result)
{
	if (rc == 0)
		k->result = *result;
	else
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

/* ---- the way of an operation ---- */

static const struct admin_operation_row *find_row(struct slice op)
{
	static const struct admin_operation_row *const tables[] = {admin_domain_rows, admin_user_rows, admin_secret_rows, admin_address_rows,
		admin_group_rows};
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
	return rc == 0 ? 0 : job_refuse_error(job, rc, "user");
}

static int check(struct admin_job *job, struct slice subject)
{
	struct auth_object object = {0};
	if (!auth_subject_parse(subject, job->admin->settings.own_uid, &job->subject))
		return job_refuse(job, ADMIN_DENIED, "denied", "You are not known here.");
	if (job->row == NULL)
		return job_refuse(job, ADMIN_INVALID, "unknown_operation", "There is no such operation.");
	if (!json_is_object(job->args))
		return job_refuse(job, ADMIN_INVALID, "invalid", "The arguments are no JSON object.");
	int rc = job->row->account ? load_account(job) : 0;
	memcpy(object.account, job->account.id, sizeof object.account);
	object.department = job->account.department;
	if (!auth_permit(&job->subject, job->row->permission, &object))
		return job_refuse(job, ADMIN_DENIED, "denied", "You may not do this.");
	return rc;
}

static void start_keks(struct admin_job *job)
{
	job->pending = (unsigned)job->old_kek.wanted + job->new_kek.wanted;
	if (job->pending == 0) {
		apply(job);
		return;
	}
	/* kek_start never answers from inside, so `job` stays valid between the two. */
	if (job->old_kek.wanted)
		kek_start(job->admin->keks, &job->old_kek.request, old_ready, job);
	if (job->new_kek.wanted)
		kek_start(job->admin->keks, &job->new_kek.request, new_ready, job);
}

void auth_admin_run(struct auth_admin *admin, struct slice subject, struct slice op, struct slice args, auth_admin_fn *fn, void *arg)
{
	struct admin_job *job = memory_alloc(sizeof *job);
	job->admin = admin;
	job->fn = fn;
	job->arg = arg;
	job->result = json_object();
	buf_init(&job->prepared, PASSWORD_MAX);
	job->args = args.n <= ADMIN_JSON_MAX ? json_loadb((const char *)args.p, args.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	job->row = find_row(op);
	if (check(job, subject) != 0 || (job->row->prepare != NULL && job->row->prepare(job) != 0)) {
		if (job->status == ADMIN_OK)
			job_refuse(job, ADMIN_FAILED, "internal", "An internal error happened.");
		finish(job);
		return;
	}
	start_keks(job);
}
