/* The administrative operations that auth does: AUTH_ADMIN. Names and members: ipc/operations.h; statuses: ipc/admin.h. */
#ifndef AUTH_ADMIN_H
#define AUTH_ADMIN_H

#include "auth/directory.h"
#include "auth/host.h"
#include "auth/kek.h"

struct auth_admin;

struct auth_admin_settings {
	unsigned own_uid;          /* the local user that counts as operator */
	struct password_cost cost; /* of new passwords */
	uint64_t password_min;     /* characters of a new password */
	bool scram_passwords;      /* new passwords get SCRAM keys (auth.scram) */
};

/* Keeps directory and queue by pointer. */
struct auth_admin *auth_admin_create(struct directory *directory, const struct auth_host *host, struct kek_queue *queue,
                                     const struct auth_admin_settings *settings);
void auth_admin_configure(struct auth_admin *admin, const struct auth_admin_settings *settings);
void auth_admin_destroy(struct auth_admin **admin); /* nothing may be running */

/* result: a JSON object, borrowed; status: enum admin_status. */
typedef void auth_admin_fn(void *arg, unsigned status, struct slice result);
/* fn is called exactly once, perhaps before this returns. */
void auth_admin_run(struct auth_admin *admin, struct slice subject, struct slice op, struct slice args, auth_admin_fn *fn, void *arg);

#endif
