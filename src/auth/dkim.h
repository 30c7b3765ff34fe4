/*
 * The life of DKIM keys. A new key is `next` until its record was seen in DNS and, when another one signs, some days have passed; then it
 * is active and the old one retired: published for some more days, then destroyed. Private keys are made in `key` and never leave it.
 */
#ifndef AUTH_DKIM_H
#define AUTH_DKIM_H

#include "auth/directory_dkim.h"
#include "auth/host.h"

struct auth_dkim_settings {
	int64_t rotate_s;    /* a key that signs so long gets a successor; 0: never by itself */
	int64_t activate_s;  /* from the first sight in DNS to the first signature, when there is a key that signs */
	int64_t keep_s;      /* a retired key stays in DNS and in `key` so long */
};

struct auth_dkim;
/* Keeps directory and host by pointer. */
struct auth_dkim *auth_dkim_create(struct directory *directory, const struct auth_host *host, const struct auth_dkim_settings *settings);
void auth_dkim_configure(struct auth_dkim *d, const struct auth_dkim_settings *settings);
void auth_dkim_free(struct auth_dkim **d); /* nothing may be under way */

/* Does what is due, and asks DNS for keys that wait. About every ten minutes. */
void auth_dkim_step(struct auth_dkim *d);

typedef void auth_dkim_fn(void *arg, int rc);
/*
 * Makes a next key where there is none; fn is called once: 0, ERR_EXISTS (there is one), ERR_LIMIT, ERR_TEMPORARY (key), or of the
 * directory.
 */
void auth_dkim_make(struct auth_dkim *d, struct slice domain, enum mail_algorithm algorithm, auth_dkim_fn *fn, void *arg);
/* The key signs from now on; those that did are retired. Opens its own change. */
int auth_dkim_activate(struct auth_dkim *d, const struct dkim_key_row *key, struct error *err);
/* It signs nothing any more; its private half is destroyed now. */
int auth_dkim_retire(struct auth_dkim *d, const struct dkim_key_row *key, struct error *err);
/* When a retired key may be taken out of DNS; 0: not retired. */
int64_t auth_dkim_remove_at(const struct auth_dkim *d, const struct dkim_key_row *key);
/* Text of the TXT record. */
void auth_dkim_record(const struct dkim_key_row *key, struct buf *out);
const char *auth_dkim_state_name(enum dkim_state state);

#endif
