/* Wire form of requests and replies, made from the message table. Internal to ipc (and its fuzz target). */
#ifndef IPC_CODEC_H
#define IPC_CODEC_H

#include "base/buf.h"
#include "ipc/ipc.h"
#include "ipc/socket.h"

#define IPC_HEADER 8 /* u8 kind, u8 zero, u16 type, u32 id */

enum ipc_kind {
	IPC_KIND_REQUEST = 1,
	IPC_KIND_REPLY = 2,
	IPC_KIND_FAILED = 3, /* instead of a reply, without fields: there is no handler, or the reply does not fit */
	IPC_KIND_BEGUN = 4,  /* ahead of a reply, without fields: the handler takes the request up now (requests to filter) */
};

struct ipc_row {
	const char *name;
	uint32_t senders; /* set of 1 << role */
	enum role receiver;
	uint32_t max;         /* bytes of fields, in either direction */
	uint32_t outstanding; /* requests without a reply, per channel */
	int64_t deadline_ms;  /* 0: a hint */
};
const struct ipc_row *ipc_row(enum ipc_type type);
/* Largest `max` of the table, and of the rows that `key` serves. */
#define IPC_MESSAGE_MAX (262144 + IPC_HEADER)
#define IPC_KEY_MESSAGE_MAX (49152 + IPC_HEADER)

/* The largest struct of the table. */
union ipc_any {
	uint64_t align;
#define IPC_REQUEST(ID, lname, senders, receiver, max, outstanding, deadline) \
	struct ipc_##lname lname; \
	struct ipc_##lname##_reply lname##_reply;
#include "ipc/messages.h"
#undef IPC_REQUEST
};

struct ipc_header {
	enum ipc_kind kind;
	enum ipc_type type;
	uint32_t id;
};
void ipc_header_put(struct buf *out, const struct ipc_header *header);
/* 0 or ERR_INVALID; moves *in behind the header. */
int ipc_header_get(struct slice *in, struct ipc_header *ret_header);

/* Appends the fields. The descriptors are named in fds, not duplicated. ERR_LIMIT above the row's maximum. */
int ipc_encode(enum ipc_type type, enum ipc_kind kind, const void *fields, struct buf *out, struct ipc_fds *fds);
/* Fills *fields (bytes borrow from `in`); every descriptor of fds must be named by a field. ERR_INVALID otherwise. */
int ipc_decode(enum ipc_type type, enum ipc_kind kind, struct slice in, const struct ipc_fds *fds, union ipc_any *fields);

#endif
