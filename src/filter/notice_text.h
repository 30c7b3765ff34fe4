/* The words of letters that the system writes, by language. */
#ifndef FILTER_NOTICE_TEXT_H
#define FILTER_NOTICE_TEXT_H

#include "ipc/notice.h"

enum notice_language { NOTICE_EN, NOTICE_ZH_CN, NOTICE_ZH_TW, NOTICE_LANGUAGES };

struct notice_words {
	const char *subject; /* holds no argument: subjects are shown on locked screens */
	const char *text;    /* paragraphs; {name} stands for an argument */
};
/* Greeting of all letters ({host} is ours), and what ends them. */
struct notice_frame { const char *greeting, *closing; };

extern const struct notice_words notice_words[NOTICE_COUNT][NOTICE_LANGUAGES];
extern const struct notice_frame notice_frames[NOTICE_LANGUAGES];

/* English when the language is not known. */
enum notice_language notice_language_of(struct slice language);
/* NOTICE_COUNT when there is none of that name. */
enum notice notice_find(struct slice name);
/* A word that the system chose (kind, why, service) in a language; the word itself when it is not in the table. */
struct slice notice_word(struct slice word, enum notice_language language);

#endif
