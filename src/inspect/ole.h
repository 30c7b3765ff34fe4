/* OLE compound files (MS-CFB): a file system of sectors. Private to src/inspect. */
#ifndef INSPECT_OLE_H
#define INSPECT_OLE_H

#include "inspect/walk.h"

#define OLE_ENTRIES_MAX 20000 /* of the directory; more are not listed */

enum ole_kind { OLE_FREE = 0, OLE_STORAGE = 1, OLE_STREAM = 2, OLE_ROOT = 5 };
#define OLE_NONE 0xffffffffu

struct ole_entry {
	struct slice name;   /* UTF-8, in the arena; control characters as they are */
	enum ole_kind kind;
	uint32_t parent;     /* index, or OLE_NONE: root, or not reachable from it */
	uint32_t start;
	uint64_t size;
	struct slice clsid;  /* 16 bytes as stored */
};

struct ole {
	struct slice content;
	struct arena arena;
	unsigned shift, mini_shift;
	uint32_t mini_cutoff;
	uint32_t *fat_sectors; /* where the parts of the allocation table lie */
	size_t fat_count;
	struct buf mini_fat, mini_stream;
	struct ole_entry *entries;
	size_t count;
	bool damaged;        /* a chain that runs in circles or out of the file, a directory that does not fit */
	bool more;
};

/* Lists the directory. False: no directory at all. ole_close in any case. */
bool ole_open(struct slice content, struct ole *ret);
void ole_close(struct ole *o);
/* The first stream or storage of that name (without case) under `parent`; OLE_NONE as parent: anywhere. NULL: none. */
const struct ole_entry *ole_find(const struct ole *o, uint32_t parent, struct slice name);
static inline uint32_t ole_index(const struct ole *o, const struct ole_entry *e)
{
	return (uint32_t)(e - o->entries);
}
/* Appends a stream, at most what `out` takes. False: cut by damage or limit (told when it was the budget). */
bool ole_read(struct walk *w, struct ole *o, const struct ole_entry *e, struct buf *out);

#endif
