/*
 * RecoverableEmail/set. Update has one property, "mailboxId": the mailbox that the email comes back into, null: where it was. Destroy is for good. Nothing
 * is created.
 */
#include "jmap/recoverable.h"

/* Of one item. A call that waits stays until it is resumed, even when its client is gone. */
struct restoring {
	struct jmap_call *call;
	int code;
	struct mailbox_ref mailbox;
};

static void on_restored(void *arg, int code, const struct mailbox_ref *mailbox)
{
	struct restoring *r = arg;

	r->code = code;
	r->mailbox = *mailbox;
	jmap_call_resume(r->call);
}

static enum jmap_step restored(struct jmap_set_item *item, const struct restoring *r, struct arena *arena)
{
	struct buf id = BUF_INIT(64);

	if (r->code == ERR_LIMIT)
		return jmap_set_error(item, "overQuota", SLICE_NONE);
	if (r->code == ERR_INVALID)
		return jmap_set_invalid(item, "mailboxId");
	if (r->code < 0)
		return r->code == ERR_NOT_FOUND ? jmap_set_error(item, "notFound", SLICE_NONE) : jmap_set_error_code(item, r->code);
	jmap_id_print('F', r->mailbox.id, &id);
	item->members = arena_printf(arena, "\"mailboxId\":\"%.*s\"", SLICE_ARG(buf_slice(&id)));
	buf_free(&id);
	return JMAP_DONE;
}

/* 0: *ret_to may be NULL; else it is no mailbox of this account. */
static int take_target(struct jmap_call *call, const struct jmap_set_item *item, struct mailbox_ref *ref, const struct mailbox_ref **ret_to)
{
	const json_t *to = json_object_get(item->object, "mailboxId");
	struct slice id;

	*ret_to = NULL;
	if (json_object_size(item->object) != 1 || to == NULL)
		return ERR_INVALID;
	if (json_is_null(to))
		return 0;
	if (!jmap_id_resolve(call, jmap_text(to), &id) || !jmap_id_parse(id, 'F', ref->id))
		return ERR_INVALID;
	*ret_to = ref;
	return 0;
}

/* Is it there, and may this person see it? */
static enum jmap_step look(struct jmap_call *call, struct jmap_set_item *item, uint64_t *ret)
{
	struct jmap_binned one;
	int rc = jmap_bin_id(item->key, ret) ? jmap_bin_find(call, *ret, &one) : ERR_NOT_FOUND;

	if (rc == ERR_NOT_FOUND)
		return jmap_set_error(item, "notFound", SLICE_NONE);
	return rc < 0 ? jmap_set_error_code(item, rc) : JMAP_AGAIN;
}

static enum jmap_step update(struct jmap_call *call, struct jmap_set_item *item)
{
	struct account *mail = jmap_mail(call);
	struct restoring *r = item->state;
	const struct mailbox_ref *to;
	struct mailbox_ref ref;
	uint64_t number;

	if (r != NULL)
		return restored(item, r, &call->arena);
	if (look(call, item, &number) == JMAP_DONE)
		return JMAP_DONE;
	if (take_target(call, item, &ref, &to) != 0)
		return jmap_set_invalid(item, "mailboxId");
	item->state = r = ARENA_NEW(&call->arena, struct restoring);
	r->call = call;
	mail->ops->restore(mail, number, to, on_restored, r);
	return JMAP_WAIT;
}

static enum jmap_step destroy(struct jmap_call *call, struct jmap_set_item *item)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	struct account *mail = jmap_mail(call);
	uint64_t number;
	int rc;

	if (look(call, item, &number) == JMAP_DONE)
		return JMAP_DONE;
	if (host->may_shred == NULL || !host->may_shred(host->arg))
		return jmap_set_error(item, "forbidden", SLICE_NONE);
	rc = mail->ops->shred(mail, number, NULL);
	return rc < 0 ? jmap_set_error_code(item, rc) : JMAP_DONE;
}

static int state(struct jmap_call *call, struct buf *out)
{
	return jmap_type_state(call->jmap, JMAP_TYPE_RECOVERABLE, out);
}

enum jmap_step jmap_recoverable_set(struct jmap_call *call)
{
	static const struct jmap_set_ops ops = {.update = update, .destroy = destroy, .state = state};

	return jmap_set_run(call, &ops);
}
