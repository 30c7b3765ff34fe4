/* RTF (version 1.9.1): objects, templates and fields, read as Word reads them, which forgives nearly everything. */
#include "base/ascii.h"
#include "inspect/package.h"
#include "inspect/text.h"
#include "inspect/url.h"

#define WORD_MAX 40
#define DEPTH_MAX 1000
#define TEXT_MAX_LENGTH 2048

enum collect { NOTHING, OBJECT, CLASS, TEMPLATE, FIELD };

struct rtf {
	struct walk *w;
	struct slice s;
	size_t at;
	unsigned depth;
	enum collect collect;
	unsigned collect_depth;  /* of the group whose end ends it */
	struct buf object;       /* bytes of \objdata */
	struct buf text;         /* of a class, a template or a field */
	int half;                /* the first of two hexadecimal digits; -1: none */
	unsigned odd;            /* control words inside of \objdata */
};

static void end_collect(struct rtf *r)
{
	struct slice text = slice_trim(buf_slice(&r->text));
	enum collect what = r->collect;
	r->collect = NOTHING;
	if (what == OBJECT && buf_len(&r->object) > 0) {
		if (r->odd > 0)
			walk_find_str(r->w, FOUND_document_obfuscated, "object data");
		if (walk_unpacked(r->w, 2 * buf_len(&r->object), buf_len(&r->object)))
			object_inspect(r->w, buf_slice(&r->object));
	} else if (what == CLASS && text.n > 0)
		object_class(r->w, text);
	else if (what == TEMPLATE && url_is_remote(text))
		walk_find(r->w, FOUND_external_template, text);
	else if (what == FIELD && slice_starts_nocase(text, SLICE("DDE")))
		walk_find(r->w, FOUND_dde, text);
	else if (what == FIELD && slice_starts_nocase(text, SLICE("INCLUDE")) && slice_search_nocase(text, SLICE("http")) >= 0)
		walk_find(r->w, slice_starts_nocase(text, SLICE("INCLUDEP")) ? FOUND_external_image : FOUND_external_object, text);
	buf_clear(&r->object);
	buf_clear(&r->text);
	r->half = -1;
	r->odd = 0;
}

static void begin_collect(struct rtf *r, enum collect what)
{
	if (r->collect != NOTHING)
		end_collect(r);
	r->collect = what;
	r->collect_depth = r->depth;
}

static void on_word(struct rtf *r, struct slice word)
{
	static const struct { struct slice word; enum collect collect; } rows[] =
		{{SLICE_INIT("objdata"), OBJECT}, {SLICE_INIT("objclass"), CLASS},
		{SLICE_INIT("template"), TEMPLATE}, {SLICE_INIT("fldinst"), FIELD}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (slice_eq(word, rows[i].word)) {
			begin_collect(r, rows[i].collect);
			return;
		}
	if (slice_eq(word, SLICE("objupdate")))
		walk_find(r->w, FOUND_object_update, SLICE_NONE);
	else if (slice_eq(word, SLICE("objautlink")) || slice_eq(word, SLICE("objlink")))
		walk_find(r->w, FOUND_external_object, word);
	else if (slice_eq(word, SLICE("objocx")))
		walk_find(r->w, FOUND_activex, word);
	if (r->collect == OBJECT)
		r->odd++;
}

static uint64_t take_number(struct rtf *r)
{
	uint64_t n = 0;
	bool minus = r->at < r->s.n && r->s.p[r->at] == '-';
	r->at += minus;
	while (r->at < r->s.n && ascii_is_digit(r->s.p[r->at])) {
		n = n < 1u << 30 ? n * 10 + (uint64_t)(r->s.p[r->at] - '0') : n;
		r->at++;
	}
	return minus ? 0 : n;
}

/* Behind the backslash. */
static void take_control(struct rtf *r)
{
	size_t start = r->at;
	if (r->at >= r->s.n)
		return;
	if (!ascii_is_alpha(r->s.p[r->at])) {
		/* \'hh stands for a byte of text; in object data Word passes over it. */
		r->at += r->s.p[r->at] == '\'' ? 3 : 1;
		return;
	}
	while (r->at < r->s.n && ascii_is_alpha(r->s.p[r->at]) && r->at - start < WORD_MAX)
		r->at++;
	struct slice word = slice_sub(r->s, start, r->at);
	uint64_t number = take_number(r);
	if (r->at < r->s.n && r->s.p[r->at] == ' ')
		r->at++;
	if (slice_eq(word, SLICE("bin"))) {
		struct slice raw = slice_sub(r->s, r->at, number < r->s.n - r->at ? r->at + (size_t)number : r->s.n);
		if (r->collect == OBJECT)
			buf_append(&r->object, raw);
		r->at += raw.n;
		return;
	}
	on_word(r, word);
}

static void take_byte(struct rtf *r, uint8_t c)
{
	int digit = ascii_hex_value(c);
	if (r->collect == OBJECT) {
		if (digit >= 0 && r->half >= 0) {
			buf_append_byte(&r->object, (uint8_t)(r->half << 4 | digit));
			r->half = -1;
		} else if (digit >= 0)
			r->half = digit;
	} else if (r->collect != NOTHING && c != '\r' && c != '\n' && buf_len(&r->text) < TEXT_MAX_LENGTH)
		buf_append_byte(&r->text, c);
}

static void close_group(struct rtf *r)
{
	/* A group inside of the data is passed over, its end too. */
	if (r->collect != NOTHING && r->depth <= r->collect_depth)
		end_collect(r);
	r->depth -= r->depth > 0;
}

static void take(struct rtf *r)
{
	uint8_t c = r->s.p[r->at++];
	if (c == '\\')
		take_control(r);
	else if (c == '{')
		r->depth += r->depth < DEPTH_MAX;
	else if (c == '}')
		close_group(r);
	else
		take_byte(r, c);
}

void inspect_rtf(struct walk *w, struct slice content)
{
	struct rtf r = {.w = w, .s = content, .half = -1, .text = BUF_INIT(TEXT_MAX_LENGTH + 1)};
	walk_buf(w, &r.object);
	if (!slice_starts(content, SLICE("{\\rtf")))
		walk_find_str(w, FOUND_document_obfuscated, "header");
	if (walk_steps(w, 4 * content.n))
		while (r.at < r.s.n)
			take(&r);
	end_collect(&r);
	buf_free(&r.object);
	buf_free(&r.text);
}
