/*
 * Malware: what scanners and our own look at the parts say of a letter, and what the rules make of it. Pure, as filter/judge.h: what scanners
 * say comes from struct facts.
 */
#ifndef FILTER_GUARD_H
#define FILTER_GUARD_H

#include "filter/filter.h"
#include "scan/rules.h"
#include "trust/facts.h"

struct mime_part;
struct filter_guard_settings {
	bool letters, parts;          /* scanners of whole letters, of parts are configured: attachments that they have not seen are UNSCANNED */
	struct scan_rules rules;
	struct filter_list hashes;    /* SHA-256 in hexadecimal digits: malware */
};

struct filter_finding {
	enum scan_class class;
	struct slice scanner, name;   /* who found it, and what; for the log and the header */
};

/* A part that is taken out. made: what stands there beside the note (a document of pictures), of type `media`; empty: nothing. */
struct filter_strip {
	const struct mime_part *part;
	bool convert;
	struct slice made, media;
};

struct filter_guard {
	enum scan_action action;
	bool found;                   /* `worst` holds */
	struct filter_finding worst;  /* what the action is for */
	struct slice header;          /* a field for the letter, with its line break; empty: none */
	struct filter_strip *strips;  /* of SCAN_ACTION_STRIP and SCAN_ACTION_CONVERT: parts to be taken out (filter_guard_strip) */
	size_t strip_count;
};
#define FILTER_STRIPS_MAX 50  /* parts; a letter with more to be stripped is held */

/*
 * True: *ret is complete. False: answers are wanted (facts_wanted); nothing is in *ret. For ENVELOPE_SMTP and ENVELOPE_SUBMISSION that are not
 * opaque. The arena holds what *ret points to.
 */
bool filter_guard(const struct envelope *e, struct slice message, const struct filter_guard_settings *settings, struct facts *facts,
                  struct arena *arena, struct filter_guard *ret);
/* Asks what filter_guard will ask, and does nothing else: for a round that cannot be the last. */
void filter_guard_ask(const struct envelope *e, struct slice message, const struct filter_guard_settings *settings, struct facts *facts,
                      struct arena *arena);

/* The name of what we know ourselves as malware: the test file of the makers of scanners, or a file in `hashes`. NULL: nothing. */
const char *filter_guard_known(struct slice content, const struct filter_list *hashes);

/* Parts are taken out, or something else takes their place. */
static inline bool filter_guard_strips(const struct filter_guard *guard)
{
	return guard->action == SCAN_ACTION_STRIP || guard->action == SCAN_ACTION_CONVERT;
}
struct filter_judgement;
/*
 * Who may look at a letter that is held: judgement->reviewer. True: it is known, or there is none; false: the answer is wanted. A fact that is not
 * of auth is nobody.
 */
bool filter_reviewer(struct facts *facts, const uint8_t secret[32], struct arena *arena, struct filter_judgement *judgement);
/* The letter with a note in the place of each part that is to be taken out. Initialises out, which the caller frees. */
void filter_guard_strip(const struct filter_guard *guard, struct slice message, struct arena *arena, struct buf *out);
/* Puts the action into what filter_message is told. What is refused already stays so. */
void filter_guard_apply(const struct filter_guard *guard, struct arena *arena, struct filter_judgement *judgement);

#endif
