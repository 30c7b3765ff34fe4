/* Inside auth: one administrative operation at work. */
#ifndef AUTH_ADMIN_JOB_H
#define AUTH_ADMIN_JOB_H

#include <jansson.h>

#include "auth/admin.h"
#include "auth/permit.h"
#include "ipc/admin.h"

struct admin_job;

struct admin_operation_row {
	const char *name;
	enum auth_operation permission;
	bool account; /* args.address names an account, which is loaded into job->account */
	/* Before any password is stretched: checks, and says by job_stretch_* which are needed. NULL: nothing to prepare. */
	int (*prepare)(struct admin_job *job);
	/* Does it. Both return 0, or a negative code after job_refuse (or without: an internal failure). */
	int (*apply)(struct admin_job *job);
};
extern const struct admin_operation_row admin_domain_rows[], admin_user_rows[], admin_secret_rows[], admin_address_rows[],
	admin_group_rows[];

struct admin_kek {
	bool wanted, ready;
	struct kek_request request;
	struct kek_result result;
};

struct admin_job {
	struct auth_admin *admin;
	const struct admin_operation_row *row;
	struct arena arena;
	struct auth_subject subject;
	json_t *args, *result;
	struct account account;
	struct credential password;   /* the account's, when it was stretched */
	struct admin_kek old_kek, new_kek;
	struct buf prepared;          /* of the new password (RFC 4013) */
	uint8_t code[CODE_SIZE];      /* of a new app password */
	char code_text[CODE_TEXT_SIZE + 1], code_plain[CODE_LETTERS + 1];
	unsigned pending;
	int kek_rc;
	enum admin_status status;
	auth_admin_fn *fn;
	void *arg;
};

struct directory *job_directory(const struct admin_job *job);
const struct auth_host *job_host(const struct admin_job *job);
int64_t job_unix(const struct admin_job *job);

/* Ends the operation: "code" is stable, the text is one sentence. Returns ERR_DENIED, so that `return job_refuse(…)` works. */
__attribute__((format(printf, 4, 5))) int job_refuse(struct admin_job *job, enum admin_status status, const char *code,
	const char *format, ...);
/* From a directory error; what: "the address". */
int job_refuse_error(struct admin_job *job, int rc, const char *what);

/* Members of args. Texts are UTF-8 without NUL (jansson checks). */
bool job_has(const struct admin_job *job, const char *name);
struct slice job_text(const struct admin_job *job, const char *name);
/* A short text without control characters, at most DIRECTORY_NAME_MAX bytes; refused otherwise. */
int job_name(struct admin_job *job, const char *name, struct slice *ret);
/* An address in normal form. */
int job_address(struct admin_job *job, const char *name, struct address *ret);
/* As job_address, in one of our domains and usable for an account, alias or group. */
int job_own_address(struct admin_job *job, const char *name, struct address *ret);
/* An address that mail can be passed to: outside, or one that exists here. Text in normal form; empty stays empty. */
int job_target(struct admin_job *job, const char *name, struct slice text, struct slice *ret);
int job_domain(struct admin_job *job, const char *name, struct slice *ret);

/* The account's password from args.`name` is stretched before apply; job->password is its credential. */
int job_stretch_old(struct admin_job *job, const char *name);
/* A new password from args.`name` for job->account: job->new_kek.request.owner is its new credential. */
int job_stretch_new(struct admin_job *job, const char *name);

void job_set(struct admin_job *job, const char *name, json_t *value); /* steals value */
json_t *job_json(struct slice text);
/* begin, fn, commit; rolled back when fn fails. */
int job_change(struct admin_job *job, int (*fn)(struct admin_job *job, struct error *err));

/* Opens the account's secrets with the stretched password. */
int job_open_password(struct admin_job *job, struct secrets *ret);
/* Inside a change: replaces all credentials of the account by the new password and a fresh recovery code (text in ret_code; NULL: none). */
int job_replace_credentials(struct admin_job *job, const struct secrets *secrets, char *ret_code, struct error *err);

#endif
