/* Email/import (RFC 8621 4.8): like a /set with creations only. */
#include "jmap/write.h"

struct importing {
	json_t *emails;             /* of the arguments */
	struct jmap_set_item *items;
	struct jmap_storing *storing;
	size_t count, at;
	json_t *properties;
	struct slice old_state;
};

static void forget(struct jmap_call *call)
{
	struct importing *m = call->state;

	json_decref(m->properties);
}

/* Does the header begin like one of RFC 5322? Something else is no message that could be imported; faults behind are mended or kept. */
static bool is_message(struct slice text)
{
	struct slice line;

	while (text.n > 0) {
		size_t name = 0;

		(void)slice_split(&text, '\n', &line);
		if (slice_trim(line).n == 0)
			return false;
		while (name < line.n && line.p[name] > 32 && line.p[name] < 127 && line.p[name] != ':')
			name++;
		if (name > 0 && name < line.n && line.p[name] == ':')
			return true;
	}
	return false;
}

static int copy_blob(struct jmap_call *call, struct jmap_source *blob, struct jmap_letter *letter)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	struct buf piece = BUF_INIT(262144);
	int rc = 0;

	for (uint64_t at = 0; at < blob->size && rc == 0; at += buf_len(&piece)) {
		buf_clear(&piece);
		rc = jmap_source_read(blob, at, blob->size - at < 262144 ? (size_t)(blob->size - at) : 262144, &piece, NULL);
		if (rc == 0 && at == 0 && buf_len(&piece) > 0 && !is_message(buf_slice(&piece)))
			rc = ERR_INVALID;
		if (rc == 0)
			rc = buf_len(&piece) == 0 ? ERR_IO : host->letter_add(host->arg, letter, buf_slice(&piece));
	}
	buf_free_secret(&piece);
	return rc;
}

static int take_letter(struct jmap_call *call, struct jmap_set_item *item, struct jmap_storing *s)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	struct jmap_source blob;
	struct slice id;
	int rc = jmap_id_resolve(call, jmap_text(json_object_get(item->object, "blobId")), &id) ? jmap_source_open(call, id, &blob) : ERR_NOT_FOUND;

	if (rc < 0)
		return rc;
	s->letter = host->letter_new(host->arg);
	rc = s->letter != NULL ? copy_blob(call, &blob, s->letter) : ERR_TEMPORARY;
	if (rc == 0 && blob.size == 0)
		rc = ERR_INVALID;
	jmap_source_close(&blob);
	if (rc < 0 && s->letter != NULL)
		host->letter_free(host->arg, &s->letter);
	return rc;
}

static enum jmap_step import_one(struct jmap_call *call, struct jmap_set_item *item, struct jmap_storing *s)
{
	int rc;

	if (s->begun)
		return jmap_store(call, item, s);
	if (jmap_host(call->jmap)->letter_new == NULL || (jmap_mail(call)->refuses & ACCOUNT_REFUSES_CHANGE) != 0)
		return jmap_set_error(item, "forbidden", SLICE_NONE);
	if (jmap_filing_take(call, item, &s->filing) == JMAP_AGAIN)
		return jmap_set_invalid(item, "mailboxIds");
	if (item->error != NULL)
		return JMAP_DONE;
	rc = take_letter(call, item, s);
	if (rc == ERR_NOT_FOUND)
		return jmap_set_invalid(item, "blobId");
	if (rc == ERR_INVALID)
		return jmap_set_error(item, "invalidEmail", SLICE_NONE);
	return rc < 0 ? jmap_set_error_code(item, rc) : jmap_store(call, item, s);
}

static bool take_items(struct jmap_call *call, struct importing *m)
{
	const char *key;
	json_t *value;

	if (m->emails == NULL || json_object_size(m->emails) > JMAP_SET_MAX) {
		(void)jmap_error(call, m->emails == NULL ? "invalidArguments" : "requestTooLarge", NULL);
		return false;
	}
	m->items = arena_alloc_array(&call->arena, json_object_size(m->emails) + 1, sizeof *m->items);
	m->storing = arena_alloc_array(&call->arena, json_object_size(m->emails) + 1, sizeof *m->storing);
	json_object_foreach(m->emails, key, value) {
		struct jmap_set_item *item = &m->items[m->count++];

		*item = (struct jmap_set_item){.key = slice_str(key), .object = value, .properties = json_array()};
		json_array_append_new(m->properties, item->properties);
		if (!json_is_object(value)) {
			(void)jmap_error(call, "invalidArguments", "An object of \"emails\" is none.");
			return false;
		}
	}
	return true;
}

static bool begin(struct jmap_call *call)
{
	static const char *const names[] = {"ifInState", "emails", NULL};
	struct importing *m = ARENA_NEW(&call->arena, struct importing);
	struct slice wanted = SLICE_NONE;

	m->properties = json_array();
	call->state = m;
	call->forget = forget;
	if (!jmap_args_check(call, names) || !jmap_arg_text(call, "ifInState", &wanted) || !jmap_arg_object(call, "emails", &m->emails)
	    || !jmap_state_of(call, JMAP_TYPE_EMAIL, &m->old_state))
		return false;
	if (wanted.p != NULL && !slice_eq(wanted, m->old_state)) {
		(void)jmap_error(call, "stateMismatch", NULL);
		return false;
	}
	return take_items(call, m);
}

static void put_items(struct jmap_call *call, const struct importing *m, const char *name, bool failed)
{
	struct emit *e = jmap_out(call);
	bool any = false;

	emit_key(e, name);
	for (size_t i = 0; i < m->count; i++) {
		const struct jmap_set_item *item = &m->items[i];

		if ((item->error != NULL) != failed)
			continue;
		if (!any)
			emit_object(e);
		any = true;
		emit_key_text(e, item->key);
		emit_object(e);
		emit_member_text(e, failed ? "type" : "id", failed ? slice_str(item->error) : item->id);
		if (item->description.n > 0)
			emit_member_text(e, "description", item->description);
		if (json_array_size(item->properties) > 0) {
			emit_key(e, "properties");
			emit_json(e, item->properties);
		}
		if (item->members.n > 0)
			emit_raw(e, item->members);
		emit_object_end(e);
	}
	if (any)
		emit_object_end(e);
	else
		emit_null(e);
}

static enum jmap_step answer(struct jmap_call *call, const struct importing *m)
{
	struct slice state;

	if (!jmap_state_of(call, JMAP_TYPE_EMAIL, &state))
		return JMAP_DONE;
	jmap_answer_begin(call, NULL);
	emit_member_text(jmap_out(call), "accountId", jmap_account_name(call->jmap));
	emit_member_text(jmap_out(call), "oldState", m->old_state);
	emit_member_text(jmap_out(call), "newState", state);
	put_items(call, m, "created", false);
	put_items(call, m, "notCreated", true);
	jmap_answer_end(call);
	return JMAP_DONE;
}

enum jmap_step jmap_email_import(struct jmap_call *call)
{
	struct importing *m;

	if (call->state == NULL && !begin(call))
		return JMAP_DONE;
	m = call->state;
	for (; m->at < m->count; m->at++) {
		struct jmap_set_item *item = &m->items[m->at];

		if (import_one(call, item, &m->storing[m->at]) == JMAP_WAIT)
			return JMAP_WAIT;
		if (item->error == NULL)
			jmap_id_created(call, item->key, item->id);
	}
	return answer(call, m);
}
