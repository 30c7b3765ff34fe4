#include "sso/ldap_record.h"

#include <string.h>

#include "base/ensure.h"
#include "base/utf8.h"
#include "sso/ldap_filter.h"

#define CONTROL_DISABLED 2u                        /* ACCOUNTDISABLE of userAccountControl */
#define FILETIME_EPOCH INT64_C(11644473600)        /* seconds from 1601 to 1970 */
#define FILETIME_SECOND INT64_C(10000000)

/* ---- reading attributes ---- */

static const struct ldap_attribute *find(const struct ldap_entry *entry, struct slice name)
{
	for (size_t i = 0; i < entry->count; i++)
		if (slice_eq_nocase(entry->attributes[i].name, name))
			return &entry->attributes[i];
	return NULL;
}

static struct slice first(const struct ldap_entry *entry, struct slice name)
{
	const struct ldap_attribute *a = find(entry, name);
	return a != NULL && a->count > 0 ? a->values[0] : SLICE_NONE;
}

static struct slice clean(struct slice text, size_t max, struct arena *arena)
{
	struct buf b = BUF_INIT(4 * LDAP_DN_MAX);
	struct slice kept = utf8_prefix(slice_trim(slice_sub(text, 0, LDAP_DN_MAX)), max);
	utf8_append_clean(&b, kept);
	struct slice copy = arena_dup(arena, utf8_prefix(buf_slice(&b), max));
	buf_free(&b);
	for (size_t i = 0; i < copy.n; i++)
		if (copy.p[i] < 0x20 || copy.p[i] == 0x7f)
			((uint8_t *)copy.p)[i] = ' ';
	return copy;
}

static struct slice text_of(const struct ldap_entry *entry, struct slice configured, struct slice usual, struct slice otherwise,
                            struct arena *arena)
{
	struct slice value = first(entry, configured.n > 0 ? configured : usual);
	if (value.n == 0 && configured.n == 0 && otherwise.n > 0)
		value = first(entry, otherwise);
	return clean(value, LDAP_TEXT_MAX, arena);
}

/* An address may be told by the directory, but what is no address at all is left out here. */
static struct slice address_of(struct slice value, struct arena *arena)
{
	struct slice text = slice_trim(value);
	if (text.n > LDAP_ADDRESS_MAX || slice_find(text, '@') < 1 || !utf8_valid(text))
		return SLICE_NONE;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] == 0x7f)
			return SLICE_NONE;
	return arena_dup(arena, text);
}

static struct slice fold(struct slice dn, struct arena *arena)
{
	struct buf b = BUF_INIT(LDAP_DN_MAX);
	ldap_name_fold(dn, &b);
	struct slice folded = b.failed ? SLICE_NONE : arena_dup(arena, buf_slice(&b));
	buf_free(&b);
	return folded;
}

/* ---- disabled? ---- */

static bool equals_rule(const struct ldap_entry *entry, struct slice rule)
{
	ptrdiff_t equals = slice_find(rule, '=');
	struct slice name = slice_sub(rule, 0, equals < 0 ? rule.n : (size_t)equals), value = slice_from(rule, name.n + 1);
	const struct ldap_attribute *a = rule.n > 0 ? find(entry, name) : NULL;
	if (a == NULL)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (equals < 0 || slice_eq_nocase(a->values[i], value))
			return true;
	return false;
}

/* A directory of Microsoft counts in 100 ns from 1601; 0 and the largest number mean never. */
static bool expired(const struct ldap_entry *entry, int64_t now)
{
	uint64_t ticks;
	if (slice_to_u64(first(entry, SLICE("accountExpires")), &ticks) != 0 || ticks == 0 || ticks >= INT64_MAX)
		return false;
	return (int64_t)(ticks / FILETIME_SECOND) - FILETIME_EPOCH <= now;
}

static bool is_disabled(const struct ldap_entry *entry, const struct ldap_mapping *m)
{
	uint32_t control;
	if (equals_rule(entry, m->disabled))
		return true;
	if (!m->active_directory)
		return equals_rule(entry, SLICE("pwdAccountLockedTime=000001010000Z")) || equals_rule(entry, SLICE("nsAccountLock=true"));
	struct slice value = first(entry, SLICE("userAccountControl"));
	/* What cannot be read is not taken for a leave to enter. */
	if (value.n > 0 && (slice_to_u32(value, &control) != 0 || (control & CONTROL_DISABLED) != 0))
		return true;
	return expired(entry, m->now);
}

/* ---- mapping ---- */

static void take_alias(struct ldap_record *r, struct slice value, struct arena *arena)
{
	struct slice address = address_of(value, arena);
	if (address.n > 0 && r->alias_count < LDAP_ALIASES_MAX && !slice_eq_nocase(address, r->mail))
		r->aliases[r->alias_count++] = address;
}

static void read_aliases(const struct ldap_entry *entry, struct arena *arena, struct ldap_record *r)
{
	const struct ldap_attribute *proxy = find(entry, SLICE("proxyAddresses")), *other = find(entry, SLICE("mailAlternateAddress"));
	r->aliases = arena_alloc_array(arena, LDAP_ALIASES_MAX, sizeof *r->aliases);
	for (size_t i = 0; proxy != NULL && i < proxy->count; i++)
		if (slice_starts_nocase(proxy->values[i], SLICE("smtp:")))
			take_alias(r, slice_from(proxy->values[i], 5), arena);
	for (size_t i = 0; other != NULL && i < other->count; i++)
		take_alias(r, other->values[i], arena);
}

static void read_members(const struct ldap_entry *entry, struct arena *arena, struct ldap_record *r)
{
	static const char *const names[] = {"member", "uniqueMember"};
	for (size_t n = 0; n < ARRAY_LEN(names) && r->members == NULL; n++) {
		const struct ldap_attribute *a = find(entry, slice_str(names[n]));
		if (a == NULL || a->count == 0)
			continue;
		r->members = arena_alloc_array(arena, a->count < LDAP_MEMBERS_MAX ? a->count : LDAP_MEMBERS_MAX, sizeof *r->members);
		for (size_t i = 0; i < a->count && r->member_count < LDAP_MEMBERS_MAX; i++) {
			struct slice dn = fold(a->values[i], arena);
			if (dn.n > 0)
				r->members[r->member_count++] = dn;
		}
	}
}

int ldap_map(const struct ldap_entry *entry, enum ldap_kind kind, const struct ldap_mapping *m, struct arena *arena,
	struct ldap_record *ret)
{
	struct ldap_record r = {.kind = kind, .dn = fold(entry->dn, arena)};
	struct slice key = first(entry, m->active_directory ? SLICE("objectGUID") : SLICE("entryUUID"));
	if (key.n == 0 || key.n > LDAP_KEY_MAX || r.dn.n == 0)
		return ERR_INVALID;
	r.key = arena_dup(arena, key);
	r.mail = address_of(first(entry, m->mail.n > 0 ? m->mail : SLICE("mail")), arena);
	r.name = text_of(entry, m->name, SLICE("displayName"), SLICE("cn"), arena);
	if (kind == LDAP_GROUP) {
		read_members(entry, arena, &r);
		*ret = r;
		return 0;
	}
	r.department = text_of(entry, m->department, SLICE("department"), SLICE("ou"), arena);
	r.disabled = is_disabled(entry, m);
	read_aliases(entry, arena, &r);
	if (r.mail.n == 0)
		return ERR_NOT_FOUND;
	*ret = r;
	return 0;
}

const char **ldap_map_wanted(const struct ldap_mapping *m, enum ldap_kind kind, struct arena *arena)
{
	static const char *const person[] = {"displayName", "cn", "department", "ou", "proxyAddresses", "mailAlternateAddress",
	                                     "pwdAccountLockedTime", "nsAccountLock", "userAccountControl", "accountExpires"};
	static const char *const group[] = {"displayName", "cn", "member", "uniqueMember"};
	const struct slice configured[] = {m->active_directory ? SLICE("objectGUID") : SLICE("entryUUID"), m->mail.n > 0 ? m->mail : SLICE("mail"),
	                                   m->name, m->department, slice_sub(m->disabled, 0, slice_find(m->disabled, '=') < 0 ? m->disabled.n
	                                   	: (size_t)slice_find(m->disabled, '='))};
	const char **wanted = arena_alloc_array(arena, ARRAY_LEN(person) + ARRAY_LEN(configured) + 1, sizeof *wanted);
	size_t n = 0;
	for (size_t i = 0; i < (kind == LDAP_PERSON ? ARRAY_LEN(person) : ARRAY_LEN(group)); i++)
		wanted[n++] = kind == LDAP_PERSON ? person[i] : group[i];
	for (size_t i = 0; i < ARRAY_LEN(configured); i++)
		if (configured[i].n > 0)
			wanted[n++] = arena_dup_str(arena, configured[i]);
	return wanted;
}

/* ---- between processes ---- */

void ldap_record_write(const struct ldap_record *r, struct buf *out)
{
	buf_put_u8(out, (uint8_t)r->kind);
	buf_put_u8(out, r->disabled);
	buf_put_bytes(out, r->key);
	buf_put_bytes(out, r->dn);
	buf_put_bytes(out, r->mail);
	buf_put_bytes(out, r->name);
	buf_put_bytes(out, r->department);
	buf_put_u16(out, (uint16_t)r->alias_count);
	for (size_t i = 0; i < r->alias_count; i++)
		buf_put_bytes(out, r->aliases[i]);
	buf_put_u16(out, (uint16_t)r->member_count);
	for (size_t i = 0; i < r->member_count; i++)
		buf_put_bytes(out, r->members[i]);
}

static bool read_text(struct slice *data, size_t max, struct arena *arena, struct slice *ret)
{
	struct slice text;
	if (!slice_get_bytes(data, &text) || text.n > max)
		return false;
	*ret = text.n > 0 ? arena_dup(arena, text) : SLICE_NONE;
	return true;
}

static bool read_list(struct slice *data, size_t max, size_t text_max, struct arena *arena, struct slice **ret, size_t *ret_count)
{
	uint16_t count;
	if (!slice_get_u16(data, &count) || count > max || (size_t)count * 4 > data->n)
		return false;
	*ret = arena_alloc_array(arena, count, sizeof **ret);
	*ret_count = count;
	for (size_t i = 0; i < count; i++)
		if (!read_text(data, text_max, arena, &(*ret)[i]))
			return false;
	return true;
}

int ldap_record_read(struct slice *data, struct arena *arena, struct ldap_record *ret)
{
	struct ldap_record r = {0};
	uint8_t kind, disabled;
	if (!slice_get_u8(data, &kind) || !slice_get_u8(data, &disabled) || (kind != LDAP_PERSON && kind != LDAP_GROUP)
	    || !read_text(data, LDAP_KEY_MAX, arena, &r.key) || !read_text(data, LDAP_DN_MAX, arena, &r.dn)
	    || !read_text(data, LDAP_ADDRESS_MAX, arena, &r.mail) || !read_text(data, LDAP_TEXT_MAX, arena, &r.name)
	    || !read_text(data, LDAP_TEXT_MAX, arena, &r.department)
	    || !read_list(data, LDAP_ALIASES_MAX, LDAP_ADDRESS_MAX, arena, &r.aliases, &r.alias_count)
	    || !read_list(data, LDAP_MEMBERS_MAX, LDAP_DN_MAX, arena, &r.members, &r.member_count) || r.key.n == 0 || r.dn.n == 0)
		return ERR_INVALID;
	r.kind = (enum ldap_kind)kind;
	r.disabled = disabled != 0;
	*ret = r;
	return 0;
}
