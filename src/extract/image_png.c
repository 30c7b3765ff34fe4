/* PNG, by libpng. What is no picture data (texts, profiles, animation) is passed over. */
#include <png.h>
#include <setjmp.h>
#include <string.h>

#include "base/memory.h"
#include "extract/extract_in.h"

#define CHUNK_MAX 8000000 /* bytes of one that libpng may keep */

struct source {
	struct slice rest;
};

static void give(png_structp png, png_bytep to, size_t n)
{
	struct source *s = png_get_io_ptr(png);

	if (n > s->rest.n)
		png_error(png, "ends early");
	memcpy(to, s->rest.p, n);
	s->rest = slice_from(s->rest, n);
}

_Noreturn static void fail(png_structp png, png_const_charp text)
{
	longjmp(*png_set_longjmp_fn(png, longjmp, sizeof(jmp_buf)), 1);
}

static void ignore(png_structp png, png_const_charp text)
{
}

static void prepare(png_structp png, png_infop info)
{
	png_set_user_limits(png, EXTRACT_SIDE_MAX, EXTRACT_SIDE_MAX);
	png_set_chunk_cache_max(png, 100);
	png_set_chunk_malloc_max(png, CHUNK_MAX);
	png_set_crc_action(png, PNG_CRC_DEFAULT, PNG_CRC_WARN_DISCARD);
	png_read_info(png, info);
	png_set_expand(png);
	png_set_strip_16(png);
	png_set_gray_to_rgb(png);
	png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
	png_set_bgr(png); /* ARGB32 as bytes on a little-endian machine */
}

/* cairo wants colours that are multiplied by their alpha. */
static void premultiply(cairo_surface_t *s)
{
	int width = cairo_image_surface_get_width(s), height = cairo_image_surface_get_height(s), stride = cairo_image_surface_get_stride(s);

	for (int y = 0; y < height; y++) {
		uint8_t *p = cairo_image_surface_get_data(s) + (ptrdiff_t)y * stride;
		for (int x = 0; x < width; x++, p += 4)
			for (int i = 0; i < 3; i++)
				p[i] = (uint8_t)((p[i] * p[3] + 127) / 255);
	}
}

static void read_rows(png_structp png, cairo_surface_t *s)
{
	int passes = png_set_interlace_handling(png), height = cairo_image_surface_get_height(s);
	ptrdiff_t stride = cairo_image_surface_get_stride(s);

	for (int pass = 0; pass < passes; pass++)
		for (int y = 0; y < height; y++)
			png_read_row(png, cairo_image_surface_get_data(s) + y * stride, NULL);
}

cairo_surface_t *image_read_png(struct slice content, uint32_t width, enum extract_status *ret)
{
	struct source source = {content};
	png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, fail, ignore);
	png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
	cairo_surface_t *volatile s = NULL;
	volatile bool seen = false;

	*ret = EXTRACT_DAMAGED;
	if (info == NULL)
		goto out;
	if (setjmp(*png_set_longjmp_fn(png, longjmp, sizeof(jmp_buf))) != 0) {
		/* What there is of a picture that ends early is shown. */
		if (!seen && s != NULL) {
			cairo_surface_destroy(s);
			s = NULL;
		}
		goto out;
	}
	png_set_read_fn(png, &source, give);
	prepare(png, info);
	s = image_surface(png_get_image_width(png, info), png_get_image_height(png, info), ret);
	if (s == NULL)
		goto out;
	cairo_surface_flush(s);
	(void)png_set_interlace_handling(png);
	png_read_update_info(png, info);
	if (png_get_rowbytes(png, info) != (size_t)cairo_image_surface_get_width(s) * 4)
		png_error(png, "rows");
	seen = true;
	read_rows(png, s);
out:
	if (s != NULL) {
		premultiply(s);
		cairo_surface_mark_dirty(s);
	}
	png_destroy_read_struct(&png, &info, NULL);
	return s;
}
