/* directory.db: what users are used to send (auth/meter.h). */
#ifndef AUTH_DIRECTORY_HABIT_H
#define AUTH_DIRECTORY_HABIT_H

#include "auth/directory.h"

/* 0, ERR_NOT_FOUND, ERR_IO. */
int directory_habit_get(struct directory *d, const uint8_t account[16], struct arena *arena, struct slice *ret);
/* Inside a change. Nothing happens for an account that is gone. */
int directory_habit_set(struct directory *d, const uint8_t account[16], struct slice blob, int64_t now, struct error *err);

#endif
