#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "sys/fault.h"

#define READ_STEP 65536

void file_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int file_read_fd(int fd, struct buf *out, struct error *err)
{
	uint64_t offset = 0;
	for (;;) {
		size_t room = out->max - buf_len(out);
		/* One byte above the limit tells a file that just fits from one that does not. */
		uint8_t beyond;
		size_t step = room < READ_STEP ? room : READ_STEP;
		uint8_t *p = step > 0 ? buf_reserve(out, step) : &beyond;
		ssize_t n = pread(fd, p, step > 0 ? step : 1, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "read");
		if (n == 0)
			return 0;
		if (step == 0)
			return error_set(err, ERR_LIMIT, "larger than %zu bytes", out->max);
		buf_commit(out, (size_t)n);
		offset += (uint64_t)n;
	}
}

static int open_error(struct error *err, const char *path)
{
	int r = error_errno(err, "%s", path);
	if (errno != ENOENT && errno != ENOTDIR && errno != EEXIST)
		return r;
	enum error_code code = errno == EEXIST ? ERR_EXISTS : ERR_NOT_FOUND;
	if (err != NULL)
		err->code = code;
	return code;
}

int file_read(const char *path, struct buf *out, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return open_error(err, path);
	int r = file_read_fd(fd, out, err);
	file_close(&fd);
	return r;
}

int file_write_all(int fd, struct slice content, struct error *err)
{
	errno = fault_errno(file_write);
	if (errno != 0)
		return error_errno(err, "write");
	while (content.n > 0) {
		ssize_t n = write(fd, content.p, content.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "write");
		content = slice_from(content, (size_t)n);
	}
	return 0;
}

int file_pwrite_all(int fd, struct slice content, uint64_t offset, struct error *err)
{
	errno = fault_errno(file_write);
	if (errno != 0)
		return error_errno(err, "write");
	while (content.n > 0) {
		ssize_t n = pwrite(fd, content.p, content.n, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "write");
		content = slice_from(content, (size_t)n);
		offset += (uint64_t)n;
	}
	return 0;
}

int file_pread_exact(int fd, void *p, size_t n, uint64_t offset, struct error *err)
{
	uint8_t *to = p;
	while (n > 0) {
		ssize_t got = pread(fd, to, n, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, "read");
		if (got == 0)
			return error_set(err, ERR_DAMAGED, "the file ends at %llu", (unsigned long long)offset);
		to += got;
		n -= (size_t)got;
		offset += (uint64_t)got;
	}
	return 0;
}

static int sync_fd(int fd, struct error *err)
{
	errno = fault_errno(file_sync);
	if (errno != 0 || fsync(fd) != 0)
		return error_errno(err, "fsync");
	return 0;
}

int file_sync_dir(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return open_error(err, path);
	int r = sync_fd(fd, err);
	file_close(&fd);
	return r;
}

static int sync_parent(const char *path, struct error *err)
{
	struct slice s = slice_str(path);
	ptrdiff_t slash = slice_rfind(s, '/');
	if (slash < 0)
		return file_sync_dir(".", err);
	char *dir = memory_dup_str(slice_sub(s, 0, slash == 0 ? 1 : (size_t)slash));
	int r = file_sync_dir(dir, err);
	memory_free(dir);
	return r;
}

static int write_new(const char *path, int flags, struct slice content, mode_t mode, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, mode);
	if (fd < 0)
		return open_error(err, path);
	int r = file_write_all(fd, content, err);
	if (r == 0 && fchmod(fd, mode) != 0)
		r = error_errno(err, "%s", path);
	if (r == 0)
		r = sync_fd(fd, err);
	file_close(&fd);
	if (r != 0)
		unlink(path);
	return r;
}

int file_write_atomic(const char *path, struct slice content, mode_t mode, struct error *err)
{
	struct buf name = BUF_INIT(4096);
	buf_printf(&name, "%s.new", path);
	buf_append_byte(&name, '\0');
	const char *temporary = (const char *)buf_slice(&name).p;
	int r = name.failed ? error_set(err, ERR_LIMIT, "path too long") : write_new(temporary, O_TRUNC, content, mode, err);
	if (r == 0) {
		errno = fault_errno(file_rename);
		if (errno != 0 || rename(temporary, path) != 0) {
			r = error_errno(err, "%s", path);
			unlink(temporary);
		}
	}
	if (r == 0)
		r = sync_parent(path, err);
	buf_free(&name);
	return r;
}

int file_create(const char *path, struct slice content, mode_t mode, struct error *err)
{
	int r = write_new(path, O_EXCL, content, mode, err);
	return r == 0 ? sync_parent(path, err) : r;
}

int file_make_dir(const char *path, mode_t mode, struct error *err)
{
	struct stat st;
	if (mkdir(path, mode) == 0)
		return 0;
	if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	return error_errno(err, "%s", path);
}
