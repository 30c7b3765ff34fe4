#include <sys/socket.h>

#include "role/parent.h"
#include "sys/file.h"

static bool is_alive(const struct child *child)
{
	return child->control >= 0 && (child->state == CHILD_STARTING || child->state == CHILD_READY);
}

static void send_end(struct child *to, enum role peer, unsigned index, int fd)
{
	struct buf b = BUF_INIT(CONTROL_MAX);
	control_begin(&b, CONTROL_CHANNEL);
	buf_put_u8(&b, (uint8_t)peer);
	buf_put_u16(&b, (uint16_t)index);
	control_send(to->control, &b, fd);
}

static void join(struct child *a, struct child *b)
{
	int fd[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) != 0)
		return;
	send_end(a, b->role, b->index, fd[0]);
	send_end(b, a->role, a->index, fd[1]);
	file_close(&fd[0]);
	file_close(&fd[1]);
}

static void join_parent(struct child *child)
{
	int fd[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) != 0)
		return;
	send_end(child, ROLE_PARENT, 0, fd[0]);
	file_close(&fd[0]);
	ipc_channel_add(child->parent->ipc, child->role, child->index, fd[1]);
}

void parent_connect(struct child *child)
{
	struct parent *parent = child->parent;
	if (ipc_may_talk(child->role, ROLE_PARENT))
		join_parent(child);
	for (size_t i = 0; i < parent->child_count; i++) {
		struct child *peer = &parent->children[i];
		if (peer != child && is_alive(peer) && ipc_may_talk(child->role, peer->role))
			join(child, peer);
	}
}
