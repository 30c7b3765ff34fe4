/* The address for letters of the system to who has no mailbox: given and proven by its owner, in the own session. */
#include <string.h>

#include "auth/admin_job.h"
#include "auth/contact.h"
#include "auth/directory_factor.h"
#include "auth/notice_contact.h"
#include "crypt/crypt.h"
#include "factor/sent.h"

#define DAY_MS INT64_C(86400000)

static struct moment now_of(const struct admin_job *job)
{
	return job_host(job)->now(job_host(job)->arg);
}

/* The own account, which has no mailbox, and the key of its contact. */
static int contact_prepare(struct admin_job *job)
{
	if (job->subject.kind != AUTH_PERSON || job->subject.token)
		return job_refuse(job, ADMIN_DENIED, "sign_in", "Sign in first: this is done in a session of one's own.");
	int rc = directory_account_get(job_directory(job), job->subject.account, &job->arena, &job->account);
	if (rc != 0)
		return job_refuse_error(job, rc, "user");
	if (auth_permit_own(job->account.role, AUTH_MAIL_RECEIVE))
		return job_refuse(job, ADMIN_FAILED, "has_mailbox", "Letters of the system come to your own mailbox.");
	job->managed.owner = notice_contact_owner(job->account.id);
	job->managed.wanted = true;
	return 0;
}

/* What there is, opened into `room`; nothing when there is none. */
static int load(struct admin_job *job, struct buf *room, struct notice_contact *ret)
{
	struct slice sealed;
	bool proven;
	*ret = (struct notice_contact){0};
	int rc = directory_contact_get(job_directory(job), job->account.id, &job->arena, &sealed, &proven);
	if (rc == 0)
		rc = notice_contact_open(job->managed.kek, job->account.id, sealed, room, ret);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int store(struct admin_job *job, const struct notice_contact *contact, struct error *err)
{
	struct buf sealed = BUF_INIT(NOTICE_CONTACT_SEALED_MAX);
	notice_contact_seal(job->managed.kek, job->account.id, contact, &sealed);
	int rc = sealed.failed ? ERR_LIMIT
	                       : directory_contact_set(job_directory(job), job->account.id, buf_slice(&sealed), contact->address.n > 0, job_unix(job), err);
	buf_free(&sealed);
	return rc;
}

static int check_fresh(struct admin_job *job)
{
	int rc = auth_factors_exist(job_directory(job), job->account.id);
	return rc == 1 ? job_step_up(job) : rc < 0 ? job_refuse_error(job, rc, "factor") : job_factor_first(job);
}

static int read_address(struct admin_job *job, struct slice *ret)
{
	struct address a;
	struct resolve_target target;
	int rc = job_address(job, "to", &a);
	if (rc != 0)
		return rc;
	*ret = arena_printf(&job->arena, "%.*s@%.*s", SLICE_ARG(a.given), SLICE_ARG(a.domain));
	rc = contact_resolve(job_directory(job), job->account.id, *ret, &job->arena, &target);
	if (rc == ERR_TEMPORARY)
		return job_refuse(job, ADMIN_UNAVAILABLE, "internal", "The address cannot be checked now.");
	return rc == 0 && ret->n < NOTICE_CONTACT_MAX ? 0
	     : job_refuse(job, ADMIN_INVALID, "invalid", "Mail to this address reaches nobody here, or several people; name another one.");
}

/* Until it is proven the former address counts. */
static int begin_contact(struct admin_job *job, struct slice to, struct auth_factor_send *send, struct error *err)
{
	struct buf room = BUF_INIT(NOTICE_CONTACT_SEALED_MAX), state = BUF_INIT(SENT_STATE_MAX);
	struct notice_contact contact;
	int rc = directory_factor_sent(job_directory(job), job->account.id, (uint32_t)(now_of(job).wall_ms / DAY_MS), SENT_PER_DAY, err);
	if (rc == 0)
		rc = load(job, &room, &contact);
	if (rc == 0) {
		*send = (struct auth_factor_send){.kind = FACTOR_MAIL};
		memcpy(send->account, job->account.id, sizeof send->account);
		memcpy(send->to, to.p, to.n);
		sent_make(now_of(job), send->code, &state);
		contact.pending = to;
		contact.challenge = buf_slice(&state);
		rc = store(job, &contact, err);
	}
	buf_free_secret(&room);
	buf_free_secret(&state);
	return rc;
}

static int contact_set(struct admin_job *job)
{
	struct auth_factor_send send = {0};
	struct error err = {0};
	struct slice to;
	int rc = check_fresh(job);
	if (rc == 0)
		rc = read_address(job, &to);
	if (rc == 0 && (job_host(job)->send_code == NULL || (job_settings(job)->sends & FACTOR_BIT(FACTOR_MAIL)) == 0))
		rc = job_refuse(job, ADMIN_FAILED, "gateway", "Codes cannot be sent by mail here.");
	if (rc != 0)
		return rc;
	rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = begin_contact(job, to, &send, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	directory_rollback(job_directory(job));
	if (rc == 0)
		job_host(job)->send_code(job_host(job)->arg, &send);
	secret_wipe(&send, sizeof send);
	return rc == 0 ? 0 : rc == ERR_LIMIT ? job_refuse(job, ADMIN_DENIED, "limit", "Too many codes were sent today.")
	                                     : job_refuse_error(job, rc, "contact");
}

/* A wrong try is written down as well. */
static int confirm_in_change(struct admin_job *job, enum factor_verdict *ret, struct error *err)
{
	struct buf room = BUF_INIT(NOTICE_CONTACT_SEALED_MAX), state = BUF_INIT(SENT_STATE_MAX);
	struct notice_contact contact;
	*ret = FACTOR_WRONG;
	int rc = load(job, &room, &contact);
	if (rc == 0 && contact.pending.n > 0) {
		*ret = sent_verify(contact.challenge, job_text(job, "code"), now_of(job), &state);
		contact.address = *ret == FACTOR_RIGHT ? contact.pending : contact.address;
		contact.challenge = buf_slice(&state);
		if (*ret == FACTOR_RIGHT || contact.challenge.n == 0)
			contact.pending = contact.challenge = SLICE_NONE;
		rc = store(job, &contact, err);
	}
	buf_free_secret(&room);
	buf_free_secret(&state);
	return rc;
}

static int contact_confirm(struct admin_job *job)
{
	struct error err = {0};
	enum factor_verdict verdict = FACTOR_WRONG;
	int rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = confirm_in_change(job, &verdict, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	directory_rollback(job_directory(job));
	if (rc != 0)
		return job_refuse_error(job, rc, "contact");
	if (verdict != FACTOR_RIGHT)
		return job_refuse(job, ADMIN_DENIED, "factor", "The code is not right, or too old.");
	job_event(job, EV_CONTACT_CHANGED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address), LOG_STR("what", "set"));
	return 0;
}

static int contact_show(struct admin_job *job)
{
	struct buf room = BUF_INIT(NOTICE_CONTACT_SEALED_MAX), address = BUF_INIT(400), pending = BUF_INIT(400);
	struct notice_contact contact;
	int rc = load(job, &room, &contact);
	if (rc == 0) {
		if (contact.address.n > 0)
			sent_masked(contact.address, &address);
		if (contact.pending.n > 0)
			sent_masked(contact.pending, &pending);
		job_set(job, "contact", job_json(buf_slice(&address)));
		job_set(job, "pending", job_json(buf_slice(&pending)));
	}
	buf_free_secret(&room);
	buf_free(&address);
	buf_free(&pending);
	return rc == 0 ? 0 : job_refuse_error(job, rc, "contact");
}

static int contact_remove(struct admin_job *job)
{
	struct error err = {0};
	int rc = check_fresh(job);
	if (rc == 0 && (rc = directory_contact_remove(job_directory(job), job->account.id, &err)) != 0)
		rc = job_refuse_error(job, rc, "contact");
	if (rc == 0)
		job_event(job, EV_CONTACT_CHANGED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address), LOG_STR("what", "removed"));
	return rc;
}

const struct admin_operation_row admin_contact_rows[] = {
	{"contact.set", OBJECT_OWN_CHECK, contact_prepare, contact_set},
	{"contact.confirm", OBJECT_OWN_CHECK, contact_prepare, contact_confirm},
	{"contact.show", OBJECT_OWN_CHECK, contact_prepare, contact_show},
	{"contact.remove", OBJECT_OWN_CHECK, contact_prepare, contact_remove},
	{0},
};
