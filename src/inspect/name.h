/* File names: what deceives in them, and how they are shown. Private to src/inspect. */
#ifndef INSPECT_NAME_H
#define INSPECT_NAME_H

#include "inspect/walk.h"

/* Appends at most INSPECT_NAME_MAX bytes as UTF-8 that can be shown: no controls, no invisible or turning characters; those are '?'. */
void name_append_clean(struct buf *b, struct slice name);
/*
 * As UTF-8: `name` itself, or what it means in GB 18030, in which most names of archives that are not UTF-8 are written; at most
 * INSPECT_NAME_MAX bytes of it.
 */
struct slice name_utf8(struct slice name, struct buf *room);
/* The last part of a path, without what Windows drops at its end. */
struct slice name_base(struct slice name);
/* Without dot; empty: none. */
struct slice name_extension(struct slice name);
/* Finds what is wrong with the name alone. */
void name_inspect(struct walk *w, struct slice name);

#endif
