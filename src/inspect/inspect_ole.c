/* Office documents of 97 to 2003, Outlook messages, and objects inside of newer ones. */
#include "base/ensure.h"
#include "inspect/bytes.h"
#include "inspect/ole.h"
#include "inspect/package.h"
#include "inspect/text.h"
#include "inspect/url.h"
#include "inspect/vba.h"

#define NAME_MAX_BYTES 1024

struct office {
	struct walk *w;
	struct ole *ole;
	const struct ole_entry *entry;
	struct slice stream;
};

/* ---- Word ---- */

/* The string with index 1 of SttbfAssoc (MS-DOC 2.9.277): the attached template. */
static void check_template(struct office *f, struct slice fib)
{
	const struct ole_entry *e = ole_find(f->ole, 0, (le16_at(fib, 10) & 0x200) != 0 ? SLICE("1Table") : SLICE("0Table"));
	struct buf table, text = BUF_INIT(NAME_MAX_BYTES);
	walk_buf(f->w, &table);
	if (e != NULL)
		ole_read(f->w, f->ole, e, &table);
	struct slice list = cut_bytes(buf_slice(&table), le32_at(fib, 0x19a), le32_at(fib, 0x19e));
	uint64_t at = 6;
	if (le16_at(list, 0) == 0xffff) {
		at += 2 + 2 * (uint64_t)le16_at(list, at);
		text_from_utf16(cut_bytes(list, at + 2, 2 * (uint64_t)le16_at(list, at)), false, &text);
	}
	if (url_is_remote(buf_slice(&text)))
		walk_find(f->w, FOUND_external_template, buf_slice(&text));
	buf_free(&table);
	buf_free(&text);
}

/* Character 0x13 begins a field; its text follows in bytes or in UTF-16. */
static void check_fields(struct office *f, struct slice s)
{
	for (size_t i = 0; i + 8 < s.n; i++) {
		if (s.p[i] != 0x13)
			continue;
		struct buf text = BUF_INIT(400);
		bool wide = s.p[i + 1] == 0;
		for (size_t k = i + 1 + wide; k < s.n && k < i + 400 && s.p[k] != 0x13 && s.p[k] != 0x14 && s.p[k] != 0x15; k += 1 + (size_t)wide)
			buf_append_byte(&text, s.p[k]);
		struct slice code = slice_trim(buf_slice(&text));
		if (slice_starts_nocase(code, SLICE("DDE")))
			walk_find(f->w, FOUND_dde, code);
		else if (slice_starts_nocase(code, SLICE("INCLUDE")) && slice_search_nocase(code, SLICE("http")) >= 0)
			walk_find(f->w, slice_starts_nocase(code, SLICE("INCLUDEP")) ? FOUND_external_image : FOUND_external_object, code);
		buf_free(&text);
	}
}

static void on_word(struct office *f)
{
	uint16_t flags = le16_at(f->stream, 10);
	if ((flags & 0x100) != 0) {
		walk_find_str(f->w, FOUND_document_encrypted, "Word");
		return;
	}
	check_template(f, f->stream);
	if (walk_steps(f->w, f->stream.n))
		check_fields(f, f->stream);
}

/* ---- Excel: records of BIFF8 (MS-XLS) ---- */

#define BIFF_NAME 0x18
#define BIFF_FILEPASS 0x2f
#define BIFF_SHEET 0x85
#define BIFF_SUPBOOK 0x1ae

static void append_biff(struct slice s, bool wide, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		buf_append_byte(out, wide ? (byte_at(s, 2 * i + 1) == 0 ? byte_at(s, 2 * i) : '?') : byte_at(s, i));
}

static void on_sheet(struct office *f, struct slice r)
{
	struct buf name = BUF_INIT(256);
	append_biff(slice_from(r, 8), (byte_at(r, 7) & 1) != 0, byte_at(r, 6), &name);
	if (byte_at(r, 5) == 1)
		walk_find(f->w, FOUND_xlm_macros, buf_slice(&name));
	if ((byte_at(r, 4) & 3) == 2)
		walk_find(f->w, FOUND_sheet_hidden, buf_slice(&name));
	buf_free(&name);
}

static void on_name(struct office *f, struct slice r)
{
	static const char *const builtin[] = {"Consolidate_Area", "Auto_Open", "Auto_Close"};
	uint8_t code = byte_at(r, 15);
	struct buf name = BUF_INIT(256);
	append_biff(slice_from(r, 15), (byte_at(r, 14) & 1) != 0, byte_at(r, 3), &name);
	if ((le16_at(r, 0) & 0x20) != 0 && (code == 1 || code == 2))
		walk_find_str(f->w, FOUND_xlm_autorun, builtin[code]);
	else if (slice_starts_nocase(buf_slice(&name), SLICE("auto_")))
		walk_find(f->w, FOUND_xlm_autorun, buf_slice(&name));
	buf_free(&name);
}

/* A virtual path with 3 between its halves is service and topic of DDE or OLE. */
static void on_supbook(struct office *f, struct slice r)
{
	struct buf path = BUF_INIT(1024);
	append_biff(slice_from(r, 5), (byte_at(r, 4) & 1) != 0, le16_at(r, 2) < 1000 ? le16_at(r, 2) : 0, &path);
	struct slice text = buf_slice(&path);
	if (slice_find(text, 3) > 0)
		walk_find(f->w, FOUND_dde, text);
	else if (url_is_remote(slice_from(text, 1)))
		walk_find(f->w, FOUND_external_data, slice_from(text, 1));
	buf_free(&path);
}

static void on_excel(struct office *f)
{
	struct slice s = f->stream;
	uint64_t at = 0;
	while (has_bytes(s, at, 4) && walk_steps(f->w, 4)) {
		uint16_t id = le16_at(s, at), n = le16_at(s, at + 2);
		struct slice r = cut_bytes(s, at + 4, n);
		if (id == BIFF_FILEPASS) {
			walk_find_str(f->w, FOUND_document_encrypted, "Excel");
			return;
		}
		if (id == BIFF_SHEET)
			on_sheet(f, r);
		else if (id == BIFF_NAME)
			on_name(f, r);
		else if (id == BIFF_SUPBOOK)
			on_supbook(f, r);
		at += 4 + (uint64_t)n;
	}
}

/* ---- PowerPoint: records (MS-PPT 2.3.1) ---- */

#define PPT_OBJECT 0x1011
#define PPT_CONTAINER 0xf

static void on_powerpoint(struct office *f)
{
	struct slice s = f->stream;
	uint64_t at = 0;
	while (has_bytes(s, at, 8) && walk_steps(f->w, 8)) {
		uint16_t head = le16_at(s, at), type = le16_at(s, at + 2);
		uint32_t n = le32_at(s, at + 4);
		struct slice body = cut_bytes(s, at + 8, n);
		if (type == PPT_OBJECT && walk_entry(f->w)) {
			struct buf out;
			walk_buf(f->w, &out);
			if (head >> 4 == 1)
				walk_inflate(f->w, slice_from(body, 4), UNPACK_ZLIB, &out, NULL);
			walk_member(f->w, INSPECT_PIECE_EMBEDDED, SLICE("object"), head >> 4 == 1 ? buf_slice(&out) : body);
			buf_free(&out);
		}
		at += 8 + ((head & 0xf) == PPT_CONTAINER ? 0 : (uint64_t)n);
	}
}

static void on_current_user(struct office *f)
{
	if (le32_at(f->stream, 12) == 0xf3d1c4dfu)
		walk_find_str(f->w, FOUND_document_encrypted, "PowerPoint");
}

/* ---- objects ---- */

static void on_native(struct office *f)
{
	const struct ole_entry *class = !walk_steps(f->w, f->ole->count) ? NULL : ole_find(f->ole, f->entry->parent, SLICE("\1CompObj"));
	struct slice body = slice_from(f->stream, 4);
	/* Only packages have names; others keep their own data there. */
	if (le16_at(body, 0) == 2 || class == NULL)
		package_inspect(f->w, body);
	else if (walk_entry(f->w))
		walk_member(f->w, INSPECT_PIECE_EMBEDDED, SLICE("native"), body);
}

/* The program id stands as the third of the counted texts (MS-OLEDS 2.3.8). The root's own says only what the file is. */
static void on_class(struct office *f)
{
	struct slice s = slice_from(f->stream, 28);
	for (unsigned i = 0; i < 2; i++)
		s = slice_from(s, 4 + (size_t)(le32_at(s, 0) < 0xfffffffe ? le32_at(s, 0) : 4));
	struct slice id = cut_bytes(s, 4, le32_at(s, 0) < NAME_MAX_BYTES ? le32_at(s, 0) : 0);
	if (id.n > 0 && id.p[id.n - 1] == 0)
		id.n--;
	if (f->entry->parent != 0 && f->entry->parent != OLE_NONE && id.n > 0 && !slice_starts(id, SLICE("Forms.Form")))
		object_class(f->w, id);
}

/* Bit 0 of the flags: linked. The monikers behind hold the path, in bytes or in UTF-16. */
static void on_link(struct office *f)
{
	static const struct slice wide[] = {SLICE_INIT("h\0t\0t\0p\0"), SLICE_INIT("\\\0\\\0"), SLICE_INIT("f\0i\0l\0e\0:\0")};
	if ((le32_at(f->stream, 4) & 1) == 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(wide); i++) {
		ptrdiff_t at = slice_search(f->stream, wide[i]);
		if (at >= 0) {
			walk_find_utf16(f->w, FOUND_external_object, slice_from(f->stream, (size_t)at));
			return;
		}
	}
	walk_find_str(f->w, FOUND_external_object, "linked file");
}

static void on_equation(struct office *f)
{
	walk_find_str(f->w, FOUND_equation_object, "Equation Native");
}

static void on_control(struct office *f)
{
	walk_find_utf16(f->w, FOUND_activex, f->stream);
}

static void on_package(struct office *f)
{
	if (walk_entry(f->w))
		walk_member(f->w, INSPECT_PIECE_EMBEDDED, f->entry->name, f->stream);
}

static void on_encrypted(struct office *f)
{
	walk_find_str(f->w, FOUND_document_encrypted, slice_eq_nocase(f->entry->name, SLICE("EncryptedPackage")) ? "Office" : "rights management");
}

/* ---- Outlook (MS-OXMSG 2.2.2) ---- */

static void on_attachment(struct office *f)
{
	static const struct slice names[] = {SLICE_INIT("__substg1.0_3707001F"), SLICE_INIT("__substg1.0_3704001F"),
		SLICE_INIT("__substg1.0_3707001E"),
		SLICE_INIT("__substg1.0_3704001E")};
	struct buf raw = BUF_INIT(NAME_MAX_BYTES), name = BUF_INIT(2 * NAME_MAX_BYTES);
	for (size_t i = 0; i < ARRAY_LEN(names) && buf_len(&name) == 0 && walk_steps(f->w, f->ole->count); i++) {
		const struct ole_entry *e = ole_find(f->ole, f->entry->parent, names[i]);
		buf_clear(&raw);
		if (e != NULL)
			ole_read(f->w, f->ole, e, &raw);
		if (i < 2)
			text_from_utf16(buf_slice(&raw), false, &name);
		else
			buf_append(&name, buf_slice(&raw));
	}
	if (walk_entry(f->w))
		walk_member(f->w, INSPECT_PIECE_EMBEDDED, buf_slice(&name), f->stream);
	buf_free(&raw);
	buf_free(&name);
}

/* ---- all streams ---- */

static const struct { struct slice name; void (*on)(struct office *f); } streams[] = {
	{SLICE_INIT("WordDocument"), on_word}, {SLICE_INIT("Workbook"), on_excel}, {SLICE_INIT("Book"), on_excel},
	{SLICE_INIT("PowerPoint Document"), on_powerpoint}, {SLICE_INIT("Current User"), on_current_user},
	{SLICE_INIT("\1Ole10Native"), on_native}, {SLICE_INIT("\1CompObj"), on_class}, {SLICE_INIT("\1Ole"), on_link},
	{SLICE_INIT("Equation Native"), on_equation}, {SLICE_INIT("\3OCXNAME"), on_control}, {SLICE_INIT("Package"), on_package},
	{SLICE_INIT("CONTENTS"), on_package}, {SLICE_INIT("EncryptedPackage"), on_encrypted}, {SLICE_INIT("\11DRMContent"), on_encrypted},
	{SLICE_INIT("DRMContent"), on_encrypted}, {SLICE_INIT("__substg1.0_37010102"), on_attachment},
};

static void inspect_stream(struct walk *w, struct ole *o, const struct ole_entry *e)
{
	for (size_t i = 0; i < ARRAY_LEN(streams); i++)
		if (slice_eq_nocase(e->name, streams[i].name) && walk_entry(w)) {
			struct buf content;
			walk_buf(w, &content);
			ole_read(w, o, e, &content);
			struct office f = {w, o, e, buf_slice(&content)};
			struct walk_place place = walk_name(w, e->parent != OLE_NONE && e->parent != 0 ? o->entries[e->parent].name : e->name);
			streams[i].on(&f);
			walk_unname(w, place);
			buf_free(&content);
		}
}

void inspect_ole(struct walk *w, struct slice content)
{
	static const struct slice equation = SLICE_INIT("\2\xce\2\0\0\0\0\0\xc0\0\0\0\0\0\0\x46");
	struct ole o;
	if (!ole_open(content, &o) || !walk_steps(w, content.n / 8)) {
		walk_find_str(w, FOUND_document_damaged, "OLE");
		ole_close(&o);
		return;
	}
	for (size_t i = 0; i < o.count; i++) {
		if (o.entries[i].kind == OLE_STREAM)
			inspect_stream(w, &o, &o.entries[i]);
		else if (slice_eq(o.entries[i].clsid, equation))
			walk_find_str(w, FOUND_equation_object, "class");
	}
	vba_inspect(w, &o);
	if (o.damaged)
		walk_find_str(w, FOUND_document_damaged, "OLE");
	if (o.more)
		walk_find_str(w, FOUND_over_budget, "entries");
	ole_close(&o);
}
