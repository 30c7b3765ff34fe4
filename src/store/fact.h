/*
 * Facts: statements of auth that travel through edge or mail to filter and queue, each with a MAC under the boot secret, so that a
 * subverted edge cannot invent a recipient or a sender. filter takes no others; queue takes only records MACed by filter.
 */
#ifndef STORE_FACT_H
#define STORE_FACT_H

#include "base/arena.h"
#include "base/buf.h"

enum fact_kind {
	FACT_LOCAL = 1,  /* deliver to an account: arrival */
	FACT_REMOTE = 2, /* send to another host: outbound */
	FACT_OWN = 3,    /* the account itself stores a message (APPEND) */
	FACT_SENDER = 4, /* a signed-in sender and the addresses it owns */
	FACT_REVIEW = 5, /* who may look at what is held in quarantine: as a recipient, but never one */
};

enum {
	FACT_OURS = 1,        /* its domain is ours: a relay domain */
	FACT_UNJUDGED = 2,    /* its letters are not judged */
	FACT_JUNK_REJECT = 4, /* what is junk is refused */
	FACT_JUNK_HOLD = 8,   /* what is junk is held in the queue */
};

/* Reader key pair of an account generation (X25519). */
struct recipient_fact {
	enum fact_kind kind;              /* LOCAL, REMOTE, OWN */
	uint8_t account[16];              /* LOCAL, OWN */
	uint32_t generation;
	uint8_t public_key[32];
	uint16_t shard;
	uint64_t quota;                   /* bytes, 0: none */
	struct slice address;             /* final address (Delivered-To, or RCPT to send) */
	struct slice original;            /* ORCPT, or the address as it was given at RCPT when an alias changed it */
	struct slice mailbox;             /* delivery target from subaddress or profile; empty: INBOX */
	struct slice notify;              /* DSN NOTIFY as given, upper case; empty: default */
	struct slice profile;             /* delivery profile (later: script) */
	uint8_t flags;                    /* REMOTE: FACT_OURS … */
	uint64_t size_max;                /* REMOTE: the domain takes no longer letters; 0: no limit of its own */
	struct slice reverse_path;        /* REMOTE: the letter is sent on under this one (SRS); empty: as it came */
	struct slice by;                  /* REMOTE with reverse_path: our address that sends it on */
};

/* A key that signs mail of a domain (DKIM), by its id in the role `key`. */
struct sender_key {
	uint8_t id[16];
	uint8_t algorithm;                /* enum mail_algorithm */
	struct slice domain, selector;
};

struct sender_fact {
	uint8_t account[16];
	struct slice login;
	struct slice actor;               /* the delegate who sends for this account and is named in Sender; empty: nobody */
	struct slice *addresses;          /* lower case; "@domain" owns the domain */
	size_t address_count;
	struct sender_key *keys;          /* of the domains of the addresses */
	size_t key_count;
};

#define FACT_SECRET_SIZE 32

/* Appends one MACed fact. */
void fact_write_recipient(struct buf *out, const struct recipient_fact *fact, const uint8_t secret[FACT_SECRET_SIZE]);
void fact_write_sender(struct buf *out, const struct sender_fact *fact, const uint8_t secret[FACT_SECRET_SIZE]);
/* Reads the next fact of a list, checks its MAC. *list moves on. 0, ERR_DENIED (MAC), ERR_INVALID. Slices point into the list. */
int fact_read_recipient(struct slice *list, const uint8_t secret[FACT_SECRET_SIZE], struct recipient_fact *ret);
int fact_read_sender(struct slice *list, const uint8_t secret[FACT_SECRET_SIZE], struct arena *arena, struct sender_fact *ret);
/* For edge, which holds no secret: what the next fact says, unchecked. */
int fact_peek_recipient(struct slice *list, struct recipient_fact *ret, struct slice *ret_whole);

#endif
