/*
 * The admin socket: accepts local connections, reads one request per line, asks the role that does it, answers one line.
 * Who asks is known from the socket (SO_PEERCRED) or from the token of a session; only root and the user that the server runs as may
 * connect. What they may do auth decides.
 */
#ifndef ADMIN_SERVER_H
#define ADMIN_SERVER_H

#include "ipc/ipc.h"
#include "net/loop.h"

#define ADMIN_CONNECTIONS_MAX 64
#define ADMIN_IDLE_MS 120000

struct admin_server;

/* `fd` is the listening Unix socket. `owner`: the user id that may ask besides root. */
struct admin_server *admin_server_create(struct loop *loop, struct ipc *ipc, int fd, unsigned owner);
/* Closes everything; the process ends next. */
void admin_server_destroy(struct admin_server **server);
unsigned admin_server_sessions(const struct admin_server *server);

#endif
