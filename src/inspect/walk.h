/*
 * The walk through one part: what is open, what may still be spent, what was found. Private to src/inspect. A format is a function
 * over a walk and bytes; it reports (walk_find), hands on what lies inside (walk_member), and asks before it works (walk_steps).
 */
#ifndef INSPECT_WALK_H
#define INSPECT_WALK_H

#include "base/arena.h"
#include "base/buf.h"
#include "inspect/inspect.h"

/* What stands around the thing that is being looked at. */
struct walk_level {
	struct slice content;
	enum inspect_type type;
	struct slice extension;  /* of its name, as written */
	uint64_t unpacked;       /* out of it, for its ratio */
	bool stopped;            /* a bomb: nothing more is unpacked out of it */
};

struct walk {
	struct inspect_budget *budget;
	struct inspect_report *report;
	struct arena *arena;     /* of the report */
	inspect_piece_fn *piece;
	void *context;
	unsigned base_depth;     /* inspect_input.depth */
	unsigned depth;          /* levels[depth] is the innermost */
	struct walk_level levels[INSPECT_DEPTH_HARD_MAX + 1];
	struct buf path;
};

/* ---- telling ---- */

/* `detail`: any bytes; they are made printable and cut. */
void walk_find(struct walk *w, enum inspect_what what, struct slice detail);
void walk_find_str(struct walk *w, enum inspect_what what, const char *detail);
__attribute__((format(printf, 3, 4))) void walk_findf(struct walk *w, enum inspect_what what, const char *format, ...);
/* `detail` is UTF-16LE. */
void walk_find_utf16(struct walk *w, enum inspect_what what, struct slice detail);

/* ---- spending ---- */

#define WALK_FOLLOW 64 /* steps for a thing that is followed: an object, an entry, a sector */
/* False: no more work; over_budget is told once. */
bool walk_steps(struct walk *w, uint64_t steps);
/* One more thing in a list. False as above. */
bool walk_entry(struct walk *w);

/* ---- going in ---- */

static inline struct walk_level *walk_level(struct walk *w)
{
	return &w->levels[w->depth];
}
/* Names a part of the current thing in the path, without making it a thing: for findings about a stream or a page. */
struct walk_place {
	size_t path_length;
};
struct walk_place walk_name(struct walk *w, struct slice name);
void walk_unname(struct walk *w, struct walk_place place);

/* Gives a piece out and inspects it as a thing of its own: name, type, content. `name` may be empty. */
void walk_member(struct walk *w, enum inspect_piece_kind kind, struct slice name, struct slice content);
/* Gives a piece out that is not inspected any further (source of macros, scripts). */
void walk_code(struct walk *w, struct slice name, enum inspect_type type, struct slice content);
/* A member whose bytes cannot be had (encrypted, unsupported): its name is inspected, and what the name alone says about it. */
void walk_sealed_member(struct walk *w, struct slice name);

/* ---- unpacking ---- */

enum unpack_bits { UNPACK_RAW = -15, UNPACK_ZLIB = 15, UNPACK_GZIP = 15 + 16 };
enum unpack_result {
	UNPACK_DONE,
	UNPACK_CUT,      /* the input ended early, or is damaged: what there is stands in `out` */
	UNPACK_LIMITED,  /* a limit was met (told already): likewise */
};
/*
 * Appends what inflate (RFC 1951, 1950, 1952) gives, within the budget and the ratio. *ret_used: bytes of `in` that were read; may be NULL.
 * A gzip file of several parts is read to its end.
 */
enum unpack_result walk_inflate(struct walk *w, struct slice in, enum unpack_bits bits, struct buf *out, size_t *ret_used);
/* Charges n bytes that were decoded in another way, `packed` long before. False: no more (told). */
bool walk_unpacked(struct walk *w, uint64_t packed, uint64_t n);
/* A buffer for one member. */
void walk_buf(const struct walk *w, struct buf *b);

/* ---- formats: each may assume that its signature was seen, nothing more ---- */

typedef void inspect_format_fn(struct walk *w, struct slice content);
inspect_format_fn inspect_ar, inspect_cab, inspect_calendar, inspect_cpio, inspect_disk, inspect_gzip, inspect_html, inspect_iso,
	inspect_lnk, inspect_mhtml,
	inspect_odf, inspect_ole, inspect_onenote, inspect_ooxml, inspect_pdf, inspect_rar, inspect_rtf, inspect_settings, inspect_sevenzip,
	inspect_shortcut_text, inspect_svg, inspect_table, inspect_tar, inspect_tnef, inspect_uuencode, inspect_xml, inspect_zip;

#endif
