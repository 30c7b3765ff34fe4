/*
 * Reverse-paths of letters that are passed on to somebody outside (sender rewriting scheme): the letter of a@x.example goes on as
 * SRS0=hash=day=x.example=a@ours.example, so that SPF of our domain speaks for it, and what comes back to that address goes to a@x.example. An address
 * that another forwarder made becomes SRS1, which leads back to that forwarder alone. The hash is ours, keyed and without regard to case: nobody
 * else can make an address that leads through us, and it does so for some days only.
 */
#ifndef AUTH_SRS_H
#define AUTH_SRS_H

#include "base/arena.h"
#include "base/error.h"

#define SRS_KEY_SIZE 32
#define SRS_DAYS 21        /* a bounce may come so late */
#define SRS_ADDRESS_MAX 254 /* RFC 5321 4.5.3.1.3; what would be longer is not rewritten */

/* The reverse-path for a letter that `domain` of ours passes on. 0, ERR_INVALID (no address that can be rewritten), ERR_LIMIT. */
int srs_forward(const uint8_t key[SRS_KEY_SIZE], struct slice reverse_path, struct slice domain, int64_t now_s, struct arena *arena,
	struct slice *ret);
/* Does the local part look like one of these? */
bool srs_is(struct slice local);
/* Where it leads. 0, ERR_DENIED (not made by us for this domain), ERR_CLOSED (too old), ERR_INVALID. */
int srs_reverse(const uint8_t key[SRS_KEY_SIZE], struct slice local, struct slice domain, int64_t now_s, struct arena *arena, struct slice *ret);

#endif
