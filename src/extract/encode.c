/* Pages as PNG and JPEG, written anew: no metadata but what the formats need. */
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include "base/memory.h"
#include "extract/extract_in.h"

#define QUALITY 85

static cairo_status_t take(void *closure, const unsigned char *data, unsigned length)
{
	struct buf *out = closure;

	buf_append_bytes(out, data, length);
	return out->failed ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

bool encode_png(cairo_surface_t *page, struct buf *out)
{
	return cairo_surface_write_to_png_stream(page, take, out) == CAIRO_STATUS_SUCCESS;
}

/* Pages are opaque, so that their colours are those of the pixels. libjpeg's own errors end the process: the pixels are ours. */
bool encode_jpeg(cairo_surface_t *page, struct buf *out)
{
	struct jpeg_error_mgr error;
	struct jpeg_compress_struct jpeg = {.err = jpeg_std_error(&error)};
	unsigned char *bytes = NULL;
	unsigned long size = 0;

	cairo_surface_flush(page);
	jpeg_create_compress(&jpeg);
	jpeg_mem_dest(&jpeg, &bytes, &size);
	jpeg.image_width = (JDIMENSION)cairo_image_surface_get_width(page);
	jpeg.image_height = (JDIMENSION)cairo_image_surface_get_height(page);
	jpeg.input_components = 4;
	jpeg.in_color_space = JCS_EXT_BGRX;
	jpeg_set_defaults(&jpeg);
	jpeg_set_quality(&jpeg, QUALITY, TRUE);
	jpeg_start_compress(&jpeg, TRUE);
	while (jpeg.next_scanline < jpeg.image_height) {
		JSAMPROW row = cairo_image_surface_get_data(page) + (ptrdiff_t)jpeg.next_scanline * cairo_image_surface_get_stride(page);
		(void)jpeg_write_scanlines(&jpeg, &row, 1);
	}
	jpeg_finish_compress(&jpeg);
	jpeg_destroy_compress(&jpeg);
	buf_append_bytes(out, bytes, size);
	free(bytes);
	return !out->failed;
}
