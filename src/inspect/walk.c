#include "inspect/walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/ensure.h"
#include "base/error.h"
#include "base/utf8.h"
#include "inspect/name.h"
#include "inspect/text.h"
#include "inspect/thing.h"

#define PIECE 65536
#define MEMBER_RATIO_FROM (1024 * 1024)
#define ARCHIVE_RATIO_FROM (16 * 1024 * 1024)

/* ---- telling ---- */

/* Where the finding stands in the list; the least of them gives way when there is no room. NULL: this one is not listed. */
static struct inspect_finding *place_of(struct inspect_report *r, enum inspect_what what)
{
	enum inspect_severity severity = inspect_what_severity(what);
	if (r->finding_count < INSPECT_FINDINGS_MAX)
		return &r->findings[r->finding_count++];
	r->truncated = true;
	for (size_t i = r->finding_count; severity > INSPECT_NOTE && i-- > 0;)
		if (inspect_what_severity(r->findings[i].what) == INSPECT_NOTE)
			return &r->findings[i];
	for (size_t i = r->finding_count; severity > INSPECT_DOUBTFUL && i-- > 0;)
		if (inspect_what_severity(r->findings[i].what) == INSPECT_DOUBTFUL)
			return &r->findings[i];
	return NULL;
}

/* The path as it is shown: whole, or without its middle in `room`. */
static struct slice current_path(const struct walk *w, struct buf *room)
{
	struct slice path = buf_slice(&w->path);
	if (path.n <= INSPECT_PATH_MAX)
		return path;
	struct slice front = utf8_prefix(path, INSPECT_PATH_MAX / 2 - 3), back = slice_from(path, path.n - INSPECT_PATH_MAX / 2);
	while (back.n > 0 && (back.p[0] & 0xc0) == 0x80)
		back = slice_from(back, 1);
	buf_append(room, front);
	buf_append_str(room, "...");
	buf_append(room, back);
	return buf_slice(room);
}

static struct slice printable(struct walk *w, struct slice text)
{
	uint8_t clean[INSPECT_DETAIL_MAX];
	size_t n = 0;
	for (size_t i = 0; i < text.n && n < sizeof clean; i++)
		clean[n++] = text.p[i] >= ' ' && text.p[i] < 0x7f ? text.p[i] : text.p[i] == '\t' ? ' ' : '?';
	return arena_dup(w->arena, slice_make(clean, n));
}

static struct inspect_finding *find_same(const struct inspect_report *r, enum inspect_what what, struct slice path)
{
	for (size_t i = r->finding_count; i-- > 0;)
		if (r->findings[i].what == what && slice_eq(r->findings[i].path, path))
			return &r->findings[i];
	return NULL;
}

/* Told without an end: it is in the middle of telling. */
static void charge(struct walk *w, uint64_t steps)
{
	struct inspect_budget *b = w->budget;
	b->steps = b->limits.steps_max - b->steps < steps ? b->limits.steps_max : b->steps + steps;
}

void walk_find(struct walk *w, enum inspect_what what, struct slice detail)
{
	struct inspect_report *r = w->report;
	struct buf room = BUF_INIT(2 * INSPECT_PATH_MAX);
	struct slice path = current_path(w, &room);
	enum inspect_severity severity = inspect_what_severity(what);
	charge(w, 4 * WALK_FOLLOW);
	if (r->counts[what] < UINT32_MAX)
		r->counts[what]++;
	r->gaps |= (unsigned)inspect_what_gap(what);
	r->worst = severity > r->worst ? severity : r->worst;
	struct inspect_finding *f = r->counts[what] > 1 ? find_same(r, what, path) : NULL;
	if (f != NULL)
		f->count++;
	else if ((f = place_of(r, what)) != NULL)
		*f = (struct inspect_finding){.what = what, .depth = w->base_depth + w->depth, .count = 1, .detail = printable(w, detail),
			.path = arena_dup(w->arena, path)};
	buf_free(&room);
}

void walk_find_str(struct walk *w, enum inspect_what what, const char *detail)
{
	walk_find(w, what, slice_str(detail));
}

void walk_findf(struct walk *w, enum inspect_what what, const char *format, ...)
{
	char text[INSPECT_DETAIL_MAX + 1];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	walk_find(w, what, slice_make(text, n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1));
}

void walk_find_utf16(struct walk *w, enum inspect_what what, struct slice detail)
{
	struct buf text = BUF_INIT(4 * INSPECT_DETAIL_MAX);
	text_from_utf16(slice_sub(detail, 0, 2 * (size_t)INSPECT_DETAIL_MAX), false, &text);
	walk_find(w, what, buf_slice(&text));
	buf_free(&text);
}

/* ---- spending ---- */

static bool over(struct walk *w, const char *which)
{
	struct inspect_report *r = w->report;
	for (size_t i = 0; i < r->finding_count; i++)
		if (r->findings[i].what == FOUND_over_budget && slice_eq(r->findings[i].detail, slice_str(which)))
			return false;
	walk_find_str(w, FOUND_over_budget, which);
	return false;
}

bool walk_steps(struct walk *w, uint64_t steps)
{
	struct inspect_budget *b = w->budget;
	if (b->steps >= b->limits.steps_max || steps > b->limits.steps_max - b->steps) {
		b->steps = b->limits.steps_max;
		return over(w, "steps");
	}
	b->steps += steps;
	return true;
}

bool walk_entry(struct walk *w)
{
	if (w->budget->entries >= w->budget->limits.entries_max)
		return over(w, "entries");
	w->budget->entries++;
	return walk_steps(w, WALK_FOLLOW);
}

/* ---- going in ---- */

struct walk_place walk_name(struct walk *w, struct slice name)
{
	struct walk_place place = {buf_len(&w->path)};
	if (buf_len(&w->path) > 0)
		buf_append_byte(&w->path, '/');
	name_append_clean(&w->path, name);
	return place;
}

void walk_unname(struct walk *w, struct walk_place place)
{
	w->path.failed = false;
	buf_truncate(&w->path, place.path_length);
}

static void give_out(struct walk *w, enum inspect_piece_kind kind, struct slice name, enum inspect_type type, bool scan,
	struct slice content)
{
	struct inspect_piece piece = {.kind = kind, .type = type, .content = content, .name = name, .path = buf_slice(&w->path),
		.depth = w->base_depth + w->depth, .scan = scan};
	piece.path = utf8_prefix(piece.path, INSPECT_PATH_MAX);
	if (w->piece != NULL && content.n > 0 && !w->piece(w->context, &piece))
		w->piece = NULL;
}

/* A thing that is its own container would be opened for ever. */
static bool is_around(const struct walk *w, struct slice content)
{
	for (unsigned i = 0; i <= w->depth; i++)
		if (content.n > 0 && slice_eq(w->levels[i].content, content))
			return true;
	return false;
}

static bool is_worth_scanning(enum inspect_piece_kind kind, enum inspect_type type)
{
	switch (inspect_type_family(type)) {
	case INSPECT_FAMILY_PROGRAM:
	case INSPECT_FAMILY_SCRIPT:
	case INSPECT_FAMILY_SHORTCUT:
	case INSPECT_FAMILY_SETTINGS:
		return true;
	case INSPECT_FAMILY_UNKNOWN:
	case INSPECT_FAMILY_TEXT:
	case INSPECT_FAMILY_DOCUMENT:
	case INSPECT_FAMILY_IMAGE:
	case INSPECT_FAMILY_MEDIA:
	case INSPECT_FAMILY_DATA:
	case INSPECT_FAMILY_PAGE:
	case INSPECT_FAMILY_MESSAGE:
	case INSPECT_FAMILY_ARCHIVE:
	case INSPECT_FAMILY_DISK:
	case INSPECT_FAMILY_COUNT:
		break;
	}
	return kind == INSPECT_PIECE_EMBEDDED || kind == INSPECT_PIECE_CODE;
}

void walk_member(struct walk *w, enum inspect_piece_kind kind, struct slice written, struct slice content)
{
	struct buf room = BUF_INIT(4 * INSPECT_NAME_MAX);
	struct slice name = name_utf8(written, &room);
	unsigned limit = w->budget->limits.depth_max < INSPECT_DEPTH_HARD_MAX ? w->budget->limits.depth_max : INSPECT_DEPTH_HARD_MAX;
	struct walk_place place = walk_name(w, name);
	if (is_around(w, content)) {
		walk_find_str(w, FOUND_archive_overlap, "contains itself");
	} else if (w->depth + 1 > INSPECT_DEPTH_HARD_MAX || w->base_depth + w->depth + 1 > limit) {
		walk_find(w, FOUND_archive_nested, SLICE_NONE);
	} else if (walk_steps(w, WALK_FOLLOW)) {
		w->depth++;
		*walk_level(w) = (struct walk_level){.content = content};
		enum inspect_type type = thing_type(w, content, SLICE_NONE, name);
		give_out(w, type == FILE_message ? INSPECT_PIECE_MESSAGE : kind, name, type, is_worth_scanning(kind, type), content);
		thing_inspect(w, type, content, SLICE_NONE, name);
		w->depth--;
	}
	walk_unname(w, place);
	buf_free(&room);
}

void walk_code(struct walk *w, struct slice name, enum inspect_type type, struct slice content)
{
	struct walk_place place = walk_name(w, name);
	w->depth++;
	give_out(w, INSPECT_PIECE_CODE, name, type, true, content);
	w->depth--;
	walk_unname(w, place);
}

void walk_sealed_member(struct walk *w, struct slice written)
{
	struct buf room = BUF_INIT(4 * INSPECT_NAME_MAX);
	struct slice name = name_utf8(written, &room);
	struct walk_place place = walk_name(w, name);
	name_inspect(w, name);
	thing_by_name(w, name);
	walk_unname(w, place);
	buf_free(&room);
}

/* ---- unpacking ---- */

void walk_buf(const struct walk *w, struct buf *b)
{
	uint64_t max = w->budget->limits.member_max;
	buf_init(b, max < SIZE_MAX / 4 ? (size_t)max : SIZE_MAX / 4);
}

bool walk_unpacked(struct walk *w, uint64_t packed, uint64_t n)
{
	struct inspect_budget *b = w->budget;
	struct walk_level *l = walk_level(w);
	if (l->stopped)
		return false;
	if (n > b->limits.unpacked_max - (b->unpacked < b->limits.unpacked_max ? b->unpacked : b->limits.unpacked_max)) {
		l->stopped = true;
		return over(w, "unpacked");
	}
	b->unpacked += n;
	l->unpacked += n;
	if (l->unpacked > ARCHIVE_RATIO_FROM && l->unpacked / b->limits.ratio_max > l->content.n) {
		walk_find_str(w, FOUND_archive_bomb, "ratio of the whole");
		l->stopped = true;
		return false;
	}
	return walk_steps(w, packed + n);
}

static bool is_bomb(const struct walk *w, uint64_t in, uint64_t out)
{
	return out > MEMBER_RATIO_FROM && out / w->budget->limits.ratio_max > in;
}

/* One call of inflate. False: it is over, *ret says how. */
static bool inflate_piece(struct walk *w, z_stream *z, struct buf *out, size_t whole, enum unpack_result *ret)
{
	uint8_t piece[PIECE];
	uInt before = z->avail_in;
	z->next_out = piece;
	z->avail_out = sizeof piece;
	int rc = inflate(z, Z_NO_FLUSH);
	size_t n = sizeof piece - z->avail_out;
	*ret = rc == Z_STREAM_END ? UNPACK_DONE : UNPACK_CUT;
	if (n > out->max - buf_len(out)) {
		over(w, "member");
		*ret = UNPACK_LIMITED;
		n = out->max - buf_len(out);
	} else if (!walk_unpacked(w, before - z->avail_in, n))
		*ret = UNPACK_LIMITED;
	buf_append_bytes(out, piece, n);
	if (*ret != UNPACK_LIMITED && is_bomb(w, whole - z->avail_in, buf_len(out))) {
		walk_find_str(w, FOUND_archive_bomb, "ratio");
		*ret = UNPACK_LIMITED;
	}
	return rc == Z_OK && *ret != UNPACK_LIMITED && (n > 0 || before != z->avail_in);
}

enum unpack_result walk_inflate(struct walk *w, struct slice in, enum unpack_bits bits, struct buf *out, size_t *ret_used)
{
	enum unpack_result result = UNPACK_CUT;
	z_stream z = {.next_in = (Bytef *)(uintptr_t)in.p, .avail_in = in.n < UINT32_MAX / 2 ? (uInt)in.n : UINT32_MAX / 2};
	size_t whole = z.avail_in;
	bool more = !walk_level(w)->stopped;
	ENSURE(inflateInit2(&z, bits) == Z_OK);
	while (more) {
		more = inflate_piece(w, &z, out, whole, &result);
		/* gzip files may follow each other (RFC 1952 2.2). */
		if (!more && result == UNPACK_DONE && bits == UNPACK_GZIP && z.avail_in > 18 && z.next_in[0] == 0x1f && z.next_in[1] == 0x8b)
			more = inflateReset(&z) == Z_OK && walk_steps(w, WALK_FOLLOW);
	}
	if (ret_used != NULL)
		*ret_used = whole - z.avail_in;
	inflateEnd(&z);
	return result;
}
