/* OpenDocument (ODF 1.3 part 2 and 3): macros, links that are followed by themselves, encryption. */
#include "base/ensure.h"
#include "inspect/tag.h"
#include "inspect/text.h"
#include "inspect/url.h"
#include "inspect/vba.h"
#include "inspect/zip.h"

struct part {
	struct walk *w;
	struct buf room;
};

static struct slice attribute(struct part *p, const struct tag *t, const char *name)
{
	const struct tag_attribute *a = tag_attribute(t, slice_str(name));
	return a != NULL ? tag_value(a->value, &p->room) : SLICE_NONE;
}

static void find_remote(struct part *p, const struct tag *t, enum inspect_what what)
{
	struct slice url = attribute(p, t, "href");
	if (url_is_remote(url))
		walk_find(p->w, what, url);
}

static void on_listener(struct part *p, const struct tag *t)
{
	struct slice url = attribute(p, t, "href");
	if (slice_starts_nocase(url, SLICE("vnd.sun.star.script")) || slice_starts_nocase(url, SLICE("macro:")))
		walk_find(p->w, FOUND_macros_autorun, url);
}

static void on_picture(struct part *p, const struct tag *t) { find_remote(p, t, FOUND_external_image); }
static void on_object(struct part *p, const struct tag *t) { find_remote(p, t, FOUND_external_object); }
static void on_data(struct part *p, const struct tag *t) { find_remote(p, t, FOUND_external_data); }
static void on_template(struct part *p, const struct tag *t) { find_remote(p, t, FOUND_external_template); }

static void on_dde(struct part *p, const struct tag *t)
{
	walk_find(p->w, FOUND_dde, attribute(p, t, "dde-application"));
}

static void on_encryption(struct part *p, const struct tag *t)
{
	if (!t->closing)
		walk_find_str(p->w, FOUND_document_encrypted, "OpenDocument");
}

static const struct { struct slice name; void (*on)(struct part *p, const struct tag *t); } elements[] = {
	{SLICE_INIT("event-listener"), on_listener}, {SLICE_INIT("image"), on_picture}, {SLICE_INIT("fill-image"), on_picture},
	{SLICE_INIT("object"), on_object}, {SLICE_INIT("object-ole"), on_object}, {SLICE_INIT("floating-frame"), on_object},
	{SLICE_INIT("applet"), on_object}, {SLICE_INIT("plugin"), on_object}, {SLICE_INIT("section-source"), on_object},
	{SLICE_INIT("table-source"), on_data}, {SLICE_INIT("cell-range-source"), on_data}, {SLICE_INIT("connection-resource"), on_data},
	{SLICE_INIT("template"), on_template}, {SLICE_INIT("dde-source"), on_dde}, {SLICE_INIT("dde-connection-decl"), on_dde},
	{SLICE_INIT("encryption-data"), on_encryption},
};

static void inspect_text(struct walk *w, struct slice text)
{
	struct part p = {w, BUF_INIT(TAG_VALUE_MAX)};
	struct tag_reader r = {.rest = text};
	struct tag t;
	while (tag_next(&r, &t))
		for (size_t i = 0; i < ARRAY_LEN(elements) && !t.closing; i++)
			if (tag_is(&t, elements[i].name))
				elements[i].on(&p, &t);
	buf_free(&p.room);
}

/* Basic and other scripts stand in folders of these names. */
static bool is_macro(struct slice name)
{
	bool module = slice_starts(name, SLICE("Basic/")) && !slice_ends(name, SLICE("script-lc.xml")) &&
		!slice_ends(name, SLICE("script-lb.xml"));
	return (module || slice_starts(name, SLICE("Scripts/"))) && !slice_ends(name, SLICE("/"));
}

static void inspect_part(struct walk *w, const struct zip *z, const struct zip_entry *e)
{
	struct buf content, room;
	struct walk_place place = walk_name(w, e->name);
	walk_buf(w, &content);
	walk_buf(w, &room);
	if (zip_unpack(w, z, e, &content) && walk_steps(w, 2 * buf_len(&content))) {
		struct slice text = text_plain(buf_slice(&content), &room);
		if (is_macro(e->name)) {
			walk_find(w, FOUND_macros, e->name);
			vba_source(w, e->name, text);
		} else
			inspect_text(w, text);
	}
	walk_unname(w, place);
	buf_free(&content);
	buf_free(&room);
}

static void inspect_other(struct walk *w, const struct zip *z, const struct zip_entry *e)
{
	struct buf content;
	walk_buf(w, &content);
	if (zip_unpack(w, z, e, &content))
		walk_member(w, INSPECT_PIECE_EMBEDDED, e->name, buf_slice(&content));
	buf_free(&content);
}

void inspect_odf(struct walk *w, struct slice content)
{
	struct zip z;
	zip_open(content, w->budget->limits.entries_max, &z);
	if (walk_steps(w, content.n))
		zip_tell(w, &z);
	for (size_t i = 0; i < z.count && walk_entry(w); i++) {
		const struct zip_entry *e = &z.entries[i];
		if (is_macro(e->name) || slice_ends_nocase(e->name, SLICE(".xml")))
			inspect_part(w, &z, e);
		else if (!zip_is_folder(e) && !slice_eq(e->name, SLICE("mimetype")))
			inspect_other(w, &z, e);
	}
	if (z.more)
		walk_find_str(w, FOUND_over_budget, "entries");
	zip_close(&z);
}
