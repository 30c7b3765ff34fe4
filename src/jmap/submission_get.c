/* EmailSubmission/get (RFC 8621 7.1). */
#include "jmap/sent.h"

enum property { ID, IDENTITY, EMAIL, THREAD, ENVELOPE, SEND_AT, UNDO, DELIVERY, DSN, MDN, RECALL, CONFIDENTIAL, PROPERTIES };
static const char *const names[PROPERTIES] = {
	"id", "identityId", "emailId", "threadId", "envelope", "sendAt", "undoStatus", "deliveryStatus", "dsnBlobIds", "mdnBlobIds", "recall", "confidential",
};

/* From the best to the worst. */
enum recall_word { WORD_RECALLED, WORD_DELETED, WORD_PENDING, WORD_FAILED, WORD_READ, WORD_OUTSIDE };

struct getting {
	struct jmap_get get;
	struct jmap_sent_load load;
	struct jmap_sent_question one;
	size_t at;
	bool begun, pending;
	struct slice id;
};

/* Aliases lead one address to several recipients: it is told once, with the worst that became of any. */
static const struct jmap_sent_recipient *worst_of(const struct jmap_sent *s, size_t first, bool *ret_again)
{
	static const int weight[] = {[JMAP_SENT_DELIVERED] = 0, [JMAP_SENT_UNKNOWN] = 1, [JMAP_SENT_QUEUED] = 2, [JMAP_SENT_FAILED] = 3};
	const struct jmap_sent_recipient *worst = &s->recipients[first];

	*ret_again = false;
	for (size_t i = 0; i < s->recipient_count; i++) {
		const struct jmap_sent_recipient *r = &s->recipients[i];

		if (!slice_eq_nocase(r->address, worst->address))
			continue;
		*ret_again = *ret_again || i < first;
		if (weight[r->fate] > weight[worst->fate])
			worst = r;
	}
	return worst;
}

static void put_envelope(struct emit *e, const struct jmap_sent *s)
{
	bool again;

	emit_object(e);
	emit_key(e, "mailFrom");
	emit_object(e);
	emit_member_text(e, "email", s->mail_from);
	emit_member_null(e, "parameters");
	emit_object_end(e);
	emit_key(e, "rcptTo");
	emit_array(e);
	for (size_t i = 0; i < s->recipient_count; i++) {
		(void)worst_of(s, i, &again);
		if (again)
			continue;
		emit_object(e);
		emit_member_text(e, "email", s->recipients[i].address);
		emit_member_null(e, "parameters");
		emit_object_end(e);
	}
	emit_array_end(e);
	emit_object_end(e);
}

static void put_status(struct emit *e, const struct jmap_sent_recipient *r, struct arena *arena)
{
	static const char *const delivered[] = {[JMAP_SENT_DELIVERED] = "yes", [JMAP_SENT_UNKNOWN] = "unknown", [JMAP_SENT_QUEUED] = "queued", [JMAP_SENT_FAILED] = "no"};
	struct slice reply = SLICE("250 2.0.0 Queued");

	if (r->code != 0)
		reply = arena_printf(arena, "%u %.*s%s%.*s", r->code, SLICE_ARG(r->enhanced), r->enhanced.n > 0 ? " " : "", SLICE_ARG(r->text));
	else if (r->fate == JMAP_SENT_DELIVERED)
		reply = SLICE("250 2.1.5 Delivered");
	emit_object(e);
	emit_member_text(e, "smtpReply", reply);
	emit_member_text(e, "delivered", slice_str(delivered[r->fate]));
	emit_member_text(e, "displayed", SLICE("unknown"));
	emit_object_end(e);
}

static void put_delivery(struct jmap_call *call, const struct jmap_sent *s)
{
	struct emit *e = jmap_out(call);
	bool again;

	emit_object(e);
	for (size_t i = 0; i < s->recipient_count; i++) {
		const struct jmap_sent_recipient *r = worst_of(s, i, &again);

		if (again)
			continue;
		emit_key_text(e, r->address);
		put_status(e, r, &call->arena);
	}
	emit_object_end(e);
}

/* The best that can be said: gone everywhere where an address leads to several mailboxes, or the first that is not. */
static enum recall_word word_of(const struct jmap_sent *s, const struct jmap_sent_recipient *r)
{
	static const enum recall_word words[] = {
		[JMAP_RECALL_NONE] = WORD_FAILED, [JMAP_RECALL_PENDING] = WORD_PENDING, [JMAP_RECALL_DONE] = WORD_RECALLED,
		[JMAP_RECALL_READ] = WORD_READ, [JMAP_RECALL_DELETED] = WORD_DELETED, [JMAP_RECALL_FAILED] = WORD_FAILED,
		[JMAP_RECALL_OUTSIDE] = WORD_OUTSIDE,
	};
	enum recall_word word = WORD_RECALLED;

	for (size_t i = 0; i < s->recipient_count; i++) {
		const struct jmap_sent_recipient *other = &s->recipients[i];
		enum recall_word one = !other->local ? WORD_OUTSIDE : words[other->recall];

		if (slice_eq_nocase(other->address, r->address) && one > word)
			word = one;
	}
	return word;
}

static void put_recall(struct emit *e, const struct jmap_sent *s)
{
	static const char *const words[] = {
		[WORD_RECALLED] = "recalled", [WORD_DELETED] = "deleted", [WORD_PENDING] = "pending", [WORD_FAILED] = "failed",
		[WORD_READ] = "read", [WORD_OUTSIDE] = "outside",
	};
	bool again;

	if (s->recall.asked == 0) {
		emit_null(e);
		return;
	}
	emit_object(e);
	emit_key(e, "asked");
	emit_date(e, s->recall.asked);
	emit_key(e, "recipients");
	emit_object(e);
	for (size_t i = 0; i < s->recipient_count; i++) {
		const struct jmap_sent_recipient *r = worst_of(s, i, &again);

		if (again)
			continue;
		emit_key_text(e, r->address);
		emit_text(e, slice_str(words[word_of(s, r)]));
	}
	emit_object_end(e);
	emit_member_number(e, "forwardedOutside", s->recall.outside);
	emit_member_number(e, "copies", s->recall.copies);
	emit_member_number(e, "copiesKept", s->recall.kept);
	emit_object_end(e);
}

static void put_text_or_null(struct emit *e, const char *name, struct slice text)
{
	if (text.n > 0)
		emit_member_text(e, name, text);
	else
		emit_member_null(e, name);
}

static void put_one(struct jmap_call *call, const struct getting *g, const struct jmap_sent *s)
{
	struct emit *e = jmap_out(call);
	struct jmap_sent_data data;

	jmap_sent_data_read(call, s->data, &data);
	emit_object(e);
	emit_key(e, names[ID]);
	emit_id(e, 'S', s->id);
	if (jmap_wants(&g->get, IDENTITY))
		put_text_or_null(e, names[IDENTITY], data.identity);
	if (jmap_wants(&g->get, EMAIL))
		put_text_or_null(e, names[EMAIL], data.email);
	if (jmap_wants(&g->get, THREAD))
		put_text_or_null(e, names[THREAD], data.thread);
	if (jmap_wants(&g->get, ENVELOPE)) {
		emit_key(e, names[ENVELOPE]);
		put_envelope(e, s);
	}
	if (jmap_wants(&g->get, SEND_AT)) {
		emit_key(e, names[SEND_AT]);
		emit_date(e, jmap_sent_at(s));
	}
	if (jmap_wants(&g->get, UNDO))
		emit_member_text(e, names[UNDO], slice_str(jmap_sent_undo(s)));
	if (jmap_wants(&g->get, DELIVERY)) {
		emit_key(e, names[DELIVERY]);
		put_delivery(call, s);
	}
	for (unsigned i = DSN; i <= MDN; i++) {
		if (!jmap_wants(&g->get, i))
			continue;
		emit_key(e, names[i]);
		emit_array(e);
		emit_array_end(e);
	}
	if (jmap_wants(&g->get, RECALL)) {
		emit_key(e, names[RECALL]);
		put_recall(e, s);
	}
	if (jmap_wants(&g->get, CONFIDENTIAL))
		emit_member_bool(e, names[CONFIDENTIAL], data.confidential);
	emit_object_end(e);
}

static bool next(struct jmap_call *call, struct getting *g, uint8_t ret_id[16])
{
	for (; g->get.all && g->at < g->load.count; g->at++) {
		if (g->load.all[g->at].gone)
			continue;
		for (size_t i = 0; i < 16; i++)
			ret_id[i] = g->load.all[g->at].id[i];
		g->at++;
		return true;
	}
	while (!g->get.all && jmap_get_next(&g->get, &g->id)) {
		if (jmap_id_parse(g->id, 'S', ret_id))
			return true;
		jmap_get_missing(call, &g->get, g->id);
	}
	return false;
}

static enum jmap_step give(struct jmap_call *call, struct getting *g)
{
	uint8_t id[16];

	for (;;) {
		if (g->pending) {
			g->pending = false;
			if (g->one.answer.code == 0 && g->one.answer.count > 0)
				put_one(call, g, &g->one.answer.list[0]);
			else if (g->one.answer.code == ERR_NOT_FOUND && !g->get.all)
				jmap_get_missing(call, &g->get, g->id);
			else if (g->one.answer.code != ERR_NOT_FOUND)
				return jmap_error_code(call, g->one.answer.code);
		}
		if (!jmap_room(call))
			return JMAP_AGAIN;
		if (!next(call, g, id)) {
			jmap_get_end(call, &g->get);
			return JMAP_DONE;
		}
		g->one = (struct jmap_sent_question){.asked = false};
		g->pending = true;
		if (jmap_sent_ask_one(call, &g->one, JMAP_SENT_GET, id) == JMAP_WAIT)
			return JMAP_WAIT;
	}
}

enum jmap_step jmap_submission_get(struct jmap_call *call)
{
	struct getting *g = call->state;

	if (g == NULL) {
		call->state = g = ARENA_NEW(&call->arena, struct getting);
		if (!jmap_get_args(call, names, PROPERTIES, (1u << RECALL) - 1, NULL, NULL, &g->get))
			return JMAP_DONE;
		if (!g->get.all)
			g->load.after = UINT64_MAX >> 1; /* only the state is asked for */
	}
	if (!g->begun) {
		if (jmap_sent_load(call, &g->load) == JMAP_WAIT)
			return JMAP_WAIT;
		if (g->load.code < 0)
			return jmap_error_code(call, g->load.code);
		if (g->get.all && g->load.count > JMAP_GET_MAX)
			return jmap_error(call, "requestTooLarge", NULL);
		jmap_get_begin(call, jmap_sent_state_text(call, g->load.state));
		g->begun = true;
	}
	return give(call, g);
}
