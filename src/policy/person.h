/* "Whom does this name show?" asked of somebody else who has the directory (FACT_PERSON of trust/facts.h). */
#ifndef POLICY_PERSON_H
#define POLICY_PERSON_H

#include "base/buf.h"
#include "policy/names.h"
#include "trust/facts.h"

#define PERSON_ANSWER_MAX 600

/* As names_find, but the index is elsewhere. False: the answer is wanted. What cannot be asked or answered is NAME_NONE. */
bool person_find(struct facts *facts, struct slice display, struct slice address, enum name_match *ret_match, struct name_found *ret);

/* The other side. */
bool person_question_read(struct slice name, struct slice *ret_address, struct slice *ret_display);
void person_answer_write(enum name_match match, const struct name_found *found, struct buf *out); /* one record */

#endif
