/*
 * directory.db: domains, accounts, addresses, groups, credentials, delivery profiles, settings. Opened by auth alone, sealed with the
 * key that `key` keeps for it. docs/directory-db.md is the format. Calls are synchronous and short (an index look-up or one row); a change
 * is everything between directory_begin and directory_commit.
 *
 * All texts in results lie in the arena that was given. Addresses and domains come in normal form (auth/address.h).
 */
#ifndef AUTH_DIRECTORY_H
#define AUTH_DIRECTORY_H

#include "auth/address.h"
#include "auth/code.h"
#include "auth/permit.h"
#include "auth/wrap.h"
#include "base/error.h"

struct directory;

#define DIRECTORY_NAME_MAX 200      /* bytes of display names, departments, labels */
#define DIRECTORY_PAGE 100          /* rows of one list page */
#define GROUP_MEMBERS_MAX 1000
#define APP_PASSWORDS_MAX 50        /* of one account */
#define SCRAM_SALT_SIZE 16

/* path NULL: in memory, for tests. Makes the file when it is missing. ERR_DAMAGED: wrong key or no directory. */
int directory_open(const char *path, const uint8_t key[32], struct directory **ret, struct error *err);
void directory_close(struct directory **d);

/* Changes. begin takes the write lock; commit is durable; rollback may be called at any time and does nothing outside. */
int directory_begin(struct directory *d, struct error *err);
int directory_commit(struct directory *d, struct error *err);
void directory_rollback(struct directory *d);

/* For keyed hashes that must stay the same over restarts: code look-up and the salts of unknown names. */
const uint8_t *directory_lookup_key(const struct directory *d);

/* ---- settings ---- */
int directory_setting_u32(struct directory *d, const char *name, uint32_t *ret_value);
int directory_setting_set_u32(struct directory *d, const char *name, uint32_t value, struct error *err);

/* ---- domains ---- */
/* Which addresses of a relay domain are taken: all; those that are registered (ADDRESS_BEHIND); these and what the server behind, or the LDAP
 * directory, says that it knows. Stored. */
enum relay_verify { RELAY_VERIFY_NONE = 1, RELAY_VERIFY_LIST = 2, RELAY_VERIFY_CALL = 3, RELAY_VERIFY_LDAP = 4 };
/* How the server behind is told who the client was. Stored. */
enum relay_client_info { RELAY_CLIENT_NONE = 0, RELAY_CLIENT_PROXY = 1, RELAY_CLIENT_XCLIENT = 2 };
#define RELAY_NETWORKS_MAX 100   /* of one domain */
/* What is done with letters to a relay domain. */
enum relay_junk { RELAY_JUNK_TAG = 0, RELAY_JUNK_REJECT = 1, RELAY_JUNK_HOLD = 2 }; /* stored */
struct directory_relay_policy {
	bool unjudged;
	enum relay_junk junk;    /* of what is junk; tag: the server behind is told */
	uint64_t size_max;       /* bytes, 0: no limit of its own */
};
/* The server that mail of a relay domain goes to. */
struct directory_relay {
	struct slice host;       /* name or address without brackets; empty: mail stays here */
	uint16_t port;
	enum relay_verify verify;
	bool tls_verified;       /* only under TLS with a certificate for the name */
	enum relay_client_info client_info;
	struct directory_relay_policy policy; /* changed by directory_relay_policy_set alone */
	struct slice networks;   /* prefixes from which mail of this domain goes out, separated by spaces; empty: none */
};
struct directory_domain {
	struct slice name;
	struct slice catch_all;  /* address, empty: none */
	struct slice postmaster; /* address for postmaster and abuse, empty: none */
	uint64_t accounts;
	struct directory_relay relay; /* changed by directory_relay_set alone */
};
int directory_domain_add(struct directory *d, const struct directory_domain *domain, struct error *err);
int directory_domain_get(struct directory *d, struct slice name, struct arena *arena, struct directory_domain *ret); /* 0,
	ERR_NOT_FOUND, ERR_IO */
int directory_domain_set(struct directory *d, const struct directory_domain *domain, struct error *err);
/* An empty host makes it an ordinary domain again and forgets its registered addresses. ERR_CONFLICT: it has mailboxes. */
int directory_relay_set(struct directory *d, struct slice domain, const struct directory_relay *relay, struct error *err);
int directory_relay_policy_set(struct directory *d, struct slice domain, const struct directory_relay_policy *policy, struct error *err);
/* The relay domains that have networks, at most `max`; the count or negative. */
#define RELAY_NETWORK_DOMAINS_MAX 1000
struct relay_networks { struct slice domain, networks; };
int directory_relay_networks(struct directory *d, struct arena *arena, struct relay_networks *ret, size_t max);
/* ERR_CONFLICT while it has addresses. */
int directory_domain_remove(struct directory *d, struct slice name, struct error *err);
/* The domains after `after` in order, at most `max`; the count or negative. */
int directory_domain_list(struct directory *d, struct slice after, struct arena *arena, struct directory_domain *ret, size_t max);

/* ---- accounts ---- */
enum account_state { ACCOUNT_ACTIVE = 1, ACCOUNT_DISABLED = 2, ACCOUNT_LEFT = 3 /* as disabled; others may have it (auth/leaver.h) */ };
/* "active", "disabled", "left". */
const char *account_state_name(enum account_state state);
enum { ACCOUNT_PROVISIONAL = 1 /* password chosen by somebody else */, ACCOUNT_MANAGED = 2 /* secrets also wrapped by `key` */ };
struct account {
	uint8_t id[16];
	struct slice address, name, department, language;
	enum account_state state;
	enum auth_role role;
	unsigned flags;
	uint64_t quota;        /* bytes, 0: the default of the configuration */
	uint32_t generation;   /* the newest */
	uint8_t public_key[32];
	uint8_t scram_salt[SCRAM_SALT_SIZE];
	int64_t created;       /* unix seconds */
	enum auth_restriction restriction; /* changed by directory_containment_set alone (auth/contain.h) */
};
/* May there be sessions of it? */
static inline bool account_signs_in(const struct account *a)
{
	return a->state == ACCOUNT_ACTIVE && a->restriction < AUTH_NO_SESSION;
}
/* ERR_EXISTS: the address is taken; ERR_NOT_FOUND: no such domain; ERR_CONFLICT: a relay domain. */
int directory_account_add(struct directory *d, const struct account *account, struct error *err);
int directory_account_get(struct directory *d, const uint8_t id[16], struct arena *arena, struct account *ret);
int directory_account_update(struct directory *d, const struct account *account, struct error *err); /* all but id, address, salt,
	created, restriction */
/* With its addresses, credentials and profile. */
int directory_account_remove(struct directory *d, const uint8_t id[16], struct error *err);
int directory_account_list(struct directory *d, struct slice domain, struct slice after, struct arena *arena, struct account *ret,
	size_t max);
/* The account that was made first and is active, in the domain (or anywhere: empty). */
int directory_account_first(struct directory *d, struct slice domain, uint8_t ret_id[16]);

/* ---- addresses ---- */
enum address_kind { ADDRESS_ACCOUNT = 1, ADDRESS_ALIAS = 2, ADDRESS_GROUP = 3, ADDRESS_BEHIND = 4 /* at the server of a relay domain */ };
struct directory_address {
	enum address_kind kind;
	struct slice address;   /* lists only */
	uint8_t account[16];    /* ADDRESS_ACCOUNT */
	struct slice target;    /* ADDRESS_ALIAS: an address, here or outside */
	struct slice name;      /* ADDRESS_GROUP */
};
int directory_address_get(struct directory *d, struct slice local, struct slice domain, struct arena *arena, struct directory_address *ret);
int directory_alias_add(struct directory *d, const struct address *address, struct slice target, struct error *err);
int directory_group_add(struct directory *d, const struct address *address, struct slice name, struct error *err);
int directory_behind_add(struct directory *d, const struct address *address, struct error *err);
/* Aliases, groups (with their members), addresses of relay domains. */
int directory_address_remove(struct directory *d, const struct address *address, enum address_kind kind, struct error *err);
int directory_address_list(struct directory *d, enum address_kind kind, struct slice domain, struct slice after, struct arena *arena,
                           struct directory_address *ret, size_t max);
/* ERR_LIMIT: GROUP_MEMBERS_MAX; ERR_EXISTS. */
int directory_member_add(struct directory *d, const struct address *group, struct slice member, struct error *err);
int directory_member_remove(struct directory *d, const struct address *group, struct slice member, struct error *err);
/* At most `max`; the count or negative. */
int directory_members(struct directory *d, struct slice local, struct slice domain, struct arena *arena, struct slice *ret, size_t max);
/* The aliases whose target is exactly `target`. */
int directory_aliases_of(struct directory *d, struct slice target, struct arena *arena, struct slice *ret, size_t max);

/* Takes an address out of all groups and removes the aliases that lead to it: nobody inherits them with the address. */
int directory_address_forget(struct directory *d, struct slice target, struct error *err);

/* ---- credentials ---- */
struct credential {
	uint32_t id;
	uint8_t account[16];
	enum wrap_kind kind;         /* WRAP_PASSWORD, WRAP_RECOVERY, WRAP_APP */
	struct slice label;
	uint8_t lookup[CODE_LOOKUP_SIZE]; /* of codes */
	uint8_t salt[PASSWORD_SALT_SIZE]; /* of passwords */
	struct password_cost cost;
	struct slice wrap;
	int64_t created;
};
/* A number that no credential had before. Inside a change. */
int directory_credential_number(struct directory *d, uint32_t *ret, struct error *err);
int directory_credential_add(struct directory *d, const struct credential *c, struct error *err);
int directory_credential_by_code(struct directory *d, const uint8_t account[16], enum wrap_kind kind,
	const uint8_t lookup[CODE_LOOKUP_SIZE],
                                 struct arena *arena, struct credential *ret);
/* The password of the account: ERR_NOT_FOUND when it has none. */
int directory_credential_password(struct directory *d, const uint8_t account[16], struct arena *arena, struct credential *ret);
int directory_credential_list(struct directory *d, const uint8_t account[16], enum wrap_kind kind, struct arena *arena,
	struct credential *ret, size_t max);
/* ERR_NOT_FOUND when the account has no such credential of that kind. */
int directory_credential_remove(struct directory *d, const uint8_t account[16], uint32_t id, enum wrap_kind kind, struct error *err);
int directory_credential_remove_all(struct directory *d, const uint8_t account[16], struct error *err);

/* Is there a credential with this number, and is it this account's? 0, ERR_NOT_FOUND, ERR_IO. */
int directory_credential_exists(struct directory *d, const uint8_t account[16], uint32_t id);

/* SCRAM keys of passwords and app passwords (auth/scram_key.h); removed with their credential. */
struct scram_row {
	uint32_t credential;
	struct slice keys; /* sealed */
	struct slice wrap;
};
int directory_scram_add(struct directory *d, const uint8_t account[16], const struct scram_row *row, struct error *err);
/* passwords false: those of app passwords only. */
int directory_scram_list(struct directory *d, const uint8_t account[16], bool passwords, struct arena *arena, struct scram_row *ret,
	size_t max);
/* How many rows a credential has; negative on failure. */
int directory_scram_count(struct directory *d, uint32_t credential);
/* Removes the keys of all passwords that people chose. A change of its own. */
int directory_scram_forget_passwords(struct directory *d, struct error *err);

/* ---- delivery profiles ---- */
int directory_profile_set(struct directory *d, const uint8_t account[16], struct slice profile, struct error *err);
int directory_profile_get(struct directory *d, const uint8_t account[16], struct arena *arena, struct slice *ret);

#endif
