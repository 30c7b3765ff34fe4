/* The admin role: the Unix socket of the administrators. It holds no state and no key; it passes requests to the roles that do. */
#include "admin/server.h"

#include <string.h>
#include <unistd.h>
#include "admin/remote.h"
#include "admin/request.h"
#include "role/role.h"

static int admin_start(struct role_context *ctx, struct error *err)
{
	struct admin_server *server;

	admin_json_setup();
	admin_remote_register(ctx->ipc);
	for (unsigned i = 0; i < ctx->listen_count; i++) {
		if (strcmp(ctx->listens[i].service, "admin") != 0)
			continue;
		server = admin_server_create(ctx->loop, ctx->ipc, ctx->listens[i].fd, (unsigned)geteuid());
		ctx->state = server;
		return 0;
	}
	return error_set(err, ERR_INVALID, "no admin socket was handed over");
}

static void admin_stop(struct role_context *ctx)
{
	struct admin_server *server = ctx->state;

	admin_server_destroy(&server);
	ctx->state = NULL;
	role_stopped(ctx);
}

static void admin_role_status(struct role_context *ctx, struct buf *out)
{
	buf_printf(out, "\"sessions\":%u", ctx->state != NULL ? admin_server_sessions(ctx->state) : 0);
}

const struct role_ops role_admin = {.start = admin_start, .stop = admin_stop, .status = admin_role_status};
