#include "store/seal_format.h"

#include <string.h>
#include "base/endian.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

static const struct slice KDF_LABEL = SLICE_INIT("letterlock seal 1\n");

void seal_aad(const uint8_t record_nonce[16], uint8_t ret[SEAL_AAD])
{
	memcpy(ret, SEAL_MAGIC, 4);
	ret[4] = SEAL_VERSION;
	ret[5] = SEAL_SUITE;
	memcpy(ret + 6, record_nonce, 16);
}

void seal_nonce(enum seal_section section, bool last, uint64_t number, uint8_t ret[12])
{
	memset(ret, 0, 12);
	ret[0] = (uint8_t)section;
	ret[1] = last;
	put_u64(ret + 4, number);
}

void seal_reader_aad(const uint8_t record_nonce[16], enum reader_kind kind, const uint8_t account[16], uint32_t generation,
                     uint8_t ret[SEAL_READER_AAD])
{
	seal_aad(record_nonce, ret);
	ret[SEAL_AAD] = (uint8_t)kind;
	memcpy(ret + SEAL_AAD + 1, account, 16);
	put_u32(ret + SEAL_AAD + 17, generation);
}

void seal_kdf(const uint8_t shared[32], const uint8_t ephemeral[32], const uint8_t reader[32], const uint8_t record_nonce[16],
              struct seal_wrap_keys *ret)
{
	uint8_t info[18 + 32 + 32 + 16], out[64];

	memcpy(info, KDF_LABEL.p, 18);
	memcpy(info + 18, ephemeral, 32);
	memcpy(info + 50, reader, 32);
	memcpy(info + 82, record_nonce, 16);
	hash_blake2b(slice_make(info, sizeof info), shared, out, sizeof out);
	memcpy(ret->wrap, out, 32);
	memcpy(ret->note, out + 32, 32);
	secret_wipe(out, sizeof out);
}
