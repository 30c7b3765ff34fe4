/*
 * JMAP (RFC 8620) as an engine without I/O. A `struct jmap` is what one person who signed in has open; it knows no HTTP and no sockets. Its
 * owner (role/mail_http.c) gives it request bodies and takes answers, piece by piece:
 *
 *   jmap_request_create -> jmap_request_start (0, or a problem for the HTTP answer) -> jmap_request_run, again and again, until it is done
 *
 * How a method is written stands in jmap/method.h. Tables: jmap/methods.h, jmap/capabilities.h, jmap/types.h.
 */
#ifndef JMAP_JMAP_H
#define JMAP_JMAP_H

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "mailbox/mailbox.h"

#define JMAP_REQUEST_MAX 10000000        /* maxSizeRequest: bytes of a request */
#define JMAP_UPLOAD_MAX 50000000         /* maxSizeUpload, unless letters may be smaller (jmap_host.upload_max) */
#define JMAP_CALLS_MAX 64                /* maxCallsInRequest */
#define JMAP_GET_MAX 1000                /* maxObjectsInGet */
#define JMAP_SET_MAX 500                 /* maxObjectsInSet */
#define JMAP_REQUESTS_MAX 8              /* maxConcurrentRequests */
#define JMAP_UPLOADS_MAX 4               /* maxConcurrentUpload */
#define JMAP_OUTPUT_HIGH 131072          /* behind so many bytes of an answer a method waits until they are gone */
#define JMAP_ANSWER_MAX (32u << 20)      /* bytes of one answer that a later call refers to, or that a method gives at once */
#define JMAP_VALUES_MAX 200000           /* values in the JSON of a request; in the answers that are kept for references, all together */
#define JMAP_ASKED_VALUES_MAX 1000000    /* values in the answer from another account */
#define JMAP_KEPT_MAX 4000000            /* bytes of the answers that are kept for references, all together */
#define JMAP_ECHO_MAX 1000000            /* bytes of an echo: references could double it with every call */
#define JMAP_CREATED_MAX 10000           /* entries of createdIds */
#define JMAP_STATE_MAX 100               /* bytes of a state */

enum jmap_capability {
#define JMAP_CAPABILITY(id, urn, session, account) JMAP_##id,
#include "jmap/capabilities.h"
#undef JMAP_CAPABILITY
	JMAP_CAPABILITY_COUNT
};

enum jmap_type {
#define JMAP_TYPE(id, name, capability, state) JMAP_TYPE_##id,
#include "jmap/types.h"
#undef JMAP_TYPE
	JMAP_TYPE_COUNT
};

struct jmap;
struct jmap_call;
struct jmap_sieve;
struct jmap_request;

/* A letter that is being written, in the hands of the host. */
struct jmap_letter;
struct jmap_appended {
	int code;                        /* 0, or a code of mailbox.h */
	uint32_t uid;
};

struct jmap_parsing {
	int code;                        /* 0, ERR_TEMPORARY */
	struct slice digest;
};

/* Who one may send as. */
struct jmap_sender {
	int code;                        /* 0; ERR_DENIED: nothing may be sent from here; ERR_TEMPORARY */
	bool suspended;                  /* nothing may be sent now */
	struct slice name;               /* of the account's owner */
	struct slice actor;              /* the delegate whom letters name as their sender; empty: nobody */
	struct slice *addresses;         /* lower case; "@domain": every address of it */
	size_t address_count;
};

/* A letter on its way (RFC 8621 7). */
enum jmap_send_result {
	JMAP_SEND_DONE, JMAP_SEND_FORBIDDEN_FROM, JMAP_SEND_FORBIDDEN, JMAP_SEND_LIMITED, JMAP_SEND_RECIPIENTS, JMAP_SEND_TOO_MANY, JMAP_SEND_TOO_LARGE,
	JMAP_SEND_REFUSED, JMAP_SEND_TEMPORARY,
};
struct jmap_send_recipient {
	struct slice address, notify, orcpt;
	bool refused;                    /* out: with JMAP_SEND_RECIPIENTS */
};
struct jmap_send {
	struct slice mail_from, ret, envid;
	bool smtputf8, body_8bit, requiretls;
	struct jmap_send_recipient *recipients;
	size_t recipient_count;
	uint8_t id[16];                  /* of the submission */
	int64_t due;                     /* unix seconds; 0: at once */
	bool confidential;               /* it asks for that, in its header (docs/confidential.md): nobody outside may be among the recipients */
	bool unlisted;                   /* no submission that its writer follows */
	struct slice data;               /* kept with it: at most JMAP_SEND_DATA_MAX bytes */
	/* What came out: */
	enum jmap_send_result result;
	struct slice text;               /* in the call's arena: "550 …" as SMTP says it */
};
#define JMAP_SEND_DATA_MAX 600
#define JMAP_SEND_DELAY_MAX (30 * 86400) /* seconds */

/* What is asked about letters that went, or wait. */
enum jmap_sent_ask { JMAP_SENT_LIST, JMAP_SENT_GET, JMAP_SENT_CANCEL, JMAP_SENT_FORGET, JMAP_SENT_RECALL, JMAP_SENT_RECALL_ANY };
struct jmap_sent_recipient {
	struct slice address, text, enhanced;
	uint16_t code;
	enum { JMAP_SENT_QUEUED, JMAP_SENT_DELIVERED, JMAP_SENT_FAILED, JMAP_SENT_UNKNOWN } fate;
	bool local;
	enum {                           /* when the letter was asked back */
		JMAP_RECALL_NONE, JMAP_RECALL_PENDING, JMAP_RECALL_DONE, JMAP_RECALL_READ, JMAP_RECALL_DELETED, JMAP_RECALL_FAILED, JMAP_RECALL_OUTSIDE,
	} recall;
};
struct jmap_sent {
	uint8_t id[16];
	enum { JMAP_SENT_PENDING, JMAP_SENT_FINAL, JMAP_SENT_CANCELED } state;
	bool gone;                       /* it was destroyed: only in lists of changes */
	int64_t due, created;            /* unix seconds; due 0: at once */
	uint64_t born, change;           /* its first change, and its newest one */
	struct slice data, mail_from;
	struct jmap_sent_recipient *recipients; /* of JMAP_SENT_GET */
	size_t recipient_count;
	struct {
		int64_t asked;                   /* unix seconds, 0: it was not */
		uint32_t outside, copies, kept;  /* copies of scripts: that left, that went to mailboxes here, those of them that are still there */
	} recall;                        /* of JMAP_SENT_GET */
};
struct jmap_sent_answer {            /* all in the call's arena */
	int code;                        /* 0, ERR_NOT_FOUND, ERR_CONFLICT (it went already), ERR_TEMPORARY */
	struct jmap_sent *list;          /* JMAP_SENT_LIST: those with change > after, ascending in it */
	size_t count;
	bool more;
	uint64_t state, floor;           /* the newest change; changes up to `floor` are not known any more */
};

/* An account of somebody else that this person may open. */
struct jmap_blob;
struct jmap_other {
	uint8_t id[16];
	struct slice name, title;        /* its address; its owner's name */
	struct slice rights;             /* names, separated by spaces */
	bool read_only, may_send, may_delete, may_download;
	int64_t until;                   /* unix seconds; 0: without end */
};
#define JMAP_OTHERS_MAX 50

/* One request to one account, and its answer (RFC 8620 3.4) as JSON. */
struct jmap_asked {
	int code;                        /* 0; ERR_NOT_FOUND: no such account for this person; ERR_TEMPORARY */
	struct buf answer;
	json_t *json;                    /* of the engine */
};
struct jmap_carried {
	int code;                        /* 0; ERR_NOT_FOUND; ERR_DENIED; ERR_LIMIT; ERR_TEMPORARY */
	char id[300];                    /* of the blob in its new account */
};

/*
 * What the owner supplies. Members may be added; one that is NULL says that the machine cannot do it here (unit tests), and what needs it answers
 * serverUnavailable. A function with a `call` is asynchronous: it returns at once, and later, never from inside, jmap_call_resume(call) is said,
 * exactly once; what came out stands where the function says.
 */
struct jmap_host {
	void *arg;
	struct account *mail;            /* as this session may use it (mailbox/restricted.h) */
	uint8_t account_id[16];
	struct slice address;            /* of the account */
	struct slice username;           /* who signed in: the same, or the delegate's address */
	uint64_t upload_max;             /* bytes of one letter */
	bool view_only;                  /* bytes of letters and of their parts are given to nobody (jmap_blob_take) */
	int64_t (*now)(void *arg);       /* unix seconds */
	void (*random)(void *arg, void *p, size_t n);
	/* What was uploaded, for this account and for a while (RFC 8620 6). Methods use jmap/blob.h. type in the arena. ERR_NOT_FOUND. */
	int (*blob_find)(void *arg, const uint8_t id[16], struct arena *arena, struct slice *ret_type, uint64_t *ret_size);
	int (*blob_read)(void *arg, const uint8_t id[16], uint64_t offset, uint64_t n, struct buf *out);
	/* Keeps it. ERR_LIMIT: the person has too much uploaded; ERR_TEMPORARY. */
	int (*blob_put)(void *arg, struct slice type, struct slice bytes, uint8_t ret_id[16]);
	/* Before its bytes leave us as they are: *ret is 0, ERR_DENIED (scanners know it as malware) or ERR_TEMPORARY. Asynchronous; the blob's id is copied. */
	void (*blob_look)(void *arg, struct jmap_call *call, const struct jmap_blob *blob, int *ret);
	/* Scripts of the owner, by jmap/sieve.h; asynchronous: q->result, q->why, q->answer. */
	void (*sieve)(void *arg, struct jmap_call *call, struct jmap_sieve *q, int op);
	struct slice sieve_extensions;   /* separated by spaces */
	/* Letters that are written (jmap/write.h). NULL: no memory. */
	struct jmap_letter *(*letter_new)(void *arg);
	int (*letter_add)(void *arg, struct jmap_letter *letter, struct slice bytes); /* ERR_LIMIT, ERR_TEMPORARY, ERR_IO */
	void (*letter_free)(void *arg, struct jmap_letter **letter);
	/* Asynchronous; it takes the letter over, and the call may be gone before it is done. */
	void (*letter_append)(void *arg, struct jmap_letter **letter, struct jmap_call *call, const struct append_input *input, struct jmap_appended *ret);
	/*
	 * Asynchronous: filter parses the letter, which stays the caller's and takes no more bytes. ret->digest, encoded without search texts, is from
	 * `arena`; both stay until it is done.
	 */
	void (*letter_parse)(void *arg, struct jmap_letter *letter, struct jmap_call *call, struct arena *arena, struct jmap_parsing *ret);
	/* Appends its bytes [offset, offset + n). 0 or ERR_IO. */
	int (*letter_read)(void *arg, struct jmap_letter *letter, uint64_t offset, uint64_t n, struct buf *out);
	/* Asynchronous. `what` and what it names stay until it is done. */
	void (*letter_send)(void *arg, struct jmap_letter **letter, struct jmap_call *call, struct jmap_send *what);
	void (*sender)(void *arg, struct jmap_call *call, struct jmap_sender *ret);
	void (*sent)(void *arg, struct jmap_call *call, enum jmap_sent_ask ask, const uint8_t id[16], uint64_t after, struct jmap_sent_answer *ret);
	uint64_t (*sent_state)(void *arg);  /* the newest change of `sent` that is known here */
	size_t (*recipients_max)(void *arg);
	uint64_t slice;                  /* rows that a long query looks at between two turns of the loop; 0: JMAP_SLICE (jmap/email_filter.h) */
	/* Longest life of a confidential letter, seconds, 0: no bound; negative: none may be sent. */
	int64_t (*confidential_longest)(void *arg);
	int64_t (*recall_within)(void *arg); /* seconds after sending; 0: nothing is taken back */
	/* The newest arrival that is filed: the state of EmailDelivery (RFC 8621 1.5). NULL: it changes whenever mail does. */
	uint64_t (*delivered)(void *arg);
	/*
	 * Push subscriptions of this credential (jmap/push_subscription.h), an array; borrowed until the next of these calls. put: by its "id", a new one or one
	 * that has changed; a new one gets its verification. ERR_LIMIT (too many, or too fast), ERR_INVALID (the url), ERR_IO; drop: ERR_NOT_FOUND.
	 */
	const json_t *(*push_list)(void *arg);
	int (*push_put)(void *arg, const json_t *object);
	int (*push_drop)(void *arg, struct slice id);
	struct slice push_key;           /* public, of the server (RFC 9749); empty: nothing can be pushed */
	bool (*may_shred)(void *arg);    /* may what can be recovered be deleted for good? */
	/* Asynchronous. The account may be the own one. Takes the body over, a Request object; *ret stays until it is done. */
	void (*ask)(void *arg, struct jmap_call *call, const uint8_t account[16], struct buf *body, struct jmap_asked *ret);
	/* The same for the bytes of a blob, which become one of another account. */
	void (*carry)(void *arg, struct jmap_call *call, const uint8_t from[16], struct slice blob, const uint8_t to[16], struct jmap_carried *ret);
};

/* The host's members are copied; texts and `mail` are borrowed and outlive it. */
struct jmap *jmap_create(const struct jmap_host *host);
void jmap_destroy(struct jmap **j); /* no request is left */
const struct jmap_host *jmap_host(const struct jmap *j);
/* Which accounts of others the Session object lists: copied. Whether one may be asked is the host's to say. */
void jmap_others(struct jmap *j, const struct jmap_other *list, size_t count);
/* "A" and the digits of the account's id. */
struct slice jmap_account_name(const struct jmap *j);

/* The Session object (RFC 8620 2). base: "https://host", from which the addresses are made. */
void jmap_session_print(struct jmap *j, struct slice base, struct buf *out);
/* Its `state`: changes when something in it does. */
struct slice jmap_session_state(struct jmap *j);
/* The state of a type, as /get and StateChange have it. 0 or negative. */
int jmap_type_state(struct jmap *j, enum jmap_type type, struct buf *out);
const char *jmap_type_name(enum jmap_type type);
/* False: none is called so. */
bool jmap_type_find(struct slice name, enum jmap_type *ret);

/* ---- requests ---- */

/* A request that is refused as a whole (RFC 8620 3.6.1): application/problem+json. */
struct jmap_problem {
	const char *type;   /* "notJSON": behind urn:ietf:params:jmap:error: */
	unsigned status;
	const char *limit;  /* of "limit"; else NULL */
	char detail[200];
};
void jmap_problem_print(const struct jmap_problem *p, struct buf *out);

struct jmap_request_events {
	/* A method that waited can go on: jmap_request_run soon. Never called from inside of it. */
	void (*ready)(void *owner);
};

struct jmap_request *jmap_request_create(struct jmap *j, const struct jmap_request_events *events, void *owner);
/* 0, or ERR_INVALID with the problem; then only jmap_request_leave may follow. */
int jmap_request_start(struct jmap_request *r, struct slice body, struct jmap_problem *problem);
/* For WebSocket (RFC 8887 4.3.2): takes over the reference to the message; the answer gets its "@type" and "requestId". */
int jmap_request_start_message(struct jmap_request *r, json_t *message, struct jmap_problem *problem);

enum jmap_progress {
	JMAP_RUN_DONE,    /* the answer is whole */
	JMAP_RUN_AGAIN,   /* run again as soon as `out` has room */
	JMAP_RUN_WAIT,    /* `ready` will be told */
	JMAP_RUN_BROKEN,  /* something failed behind bytes that were given out: break off, so that it does not look whole */
};
/* Appends what there is of the answer. Works for some milliseconds at most between two returns, where methods keep to that. */
enum jmap_progress jmap_request_run(struct jmap_request *r, struct buf *out);
/* Done, or the client is gone. What a method waits for is finished without it. */
void jmap_request_leave(struct jmap_request **r);

/* ---- texts of ids ---- */

/* "M0123…": the letter of its kind and 32 hexadecimal digits. False: no such text, which no object has as id. */
bool jmap_id_parse(struct slice text, char kind, uint8_t ret[16]);
/* RFC 8620 1.2: 1 to 255 letters, digits, "-" and "_". */
bool jmap_id_valid(struct slice text);

#endif
