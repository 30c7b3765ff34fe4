#include "auth/resolve.h"

#include <string.h>

#include "auth/directory_keys.h"
#include "auth/sieve.h"
#include "auth/forward.h"
#include "base/map.h"

struct walk {
	struct directory *d;
	struct arena *arena;
	struct resolve_result *result;
	struct map seen;     /* addresses that were expanded, and targets: nothing twice, no loops */
	bool signed_in;
	int64_t now;         /* unix seconds */
	enum resolve_behind behind;
	size_t steps;
	bool disabled;       /* at least one account was there but is disabled */
	int error;           /* of the database */
	bool over_limit;
};

struct refusal {
	uint16_t code;
	const char *enhanced, *text;
};

static const struct refusal unknown_user = {550, "5.1.1", "No such user here"};
static const struct refusal bad_syntax = {553, "5.1.3", "Bad recipient address"};
static const struct refusal no_relay = {550, "5.7.1", "Relaying denied"};
static const struct refusal no_forward = {550, "5.7.1", "Mail to this address may not be passed on outside of the organisation"};
static const struct refusal disabled_user = {550, "5.2.1", "Mailbox disabled"};
static const struct refusal list_problem = {451, "4.2.4", "The list cannot be expanded now"};
static const struct refusal local_error = {451, "4.3.0", "Temporary local problem"};

static void refuse(struct resolve_result *r, const struct refusal *refusal)
{
	r->status = AUTH_REFUSED;
	r->code = refusal->code;
	r->enhanced = refusal->enhanced;
	r->text = refusal->text;
	r->count = 0;
}

/* True the first time; a prefix keeps accounts and addresses apart. */
static bool first_time(struct walk *w, char prefix, struct slice key)
{
	struct slice k = arena_printf(w->arena, "%c%.*s", prefix, SLICE_ARG(key));
	if (prefix == 'a') {
		uint8_t *raw = arena_alloc(w->arena, 17);
		raw[0] = 'a';
		memcpy(raw + 1, key.p, 16);
		k = slice_make(raw, 17);
	}
	if (map_get(&w->seen, k) != NULL)
		return false;
	map_put(&w->seen, k, w);
	return true;
}

static struct resolve_target *add_target(struct walk *w)
{
	if (w->result->count >= RESOLVE_TARGETS_MAX) {
		w->over_limit = true;
		return NULL;
	}
	/* Room doubles: nearly all addresses have one target. */
	size_t count = w->result->count;
	if ((count & (count - 1)) == 0) {
		struct resolve_target *more = arena_alloc_array(w->arena, count > 0 ? 2 * count : 1, sizeof *more);
		if (count > 0)
			memcpy(more, w->result->targets, count * sizeof *more);
		w->result->targets = more;
	}
	return &w->result->targets[w->result->count++];
}

static void add_remote(struct walk *w, const struct address *a, const struct directory_domain *behind)
{
	struct slice text = arena_printf(w->arena, "%.*s@%.*s", SLICE_ARG(a->given), SLICE_ARG(a->domain));
	if (!first_time(w, 'r', text))
		return;
	struct resolve_target *t = add_target(w);
	if (t != NULL)
		*t = (struct resolve_target){.address = text, .outside = behind == NULL,
			.policy = behind != NULL ? behind->relay.policy : (struct directory_relay_policy){0}};
}

static struct slice mailbox_of(struct walk *w, const uint8_t id[16], struct slice detail)
{
	struct slice profile;
	if (detail.n == 0 || directory_profile_get(w->d, id, w->arena, &profile) != 0)
		return SLICE_NONE;
	struct slice found = auth_profile_find(profile, detail);
	return slice_eq_nocase(found, SLICE("INBOX")) ? SLICE_NONE : found;
}

/* from: the address that passes its mail on to `text`; nobody's at depth 0. */
static void expand(struct walk *w, struct slice text, struct slice from, unsigned depth);

/* Mail leaves by itself only where that is allowed. */
static void forward_outside(struct walk *w, const struct address *a, struct slice from)
{
	int rc = forward_allowed(w->d, from, address_text(a, w->arena), w->now);
	if (rc < 0)
		w->error = rc;
	else if (rc > 0)
		add_remote(w, a, NULL);
	else if (w->result->withheld++ == 0)
		w->result->withheld_from = from;
}

/* Mail to somebody who has left goes where the administrator said, if anywhere. */
static void follow_leaver(struct walk *w, const struct account *account, unsigned depth)
{
	struct directory_leaver leaver = {0};
	int rc = directory_leaver_get(w->d, account->id, w->arena, &leaver);
	if (rc != 0 && rc != ERR_NOT_FOUND)
		w->error = rc;
	else if (leaver.target.n > 0)
		expand(w, leaver.target, account->address, depth + 1);
	else
		w->disabled = true;
}

static void add_account(struct walk *w, const uint8_t id[16], struct slice detail, unsigned depth)
{
	struct account account;
	int rc = directory_account_get(w->d, id, w->arena, &account);
	if (rc != 0) {
		w->error = rc;
		return;
	}
	if (!auth_permit_own(account.role, AUTH_MAIL_RECEIVE))
		return;
	if (account.state == ACCOUNT_LEFT) {
		follow_leaver(w, &account, depth);
		return;
	}
	if (account.state != ACCOUNT_ACTIVE) {
		w->disabled = true;
		return;
	}
	struct resolve_target *t = first_time(w, 'a', slice_make(id, 16)) ? add_target(w) : NULL;
	if (t != NULL)
		*t = (struct resolve_target){.local = true, .account = account, .address = account.address, .mailbox = mailbox_of(w, id, detail),
			.script = scripts_marked(w->d, id)};
}

/* "list+news@x" for an alias list@x -> ann@x reaches ann+news@x. */
static void follow_alias(struct walk *w, struct slice target, struct slice detail, struct slice from, unsigned depth)
{
	ptrdiff_t at = slice_rfind(target, '@');
	if (detail.n > 0 && at > 0 && slice_find(target, '+') < 0 && target.p[0] != '"') {
		struct slice local = slice_sub(target, 0, (size_t)at);
		target = arena_printf(w->arena, "%.*s+%.*s%.*s", SLICE_ARG(local), SLICE_ARG(detail), SLICE_ARG(slice_from(target, (size_t)at)));
	}
	expand(w, target, from, depth + 1);
}

static void expand_group(struct walk *w, struct slice local, struct slice domain, unsigned depth)
{
	struct slice *members = arena_alloc_array(w->arena, GROUP_MEMBERS_MAX, sizeof *members);
	int count = directory_members(w->d, local, domain, w->arena, members, GROUP_MEMBERS_MAX);
	if (count < 0)
		w->error = count;
	for (int i = 0; i < count; i++)
		expand(w, members[i], arena_printf(w->arena, "%.*s@%.*s", SLICE_ARG(local), SLICE_ARG(domain)), depth + 1);
}

static void follow(struct walk *w, const struct directory_address *found, struct slice local, struct slice domain, struct slice detail,
	unsigned depth)
{
	switch (found->kind) {
	case ADDRESS_ACCOUNT:
		add_account(w, found->account, detail, depth);
		break;
	case ADDRESS_ALIAS:
		follow_alias(w, found->target, detail, arena_printf(w->arena, "%.*s@%.*s", SLICE_ARG(local), SLICE_ARG(domain)), depth);
		break;
	case ADDRESS_GROUP:
		expand_group(w, local, domain, depth);
		break;
	case ADDRESS_BEHIND: /* only relay domains have them */
		break;
	}
}

static bool is_role_address(struct slice local)
{
	return slice_eq(local, SLICE("postmaster")) || slice_eq(local, SLICE("abuse"));
}

/* The catch-all or postmaster address of a domain. */
static void expand_domain_address(struct walk *w, struct slice target, struct slice domain, unsigned depth)
{
	expand(w, target, arena_printf(w->arena, "@%.*s", SLICE_ARG(domain)), depth + 1);
}

/* postmaster must be reachable (RFC 5321 4.5.1), abuse should (RFC 2142 4): the domain's choice, else the oldest account. */
static void expand_role_address(struct walk *w, const struct directory_domain *domain, unsigned depth)
{
	uint8_t id[16];
	if (domain->postmaster.n > 0) {
		expand_domain_address(w, domain->postmaster, domain->name, depth);
		return;
	}
	int rc = directory_account_first(w->d, domain->name, id);
	if (rc == ERR_NOT_FOUND)
		rc = directory_account_first(w->d, SLICE_NONE, id);
	if (rc == 0)
		add_account(w, id, SLICE_NONE, depth);
	else if (rc != ERR_NOT_FOUND)
		w->error = rc;
}

/* The whole local part, else the part before "+". */
static int find_address(struct walk *w, const struct address *a, struct directory_address *ret, struct slice *ret_local,
	struct slice *ret_detail)
{
	struct slice detail, given_base, given_detail;
	*ret_local = a->local;
	*ret_detail = SLICE_NONE;
	int rc = directory_address_get(w->d, a->local, a->domain, w->arena, ret);
	if (rc != ERR_NOT_FOUND || !address_detail(a->local, ret_local, &detail))
		return rc;
	/* The detail as given: mailbox names have upper case. */
	*ret_detail = address_detail(a->given, &given_base, &given_detail) ? given_detail : detail;
	return directory_address_get(w->d, *ret_local, a->domain, w->arena, ret);
}

/*
 * The server behind trusts us and may know more ways to write an address than we do: nothing is passed to it that could make it send the
 * mail on to somewhere else (routes of RFC 5321 F.2, "user%host", "host!user").
 */
static bool leads_elsewhere(struct slice local)
{
	static const char marks[] = "%!@:";
	for (size_t i = 0; i < sizeof marks - 1; i++)
		if (slice_find(local, (uint8_t)marks[i]) >= 0)
			return true;
	return false;
}

/* Only the server behind or the LDAP directory knows whether it exists. */
static bool is_asked_about(const struct directory_domain *domain)
{
	return domain->relay.verify == RELAY_VERIFY_CALL || domain->relay.verify == RELAY_VERIFY_LDAP;
}

static void ask_first(struct walk *w, const struct address *a, const struct directory_domain *domain)
{
	w->result->ask = true;
	w->result->asked = arena_printf(w->arena, "%.*s@%.*s", SLICE_ARG(a->given), SLICE_ARG(a->domain));
	w->result->asked_domain = domain->name;
	w->result->relay = domain->relay;
}

static void expand_relayed(struct walk *w, const struct address *a, const struct directory_domain *domain, unsigned depth)
{
	struct directory_address found;
	struct slice local, detail;
	if (leads_elsewhere(a->local)) {
		if (depth == 0)
			refuse(w->result, &no_relay);
		return;
	}
	int rc = find_address(w, a, &found, &local, &detail);
	bool role = is_role_address(local);
	if (rc == 0 && found.kind != ADDRESS_BEHIND)
		follow(w, &found, local, a->domain, detail, depth);
	else if (rc != 0 && rc != ERR_NOT_FOUND)
		w->error = rc;
	else if (rc != 0 && role && domain->postmaster.n > 0)
		expand_domain_address(w, domain->postmaster, domain->name, depth);
	else if (rc == 0 || role || domain->relay.verify == RELAY_VERIFY_NONE)
		add_remote(w, a, domain);
	else if (is_asked_about(domain) && (depth > 0 || w->behind == RESOLVE_KNOWN))
		add_remote(w, a, domain);
	else if (is_asked_about(domain) && w->behind == RESOLVE_ASK)
		ask_first(w, a, domain);
	else if (domain->catch_all.n > 0)
		expand_domain_address(w, domain->catch_all, domain->name, depth);
}

static void expand_local(struct walk *w, const struct address *a, const struct directory_domain *domain, unsigned depth)
{
	struct directory_address found;
	struct slice local, detail;
	int rc = find_address(w, a, &found, &local, &detail);
	if (rc == 0)
		follow(w, &found, local, a->domain, detail, depth);
	else if (rc != ERR_NOT_FOUND)
		w->error = rc;
	else if (is_role_address(local))
		expand_role_address(w, domain, depth);
	else if (domain->catch_all.n > 0)
		expand_domain_address(w, domain->catch_all, domain->name, depth);
}

static void expand(struct walk *w, struct slice text, struct slice from, unsigned depth)
{
	struct address a;
	struct directory_domain domain;
	if (depth > RESOLVE_DEPTH_MAX || ++w->steps > RESOLVE_STEPS_MAX) {
		w->over_limit = true;
		return;
	}
	if (address_parse(text, w->arena, &a) != 0) {
		if (depth == 0)
			refuse(w->result, &bad_syntax);
		return;
	}
	int rc = directory_domain_get(w->d, a.domain, w->arena, &domain);
	if (rc == ERR_NOT_FOUND) {
		if (depth > 0)
			forward_outside(w, &a, from);
		else if (w->signed_in)
			add_remote(w, &a, NULL);
		else
			refuse(w->result, &no_relay);
	} else if (rc != 0) {
		w->error = rc;
	} else if (first_time(w, 'x', address_text(&a, w->arena))) {
		if (domain.relay.host.n > 0)
			expand_relayed(w, &a, &domain, depth);
		else
			expand_local(w, &a, &domain, depth);
	}
}

/* <Postmaster> without a domain: that of the host when it is ours, else the first. */
static struct slice complete(struct directory *d, struct slice recipient, struct slice hostname, struct arena *arena)
{
	struct directory_domain domain;
	struct slice name;
	if (!slice_eq_nocase(recipient, SLICE("postmaster")))
		return recipient;
	bool known = address_domain(hostname, arena, &name) == 0 && directory_domain_get(d, name, arena, &domain) == 0;
	if (!known && directory_domain_list(d, SLICE_NONE, arena, &domain, 1) != 1)
		return recipient;
	return arena_printf(arena, "postmaster@%.*s", SLICE_ARG(domain.name));
}

static void conclude(struct walk *w, struct slice recipient)
{
	struct resolve_result *r = w->result;
	if (r->status == AUTH_REFUSED || r->ask)
		return;
	if (w->error != 0)
		refuse(r, &local_error);
	else if (w->over_limit)
		refuse(r, &list_problem);
	else if (r->count == 0)
		refuse(r, r->withheld > 0 ? &no_forward : w->disabled ? &disabled_user : &unknown_user);
	for (size_t i = 0; i < r->count; i++)
		r->changed |= !slice_eq_nocase(r->targets[i].address, recipient);
}

void resolve_recipient(struct directory *d, struct slice recipient, bool signed_in, struct slice hostname, int64_t now,
	struct arena *arena, struct resolve_result *ret)
{
	resolve_recipient_asking(d, recipient, signed_in, hostname, now, RESOLVE_KNOWN, arena, ret);
}

void resolve_recipient_asking(struct directory *d, struct slice recipient, bool signed_in, struct slice hostname, int64_t now,
	enum resolve_behind behind, struct arena *arena, struct resolve_result *ret)
{
	*ret = (struct resolve_result){.status = AUTH_OK};
	struct walk w = {.d = d, .arena = arena, .result = ret, .signed_in = signed_in, .behind = behind, .now = now};
	recipient = complete(d, recipient, hostname, arena);
	expand(&w, recipient, SLICE_NONE, 0);
	conclude(&w, recipient);
	map_free(&w.seen);
}

int resolve_own_addresses(struct directory *d, const struct account *account, struct arena *arena, struct slice *ret, size_t max)
{
	if (max == 0)
		return 0;
	ret[0] = account->address;
	size_t count = 1;
	/* Breadth first: an alias of an alias leads to the account as well. */
	for (size_t i = 0; i < count && count < max; i++) {
		int n = directory_aliases_of(d, ret[i], arena, ret + count, max - count);
		if (n < 0)
			return n;
		size_t kept = count;
		for (size_t k = count; k < count + (size_t)n; k++) {
			bool known = false;
			for (size_t j = 0; j < kept; j++)
				known = known || slice_eq(ret[j], ret[k]);
			if (!known)
				ret[kept++] = ret[k];
		}
		count = kept;
	}
	return (int)count;
}

int resolve_sender_allowed(struct directory *d, const struct account *account, struct slice reverse_path, struct arena *arena)
{
	struct address a;
	struct slice base, detail;
	if (reverse_path.n == 0)
		return 1;
	if (address_parse(reverse_path, arena, &a) != 0)
		return 0;
	for (unsigned hop = 0; hop <= RESOLVE_DEPTH_MAX; hop++) {
		struct directory_address found;
		int rc = directory_address_get(d, a.local, a.domain, arena, &found);
		if (rc == ERR_NOT_FOUND && address_detail(a.local, &base, &detail))
			rc = directory_address_get(d, base, a.domain, arena, &found);
		if (rc != 0)
			return rc == ERR_NOT_FOUND ? 0 : rc;
		if (found.kind == ADDRESS_ACCOUNT)
			return memcmp(found.account, account->id, 16) == 0;
		if (found.kind != ADDRESS_ALIAS || address_parse(found.target, arena, &a) != 0)
			return 0;
	}
	return 0;
}
