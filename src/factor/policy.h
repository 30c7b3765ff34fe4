/*
 * What a new password must be: length, classes of characters, strength as guessing effort (zxcvbn with the words of the organisation), not
 * one of the known breaches; and how long it stays good. Presets follow MLPS 2.0 (GB/T 22239, level 3) and NIST SP 800-63B 5.1.1; free
 * settings only make a preset stricter.
 */
#ifndef FACTOR_POLICY_H
#define FACTOR_POLICY_H

#include "base/buf.h"
#include "base/clock.h"
#include "factor/breached.h"

#define POLICY_HISTORY_MAX 24   /* former passwords that are compared */
#define POLICY_WORDS_MAX 64     /* words of the organisation and the person */
#define POLICY_STRENGTH_MAX 100 /* bytes that zxcvbn looks at: its work grows with the cube */

enum password_class { PASSWORD_UPPER = 1, PASSWORD_LOWER = 2, PASSWORD_DIGIT = 4, PASSWORD_SYMBOL = 8 };
#define PASSWORD_CLASSES_ALL 15

struct password_policy {
	uint32_t length_min;  /* characters */
	unsigned classes;     /* enum password_class: each of these must occur */
	uint32_t history;     /* so many former ones must differ; at most POLICY_HISTORY_MAX */
	int64_t age_max_ms;   /* then it must be changed; 0: never */
	uint32_t bits_min;    /* guessing effort, log2; 0: not asked */
};

/* "length" (only a minimum), "nist", "mlps2". False: no such preset. */
bool password_policy_preset(struct slice name, struct password_policy *ret);
/* Each value of `more` that is stricter replaces the one in *policy. */
void password_policy_tighten(struct password_policy *policy, const struct password_policy *more);
/* "upper lower digit symbol" in a list. False: another word. */
bool password_class_parse(struct slice name, unsigned *ret);

enum password_fault { /* a set */
	PASSWORD_SHORT = 1,      /* fewer than length_min characters */
	PASSWORD_LONG = 2,       /* more than PASSWORD_MAX bytes */
	PASSWORD_CONTROL = 4,    /* control characters, or not UTF-8 */
	PASSWORD_CLASSES = 8,
	PASSWORD_WEAK = 16,      /* below bits_min */
	PASSWORD_BREACHED = 32,
	PASSWORD_REUSED = 64,    /* found by the caller, who has the history */
};
/*
 * All faults of a password. words: texts that somebody who knows the person guesses first (domain, organisation, names, department,
 * the address); they are cut into single words here. list may be NULL. A list that cannot be read does not refuse anybody; *ret_io is set.
 */
unsigned password_check(const struct password_policy *policy, struct slice password, const struct slice *words, size_t word_count,
	const struct breached_list *list, bool *ret_io);
/* Guessing effort in bits; words as above. */
double password_bits(struct slice password, const struct slice *words, size_t word_count);
/* One sentence that says everything that is wrong; appended. */
void password_faults_text(const struct password_policy *policy, unsigned faults, struct buf *out);

/* Must a password of that age be changed now? */
bool password_expired(const struct password_policy *policy, int64_t created_unix, struct moment now);

#endif
