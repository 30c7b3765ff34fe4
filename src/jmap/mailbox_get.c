#include <string.h>

#include "base/list.h"
#include "jmap/method.h"

/* RFC 8621 2.1. */
enum property { ID, NAME, PARENT, ROLE, SORT, TOTAL_EMAILS, UNREAD_EMAILS, TOTAL_THREADS, UNREAD_THREADS, RIGHTS, SUBSCRIBED, PROPERTIES };

static const char *const names[PROPERTIES] = {
	[ID] = "id", [NAME] = "name", [PARENT] = "parentId", [ROLE] = "role", [SORT] = "sortOrder", [TOTAL_EMAILS] = "totalEmails",
	[UNREAD_EMAILS] = "unreadEmails", [TOTAL_THREADS] = "totalThreads", [UNREAD_THREADS] = "unreadThreads", [RIGHTS] = "myRights",
	[SUBSCRIBED] = "isSubscribed",
};

struct listing {
	struct mailbox_info *list;
	size_t count;
};

static const char *role_of(const struct mailbox_info *m)
{
	static const struct { uint32_t use; const char *role; } roles[] = {
		{USE_ALL, "all"}, {USE_ARCHIVE, "archive"}, {USE_DRAFTS, "drafts"}, {USE_FLAGGED, "flagged"}, {USE_JUNK, "junk"}, {USE_SENT, "sent"},
		{USE_TRASH, "trash"}, {USE_IMPORTANT, "important"},
	};

	if (slice_eq(m->name, SLICE("INBOX")))
		return "inbox";
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if ((m->special_use & roles[i].use) != 0)
			return roles[i].role;
	return NULL;
}

static const struct mailbox_info *parent_of(const struct listing *l, const struct mailbox_info *m)
{
	ptrdiff_t slash = slice_rfind(m->name, '/');

	for (size_t i = 0; slash > 0 && i < l->count; i++)
		if (slice_eq(l->list[i].name, slice_sub(m->name, 0, (size_t)slash)))
			return &l->list[i];
	return NULL;
}

static void put_rights(struct emit *e, unsigned refuses)
{
	bool change = (refuses & ACCOUNT_REFUSES_CHANGE) == 0, remove = change && (refuses & ACCOUNT_REFUSES_DELETE) == 0;

	emit_object(e);
	emit_member_bool(e, "mayReadItems", true);
	emit_member_bool(e, "mayAddItems", change);
	emit_member_bool(e, "mayRemoveItems", remove);
	emit_member_bool(e, "maySetSeen", change);
	emit_member_bool(e, "maySetKeywords", change);
	emit_member_bool(e, "mayCreateChild", change);
	emit_member_bool(e, "mayRename", change);
	emit_member_bool(e, "mayDelete", remove);
	emit_member_bool(e, "maySubmit", change);
	emit_object_end(e);
}

static void put_name(struct emit *e, const struct listing *l, const struct mailbox_info *m, const struct jmap_get *get)
{
	const struct mailbox_info *parent = parent_of(l, m);

	if (jmap_wants(get, NAME))
		emit_member_text(e, "name", parent != NULL ? slice_from(m->name, parent->name.n + 1) : m->name);
	if (!jmap_wants(get, PARENT))
		return;
	emit_key(e, "parentId");
	if (parent != NULL)
		emit_id(e, 'F', parent->id);
	else
		emit_null(e);
}

static int put_counts(struct jmap_call *call, const struct mailbox_info *m, const struct jmap_get *get)
{
	static const enum property all[] = {TOTAL_EMAILS, TOTAL_THREADS}, unread[] = {UNREAD_EMAILS, UNREAD_THREADS};
	struct emit *e = jmap_out(call);
	struct mailbox_status status = {0};
	struct mailbox_ref ref;
	int rc = 0;

	memcpy(ref.id, m->id, sizeof ref.id);
	if (m->exists)
		rc = jmap_mail(call)->ops->status(jmap_mail(call), &ref, &status, NULL);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (jmap_wants(get, all[i]))
			emit_member_number(e, names[all[i]], status.messages);
		if (jmap_wants(get, unread[i]))
			emit_member_number(e, names[unread[i]], status.unseen);
	}
	return rc;
}

static int put_mailbox(struct jmap_call *call, const struct listing *l, const struct mailbox_info *m, const struct jmap_get *get)
{
	struct emit *e = jmap_out(call);
	const char *role = role_of(m);
	int rc;

	emit_object(e);
	emit_key(e, "id");
	emit_id(e, 'F', m->id);
	put_name(e, l, m, get);
	if (jmap_wants(get, ROLE) && role != NULL)
		emit_member_text(e, "role", slice_str(role));
	else if (jmap_wants(get, ROLE))
		emit_member_null(e, "role");
	if (jmap_wants(get, SORT))
		emit_member_number(e, "sortOrder", 0);
	rc = put_counts(call, m, get);
	if (jmap_wants(get, RIGHTS)) {
		emit_key(e, "myRights");
		put_rights(e, jmap_mail(call)->refuses);
	}
	if (jmap_wants(get, SUBSCRIBED))
		emit_member_bool(e, "isSubscribed", m->subscribed);
	emit_object_end(e);
	return rc;
}

static const struct mailbox_info *find(const struct listing *l, struct slice text)
{
	uint8_t id[16];

	if (!jmap_id_parse(text, 'F', id))
		return NULL;
	for (size_t i = 0; i < l->count; i++)
		if (memcmp(l->list[i].id, id, sizeof id) == 0)
			return &l->list[i];
	return NULL;
}

enum jmap_step jmap_mailbox_get(struct jmap_call *call)
{
	struct jmap_get get;
	struct listing l = {0};
	struct slice state, id;
	int rc;

	if (!jmap_get_args(call, names, PROPERTIES, UINT64_MAX, NULL, NULL, &get) || !jmap_state_of(call, JMAP_TYPE_MAILBOX, &state))
		return JMAP_DONE;
	rc = jmap_mail(call)->ops->list(jmap_mail(call), &call->arena, &l.list, &l.count, NULL);
	if (rc < 0)
		return jmap_error_code(call, rc);
	jmap_get_begin(call, state);
	for (size_t i = 0; get.all && i < l.count && rc == 0; i++)
		rc = put_mailbox(call, &l, &l.list[i], &get);
	while (rc == 0 && jmap_get_next(&get, &id)) {
		const struct mailbox_info *m = find(&l, id);
		if (m != NULL)
			rc = put_mailbox(call, &l, m, &get);
		else
			jmap_get_missing(call, &get, id);
	}
	if (rc < 0)
		return jmap_error_code(call, rc);
	jmap_get_end(call, &get);
	return JMAP_DONE;
}
