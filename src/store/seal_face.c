/* What queue sees of a record: nothing here needs a key except the MAC. */
#include <string.h>
#include "base/endian.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "store/seal_format.h"

/* record = disk form | job | u32 job length | MAC */
static bool record_split(struct slice record, struct slice *ret_disk, struct slice *ret_job)
{
	size_t rest, job;

	if (record.n < SEAL_PREFIX_SIZE + 4 + SEAL_MAC)
		return false;
	rest = record.n - SEAL_MAC - 4;
	job = get_u32(record.p + rest);
	if (job > rest - SEAL_PREFIX_SIZE)
		return false;
	*ret_disk = slice_sub(record, 0, rest - job);
	*ret_job = slice_sub(record, rest - job, rest);
	return true;
}

bool seal_verify(struct slice record, const uint8_t secret[32])
{
	struct hash_state state;
	uint8_t mac[SEAL_MAC];

	if (record.n < SEAL_MAC)
		return false;
	hash_start(&state, secret);
	hash_update(&state, SLICE("letterlock record 1\n"));
	hash_update(&state, slice_sub(record, 0, record.n - SEAL_MAC));
	hash_finish(&state, mac);
	return secret_equal(mac, record.p + record.n - SEAL_MAC, SEAL_MAC);
}

struct slice seal_disk_form(struct slice record, struct buf *scratch)
{
	struct slice disk, job;

	return record_split(record, &disk, &job) ? disk : SLICE_NONE;
}

int seal_face(struct slice record, struct arena *arena, struct seal_face *ret, struct error *err)
{
	struct seal_face face = {0};
	struct slice disk;
	uint32_t count;

	if (!record_split(record, &disk, &face.job) || memcmp(disk.p, SEAL_MAGIC, sizeof SEAL_MAGIC) != 0)
		return error_set(err, ERR_INVALID, "not a sealed record");
	if (disk.p[AT_VERSION] != SEAL_VERSION || disk.p[AT_SUITE] != SEAL_SUITE)
		return error_set(err, ERR_UNSUPPORTED, "sealed record of version %u, suite %u", disk.p[AT_VERSION], disk.p[AT_SUITE]);
	count = get_u32(disk.p + AT_READERS);
	if (count == 0 || count > SEAL_READERS_MAX || (disk.n - SEAL_PREFIX_SIZE) / SEAL_ENTRY_SIZE < count)
		return error_set(err, ERR_INVALID, "sealed record with %u readers", count);
	memcpy(face.record_nonce, disk.p + AT_NONCE, 16);
	memcpy(face.ephemeral, disk.p + AT_EPHEMERAL, 32);
	face.message_size = get_u64(disk.p + AT_SIZE);
	face.readers = arena_alloc_array(arena, count, sizeof *face.readers);
	face.reader_count = count;
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *entry = disk.p + SEAL_PREFIX_SIZE + i * SEAL_ENTRY_SIZE;

		if (entry[ENTRY_KIND] < READER_ARRIVAL || entry[ENTRY_KIND] > READER_OUTBOUND)
			return error_set(err, ERR_INVALID, "reader %u of unknown kind %u", i, entry[ENTRY_KIND]);
		face.readers[i].kind = (enum reader_kind)entry[ENTRY_KIND];
		memcpy(face.readers[i].account, entry + ENTRY_ACCOUNT, 16);
		face.readers[i].generation = get_u32(entry + ENTRY_GENERATION);
	}
	*ret = face;
	return 0;
}
