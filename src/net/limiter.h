/*
 * Counts against the table of limits (base/limits.h). No clock and no sockets of its own; memory is fixed at creation.
 *
 * What counts over time stands in slots that a key reaches by a keyed hash, a few ways each. Where all are taken the one that is furthest from its limit
 * gives way, so that nobody frees himself of what he has used up by showing many other keys: the slots of who is near a limit go last.
 * What is held at the moment (connections, sessions) is counted exactly; its memory is bounded by the things held.
 */
#ifndef NET_LIMITER_H
#define NET_LIMITER_H

#include "base/buf.h"
#include "base/slice.h"

enum limit {
#define LIMIT(id, option, member, scope, counted, seconds, type, value, action, reply, help) LIMIT_##id,
#include "base/limits.h"
	LIMIT_COUNT
};
enum limit_scope { LIMIT_SCOPE_PROCESS, LIMIT_SCOPE_ADDRESS, LIMIT_SCOPE_NETWORK, LIMIT_SCOPE_USER, LIMIT_SCOPE_DOMAIN, LIMIT_SCOPE_LETTER };
enum limit_action { LIMIT_ACTION_REFUSE, LIMIT_ACTION_WAIT, LIMIT_ACTION_TARPIT, LIMIT_ACTION_CLOSE, LIMIT_ACTION_QUEUE };

struct limit_row {
	struct slice option, reply, help, value;
	const char *counted;
	enum limit_scope scope;
	enum limit_action action;
	int64_t window_ms; /* 0: what is held */
};
extern const struct limit_row limit_rows[LIMIT_COUNT];
/* The option behind its first dot: for events, status and metrics. */
struct slice limit_name(enum limit limit);
const char *limit_scope_name(enum limit_scope scope);
const char *limit_action_name(enum limit_action action);

#define LIMITER_SLOTS 16384   /* a power of two */
#define LIMITER_WAYS 8
#define LIMITER_DOUBLINGS_MAX 4 /* WAIT: one window becomes 16 */
#define LIMITER_STRIKES_MS 3600000 /* WAIT: after so long without reaching the limit the waiting is short again */
#define LIMITER_KEY_MAX 400

struct limiter;
struct limiter *limiter_create(void);
void limiter_destroy(struct limiter **limiter);
/* 0: no limit. All are 0 at first. */
void limiter_set(struct limiter *l, enum limit limit, uint64_t value);
uint64_t limiter_value(const struct limiter *l, enum limit limit);

/*
 * The key of an address literal for a scope: the subscriber's part, or the network; a mapped IPv4 address counts as IPv4, another text as it is.
 * Lies in room.
 */
struct slice limiter_address(enum limit_scope scope, struct slice address, uint8_t room[64]);

/* May `amount` more be taken? Then it is counted. Rows with a window only. now_ms: monotonic. */
bool limiter_take(struct limiter *l, enum limit limit, struct slice key, uint64_t amount, int64_t now_ms);
/* Counts without asking. True: that reached the limit (WAIT: a new time of waiting begins). */
bool limiter_note(struct limiter *l, enum limit limit, struct slice key, uint64_t amount, int64_t now_ms);
/* Is the limit used up? */
bool limiter_reached(struct limiter *l, enum limit limit, struct slice key, int64_t now_ms);
/* How long it stays so, at most: milliseconds; 0: it is not. */
int64_t limiter_wait(struct limiter *l, enum limit limit, struct slice key, int64_t now_ms);
/* What counts now. */
uint64_t limiter_used(struct limiter *l, enum limit limit, struct slice key, int64_t now_ms);

/* What was counted of the key is forgotten. */
void limiter_forget(struct limiter *l, enum limit limit, struct slice key);

/* Slots: false when all are taken. */
bool limiter_hold(struct limiter *l, enum limit limit, struct slice key);
void limiter_release(struct limiter *l, enum limit limit, struct slice key);
uint64_t limiter_held(const struct limiter *l, enum limit limit, struct slice key);

/* How often a limit was reached since the process began: "name":number, members of a JSON object, of those above 0. */
void limiter_status(const struct limiter *l, struct buf *out);

#endif
