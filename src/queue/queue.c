#include "queue/queue.h"

#include <stdio.h>
#include "base/error.h"
#include "store/pack.h"

void queue_arrival_encode(const struct queue_arrival *a, struct buf *out)
{
	buf_put_u64(out, a->seq);
	buf_put_u8(out, a->kind);
	buf_put_u32(out, a->place.pack);
	buf_put_u32(out, a->place.ordinal);
	buf_put_u64(out, a->place.offset);
	buf_put_u64(out, a->size);
	buf_put_u8(out, a->flags);
}

int queue_arrival_decode(struct slice *list, struct queue_arrival *ret)
{
	struct queue_arrival a;
	if (!slice_get_u64(list, &a.seq) || !slice_get_u8(list, &a.kind) || !slice_get_u32(list, &a.place.pack) ||
	    !slice_get_u32(list, &a.place.ordinal) || !slice_get_u64(list, &a.place.offset) || !slice_get_u64(list, &a.size) ||
	    !slice_get_u8(list, &a.flags))
		return ERR_INVALID;
	*ret = a;
	return 0;
}

void queue_id_format(uint32_t pack, uint32_t ordinal, char out[QUEUE_ID_SIZE])
{
	snprintf(out, QUEUE_ID_SIZE, "%x-%x", (unsigned)pack, (unsigned)ordinal);
}

/* Lower or upper case, one to eight digits. */
static bool hex_u32(struct slice s, uint32_t *ret)
{
	uint32_t value = 0;
	if (s.n == 0 || s.n > 8)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = ascii_lower(s.p[i]);
		if (!ascii_is_digit(c) && (c < 'a' || c > 'f'))
			return false;
		value = value << 4 | (uint32_t)(ascii_is_digit(c) ? c - '0' : c - 'a' + 10);
	}
	*ret = value;
	return true;
}

int queue_id_parse(struct slice text, uint32_t *ret_pack, uint32_t *ret_ordinal)
{
	uint32_t pack, ordinal;
	ptrdiff_t dash = slice_find(text, '-');
	if (dash < 0 || !hex_u32(slice_sub(text, 0, (size_t)dash), &pack) || !hex_u32(slice_from(text, (size_t)dash + 1), &ordinal))
		return ERR_INVALID;
	if (pack == 0 || pack > PACK_NUMBER_MAX || ordinal == 0 || ordinal > PACK_ORDINAL_MAX)
		return ERR_INVALID;
	*ret_pack = pack;
	*ret_ordinal = ordinal;
	return 0;
}
