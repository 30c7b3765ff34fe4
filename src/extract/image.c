/* Pictures: read, turned as their camera noted, and drawn anew; nothing else of the file is kept. */
#include <math.h>

#include "base/ensure.h"
#include "extract/extract_in.h"

static const struct {
	enum inspect_type type;
	bool photo;
	image_read_fn *read;
} readers[] = {
	{FILE_png, false, image_read_png}, {FILE_jpeg, true, image_read_jpeg},
	{FILE_gif, false, image_read_gif}, {FILE_webp, false, image_read_webp},
};

/* By orientation: xx, yx, xy, yy of the matrix on the unit square around its centre (EXIF 2.3, 4.6.4). */
static const int turns[9][4] = {
	[1] = {1, 0, 0, 1}, [2] = {-1, 0, 0, 1}, [3] = {-1, 0, 0, -1}, [4] = {1, 0, 0, -1},
	[5] = {0, 1, 1, 0}, [6] = {0, 1, -1, 0}, [7] = {0, -1, -1, 0}, [8] = {0, -1, 1, 0},
};

cairo_surface_t *image_surface(uint64_t width, uint64_t height, enum extract_status *ret)
{
	cairo_surface_t *s;

	*ret = EXTRACT_DAMAGED;
	if (width == 0 || height == 0)
		return NULL;
	*ret = EXTRACT_TOO_LARGE;
	if (width > EXTRACT_SIDE_MAX || height > EXTRACT_SIDE_MAX || width * height > EXTRACT_PIXELS_MAX)
		return NULL;
	s = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (int)width, (int)height);
	if (cairo_surface_status(s) == CAIRO_STATUS_SUCCESS)
		return s;
	cairo_surface_destroy(s);
	return NULL;
}

/* A small picture stays as it is; none becomes larger. */
static cairo_surface_t *draw(struct extract_document *d, uint32_t number, uint32_t width)
{
	cairo_surface_t *picture = d->state, *page;
	const int *turn = turns[d->type == FILE_jpeg ? image_orientation(d->content) : 1];
	double w = cairo_image_surface_get_width(picture), h = cairo_image_surface_get_height(picture);
	double across = turn[0] != 0 ? w : h, down = turn[0] != 0 ? h : w;
	int pixels, lines;
	cairo_t *c;

	page_size(across, down, across < width ? (uint32_t)across : width, &pixels, &lines);
	page = page_new(pixels, lines);
	if (page == NULL)
		return NULL;
	c = cairo_create(page);
	cairo_translate(c, pixels / 2.0, lines / 2.0);
	cairo_scale(c, pixels / across, lines / down);
	cairo_transform(c, &(cairo_matrix_t){.xx = turn[0], .yx = turn[1], .xy = turn[2], .yy = turn[3]});
	cairo_set_source_surface(c, picture, -w / 2, -h / 2);
	cairo_paint(c);
	cairo_destroy(c);
	return page;
}

static void close_image(struct extract_document *d)
{
	cairo_surface_destroy(d->state);
}

enum extract_status image_open(struct extract_document *d)
{
	enum extract_status status = EXTRACT_NO_READER;

	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		if (readers[i].type != d->type)
			continue;
		d->photo = readers[i].photo;
		d->state = readers[i].read(d->content, EXTRACT_WIDTH_MAX, &status);
		if (d->state == NULL)
			return status;
		d->picture = true;
		d->pages = 1;
		d->page = draw;
		d->close = close_image;
		return EXTRACT_OK;
	}
	return status;
}
