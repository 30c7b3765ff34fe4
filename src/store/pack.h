/*
 * Packs: append-only files of sealed records, `packs/00000001.pack`. docs/pack.md is the format.
 *
 *   pack   = file header (64 bytes) | record… | zeros
 *   record = record header (64 bytes) | entry, sealed to the jobs key | record in its disk form (store/seal.h)
 *
 * The address of a record is (pack, ordinal) for ever; its offset is a hint that the record's own header confirms. Ordinals
 * count up from 1 in each pack. Compaction writes the same pack number anew without the dead records and renames it.
 *
 * Reading (any process with the directory read-only) and writing (queue's worker) are separate; nothing here locks.
 */
#ifndef STORE_PACK_H
#define STORE_PACK_H

#include "base/buf.h"
#include "base/error.h"
#include "store/place.h"

#define PACK_SIZE (64u * 1024 * 1024)     /* a pack is closed before a record would pass it */
#define PACK_FILE_HEADER 64u
#define PACK_RECORD_HEADER 64u
#define PACK_ENTRY_MAX (512u * 1024)      /* sealed entry (job and readers) */
#define PACK_RECORD_MAX (1024ull * 1024 * 1024)
#define PACK_ORDINAL_MAX 0x7fffffffu
#define PACK_NUMBER_MAX 0x7fffffffu
#define PACK_VERSION 1
#define PACK_NAME_SIZE 24                 /* "00000001.pack" with its NUL */

/* ---- headers ---- */

struct pack_record {
	uint32_t pack;
	uint32_t ordinal;
	uint64_t seq;            /* of its first ref; the others follow in the order of the entry's readers */
	uint32_t entry_size;     /* sealed entry */
	uint64_t record_size;    /* disk form */
	uint32_t entry_sum, record_sum;
	uint64_t offset;         /* where its header lies: not stored */
};

/* Whole length on disk. */
static inline uint64_t pack_record_length(const struct pack_record *r)
{
	return PACK_RECORD_HEADER + (uint64_t)r->entry_size + r->record_size;
}

/* CRC-32C: against decay, not against an attacker. */
uint32_t pack_checksum(struct slice s);
void pack_header_encode(const struct pack_record *r, uint8_t out[PACK_RECORD_HEADER]);
/* 0, ERR_NOT_FOUND (zeros: the end), ERR_DAMAGED, ERR_UNSUPPORTED (newer version). */
int pack_header_decode(const uint8_t in[PACK_RECORD_HEADER], struct pack_record *ret);
void pack_file_header_encode(uint32_t pack, uint8_t out[PACK_FILE_HEADER]);
int pack_file_header_decode(const uint8_t in[PACK_FILE_HEADER], uint32_t *ret_pack);
void pack_name(uint32_t pack, char out[PACK_NAME_SIZE]);
/* The pack number of a file name, or 0. */
uint32_t pack_number(const char *name);

/* ---- reader ---- */

struct pack_reader;

/* `directory` is kept open; at most `open_max` packs are open at once (least recently used is closed; 0: 16). */
struct pack_reader *pack_reader_open(const char *directory, unsigned open_max, struct error *err);
void pack_reader_close(struct pack_reader **reader);
/* Finds the record's header; place->offset is corrected when the hint was wrong (after compaction). `ret` may be NULL. 0,
 * ERR_NOT_FOUND (no such pack or ordinal), ERR_DAMAGED (names pack and ordinal), ERR_IO. */
int pack_find(struct pack_reader *reader, struct place *place, struct pack_record *ret, struct error *err);
/* Size of the record's disk form in bytes. Errors as pack_find. */
int pack_record_size(struct pack_reader *reader, struct place *place, uint64_t *ret_size, struct error *err);
/* Reads n bytes at `offset` of the record's disk form into p: all of them, or an error (ERR_DAMAGED beyond its end). */
int pack_read(struct pack_reader *reader, struct place *place, uint64_t offset, void *p, size_t n, struct error *err);
/* Appends the sealed entry of the record. */
int pack_read_entry(struct pack_reader *reader, struct place *place, struct buf *out, struct error *err);
/* Compares the checksums of entry and record with their bytes: 0 or ERR_DAMAGED. */
int pack_verify(struct pack_reader *reader, struct place *place, struct error *err);

/* ---- scan, scrub, salvage ---- */

enum pack_finding {
	PACK_FINDING_RECORD,    /* a record whose checksums hold */
	PACK_FINDING_DAMAGED,   /* a header that verifies, contents that do not */
	PACK_FINDING_CUT,       /* a header that verifies, contents that end before their length */
	PACK_FINDING_GAP,       /* bytes between records that are none; offset and length in the record fields */
};
/* `r->offset` is valid for all kinds; for a gap r->record_size is its length. Return non-zero to stop (it is returned). */
typedef int pack_scan_fn(void *arg, enum pack_finding finding, const struct pack_record *r);

/*
 * Walks the records of the open pack `fd` from `from` on (0: the beginning) to the first zeros or the end of file. With `verify`, checksums of
 * the contents are compared too. Damage in a header is stepped over: the next header that verifies is searched (salvage).
 * *ret_end (may be NULL): the offset behind the last whole record. 0, ERR_IO, or what fn returned.
 */
int pack_scan(int fd, uint32_t pack, uint64_t from, bool verify, pack_scan_fn *fn, void *arg, uint64_t *ret_end, struct error *err);

struct pack_scrub_result {
	uint64_t records, bytes, damaged, gaps;
};
/* Reads every byte of one pack; fn (may be NULL) hears of each finding. */
int pack_scrub(int directory_fd, uint32_t pack, pack_scan_fn *fn, void *arg, struct pack_scrub_result *ret, struct error *err);
/* The invariants of docs/pack.md over one pack: 0, or ERR_DAMAGED with the first violation as text. */
int pack_check(int directory_fd, uint32_t pack, struct error *err);

/* ---- writer: one owner, queue's worker ---- */

struct pack_writer;

/*
 * Writes to the packs of `directory`. Continues pack `pack` at `end` with ordinal `next_ordinal` (pack 0: begins pack 1 at the first append).
 */
struct pack_writer *pack_writer_open(const char *directory, uint32_t pack, uint64_t end, uint32_t next_ordinal, struct error *err);
void pack_writer_close(struct pack_writer **writer);

/* One record of a group. `entry` and `record` must stay valid until pack_writer_flush. */
struct pack_append {
	uint64_t seq;
	struct slice entry;      /* sealed; the caller seals it for the place that pack_writer_place gave */
	struct slice record;
	struct place place;      /* from pack_writer_place */
};
/* Gives the next place for a record with these sizes; moves to the next pack when it does not fit. 0 or ERR_LIMIT, ERR_NO_SPACE, ERR_IO. */
int pack_writer_place(struct pack_writer *w, size_t entry_size, uint64_t record_size, struct place *ret, struct error *err);
/* The next record begins a new pack, which is made now, so that the one until now can be compacted. 1: so; 0: there is no record in it. As for a group,
 * pack_writer_flush and pack_writer_commit or pack_writer_rollback follow. */
int pack_writer_turn(struct pack_writer *w, struct error *err);
/* Adds one record at the place just given. */
void pack_writer_add(struct pack_writer *w, const struct pack_append *append);
/* Writes everything that was added: one pwritev per run, one fdatasync per pack. After an error nothing of the group counts: the caller calls
 * pack_writer_rollback. */
int pack_writer_flush(struct pack_writer *w, struct error *err);
/* The group is committed in the ledger: the position is final. */
void pack_writer_commit(struct pack_writer *w);
/* Takes the tail back to the last committed position (zeros, else truncation, else the pack is abandoned there). */
void pack_writer_rollback(struct pack_writer *w);
/* Where the next record goes, and the packs below it are closed. */
void pack_writer_position(const struct pack_writer *w, uint32_t *ret_pack, uint64_t *ret_end, uint32_t *ret_next_ordinal);
/* Bytes that can still be written without asking the file system for more (rest of this pack and the spare). */
uint64_t pack_writer_prepared(const struct pack_writer *w);

/* The next pack, filled with zeros ahead of use as `packs/spare`: 1.5 times faster to append to. May run on another thread than the writer;
 * 0 also when there is one. ERR_NO_SPACE leaves nothing behind. */
int pack_spare_make(const char *directory, struct error *err);
/* Gives its space back; true when there was one. */
bool pack_spare_drop(const char *directory);

/* Copies the records of `ordinals` (ascending) into `packs/NNNNNNNN.new` and syncs it. Reads only; may run on any thread. *ret_offsets gets
 * one new offset per ordinal (owned by the caller, memory_free). Damaged records are copied as they are. */
int pack_compact(const char *directory, uint32_t pack, const uint32_t *ordinals, size_t count, uint64_t **ret_offsets, uint64_t *ret_end,
                 struct error *err);
/* Puts the compacted file in the place of the old one. Offsets known elsewhere become wrong hints, nothing more. */
int pack_compact_finish(const char *directory, uint32_t pack, struct error *err);
/* Removes a pack without live records, or what a crash left of a compaction. */
int pack_unlink(const char *directory, uint32_t pack, struct error *err);
void pack_sweep(const char *directory);
/* Lists the packs in ascending order; *ret is the caller's (memory_free). */
int pack_list(const char *directory, uint32_t **ret, size_t *ret_count, struct error *err);

#endif
