/*
 * Messages between roles: typed, checked against the table of ipc/messages.h on both sides, never blocking.
 *
 * Each pair of processes that may talk has one SOCK_SEQPACKET socket pair, made by the parent. After a crash the parent
 * makes new pairs and hands the live roles their ends; requests in flight to the dead one end with IPC_GONE.
 * A message that the table does not allow ends the channel and is logged (IPC_VIOLATION); the parent restarts its sender.
 *
 * The outstanding limit of a row counts the same things on both sides: a request counts from its sending until its reply, also
 * after its deadline has passed. So who asks a slow peer gets IPC_BUSY at the limit, and a peer that is asked for more than the limit
 * knows that its sender does not keep to the table. A handler therefore answers every call, however late.
 *
 * A message whose descriptors do not fit into the process that receives it is nobody's mistake: the request ends with IPC_GONE for
 * who sent it (a reply, for who waits for it), and nothing else happens.
 */
#ifndef IPC_IPC_H
#define IPC_IPC_H

#include "base/slice.h"
#include "net/loop.h"

enum role {
#define ROLE(id, name) ROLE_##id,
#include "ipc/roles.h"
#undef ROLE
	ROLE_COUNT
};
const char *role_name(enum role role);
int role_from_name(struct slice name, enum role *ret_role);

enum ipc_type {
#define IPC_REQUEST(ID, name, senders, receiver, max, outstanding, deadline) IPC_##ID,
#include "ipc/messages.h"
#undef IPC_REQUEST
	IPC_TYPE_COUNT
};

typedef uint8_t ipc_u8;
typedef uint16_t ipc_u16;
typedef uint32_t ipc_u32;
typedef uint64_t ipc_u64;
typedef struct slice ipc_bytes; /* borrowed: in a handler valid until it returns */
typedef struct { uint8_t b[16]; } ipc_id;
typedef struct { uint8_t b[32]; } ipc_key;
typedef int ipc_fd; /* -1: none. Sending does not close it; a received one belongs to the handler, who closes it. */

#include "ipc/fields.h"
#define IPC_FIELD(type, name) ipc_##type name;
#define IPC_REQUEST(ID, lname, senders, receiver, max, outstanding, deadline) \
	struct ipc_##lname { uint8_t unused_; IPC_FIELDS_##ID(IPC_FIELD) }; \
	struct ipc_##lname##_reply { uint8_t unused_; IPC_REPLY_##ID(IPC_FIELD) };
#include "ipc/messages.h"
#undef IPC_REQUEST
#undef IPC_FIELD

enum ipc_outcome {
	IPC_OK,
	IPC_GONE,     /* the peer ended while it may have worked on it, or could not take or answer it; try again later */
	IPC_TIMEOUT,  /* the deadline passed; the request counts until it is answered all the same */
	IPC_BUSY,     /* the outstanding limit of the row is reached, the request is larger than the row allows, or descriptors are short here */
	IPC_ABSENT,   /* there is no such peer now: it was not sent, or the peer (filter) ended before it took it up; try again later */
};

struct ipc;
struct ipc_call; /* a request that waits for our reply */

/* `reply` is the struct ipc_<name>_reply of the type when outcome is IPC_OK, else NULL. Called exactly once, never from inside
 * ipc_request. Descriptors in the reply belong to the callee. */
typedef void ipc_reply_fn(void *arg, enum ipc_outcome outcome, const void *reply);
/* `request` is the struct ipc_<name> of the type. The handler answers now or later with ipc_reply, exactly once (hints: never;
 * `call` is NULL for them). `arg` as given to ipc_handle. */
typedef void ipc_handler_fn(void *arg, struct ipc_call *call, const void *request);

/* An IPC end of this process, which is instance `index` of `role`. Channels are added by the role layer (or ipc/test_pair.h). */
struct ipc *ipc_create(struct loop *loop, enum role role, unsigned index);
void ipc_destroy(struct ipc **ipc); /* open calls and requests are dropped without callbacks */
/* Gives the channel to a peer (a connected SOCK_SEQPACKET socket, taken over). An older one of the same peer ends with IPC_GONE. */
void ipc_channel_add(struct ipc *ipc, enum role peer, unsigned peer_index, int fd);
void ipc_set_instances(struct ipc *ipc, enum role role, unsigned count);
/* Called when a peer broke the table; its channel is closed already. `what` says how. */
typedef void ipc_violation_fn(void *arg, enum role peer, unsigned peer_index, const char *what);
void ipc_on_violation(struct ipc *ipc, ipc_violation_fn *fn, void *arg);
/* Called when a message could not be taken for want of descriptors in this process. */
typedef void ipc_shortage_fn(void *arg, enum role peer, unsigned peer_index);
void ipc_on_shortage(struct ipc *ipc, ipc_shortage_fn *fn, void *arg);
/* Tests only: deadlines of requests in ms instead of the table's; 0: the table's. */
void ipc_set_deadline(struct ipc *ipc, int64_t ms);
/* Requests whose callers wait for a reply, and calls that wait for ours. */
size_t ipc_outstanding(const struct ipc *ipc);
size_t ipc_open_calls(const struct ipc *ipc);

/* Registers the handler of one request type; before the first channel is added. */
void ipc_handle(struct ipc *ipc, enum ipc_type type, ipc_handler_fn *fn, void *arg);

/*
 * Sends a request to instance `index` of the type's receiver role. `index` IPC_ANY picks an idle instance (least outstanding).
 * `fn` may be NULL for hints. Everything in `request` is copied (descriptors duplicated) before this returns.
 */
#define IPC_ANY 0xffffu
void ipc_request(struct ipc *ipc, enum ipc_type type, unsigned index, const void *request, ipc_reply_fn *fn, void *arg);
/* Blocking; only for requests to `key`. *reply is filled on IPC_OK; its bytes live in `storage` (at least the row's maximum). */
enum ipc_outcome ipc_request_sync(struct ipc *ipc, enum ipc_type type, const void *request, void *reply, uint8_t *storage, size_t storage_size);

void ipc_reply(struct ipc_call *call, const void *reply); /* frees the call */
/*
 * For a process that means to end and asks those who ask it nothing: from now on requests to us come out as IPC_ABSENT where they are made. Those that
 * lie here already are still handed out and answered.
 */
void ipc_shut(struct ipc *ipc);
/* Whether no request to us waits for its answer, and none lies unread. */
bool ipc_idle(const struct ipc *ipc);
/* Who asks: role and instance. */
enum role ipc_call_sender(const struct ipc_call *call, unsigned *ret_index);

/* Does the table know a request between the two, in either direction? */
bool ipc_may_talk(enum role a, enum role b);

/* How many instances of a role run (as configured). */
unsigned ipc_instances(const struct ipc *ipc, enum role role);

#endif
