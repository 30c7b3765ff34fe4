/* Signs what our users send to other hosts (DKIM). Pure: the private key is behind a callback. */
#ifndef FILTER_SIGN_H
#define FILTER_SIGN_H

#include "base/arena.h"
#include "base/error.h"
#include "store/fact.h"
#include "trust/dkim_sign.h"

struct filter_settings;
struct arc_report;
struct arc_sealing;

/* The key of that id signs the digest. ERR_NOT_FOUND: it is gone; the message goes without its signature. */
typedef int filter_sign_fn(void *arg, const uint8_t key[16], enum mail_algorithm algorithm, const uint8_t digest[MAIL_DIGEST_SIZE],
	struct buf *out, struct error *err);

/* Appends an ARC set (trust/arc.h) by this key; how->signer is filled here. Nothing when no set may be added or the key is gone. */
int filter_seal_with(const struct filter_settings *settings, const struct sender_key *key, const struct arc_report *chain,
	struct trust_message *message, struct arc_sealing *how, struct arena *arena, struct buf *out, struct error *err);
/*
 * Appends a DKIM-Signature for every key of the sender's facts whose domain is that of From. Nothing without such a key, without a single
 * From, or without settings->sign. 0 or a negative code: then the message must not go out unsigned.
 */
int filter_sign(const struct filter_settings *settings, const struct sender_fact *sender, struct slice header, struct slice body,
	int64_t now_s, struct arena *arena, struct buf *out, struct error *err);

/*
 * Puts the signatures of a letter of the system in front of it. signer: MACed fact of the domain in its From (auth/signer.h), empty: nothing is
 * signed. What `letter` held before is wiped. 0 or a negative code; ERR_DENIED: the fact is not ours.
 */
int filter_sign_own(const struct filter_settings *settings, struct slice signer, const uint8_t secret[32], int64_t now_s, struct arena *arena,
	struct buf *letter, struct error *err);

#endif
