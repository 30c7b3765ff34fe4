/* What has changed for somebody who listens (RFC 8620 7): an event source or a WebSocket. */
#ifndef JMAP_PUSH_H
#define JMAP_PUSH_H

#include "jmap/jmap.h"

#define JMAP_PUSH_ALL UINT64_MAX

struct jmap_push;
/* types: bits 1 << enum jmap_type. `changed` says that jmap_push_take may have something; it is told at any time, never from inside of these functions. What was
 * before is known to the listener: only later changes are told. */
struct jmap_push *jmap_push_create(struct jmap *j, uint64_t types, void (*changed)(void *arg), void *arg);
void jmap_push_destroy(struct jmap_push **p);
/* Appends a StateChange object (with pushState, RFC 8887 4.3.5.1) with the types whose state is another one than when it was last told; all: with every type that is
 * listened for. False: nothing is new, nothing is appended. */
bool jmap_push_take(struct jmap_push *p, bool all, struct buf *out);
/* A text for the states as they were last told: the pushState, and the id of an event. */
void jmap_push_state(const struct jmap_push *p, struct buf *out);
/* "*" or names with commas; false: one is no type of ours (it is left out). */
bool jmap_push_types(struct slice names, uint64_t *ret);

#endif
