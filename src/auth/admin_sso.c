/* Programs with tokens, identities at other providers, certificates of devices. */
#include <string.h>

#include "auth/admin_job.h"
#include "auth/external.h"
#include "auth/ldap.h"
#include "auth/managed.h"
#include "auth/oauth.h"
#include "base/codec.h"
#include "base/endian.h"
#include "base/ensure.h"
#include "crypt/aead.h"
#include "crypt/certificate.h"
#include "sso/jwt.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

/* ---- clients of our authorization server ---- */

static struct slice joined(struct admin_job *job, const char *name)
{
	const json_t *list = json_object_get(job->args, name), *item;
	struct buf b = BUF_INIT(OAUTH_REDIRECTS_MAX * 2000);
	size_t i;
	json_array_foreach(list, i, item) {
		if (i > 0)
			buf_append_byte(&b, ' ');
		buf_append(&b, slice_make(json_string_value(item), json_string_length(item)));
	}
	struct slice text = b.failed ? SLICE("?") : arena_dup(&job->arena, buf_slice(&b));
	buf_free(&b);
	return text;
}

static json_t *client_json(struct admin_job *job, const struct oauth_client *c)
{
	json_t *o = json_object(), *redirects = json_array();
	struct slice rest = c->redirects, one;
	while (slice_split(&rest, ' ', &one))
		json_array_append_new(redirects, job_json(one));
	json_object_set_new(o, "id", job_json(c->id));
	json_object_set_new(o, "name", job_json(c->name));
	json_object_set_new(o, "redirects", redirects);
	json_object_set_new(o, "scope", job_json(c->scope));
	json_object_set_new(o, "device", json_boolean(c->device));
	return o;
}

static int client_list(struct admin_job *job)
{
	struct oauth_client *list = arena_alloc_array(&job->arena, DIRECTORY_PAGE + 1, sizeof *list);
	int count = directory_oauth_client_list(job_directory(job), job_text(job, "after"), &job->arena, list, DIRECTORY_PAGE + 1);
	if (count < 0)
		return job_refuse_error(job, count, "client");
	json_t *out = json_array();
	for (int i = 0; i < count && i < DIRECTORY_PAGE; i++)
		json_array_append_new(out, client_json(job, &list[i]));
	job_set(job, "clients", out);
	job_set(job, "more", json_boolean(count > DIRECTORY_PAGE));
	if (count > DIRECTORY_PAGE)
		job_set(job, "next", job_json(list[DIRECTORY_PAGE - 1].id));
	return 0;
}

static int client_add(struct admin_job *job)
{
	struct error err = {0};
	struct oauth_client c = {.id = job_text(job, "id"), .redirects = joined(job, "redirects"), .scope = job_text(job, "scope"),
		.device = json_is_true(json_object_get(job->args, "device"))};
	int rc = job_name(job, "name", &c.name);
	if (rc != 0)
		return rc;
	if (slice_eq(c.id, SLICE(OAUTH_CLIENT_SCRIPT)) || oauth_client_check(&c, &err) != 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "%s", err.public_text[0] != '\0' ? err.public_text : "That id is taken by the system.");
	rc = directory_oauth_client_add(job_directory(job), &c, job_unix(job), &err);
	if (rc != 0)
		return job_refuse_error(job, rc, "client");
	job_event(job, EV_OAUTH_CLIENT, LOG_TEXT("actor", job->subject.name), LOG_TEXT("name", c.id), LOG_STR("what", "added"));
	return 0;
}

static int client_remove(struct admin_job *job)
{
	struct error err = {0};
	struct slice id = job_text(job, "id");
	int rc = directory_oauth_client_remove(job_directory(job), id, &err);
	if (rc == 0)
		rc = auth_oauth_end_client(job_oauth(job), id, &err);
	if (rc != 0)
		return job_refuse_error(job, rc, "client");
	job_event(job, EV_OAUTH_CLIENT, LOG_TEXT("actor", job->subject.name), LOG_TEXT("name", id), LOG_STR("what", "removed"));
	return 0;
}

/* ---- grants ---- */

static int grant_list(struct admin_job *job)
{
	struct directory_oauth *list = arena_alloc_array(&job->arena, OAUTH_GRANTS_MAX, sizeof *list);
	int count = directory_oauth_list(job_directory(job), job->account.id, &job->arena, list, OAUTH_GRANTS_MAX);
	if (count < 0)
		return job_refuse_error(job, count, "account");
	json_t *out = json_array();
	for (int i = 0; i < count; i++) {
		json_t *o = json_object();
		json_object_set_new(o, "id", json_integer(list[i].id));
		json_object_set_new(o, "client", job_json(list[i].client));
		json_object_set_new(o, "scope", job_json(list[i].scope));
		json_object_set_new(o, "created", json_integer((json_int_t)list[i].created));
		json_array_append_new(out, o);
	}
	job_set(job, "grants", out);
	return 0;
}

static int grant_end(struct admin_job *job)
{
	struct error err = {0};
	json_int_t id = json_integer_value(json_object_get(job->args, "id"));
	int rc = id > 0 && id <= UINT32_MAX ? auth_oauth_end(job_oauth(job), job->account.id, (uint32_t)id, &err) : ERR_NOT_FOUND;
	if (rc != 0)
		return job_refuse_error(job, rc, "grant");
	job_event(job, EV_OAUTH_ENDED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address), LOG_NUM("id", id));
	return 0;
}

/* The person's own session, whole: the account and its secrets. */
static int own_session(struct admin_job *job, struct secrets *ret)
{
	struct error err = {0};
	if (!auth_oauth_may_allow(job_oauth(job), &job->subject))
		return job_refuse(job, ADMIN_DENIED, "sign_in", "Only a person's session may do this, with a second factor where the account needs one.");
	if (directory_account_get(job_directory(job), job->subject.account, &job->arena, &job->account) != 0
	    || session_open(&job->session, job->token, ret, &err) != 0)
		return job_refuse(job, ADMIN_FAILED, "internal", "The account's secrets cannot be opened.");
	return 0;
}

static int oauth_token(struct admin_job *job)
{
	struct secrets secrets = SECRETS_NONE;
	struct error err = {0};
	char token[SESSION_TOKEN_SIZE + 1];
	int64_t ends = 0;
	int rc = own_session(job, &secrets);
	if (rc != 0)
		return rc;
	rc = auth_oauth_issue(job_oauth(job), &job->account, &secrets, job->subject.proven, job_text(job, "scope"), token, &ends, &err);
	secrets_free(&secrets);
	if (rc == ERR_INVALID)
		return job_refuse(job, ADMIN_INVALID, "invalid", "Scopes are imap, pop, smtp, sieve and api:<right>.");
	if (rc != 0)
		return job_refuse_error(job, rc, "token");
	job_set(job, "token", json_string(token));
	job_set(job, "address", job_json(job->account.address));
	job_set(job, "ends", json_integer((json_int_t)ends));
	job_event(job, EV_OAUTH_GRANTED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address),
		LOG_STR("name", OAUTH_CLIENT_SCRIPT), LOG_TEXT("right", job_text(job, "scope")));
	secret_wipe(token, sizeof token);
	return 0;
}

/* A request to the authorization server that came over HTTP: the listener passes it on as it is. */
static int oauth_request(struct admin_job *job)
{
	struct oauth_answer answer = OAUTH_ANSWER_INIT;
	struct auth_oauth_request r = {.post = json_is_true(json_object_get(job->args, "post")), .path = job_text(job, "path"),
		.query = job_text(job, "query"), .form = job_text(job, "form"), .token = job->token};
	auth_oauth_run(job_oauth(job), &r, &answer);
	job_set(job, "status", json_integer(answer.status));
	job_set(job, "body", job_json(buf_slice(&answer.body)));
	job_set(job, "location", job_json(buf_slice(&answer.location)));
	oauth_answer_free(&answer);
	return 0;
}

/* ---- identities at other providers ---- */

static int identity_list(struct admin_job *job)
{
	struct directory_identity *list = arena_alloc_array(&job->arena, IDENTITIES_MAX, sizeof *list);
	int count = directory_identity_list(job_directory(job), job->account.id, &job->arena, list, IDENTITIES_MAX);
	if (count < 0)
		return job_refuse_error(job, count, "account");
	json_t *out = json_array();
	for (int i = 0; i < count; i++) {
		json_t *o = json_object();
		json_object_set_new(o, "issuer", job_json(list[i].issuer));
		json_object_set_new(o, "subject", job_json(list[i].subject));
		json_object_set_new(o, "email", job_json(list[i].email));
		json_object_set_new(o, "created", json_integer((json_int_t)list[i].created));
		json_array_append_new(out, o);
	}
	job_set(job, "identities", out);
	return 0;
}

static int identity_args(struct admin_job *job, struct directory_identity *ret)
{
	*ret = (struct directory_identity){.issuer = job_text(job, "issuer"), .subject = job_text(job, "subject"), .created = job_unix(job)};
	memcpy(ret->account, job->account.id, sizeof ret->account);
	if (ret->issuer.n == 0 || ret->issuer.n > 1000 || ret->subject.n == 0 || ret->subject.n > JWT_SUBJECT_MAX)
		return job_refuse(job, ADMIN_INVALID, "invalid", "An identity is the issuer's address and the subject that it gives the person.");
	return 0;
}

static int identity_add(struct admin_job *job)
{
	struct directory_identity i, *list = arena_alloc_array(&job->arena, IDENTITIES_MAX, sizeof *list);
	struct error err = {0};
	int rc = identity_args(job, &i);
	if (rc != 0)
		return rc;
	if (directory_identity_list(job_directory(job), i.account, &job->arena, list, IDENTITIES_MAX) >= IDENTITIES_MAX)
		return job_refuse_error(job, ERR_LIMIT, "identities of the account");
	rc = directory_identity_add(job_directory(job), &i, &err);
	if (rc != 0)
		return job_refuse_error(job, rc, "identity");
	job_event(job, EV_IDENTITY_LINKED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address), LOG_TEXT("name", i.issuer),
		LOG_TEXT("id", i.subject));
	return 0;
}

static int identity_remove(struct admin_job *job)
{
	struct directory_identity i;
	struct error err = {0};
	int rc = identity_args(job, &i);
	if (rc == 0 && (rc = directory_identity_remove(job_directory(job), i.account, i.issuer, i.subject, &err)) != 0)
		job_refuse_error(job, rc, "identity");
	if (rc == 0) {
		job_host(job)->revoke(job_host(job)->arg, job->account.id, 0);
		job_event(job, EV_IDENTITY_UNLINKED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address),
			LOG_TEXT("name", i.issuer), LOG_TEXT("id", i.subject));
	}
	return rc;
}

/* ---- managed secrets ---- */

static int take_number(struct admin_job *job, struct error *err)
{
	return directory_credential_number(job_directory(job), &job->managed.owner.credential, err);
}

/* A number for a new credential whose key `key` computes. */
static int want_managed(struct admin_job *job, enum wrap_kind kind)
{
	job->managed.owner = (struct wrap_owner){.kind = kind};
	memcpy(job->managed.owner.account, job->account.id, 16);
	job->managed.wanted = true;
	return job_change(job, take_number);
}

static int managed_prepare(struct admin_job *job)
{
	struct credential c;
	if (job->known && directory_credential_list(job_directory(job), job->account.id, WRAP_MANAGED, &job->arena, &c, 1) > 0)
		return job_refuse_error(job, ERR_EXISTS, "managed sign-in");
	int rc = job_stretch_old(job, "password");
	return rc == 0 ? want_managed(job, WRAP_MANAGED) : rc;
}

/* Opens the secrets with the person's password and second factor, then runs `add` inside a change. */
static int add_with_password(struct admin_job *job, int (*add)(struct admin_job *job, const struct secrets *secrets, struct error *err))
{
	struct secrets secrets = SECRETS_NONE;
	struct error err = {0};
	int rc = job_open_password(job, &secrets);
	if (rc == 0)
		rc = job_prove_second(job, &secrets);
	if (rc == 0 && (rc = directory_begin(job_directory(job), &err)) == 0)
		rc = add(job, &secrets, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	directory_rollback(job_directory(job));
	if (rc != 0 && job->status == ADMIN_OK)
		job_refuse_error(job, rc, "credential");
	secrets_free(&secrets);
	return rc;
}

static int add_managed(struct admin_job *job, const struct secrets *secrets, struct error *err)
{
	job->account.flags |= ACCOUNT_MANAGED;
	int rc = directory_account_update(job_directory(job), &job->account, err);
	return rc == 0 ? managed_add(job_directory(job), &job->managed.owner, job->managed.kek, SLICE_NONE, secrets, job_unix(job), err) : rc;
}

static int managed_set(struct admin_job *job)
{
	return add_with_password(job, add_managed);
}

static int managed_remove_in_change(struct admin_job *job, struct error *err)
{
	struct credential c;
	if (directory_credential_password(job_directory(job), job->account.id, &job->arena, &c) != 0)
		return job_refuse(job, ADMIN_FAILED, "no_password", "Without a password of its own nobody could open the account any more.");
	if (directory_credential_list(job_directory(job), job->account.id, WRAP_MANAGED, &job->arena, &c, 1) != 1)
		return job_refuse_error(job, ERR_NOT_FOUND, "managed sign-in");
	job->account.flags &= ~(unsigned)ACCOUNT_MANAGED;
	int rc = directory_account_update(job_directory(job), &job->account, err);
	return rc == 0 ? directory_credential_remove(job_directory(job), job->account.id, c.id, WRAP_MANAGED, err) : rc;
}

static int managed_remove(struct admin_job *job)
{
	int rc = job_change(job, managed_remove_in_change);
	if (rc == 0)
		job_host(job)->revoke(job_host(job)->arg, job->account.id, 0);
	return rc;
}

/* ---- certificates ---- */

static int certificate_prepare(struct admin_job *job)
{
	struct error err = {0};
	struct slice addresses[CERTIFICATE_ADDRESSES_MAX];
	size_t i = 0;
	struct address a;
	if (certificate_read_pem(job_text(job, "certificate"), &job->arena, &job->certificate, addresses, &err) != 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "That is no certificate in PEM form.");
	while (i < job->certificate.address_count
	       && (address_parse(addresses[i], &job->arena, &a) != 0 || !slice_eq(address_text(&a, &job->arena), job->account.address)))
		i++;
	if (i == job->certificate.address_count)
		return job_refuse(job, ADMIN_INVALID, "other_address", "The certificate names another mail address.");
	if (job->certificate.not_after <= job_unix(job))
		return job_refuse(job, ADMIN_INVALID, "expired", "The certificate has expired.");
	int rc = job_stretch_old(job, "password");
	return rc == 0 ? want_managed(job, WRAP_CERTIFICATE) : rc;
}

static int add_certificate(struct admin_job *job, const struct secrets *secrets, struct error *err)
{
	struct directory_certificate c = {.credential = job->managed.owner.credential, .not_after = job->certificate.not_after, .created = job_unix(job)};
	int rc = job_name(job, "label", &c.label);
	memcpy(c.account, job->account.id, sizeof c.account);
	memcpy(c.fingerprint, job->certificate.fingerprint, sizeof c.fingerprint);
	if (rc == 0)
		rc = managed_add(job_directory(job), &job->managed.owner, job->managed.kek, c.label, secrets, c.created, err);
	return rc == 0 ? directory_certificate_add(job_directory(job), &c, err) : rc;
}

static int certificate_count(struct admin_job *job, struct directory_certificate **ret)
{
	*ret = arena_alloc_array(&job->arena, CERTIFICATES_MAX, sizeof **ret);
	return directory_certificate_list(job_directory(job), job->account.id, &job->arena, *ret, CERTIFICATES_MAX);
}

static int certificate_add(struct admin_job *job)
{
	struct directory_certificate *list;
	if (certificate_count(job, &list) >= CERTIFICATES_MAX)
		return job_refuse_error(job, ERR_LIMIT, "certificates of the account");
	int rc = add_with_password(job, add_certificate);
	if (rc == 0) {
		job_set(job, "id", json_integer(job->managed.owner.credential));
		job_event(job, EV_CERTIFICATE_ADDED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("address", job->account.address),
			LOG_NUM("credential", job->managed.owner.credential), LOG_NUM("until", job->certificate.not_after));
	}
	return rc;
}

static int certificate_list(struct admin_job *job)
{
	struct directory_certificate *list;
	int count = certificate_count(job, &list);
	if (count < 0)
		return job_refuse_error(job, count, "account");
	json_t *out = json_array();
	for (int i = 0; i < count; i++) {
		json_t *o = json_object();
		struct buf hex = BUF_INIT(128);
		hex_encode(slice_make(list[i].fingerprint, sizeof list[i].fingerprint), &hex);
		json_object_set_new(o, "id", json_integer(list[i].credential));
		json_object_set_new(o, "label", job_json(list[i].label));
		json_object_set_new(o, "fingerprint", job_json(buf_slice(&hex)));
		json_object_set_new(o, "ends", json_integer((json_int_t)list[i].not_after));
		json_object_set_new(o, "created", json_integer((json_int_t)list[i].created));
		json_array_append_new(out, o);
		buf_free(&hex);
	}
	job_set(job, "certificates", out);
	return 0;
}

static int certificate_remove_in_change(struct admin_job *job, struct error *err)
{
	uint32_t id = (uint32_t)json_integer_value(json_object_get(job->args, "id"));
	int rc = directory_credential_remove(job_directory(job), job->account.id, id, WRAP_CERTIFICATE, err);
	if (rc != 0)
		job_refuse_error(job, rc, "certificate");
	job->managed.owner.credential = id;
	return rc;
}

static int certificate_remove(struct admin_job *job)
{
	int rc = job_change(job, certificate_remove_in_change);
	if (rc == 0)
		job_host(job)->revoke(job_host(job)->arg, job->account.id, job->managed.owner.credential);
	return rc;
}

/* ---- operations that end later ---- */

static void conclude_now(void *arg)
{
	job_conclude(arg, 0);
}

/* By the loop: what is asked for may be answered at once, from inside of `apply`. */
static void conclude(struct admin_job *job, int rc)
{
	if (rc != 0 && job->status == ADMIN_OK)
		job_refuse(job, ADMIN_FAILED, "internal", "An internal error happened.");
	job_host(job)->after(job_host(job)->arg, 0, conclude_now, job);
}

/* ---- sign-in by the identity provider ---- */

/*
 * What the browser has to bring back is kept by the browser itself, sealed for a few minutes: base64url of nonce and AEAD(u64 end, flow). It
 * must not reach another browser: the page keeps it where only it can read.
 */
#define FLOW_S 600
#define FLOW_SEALED_MAX 400

static void flow_key(struct admin_job *job, uint8_t ret[AEAD_KEY_SIZE])
{
	hash_hkdf(slice_make(directory_lookup_key(job_directory(job)), 32), SLICE_NONE, "sso flow", SLICE_NONE, ret, AEAD_KEY_SIZE);
}

static void flow_seal(struct admin_job *job, const struct provider_flow *flow, struct buf *out)
{
	uint8_t key[AEAD_KEY_SIZE], plain[8 + sizeof *flow], sealed[AEAD_XCHACHA20_NONCE_SIZE + sizeof plain + AEAD_TAG_SIZE];
	flow_key(job, key);
	put_u64(plain, (uint64_t)(job_unix(job) + FLOW_S));
	memcpy(plain + 8, flow, sizeof *flow);
	random_bytes(sealed, AEAD_XCHACHA20_NONCE_SIZE);
	aead_seal(AEAD_XCHACHA20, key, sealed, SLICE_NONE, slice_make(plain, sizeof plain), sealed + AEAD_XCHACHA20_NONCE_SIZE);
	base64url_encode(slice_make(sealed, sizeof sealed), out);
	secret_wipe(key, sizeof key);
	secret_wipe(plain, sizeof plain);
}

static bool flow_open(struct admin_job *job, struct slice text, struct provider_flow *ret)
{
	uint8_t key[AEAD_KEY_SIZE], plain[8 + sizeof *ret];
	struct buf sealed = BUF_INIT(FLOW_SEALED_MAX);
	bool ok = base64url_decode_strict(text, &sealed) == 0 && buf_len(&sealed) == AEAD_XCHACHA20_NONCE_SIZE + sizeof plain + AEAD_TAG_SIZE;
	flow_key(job, key);
	ok = ok && aead_open(AEAD_XCHACHA20, key, buf_slice(&sealed).p, SLICE_NONE, slice_from(buf_slice(&sealed), AEAD_XCHACHA20_NONCE_SIZE), plain)
	     && (int64_t)get_u64(plain) > job_unix(job);
	if (ok)
		memcpy(ret, plain + 8, sizeof *ret);
	secret_wipe(key, sizeof key);
	secret_wipe(plain, sizeof plain);
	buf_free(&sealed);
	return ok;
}

static int refuse_provider(struct admin_job *job, int rc, const char *why)
{
	job_event(job, EV_IDENTITY_FAILED, LOG_STR("why", why));
	return rc == ERR_UNSUPPORTED ? job_refuse(job, ADMIN_NOT_FOUND, "not_found", "No identity provider is set up for sign-in.")
	     : rc == ERR_DENIED ? job_refuse(job, ADMIN_DENIED, "denied", "The identity provider's answer lets nobody in.")
	                        : job_refuse(job, ADMIN_UNAVAILABLE, "provider", "The identity provider cannot be asked now.");
}

static void begun(void *arg, int rc, struct slice url, const struct provider_flow *flow, const struct error *err)
{
	struct admin_job *job = arg;
	struct buf sealed = BUF_INIT(FLOW_SEALED_MAX);
	if (rc == 0) {
		flow_seal(job, flow, &sealed);
		job_set(job, "url", job_json(url));
		job_set(job, "flow", job_json(buf_slice(&sealed)));
	} else {
		rc = refuse_provider(job, rc, err->private_text);
	}
	buf_free_secret(&sealed);
	conclude(job, rc);
}

static int sso_begin(struct admin_job *job)
{
	job->later = true;
	external_begin(job_external(job), begun, job);
	return 0;
}

/* A second factor that the provider saw counts where it is trusted for that; otherwise ours is asked for, by the usual road. */
static int start_session(struct admin_job *job, const struct external_result *r)
{
	unsigned kinds = 0;
	bool enforced, in_grace, second = external_second_factor(job_external(job), r->claims);
	struct moment now = job_host(job)->now(job_host(job)->arg);
	if (directory_account_get(job_directory(job), r->account, &job->arena, &job->account) != 0 || job->account.state != ACCOUNT_ACTIVE)
		return refuse_provider(job, ERR_DENIED, "the account is disabled");
	if (auth_factors_needed(job_directory(job), &job->account, now, &kinds, &enforced, &in_grace) != 0)
		return job_refuse(job, ADMIN_UNAVAILABLE, "internal", "The directory could not be read.");
	if (kinds != 0 && !second)
		return job_start_session(job, r->secrets, AUTH_PROVEN_PASSWORD);
	return job_make_session(job, r->secrets, second ? AUTH_PROVEN_PASSWORD | AUTH_PROVEN_PROVIDER : AUTH_PROVEN_PASSWORD);
}

static void finished(void *arg, const struct external_result *r)
{
	struct admin_job *job = arg;
	int rc = r->status == EXTERNAL_OK ? start_session(job, r)
	       : refuse_provider(job, r->status == EXTERNAL_TEMPORARY ? ERR_TEMPORARY : ERR_DENIED, r->reason);
	if (r->status == EXTERNAL_OK)
		secrets_free(r->secrets);
	conclude(job, rc);
}

static int sso_finish(struct admin_job *job)
{
	struct provider_flow flow;
	if (!flow_open(job, job_text(job, "flow"), &flow))
		return job_refuse(job, ADMIN_DENIED, "flow", "This sign-in took too long or was begun elsewhere; begin again.");
	job->later = true;
	external_finish(job_external(job), &flow, job_text(job, "query"), finished, job);
	secret_wipe(&flow, sizeof flow);
	return 0;
}

/* ---- LDAP ---- */

static void reported(void *arg, int rc, json_t *result, const char *why)
{
	struct admin_job *job = arg;
	if (result != NULL) {
		json_object_update(job->result, result);
		json_decref(result);
	}
	if (rc == ERR_LIMIT)
		rc = job_refuse(job, ADMIN_FAILED, "too_many_gone",
			"Too many of the known people would vanish, so nothing was changed. Look with --dry-run; --vanish N allows N percent.");
	else if (rc != 0)
		rc = job_refuse(job, rc == ERR_DENIED ? ADMIN_DENIED : rc == ERR_EXISTS ? ADMIN_FAILED : ADMIN_UNAVAILABLE, "ldap", "%s.", why);
	conclude(job, rc);
}

static int ldap_usable(struct admin_job *job)
{
	return job_ldap(job) != NULL ? 0 : job_refuse(job, ADMIN_NOT_FOUND, "not_found", "No LDAP directory is configured (ldap.url).");
}

static int ldap_test(struct admin_job *job)
{
	int rc = ldap_usable(job);
	if (rc != 0)
		return rc;
	job->later = true;
	auth_ldap_test(job_ldap(job), job_text(job, "address"), job_text(job, "password"), reported, job);
	return 0;
}

static int ldap_sync(struct admin_job *job)
{
	json_int_t vanish = json_integer_value(json_object_get(job->args, "vanish"));
	int rc = ldap_usable(job);
	if (rc == 0 && (vanish < 0 || vanish > 100))
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "--vanish is a percentage.");
	if (rc != 0)
		return rc;
	job->later = true;
	auth_ldap_sync(job_ldap(job), json_is_true(json_object_get(job->args, "dry_run")), (unsigned)vanish, job->subject.name, reported, job);
	return 0;
}

const struct admin_operation_row admin_sso_rows[] = {
	{"oauth.client.list", OBJECT_NAMED, NULL, client_list},
	{"oauth.client.add", OBJECT_NAMED, NULL, client_add},
	{"oauth.client.remove", OBJECT_NAMED, NULL, client_remove},
	{"oauth.grant.list", OBJECT_ACCOUNT, NULL, grant_list},
	{"oauth.grant.end", OBJECT_ACCOUNT, NULL, grant_end},
	{"oauth.token", OBJECT_OWN_CHECK, NULL, oauth_token},
	{"oauth.request", OBJECT_OWN_CHECK, NULL, oauth_request},
	{"identity.list", OBJECT_ACCOUNT, NULL, identity_list},
	{"identity.add", OBJECT_ACCOUNT, NULL, identity_add},
	{"identity.remove", OBJECT_ACCOUNT, NULL, identity_remove},
	{"user.managed.add", OBJECT_PROOF, managed_prepare, managed_set},
	{"user.managed.remove", OBJECT_ACCOUNT, NULL, managed_remove},
	{"certificate.add", OBJECT_PROOF, certificate_prepare, certificate_add},
	{"certificate.list", OBJECT_ACCOUNT, NULL, certificate_list},
	{"certificate.remove", OBJECT_ACCOUNT, NULL, certificate_remove},
	{"sso.begin", OBJECT_OWN_CHECK, NULL, sso_begin},
	{"sso.finish", OBJECT_OWN_CHECK, NULL, sso_finish},
	{"ldap.test", OBJECT_OWN_CHECK, NULL, ldap_test},
	{"ldap.sync", OBJECT_OWN_CHECK, NULL, ldap_sync},
	{0},
};
