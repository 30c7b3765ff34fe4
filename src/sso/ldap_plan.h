/*
 * What a synchronisation would do, as a pure comparison: who is new, changed, disabled, back, gone; and who belongs to a group through
 * groups inside of groups.
 */
#ifndef SSO_LDAP_PLAN_H
#define SSO_LDAP_PLAN_H

#include "sso/ldap_record.h"

#define LDAP_PEOPLE_MAX 200000
#define LDAP_GROUPS_MAX 20000
#define LDAP_GROUP_DEPTH_MAX 30
#define LDAP_VANISH_PERCENT 5    /* of the people known; more stops everything */

struct ldap_known { /* what the former synchronisation left */
	struct slice key;
	uint8_t account[16];
	struct slice address, name, department;
	bool active;
	bool disabled_here;   /* it was disabled by us, so it may be enabled by us */
};

enum ldap_action { LDAP_ADD = 1, LDAP_CHANGE, LDAP_DISABLE, LDAP_ENABLE, LDAP_GONE };
const char *ldap_action_name(enum ldap_action action);

struct ldap_step {
	enum ldap_action action;
	const struct ldap_record *record; /* NULL for LDAP_GONE */
	const struct ldap_known *known;   /* NULL for LDAP_ADD */
};
struct ldap_plan {
	struct ldap_step *steps;
	size_t count;
	size_t counts[LDAP_GONE + 1];
	size_t doubled;                   /* records with a key that came before: left out */
	size_t active;                    /* known people that are active */
};
/* Groups among the records are passed over. Steps are in the arena and point into records and known. */
void ldap_plan_make(const struct ldap_record *records, size_t record_count, const struct ldap_known *known, size_t known_count,
                    struct arena *arena, struct ldap_plan *ret);
/* Would more than `percent` of the active people known vanish? Then nothing may be done: the directory is more likely wrong than empty. */
bool ldap_plan_too_many_gone(const struct ldap_plan *plan, unsigned percent);

/*
 * The people of a group, members of its groups included, each once; cycles and depth are bounded. At most `max`; *ret_cut says that
 * there were more. people: those of the records.
 */
struct ldap_tree;
struct ldap_tree *ldap_tree_create(const struct ldap_record *records, size_t count);
void ldap_tree_free(struct ldap_tree **tree);
size_t ldap_tree_people(struct ldap_tree *tree, const struct ldap_record *group, const struct ldap_record **ret, size_t max, bool *ret_cut);

#endif
