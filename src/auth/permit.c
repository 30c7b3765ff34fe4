#include "auth/permit.h"

#include <string.h>

#include "base/ensure.h"

/* How far a right reaches. NO is zero, so that what is not in the table is not allowed. */
enum scope { NO = 0, OWN, DEPARTMENT, ALL };

static const uint8_t table[AUTH_OP_COUNT][AUTH_ROLE_COUNT] = {
	[AUTH_OP_MAIL_READ] = {[AUTH_ROLE_USER] = OWN, [AUTH_ROLE_DEPARTMENT] = OWN, [AUTH_ROLE_OFFICER] = OWN, [AUTH_ROLE_AUDITOR] = OWN,
		[AUTH_ROLE_APPROVER] = OWN},
	[AUTH_OP_MAIL_SEND] = {[AUTH_ROLE_USER] = OWN, [AUTH_ROLE_DEPARTMENT] = OWN, [AUTH_ROLE_OFFICER] = OWN, [AUTH_ROLE_AUDITOR] = OWN,
		[AUTH_ROLE_APPROVER] = OWN},
	[AUTH_OP_MAIL_RECEIVE] = {[AUTH_ROLE_USER] = OWN, [AUTH_ROLE_DEPARTMENT] = OWN, [AUTH_ROLE_OFFICER] = OWN, [AUTH_ROLE_AUDITOR] = OWN,
		[AUTH_ROLE_APPROVER] = OWN},
	[AUTH_OP_DOMAIN_SEE] = {[AUTH_ROLE_ADMINISTRATOR] = ALL, [AUTH_ROLE_OFFICER] = ALL, [AUTH_ROLE_ROOT] = ALL, [AUTH_ROLE_OPERATOR] = ALL},
	[AUTH_OP_DOMAIN_CHANGE] = {[AUTH_ROLE_ADMINISTRATOR] = ALL, [AUTH_ROLE_ROOT] = ALL, [AUTH_ROLE_OPERATOR] = ALL},
	[AUTH_OP_ACCOUNT_SEE] = {[AUTH_ROLE_USER] = OWN, [AUTH_ROLE_DEPARTMENT] = DEPARTMENT, [AUTH_ROLE_ADMINISTRATOR] = ALL,
		[AUTH_ROLE_OFFICER] = ALL, [AUTH_ROLE_AUDITOR] = OWN, [AUTH_ROLE_APPROVER] = OWN, [AUTH_ROLE_ROOT] = ALL, [AUTH_ROLE_OPERATOR] = ALL},
	[AUTH_OP_ACCOUNT_CHANGE] = {[AUTH_ROLE_ADMINISTRATOR] = ALL, [AUTH_ROLE_ROOT] = ALL, [AUTH_ROLE_OPERATOR] = ALL},
	[AUTH_OP_ROLE_CHANGE] = {[AUTH_ROLE_ADMINISTRATOR] = ALL, [AUTH_ROLE_ROOT] = ALL, [AUTH_ROLE_OPERATOR] = ALL},
	/* These need the person's own secret; local tools pass it on, no administrator has it. */
	[AUTH_OP_PASSWORD_CHANGE] = {[AUTH_ROLE_USER] = OWN, [AUTH_ROLE_DEPARTMENT] = OWN, [AUTH_ROLE_ADMINISTRATOR] = OWN,
		[AUTH_ROLE_OFFICER] = OWN, [AUTH_ROLE_AUDITOR] = OWN, [AUTH_ROLE_APPROVER] = OWN, [AUTH_ROLE_ROOT] = ALL, [AUTH_ROLE_OPERATOR] = ALL},
	[AUTH_OP_PASSWORD_DISCARD] = {[AUTH_ROLE_ADMINISTRATOR] = ALL, [AUTH_ROLE_ROOT] = ALL, [AUTH_ROLE_OPERATOR] = ALL},
	[AUTH_OP_APP_PASSWORD] = {[AUTH_ROLE_USER] = OWN, [AUTH_ROLE_DEPARTMENT] = OWN, [AUTH_ROLE_OFFICER] = OWN, [AUTH_ROLE_AUDITOR] = OWN,
		[AUTH_ROLE_APPROVER] = OWN, [AUTH_ROLE_ROOT] = ALL, [AUTH_ROLE_OPERATOR] = ALL},
};

static const char *const names[AUTH_ROLE_COUNT] = {
	[AUTH_ROLE_USER] = "user", [AUTH_ROLE_DEPARTMENT] = "department", [AUTH_ROLE_ADMINISTRATOR] = "administrator",
	[AUTH_ROLE_OFFICER] = "officer", [AUTH_ROLE_AUDITOR] = "auditor", [AUTH_ROLE_APPROVER] = "approver",
};

const char *auth_role_name(enum auth_role role)
{
	return (unsigned)role < AUTH_ROLE_COUNT ? names[role] : NULL;
}

bool auth_role_parse(struct slice name, enum auth_role *ret)
{
	for (unsigned i = 1; i <= AUTH_ROLE_STORED_MAX; i++) {
		if (slice_eq(name, slice_str(names[i]))) {
			*ret = (enum auth_role)i;
			return true;
		}
	}
	return false;
}

bool auth_permit(const struct auth_subject *subject, enum auth_operation operation, const struct auth_object *object)
{
	static const uint8_t nobody[16];
	ENSURE((unsigned)operation < AUTH_OP_COUNT);
	if ((unsigned)subject->role >= AUTH_ROLE_COUNT)
		return false;
	bool own = memcmp(subject->account, nobody, 16) != 0 && memcmp(subject->account, object->account, 16) == 0;
	switch ((enum scope)table[operation][subject->role]) {
	case ALL:
		return true;
	case DEPARTMENT:
		return own || (subject->department.n > 0 && slice_eq(subject->department, object->department));
	case OWN:
		return own;
	case NO:
		break;
	}
	return false;
}

bool auth_subject_parse(struct slice text, unsigned own_uid, struct auth_subject *ret)
{
	uint32_t uid;
	if (!slice_starts(text, SLICE("unix:")) || slice_to_u32(slice_from(text, 5), &uid) != 0)
		return false;
	if (uid != 0 && uid != own_uid)
		return false;
	*ret = (struct auth_subject){.role = uid == 0 ? AUTH_ROLE_ROOT : AUTH_ROLE_OPERATOR};
	return true;
}
