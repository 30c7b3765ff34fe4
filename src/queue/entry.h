/*
 * The entry of a record in a pack: what queue must know to rebuild its ledger, sealed to the jobs key. docs/pack.md is the format.
 * The place and seq of the record are its associated data, so that an entry opens only where it was written.
 */
#ifndef QUEUE_ENTRY_H
#define QUEUE_ENTRY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/place.h"
#include "store/seal.h"

struct entry {
	uint64_t message_size;      /* of the blob in the clear */
	int64_t accepted_ms;        /* wall clock of the acceptance */
	struct seal_face_reader *readers;
	size_t reader_count;        /* at most SEAL_READERS_MAX; reader i has the seq of the record + i */
	struct slice job;           /* encoded, queue/job.h */
};

/* Bytes that entry_seal appends. */
size_t entry_sealed_size(const struct entry *e);
void entry_seal(const struct entry *e, const struct place *place, uint64_t seq, const uint8_t jobs_key[32], struct buf *out);
/* The plain text lives in the arena. 0, ERR_DAMAGED, or ERR_UNSUPPORTED (newer version). */
int entry_open(struct slice sealed, const struct place *place, uint64_t seq, const uint8_t jobs_key[32], struct arena *arena, struct entry *ret,
               struct error *err);

#endif
