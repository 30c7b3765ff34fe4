/* One letter while it is looked at for malware: shared by filter/guard*.c. */
#ifndef FILTER_GUARD_INTERNAL_H
#define FILTER_GUARD_INTERNAL_H

#include "filter/filter_internal.h"
#include "filter/guard.h"
#include "inspect/inspect.h"
#include "mime/structure.h"
#include "scan/verdict.h"

struct guard {
	const struct filter_guard_settings *settings;
	enum scan_direction direction;
	struct slice message;
	struct facts *facts;
	struct arena *arena;
	bool attachments;
	struct filter_guard *ret;
	struct inspect_budget budget;   /* for all parts together */
	unsigned parts, texts;
	const struct mime_part *part;   /* of the letter itself, whose findings come now; NULL: of the whole letter */
	bool unstrippable;              /* something is to be stripped that cannot be */
};

/* Takes what was found into account: what asks for the strongest action stays. */
void guard_note(struct guard *g, enum scan_class class, struct slice scanner, struct slice name);
/* guard_strip.c: the part is to be taken out; convert: something is to take its place. The stronger stays. */
void guard_strip(struct guard *g, const struct mime_part *p, bool convert);
/* guard_convert.c: what takes the places is there; false: answers are wanted. Where nothing can be had, the part is stripped. */
bool guard_convert(struct guard *g);
/* Its bytes, as others are asked about them. */
struct scan_target guard_target_of(const struct mime_part *p);
/* Anything but text that is shown. */
bool guard_is_attachment(const struct mime_part *p, struct arena *arena);

/* guard_look.c: our own look at all parts. */
void guard_look(struct guard *g, const struct mime_part *root);

#endif
