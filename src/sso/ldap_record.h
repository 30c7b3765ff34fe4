/*
 * People and groups of an LDAP directory as we keep them: from the attributes of an entry to a record (mapping), and records between the
 * role that asks the directory and the one that decides.
 */
#ifndef SSO_LDAP_RECORD_H
#define SSO_LDAP_RECORD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#define LDAP_KEY_MAX 64          /* bytes of objectGUID or entryUUID */
#define LDAP_TEXT_MAX 200        /* bytes of a name or department; longer ones are cut */
#define LDAP_ADDRESS_MAX 320
#define LDAP_DN_MAX 1000
#define LDAP_ALIASES_MAX 50
#define LDAP_MEMBERS_MAX 5000

struct ldap_attribute { /* values are bytes as they came */
	struct slice name;
	const struct slice *values;
	size_t count;
};
struct ldap_entry {
	struct slice dn;
	const struct ldap_attribute *attributes;
	size_t count;
};

struct ldap_mapping {
	bool active_directory;        /* objectGUID, userAccountControl, accountExpires; else entryUUID */
	struct slice mail, name, department; /* attributes; empty: "mail", "displayName" or "cn", "department" or "ou" */
	struct slice disabled;        /* "attribute" or "attribute=value": a person with it is disabled; empty: the known ones only */
	int64_t now;                  /* unix seconds, for accountExpires */
};

enum ldap_kind { LDAP_PERSON = 1, LDAP_GROUP = 2 };
struct ldap_record {
	enum ldap_kind kind;
	struct slice key;             /* stays when the entry is renamed or moved */
	struct slice dn;              /* folded (sso/ldap_filter.h) */
	struct slice mail, name, department;
	bool disabled;                /* persons */
	struct slice *aliases;        /* persons: further addresses (proxyAddresses "smtp:…", mailAlternateAddress) */
	size_t alias_count;
	struct slice *members;        /* groups: folded names */
	size_t member_count;
};

/* The attributes that are asked for; ends with NULL. Texts in the arena. */
const char **ldap_map_wanted(const struct ldap_mapping *mapping, enum ldap_kind kind, struct arena *arena);
/* ERR_INVALID: no key or name; ERR_NOT_FOUND: a person without mail address. Everything in the arena, texts cleaned. */
int ldap_map(const struct ldap_entry *entry, enum ldap_kind kind, const struct ldap_mapping *mapping, struct arena *arena,
	struct ldap_record *ret);

/* Appends one record; ldap_record_read takes one off the front of *data. ERR_INVALID when malformed or over a limit. */
void ldap_record_write(const struct ldap_record *record, struct buf *out);
int ldap_record_read(struct slice *data, struct arena *arena, struct ldap_record *ret);

#endif
