/* The rights of every role: one row each. Nothing else grants a right. Internal to role (and its tests). */
#ifndef ROLE_TABLE_H
#define ROLE_TABLE_H

#include "role/role.h"
#include "sys/sandbox.h"

#define ROLE_PATHS_MAX 4

enum role_right { ROLE_READS, ROLE_WRITES, ROLE_WRITES_BUCKETS /* only in the folders of its buckets */ };

struct role_row {
	const char *program; /* that stands beside ours and runs it; NULL: ours */
	unsigned sets; /* enum sandbox_set */
	struct {
		const char *path; /* below data_dir, or absolute */
		enum role_right right;
	} paths[ROLE_PATHS_MAX];
	struct sandbox_limits limits;
	bool boot_secret;
	bool master_key;  /* and the private TLS key */
	bool dns_zone;
	enum role_password { ROLE_PASSWORD_NONE, ROLE_PASSWORD_RELAY, ROLE_PASSWORD_LDAP, ROLE_PASSWORD_SSO, ROLE_PASSWORD_WEBHOOK } password; /* of a file that the parent reads */
	/* auth: a line of this name in its file, which no provider can have, is the account at the authority of tls.acme ("KID KEY"). */
#define ROLE_PASSWORD_ACME "acme:eab"
	bool wipes_freed; /* passwords, tokens or keys go through its heap: what is freed there is overwritten */
	bool tls_tickets; /* the ticket keys that all its instances share */
	const char *services; /* of the listening descriptors it gets, separated by spaces */
	unsigned stop_rank; /* roles of a lower rank are stopped first */
};

const struct role_row *role_row(enum role role);
/* Instances that run under this configuration; 0 for the parent. */
unsigned role_instances(enum role role, const struct config *config);
bool role_serves(enum role role, struct slice service);

/* The sandbox of one instance; its paths live in the arena. */
struct sandbox_policy role_policy(enum role role, unsigned index, const struct config *config, struct arena *arena);

#endif
