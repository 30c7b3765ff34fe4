#include "queue/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define BALLAST_NAME "ballast"

uint64_t disk_available(const char *directory)
{
	struct statvfs st;
	if (statvfs(directory, &st) < 0)
		return UINT64_MAX;
	return (uint64_t)st.f_bavail * st.f_frsize;
}

bool disk_has_room(uint64_t available, uint64_t prepared, uint64_t size)
{
	uint64_t needed = size > prepared ? size - prepared : 0;
	return available >= DISK_RESERVE && available - DISK_RESERVE >= needed;
}

bool disk_recovered(uint64_t available)
{
	return available >= DISK_RESERVE + DISK_BALLAST + DISK_RESERVE;
}

static int fill(int fd, struct error *err)
{
	static const uint8_t zeros[64 * 1024];
	for (size_t at = 0; at < DISK_BALLAST; at += sizeof zeros) {
		if (pwrite(fd, zeros, sizeof zeros, (off_t)at) != (ssize_t)sizeof zeros)
			return error_errno(err, "write the ballast file");
	}
	return 0;
}

int disk_ballast_make(const char *directory, struct error *err)
{
	struct stat st;
	int rc = 0, fd = -1, dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_errno(err, "open %s", directory);
	if (fstatat(dir, BALLAST_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size == DISK_BALLAST)
		goto out;
	fd = openat(dir, BALLAST_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	rc = fd < 0 ? error_errno(err, "create the ballast file") : fill(fd, err);
	if (rc < 0)
		unlinkat(dir, BALLAST_NAME, 0);
out:
	if (fd >= 0)
		close(fd);
	close(dir);
	return rc;
}

bool disk_ballast_drop(const char *directory)
{
	int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return false;
	bool dropped = unlinkat(dir, BALLAST_NAME, 0) == 0;
	close(dir);
	return dropped;
}
