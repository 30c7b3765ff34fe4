/* Programs with tokens: clients of our authorization server, what people allowed them, and its requests. */
#include <string.h>

#include "auth/admin_job.h"
#include "auth/hygiene_private.h"
#include "auth/oauth.h"
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

/* Who answers for the client, and until when it may be one. */
static void add_party(struct admin_job *job, struct slice id, json_t *o)
{
	struct party p = {0};
	struct account owner = {0};
	if (directory_party_of(job_directory(job), PARTY_OAUTH_CLIENT, id, &job->arena, &p) == 0)
		(void)directory_account_get(job_directory(job), p.owner, &job->arena, &owner);
	json_object_set_new(o, "owner", job_json(owner.address));
	json_object_set_new(o, "ends", json_integer((json_int_t)p.ends));
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
	add_party(job, c->id, o);
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

struct new_client {
	struct oauth_client client;
	struct party party;
};

static int add_in_change(struct admin_job *job, struct new_client *n, struct error *err)
{
	int rc = directory_oauth_client_add(job_directory(job), &n->client, job_unix(job), err);
	return rc == 0 ? directory_party_add(job_directory(job), &n->party, err) : rc;
}

static int client_add(struct admin_job *job)
{
	struct error err = {0};
	struct new_client n = {.client = {.id = job_text(job, "id"), .redirects = joined(job, "redirects"), .scope = job_text(job, "scope"),
		.device = json_is_true(json_object_get(job->args, "device"))}};
	struct oauth_client *c = &n.client;
	int rc = job_name(job, "name", &c->name);
	if (rc == 0 && (slice_eq(c->id, SLICE(OAUTH_CLIENT_SCRIPT)) || oauth_client_check(c, &err) != 0))
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "%s", err.public_text[0] != '\0' ? err.public_text : "That id is taken by the system.");
	n.party = (struct party){.name = c->name.n > 0 ? c->name : c->id, .kind = PARTY_OAUTH_CLIENT, .scope = c->scope, .ref = c->id,
		.created = job_unix(job), .reviewer = job->subject.name};
	if (rc == 0)
		rc = job_party_owner(job, &n.party);
	if (rc == 0)
		rc = job_party_ends(job, &n.party.ends);
	if (rc != 0)
		return rc;
	if ((rc = directory_begin(job_directory(job), &err)) == 0)
		rc = add_in_change(job, &n, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	directory_rollback(job_directory(job));
	if (rc != 0)
		return job_refuse_error(job, rc, "client");
	job_event(job, EV_OAUTH_CLIENT, LOG_TEXT("actor", job->subject.name), LOG_TEXT("name", c->id), LOG_STR("what", "added"));
	return 0;
}

/* The client, its tokens and its entry in the register go together. */
static int client_remove(struct admin_job *job)
{
	struct error err = {0};
	struct oauth_client client;
	struct party party;
	struct slice id = job_text(job, "id");
	int rc = directory_oauth_client_get(job_directory(job), id, &job->arena, &client);
	if (rc == 0 && (rc = directory_party_of(job_directory(job), PARTY_OAUTH_CLIENT, id, &job->arena, &party)) == ERR_NOT_FOUND) {
		party = (struct party){.kind = PARTY_OAUTH_CLIENT, .ref = id};
		rc = 0;
	}
	if (rc == 0)
		rc = party_end(job_directory(job), job_host(job), &party, job_unix(job), &err);
	if (rc != 0)
		return job_refuse_error(job, rc, "client");
	job_event(job, EV_OAUTH_CLIENT, LOG_TEXT("actor", job->subject.name), LOG_TEXT("name", id), LOG_STR("what", "removed"));
	return 0;
}

/* ---- grants ---- */

/* Empty: it has none, or is gone. */
static struct slice client_name(struct admin_job *job, struct slice id)
{
	struct oauth_client client;
	return directory_oauth_client_get(job_directory(job), id, &job->arena, &client) == 0 ? client.name : SLICE_NONE;
}

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
		json_object_set_new(o, "name", job_json(client_name(job, list[i].client)));
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
	if (rc == 0 && (rc = job_factor_first(job)) != 0)
		secrets_free(&secrets);
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
		.query = job_text(job, "query"), .form = job_text(job, "form"), .token = job->token, .address = job->address};
	auth_oauth_run(job_oauth(job), &r, &answer);
	job_set(job, "status", json_integer(answer.status));
	job_set(job, "body", job_json(buf_slice(&answer.body)));
	job_set(job, "location", job_json(buf_slice(&answer.location)));
	oauth_answer_free(&answer);
	return 0;
}

const struct admin_operation_row admin_oauth_rows[] = {
	{"oauth.client.list", OBJECT_NAMED, NULL, client_list},
	{"oauth.client.add", OBJECT_NAMED, NULL, client_add},
	{"oauth.client.remove", OBJECT_NAMED, NULL, client_remove},
	{"oauth.grant.list", OBJECT_ACCOUNT, NULL, grant_list},
	{"oauth.grant.end", OBJECT_ACCOUNT, NULL, grant_end},
	{"oauth.token", OBJECT_OWN_CHECK, NULL, oauth_token},
	{"oauth.request", OBJECT_OWN_CHECK, NULL, oauth_request},
	{0},
};
