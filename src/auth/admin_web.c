/* Sessions of the web: who is signed in, lock, proof of work, one-time links. */
#include "auth/admin_web.h"

#include <string.h>

#include "auth/admin_password.h"
#include "auth/admin_private.h"
#include "auth/factors_policy.h"
#include "base/ensure.h"
#include "crypt/crypt.h"

static struct moment now_of(const struct admin_job *job)
{
	return job_host(job)->now(job_host(job)->arg);
}

/* ---- proof of work ---- */

/* The name that failures are counted under, however it was spelled. */
static struct slice name_of(struct admin_job *job)
{
	struct address a;
	struct slice given = job_text(job, "address");
	return given.n > 0 && address_parse(given, &job->arena, &a) == 0 ? address_text(&a, &job->arena) : given;
}

static bool wants_work(struct admin_job *job)
{
	switch (job_settings(job)->work) {
	case AUTH_WORK_NEVER: return false;
	case AUTH_WORK_ALWAYS: return true;
	case AUTH_WORK_AFTER_FAILURES: return throttle_wants_work(job->admin->throttle, job->address, name_of(job), now_of(job));
	}
	return true;
}

static json_t *work_json(struct admin_job *job)
{
	struct buf challenge = BUF_INIT(WORK_CHALLENGE_MAX);
	json_t *out = json_object();
	work_make(job->admin->work, job->address, job_settings(job)->work_bits, now_of(job), &challenge);
	json_object_set_new(out, "challenge", job_json(buf_slice(&challenge)));
	json_object_set_new(out, "difficulty", json_integer(job_settings(job)->work_bits));
	json_object_set_new(out, "expires", json_integer((json_int_t)work_ends(now_of(job))));
	json_object_set_new(out, "wait", json_integer(WORK_WAIT_S));
	buf_free(&challenge);
	return out;
}

int job_work(struct admin_job *job)
{
	const json_t *work = json_object_get(job->args, "work");
	struct slice challenge = json_slice(work, "challenge");
	if (!json_is_true(json_object_get(job->args, "web")))
		return 0;
	if (job_allowed(job) != 0)
		return ERR_DENIED;
	if (!wants_work(job) || (challenge.n > 0 && work_check(job->admin->work, challenge, json_slice(work, "number"), job->address,
			throttle_limiter(job->admin->throttle), now_of(job))))
		return 0;
	job_refuse(job, ADMIN_DENIED, "work_needed", "A proof of work is needed.");
	job_set(job, "work", work_json(job));
	return ERR_DENIED;
}

static int session_work(struct admin_job *job)
{
	bool wants = wants_work(job);
	job_set(job, "needed", json_boolean(wants));
	if (wants)
		job_set(job, "work", work_json(job));
	return 0;
}

/* ---- what has to be done first ---- */

struct first {
	bool change_password, register_factor;
	int64_t grace_ends;
};

static int read_first(struct admin_job *job, const struct account *account, struct first *ret)
{
	struct password_policy policy = job_password_policy(job);
	struct credential password;
	unsigned kinds = 0;
	bool enforced = false, in_grace = false, demanded = false;
	*ret = (struct first){.change_password = (account->flags & ACCOUNT_PROVISIONAL) != 0};
	int rc = directory_credential_password(job_directory(job), account->id, &job->arena, &password);
	if (rc == 0)
		ret->change_password |= password_expired(&policy, password.created, now_of(job));
	if (rc == 0 || rc == ERR_NOT_FOUND) /* somebody else keeps the password */
		rc = auth_factors_needed(job_directory(job), account, now_of(job), &kinds, &enforced, &in_grace);
	ret->register_factor = kinds == 0 && enforced && !in_grace;
	if (rc == 0 && kinds == 0 && in_grace)
		rc = factors_policy_demands(job_directory(job), account, job_unix(job), &demanded, &ret->grace_ends);
	return rc;
}

static bool is_one_of(struct slice op, const struct slice *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq(op, names[i]))
			return true;
	return false;
}

int job_check_web(struct admin_job *job, const struct account *account)
{
	static const struct slice always[] = {SLICE_INIT("session.show"), SLICE_INIT("session.end"), SLICE_INIT("session.unlock")};
	static const struct slice first[] = {SLICE_INIT("session.lock"), SLICE_INIT("session.step_up"), SLICE_INIT("user.passwd")};
	struct slice op = job->operation->name;
	struct first needs;
	if (!job->session.web || is_one_of(op, always, ARRAY_LEN(always)))
		return 0;
	if (job->session.locked)
		return job_refuse(job, ADMIN_DENIED, "locked", "The session is locked.");
	if (is_one_of(op, first, ARRAY_LEN(first)))
		return 0;
	if (read_first(job, account, &needs) != 0)
		return job_refuse(job, ADMIN_UNAVAILABLE, "internal", "The directory could not be read.");
	if (needs.change_password)
		return job_refuse(job, ADMIN_DENIED, "password_change", "Choose an own password first.");
	if (needs.register_factor && !slice_starts(op, SLICE("factor.")))
		return job_refuse(job, ADMIN_DENIED, "factor_needed", "Register a second factor first.");
	return 0;
}

/* ---- who is signed in ---- */

static int need_person(struct admin_job *job)
{
	if (job->subject.kind != AUTH_PERSON || job->subject.token || job->session.id == 0)
		return job_refuse(job, ADMIN_DENIED, "sign_in", "You are not signed in.");
	if (directory_account_get(job_directory(job), job->subject.account, &job->arena, &job->account) != 0)
		return job_refuse(job, ADMIN_UNAVAILABLE, "internal", "The directory could not be read.");
	job->known = true;
	return 0;
}

static json_t *rights_json(const struct admin_job *job)
{
	auth_rights all = 0;
	json_t *out = json_array();
	for (size_t i = 0; i < job->subject.grant_count; i++)
		all |= job->subject.grants[i].rights;
	all = auth_restricted(job->subject.restriction, all & job->subject.allowed);
	for (unsigned r = 0; r < AUTH_RIGHT_COUNT; r++)
		if ((all & AUTH_BIT(r)) != 0)
			json_array_append_new(out, json_string(auth_right_name((enum auth_right)r)));
	return out;
}

static void show_session(struct admin_job *job)
{
	const struct session *s = &job->session;
	int64_t idle_ends = s->idle > 0 ? s->used + s->idle : s->ends;
	job_set(job, "session", json_integer(s->id));
	job_set(job, "created", json_integer((json_int_t)s->created));
	job_set(job, "ends", json_integer((json_int_t)s->ends));
	job_set(job, "idle_ends", json_integer((json_int_t)(idle_ends < s->ends ? idle_ends : s->ends)));
	job_set(job, "second_factor", json_boolean((s->proven & AUTH_PROVEN_SECOND) != 0));
	job_set(job, "step_up_until", json_integer(s->stepped_up > 0 ? (json_int_t)(s->stepped_up + AUTH_STEP_UP_S) : 0));
}

static int session_show(struct admin_job *job)
{
	struct first needs = {0};
	const char *role;
	if (need_person(job) != 0)
		return ERR_DENIED;
	job_set(job, "address", job_json(job->account.address));
	job_set(job, "name", job_json(job->account.name));
	job_set(job, "language", job_json(job->account.language));
	job_set(job, "locked", json_boolean(job->session.locked));
	if (job->session.locked)
		return 0;
	if (read_first(job, &job->account, &needs) != 0)
		return job_refuse(job, ADMIN_UNAVAILABLE, "internal", "The directory could not be read.");
	role = auth_role_name(job->account.role);
	job_set(job, "role", json_string(role != NULL ? role : ""));
	job_set(job, "rights", rights_json(job));
	show_session(job);
	job_set(job, "must_register_factor", json_boolean(needs.register_factor));
	job_set(job, "factor_grace_ends", json_integer((json_int_t)needs.grace_ends));
	job_set(job, "must_change_password", json_boolean(needs.change_password));
	return 0;
}

/* ---- in what language one is written to ---- */

static int language_in_change(struct admin_job *job, struct error *err)
{
	return directory_account_update(job_directory(job), &job->account, err);
}

static int user_language(struct admin_job *job)
{
	int rc = need_person(job);
	struct slice before = job->account.language;
	if (rc == 0)
		rc = job_language(job, &job->account);
	if (rc != 0 || slice_eq(before, job->account.language))
		return rc;
	rc = job_change(job, language_in_change);
	if (rc == 0)
		job_event(job, EV_ACCOUNT_CHANGED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address), LOG_STR("what", "language"));
	return rc;
}

/* ---- lock ---- */

static int set_lock(struct admin_job *job, bool locked)
{
	struct error err = {0};
	int rc = session_lock(job_directory(job), job->session.id, locked, &err);
	if (rc != 0)
		return job_refuse_error(job, rc, "session");
	job_event(job, locked ? EV_SESSION_LOCK : EV_SESSION_UNLOCK, LOG_NUM("session", job->session.id), LOG_TEXT("ip", job->address),
		LOG_TEXT("user", job->subject.name));
	return 0;
}

/* What is open by the session ends with it: mail and events. */
static int session_lock_now(struct admin_job *job)
{
	int rc = need_person(job);
	if (rc == 0 && (rc = set_lock(job, true)) == 0)
		job_host(job)->revoke(job_host(job)->arg, job->subject.account, job->session.id);
	return rc;
}

static int unlock_prepare(struct admin_job *job)
{
	int rc = need_person(job);
	return rc == 0 && job_has(job, "password") ? job_stretch_old(job, "password") : rc;
}

/* By a passkey; other factors are second ones and open nothing by themselves. */
static int unlock_by_key(struct admin_job *job)
{
	struct secrets secrets = SECRETS_NONE;
	struct error err = {0};
	const json_t *proof = json_object_get(job->args, "proof");
	unsigned proven = 0;
	int rc = job_allowed(job);
	if (rc == 0 && session_open(&job->session, job->token, &secrets, &err) != 0)
		rc = job_refuse(job, ADMIN_FAILED, "internal", "The account's secrets cannot be opened.");
	if (rc == 0 && proof == NULL)
		rc = job_ask_factor(job, &secrets, FACTOR_BIT(FACTOR_WEBAUTHN));
	else if (rc == 0 && !slice_eq(json_slice(proof, "kind"), SLICE("webauthn")))
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "A session is unlocked by password or passkey.");
	else if (rc == 0)
		rc = job_prove(job, &secrets, proof, &proven);
	secrets_free(&secrets);
	return rc;
}

static int unlock_by_password(struct admin_job *job)
{
	struct secrets secrets = SECRETS_NONE;
	int rc = job_open_password(job, &secrets);
	secrets_free(&secrets);
	return rc;
}

static int session_unlock(struct admin_job *job)
{
	int rc = job_has(job, "password") ? unlock_by_password(job) : unlock_by_key(job);
	return rc == 0 ? set_lock(job, false) : rc;
}

/* ---- one-time links ---- */

/* Only at the socket of the machine, where it is switched on. */
static int link_prepare(struct admin_job *job)
{
	if (!job_settings(job)->links || job->uid == AUTH_UID_NONE)
		return job_refuse(job, ADMIN_NOT_FOUND, "not_found", "There are no one-time links here.");
	return job_stretch_old(job, "password");
}

static int prove_all(struct admin_job *job, const struct secrets *secrets, unsigned *ret_proven)
{
	unsigned kinds = 0, proven = 0;
	bool enforced, in_grace;
	const json_t *proof = json_object_get(job->args, "proof");
	*ret_proven = AUTH_PROVEN_PASSWORD;
	if (auth_factors_needed(job_directory(job), &job->account, now_of(job), &kinds, &enforced, &in_grace) != 0)
		return job_refuse(job, ADMIN_UNAVAILABLE, "internal", "The directory could not be read.");
	if (kinds == 0)
		return 0;
	int rc = proof != NULL ? job_prove(job, secrets, proof, &proven) : job_ask_factor(job, secrets, kinds);
	*ret_proven |= proven;
	return rc;
}

static int link_make(struct admin_job *job)
{
	struct secrets secrets = SECRETS_NONE;
	char text[LINK_TEXT_SIZE + 1];
	unsigned proven = 0;
	int rc = job_open_password(job, &secrets);
	if (rc == 0)
		rc = prove_all(job, &secrets, &proven);
	if (rc == 0) {
		links_make(job->admin->links, job->account.id, &secrets, proven, now_of(job), text);
		job_set(job, "link", json_string(text));
		job_set(job, "ends", json_integer((json_int_t)job_unix(job) + LINK_S));
		secret_wipe(text, sizeof text);
	}
	secrets_free(&secrets);
	return rc;
}

static int link_use_prepare(struct admin_job *job)
{
	return job_allowed(job);
}

static int link_use(struct admin_job *job)
{
	struct secrets secrets = SECRETS_NONE;
	uint8_t id[16];
	unsigned proven = 0;
	int rc = links_use(job->admin->links, job_text(job, "link"), now_of(job), id, &secrets, &proven);
	if (rc == 0 && (directory_account_get(job_directory(job), id, &job->arena, &job->account) != 0 || !account_signs_in(&job->account)))
		rc = ERR_DENIED;
	if (rc == 0) {
		rc = job_make_session(job, &secrets, proven);
	} else {
		job_tried(job, false);
		rc = job_refuse(job, ADMIN_DENIED, "link", "This link was used, or has ended.");
	}
	secrets_free(&secrets);
	return rc;
}

const struct admin_operation_row admin_web_rows[] = {
	{"session.show", OBJECT_OWN_CHECK, NULL, session_show},
	{"user.language", OBJECT_OWN_CHECK, NULL, user_language},
	{"session.work", OBJECT_OWN_CHECK, NULL, session_work},
	{"session.lock", OBJECT_OWN_CHECK, NULL, session_lock_now},
	{"session.unlock", OBJECT_OWN_CHECK, unlock_prepare, session_unlock},
	{"session.link", OBJECT_PROOF, link_prepare, link_make},
	{"session.link.use", OBJECT_OWN_CHECK, link_use_prepare, link_use},
	{0},
};
