/* Mailbox/get (RFC 8621 2.1). */
#include <string.h>

#include "base/list.h"
#include "jmap/mailbox_show.h"

static const char *const names[] = {
	[JMAP_BOX_ID] = "id", [JMAP_BOX_NAME] = "name", [JMAP_BOX_PARENT] = "parentId", [JMAP_BOX_ROLE] = "role", [JMAP_BOX_SORT] = "sortOrder",
	[JMAP_BOX_EMAILS] = "totalEmails", [JMAP_BOX_UNREAD_EMAILS] = "unreadEmails", [JMAP_BOX_THREADS] = "totalThreads",
	[JMAP_BOX_UNREAD_THREADS] = "unreadThreads", [JMAP_BOX_RIGHTS] = "myRights", [JMAP_BOX_SUBSCRIBED] = "isSubscribed",
};

void jmap_rights_print(struct emit *e, const struct mailbox_info *m, unsigned refuses)
{
	bool change = (refuses & ACCOUNT_REFUSES_CHANGE) == 0, remove = change && (refuses & ACCOUNT_REFUSES_DELETE) == 0;
	bool inbox = m != NULL && slice_eq(m->name, SLICE("INBOX"));

	emit_object(e);
	emit_member_bool(e, "mayReadItems", true);
	emit_member_bool(e, "mayAddItems", change);
	emit_member_bool(e, "mayRemoveItems", remove);
	emit_member_bool(e, "maySetSeen", change);
	emit_member_bool(e, "maySetKeywords", change);
	emit_member_bool(e, "mayCreateChild", change);
	emit_member_bool(e, "mayRename", remove && !inbox);
	emit_member_bool(e, "mayDelete", remove && !inbox);
	emit_member_bool(e, "maySubmit", change);
	emit_object_end(e);
}

static void print_name(struct emit *e, const struct jmap_mailboxes *l, const struct mailbox_info *m, const struct jmap_get *get)
{
	const struct mailbox_info *parent = jmap_mailbox_parent(l, m);

	if (jmap_wants(get, JMAP_BOX_NAME))
		emit_member_text(e, "name", jmap_mailbox_leaf(l, m));
	if (!jmap_wants(get, JMAP_BOX_PARENT))
		return;
	emit_key(e, "parentId");
	if (parent != NULL)
		emit_id(e, 'F', parent->id);
	else
		emit_null(e);
}

static int print_counts(struct jmap_call *call, const struct mailbox_info *m, const struct jmap_get *get)
{
	static const enum jmap_box_property which[] = {JMAP_BOX_EMAILS, JMAP_BOX_UNREAD_EMAILS, JMAP_BOX_THREADS, JMAP_BOX_UNREAD_THREADS};
	struct mailbox_counts counts = {0};
	struct mailbox_ref ref;
	bool any = false;
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(which); i++)
		any = any || jmap_wants(get, which[i]);
	memcpy(ref.id, m->id, sizeof ref.id);
	if (any && m->exists)
		rc = jmap_mail(call)->ops->counts(jmap_mail(call), &ref, &counts, NULL);
	const uint32_t values[] = {counts.emails, counts.unread_emails, counts.threads, counts.unread_threads};
	for (size_t i = 0; i < ARRAY_LEN(which); i++) {
		if (jmap_wants(get, which[i]))
			emit_member_number(jmap_out(call), names[which[i]], values[i]);
	}
	return rc;
}

static int print_mailbox(struct jmap_call *call, const struct jmap_mailboxes *l, const struct mailbox_info *m, const struct jmap_get *get)
{
	struct emit *e = jmap_out(call);
	const char *role = jmap_mailbox_role(m);
	int rc;

	emit_object(e);
	emit_key(e, "id");
	emit_id(e, 'F', m->id);
	print_name(e, l, m, get);
	if (jmap_wants(get, JMAP_BOX_ROLE) && role != NULL)
		emit_member_text(e, "role", slice_str(role));
	else if (jmap_wants(get, JMAP_BOX_ROLE))
		emit_member_null(e, "role");
	if (jmap_wants(get, JMAP_BOX_SORT))
		emit_member_number(e, "sortOrder", m->sort_order);
	rc = print_counts(call, m, get);
	if (jmap_wants(get, JMAP_BOX_RIGHTS)) {
		emit_key(e, "myRights");
		jmap_rights_print(e, m, jmap_mail(call)->refuses);
	}
	if (jmap_wants(get, JMAP_BOX_SUBSCRIBED))
		emit_member_bool(e, "isSubscribed", m->subscribed);
	emit_object_end(e);
	return rc;
}

enum jmap_step jmap_mailbox_get(struct jmap_call *call)
{
	struct jmap_get get;
	struct jmap_mailboxes l;
	struct slice state, id;
	int rc;

	if (!jmap_get_args(call, names, ARRAY_LEN(names), UINT64_MAX, NULL, NULL, &get) || !jmap_state_of(call, JMAP_TYPE_MAILBOX, &state))
		return JMAP_DONE;
	rc = jmap_mailboxes_list(jmap_mail(call), &call->arena, &l);
	if (rc < 0)
		return jmap_error_code(call, rc);
	jmap_get_begin(call, state);
	for (size_t i = 0; get.all && i < l.count && rc == 0; i++)
		rc = print_mailbox(call, &l, &l.list[i], &get);
	while (rc == 0 && jmap_get_next(&get, &id)) {
		const struct mailbox_info *m = jmap_mailbox_by_text(&l, id);

		if (m != NULL)
			rc = print_mailbox(call, &l, m, &get);
		else
			jmap_get_missing(call, &get, id);
	}
	if (rc < 0)
		return jmap_error_code(call, rc);
	jmap_get_end(call, &get);
	return JMAP_DONE;
}
