/*
 * Files of the operating system: whole files, atomic replacement, and sealed memory files (memfd) that carry bodies between roles.
 * Every function returns 0 or a negative error_code and fills `err` when given.
 */
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include <sys/types.h>
#include "base/buf.h"
#include "base/error.h"

/* Appends the whole file to out; ERR_LIMIT above out's maximum, ERR_NOT_FOUND when it does not exist. */
int file_read(const char *path, struct buf *out, struct error *err);
/* As file_read from an open descriptor, from its start (pread; the position does not move). */
int file_read_fd(int fd, struct buf *out, struct error *err);
/*
 * Replaces `path` durably: a temporary file beside it, fsync, rename, fsync of the directory. After a crash the old or the new
 * content is there, never a mixture.
 */
int file_write_atomic(const char *path, struct slice content, mode_t mode, struct error *err);
/* Creates `path` durably with O_EXCL; ERR_EXISTS when it is there already. */
int file_create(const char *path, struct slice content, mode_t mode, struct error *err);
/* All bytes or an error; short writes and EINTR are handled. */
int file_write_all(int fd, struct slice content, struct error *err);
/* Exactly n bytes at offset; ERR_DAMAGED when the file ends before. */
int file_pread_exact(int fd, void *p, size_t n, uint64_t offset, struct error *err);
int file_pwrite_all(int fd, struct slice content, uint64_t offset, struct error *err);
/* fsync of a directory, so that a rename or creation in it is durable. */
int file_sync_dir(const char *path, struct error *err);
/* Creates the directory when it is missing (not its parents). 0 also when it exists. */
int file_make_dir(const char *path, mode_t mode, struct error *err);
/* Closes *fd when it is not -1 and sets it to -1. */
void file_close(int *fd);

/*
 * Memory files. The writer makes one, fills it, seals it (no growing, shrinking, writing) and sends the descriptor; the receiver
 * checks type, size and seals before it maps, so that the content cannot change under it.
 */
int memfd_new(const char *name, struct error *err); /* descriptor, or negative */
int memfd_seal(int fd, struct error *err);
/* A sealed memfd with this content; descriptor, or negative. */
int memfd_from_slice(const char *name, struct slice content, struct error *err);
/* ERR_INVALID when it is no memfd or lacks a seal, ERR_LIMIT above `max` bytes. */
int memfd_check(int fd, size_t max, size_t *ret_size, struct error *err);

/* A read-only mapping of a checked memfd (or a file of ours). Empty content gives n == 0 and nothing is mapped. */
struct file_map {
	struct slice content;
	void *address;
	size_t length;
	void *copy; /* a small file is read instead */
};
#define FILE_MAP_NONE ((struct file_map){0})
/* memfd_check, then map. */
int memfd_map(int fd, size_t max, struct file_map *ret_map, struct error *err);
void file_unmap(struct file_map *map); /* any number of times */

#endif
