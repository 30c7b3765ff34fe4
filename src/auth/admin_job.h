/* Inside auth: one administrative operation at work. */
#ifndef AUTH_ADMIN_JOB_H
#define AUTH_ADMIN_JOB_H

#include <jansson.h>

#include "auth/admin.h"
#include "auth/factors.h"
#include "auth/operation.h"
#include "auth/subject.h"
#include "base/log.h"
#include "crypt/certificate.h"
#include "ipc/admin.h"

struct admin_job;

/* What an operation acts on, so that scopes are looked at before it runs. */
enum admin_object {
	OBJECT_NAMED = 0,   /* args.address, args.account or args.domain, without looking whether it exists; or the organisation */
	OBJECT_ACCOUNT = 1, /* args.address names an account, which is loaded into job->account */
	OBJECT_OWN_CHECK = 2, /* the operation finds it and asks job_permit itself (lists: row by row) */
	OBJECT_PROOF = 3,   /* as OBJECT_ACCOUNT, but the operation proves itself (passwords, codes): unknown accounts must look the same */
};

struct admin_operation_row {
	const char *name;
	enum admin_object object;
	/* Before any password is stretched: checks, and says by job_stretch_* which are needed. NULL: nothing to prepare. */
	int (*prepare)(struct admin_job *job);
	/* Does it. Both return 0, or a negative code after job_refuse (or without: an internal failure). */
	int (*apply)(struct admin_job *job);
};
extern const struct admin_operation_row admin_domain_rows[], admin_relay_rows[], admin_gateway_rows[], admin_user_rows[], admin_secret_rows[], admin_address_rows[],
	admin_group_rows[], admin_session_rows[], admin_factor_rows[], admin_import_rows[], admin_policy_rows[], admin_role_rows[], admin_approval_rows[], admin_oauth_rows[], admin_provider_rows[], admin_sso_rows[],
	admin_escrow_rows[], admin_delegate_rows[], admin_leaver_rows[], admin_shred_rows[], admin_clearance_rows[], admin_device_rows[], admin_condition_rows[], admin_hygiene_rows[], admin_party_rows[], admin_dkim_rows[],
	admin_contact_rows[], admin_authority_rows[], admin_device_certificate_rows[],
	admin_dns_rows[], admin_sts_rows[], admin_tls_rows[], admin_forward_rows[], admin_contain_rows[], admin_junk_rows[], admin_sieve_rows[], admin_web_rows[], admin_book_rows[], admin_quarantine_rows[];
/* A row of any table; NULL: none. */
const struct admin_operation_row *admin_row_find(struct slice name);

struct admin_kek {
	bool wanted, ready;
	struct kek_request request;
	struct kek_result result;
};

struct admin_job {
	struct auth_admin *admin;
	const struct admin_operation_row *row;
	struct arena arena;
	const struct auth_operation *operation;
	struct auth_subject subject;
	struct session session;       /* of the subject; id 0: none */
	struct slice token, address, agent, reason; /* of the evidence, in the arena */
	unsigned uid;                 /* likewise */
	int64_t session_max;          /* a session that is made lasts at most so many seconds; 0: as the settings say */
	struct slice approver;        /* the second person; empty: nobody yet */
	bool known;                   /* job->account was found */
	const char *why;              /* why the subject is nobody */
	json_t *args, *result;
	struct account account;
	struct credential password;   /* the account's, when it was stretched */
	bool reused;                  /* the new password is a former one (auth/admin_password.h) */
	uint32_t opened_by;           /* the credential that opened the secrets; 0: none yet */
	struct admin_kek old_kek, new_kek;
	struct admin_managed { /* a KEK that the role key computes (auth/managed.h) */
		bool wanted;
		struct wrap_owner owner;
		uint8_t kek[KEK_SIZE];
	} managed;
	struct certificate certificate; /* of args */
	struct buf prepared;          /* of the new password (RFC 4013) */
	uint8_t code[CODE_SIZE];      /* of a new app password */
	char code_text[CODE_TEXT_SIZE + 1], code_plain[CODE_LETTERS + 1];
	unsigned pending;
	int kek_rc;
	bool imported;                /* job->password is a managed credential, verified by the hash of another system */
	bool later;                   /* `apply` goes on by itself and ends with job_conclude */
	int64_t began_ms, delay_ms; /* the answer waits until so long after it began */
	enum admin_status status;
	auth_admin_fn *fn;
	void *arg;
};

struct directory *job_directory(const struct admin_job *job);
const struct auth_host *job_host(const struct admin_job *job);
const struct auth_admin_settings *job_settings(const struct admin_job *job);
struct kek_queue *job_keks(const struct admin_job *job);
/* Ends an operation that set `later`: rc as of `apply`. */
void job_conclude(struct admin_job *job, int rc);
int64_t job_unix(const struct admin_job *job);
struct auth_oauth *job_oauth(const struct admin_job *job);
struct escrow_requests *job_escrow(const struct admin_job *job);
struct external *job_external(const struct admin_job *job);
struct auth_dkim *job_dkim(const struct admin_job *job);
struct auth_certificates *job_tls(const struct admin_job *job);
struct auth_dns *job_dns(const struct admin_job *job);
struct authority *job_authority(const struct admin_job *job);
struct auth_ldap *job_ldap(const struct admin_job *job);
/* What session.start does once `first` (AUTH_PROVEN_…) was shown: asks for the second factor of job->account, or makes the session. */
int job_start_session(struct admin_job *job, const struct secrets *secrets, unsigned first);
struct access *job_access(const struct admin_job *job);

/* Ends the operation: "code" is stable, the text is one sentence. Returns ERR_DENIED, so that `return job_refuse(…)` works. */
__attribute__((format(printf, 4, 5))) int job_refuse(struct admin_job *job, enum admin_status status, const char *code,
	const char *format, ...);
/* From a directory error; what: "the address". */
int job_refuse_error(struct admin_job *job, int rc, const char *what);

/* May the subject do this to `object`? When not, the job is refused (or asked to sign in, or for a second factor). */
int job_permit(struct admin_job *job, enum auth_right right, const struct auth_object *object);
bool job_may(const struct admin_job *job, enum auth_right right, const struct auth_object *object);
/* The account as an object. */
struct auth_object job_object(const struct account *account);
/* Was a second factor shown within the last minutes? Refused otherwise. */
int job_step_up(struct admin_job *job);
/* Refused when policy demands a second factor of job->account, which has none yet: only registering one is possible until then. */
int job_factor_first(struct admin_job *job);
/*
 * For what nobody may do alone: 0 when a second person has approved, or when this machine is being set up. Otherwise the request is kept
 * for somebody with the right `who` (AUTH_ACT_APPROVE, AUTH_CASE_APPROVE) to approve, and the job is refused with its number. args must
 * hold no secrets.
 */
int job_second_person(struct admin_job *job, enum auth_right who);
/* Keeps a request for `operation` to be approved: always refuses the job with code "approval_needed" and the number in "approval". */
int job_ask_approval(struct admin_job *job, struct slice operation, const json_t *args, enum auth_right who);
/*
 * What one person alone may not give, one person alone may not take over either: *ret is true when `account` has such rights (of its role or by
 * grants) and the subject is a person, not the emergency access or the setup.
 */
int job_not_alone(struct admin_job *job, const struct account *account, bool *ret);
/*
 * Before `account` is let in or kept out: a person alone does that to who has no rights that this person has not, over everything; to others
 * (officers, auditors, approvers, custodians for an administrator) only with a second person. 0, or refused as by job_second_person.
 */
int job_second_for(struct admin_job *job, const struct account *account);
/* Runs an approved operation of somebody else inside the approver's job: result and status are job's. */
int job_run_approved(struct admin_job *job, const char *operation, struct slice args, const uint8_t asker[16], struct slice asker_name);
void job_record(const struct admin_job *job, enum log_event event, const struct log_field *fields);
#define job_event(job, event, ...) job_record((job), (event), (const struct log_field[]){__VA_ARGS__ __VA_OPT__(,) LOG_END})

/* Members of args. Texts are UTF-8 without NUL (jansson checks). */
bool job_has(const struct admin_job *job, const char *name);
struct slice job_text(const struct admin_job *job, const char *name);
/* A short text without control characters, at most DIRECTORY_NAME_MAX bytes; refused otherwise. */
int job_name(struct admin_job *job, const char *name, struct slice *ret);
/* An address in normal form. */
int job_address(struct admin_job *job, const char *name, struct address *ret);
/* As job_address, in one of our domains and usable for an account, alias or group. */
int job_own_address(struct admin_job *job, const char *name, struct address *ret);
/* As job_own_address, for an account: relay domains have none. */
int job_mailbox_address(struct admin_job *job, const char *name, struct address *ret);
/* An address that mail can be passed to: outside, or one that exists here. Text in normal form; empty stays empty. */
int job_target(struct admin_job *job, const char *name, struct slice text, struct slice *ret);
/* May mail to `source` go to `target` by itself (auth/forward.h)? An empty target: yes. Refused otherwise. */
int job_may_forward(struct admin_job *job, struct slice source, struct slice target);
int job_domain(struct admin_job *job, const char *name, struct slice *ret);
/* args.domain, which must be one of ours. */
int job_our_domain(struct admin_job *job, struct slice *ret);

/* The account's password from args.`name` is stretched before apply; job->password is its credential. */
int job_stretch_old(struct admin_job *job, const char *name);
/* A new password from args.`name` for job->account: job->new_kek.request.owner is its new credential. */
int job_stretch_new(struct admin_job *job, const char *name);

void job_set(struct admin_job *job, const char *name, json_t *value); /* steals value */
json_t *job_json(struct slice text);
/*
 * Behind every wait: the subject, the account and the credential that was shown as they are now; what ended meanwhile is refused. The first
 * call of `apply` finds them fresh.
 */
int job_refresh(struct admin_job *job);
/* begin, fn, commit; rolled back when fn fails. */
int job_change(struct admin_job *job, int (*fn)(struct admin_job *job, struct error *err));

/* Opens the account's secrets with the stretched password. A wrong one counts as a failed sign-in and is answered after its delay. */
int job_open_password(struct admin_job *job, struct secrets *ret);
/* When the account has second factors: its own session has shown one, or args.proof does now. Refused otherwise. ret_proven may be NULL. */
int job_prove_second(struct admin_job *job, const struct secrets *secrets);
int job_prove(struct admin_job *job, const struct secrets *secrets, const json_t *proof, unsigned *ret_proven);
/* args.owner: an active user, who answers for a third party; args.days: until when. */
struct party;
int job_party_owner(struct admin_job *job, struct party *ret);
int job_party_ends(struct admin_job *job, int64_t *ret);
/* Name, department, language, role and quota of args, those that are given. */
int job_account_properties(struct admin_job *job, struct account *a);
/* args.language: one that letters are written in, or empty, which means that of the organisation; goes into `a`. Else refused, and `a` stays. */
int job_language(struct admin_job *job, struct account *a);
/* Signs job->account in: the session's token and data become the result. proven: AUTH_PROVEN_… */
int job_make_session(struct admin_job *job, const struct secrets *secrets, unsigned proven);
/* Where the browser says it is (args.origin), when that is one of ours; else empty (auth.web_origins). */
struct auth_origin job_origin(struct admin_job *job);
/* Tries of passwords and codes: may there be one now? Refused otherwise. And what became of it. */
int job_allowed(struct admin_job *job);
void job_tried(struct admin_job *job, bool right);
/* May the subject make `role` the primary role of `account`? Refused otherwise. */
int job_may_give_role(struct admin_job *job, const struct account *account, enum auth_role role);
/* The person's own account in job->account and its secrets, by the session alone; where the account has a second factor it was shown just now. */
int job_open_own(struct admin_job *job, struct secrets *ret);
/* A quorum has opened the secrets: a new generation under job->new_kek, without a recovery code (the owner makes one). */
int job_reset_password(struct admin_job *job, struct secrets *secrets);
/* Inside a change: all delegations that job->account gave or received end. */
int job_forget_delegations(struct admin_job *job, struct error *err);
/* Ends all mail sessions of the account, and those that it has in the mailboxes of others. */
void job_revoke_account(struct admin_job *job, const uint8_t account[16]);
/* Inside a change: replaces all credentials of the account by the new password and a fresh recovery code (text in ret_code; NULL: none). */
int job_replace_credentials(struct admin_job *job, const struct secrets *secrets, char *ret_code, struct error *err);

#endif
