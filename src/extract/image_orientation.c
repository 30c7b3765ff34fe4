/* The one thing of EXIF that is not thrown away: which side is up. */
#include "extract/extract_in.h"

#define TAG_ORIENTATION 274
#define ENTRIES_MAX 200

struct exif {
	struct slice tiff;
	bool big;
};

static uint32_t number(const struct exif *e, size_t at, size_t bytes)
{
	uint32_t value = 0;

	if (at > e->tiff.n || bytes > e->tiff.n - at)
		return 0;
	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | e->tiff.p[e->big ? at + i : at + bytes - 1 - i];
	return value;
}

static unsigned of_tiff(struct slice tiff)
{
	struct exif e = {.tiff = tiff, .big = slice_starts(tiff, SLICE("MM"))};
	uint32_t folder, count;

	if (!e.big && !slice_starts(tiff, SLICE("II")))
		return 1;
	folder = number(&e, 4, 4);
	count = number(&e, folder, 2);
	for (uint32_t i = 0; i < count && i < ENTRIES_MAX; i++) {
		size_t entry = (size_t)folder + 2 + i * 12;
		uint32_t value = number(&e, entry + 8, 2);
		if (number(&e, entry, 2) == TAG_ORIENTATION)
			return value >= 1 && value <= 8 ? value : 1;
	}
	return 1;
}

unsigned image_orientation(struct slice jpeg)
{
	struct slice rest = slice_from(jpeg, 2);

	while (rest.n > 4 && rest.p[0] == 0xff && rest.p[1] != 0xda) {
		size_t length = (size_t)rest.p[2] << 8 | rest.p[3];
		struct slice segment = slice_sub(rest, 4, length + 2);
		if (rest.p[1] == 0xe1 && slice_starts(segment, slice_make("Exif\0\0", 6)))
			return of_tiff(slice_from(segment, 6));
		rest = slice_from(rest, length + 2);
	}
	return 1;
}
