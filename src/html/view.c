#include "html/view.h"

#include "html/mark.h"
#include "html/text.h"

/* Tells the page around its height and what was found; knows nothing of the letter, takes nothing from anybody. */
const char html_height_script[] =
	"(function(){var b=document.body,d=b.dataset;function tell(){parent.postMessage({letterlock:\"view\",height:"
	"Math.ceil(document.documentElement.getBoundingClientRect().height),remote:+d.remote,missing:+d.missing,"
	"links:+d.links,deceiving:+d.deceiving,"
	"cut:d.cut===\"1\"},\"*\")}new ResizeObserver(tell).observe(b);addEventListener(\"load\",tell);tell()})();";
const char html_height_digest[] = "sha256-xDvE6m0KRdcyu0KywlZ7Y7iVAy9QpbZVyYf7P4qXC1c=";
const char html_print_script[] = "addEventListener(\"load\",function(){print()});";
const char html_print_digest[] = "sha256-6Vvh8Xp8eHe1ghR1EkgN5wqfG6OM2wyOhNWGqbQ0/f8=";

static const char font[] =
	"system-ui,-apple-system,'Segoe UI','PingFang SC','HarmonyOS Sans SC','Microsoft YaHei UI','Noto Sans CJK SC',sans-serif";
static const char base[] =
	"body{margin:0;padding:12px 16px;font-size:14px;line-height:1.6;overflow-wrap:anywhere;line-break:strict;overflow-x:auto}\n"
	"img{max-width:100%}\n"
	"img:not([src]){display:inline-block;min-width:16px;min-height:16px;border:1px dashed #8b96a3;color:#5f6a79;font-size:12px}\n"
	"img:not([src]):is([width=\"0\"],[width=\"1\"],[width=\"2\"],[height=\"0\"],[height=\"1\"],[height=\"2\"]){display:none}\n"
	"a[data-shows]::after{content:\" \\26A0\"}\n";
static const char light[] = "html{color-scheme:light;background:#ffffff}\nbody{color:#1b2430}\na{color:#0b5fc0}\n";
static const char dark[] = "html{color-scheme:dark;background:#14181d}\nbody{color:#e6eaf0}\na{color:#6cb0ff}\n";
static const char plain[] =
	".m-t{white-space:pre-wrap;line-height:1.7}\n"
	".m-q{margin:0;padding:0}\n"
	"blockquote.m-q{margin:2px 0;padding-left:12px;border-left:3px solid #8b96a3;opacity:.85}\n"
	"summary{cursor:pointer;white-space:normal}\n";
static const char paper[] = "body>.m-t:first-child::first-line{font-size:18px;font-weight:600}\n@media print{body{padding:0}a[data-shows]::after{content:\"\"}}\n";

/* The part as HTML that has not been made safe yet. */
static struct slice source(const struct html_view *v, const struct html_part *part, struct arena *arena, struct buf *memory)
{
	struct buf text = BUF_INIT(HTML_PLAIN_MAX);
	struct html_plain how = {.flowed = part->flowed && !part->is_html, .delsp = part->delsp && !part->is_html};

	if (part->is_html && !v->as_text)
		return part->content;
	if (part->is_html)
		html_to_text(part->content, arena, &text);
	how.unfold = v->print || v->options.profile == HTML_QUOTE;
	html_from_text(part->is_html ? buf_slice(&text) : slice_sub(part->content, 0, HTML_PLAIN_MAX), &how, memory);
	buf_free(&text);
	return buf_slice(memory);
}

static void put_part(const struct html_view *v, const struct html_part *part, const struct html_options *options, struct arena *arena,
	struct buf *body, struct buf *sheets, struct html_report *report)
{
	struct buf memory = BUF_INIT(HTML_PLAIN_MAX * 8);
	struct html_report r = {.addresses = report->addresses, .inside = report->inside};

	html_safe(source(v, part, arena, &memory), options, arena, body, sheets, &r);
	report->addresses = r.addresses;
	report->inside = r.inside;
	report->remote += r.remote;
	report->missing += r.missing;
	report->links += r.links;
	report->deceiving += r.deceiving;
	report->dark = report->dark || r.dark;
	report->cut = report->cut || r.cut || memory.failed;
	buf_free(&memory);
}

static void put_head(const struct html_view *v, bool has_plain, bool is_dark, struct slice sheets, struct buf *out)
{
	buf_append(out, SLICE("<!doctype html>\n<html lang=\""));
	html_escape(v->options.language.n > 0 ? v->options.language : SLICE("en"), out);
	buf_append(out, SLICE("\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n"
		"<meta name=\"referrer\" content=\"no-referrer\">\n<title></title>\n<style>\n"));
	buf_printf(out, "%s%sbody{font-family:%s}\n%s%s", is_dark ? dark : light, base, font, has_plain ? plain : "", v->print ? paper : "");
	buf_append(out, SLICE("</style>\n"));
	html_mark_sheet(v->mark, out);
	if (sheets.n > 0) {
		buf_append(out, SLICE("<style>\n"));
		buf_append(out, sheets);
		buf_append(out, SLICE("</style>\n"));
	}
	buf_append(out, SLICE("</head>\n"));
}

static void put_document(const struct html_view *v, bool is_plain, bool has_plain, const struct html_report *r, struct slice sheets,
	struct slice body, struct buf *out)
{
	bool is_dark = v->options.theme == HTML_DARK && !v->print && (is_plain || r->dark);

	put_head(v, has_plain, is_dark, sheets, out);
	buf_printf(out, "<body data-remote=\"%u\" data-missing=\"%u\" data-links=\"%u\" data-deceiving=\"%u\" data-cut=\"%d\">\n", r->remote,
		r->missing,
		r->links, r->deceiving, r->cut);
	html_mark_begin(v->mark, out);
	buf_append(out, body);
	if (r->cut)
		buf_append(out, SLICE("\n<hr>\n<p>\xe2\x80\xa6</p>"));
	html_mark_end(v->mark, v->options.language, out);
	if (v->script)
		buf_printf(out, "\n<script>%s</script>", html_height_script);
	if (v->print)
		buf_printf(out, "\n<script>%s</script>", html_print_script);
	buf_append(out, SLICE("\n</body>\n</html>\n"));
}

void html_view_write(const struct html_view *view, struct arena *arena, struct buf *out, struct html_report *report)
{
	struct buf body = BUF_INIT(2 * HTML_OUTPUT_MAX + 1024), sheets = BUF_INIT(HTML_SHEETS_MAX);
	struct html_options options = view->options;
	bool is_plain = true, has_plain = false;

	*report = (struct html_report){0};
	if (view->print)
		options.theme = HTML_LIGHT;
	for (size_t i = 0; i < view->part_count; i++) {
		is_plain = is_plain && (!view->parts[i].is_html || view->as_text);
		has_plain = has_plain || !view->parts[i].is_html || view->as_text;
		report->cut = report->cut || i == HTML_PARTS_MAX || buf_len(&body) > HTML_OUTPUT_MAX;
		if (!report->cut && i > 0)
			buf_append(&body, SLICE("\n<hr>\n"));
		if (!report->cut || i == 0)
			put_part(view, &view->parts[i], &options, arena, &body, &sheets, report);
	}
	if (options.profile == HTML_QUOTE)
		buf_append(out, buf_slice(&body));
	else
		put_document(view, is_plain, has_plain, report, buf_slice(&sheets), buf_slice(&body), out);
	buf_free(&body);
	buf_free(&sheets);
}

void html_view_policy(bool images, bool script, bool print, struct buf *out)
{
	buf_printf(out, "sandbox allow-popups allow-popups-to-escape-sandbox%s%s; frame-ancestors 'self'; default-src 'none'; img-src data:%s; "
		"style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'", script || print ? " allow-scripts" : "", print ? " allow-modals" : "",
		images ? " https:" : "");
	if (script || print)
		buf_printf(out, "; script-src '%s'", script ? html_height_digest : html_print_digest);
	if (script && print)
		buf_printf(out, " '%s'", html_print_digest);
}
