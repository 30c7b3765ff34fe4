/* Test builds only: what a role's jail refuses, tried from inside. */
#include "role/process.h"

#ifdef LETTERLOCK_FAULTS

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ensure.h"
#include "role/table.h"

static bool try_open(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC, 0600) >= 0;
}

static bool try_inside(const char *data_dir, const char *below, int flags)
{
	char path[4096];
	int n = snprintf(path, sizeof path, "%s/%s/probe", data_dir, below);
	return n > 0 && (size_t)n < sizeof path && try_open(path, flags);
}

static bool try_connect(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	return fd >= 0 && (connect(fd, (struct sockaddr *)&a, sizeof a) == 0 || errno == ECONNREFUSED);
}

static bool attempt_one(const char *what, const char *data_dir)
{
	static const char *const below[] = {ROLE_DIR_KEY, ROLE_DIR_DIRECTORY, ROLE_DIR_SPOOL, ROLE_DIR_PACKS, ROLE_DIR_ACCOUNTS};
	if (strcmp(what, "open") == 0)
		return try_open("/etc/passwd", O_RDONLY);
	if (strcmp(what, "write") == 0)
		return try_open("/tmp/letterlock-probe", O_WRONLY | O_CREAT);
	if (strcmp(what, "socket") == 0)
		return socket(AF_INET, SOCK_STREAM, 0) >= 0;
	if (strcmp(what, "packet") == 0)
		return socket(AF_PACKET, SOCK_RAW, 0) >= 0;
	if (strcmp(what, "connect") == 0)
		return try_connect();
	if (strcmp(what, "execve") == 0)
		return execl("/bin/true", "true", (char *)NULL) == 0;
	if (strcmp(what, "ptrace") == 0)
		return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
	if (strcmp(what, "fork") == 0)
		return fork() >= 0;
	for (size_t i = 0; i < ARRAY_LEN(below); i++)
		if (strcmp(what, below[i]) == 0)
			return try_inside(data_dir, below[i], O_WRONLY | O_CREAT);
	errno = EINVAL;
	return false;
}

int role_jail_probe(enum role role, const char *data_dir, const char *attempt)
{
	struct sandbox_path paths[ROLE_PATHS_MAX];
	struct sandbox_state jail;
	struct arena arena = ARENA_INIT;
	struct config *config = config_default();
	struct error err = {0};
	if (data_dir == NULL || config_set(config, SLICE("data_dir"), slice_str(data_dir), &err) != 0)
		return 2;
	struct sandbox_policy policy = role_policy(role, config, &arena, paths);
	if (sandbox_enter(&policy, &jail, &err) != 0) {
		fprintf(stderr, "%s\n", err.private_text);
		return 2;
	}
	if (attempt_one(attempt, data_dir))
		puts("allowed");
	else
		printf("refused %d\n", errno);
	return 0;
}

#else

/* An empty translation unit is not C. */
typedef int probe_unused;

#endif
