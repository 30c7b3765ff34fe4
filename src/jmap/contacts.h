/*
 * A person's own contacts (RFC 9610): address books and cards (JSContact, RFC 9553), kept as notes of the account. One note has the books and what was
 * destroyed; cards lie in JMAP_CONTACTS_BUCKETS notes, by their id. Every change has a number; the state of both types is the newest one.
 */
#ifndef JMAP_CONTACTS_H
#define JMAP_CONTACTS_H

#include "jmap/method.h"

#define JMAP_CONTACTS_BUCKETS 32
#define JMAP_CONTACTS_MAX 20000         /* cards of one account */
#define JMAP_CONTACTS_BYTES_MAX 12000000 /* of all cards */
#define JMAP_CARD_MAX 60000             /* bytes of one */
#define JMAP_BOOKS_MAX 100
#define JMAP_BOOK_NAME_MAX 255
#define JMAP_BOOK_DEFAULT "personal"    /* is always there */
#define JMAP_CARD_INDEX "letterlock.org:index" /* of ContactCard/get, when it is asked for: by which words the card is found, pinyin too */

struct jmap_contacts {
	json_t *top;                          /* {"e": epoch, "n": number, "floor", "count", "bytes", "books": {id: book}, "gone": [[number, born, id], …]} */
	json_t *buckets[JMAP_CONTACTS_BUCKETS]; /* {id: {"c": born, "m": changed, "card": {…}}}; NULL: not read */
	bool dirty[JMAP_CONTACTS_BUCKETS], top_dirty;
};

/* 0 or a code of mailbox.h. Behind it jmap_contacts_close is due, at any time. */
int jmap_contacts_open(struct jmap_call *call, struct jmap_contacts *c);
void jmap_contacts_close(struct jmap_contacts *c);
/* Reads every card. */
int jmap_contacts_read_all(struct jmap_call *call, struct jmap_contacts *c);
/* Writes what was changed, the numbers first: after a crash between two notes clients ask again for what they know. */
int jmap_contacts_save(struct jmap_call *call, struct jmap_contacts *c);
void jmap_contacts_print_state(const struct jmap_contacts *c, struct buf *out);
/* The same, in the call's arena. */
struct slice jmap_contacts_state_text(struct jmap_call *call, const struct jmap_contacts *c);
/* For jmap_set_ops.state, which is asked for oldState and for newState: saves what was changed between them, then prints. 0 or as jmap_contacts_save. */
int jmap_contacts_save_state(struct jmap_call *call, struct jmap_contacts *c, struct buf *out);
/* False: no state of these contacts, or one that is too old. */
bool jmap_contacts_since(const struct jmap_contacts *c, struct slice state, uint64_t *ret);

/* The entry of a card, borrowed; NULL: there is none. *ret_rc: 0 or negative. */
json_t *jmap_contact_find(struct jmap_call *call, struct jmap_contacts *c, struct slice id, int *ret_rc);
/* Stores the card (its reference is taken over) under a known or a new id. 0, ERR_LIMIT. */
int jmap_contact_put(struct jmap_call *call, struct jmap_contacts *c, struct slice id, json_t *card);
int jmap_contact_remove(struct jmap_call *call, struct jmap_contacts *c, struct slice id);
/* fn for each card that was read. */
typedef void jmap_contact_fn(void *arg, const char *id, const json_t *entry);
void jmap_contacts_each(const struct jmap_contacts *c, jmap_contact_fn *fn, void *arg);
/* A new id: the letter and 32 digits; in the call's arena. */
struct slice jmap_contacts_id(struct jmap_call *call, char letter);
/* The number of a change that is made now: above all others, saved with the next jmap_contacts_save. */
uint64_t jmap_contacts_number(struct jmap_contacts *c);
/* Remembers that the id was destroyed, for /changes; born: the number under which it was made. */
void jmap_contacts_gone(struct jmap_contacts *c, uint64_t born, struct slice id);
/* {id: book}, borrowed; never NULL after jmap_contacts_open. */
json_t *jmap_contacts_books(const struct jmap_contacts *c);

/* "Zhang Wei" of a card: name/full, or its components in their order; in the arena. */
struct slice jmap_card_name(const json_t *card, struct arena *arena);
/* Does the card fit a condition of ContactCard/query (RFC 9610 3.3.1)? */
struct jmap_card_question { struct jmap_call *call; const char *id; const json_t *entry; };
bool jmap_card_fits(void *question, const json_t *condition);
const char *jmap_card_condition_check(struct jmap_call *call, const json_t *condition);
/* The words of name, organisation and addresses, with spaces between them. */
struct slice jmap_card_index(const json_t *card, struct arena *arena);

#endif
