/* Keys of DKIM in the directory: everything but the private halves, which `key` keeps. Part of auth/directory.h. */
#ifndef AUTH_DIRECTORY_DKIM_H
#define AUTH_DIRECTORY_DKIM_H

#include "auth/directory.h"
#include "crypt/mail_key.h"

#define DKIM_KEYS_OF_DOMAIN_MAX 16 /* next, active and retired together */
#define DKIM_KEYS_MAX_ALL 2000     /* of one look at all of them */

/* Stored; the values never change. */
enum dkim_state {
	DKIM_KEY_NEXT = 1,    /* to be published; signs nothing yet */
	DKIM_KEY_ACTIVE = 2,  /* signs */
	DKIM_KEY_RETIRED = 3, /* signs nothing new; stays published for what is under way */
};

struct dkim_key_row {
	uint8_t id[16];
	struct slice domain, selector;
	enum mail_algorithm algorithm;
	struct slice public_key;               /* as mail_key_public gives it */
	enum dkim_state state;
	int64_t created, seen, activated, retired; /* unix seconds; 0: not yet. seen: first in DNS */
};

int directory_dkim_add(struct directory *d, const struct dkim_key_row *row, struct error *err); /* ERR_EXISTS: the selector */
int directory_dkim_set(struct directory *d, const struct dkim_key_row *row, struct error *err); /* state and times */
int directory_dkim_remove(struct directory *d, const uint8_t id[16], struct error *err);
int directory_dkim_get(struct directory *d, struct slice domain, struct slice selector, struct arena *arena, struct dkim_key_row *ret);
/* The number found. An empty domain: all. */
int directory_dkim_list(struct directory *d, struct slice domain, struct arena *arena, struct dkim_key_row *ret, size_t max);
int directory_dkim_active(struct directory *d, struct slice domain, struct arena *arena, struct dkim_key_row *ret, size_t max);

#endif
