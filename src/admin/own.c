#include "admin/own.h"

#include "base/ensure.h"

/* By the class of the right: mail and self are one's own; what needs no right proves itself. */
enum { MAIL = ADMIN_OWN_CALL, SELF = ADMIN_OWN_CALL, SYSTEM = ADMIN_OWN_NOT, PEOPLE = ADMIN_OWN_NOT, LOG = ADMIN_OWN_NOT, POLICY = ADMIN_OWN_NOT,
	GRANT = ADMIN_OWN_NOT, APPROVE = ADMIN_OWN_NOT, AUDIT = ADMIN_OWN_NOT, CONTENT = ADMIN_OWN_NOT, KEY = ADMIN_OWN_NOT };
enum {
#define RIGHT(id, name, class, text) OWN_##id = class,
#include "auth/rights.h"
#undef RIGHT
	OWN_ANYBODY = ADMIN_OWN_CALL,
};

static const struct {
	struct slice name;
	enum admin_own own;
} rows[] = {
#define OPERATION(op_name, op_role, op_right, op_kind, op_members) {SLICE_INIT(op_name), (enum admin_own)OWN_##op_right},
#include "ipc/operations.h"
#undef OPERATION
};

/* Where the class does not say it. Over the own account the rights of these mean self (auth/permit.h). */
static const struct {
	struct slice name;
	enum admin_own own;
} exceptions[] = {
	{SLICE_INIT("user.app_password.list"), ADMIN_OWN_CALL}, {SLICE_INIT("user.app_password.remove"), ADMIN_OWN_CALL},
	{SLICE_INIT("session.list"), ADMIN_OWN_CALL}, {SLICE_INIT("session.sign_out"), ADMIN_OWN_CALL}, {SLICE_INIT("junk.reset"), ADMIN_OWN_CALL},
	{SLICE_INIT("factor.list"), ADMIN_OWN_CALL}, {SLICE_INIT("device.list"), ADMIN_OWN_CALL}, {SLICE_INIT("device.certificate.list"), ADMIN_OWN_CALL},
	{SLICE_INIT("signin.list"), ADMIN_OWN_CALL}, {SLICE_INIT("delegate.list"), ADMIN_OWN_CALL}, {SLICE_INIT("delegate.remove"), ADMIN_OWN_CALL},
	{SLICE_INIT("oauth.grant.list"), ADMIN_OWN_CALL}, {SLICE_INIT("oauth.grant.end"), ADMIN_OWN_CALL}, {SLICE_INIT("identity.list"), ADMIN_OWN_CALL},
	{SLICE_INIT("user.managed.remove"), ADMIN_OWN_CALL}, {SLICE_INIT("certificate.list"), ADMIN_OWN_CALL},
	{SLICE_INIT("certificate.remove"), ADMIN_OWN_CALL}, {SLICE_INIT("user.show"), ADMIN_OWN_CALL},
	/* Who lost the password is not signed in. */
	{SLICE_INIT("user.reset"), ADMIN_OWN_OUTSIDE}, {SLICE_INIT("escrow.reset_ask"), ADMIN_OWN_OUTSIDE},
	{SLICE_INIT("session.start"), ADMIN_OWN_SIGN_IN}, {SLICE_INIT("session.passkey.begin"), ADMIN_OWN_SIGN_IN},
	{SLICE_INIT("session.passkey.start"), ADMIN_OWN_SIGN_IN}, {SLICE_INIT("session.show"), ADMIN_OWN_SIGN_IN},
	{SLICE_INIT("session.work"), ADMIN_OWN_SIGN_IN}, {SLICE_INIT("session.lock"), ADMIN_OWN_SIGN_IN},
	{SLICE_INIT("session.unlock"), ADMIN_OWN_SIGN_IN}, {SLICE_INIT("session.end"), ADMIN_OWN_SIGN_IN},
	{SLICE_INIT("session.link.use"), ADMIN_OWN_SIGN_IN}, {SLICE_INIT("sso.begin"), ADMIN_OWN_SIGN_IN}, {SLICE_INIT("sso.finish"), ADMIN_OWN_SIGN_IN},
	{SLICE_INIT("oauth.request"), ADMIN_OWN_SIGN_IN},
	/* At the socket of the machine; and what would put a token into a script. */
	{SLICE_INIT("session.link"), ADMIN_OWN_NOT}, {SLICE_INIT("oauth.token"), ADMIN_OWN_NOT},
};

enum admin_own admin_operation_own(const struct admin_operation *op)
{
	for (size_t i = 0; i < ARRAY_LEN(exceptions); i++)
		if (slice_eq(exceptions[i].name, op->name))
			return exceptions[i].own;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eq(rows[i].name, op->name))
			return rows[i].own;
	return ADMIN_OWN_NOT;
}
