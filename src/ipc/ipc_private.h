/* Inside of ipc: ipc.c (requests, replies, deadlines), channel.c (sockets), sync.c (the blocking request). */
#ifndef IPC_IPC_PRIVATE_H
#define IPC_IPC_PRIVATE_H

#include "base/list.h"
#include "ipc/codec.h"

#define IPC_MAGIC 0x1bc01bc0u
#define IPC_INSTANCES_MAX 1024
#define IPC_BATCH 8           /* messages of one recvmmsg */
#define IPC_BATCH_ROUNDS 4    /* batches of a channel before others get their turn */
#define IPC_HINTS_QUEUED 1024 /* a channel whose queue is longer loses hints */
#define IPC_SYNC_ID 0x80000000u /* ids from here on belong to ipc_request_sync */

/* A message that waits for the socket, or one that arrived during a blocking request. */
struct ipc_message {
	struct list_node node;
	struct ipc_fds fds; /* owned */
	size_t n;
	uint8_t bytes[];
};

struct ipc_pending {
	struct list_node node; /* in ipc->waiting[type], oldest first; in none when it is late */
	struct ipc_channel *channel;
	uint32_t id;
	enum ipc_type type;
	bool absent; /* it was not sent: the peer had shut its end */
	bool begun;  /* the peer has said so */
	bool late; /* its deadline has passed, the caller was told; its reply is still to come */
	int64_t deadline;
	ipc_reply_fn *fn;
	void *arg;
};

struct ipc_call {
	struct list_node node; /* in channel->calls */
	struct ipc_channel *channel; /* NULL when it has ended */
	enum role sender;
	unsigned sender_index;
	uint32_t id;
	enum ipc_type type;
};

struct ipc_channel {
	struct list_node node; /* in ipc->dead, once it has ended */
	struct ipc *ipc;
	enum role peer;
	unsigned index;
	int fd;
	struct watcher *watcher;
	bool dead;
	bool shut; /* the peer takes nothing any more; what it has answered is read to its end */
	struct list_node queue; /* ipc_message to send */
	size_t queued;
	struct list_node backlog; /* ipc_message received, not looked at */
	struct list_node calls;
	struct ipc_pending **slots; /* by the lower 16 bits of the id; may be NULL */
	uint32_t slot_count, slot_hint, generation;
	uint32_t outstanding; /* slots in use */
	uint32_t sent[IPC_TYPE_COUNT], open[IPC_TYPE_COUNT];
};

/* An outcome to be told from the loop. */
struct ipc_verdict {
	struct list_node node;
	ipc_reply_fn *fn;
	void *arg;
	enum ipc_outcome outcome;
};

struct ipc {
	uint32_t magic;
	struct loop *loop;
	enum role role;
	unsigned index;
	struct {
		ipc_handler_fn *fn;
		void *arg;
	} handlers[IPC_TYPE_COUNT];
	struct {
		struct ipc_channel **channels;
		unsigned room, instances, next;
	} peers[ROLE_COUNT];
	struct list_node waiting[IPC_TYPE_COUNT];
	struct list_node verdicts, dead;
	struct timer *soon, *deadline;
	int64_t deadline_at; /* when `deadline` fires; 0: not running */
	int64_t deadline_override;
	size_t outstanding, open_calls;
	uint32_t sync_counter;
	struct buf scratch;
	uint8_t *receive; /* IPC_BATCH buffers of IPC_MESSAGE_MAX; pages are touched only as far as messages reach */
	ipc_violation_fn *violation;
	void *violation_arg;
	ipc_shortage_fn *shortage;
	void *shortage_arg;
	bool *destroyed; /* set while callbacks run */
};

struct ipc_channel *ipc_channel_find(const struct ipc *ipc, enum role peer, unsigned index);
struct ipc_channel *ipc_channel_new(struct ipc *ipc, enum role peer, unsigned index, int fd);
void ipc_channel_free(struct ipc_channel *channel);
/* Sends or queues. `bytes` holds header and fields; descriptors are duplicated when it is queued. False: there is no descriptor for that,
 * and the message is lost. */
bool ipc_channel_send(struct ipc_channel *channel, struct slice bytes, const struct ipc_fds *fds);
/* The peer is gone or broke the rules: closes; the loop tells everybody who waits. */
void ipc_channel_end(struct ipc_channel *channel);
void ipc_channel_violation(struct ipc_channel *channel, const char *what);
/* Of a request that waits in the queue of a channel whose peer has shut it. */
void ipc_request_absent(struct ipc_channel *channel, uint32_t id);
bool ipc_channel_flush(struct ipc_channel *channel); /* false when the socket is full or the channel has ended */

/* Looks at one message that arrived; takes the descriptors. cut: some of its descriptors are lost. */
void ipc_dispatch(struct ipc_channel *channel, struct slice bytes, struct ipc_fds *fds, bool cut);
void ipc_soon(struct ipc *ipc);

#endif
