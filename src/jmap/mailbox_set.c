/* Mailbox/set (RFC 8621 2.5). */
#include <string.h>

#include "base/list.h"
#include "base/utf8.h"
#include "jmap/mailbox_show.h"

#define NAME_MAX_BYTES 255 /* of one level; maxSizeMailboxName */

/* What is wanted of a mailbox: the present values with those of the object over them. */
struct wish {
	struct slice parent, leaf; /* parent: its whole name, empty: none */
	uint32_t special_use, sort_order;
	bool subscribed;
};
struct setting {
	bool remove_emails;
};

/* ---- what the object says ---- */

static bool name_good(struct slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] < 0x20 || name.p[i] == 0x7f || name.p[i] == '/')
			return false;
	}
	return name.n > 0 && name.n <= NAME_MAX_BYTES && utf8_valid(name);
}

static enum jmap_step take_parent(struct jmap_call *call, struct jmap_set_item *item, const struct jmap_mailboxes *l, const json_t *value, struct wish *w)
{
	const struct mailbox_info *parent;
	struct slice id;

	w->parent = SLICE_NONE;
	if (json_is_null(value))
		return JMAP_DONE;
	if (!json_is_string(value))
		return jmap_set_invalid(item, "parentId");
	if (!jmap_id_resolve(call, jmap_text(value), &id))
		return JMAP_AGAIN;
	parent = jmap_mailbox_by_text(l, id);
	if (parent == NULL)
		return jmap_set_invalid(item, "parentId");
	w->parent = parent->name;
	return JMAP_DONE;
}

/* A role is of one mailbox at a time. */
static void take_role(struct jmap_set_item *item, const struct jmap_mailboxes *l, const struct mailbox_info *self, const json_t *value, struct wish *w)
{
	bool inbox = self != NULL && slice_eq(self->name, SLICE("INBOX"));
	struct slice role = jmap_text(value);
	uint32_t use = 0;

	if ((!json_is_null(value) && (!json_is_string(value) || !jmap_role_use(role, &use)))
	    || inbox != (json_is_string(value) && slice_eq(role, SLICE("inbox")))) {
		(void)jmap_set_invalid(item, "role");
		return;
	}
	for (size_t i = 0; use != 0 && i < l->count; i++) {
		if (&l->list[i] != self && (l->list[i].special_use & use) != 0) {
			(void)jmap_set_invalid(item, "role");
			return;
		}
	}
	w->special_use = use;
}

/* Properties that the server sets may be sent back as they are. */
static bool is_ours(const char *name)
{
	static const char *const ours[] = {"totalEmails", "unreadEmails", "totalThreads", "unreadThreads", "myRights"};

	for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
		if (strcmp(name, ours[i]) == 0)
			return true;
	}
	return false;
}

static bool take_own(struct jmap_set_item *item, const struct mailbox_info *self, const char *name, const json_t *value)
{
	uint8_t id[16];

	if (strcmp(name, "id") == 0 && self != NULL)
		return jmap_id_parse(jmap_text(value), 'F', id) && memcmp(id, self->id, sizeof id) == 0;
	(void)item;
	return false;
}

static enum jmap_step take_property(struct jmap_call *call, struct jmap_set_item *item, const struct jmap_mailboxes *l,
                                    const struct mailbox_info *self, const char *name, const json_t *value, struct wish *w)
{
	if (strcmp(name, "parentId") == 0)
		return take_parent(call, item, l, value, w);
	if (strcmp(name, "name") == 0 && json_is_string(value) && name_good(jmap_text(value))) {
		w->leaf = jmap_text(value);
	} else if (strcmp(name, "role") == 0) {
		take_role(item, l, self, value, w);
	} else if (strcmp(name, "sortOrder") == 0 && json_is_integer(value) && json_integer_value(value) >= 0
	           && json_integer_value(value) <= INT32_MAX) {
		w->sort_order = (uint32_t)json_integer_value(value);
	} else if (strcmp(name, "isSubscribed") == 0 && json_is_boolean(value)) {
		w->subscribed = json_is_true(value);
	} else if (!take_own(item, self, name, value)) {
		return jmap_set_invalid(item, name);
	}
	return JMAP_DONE;
}

static enum jmap_step take_object(struct jmap_call *call, struct jmap_set_item *item, const struct jmap_mailboxes *l, const struct mailbox_info *self,
                                  struct wish *w)
{
	const char *name;
	json_t *value;

	json_object_foreach(item->object, name, value) {
		if (is_ours(name) || strchr(name, '/') != NULL) {
			(void)jmap_set_invalid(item, name);
			continue;
		}
		if (take_property(call, item, l, self, name, value, w) == JMAP_AGAIN)
			return JMAP_AGAIN;
	}
	return JMAP_DONE;
}

static struct slice path_of(struct arena *arena, const struct wish *w)
{
	return w->parent.n == 0 ? w->leaf : arena_printf(arena, "%.*s/%.*s", SLICE_ARG(w->parent), SLICE_ARG(w->leaf));
}

/* A sibling is called so: RFC 8620 5.3, "alreadyExists". */
static enum jmap_step exists(struct jmap_call *call, struct jmap_set_item *item, struct slice path)
{
	struct buf id = BUF_INIT(40);
	struct mailbox_ref ref;

	if (jmap_mail(call)->ops->find(jmap_mail(call), path, &ref, NULL) == 0) {
		jmap_id_print('F', ref.id, &id);
		item->members = arena_printf(&call->arena, "\"existingId\":\"%.*s\"", SLICE_ARG(buf_slice(&id)));
	}
	buf_free(&id);
	return jmap_set_error(item, "alreadyExists", SLICE_NONE);
}

static enum jmap_step fail(struct jmap_call *call, struct jmap_set_item *item, int code, struct slice path, const char *property)
{
	if (code == ERR_EXISTS)
		return exists(call, item, path);
	if (code == ERR_INVALID || code == ERR_LIMIT)
		return jmap_set_invalid(item, property);
	return jmap_set_error_code(item, code);
}

/* ---- create ---- */

static void describe(struct jmap_call *call, struct jmap_set_item *item, const struct wish *w)
{
	struct buf text = BUF_INIT(4096);
	struct emit e = EMIT_INIT(&text);

	emit_object(&e);
	if (json_object_get(item->object, "parentId") == NULL)
		emit_member_null(&e, "parentId");
	if (json_object_get(item->object, "role") == NULL)
		emit_member_null(&e, "role");
	if (json_object_get(item->object, "sortOrder") == NULL)
		emit_member_number(&e, "sortOrder", 0);
	if (json_object_get(item->object, "isSubscribed") == NULL)
		emit_member_bool(&e, "isSubscribed", w->subscribed);
	emit_member_number(&e, "totalEmails", 0);
	emit_member_number(&e, "unreadEmails", 0);
	emit_member_number(&e, "totalThreads", 0);
	emit_member_number(&e, "unreadThreads", 0);
	emit_key(&e, "myRights");
	jmap_rights_print(&e, NULL, jmap_mail(call)->refuses);
	/* The members only, without their braces. */
	item->members = arena_dup(&call->arena, slice_from(buf_slice(&text), 1));
	buf_free(&text);
}

static enum jmap_step create(struct jmap_call *call, struct jmap_set_item *item)
{
	struct account *mail = jmap_mail(call);
	struct jmap_mailboxes l;
	struct mailbox_ref ref;
	struct wish w = {.subscribed = true};
	struct slice path;
	struct buf id = BUF_INIT(40);
	int rc = jmap_mailboxes_list(mail, &call->arena, &l);

	if (rc < 0)
		return jmap_set_error_code(item, rc);
	if (take_object(call, item, &l, NULL, &w) == JMAP_AGAIN)
		return JMAP_AGAIN;
	if (item->error == NULL && w.leaf.n == 0)
		(void)jmap_set_invalid(item, "name");
	if (item->error != NULL)
		return JMAP_DONE;
	path = path_of(&call->arena, &w);
	rc = mail->ops->create(mail, path, w.special_use, &ref, NULL);
	if (rc < 0)
		return fail(call, item, rc, path, "name");
	if (w.sort_order != 0)
		rc = mail->ops->arrange(mail, &ref, w.special_use, w.sort_order, NULL);
	if (rc == 0)
		rc = mail->ops->subscribe(mail, path, w.subscribed, NULL);
	if (rc < 0 && rc != ERR_NOT_FOUND)
		return jmap_set_error_code(item, rc);
	jmap_id_print('F', ref.id, &id);
	item->id = arena_dup(&call->arena, buf_slice(&id));
	buf_free(&id);
	describe(call, item, &w);
	return JMAP_DONE;
}

/* ---- update ---- */

static enum jmap_step apply(struct jmap_call *call, struct jmap_set_item *item, const struct mailbox_info *self, const struct wish *w)
{
	struct account *mail = jmap_mail(call);
	struct slice path = path_of(&call->arena, w);
	struct mailbox_ref ref;
	int rc;

	memcpy(ref.id, self->id, sizeof ref.id);
	if (!slice_eq(path, self->name)) {
		rc = slice_eq(self->name, SLICE("INBOX")) ? ERR_DENIED : mail->ops->rename(mail, self->name, path, NULL);
		if (rc < 0)
			return fail(call, item, rc, path, json_object_get(item->object, "parentId") != NULL ? "parentId" : "name");
	}
	rc = w->special_use == self->special_use && w->sort_order == self->sort_order ? 0
		: self->exists ? mail->ops->arrange(mail, &ref, w->special_use, w->sort_order, NULL) : ERR_DENIED;
	if (rc == 0 && w->subscribed != self->subscribed)
		rc = mail->ops->subscribe(mail, path, w->subscribed, NULL);
	return rc < 0 ? jmap_set_error_code(item, rc) : JMAP_DONE;
}

static enum jmap_step update(struct jmap_call *call, struct jmap_set_item *item)
{
	const struct mailbox_info *self, *parent;
	struct jmap_mailboxes l;
	struct wish w;
	int rc = jmap_mailboxes_list(jmap_mail(call), &call->arena, &l);

	if (rc < 0)
		return jmap_set_error_code(item, rc);
	self = jmap_mailbox_by_text(&l, item->key);
	if (self == NULL)
		return jmap_set_error(item, "notFound", SLICE_NONE);
	parent = jmap_mailbox_parent(&l, self);
	w = (struct wish){.parent = parent != NULL ? parent->name : SLICE_NONE, .leaf = jmap_mailbox_leaf(&l, self), .special_use = self->special_use,
	                  .sort_order = self->sort_order, .subscribed = self->subscribed};
	if (take_object(call, item, &l, self, &w) == JMAP_AGAIN)
		return jmap_set_invalid(item, "parentId");
	return item->error != NULL ? JMAP_DONE : apply(call, item, self, &w);
}

/* ---- destroy ---- */

static bool has_child(const struct jmap_mailboxes *l, const struct mailbox_info *m)
{
	for (size_t i = 0; i < l->count; i++) {
		if (jmap_mailbox_parent(l, &l->list[i]) == m)
			return true;
	}
	return false;
}

static enum jmap_step destroy(struct jmap_call *call, struct jmap_set_item *item)
{
	const struct setting *s = call->state;
	struct account *mail = jmap_mail(call);
	const struct mailbox_info *self;
	struct mailbox_counts counts = {0};
	struct jmap_mailboxes l;
	struct mailbox_ref ref;
	int rc = jmap_mailboxes_list(mail, &call->arena, &l);

	if (rc < 0)
		return jmap_set_error_code(item, rc);
	self = jmap_mailbox_by_text(&l, item->key);
	if (self == NULL)
		return jmap_set_error(item, "notFound", SLICE_NONE);
	if (has_child(&l, self))
		return jmap_set_error(item, "mailboxHasChild", SLICE_NONE);
	memcpy(ref.id, self->id, sizeof ref.id);
	rc = mail->ops->counts(mail, &ref, &counts, NULL);
	if (rc == 0 && counts.emails > 0 && !s->remove_emails)
		return jmap_set_error(item, "mailboxHasEmail", SLICE_NONE);
	if (rc == 0)
		rc = mail->ops->remove(mail, self->name, NULL);
	return rc < 0 ? jmap_set_error_code(item, rc) : JMAP_DONE;
}

/* ---- the method ---- */

static bool begin(struct jmap_call *call)
{
	struct setting *s = ARENA_NEW(&call->arena, struct setting);

	call->state = s;
	return jmap_arg_bool(call, "onDestroyRemoveEmails", &s->remove_emails);
}

static int state(struct jmap_call *call, struct buf *out)
{
	return jmap_type_state(call->jmap, JMAP_TYPE_MAILBOX, out);
}

enum jmap_step jmap_mailbox_set(struct jmap_call *call)
{
	static const char *const more[] = {"onDestroyRemoveEmails", NULL};
	static const struct jmap_set_ops ops = {.create = create, .update = update, .destroy = destroy, .begin = begin, .state = state, .more = more};

	return jmap_set_run(call, &ops);
}
