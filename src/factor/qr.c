#include "factor/qr.h"

#include <qrencode.h>

#include "base/error.h"
#include "crypt/crypt.h"

#define QUIET 4 /* modules around the code (ISO/IEC 18004) */

struct grid {
	QRcode *code;
	int width; /* with the quiet zone */
};

static int grid_make(struct slice text, struct grid *ret)
{
	if (text.n == 0 || text.n > QR_TEXT_MAX)
		return ERR_LIMIT;
	ret->code = QRcode_encodeData((int)text.n, text.p, 0, QR_ECLEVEL_M);
	ret->width = ret->code != NULL ? ret->code->width + 2 * QUIET : 0;
	return ret->code != NULL ? 0 : ERR_LIMIT;
}

static void grid_free(struct grid *g)
{
	secret_wipe(g->code->data, (size_t)g->code->width * (size_t)g->code->width);
	QRcode_free(g->code);
}

static bool is_dark(const struct grid *g, int x, int y)
{
	int width = g->code->width;
	x -= QUIET;
	y -= QUIET;
	return x >= 0 && y >= 0 && x < width && y < width && (g->code->data[y * width + x] & 1) != 0;
}

/* Dark modules of a row as rectangles one module high. */
static void svg_row(const struct grid *g, int y, struct buf *out)
{
	for (int x = 0, from; x < g->width; x++) {
		if (!is_dark(g, x, y))
			continue;
		for (from = x; is_dark(g, x, y);)
			x++;
		buf_printf(out, "M%d %dh%dv1h-%dz", from, y, x - from, x - from);
	}
}

int qr_svg(struct slice text, struct buf *out)
{
	struct grid g;
	int rc = grid_make(text, &g);
	if (rc != 0)
		return rc;
	buf_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
		"<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/><path fill=\"#000\" d=\"", g.width, g.width, g.width, g.width);
	for (int y = 0; y < g.width; y++)
		svg_row(&g, y, out);
	buf_append_str(out, "\"/></svg>");
	grid_free(&g);
	return out->failed ? ERR_LIMIT : 0;
}

static const char *half(bool upper_dark, bool lower_dark)
{
	return upper_dark ? lower_dark ? " " : "▄" : lower_dark ? "▀" : "█";
}

int qr_blocks(struct slice text, bool colour, struct buf *out)
{
	struct grid g;
	int rc = grid_make(text, &g);
	if (rc != 0)
		return rc;
	for (int y = 0; y < g.width; y += 2) {
		buf_append_str(out, colour ? "\033[97;40m" : "");
		for (int x = 0; x < g.width; x++)
			buf_append_str(out, half(is_dark(&g, x, y), is_dark(&g, x, y + 1)));
		buf_append_str(out, colour ? "\033[0m\n" : "\n");
	}
	grid_free(&g);
	return out->failed ? ERR_LIMIT : 0;
}
