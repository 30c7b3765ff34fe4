/* WebP, by libwebp: a still picture. */
#include <webp/decode.h>

#include "extract/extract_in.h"

cairo_surface_t *image_read_webp(struct slice content, uint32_t width, enum extract_status *ret)
{
	WebPDecoderConfig config;
	cairo_surface_t *s;

	*ret = EXTRACT_DAMAGED;
	if (!WebPInitDecoderConfig(&config) || WebPGetFeatures(content.p, content.n, &config.input) != VP8_STATUS_OK)
		return NULL;
	if (config.input.has_animation) {
		*ret = EXTRACT_NO_READER;
		return NULL;
	}
	s = image_surface((uint64_t)config.input.width, (uint64_t)config.input.height, ret);
	if (s == NULL)
		return NULL;
	cairo_surface_flush(s);
	config.output.colorspace = MODE_bgrA;
	config.output.is_external_memory = 1;
	config.output.u.RGBA.rgba = cairo_image_surface_get_data(s);
	config.output.u.RGBA.stride = cairo_image_surface_get_stride(s);
	config.output.u.RGBA.size = (size_t)cairo_image_surface_get_stride(s) * (size_t)cairo_image_surface_get_height(s);
	if (WebPDecode(content.p, content.n, &config) != VP8_STATUS_OK) {
		*ret = EXTRACT_DAMAGED;
		cairo_surface_destroy(s);
		s = NULL;
	} else {
		cairo_surface_mark_dirty(s);
	}
	WebPFreeDecBuffer(&config.output);
	return s;
}
