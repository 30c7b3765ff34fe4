/* Inner form of the sealed record (docs/seal.md), shared by the writer and the reader of it. Not for other folders. */
#ifndef STORE_SEAL_FORMAT_H
#define STORE_SEAL_FORMAT_H

#include "store/seal.h"

#define SEAL_VERSION 1
#define SEAL_SUITE 1                /* X25519, BLAKE2b, ChaCha20-Poly1305 (RFC 8439), zstd */
#define SEAL_PREFIX_SIZE 96
#define SEAL_ENTRY_SIZE 80          /* of one reader */
#define SEAL_CHUNK_PLAIN 262144
#define SEAL_CHUNKS_MAX 65536
#define SEAL_JOINT_MAX 16384        /* a letter that is not longer, with its digest, is one chunk */
#define SEAL_NOTE_MAX 65536
#define SEAL_DIGEST_MAX 16777216    /* encoded, in the clear */
#define SEAL_TABLE_ENTRY 9
#define SEAL_TABLE_FIXED 16
#define SEAL_TAG 16
#define SEAL_MAC 32
#define SEAL_WRAP 48
#define SEAL_AAD 22

/* Offsets in the prefix. */
enum {
	AT_MAGIC = 0, AT_VERSION = 4, AT_SUITE = 5, AT_READERS = 8, AT_CHUNKS = 12, AT_NONCE = 16, AT_EPHEMERAL = 32, AT_SIZE = 64,
	AT_NOTES_SIZE = 72, AT_DIGEST_SIZE = 76, AT_TABLE_OFFSET = 80, AT_TABLE_SIZE = 88,
};
/* Offsets in a reader's entry. */
enum { ENTRY_KIND = 0, ENTRY_ACCOUNT = 4, ENTRY_GENERATION = 20, ENTRY_WRAP = 24, ENTRY_NOTE_OFFSET = 72, ENTRY_NOTE_SIZE = 76 };

/* First byte of an AEAD nonce under the data key: what is sealed. */
enum seal_section { SECTION_CHUNK = 0, SECTION_DIGEST = 1, SECTION_TABLE = 2 };
/* JOINT, of a digest only: it stands in front of the message in the first chunk. */
enum seal_coding { CODING_STORED = 0, CODING_ZSTD = 1, CODING_JOINT = 2 };
/* Offsets in the table, and its bits. */
enum { TABLE_HEADER_SIZE = 0, TABLE_DIGEST_SIZE = 8, TABLE_DIGEST_CODING = 12, TABLE_BITS = 13 };
enum { TABLE_TEXT_OF_BODY = 1 };

static const uint8_t SEAL_MAGIC[4] = {'L', 'L', 'R', '1'};

struct seal_wrap_keys {
	uint8_t wrap[32], note[32];
};

void seal_aad(const uint8_t record_nonce[16], uint8_t ret[SEAL_AAD]);
void seal_nonce(enum seal_section section, bool last, uint64_t number, uint8_t ret[12]);
/* AAD of wrap and note: SEAL_AAD, then kind, account, generation. */
#define SEAL_READER_AAD (SEAL_AAD + 21)
void seal_reader_aad(const uint8_t record_nonce[16], enum reader_kind kind, const uint8_t account[16], uint32_t generation,
                     uint8_t ret[SEAL_READER_AAD]);
void seal_kdf(const uint8_t shared[32], const uint8_t ephemeral[32], const uint8_t reader[32], const uint8_t record_nonce[16],
              struct seal_wrap_keys *ret);

#endif
