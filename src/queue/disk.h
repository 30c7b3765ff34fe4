/*
 * The last reserve of the disk: is there room for mail, and the ballast that is released when there is none, so that unref and
 * compaction still run.
 */
#ifndef QUEUE_DISK_H
#define QUEUE_DISK_H

#include "base/error.h"

#define DISK_RESERVE (16u << 20)  /* free bytes below which no mail is taken */
#define DISK_BALLAST (16u << 20)  /* the file `ballast` */

/* Bytes an ordinary user may still write below `directory`; UINT64_MAX when the system does not say. */
uint64_t disk_available(const char *directory);
/* Is there room for `size` more bytes of mail? prepared: bytes that need no new blocks. */
bool disk_has_room(uint64_t available, uint64_t prepared, uint64_t size);
/* May mail be taken again after the disk was full? More than disk_has_room asks, so that it does not flutter. */
bool disk_recovered(uint64_t available);
/* 0 also when it is there. */
int disk_ballast_make(const char *directory, struct error *err);
bool disk_ballast_drop(const char *directory);

#endif
