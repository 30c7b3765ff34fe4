/* Inside of jmap: what requests, helpers and the Session object share. Methods include jmap/method.h. */
#ifndef JMAP_PRIVATE_H
#define JMAP_PRIVATE_H

#include "jmap/method.h"

struct jmap {
	uint32_t magic;
	struct jmap_host host;
	char account[34];      /* "A" and hexadecimal digits */
	struct buf state;      /* of the session; empty: not made yet */
	struct slice base;     /* of the Session object that is being printed */
	struct jmap_others *others; /* elsewhere.c; NULL: none */
	struct jmap_remembered *remembered; /* email_remember.h; NULL: nothing */
	const struct jmap_other *shown; /* whose members are being printed; NULL: of the own account */
	unsigned requests;     /* which are not freed; the last one of a jmap that was destroyed frees it */
	bool destroyed;
};

struct jmap_request {
	uint32_t magic;
	struct jmap *jmap;
	const struct jmap_request_events *events;
	void *owner;
	json_t *message, *calls;   /* calls: borrowed from the message */
	json_t *created;           /* creation id -> id */
	json_t *referred;          /* ids of calls that a later one refers to: id -> true, until it is answered [name, arguments] */
	size_t at;                 /* of calls */
	bool uses[JMAP_CAPABILITY_COUNT];
	bool give_created, envelope, begun, ended, broken, running, waiting, left;
	struct jmap_call *call;    /* under way */
	const struct jmap_method *method;
	struct buf out;
	struct emit emit;
	bool answering, answered;  /* within an answer of the call; it gave one */
	bool capture;              /* this answer is referred to */
	size_t kept_bytes, kept_values; /* of the answers in `referred` */
	bool flushed;              /* some of this answer has gone out */
	size_t answer_start;       /* in `out`, while it is not flushed */
	uint8_t answer_last;       /* emit.last at that place */
};

struct jmap_method {
	const char *name;
	enum jmap_capability capability;
	enum jmap_step (*run)(struct jmap_call *call);
};

/* The call's arguments with their references resolved (RFC 8620 3.7): a new object; NULL: *ret_error says which error. */
json_t *jmap_references_resolve(const struct jmap_request *r, const json_t *args, const char **ret_error);
/* The ids of calls that these arguments refer to become members of `referred`. */
void jmap_references_note(const json_t *args, json_t *referred);
/* Evaluates a JSON Pointer with "*" (RFC 8620 3.7); a new value, or NULL. */
json_t *jmap_pointer_get(const json_t *value, struct slice pointer);
/* Takes the next token off a JSON Pointer behind its "/", with ~0 and ~1 undone, into `token`. False: malformed. */
bool jmap_pointer_next(struct slice *pointer, struct buf *token);

/* Has the method neither accountId nor state? */
bool jmap_without_account(const struct jmap_call *call);
void jmap_call_free(struct jmap_call **call);
void jmap_set_forget(struct jmap_call *call);

/* ---- members of the Session object ---- */
void jmap_core_session(struct jmap *j, struct emit *e);
void jmap_empty(struct jmap *j, struct emit *e);
void jmap_preview_account(struct jmap *j, struct emit *e);
void jmap_letters_account(struct jmap *j, struct emit *e);
void jmap_mail_account(struct jmap *j, struct emit *e);
void jmap_websocket_session(struct jmap *j, struct emit *e);
void jmap_sieve_session(struct jmap *j, struct emit *e);
void jmap_sieve_account(struct jmap *j, struct emit *e);
void jmap_blob_account(struct jmap *j, struct emit *e);
void jmap_recoverable_account(struct jmap *j, struct emit *e);

void jmap_contacts_account(struct jmap *j, struct emit *e);
/* RFC 9749. */
void jmap_vapid_session(struct jmap *j, struct emit *e);
void jmap_submission_account(struct jmap *j, struct emit *e);

/* ---- states ---- */
int jmap_mail_state(struct jmap *j, struct buf *out);
/* RFC 8621 1.5: not for what people do with their mail. */
int jmap_delivery_state(struct jmap *j, struct buf *out);
int jmap_quota_state(struct jmap *j, struct buf *out);
int jmap_contacts_state(struct jmap *j, struct buf *out);
int jmap_preferences_state(struct jmap *j, struct buf *out);
int jmap_submission_state(struct jmap *j, struct buf *out);

#endif
