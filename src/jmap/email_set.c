/* Email/set (RFC 8621 4.6): updates of keywords and mailboxes, and destruction; creation is in email_create.c. */
#include <string.h>

#include "jmap/write.h"

/* What an email is to become. */
struct wish {
	bool keywords, mailboxes;          /* it says something about them */
	bool replace;                      /* all keywords: `set`; else `set` is added and `clear` removed */
	struct flag_set set, clear;
	struct mailbox_ref *in;            /* all mailboxes that it is to be in */
	size_t in_count;
};

/* ---- keywords ---- */

static bool take_keyword(struct jmap_call *call, struct jmap_set_item *item, const char *property, struct slice name, bool on, struct wish *w)
{
	struct flag_set bits;
	int rc = jmap_keyword_bits(jmap_mail(call), name, on, &bits);

	if (rc == ERR_NOT_FOUND && !on)
		return true;
	if (rc == ERR_LIMIT)
		(void)jmap_set_error(item, "tooManyKeywords", SLICE_NONE);
	else if (rc == ERR_INVALID)
		(void)jmap_set_invalid(item, property);
	else if (rc < 0)
		(void)jmap_set_error_code(item, rc);
	if (rc < 0)
		return false;
	struct flag_set *to = on ? &w->set : &w->clear;
	to->system |= bits.system;
	to->keywords |= bits.keywords;
	return true;
}

static bool take_keywords(struct jmap_call *call, struct jmap_set_item *item, const json_t *object, struct wish *w)
{
	const char *name;
	json_t *value;

	if (!json_is_object(object)) {
		(void)jmap_set_invalid(item, "keywords");
		return false;
	}
	w->keywords = w->replace = true;
	json_object_foreach((json_t *)(uintptr_t)object, name, value) {
		if (!json_is_true(value)) {
			(void)jmap_set_invalid(item, "keywords");
			return false;
		}
		if (!take_keyword(call, item, "keywords", slice_str(name), true, w))
			return false;
	}
	return true;
}

/* ---- mailboxes ---- */

static void wish_mailbox(struct jmap_call *call, struct wish *w, const struct mailbox_ref *ref, bool on)
{
	struct mailbox_ref *wider;

	for (size_t i = 0; i < w->in_count; i++) {
		if (memcmp(&w->in[i], ref, sizeof *ref) != 0)
			continue;
		if (!on)
			w->in[i] = w->in[--w->in_count];
		return;
	}
	if (!on)
		return;
	wider = arena_alloc_array(&call->arena, w->in_count + 1, sizeof *wider);
	if (w->in_count > 0)
		memcpy(wider, w->in, w->in_count * sizeof *wider);
	wider[w->in_count++] = *ref;
	w->in = wider;
}

static bool take_mailbox(struct jmap_call *call, struct jmap_set_item *item, const char *property, struct slice text, bool on, struct wish *w)
{
	struct mailbox_status status;
	struct mailbox_ref ref;
	struct slice id;

	if (!jmap_id_resolve(call, text, &id) || !jmap_id_parse(id, 'F', ref.id)
	    || (on && jmap_mail(call)->ops->status(jmap_mail(call), &ref, &status, NULL) < 0)) {
		(void)jmap_set_invalid(item, property);
		return false;
	}
	wish_mailbox(call, w, &ref, on);
	return true;
}

static bool take_mailboxes(struct jmap_call *call, struct jmap_set_item *item, const json_t *object, struct wish *w)
{
	const char *name;
	json_t *value;

	w->mailboxes = true;
	w->in_count = 0;
	if (!json_is_object(object)) {
		(void)jmap_set_invalid(item, "mailboxIds");
		return false;
	}
	json_object_foreach((json_t *)(uintptr_t)object, name, value) {
		if (!json_is_true(value)) {
			(void)jmap_set_invalid(item, "mailboxIds");
			return false;
		}
		if (!take_mailbox(call, item, "mailboxIds", slice_str(name), true, w))
			return false;
	}
	return true;
}

/* ---- the patch ---- */

/* One step of a JSON Pointer; "~1" and "~0" are undone. */
static struct slice pointer_step(struct jmap_call *call, const char *text)
{
	struct buf out = BUF_INIT(1024);
	struct slice ret;

	for (; *text != 0; text++) {
		bool escaped = text[0] == '~' && (text[1] == '0' || text[1] == '1');

		buf_append_byte(&out, escaped ? (text[1] == '1' ? '/' : '~') : (uint8_t)*text);
		text += escaped;
	}
	ret = arena_dup(&call->arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

static bool take_patch(struct jmap_call *call, struct jmap_set_item *item, const char *name, const json_t *value, struct wish *w)
{
	bool keyword = strncmp(name, "keywords/", 9) == 0, mailbox = strncmp(name, "mailboxIds/", 11) == 0;

	if ((!keyword && !mailbox) || (!json_is_true(value) && !json_is_null(value)) || strchr(name + (keyword ? 9 : 11), '/') != NULL) {
		(void)jmap_set_invalid(item, name);
		return false;
	}
	if (json_object_get(item->object, keyword ? "keywords" : "mailboxIds") != NULL) {
		(void)jmap_set_error(item, "invalidPatch", SLICE_NONE);
		return false;
	}
	w->keywords = w->keywords || keyword;
	w->mailboxes = w->mailboxes || mailbox;
	if (keyword)
		return take_keyword(call, item, name, pointer_step(call, name + 9), json_is_true(value), w);
	return take_mailbox(call, item, name, pointer_step(call, name + 11), json_is_true(value), w);
}

/* Whatever else is said must be as it is: an email does not change (RFC 8621 4.1). */
static bool take_fixed(struct jmap_set_item *item, const char *name, const json_t *value, const struct jmap_email *email)
{
	uint8_t id[16];
	bool same = (strcmp(name, "id") == 0 && jmap_id_parse(jmap_text(value), 'M', id) && memcmp(id, email->id, 16) == 0)
		|| (strcmp(name, "threadId") == 0 && jmap_id_parse(jmap_text(value), 'T', id) && memcmp(id, email->thread_id, 16) == 0);

	if (!same)
		(void)jmap_set_invalid(item, name);
	return same;
}

static bool take_object(struct jmap_call *call, struct jmap_set_item *item, const struct jmap_email *email, struct wish *w)
{
	const char *name;
	json_t *value;

	for (size_t i = 0; i < email->row_count; i++)
		wish_mailbox(call, w, &email->rows[i].mailbox, true);
	json_object_foreach(item->object, name, value) {
		bool good;

		if (strcmp(name, "keywords") == 0)
			good = take_keywords(call, item, value, w);
		else if (strcmp(name, "mailboxIds") == 0)
			good = take_mailboxes(call, item, value, w);
		else if (strchr(name, '/') != NULL)
			good = take_patch(call, item, name, value, w);
		else
			good = take_fixed(item, name, value, email);
		if (!good)
			return false;
	}
	if (w->in_count == 0)
		(void)jmap_set_invalid(item, "mailboxIds");
	return item->error == NULL;
}

/* ---- doing it ---- */

static int store(struct jmap_call *call, const struct jmap_email_row *row, enum flag_change change, struct flag_set flags)
{
	struct uid_set uids = {0}, skipped = {0};
	uint64_t modseq;
	int rc;

	uid_set_add(&uids, row->uid);
	rc = jmap_mail(call)->ops->store(jmap_mail(call), &row->mailbox, &uids, change, flags, UINT64_MAX, &skipped, &modseq, NULL);
	uid_set_free(&uids);
	uid_set_free(&skipped);
	return rc;
}

static bool has_any(struct flag_set f)
{
	return f.system != 0 || f.keywords != 0;
}

/* Each row gets what the email is to have: they may differ, after IMAP. */
static int set_keywords(struct jmap_call *call, const struct jmap_email *email, const struct wish *w)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < email->row_count; i++) {
		if (w->replace) {
			rc = store(call, &email->rows[i], FLAGS_REPLACE, w->set);
			continue;
		}
		if (has_any(w->set))
			rc = store(call, &email->rows[i], FLAGS_ADD, w->set);
		if (rc == 0 && has_any(w->clear))
			rc = store(call, &email->rows[i], FLAGS_REMOVE, w->clear);
	}
	return rc;
}

static bool is_in(const struct mailbox_ref *list, size_t count, const struct mailbox_ref *ref)
{
	for (size_t i = 0; i < count; i++) {
		if (memcmp(&list[i], ref, sizeof *ref) == 0)
			return true;
	}
	return false;
}

static int copy(struct jmap_call *call, struct jmap_email_row *from, const struct mailbox_ref *to, bool move)
{
	struct copy_result result;
	struct uid_set uids = {0};
	int rc;

	uid_set_add(&uids, from->uid);
	rc = jmap_mail(call)->ops->copy(jmap_mail(call), &from->mailbox, &uids, to, move, &call->arena, &result, NULL);
	uid_set_free(&uids);
	if (rc == 0 && result.count == 0)
		rc = ERR_NOT_FOUND;
	if (rc == 0 && move) {
		from->mailbox = *to;
		from->uid = result.pairs[0].to;
	}
	return rc;
}

static int expunge(struct jmap_call *call, const struct mailbox_ref *mailbox, uint32_t uid)
{
	struct uid_set uids = {0}, gone = {0};
	int rc;

	uid_set_add(&uids, uid);
	rc = jmap_mail(call)->ops->expunge(jmap_mail(call), mailbox, &uids, true, &gone, NULL);
	uid_set_free(&uids);
	uid_set_free(&gone);
	return rc;
}

/* A row that has to go moves where one is wanted, in one transaction: the email is never in no mailbox. */
static int set_mailboxes(struct jmap_call *call, struct jmap_email *email, const struct wish *w)
{
	struct mailbox_ref *have = arena_alloc_array(&call->arena, email->row_count + w->in_count, sizeof *have);
	size_t have_count = 0, next = 0;
	int rc = 0;

	for (size_t i = 0; i < email->row_count; i++)
		have[have_count++] = email->rows[i].mailbox;
	for (size_t i = 0; rc == 0 && i < email->row_count; i++) {
		if (is_in(w->in, w->in_count, &email->rows[i].mailbox))
			continue;
		while (next < w->in_count && is_in(have, have_count, &w->in[next]))
			next++;
		if (next < w->in_count) {
			rc = copy(call, &email->rows[i], &w->in[next], true);
			have[have_count++] = w->in[next];
		} else {
			rc = expunge(call, &email->rows[i].mailbox, email->rows[i].uid);
			email->rows[i].uid = 0;
		}
	}
	for (; rc == 0 && next < w->in_count; next++) {
		struct jmap_email_row *from = email->rows;

		while (from->uid == 0)
			from++;
		if (!is_in(have, have_count, &w->in[next]))
			rc = copy(call, from, &w->in[next], false);
	}
	return rc;
}

enum jmap_step jmap_email_update(struct jmap_call *call, struct jmap_set_item *item)
{
	struct jmap_email email;
	struct wish w = {.keywords = false};
	int rc = jmap_email_find_text(jmap_mail(call), item->key, &call->arena, &email);

	if (rc == 0 && !take_object(call, item, &email, &w))
		return JMAP_DONE;
	/* Mailboxes first: what a delegate may not do is refused there, and then nothing has changed (RFC 8620 5.3). */
	if (rc == 0 && w.mailboxes)
		rc = set_mailboxes(call, &email, &w);
	if (rc == 0 && w.mailboxes && w.keywords)
		rc = jmap_email_find_text(jmap_mail(call), item->key, &call->arena, &email);
	if (rc == 0 && w.keywords)
		rc = set_keywords(call, &email, &w);
	return rc < 0 ? jmap_set_error_code(item, rc) : JMAP_DONE;
}

/* ---- destroying: every row, also those that are marked \Deleted ---- */

struct rows {
	struct arena *arena;
	struct row { struct mailbox_ref mailbox; uint32_t uid; struct row *next; } *first;
	bool visible;
};

static int gather(void *arg, const struct mailbox_ref *m, const struct message_row *row)
{
	struct rows *all = arg;
	struct row *r = ARENA_NEW(all->arena, struct row);

	*r = (struct row){*m, row->uid, all->first};
	all->first = r;
	all->visible |= (row->flags.system & FLAG_DELETED) == 0;
	return 0;
}

enum jmap_step jmap_email_destroy(struct jmap_call *call, struct jmap_set_item *item)
{
	struct rows all = {.arena = &call->arena};
	uint8_t id[16];
	int rc = ERR_NOT_FOUND;

	if (jmap_id_parse(item->key, 'M', id))
		rc = jmap_mail(call)->ops->email(jmap_mail(call), id, gather, &all, NULL);
	if (rc == 0 && !all.visible)
		rc = ERR_NOT_FOUND;
	for (const struct row *r = all.first; rc == 0 && r != NULL; r = r->next)
		rc = expunge(call, &r->mailbox, r->uid);
	return rc < 0 ? jmap_set_error_code(item, rc) : JMAP_DONE;
}

/* ---- the method ---- */

static int state(struct jmap_call *call, struct buf *out)
{
	return jmap_type_state(call->jmap, JMAP_TYPE_EMAIL, out);
}

enum jmap_step jmap_email_set(struct jmap_call *call)
{
	static const struct jmap_set_ops ops = {.create = jmap_email_create, .update = jmap_email_update, .destroy = jmap_email_destroy, .state = state,
	                                        .together = true};

	return jmap_set_run(call, &ops);
}
