/* GIF, by giflib: the first picture. */
#include <gif_lib.h>
#include <string.h>

#include "base/memory.h"
#include "extract/extract_in.h"

struct source {
	struct slice rest;
};

static int give(GifFileType *gif, GifByteType *to, int n)
{
	struct source *s = gif->UserData;
	size_t have = n > 0 && (size_t)n < s->rest.n ? (size_t)n : s->rest.n;

	if (n <= 0)
		return 0;
	memcpy(to, s->rest.p, have);
	s->rest = slice_from(s->rest, have);
	return (int)have;
}

/* The next picture of the file; what stands in front of it is passed over, but for its transparent colour. */
static bool find_picture(GifFileType *gif, int *ret_transparent)
{
	GifRecordType type;
	GifByteType *block;
	int code;

	while (DGifGetRecordType(gif, &type) != GIF_ERROR && type != TERMINATE_RECORD_TYPE) {
		if (type == IMAGE_DESC_RECORD_TYPE)
			return DGifGetImageDesc(gif) != GIF_ERROR;
		if (type != EXTENSION_RECORD_TYPE || DGifGetExtension(gif, &code, &block) == GIF_ERROR)
			return false;
		if (code == GRAPHICS_EXT_FUNC_CODE && block != NULL && block[0] >= 4)
			*ret_transparent = (block[1] & 1) != 0 ? block[4] : -1;
		while (block != NULL)
			if (DGifGetExtensionNext(gif, &block) == GIF_ERROR)
				return false;
	}
	return false;
}

static void put_row(const GifFileType *gif, const GifPixelType *row, cairo_surface_t *s, int y, int transparent)
{
	const ColorMapObject *map = gif->Image.ColorMap != NULL ? gif->Image.ColorMap : gif->SColorMap;
	uint8_t *line = cairo_image_surface_get_data(s) + (ptrdiff_t)y * cairo_image_surface_get_stride(s);
	int width = cairo_image_surface_get_width(s);

	for (int x = 0; x < width; x++) {
		uint8_t *p = line + (ptrdiff_t)x * 4;
		if (map == NULL || row[x] == transparent || row[x] >= map->ColorCount)
			continue;
		p[0] = map->Colors[row[x]].Blue;
		p[1] = map->Colors[row[x]].Green;
		p[2] = map->Colors[row[x]].Red;
		p[3] = 255;
	}
}

/* Interlaced pictures come in four passes (GIF89a, appendix E). What is missing of a picture that ends early stays empty. */
static void read_rows(GifFileType *gif, cairo_surface_t *s, int transparent)
{
	static const int starts[] = {0, 4, 2, 1}, steps[] = {8, 8, 4, 2};
	int width = cairo_image_surface_get_width(s), height = cairo_image_surface_get_height(s);
	GifPixelType *row = memory_alloc((size_t)width);

	for (int pass = 0; pass < (gif->Image.Interlace ? 4 : 1); pass++)
		for (int y = gif->Image.Interlace ? starts[pass] : 0; y < height; y += gif->Image.Interlace ? steps[pass] : 1) {
			if (DGifGetLine(gif, row, width) == GIF_ERROR)
				goto out;
			put_row(gif, row, s, y, transparent);
		}
out:
	memory_free(row);
}

cairo_surface_t *image_read_gif(struct slice content, uint32_t width, enum extract_status *ret)
{
	struct source source = {content};
	int code = 0, transparent = -1;
	GifFileType *gif = DGifOpen(&source, give, &code);
	cairo_surface_t *s = NULL;

	*ret = EXTRACT_DAMAGED;
	if (gif == NULL)
		return NULL;
	if (find_picture(gif, &transparent) && gif->Image.Width > 0 && gif->Image.Height > 0)
		s = image_surface((uint64_t)gif->Image.Width, (uint64_t)gif->Image.Height, ret);
	if (s != NULL) {
		cairo_surface_flush(s);
		read_rows(gif, s, transparent);
		cairo_surface_mark_dirty(s);
	}
	(void)DGifCloseFile(gif, &code);
	return s;
}
