#include <string.h>

#include "base/ascii.h"
#include "mime/address.h"
#include "mime/header.h"
#include "mime/limits.h"
#include "mime/param.h"
#include "mime/structure.h"

/* A multipart whose delimiters are looked for, and those around it. */
struct frame {
	const struct frame *outer;
	struct slice boundary;
};

/* Where a part ended: at a delimiter of `frame`, or at the end of the message (frame NULL). */
struct stop {
	const struct frame *frame;
	bool close;        /* "--boundary--" */
	size_t body_end;   /* the line break before the delimiter belongs to it (RFC 2046 5.1.1) */
	size_t next;       /* after the delimiter line */
};

#define LINE_BLOCK 4096

struct parser {
	struct slice message;
	struct arena *arena;
	unsigned parts;
	uint32_t *lines_before; /* line breaks before each block of LINE_BLOCK bytes; made when first asked for */
};

static struct mime_part *part_parse(struct parser *p, struct mime_part *parent, size_t start, const struct frame *frames, unsigned depth,
                                    struct stop *ret);

/* The delimiter line at `at` (which starts with "--"), of the innermost multipart that has it. */
static const struct frame *frame_match(struct slice line, const struct frame *frames, bool *ret_close)
{
	while (line.n > 0 && (ascii_is_wsp(line.p[line.n - 1]) || line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\n'))
		line.n--;
	for (; frames != NULL; frames = frames->outer) {
		struct slice b = frames->boundary;

		if (line.n < 2 + b.n || memcmp(line.p + 2, b.p, b.n) != 0)
			continue;
		if (line.n == 2 + b.n || slice_eq(slice_from(line, 2 + b.n), SLICE("--"))) {
			*ret_close = line.n > 2 + b.n;
			return frames;
		}
	}
	return NULL;
}

static struct slice line_at(struct slice message, size_t at)
{
	struct slice rest = slice_from(message, at);
	ptrdiff_t end = slice_find(rest, '\n');

	return end < 0 ? rest : slice_sub(rest, 0, (size_t)end + 1);
}

static size_t before_break(struct slice message, size_t at, size_t floor)
{
	if (at > floor && message.p[at - 1] == '\n')
		at--;
	if (at > floor && message.p[at - 1] == '\r')
		at--;
	return at;
}

/* Is there a delimiter at the line that starts at `at`? */
static bool stop_at_line(const struct parser *p, size_t at, size_t floor, const struct frame *frames, struct stop *ret)
{
	struct slice line;

	if (at + 2 > p->message.n || p->message.p[at] != '-' || p->message.p[at + 1] != '-')
		return false;
	line = line_at(p->message, at);
	ret->frame = frame_match(line, frames, &ret->close);
	ret->body_end = before_break(p->message, at, floor);
	ret->next = at + line.n;
	return ret->frame != NULL;
}

/* Looks from `at`, the start of a line, for the next delimiter of any open multipart; no body ends before `floor`. */
static void stop_find(const struct parser *p, size_t at, size_t floor, const struct frame *frames, struct stop *ret)
{
	if (frames != NULL && stop_at_line(p, at, floor, frames, ret))
		return;
	while (frames != NULL && at < p->message.n) {
		const uint8_t *hit = memmem(p->message.p + at, p->message.n - at, "\n--", 3);

		if (hit == NULL)
			break;
		at = (size_t)(hit - p->message.p) + 1;
		if (stop_at_line(p, at, floor, frames, ret))
			return;
	}
	*ret = (struct stop){.body_end = p->message.n, .next = p->message.n};
}

/* End of the header that starts at `start`: behind its empty line, or where a delimiter cuts it (stop->frame set). */
static size_t header_end(const struct parser *p, size_t start, const struct frame *frames, struct stop *stop)
{
	size_t at = start;

	while (at < p->message.n) {
		struct slice line = line_at(p->message, at);

		if (stop_at_line(p, at, start, frames, stop)) {
			stop->body_end = at;
			return at;
		}
		at += line.n;
		if (line.p[0] == '\n' || (line.n == 2 && line.p[0] == '\r'))
			return at;
	}
	return at;
}

static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || memchr("()<>@,;:\\\"/[]?=", s.p[i], 15) != NULL)
			return false;
	return s.n > 0;
}

static void set_type(struct parser *p, struct mime_part *part, struct slice value)
{
	struct slice whole, type;
	struct mime_param *params;

	mime_param_parse(value, p->arena, &whole, &params);
	if (!slice_split(&whole, '/', &type) || !is_token(slice_trim(type)) || !is_token(slice_trim(whole))) {
		/* RFC 2045 5.2: not to be understood. "text" alone is common and harmless. */
		if (slice_eq(type, SLICE("text")))
			part->params = params;
		return;
	}
	part->type = slice_trim(type);
	part->subtype = slice_trim(whole);
	part->params = params;
}

static void set_encoding(struct parser *p, struct mime_part *part, struct slice value)
{
	struct slice s = mime_unfold(p->arena, value);

	mime_skip_cfws(&s);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == ';' || s.p[i] == '(' || ascii_is_wsp(s.p[i]))
			s.n = i;
	if (s.n > 0)
		part->encoding = ascii_dup_lower(p->arena, slice_trim(s));
}

static void set_type_field(struct parser *p, struct mime_part *part, struct slice value)
{
	set_type(p, part, value);
}

static void set_disposition(struct parser *p, struct mime_part *part, struct slice value)
{
	mime_param_parse(value, p->arena, &part->disposition, &part->disposition_params);
	part->has_disposition = part->disposition.n > 0;
}

#define SIMPLE_FIELD(function, member, flag) \
	static void function(struct parser *p, struct mime_part *part, struct slice value) \
	{ \
		part->member = mime_unfold(p->arena, value); \
		part->flag = true; \
	}
SIMPLE_FIELD(set_id, id, has_id)
SIMPLE_FIELD(set_description, description, has_description)
SIMPLE_FIELD(set_md5, md5, has_md5)
SIMPLE_FIELD(set_language, language, has_language)
SIMPLE_FIELD(set_location, location, has_location)

/* The first field of each name counts. */
static const struct part_field {
	struct slice name;
	void (*set)(struct parser *p, struct mime_part *part, struct slice value);
} part_fields[] = {
	{SLICE_INIT("Type"), set_type_field},
	{SLICE_INIT("Transfer-Encoding"), set_encoding},
	{SLICE_INIT("Disposition"), set_disposition},
	{SLICE_INIT("ID"), set_id},
	{SLICE_INIT("Description"), set_description},
	{SLICE_INIT("MD5"), set_md5},
	{SLICE_INIT("Language"), set_language},
	{SLICE_INIT("Location"), set_location},
};

static void fields_apply(struct parser *p, struct mime_part *part, struct slice header)
{
	struct mime_field field;
	unsigned seen = 0, done = 0;

	header = slice_sub(header, 0, MIME_HEADER_MAX);
	while (seen++ < MIME_FIELDS_MAX && mime_field_next(&header, &field)) {
		if (!slice_starts_nocase(field.name, SLICE("Content-")))
			continue;
		for (unsigned i = 0; i < sizeof part_fields / sizeof part_fields[0]; i++) {
			if ((done & 1u << i) == 0 && slice_eq_nocase(slice_from(field.name, 8), part_fields[i].name)) {
				done |= 1u << i;
				part_fields[i].set(p, part, field.value);
			}
		}
	}
}

static uint32_t count_breaks(struct slice s)
{
	uint32_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

/* Line breaks before `at`. Enclosed messages are counted at every level: the blocks keep that linear. */
static uint32_t breaks_before(struct parser *p, size_t at)
{
	size_t block = at / LINE_BLOCK;

	if (p->lines_before == NULL) {
		size_t blocks = p->message.n / LINE_BLOCK;

		p->lines_before = arena_alloc_array(p->arena, blocks + 1, sizeof *p->lines_before);
		for (size_t i = 0; i < blocks; i++)
			p->lines_before[i + 1] = p->lines_before[i] + count_breaks(slice_sub(p->message, i * LINE_BLOCK, (i + 1) * LINE_BLOCK));
	}
	return p->lines_before[block] + count_breaks(slice_sub(p->message, block * LINE_BLOCK, at));
}

static uint32_t count_lines(struct parser *p, size_t from, size_t to)
{
	uint32_t n = breaks_before(p, to) - breaks_before(p, from);

	/* A last line without line break is one, too. */
	if (to > from && p->message.p[to - 1] != '\n')
		n++;
	return n;
}

static struct mime_part *part_new(struct parser *p, struct mime_part *parent, size_t start)
{
	struct mime_part *part = ARENA_NEW(p->arena, struct mime_part);
	bool in_digest = parent != NULL && mime_part_is(parent, SLICE("multipart"), SLICE("digest"));

	p->parts++;
	part->parent = parent;
	part->type = in_digest ? SLICE("message") : SLICE("text");
	part->subtype = in_digest ? SLICE("rfc822") : SLICE("plain");
	part->encoding = SLICE("7bit");
	part->header_start = part->body_start = part->body_end = start;
	return part;
}

static void make_opaque(struct mime_part *part)
{
	part->type = SLICE("application");
	part->subtype = SLICE("octet-stream");
}

static bool is_identity(struct slice encoding)
{
	return !slice_eq(encoding, SLICE("base64")) && !slice_eq(encoding, SLICE("quoted-printable"));
}

/* A multipart without any part shows its whole body as text (RFC 9051 knows no multipart without parts). */
static void add_sole_text(struct parser *p, struct mime_part *part)
{
	struct mime_part *child = part_new(p, part, part->body_start);

	child->type = SLICE("text");
	child->subtype = SLICE("plain");
	child->body_end = part->body_end;
	child->lines = count_lines(p, child->body_start, child->body_end);
	part->children = child;
}

static void multipart_parse(struct parser *p, struct mime_part *part, const struct frame *frames, unsigned depth, struct stop *ret)
{
	const struct mime_param *boundary = mime_param_find(part->params, SLICE("boundary"));
	struct frame own = {.outer = frames};
	struct mime_part **last = &part->children;

	if (boundary != NULL && boundary->value.n > 0 && boundary->value.n <= MIME_BOUNDARY_MAX)
		own.boundary = boundary->value;
	stop_find(p, part->body_start, part->body_start, own.boundary.n > 0 ? &own : frames, ret);
	while (ret->frame == &own && !ret->close && p->parts < MIME_PARTS_MAX) {
		*last = part_parse(p, part, ret->next, &own, depth + 1, ret);
		last = &(*last)->next;
	}
	/* The epilogue, or parts above the limit. Without epilogue the line break of our last delimiter belongs to the outer one. */
	if (ret->frame == &own)
		stop_find(p, ret->next, before_break(p->message, ret->next, part->body_start), frames, ret);
	part->body_end = ret->body_end > part->body_start ? ret->body_end : part->body_start;
	if (part->children == NULL)
		add_sole_text(p, part);
}

static void message_parse(struct parser *p, struct mime_part *part, const struct frame *frames, unsigned depth, struct stop *ret)
{
	part->envelope = ARENA_NEW(p->arena, struct mime_envelope);
	part->children = part_parse(p, part, part->body_start, frames, depth + 1, ret);
	part->body_end = ret->body_end > part->body_start ? ret->body_end : part->body_start;
	mime_envelope_parse(slice_sub(p->message, part->children->header_start, part->children->body_start), p->arena, part->envelope);
	part->lines = count_lines(p, part->body_start, part->body_end);
}

static void leaf_parse(struct parser *p, struct mime_part *part, const struct frame *frames, struct stop *ret)
{
	stop_find(p, part->body_start, part->body_start, frames, ret);
	part->body_end = ret->body_end;
	if (slice_eq(part->type, SLICE("text")))
		part->lines = count_lines(p, part->body_start, part->body_end);
}

/* A delimiter cut the header off: an empty body there. */
static void cut_parse(struct parser *p, struct mime_part *part, const struct stop *stop)
{
	part->body_end = part->body_start;
	if (slice_eq(part->type, SLICE("multipart")))
		add_sole_text(p, part);
	else if (slice_eq(part->type, SLICE("message")))
		make_opaque(part);
}

static struct mime_part *part_parse(struct parser *p, struct mime_part *parent, size_t start, const struct frame *frames, unsigned depth,
                                    struct stop *ret)
{
	struct mime_part *part = part_new(p, parent, start);
	bool deep = depth + 1 >= MIME_DEPTH_MAX || p->parts >= MIME_PARTS_MAX, is_multipart, is_message;

	*ret = (struct stop){0};
	part->body_start = header_end(p, start, frames, ret);
	fields_apply(p, part, slice_sub(p->message, start, part->body_start));
	is_multipart = slice_eq(part->type, SLICE("multipart"));
	is_message = mime_part_is(part, SLICE("message"), SLICE("rfc822")) || mime_part_is(part, SLICE("message"), SLICE("global"));
	if ((deep && is_multipart) || (is_message && (deep || !is_identity(part->encoding)))) {
		part->encoded_message = is_message && !deep;
		make_opaque(part);
		is_multipart = is_message = false;
	}
	if (ret->frame != NULL)
		cut_parse(p, part, ret);
	else if (is_multipart)
		multipart_parse(p, part, frames, depth, ret);
	else if (is_message)
		message_parse(p, part, frames, depth, ret);
	else
		leaf_parse(p, part, frames, ret);
	return part;
}

struct mime_part *mime_structure_parse(struct slice message, struct arena *arena)
{
	struct parser p = {.message = message, .arena = arena};
	struct stop stop;

	return part_parse(&p, NULL, 0, NULL, 0, &stop);
}

struct mime_part *mime_part_next(const struct mime_part *part)
{
	if (part->children != NULL)
		return part->children;
	while (part != NULL && part->next == NULL)
		part = part->parent;
	return part != NULL ? part->next : NULL;
}

bool mime_part_is_attachment(const struct mime_part *part)
{
	bool text = slice_eq(part->type, SLICE("text"));

	if (slice_eq(part->type, SLICE("multipart")))
		return false;
	if (slice_eq(part->disposition, SLICE("attachment")))
		return true;
	if (mime_part_is(part, SLICE("application"), SLICE("pkcs7-signature")) || mime_part_is(part, SLICE("application"), SLICE("pgp-signature")))
		return false;
	if (mime_param_find(part->disposition_params, SLICE("filename")) != NULL || mime_param_find(part->params, SLICE("name")) != NULL)
		/* A named picture inside HTML is shown there. */
		return !(part->has_id && part->parent != NULL && mime_part_is(part->parent, SLICE("multipart"), SLICE("related")));
	return !text && !mime_part_is_message(part) && !slice_eq(part->disposition, SLICE("inline"))
		&& !(part->has_id && part->parent != NULL && mime_part_is(part->parent, SLICE("multipart"), SLICE("related")));
}
