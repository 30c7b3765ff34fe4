#include "admin/own.h"

#include "base/ensure.h"

/* By the class of the right: mail and self are one's own; what needs no right proves itself. */
enum {
	MAIL = ADMIN_OWN_CALL, SELF = ADMIN_OWN_CALL, SYSTEM = ADMIN_OWN_NOT, PEOPLE = ADMIN_OWN_NOT, LOG = ADMIN_OWN_NOT, POLICY = ADMIN_OWN_NOT,
	GRANT = ADMIN_OWN_NOT, APPROVE = ADMIN_OWN_NOT, AUDIT = ADMIN_OWN_NOT, CONTENT = ADMIN_OWN_NOT, KEY = ADMIN_OWN_NOT,
};
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

#define CALL(name) {SLICE_INIT(name), ADMIN_OWN_CALL}
#define OUTSIDE(name) {SLICE_INIT(name), ADMIN_OWN_OUTSIDE}
#define SIGN_IN(name) {SLICE_INIT(name), ADMIN_OWN_SIGN_IN}
#define NOT(name) {SLICE_INIT(name), ADMIN_OWN_NOT}

/* Where the class does not say it. Over the own account the rights of these mean self (auth/permit.h). */
static const struct {
	struct slice name;
	enum admin_own own;
} exceptions[] = {
	CALL("user.app_password.list"), CALL("user.app_password.remove"), CALL("session.list"), CALL("session.sign_out"),
	CALL("junk.reset"), CALL("factor.list"), CALL("device.list"), CALL("device.certificate.list"), CALL("signin.list"),
	CALL("delegate.list"), CALL("delegate.remove"), CALL("oauth.grant.list"), CALL("oauth.grant.end"), CALL("identity.list"),
	CALL("user.managed.remove"), CALL("certificate.list"), CALL("certificate.remove"), CALL("user.show"),
	/* Who lost the password is not signed in. */
	OUTSIDE("user.reset"), OUTSIDE("escrow.reset_ask"), SIGN_IN("session.start"), SIGN_IN("session.passkey.begin"),
	SIGN_IN("session.passkey.start"), SIGN_IN("session.show"), SIGN_IN("session.work"), SIGN_IN("session.lock"),
	SIGN_IN("session.unlock"), SIGN_IN("session.end"), SIGN_IN("session.link.use"), SIGN_IN("sso.begin"), SIGN_IN("sso.finish"),
	SIGN_IN("oauth.request"),
	/* At the socket of the machine; and what would put a token into a script. */
	NOT("session.link"), NOT("oauth.token"),
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
