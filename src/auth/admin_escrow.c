/* The escrow quorum: who holds shares, what it is asked for, and what happens when k custodians have given theirs. */
#include <string.h>

#include "auth/admin_password.h"
#include "auth/delegation.h"
#include "auth/escrow.h"
#include "auth/directory_role.h"
#include "base/memory.h"
#include "crypt/crypt.h"

#define POLICY_TEXT_MAX 2000
#define HAND_OVER_DAYS_MAX 3650
#define DAY_S INT64_C(86400)

/* ---- who holds shares ---- */

/* A custodian is active and has the right to give shares. */
static int read_custodian(struct admin_job *job, struct slice text, uint8_t ret[16])
{
	struct address a;
	struct directory_address found;
	struct account account;
	auth_rights rights = 0;
	if (address_parse(text, &job->arena, &a) != 0 || directory_address_get(job_directory(job), a.local, a.domain, &job->arena, &found) != 0
	    || found.kind != ADDRESS_ACCOUNT || directory_account_get(job_directory(job), found.account, &job->arena, &account) != 0)
		return job_refuse(job, ADMIN_NOT_FOUND, "not_found", "There is no user %.*s.", SLICE_ARG(slice_sub(text, 0, 320)));
	if (auth_rights_of(job_directory(job), &account, job_unix(job), &rights) != 0 || (rights & AUTH_BIT(AUTH_SHARE_GIVE)) == 0
	    || account.state != ACCOUNT_ACTIVE)
		return job_refuse(job, ADMIN_INVALID, "custodian", "%.*s is no custodian: the role custodian gives the right to.", SLICE_ARG(account.address));
	memcpy(ret, account.id, 16);
	return 0;
}

static int read_policy(struct admin_job *job, struct escrow_policy *ret)
{
	const json_t *list = json_object_get(job->args, "custodians"), *item;
	json_int_t k = json_integer_value(json_object_get(job->args, "k"));
	size_t i, n = json_array_size(list);
	int rc = 0;
	*ret = (struct escrow_policy){.n = (unsigned)n};
	if (k == 0 && n == 0)
		return 0;
	if (n > ESCROW_CUSTODIANS_MAX || k < 2 || (size_t)k > n)
		return job_refuse(job, ADMIN_INVALID, "invalid", "A quorum is 2 or more of at most %d custodians; 0 of none ends the escrow.",
			ESCROW_CUSTODIANS_MAX);
	ret->k = (unsigned)k;
	json_array_foreach(list, i, item) {
		if (rc == 0)
			rc = read_custodian(job, slice_make(json_string_value(item), json_string_length(item)), ret->custodians[i]);
		for (size_t j = 0; j < i && rc == 0; j++)
			if (memcmp(ret->custodians[i], ret->custodians[j], 16) == 0)
				rc = job_refuse(job, ADMIN_INVALID, "invalid", "A custodian is named twice.");
	}
	return rc;
}

static int set_in_change(struct admin_job *job, const struct escrow_policy *policy, struct error *err)
{
	struct buf text = BUF_INIT(POLICY_TEXT_MAX);
	escrow_policy_text(policy, &text);
	int rc = directory_policy_set(job_directory(job), ESCROW_POLICY, buf_slice(&text), job->subject.name, job_unix(job), err);
	if (rc == 0 && policy->k == 0)
		rc = directory_escrow_clear(job_directory(job), err);
	buf_free(&text);
	return rc;
}

static int escrow_set(struct admin_job *job)
{
	struct error err = {0};
	struct escrow_policy policy;
	int rc = read_policy(job, &policy);
	if (rc == 0)
		rc = job_step_up(job);
	if (rc == 0)
		rc = job_second_person(job, AUTH_ACT_APPROVE);
	if (rc != 0)
		return rc;
	rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = set_in_change(job, &policy, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	directory_rollback(job_directory(job));
	if (rc != 0)
		return job_refuse_error(job, rc, "policy");
	job_event(job, EV_POLICY_CHANGED, LOG_TEXT("actor", job->subject.name), LOG_STR("rule", ESCROW_POLICY));
	job_set(job, "k", json_integer(policy.k));
	job_set(job, "n", json_integer(policy.n));
	return 0;
}

static int load_policy(struct admin_job *job, struct escrow_policy *ret)
{
	int rc = escrow_policy_load(job_directory(job), ret);
	return rc == 0 ? 0 : job_refuse_error(job, rc, "policy");
}

static json_t *custodian_json(struct admin_job *job, const uint8_t id[16])
{
	struct account account = {0};
	auth_rights rights = 0;
	json_t *o = json_object();
	bool there = directory_account_get(job_directory(job), id, &job->arena, &account) == 0
	             && auth_rights_of(job_directory(job), &account, job_unix(job), &rights) == 0;
	json_object_set_new(o, "address", job_json(account.address));
	json_object_set_new(o, "able", json_boolean(there && account.state == ACCOUNT_ACTIVE && (rights & AUTH_BIT(AUTH_SHARE_GIVE)) != 0
		&& (account.flags & ACCOUNT_PROVISIONAL) == 0));
	return o;
}

static int escrow_status(struct admin_job *job)
{
	struct escrow_policy policy;
	struct escrow_counts counts = {0};
	json_t *custodians = json_array();
	int rc = load_policy(job, &policy);
	if (rc == 0 && (rc = directory_escrow_count(job_directory(job), policy.k, policy.n, &counts)) != 0)
		job_refuse_error(job, rc, "policy");
	for (unsigned i = 0; rc == 0 && i < policy.n; i++)
		json_array_append_new(custodians, custodian_json(job, policy.custodians[i]));
	if (rc != 0) {
		json_decref(custodians);
		return rc;
	}
	job_set(job, "k", json_integer(policy.k));
	job_set(job, "custodians", custodians);
	job_set(job, "accounts", json_integer((json_int_t)counts.accounts));
	job_set(job, "covered", json_integer(policy.k > 0 ? (json_int_t)counts.covered : 0));
	job_set(job, "weak", json_integer(policy.k > 0 ? (json_int_t)counts.weak : 0));
	job_set(job, "lost", json_integer(policy.k > 0 ? (json_int_t)counts.lost : 0));
	job_set(job, "without", json_integer((json_int_t)counts.none));
	return 0;
}

/* ---- asking ---- */

static int needs_policy(struct admin_job *job, struct escrow_policy *ret)
{
	int rc = load_policy(job, ret);
	return rc == 0 && ret->k == 0 ? job_refuse(job, ADMIN_FAILED, "no_escrow", "There is no escrow here.") : rc;
}

static int reset_prepare(struct admin_job *job)
{
	struct escrow_policy policy;
	int rc = needs_policy(job, &policy);
	if (rc == 0)
		rc = job_allowed(job);
	return rc == 0 ? job_stretch_new(job, "new") : rc;
}

/* Fills the first fields of a request for job->account when it has an escrow. NULL: none, or the directory fails. */
static struct escrow_request *new_request(struct admin_job *job, enum escrow_kind kind, unsigned k)
{
	struct credential escrow;
	if (escrow_credential(job_directory(job), job->account.id, &job->arena, &escrow) != 0)
		return NULL;
	struct escrow_request *r = escrow_request_add(job_escrow(job), kind, job->account.id, job_unix(job));
	r->credential = escrow.id;
	r->needed = k;
	escrow_text(job->account.address, r->address, sizeof r->address);
	return r;
}

static void keep_password(struct admin_job *job, struct escrow_request *r)
{
	r->password = job->new_kek.request;
	r->password.password = SLICE_NONE;
	r->password.text_count = 0;
	memset(r->password.texts, 0, sizeof r->password.texts);
	r->kek = memory_alloc(sizeof *r->kek);
	*r->kek = job->new_kek.result;
	r->reused = job->reused;
	memcpy(r->asker, job->account.id, sizeof r->asker);
	memcpy(r->asker_name, r->address, sizeof r->asker_name);
}

static int keep_reset(struct admin_job *job, struct secrets *none)
{
	struct escrow_policy policy;
	char check[ESCROW_CHECK_SIZE + 1];
	if (needs_policy(job, &policy) != 0)
		return ERR_DENIED;
	struct escrow_request *r = job->known && job->account.state == ACCOUNT_ACTIVE ? new_request(job, ESCROW_RESET, policy.k) : NULL;
	escrow_check_make(check);
	if (r != NULL)
		keep_password(job, r);
	job_tried(job, false);
	job_set(job, "request", json_integer(r != NULL ? r->id : 100000 + random_below(900000)));
	job_set(job, "check", json_string(r != NULL ? r->check : check));
	job_set(job, "ends", json_integer(job_unix(job) + ESCROW_REQUEST_S));
	if (r != NULL)
		job_event(job, EV_APPROVAL_ASKED, LOG_TEXT("actor", job->account.address), LOG_NUM("id", r->id), LOG_STR("kind", "escrow.reset"),
			LOG_TEXT("object", job->account.address));
	return 0;
}

/*
 * Who asks is nobody yet. Unknown names, and accounts without escrow, get an answer of the same looks after the same time; whether the new
 * password was one before, the custodians hear.
 */
static int reset_ask(struct admin_job *job)
{
	return job_note_history(job, keep_reset);
}

static int read_target(struct admin_job *job, struct account *ret)
{
	struct address a;
	struct directory_address found;
	int rc = job_address(job, "target", &a);
	if (rc != 0)
		return rc;
	rc = directory_address_get(job_directory(job), a.local, a.domain, &job->arena, &found);
	if (rc == 0)
		rc = found.kind == ADDRESS_ACCOUNT ? directory_account_get(job_directory(job), found.account, &job->arena, ret) : ERR_NOT_FOUND;
	if (rc != 0)
		return job_refuse_error(job, rc, "user");
	if (ret->state != ACCOUNT_ACTIVE || memcmp(ret->id, job->account.id, 16) == 0 || memcmp(ret->id, job->subject.account, 16) == 0)
		return job_refuse(job, ADMIN_INVALID, "invalid", "A mailbox is handed over to another, active user, and not to who asks for it.");
	return 0;
}

static int read_days(struct admin_job *job, json_int_t *ret)
{
	*ret = json_integer_value(json_object_get(job->args, "days"));
	return *ret >= 0 && *ret <= HAND_OVER_DAYS_MAX ? 0
	     : job_refuse(job, ADMIN_INVALID, "invalid", "A mailbox is handed over for at most %d days; 0: without end.", HAND_OVER_DAYS_MAX);
}

static void fill_hand_over(struct admin_job *job, struct escrow_request *r, const struct account *target, struct slice reason, json_int_t days)
{
	memcpy(r->target, target->id, sizeof r->target);
	memcpy(r->asker, job->subject.account, sizeof r->asker);
	escrow_text(target->address, r->target_address, sizeof r->target_address);
	escrow_text(job->subject.name, r->asker_name, sizeof r->asker_name);
	escrow_text(job->approver, r->approver, sizeof r->approver);
	escrow_text(reason, r->reason, sizeof r->reason);
	r->days = (uint32_t)days;
	job_set(job, "request", json_integer(r->id));
	job_event(job, EV_APPROVAL_ASKED, LOG_TEXT("actor", job->subject.name), LOG_NUM("id", r->id), LOG_STR("kind", "escrow.hand_over"),
		LOG_TEXT("object", job->account.address), LOG_TEXT("reason", reason));
}

static int hand_over_ask(struct admin_job *job)
{
	struct escrow_policy policy;
	struct account target = {0};
	struct slice reason;
	json_int_t days = 0;
	int rc = needs_policy(job, &policy);
	if (rc == 0)
		rc = job_name(job, "reason", &reason);
	if (rc == 0 && reason.n == 0)
		rc = job_refuse(job, ADMIN_INVALID, "reason", "Say why the mailbox is handed over.");
	if (rc == 0)
		rc = read_days(job, &days);
	if (rc == 0 && job->account.state != ACCOUNT_LEFT)
		rc = job_refuse(job, ADMIN_FAILED, "not_left", "Only the mailbox of somebody who has left is handed over (letterlock user leave).");
	if (rc == 0)
		rc = read_target(job, &target);
	if (rc == 0)
		rc = job_step_up(job);
	if (rc == 0)
		rc = job_second_person(job, AUTH_ACT_APPROVE);
	if (rc != 0)
		return rc;
	struct escrow_request *r = new_request(job, ESCROW_HAND_OVER, policy.k);
	if (r == NULL)
		return job_refuse(job, ADMIN_FAILED, "no_escrow", "This account has no escrow: the owner did not sign in since there is one.");
	fill_hand_over(job, r, &target, reason, days);
	return 0;
}

/* ---- giving ---- */

static json_t *request_json(const struct admin_job *job, const struct escrow_request *r)
{
	json_t *o = json_object();
	json_object_set_new(o, "id", json_integer(r->id));
	json_object_set_new(o, "kind", json_string(r->kind == ESCROW_RESET ? "reset" : "hand-over"));
	json_object_set_new(o, "address", job_json(slice_str(r->address)));
	json_object_set_new(o, "target", job_json(slice_str(r->target_address)));
	json_object_set_new(o, "asker", job_json(slice_str(r->asker_name)));
	json_object_set_new(o, "approver", job_json(slice_str(r->approver)));
	json_object_set_new(o, "reason", job_json(slice_str(r->reason)));
	json_object_set_new(o, "days", json_integer(r->days));
	json_object_set_new(o, "created", json_integer((json_int_t)r->created));
	json_object_set_new(o, "ends", json_integer(r->created + ESCROW_REQUEST_S));
	json_object_set_new(o, "given", json_integer(r->given));
	json_object_set_new(o, "needed", json_integer(r->needed));
	json_object_set_new(o, "mine", json_boolean(escrow_has_given(r, job->subject.account)));
	return o;
}

static int escrow_list(struct admin_job *job)
{
	json_t *out = json_array();
	struct escrow_request *r;
	for (size_t i = 0; (r = escrow_request_at(job_escrow(job), &i, job_unix(job))) != NULL;)
		json_array_append_new(out, request_json(job, r));
	job_set(job, "requests", out);
	return 0;
}

static int find_request(struct admin_job *job, struct escrow_request **ret)
{
	json_int_t id = json_integer_value(json_object_get(job->args, "id"));
	*ret = id > 0 && id <= UINT32_MAX ? escrow_request_find(job_escrow(job), (uint32_t)id, job_unix(job)) : NULL;
	return *ret != NULL ? 0
	     : job_refuse(job, ADMIN_NOT_FOUND, "not_found", "There is no such request; after a restart or a day it has to be asked again.");
}

/* Of himself, for himself, or by himself: nobody decides about that. */
static bool is_party(const struct escrow_request *r, const uint8_t account[16])
{
	return memcmp(r->account, account, 16) == 0 || memcmp(r->target, account, 16) == 0 || memcmp(r->asker, account, 16) == 0;
}

static int check_digits(struct admin_job *job, struct escrow_request *r)
{
	if (r->kind != ESCROW_RESET || escrow_check_right(r, job_text(job, "check")))
		return 0;
	bool gone = ++r->wrong >= ESCROW_CHECK_TRIES;
	job_event(job, EV_ADMIN_REFUSED, LOG_TEXT("actor", job->subject.name), LOG_STR("op", "escrow.give"), LOG_STR("object", r->address),
		LOG_STR("why", "wrong check digits"));
	if (gone)
		escrow_request_drop(r);
	return job_refuse(job, ADMIN_DENIED, "check", "These are not the digits that the user was given%s. Ask the user in person.",
		gone ? "; the request is gone" : "");
}

static int check_giver(struct admin_job *job, struct escrow_request *r)
{
	if (job->subject.kind != AUTH_PERSON || job->subject.token)
		return job_refuse(job, ADMIN_DENIED, "sign_in", "A share is given in a session of one's own.");
	if (is_party(r, job->subject.account))
		return job_refuse(job, ADMIN_DENIED, "self", "Nobody gives a share for what concerns himself.");
	int rc = job_step_up(job);
	return rc == 0 ? check_digits(job, r) : rc;
}

/* Nobody gives a share for it: the person asks again with another password. */
static int check_reused(struct admin_job *job, struct escrow_request *r)
{
	if (!r->reused)
		return 0;
	job_event(job, EV_APPROVAL_REFUSED, LOG_STR("actor", r->asker_name), LOG_TEXT("approver", job->subject.name), LOG_NUM("id", r->id),
		LOG_STR("kind", "escrow"), LOG_STR("reason", "the new password was used before"));
	escrow_request_drop(r);
	return job_refuse(job, ADMIN_INVALID, "reused_password", "The new password was used before. The request is gone: the user has to ask again, with "
		"another password.");
}

static int give_share(struct admin_job *job, struct escrow_request *r)
{
	struct error err = {0};
	struct secrets own = SECRETS_NONE;
	int rc = session_open(&job->session, job->token, &own, &err);
	if (rc == 0)
		rc = escrow_give(job_directory(job), r, job->subject.account, &own, &err);
	secrets_free(&own);
	switch (rc) {
	case 0:
		job_event(job, EV_KEY_SHARE_OPENED, LOG_TEXT("actor", job->subject.name), LOG_STR("address", r->address),
			LOG_STR("kind", r->kind == ESCROW_RESET ? "reset" : "hand-over"), LOG_NUM("id", r->id), LOG_STR("reason", r->reason));
		return 0;
	case ERR_NOT_FOUND:
		return job_refuse(job, ADMIN_FAILED, "no_share", "You hold no share of this account, or it was replaced since this was asked.");
	case ERR_EXISTS:
		return job_refuse(job, ADMIN_FAILED, "given", "You have given your share already.");
	case ERR_DENIED:
		return job_refuse(job, ADMIN_FAILED, "share_lost", "Your share cannot be opened: it was made for keys that you lost.");
	default:
		return job_refuse(job, ADMIN_FAILED, "internal", "The share cannot be opened now.");
	}
}

static int finish_reset(struct admin_job *job, const struct escrow_request *r, struct secrets *secrets)
{
	job->new_kek.request = r->password;
	job->new_kek.result = *r->kek;
	int rc = job_reset_password(job, secrets);
	if (rc == 0)
		job_set(job, "reset", json_true());
	return rc;
}

static int hand_over_in_change(struct admin_job *job, const struct escrow_request *r, const struct account *target, const struct secrets *secrets,
	struct error *err)
{
	char owner[DELEGATE_ID_SIZE + 1];
	int64_t now = job_unix(job);
	uint32_t id, credential;
	delegation_id_text(r->account, owner);
	struct directory_grant g = {.role = SLICE("successor"), .scope = AUTH_SCOPE_MAILBOX, .value = slice_str(owner), .state = GRANT_ACTIVE,
		.author = slice_str(r->asker_name), .approver = slice_str(r->approver), .reason = slice_str(r->reason), .starts = now, .created = now,
		.ends = r->days > 0 ? now + (int64_t)r->days * DAY_S : 0};
	memcpy(g.account, target->id, sizeof g.account);
	int rc = delegation_add(job_directory(job), r->account, target, secrets, now, &credential, err);
	return rc == 0 ? directory_grant_add(job_directory(job), &g, &id, err) : rc;
}

static int finish_hand_over(struct admin_job *job, const struct escrow_request *r, const struct secrets *secrets)
{
	struct error err = {0};
	struct account target;
	int rc = directory_account_get(job_directory(job), r->target, &job->arena, &target);
	if (rc != 0 || target.state != ACCOUNT_ACTIVE || job->account.state != ACCOUNT_LEFT)
		return job_refuse(job, ADMIN_FAILED, "changed", "The mailbox cannot be handed over any more.");
	rc = directory_begin(job_directory(job), &err);
	if (rc == 0)
		rc = hand_over_in_change(job, r, &target, secrets, &err);
	if (rc == 0)
		rc = directory_commit(job_directory(job), &err);
	directory_rollback(job_directory(job));
	if (rc != 0)
		return job_refuse_error(job, rc, "delegation");
	job_event(job, EV_ACCESS_RECOVERED, LOG_TEXT("actor", target.address), LOG_STR("approver", r->approver), LOG_TEXT("owner", job->account.address),
		LOG_STR("reason", r->reason));
	job_set(job, "handed_over", json_true());
	return 0;
}

/* The last share is there: the secrets are open for the time of this call. */
static int finish(struct admin_job *job, struct escrow_request *r)
{
	struct error err = {0};
	struct secrets secrets = SECRETS_NONE;
	int rc = directory_account_get(job_directory(job), r->account, &job->arena, &job->account);
	if (rc == 0)
		rc = escrow_open(job_directory(job), r, &secrets, &err);
	if (rc != 0)
		rc = job_refuse(job, ADMIN_FAILED, "shares", "The shares do not open the account: it has to be asked again.");
	else if (r->kind == ESCROW_RESET)
		rc = finish_reset(job, r, &secrets);
	else
		rc = finish_hand_over(job, r, &secrets);
	secrets_free(&secrets);
	escrow_request_drop(r);
	return rc;
}

static int escrow_give_op(struct admin_job *job)
{
	struct escrow_request *r;
	int rc = find_request(job, &r);
	if (rc == 0)
		rc = check_giver(job, r);
	if (rc == 0)
		rc = check_reused(job, r);
	if (rc == 0)
		rc = give_share(job, r);
	if (rc != 0)
		return rc;
	job_set(job, "given", json_integer(r->given));
	job_set(job, "needed", json_integer(r->needed));
	return r->given >= r->needed ? finish(job, r) : 0;
}

static int escrow_refuse(struct admin_job *job)
{
	struct escrow_request *r;
	struct slice reason;
	int rc = find_request(job, &r);
	if (rc == 0)
		rc = job_name(job, "reason", &reason);
	if (rc != 0)
		return rc;
	job_event(job, EV_APPROVAL_REFUSED, LOG_STR("actor", r->asker_name), LOG_TEXT("approver", job->subject.name), LOG_NUM("id", r->id),
		LOG_STR("kind", "escrow"), LOG_TEXT("reason", reason));
	escrow_request_drop(r);
	return 0;
}

const struct admin_operation_row admin_escrow_rows[] = {
	{"escrow.set", OBJECT_NAMED, NULL, escrow_set},
	{"escrow.status", OBJECT_NAMED, NULL, escrow_status},
	{"escrow.reset_ask", OBJECT_PROOF, reset_prepare, reset_ask},
	{"escrow.hand_over_ask", OBJECT_ACCOUNT, NULL, hand_over_ask},
	{"escrow.list", OBJECT_NAMED, NULL, escrow_list},
	{"escrow.give", OBJECT_NAMED, NULL, escrow_give_op},
	{"escrow.refuse", OBJECT_NAMED, NULL, escrow_refuse},
	{0},
};
