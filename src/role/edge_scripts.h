/* The delivery profiles of a letter's recipients who have scripts (store/profile.h), asked of auth before filter sees the letter. */
#ifndef ROLE_EDGE_SCRIPTS_H
#define ROLE_EDGE_SCRIPTS_H

#include "role/edge.h"

#define EDGE_SCRIPTS_BYTES (24u << 20) /* of one letter; filter takes no more */

struct edge_scripts;
/* ok: all of them are there; else the letter has to come again. Never called from inside edge_scripts_ask. */
typedef void edge_scripts_fn(void *arg, bool ok);

/* About how many bytes the profiles of these facts have; 0: nobody has a script. */
uint64_t edge_scripts_size(struct slice facts);
/* facts: of all recipients. */
struct edge_scripts *edge_scripts_ask(struct edge *edge, struct slice facts, edge_scripts_fn *fn, void *arg);
struct slice edge_scripts_profiles(const struct edge_scripts *s);
/* Nothing is told any more. */
void edge_scripts_free(struct edge_scripts **scripts);

#endif
