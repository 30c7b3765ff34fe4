#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "net/address.h"
#include "role/parent.h"
#include "sys/file.h"

#define BACKLOG 1024

static void add(struct parent *parent, struct slice service, int fd)
{
	parent->listens = memory_grow(parent->listens, (parent->listen_count + 1) * sizeof *parent->listens);
	parent->listens[parent->listen_count++] = (struct parent_listen){.service = service, .fd = fd};
}

/* All workers of a service accept on one descriptor: when one of them is away, no connection waits for it. */
static int open_listen(const struct config_listen *l, struct error *err)
{
	struct sockaddr_storage address;
	socklen_t n = net_address_parse(l->address, l->port, &address);
	if (n == 0)
		return error_set(err, ERR_INVALID, "listen: \"%.*s\" is not an address", SLICE_ARG(l->address));
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(err, "listen: socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (address.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int));
	if (bind(fd, (struct sockaddr *)&address, n) != 0 || listen(fd, BACKLOG) != 0) {
		int r = error_errno(err, "listen: %.*s %.*s port %u", SLICE_ARG(l->service), SLICE_ARG(l->address), l->port);
		file_close(&fd);
		return r;
	}
	return fd;
}

static int open_admin(struct parent *parent, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct slice path = arena_printf(&parent->arena, "%.*s/admin.sock", SLICE_ARG(parent->config->run_dir));
	if (path.n >= sizeof address.sun_path)
		return error_set(err, ERR_LIMIT, "run_dir: the path of the socket is longer than %zu bytes", sizeof address.sun_path - 1);
	memcpy(address.sun_path, path.p, path.n);
	parent->admin_path = memory_dup_str(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(err, "admin socket");
	unlink(parent->admin_path);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || chmod(parent->admin_path, 0660) != 0 || listen(fd, 64) != 0) {
		int r = error_errno(err, "%s", parent->admin_path);
		file_close(&fd);
		return r;
	}
	return fd;
}

int parent_open_listens(struct parent *parent, struct error *err)
{
	const config_listens *listens = &parent->config->listen;
	for (size_t i = 0; i < listens->count; i++) {
		int fd = open_listen(&listens->items[i], err);
		if (fd < 0)
			return fd;
		add(parent, listens->items[i].service, fd);
	}
	int fd = open_admin(parent, err);
	if (fd < 0)
		return fd;
	add(parent, SLICE("admin"), fd);
	return 0;
}

void parent_close_listens(struct parent *parent)
{
	for (size_t i = 0; i < parent->listen_count; i++)
		file_close(&parent->listens[i].fd);
	parent->listen_count = 0;
	if (parent->admin_path != NULL)
		unlink(parent->admin_path);
}
