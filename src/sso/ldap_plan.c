#include "sso/ldap_plan.h"

#include "base/ensure.h"
#include "base/map.h"
#include "base/memory.h"

const char *ldap_action_name(enum ldap_action action)
{
	static const char *const names[] = {"", "add", "change", "disable", "enable", "gone"};
	return action <= LDAP_GONE ? names[action] : "";
}

static void put_step(struct ldap_plan *plan, enum ldap_action action, const struct ldap_record *record, const struct ldap_known *known)
{
	plan->steps[plan->count++] = (struct ldap_step){action, record, known};
	plan->counts[action]++;
}

static void compare(struct ldap_plan *plan, const struct ldap_record *r, const struct ldap_known *k)
{
	if (k == NULL) {
		if (!r->disabled)
			put_step(plan, LDAP_ADD, r, NULL);
		return;
	}
	if (r->disabled && k->active)
		put_step(plan, LDAP_DISABLE, r, k);
	else if (!r->disabled && !k->active && k->disabled_here)
		put_step(plan, LDAP_ENABLE, r, k);
	if (!slice_eq(r->name, k->name) || !slice_eq(r->department, k->department) || !slice_eq_nocase(r->mail, k->address))
		put_step(plan, LDAP_CHANGE, r, k);
}

void ldap_plan_make(const struct ldap_record *records, size_t record_count, const struct ldap_known *known, size_t known_count,
                    struct arena *arena, struct ldap_plan *ret)
{
	struct map by_key = MAP_INIT, seen = MAP_INIT;
	*ret = (struct ldap_plan){.steps = arena_alloc_array(arena, 2 * record_count + known_count, sizeof *ret->steps)};
	for (size_t i = 0; i < known_count; i++) {
		map_put(&by_key, known[i].key, (void *)&known[i]);
		ret->active += known[i].active;
	}
	for (size_t i = 0; i < record_count; i++) {
		if (records[i].kind != LDAP_PERSON)
			continue;
		if (map_get(&seen, records[i].key) != NULL) {
			ret->doubled++;
			continue;
		}
		map_put(&seen, records[i].key, (void *)&records[i]);
		compare(ret, &records[i], map_get(&by_key, records[i].key));
	}
	for (size_t i = 0; i < known_count; i++)
		if (known[i].active && map_get(&seen, known[i].key) == NULL)
			put_step(ret, LDAP_GONE, NULL, &known[i]);
	map_free(&by_key);
	map_free(&seen);
}

bool ldap_plan_too_many_gone(const struct ldap_plan *plan, unsigned percent)
{
	return plan->counts[LDAP_GONE] * 100 > plan->active * percent;
}

/* ---- groups ---- */

struct ldap_tree {
	struct map by_dn; /* const struct ldap_record */
};

struct walk {
	struct ldap_tree *tree;
	struct map seen;
	const struct ldap_record **ret;
	size_t count, max;
	bool cut;
};

struct ldap_tree *ldap_tree_create(const struct ldap_record *records, size_t count)
{
	struct ldap_tree *tree = memory_alloc(sizeof *tree);
	for (size_t i = 0; i < count; i++)
		map_put(&tree->by_dn, records[i].dn, (void *)&records[i]);
	return tree;
}

void ldap_tree_free(struct ldap_tree **tree)
{
	if (*tree == NULL)
		return;
	map_free(&(*tree)->by_dn);
	MEMORY_FREE(tree);
}

static void visit(struct walk *w, const struct ldap_record *group, unsigned depth)
{
	for (size_t i = 0; i < group->member_count; i++) {
		const struct ldap_record *r = map_get(&w->tree->by_dn, group->members[i]);
		if (r == NULL || map_get(&w->seen, r->dn) != NULL)
			continue;
		map_put(&w->seen, r->dn, (void *)r);
		if (r->kind == LDAP_GROUP && depth == LDAP_GROUP_DEPTH_MAX)
			w->cut = true;
		else if (r->kind == LDAP_GROUP)
			visit(w, r, depth + 1);
		else if (w->count == w->max)
			w->cut = true;
		else
			w->ret[w->count++] = r;
	}
}

size_t ldap_tree_people(struct ldap_tree *tree, const struct ldap_record *group, const struct ldap_record **ret, size_t max, bool *ret_cut)
{
	struct walk w = {.tree = tree, .ret = ret, .max = max};
	map_put(&w.seen, group->dn, (void *)group);
	visit(&w, group, 1);
	map_free(&w.seen);
	*ret_cut = w.cut;
	return w.count;
}
