/* Which parts are the body and which are attached, and what is told of a part (RFC 8621 4.1.4). */
#include "jmap/email_body.h"

#include <string.h>

#include "base/list.h"
#include "jmap/blob.h"
#include "jmap/email_header.h"
#include "mime/encoded_word.h"
#include "mime/structure.h"

static const char *const names[JMAP_PART_PROPERTIES] = {
	[JMAP_PART_ID] = "partId", [JMAP_PART_BLOB] = "blobId", [JMAP_PART_SIZE] = "size", [JMAP_PART_HEADERS] = "headers", [JMAP_PART_NAME] = "name",
	[JMAP_PART_TYPE] = "type", [JMAP_PART_CHARSET] = "charset", [JMAP_PART_DISPOSITION] = "disposition", [JMAP_PART_CID] = "cid",
	[JMAP_PART_LANGUAGE] = "language", [JMAP_PART_LOCATION] = "location", [JMAP_PART_SUBPARTS] = "subParts",
};
#define BY_DEFAULT (((1u << JMAP_PART_PROPERTIES) - 1) & ~(1u << JMAP_PART_HEADERS | 1u << JMAP_PART_SUBPARTS))

bool jmap_part_wish_take(struct jmap_call *call, struct jmap_part_wish *ret)
{
	struct jmap_header_property header;
	json_t *list, *one;
	size_t i;

	*ret = (struct jmap_part_wish){.wanted = BY_DEFAULT};
	if (!jmap_arg_texts(call, "bodyProperties", &list))
		return false;
	ret->wanted = list == NULL ? BY_DEFAULT : 0;
	ret->headers = list;
	json_array_foreach(list, i, one) {
		bool known = jmap_header_parse(jmap_text(one), &header);

		for (size_t k = 0; k < ARRAY_LEN(names); k++) {
			if (slice_eq(jmap_text(one), slice_str(names[k]))) {
				ret->wanted |= 1u << k;
				known = true;
			}
		}
		if (!known) {
			(void)jmap_error(call, "invalidArguments", "\"bodyProperties\" names a property that there is not.");
			return false;
		}
	}
	return true;
}

/* ---- which is what ---- */

static void add(struct jmap_parts *list, const struct mime_part *part)
{
	if (list != NULL)
		list->list[list->count++] = part;
}

static bool is_media(const struct mime_part *part)
{
	return slice_eq(part->type, SLICE("image")) || slice_eq(part->type, SLICE("audio")) || slice_eq(part->type, SLICE("video"));
}

static bool is_text(const struct mime_part *part, const char *subtype)
{
	return mime_part_is(part, SLICE("text"), slice_str(subtype));
}

struct sorting {
	struct arena *arena;
	struct jmap_parts *attachments;
};

static bool is_inline(const struct sorting *s, const struct mime_part *part, bool first, bool related)
{
	if (part->has_disposition && slice_eq(part->disposition, SLICE("attachment")))
		return false;
	if (!is_text(part, "plain") && !is_text(part, "html") && !is_media(part))
		return false;
	return first || (!related && (is_media(part) || jmap_part_name(part, s->arena).n == 0));
}

static void copy_from(struct jmap_parts *to, const struct jmap_parts *from, size_t first)
{
	for (size_t i = first; i < from->count; i++)
		add(to, from->list[i]);
}

static void sort_alternative(struct sorting *s, const struct mime_part *part, struct jmap_parts *text, struct jmap_parts *html)
{
	if (is_text(part, "plain"))
		add(text, part);
	else if (is_text(part, "html"))
		add(html, part);
	else
		add(s->attachments, part);
}

/* The algorithm that RFC 8621 4.1.4 gives, with its names. A list that is NULL takes nothing. Depth: MIME_DEPTH_MAX. */
static void sort_parts(struct sorting *s, const struct mime_part *parts, bool siblings, struct slice multipart_type, bool in_alternative,
                       struct jmap_parts *text, struct jmap_parts *html)
{
	size_t text_length = text != NULL ? text->count : 0, html_length = html != NULL ? html->count : 0;
	bool alternative = slice_eq(multipart_type, SLICE("alternative")), related = slice_eq(multipart_type, SLICE("related"));

	for (const struct mime_part *part = parts; part != NULL; part = siblings ? part->next : NULL) {
		if (slice_eq(part->type, SLICE("multipart"))) {
			sort_parts(s, part->children, true, part->subtype, in_alternative || slice_eq(part->subtype, SLICE("alternative")), text, html);
		} else if (!is_inline(s, part, part == parts, related)) {
			add(s->attachments, part);
		} else if (alternative) {
			sort_alternative(s, part, text, html);
		} else {
			if (in_alternative && is_text(part, "plain"))
				html = NULL;
			if (in_alternative && is_text(part, "html"))
				text = NULL;
			add(text, part);
			add(html, part);
			if ((text == NULL || html == NULL) && is_media(part))
				add(s->attachments, part);
		}
	}
	if (!alternative || text == NULL || html == NULL)
		return;
	if (text->count == text_length && html->count != html_length)
		copy_from(text, html, html_length);
	else if (html->count == html_length && text->count != text_length)
		copy_from(html, text, text_length);
}

void jmap_bodies_find(const struct mime_part *root, struct arena *arena, struct jmap_bodies *ret)
{
	struct sorting s = {arena, &ret->attachments};
	size_t count = 1;

	for (const struct mime_part *part = root; part != NULL; part = mime_part_next(part))
		count++;
	*ret = (struct jmap_bodies){.text = {.list = NULL}};
	ret->text.list = arena_alloc_array(arena, count * 2, sizeof *ret->text.list);
	ret->html.list = arena_alloc_array(arena, count * 2, sizeof *ret->html.list);
	ret->attachments.list = arena_alloc_array(arena, count, sizeof *ret->attachments.list);
	sort_parts(&s, root, false, SLICE("mixed"), false, &ret->text, &ret->html);
}

/* ---- the whole email ---- */

int jmap_shown_open(struct jmap_shown *s)
{
	struct account *mail = jmap_mail(s->call);
	const struct jmap_email_row *row = &s->email->rows[0];
	struct slice encoded;
	int rc = mail->ops->digest(mail, &row->mailbox, row->uid, false, s->arena, &encoded, &s->prefix, NULL);

	s->digest = ARENA_NEW(s->arena, struct digest);
	return rc < 0 ? rc : digest_decode_structure(encoded, s->arena, s->digest);
}

int jmap_shown_give(struct jmap_shown *s, uint64_t from, uint64_t n)
{
	struct account *mail = jmap_mail(s->call);

	if (s->parsed != NULL || mail->ops->give == NULL)
		return 0; /* the blob was given as a whole */
	return mail->ops->give(mail, &s->email->rows[0].mailbox, s->email->rows[0].uid, from, n, NULL);
}

int jmap_shown_read(struct jmap_shown *s, uint64_t from, uint64_t n, struct buf *out)
{
	const struct jmap_host *host = jmap_host(s->call->jmap);
	struct account *mail = jmap_mail(s->call);

	if (s->parsed != NULL)
		return host->letter_read(host->arg, s->parsed->letter, from, n, out);
	return mail->ops->read(mail, &s->email->rows[0].mailbox, s->email->rows[0].uid, from, n, out, NULL);
}

static struct slice read_header(struct jmap_shown *s, uint64_t from, uint64_t to)
{
	struct buf out = BUF_INIT(to - from);
	struct slice header = SLICE("");

	if (jmap_shown_give(s, from, to - from) == 0 && jmap_shown_read(s, from, to - from, &out) == 0)
		header = arena_dup(s->arena, buf_slice(&out));
	buf_free(&out);
	return header;
}

struct slice jmap_shown_header(struct jmap_shown *s)
{
	if (s->header.p == NULL)
		s->header = read_header(s, 0, s->prefix + s->digest->header_size);
	return s->header;
}

/* ---- one part ---- */

static struct slice part_header(struct jmap_shown *s, const struct mime_part *part)
{
	if (part->parent == NULL)
		return slice_from(jmap_shown_header(s), s->prefix);
	return read_header(s, s->prefix + part->header_start, s->prefix + part->body_start);
}

static void member_or_null(struct emit *e, const char *name, bool present, struct slice text)
{
	if (present)
		emit_member_text(e, name, text);
	else
		emit_member_null(e, name);
}

static void print_charset(struct emit *e, const struct mime_part *part)
{
	for (const struct mime_param *p = part->params; p != NULL; p = p->next) {
		if (slice_eq(p->name, SLICE("charset"))) {
			emit_member_text(e, names[JMAP_PART_CHARSET], p->value);
			return;
		}
	}
	member_or_null(e, names[JMAP_PART_CHARSET], slice_eq(part->type, SLICE("text")), SLICE("us-ascii"));
}

static void print_languages(struct emit *e, const struct mime_part *part)
{
	struct slice rest = part->language, one;

	emit_key(e, names[JMAP_PART_LANGUAGE]);
	if (!part->has_language) {
		emit_null(e);
		return;
	}
	emit_array(e);
	while (slice_split(&rest, ',', &one)) {
		if (slice_trim(one).n > 0)
			emit_text(e, slice_trim(one));
	}
	emit_array_end(e);
}

static struct slice without_angles(struct slice id)
{
	id = slice_trim(id);
	if (slice_starts(id, SLICE("<")))
		id = slice_from(id, 1);
	return slice_ends(id, SLICE(">")) ? slice_sub(id, 0, id.n - 1) : id;
}

static void print_ids(struct jmap_shown *s, const struct mime_part *part, unsigned wanted)
{
	struct emit *e = jmap_out(s->call);
	bool multipart = slice_eq(part->type, SLICE("multipart"));
	struct buf text = BUF_INIT(JMAP_BLOB_ID_MAX);

	if ((wanted >> JMAP_PART_ID & 1) != 0) {
		buf_append_u64(&text, jmap_part_number(part));
		member_or_null(e, names[JMAP_PART_ID], !multipart, buf_slice(&text));
	}
	buf_clear(&text);
	if ((wanted >> JMAP_PART_BLOB & 1) != 0) {
		if (s->parsed != NULL)
			jmap_blob_print_within(s->parsed->blob, part, &text);
		else
			jmap_blob_print(s->email->id, jmap_part_number(part), &text);
		member_or_null(e, names[JMAP_PART_BLOB], !multipart, buf_slice(&text));
	}
	buf_free(&text);
	if ((wanted >> JMAP_PART_SIZE & 1) != 0)
		emit_member_number(e, names[JMAP_PART_SIZE], (int64_t)jmap_part_size(s, part));
}

static void print_headers(struct jmap_shown *s, const struct mime_part *part, const struct jmap_part_wish *wish)
{
	struct emit *e = jmap_out(s->call);
	struct jmap_header_property header;
	const json_t *one;
	size_t i;

	if ((wish->wanted >> JMAP_PART_HEADERS & 1) != 0) {
		emit_key(e, names[JMAP_PART_HEADERS]);
		jmap_headers_print(e, part_header(s, part));
	}
	json_array_foreach(wish->headers, i, one) {
		if (!jmap_header_parse(jmap_text(one), &header))
			continue;
		emit_key_text(e, jmap_text(one));
		jmap_header_print(e, &header, part_header(s, part), s->arena);
	}
}

static void print_described(struct jmap_shown *s, const struct mime_part *part, unsigned wanted)
{
	struct emit *e = jmap_out(s->call);
	struct slice name = jmap_part_name(part, s->arena);

	if ((wanted >> JMAP_PART_NAME & 1) != 0)
		member_or_null(e, names[JMAP_PART_NAME], name.n > 0, name);
	if ((wanted >> JMAP_PART_TYPE & 1) != 0)
		emit_member_text(e, names[JMAP_PART_TYPE], jmap_part_type(part, s->arena));
	if ((wanted >> JMAP_PART_CHARSET & 1) != 0)
		print_charset(e, part);
	if ((wanted >> JMAP_PART_DISPOSITION & 1) != 0)
		member_or_null(e, names[JMAP_PART_DISPOSITION], part->has_disposition, part->disposition);
	if ((wanted >> JMAP_PART_CID & 1) != 0)
		member_or_null(e, names[JMAP_PART_CID], part->has_id, without_angles(part->id));
	if ((wanted >> JMAP_PART_LANGUAGE & 1) != 0)
		print_languages(e, part);
	if ((wanted >> JMAP_PART_LOCATION & 1) != 0)
		member_or_null(e, names[JMAP_PART_LOCATION], part->has_location, slice_trim(part->location));
}

void jmap_part_print(struct jmap_shown *s, const struct mime_part *part, const struct jmap_part_wish *wish)
{
	struct emit *e = jmap_out(s->call);

	emit_object(e);
	print_ids(s, part, wish->wanted);
	print_described(s, part, wish->wanted);
	print_headers(s, part, wish);
	if ((wish->wanted >> JMAP_PART_SUBPARTS & 1) != 0 && slice_eq(part->type, SLICE("multipart"))) {
		emit_key(e, names[JMAP_PART_SUBPARTS]);
		emit_array(e);
		for (const struct mime_part *child = part->children; child != NULL; child = child->next)
			jmap_part_print(s, child, wish);
		emit_array_end(e);
	}
	emit_object_end(e);
}

void jmap_parts_print(struct jmap_shown *s, const struct jmap_parts *parts, const struct jmap_part_wish *wish)
{
	struct emit *e = jmap_out(s->call);

	emit_array(e);
	for (size_t i = 0; i < parts->count; i++)
		jmap_part_print(s, parts->list[i], wish);
	emit_array_end(e);
}
