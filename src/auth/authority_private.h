/* Inside of the own authority: its state, shared by its files. */
#ifndef AUTH_AUTHORITY_PRIVATE_H
#define AUTH_AUTHORITY_PRIVATE_H

#include "auth/authority.h"

#define AUTHORITY_SKEW_S 3600  /* certificates begin so long ago: clocks of others are behind */
#define AUTHORITY_DAY_S INT64_C(86400)

struct authority {
	struct directory *directory;
	const struct auth_host *host;
	struct authority_settings settings;
	bool making;           /* one is under way */
	unsigned listing;      /* lists under way */
	bool lists_due;        /* something was revoked: look now */
};

int64_t authority_now(const struct authority *a);
void authority_record(const struct authority *a, enum log_event event, const struct log_field *fields);
#define authority_event(a, event, ...) authority_record((a), (event), (const struct log_field[]){__VA_ARGS__, LOG_END})
/* Hexadecimal digits of a serial, in the arena. */
struct slice authority_serial(const uint8_t serial[MAIL_CA_SERIAL_SIZE], struct arena *arena);
/* Starts what is due of the lists (authority_crl.c). */
void authority_lists(struct authority *a);

#endif
