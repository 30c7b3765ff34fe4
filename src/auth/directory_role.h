/* directory.db: custom roles, grants, approvals, policies. Tables: auth/directory_schema.h. Texts lie in the arena that was given. */
#ifndef AUTH_DIRECTORY_ROLE_H
#define AUTH_DIRECTORY_ROLE_H

#include "auth/directory.h"

#define ROLE_NAME_MAX 40
#define CUSTOM_ROLES_MAX 200
#define POLICY_VALUE_MAX 32768

struct directory_role {
	struct slice name, text, author;
	auth_rights rights;
	int64_t created;
};
int directory_role_add(struct directory *d, const struct directory_role *role, struct error *err);
int directory_role_get(struct directory *d, struct slice name, struct arena *arena, struct directory_role *ret);
int directory_role_list(struct directory *d, struct arena *arena, struct directory_role *ret, size_t max);
/* ERR_CONFLICT while a grant uses it. */
int directory_role_remove(struct directory *d, struct slice name, struct error *err);
/* The rights of a built-in or custom role. 0, ERR_NOT_FOUND, ERR_IO. */
int directory_role_rights(struct directory *d, struct slice name, auth_rights *ret);

enum grant_state { GRANT_ASKED = 1, GRANT_ACTIVE = 2, GRANT_ENDED = 3 };
struct directory_grant {
	uint32_t id;
	uint8_t account[16];
	struct slice role, value, author, approver, reason;
	enum auth_scope scope;
	enum grant_state state;
	int64_t starts, ends, created, reviewed; /* unix seconds; ends 0: no end */
};
int directory_grant_add(struct directory *d, const struct directory_grant *g, uint32_t *ret_id, struct error *err);
int directory_grant_get(struct directory *d, uint32_t id, struct arena *arena, struct directory_grant *ret);
/* Of one account; the count or negative. */
int directory_grants_of(struct directory *d, const uint8_t account[16], enum grant_state state, struct arena *arena, struct directory_grant *ret,
	size_t max);
int directory_grant_list(struct directory *d, enum grant_state state, uint32_t after, struct arena *arena, struct directory_grant *ret, size_t max);
int directory_grant_end(struct directory *d, uint32_t id, int64_t now, struct error *err); /* ERR_NOT_FOUND: not there, or ended */
int directory_grant_end_all(struct directory *d, const uint8_t account[16], int64_t now, struct error *err);
int directory_grant_reviewed(struct directory *d, uint32_t id, int64_t now, struct error *err);

enum approval_state { APPROVAL_ASKED = 1, APPROVAL_GIVEN = 2, APPROVAL_REFUSED = 3, APPROVAL_WITHDRAWN = 4 };
struct directory_approval {
	uint32_t id;
	struct slice operation, args, asker_name, reason, decider;
	uint8_t asker[16];
	enum approval_state state;
	enum auth_right needs; /* of the second person */
	int64_t created, decided, ends;
};
int directory_approval_add(struct directory *d, const struct directory_approval *a, uint32_t *ret_id, struct error *err);
int directory_approval_get(struct directory *d, uint32_t id, struct arena *arena, struct directory_approval *ret);
/* state 0: all. */
int directory_approval_list(struct directory *d, unsigned state, uint32_t after, struct arena *arena, struct directory_approval *ret, size_t max);
/* ERR_CONFLICT when it was decided before. */
int directory_approval_decide(struct directory *d, uint32_t id, enum approval_state state, struct slice decider, int64_t now, struct error *err);

/* Policies: JSON texts by name, kept with who changed them. ERR_NOT_FOUND: never set, the default holds. */
int directory_policy_get(struct directory *d, const char *name, struct arena *arena, struct slice *ret_value);
int directory_policy_set(struct directory *d, const char *name, struct slice value, struct slice author, int64_t now, struct error *err);

/* Is there an administrator with an own password and a second factor? From the first time on it stays so (setting "set up"). */
bool directory_set_up(struct directory *d);

#endif
