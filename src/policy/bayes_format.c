/* Form of a stored table: docs/junk.md. */
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "crypt/checksum.h"
#include "policy/bayes.h"

#define MAGIC "LLBY"
#define CELL_SIZE 16
#define HEAD_SIZE (4 + 1 + TOKEN_KEY + 4 + 16 + 4)

static int by_token(const void *a, const void *b)
{
	uint64_t x = ((const struct bayes_cell *)a)->token, y = ((const struct bayes_cell *)b)->token;
	return x < y ? -1 : x > y;
}

static void put_cell(struct buf *out, const struct bayes_cell *c)
{
	buf_put_u64(out, c->token);
	for (size_t age = 0; age < 2; age++)
		for (size_t class = 0; class < 2; class++)
			buf_put_u16(out, c->counts[age][class]);
}

void bayes_encode(const struct bayes *b, struct buf *out)
{
	struct bayes_cell *sorted = memory_alloc_array(b->count + 1, sizeof *sorted);
	size_t start = buf_len(out), n = 0;
	for (size_t i = 0; i < b->room; i++)
		if (b->cells[i].token != 0)
			sorted[n++] = b->cells[i];
	qsort(sorted, n, sizeof *sorted, by_token);
	buf_append_str(out, MAGIC);
	buf_put_u8(out, BAYES_VERSION);
	buf_append_bytes(out, b->key, TOKEN_KEY);
	buf_put_u32(out, b->epoch);
	for (size_t age = 0; age < 2; age++)
		for (size_t class = 0; class < 2; class++)
			buf_put_u32(out, b->letters[age][class]);
	buf_put_u32(out, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		put_cell(out, &sorted[i]);
	buf_put_u32(out, checksum_crc32c(0, slice_from(buf_slice(out), start)));
	memory_free(sorted);
}

/* Each class was seen in at most so many letters as there were. */
static bool get_cell(struct slice *s, const uint32_t letters[2][2], uint64_t after, struct bayes_cell *ret)
{
	bool any = false;
	if (!slice_get_u64(s, &ret->token) || ret->token <= after)
		return false;
	for (size_t age = 0; age < 2; age++)
		for (size_t class = 0; class < 2; class++) {
			if (!slice_get_u16(s, &ret->counts[age][class]) || ret->counts[age][class] > letters[age][class])
				return false;
			any = any || ret->counts[age][class] > 0;
		}
	return any;
}

static bool get_letters(struct slice *s, uint32_t letters[2][2])
{
	for (size_t age = 0; age < 2; age++)
		for (size_t class = 0; class < 2; class++)
			if (!slice_get_u32(s, &letters[age][class]) || letters[age][class] > BAYES_LETTERS_MAX)
				return false;
	return true;
}

static void cell_place(struct bayes *b, const struct bayes_cell *cell)
{
	size_t i = cell->token & (b->room - 1);
	while (b->cells[i].token != 0)
		i = (i + 1) & (b->room - 1);
	b->cells[i] = *cell;
	b->count++;
}

int bayes_decode(struct slice data, uint32_t capacity, uint32_t learnt_min, struct bayes *ret)
{
	uint8_t key[TOKEN_KEY], version;
	uint32_t epoch, letters[2][2], count;
	struct slice s = slice_from(data, 4);
	if (data.n < HEAD_SIZE + 4 || !slice_starts(data, SLICE(MAGIC)) || !slice_get_u8(&s, &version))
		return ERR_DAMAGED;
	if (version != BAYES_VERSION)
		return ERR_UNSUPPORTED;
	if (checksum_crc32c(0, slice_sub(data, 0, data.n - 4)) != get_u32(data.p + data.n - 4))
		return ERR_DAMAGED;
	if (!slice_get_fixed(&s, key, sizeof key) || !slice_get_u32(&s, &epoch) || epoch == 0 || !get_letters(&s, letters) ||
		!slice_get_u32(&s, &count))
		return ERR_DAMAGED;
	if (count > capacity)
		return ERR_LIMIT;
	if (s.n != (size_t)count * CELL_SIZE + 4)
		return ERR_DAMAGED;
	struct bayes b;
	struct bayes_cell cell = {0};
	bayes_init(&b, key, capacity, learnt_min);
	b.epoch = epoch;
	memcpy(b.letters, letters, sizeof letters);
	while ((size_t)count * 4 > b.room * 3)
		b.room *= 2;
	memory_free(b.cells);
	b.cells = memory_alloc_array(b.room, sizeof *b.cells);
	for (uint32_t i = 0; i < count; i++) {
		if (!get_cell(&s, letters, cell.token, &cell)) {
			bayes_free(&b);
			return ERR_DAMAGED;
		}
		cell_place(&b, &cell);
	}
	*ret = b;
	return 0;
}
