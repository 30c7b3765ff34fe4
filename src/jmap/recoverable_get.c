/* RecoverableEmail/get. */
#include "jmap/email_header.h"
#include "jmap/recoverable.h"

enum property { ID, EMAIL, MAILBOX, DELETED, EXPIRES, RECEIVED, SIZE, KEYWORDS, FROM, TO, SUBJECT, PREVIEW, ATTACHMENT, PROPERTIES };
static const char *const names[PROPERTIES] = {
	[ID] = "id", [EMAIL] = "emailId", [MAILBOX] = "mailboxId", [DELETED] = "deletedAt", [EXPIRES] = "expiresAt", [RECEIVED] = "receivedAt", [SIZE] = "size",
	[KEYWORDS] = "keywords", [FROM] = "from", [TO] = "to", [SUBJECT] = "subject", [PREVIEW] = "preview", [ATTACHMENT] = "hasAttachment",
};

struct getting {
	struct jmap_get get;
	struct jmap_mailboxes mailboxes;
	struct jmap_bin all;
	size_t at;
};

static void put_date(struct emit *e, const struct jmap_get *get, enum property p, int64_t value)
{
	if (!jmap_wants(get, p))
		return;
	emit_key(e, names[p]);
	emit_date(e, value);
}

/* null: the mailbox has gone. */
static void put_mailbox(struct emit *e, const struct getting *g, const struct binned *b)
{
	emit_key(e, names[MAILBOX]);
	if (jmap_mailbox_by_id(&g->mailboxes, b->mailbox.id) != NULL)
		emit_id(e, 'F', b->mailbox.id);
	else
		emit_null(e);
}

static void put_digest(struct jmap_call *call, struct emit *e, const struct jmap_get *get, struct slice encoded)
{
	struct digest d = {0};
	bool good = digest_decode_structure(encoded, &call->arena, &d) == 0;

	if (jmap_wants(get, FROM)) {
		emit_key(e, names[FROM]);
		jmap_addresses_print(e, good ? d.envelope.from : NULL, &call->arena);
	}
	if (jmap_wants(get, TO)) {
		emit_key(e, names[TO]);
		jmap_addresses_print(e, good ? d.envelope.to : NULL, &call->arena);
	}
	if (jmap_wants(get, SUBJECT)) {
		emit_key(e, names[SUBJECT]);
		if (good && d.envelope.has_subject)
			jmap_form_print(e, JMAP_FORM_TEXT, d.envelope.subject, &call->arena);
		else
			emit_null(e);
	}
	if (jmap_wants(get, PREVIEW))
		emit_member_text(e, names[PREVIEW], d.preview);
	if (jmap_wants(get, ATTACHMENT))
		emit_member_bool(e, names[ATTACHMENT], d.has_attachment);
}

static void put(struct jmap_call *call, const struct getting *g, const struct jmap_binned *one)
{
	const struct jmap_get *get = &g->get;
	struct emit *e = jmap_out(call);
	struct buf id = BUF_INIT(32);

	jmap_bin_id_print(one->b.number, &id);
	emit_object(e);
	emit_member_text(e, names[ID], buf_slice(&id));
	buf_free(&id);
	if (jmap_wants(get, EMAIL)) {
		emit_key(e, names[EMAIL]);
		emit_id(e, 'M', one->b.email_id);
	}
	if (jmap_wants(get, MAILBOX))
		put_mailbox(e, g, &one->b);
	put_date(e, get, DELETED, one->b.gone);
	put_date(e, get, EXPIRES, one->b.until);
	put_date(e, get, RECEIVED, one->b.internal_date);
	if (jmap_wants(get, SIZE))
		emit_member_number(e, names[SIZE], (int64_t)one->b.size);
	if (jmap_wants(get, KEYWORDS)) {
		emit_key(e, names[KEYWORDS]);
		jmap_keywords_print(jmap_mail(call), one->b.flags, e);
	}
	put_digest(call, e, get, one->digest);
	emit_object_end(e);
}

static enum jmap_step begin(struct jmap_call *call)
{
	struct getting *g = ARENA_NEW(&call->arena, struct getting);
	struct slice state;
	int rc;

	if (!jmap_get_args(call, names, PROPERTIES, UINT64_MAX, NULL, NULL, &g->get) || !jmap_state_of(call, JMAP_TYPE_RECOVERABLE, &state))
		return JMAP_DONE;
	rc = jmap_mailboxes_list(jmap_mail(call), &call->arena, &g->mailboxes);
	if (rc == 0) /* also says whether this person may see any */
		rc = g->get.all ? jmap_bin_list(call, SLICE_NONE, &g->all) : jmap_bin_find(call, UINT64_MAX >> 1, &(struct jmap_binned){0});
	if (rc < 0 && rc != ERR_NOT_FOUND)
		return jmap_error_code(call, rc);
	if (g->all.count > JMAP_GET_MAX)
		return jmap_error(call, "requestTooLarge", NULL);
	call->state = g;
	jmap_get_begin(call, state);
	return JMAP_AGAIN;
}

/* False: there are no more. number 0: not one of ours. */
static bool next(struct getting *g, struct slice *ret_text, uint64_t *ret_number)
{
	*ret_number = 0;
	if (g->get.all && g->at < g->all.count) {
		*ret_number = g->all.list[g->at++].b.number;
		return true;
	}
	if (!jmap_get_next(&g->get, ret_text))
		return false;
	(void)jmap_bin_id(*ret_text, ret_number);
	return true;
}

enum jmap_step jmap_recoverable_get(struct jmap_call *call)
{
	struct getting *g = call->state;
	struct jmap_binned one;
	struct slice text = SLICE_NONE;
	uint64_t number;
	int rc;

	if (g == NULL) {
		if (begin(call) == JMAP_DONE)
			return JMAP_DONE;
		g = call->state;
	}
	while (jmap_room(call)) {
		if (!next(g, &text, &number)) {
			jmap_get_end(call, &g->get);
			return JMAP_DONE;
		}
		rc = number != 0 ? jmap_bin_find(call, number, &one) : ERR_NOT_FOUND;
		if (rc == 0)
			put(call, g, &one);
		else if (rc == ERR_NOT_FOUND && text.n > 0)
			jmap_get_missing(call, &g->get, text);
		else if (rc != ERR_NOT_FOUND)
			return jmap_error_code(call, rc);
	}
	return JMAP_AGAIN;
}
