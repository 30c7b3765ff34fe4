/* Text laid out in pages of A4. */
#include <pango/pangocairo.h>

#include "extract/extract_in.h"

#define PAPER_WIDTH 794.0   /* units: A4 at 96 to an inch */
#define PAPER_HEIGHT 1123.0
#define MARGIN 64.0
#define FONT "Sans, Noto Sans CJK SC 10.5"
#define PARAGRAPH_MAX 8000  /* bytes that are laid out at once; a longer line is broken there */

/* One walk over the text. `c`: where page `number` is drawn; NULL: pages are only counted. */
struct walk {
	struct slice text;
	uint32_t number, at;    /* at: the page that is being filled */
	double y;
	cairo_t *c;
	PangoLayout *layout;
};

/* The next piece of a line, without its end; a form feed is a piece of its own. */
static struct slice next_piece(struct slice *rest)
{
	size_t n = 0;

	while (n < rest->n && n < PARAGRAPH_MAX && rest->p[n] != '\n' && rest->p[n] != '\f')
		n++;
	while (n == PARAGRAPH_MAX && n > PARAGRAPH_MAX - 4 && n < rest->n && (rest->p[n] & 0xc0) == 0x80)
		n--;
	if (n == 0 && rest->n > 0 && rest->p[0] == '\f')
		n = 1;
	struct slice piece = slice_sub(*rest, 0, n);
	*rest = slice_from(*rest, n);
	if (rest->n > 0 && rest->p[0] == '\n')
		*rest = slice_from(*rest, 1);
	return piece;
}

static void place_line(struct walk *w, PangoLayoutLine *line)
{
	PangoRectangle extents;
	double height;

	pango_layout_line_get_extents(line, NULL, &extents);
	height = (double)extents.height / PANGO_SCALE;
	if (w->y > 0 && w->y + height > PAPER_HEIGHT - 2 * MARGIN) {
		w->at++;
		w->y = 0;
	}
	if (w->c != NULL && w->at == w->number) {
		cairo_move_to(w->c, MARGIN, MARGIN + w->y + (double)PANGO_ASCENT(extents) / PANGO_SCALE);
		pango_cairo_show_layout_line(w->c, line);
	}
	w->y += height;
}

static void place(struct walk *w, struct slice piece)
{
	if (slice_eq(piece, SLICE("\f"))) {
		w->at += w->y > 0;
		w->y = 0;
		return;
	}
	pango_layout_set_text(w->layout, piece.n > 0 ? (const char *)piece.p : "", (int)piece.n);
	for (GSList *l = pango_layout_get_lines_readonly(w->layout); l != NULL; l = l->next)
		place_line(w, l->data);
}

static PangoLayout *layout_new(cairo_t *c)
{
	PangoLayout *layout = pango_cairo_create_layout(c);
	PangoFontDescription *font = pango_font_description_from_string(FONT);
	cairo_font_options_t *options = cairo_font_options_create();

	/* Lines break at the same places whatever the width of the picture. */
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	pango_cairo_context_set_font_options(pango_layout_get_context(layout), options);
	cairo_font_options_destroy(options);
	pango_layout_context_changed(layout);
	pango_layout_set_font_description(layout, font);
	pango_layout_set_width(layout, (int)((PAPER_WIDTH - 2 * MARGIN) * PANGO_SCALE));
	pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
	pango_font_description_free(font);
	return layout;
}

/* Lays everything out up to the end of page `number`. */
static uint32_t walk(struct slice text, cairo_t *c, uint32_t number, bool draws)
{
	struct walk w = {.text = text, .number = number, .c = draws ? c : NULL, .layout = layout_new(c)};

	while (w.text.n > 0 && w.at <= number && w.at < EXTRACT_PAGES_MAX)
		place(&w, next_piece(&w.text));
	g_object_unref(w.layout);
	return w.at + 1;
}

static cairo_surface_t *draw(struct extract_document *d, uint32_t number, uint32_t width)
{
	int pixels, lines;
	cairo_surface_t *page;
	cairo_t *c;

	page_size(PAPER_WIDTH, PAPER_HEIGHT, width, &pixels, &lines);
	page = page_new(pixels, lines);
	if (page == NULL)
		return NULL;
	c = cairo_create(page);
	cairo_scale(c, pixels / PAPER_WIDTH, lines / PAPER_HEIGHT);
	cairo_set_source_rgb(c, 0.1, 0.1, 0.1);
	(void)walk(buf_slice(&d->text), c, number, true);
	cairo_destroy(c);
	return page;
}

enum extract_status paper_open(struct extract_document *d)
{
	cairo_surface_t *nothing = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 1, 1);
	cairo_t *c = cairo_create(nothing);

	d->page = draw;
	d->pages = walk(buf_slice(&d->text), c, EXTRACT_PAGES_MAX, false);
	cairo_destroy(c);
	cairo_surface_destroy(nothing);
	return EXTRACT_OK;
}
