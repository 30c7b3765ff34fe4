/* Second factors of oneself: programs, keys, codes, lists; the table of all operations. */
#include <string.h>

#include "auth/admin_factor.h"
#include "crypt/crypt.h"
#include "factor/codes.h"
#include "factor/qr.h"
#include "factor/totp.h"

#define URI_MAX 1200
#define LIST_MIN 10

/* ---- TOTP ---- */

static int totp_begin_in_change(struct admin_job *job, const struct secrets *secrets, struct directory_factor *added, struct error *err)
{
	struct totp totp;
	struct directory_factor f = {.kind = FACTOR_TOTP};
	struct buf state = BUF_INIT(TOTP_STATE_MAX), text = BUF_INIT(TOTP_SECRET_MAX * 2), uri = BUF_INIT(URI_MAX), qr = BUF_INIT(QR_OUT_MAX);
	totp_make(&totp);
	totp_encode(&totp, &state);
	random_bytes(f.lookup, sizeof f.lookup);
	int rc = factor_job_drop(job, FACTOR_TOTP, err);
	if (rc == 0)
		rc = factor_job_add(job, &f, secrets, buf_slice(&state), err);
	if (rc == 0) {
		totp_secret_text(&totp, &text);
		totp_uri(&totp, address_domain_of(job->account.address), job->account.address, &uri);
		job_set(job, "id", json_integer(f.id));
		job_set(job, "secret", job_json(buf_slice(&text)));
		job_set(job, "uri", job_json(buf_slice(&uri)));
		if (qr_svg(buf_slice(&uri), &qr) == 0)
			job_set(job, "qr", job_json(buf_slice(&qr)));
	}
	secret_wipe(&totp, sizeof totp);
	buf_free_secret(&state), buf_free_secret(&text), buf_free_secret(&uri), buf_free_secret(&qr);
	return rc;
}

static int totp_begin(struct admin_job *job)
{
	return factor_job_run(job, totp_begin_in_change);
}

static int totp_confirm_in_change(struct admin_job *job, const struct secrets *secrets, struct directory_factor *added, struct error *err)
{
	struct directory_factor f;
	struct totp totp;
	struct buf state = BUF_INIT(FACTOR_STATE_MAX), next = BUF_INIT(TOTP_STATE_MAX);
	struct factor_work w = factor_job_work(job, secrets, NULL, err);
	int rc = factor_job_load(job, secrets, FACTOR_BIT(FACTOR_TOTP), false, &f, &state);
	if (rc == 0)
		rc = totp_decode(buf_slice(&state), &totp);
	if (rc == 0 && totp_verify(&totp, job_text(job, "code"), job_unix(job), &totp.last_step) != FACTOR_RIGHT)
		rc = job_refuse(job, ADMIN_DENIED, "factor", "The code is not right. Is the clock of the device right?");
	if (rc == 0) {
		totp_encode(&totp, &next);
		rc = factor_store(&w, &f, buf_slice(&next));
	}
	if (rc == 0)
		rc = directory_factor_get(job_directory(job), job->account.id, f.id, &job->arena, &f);
	if (rc == 0)
		rc = factor_job_confirm(job, &f, AUTH_PROVEN_TOTP, err);
	*added = f;
	secret_wipe(&totp, sizeof totp);
	buf_free_secret(&state), buf_free_secret(&next);
	return rc;
}

static int totp_confirm(struct admin_job *job)
{
	return factor_job_run(job, totp_confirm_in_change);
}

/* ---- security keys and passkeys ---- */

static json_t *exclude_list(struct admin_job *job, const struct secrets *secrets)
{
	struct directory_factor keys[FACTORS_MAX];
	json_t *out = json_array();
	int count = directory_factor_list(job_directory(job), job->account.id, FACTOR_WEBAUTHN, &job->arena, keys, FACTORS_MAX);
	for (int i = 0; i < count; i++) {
		struct buf state = BUF_INIT(FACTOR_STATE_MAX);
		struct factor_owner owner = factor_owner_of(&keys[i]);
		struct webauthn_key key;
		if (factor_open(&owner, secrets, keys[i].data, &state) == 0 && webauthn_decode(buf_slice(&state), &key) == 0)
			json_array_append_new(out, factor_base64url(key.id));
		buf_free_secret(&state);
	}
	return out;
}

static int webauthn_begin(struct admin_job *job)
{
	struct secrets secrets = SECRETS_NONE;
	struct auth_origin origin = job_origin(job);
	uint8_t challenge[WEBAUTHN_CHALLENGE_SIZE];
	int rc = factor_job_open(job, &secrets);
	if (rc == 0 && origin.origin.n == 0)
		rc = job_refuse(job, ADMIN_FAILED, "origin", "This web address may not register keys: it is not in auth.web_origins.");
	if (rc == 0) {
		factor_challenge_make(job_directory(job), CHALLENGE_REGISTER, job->account.id, factor_job_now(job), challenge);
		job_set(job, "challenge", factor_base64url(slice_make(challenge, sizeof challenge)));
		job_set(job, "rp_id", job_json(origin.rp_id));
		job_set(job, "user_id", factor_base64url(slice_make(job->account.id, sizeof job->account.id)));
		job_set(job, "user_name", job_json(job->account.address));
		job_set(job, "display_name", job_json(job->account.name.n > 0 ? job->account.name : job->account.address));
		job_set(job, "algorithms", json_pack("[i,i,i]", WEBAUTHN_ES256, WEBAUTHN_EDDSA, WEBAUTHN_RS256));
		job_set(job, "exclude", exclude_list(job, &secrets));
		job_set(job, "prf_salt", json_string(AUTH_PRF_SALT));
		job_set(job, "user_verification", json_string("preferred"));
	}
	secrets_free(&secrets);
	return rc;
}

static int read_registration(struct admin_job *job, struct webauthn_key *ret, struct error *err)
{
	struct slice client, object;
	uint8_t challenge[WEBAUTHN_CHALLENGE_SIZE];
	struct auth_origin origin = job_origin(job);
	const struct webauthn_site site = {origin.origin, origin.rp_id};
	if (!factor_bytes(job->args, "client_data", WEBAUTHN_CLIENT_DATA_MAX, &job->arena, &client)
	    || !factor_bytes(job->args, "attestation", WEBAUTHN_ATTESTATION_MAX, &job->arena, &object) || !webauthn_challenge_of(client, challenge))
		return job_refuse(job, ADMIN_INVALID, "invalid", "This is no registration of a key.");
	if (factor_challenge_use(job_directory(job), CHALLENGE_REGISTER, job->account.id, challenge, factor_job_now(job), err) != FACTOR_RIGHT
	    || webauthn_register(&site, slice_make(challenge, sizeof challenge), client, object, false, &job->arena, ret) != FACTOR_RIGHT)
		return job_refuse(job, ADMIN_DENIED, "factor", "The key could not be registered; begin again.");
	return 0;
}

static int webauthn_confirm_in_change(struct admin_job *job, const struct secrets *secrets, struct directory_factor *added, struct error *err)
{
	struct directory_factor f = {.kind = FACTOR_WEBAUTHN};
	struct webauthn_key key;
	struct slice prf;
	struct buf state = BUF_INIT(WEBAUTHN_STATE_MAX);
	int rc = read_registration(job, &key, err);
	if (rc == 0) {
		webauthn_encode(&key, &state);
		factor_key_lookup(job_directory(job), key.id, f.lookup);
		rc = factor_job_add(job, &f, secrets, buf_slice(&state), err);
	}
	if (rc == ERR_EXISTS)
		rc = job_refuse(job, ADMIN_FAILED, "exists", "This key is registered already.");
	if (rc == 0)
		rc = directory_factor_get(job_directory(job), job->account.id, f.id, &job->arena, &f);
	if (rc == 0)
		rc = factor_job_confirm(job, &f, AUTH_PROVEN_WEBAUTHN, err);
	if (rc == 0 && factor_bytes(job->args, "prf", WEBAUTHN_PRF_SIZE, &job->arena, &prf) && prf.n == WEBAUTHN_PRF_SIZE) {
		rc = factor_passkey_add(job_directory(job), &f, secrets, prf.p, job_unix(job), err);
		job_set(job, "passwordless", json_boolean(rc == 0));
	}
	*added = f;
	buf_free_secret(&state);
	return rc;
}

static int webauthn_confirm(struct admin_job *job)
{
	return factor_job_run(job, webauthn_confirm_in_change);
}

/* ---- codes and lists ---- */

static int make_codes(struct admin_job *job, const struct secrets *secrets, enum factor_kind kind, unsigned count,
	struct directory_factor *added, struct error *err)
{
	struct codes_text texts[CODES_MAX];
	struct directory_factor f = {.kind = kind};
	struct buf state = BUF_INIT(CODES_STATE_MAX);
	int kinds = directory_factor_kinds(job_directory(job), job->account.id);
	if (kinds < 0 || ((unsigned)kinds & FACTOR_MAIN_KINDS) == 0)
		return kinds < 0 ? kinds : job_refuse(job, ADMIN_FAILED, "no_factor", "Register a second factor first; these codes help when it is lost.");
	random_bytes(f.lookup, sizeof f.lookup);
	codes_make(count, &state, texts);
	/* The former set goes: codes that nobody remembers are nobody's. */
	int rc = directory_factor_remove_kinds(job_directory(job), job->account.id, FACTOR_BIT(kind), err);
	f.confirmed = job_unix(job);
	if (rc == 0)
		rc = factor_job_add(job, &f, secrets, buf_slice(&state), err);
	if (rc == 0) {
		json_t *out = json_array();
		for (unsigned i = 0; i < count; i++)
			json_array_append_new(out, json_string(texts[i].text));
		job_set(job, "codes", out);
	}
	*added = f;
	secret_wipe(texts, sizeof texts);
	buf_free_secret(&state);
	return rc;
}

static int codes_in_change(struct admin_job *job, const struct secrets *secrets, struct directory_factor *added, struct error *err)
{
	return make_codes(job, secrets, FACTOR_CODES, CODES_RESERVE, added, err);
}

static int codes_make_op(struct admin_job *job)
{
	return factor_job_run(job, codes_in_change);
}

static int list_in_change(struct admin_job *job, const struct secrets *secrets, struct directory_factor *added, struct error *err)
{
	const json_t *count = json_object_get(job->args, "count");
	json_int_t n = count != NULL ? json_integer_value(count) : CODES_LIST_DEFAULT;
	if (n < LIST_MIN || n > CODES_MAX)
		return job_refuse(job, ADMIN_INVALID, "invalid", "A list has %d to %d codes.", LIST_MIN, CODES_MAX);
	return make_codes(job, secrets, FACTOR_LIST, (unsigned)n, added, err);
}

static int list_make_op(struct admin_job *job)
{
	return factor_job_run(job, list_in_change);
}

/* ---- signing in with a passkey alone ---- */

static int passkey_begin(struct admin_job *job)
{
	struct error err = {0};
	struct auth_origin origin = job_origin(job);
	json_t *challenge = NULL;
	if (auth_passkey_challenge(job_directory(job), &origin, factor_job_now(job), &challenge, &err) != 0)
		return job_refuse(job, ADMIN_FAILED, "origin", "This web address is not in auth.web_origins.");
	json_object_update(job->result, challenge);
	json_decref(challenge);
	return 0;
}

static int passkey_prepare(struct admin_job *job)
{
	return job_allowed(job);
}

static int passkey_start(struct admin_job *job)
{
	struct error err = {0};
	struct auth_origin origin = job_origin(job);
	struct secrets secrets = SECRETS_NONE;
	uint32_t credential = 0;
	int rc = auth_passkey_open(job_directory(job), json_object_get(job->args, "proof"), &origin, factor_job_now(job), &job->arena, &job->account,
		&secrets, &credential, &err);
	if (rc == ERR_DENIED) {
		job_tried(job, false);
		job_event(job, EV_FACTOR_FAILED, LOG_TEXT("ip", job->address), LOG_STR("kind", "webauthn"), LOG_STR("why", "passkey"));
		return job_refuse(job, ADMIN_DENIED, "passkey", "The passkey is not right.");
	}
	if (rc != 0)
		return job_refuse(job, ADMIN_UNAVAILABLE, "internal", "The passkey cannot be checked now.");
	job_tried(job, true);
	rc = job_make_session(job, &secrets, AUTH_PROVEN_WEBAUTHN);
	secrets_free(&secrets);
	return rc;
}

const struct admin_operation_row admin_factor_rows[] = {
	{"session.passkey.begin", OBJECT_OWN_CHECK, NULL, passkey_begin},
	{"session.passkey.start", OBJECT_OWN_CHECK, passkey_prepare, passkey_start},
	{"factor.list", OBJECT_ACCOUNT, NULL, factor_list},
	{"factor.totp.begin", OBJECT_OWN_CHECK, NULL, totp_begin},
	{"factor.totp.confirm", OBJECT_OWN_CHECK, NULL, totp_confirm},
	{"factor.webauthn.begin", OBJECT_OWN_CHECK, NULL, webauthn_begin},
	{"factor.webauthn.confirm", OBJECT_OWN_CHECK, NULL, webauthn_confirm},
	{"factor.codes.make", OBJECT_OWN_CHECK, NULL, codes_make_op},
	{"factor.list.make", OBJECT_OWN_CHECK, NULL, list_make_op},
	{"factor.contact.set", OBJECT_OWN_CHECK, NULL, factor_contact_set},
	{"factor.contact.confirm", OBJECT_OWN_CHECK, NULL, factor_contact_confirm},
	{"factor.remove", OBJECT_OWN_CHECK, NULL, factor_remove},
	{"factor.reset", OBJECT_ACCOUNT, NULL, factor_reset},
	{0},
};
