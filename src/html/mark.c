#include "html/mark.h"

#include "base/codec.h"
#include "base/ensure.h"
#include "base/utf8.h"
#include "html/safe.h"

#define PICTURE_MAX 16384
#define LINE_HEIGHT 18
#define MARGIN 90      /* pixels around the text of a tile */
#define WIDTH 8        /* pixels of one letter, about; a character outside ASCII has the width of two */

static const char sheet[] =
	"@layer ll{\n"
	"html,html *{user-select:none!important;-webkit-user-select:none!important;-webkit-touch-callout:none!important}\n"
	"html img{-webkit-user-drag:none!important}\n"
	"#ll-letter{display:flow-root!important}\n"
	"#ll-paper{all:initial!important;display:none!important}\n"
	"#ll-mark{all:initial!important;display:block!important;position:fixed!important;inset:0!important;z-index:2147483647!important;"
	"pointer-events:none!important;";
static const char paper[] =
	"@media print{#ll-letter,#ll-mark{display:none!important}#ll-paper{display:block!important}}\n"
	"}\n";

static const struct {
	struct slice language, words;
} sentences[] = {
	{SLICE_INIT("en"), SLICE_INIT("This letter is confidential. It cannot be printed.")},
	{SLICE_INIT("zh-CN"), SLICE_INIT("此邮件为机密邮件，不能打印。")},
	{SLICE_INIT("zh-TW"), SLICE_INIT("此郵件為機密郵件，無法列印。")},
};

static unsigned width_of(struct slice line)
{
	unsigned width = 0;

	for (size_t i = 0; i < line.n; i++)
		width += line.p[i] < 0x80 ? WIDTH : (line.p[i] & 0xc0) == 0xc0 ? 2 * WIDTH : 0;
	return width;
}

/* Black above white, so that it shows on any colour. */
static void line_put(struct slice line, unsigned x, unsigned y, struct buf *out)
{
	static const struct {
		unsigned by;
		const char *colour;
	} layers[] = {{1, "fill=\"#fff\" fill-opacity=\"0.35\""}, {0, "fill=\"#000\" fill-opacity=\"0.22\""}};

	for (size_t i = 0; i < ARRAY_LEN(layers); i++) {
		buf_printf(out, "<text x=\"%u\" y=\"%u\" %s>", x + layers[i].by, y + layers[i].by, layers[i].colour);
		html_escape(line, out);
		buf_append_str(out, "</text>");
	}
}

/* One tile of the pattern: lines in the middle, slanted. */
static void picture_put(struct slice mark, struct buf *out)
{
	struct slice lines[HTML_MARK_LINES], rest = mark, line;
	unsigned count = 0, width = 0, height;

	while (count < HTML_MARK_LINES && slice_split(&rest, '\n', &line)) {
		lines[count] = utf8_prefix(line, HTML_MARK_LINE);
		width = width_of(lines[count]) > width ? width_of(lines[count]) : width;
		count++;
	}
	width += MARGIN;
	height = count * LINE_HEIGHT + width / 3 + MARGIN / 2;
	buf_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\"><g transform=\"rotate(-20 %u %u)\" font-family=\"sans-serif\" "
		"font-size=\"14\" text-anchor=\"middle\">", width, height, width / 2, height / 2);
	for (unsigned i = 0; i < count; i++)
		line_put(lines[i], width / 2, height / 2 - (count - 1) * LINE_HEIGHT / 2 + i * LINE_HEIGHT + 5, out);
	buf_append_str(out, "</g></svg>");
}

void html_mark_sheet(struct slice mark, struct buf *out)
{
	struct buf picture = BUF_INIT(PICTURE_MAX);

	if (mark.n == 0)
		return;
	picture_put(mark, &picture);
	buf_printf(out, "<style>\n%sbackground-image:url(data:image/svg+xml;base64,", sheet);
	base64_encode(buf_slice(&picture), out);
	buf_printf(out, ")!important}\n%s</style>\n", paper);
	buf_free(&picture);
}

void html_mark_begin(struct slice mark, struct buf *out)
{
	if (mark.n > 0)
		buf_append_str(out, "<div id=\"ll-letter\">\n");
}

void html_mark_end(struct slice mark, struct slice language, struct buf *out)
{
	struct slice words = sentences[0].words;

	if (mark.n == 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(sentences); i++)
		if (slice_eq(language, sentences[i].language))
			words = sentences[i].words;
	buf_printf(out, "\n</div>\n<p id=\"ll-paper\">%.*s</p>\n<div id=\"ll-mark\" aria-hidden=\"true\"></div>", SLICE_ARG(words));
}
