#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "sys/file.h"

#define COPY_MAX 65536 /* bytes of a memory file that is read instead of mapped */
#define SEALS_NEEDED (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int memfd_new(const char *name, struct error *err)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd >= 0 ? fd : error_errno(err, "memfd_create");
}

int memfd_seal(int fd, struct error *err)
{
	if (fcntl(fd, F_ADD_SEALS, SEALS_NEEDED | F_SEAL_SEAL) != 0)
		return error_errno(err, "sealing a memfd");
	return 0;
}

int memfd_from_slice(const char *name, struct slice content, struct error *err)
{
	int fd = memfd_new(name, err);
	if (fd < 0)
		return fd;
	int r = file_write_all(fd, content, err);
	if (r == 0)
		r = memfd_seal(fd, err);
	if (r != 0) {
		file_close(&fd);
		return r;
	}
	return fd;
}

int memfd_check(int fd, size_t max, size_t *ret_size, struct error *err)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || (seals & SEALS_NEEDED) != SEALS_NEEDED || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return error_set(err, ERR_INVALID, "not a sealed memory file");
	if (st.st_size < 0 || (uint64_t)st.st_size > max)
		return error_set(err, ERR_LIMIT, "memory file of %lld bytes", (long long)st.st_size);
	*ret_size = (size_t)st.st_size;
	return 0;
}

/* One copy costs less than a mapping, its faults, and the other threads' share in its end. */
static int read_whole(int fd, size_t size, struct file_map *ret, struct error *err)
{
	uint8_t *p = memory_grow(NULL, size);
	size_t done = 0;
	while (done < size) {
		ssize_t n = pread(fd, p + done, size - done, (off_t)done);
		if (n <= 0) {
			memory_free(p);
			return n < 0 ? error_errno(err, "pread") : error_set(err, ERR_IO, "the memory file ends early");
		}
		done += (size_t)n;
	}
	*ret = (struct file_map){.content = slice_make(p, size), .copy = p};
	return 0;
}

int memfd_map(int fd, size_t max, struct file_map *ret_map, struct error *err)
{
	size_t size;
	int r = memfd_check(fd, max, &size, err);
	if (r != 0)
		return r;
	struct file_map map = FILE_MAP_NONE;
	if (size > 0 && size <= COPY_MAX)
		return read_whole(fd, size, ret_map, err);
	if (size > 0) {
		map.address = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map.address == MAP_FAILED)
			return error_errno(err, "mmap");
		map.length = size;
		map.content = slice_make(map.address, size);
	}
	*ret_map = map;
	return 0;
}

void file_unmap(struct file_map *map)
{
	if (map->length > 0)
		munmap(map->address, map->length);
	memory_free(map->copy);
	*map = FILE_MAP_NONE;
}
