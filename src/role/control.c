#include "role/control.h"

#include <poll.h>

#include "base/ensure.h"
#include "ipc/socket.h"

#define SEND_WAIT_MS 2000

void control_begin(struct buf *b, enum control_kind kind)
{
	buf_free_secret(b);
	buf_init(b, CONTROL_MAX);
	buf_put_u8(b, (uint8_t)kind);
}

int control_send(int fd, struct buf *b, int attached)
{
	struct ipc_fds fds = {.fd = {attached}, .count = attached >= 0};
	ENSURE(!b->failed);
	int r = ipc_socket_send(fd, buf_slice(b), &fds);
	if (r == ERR_TEMPORARY) {
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		poll(&p, 1, SEND_WAIT_MS);
		r = ipc_socket_send(fd, buf_slice(b), &fds);
	}
	buf_free_secret(b);
	return r == 0 ? 0 : ERR_CLOSED;
}

int control_receive(int fd, uint8_t *room, enum control_kind *ret_kind, struct slice *ret_in, int *ret_attached)
{
	struct ipc_fds fds = {.count = 0};
	size_t n;
	uint8_t kind = 0;
	int r = ipc_socket_receive(fd, room, CONTROL_MAX, &n, &fds);
	if (r != 0)
		return r == ERR_TEMPORARY ? r : ERR_CLOSED;
	*ret_attached = fds.count > 0 ? fds.fd[0] : -1;
	if (fds.count > 1) {
		ipc_fds_close(&fds);
		return ERR_CLOSED;
	}
	*ret_in = slice_make(room, n);
	slice_get_u8(ret_in, &kind);
	*ret_kind = (enum control_kind)kind;
	return 0;
}
