/*
 * The admin socket: accepts local connections, reads one request per line, asks the role that does it, answers one line.
 * Who asks is known from the socket (SO_PEERCRED); only root and the user that the server runs as are let in.
 */
#ifndef ADMIN_SERVER_H
#define ADMIN_SERVER_H

#include "ipc/ipc.h"
#include "net/loop.h"

#define ADMIN_CONNECTIONS_MAX 64
#define ADMIN_IDLE_MS 120000
#define ADMIN_ANSWER_MAX (64u << 20) /* bytes of an answer line: what 1000 shards may say together */

struct admin_server;

/* `fd` is the listening Unix socket. `owner`: the user id that may ask besides root. */
struct admin_server *admin_server_create(struct loop *loop, struct ipc *ipc, int fd, unsigned owner);
/* Closes everything; the process ends next. */
void admin_server_destroy(struct admin_server **server);
unsigned admin_server_sessions(const struct admin_server *server);

/* Told for each request before it is passed on: subject and operation, never the arguments. May be NULL. */
typedef void admin_audit_fn(struct slice subject, struct slice op);
void admin_server_audit(struct admin_server *server, admin_audit_fn *fn);

#endif
