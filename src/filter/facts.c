#include "filter/filter_internal.h"

#define FACT_BYTES_MAX 4096 /* of the fact that is minted for a reverse-path */

bool filter_fact_needs_epoch(const struct recipient_fact *fact)
{
	return fact->kind == FACT_REMOTE || (filter_notify(fact->notify) & NOTIFY_SUCCESS) != 0;
}

bool filter_needs_epoch(const struct envelope *e)
{
	struct slice list = e->recipients, whole;
	struct recipient_fact fact;

	if (e->source == ENVELOPE_APPEND)
		return false;
	while (list.n > 0 && fact_peek_recipient(&list, &fact, &whole) == 0)
		if (filter_fact_needs_epoch(&fact))
			return true;
	return false;
}

bool filter_all_have(const struct envelope *e, uint8_t flag)
{
	struct slice list = e->recipients, whole;
	struct recipient_fact fact;
	bool any = false;

	while (list.n > 0 && fact_peek_recipient(&list, &fact, &whole) == 0) {
		if ((fact.flags & flag) == 0)
			return false;
		any = true;
	}
	return any;
}

uint8_t filter_notify(struct slice notify)
{
	static const struct {
		struct slice word;
		uint8_t bit;
	} words[] = {
		{SLICE_INIT("NEVER"), NOTIFY_NEVER}, {SLICE_INIT("SUCCESS"), NOTIFY_SUCCESS}, {SLICE_INIT("FAILURE"), NOTIFY_FAILURE},
		{SLICE_INIT("DELAY"), NOTIFY_DELAY},
	};
	struct slice word;
	uint8_t bits = 0;

	while (slice_split(&notify, ',', &word))
		for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
			if (slice_eq_nocase(slice_trim(word), words[i].word))
				bits |= words[i].bit;
	return bits;
}

static bool kind_fits(const struct envelope *e, enum fact_kind kind)
{
	if (e->source == ENVELOPE_APPEND)
		return kind == FACT_OWN;
	return kind == FACT_LOCAL || kind == FACT_REMOTE;
}

static int recipients_read(const struct envelope *e, const uint8_t secret[32], struct arena *arena, struct filter_facts *ret, struct error *err)
{
	struct slice list = e->recipients;
	size_t room = e->recipient_count;

	if (room == 0 || room > SEAL_READERS_MAX - 1 || (e->source == ENVELOPE_APPEND && room != 1))
		return error_set(err, ERR_INVALID, "envelope with %zu recipients", room);
	ret->recipients = arena_alloc_array(arena, room, sizeof *ret->recipients);
	while (list.n > 0) {
		int code;

		if (ret->count == room)
			return error_set(err, ERR_INVALID, "more recipient facts than told");
		code = fact_read_recipient(&list, secret, &ret->recipients[ret->count]);
		if (code < 0)
			return error_set(err, code, "recipient fact %zu does not verify", ret->count);
		if (!kind_fits(e, ret->recipients[ret->count++].kind))
			return error_set(err, ERR_INVALID, "recipient fact of a wrong kind");
	}
	return ret->count == room ? 0 : error_set(err, ERR_INVALID, "fewer recipient facts than told");
}

/* The sender fact, then the recipient fact of the same account for notifications. */
static int sender_read(const struct envelope *e, const uint8_t secret[32], struct arena *arena, struct filter_facts *ret, struct error *err)
{
	struct slice list = e->sender;
	struct recipient_fact own;
	int code = fact_read_sender(&list, secret, arena, &ret->sender);

	if (code < 0)
		return error_set(err, code, "the sender fact does not verify");
	if (list.n == 0 || e->reverse_path.n == 0)
		return 0;
	ret->dsn_fact = list;
	code = fact_read_recipient(&list, secret, &own);
	if (code < 0 || list.n > 0)
		return error_set(err, code < 0 ? code : ERR_INVALID, "the sender's own recipient fact does not verify");
	return 0;
}

/* Mail from outside is returned to its reverse-path. */
static void remote_mint(const struct envelope *e, const uint8_t secret[32], struct arena *arena, struct filter_facts *ret)
{
	struct recipient_fact fact = {.kind = FACT_REMOTE, .address = e->reverse_path, .notify = SLICE("NEVER")};
	struct buf out = BUF_INIT(FACT_BYTES_MAX);

	fact_write_recipient(&out, &fact, secret);
	if (!out.failed)
		ret->dsn_fact = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
}

int filter_facts_read(const struct envelope *e, const uint8_t secret[32], struct arena *arena, struct filter_facts *ret, struct error *err)
{
	int code = recipients_read(e, secret, arena, ret, err);

	if (code == 0 && envelope_is_ours(e))
		code = sender_read(e, secret, arena, ret, err);
	if (code == 0 && (e->source == ENVELOPE_SMTP || e->source == ENVELOPE_BEHIND) && e->reverse_path.n > 0)
		remote_mint(e, secret, arena, ret);
	return code;
}
