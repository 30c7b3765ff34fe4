#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "crypt/hash.h"
#include "html/link.h"
#include "html/reference.h"
#include "html/text.h"
#include "html/view.h"
#include "policy/warm.h"

static struct arena arena = ARENA_INIT;
static struct buf body, sheets;
static struct html_report report;

struct pair {
	const char *in, *out;
};

static const char *made(struct buf *b)
{
	buf_append_byte(b, 0);
	assert_false(b->failed);
	return (const char *)buf_slice(b).p;
}

static const char *safe_with(struct slice in, const struct html_options *options)
{
	buf_free(&body);
	buf_free(&sheets);
	body = BUF_INIT(HTML_OUTPUT_MAX + 1024);
	sheets = BUF_INIT(HTML_SHEETS_MAX);
	report = (struct html_report){0};
	html_safe(in, options, &arena, &body, &sheets, &report);
	return made(&body);
}

/* The inside of the outer element of a quote. */
static void check(const struct pair *pairs, size_t count, const struct html_options *options)
{
	for (size_t i = 0; i < count; i++) {
		char want[2048];

		snprintf(want, sizeof want, "<div%s>%s</div>", options->profile == HTML_VIEW ? " class=\"m-body\"" : "", pairs[i].out);
		assert_string_equal(safe_with(slice_str(pairs[i].in), options), want);
	}
}

static void test_elements(void **state)
{
	static const struct pair pairs[] = {
		{"a<b>c</b>", "a<b>c</b>"}, {"<b>open", "<b>open</b>"}, {"</b>closed", "closed"}, {"<B CLASS=x>u</B >", "<b>u</b>"},
		{"<unknown>text<o:p>kept</o:p></unknown>", "textkept"}, {"x<script>alert(1)</script>y", "xy"},
		{"x<script><!--<script></script>--></script>y", "xy"}, {"x<style>p{}</style>y", "xy"}, {"x<style><!--</style>y", "xy"},
		{"x<title><b></title>y", "xy"}, {"x<iframe><p></iframe>y", "xy"}, {"x<noscript><b>y</b></noscript>", "x<b>y</b>"},
		{"x<textarea><b></textarea>y", "x&lt;b&gt;y"}, {"x<xmp><b>&amp;</xmp>y", "x&lt;b&gt;&amp;amp;y"},
		{"x<plaintext><b></plaintext>", "x&lt;b&gt;&lt;/plaintext&gt;"},
		{"x<svg><a href=y>z</a></svg>y", "xy"}, {"x<svg><style></svg>y", "xy"}, {"x<svg><![CDATA[</svg>]]></svg>y", "xy"},
		{"x<svg>y<p>z", "x<p>z</p>"},
		{"x<math><mi>y</math>z", "xz"}, {"x<svg/>y", "xy"}, {"x<template><b>y</template>z", "xz"},
		{"<template><script></template></script></template>z", "z"},
		{"x<!--<b>-->y", "xy"}, {"x<!-->y", "xy"}, {"x<!--->y", "xy"}, {"x<!--a--!>y", "xy"}, {"x<!doctype html>y", "xy"},
		{"x<?php <b> ?>y", "x ?&gt;y"},
		{"x</>y</ z>w", "xyw"}, {"a<1b", "a&lt;1b"}, {"a<", "a&lt;"}, {"a<b", "a"}, {"a<b title='", "a"},
		{"<form action=x><input value=y>z</form>", "z"},
		{"<object data=x><b>y</b></object>", "<b>y</b>"}, {"<base href=x><link rel=stylesheet href=x><meta http-equiv=refresh content=0>y", "y"},
		{"<image alt=x>", "<img alt=\"x\">"}, {"a</br>b", "a<br>b"}, {"<p/>x", "<p>x</p>"},
	};
	check(pairs, ARRAY_LEN(pairs), &(struct html_options){.profile = HTML_QUOTE});
}

static void test_ends(void **state)
{
	static const struct pair pairs[] = {
		{"<p>a<p>b", "<p>a</p><p>b</p>"}, {"<p><b>a<p>b</b>c", "<p><b>a</b></p><p><b>b</b>c</p>"},
		{"<b><i>a</b>b</i>", "<b><i>a</i></b><i>b</i>"},
		{"<ul><li>a<li>b<ul><li>c</ul></ul>", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"},
		{"<dl><dt>a<dd>b<dt>c", "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>"},
		{"<table><tr><td>a<td>b<tr><td>c</table>d", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>d"},
		{"<table><tr><td><table><tr><td>a</table>b", "<table><tr><td><table><tr><td>a</td></tr></table>b</td></tr></table>"},
		{"<div><table><tr><td></div>a", "<div><table><tr><td>a</td></tr></table></div>"},
		{"<a href=//x.example>a<a href=//y.example>b", "<a href=\"https://x.example/\">a</a><a href=\"https://y.example/\">b</a>"},
	};
	check(pairs, ARRAY_LEN(pairs), &(struct html_options){.profile = HTML_QUOTE});
}

static void test_attributes(void **state)
{
	static const struct pair pairs[] = {
		{"<p onclick=x title=\"a&quot;<b>\">", "<p title=\"a&quot;&lt;b&gt;\"></p>"},
		{"<p id=top class='a b$ c'>", "<p id=\"m-top\" class=\"m-a m-c\"></p>"},
		{"<p title=a TITLE=b>", "<p title=\"a\"></p>"}, {"<p/title='a'/dir=rtl>", "<p title=\"a\" dir=\"rtl\"></p>"},
		{"<p =x title=a>", "<p title=\"a\"></p>"},
		{"<td colspan=2 rowspan=x width=50% height='9px;'>", "<td colspan=\"2\" width=\"50%\"></td>"},
		{"<a name=x href=#x>t</a>", "<a name=\"m-x\" href=\"#m-x\">t</a>"},
		{"<p formaction=x srcdoc=y data-z=1 xlink:href=q style=''>", "<p></p>"},
		{"<font color=red size=+1 face=\"A'B\">t</font>", "<font color=\"red\" size=\"+1\" face=\"A&#39;B\">t</font>"},
	};
	check(pairs, ARRAY_LEN(pairs), &(struct html_options){0});
}

static void test_references(void **state)
{
	static const struct pair pairs[] = {
		{"&amp;lt;", "&lt;"}, {"&ampx", "&x"}, {"&#65;&#x42;&#67", "ABC"}, {"&#0;&#xd800;&#x110000;", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"&#128;", "\xe2\x82\xac"}, {"&NotEqualTilde;", "\xe2\x89\x82\xcc\xb8"}, {"&notit;", "\xc2\xacit;"}, {"&notin;", "\xe2\x88\x89"},
		{"&unknown;&;&", "&unknown;&;&"},
		{"&#;&#x;&#xg", "&#;&#x;&#xg"}, {"a\r\nb\rc", "a\nb\nc"}, {"&colon;&Tab;&NewLine;", ":\t\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct slice out = html_decoded(slice_str(pairs[i].in), false, &arena);
		assert_true(slice_eq(out, slice_str(pairs[i].out)));
	}
	assert_true(slice_eq(html_decoded(SLICE("a&copy=1&copy;&lt"), true, &arena), SLICE("a&copy=1\xc2\xa9<")));
}

static void test_links(void **state)
{
	static const struct pair pairs[] = {
		{"javascript:alert(1)", ""}, {" java\tscript:alert(1)", ""}, {"data:text/html,x", ""}, {"vbscript:x", ""}, {"relative/x", ""},
		{"/x", ""}, {"file:///etc", ""},
		{"HTTP://User:p@Example.COM:81\\a b?\"<>", "http://example.com:81/a%20b?%22%3C%3E"}, {"https:example.com", "https://example.com/"},
		{"h\nttps://ex\tample.com/\xe4\xbd\xa0", "https://example.com/%E4%BD%A0"}, {"http://0x7f.1/", "http://127.0.0.1/"},
		{"http://[::1]:8/", "http://[::1]:8/"},
		{"http://a b/", ""}, {"http://", ""}, {"http://x:99999/", ""},
		{"mailto:a@b.example?subject=\"x\"", "mailto:a@b.example?subject=%22x%22"}, {"mailto:", ""},
		{"https://b\xc3\xbc" "cher.example/", "https://xn--bcher-kva.example/"}, {"https://x.example/?a=b&c=d#e", "https://x.example/?a=b&c=d#e"},
	};
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct link link = link_read(slice_str(pairs[i].in), &arena);
		assert_int_equal(link.scheme != LINK_NONE, pairs[i].out[0] != 0);
		assert_true(slice_eq(link.target, slice_str(pairs[i].out)));
	}
}

static void test_links_that_deceive(void **state)
{
	static const struct html_options options = {.leave = SLICE_INIT("/leave"), .language = SLICE_INIT("en")};
	const char *out = safe_with(SLICE("<a href=https://evil.example/>www.<b>bank</b>.example</a>"), &options);

	assert_non_null(strstr(out, "href=\"/leave?to=https%3A%2F%2Fevil.example%2F&amp;shown=www.bank.example&amp;lang=en\" target=\"_blank\" "
		"rel=\"noopener noreferrer nofollow\" data-host=\"evil.example\" data-shows=\"www.bank.example\""));
	assert_int_equal(report.deceiving, 1);
	out = safe_with(SLICE("<a href=https://www.bank.example/x>bank.example</a><a href=https://x.example>press here</a>"), &options);
	assert_non_null(strstr(out, "href=\"https://www.bank.example/x\""));
	assert_int_equal(report.deceiving, 0);
	assert_int_equal(report.links, 2);
	/* Cyrillic letters among Latin ones. */
	safe_with(SLICE("<a href=https://b\xd0\xb0nk.example>press</a>"), &options);
	assert_int_equal(report.deceiving, 1);
	safe_with(SLICE("<a href=https://bank.example@evil.example>press</a>"), &options);
	assert_int_equal(report.deceiving, 1);
}

static void test_images(void **state)
{
	static const struct html_image parts[] = {{.id = SLICE_INIT("a@b"), .type = SLICE_INIT("image/png"), .content = SLICE_INIT("abc")},
		{.id = SLICE_INIT("s"), .type = SLICE_INIT("image/svg+xml"), .content = SLICE_INIT("<svg/>")}};
	struct html_options options = {.parts = parts, .part_count = 2};
	static const struct pair pairs[] = {
		{"<img src='cid:a@b'>", "<img src=\"data:image/png;base64,YWJj\">"},
		{"<img src='CID:a%40b'>", "<img src=\"data:image/png;base64,YWJj\">"},
		{"<img src=cid:s>", "<img>"}, {"<img src=cid:none>", "<img>"},
		{"<img src='data:image/gif;base64,AA ==' srcset='x 2x'>", "<img src=\"data:image/gif;base64,AA==\">"},
		{"<img src='data:image/svg+xml;base64,AA=='>", "<img>"}, {"<img src='data:text/html;base64,AA=='>", "<img>"},
		{"<img src='data:image/gif,<svg>'>", "<img>"},
		{"<img src=http://t.example/x.gif alt=t>", "<img alt=\"t\">"}, {"<td background=//t.example/x>", "<td></td>"},
		{"<p style='background:red url(http://t.example/x)'>", "<p style=\"background:red\"></p>"}, {"<img src=javascript:x>", "<img>"},
	};
	check(pairs, ARRAY_LEN(pairs), &options);
	struct buf many = BUF_INIT(1 << 20);
	for (int i = 0; i < 10100; i++)
		buf_append_str(&many, "<img src=//t.example>");
	safe_with(buf_slice(&many), &options);
	assert_int_equal(report.remote, HTML_ADDRESSES_MAX);
	buf_free(&many);
	safe_with(SLICE("<img src=http://t.example><td background=//u.example><p style='background-image:URL( \"//v.example\" )'>"), &options);
	assert_int_equal(report.remote, 3);
	options.images = true;
	assert_string_equal(safe_with(SLICE("<img src=http://t.example/a(b)><p style='background-image:url(//v.example)'>"
		"<img src=http://t.example:8/x>"), &options),
		"<div class=\"m-body\"><img src=\"https://t.example/a%28b%29\"><p style=\"background-image:url(https://v.example/)\"><img></p></div>");
}

static void test_styles(void **state)
{
	static const struct pair pairs[] = {
		{"color:red;COLOR : #FFF !important", "color:red;color:#FFF !important"}, {"position:fixed;top:0;color:red", "color:red"},
		{"color:expression(alert(1))", ""},
		{"width:calc(100% - 10px)", "width:calc(100% - 10px)"}, {"color:var(--x);--x:url(y)", ""}, {"background:url(x", ""},
		{"color:red;}p{color:blue", "color:red"},
		{"color:/*x*/red", "color:red"}, {"c\\6flor:r\\65 d", "color:red"}, {"background:u\\72l(http://x.example)", ""},
		{"behavior:url(x);-moz-binding:url(y)", ""},
		{"font-family:'A\\'</style>',B", "font-family:'A/style',B"}, {"color:red\";x", ""}, {"background-image:image-set('x' 1x)", ""},
		{"content:'x'", ""},
		{"width:10px;*zoom:1;_height:1px;height:2px", "width:10px;height:2px"}, {"color:{red};width:1px", "width:1px"},
		{"color:(red;width:1px);height:1px", "height:1px"},
		{"filter:progid:DXImageTransform.Microsoft.gradient();margin:0 auto", "margin:0 auto"}, {"color:<!--red", ""}, {"cursor:url(x),auto", ""},
		{"list-style:url(x)", ""},
		{"background:linear-gradient(to right,rgb(0 0 0/50%),#fff)", "background:linear-gradient(to right,rgb(0 0 0/50%),#fff)"},
	};
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct buf in = BUF_INIT(4096), want = BUF_INIT(4096);

		buf_append_str(&in, "<p style=\"");
		html_escape(slice_str(pairs[i].in), &in);
		buf_append_str(&in, "\">");
		buf_append_str(&want, "<div class=\"m-body\"><p");
		if (pairs[i].out[0] != 0) {
			buf_append_str(&want, " style=\"");
			html_escape(slice_str(pairs[i].out), &want);
			buf_append_byte(&want, '"');
		}
		buf_append_str(&want, "></p></div>");
		assert_string_equal(safe_with(buf_slice(&in), &(struct html_options){0}), made(&want));
		buf_free(&in);
		buf_free(&want);
	}
}

static void test_sheets(void **state)
{
	static const struct pair pairs[] = {
		{"p,.a #b>td:hover{color:red}", "p,.m-a #m-b>td:hover{color:red}\n"},
		{"html body{color:red}:root{color:blue}", ".m-body{color:red}\n.m-body{color:blue}\n"},
		{"@import url(x);p{color:red}", "p{color:red}\n"}, {"@font-face{font-family:x;src:url(y)}p{color:red}", "p{color:red}\n"},
		{"p[a=b],i{color:red}", "i{color:red}\n"},
		{"script{color:red}", ""}, {"p::before{color:red}", ""}, {"p:nth-child(2n + 1){color:red}", "p:nth-child(2n+1){color:red}\n"},
		{"p{color:red", "p{color:red}\n"},
		{"@media screen and (max-width:600px){p{color:red}}i{color:blue}",
		"@media screen and (max-width:600px){p{color:red}\n}\ni{color:blue}\n"},
		{"@media (prefers-color-scheme:dark){p{color:red}}", "@media (min-width:99999px){p{color:red}\n}\n"},
		{"@media (width<600px){p{color:red}}", ""},
		{"@supports (x:y){p{color:red}}i{color:blue}", "i{color:blue}\n"}, {"<!--p{color:red}-->", "p{color:red}\n"},
		{"p{x{y:z}color:red}i{color:blue}", "i{color:blue}\n"},
		{"}p{color:red}i{color:blue}", "i{color:blue}\n"}, {"@charset \"x\";p{color:red}", "p{color:red}\n"},
		{"p{font-family:'</style><script>'}", "p{font-family:''}\n"}, {"p{font-family:'@import x',A}", "p{font-family:'import x',A}\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		safe_with(arena_printf(&arena, "<style>%s</style>", pairs[i].in), &(struct html_options){0});
		assert_string_equal(made(&sheets), pairs[i].out);
	}
	safe_with(SLICE("<style>@media (prefers-color-scheme:dark){p{color:red}}</style>"), &(struct html_options){.theme = HTML_DARK});
	assert_string_equal(made(&sheets), "@media (min-width:0){p{color:red}\n}\n");
	assert_true(report.dark);
}

static void test_text(void **state)
{
	static const struct pair pairs[] = {
		{"<p>a  b<p>c<br>d", "a b\n\nc\nd\n"}, {"<ul><li>a<li>b</ul><ol><li>c<li>d</ol>", "- a\n- b\n1. c\n2. d\n"},
		{"a<blockquote>b<br>c</blockquote>d", "a\n\n> b\n> c\n\nd\n"},
		{"<a href=https://x.example/y>here</a>", "here <https://x.example/y>\n"},
		{"<a href=https://x.example>https://x.example</a>", "https://x.example\n"},
		{"<pre>a\n  b</pre>", "a\n  b\n"}, {"<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc\n"},
		{"x<script>y</script><style>z</style>", "x\n"}, {"<img alt=cat src=x>", "[cat]\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct buf out = BUF_INIT(HTML_PLAIN_MAX);

		html_to_text(slice_str(pairs[i].in), &arena, &out);
		assert_string_equal(made(&out), pairs[i].out);
		buf_free(&out);
	}
}

static void test_plain(void **state)
{
	static const struct pair pairs[] = {
		{"a\nb", "a\nb"}, {"<b>&", "&lt;b&gt;&amp;"},
		{"> a\n> > b\nc", "<blockquote class=\"q\">a<blockquote class=\"q\">b</blockquote></blockquote>c"},
		{"see http://x.example/a, and a@b.example.",
		"see <a href=\"http://x.example/a\">http://x.example/a</a>, and <a href=\"mailto:a@b.example\">a@b.example</a>."},
		{"x\n> 1\n> 2\n> 3\n",
		"x<details class=\"q\"><summary>\xc2\xb7\xc2\xb7\xc2\xb7 3</summary><blockquote class=\"q\">1\n2\n3</blockquote></details>"},
		{"www.x.example", "<a href=\"http://www.x.example\">www.x.example</a>"}, {"a\r\nb\r\n", "a\nb"},
	};
	static const struct pair flowed[] = {
		{"a \nb\nc", "a b\nc"}, {">> a \n>> b\n", "<blockquote class=\"q\"><blockquote class=\"q\">a b</blockquote></blockquote>"},
		{" >x\n-- \ny", "&gt;x\n-- \ny"},
	};
	for (size_t i = 0; i < ARRAY_LEN(pairs) + ARRAY_LEN(flowed); i++) {
		struct buf out = BUF_INIT(HTML_PLAIN_MAX);
		bool flows = i >= ARRAY_LEN(pairs);
		const struct pair *p = flows ? &flowed[i - ARRAY_LEN(pairs)] : &pairs[i];

		html_from_text(slice_str(p->in), &(struct html_plain){.flowed = flows}, &out);
		assert_true(slice_eq(buf_slice(&out), arena_printf(&arena, "<div class=\"t\">%s</div>", p->out)));
		buf_free(&out);
	}
}

static void test_bounds(void **state)
{
	struct buf in = BUF_INIT(HTML_TEXT_MAX * 2);

	for (int i = 0; i < 100000; i++)
		buf_append_str(&in, i % 2 == 0 ? "<div><b class=x>" : "<p>x");
	const char *out = safe_with(buf_slice(&in), &(struct html_options){0});
	unsigned depth = 0, deepest = 0;
	for (const char *p = strchr(out, '<'); p != NULL; p = strchr(p + 1, '<')) {
		depth += p[1] == '/' ? -1u : 1u;
		deepest = deepest > depth ? deepest : depth;
	}
	assert_int_equal(depth, 0);
	assert_in_range(deepest, 100, HTML_DEPTH_MAX + 1);
	buf_clear(&in);
	while (buf_len(&in) < HTML_TEXT_MAX)
		buf_append_str(&in, "<b title=\"0123456789012345678901234567890123456789\">a<p>");
	safe_with(buf_slice(&in), &(struct html_options){0});
	assert_true(report.cut);
	assert_true(buf_len(&body) <= HTML_OUTPUT_MAX + 1024);
	buf_free(&in);
}

static void check_digest(const char *script, const char *digest)
{
	uint8_t hash[32];
	struct buf out = BUF_INIT(100);

	hash_sha256(slice_str(script), hash);
	buf_append_str(&out, "sha256-");
	base64_encode(slice_make(hash, sizeof hash), &out);
	assert_memory_equal(made(&out), digest, buf_len(&out) - 1);
	buf_free(&out);
}

static void test_documents(void **state)
{
	static const struct html_part parts[] = {{.content = SLICE_INIT("<b>x"), .is_html = true}, {.content = SLICE_INIT("<y")}};
	struct html_view view = {.parts = parts, .part_count = 2, .script = true};
	struct buf out = BUF_INIT(HTML_DOCUMENT_MAX), policy = BUF_INIT(1024);

	check_digest(html_height_script, html_height_digest);
	check_digest(html_print_script, html_print_digest);
	html_view_write(&view, &arena, &out, &report);
	assert_non_null(strstr(made(&out),
		"<div class=\"m-body\"><b>x</b></div>\n<hr>\n<div class=\"m-body\"><div class=\"m-t\">&lt;y</div></div>\n<script>(function()"));
	html_view_policy(false, true, false, &policy);
	assert_non_null(strstr(made(&policy),
		"sandbox allow-popups allow-popups-to-escape-sandbox allow-scripts; frame-ancestors 'self'; default-src 'none'; img-src data:; "
		"style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; script-src 'sha256-"));
	assert_null(strstr((const char *)buf_slice(&policy).p, "same-origin"));
	buf_clear(&policy);
	html_view_policy(true, false, false, &policy);
	assert_null(strstr(made(&policy), "script"));
	assert_non_null(strstr(html_leave_page, html_leave_script));
	check_digest(html_leave_script, strstr(html_leave_policy, "sha256-"));
	buf_free(&out);
	buf_free(&policy);
}

/* Who looks stands behind the letter, in rules of a layer; nothing of it without a mark. */
static void test_marks(void **state)
{
	static const struct html_part parts[] = {{.content = SLICE_INIT("<style>@layer ll{#ll-mark{width:0}}div,#ll-mark,*{width:0!important;position:static!important}</style><b id=ll-mark>x"), .is_html = true}};
	struct html_view view = {.parts = parts, .part_count = 1, .mark = SLICE_INIT("A <b>&\na@b.example\n"), .options = {.language = SLICE_INIT("zh-TW")}};
	struct buf out = BUF_INIT(HTML_DOCUMENT_MAX), tile = BUF_INIT(10000);
	const char *text, *layer, *picture, *end;

	html_view_write(&view, &arena, &out, &report);
	text = made(&out);
	layer = strstr(text, "@layer ll{");
	assert_true(layer != NULL && strstr(layer + 1, "@layer") == NULL && strstr(text, "position:static") == NULL);
	assert_non_null(strstr(text, "#ll-mark{all:initial!important;"));
	assert_non_null(strstr(text, "<div id=\"ll-letter\">\n<div class=\"m-body\"><b id=\"m-ll-mark\">x</b></div>\n</div>\n<p id=\"ll-paper\">"));
	assert_non_null(strstr(text, "無法列印。</p>\n<div id=\"ll-mark\" aria-hidden=\"true\"></div>\n</body>"));
	picture = strstr(text, "image/svg+xml;base64,") + sizeof "image/svg+xml;base64," - 1;
	end = strchr(picture, ')');
	assert_int_equal(base64_decode_strict(slice_make(picture, (size_t)(end - picture)), &tile), 0);
	assert_non_null(strstr(made(&tile), ">A &lt;b&gt;&amp;</text>"));
	assert_non_null(strstr((const char *)buf_slice(&tile).p, ">a@b.example</text>"));
	buf_clear(&out);
	view.mark = SLICE_NONE;
	html_view_write(&view, &arena, &out, &report);
	assert_null(strstr(made(&out), "\"ll-"));
	buf_free(&out);
	buf_free(&tile);
}

static int teardown(void **state)
{
	arena_free(&arena);
	buf_free(&body);
	buf_free(&sheets);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elements), cmocka_unit_test(test_ends), cmocka_unit_test(test_attributes), cmocka_unit_test(test_references),
		cmocka_unit_test(test_links), cmocka_unit_test(test_links_that_deceive), cmocka_unit_test(test_images), cmocka_unit_test(test_styles),
		cmocka_unit_test(test_sheets), cmocka_unit_test(test_text), cmocka_unit_test(test_plain), cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_documents), cmocka_unit_test(test_marks),
	};
	policy_warm();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, teardown);
}
