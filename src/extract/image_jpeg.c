/* JPEG, by libjpeg; read no larger than needed. */
#include <stdio.h>

#include <jpeglib.h>
#include <setjmp.h>

#include "base/endian.h"
#include "base/memory.h"
#include "extract/extract_in.h"

#define PIXELS_MAX 200000000u /* of the file: it is read at a half, a quarter or an eighth */

struct reader {
	struct jpeg_error_mgr error; /* first: libjpeg gives it back */
	jmp_buf back;
};

_Noreturn static void fail(j_common_ptr jpeg)
{
	longjmp(((struct reader *)jpeg->err)->back, 1);
}

static void ignore(j_common_ptr jpeg)
{
}

static unsigned halves(const struct jpeg_decompress_struct *jpeg, uint32_t width)
{
	unsigned by = 1;
	uint64_t pixels = (uint64_t)jpeg->image_width * jpeg->image_height;

	while (by < 8 && (jpeg->image_width / (by * 2) >= width || pixels / by / by > EXTRACT_PIXELS_MAX
		|| jpeg->image_height / by > EXTRACT_SIDE_MAX || jpeg->image_width / by > EXTRACT_SIDE_MAX))
		by *= 2;
	return by;
}

static void read_rows(struct jpeg_decompress_struct *jpeg, cairo_surface_t *s)
{
	ptrdiff_t stride = cairo_image_surface_get_stride(s);

	while (jpeg->output_scanline < jpeg->output_height) {
		JSAMPROW row = cairo_image_surface_get_data(s) + jpeg->output_scanline * stride;
		(void)jpeg_read_scanlines(jpeg, &row, 1);
	}
}

/* CMYK as printers' programs write it: inverted. */
static void from_cmyk(cairo_surface_t *s)
{
	int width = cairo_image_surface_get_width(s), height = cairo_image_surface_get_height(s), stride = cairo_image_surface_get_stride(s);

	for (int y = 0; y < height; y++) {
		uint8_t *p = cairo_image_surface_get_data(s) + (ptrdiff_t)y * stride;
		for (int x = 0; x < width; x++, p += 4) {
			uint8_t r = (uint8_t)(p[0] * p[3] / 255), g = (uint8_t)(p[1] * p[3] / 255), b = (uint8_t)(p[2] * p[3] / 255);
			p[0] = b;
			p[1] = g;
			p[2] = r;
			p[3] = 255;
		}
	}
}

static cairo_surface_t *begin(struct jpeg_decompress_struct *jpeg, uint32_t width, enum extract_status *ret)
{
	cairo_surface_t *s;

	if ((uint64_t)jpeg->image_width * jpeg->image_height > PIXELS_MAX) {
		*ret = EXTRACT_TOO_LARGE;
		return NULL;
	}
	jpeg->scale_num = 1;
	jpeg->scale_denom = halves(jpeg, width);
	jpeg->out_color_space = jpeg->num_components == 4 ? JCS_CMYK : JCS_EXT_BGRA;
	(void)jpeg_start_decompress(jpeg);
	s = image_surface(jpeg->output_width, jpeg->output_height, ret);
	if (s != NULL)
		cairo_surface_flush(s);
	return s;
}

cairo_surface_t *image_read_jpeg(struct slice content, uint32_t width, enum extract_status *ret)
{
	struct reader reader;
	struct jpeg_decompress_struct jpeg = {.err = jpeg_std_error(&reader.error)};
	cairo_surface_t *volatile s = NULL;

	reader.error.error_exit = fail;
	reader.error.output_message = ignore;
	*ret = EXTRACT_DAMAGED;
	if (setjmp(reader.back) != 0)
		goto out;
	jpeg_create_decompress(&jpeg);
	jpeg_mem_src(&jpeg, content.p, content.n);
	(void)jpeg_read_header(&jpeg, TRUE);
	s = begin(&jpeg, width, ret);
	if (s != NULL)
		read_rows(&jpeg, s);
out:
	if (s != NULL) {
		if (jpeg.out_color_space == JCS_CMYK)
			from_cmyk(s);
		cairo_surface_mark_dirty(s);
	}
	jpeg_destroy_decompress(&jpeg);
	return s;
}
