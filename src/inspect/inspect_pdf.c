/*
 * PDF (ISO 32000-1). The file is read from its front to its end, every object as it comes, and object streams as they come: no table of
 * references is believed, so nothing hides behind a forged one, and nothing can run in circles.
 */
#include <string.h>

#include "base/ensure.h"
#include "inspect/page.h"
#include "inspect/pdf_filter.h"
#include "inspect/pdf_lexer.h"
#include "inspect/url.h"

#define DEPTH_MAX 64
#define STREAMS_MAX 20000
#define REFERENCES_MAX 4000
#define SCRIPT_MAX (1024 * 1024)
#define NESTED_MAX 1 /* object streams hold no streams */

enum use { USE_SCRIPT = 1, USE_FILE = 2, USE_FORM = 4 };

/* A dictionary or array that is open. */
struct level {
	bool dict;
	bool has_key;           /* the next thing is the value of `key` */
	bool has_number;        /* its value began with a number: done, unless "0 R" follows */
	uint8_t key[PDF_NAME_MAX + 1];
	size_t key_length;
	struct slice action;    /* value of S, in the arena */
	struct slice type, subtype, file, uri, script;
	bool has_ef;
	struct pdf_filters filters;
};

struct stream {
	uint64_t object;
	struct slice data;
	struct pdf_filters filters;
	unsigned use;
};

struct reference {
	uint64_t object;
	unsigned use;
	struct slice name;
};

struct pdf {
	struct walk *w;
	struct arena arena;
	struct level levels[DEPTH_MAX];
	unsigned depth;          /* open levels; beyond DEPTH_MAX they are counted only */
	struct stream *streams;
	size_t stream_count, stream_room;
	struct reference *references;
	size_t reference_count, reference_room;
	uint64_t numbers[2];     /* the last two, for "1 0 R" and "1 0 obj" */
	uint64_t object;         /* that is open */
	struct level nowhere;    /* outside of all levels */
	struct level last;       /* the dictionary that closed last: of a stream that follows */
	bool encrypted;
	bool names_script, told_script;
	struct buf room;
};

static struct level *top(struct pdf *p)
{
	if (p->depth == 0 || p->depth > DEPTH_MAX) {
		p->nowhere = (struct level){0};
		return &p->nowhere;
	}
	return &p->levels[p->depth - 1];
}

/* ---- names that tell ---- */

static const struct { struct slice name; enum inspect_what what; } telling[] = {
	{SLICE_INIT("JS"), FOUND_pdf_javascript}, {SLICE_INIT("JavaScript"), FOUND_pdf_javascript},
	{SLICE_INIT("AA"), FOUND_pdf_additional_action}, {SLICE_INIT("Launch"), FOUND_pdf_launch},
	{SLICE_INIT("RichMedia"), FOUND_pdf_rich_media}, {SLICE_INIT("RichMediaContent"), FOUND_pdf_rich_media},
	{SLICE_INIT("3D"), FOUND_pdf_rich_media}, {SLICE_INIT("Movie"), FOUND_pdf_rich_media}, {SLICE_INIT("XFA"), FOUND_pdf_xfa},
	{SLICE_INIT("SubmitForm"), FOUND_pdf_submit}, {SLICE_INIT("ImportData"), FOUND_pdf_submit},
	{SLICE_INIT("OpenAction"), FOUND_pdf_open_action}, {SLICE_INIT("EmbeddedFile"), FOUND_embedded_file},
	{SLICE_INIT("GoToE"), FOUND_embedded_file},
};

static void check_name(struct pdf *p, const struct pdf_token *t, bool is_key)
{
	struct slice name = pdf_name(t);
	for (size_t i = 0; i < ARRAY_LEN(telling); i++) {
		if (!slice_eq(name, telling[i].name))
			continue;
		if (t->escaped)
			walk_find(p->w, FOUND_document_obfuscated, t->raw);
		/* "AA", "JS", "OpenAction" and "XFA" tell as keys only, the kinds of actions as values. */
		bool keyed = slice_eq(name, SLICE("AA")) || slice_eq(name, SLICE("OpenAction")) || slice_eq(name, SLICE("XFA")) ||
			slice_eq(name, SLICE("JS"));
		if (telling[i].what == FOUND_pdf_javascript)
			p->names_script = true;
		else if (keyed == is_key && telling[i].what != FOUND_embedded_file)
			walk_find(p->w, telling[i].what, name);
	}
}

/* ---- values ---- */

static struct slice text_of(struct pdf *p, const struct pdf_token *t, size_t max)
{
	p->room.max = max;
	buf_clear(&p->room);
	pdf_text(t, &p->room);
	return arena_dup(&p->arena, buf_slice(&p->room));
}

static bool key_is(const struct level *l, const char *key)
{
	return slice_eq(slice_make(l->key, l->key_length), slice_str(key));
}

static void on_text(struct pdf *p, struct level *l, const struct pdf_token *t)
{
	if (key_is(l, "JS"))
		l->script = text_of(p, t, SCRIPT_MAX);
	else if (key_is(l, "URI"))
		l->uri = text_of(p, t, PDF_TEXT_MAX);
	else if (key_is(l, "UF") || (key_is(l, "F") && l->file.n == 0) || key_is(l, "P"))
		l->file = text_of(p, t, PDF_TEXT_MAX);
}

static void on_name_value(struct pdf *p, struct level *l, const struct pdf_token *t)
{
	struct slice name = arena_dup(&p->arena, pdf_name(t));
	if (key_is(l, "S"))
		l->action = name;
	else if (key_is(l, "Type"))
		l->type = name;
	else if (key_is(l, "Subtype"))
		l->subtype = name;
	else if (key_is(l, "Filter") || key_is(l, "F"))
		pdf_filters_add(&l->filters, name);
}

static void on_number(struct level *l, uint64_t n)
{
	l->has_number = true;
	if (key_is(l, "Predictor"))
		l->filters.predictor = n < 100 ? (unsigned)n : 100;
	else if (key_is(l, "Columns"))
		l->filters.columns = n < 65536 ? (unsigned)n : 65536;
}

/* Room for one more: most files have few. */
static void *grown(struct pdf *p, void *list, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return list;
	*room = *room == 0 ? 32 : 2 * *room;
	void *moved = arena_alloc_array(&p->arena, *room, size);
	if (count > 0)
		memcpy(moved, list, count * size);
	return moved;
}

static void add_reference(struct pdf *p, uint64_t object, unsigned use, struct slice name)
{
	if (p->reference_count == REFERENCES_MAX)
		return;
	p->references = grown(p, p->references, p->reference_count, &p->reference_room, sizeof *p->references);
	p->references[p->reference_count++] = (struct reference){object, use, name};
}

/* "12 0 R" as a value. */
static void on_reference(struct pdf *p, struct level *l, uint64_t object)
{
	if (key_is(l, "JS"))
		add_reference(p, object, USE_SCRIPT, SLICE_NONE);
	else if (key_is(l, "XFA"))
		add_reference(p, object, USE_FORM, SLICE_NONE);
	else if (p->depth > 1 && (key_is(l, "F") || key_is(l, "UF")) && p->depth <= DEPTH_MAX && p->levels[p->depth - 2].has_ef)
		add_reference(p, object, USE_FILE, p->levels[p->depth - 2].file);
}

/* ---- dictionaries ---- */

/* Acrobat writes these calls for every field with a format. */
static bool is_form_script(struct slice script)
{
	static const struct slice calls[] = {SLICE_INIT("AFNumber_"), SLICE_INIT("AFDate_"), SLICE_INIT("AFTime_"), SLICE_INIT("AFSimple_"),
		SLICE_INIT("AFSpecial_"), SLICE_INIT("AFPercent_"), SLICE_INIT("AFRange_")};
	ptrdiff_t end = slice_find(script, ';');
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		if (slice_starts(script, calls[i]))
			return end < 0 || slice_trim(slice_from(script, (size_t)end + 1)).n == 0;
	return false;
}

static void tell_script(struct pdf *p, struct slice script)
{
	script = slice_trim(script);
	p->told_script = true;
	walk_find(p->w, is_form_script(script) ? FOUND_pdf_form_script : FOUND_pdf_javascript, slice_sub(script, 0, 60));
	page_script(p->w, script);
}

/* What an action means is known when all of it was read. */
static void close_action(struct pdf *p, const struct level *l)
{
	struct slice where = l->uri.n > 0 ? l->uri : l->file;
	if (l->script.n > 0)
		tell_script(p, l->script);
	if (l->uri.n > 0)
		walk_find(p->w, url_is_unc(l->uri) ? FOUND_remote_link : FOUND_pdf_uri, l->uri);
	if (slice_eq(l->action, SLICE("GoToR")) || slice_eq(l->action, SLICE("Thread"))) {
		if (url_is_remote(where))
			walk_find(p->w, FOUND_pdf_remote, where);
	} else if (slice_eq(l->action, SLICE("Launch")) && where.n > 0)
		walk_find(p->w, FOUND_pdf_launch, where);
	else if (slice_eq(l->action, SLICE("SubmitForm")) && where.n > 0)
		walk_find(p->w, FOUND_pdf_submit, where);
	else if (url_is_unc(l->file))
		walk_find(p->w, FOUND_pdf_remote, l->file);
}

static void close_level(struct pdf *p)
{
	if (p->depth == 0)
		return;
	if (p->depth > DEPTH_MAX) {
		p->depth--;
		return;
	}
	struct level *l = top(p);
	if (l->dict)
		close_action(p, l);
	p->last = *l;
	p->depth--;
	struct level *around = top(p);
	/* A file specification, a Win dictionary of Launch, DecodeParms: what they say belongs to what is around them. */
	if (around->dict && around->has_key) {
		if (l->dict && around->file.n == 0 && (key_is(around, "F") || key_is(around, "Win")))
			around->file = l->file;
		if (l->dict && (key_is(around, "DecodeParms") || key_is(around, "DP"))) {
			around->filters.predictor = l->filters.predictor;
			around->filters.columns = l->filters.columns;
		}
		if (!l->dict && (key_is(around, "Filter") || key_is(around, "DecodeParms")))
			pdf_filters_join(&around->filters, &l->filters);
		around->has_key = false;
	} else if (p->depth > 0)
		pdf_filters_join(&around->filters, &l->filters);
}

static void open_level(struct pdf *p, bool dict)
{
	walk_steps(p->w, WALK_FOLLOW / 4);
	struct level *around = top(p);
	/* An array's names count as values of the key it belongs to. */
	struct level fresh = {.dict = dict};
	if (around->dict && key_is(around, "EF"))
		around->has_ef = true;
	if (!dict) {
		fresh.key_length = around->has_key ? around->key_length : 0;
		for (size_t i = 0; i < fresh.key_length; i++)
			fresh.key[i] = around->key[i];
		fresh.has_ef = around->has_ef;
	}
	p->depth++;
	if (p->depth <= DEPTH_MAX)
		p->levels[p->depth - 1] = fresh;
}

/* ---- streams ---- */

static unsigned use_of(const struct level *l)
{
	return slice_eq(l->type, SLICE("EmbeddedFile")) ? USE_FILE : 0;
}

static void lex(struct pdf *p, struct slice s, unsigned nested);

static void on_object_stream(struct pdf *p, struct slice data, const struct pdf_filters *filters)
{
	struct buf out;
	walk_buf(p->w, &out);
	enum pdf_decode r = pdf_decode(p->w, data, filters, &out);
	if (r == PDF_DECODE_UNSUPPORTED)
		walk_find_str(p->w, FOUND_archive_method, "filter of an object stream");
	else if (r == PDF_DECODE_DAMAGED && buf_len(&out) == 0 && !p->encrypted)
		walk_find_str(p->w, FOUND_document_damaged, "object stream");
	uint64_t object = p->object;
	unsigned depth = p->depth;
	struct level last = p->last;
	p->depth = 0;
	lex(p, buf_slice(&out), NESTED_MAX);
	p->depth = depth;
	p->object = object;
	p->last = last;
	buf_free(&out);
}

/* The lexer stands behind "stream". Lengths are not believed: the data reaches to "endstream". */
static void on_stream(struct pdf *p, struct pdf_lexer *l)
{
	size_t start = l->at + (l->at < l->s.n && l->s.p[l->at] == '\r');
	start += start < l->s.n && l->s.p[start] == '\n';
	ptrdiff_t end = slice_search(slice_from(l->s, start), SLICE("endstream"));
	struct slice data = end < 0 ? slice_from(l->s, start) : slice_sub(l->s, start, start + (size_t)end);
	l->at = start + data.n;
	if (!walk_steps(p->w, data.n / 16 + WALK_FOLLOW))
		l->at = l->s.n;
	if (slice_eq(p->last.type, SLICE("ObjStm"))) {
		if (walk_entry(p->w))
			on_object_stream(p, data, &p->last.filters);
	} else if (p->stream_count < STREAMS_MAX) {
		p->streams = grown(p, p->streams, p->stream_count, &p->stream_room, sizeof *p->streams);
		p->streams[p->stream_count++] = (struct stream){p->object, data, p->last.filters, use_of(&p->last)};
	}
}

/* ---- all tokens ---- */

static void value_done(struct pdf *p)
{
	if (p->depth > 0 && p->depth <= DEPTH_MAX && p->levels[p->depth - 1].dict)
		p->levels[p->depth - 1].has_key = false;
}

static void on_name(struct pdf *p, const struct pdf_token *t)
{
	struct level *l = top(p);
	bool is_key = l->dict && (!l->has_key || l->has_number);
	check_name(p, t, is_key);
	if (!is_key) {
		on_name_value(p, l, t);
		value_done(p);
		return;
	}
	l->has_key = true;
	l->has_number = false;
	l->key_length = t->name_length;
	for (size_t i = 0; i < t->name_length; i++)
		l->key[i] = t->name[i];
	if (key_is(l, "Encrypt") && p->depth <= 2)
		p->encrypted = true;
	if (key_is(l, "EF"))
		l->has_ef = true;
}

static void on_word(struct pdf *p, struct pdf_lexer *l, const struct pdf_token *t, unsigned nested)
{
	if (slice_eq(t->raw, SLICE("R")))
		on_reference(p, top(p), p->numbers[0]);
	else if (slice_eq(t->raw, SLICE("obj")) || slice_eq(t->raw, SLICE("endobj"))) {
		while (p->depth > 0)
			close_level(p);
		p->object = p->numbers[0];
	} else if (slice_eq(t->raw, SLICE("stream")) && nested == 0) {
		while (p->depth > 0)
			close_level(p);
		on_stream(p, l);
	}
	value_done(p);
}

static void on_token(struct pdf *p, struct pdf_lexer *l, const struct pdf_token *t, unsigned nested)
{
	switch (t->kind) {
	case PDF_NAME:
		on_name(p, t);
		break;
	case PDF_TEXT:
		on_text(p, top(p), t);
		value_done(p);
		break;
	case PDF_NUMBER:
		on_number(top(p), t->number);
		p->numbers[0] = p->numbers[1];
		p->numbers[1] = t->number;
		break;
	case PDF_DICT_OPEN:
	case PDF_ARRAY_OPEN:
		open_level(p, t->kind == PDF_DICT_OPEN);
		break;
	case PDF_DICT_CLOSE:
	case PDF_ARRAY_CLOSE:
		close_level(p);
		break;
	case PDF_WORD:
		on_word(p, l, t, nested);
		break;
	case PDF_END:
		break;
	}
}

static void lex(struct pdf *p, struct slice s, unsigned nested)
{
	struct pdf_lexer l = {.s = s};
	struct pdf_token t;
	size_t before = 0;
	while (pdf_next(&l, &t) && walk_steps(p->w, 4 + (l.at - before))) {
		before = l.at;
		on_token(p, &l, &t, nested);
	}
}

/* ---- what streams hold that something names ---- */

static void use_stream(struct pdf *p, const struct stream *s, unsigned use, struct slice name)
{
	struct buf out;
	walk_buf(p->w, &out);
	if (pdf_decode(p->w, s->data, &s->filters, &out) == PDF_DECODE_UNSUPPORTED)
		walk_find_str(p->w, FOUND_archive_method, "filter");
	if ((use & USE_FILE) != 0) {
		walk_find(p->w, FOUND_embedded_file, name);
		if (!p->encrypted)
			walk_member(p->w, INSPECT_PIECE_EMBEDDED, name, buf_slice(&out));
		else
			walk_sealed_member(p->w, name);
	} else if ((use & USE_SCRIPT) != 0 && !p->encrypted)
		tell_script(p, buf_slice(&out));
	else if (!p->encrypted)
		page_script(p->w, buf_slice(&out));
	buf_free(&out);
}

static void use_streams(struct pdf *p)
{
	for (size_t i = 0; i < p->stream_count; i++) {
		unsigned use = p->streams[i].use;
		struct slice name = SLICE_NONE;
		if (p->reference_count > 0 && !walk_steps(p->w, p->reference_count))
			return;
		for (size_t k = 0; k < p->reference_count; k++)
			if (p->references[k].object == p->streams[i].object) {
				use |= p->references[k].use;
				name = p->references[k].name.n > 0 ? p->references[k].name : name;
			}
		if (use != 0 && walk_entry(p->w))
			use_stream(p, &p->streams[i], use, name);
	}
}

void inspect_pdf(struct walk *w, struct slice content)
{
	struct pdf p = {.w = w, .arena = ARENA_INIT};
	lex(&p, content, 0);
	while (p.depth > 0)
		close_level(&p);
	if (p.encrypted)
		walk_find_str(w, FOUND_document_encrypted, "PDF");
	use_streams(&p);
	if (p.names_script && !p.told_script)
		walk_find(w, FOUND_pdf_javascript, SLICE_NONE);
	if (p.stream_count == STREAMS_MAX || p.reference_count == REFERENCES_MAX)
		walk_find_str(w, FOUND_over_budget, "entries");
	if (slice_search(content, SLICE("endobj")) < 0)
		walk_find_str(w, FOUND_document_damaged, "no objects");
	buf_free(&p.room);
	arena_free(&p.arena);
}
