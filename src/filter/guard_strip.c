/* A part that is taken out: a note in its place says so, in three languages; everything else stays as it was. */
#include "base/utf8.h"
#include "filter/guard_internal.h"
#include "mime/compose.h"
#include "mime/param.h"

#define NOTE_MAX 4000
#define NAME_MAX_SHOWN 200

/* The root has the header of the letter: it is not replaced. Parts come in the order of the letter, each once. */
void guard_strip(struct guard *g, const struct mime_part *p)
{
	struct filter_guard *ret = g->ret;
	if (p->parent == NULL || ret->strip_count == FILTER_STRIPS_MAX) {
		g->unstrippable = true;
		return;
	}
	for (size_t i = 0; i < ret->strip_count; i++)
		if (ret->strips[i] == p)
			return;
	if (ret->strips == NULL)
		ret->strips = arena_alloc_array(g->arena, FILTER_STRIPS_MAX, sizeof *ret->strips);
	ret->strips[ret->strip_count++] = p;
}

static void note_append(const struct mime_part *p, const struct filter_guard *guard, struct arena *arena, struct buf *out)
{
	struct buf text = BUF_INIT(NOTE_MAX), name = BUF_INIT(4 * NAME_MAX_SHOWN);
	utf8_append_clean(&name, slice_sub(mime_part_filename(p, arena), 0, NAME_MAX_SHOWN));
	if (buf_len(&name) == 0)
		buf_append_str(&name, "-");
	buf_printf(&text, "An attachment was removed because it may be dangerous: %.*s (%.*s). The original is kept sealed for the security officers.\n\n",
		SLICE_ARG(buf_slice(&name)), SLICE_ARG(guard->worst.name));
	buf_printf(&text, "一个附件因可能存在危险而被移除：%.*s（%.*s）。原件已加密封存，仅供安全管理员处理。\n\n", SLICE_ARG(buf_slice(&name)), SLICE_ARG(guard->worst.name));
	buf_printf(&text, "一個附件因可能有危險而被移除：%.*s（%.*s）。原件已加密封存，僅供資安管理員處理。\n", SLICE_ARG(buf_slice(&name)), SLICE_ARG(guard->worst.name));
	compose_text_part(out, buf_slice(&text));
	buf_free(&text);
	buf_free(&name);
}

void filter_guard_strip(const struct filter_guard *guard, struct slice message, struct arena *arena, struct buf *out)
{
	uint64_t done = 0;
	buf_init(out, message.n + FILTER_STRIPS_MAX * 2 * NOTE_MAX);
	for (uint64_t at = 0; at <= message.n;) {
		const struct mime_part *next = NULL;
		for (size_t i = 0; i < guard->strip_count; i++)
			if (guard->strips[i]->header_start >= at && (next == NULL || guard->strips[i]->header_start < next->header_start))
				next = guard->strips[i];
		if (next == NULL)
			break;
		buf_append(out, slice_sub(message, (size_t)done, (size_t)next->header_start));
		note_append(next, guard, arena, out);
		done = at = next->body_end;
	}
	buf_append(out, slice_from(message, (size_t)done));
}
