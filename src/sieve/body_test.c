/* body (RFC 5173). Of long bodies the first SIEVE_BODY_MAX bytes are looked at. */
#include "base/codec.h"
#include "mime/param.h"
#include "mime/structure.h"
#include "mime/text.h"
#include "sieve/machine.h"

enum { BODY_RAW, BODY_CONTENT, BODY_TEXT };
static const struct sieve_tag tags_body[] = {
	{"raw", SLOT_KEY, 0, SIEVE_BODY, BODY_RAW}, {"content", SLOT_KEY, 'l', SIEVE_BODY, BODY_CONTENT}, {"text", SLOT_KEY, 0, SIEVE_BODY,
		BODY_TEXT},
	{.name = NULL},
};

static const struct mime_part *root_of(struct machine *m)
{
	if (m->root == NULL)
		m->root = mime_structure_parse(m->letter->message, m->arena);
	return m->root;
}

static struct slice body_of(const struct machine *m, const struct mime_part *part)
{
	struct slice body = slice_sub(m->letter->message, part->body_start, part->body_end);
	return slice_sub(body, 0, 2 * SIEVE_BODY_MAX);
}

static struct slice kept(struct machine *m, struct buf *out)
{
	struct slice ret = arena_dup(m->arena, slice_sub(buf_slice(out), 0, SIEVE_BODY_MAX));
	buf_free(out);
	return ret;
}

/* As a person reads it: charset and markup off. */
static struct slice text_of(struct machine *m, const struct mime_part *part)
{
	struct buf out = BUF_INIT(16 * SIEVE_BODY_MAX);
	struct mime_text *text = mime_text_open(part, false, m->arena);
	mime_text_feed(text, body_of(m, part), true, &out);
	mime_text_close(&text);
	return kept(m, &out);
}

/* Without its transfer encoding; a text part in UTF-8 too (RFC 5173 5.2). */
static struct slice content_of(struct machine *m, const struct mime_part *part)
{
	struct slice body = body_of(m, part);
	struct buf out = BUF_INIT(16 * SIEVE_BODY_MAX);
	if (slice_eq(part->type, SLICE("text")) && !slice_eq(part->subtype, SLICE("html")))
		return text_of(m, part);
	if (slice_eq(part->encoding, SLICE("base64")))
		base64_decode_lenient(body, &out);
	else if (slice_eq(part->encoding, SLICE("quoted-printable")))
		quoted_printable_decode(body, &out);
	else
		return slice_sub(body, 0, SIEVE_BODY_MAX);
	return kept(m, &out);
}

/* RFC 5173 5.2: "" is every part, "text" a type, "text/plain" both. */
static bool type_fits(const struct mime_part *part, struct slice wanted)
{
	ptrdiff_t slash = slice_find(wanted, '/');
	if (wanted.n == 0)
		return true;
	if (slash < 0)
		return slice_eq_nocase(part->type, wanted);
	if (slash == 0 || (size_t)slash + 1 == wanted.n || slice_find(slice_from(wanted, (size_t)slash + 1), '/') >= 0)
		return false;
	return slice_eq_nocase(part->type, slice_sub(wanted, 0, (size_t)slash)) &&
	       slice_eq_nocase(part->subtype, slice_from(wanted, (size_t)slash + 1));
}

static bool part_wanted(struct machine *m, const struct mime_part *part, const struct sieve_arg *types)
{
	if (types == NULL)
		return slice_eq(part->type, SLICE("text")) && !mime_part_is_attachment(part);
	for (size_t i = 0; i < types->count; i++)
		if (type_fits(part, machine_string(m, &types->strings[i])))
			return true;
	return false;
}

/* Of a multipart: what stands before and behind its parts; of an enclosed message: its header. Both as RFC 5173 5.2 wants it. */
static void match_container(struct matching *x, const struct mime_part *part)
{
	struct slice message = x->m->letter->message;
	const struct mime_part *first = part->children, *last = first;
	if (mime_part_is_message(part)) {
		matching_value(x, slice_sub(message, part->body_start, first->body_start));
		return;
	}
	while (last->next != NULL)
		last = last->next;
	if (!matching_value(x, slice_sub(message, part->body_start, first->header_start)))
		matching_value(x, slice_sub(message, last->body_end, part->body_end));
}

static bool test_parts(struct machine *m, const struct sieve_node *node, const struct sieve_arg *types)
{
	struct matching x;
	matching_begin(&x, m, node, node_arg(node, 0));
	for (const struct mime_part *part = root_of(m); part != NULL && !x.found && !m->stopped; part = mime_part_next(part)) {
		if (!part_wanted(m, part, types) || !machine_charge(m, node->place, part->body_end - part->body_start))
			continue;
		if (part->children != NULL)
			match_container(&x, part);
		else
			matching_value(&x, types == NULL ? text_of(m, part) : content_of(m, part));
	}
	return matching_end(&x);
}

static bool test_body(struct machine *m, const struct sieve_node *node)
{
	const struct sieve_bound *how = node_tag(node, SLOT_KEY);
	struct matching x;
	bool ret;
	if (!machine_charge(m, node->place, m->letter->message.n / 4))
		return false;
	m->no_matches = true; /* RFC 5173 6 */
	if (how != NULL && how->tag->code == BODY_RAW) {
		matching_begin(&x, m, node, node_arg(node, 0));
		matching_value(&x, slice_sub(slice_from(m->letter->message, m->header.n), 0, SIEVE_BODY_MAX));
		ret = matching_end(&x);
	} else {
		ret = test_parts(m, node, how != NULL ? how->arg : NULL);
	}
	m->no_matches = false;
	return ret;
}

const struct sieve_def sieve_test_body = {.name = "body", .extension = SIEVE_BODY, .tags = {sieve_tags_match, sieve_tags_comparator,
	tags_body},
	.arguments = "l", .matches = true, .test = test_body};
