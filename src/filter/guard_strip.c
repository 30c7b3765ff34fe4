/* A part that is taken out: a note in its place says so, in three languages, with what was made of it; everything else stays as it was. */
#include "base/codec.h"
#include "base/ensure.h"
#include "base/utf8.h"
#include "filter/guard_internal.h"
#include "mime/compose.h"
#include "mime/param.h"

#define NOTE_MAX 4000
#define NAME_MAX_SHOWN 200
#define FILE_NAME_MAX 120    /* bytes: no line gets too long */

/* The root has the header of the letter: it is not replaced. Parts come in the order of the letter, each once. */
void guard_strip(struct guard *g, const struct mime_part *p, bool convert)
{
	struct filter_guard *ret = g->ret;
	if (p->parent == NULL || ret->strip_count == FILTER_STRIPS_MAX) {
		g->unstrippable = true;
		return;
	}
	for (size_t i = 0; i < ret->strip_count; i++)
		if (ret->strips[i].part == p) {
			ret->strips[i].convert = ret->strips[i].convert && convert;
			return;
		}
	if (ret->strips == NULL)
		ret->strips = arena_alloc_array(g->arena, FILTER_STRIPS_MAX, sizeof *ret->strips);
	ret->strips[ret->strip_count++] = (struct filter_strip){.part = p, .convert = convert};
}

/* English, and the two ways of writing Chinese: name, then what was found. */
static const char *const removed[] = {
	"An attachment was removed because it may be dangerous: %.*s (%.*s). The original is kept sealed for the security officers.\n\n",
	"一个附件因可能存在危险而被移除：%.*s（%.*s）。原件已加密封存，仅供安全管理员处理。\n\n",
	"一個附件因可能有危險而被移除：%.*s（%.*s）。原件已加密封存，僅供資安管理員處理。\n",
};
static const char *const replaced[] = {
	("An attachment was replaced by pictures of its pages because it may be dangerous: %.*s (%.*s). "
	"The original is kept sealed for the security officers.\n\n"),
	"一个附件因可能存在危险，已替换为其页面图像：%.*s（%.*s）。原件已加密封存，仅供安全管理员处理。\n\n",
	"一個附件因可能有危險，已替換為其頁面影像：%.*s（%.*s）。原件已加密封存，僅供資安管理員處理。\n",
};

static void note_append(const struct filter_strip *s, struct slice name, struct slice what, struct buf *out)
{
	const char *const *words = s->convert ? replaced : removed;
	struct buf text = BUF_INIT(NOTE_MAX);

	for (size_t i = 0; i < ARRAY_LEN(removed); i++)
		buf_printf(&text, words[i], SLICE_ARG(name), SLICE_ARG(what));
	compose_text_part(out, buf_slice(&text));
	buf_free(&text);
}

/* RFC 2231 4, RFC 8187: whatever the name holds. */
static void name_append(struct slice name, struct slice ending, struct buf *out)
{
	buf_append_str(out, "Content-Disposition: attachment; filename*=UTF-8''");
	for (size_t i = 0; i < name.n; i++) {
		if (ascii_is_alnum(name.p[i]) || name.p[i] == '.' || name.p[i] == '-' || name.p[i] == '_')
			buf_append_byte(out, name.p[i]);
		else
			buf_printf(out, "%%%02X", name.p[i]);
	}
	buf_append(out, ending);
	buf_append_str(out, "\r\n");
}

static struct slice ending_of(struct slice media)
{
	return slice_eq(media, SLICE("application/pdf")) ? SLICE(".pdf") : slice_eq(media, SLICE("image/jpeg")) ? SLICE(".jpg") : SLICE(".png");
}

/* A part of its own that holds the note and what was made. Neither has the boundary: base64 and quoted-printable write no "=_". */
static void pair_append(const struct filter_strip *s, struct slice name, struct slice what, struct arena *arena, struct buf *out)
{
	struct slice boundary = arena_printf(arena, "=_letterlock_%llu", (unsigned long long)s->part->header_start);

	buf_printf(out, "Content-Type: multipart/mixed; boundary=\"%.*s\"\r\n\r\n", SLICE_ARG(boundary));
	compose_boundary(out, boundary, false);
	note_append(s, name, what, out);
	buf_append_str(out, "\r\n");
	compose_boundary(out, boundary, false);
	buf_printf(out, "Content-Type: %.*s\r\nContent-Transfer-Encoding: base64\r\n", SLICE_ARG(s->media));
	name_append(utf8_prefix(name, FILE_NAME_MAX), ending_of(s->media), out);
	buf_append_str(out, "\r\n");
	base64_encode_lines(s->made, out);
	buf_append_str(out, "\r\n");
	compose_boundary(out, boundary, true);
}

static void part_append(const struct filter_strip *s, const struct filter_guard *guard, struct arena *arena, struct buf *out)
{
	struct buf name = BUF_INIT(4 * NAME_MAX_SHOWN);

	utf8_append_clean(&name, utf8_prefix(mime_part_filename(s->part, arena), NAME_MAX_SHOWN));
	if (buf_len(&name) == 0)
		buf_append_str(&name, "-");
	if (s->convert)
		pair_append(s, buf_slice(&name), guard->worst.name, arena, out);
	else
		note_append(s, buf_slice(&name), guard->worst.name, out);
	buf_free(&name);
}

static const struct filter_strip *next_strip(const struct filter_guard *guard, uint64_t at)
{
	const struct filter_strip *next = NULL;

	for (size_t i = 0; i < guard->strip_count; i++) {
		const struct filter_strip *s = &guard->strips[i];
		if (s->part->header_start >= at && (next == NULL || s->part->header_start < next->part->header_start))
			next = s;
	}
	return next;
}

void filter_guard_strip(const struct filter_guard *guard, struct slice message, struct arena *arena, struct buf *out)
{
	const struct filter_strip *s;
	uint64_t done = 0;

	buf_init(out, message.n + FILTER_STRIPS_MAX * 2 * NOTE_MAX + 2 * FACTS_DOCUMENTS_BYTES);
	for (uint64_t at = 0; at <= message.n && (s = next_strip(guard, at)) != NULL;) {
		buf_append(out, slice_sub(message, (size_t)done, (size_t)s->part->header_start));
		part_append(s, guard, arena, out);
		done = at = s->part->body_end;
	}
	buf_append(out, slice_from(message, (size_t)done));
}
