#include "html/image.h"

#include "base/ascii.h"
#include "base/codec.h"
#include "base/ensure.h"
#include "html/link.h"
#include "html/token.h"

static const char *const types[] = {"image/png", "image/gif", "image/jpeg", "image/jpg", "image/pjpeg", "image/webp", "image/bmp",
	"image/x-png"};

bool image_type_is_safe(struct slice type)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (slice_eq_nocase(type, slice_str(types[i])))
			return true;
	return false;
}

static struct image of_part(const struct html_image *part, struct arena *arena)
{
	struct buf out = BUF_INIT(HTML_IMAGE_MAX * 2);
	struct image image = {.kind = IMAGE_INSIDE};

	if (part->content.n > HTML_IMAGE_MAX || !image_type_is_safe(part->type))
		return (struct image){0};
	buf_printf(&out, "data:%.*s;base64,", SLICE_ARG(part->type));
	base64_encode(part->content, &out);
	image.address = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return image;
}

static const struct html_image *part_of(struct slice source, const struct html_options *options, struct arena *arena)
{
	struct slice id = slice_starts_nocase(source, SLICE("cid:")) ? ascii_percent_decoded(arena, slice_from(source, 4)) : SLICE_NONE;

	for (size_t i = 0; i < options->part_count; i++) {
		const struct html_image *part = &options->parts[i];

		if (id.n > 0 ? slice_eq(part->id, id) : part->location.n > 0 && slice_eq(part->location, source))
			return part;
	}
	return NULL;
}

static bool is_base64(uint8_t c)
{
	return ascii_is_alnum(c) || c == '+' || c == '/' || c == '=';
}

/* Base64 without blanks; empty when something else is in it. */
static struct slice base64_clean(struct slice s, struct arena *arena)
{
	uint8_t *copy = arena_alloc(arena, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (is_base64(s.p[i]))
			copy[n++] = s.p[i];
		else if (!html_is_space(s.p[i]))
			return SLICE_NONE;
	}
	return slice_make(copy, n);
}

/* "data:image/png;base64,..." and nothing but that. */
static struct image of_data(struct slice source, struct arena *arena)
{
	struct slice rest = slice_from(source, 5), type;
	ptrdiff_t comma = slice_find(slice_sub(rest, 0, 100), ',');

	if (comma < 0 || source.n > HTML_IMAGE_MAX * 2)
		return (struct image){0};
	struct slice head = slice_sub(rest, 0, (size_t)comma);
	slice_split(&head, ';', &type);
	struct slice data = base64_clean(slice_from(rest, (size_t)comma + 1), arena);
	if (!image_type_is_safe(type) || !slice_eq_nocase(head, SLICE("base64")) || data.n == 0)
		return (struct image){0};
	return (struct image){IMAGE_INSIDE, arena_printf(arena, "data:%.*s;base64,%.*s", SLICE_ARG(type), SLICE_ARG(data))};
}

/* Parentheses end url() of CSS. */
static struct slice without_brackets(struct slice address, struct arena *arena)
{
	struct buf out = BUF_INIT(address.n * 3 + 1);

	for (size_t i = 0; i < address.n; i++) {
		if (address.p[i] == '(' || address.p[i] == ')')
			buf_printf(&out, "%%%02X", address.p[i]);
		else
			buf_append_byte(&out, address.p[i]);
	}
	address = arena_dup(arena, buf_slice(&out));
	buf_free(&out);
	return address;
}

/* Over HTTP only where the same address over HTTPS means the same. */
static struct image of_server(struct slice source, struct html_report *report, struct arena *arena)
{
	struct link link = link_read(source, arena);

	if (link.scheme != LINK_HTTP && link.scheme != LINK_HTTPS)
		return (struct image){0};
	report->remote++;
	if (link.scheme == LINK_HTTP && link.port)
		return (struct image){0};
	struct slice behind = slice_from(link.target, link.scheme == LINK_HTTP ? 7 : 8);
	return (struct image){IMAGE_REMOTE, without_brackets(arena_printf(arena, "https://%.*s", SLICE_ARG(behind)), arena)};
}

struct image image_read(struct slice source, const struct html_options *options, struct html_report *report, struct arena *arena)
{
	struct image image = {0};
	const struct html_image *part;

	while (source.n > 0 && source.p[0] <= ' ')
		source = slice_from(source, 1);
	source = slice_trim(source);
	if (source.n == 0 || report->addresses >= HTML_ADDRESSES_MAX)
		return image;
	report->addresses++;
	part = part_of(source, options, arena);
	if (part != NULL && report->inside + part->content.n <= HTML_OUTPUT_MAX / 2)
		image = of_part(part, arena);
	else if (part == NULL && slice_starts_nocase(source, SLICE("data:")))
		image = of_data(source, arena);
	else if (part == NULL)
		image = of_server(source, report, arena);
	if (part == NULL ? slice_starts_nocase(source, SLICE("cid:")) : image.kind == IMAGE_NONE)
		report->missing++;
	/* A letter that names one large image a thousand times gets it as often as there is room. */
	if (image.kind == IMAGE_INSIDE)
		report->inside += image.address.n;
	return image;
}
