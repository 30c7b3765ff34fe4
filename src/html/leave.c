#include "html/link.h"
#include "html/view.h"

const char html_leave_policy[] = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
	"frame-ancestors 'none'";

static const struct words {
	struct slice language;
	const char *title, *shown, *hidden, *leads, *why, *go, *back;
} words[] = {
	{SLICE_INIT("en"), "Check this link", "The letter shows", "The letter does not show where this link leads.", "The link leads to",
		"Letters that steal passwords often show one address and lead to another. Go on only when you know the second one.", "Go on to",
		"To stay, close this tab."},
	{SLICE_INIT("zh-CN"), "请核对此链接", "邮件中显示", "邮件没有显示此链接的去向。", "链接实际指向", "骗取密码的邮件常常显示一个地址却指向另一个。只有认识后者时才继续。", "继续前往",
		"如不前往，请关闭此标签页。"},
	{SLICE_INIT("zh-TW"), "請核對此連結", "信件中顯示", "信件沒有顯示此連結的去向。", "連結實際指向", "騙取密碼的信件常常顯示一個位址卻指向另一個。只有認識後者時才繼續。", "繼續前往",
		"如不前往，請關閉此分頁。"},
};

static const struct words *words_of(struct slice language)
{
	for (size_t i = 1; i < sizeof words / sizeof words[0]; i++)
		if (slice_eq_nocase(language, words[i].language))
			return &words[i];
	return &words[0];
}

static void put_host(struct buf *out, const char *before, struct slice host, const char *class)
{
	buf_printf(out, "<p>%s<br><strong class=\"%s\">", before, class);
	html_escape(host, out);
	buf_append(out, SLICE("</strong></p>\n"));
}

bool html_leave_write(struct slice to, struct slice shown, struct slice language, struct arena *arena, struct buf *out)
{
	const struct words *w = words_of(language);
	struct link link = link_read(to, arena);

	if (link.scheme != LINK_HTTP && link.scheme != LINK_HTTPS)
		return false;
	buf_printf(out,
		"<!doctype html>\n<html lang=\"%.*s\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n"
		"<meta name=\"referrer\" content=\"no-referrer\">\n<title>%s</title>\n<style>\n"
		":root{color-scheme:light dark}body{max-width:36em;margin:10vh auto;padding:0 16px;"
		"font:16px/1.6 system-ui,sans-serif;overflow-wrap:anywhere}"
		".s{font-size:20px}.g{font-size:20px;color:#b3261e}@media(prefers-color-scheme:dark){.g{color:#ff8f87}}\n"
		"</style>\n</head>\n<body>\n<h1>%s</h1>\n",
		SLICE_ARG(w->language), w->title, w->title);
	if (shown.n > 0)
		put_host(out, w->shown, slice_sub(shown, 0, 255), "s");
	else
		buf_printf(out, "<p>%s</p>\n", w->hidden);
	put_host(out, w->leads, link.shown_host, "g");
	buf_printf(out, "<p>%s</p>\n<p>%s</p>\n<p><a rel=\"noopener noreferrer nofollow\" href=\"", w->why, w->back);
	html_escape(link.target, out);
	buf_printf(out, "\">%s ", w->go);
	html_escape(link.shown_host, out);
	buf_append(out, SLICE("</a></p>\n</body>\n</html>\n"));
	return true;
}
