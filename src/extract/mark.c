/* The watermark: who looks, and when, all over the page. */
#include <pango/pangocairo.h>

#include "base/utf8.h"
#include "extract/extract_in.h"

#define SLOPE (-0.45)     /* radians */
#define STRENGTH 0.16

static PangoLayout *layout_of(cairo_t *c, struct slice text, double size)
{
	PangoLayout *layout = pango_cairo_create_layout(c);
	PangoFontDescription *font = pango_font_description_from_string("Sans, Noto Sans CJK SC");
	struct buf clean = BUF_INIT(4 * EXTRACT_MARK_MAX);

	utf8_append_clean(&clean, text);
	pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
	pango_layout_set_font_description(layout, font);
	pango_layout_set_text(layout, (const char *)buf_slice(&clean).p, (int)buf_len(&clean));
	pango_font_description_free(font);
	buf_free(&clean);
	return layout;
}

void mark_draw(cairo_surface_t *page, struct slice text)
{
	double width = cairo_image_surface_get_width(page), height = cairo_image_surface_get_height(page), reach = width + height;
	double size = width / 45 < 9 ? 9 : width / 45, step;
	cairo_t *c = cairo_create(page);
	PangoLayout *layout = layout_of(c, text, size);
	int w, h;

	pango_layout_get_pixel_size(layout, &w, &h);
	step = w + size * 3;
	cairo_translate(c, width / 2, height / 2);
	cairo_rotate(c, SLOPE);
	/* Dark on what is light, light on what is dark. */
	cairo_set_operator(c, CAIRO_OPERATOR_DIFFERENCE);
	cairo_set_source_rgba(c, 1, 1, 1, STRENGTH);
	for (double y = -reach / 2, odd = 0; y < reach / 2; y += size * 7, odd = odd == 0 ? step / 2 : 0)
		for (double x = -reach / 2 - odd; x < reach / 2; x += step) {
			cairo_move_to(c, x, y);
			pango_cairo_show_layout(c, layout);
		}
	g_object_unref(layout);
	cairo_destroy(c);
}
