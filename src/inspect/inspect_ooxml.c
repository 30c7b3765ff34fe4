/* Office Open XML (ECMA-376) and its kin: what relationships fetch, fields, macros, embedded parts. */
#include "base/ensure.h"
#include "inspect/package.h"
#include "inspect/page.h"
#include "inspect/tag.h"
#include "inspect/text.h"
#include "inspect/url.h"
#include "inspect/zip.h"

#define FIELD_MAX 4096
#define PEEK 64

struct part {
	struct walk *w;
	struct slice name, text;
	struct buf room;
};

/* ---- relationships (part 2, 9.3) ---- */

static const struct { const char *end; enum inspect_what what; } relations[] = {
	{"/attachedTemplate", FOUND_external_template}, {"/oleObject", FOUND_external_object}, {"/frame", FOUND_external_object},
	{"/subDocument", FOUND_external_object}, {"/aFChunk", FOUND_external_object}, {"/image", FOUND_external_image},
	{"/video", FOUND_external_image}, {"/audio", FOUND_external_image}, {"/media", FOUND_external_image},
	{"/externalLinkPath", FOUND_external_data}, {"/externalLink", FOUND_external_data}, {"/hyperlink", FOUND_COUNT},
	{"/mailMergeSource", FOUND_external_data}, {"/mailMergeHeaderSource", FOUND_external_data},
	{"/xlExternalLinkPath", FOUND_external_data}, {"/externalConnection", FOUND_external_data},
	{"/slideUpdateUrl", FOUND_external_object}, {"/package", FOUND_external_object},
};

static void on_relationship(struct part *p, const struct tag *t)
{
	const struct tag_attribute *mode = tag_attribute(t, SLICE("TargetMode")), *type = tag_attribute(t, SLICE("Type")),
		*target = tag_attribute(t, SLICE("Target"));
	enum inspect_what what = FOUND_external_object;
	if (mode == NULL || target == NULL || !slice_eq_nocase(mode->value, SLICE("External")))
		return;
	for (size_t i = 0; i < ARRAY_LEN(relations) && type != NULL; i++)
		if (slice_ends_nocase(type->value, slice_str(relations[i].end)))
			what = relations[i].what;
	struct slice url = tag_value(target->value, &p->room);
	/* A link that waits for a click is text. */
	bool odd = url_is_unc(url) || slice_starts_nocase(url, SLICE("ms-")) || slice_starts_nocase(url, SLICE("search-ms:")) ||
		slice_starts_nocase(url, SLICE("javascript:")) || slice_starts_nocase(url, SLICE("mhtml:"));
	if (what == FOUND_COUNT && odd && !slice_starts_nocase(url, SLICE("ms-word")) && !slice_starts_nocase(url, SLICE("ms-excel")))
		walk_find(p->w, FOUND_remote_link, url);
	else if (what != FOUND_COUNT && url_is_remote(url))
		walk_find(p->w, what, url);
}

/* ---- fields of Word (part 1, 17.16) ---- */

static void check_field(struct walk *w, struct slice code)
{
	code = slice_trim(code);
	bool remote = slice_search_nocase(code, SLICE("http")) >= 0 || slice_search(code, SLICE("\\\\\\\\")) >= 0;
	if (slice_starts_nocase(code, SLICE("DDE")) || slice_search_nocase(code, SLICE("DDEAUTO")) >= 0)
		walk_find(w, FOUND_dde, code);
	else if (remote && slice_starts_nocase(code, SLICE("INCLUDEPICTURE")))
		walk_find(w, FOUND_external_image, code);
	else if (remote && (slice_starts_nocase(code, SLICE("INCLUDETEXT")) || slice_starts_nocase(code, SLICE("LINK")) ||
		slice_starts_nocase(code, SLICE("IMPORT"))))
		walk_find(w, FOUND_external_object, code);
}

static void on_field(struct part *p, const struct tag *t, struct buf *code)
{
	const struct tag_attribute *instruction = tag_attribute(t, SLICE("instr"));
	if (instruction != NULL && tag_is(t, SLICE("fldSimple")))
		check_field(p->w, tag_value(instruction->value, &p->room));
	if (tag_is(t, SLICE("fldChar"))) {
		check_field(p->w, buf_slice(code));
		buf_clear(code);
	}
}

/* ---- elements of all kinds of parts ---- */

static struct slice attribute(struct part *p, const struct tag *t, const char *name)
{
	const struct tag_attribute *a = tag_attribute(t, slice_str(name));
	return a != NULL ? tag_value(a->value, &p->room) : SLICE_NONE;
}

static void on_object(struct part *p, const struct tag *t)
{
	struct slice id = attribute(p, t, "ProgID");
	if (id.n == 0)
		id = attribute(p, t, "progId");
	object_class(p->w, id);
}

static void on_dde(struct part *p, const struct tag *t)
{
	const struct tag_attribute *topic = tag_attribute(t, SLICE("ddeTopic"));
	struct slice service = attribute(p, t, "ddeService"), more = topic != NULL ? topic->value : SLICE_NONE;
	walk_findf(p->w, FOUND_dde, "%.*s %.*s", SLICE_ARG(slice_sub(service, 0, 60)), SLICE_ARG(slice_sub(more, 0, 90)));
}

static void on_control(struct part *p, const struct tag *t)
{
	if (tag_is(t, SLICE("ocx")))
		walk_find(p->w, FOUND_activex, attribute(p, t, "classid"));
}

static void on_connection(struct part *p, const struct tag *t)
{
	struct slice where = attribute(p, t, "url");
	if (where.n == 0)
		where = attribute(p, t, "connection");
	if (where.n > 0)
		walk_find(p->w, FOUND_external_data, where);
}

static void on_ribbon(struct part *p, const struct tag *t)
{
	struct slice callback = attribute(p, t, "onLoad");
	if (callback.n > 0)
		walk_find(p->w, FOUND_document_callback, callback);
}

static void on_defined_name(struct part *p, const struct tag *t)
{
	struct slice name = attribute(p, t, "name");
	if (slice_starts_nocase(name, SLICE("_xlnm.")))
		name = slice_from(name, 6);
	if (slice_starts_nocase(name, SLICE("Auto_")))
		walk_find(p->w, FOUND_xlm_autorun, name);
}

static void on_sheet(struct part *p, const struct tag *t)
{
	if (slice_eq_nocase(attribute(p, t, "state"), SLICE("veryHidden")))
		walk_find(p->w, FOUND_sheet_hidden, attribute(p, t, "name"));
}

static void on_click(struct part *p, const struct tag *t)
{
	struct slice action = attribute(p, t, "action");
	if (slice_starts_nocase(action, SLICE("ppaction://program")) || slice_starts_nocase(action, SLICE("ppaction://macro")))
		walk_find(p->w, FOUND_document_callback, action);
}

static const struct { struct slice name; void (*on)(struct part *p, const struct tag *t); } elements[] = {
	{SLICE_INIT("Relationship"), on_relationship}, {SLICE_INIT("OLEObject"), on_object}, {SLICE_INIT("oleObj"), on_object},
	{SLICE_INIT("oleObject"), on_object}, {SLICE_INIT("ddeLink"), on_dde}, {SLICE_INIT("ocx"), on_control},
	{SLICE_INIT("webPr"), on_connection}, {SLICE_INIT("dbPr"), on_connection}, {SLICE_INIT("customUI"), on_ribbon},
	{SLICE_INIT("definedName"), on_defined_name}, {SLICE_INIT("sheet"), on_sheet}, {SLICE_INIT("hlinkClick"), on_click},
	{SLICE_INIT("hlinkMouseOver"), on_click}, {SLICE_INIT("hlinkHover"), on_click},
};

/* Which letters names of elements begin with, so that the many runs of text cost little. */
static bool is_first(uint8_t c)
{
	c = ascii_lower(c);
	return c == 'r' || c == 'o' || c == 'd' || c == 'w' || c == 'c' || c == 's' || c == 'h' || c == 'f' || c == 'i';
}

static void inspect_text(struct part *p)
{
	struct tag_reader r = {.rest = p->text};
	struct tag t;
	struct buf code = BUF_INIT(FIELD_MAX);
	bool word = slice_search(slice_sub(p->text, 0, 4096), SLICE("wordprocessingml")) >= 0;
	while (tag_next(&r, &t)) {
		if (word && t.closing && tag_is(&t, SLICE("instrText"))) {
			struct slice piece = tag_value(r.before, &p->room);
			/* A blank between two pieces matters less than one inside of a word that was split. */
			buf_append(&code, piece);
		}
		if (t.closing || t.name.n < 3 || !is_first(t.name.p[0]))
			continue;
		if (word)
			on_field(p, &t, &code);
		for (size_t i = 0; i < ARRAY_LEN(elements); i++)
			if (tag_is(&t, elements[i].name))
				elements[i].on(p, &t);
	}
	check_field(p->w, buf_slice(&code));
	buf_free(&code);
}

/* ---- parts ---- */

static bool is_xml(struct slice name)
{
	return slice_ends_nocase(name, SLICE(".xml")) || slice_ends_nocase(name, SLICE(".rels")) || slice_ends_nocase(name, SLICE(".vml"));
}

static void inspect_xml_part(struct walk *w, const struct zip *z, const struct zip_entry *e)
{
	struct buf content, room;
	struct walk_place place = walk_name(w, e->name);
	walk_buf(w, &content);
	walk_buf(w, &room);
	if (zip_unpack(w, z, e, &content) && walk_steps(w, 2 * buf_len(&content))) {
		struct part p = {.w = w, .name = e->name, .text = text_plain(buf_slice(&content), &room), .room = BUF_INIT(TAG_VALUE_MAX)};
		xml_prolog(w, p.text);
		inspect_text(&p);
		buf_free(&p.room);
	}
	if (slice_search_nocase(e->name, SLICE("macrosheets/")) >= 0 && !slice_ends_nocase(e->name, SLICE(".rels")))
		walk_find(w, FOUND_xlm_macros, e->name);
	walk_unname(w, place);
	buf_free(&content);
	buf_free(&room);
}

/* A picture by its front needs no unpacking: what is wrong with pictures, no inspection here sees. */
static bool is_picture(const struct zip *z, const struct zip_entry *e)
{
	uint8_t room[PEEK];
	struct buf front = {.data = room, .capacity = sizeof room, .max = sizeof room};
	zip_peek(z, e, &front);
	enum inspect_type t = inspect_type_of(buf_slice(&front), SLICE_NONE);
	return inspect_type_family(t) == INSPECT_FAMILY_IMAGE || inspect_type_family(t) == INSPECT_FAMILY_MEDIA;
}

static void inspect_other_part(struct walk *w, const struct zip *z, const struct zip_entry *e)
{
	struct buf content;
	if (slice_search_nocase(e->name, SLICE("macrosheets/")) >= 0)
		walk_find(w, FOUND_xlm_macros, e->name);
	if (!zip_is_encrypted(e) && is_picture(z, e))
		return;
	walk_buf(w, &content);
	if (!zip_unpack(w, z, e, &content))
		walk_sealed_member(w, e->name);
	else
		walk_member(w, INSPECT_PIECE_EMBEDDED, e->name, buf_slice(&content));
	buf_free(&content);
}

static void check_promise(struct walk *w, uint32_t before)
{
	enum inspect_type t = walk_level(w)->type;
	if ((t == FILE_docx || t == FILE_xlsx || t == FILE_pptx) && w->report->counts[FOUND_macros] > before)
		walk_find_str(w, FOUND_macros_undeclared, inspect_type_name(t));
}

void inspect_ooxml(struct walk *w, struct slice content)
{
	struct zip z;
	uint32_t before = w->report->counts[FOUND_macros];
	zip_open(content, w->budget->limits.entries_max, &z);
	if (walk_steps(w, content.n))
		zip_tell(w, &z);
	for (size_t i = 0; i < z.count && walk_entry(w); i++) {
		const struct zip_entry *e = &z.entries[i];
		if (zip_is_folder(e) && e->size == 0)
			continue;
		if (is_xml(e->name))
			inspect_xml_part(w, &z, e);
		else
			inspect_other_part(w, &z, e);
	}
	if (z.more)
		walk_find_str(w, FOUND_over_budget, "entries");
	check_promise(w, before);
	zip_close(&z);
}
