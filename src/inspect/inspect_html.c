/* HTML, and what of it stands in SVG, MHTML and XML: scripts, forms, what loads or goes elsewhere by itself, and files built by scripts. */
#include "base/ensure.h"
#include "inspect/page.h"
#include "inspect/tag.h"
#include "inspect/text.h"
#include "inspect/url.h"

#define SCRIPT_BASE64_MIN 20000 /* a run of base64 so long in a script is a file */

/* Building a file takes making it, decoding what it is made of, and offering it; any two of them in one script are no accident. */
enum { MAKES = 1, DECODES = 2, OFFERS = 4, SAVES = 8 };
static const struct text_word builders[] = {
	{"new blob(", false, MAKES}, {"mssaveoropenblob", false, SAVES}, {"mssaveblob", false, SAVES},
	{"createobjecturl", false, MAKES | OFFERS}, {"uint8array", false, MAKES}, {"atob(", false, DECODES}, {".download", false, OFFERS},
	{"'download'", false, OFFERS}, {"\"download\"", false, OFFERS}, {"showsavefilepicker", false, SAVES}, {"new file(", false, MAKES},
	{"fromcharcode", false, DECODES}, {"charcodeat", false, DECODES}, {"data:application/octet-stream", false, MAKES | OFFERS},
	{"data:application/zip", false, MAKES | OFFERS},
};

/* Text that becomes code or page, and the ways to hide what it says. */
enum { RUNS = 1, WRITES = 2, HIDES = 4 };
static const struct text_word hidden[] = {
	{"eval(", false, RUNS}, {"new function(", false, RUNS}, {"execscript", false, RUNS}, {"settimeout(\"", false, RUNS},
	{"document.write", false, WRITES}, {"outerhtml", false, WRITES}, {"innerhtml", false, WRITES}, {"insertadjacenthtml", false, WRITES},
	{"createcontextualfragment", false, WRITES}, {"unescape(", false, HIDES}, {"fromcharcode", false, HIDES}, {"atob(", false, HIDES},
	{"\\x3c", false, HIDES}, {"\\u003c", false, HIDES}, {"_0x", false, HIDES}, {"%3cscript", false, HIDES},
};

static const struct text_word activex[] = {
	{"activexobject", false, 0}, {"wscript.shell", false, 0}, {"createobject(", false, 0}, {"shell.application", false, 0},
	{"adodb.stream", false, 0}, {"msxml2.xmlhttp", false, 0}, {"scripting.filesystemobject", false, 0}, {"getobject(", false, 0},
	{"powershell", false, 0}, {"mshta", false, 0}, {"cmd.exe", false, 0}, {"ms-msdt:", false, 0}, {"search-ms:", false, 0},
};

static void find_words(struct walk *w, enum inspect_what what, uint64_t mask, const struct text_word *rows, size_t n)
{
	struct buf text = BUF_INIT(1024);
	text_words_list(mask, rows, n, &text);
	walk_find(w, what, buf_slice(&text));
	buf_free(&text);
}

static bool has_long_base64(struct slice s)
{
	size_t run = 0;
	for (size_t i = 0; i < s.n; i++) {
		run = ascii_is_alnum(s.p[i]) || s.p[i] == '+' || s.p[i] == '/' ? run + 1 : 0;
		if (run >= SCRIPT_BASE64_MIN)
			return true;
	}
	return false;
}

static bool is_more_than_one(unsigned groups)
{
	return (groups & (groups - 1)) != 0;
}

/* What builds files, hides text or reaches for Windows in a script. */
static void check_words(struct walk *w, struct slice script)
{
	uint64_t built = text_words(script, builders, ARRAY_LEN(builders)), hid = text_words(script, hidden, ARRAY_LEN(hidden));
	uint64_t objects = text_words(script, activex, ARRAY_LEN(activex));
	unsigned building = text_groups(built, builders, ARRAY_LEN(builders)), hiding = text_groups(hid, hidden, ARRAY_LEN(hidden));
	if (has_long_base64(script))
		building |= DECODES;
	if ((building & SAVES) != 0 || ((building & MAKES) != 0 && is_more_than_one(building)))
		find_words(w, FOUND_page_smuggling, built, builders, ARRAY_LEN(builders));
	if ((hiding & HIDES) != 0 && is_more_than_one(hiding))
		find_words(w, FOUND_page_obfuscated, hid, hidden, ARRAY_LEN(hidden));
	if (objects != 0)
		find_words(w, FOUND_activex, objects, activex, ARRAY_LEN(activex));
}

void page_script(struct walk *w, struct slice script)
{
	if (slice_trim(script).n == 0 || !walk_steps(w, 3 * script.n))
		return;
	check_words(w, script);
	walk_code(w, SLICE("script"), FILE_javascript, script);
}

/* ---- links ---- */

static bool is_script_url(struct slice url)
{
	return slice_starts_nocase(url, SLICE("javascript:")) || slice_starts_nocase(url, SLICE("vbscript:"));
}

/* What a data: URL holds, when a browser would run it or write it to the disk. */
static bool is_active_data(struct slice url)
{
	static const struct slice harmless[] = {SLICE_INIT("data:image/png"), SLICE_INIT("data:image/gif"), SLICE_INIT("data:image/jp"),
		SLICE_INIT("data:image/webp"),
		SLICE_INIT("data:font/"), SLICE_INIT("data:application/font"), SLICE_INIT("data:application/x-font"), SLICE_INIT("data:image/x-icon"),
		SLICE_INIT("data:image/vnd.microsoft.icon"), SLICE_INIT("data:text/css"), SLICE_INIT("data:image/bmp"), SLICE_INIT("data:audio/")};
	if (!slice_starts_nocase(url, SLICE("data:")))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(harmless); i++)
		if (slice_starts_nocase(url, harmless[i]))
			return false;
	return true;
}

static void check_link(struct walk *w, const struct tag *t, struct slice url)
{
	bool click = tag_is(t, SLICE("a")) || tag_is(t, SLICE("area"));
	bool offered = is_active_data(url) || slice_starts_nocase(url, SLICE("blob:")) ||
		(tag_attribute(t, SLICE("download")) != NULL && slice_starts_nocase(url, SLICE("data:")));
	if (is_script_url(url))
		walk_find(w, FOUND_page_handler, url);
	else if ((click || tag_is(t, SLICE("base"))) && offered)
		walk_find(w, FOUND_page_data_link, slice_sub(url, 0, 60));
	/* "//host" means http on every page of the web, and pages are saved so. */
	else if (url_is_unc(url) && !slice_starts(url, SLICE("//")))
		walk_find(w, click ? FOUND_remote_link : FOUND_external_object, url);
}

/* ---- elements ---- */

struct page {
	struct walk *w;
	struct buf room;
	bool svg;
};

static struct slice value_of(struct page *p, const struct tag *t, const char *name)
{
	const struct tag_attribute *a = tag_attribute(t, slice_str(name));
	return a != NULL ? tag_value(a->value, &p->room) : SLICE_NONE;
}

static bool is_code_type(struct slice type)
{
	return type.n == 0 || slice_search_nocase(type, SLICE("script")) >= 0 || slice_eq_nocase(type, SLICE("module"));
}

static void on_script(struct page *p, const struct tag *t)
{
	struct slice src = value_of(p, t, "src");
	if (src.n == 0)
		src = value_of(p, t, "href");
	/* A relative one lies beside the page, where nothing is once it was sent. */
	bool away = url_is_remote(src) || slice_starts(src, SLICE("//"));
	if (src.n > 0)
		walk_find(p->w, is_active_data(src) ? FOUND_page_data_link : away ? FOUND_page_script_external : FOUND_page_script, src);
	/* Data blocks (JSON-LD and such) are no scripts. */
	else if (!is_code_type(value_of(p, t, "type")))
		return;
	walk_find(p->w, p->svg ? FOUND_svg_script : FOUND_page_script, slice_sub(slice_trim(t->content), 0, 60));
	page_script(p->w, t->content);
}

static void on_form(struct page *p, const struct tag *t)
{
	struct slice action = value_of(p, t, "action");
	if (action.n > 0)
		walk_find(p->w, FOUND_page_form, action);
}

static void on_input(struct page *p, const struct tag *t)
{
	struct slice type = value_of(p, t, "type");
	if (slice_eq_nocase(type, SLICE("password")))
		walk_find(p->w, FOUND_page_password, value_of(p, t, "name"));
	struct slice action = value_of(p, t, "formaction");
	if (action.n > 0)
		walk_find(p->w, FOUND_page_form, action);
}

static void on_meta(struct page *p, const struct tag *t)
{
	if (!slice_eq_nocase(value_of(p, t, "http-equiv"), SLICE("refresh")))
		return;
	struct slice content = value_of(p, t, "content");
	ptrdiff_t at = slice_search_nocase(content, SLICE("url"));
	if (at >= 0)
		walk_find(p->w, FOUND_page_refresh, slice_from(content, (size_t)at));
}

static void on_frame(struct page *p, const struct tag *t)
{
	static const char *const names[] = {"src", "data", "srcdoc", "code", "classid", "movie"};
	struct slice url = SLICE_NONE;
	for (size_t i = 0; i < ARRAY_LEN(names) && url.n == 0; i++)
		url = value_of(p, t, names[i]);
	enum inspect_what what = slice_starts_nocase(url, SLICE("clsid:")) ? FOUND_activex : is_active_data(url) ? FOUND_page_data_link :
		FOUND_page_frame;
	if (url.n > 0 && !slice_eq_nocase(url, SLICE("about:blank")))
		walk_find(p->w, what, what == FOUND_page_data_link ? slice_sub(url, 0, 60) : url);
}

static void on_foreign(struct page *p, const struct tag *t)
{
	if (p->svg)
		walk_find_str(p->w, FOUND_svg_script, "foreignObject");
}

static void on_hta(struct page *p, const struct tag *t)
{
	if (slice_eq_nocase(t->prefixed, SLICE("hta:application")))
		walk_find_str(p->w, FOUND_script, "hta");
}

/* <use>, <image>, <animate> of SVG fetch or turn into scripts. */
static void on_animate(struct page *p, const struct tag *t)
{
	struct slice to = value_of(p, t, "to");
	if (to.n == 0)
		to = value_of(p, t, "values");
	if (is_script_url(to))
		walk_find(p->w, FOUND_svg_script, to);
}

static const struct { struct slice name; void (*on)(struct page *p, const struct tag *t); } elements[] = {
	{SLICE_INIT("script"), on_script}, {SLICE_INIT("form"), on_form}, {SLICE_INIT("input"), on_input}, {SLICE_INIT("button"), on_input},
	{SLICE_INIT("meta"), on_meta}, {SLICE_INIT("iframe"), on_frame}, {SLICE_INIT("frame"), on_frame}, {SLICE_INIT("object"), on_frame},
	{SLICE_INIT("embed"), on_frame}, {SLICE_INIT("applet"), on_frame}, {SLICE_INIT("foreignobject"), on_foreign},
	{SLICE_INIT("application"), on_hta}, {SLICE_INIT("animate"), on_animate}, {SLICE_INIT("set"), on_animate},
	{SLICE_INIT("handler"), on_script},
};

static bool is_handler(struct slice name)
{
	return name.n > 4 && slice_starts_nocase(name, SLICE("on")) && ascii_is_alpha(name.p[2]);
}

static void check_attributes(struct page *p, const struct tag *t)
{
	for (size_t i = 0; i < t->count; i++) {
		struct slice name = t->attributes[i].name, local = tag_local_name(name);
		if (is_handler(name)) {
			walk_find(p->w, p->svg ? FOUND_svg_script : FOUND_page_handler, name);
			check_words(p->w, tag_value(t->attributes[i].value, &p->room));
		} else if (slice_eq_nocase(local, SLICE("href")) || slice_eq_nocase(local, SLICE("src")) || slice_eq_nocase(local, SLICE("background")))
			check_link(p->w, t, tag_value(t->attributes[i].value, &p->room));
	}
}

static void on_comment(struct walk *w, struct slice comment)
{
	if (slice_starts_nocase(slice_trim(comment), SLICE("[if")))
		walk_find(w, FOUND_page_conditional, slice_sub(slice_trim(comment), 0, 40));
}

void page_inspect(struct walk *w, struct slice text, bool svg)
{
	struct page p = {.w = w, .room = BUF_INIT(TAG_VALUE_MAX), .svg = svg};
	struct tag_reader r = {.rest = text, .html = true};
	struct tag t;
	if (!walk_steps(w, 2 * text.n))
		return;
	while (tag_next(&r, &t) && walk_steps(w, WALK_FOLLOW / 4)) {
		if (r.comment.n > 0)
			on_comment(w, r.comment);
		if (t.closing || t.name.n == 0)
			continue;
		check_attributes(&p, &t);
		for (size_t i = 0; i < ARRAY_LEN(elements); i++)
			if (tag_is(&t, elements[i].name))
				elements[i].on(&p, &t);
	}
	buf_free(&p.room);
}

void inspect_html(struct walk *w, struct slice content)
{
	struct buf room;
	walk_buf(w, &room);
	page_inspect(w, text_plain(content, &room), false);
	buf_free(&room);
}
