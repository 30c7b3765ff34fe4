#include "cmd/cli_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cli.h"
#include "sys/file.h"

#define PATH_SIZE 4096

static bool path_of(const char *prefix, const char *suffix, char path[PATH_SIZE])
{
	if (snprintf(path, PATH_SIZE, "%s%s", prefix, suffix) < PATH_SIZE)
		return true;
	cli_error("%s: the name is too long", prefix);
	return false;
}

bool cli_file_write(const char *prefix, const char *suffix, struct slice content)
{
	char path[PATH_SIZE];
	struct error err = {0};

	if (!path_of(prefix, suffix, path))
		return false;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		cli_error("%s: %s", path, strerror(errno));
		return false;
	}
	int rc = file_pwrite_all(fd, content, 0, &err);
	if (rc == 0 && fsync(fd) != 0)
		rc = error_errno(&err, "%s", path);
	file_close(&fd);
	if (rc == 0)
		return true;
	cli_error("%s", err.private_text);
	(void)unlink(path);
	return false;
}

bool cli_file_read(const char *prefix, const char *suffix, struct buf *out)
{
	char path[PATH_SIZE];
	struct error err = {0};

	if (!path_of(prefix, suffix, path))
		return false;
	if (file_read(path, out, &err) == 0 && buf_len(out) > 0)
		return true;
	cli_error("%s: cannot be read", path);
	return false;
}

void cli_file_remove(const char *prefix, const char *suffix)
{
	char path[PATH_SIZE];

	if (path_of(prefix, suffix, path))
		(void)unlink(path);
}

bool cli_file_exists(const char *prefix, const char *suffix)
{
	char path[PATH_SIZE];

	return path_of(prefix, suffix, path) && access(path, F_OK) == 0;
}

bool cli_file_replace(const char *path, struct slice content)
{
	struct error err = {0};

	if (file_write_atomic(path, content, 0644, &err) == 0)
		return true;
	cli_error("%s", err.private_text);
	return false;
}
