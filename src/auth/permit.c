#include "auth/permit.h"

#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"

#define B(id) AUTH_BIT(AUTH_##id)

static const struct { const char *name, *text; enum auth_class class; } rights[AUTH_RIGHT_COUNT] = {
#define RIGHT(id, name, class, text) [AUTH_##id] = {name, text, AUTH_CLASS_##class},
#include "auth/rights.h"
#undef RIGHT
};
static const char *const class_names[AUTH_CLASS_COUNT] = {"mail", "self", "system", "people", "log", "policy", "grant", "approve", "audit",
	"content", "key"};

/* ---- roles ---- */

#define SELF_RIGHTS (B(SELF_SEE) | B(SELF_CHANGE))
#define MAILBOX_RIGHTS (B(MAIL_VIEW) | B(MAIL_SEND) | B(MAIL_RECEIVE) | B(MAIL_DOWNLOAD) | B(MAIL_PRINT) | B(MAIL_FORWARD) | B(MAIL_EXPORT) \
	| B(MAIL_DELETE))
#define DEPARTMENT_RIGHTS (B(ACCOUNT_SEE) | B(TRACE_SEE))

static const struct { const char *name; auth_rights rights; } roles[] = {
	{"user", MAILBOX_RIGHTS | SELF_RIGHTS},
	{"department", DEPARTMENT_RIGHTS},
	{"administrator", B(DOMAIN_SEE) | B(DOMAIN_CHANGE) | B(QUEUE_SEE) | B(QUEUE_CHANGE) | B(SYSTEM_SEE) | B(SYSTEM_CHANGE) | B(ACCOUNT_SEE)
		| B(ACCOUNT_CHANGE) | B(ACCOUNT_DISCARD) | B(ACCOUNT_LEAVE) | B(TRACE_SEE) | B(METRICS_SEE) | B(ROLE_SEE) | B(DEVICE_SEE) | B(SESSION_END)
		| B(QUARANTINE_SEE)},
	{"officer", B(POLICY_SEE) | B(POLICY_CHANGE) | B(DEVICE_SEE) | B(DEVICE_CHANGE) | B(SESSION_END) | B(FACTOR_RESET) | B(PARTY_CHANGE) | B(ROLE_SEE)
		| B(ROLE_DEFINE) | B(ROLE_GRANT) | B(REVIEW_SIGN) | B(TRACE_SEE) | B(AUDIT_SEE) | B(AUDIT_EXPORT) | B(METRICS_SEE) | B(ACCOUNT_CONTAIN)
		| B(QUARANTINE_SEE) | B(QUARANTINE_CHANGE) | B(CA_CHANGE)},
	{"auditor", B(AUDIT_SEE) | B(AUDIT_EXPORT) | B(TRACE_SEE)},
	{"approver", B(ACT_APPROVE) | B(CASE_APPROVE) | B(ROLE_SEE)},
	{"custodian", B(SHARE_GIVE)},
	{"case", B(CASE_SEARCH) | B(CASE_VIEW)},
	{"case-export", B(CASE_SEARCH) | B(CASE_VIEW) | B(CASE_DOWNLOAD) | B(CASE_PRINT) | B(CASE_EXPORT)},
	{"delegate", B(MAIL_VIEW) | B(MAIL_SEND) | B(MAIL_DOWNLOAD) | B(MAIL_PRINT) | B(MAIL_FORWARD)},
	{"successor", B(MAIL_VIEW) | B(MAIL_DOWNLOAD) | B(MAIL_PRINT) | B(MAIL_FORWARD)},
	{"secretary", B(MAIL_VIEW) | B(MAIL_SEND)},
	{"reader", B(MAIL_VIEW)},
	{"partner", B(MAIL_VIEW) | B(MAIL_SEND) | B(MAIL_DOWNLOAD) | B(MAIL_PRINT) | B(MAIL_FORWARD) | B(MAIL_DELETE)},
	{"monitor", B(METRICS_SEE) | B(SYSTEM_SEE)},
};

static const char *const primary_names[AUTH_ROLE_COUNT] = {
	[AUTH_ROLE_USER] = "user", [AUTH_ROLE_DEPARTMENT] = "department", [AUTH_ROLE_ADMINISTRATOR] = "administrator",
	[AUTH_ROLE_OFFICER] = "officer", [AUTH_ROLE_AUDITOR] = "auditor", [AUTH_ROLE_APPROVER] = "approver", [AUTH_ROLE_CUSTODIAN] = "custodian",
};

/*
 * Which classes may not be in one hand: bit c of row r. Whoever runs the machine or its people neither sets the rules, grants, approves,
 * reads the record nor comes near content or keys; whoever reads content does nothing else; whoever holds a share approves nothing.
 */
#define C(class) (1u << AUTH_CLASS_##class)
static const unsigned apart[AUTH_CLASS_COUNT] = {
	[AUTH_CLASS_SYSTEM] = C(POLICY) | C(APPROVE) | C(AUDIT) | C(CONTENT) | C(KEY),
	[AUTH_CLASS_PEOPLE] = C(POLICY) | C(APPROVE) | C(AUDIT) | C(CONTENT) | C(KEY),
	[AUTH_CLASS_POLICY] = C(SYSTEM) | C(PEOPLE) | C(APPROVE) | C(CONTENT) | C(KEY),
	[AUTH_CLASS_GRANT] = C(CONTENT) | C(KEY),
	[AUTH_CLASS_APPROVE] = C(SYSTEM) | C(PEOPLE) | C(POLICY) | C(AUDIT) | C(CONTENT) | C(KEY),
	[AUTH_CLASS_AUDIT] = C(SYSTEM) | C(PEOPLE) | C(APPROVE) | C(KEY),
	[AUTH_CLASS_CONTENT] = C(SYSTEM) | C(PEOPLE) | C(POLICY) | C(GRANT) | C(APPROVE) | C(KEY),
	[AUTH_CLASS_KEY] = C(SYSTEM) | C(PEOPLE) | C(POLICY) | C(GRANT) | C(APPROVE) | C(AUDIT) | C(CONTENT),
};
/* Rights of a class that only look, or only take access away: they may be beside anything. */
#define HARMLESS (B(SESSION_END) | B(DEVICE_SEE) | B(ROLE_SEE) | B(SYSTEM_SEE) | B(ACCOUNT_SEE) | B(DOMAIN_SEE))
/* Rights that change the rights of others: separate from what is granted by them. */
#define GRANTING (B(ROLE_DEFINE) | B(ROLE_GRANT))

const char *auth_role_name(enum auth_role role)
{
	return (unsigned)role < AUTH_ROLE_COUNT ? primary_names[role] : NULL;
}

bool auth_role_parse(struct slice name, enum auth_role *ret)
{
	for (unsigned i = 1; i <= AUTH_ROLE_STORED_MAX; i++) {
		if (slice_eq(name, slice_str(primary_names[i]))) {
			*ret = (enum auth_role)i;
			return true;
		}
	}
	return false;
}

bool auth_role_privileged(enum auth_role role)
{
	return role >= AUTH_ROLE_ADMINISTRATOR && role <= AUTH_ROLE_CUSTODIAN;
}

const char *auth_right_name(enum auth_right right) { return rights[right].name; }
const char *auth_right_text(enum auth_right right) { return rights[right].text; }
enum auth_class auth_right_class(enum auth_right right) { return rights[right].class; }
const char *auth_class_name(enum auth_class class) { return class_names[class]; }

bool auth_right_parse(struct slice name, enum auth_right *ret)
{
	for (unsigned i = 0; i < AUTH_RIGHT_COUNT; i++) {
		if (slice_eq(name, slice_str(rights[i].name))) {
			*ret = (enum auth_right)i;
			return true;
		}
	}
	return false;
}

auth_rights auth_class_rights(enum auth_class class)
{
	auth_rights set = 0;
	for (unsigned i = 0; i < AUTH_RIGHT_COUNT; i++)
		if (rights[i].class == class)
			set |= AUTH_BIT(i);
	return set;
}

bool auth_builtin_role(struct slice name, auth_rights *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
		if (slice_eq(name, slice_str(roles[i].name))) {
			*ret = roles[i].rights;
			return true;
		}
	}
	return false;
}

const char *auth_builtin_role_at(size_t index, auth_rights *ret)
{
	if (index >= ARRAY_LEN(roles))
		return NULL;
	*ret = roles[index].rights;
	return roles[index].name;
}

/* ---- separation ---- */

static bool right_in_classes(auth_rights set, unsigned classes, enum auth_right *ret)
{
	for (unsigned i = 0; i < AUTH_RIGHT_COUNT; i++) {
		if ((set & AUTH_BIT(i)) != 0 && (classes & (1u << rights[i].class)) != 0) {
			*ret = (enum auth_right)i;
			return true;
		}
	}
	return false;
}

bool auth_rights_separate(auth_rights set, enum auth_right *ret_a, enum auth_right *ret_b)
{
	auth_rights counted = set & ~HARMLESS;
	for (unsigned i = 0; i < AUTH_RIGHT_COUNT; i++) {
		*ret_a = (enum auth_right)i;
		if ((counted & AUTH_BIT(i)) != 0 && right_in_classes(counted, apart[rights[i].class], ret_b))
			return false;
	}
	/* Who makes accounts does not give them roles. */
	if ((set & GRANTING) != 0 && right_in_classes(counted, C(PEOPLE) | C(SYSTEM), ret_b)) {
		*ret_a = AUTH_ROLE_GRANT;
		return false;
	}
	return true;
}

bool auth_rights_privileged(auth_rights set)
{
	auth_rights plain = auth_class_rights(AUTH_CLASS_MAIL) | auth_class_rights(AUTH_CLASS_SELF) | auth_class_rights(AUTH_CLASS_LOG)
		| B(ACCOUNT_SEE);
	return (set & ~plain) != 0;
}

/* ---- scopes ---- */

static const char *const scope_names[] = {NULL, "own", "mailbox", "department", "domain", "organisation", "case"};

const char *auth_scope_name(enum auth_scope scope)
{
	return (unsigned)scope < ARRAY_LEN(scope_names) && scope_names[scope] != NULL ? scope_names[scope] : "";
}

bool auth_scope_parse(struct slice name, enum auth_scope *ret)
{
	for (unsigned i = 1; i < ARRAY_LEN(scope_names); i++) {
		if (slice_eq(name, slice_str(scope_names[i]))) {
			*ret = (enum auth_scope)i;
			return true;
		}
	}
	return false;
}

/* In which scopes rights of a class may be granted. */
#define S(scope) (1u << AUTH_SCOPE_##scope)
static const unsigned class_scopes[AUTH_CLASS_COUNT] = {
	[AUTH_CLASS_MAIL] = S(OWN) | S(MAILBOX), [AUTH_CLASS_SELF] = S(OWN), [AUTH_CLASS_SYSTEM] = S(ORGANISATION) | S(DOMAIN),
	[AUTH_CLASS_PEOPLE] = S(ORGANISATION) | S(DOMAIN) | S(DEPARTMENT), [AUTH_CLASS_LOG] = S(ORGANISATION) | S(DOMAIN) | S(DEPARTMENT),
	[AUTH_CLASS_POLICY] = S(ORGANISATION) | S(DOMAIN) | S(DEPARTMENT), [AUTH_CLASS_GRANT] = S(ORGANISATION) | S(DOMAIN) | S(DEPARTMENT),
	[AUTH_CLASS_APPROVE] = S(ORGANISATION) | S(DOMAIN) | S(DEPARTMENT), [AUTH_CLASS_AUDIT] = S(ORGANISATION), [AUTH_CLASS_CONTENT] = S(CASE),
	[AUTH_CLASS_KEY] = S(ORGANISATION),
};

bool auth_scope_fits(auth_rights set, enum auth_scope scope)
{
	for (unsigned i = 0; i < AUTH_RIGHT_COUNT; i++)
		if ((set & AUTH_BIT(i)) != 0 && (class_scopes[rights[i].class] & (1u << scope)) == 0)
			return false;
	return set != 0;
}

static bool is_own(const struct auth_subject *subject, const struct auth_object *object)
{
	static const uint8_t nobody[16];
	return memcmp(subject->account, nobody, 16) != 0 && memcmp(subject->account, object->account, 16) == 0;
}

static bool is_account(struct slice hex, const uint8_t account[16])
{
	struct buf text = BUF_INIT(32);
	hex_encode(slice_make(account, 16), &text);
	bool same = slice_eq(hex, buf_slice(&text));
	buf_free(&text);
	return same;
}

static bool covers(const struct auth_subject *subject, const struct auth_grant *g, const struct auth_object *object)
{
	switch (g->scope) {
	case AUTH_SCOPE_OWN:
		return is_own(subject, object);
	case AUTH_SCOPE_MAILBOX:
		return is_account(g->value, object->account);
	case AUTH_SCOPE_DEPARTMENT:
		return g->value.n > 0 && slice_eq(g->value, object->department);
	case AUTH_SCOPE_DOMAIN:
		return g->value.n > 0 && slice_eq(g->value, object->domain);
	case AUTH_SCOPE_ORGANISATION:
		return true;
	case AUTH_SCOPE_CASE:
		return g->value.n > 0 && slice_eq(g->value, object->case_id);
	}
	return false;
}

/* ---- the decision ---- */

static bool active(const struct auth_grant *g, int64_t now)
{
	return g->starts <= now && (g->ends == 0 || now < g->ends);
}

/* The classes that everybody has over what is one's own; all others need a second factor. */
static bool needs_factor(const struct auth_subject *subject, enum auth_right right, const struct auth_grant *g)
{
	enum auth_class class = rights[right].class;
	if (subject->kind != AUTH_PERSON || (subject->proven & AUTH_PROVEN_SECOND) != 0)
		return false;
	return auth_role_privileged(subject->role) ? class != AUTH_CLASS_SELF
	     : g->scope != AUTH_SCOPE_OWN && g->scope != AUTH_SCOPE_MAILBOX && class != AUTH_CLASS_LOG && right != AUTH_ACCOUNT_SEE;
}

/* Tokens run without a person: what decides about other people's rights is not for them. */
static bool token_may(const struct auth_subject *subject, enum auth_right right)
{
	static const unsigned persons = C(GRANT) | C(APPROVE) | C(CONTENT) | C(KEY);
	if ((subject->allowed & AUTH_BIT(right)) == 0)
		return false;
	return !subject->token || (persons & (1u << rights[right].class)) == 0 || right == AUTH_ROLE_SEE;
}

/* Over oneself these are rights that everybody has. */
static enum auth_right own_form(enum auth_right right)
{
	switch ((int)right) {
	case AUTH_ACCOUNT_SEE: case AUTH_DEVICE_SEE: return AUTH_SELF_SEE;
	case AUTH_DEVICE_CHANGE: case AUTH_SESSION_END: return AUTH_SELF_CHANGE;
	default: return right;
	}
}

/* ---- containment ---- */

static const char *const restriction_names[] = {"none", "no-external", "no-sending", "read-only", "no-session"};
#define SENDING (B(MAIL_SEND) | B(MAIL_SEND_AS) | B(MAIL_FORWARD))
#define READING (B(MAIL_VIEW) | B(MAIL_RECEIVE) | B(MAIL_DOWNLOAD) | B(MAIL_PRINT) | B(SELF_SEE) | B(DOMAIN_SEE) | B(QUEUE_SEE) | B(SYSTEM_SEE) \
	| B(ACCOUNT_SEE) | B(TRACE_SEE) | B(POLICY_SEE) | B(DEVICE_SEE) | B(ROLE_SEE) | B(AUDIT_SEE) | B(METRICS_SEE))

const char *auth_restriction_name(enum auth_restriction restriction)
{
	return (unsigned)restriction < ARRAY_LEN(restriction_names) ? restriction_names[restriction] : "no-session";
}

bool auth_restriction_parse(struct slice name, enum auth_restriction *ret)
{
	for (unsigned i = 0; i < ARRAY_LEN(restriction_names); i++) {
		if (slice_eq(name, slice_str(restriction_names[i]))) {
			*ret = (enum auth_restriction)i;
			return true;
		}
	}
	return false;
}

auth_rights auth_restricted(enum auth_restriction restriction, auth_rights set)
{
	switch (restriction) {
	case AUTH_FREE: case AUTH_NO_EXTERNAL: return set;
	case AUTH_NO_SENDING: return set & ~SENDING;
	case AUTH_READ_ONLY: return set & READING;
	case AUTH_NO_SESSION: break;
	}
	return set & B(MAIL_RECEIVE);
}

static struct auth_decision deny(const char *why)
{
	return (struct auth_decision){.outcome = AUTH_DENY, .why = why};
}

struct auth_decision auth_decide(const struct auth_subject *subject, enum auth_right right, const struct auth_object *object, int64_t now)
{
	bool held = false, ended = false;
	ENSURE((unsigned)right < AUTH_RIGHT_COUNT);
	if (is_own(subject, object))
		right = own_form(right);
	if (subject->kind == AUTH_NOBODY)
		return (struct auth_decision){.outcome = AUTH_NEEDS_SIGN_IN, .why = "nobody is signed in"};
	if (auth_restricted(subject->restriction, AUTH_BIT(right)) == 0)
		return deny("the account is isolated");
	if (!token_may(subject, right))
		return deny("the token does not reach so far");
	for (size_t i = 0; i < subject->grant_count; i++) {
		const struct auth_grant *g = &subject->grants[i];
		if ((g->rights & AUTH_BIT(right)) == 0 || (rights[right].class == AUTH_CLASS_CONTENT && g->scope != AUTH_SCOPE_CASE))
			continue;
		held = true;
		if (!active(g, now)) {
			ended = true;
			continue;
		}
		if (!object->any && !covers(subject, g, object))
			continue;
		if (needs_factor(subject, right, g))
			return (struct auth_decision){.outcome = AUTH_NEEDS_FACTOR, .why = "a second factor is needed", .grant = g};
		return (struct auth_decision){.outcome = AUTH_ALLOW, .why = "granted", .grant = g};
	}
	return deny(!held ? "no role gives this right" : ended ? "the grant is not in force now" : "outside of the scope of the role");
}

bool auth_permit(const struct auth_subject *subject, enum auth_right right, const struct auth_object *object, int64_t now)
{
	return auth_decide(subject, right, object, now).outcome == AUTH_ALLOW;
}

bool auth_permit_own(enum auth_role role, enum auth_right right)
{
	struct auth_grant grants[AUTH_PRIMARY_GRANTS];
	size_t count = auth_primary_grants(role, SLICE_NONE, grants);
	for (size_t i = 0; i < count; i++)
		if (grants[i].scope == AUTH_SCOPE_OWN && (grants[i].rights & AUTH_BIT(right)) != 0)
			return true;
	return false;
}

bool auth_stepped_up(const struct auth_subject *subject, int64_t now)
{
	return subject->kind == AUTH_LOCAL_SETUP || subject->kind == AUTH_LOCAL_BREAK_GLASS
	       || (subject->stepped_up != 0 && subject->stepped_up <= now && now - subject->stepped_up < AUTH_STEP_UP_S);
}

/* ---- grants that need no row ---- */

static struct auth_grant grant_of(const char *role, auth_rights set, enum auth_scope scope, struct slice value)
{
	return (struct auth_grant){.role = slice_str(role), .rights = set, .scope = scope, .value = value};
}

size_t auth_primary_grants(enum auth_role role, struct slice department, struct auth_grant *ret)
{
	size_t n = 0;
	auth_rights set = 0;
	if (auth_role_name(role) == NULL)
		return 0;
	(void)auth_builtin_role(slice_str(auth_role_name(role)), &set);
	if (auth_role_privileged(role)) {
		ret[n++] = grant_of("staff", SELF_RIGHTS, AUTH_SCOPE_OWN, SLICE_NONE);
		ret[n++] = grant_of(auth_role_name(role), set, AUTH_SCOPE_ORGANISATION, SLICE_NONE);
		return n;
	}
	ret[n++] = grant_of("user", MAILBOX_RIGHTS | SELF_RIGHTS, AUTH_SCOPE_OWN, SLICE_NONE);
	if (role == AUTH_ROLE_DEPARTMENT && department.n > 0)
		ret[n++] = grant_of("department", set, AUTH_SCOPE_DEPARTMENT, department);
	return n;
}

/*
 * Before the first administrator: what is needed to make one. Afterwards by break-glass: to repair the machine and let people in again;
 * never a right over mail, content or keys.
 */
size_t auth_local_grants(enum auth_subject_kind kind, struct auth_grant *ret)
{
	auth_rights set = auth_class_rights(AUTH_CLASS_SYSTEM) | auth_class_rights(AUTH_CLASS_PEOPLE) | auth_class_rights(AUTH_CLASS_LOG);
	if (kind != AUTH_LOCAL_SETUP && kind != AUTH_LOCAL_BREAK_GLASS)
		return 0;
	set |= B(ROLE_SEE) | B(ROLE_GRANT) | B(ACT_APPROVE) | B(FACTOR_RESET) | B(DEVICE_SEE) | B(DEVICE_CHANGE) | B(POLICY_SEE) | B(AUDIT_SEE)
		| B(ACCOUNT_CONTAIN);
	if (kind == AUTH_LOCAL_SETUP)
		set |= B(POLICY_CHANGE) | B(PARTY_CHANGE) | B(ROLE_DEFINE);
	ret[0] = grant_of(kind == AUTH_LOCAL_SETUP ? "setup" : "break-glass", set, AUTH_SCOPE_ORGANISATION, SLICE_NONE);
	return 1;
}
