#include "filter/view.h"

#include "base/charset.h"
#include "base/error.h"

void filter_view_add(const struct filter_view_item *item, struct buf *bundle)
{
	buf_put_u8(bundle, (uint8_t)item->kind);
	buf_put_bytes(bundle, item->charset);
	buf_put_bytes(bundle, item->id);
	buf_put_bytes(bundle, item->location);
	buf_put_bytes(bundle, item->type);
	buf_put_bytes(bundle, item->content);
}

static bool item_next(struct slice *bundle, struct filter_view_item *ret)
{
	uint8_t kind;
	bool good = slice_get_u8(bundle, &kind) && slice_get_bytes(bundle, &ret->charset) && slice_get_bytes(bundle, &ret->id)
		&& slice_get_bytes(bundle, &ret->location) && slice_get_bytes(bundle, &ret->type) && slice_get_bytes(bundle, &ret->content);

	ret->kind = (enum filter_view_part)kind;
	return good && kind <= FILTER_PART_MARK;
}

/* To UTF-8; what is too long to be shown is not decoded. */
static struct slice decoded(const struct filter_view_item *item, struct arena *arena)
{
	struct buf out = BUF_INIT(HTML_TEXT_MAX * 4);
	struct slice text;

	charset_decode(item->charset, slice_sub(item->content, 0, HTML_TEXT_MAX), &out);
	text = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return text;
}

struct parts {
	struct html_part texts[HTML_PARTS_MAX];
	struct html_image images[HTML_IMAGES_MAX];
	size_t text_count, image_count;
	struct slice mark;
};

static void take(struct parts *p, const struct filter_view_item *item, struct arena *arena)
{
	if (item->kind == FILTER_PART_IMAGE) {
		if (p->image_count < HTML_IMAGES_MAX)
			p->images[p->image_count++] = (struct html_image){item->id, item->location, item->type, item->content};
	} else if (item->kind == FILTER_PART_MARK) {
		p->mark = item->content;
	} else if (p->text_count < HTML_PARTS_MAX) {
		p->texts[p->text_count++] = (struct html_part){.content = decoded(item, arena), .is_html = item->kind == FILTER_PART_HTML,
			.flowed = item->kind == FILTER_PART_FLOWED || item->kind == FILTER_PART_FLOWED_DELSP, .delsp = item->kind == FILTER_PART_FLOWED_DELSP};
	}
}

int filter_view(struct slice bundle, unsigned flags, struct slice leave, struct slice language, struct arena *arena, struct buf *out,
	struct html_report *report, struct error *err)
{
	struct parts *p = ARENA_NEW(arena, struct parts);
	struct html_view view = {.as_text = (flags & FILTER_VIEW_TEXT) != 0, .script = (flags & FILTER_VIEW_SCRIPT) != 0,
		.print = (flags & FILTER_VIEW_PRINT) != 0};
	struct filter_view_item item;

	while (bundle.n > 0) {
		if (!item_next(&bundle, &item))
			return error_set(err, ERR_INVALID, "malformed bundle");
		take(p, &item, arena);
	}
	view.parts = p->texts;
	view.part_count = p->text_count;
	view.mark = p->mark;
	view.options = (struct html_options){.profile = (flags & FILTER_VIEW_QUOTE) != 0 ? HTML_QUOTE : HTML_VIEW,
		.images = (flags & FILTER_VIEW_IMAGES) != 0, .theme = (flags & FILTER_VIEW_DARK) != 0 ? HTML_DARK : HTML_LIGHT, .leave = leave,
		.language = language, .parts = p->images, .part_count = p->image_count};
	html_view_write(&view, arena, out, report);
	return out->failed ? error_set(err, ERR_LIMIT, "the document is too long") : 0;
}
