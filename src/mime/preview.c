#include "base/utf8.h"
#include "mime/enclosed.h"
#include "mime/limits.h"
#include "mime/structure.h"
#include "mime/text.h"

#define PREVIEW_BODY (64 * 1024) /* bytes of the body that are looked at: HTML starts with much that is not shown */
#define PREVIEW_STEP 512         /* the first of them; each step is twice as long */
#define PREVIEW_TEXT 4096        /* bytes of visible text that are enough */

/* The part that is read first: plain text before HTML, no attachments, nothing of enclosed messages. */
static const struct mime_part *body_part(const struct mime_part *root)
{
	const struct mime_part *html = NULL;

	for (const struct mime_part *part = root; part != NULL; part = mime_part_next(part)) {
		if (part != root && mime_part_is_message(part))
			break;
		if (!slice_eq(part->type, SLICE("text")) || slice_eq(part->disposition, SLICE("attachment")) || part->body_end == part->body_start)
			continue;
		if (slice_eq(part->subtype, SLICE("plain")))
			return part;
		if (html == NULL && slice_eq(part->subtype, SLICE("html")))
			html = part;
	}
	return html;
}

/* Invisible characters that senders pad their first line with. */
static bool is_padding(uint32_t c)
{
	return c == 0xad || c == 0x34f || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f)
		|| c == 0xfeff || c == 0xfffd || (c >= 0x7f && c < 0xa0);
}

static bool is_blank(uint32_t c)
{
	return c <= ' ' || c == 0xa0 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x3000;
}

/* True when the preview is full: what follows does not change it. */
static bool collapse(struct slice text, struct buf *out)
{
	unsigned count = 0;
	bool blank = false;

	while (text.n > 0 && count < MIME_PREVIEW_MAX) {
		bool plain = text.p[0] > ' ' && text.p[0] < 0x7f;
		uint32_t c = plain ? text.p[0] : utf8_next(&text);

		if (!plain && is_padding(c))
			continue;
		if (!plain && is_blank(c)) {
			blank = true;
			continue;
		}
		if (blank && count > 0) {
			if (count + 1 == MIME_PREVIEW_MAX)
				return true;
			buf_append_byte(out, ' ');
			count++;
		}
		blank = false;
		count++;
		if (plain) {
			buf_append_byte(out, (uint8_t)c);
			text = slice_from(text, 1);
		} else {
			utf8_append(out, c);
		}
	}
	return count == MIME_PREVIEW_MAX;
}

static struct slice part_preview(struct slice message, const struct mime_part *part, struct arena *arena)
{
	struct buf text = BUF_INIT(8 * PREVIEW_BODY), out = BUF_INIT(8 * MIME_PREVIEW_MAX);
	struct mime_text *t;
	struct slice ret;

	t = mime_text_open(part, false, arena);
	for (size_t at = part->body_start, step = PREVIEW_STEP; at < part->body_end && at < part->body_start + PREVIEW_BODY; step *= 2) {
		size_t end = part->body_end - at > step ? at + step : part->body_end;

		mime_text_feed(t, slice_sub(message, at, end), end == part->body_end, &text);
		at = end;
		buf_clear(&out);
		if (collapse(buf_slice(&text), &out) || buf_len(&text) >= PREVIEW_TEXT)
			break;
	}
	ret = arena_dup(arena, buf_slice(&out));
	mime_text_close(&t);
	buf_free(&text);
	buf_free(&out);
	return ret;
}

struct slice mime_preview(struct slice message, const struct mime_part *root, struct arena *arena)
{
	const struct mime_part *part = body_part(root);

	if (root->encoded_message) {
		message = mime_enclosed_decode(message, root, arena);
		part = message.n > 0 ? body_part(mime_structure_parse(message, arena)) : NULL;
	}
	return part != NULL ? part_preview(message, part, arena) : SLICE_NONE;
}
