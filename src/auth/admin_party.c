/* The register of third parties: what others may do here, who answers for it, until when. Tokens are in it by themselves. */
#include <string.h>

#include "auth/admin_job.h"
#include "auth/hygiene_private.h"
#include "auth/session.h"

#define DAY_S INT64_C(86400)
#define PARTY_DAYS_MAX 3660
#define SCOPE_MAX 500
#define TOKENS "token " /* begins "next" of pages of tokens */

static json_t *party_json(struct admin_job *job, const struct party *p)
{
	struct account owner = {0};
	json_t *o = json_object();
	if (directory_account_get(job_directory(job), p->owner, &job->arena, &owner) != 0)
		owner.address = SLICE_NONE;
	json_object_set_new(o, "id", json_integer(p->id));
	json_object_set_new(o, "name", job_json(p->name));
	json_object_set_new(o, "kind", json_string(party_kind_name(p->kind)));
	json_object_set_new(o, "owner", job_json(owner.address));
	json_object_set_new(o, "scope", job_json(p->scope));
	json_object_set_new(o, "ref", job_json(p->ref));
	json_object_set_new(o, "ends", json_integer((json_int_t)p->ends));
	json_object_set_new(o, "used", json_integer((json_int_t)p->used));
	json_object_set_new(o, "reviewed", json_integer((json_int_t)p->reviewed));
	json_object_set_new(o, "reviewer", job_json(p->reviewer));
	json_object_set_new(o, "ended", json_integer((json_int_t)p->ended));
	return o;
}

static void next_page(struct admin_job *job, const char *kind, uint32_t after)
{
	job_set(job, "more", json_true());
	job_set(job, "next", job_json(arena_printf(&job->arena, "%s%u", kind, after)));
}

/* Tokens that are not registered by hand: their owner is who made them. At most `room` of them. */
static int add_tokens(struct admin_job *job, json_t *out, uint32_t after, int room)
{
	struct session *list = arena_alloc_array(&job->arena, DIRECTORY_PAGE + 1, sizeof *list);
	int count = session_tokens(job_directory(job), after, &job->arena, list, (size_t)room + 1);
	for (int i = 0; i < count && i < room; i++) {
		struct party p = {.name = list[i].label, .kind = PARTY_TOKEN, .scope = SLICE("the rights of the token"), .ends = list[i].ends,
			.used = list[i].used, .ref = arena_printf(&job->arena, "%u", list[i].id)};
		memcpy(p.owner, list[i].account, sizeof p.owner);
		json_array_append_new(out, party_json(job, &p));
	}
	if (count > room)
		next_page(job, TOKENS, room > 0 ? list[room - 1].id : after);
	return count < 0 ? job_refuse_error(job, count, "register") : 0;
}

static int add_parties(struct admin_job *job, json_t *out, uint32_t after)
{
	struct party *list = arena_alloc_array(&job->arena, DIRECTORY_PAGE + 1, sizeof *list);
	int count = directory_party_list(job_directory(job), after, json_is_true(json_object_get(job->args, "all")), &job->arena, list, DIRECTORY_PAGE + 1);
	if (count < 0)
		return job_refuse_error(job, count, "register");
	for (int i = 0; i < count && i < DIRECTORY_PAGE; i++)
		json_array_append_new(out, party_json(job, &list[i]));
	if (count <= DIRECTORY_PAGE)
		return add_tokens(job, out, 0, DIRECTORY_PAGE - count);
	next_page(job, "", list[DIRECTORY_PAGE - 1].id);
	return 0;
}

/* Entries by number, then tokens by theirs. */
static int party_list(struct admin_job *job)
{
	struct slice page = job_text(job, "after");
	bool tokens = slice_starts(page, SLICE(TOKENS));
	uint32_t after = 0;
	if (page.n > 0 && slice_to_u32(slice_from(page, tokens ? sizeof TOKENS - 1 : 0), &after) != 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "after is \"next\" of the former page.");
	json_t *out = json_array();
	job_set(job, "more", json_false());
	int rc = tokens ? add_tokens(job, out, after, DIRECTORY_PAGE) : add_parties(job, out, after);
	if (rc == 0)
		job_set(job, "parties", out);
	else
		json_decref(out);
	return rc;
}

int job_party_ends(struct admin_job *job, int64_t *ret)
{
	json_int_t days = json_integer_value(json_object_get(job->args, "days"));
	if (days < 0 || days > PARTY_DAYS_MAX)
		return job_refuse(job, ADMIN_INVALID, "invalid", "An entry ends after 1 to %d days, or never (0).", PARTY_DAYS_MAX);
	*ret = days > 0 ? job_unix(job) + (int64_t)days * DAY_S : 0;
	return 0;
}

int job_party_owner(struct admin_job *job, struct party *ret)
{
	struct address a;
	struct directory_address found;
	struct account account = {0};
	int rc = job_address(job, "owner", &a);
	if (rc != 0)
		return rc;
	rc = directory_address_get(job_directory(job), a.local, a.domain, &job->arena, &found);
	if (rc == 0)
		rc = found.kind == ADDRESS_ACCOUNT ? directory_account_get(job_directory(job), found.account, &job->arena, &account) : ERR_NOT_FOUND;
	if (rc == 0 && account.state != ACCOUNT_ACTIVE)
		rc = ERR_NOT_FOUND;
	memcpy(ret->owner, account.id, sizeof ret->owner);
	return rc == 0 ? 0 : job_refuse_error(job, rc, "user");
}

/* What is registered ends with its entry at the latest. */
static int add_in_change(struct admin_job *job, struct party *p, uint32_t token, struct error *err)
{
	int rc = directory_party_add(job_directory(job), p, err);
	if (rc == 0 && token != 0 && p->ends > 0)
		rc = session_token_ends(job_directory(job), token, p->ends, err);
	return rc;
}

static int store(struct admin_job *job, struct party *p, uint32_t token)
{
	struct error err = {0};
	int rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = add_in_change(job, p, token, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	directory_rollback(job_directory(job));
	return rc == 0 ? 0 : job_refuse_error(job, rc, token != 0 && rc == ERR_NOT_FOUND ? "token" : "entry");
}

/* args.address is the owner: exactly one, and an account. */
static int party_add(struct admin_job *job)
{
	struct party p = {.created = job_unix(job), .reviewer = job->subject.name, .scope = slice_sub(job_text(job, "scope"), 0, SCOPE_MAX)};
	uint32_t token = 0;
	memcpy(p.owner, job->account.id, sizeof p.owner);
	int rc = job_name(job, "name", &p.name);
	if (rc == 0)
		rc = job_name(job, "ref", &p.ref);
	if (rc == 0)
		rc = job_party_ends(job, &p.ends);
	if (rc == 0 && (p.name.n == 0 || !party_kind_parse(job_text(job, "kind"), &p.kind)))
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "An entry has a name and a kind: token, webhook, ca, sms, siem, relay, oauth client or issuer.");
	if (rc == 0 && p.kind == PARTY_TOKEN && (slice_to_u32(p.ref, &token) != 0 || token == 0))
		rc = job_refuse(job, ADMIN_INVALID, "invalid", "ref is the number of the token (session).");
	if (rc == 0)
		rc = store(job, &p, token);
	if (rc != 0)
		return rc;
	job_set(job, "id", json_integer(p.id));
	job_event(job, EV_PARTY_REGISTERED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("name", p.name), LOG_STR("kind", party_kind_name(p.kind)),
		LOG_TEXT("owner", job->account.address), LOG_NUM("until", p.ends));
	return 0;
}

static int load_party(struct admin_job *job, struct party *ret)
{
	int rc = directory_party_get(job_directory(job), (uint32_t)json_integer_value(json_object_get(job->args, "id")), &job->arena, ret);
	if (rc == 0 && ret->ended != 0)
		rc = ERR_NOT_FOUND;
	return rc == 0 ? 0 : job_refuse_error(job, rc, "entry");
}

static int party_review(struct admin_job *job)
{
	struct error err = {0};
	struct party p;
	int64_t ends;
	int rc = load_party(job, &p);
	if (rc == 0)
		rc = job_party_ends(job, &ends);
	if (rc != 0)
		return rc;
	if (job_has(job, "days"))
		p.ends = ends;
	if ((rc = directory_party_reviewed(job_directory(job), &p, job->subject.name, job_unix(job), &err)) != 0)
		return job_refuse_error(job, rc, "entry");
	job_event(job, EV_PARTY_REVIEWED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("name", p.name), LOG_STR("result", "kept"));
	return 0;
}

static int party_stop(struct admin_job *job)
{
	struct error err = {0};
	struct party p;
	int rc = load_party(job, &p);
	if (rc != 0)
		return rc;
	if ((rc = party_end(job_directory(job), job_host(job), &p, job_unix(job), &err)) != 0)
		return job_refuse_error(job, rc, "entry");
	job_event(job, EV_PARTY_REVIEWED, LOG_TEXT("actor", job->subject.name), LOG_TEXT("name", p.name), LOG_STR("result", "ended"));
	return 0;
}

const struct admin_operation_row admin_party_rows[] = {
	{"party.list", OBJECT_NAMED, NULL, party_list},
	{"party.add", OBJECT_ACCOUNT, NULL, party_add},
	{"party.review", OBJECT_NAMED, NULL, party_review},
	{"party.end", OBJECT_NAMED, NULL, party_stop},
	{0},
};
