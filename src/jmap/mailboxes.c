/* The tree of mailboxes: names with '/' seen as parents and children (RFC 8621 2). */
#include <string.h>

#include "base/list.h"
#include "crypt/hash.h"
#include "jmap/mail.h"

static const struct { uint32_t use; const char *role; } roles[] = {
	{USE_ALL, "all"}, {USE_ARCHIVE, "archive"}, {USE_DRAFTS, "drafts"}, {USE_FLAGGED, "flagged"}, {USE_JUNK, "junk"}, {USE_SENT, "sent"},
	{USE_TRASH, "trash"}, {USE_IMPORTANT, "important"},
};

static bool has_below(const struct mailbox_info *list, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].exists && list[i].name.n > name.n && slice_starts(list[i].name, name) && list[i].name.p[name.n] == '/')
			return true;
	}
	return false;
}

/* A level above mailboxes that is none itself has no id: it gets one from its name. */
static void name_id(struct slice name, uint8_t ret[16])
{
	struct hash_state state;
	uint8_t hash[HASH_SIZE];

	hash_start(&state, NULL);
	hash_update_field(&state, SLICE("mailbox level"));
	hash_update_field(&state, name);
	hash_finish(&state, hash);
	memcpy(ret, hash, 16);
}

int jmap_mailboxes_list(struct account *mail, struct arena *arena, struct jmap_mailboxes *ret)
{
	struct mailbox_info *list;
	size_t count = 0;
	int rc = mail->ops->list(mail, arena, &list, &count, NULL);

	*ret = (struct jmap_mailboxes){.list = NULL};
	if (rc < 0)
		return rc;
	ret->list = arena_alloc_array(arena, count + 1, sizeof *ret->list);
	for (size_t i = 0; i < count; i++) {
		if (!list[i].exists && !has_below(list, count, list[i].name))
			continue;
		if (!list[i].exists)
			name_id(list[i].name, list[i].id);
		ret->list[ret->count++] = list[i];
	}
	return 0;
}

const struct mailbox_info *jmap_mailbox_by_id(const struct jmap_mailboxes *l, const uint8_t id[16])
{
	for (size_t i = 0; i < l->count; i++) {
		if (memcmp(l->list[i].id, id, 16) == 0)
			return &l->list[i];
	}
	return NULL;
}

const struct mailbox_info *jmap_mailbox_by_text(const struct jmap_mailboxes *l, struct slice text)
{
	uint8_t id[16];

	return jmap_id_parse(text, 'F', id) ? jmap_mailbox_by_id(l, id) : NULL;
}

const struct mailbox_info *jmap_mailbox_parent(const struct jmap_mailboxes *l, const struct mailbox_info *m)
{
	ptrdiff_t slash = slice_rfind(m->name, '/');

	for (size_t i = 0; slash > 0 && i < l->count; i++) {
		if (slice_eq(l->list[i].name, slice_sub(m->name, 0, (size_t)slash)))
			return &l->list[i];
	}
	return NULL;
}

struct slice jmap_mailbox_leaf(const struct jmap_mailboxes *l, const struct mailbox_info *m)
{
	const struct mailbox_info *parent = jmap_mailbox_parent(l, m);

	return parent != NULL ? slice_from(m->name, parent->name.n + 1) : m->name;
}

const char *jmap_mailbox_role(const struct mailbox_info *m)
{
	if (slice_eq(m->name, SLICE("INBOX")))
		return "inbox";
	for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
		if ((m->special_use & roles[i].use) != 0)
			return roles[i].role;
	}
	return NULL;
}

bool jmap_role_use(struct slice role, uint32_t *ret)
{
	*ret = 0;
	if (slice_eq(role, SLICE("inbox")))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
		if (slice_eq(role, slice_str(roles[i].role)))
			*ret = roles[i].use;
	}
	return *ret != 0;
}
