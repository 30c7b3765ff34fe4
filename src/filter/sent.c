/* What our own people send is remembered too: whom they write to is no stranger, and an answer to them is expected. */
#include "filter/filter_internal.h"
#include "filter/judge_internal.h"
#include "queue/memory.h"

#define KEEP_OUT_S (400u * 86400)
#define KEEP_SENT_S (60u * 86400)
#define OUT_MAX 40 /* recipients of one letter that become known by it: a mailing is no acquaintance */

struct slice judge_memory_key(struct arena *arena, const char *kind, struct slice what)
{
	uint8_t *text = arena_alloc(arena, what.n + 1);
	for (size_t i = 0; i < what.n; i++)
		text[i] = ascii_lower(what.p[i]);
	return slice_sub(arena_printf(arena, "%s:%.*s", kind, (int)what.n, (const char *)text), 0, FACTS_NAME_MAX - 2);
}

struct slice filter_sent_notes(const struct envelope *e, struct slice message, struct arena *arena)
{
	struct slice list = e->recipients, whole, id, ret;
	struct slice header = slice_sub(message, 0, mime_header_length(message));
	struct buf out = BUF_INIT(MEMORY_NOTES_BYTES);
	struct recipient_fact fact;
	struct mime_field field;
	for (unsigned i = 0; i < OUT_MAX && list.n > 0 && fact_peek_recipient(&list, &fact, &whole) == 0; i++) {
		struct memory_note known = {.act = MEMORY_COUNT, .key = judge_memory_key(arena, "out", fact.address), .keep_s = KEEP_OUT_S};
		if (fact.kind == FACT_REMOTE)
			memory_note_encode(&known, &out);
	}
	if (buf_len(&out) > 0 && mime_header_find(header, SLICE("Message-ID"), &field)) {
		id = slice_trim(mime_unfold(arena, field.value));
		struct memory_note sent = {.act = MEMORY_PUT, .key = judge_memory_key(arena, "sent", id), .value = SLICE("1"), .keep_s = KEEP_SENT_S};
		if (id.n > 0)
			memory_note_encode(&sent, &out);
	}
	ret = out.failed ? SLICE_NONE : arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}
