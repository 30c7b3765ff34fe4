/*
 * The sealed record: one message as the disk sees it. Written by filter, stored by queue, opened by a reader. docs/seal.md is the format.
 *
 *   record  = prefix | readers | digest | header chunk | body chunk… | chunk table
 *   data key: random per record; chunks are zstd frames (256 KiB of plain text each, the header a chunk of its own; of a small letter
 *   digest, header and body are one) under AEAD with nonce = chunk number + last flag and AAD = version, algorithm, record nonce. Each reader has a wrap of the data key:
 *   X25519(ephemeral, reader) -> KDF(ephemeral key, reader key, record nonce), and a filing note sealed under the same wrap key.
 */
#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

enum reader_kind { READER_ARRIVAL = 1, READER_OWN = 2, READER_ARCHIVE = 3, READER_OUTBOUND = 4 };

/* One place where the owner's script wants an arrival (docs/sieve.md). */
struct filing {
	struct slice mailbox;       /* name, empty: INBOX; also when there is no such mailbox and none is made */
	struct slice special_use;   /* attribute ("\\Junk"): the mailbox with it goes first; or empty */
	struct slice flags;         /* space separated */
	bool create;                /* the mailbox is made when it is missing */
};
#define FILINGS_MAX 32
/* The list form of filing_note.filings. next takes one off *list: 1, 0 at the end, ERR_DAMAGED. */
void filing_encode(const struct filing *filing, struct buf *out);
int filing_next(struct slice *list, struct filing *ret);

/* The filing note: what is true for one reader only. Nothing of it stands in the blob. */
struct filing_note {
	struct slice return_path;   /* without <> */
	bool has_return_path;       /* arrivals: yes; own: no header is prepended */
	struct slice delivered_to;
	struct slice mailbox;       /* name, empty: INBOX (arrivals) */
	struct slice mailbox_id;    /* own: 16 bytes */
	struct slice flags;         /* space separated */
	struct slice filings;       /* arrivals: these instead of mailbox and flags; empty: not so */
	int64_t internal_date;      /* unix seconds; for arrivals the time of acceptance */
};

struct seal_reader {
	enum reader_kind kind;
	uint8_t account[16];        /* zero for OUTBOUND */
	uint32_t generation;        /* OUTBOUND: epoch */
	uint8_t public_key[32];
	struct filing_note note;
};

/* The job: what queue must know in the clear (it seals it to the spool key in the pack): addresses, never a subject. queue/job.h encodes it. */
struct seal_input {
	const struct slice *header; /* pieces of the top header with its empty line, in order */
	size_t header_pieces;
	struct slice body;
	struct slice digest;        /* encoded */
	bool text_of_body;          /* it ends before its last text, which is mime_body_text of the body */
	const struct seal_reader *readers;
	size_t reader_count;        /* at most SEAL_READERS_MAX */
	struct slice job;
	struct sealer *sealer;      /* NULL: this record has an ephemeral pair of its own */
};
#define SEAL_READERS_MAX 1100

/*
 * What a process that seals many records keeps from one to the next: the ephemeral pair and what was exchanged with it, for at most
 * SEALER_RECORDS records and until it is told to forget. The wrap keys differ all the same: the KDF binds the record nonce.
 */
struct sealer;
#define SEALER_RECORDS 512
struct sealer *sealer_new(void);
/* Wipes the ephemeral secret and all that was exchanged with it; the next record gets another. */
void sealer_forget(struct sealer *sealer);
void sealer_free(struct sealer **sealer);

/* Appends the record with its MAC under the boot secret (blake2b over everything) to `out`. Pieces are not copied more than once. */
int seal_write(const struct seal_input *input, const uint8_t secret[32], struct buf *out, struct error *err);

/* The public face of a record: what queue reads. Slices point into the record. */
struct seal_face {
	uint8_t record_nonce[16];
	uint8_t ephemeral[32];
	uint64_t message_size;      /* of the blob in the clear */
	struct slice job;
	struct seal_face_reader {
		enum reader_kind kind;
		uint8_t account[16];
		uint32_t generation;
	} *readers;
	size_t reader_count;
};
int seal_face(struct slice record, struct arena *arena, struct seal_face *ret, struct error *err);
/* The MAC that filter put at the end. Constant time. */
bool seal_verify(struct slice record, const uint8_t secret[32]);
/* The record as it goes to disk: without MAC and job (queue stores the job sealed beside it). */
struct slice seal_disk_form(struct slice record, struct buf *scratch);

/* An opened record: reads parts of the plain message. Source bytes come through `read`, so that a range costs one or two chunks. */
struct seal_source {
	/* Reads n bytes at `offset` of the record's disk form into p. 0 or negative. */
	int (*read)(void *arg, uint64_t offset, void *p, size_t n);
	void *arg;
	uint64_t size;
};
struct kx_cache;
struct seal_reader_key { /* one generation of an account */
	uint32_t generation;
	uint8_t public_key[32];
	const uint8_t *secret_key;  /* 32 bytes, guarded */
	struct kx_cache *cache;     /* of exchanges (crypt/kx.h), or NULL */
};

struct sealed; /* header of an opened record: chunk table and data key */
/* Finds the reader entry of (kind, account) and opens its wrap. ERR_NOT_FOUND (no entry, or a generation that is lost), ERR_TEMPORARY (a
 * generation newer than all keys), ERR_DAMAGED, ERR_UNSUPPORTED, ERR_IO. note points into arena. */
int sealed_open(const struct seal_source *source, enum reader_kind kind, const uint8_t account[16], const struct seal_reader_key *keys,
                size_t key_count, struct arena *arena, struct filing_note *ret_note, struct sealed **ret, struct error *err);
/* With the data key known (from a row, or from KEY_OPEN): no exchange. */
int sealed_open_with_key(const struct seal_source *source, const uint8_t data_key[32], struct sealed **ret, struct error *err);
/* What KEY_OPEN needs for the outbound reader of the record. */
int sealed_outbound_wrap(const struct seal_source *source, uint32_t *ret_epoch, uint8_t ret_ephemeral[32], uint8_t ret_nonce[16], uint8_t ret_wrap[48]);
/* The other half of KEY_OPEN, for the holder of the private key (key; OUTBOUND has a zero account and the epoch as generation).
 * 0 or ERR_DAMAGED. */
int seal_wrap_open(enum reader_kind kind, const uint8_t account[16], const struct seal_reader_key *key, const uint8_t ephemeral[32],
                   const uint8_t record_nonce[16], const uint8_t wrap[48], uint8_t ret_data_key[32]);
const uint8_t *sealed_data_key(const struct sealed *s);
uint64_t sealed_size(const struct sealed *s);        /* of the message */
uint64_t sealed_header_size(const struct sealed *s);
/* Appends the encoded digest, whole. */
int sealed_digest(struct sealed *s, struct buf *out, struct error *err);
/* The same, but texts for SEARCH may be missing at its end: cheaper, and all that digest_decode_structure takes. */
int sealed_listing(struct sealed *s, struct buf *out, struct error *err);
/* Appends the plain bytes [offset, offset + n) (clamped to the size). Keeps the last opened chunk. */
int sealed_read(struct sealed *s, uint64_t offset, uint64_t n, struct buf *out, struct error *err);
void sealed_close(struct sealed **s);

#endif
