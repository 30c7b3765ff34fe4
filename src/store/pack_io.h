/* What the files of the pack code share; nobody else includes it. */
#ifndef STORE_PACK_IO_H
#define STORE_PACK_IO_H

#include "store/pack.h"

#define PACK_RECORD_MAGIC 0x4c4c5243u /* "LLRC" */
#define PACK_SPARE_NAME "spare"

/* Reads up to n bytes; *ret_got is less at the end of the file. 0 or ERR_IO. */
int pack_pread(int fd, void *p, size_t n, uint64_t offset, size_t *ret_got);
/* 0, or -1 with errno. */
int pack_write_zeros(int fd, uint64_t from, uint64_t to);
/* As pack_header_decode with the header at `offset` of the file, and the pack must be this one. The end of file is ERR_NOT_FOUND. */
int pack_header_read(int fd, uint32_t pack, uint64_t offset, struct pack_record *ret);
/* Compares the checksums of one record, reading it in pieces: 0, ERR_DAMAGED (*ret_cut: the file ends first), ERR_IO. */
int pack_contents_verify(int fd, const struct pack_record *r, bool *ret_cut);

/* Are there only zeros up to the end of the file: the clean end of a pack? 0 or ERR_IO. */
int pack_zeros_from(int fd, uint64_t from, bool *ret_zeros);

#endif
