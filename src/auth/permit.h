/*
 * The one place that decides who may do what.
 *
 *   subject   who acts: a person (account) in a session, a token of a person, or the local root of this machine; with what was proven
 *   right     one row of auth/rights.h
 *   role      a set of rights with a name: the built-in ones of permit.c, or custom ones of the organisation
 *   grant     a role, given to a subject within a scope and a time
 *   object    what is acted on: an account, a department, a domain, a case; or nothing (the organisation)
 *
 * auth_decide looks at grants alone. Over one's own account account.see and device.see are self.see, device.change is self.change. There is no right without a grant, and no grant that reads another person's mail outside of a case.
 */
#ifndef AUTH_PERMIT_H
#define AUTH_PERMIT_H

#include "base/buf.h"

enum auth_role { /* the primary role of an account, stored; the values never change */
	AUTH_ROLE_USER = 1,
	AUTH_ROLE_DEPARTMENT = 2,    /* department administrator: sees logs of the department, never content; has a mailbox */
	/* People who run the system; these accounts have no mailbox. */
	AUTH_ROLE_ADMINISTRATOR = 3,
	AUTH_ROLE_OFFICER = 4,
	AUTH_ROLE_AUDITOR = 5,
	AUTH_ROLE_APPROVER = 6,
	AUTH_ROLE_CUSTODIAN = 7,     /* holds a share of the escrow */
	AUTH_ROLE_COUNT
};
#define AUTH_ROLE_STORED_MAX AUTH_ROLE_CUSTODIAN

/* "user", "department", "administrator", "officer", "auditor", "approver", "custodian"; NULL for others. */
const char *auth_role_name(enum auth_role role);
bool auth_role_parse(struct slice name, enum auth_role *ret);
/* Is it a role of people who run the system? They need a second factor from the first day, and have no mailbox. */
bool auth_role_privileged(enum auth_role role);

enum auth_right {
#define RIGHT(id, name, class, text) AUTH_##id,
#include "auth/rights.h"
#undef RIGHT
	AUTH_RIGHT_COUNT
};
_Static_assert(AUTH_RIGHT_COUNT <= 63, "rights are bits of a stored integer");

enum auth_class { AUTH_CLASS_MAIL, AUTH_CLASS_SELF, AUTH_CLASS_SYSTEM, AUTH_CLASS_PEOPLE, AUTH_CLASS_LOG, AUTH_CLASS_POLICY, AUTH_CLASS_GRANT,
	AUTH_CLASS_APPROVE, AUTH_CLASS_AUDIT, AUTH_CLASS_CONTENT, AUTH_CLASS_KEY, AUTH_CLASS_COUNT };

typedef uint64_t auth_rights; /* a set: bit r is right r */
#define AUTH_BIT(right) (UINT64_C(1) << (right))

const char *auth_right_name(enum auth_right right);
const char *auth_right_text(enum auth_right right);
enum auth_class auth_right_class(enum auth_right right);
const char *auth_class_name(enum auth_class class);
bool auth_right_parse(struct slice name, enum auth_right *ret);
auth_rights auth_class_rights(enum auth_class class);

/* Built-in roles: those of enum auth_role, and over one mailbox "delegate", "successor", "secretary", "reader" (fewer rights) and "partner" (deletes too); "case", "monitor" and others. False: no such role. */
bool auth_builtin_role(struct slice name, auth_rights *ret);
/* The built-in roles in order; NULL past the last. */
const char *auth_builtin_role_at(size_t index, auth_rights *ret);

/*
 * May one person have all these rights? When not, *ret_a and *ret_b are two that must be in different hands. Holds for a custom role and
 * for all grants of a person together, whatever their scope and time.
 */
bool auth_rights_separate(auth_rights rights, enum auth_right *ret_a, enum auth_right *ret_b);
/* Is there anything but a mailbox, oneself, or the view of a department? That nobody gives or takes over alone. */
bool auth_rights_privileged(auth_rights rights);

enum auth_scope { /* stored; the values never change */
	AUTH_SCOPE_OWN = 1,          /* the subject's own account */
	AUTH_SCOPE_MAILBOX = 2,      /* one account; value: its id in hexadecimal digits */
	AUTH_SCOPE_DEPARTMENT = 3,   /* value: its name */
	AUTH_SCOPE_DOMAIN = 4,       /* value: its name */
	AUTH_SCOPE_ORGANISATION = 5,
	AUTH_SCOPE_CASE = 6,         /* value: the number of the case */
};
/* "own", "mailbox", "department", "domain", "organisation", "case". */
const char *auth_scope_name(enum auth_scope scope);
bool auth_scope_parse(struct slice name, enum auth_scope *ret);
/* May the role's rights be granted in this scope? Content in a case only, delegates' rights to a mailbox only, organisation-wide otherwise… */
bool auth_scope_fits(auth_rights rights, enum auth_scope scope);

struct auth_grant {
	uint32_t id;              /* 0: from the primary role */
	struct slice role;
	auth_rights rights;
	enum auth_scope scope;
	struct slice value;
	int64_t starts, ends;     /* unix seconds; ends 0: no end */
};

enum { /* what a subject has proven; stored in sessions, the values never change */
	AUTH_PROVEN_PASSWORD = 1, AUTH_PROVEN_TOTP = 2, AUTH_PROVEN_WEBAUTHN = 4, AUTH_PROVEN_CODE = 8, AUTH_PROVEN_LIST = 16, AUTH_PROVEN_MAIL = 32,
	AUTH_PROVEN_SMS = 64, AUTH_PROVEN_CERTIFICATE = 128, AUTH_PROVEN_PROVIDER = 256, /* second factor shown to a trusted identity provider */
	AUTH_PROVEN_LOCAL = 512,  /* the local root or operator of the machine */
	AUTH_PROVEN_SECOND = AUTH_PROVEN_TOTP | AUTH_PROVEN_WEBAUTHN | AUTH_PROVEN_CODE | AUTH_PROVEN_LIST | AUTH_PROVEN_MAIL | AUTH_PROVEN_SMS
		| AUTH_PROVEN_CERTIFICATE | AUTH_PROVEN_PROVIDER,
};

/*
 * How far an account may go while something is wrong with it (auth/contain.h); stored, the values never change. Each leaves less than the one
 * before: everything within the organisation; no sending at all; looking only; nothing but receiving.
 */
enum auth_restriction { AUTH_FREE = 0, AUTH_NO_EXTERNAL = 1, AUTH_NO_SENDING = 2, AUTH_READ_ONLY = 3, AUTH_NO_SESSION = 4 };
/* "none", "no-external", "no-sending", "read-only", "no-session". */
const char *auth_restriction_name(enum auth_restriction restriction);
bool auth_restriction_parse(struct slice name, enum auth_restriction *ret);
/* What it leaves of the rights. */
auth_rights auth_restricted(enum auth_restriction restriction, auth_rights rights);

enum auth_subject_kind { AUTH_NOBODY, AUTH_PERSON, AUTH_LOCAL_SETUP, AUTH_LOCAL_BREAK_GLASS };
#define AUTH_GRANTS_MAX 200 /* of one subject */
#define AUTH_STEP_UP_S 600  /* a second factor counts as fresh for so long */

struct auth_subject {
	enum auth_subject_kind kind;
	uint8_t account[16];         /* zero for local subjects */
	struct slice name;           /* address, or "unix:0"; for records */
	struct slice department, domain;
	enum auth_role role;
	unsigned proven;
	bool token;                  /* acts by a token: no granting, approving or holding of shares */
	enum auth_restriction restriction; /* of a person's account */
	auth_rights allowed;         /* of the token or session; all bits for a full session */
	int64_t stepped_up;          /* unix seconds of the last second factor; 0: never */
	uint32_t session;            /* 0: none */
	const struct auth_grant *grants;
	size_t grant_count;
};

struct auth_object { /* zero and empty where it does not apply */
	uint8_t account[16];
	struct slice department, domain, case_id;
	bool any; /* a list: what is not allowed is left out row by row */
};

enum auth_outcome {
	AUTH_ALLOW,
	AUTH_DENY,
	AUTH_NEEDS_SIGN_IN,   /* nobody is signed in */
	AUTH_NEEDS_FACTOR,    /* the right is there, but the session has shown no second factor */
};
struct auth_decision {
	enum auth_outcome outcome;
	const struct auth_grant *grant; /* that allows it; NULL otherwise */
	const char *why;                /* for records and for role.simulate */
};

/* now: unix seconds. */
struct auth_decision auth_decide(const struct auth_subject *subject, enum auth_right right, const struct auth_object *object, int64_t now);
bool auth_permit(const struct auth_subject *subject, enum auth_right right, const struct auth_object *object, int64_t now);
/* Does an account of this primary role have the right over itself? For mailboxes: sign-in, sending, receiving. */
bool auth_permit_own(enum auth_role role, enum auth_right right);
/* Was a second factor shown a short while ago? Always true for local subjects. */
bool auth_stepped_up(const struct auth_subject *subject, int64_t now);

/* The grants that come with a primary role; at most AUTH_PRIMARY_GRANTS, slices of `department` and static text. */
#define AUTH_PRIMARY_GRANTS 3
size_t auth_primary_grants(enum auth_role role, struct slice department, struct auth_grant *ret);
/* What a local subject holds. */
size_t auth_local_grants(enum auth_subject_kind kind, struct auth_grant *ret);

#endif
