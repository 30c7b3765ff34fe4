/*
 * The meter of what users send: counts over windows against the table of base/meter.h, and the user's own habit. Pure: no clock, no files; the habit is a
 * blob that the owner keeps. Memory is bounded: METER_ACCOUNTS_MAX users that sent lately; the one that was quiet for longest is forgotten first.
 */
#ifndef AUTH_METER_H
#define AUTH_METER_H

#include "base/buf.h"
#include "base/clock.h"

enum meter_sign {
#define METER(id, option, member, seconds, threshold, points, word, help) METER_##id,
#include "base/meter.h"
	METER_COUNT
};

#define METER_POINTS 100          /* like a bot */
#define METER_ACCOUNTS_MAX 20000
#define METER_HABIT_SIZE 2088     /* bytes of the blob */
#define METER_HABIT_DAYS 10       /* of sending, before the habit says anything */
#define METER_HABIT_LEAST 20      /* messages in ten minutes that are nobody's excess */

struct meter;
struct meter *meter_create(void);
void meter_destroy(struct meter **meter);
void meter_set(struct meter *m, enum meter_sign sign, uint64_t threshold);

/* The account's habit is needed before its first note: false. blob: as meter_habit gave it; another size counts as none. */
bool meter_knows(const struct meter *m, const uint8_t account[16]);
void meter_load(struct meter *m, const uint8_t account[16], struct slice blob, struct moment now);
/* Everything counted of the account is forgotten, as when its right to send comes back; its habit is as it was stored. */
void meter_forget(struct meter *m, const uint8_t account[16]);
/* The next account whose habit changed since it was taken; ret_blob has METER_HABIT_SIZE bytes. False: none. */
bool meter_changed(struct meter *m, uint8_t ret_account[16], uint8_t *ret_blob);

bool meter_has_changes(const struct meter *m);

/* What happened; the account must be known. `recipient` in normal form. */
void meter_recipient(struct meter *m, const uint8_t account[16], struct slice recipient, bool outside, struct moment now);
void meter_refused(struct meter *m, const uint8_t account[16], struct moment now);
void meter_message(struct meter *m, const uint8_t account[16], struct moment now);
void meter_bounced(struct meter *m, const uint8_t account[16], uint64_t count, struct moment now);

/* The points of the account now; why (may be NULL) gets the words, separated by ", ". */
unsigned meter_points(struct meter *m, const uint8_t account[16], struct moment now, struct buf *why);

#endif
