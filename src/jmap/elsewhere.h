/* Inside of jmap: accounts of others (elsewhere.c), for the methods that have to do with two. */
#ifndef JMAP_ELSEWHERE_H
#define JMAP_ELSEWHERE_H

#include "jmap/private.h"

struct jmap_others;
const struct jmap_other *jmap_other_at(const struct jmap *j, size_t index);
void jmap_others_free(struct jmap *j);

/* Is the call for an account that the host has to ask? Its arguments are resolved. Then jmap_elsewhere is its method. */
bool jmap_is_elsewhere(const struct jmap_call *call);
enum jmap_step jmap_elsewhere(struct jmap_call *call);

/*
 * Asks an account, the own one too, for one call; JMAP_WAIT, and then jmap_ask_done: 0, ERR_NOT_FOUND (no such account for this person), or another
 * code. *ret is zero or used before, and is freed by jmap_asked_free.
 */
enum jmap_step jmap_ask(struct jmap_call *call, const uint8_t account[16], const char *method, json_t *args, struct jmap_asked *ret);
int jmap_ask_done(struct jmap_call *call, struct jmap_asked *asked);
/* The arguments of an answer, borrowed; NULL: there are no more. */
json_t *jmap_asked_answer(const struct jmap_asked *asked, size_t index, const char **ret_name);
/* All of them become answers of this call. */
void jmap_asked_give(struct jmap_call *call, const struct jmap_asked *asked);
void jmap_asked_free(struct jmap_asked *asked);

const char *jmap_capability_urn(enum jmap_capability capability);

#endif
