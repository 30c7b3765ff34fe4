/* The one place that decides who may do what: a table of operation and role. */
#ifndef AUTH_PERMIT_H
#define AUTH_PERMIT_H

#include "base/slice.h"

enum auth_role { /* stored; the values never change */
	AUTH_ROLE_USER = 1,
	AUTH_ROLE_DEPARTMENT = 2,    /* department administrator: sees logs of the department, never content */
	AUTH_ROLE_ADMINISTRATOR = 3, /* has no mailbox */
	AUTH_ROLE_OFFICER = 4,
	AUTH_ROLE_AUDITOR = 5,
	AUTH_ROLE_APPROVER = 6,
	AUTH_ROLE_ROOT = 7,          /* local user 0 on the admin socket */
	AUTH_ROLE_OPERATOR = 8,      /* the local user that the service runs as */
	AUTH_ROLE_COUNT
};
#define AUTH_ROLE_STORED_MAX AUTH_ROLE_APPROVER

/* "user", "department", "administrator", "officer", "auditor", "approver"; NULL for others. */
const char *auth_role_name(enum auth_role role);
bool auth_role_parse(struct slice name, enum auth_role *ret);

enum auth_operation {
	AUTH_OP_MAIL_READ,       /* sign in to a mailbox (object: it) */
	AUTH_OP_MAIL_SEND,
	AUTH_OP_MAIL_RECEIVE,
	AUTH_OP_DOMAIN_SEE,
	AUTH_OP_DOMAIN_CHANGE,
	AUTH_OP_ACCOUNT_SEE,
	AUTH_OP_ACCOUNT_CHANGE,  /* add, set, disable, enable, remove, aliases and groups */
	AUTH_OP_ROLE_CHANGE,     /* give an account another role */
	AUTH_OP_PASSWORD_CHANGE, /* with the old password or the recovery code */
	AUTH_OP_PASSWORD_DISCARD, /* new secrets: the mail is lost */
	AUTH_OP_APP_PASSWORD,
	AUTH_OP_COUNT
};

struct auth_subject {
	enum auth_role role;
	uint8_t account[16];      /* zero for local users */
	struct slice department;
};

struct auth_object { /* zero and empty where it does not apply */
	uint8_t account[16];
	struct slice department;
};

bool auth_permit(const struct auth_subject *subject, enum auth_operation operation, const struct auth_object *object);
/* "unix:0", "unix:<uid>" with the uid that this process runs as. False: nobody. */
bool auth_subject_parse(struct slice text, unsigned own_uid, struct auth_subject *ret);

#endif
