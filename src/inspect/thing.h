/* One thing: the part itself or what lies in it. Private to src/inspect. */
#ifndef INSPECT_THING_H
#define INSPECT_THING_H

#include "inspect/walk.h"

/* The true type, by signature, structure, content and (for text) name and media type. */
enum inspect_type thing_type(struct walk *w, struct slice content, struct slice media, struct slice name);
/* Name, type against name, what the type alone means, then the format. */
void thing_inspect(struct walk *w, enum inspect_type type, struct slice content, struct slice media, struct slice name);
/* What an extension alone says about a thing whose bytes cannot be had. */
void thing_by_name(struct walk *w, struct slice name);

/* Bits 1 << INSPECT_FAMILY_*: the families of all types that may have this extension. */
unsigned extension_families(struct slice extension);
#define FAMILY_BIT(f) (1u << INSPECT_FAMILY_##f)
#define RUN_FAMILIES (FAMILY_BIT(PROGRAM) | FAMILY_BIT(SCRIPT) | FAMILY_BIT(SHORTCUT) | FAMILY_BIT(SETTINGS))
/* Only what is run has such an extension. */
static inline bool families_run(unsigned families)
{
	return families != 0 && (families & ~RUN_FAMILIES) == 0;
}

/* ---- what a type is made from ---- */

/* By the bytes at its front; FILE_unknown: by none. */
enum inspect_type type_by_signature(struct slice content);
/* Of text. */
enum inspect_type type_of_text(struct slice content, struct slice media, struct slice name);
/* What a ZIP or an OLE file is the dress of. */
enum inspect_type type_of_zip(struct slice content, struct slice name);
enum inspect_type type_of_ole(struct slice content);

#endif
