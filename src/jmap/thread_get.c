/* Thread/get (RFC 8621 3.1): the emails of a thread, the oldest first. */
#include <string.h>

#include "jmap/mail.h"

enum { ID, EMAILS, PROPERTIES };
static const char *const names[PROPERTIES] = {[ID] = "id", [EMAILS] = "emailIds"};

struct printing {
	struct emit *e;
	const struct jmap_get *get;
	const uint8_t *id;
	bool begun;
	uint8_t last[16];
};

static void begin(struct printing *p)
{
	emit_object(p->e);
	emit_key(p->e, names[ID]);
	emit_id(p->e, 'T', p->id);
	if (jmap_wants(p->get, EMAILS)) {
		emit_key(p->e, names[EMAILS]);
		emit_array(p->e);
	}
	p->begun = true;
}

static int print_row(void *arg, const struct mailbox_ref *m, const struct message_row *row)
{
	struct printing *p = arg;

	if ((row->flags.system & FLAG_DELETED) != 0 || (p->begun && memcmp(p->last, row->email_id, sizeof p->last) == 0))
		return 0;
	if (!p->begun)
		begin(p);
	if (jmap_wants(p->get, EMAILS))
		emit_id(p->e, 'M', row->email_id);
	memcpy(p->last, row->email_id, sizeof p->last);
	return 0;
}

static int print_thread(struct jmap_call *call, const struct jmap_get *get, const uint8_t id[16])
{
	struct printing p = {.e = jmap_out(call), .get = get, .id = id};
	int rc = jmap_mail(call)->ops->thread(jmap_mail(call), id, print_row, &p, NULL);

	if (p.begun && jmap_wants(get, EMAILS))
		emit_array_end(p.e);
	if (p.begun)
		emit_object_end(p.e);
	return rc < 0 ? rc : p.begun ? 0 : ERR_NOT_FOUND;
}

struct every {
	uint8_t (*ids)[16];
	size_t count;
};

static int take_thread(void *arg, const struct mailbox_ref *m, const struct message_row *row)
{
	struct every *every = arg;

	for (size_t i = 0; i < every->count; i++) {
		if (memcmp(every->ids[i], row->thread_id, 16) == 0)
			return 0;
	}
	if (every->count == JMAP_GET_MAX)
		return ERR_LIMIT;
	memcpy(every->ids[every->count++], row->thread_id, 16);
	return 0;
}

static int print_every(struct jmap_call *call, const struct jmap_get *get)
{
	struct every every = {.ids = arena_alloc_array(&call->arena, JMAP_GET_MAX, 16)};
	int rc = jmap_mail(call)->ops->newest(jmap_mail(call), NULL, take_thread, &every, NULL);

	for (size_t i = 0; rc == 0 && i < every.count; i++)
		rc = print_thread(call, get, every.ids[i]);
	return rc;
}

enum jmap_step jmap_thread_get(struct jmap_call *call)
{
	struct jmap_get get;
	struct slice state, text;
	uint8_t id[16];
	int rc = 0;

	if (!jmap_get_args(call, names, PROPERTIES, UINT64_MAX, NULL, NULL, &get) || !jmap_state_of(call, JMAP_TYPE_THREAD, &state))
		return JMAP_DONE;
	jmap_get_begin(call, state);
	if (get.all)
		rc = print_every(call, &get);
	while (rc == 0 && jmap_get_next(&get, &text)) {
		rc = jmap_id_parse(text, 'T', id) ? print_thread(call, &get, id) : ERR_NOT_FOUND;
		if (rc == ERR_NOT_FOUND) {
			jmap_get_missing(call, &get, text);
			rc = 0;
		}
	}
	if (rc < 0)
		return jmap_error_code(call, rc);
	jmap_get_end(call, &get);
	return JMAP_DONE;
}
