/* A PDF that holds nothing but one picture for each page. */
#include <cairo-pdf.h>
#include <stdlib.h>
#include <string.h>

#include "extract/extract_in.h"

#define PAPER_WIDTH 595.28 /* points: A4 */

static cairo_status_t take(void *closure, const unsigned char *data, unsigned length)
{
	struct buf *out = closure;

	buf_append_bytes(out, data, length);
	return out->failed ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

/* cairo puts the JPEG into the PDF as it is. */
static bool attach_jpeg(cairo_surface_t *page)
{
	struct buf jpeg = BUF_INIT(EXTRACT_RESULT_MAX);
	unsigned char *copy = NULL;
	bool good = encode_jpeg(page, &jpeg);
	size_t n = buf_len(&jpeg);

	if (good)
		copy = malloc(n);
	if (copy != NULL)
		memcpy(copy, buf_slice(&jpeg).p, n);
	good = copy != NULL && cairo_surface_set_mime_data(page, CAIRO_MIME_TYPE_JPEG, copy, n, free, copy) == CAIRO_STATUS_SUCCESS;
	buf_free(&jpeg);
	return good;
}

static bool add_page(cairo_surface_t *pdf, cairo_t *c, cairo_surface_t *page)
{
	double width = cairo_image_surface_get_width(page), height = cairo_image_surface_get_height(page), scale = PAPER_WIDTH / width;

	if (!attach_jpeg(page))
		return false;
	cairo_pdf_surface_set_size(pdf, PAPER_WIDTH, height * scale);
	cairo_save(c);
	cairo_scale(c, scale, scale);
	cairo_set_source_surface(c, page, 0, 0);
	cairo_paint(c);
	cairo_restore(c);
	cairo_show_page(c);
	return cairo_status(c) == CAIRO_STATUS_SUCCESS;
}

enum extract_status album_write(struct extract_document *d, struct slice mark, struct buf *out)
{
	cairo_surface_t *pdf = cairo_pdf_surface_create_for_stream(take, out, PAPER_WIDTH, PAPER_WIDTH);
	cairo_t *c = cairo_create(pdf);
	enum extract_status status = EXTRACT_OK;

	for (uint32_t i = 0; i < d->pages && status == EXTRACT_OK; i++) {
		cairo_surface_t *page = d->page(d, i, EXTRACT_ALBUM_WIDTH);
		if (page == NULL) {
			status = EXTRACT_DAMAGED;
			break;
		}
		if (mark.n > 0)
			mark_draw(page, mark);
		if (!add_page(pdf, c, page))
			status = EXTRACT_TOO_LARGE;
		cairo_surface_destroy(page);
	}
	cairo_destroy(c);
	cairo_surface_finish(pdf);
	if (status == EXTRACT_OK && (out->failed || cairo_surface_status(pdf) != CAIRO_STATUS_SUCCESS))
		status = EXTRACT_TOO_LARGE;
	cairo_surface_destroy(pdf);
	return status;
}
