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
	int64_t (*now)(void *arg);       /* unix seconds */
	void (*random)(void *arg, void *p, size_t n);
	/* What was uploaded, for this account and for a while (RFC 8620 6). Methods use jmap/blob.h. type in the arena. ERR_NOT_FOUND. */
	int (*blob_find)(void *arg, const uint8_t id[16], struct arena *arena, struct slice *ret_type, uint64_t *ret_size);
	int (*blob_read)(void *arg, const uint8_t id[16], uint64_t offset, uint64_t n, struct buf *out);
	/* Keeps it. ERR_LIMIT: the person has too much uploaded; ERR_TEMPORARY. */
	int (*blob_put)(void *arg, struct slice type, struct slice bytes, uint8_t ret_id[16]);
	/* Scripts of the owner, by jmap/sieve.h; asynchronous: q->result, q->why, q->answer. */
	void (*sieve)(void *arg, struct jmap_call *call, struct jmap_sieve *q, int op);
	struct slice sieve_extensions;   /* separated by spaces */
};

/* The host's members are copied; texts and `mail` are borrowed and outlive it. */
struct jmap *jmap_create(const struct jmap_host *host);
void jmap_destroy(struct jmap **j); /* no request is left */
const struct jmap_host *jmap_host(const struct jmap *j);
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
