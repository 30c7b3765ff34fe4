/* PDF, by poppler. Scripts and actions are not part of what it draws; nothing is fetched. */
#include <poppler.h>

#include "base/utf8.h"
#include "extract/extract_in.h"

#define ALBUM_SIDE_MAX 20000.0 /* points; PDF allows 14400 */

static cairo_surface_t *draw(struct extract_document *d, uint32_t number, uint32_t width)
{
	PopplerPage *page = poppler_document_get_page(d->state, (int)number);
	double w = 0, h = 0;
	int pixels, lines;
	cairo_surface_t *surface;
	cairo_t *c;

	if (page == NULL)
		return NULL;
	poppler_page_get_size(page, &w, &h);
	page_size(w, h, width, &pixels, &lines);
	surface = page_new(pixels, lines);
	if (surface != NULL) {
		c = cairo_create(surface);
		if (w >= 1 && h >= 1 && w < ALBUM_SIDE_MAX * 100 && h < ALBUM_SIDE_MAX * 100)
			cairo_scale(c, pixels / w, lines / h);
		poppler_page_render(page, c);
		cairo_destroy(c);
	}
	g_object_unref(page);
	return surface;
}

static void close_pdf(struct extract_document *d)
{
	g_object_unref(d->state);
}

static enum extract_status status_of(const GError *error)
{
	return g_error_matches(error, POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED) ? EXTRACT_ENCRYPTED : EXTRACT_DAMAGED;
}

enum extract_status pdf_open(struct extract_document *d)
{
	GBytes *bytes = g_bytes_new_static(d->content.p, d->content.n);
	GError *error = NULL;
	PopplerDocument *pdf = poppler_document_new_from_bytes(bytes, NULL, &error);
	enum extract_status status = pdf != NULL ? EXTRACT_OK : status_of(error);
	int pages = pdf != NULL ? poppler_document_get_n_pages(pdf) : 0;

	g_bytes_unref(bytes);
	g_clear_error(&error);
	if (pdf == NULL)
		return status;
	d->state = pdf;
	d->page = draw;
	d->close = close_pdf;
	d->pages = pages > 0 ? (uint32_t)pages : 0;
	return d->pages > 0 ? EXTRACT_OK : EXTRACT_DAMAGED;
}

enum extract_status pdf_write_text(struct extract_document *d, struct buf *out)
{
	size_t before = buf_len(out);

	for (uint32_t i = 0; i < d->pages && !out->failed; i++) {
		PopplerPage *page = poppler_document_get_page(d->state, (int)i);
		char *text = page != NULL ? poppler_page_get_text(page) : NULL;

		if (text != NULL)
			utf8_append_clean(out, slice_str(text));
		buf_append_byte(out, '\n');
		g_free(text);
		if (page != NULL)
			g_object_unref(page);
	}
	return buf_len(out) - before > d->pages ? EXTRACT_OK : EXTRACT_NOTHING;
}
