/* Text that looks like other text. The tables of Unicode (UTS 39 4, 5) as ICU has them. */
#ifndef POLICY_CONFUSABLE_H
#define POLICY_CONFUSABLE_H

#include "base/arena.h"
#include "base/slice.h"

#define CONFUSABLE_LENGTH_MAX 1024 /* bytes; what is longer is cut */

/* Loads the tables, so that everything here works behind a closed jail. Once per process; policy_warm calls it. */
void confusable_warm(void);
/* Two texts with the same skeleton look alike. Folded (NFKC, case) first, invisible characters gone. For comparing, never for showing. */
struct slice confusable_skeleton(struct slice utf8, struct arena *arena);
/*
 * The skeleton with pairs that look like one letter joined as well: "rn" m, "vv" w, "cl" d, and signs for letters: 0 o, 1 and i l, 3 e, 5
 * s.
 */
struct slice confusable_loose(struct slice utf8, struct arena *arena);

enum script_mix {
	SCRIPTS_PLAIN,      /* one script, or those that a language mixes: Han and Kana, Han and Hangul, Han or Kana or Hangul and Latin */
	SCRIPTS_MIXED,      /* a word with letters of, say, Latin and Cyrillic */
	SCRIPTS_LOOKALIKE,  /* one script that is not Latin, but every letter of a word looks Latin ("сор") */
};
/* The worst of its words. A word ends where no letter, mark or digit is. */
enum script_mix confusable_scripts(struct slice utf8);
/*
 * Characters that are not seen, between letters: zero width, soft hyphen, directions, tags, fillers. Joiners of emoji and of scripts that
 * need them do not count.
 */
size_t confusable_invisible(struct slice utf8);

#endif
