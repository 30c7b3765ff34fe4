#include <math.h>

#include "extract/extract_in.h"

void page_size(double page_width, double page_height, uint32_t width, int *ret_width, int *ret_height)
{
	double w = width, h;

	if (!(page_width >= 1) || !(page_height >= 1) || !isfinite(page_width) || !isfinite(page_height)) {
		page_width = 210;
		page_height = 297;
	}
	h = w / page_width * page_height;
	if (h > EXTRACT_HEIGHT_MAX) {
		w = w / h * EXTRACT_HEIGHT_MAX;
		h = EXTRACT_HEIGHT_MAX;
	}
	*ret_width = w < 1 ? 1 : (int)w;
	*ret_height = h < 1 ? 1 : (int)h;
}

cairo_surface_t *page_new(int width, int height)
{
	cairo_surface_t *page = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
	cairo_t *c;

	if (cairo_surface_status(page) != CAIRO_STATUS_SUCCESS) {
		cairo_surface_destroy(page);
		return NULL;
	}
	c = cairo_create(page);
	cairo_set_source_rgb(c, 1, 1, 1);
	cairo_paint(c);
	cairo_destroy(c);
	return page;
}
