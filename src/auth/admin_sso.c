/* Programs with tokens, identities at other providers, certificates of devices. */
#include <string.h>

#include "auth/admin_job.h"
#include "auth/managed.h"
#include "auth/oauth.h"
#include "base/codec.h"
#include "base/ensure.h"
#include "crypt/certificate.h"
#include "sso/jwt.h"
#include "crypt/crypt.h"

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
	if (job->subject.kind != AUTH_PERSON || job->subject.token)
		return job_refuse(job, ADMIN_DENIED, "sign_in", "Only a person's session may do this; sign in first (letterlock login).");
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
	{0},
};
