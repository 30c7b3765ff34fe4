/* Signing in to the interface: sessions of people, tokens of programs. */
#include <string.h>

#include "auth/admin_device.h"
#include "auth/admin_password.h"
#include "auth/admin_web.h"
#include "auth/escrow.h"
#include "crypt/crypt.h"

#define TOKEN_DAYS_MAX 366
#define TOKEN_DAYS 90
#define DAY_S INT64_C(86400)

/* ---- the second factor ---- */

/* Which AUTH_PROVEN_… a kind is. */
static unsigned proven_by(enum factor_kind kind)
{
	switch (kind) {
	case FACTOR_TOTP: return AUTH_PROVEN_TOTP;
	case FACTOR_WEBAUTHN: return AUTH_PROVEN_WEBAUTHN;
	case FACTOR_CODES: return AUTH_PROVEN_CODE;
	case FACTOR_LIST: return AUTH_PROVEN_LIST;
	case FACTOR_MAIL: return AUTH_PROVEN_MAIL;
	case FACTOR_SMS: return AUTH_PROVEN_SMS;
	default: return 0;
	}
}

static json_t *kind_names(unsigned kinds)
{
	json_t *names = json_array();
	for (unsigned k = 1; k < FACTOR_KIND_COUNT; k++)
		if ((kinds & FACTOR_BIT(k)) != 0)
			json_array_append_new(names, json_string(factor_kind_name((enum factor_kind)k)));
	return names;
}

int job_prove(struct admin_job *job, const struct secrets *secrets, const json_t *proof, unsigned *ret_proven)
{
	struct error err = {0};
	struct auth_origin origin = job_origin(job);
	enum factor_kind kind = FACTOR_TOTP;
	const char *why = "";
	struct moment now = job_host(job)->now(job_host(job)->arg);
	int rc = auth_factors_check(job_directory(job), &job->account, secrets, proof, &origin, now, &kind, &why, &err);
	if (rc == 0) {
		*ret_proven = proven_by(kind);
		job_event(job, EV_FACTOR_USED, LOG_TEXT("user", job->account.address), LOG_STR("kind", factor_kind_name(kind)));
		return 0;
	}
	if (rc != ERR_DENIED && rc != ERR_INVALID)
		return job_refuse(job, ADMIN_UNAVAILABLE, "internal", "The second factor cannot be checked now.");
	job_event(job, EV_FACTOR_FAILED, LOG_TEXT("ip", job->address), LOG_TEXT("user", job->account.address), LOG_STR("why", why));
	job_tried(job, false);
	return job_refuse(job, ADMIN_DENIED, "factor", "The second factor is not right.");
}

/* Asks for a second factor: which there are, and challenges of those that need one when args.factor names it. */
int job_ask_factor(struct admin_job *job, const struct secrets *secrets, unsigned kinds)
{
	struct error err = {0};
	struct auth_origin origin = job_origin(job);
	struct auth_factor_send send = {0};
	struct moment now = job_host(job)->now(job_host(job)->arg);
	enum factor_kind kind;
	json_t *challenge = NULL;
	job_refuse(job, ADMIN_DENIED, "factor_needed", "A second factor is needed.");
	job_set(job, "factors", kind_names(kinds));
	if (!factor_kind_parse(job_text(job, "factor"), &kind) || (kinds & FACTOR_BIT(kind)) == 0)
		return ERR_DENIED;
	/* What cannot be sent costs none of the day's codes. */
	if ((FACTOR_BIT(kind) & (FACTOR_BIT(FACTOR_MAIL) | FACTOR_BIT(FACTOR_SMS)) & ~job_settings(job)->sends) != 0)
		return job_refuse(job, ADMIN_FAILED, "gateway", "Codes of this kind cannot be sent here: no gateway is configured.");
	if (auth_factors_challenge(job_directory(job), &job->account, secrets, kind, &origin, now, &challenge, &send, &err) != 0)
		return job_refuse(job, ADMIN_FAILED, "challenge", "There can be no challenge of that kind now.");
	job_set(job, "challenge", challenge);
	if (send.kind != 0 && job_host(job)->send_code != NULL)
		job_host(job)->send_code(job_host(job)->arg, &send);
	secret_wipe(&send, sizeof send);
	return ERR_DENIED;
}

int job_factor_first(struct admin_job *job)
{
	unsigned kinds = 0;
	bool enforced, in_grace;
	struct moment now = job_host(job)->now(job_host(job)->arg);
	if (auth_factors_needed(job_directory(job), &job->account, now, &kinds, &enforced, &in_grace) != 0)
		return job_refuse(job, ADMIN_UNAVAILABLE, "internal", "The directory could not be read.");
	return kinds == 0 && enforced && !in_grace ? job_refuse(job, ADMIN_DENIED, "factor_needed", "Register a second factor first.") : 0;
}

int job_prove_second(struct admin_job *job, const struct secrets *secrets)
{
	unsigned kinds = 0, proven = 0;
	bool enforced, in_grace;
	struct moment now = job_host(job)->now(job_host(job)->arg);
	const json_t *proof = json_object_get(job->args, "proof");
	if (auth_factors_needed(job_directory(job), &job->account, now, &kinds, &enforced, &in_grace) != 0)
		return job_refuse(job, ADMIN_UNAVAILABLE, "internal", "The directory could not be read.");
	if (kinds == 0)
		return 0;
	/* A token runs without the person: what its maker once showed does not stand in for a factor now. */
	if (!job->subject.token && memcmp(job->subject.account, job->account.id, 16) == 0 && (job->subject.proven & AUTH_PROVEN_SECOND) != 0)
		return 0;
	return proof != NULL ? job_prove(job, secrets, proof, &proven) : job_ask_factor(job, secrets, kinds);
}

/* ---- sessions ---- */

static int in_change_make(struct admin_job *job, struct session *session, const struct secrets *secrets, char *token)
{
	struct error err = {0};
	int rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = session_make(job_directory(job), session, secrets, token, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	if (rc == 0)
		return 0;
	directory_rollback(job_directory(job));
	return job_refuse_error(job, rc, "session");
}

static void answer_session(struct admin_job *job, const struct session *session, char *token)
{
	job_set(job, "token", json_string(token));
	job_set(job, "session", json_integer(session->id));
	job_set(job, "ends", json_integer((json_int_t)session->ends));
	job_set(job, "address", job_json(job->account.address));
	job_set(job, "second_factor", json_boolean((session->proven & AUTH_PROVEN_SECOND) != 0));
	secret_wipe(token, SESSION_TOKEN_SIZE);
}

int job_make_session(struct admin_job *job, const struct secrets *secrets, unsigned proven)
{
	char token[SESSION_TOKEN_SIZE + 1], key[DEVICE_KEY_SIZE + 1];
	int64_t now = job_unix(job);
	uint32_t device = 0;
	unsigned risk = 0;
	int rc = job_web_device(job, &device, key);
	if (rc == 0)
		rc = job_check_access(job, proven, device, key, &risk);
	if (rc != 0)
		return rc;
	struct session session = {.kind = SESSION_PERSON, .device = device, .label = job_text(job, "label"), .address = job->address, .agent = job->agent,
		.scopes = ~UINT64_C(0), .risk = risk, .web = json_is_true(json_object_get(job->args, "web")), .proven = proven, .created = now, .idle = job_settings(job)->session_idle_s,
		.ends = now + job_settings(job)->session_s, .stepped_up = (proven & AUTH_PROVEN_SECOND) != 0 ? now : 0};
	if (job->session_max > 0 && session.ends > now + job->session_max)
		session.ends = now + job->session_max;
	memcpy(session.account, job->account.id, sizeof session.account);
	session_expire(job_directory(job), now);
	rc = in_change_make(job, &session, secrets, token);
	if (rc != 0)
		return rc;
	escrow_ensure(job_directory(job), &job->account, secrets, now);
	answer_session(job, &session, token);
	if (device != 0)
		job_set(job, "device", json_integer(device));
	if (key[0] != 0)
		job_set(job, "device_key", json_string(key));
	secret_wipe(key, sizeof key);
	job_event(job, EV_SESSION_START, LOG_NUM("session", session.id), LOG_STR("service", session.web ? "web" : "admin"), LOG_TEXT("ip", job->address),
		LOG_TEXT("user", job->account.address));
	return 0;
}

static int start_prepare(struct admin_job *job)
{
	int rc = job_work(job);
	return rc == 0 ? job_stretch_old(job, "password") : rc;
}

/* The password opened the secrets: what else does policy want? Without any factor a person may still come in to register one. */
int job_start_session(struct admin_job *job, const struct secrets *secrets, unsigned first)
{
	unsigned kinds = 0, proven = 0;
	bool enforced = false, in_grace = false;
	struct moment now = job_host(job)->now(job_host(job)->arg);
	const json_t *proof = json_object_get(job->args, "proof");
	if (auth_factors_needed(job_directory(job), &job->account, now, &kinds, &enforced, &in_grace) != 0)
		return job_refuse(job, ADMIN_UNAVAILABLE, "internal", "The directory could not be read.");
	if (kinds != 0 && proof == NULL)
		return job_ask_factor(job, secrets, kinds);
	if (kinds != 0 && job_prove(job, secrets, proof, &proven) != 0)
		return ERR_DENIED;
	int rc = job_make_session(job, secrets, first | proven);
	if (rc == 0 && kinds == 0 && enforced)
		job_set(job, "must_register_factor", json_boolean(!in_grace));
	struct password_policy policy = job_password_policy(job);
	if (rc == 0 && ((job->account.flags & ACCOUNT_PROVISIONAL) != 0 || (job->password.created != 0 && password_expired(&policy, job->password.created, now))))
		job_set(job, "must_change_password", json_true());
	return rc;
}

static int session_start(struct admin_job *job)
{
	struct secrets secrets = SECRETS_NONE;
	int rc = job_open_password(job, &secrets);
	if (rc == 0)
		rc = job_start_session(job, &secrets, AUTH_PROVEN_PASSWORD);
	secrets_free(&secrets);
	return rc;
}

/* args.proof within a session: it has shown a second factor now. */
static int session_step_up(struct admin_job *job)
{
	struct secrets secrets = SECRETS_NONE;
	struct error err = {0};
	unsigned kinds = 0, proven = 0;
	bool enforced, in_grace;
	struct moment now = job_host(job)->now(job_host(job)->arg);
	const json_t *proof = json_object_get(job->args, "proof");
	if (directory_account_get(job_directory(job), job->subject.account, &job->arena, &job->account) != 0 || job->subject.token
	    || session_open(&job->session, job->token, &secrets, &err) != 0
	    || auth_factors_needed(job_directory(job), &job->account, now, &kinds, &enforced, &in_grace) != 0) {
		secrets_free(&secrets);
		return job_refuse(job, ADMIN_DENIED, "denied", "Only a person's session can be stepped up.");
	}
	int rc = kinds == 0 ? job_refuse(job, ADMIN_FAILED, "no_factor", "Register a second factor first.")
	       : job_allowed(job) != 0 ? ERR_DENIED
	       : proof == NULL ? job_ask_factor(job, &secrets, kinds) : job_prove(job, &secrets, proof, &proven);
	secrets_free(&secrets);
	if (rc != 0)
		return rc;
	if (session_proven(job_directory(job), job->session.id, proven, job_unix(job), &err) != 0)
		return job_refuse_error(job, ERR_IO, "session");
	job_event(job, EV_LOGIN_STEP_UP, LOG_NUM("session", job->session.id), LOG_TEXT("ip", job->address), LOG_TEXT("user", job->subject.name));
	return 0;
}

static json_t *session_json(const struct session *s, uint32_t own)
{
	static const char *const kinds[] = {"", "session", "token", "oauth", "oauth refresh"};
	json_t *o = json_object();
	json_object_set_new(o, "id", json_integer(s->id));
	json_object_set_new(o, "kind", json_string((unsigned)s->kind < 5 ? kinds[s->kind] : ""));
	json_object_set_new(o, "label", job_json(s->label));
	json_object_set_new(o, "ip", job_json(s->address));
	json_object_set_new(o, "agent", job_json(s->agent));
	json_object_set_new(o, "created", json_integer((json_int_t)s->created));
	json_object_set_new(o, "used", json_integer((json_int_t)s->used));
	json_object_set_new(o, "ends", json_integer((json_int_t)s->ends));
	json_object_set_new(o, "second_factor", json_boolean((s->proven & AUTH_PROVEN_SECOND) != 0));
	json_object_set_new(o, "device", json_integer(s->device));
	json_object_set_new(o, "unusual", risk_names(s->risk));
	json_object_set_new(o, "this", json_boolean(s->id == own));
	return o;
}

static int list_sessions(struct admin_job *job, unsigned kind, const char *member)
{
	struct session *list = arena_alloc_array(&job->arena, SESSIONS_MAX, sizeof *list);
	int count = session_list(job_directory(job), job->account.id, kind, &job->arena, list, SESSIONS_MAX);
	if (count < 0)
		return job_refuse_error(job, count, "account");
	json_t *out = json_array();
	for (int i = 0; i < count; i++)
		json_array_append_new(out, session_json(&list[i], job->session.id));
	job_set(job, member, out);
	return 0;
}

static int session_list_all(struct admin_job *job)
{
	return list_sessions(job, 0, "sessions");
}

static int remove_one(struct admin_job *job, const uint8_t account[16], uint32_t id)
{
	struct error err = {0};
	int rc = session_remove(job_directory(job), account, id, &err);
	if (rc != 0)
		return job_refuse_error(job, rc, "session");
	job_host(job)->revoke(job_host(job)->arg, account, id);
	return 0;
}

/* One's own session ends (sign-out). */
static int session_end(struct admin_job *job)
{
	int rc = job->session.id == 0 ? job_refuse(job, ADMIN_DENIED, "sign_in", "You are not signed in.")
	                              : remove_one(job, job->subject.account, job->session.id);
	if (rc == 0)
		job_event(job, EV_SESSION_END, LOG_NUM("session", job->session.id), LOG_TEXT("ip", job->address), LOG_TEXT("user", job->subject.name),
			LOG_STR("why", "sign-out"));
	return rc;
}

/* Everything of the account, or one session: also the sessions of mail clients end within a second. */
static int session_sign_out(struct admin_job *job)
{
	struct error err = {0};
	const json_t *id = json_object_get(job->args, "id");
	int rc = 0;
	if (id != NULL && (rc = remove_one(job, job->account.id, (uint32_t)json_integer_value(id))) != 0)
		return rc;
	if (id == NULL && (rc = session_remove_all(job_directory(job), job->account.id, &err)) != 0)
		return job_refuse_error(job, rc, "session");
	if (id == NULL)
		job_revoke_account(job, job->account.id);
	job_event(job, EV_SESSION_END, LOG_NUM("session", id != NULL ? json_integer_value(id) : 0), LOG_TEXT("user", job->account.address),
		LOG_TEXT("actor", job->subject.name), LOG_STR("why", "signed out"));
	return 0;
}

/* ---- tokens ---- */

/* args.rights: names; none: all that a token may have. */
static int token_rights(struct admin_job *job, auth_rights *ret)
{
	const json_t *names = json_object_get(job->args, "rights"), *name;
	size_t i;
	enum auth_right right;
	*ret = json_array_size(names) == 0 ? ~UINT64_C(0) : 0;
	json_array_foreach(names, i, name) {
		if (!auth_right_parse(slice_make(json_string_value(name), json_string_length(name)), &right))
			return job_refuse(job, ADMIN_INVALID, "invalid", "There is no right \"%s\"; letterlock role rights shows them.",
				json_string_value(name));
		*ret |= AUTH_BIT(right);
	}
	return 0;
}

static int make_token(struct admin_job *job, struct session *session, const struct secrets *secrets)
{
	char token[SESSION_TOKEN_SIZE + 1];
	memcpy(session->account, job->account.id, sizeof session->account);
	int rc = in_change_make(job, session, secrets, token);
	if (rc != 0)
		return rc;
	answer_session(job, session, token);
	job_event(job, EV_TOKEN_MADE, LOG_TEXT("actor", job->subject.name), LOG_TEXT("name", session->label), LOG_NUM("until", session->ends));
	return 0;
}

static int token_add(struct admin_job *job)
{
	struct secrets secrets = SECRETS_NONE;
	json_int_t days = job_has(job, "days") ? json_integer_value(json_object_get(job->args, "days")) : TOKEN_DAYS;
	struct session session = {.kind = SESSION_TOKEN, .address = job->address, .agent = job->agent, .proven = job->subject.proven,
		.created = job_unix(job)};
	int rc = job_name(job, "label", &session.label);
	if (rc == 0 && (session.label.n == 0 || days < 1 || days > TOKEN_DAYS_MAX))
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "A token has a label, and ends after 1 to %d days.", TOKEN_DAYS_MAX);
	if (rc == 0 && (job->subject.kind != AUTH_PERSON || job->subject.token))
		rc = job_refuse(job, ADMIN_DENIED, "denied", "Only a person's session makes tokens.");
	if (rc == 0)
		rc = token_rights(job, &session.scopes);
	if (rc == 0)
		rc = job_open_own(job, &secrets);
	if (rc == 0) {
		session.ends = session.created + (int64_t)days * DAY_S;
		rc = make_token(job, &session, &secrets);
	}
	secrets_free(&secrets);
	return rc;
}

const struct admin_operation_row admin_session_rows[] = {
	{"session.start", OBJECT_PROOF, start_prepare, session_start},
	{"session.step_up", OBJECT_OWN_CHECK, NULL, session_step_up},
	{"session.end", OBJECT_OWN_CHECK, NULL, session_end},
	{"session.list", OBJECT_ACCOUNT, NULL, session_list_all},
	{"session.sign_out", OBJECT_ACCOUNT, NULL, session_sign_out},
	{"token.add", OBJECT_OWN_CHECK, NULL, token_add},
	{0},
};
