#include "jmap/sent.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "crypt/hash.h"
#include "jmap/private.h"

#define LOAD_MAX 20000 /* submissions of an account that are looked at */

/* ---- asking ---- */

static bool can_ask(const struct jmap_call *call)
{
	return jmap_host(call->jmap)->sent != NULL;
}

static void keep_page(struct jmap_call *call, struct jmap_sent_load *l)
{
	for (size_t i = 0; i < l->page.count && l->count < LOAD_MAX; i++) {
		if (l->count == l->room) {
			struct jmap_sent *wider;

			l->room = l->room == 0 ? 300 : l->room * 2;
			wider = arena_alloc_array(&call->arena, l->room, sizeof *wider);
			if (l->count > 0)
				memcpy(wider, l->all, l->count * sizeof *wider);
			l->all = wider;
		}
		l->all[l->count++] = l->page.list[i];
		l->after = l->page.list[i].change;
	}
	l->state = l->page.state;
	l->floor = l->page.floor;
}

enum jmap_step jmap_sent_load(struct jmap_call *call, struct jmap_sent_load *l)
{
	const struct jmap_host *host = jmap_host(call->jmap);

	if (l->done)
		return JMAP_DONE;
	if (!can_ask(call)) {
		l->code = ERR_TEMPORARY;
		l->done = true;
		return JMAP_DONE;
	}
	if (l->asked) {
		l->code = l->page.code;
		if (l->code == 0)
			keep_page(call, l);
		l->done = l->code < 0 || !l->page.more || l->count >= LOAD_MAX;
		if (l->done)
			return JMAP_DONE;
	}
	l->asked = true;
	host->sent(host->arg, call, JMAP_SENT_LIST, NULL, l->after, &l->page);
	return JMAP_WAIT;
}

enum jmap_step jmap_sent_ask_one(struct jmap_call *call, struct jmap_sent_question *q, enum jmap_sent_ask ask, const uint8_t id[16])
{
	const struct jmap_host *host = jmap_host(call->jmap);

	if (q->asked || !can_ask(call)) {
		if (!q->asked)
			q->answer.code = ERR_TEMPORARY;
		return JMAP_DONE;
	}
	q->asked = true;
	host->sent(host->arg, call, ask, id, 0, &q->answer);
	return JMAP_WAIT;
}

/* ---- what is kept with them ---- */

void jmap_sent_data_read(struct jmap_call *call, struct slice data, struct jmap_sent_data *ret)
{
	json_t *j = json_loadb((const char *)data.p, data.n, 0, NULL);

	*ret = (struct jmap_sent_data){.identity = arena_dup(&call->arena, jmap_text(json_object_get(j, "identity"))),
		.email = arena_dup(&call->arena, jmap_text(json_object_get(j, "email"))), .thread = arena_dup(&call->arena, jmap_text(json_object_get(j, "thread"))),
		.confidential = json_is_true(json_object_get(j, "confidential"))};
	json_decref(j);
}

struct slice jmap_sent_data_write(struct jmap_call *call, const struct jmap_sent_data *d)
{
	return arena_printf(&call->arena, "{\"identity\":\"%.*s\",\"email\":\"%.*s\",\"thread\":\"%.*s\"%s}", SLICE_ARG(d->identity), SLICE_ARG(d->email),
	                    SLICE_ARG(d->thread), d->confidential ? ",\"confidential\":true" : "");
}

struct slice jmap_sent_state_text(struct jmap_call *call, uint64_t state)
{
	return arena_printf(&call->arena, "s%llx", (unsigned long long)state);
}

bool jmap_sent_state_read(struct slice text, uint64_t *ret)
{
	*ret = 0;
	if (text.n < 2 || text.n > 17 || text.p[0] != 's')
		return false;
	for (size_t i = 1; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (!ascii_is_digit(c) && (c < 'a' || c > 'f'))
			return false;
		*ret = *ret << 4 | (uint64_t)(ascii_is_digit(c) ? c - '0' : c - 'a' + 10);
	}
	return *ret <= INT64_MAX;
}

int jmap_submission_state(struct jmap *j, struct buf *out)
{
	buf_printf(out, "s%llx", (unsigned long long)(j->host.sent_state != NULL ? j->host.sent_state(j->host.arg) : 0));
	return 0;
}

/* RFC 8621 1.3.2. */
void jmap_submission_account(struct jmap *j, struct emit *e)
{
	emit_object(e);
	emit_member_number(e, "maxDelayedSend", JMAP_SEND_DELAY_MAX);
	emit_key(e, "submissionExtensions");
	emit_object(e);
	emit_key(e, "FUTURERELEASE");
	emit_array(e);
	emit_text(e, SLICE("2592000")); /* JMAP_SEND_DELAY_MAX */
	emit_array_end(e);
	emit_key(e, "DSN");
	emit_array(e);
	emit_array_end(e);
	emit_object_end(e);
	emit_object_end(e);
}

/* Of our own: docs/recall.md, docs/confidential.md. */
void jmap_letters_account(struct jmap *j, struct emit *e)
{
	int64_t longest = j->host.confidential_longest != NULL ? j->host.confidential_longest(j->host.arg) : -1;

	emit_object(e);
	emit_member_number(e, "recallWithin", j->host.recall_within != NULL ? j->host.recall_within(j->host.arg) : 0);
	emit_member_bool(e, "confidential", longest >= 0);
	emit_member_number(e, "confidentialLongest", longest >= 0 ? longest : 0);
	emit_object_end(e);
}

const char *jmap_sent_undo(const struct jmap_sent *s)
{
	static const char *const names[] = {[JMAP_SENT_PENDING] = "pending", [JMAP_SENT_FINAL] = "final", [JMAP_SENT_CANCELED] = "canceled"};

	return names[s->state];
}

/* ---- identities ---- */

void jmap_identity_id(struct slice address, struct buf *out)
{
	uint8_t hash[HASH_SIZE];

	hash_blake2b(address, NULL, hash, sizeof hash);
	buf_append_byte(out, 'I');
	hex_encode(slice_make(hash, 16), out);
}

struct slice jmap_identity_address(const struct jmap_sender *sender, struct slice id)
{
	struct buf text = BUF_INIT(64);
	struct slice ret = SLICE_NONE;

	for (size_t i = 0; i < sender->address_count && ret.n == 0; i++) {
		buf_clear(&text);
		jmap_identity_id(sender->addresses[i], &text);
		if (slice_eq(buf_slice(&text), id))
			ret = sender->addresses[i];
	}
	buf_free(&text);
	return ret;
}

bool jmap_sender_owns(const struct jmap_sender *sender, struct slice address)
{
	ptrdiff_t at = slice_rfind(address, '@');

	for (size_t i = 0; i < sender->address_count; i++) {
		struct slice own = sender->addresses[i];
		bool domain = own.n > 0 && own.p[0] == '@';

		if (domain ? at >= 0 && slice_eq_nocase(slice_from(address, (size_t)at), own) : slice_eq_nocase(address, own))
			return true;
	}
	return false;
}
