#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/error.h"
#include "base/memory.h"
#include "ipc/ipc_private.h"

#define SOCKET_BUFFER (1024 * 1024)

union fd_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(IPC_FDS_MAX * sizeof(int))];
};

void ipc_fds_close(struct ipc_fds *fds)
{
	for (unsigned i = 0; i < fds->count; i++)
		close(fds->fd[i]);
	fds->count = 0;
}

int ipc_socket_send(int fd, struct slice bytes, const struct ipc_fds *fds)
{
	union fd_control control;
	struct iovec iov = {.iov_base = (void *)bytes.p, .iov_len = bytes.n};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	if (fds->count > 0) {
		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE(fds->count * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fds->count * sizeof(int));
		memcpy(CMSG_DATA(c), fds->fd, fds->count * sizeof(int));
	}
	for (;;) {
		if (sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		if (errno == EINTR)
			continue;
		return errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS ? ERR_TEMPORARY : ERR_CLOSED;
	}
}

static void collect_fds(struct msghdr *m, struct ipc_fds *fds)
{
	fds->count = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count && fds->count < IPC_FDS_MAX; i++)
			memcpy(&fds->fd[fds->count++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
}

int ipc_socket_receive(int fd, uint8_t *room, size_t room_size, size_t *ret_n, struct ipc_fds *ret_fds)
{
	union fd_control control;
	struct iovec iov = {.iov_base = room, .iov_len = room_size};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
	ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? ERR_TEMPORARY : ERR_CLOSED;
	if (n == 0)
		return ERR_CLOSED;
	collect_fds(&m, ret_fds);
	if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		ipc_fds_close(ret_fds);
		return ERR_INVALID;
	}
	*ret_n = (size_t)n;
	return 0;
}

bool ipc_socket_waiting(int fd)
{
	uint8_t first;
	struct iovec iov = {.iov_base = &first, .iov_len = 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

	return recvmsg(fd, &m, MSG_DONTWAIT | MSG_PEEK) > 0;
}

static void update(struct ipc_channel *channel)
{
	watcher_set(channel->watcher, WATCH_READ | (list_empty(&channel->queue) ? 0 : WATCH_WRITE));
}

static void free_message(struct ipc_message *message)
{
	ipc_fds_close(&message->fds);
	explicit_bzero(message->bytes, message->n);
	memory_free(message);
}

static bool enqueue(struct ipc_channel *channel, struct slice bytes, const struct ipc_fds *fds)
{
	struct ipc_message *message = memory_alloc(sizeof *message + bytes.n);
	memcpy(message->bytes, bytes.p, bytes.n);
	message->n = bytes.n;
	for (unsigned i = 0; i < fds->count; i++) {
		int copy = fcntl(fds->fd[i], F_DUPFD_CLOEXEC, 3);
		if (copy < 0) {
			free_message(message);
			return false;
		}
		message->fds.fd[message->fds.count++] = copy;
	}
	list_append(&channel->queue, &message->node);
	channel->queued++;
	update(channel);
	return true;
}

/* What waits to be sent never will be. */
static void queue_drop(struct ipc_channel *channel)
{
	LIST_FOREACH(node, &channel->queue) {
		struct ipc_message *message = LIST_ITEM(node, struct ipc_message, node);
		struct slice bytes = slice_make(message->bytes, message->n);
		struct ipc_header header;

		if (ipc_header_get(&bytes, &header) == 0 && header.kind == IPC_KIND_REQUEST)
			ipc_request_absent(channel, header.id);
		list_remove(node);
		channel->queued--;
		free_message(message);
	}
}

static void send_failed(struct ipc_channel *channel, int number)
{
	if (number != EPIPE) {
		ipc_channel_end(channel);
		return;
	}
	channel->shut = true;
	queue_drop(channel);
	update(channel);
}

bool ipc_channel_flush(struct ipc_channel *channel)
{
	LIST_FOREACH(node, &channel->queue) {
		struct ipc_message *message = LIST_ITEM(node, struct ipc_message, node);
		int r = ipc_socket_send(channel->fd, slice_make(message->bytes, message->n), &message->fds);
		if (r == ERR_TEMPORARY)
			return false;
		if (r != 0) {
			send_failed(channel, errno);
			return false;
		}
		list_remove(node);
		channel->queued--;
		free_message(message);
	}
	return true;
}

bool ipc_channel_send(struct ipc_channel *channel, struct slice bytes, const struct ipc_fds *fds)
{
	if (channel->dead || channel->shut)
		return true; /* whoever waits hears of the end */
	int r = list_empty(&channel->queue) ? ipc_socket_send(channel->fd, bytes, fds) : ERR_TEMPORARY;
	if (r == ERR_TEMPORARY)
		return enqueue(channel, bytes, fds);
	if (r != 0)
		send_failed(channel, errno);
	return true;
}

/* A message that is larger than any may be. Its sender alone can have made it; a shortage of descriptors is ours. */
static bool is_oversized(const struct msghdr *m, const struct ipc_fds *fds)
{
	return (m->msg_flags & MSG_TRUNC) || ((m->msg_flags & MSG_CTRUNC) && fds->count == IPC_FDS_MAX);
}

/* A batch of messages: one system call for what has gathered. Returns true when there may be more. */
static bool read_batch(struct ipc_channel *channel)
{
	struct mmsghdr messages[IPC_BATCH];
	struct iovec iov[IPC_BATCH];
	union fd_control control[IPC_BATCH];
	struct ipc *ipc = channel->ipc;
	for (unsigned i = 0; i < IPC_BATCH; i++) {
		iov[i] = (struct iovec){.iov_base = ipc->receive + (size_t)i * IPC_MESSAGE_MAX, .iov_len = IPC_MESSAGE_MAX};
		messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &iov[i], .msg_iovlen = 1, .msg_control = control[i].bytes,
			.msg_controllen = sizeof control[i].bytes}};
	}
	int count = recvmmsg(channel->fd, messages, IPC_BATCH, MSG_DONTWAIT | MSG_CMSG_CLOEXEC, NULL);
	if (count < 0) {
		if (errno != EAGAIN && errno != EINTR)
			ipc_channel_end(channel);
		return false;
	}
	bool destroyed = false;
	ipc->destroyed = &destroyed;
	for (int i = 0; i < count; i++) {
		struct ipc_fds fds;
		collect_fds(&messages[i].msg_hdr, &fds);
		if (destroyed || channel->dead) {
			ipc_fds_close(&fds);
			continue;
		}
		if (messages[i].msg_len == 0) {
			ipc_channel_end(channel);
			continue;
		}
		if (is_oversized(&messages[i].msg_hdr, &fds)) {
			ipc_fds_close(&fds);
			ipc_channel_violation(channel, "message too large");
			continue;
		}
		ipc_dispatch(channel, slice_make(iov[i].iov_base, messages[i].msg_len), &fds, (messages[i].msg_hdr.msg_flags & MSG_CTRUNC) != 0);
		if (!destroyed) /* passwords and account secrets are among them */
			explicit_bzero(iov[i].iov_base, messages[i].msg_len);
	}
	if (destroyed)
		return false;
	ipc->destroyed = NULL;
	return count == IPC_BATCH && !channel->dead;
}

static void on_ready(void *arg, int events)
{
	struct ipc_channel *channel = arg;
	if (events & WATCH_WRITE) {
		ipc_channel_flush(channel);
		if (channel->dead)
			return;
		update(channel);
	}
	if (!(events & WATCH_READ))
		return;
	for (int i = 0; i < IPC_BATCH_ROUNDS && read_batch(channel); i++)
		;
}

struct ipc_channel *ipc_channel_new(struct ipc *ipc, enum role peer, unsigned index, int fd)
{
	struct ipc_channel *channel = memory_alloc(sizeof *channel);
	channel->ipc = ipc;
	channel->peer = peer;
	channel->index = index;
	channel->fd = fd;
	list_init(&channel->queue);
	list_init(&channel->backlog);
	list_init(&channel->calls);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){SOCKET_BUFFER}, sizeof(int));
	channel->watcher = watcher_create(ipc->loop, fd, on_ready, channel);
	update(channel);
	return channel;
}

void ipc_channel_end(struct ipc_channel *channel)
{
	if (channel->dead)
		return;
	channel->dead = true;
	watcher_destroy(&channel->watcher);
	close(channel->fd);
	channel->fd = -1;
	struct ipc *ipc = channel->ipc;
	if (ipc_channel_find(ipc, channel->peer, channel->index) == channel)
		ipc->peers[channel->peer].channels[channel->index] = NULL;
	list_remove(&channel->node);
	list_append(&ipc->dead, &channel->node);
	ipc_soon(ipc);
}

void ipc_channel_violation(struct ipc_channel *channel, const char *what)
{
	struct ipc *ipc = channel->ipc;
	if (channel->dead)
		return;
	ipc_channel_end(channel);
	if (ipc->violation != NULL)
		ipc->violation(ipc->violation_arg, channel->peer, channel->index, what);
}

static void free_messages(struct list_node *head)
{
	LIST_FOREACH(node, head) {
		list_remove(node);
		free_message(LIST_ITEM(node, struct ipc_message, node));
	}
}

void ipc_channel_free(struct ipc_channel *channel)
{
	watcher_destroy(&channel->watcher);
	if (channel->fd >= 0)
		close(channel->fd);
	list_remove(&channel->node);
	free_messages(&channel->queue);
	free_messages(&channel->backlog);
	LIST_FOREACH(node, &channel->calls) {
		list_remove(node);
		LIST_ITEM(node, struct ipc_call, node)->channel = NULL;
	}
	for (uint32_t i = 0; i < channel->slot_count; i++)
		memory_free(channel->slots[i]);
	memory_free(channel->slots);
	memory_free(channel);
}
