/* The blocking request: for `key` only, which asks nobody and therefore always answers. */
#include <poll.h>
#include <string.h>
#include <time.h>

#include "base/ensure.h"
#include "base/error.h"
#include "base/memory.h"
#include "ipc/ipc_private.h"

static int64_t mono_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Something else arrived meanwhile: the loop looks at it later. */
static void keep(struct ipc_channel *channel, const uint8_t *bytes, size_t n, const struct ipc_fds *fds)
{
	struct ipc_message *message = memory_alloc(sizeof *message + n);
	memcpy(message->bytes, bytes, n);
	message->n = n;
	message->fds = *fds;
	list_append(&channel->backlog, &message->node);
	ipc_soon(channel->ipc);
}

struct expected {
	uint32_t id;
	enum ipc_type type;
	void *reply;
	uint8_t *storage;
	size_t storage_size;
};

/* True when the message is the one; *ret_outcome says how it ended. */
static bool take(struct ipc_channel *channel, const struct expected *want, struct slice in, struct ipc_fds *fds, enum ipc_outcome *ret_outcome)
{
	struct ipc_header header;
	struct slice fields = in;
	if (ipc_header_get(&fields, &header) != 0 || header.kind == IPC_KIND_REQUEST || header.id != want->id)
		return false;
	*ret_outcome = IPC_GONE;
	if (header.kind == IPC_KIND_FAILED || header.type != want->type || fields.n > want->storage_size) {
		ipc_fds_close(fds);
		return true;
	}
	union ipc_any any;
	memcpy(want->storage, fields.p, fields.n);
	if (ipc_decode(header.type, IPC_KIND_REPLY, slice_make(want->storage, fields.n), fds, &any) != 0) {
		ipc_fds_close(fds);
		ipc_channel_violation(channel, "a malformed reply");
		return true;
	}
	switch (header.type) {
#define IPC_REQUEST(ID, lname, senders, receiver, max, outstanding, deadline) \
	case IPC_##ID: \
		memcpy(want->reply, &any.lname##_reply, sizeof any.lname##_reply); \
		break;
#include "ipc/messages.h"
#undef IPC_REQUEST
	case IPC_TYPE_COUNT:
		UNREACHABLE();
	}
	*ret_outcome = IPC_OK;
	return true;
}

static enum ipc_outcome wait_for(struct ipc_channel *channel, const struct expected *want, int64_t until, uint8_t *room)
{
	enum ipc_outcome outcome;
	for (;;) {
		struct ipc_fds fds = {.count = 0};
		size_t n;
		int r = ipc_socket_receive(channel->fd, room, IPC_KEY_MESSAGE_MAX, &n, &fds);
		if (r == 0 && take(channel, want, slice_make(room, n), &fds, &outcome))
			return outcome;
		if (r == 0) {
			keep(channel, room, n, &fds);
			continue;
		}
		if (r != ERR_TEMPORARY) {
			ipc_channel_end(channel);
			return IPC_GONE;
		}
		int64_t left = until - mono_ms();
		if (left <= 0)
			return IPC_TIMEOUT;
		bool queued = !list_empty(&channel->queue);
		struct pollfd p = {.fd = channel->fd, .events = (short)(POLLIN | (queued ? POLLOUT : 0))};
		poll(&p, 1, (int)left);
		if (queued && (p.revents & POLLOUT) && !ipc_channel_flush(channel) && channel->dead)
			return IPC_GONE;
	}
}

enum ipc_outcome ipc_request_sync(struct ipc *ipc, enum ipc_type type, const void *request, void *reply, uint8_t *storage, size_t storage_size)
{
	ENSURE_MAGIC(ipc, IPC_MAGIC);
	const struct ipc_row *row = ipc_row(type);
	ENSURE(row->receiver == ROLE_KEY && row->senders & 1u << ipc->role && row->deadline_ms > 0);
	struct ipc_channel *channel = ipc_channel_find(ipc, ROLE_KEY, 0);
	if (channel == NULL)
		return IPC_GONE;
	if (channel->sent[type] >= row->outstanding)
		return IPC_BUSY;
	struct expected want = {.id = IPC_SYNC_ID | (++ipc->sync_counter & 0x7fffffffu), .type = type, .reply = reply, .storage = storage,
		.storage_size = storage_size};
	struct ipc_header header = {.kind = IPC_KIND_REQUEST, .type = type, .id = want.id};
	struct ipc_fds fds;
	buf_clear(&ipc->scratch);
	ipc_header_put(&ipc->scratch, &header);
	if (ipc_encode(type, IPC_KIND_REQUEST, request, &ipc->scratch, &fds) != 0)
		return IPC_BUSY;
	ipc_channel_send(channel, buf_slice(&ipc->scratch), &fds);
	if (channel->dead)
		return IPC_GONE;
	channel->sent[type]++;
	int64_t limit = ipc->deadline_override > 0 ? ipc->deadline_override : row->deadline_ms;
	uint8_t room[IPC_KEY_MESSAGE_MAX];
	enum ipc_outcome outcome = wait_for(channel, &want, mono_ms() + limit, room);
	if (outcome != IPC_TIMEOUT)
		channel->sent[type]--;
	explicit_bzero(room, sizeof room); /* keys of databases come this way */
	return outcome;
}
