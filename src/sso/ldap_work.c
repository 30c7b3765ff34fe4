#include "sso/ldap_work.h"

#include "base/map.h"
#include "sso/ldap_filter.h"
#include "sso/ldap_plan.h"

#define IN_CHAIN "1.2.840.113556.1.4.1941" /* LDAP_MATCHING_RULE_IN_CHAIN */
#define UPWARD_MAX 500                     /* groups that a person is in, directly or not */

/* ---- one person ---- */

struct finding {
	const struct ldap_settings *settings;
	struct arena *arena;
	struct ldap_record record;
	struct slice dn;     /* as the server writes it */
	unsigned count;
	int rc;
};

static int found_person(void *arg, const struct ldap_entry *entry)
{
	struct finding *f = arg;
	if (f->count++ > 0)
		return ERR_DENIED;
	f->dn = arena_dup(f->arena, entry->dn);
	f->rc = ldap_map(entry, LDAP_PERSON, &f->settings->mapping, f->arena, &f->record);
	return 0;
}

static int find_person(struct ldap_client *c, struct finding *f, struct slice name, struct error *err)
{
	struct buf filter = BUF_INIT(LDAP_FILTER_MAX);
	int rc = ldap_filter_make(f->settings->login_filter, name, &filter) == 0 ? 0 : error_set(err, ERR_DENIED, "no name to search for");
	if (rc == 0)
		rc = ldap_client_search(c, f->settings->base, buf_slice(&filter), ldap_map_wanted(&f->settings->mapping, LDAP_PERSON, f->arena),
			found_person, f,
			err);
	buf_free(&filter);
	if (rc == 0 && f->count != 1)
		return error_set(err, ERR_DENIED, "no such person");
	if (rc == ERR_DENIED && f->count > 1)
		return error_set(err, ERR_DENIED, "more than one person has that name");
	if (rc == 0 && f->rc != 0)
		return error_set(err, ERR_DENIED, "the person has no key or no mail address");
	return rc;
}

/* ---- groups of a person, groups inside of groups included ---- */

struct climb {
	struct arena *arena;
	struct map seen;
	struct slice queue[UPWARD_MAX];
	size_t count;
};

static int found_group(void *arg, const struct ldap_entry *entry)
{
	struct climb *g = arg;
	struct buf folded = BUF_INIT(LDAP_DN_MAX);
	ldap_name_fold(entry->dn, &folded);
	if (!folded.failed && g->count < UPWARD_MAX && map_get(&g->seen, buf_slice(&folded)) == NULL) {
		map_put(&g->seen, buf_slice(&folded), g);
		g->queue[g->count++] = arena_dup(g->arena, entry->dn);
	}
	buf_free(&folded);
	return 0;
}

static int groups_of(struct ldap_client *c, const struct ldap_settings *s, struct slice dn, struct climb *g, struct error *err)
{
	static const char *const none[] = {"1.1", NULL};
	struct buf filter = BUF_INIT(4 * LDAP_FILTER_MAX);
	buf_append_str(&filter, "(|(member=");
	ldap_filter_escape(dn, &filter);
	buf_append_str(&filter, ")(uniqueMember=");
	ldap_filter_escape(dn, &filter);
	buf_append_str(&filter, "))");
	int rc = filter.failed ? ERR_LIMIT : ldap_client_search(c, s->base, buf_slice(&filter), none, found_group, g, err);
	buf_free(&filter);
	return rc;
}

/* 1, 0 or negative. A directory of Microsoft does the climbing itself. */
static int in_group(struct ldap_client *c, const struct ldap_settings *s, struct slice dn, struct arena *arena, struct error *err)
{
	struct buf text = BUF_INIT(4 * LDAP_FILTER_MAX);
	int rc = 0;
	if (s->mapping.active_directory) {
		buf_append_str(&text, "(memberOf:" IN_CHAIN ":=");
		ldap_filter_escape(s->login_group, &text);
		buf_append_str(&text, ")");
		rc = text.failed ? ERR_LIMIT : ldap_client_matches(c, dn, buf_slice(&text), err);
		buf_free(&text);
		return rc;
	}
	struct climb *g = arena_alloc(arena, sizeof *g);
	g->arena = arena;
	ldap_name_fold(s->login_group, &text);
	rc = groups_of(c, s, dn, g, err);
	for (size_t i = 0; i < g->count && rc == 0; i++)
		rc = groups_of(c, s, g->queue[i], g, err);
	bool is = map_get(&g->seen, buf_slice(&text)) != NULL;
	map_free(&g->seen);
	buf_free(&text);
	return rc < 0 ? rc : is;
}

int ldap_verify(struct ldap_client *c, const struct ldap_settings *s, struct slice name, struct slice password, struct arena *arena,
	struct ldap_record *ret, struct error *err)
{
	struct finding f = {.settings = s, .arena = arena};
	if (password.n == 0)
		return error_set(err, ERR_DENIED, "no password");
	int rc = ldap_client_bind(c, s->bind, s->password, err);
	if (rc != 0)
		return rc == ERR_DENIED ? error_set(err, ERR_TEMPORARY, "ldap.bind is refused") : rc;
	rc = find_person(c, &f, name, err);
	if (rc == 0 && s->login_group.n > 0) {
		rc = in_group(c, s, f.dn, arena, err);
		if (rc == 0)
			return error_set(err, ERR_DENIED, "the person is not in ldap.login_group");
		rc = rc > 0 ? 0 : rc;
	}
	if (rc != 0)
		return rc;
	rc = ldap_client_bind(c, f.dn, password, err);
	if (rc != 0 && !(rc == ERR_DENIED && f.record.disabled))
		return rc;
	*ret = f.record;
	return f.record.disabled ? error_set(err, ERR_CLOSED, "the person is disabled") : 0;
}

/* ---- a mail address ---- */

static int count_entry(void *arg, const struct ldap_entry *entry)
{
	*(unsigned *)arg += 1;
	return 0;
}

/* 1, 0 or negative. */
static int has_address(struct ldap_client *c, const struct ldap_settings *s, struct slice address, struct error *err)
{
	static const char *const none[] = {"1.1", NULL};
	struct buf filter = BUF_INIT(LDAP_FILTER_MAX);
	unsigned count = 0;
	int rc = ldap_filter_make(s->recipient_filter, address, &filter);
	if (rc == 0)
		rc = ldap_client_search(c, s->base, buf_slice(&filter), none, count_entry, &count, err);
	else
		rc = error_set(err, ERR_TEMPORARY, "ldap.recipient_filter cannot be used");
	buf_free(&filter);
	return rc < 0 ? rc : count > 0;
}

int ldap_find_recipient(struct ldap_client *c, const struct ldap_settings *s, struct slice address, struct arena *arena, struct error *err)
{
	ptrdiff_t at = slice_rfind(address, '@'), plus = slice_find(address, '+');
	int rc = ldap_client_bind(c, s->bind, s->password, err);
	if (rc != 0)
		return rc == ERR_DENIED ? error_set(err, ERR_TEMPORARY, "ldap.bind is refused") : rc;
	rc = has_address(c, s, address, err);
	if (rc == 0 && plus > 0 && at > plus)
		rc = has_address(c, s, arena_printf(arena, "%.*s%.*s", (int)plus, (const char *)address.p, SLICE_ARG(slice_from(address, (size_t)at))), err);
	return rc < 0 ? rc : rc == 0 ? error_set(err, ERR_NOT_FOUND, "no such address") : 0;
}

/* ---- everybody ---- */

struct collecting {
	const struct ldap_settings *settings;
	enum ldap_kind kind;
	struct buf *out;
	size_t left_out;
};

static int collect_entry(void *arg, const struct ldap_entry *entry)
{
	struct collecting *g = arg;
	struct arena arena = ARENA_INIT;
	struct ldap_record r;
	if (ldap_map(entry, g->kind, &g->settings->mapping, &arena, &r) == 0)
		ldap_record_write(&r, g->out);
	else
		g->left_out++;
	arena_free(&arena);
	return g->out->failed ? ERR_LIMIT : 0;
}

int ldap_collect(struct ldap_client *c, const struct ldap_settings *s, struct buf *out, size_t *ret_left_out, struct error *err)
{
	struct collecting g = {.settings = s, .out = out};
	const struct {
		enum ldap_kind kind;
		struct slice filter;
	} searches[] = {{LDAP_PERSON, s->people_filter}, {LDAP_GROUP, s->group_filter}};
	int rc = ldap_client_bind(c, s->bind, s->password, err);
	for (size_t i = 0; i < 2 && rc == 0; i++) {
		struct arena arena = ARENA_INIT;
		g.kind = searches[i].kind;
		if (searches[i].filter.n > 0)
			rc = ldap_client_search(c, s->base, searches[i].filter, ldap_map_wanted(&s->mapping, g.kind, &arena), collect_entry, &g, err);
		arena_free(&arena);
	}
	*ret_left_out = g.left_out;
	return rc;
}
