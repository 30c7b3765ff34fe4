#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/pack.h"
#include "store/pack_io.h"
#include "sys/fault.h"

#define SPARE_UNFINISHED "spare.new"
#define SPARE_SIZE (PACK_SIZE - 4096) /* so that it is never taken for the largest pack; the rest follows when it becomes one */

static int fill(int fd, struct error *err)
{
	int injected = fault_errno(spare_write);
	if (injected != 0)
		errno = injected;
	if (injected != 0 || pack_write_zeros(fd, 0, SPARE_SIZE) < 0 || fsync(fd) < 0)
		return error_errno(err, "write the spare pack");
	return 0;
}

int pack_spare_make(const char *directory, struct error *err)
{
	struct stat st;
	int rc = 0, fd = -1;
	int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_errno(err, "open %s", directory);
	if (fstatat(dir, PACK_SPARE_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0)
		goto out;
	fd = openat(dir, SPARE_UNFINISHED, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		rc = error_errno(err, "create the spare pack");
		goto out;
	}
	rc = fill(fd, err);
	if (rc == 0 && renameat(dir, SPARE_UNFINISHED, dir, PACK_SPARE_NAME) < 0)
		rc = error_errno(err, "name the spare pack");
	if (rc < 0)
		unlinkat(dir, SPARE_UNFINISHED, 0);
out:
	if (fd >= 0)
		close(fd);
	close(dir);
	return rc;
}

bool pack_spare_drop(const char *directory)
{
	int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return false;
	bool dropped = unlinkat(dir, PACK_SPARE_NAME, 0) == 0;
	close(dir);
	return dropped;
}
