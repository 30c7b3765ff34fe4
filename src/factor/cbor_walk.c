#include "factor/cbor_walk.h"

enum major { UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE };

struct walk {
	struct slice rest;
	unsigned items;
};

/* The argument of an item head (RFC 8949 3): lengths above 27 are reserved or indefinite. */
static bool take_head(struct walk *w, enum major *ret_major, uint64_t *ret_value)
{
	if (w->rest.n == 0 || ++w->items > CBOR_ITEMS_MAX)
		return false;
	uint8_t first = w->rest.p[0], extra = first & 31;
	size_t bytes = extra < 24 ? 0 : (size_t)1 << (extra - 24);
	if (extra > 27 || w->rest.n - 1 < bytes)
		return false;
	uint64_t value = extra < 24 ? extra : 0;
	for (size_t i = 1; i <= bytes; i++)
		value = value << 8 | w->rest.p[i];
	w->rest = slice_from(w->rest, 1 + bytes);
	*ret_major = (enum major)(first >> 5);
	*ret_value = value;
	return true;
}

static bool take_item(struct walk *w, unsigned depth)
{
	enum major major;
	uint64_t value;
	if (depth > CBOR_DEPTH_MAX || !take_head(w, &major, &value))
		return false;
	switch (major) {
	case UNSIGNED:
	case NEGATIVE:
	case SIMPLE:
		return true;
	case BYTES:
	case TEXT:
		if (value > w->rest.n)
			return false;
		w->rest = slice_from(w->rest, (size_t)value);
		return true;
	case ARRAY:
	case MAP:
		if (value > CBOR_ITEMS_MAX)
			return false;
		for (uint64_t i = 0; i < (major == MAP ? 2 * value : value); i++)
			if (!take_item(w, depth + 1))
				return false;
		return true;
	case TAG:
		break;
	}
	return false;
}

size_t cbor_first_size(struct slice data)
{
	struct walk w = {.rest = data};
	return take_item(&w, 0) ? data.n - w.rest.n : 0;
}
