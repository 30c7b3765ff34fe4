#include "inspect/vba.h"

#include "base/ensure.h"
#include "inspect/bytes.h"
#include "inspect/text.h"

#define CHUNK 4096
#define DIR_MAX (1024 * 1024)
#define SOURCE_MAX (4 * 1024 * 1024)
#define STOMPED_CODE_MIN 1024 /* bytes of compiled code that an empty module never has */
#define RECORD_VERSION 0x0009
#define RECORD_MODULE_STREAM 0x001a
#define RECORD_MODULE_OFFSET 0x0031

/* ---- decompression ---- */

static void copy_token(struct buf *out, size_t chunk_start, uint16_t token)
{
	size_t done = buf_len(out) - chunk_start;
	unsigned bits = 4;
	while (1u << bits < done)
		bits++;
	uint16_t length_mask = (uint16_t)(0xffff >> bits);
	size_t length = (token & length_mask) + 3u, offset = ((size_t)token >> (16 - bits)) + 1;
	if (offset > done) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < length && !out->failed; i++)
		buf_append_byte(out, out->data[out->end - offset]);
}

static void unpack_chunk(struct slice chunk, struct buf *out)
{
	size_t start = buf_len(out), at = 0;
	while (at < chunk.n && !out->failed && buf_len(out) - start <= CHUNK) {
		uint8_t flags = chunk.p[at++];
		for (unsigned i = 0; i < 8 && at < chunk.n && !out->failed; i++)
			if ((flags >> i & 1) == 0)
				buf_append_byte(out, chunk.p[at++]);
			else {
				if (at + 1 >= chunk.n)
					return;
				copy_token(out, start, le16_at(chunk, at));
				at += 2;
			}
	}
}

bool vba_decompress(struct slice in, struct buf *out)
{
	if (byte_at(in, 0) != 1)
		return false;
	in = slice_from(in, 1);
	while (in.n >= 2 && !out->failed) {
		uint16_t header = le16_at(in, 0);
		size_t size = (header & 0xfffu) + 3;
		/* The signature of a chunk; anything else is behind the container. */
		if ((header >> 12 & 7) != 3)
			break;
		struct slice chunk = slice_sub(in, 2, size);
		if ((header & 0x8000) != 0)
			unpack_chunk(chunk, out);
		else
			buf_append(out, slice_sub(chunk, 0, CHUNK));
		in = slice_from(in, size);
	}
	return !out->failed;
}

/* ---- source ---- */

enum { AUTORUN = 1, SUSPICIOUS = 2 };
static const struct text_word words[] = {
	{"auto_open", true, AUTORUN}, {"autoopen", true, AUTORUN}, {"autoexec", true, AUTORUN}, {"autonew", true, AUTORUN},
	{"autoclose", true, AUTORUN}, {"autoexit", true, AUTORUN}, {"auto_close", true, AUTORUN}, {"document_open", true, AUTORUN},
	{"document_new", true, AUTORUN}, {"document_close", true, AUTORUN}, {"workbook_open", true, AUTORUN},
	{"workbook_activate", true, AUTORUN}, {"workbook_beforeclose", true, AUTORUN}, {"_onload", false, AUTORUN},
	{"_painted", false, AUTORUN}, {"_layout", true, AUTORUN}, {"_mousemove", false, AUTORUN},
	{"document_contentcontrolonenter", true, AUTORUN}, {"shell", true, SUSPICIOUS}, {"shellexecute", false, SUSPICIOUS},
	{"wscript.shell", false, SUSPICIOUS}, {"shell.application", false, SUSPICIOUS}, {"urldownloadtofile", false, SUSPICIOUS},
	{"xmlhttp", false, SUSPICIOUS}, {"winhttp", false, SUSPICIOUS}, {"adodb.stream", false, SUSPICIOUS},
	{"powershell", false, SUSPICIOUS}, {"cmd.exe", false, SUSPICIOUS}, {"cmd /c", false, SUSPICIOUS}, {"mshta", false, SUSPICIOUS},
	{"regsvr32", false, SUSPICIOUS}, {"rundll32", false, SUSPICIOUS}, {"winmgmts:", false, SUSPICIOUS},
	{"win32_process", false, SUSPICIOUS}, {"virtualalloc", false, SUSPICIOUS}, {"createthread", false, SUSPICIOUS},
	{"rtlmovememory", false, SUSPICIOUS}, {"writeprocessmemory", false, SUSPICIOUS}, {"callwindowproc", false, SUSPICIOUS},
	{"strreverse", true, SUSPICIOUS}, {"executeexcel4macro", true, SUSPICIOUS}, {"savetofile", true, SUSPICIOUS},
	{"schedule.service", false, SUSPICIOUS}, {"registerxll", true, SUSPICIOUS}, {"macscript", true, SUSPICIOUS},
	{"applescripttask", true, SUSPICIOUS}, {"createprocess", false, SUSPICIOUS}, {"loadlibrary", false, SUSPICIOUS},
	{"frombase64", false, SUSPICIOUS}, {"certutil", false, SUSPICIOUS}, {"bitsadmin", false, SUSPICIOUS}, {"getobject", true, SUSPICIOUS},
	{"serverxmlhttp", false, SUSPICIOUS}, {"internetexplorer.application", false, SUSPICIOUS}, {"environ", true, 0},
	{"createobject", true, 0}, {"vnd.sun.star.script", false, 0}, {"import os", false, SUSPICIOUS}, {"subprocess", true, SUSPICIOUS},
};

static void find_group(struct walk *w, enum inspect_what what, uint64_t mask, unsigned group)
{
	struct buf list = BUF_INIT(1024);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if ((words[i].groups & group) == 0)
			mask &= ~(1ull << i);
	text_words_list(mask, words, ARRAY_LEN(words), &list);
	if (mask != 0)
		walk_find(w, what, buf_slice(&list));
	buf_free(&list);
}

void vba_source(struct walk *w, struct slice name, struct slice source)
{
	if (!walk_steps(w, source.n))
		return;
	uint64_t seen = text_words(source, words, ARRAY_LEN(words));
	find_group(w, FOUND_macros_autorun, seen, AUTORUN);
	find_group(w, FOUND_macros_suspicious, seen, SUSPICIOUS);
	walk_code(w, name, FILE_vbscript, source);
}

/* ---- modules ---- */

/* Lines that every module has; what is left is somebody's code. */
static bool has_code(struct slice source)
{
	struct slice line;
	while (slice_split(&source, '\n', &line)) {
		line = slice_trim(line);
		if (line.n > 0 && !slice_starts_nocase(line, SLICE("Attribute ")) && line.p[0] != '\'')
			return true;
	}
	return false;
}

static void inspect_module(struct walk *w, struct ole *o, const struct ole_entry *e, uint32_t offset)
{
	struct buf stream, source = BUF_INIT(SOURCE_MAX);
	walk_buf(w, &stream);
	ole_read(w, o, e, &stream);
	struct slice s = buf_slice(&stream);
	bool whole = vba_decompress(slice_from(s, offset), &source);
	if (source.failed)
		source.failed = false;
	if (walk_unpacked(w, s.n, buf_len(&source)) && buf_len(&source) > 0)
		vba_source(w, e->name, buf_slice(&source));
	/* Compiled code runs where the version fits, whatever the source says. */
	if (offset > STOMPED_CODE_MIN && (!whole || !has_code(buf_slice(&source))))
		walk_find(w, FOUND_macros_stomped, e->name);
	buf_free(&stream);
	buf_free(&source);
}

/* A stream of a project whose list of modules cannot be read: the source is found by its first line. */
static void search_source(struct walk *w, struct ole *o, const struct ole_entry *e)
{
	struct buf stream;
	walk_buf(w, &stream);
	ole_read(w, o, e, &stream);
	ptrdiff_t at = slice_search(buf_slice(&stream), SLICE("\0Attribut"));
	buf_free(&stream);
	if (at >= 3 && at <= INT32_MAX)
		inspect_module(w, o, e, (uint32_t)at - 3);
}

/* 2.3.4.2: the records of "dir" that name modules. */
static size_t inspect_modules(struct walk *w, struct ole *o, uint32_t storage, struct slice dir)
{
	struct slice stream = SLICE_NONE;
	size_t count = 0;
	while (dir.n >= 6 && walk_steps(w, WALK_FOLLOW)) {
		uint16_t id = le16_at(dir, 0);
		uint64_t size = id == RECORD_VERSION ? 6 : le32_at(dir, 2);
		struct slice body = cut_bytes(dir, 6, size);
		if (id == RECORD_MODULE_STREAM)
			stream = body;
		if (id == RECORD_MODULE_OFFSET && stream.n > 0) {
			const struct ole_entry *e = walk_steps(w, o->count) ? ole_find(o, storage, stream) : NULL;
			if (e != NULL && e->kind == OLE_STREAM && walk_entry(w)) {
				inspect_module(w, o, e, le32_at(body, 0));
				count++;
			}
		}
		dir = size > dir.n ? SLICE_NONE : slice_from(dir, 6 + (size_t)size);
	}
	return count;
}

static void inspect_project(struct walk *w, struct ole *o, const struct ole_entry *dir)
{
	struct buf packed = BUF_INIT(DIR_MAX), plain = BUF_INIT(DIR_MAX);
	walk_find(w, FOUND_macros, SLICE("VBA"));
	ole_read(w, o, dir, &packed);
	vba_decompress(buf_slice(&packed), &plain);
	plain.failed = false;
	size_t modules = inspect_modules(w, o, dir->parent, buf_slice(&plain));
	/* Streams that hide under names in other charsets are looked for by content. */
	for (size_t i = 0; i < o->count && modules == 0; i++)
		if (o->entries[i].parent == dir->parent && o->entries[i].kind == OLE_STREAM && walk_entry(w))
			search_source(w, o, &o->entries[i]);
	buf_free(&packed);
	buf_free(&plain);
}

void vba_inspect(struct walk *w, struct ole *o)
{
	bool any = false;
	for (size_t i = 0; i < o->count; i++) {
		const struct ole_entry *e = &o->entries[i];
		if (e->kind == OLE_STREAM && slice_eq_nocase(e->name, SLICE("dir")) && e->parent != OLE_NONE && walk_entry(w)) {
			struct walk_place place = walk_name(w, o->entries[e->parent].name);
			inspect_project(w, o, e);
			walk_unname(w, place);
			any = true;
		}
	}
	if (!any && (ole_find(o, OLE_NONE, SLICE("_VBA_PROJECT")) != NULL || ole_find(o, OLE_NONE, SLICE("_VBA_PROJECT_CUR")) != NULL))
		walk_find_str(w, FOUND_macros, "project without a directory");
}
