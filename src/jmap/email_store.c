/* Letters of the host into mailboxes: Email/set create, Email/import. */
#include <string.h>

#include "jmap/date.h"
#include "jmap/write.h"

/* ---- where it goes ---- */

static bool take_keywords(struct jmap_call *call, struct jmap_set_item *item, struct jmap_filing *ret)
{
	json_t *keywords = json_object_get(item->object, "keywords"), *value;
	const char *name;

	if (keywords == NULL || json_is_null(keywords))
		return true;
	if (!json_is_object(keywords))
		return false;
	json_object_foreach(keywords, name, value) {
		struct flag_set bits = {0};
		int rc = json_is_true(value) ? jmap_keyword_bits(jmap_mail(call), slice_str(name), true, &bits) : ERR_INVALID;

		if (rc == ERR_LIMIT) {
			(void)jmap_set_error(item, "tooManyKeywords", SLICE_NONE);
			return true;
		}
		if (rc < 0)
			return false;
		ret->flags.system |= bits.system;
		ret->flags.keywords |= bits.keywords;
	}
	return true;
}

static enum jmap_step take_mailboxes(struct jmap_call *call, struct jmap_set_item *item, struct jmap_filing *ret)
{
	json_t *ids = json_object_get(item->object, "mailboxIds"), *value;
	struct jmap_mailboxes list;
	const char *text;
	int rc = jmap_mailboxes_list(jmap_mail(call), &call->arena, &list);

	if (rc < 0)
		return jmap_set_error_code(item, rc);
	if (!json_is_object(ids) || json_object_size(ids) == 0)
		return jmap_set_invalid(item, "mailboxIds");
	if (json_object_size(ids) > sizeof ret->mailboxes / sizeof ret->mailboxes[0])
		return jmap_set_error(item, "tooManyMailboxes", SLICE_NONE);
	json_object_foreach(ids, text, value) {
		const struct mailbox_info *m;
		struct slice id;

		if (!jmap_id_resolve(call, slice_str(text), &id))
			return JMAP_AGAIN;
		m = jmap_mailbox_by_text(&list, id);
		if (m == NULL || !m->exists || !json_is_true(value))
			return jmap_set_invalid(item, "mailboxIds");
		memcpy(ret->mailboxes[ret->mailbox_count++].id, m->id, 16);
	}
	return JMAP_DONE;
}

enum jmap_step jmap_filing_take(struct jmap_call *call, struct jmap_set_item *item, struct jmap_filing *ret)
{
	const json_t *received = json_object_get(item->object, "receivedAt");
	enum jmap_step step;

	*ret = (struct jmap_filing){.received = jmap_now(call)};
	if ((step = take_mailboxes(call, item, ret)) == JMAP_AGAIN)
		return step;
	if (received != NULL && !json_is_null(received) && jmap_date_parse(jmap_text(received), true, &ret->received) < 0)
		(void)jmap_set_invalid(item, "receivedAt");
	if (!take_keywords(call, item, ret))
		(void)jmap_set_invalid(item, "keywords");
	return JMAP_DONE;
}

/* ---- into the first mailbox, then into the others ---- */

enum jmap_step jmap_write_error(struct jmap_set_item *item, int code, const struct error *err)
{
	if (code == ERR_INVALID)
		return jmap_set_error(item, "invalidProperties", slice_str(err != NULL ? err->private_text : ""));
	return jmap_set_error_code(item, code);
}

int jmap_letter_write(void *arg, struct slice bytes, struct error *err)
{
	const struct jmap_letter_sink *sink = arg;
	const struct jmap_host *host = jmap_host(sink->call->jmap);

	return host->letter_add(host->arg, sink->letter, bytes);
}

static int take_row(void *arg, const struct message_row *row)
{
	*(struct message_row *)arg = *row;
	return 0;
}

/* The client knows it from now on. */
static void tell(struct jmap_call *call, struct jmap_set_item *item, const struct message_row *row)
{
	struct buf id = BUF_INIT(100), blob = BUF_INIT(100), thread = BUF_INIT(100);

	jmap_id_print('M', row->email_id, &id);
	jmap_id_print('T', row->thread_id, &thread);
	jmap_blob_print(row->email_id, 0, &blob);
	item->id = arena_dup(&call->arena, buf_slice(&id));
	item->members = arena_printf(&call->arena, "\"blobId\":\"%.*s\",\"threadId\":\"%.*s\",\"size\":%llu", SLICE_ARG(buf_slice(&blob)),
	                             SLICE_ARG(buf_slice(&thread)), (unsigned long long)row->size);
	buf_free(&id);
	buf_free(&blob);
	buf_free(&thread);
}

static enum jmap_step stored(struct jmap_call *call, struct jmap_set_item *item, struct jmap_storing *s)
{
	struct account *mail = jmap_mail(call);
	struct message_row row = {0};
	struct uid_set uids = {0};
	struct copy_result copied;
	int rc = mail->ops->messages(mail, &s->filing.mailboxes[0], s->done.uid, s->done.uid, 0, take_row, &row, NULL);

	uid_set_add(&uids, s->done.uid);
	for (size_t i = 1; i < s->filing.mailbox_count && rc == 0; i++)
		rc = mail->ops->copy(mail, &s->filing.mailboxes[0], &uids, &s->filing.mailboxes[i], false, &call->arena, &copied, NULL);
	uid_set_free(&uids);
	if (rc < 0 || row.uid == 0)
		return jmap_set_error_code(item, rc < 0 ? rc : ERR_TEMPORARY);
	tell(call, item, &row);
	return JMAP_DONE;
}

enum jmap_step jmap_store(struct jmap_call *call, struct jmap_set_item *item, struct jmap_storing *s)
{
	const struct jmap_host *host = jmap_host(call->jmap);

	if (!s->begun) {
		struct append_input input = {.mailbox = s->filing.mailboxes[0], .flags = s->filing.flags, .internal_date = s->filing.received};

		s->begun = true;
		host->letter_append(host->arg, &s->letter, call, &input, &s->done);
		return JMAP_WAIT;
	}
	if (s->done.code < 0)
		return jmap_set_error_code(item, s->done.code);
	return stored(call, item, s);
}
