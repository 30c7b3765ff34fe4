#include "extract/extract.h"

#include <fontconfig/fontconfig.h>

#include "base/charset.h"
#include "base/ensure.h"
#include "extract/extract_in.h"

/* Pango is not warmed: it starts a thread, which a fork would lose. */
void extract_warm(void)
{
	charset_warm();
	FcInit();
	FcConfigSetRescanInterval(NULL, 0);
}

/* ---- what is read how ---- */

static enum extract_status open_text(struct extract_document *d, struct slice charset)
{
	enum extract_status status;

	buf_init(&d->text, EXTRACT_TEXT_MAX);
	status = text_read(d->content, d->type, charset, &d->text);
	d->cut = d->text.failed;
	return status == EXTRACT_OK ? paper_open(d) : status;
}

static enum extract_status open_document(struct extract_document *d, const struct extract_request *request)
{
	if (d->content.n > EXTRACT_DOCUMENT_MAX)
		return EXTRACT_TOO_LARGE;
	if (d->type == FILE_pdf)
		return pdf_open(d);
	if (inspect_type_family(d->type) == INSPECT_FAMILY_IMAGE)
		return image_open(d);
	return open_text(d, request->charset);
}

/* ---- what is wanted ---- */

static bool encode(const struct extract_document *d, cairo_surface_t *page, struct extract_answer *ret, struct buf *out)
{
	ret->media = d->photo ? EXTRACT_JPEG : EXTRACT_PNG;
	ret->width = (uint32_t)cairo_image_surface_get_width(page);
	ret->height = (uint32_t)cairo_image_surface_get_height(page);
	return d->photo ? encode_jpeg(page, out) : encode_png(page, out);
}

static enum extract_status give_page(struct extract_document *d, uint32_t number, uint32_t width, struct slice mark,
	struct extract_answer *ret, struct buf *out)
{
	cairo_surface_t *page;
	bool good;

	if (number >= d->pages)
		return EXTRACT_NO_PAGE;
	width = width < EXTRACT_WIDTH_MIN ? EXTRACT_WIDTH_MIN : width > EXTRACT_WIDTH_MAX ? EXTRACT_WIDTH_MAX : width;
	page = d->page(d, number, width);
	if (page == NULL)
		return EXTRACT_DAMAGED;
	if (mark.n > 0)
		mark_draw(page, mark);
	good = encode(d, page, ret, out);
	cairo_surface_destroy(page);
	return good ? EXTRACT_OK : EXTRACT_TOO_LARGE;
}

static enum extract_status give_text(struct extract_document *d, struct extract_answer *ret, struct buf *out)
{
	ret->media = EXTRACT_PLAIN;
	if (d->type == FILE_pdf)
		return pdf_write_text(d, out);
	if (buf_len(&d->text) == 0)
		return EXTRACT_NOTHING;
	buf_append(out, buf_slice(&d->text));
	return EXTRACT_OK;
}

static enum extract_status convert(struct extract_document *d, struct slice mark, struct extract_answer *ret, struct buf *out)
{
	if (d->picture)
		return give_page(d, 0, EXTRACT_WIDTH_MAX, mark, ret, out);
	if (d->pages > EXTRACT_ALBUM_PAGES_MAX || d->cut)
		return EXTRACT_TOO_LARGE;
	ret->media = EXTRACT_PDF;
	return album_write(d, mark, out);
}

static enum extract_status give(struct extract_document *d, const struct extract_request *request, struct extract_answer *ret,
	struct buf *out)
{
	struct slice mark = slice_sub(request->mark, 0, EXTRACT_MARK_MAX);

	switch (request->want) {
	case EXTRACT_LOOK:
		return EXTRACT_OK;
	case EXTRACT_PAGE:
		return request->page == 0 ? EXTRACT_NO_PAGE : give_page(d, request->page - 1, request->width, mark, ret, out);
	case EXTRACT_TEXT:
		return give_text(d, ret, out);
	case EXTRACT_CONVERT:
		return convert(d, mark, ret, out);
	case EXTRACT_WANT_COUNT:
		break;
	}
	UNREACHABLE();
}

void extract_run(struct slice document, const struct extract_request *request, struct extract_answer *ret, struct buf *out)
{
	struct extract_document d = {.content = document, .type = inspect_type_of(document, request->name)};

	*ret = (struct extract_answer){.type = d.type};
	ret->status = open_document(&d, request);
	if (ret->status == EXTRACT_OK && d.pages > EXTRACT_PAGES_MAX) {
		d.pages = EXTRACT_PAGES_MAX;
		d.cut = true;
	}
	ret->pages = d.pages;
	ret->cut = d.cut;
	if (ret->status == EXTRACT_OK)
		ret->status = give(&d, request, ret, out);
	if (d.close != NULL)
		d.close(&d);
	buf_free(&d.text);
}
