/* Taking people and groups over from LDAP: collect, plan, then one account after the other. */
#include <stdio.h>
#include <string.h>

#include "auth/ldap_private.h"
#include "auth/managed.h"
#include "base/memory.h"
#include "crypt/crypt.h"

#define RECORDS_MAX (80 << 20)
#define STEPS_SHOWN 500
#define ACTOR_MAX 320

struct sync {
	struct auth_ldap *l;
	struct arena arena;
	struct buf data;
	bool dry, only_test;
	unsigned vanish_percent, left_out;
	char actor[ACTOR_MAX];
	struct ldap_record *records;
	size_t count, next;
	struct ldap_plan plan;
	/* the account in work */
	struct account account;
	struct wrap_owner owner;
	unsigned problems, groups;
	auth_ldap_report_fn *fn;
	void *arg;
};

static void finish(struct sync *s, int rc, json_t *result, const char *why)
{
	if (!s->only_test)
		s->l->syncing = false;
	s->fn(s->arg, rc, result, why);
	buf_free(&s->data);
	arena_free(&s->arena);
	memory_free(s);
}

/* ---- reports ---- */

static json_t *text_of(struct slice s)
{
	json_t *v = json_stringn(s.n > 0 ? (const char *)s.p : "", s.n);
	return v != NULL ? v : json_string("");
}

static json_t *steps_json(const struct ldap_plan *p)
{
	json_t *out = json_array();
	for (size_t i = 0; i < p->count && i < STEPS_SHOWN; i++) {
		const struct ldap_step *step = &p->steps[i];
		json_t *o = json_object();
		json_object_set_new(o, "action", json_string(ldap_action_name(step->action)));
		json_object_set_new(o, "address", text_of(step->record != NULL ? step->record->mail : step->known->address));
		json_object_set_new(o, "name", text_of(step->record != NULL ? step->record->name : step->known->name));
		json_array_append_new(out, o);
	}
	return out;
}

static json_t *report(const struct sync *s)
{
	static const struct {
		const char *name;
		enum ldap_action action;
	} counts[] = {{"added", LDAP_ADD}, {"changed", LDAP_CHANGE}, {"disabled", LDAP_DISABLE}, {"enabled", LDAP_ENABLE}, {"gone", LDAP_GONE}};
	json_t *o = json_object();
	size_t people = 0, problems = s->problems + s->plan.doubled + s->left_out;
	for (size_t i = 0; i < s->count; i++)
		people += s->records[i].kind == LDAP_PERSON;
	json_object_set_new(o, "people", json_integer((json_int_t)people));
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
		json_object_set_new(o, counts[i].name, json_integer((json_int_t)s->plan.counts[counts[i].action]));
	json_object_set_new(o, "groups", json_integer(s->dry || s->only_test ? (json_int_t)(s->count - people) : (json_int_t)s->groups));
	json_object_set_new(o, "problems", json_integer((json_int_t)problems));
	json_object_set_new(o, "dry_run", json_boolean(s->dry));
	json_object_set_new(o, "steps", steps_json(&s->plan));
	return o;
}

/* ---- groups ---- */

static int group_address(struct sync *s, const struct ldap_record *g, struct address *ret, bool *ret_new)
{
	struct directory_address found;
	*ret_new = false;
	if (directory_ldap_group_get(s->l->directory, g->key, &s->arena, ret) == 0)
		return 0;
	if (g->mail.n == 0 || address_parse(g->mail, &s->arena, ret) != 0 || !address_local_usable(ret->local))
		return ERR_NOT_FOUND;
	*ret_new = true;
	/* Somebody else's address is not taken away. */
	return directory_address_get(s->l->directory, ret->local, ret->domain, &s->arena, &found) == ERR_NOT_FOUND ? 0 : ERR_EXISTS;
}

static int write_group(struct sync *s, const struct ldap_record *g, const struct ldap_record **people, size_t count)
{
	struct address a, member;
	bool fresh;
	int rc = group_address(s, g, &a, &fresh);
	if (rc == 0 && fresh)
		rc = directory_group_add(s->l->directory, &a, g->name, NULL);
	if (rc == 0 && fresh)
		rc = directory_ldap_group_put(s->l->directory, g->key, &a, NULL);
	if (rc == 0)
		rc = directory_members_clear(s->l->directory, &a, NULL);
	for (size_t i = 0; i < count && rc == 0; i++)
		if (!people[i]->disabled && address_parse(people[i]->mail, &s->arena, &member) == 0)
			rc = directory_member_add(s->l->directory, &a, address_text(&member, &s->arena), NULL);
	return rc;
}

static void take_group(struct sync *s, struct ldap_tree *tree, const struct ldap_record *g)
{
	const struct ldap_record **people = arena_alloc_array(&s->arena, GROUP_MEMBERS_MAX, sizeof *people);
	bool cut;
	size_t count = ldap_tree_people(tree, g, people, GROUP_MEMBERS_MAX, &cut);
	if (g->mail.n == 0)
		return; /* it has its part inside of others */
	int rc = directory_begin(s->l->directory, NULL);
	if (rc == 0)
		rc = write_group(s, g, people, count);
	if (rc == 0)
		rc = directory_commit(s->l->directory, NULL);
	directory_rollback(s->l->directory);
	if (rc == 0)
		s->groups++;
	s->problems += rc != 0 || cut;
}

static void take_groups(struct sync *s)
{
	struct ldap_tree *tree = ldap_tree_create(s->records, s->count);
	for (size_t i = 0; i < s->count; i++)
		if (s->records[i].kind == LDAP_GROUP)
			take_group(s, tree, &s->records[i]);
	ldap_tree_free(&tree);
}

/* ---- people ---- */

static void go_on(struct sync *s);

static void stepped(struct sync *s, int rc)
{
	s->problems += rc != 0;
	go_on(s);
}

static int add_in_change(struct sync *s, const struct ldap_step *step, const uint8_t *kek, bool made, const struct secrets *secrets)
{
	int rc = made ? directory_account_add(s->l->directory, &s->account, NULL) : 0;
	if (rc == 0 && secrets != NULL)
		rc = managed_add(s->l->directory, &s->owner, kek, SLICE_NONE, secrets, ldap_unix(s->l), NULL);
	return rc == 0 ? directory_ldap_put(s->l->directory, step->record->key, s->account.id, step->record->dn, false, ldap_unix(s->l), NULL)
		: rc;
}

static void got_kek(void *arg, int rc, const uint8_t *kek)
{
	struct sync *s = arg;
	const struct ldap_step *step = &s->plan.steps[s->next - 1];
	struct secrets secrets = SECRETS_NONE;
	uint8_t secret_key[32];
	if (rc == 0)
		rc = secrets_add(&secrets, 1, NULL);
	if (rc == 0) {
		s->account.generation = secrets_newest(&secrets)->generation;
		secrets_pair(secrets_newest(&secrets), s->account.public_key, secret_key);
		secret_wipe(secret_key, sizeof secret_key);
		rc = directory_begin(s->l->directory, NULL);
	}
	if (rc == 0)
		rc = add_in_change(s, step, kek, true, &secrets);
	if (rc == 0)
		rc = directory_commit(s->l->directory, NULL);
	directory_rollback(s->l->directory);
	secrets_free(&secrets);
	if (rc == 0)
		ldap_record_event(s->l, EV_ACCOUNT_ADDED, (const struct log_field[]){LOG_STR("actor", s->actor), LOG_TEXT("address",
			s->account.address), LOG_END});
	stepped(s, rc);
}

/* An account made by hand is linked where the settings say so; its owner still has to allow that LDAP opens it. */
static int adopt(struct sync *s, const struct ldap_step *step, const struct directory_address *found)
{
	if (!s->l->settings.adopt || found->kind != ADDRESS_ACCOUNT)
		return ERR_EXISTS;
	int rc = directory_account_get(s->l->directory, found->account, &s->arena, &s->account);
	if (rc == 0)
		rc = directory_begin(s->l->directory, NULL);
	if (rc == 0)
		rc = add_in_change(s, step, NULL, false, NULL);
	if (rc == 0)
		rc = directory_commit(s->l->directory, NULL);
	directory_rollback(s->l->directory);
	return rc;
}

static int take_number(struct sync *s)
{
	int rc = directory_begin(s->l->directory, NULL);
	if (rc == 0)
		rc = directory_credential_number(s->l->directory, &s->owner.credential, NULL);
	if (rc == 0)
		rc = directory_commit(s->l->directory, NULL);
	directory_rollback(s->l->directory);
	return rc;
}

static void add_person(struct sync *s, const struct ldap_step *step)
{
	struct address a;
	struct directory_address found;
	struct directory_domain domain;
	int rc = address_parse(step->record->mail, &s->arena, &a) == 0 && address_local_usable(a.local) ? 0 : ERR_INVALID;
	if (rc == 0)
		rc = directory_domain_get(s->l->directory, a.domain, &s->arena, &domain);
	if (rc == 0 && directory_address_get(s->l->directory, a.local, a.domain, &s->arena, &found) == 0) {
		stepped(s, adopt(s, step, &found));
		return;
	}
	s->account = (struct account){.address = rc == 0 ? address_text(&a, &s->arena) : SLICE_NONE, .name = step->record->name,
		.department = step->record->department, .state = ACCOUNT_ACTIVE, .role = AUTH_ROLE_USER, .flags = ACCOUNT_MANAGED,
			.created = ldap_unix(s->l)};
	random_bytes(s->account.id, sizeof s->account.id);
	random_bytes(s->account.scram_salt, sizeof s->account.scram_salt);
	s->owner = (struct wrap_owner){.kind = WRAP_MANAGED};
	memcpy(s->owner.account, s->account.id, sizeof s->owner.account);
	if (rc == 0)
		rc = take_number(s);
	if (rc == 0)
		managed_kek(s->l->auth, &s->owner, got_kek, s);
	else
		stepped(s, rc);
}

/* A new address is only told of: the old one may be on other people's letters, so a person decides. */
static int change_person(struct sync *s, const struct ldap_step *step)
{
	struct account a;
	int rc = directory_begin(s->l->directory, NULL);
	if (rc == 0)
		rc = directory_account_get(s->l->directory, step->known->account, &s->arena, &a);
	a.name = step->record->name;
	a.department = step->record->department;
	if (rc == 0)
		rc = directory_account_update(s->l->directory, &a, NULL);
	if (rc == 0)
		rc = directory_commit(s->l->directory, NULL);
	directory_rollback(s->l->directory);
	return rc != 0 ? rc : slice_eq_nocase(step->record->mail, step->known->address) ? 0 : ERR_CONFLICT;
}

static void take_step(struct sync *s, const struct ldap_step *step)
{
	switch (step->action) {
	case LDAP_ADD:
		add_person(s, step);
		return;
	case LDAP_CHANGE:
		stepped(s, change_person(s, step));
		return;
	case LDAP_DISABLE:
		stepped(s, ldap_set_state(s->l, step->known->account, step->known->key, step->record->dn, false, "disabled in LDAP"));
		return;
	case LDAP_ENABLE:
		stepped(s, ldap_set_state(s->l, step->known->account, step->known->key, step->record->dn, true, ""));
		return;
	case LDAP_GONE:
		stepped(s, ldap_set_state(s->l, step->known->account, step->known->key, SLICE_NONE, false, "gone from LDAP"));
		return;
	}
}

static void done(struct sync *s)
{
	take_groups(s);
	ldap_record_event(s->l, EV_LDAP_SYNCED, (const struct log_field[]){LOG_STR("actor", s->actor), LOG_NUM("count", s->plan.count),
		LOG_NUM("result", s->problems), LOG_END});
	finish(s, 0, report(s), "");
}

static void run_next(void *arg)
{
	struct sync *s = arg;
	if (s->next == s->plan.count)
		done(s);
	else
		take_step(s, &s->plan.steps[s->next++]);
}

/* By the loop, so that other work has its turn between two people. */
static void go_on(struct sync *s)
{
	s->l->auth->after(s->l->auth->arg, 0, run_next, s);
}

/* ---- collecting ---- */

static int read_records(struct sync *s)
{
	struct slice rest = buf_slice(&s->data);
	size_t room = 0;
	while (rest.n > 0) {
		if (s->count == room) {
			struct ldap_record *grown = arena_alloc_array(&s->arena, room = room > 0 ? 2 * room : 256, sizeof *grown);
			if (s->count > 0)
				memcpy(grown, s->records, s->count * sizeof *grown);
			s->records = grown;
		}
		if (s->count >= LDAP_PEOPLE_MAX + LDAP_GROUPS_MAX || ldap_record_read(&rest, &s->arena, &s->records[s->count]) != 0)
			return ERR_INVALID;
		s->count++;
	}
	return 0;
}

static void collected(struct sync *s)
{
	struct ldap_known *known;
	int count = read_records(s) == 0 ? directory_ldap_list(s->l->directory, &s->arena, &known) : ERR_INVALID;
	if (count < 0) {
		finish(s, count, NULL, "the answer or the directory cannot be read");
		return;
	}
	ldap_plan_make(s->records, s->count, known, (size_t)count, &s->arena, &s->plan);
	if (s->only_test || s->dry)
		finish(s, 0, report(s), "");
	else if (ldap_plan_too_many_gone(&s->plan, s->vanish_percent))
		finish(s, ERR_LIMIT, report(s), "too many of the known people would vanish");
	else
		go_on(s);
}

static void got_piece(void *arg, bool ok, bool more, uint64_t cursor, unsigned left_out, struct slice data)
{
	struct sync *s = arg;
	char why[300];
	buf_append(&s->data, ok ? data : SLICE_NONE);
	s->left_out = left_out;
	if (!ok || s->data.failed) {
		(void)snprintf(why, sizeof why, "%.*s", SLICE_ARG(ok ? SLICE("too many people") : slice_sub(data, 0, sizeof why - 1)));
		finish(s, ERR_TEMPORARY, NULL, why);
	} else if (more) {
		s->l->host.collect(s->l->host.arg, cursor, buf_len(&s->data), got_piece, s);
	} else {
		collected(s);
	}
}

static struct sync *start(struct auth_ldap *l, bool only_test, auth_ldap_report_fn *fn, void *arg)
{
	struct sync *s = memory_alloc(sizeof *s);
	s->l = l;
	s->only_test = only_test;
	s->fn = fn;
	s->arg = arg;
	buf_init(&s->data, RECORDS_MAX);
	return s;
}

void auth_ldap_sync(struct auth_ldap *l, bool dry, unsigned vanish_percent, struct slice actor, auth_ldap_report_fn *fn, void *arg)
{
	if (l->syncing) {
		fn(arg, ERR_EXISTS, NULL, "a synchronisation is running");
		return;
	}
	struct sync *s = start(l, false, fn, arg);
	l->syncing = true;
	s->dry = dry;
	s->vanish_percent = vanish_percent > 0 ? vanish_percent : l->settings.vanish_percent;
	(void)snprintf(s->actor, sizeof s->actor, "%.*s", SLICE_ARG(slice_sub(actor, 0, ACTOR_MAX - 1)));
	l->host.collect(l->host.arg, 0, 0, got_piece, s);
}

/* ---- the test ---- */

struct test {
	struct auth_ldap *l;
	auth_ldap_report_fn *fn;
	void *arg;
};

static void tested(void *arg, enum ldap_verdict verdict, struct slice record, struct slice why)
{
	struct test *t = arg;
	struct arena arena = ARENA_INIT;
	struct ldap_record r;
	uint8_t account[16];
	char text[300];
	if (verdict == LDAP_RIGHT && ldap_record_read(&record, &arena, &r) == 0) {
		json_t *o = json_object();
		json_object_set_new(o, "dn", text_of(r.dn));
		json_object_set_new(o, "address", text_of(r.mail));
		json_object_set_new(o, "account", json_string(directory_ldap_find(t->l->directory, r.key, account) == 0 ? "known"
			: "not taken over yet"));
		t->fn(t->arg, 0, o, "");
	} else {
		(void)snprintf(text, sizeof text, "%.*s", SLICE_ARG(slice_sub(why, 0, sizeof text - 1)));
		t->fn(t->arg, verdict == LDAP_LATER ? ERR_TEMPORARY : ERR_DENIED, NULL, text);
	}
	arena_free(&arena);
	memory_free(t);
}

void auth_ldap_test(struct auth_ldap *l, struct slice name, struct slice password, auth_ldap_report_fn *fn, void *arg)
{
	if (name.n > 0 && password.n > 0) {
		struct test *t = memory_alloc(sizeof *t);
		*t = (struct test){.l = l, .fn = fn, .arg = arg};
		l->host.verify(l->host.arg, name, password, tested, t);
		return;
	}
	l->host.collect(l->host.arg, 0, 0, got_piece, start(l, true, fn, arg));
}
