/* One message with descriptors over a SOCK_SEQPACKET socket. */
#ifndef IPC_SOCKET_H
#define IPC_SOCKET_H

#include <stdbool.h>
#include "base/slice.h"

#define IPC_FDS_MAX 2

struct ipc_fds {
	int fd[IPC_FDS_MAX];
	unsigned count;
};

/* One sendmsg, never blocking: 0, ERR_TEMPORARY when the socket is full, or ERR_CLOSED. The descriptors stay the caller's. */
int ipc_socket_send(int fd, struct slice bytes, const struct ipc_fds *fds);
/* One recvmsg, never blocking: 0, ERR_TEMPORARY, ERR_CLOSED, or ERR_INVALID for a message cut short. Received descriptors are the caller's. */
int ipc_socket_receive(int fd, uint8_t *room, size_t room_size, size_t *ret_n, struct ipc_fds *ret_fds);
/* Does a message lie unread? */
bool ipc_socket_waiting(int fd);
void ipc_fds_close(struct ipc_fds *fds);

#endif
