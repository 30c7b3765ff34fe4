/* ZIP (APPNOTE.TXT), as the programs that open it differ about it. For src/inspect, and src/extract, which reads text out of members. */
#ifndef INSPECT_ZIP_H
#define INSPECT_ZIP_H

#include "inspect/walk.h"

struct zip_entry {
	struct slice name;       /* as the directory says */
	struct slice other_name; /* as its local header or its Unicode field says, when that differs; empty: it does not */
	uint16_t flags, method;
	uint32_t crc, attributes;
	uint64_t packed, size;   /* as the directory says */
	uint64_t start;          /* of the local header */
	uint64_t data, end;      /* of the packed bytes; `end` is cut at the end of the content */
	bool unix_made;
	bool damaged;            /* no local header there, or beyond the end */
	bool disagrees;          /* the local header says other sizes, another method or other flags */
};

struct zip {
	struct slice content;
	struct arena arena;
	struct zip_entry *entries; /* as in the directory; hidden ones behind */
	size_t count, hidden_from; /* entries from hidden_from on stand in no directory */
	uint64_t prefix;         /* bytes in front of what offsets count from */
	uint64_t directory, directory_end, end; /* `end`: of the end record with its comment */
	uint64_t claimed;        /* entries, as the end record says */
	bool no_directory;       /* found by local headers alone */
	bool bad_directory;      /* ends early, or claims what is not there */
	bool zip64_lies;         /* numbers of ZIP64 that differ from the others, or lie beyond the end */
	bool encrypted_directory;
	bool more;               /* than `max` entries */
};

/* Lists at most `max` entries; tells nothing. False: no entry at all. zip_close in any case. */
bool zip_open(struct slice content, size_t max, struct zip *ret);
void zip_close(struct zip *z);
/* NULL: none. Names compare without case when `nocase`. */
const struct zip_entry *zip_find(const struct zip *z, struct slice name, bool nocase);
static inline bool zip_is_folder(const struct zip_entry *e)
{
	return slice_ends(e->name, SLICE("/"));
}
static inline bool zip_is_encrypted(const struct zip_entry *e)
{
	return (e->flags & 1) != 0;
}
/* Tells what is odd about the archive as a whole. */
void zip_tell(struct walk *w, struct zip *z);
/* Appends the member; tells what is odd. False: nothing at all is to be had (encrypted, method, damaged). */
bool zip_unpack(struct walk *w, const struct zip *z, const struct zip_entry *e, struct buf *out);
/* The same without a walk, at most out's maximum, for telling types. False: not whole. */
bool zip_peek(const struct zip *z, const struct zip_entry *e, struct buf *out);

#endif
