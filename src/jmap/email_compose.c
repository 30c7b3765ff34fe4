/* From an Email object to fields and parts (RFC 8621 4.6). */
#include "jmap/write.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "base/list.h"
#include "jmap/date.h"
#include "jmap/email_header.h"
#include "mime/limits.h"

#define FIELDS_MAX 500

/* ---- fields ---- */

static const struct { const char *property, *field; enum jmap_header_form form; } conveniences[] = {
	{"messageId", "Message-ID", JMAP_FORM_MESSAGE_IDS}, {"inReplyTo", "In-Reply-To", JMAP_FORM_MESSAGE_IDS},
	{"references", "References", JMAP_FORM_MESSAGE_IDS}, {"sender", "Sender", JMAP_FORM_ADDRESSES}, {"from", "From", JMAP_FORM_ADDRESSES},
	{"to", "To", JMAP_FORM_ADDRESSES}, {"cc", "Cc", JMAP_FORM_ADDRESSES}, {"bcc", "Bcc", JMAP_FORM_ADDRESSES},
	{"replyTo", "Reply-To", JMAP_FORM_ADDRESSES}, {"subject", "Subject", JMAP_FORM_TEXT}, {"sentAt", "Date", JMAP_FORM_DATE},
};

static bool property_parse(struct slice property, struct jmap_header_property *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(conveniences); i++) {
		if (slice_eq(property, slice_str(conveniences[i].property))) {
			*ret = (struct jmap_header_property){.name = slice_str(conveniences[i].field), .form = conveniences[i].form};
			return true;
		}
	}
	return slice_starts(property, SLICE("header:")) && jmap_header_parse(property, ret);
}

struct slice jmap_property_field(struct slice property)
{
	struct jmap_header_property p;

	return property_parse(property, &p) ? p.name : SLICE_NONE;
}

static bool put_addresses(const json_t *list, struct arena *arena, struct build_group *ret)
{
	struct build_address *addresses = arena_alloc_array(arena, json_array_size(list) + 1, sizeof *addresses);
	const json_t *one;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > MIME_ADDRESSES_MAX)
		return false;
	json_array_foreach(list, i, one) {
		const json_t *name = json_object_get(one, "name");

		addresses[i] = (struct build_address){.name = jmap_text(name), .email = jmap_text(json_object_get(one, "email"))};
		if (!json_is_object(one) || (name != NULL && !json_is_null(name) && !json_is_string(name)) || !build_email_ok(addresses[i].email))
			return false;
	}
	ret->addresses = addresses;
	ret->count = json_array_size(list);
	return true;
}

static bool put_grouped(const json_t *list, struct arena *arena, struct buf *out)
{
	struct build_group *groups = arena_alloc_array(arena, json_array_size(list) + 1, sizeof *groups);
	const json_t *one;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > MIME_ADDRESSES_MAX)
		return false;
	json_array_foreach(list, i, one) {
		const json_t *name = json_object_get(one, "name");

		if (!json_is_object(one) || (name != NULL && !json_is_null(name) && !json_is_string(name))
		    || !put_addresses(json_object_get(one, "addresses"), arena, &groups[i]))
			return false;
		groups[i].name = jmap_text(name);
	}
	build_address_value(groups, json_array_size(list), out);
	return true;
}

static bool put_list(const json_t *list, bool urls, struct arena *arena, struct buf *out)
{
	struct slice *items = arena_alloc_array(arena, json_array_size(list) + 1, sizeof *items);
	const json_t *one;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > MIME_REFERENCES_MAX * 10)
		return false;
	json_array_foreach(list, i, one)
		items[i] = jmap_text(one);
	return (urls ? build_urls_value : build_ids_value)(items, json_array_size(list), out) == 0;
}

/* "2014-10-30T14:12:00+08:00": the zone stays. */
static bool put_date(struct slice text, struct buf *out)
{
	int64_t when;
	int zone = 0;

	if (jmap_date_parse(text, false, &when) < 0)
		return false;
	if (text.n > 6 && text.p[text.n - 3] == ':' && (text.p[text.n - 6] == '+' || text.p[text.n - 6] == '-')) {
		uint32_t hours, minutes;

		if (slice_to_u32(slice_sub(text, text.n - 5, text.n - 3), &hours) < 0 || slice_to_u32(slice_from(text, text.n - 2), &minutes) < 0)
			return false;
		zone = (int)(hours * 3600 + minutes * 60) * (text.p[text.n - 6] == '-' ? -1 : 1);
	}
	build_date_value(when, zone, out);
	return true;
}

static bool put_value(enum jmap_header_form form, const json_t *value, struct arena *arena, struct buf *out)
{
	struct build_group group = {0};
	struct slice text = jmap_text(value);

	switch (form) {
	case JMAP_FORM_RAW:
		buf_append(out, text);
		return json_is_string(value) && build_raw_check(text) == 0;
	case JMAP_FORM_TEXT:
		build_text_value(text, out);
		return json_is_string(value);
	case JMAP_FORM_ADDRESSES:
		if (!put_addresses(value, arena, &group))
			return false;
		build_address_value(&group, 1, out);
		return true;
	case JMAP_FORM_GROUPED:
		return put_grouped(value, arena, out);
	case JMAP_FORM_MESSAGE_IDS:
	case JMAP_FORM_URLS:
		return put_list(value, form == JMAP_FORM_URLS, arena, out);
	case JMAP_FORM_DATE:
		return json_is_string(value) && put_date(text, out);
	}
	return false;
}

static bool add_field(struct jmap_call *call, const struct jmap_header_property *p, const json_t *value, struct build_field ***end)
{
	struct buf out = BUF_INIT(BUILD_VALUE_MAX);
	struct build_field *field = ARENA_NEW(&call->arena, struct build_field);
	bool good = build_name_ok(p->name) && put_value(p->form, value, &call->arena, &out) && !out.failed;

	field->name = arena_dup(&call->arena, p->name);
	field->value = arena_dup(&call->arena, buf_slice(&out));
	field->raw = p->form == JMAP_FORM_RAW;
	buf_free(&out);
	if (!good)
		return false;
	**end = field;
	*end = &field->next;
	return true;
}

bool jmap_compose_field(struct jmap_call *call, const char *property, const json_t *value, struct build_field ***end)
{
	struct jmap_header_property p;
	const json_t *one;
	size_t i;

	if (!property_parse(slice_str(property), &p))
		return false;
	if (json_is_null(value))
		return true;
	if (!p.all)
		return add_field(call, &p, value, end);
	if (!json_is_array(value) || json_array_size(value) > FIELDS_MAX)
		return false;
	json_array_foreach(value, i, one)
		if (!add_field(call, &p, one, end))
			return false;
	return true;
}

/* Two properties that say the same field (RFC 8621 4.6). */
static bool field_said_twice(const json_t *object, const char *property)
{
	struct slice field = jmap_property_field(slice_str(property));
	const char *other;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, other, value) {
		if (!slice_eq(slice_str(other), slice_str(property)) && field.n > 0 && slice_eq_nocase(jmap_property_field(slice_str(other)), field))
			return true;
	}
	return false;
}

static bool is_content_field(struct slice field)
{
	return slice_starts_nocase(field, SLICE("Content-"));
}

/* ---- parts ---- */

struct composing {
	struct jmap_call *call;
	struct jmap_set_item *item;
	const json_t *values;      /* bodyValues */
	json_t *missing;           /* blobs that are not there */
	unsigned parts;
};

static bool invalid(struct composing *c, const char *property)
{
	(void)jmap_set_invalid(c->item, property);
	return false;
}

static bool take_text_member(const json_t *part, const char *name, struct slice *ret)
{
	const json_t *value = json_object_get(part, name);

	*ret = jmap_text(value);
	return value == NULL || json_is_null(value) || (json_is_string(value) && ret->n <= BUILD_PARAM_MAX);
}

static bool is_false_or_absent(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return value == NULL || json_is_false(value) || json_is_null(value);
}

static bool take_text(struct composing *c, const json_t *part, struct build_part *ret)
{
	const json_t *value = jmap_member(c->values, jmap_text(json_object_get(part, "partId")));
	const json_t *charset = json_object_get(part, "charset"), *size = json_object_get(part, "size");

	if (!json_is_object(value) || !json_is_string(json_object_get(value, "value")) || !is_false_or_absent(value, "isEncodingProblem")
	    || !is_false_or_absent(value, "isTruncated") || (charset != NULL && !json_is_null(charset)) || (size != NULL && !json_is_null(size)))
		return false;
	ret->is_text = true;
	ret->text = jmap_text(json_object_get(value, "value"));
	return true;
}

static bool take_blob(struct composing *c, const json_t *part, struct build_part *ret)
{
	struct jmap_source *source = ARENA_NEW(&c->call->arena, struct jmap_source);
	struct slice id = jmap_text(json_object_get(part, "blobId"));

	if (!jmap_id_resolve(c->call, id, &id) || jmap_source_open(c->call, id, source) < 0) {
		json_array_append(c->missing, json_object_get(part, "blobId"));
		return true;
	}
	ret->read = jmap_source_read;
	ret->read_arg = source;
	ret->size = source->size;
	return true;
}

static bool take_part_fields(struct composing *c, const json_t *part, struct build_part *ret)
{
	static const char *const known[] = {"partId", "blobId", "size", "name", "type", "charset", "disposition", "cid", "language", "location", "subParts"};
	struct build_field **end = &ret->fields;
	const char *property;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)part, property, value) {
		struct slice field = jmap_property_field(slice_str(property));
		bool is_known = false;

		for (size_t i = 0; i < ARRAY_LEN(known) && !is_known; i++)
			is_known = slice_eq(slice_str(property), slice_str(known[i]));
		if (is_known)
			continue;
		if (!slice_starts(slice_str(property), SLICE("header:")) || field.n == 0 || slice_eq_nocase(field, SLICE("Content-Transfer-Encoding"))
		    || field_said_twice(part, property) || !jmap_compose_field(c->call, property, value, &end))
			return false;
		ret->own_type = ret->own_type || slice_eq_nocase(field, SLICE("Content-Type"));
		ret->own_disposition = ret->own_disposition || slice_eq_nocase(field, SLICE("Content-Disposition"));
	}
	return true;
}

static bool take_languages(struct composing *c, const json_t *part, struct build_part *ret)
{
	const json_t *list = json_object_get(part, "language"), *one;
	struct buf out = BUF_INIT(BUILD_PARAM_MAX);
	bool good = list == NULL || json_is_null(list) || json_is_array(list);
	size_t i;

	json_array_foreach(list, i, one) {
		good = good && json_is_string(one);
		if (i > 0)
			buf_append(&out, SLICE(", "));
		buf_append(&out, jmap_text(one));
	}
	ret->languages = arena_dup(&c->call->arena, buf_slice(&out));
	good = good && !out.failed;
	buf_free(&out);
	return good;
}

static bool take_part(struct composing *c, const json_t *part, const char *property, struct build_part *ret);

static bool take_children(struct composing *c, const json_t *part, const char *property, struct build_part *ret)
{
	const json_t *list = json_object_get(part, "subParts"), *one;
	struct build_part **end = &ret->children;
	size_t i;

	if (json_object_get(part, "partId") != NULL || json_object_get(part, "blobId") != NULL || !json_is_array(list) || json_array_size(list) == 0)
		return invalid(c, property);
	json_array_foreach(list, i, one) {
		*end = ARENA_NEW(&c->call->arena, struct build_part);
		if (!take_part(c, one, property, *end))
			return false;
		end = &(*end)->next;
	}
	return true;
}

static bool take_part(struct composing *c, const json_t *part, const char *property, struct build_part *ret)
{
	bool multipart, text = json_is_string(json_object_get(part, "partId")), blob = json_is_string(json_object_get(part, "blobId"));

	if (!json_is_object(part) || ++c->parts > MIME_PARTS_MAX || !take_text_member(part, "type", &ret->type) || !take_text_member(part, "name", &ret->name)
	    || !take_text_member(part, "disposition", &ret->disposition) || !take_text_member(part, "cid", &ret->cid)
	    || !take_text_member(part, "location", &ret->location) || !take_text_member(part, "charset", &ret->charset)
	    || !take_languages(c, part, ret) || !take_part_fields(c, part, ret))
		return invalid(c, property);
	ret->type = ret->type.n > 0 ? ascii_dup_lower(&c->call->arena, ret->type) : text ? SLICE("text/plain") : SLICE("application/octet-stream");
	multipart = slice_starts(ret->type, SLICE("multipart/"));
	if (multipart)
		return take_children(c, part, property, ret);
	if (text == blob || json_is_array(json_object_get(part, "subParts")) || (text && !slice_starts(ret->type, SLICE("text/")))
	    || !(text ? take_text : take_blob)(c, part, ret))
		return invalid(c, property);
	return true;
}

/* A list of parts of the email: textBody, htmlBody, attachments. */
static bool take_list(struct composing *c, const char *property, const char *type, struct build_part **ret)
{
	const json_t *list = json_object_get(c->item->object, property), *one;
	struct build_part **end = ret;
	size_t i;

	if (list == NULL || json_is_null(list))
		return true;
	if (!json_is_array(list) || (type != NULL && json_array_size(list) != 1))
		return invalid(c, property);
	json_array_foreach(list, i, one) {
		*end = ARENA_NEW(&c->call->arena, struct build_part);
		if (json_object_get(one, "type") == NULL && type != NULL)
			(*end)->type = slice_str(type);
		if (!take_part(c, one, property, *end))
			return false;
		if (type != NULL && json_object_get(one, "type") == NULL)
			(*end)->type = slice_str(type);
		if (type != NULL && !slice_eq((*end)->type, slice_str(type)))
			return invalid(c, property);
		end = &(*end)->next;
	}
	return true;
}

static struct build_part *around(struct composing *c, const char *type, struct build_part *first, struct build_part *second)
{
	struct build_part *outer = ARENA_NEW(&c->call->arena, struct build_part);

	outer->type = slice_str(type);
	outer->children = first;
	first->next = second;
	return outer;
}

/* Pictures that the HTML shows go beside it (RFC 2387). */
static struct build_part *take_inline(struct build_part **attachments)
{
	struct build_part *taken = NULL, **end = &taken;

	while (*attachments != NULL) {
		struct build_part *part = *attachments;

		if (part->cid.n > 0 && slice_eq_nocase(part->disposition, SLICE("inline"))) {
			*attachments = part->next;
			part->next = NULL;
			*end = part;
			end = &part->next;
		} else {
			attachments = &part->next;
		}
	}
	return taken;
}

static bool take_bodies(struct composing *c, struct build_part **ret)
{
	struct build_part *text = NULL, *html = NULL, *attachments = NULL, *pictures;

	if (!take_list(c, "textBody", "text/plain", &text) || !take_list(c, "htmlBody", "text/html", &html)
	    || !take_list(c, "attachments", NULL, &attachments))
		return false;
	pictures = html != NULL ? take_inline(&attachments) : NULL;
	if (pictures != NULL)
		html = around(c, "multipart/related", html, pictures);
	*ret = text != NULL && html != NULL ? around(c, "multipart/alternative", text, html) : text != NULL ? text : html;
	for (struct build_part *a = attachments; a != NULL; a = a->next) {
		if (a->disposition.n == 0)
			a->disposition = SLICE("attachment");
	}
	if (attachments != NULL) {
		struct build_part *empty = ARENA_NEW(&c->call->arena, struct build_part);

		*empty = (struct build_part){.type = SLICE("text/plain"), .is_text = true};
		*ret = around(c, "multipart/mixed", *ret != NULL ? *ret : empty, attachments);
	}
	return true;
}

static bool take_root(struct composing *c, struct build_part **ret)
{
	const json_t *structure = json_object_get(c->item->object, "bodyStructure");
	static const char *const lists[] = {"textBody", "htmlBody", "attachments"};

	if (structure == NULL || json_is_null(structure))
		return take_bodies(c, ret);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const json_t *list = json_object_get(c->item->object, lists[i]);

		if (list != NULL && !json_is_null(list))
			return invalid(c, lists[i]);
	}
	*ret = ARENA_NEW(&c->call->arena, struct build_part);
	return take_part(c, structure, "bodyStructure", *ret);
}

/* ---- the whole ---- */

static bool take_fields(struct composing *c, struct build_field **ret)
{
	static const char *const known[] = {"mailboxIds", "keywords", "receivedAt", "bodyStructure", "bodyValues", "textBody", "htmlBody", "attachments"};
	struct build_field **end = ret;
	const char *property;
	json_t *value;
	bool good = true;

	json_object_foreach(c->item->object, property, value) {
		struct slice field = jmap_property_field(slice_str(property));
		bool is_known = false;

		for (size_t i = 0; i < ARRAY_LEN(known) && !is_known; i++)
			is_known = slice_eq(slice_str(property), slice_str(known[i]));
		if (is_known)
			continue;
		if (field.n == 0 || is_content_field(field) || slice_eq_nocase(field, SLICE("MIME-Version")) || field_said_twice(c->item->object, property)
		    || !jmap_compose_field(c->call, property, value, &end))
			good = invalid(c, property);
	}
	return good;
}

static bool has_field(const struct build_field *list, struct slice name)
{
	for (; list != NULL; list = list->next)
		if (slice_eq_nocase(list->name, name))
			return true;
	return false;
}

static void add_made(struct composing *c, const char *name, struct slice value, struct build_field **list)
{
	struct build_field *field = ARENA_NEW(&c->call->arena, struct build_field);

	field->name = slice_str(name);
	field->value = value;
	field->next = *list;
	*list = field;
}

/* RFC 8621 4.6: what a message has to have, and the client left to the server. */
static void add_missing(struct composing *c, struct build_field **list)
{
	const struct jmap_host *host = jmap_host(c->call->jmap);
	ptrdiff_t at = slice_rfind(host->address, '@');
	struct buf out = BUF_INIT(BUILD_VALUE_MAX);
	uint8_t random[16];

	if (!has_field(*list, SLICE("Message-ID"))) {
		host->random(host->arg, random, sizeof random);
		buf_append_byte(&out, '<');
		for (size_t i = 0; i < sizeof random; i++)
			buf_printf(&out, "%02x", random[i]);
		buf_append(&out, at >= 0 ? slice_from(host->address, (size_t)at) : SLICE("@localhost"));
		buf_append_byte(&out, '>');
		add_made(c, "Message-ID", arena_dup(&c->call->arena, buf_slice(&out)), list);
		buf_clear(&out);
	}
	if (!has_field(*list, SLICE("Date"))) {
		build_date_value(jmap_now(c->call), 0, &out);
		add_made(c, "Date", arena_dup(&c->call->arena, buf_slice(&out)), list);
	}
	buf_free(&out);
}

static bool values_good(const json_t *values)
{
	return values == NULL || json_is_null(values) || json_is_object(values);
}

bool jmap_compose(struct jmap_call *call, struct jmap_set_item *item, struct build_message *ret)
{
	struct composing c = {.call = call, .item = item, .values = json_object_get(item->object, "bodyValues"), .missing = json_array()};
	bool good = values_good(c.values) || invalid(&c, "bodyValues");

	*ret = (struct build_message){0};
	good = take_fields(&c, &ret->fields) && good;
	good = take_root(&c, &ret->root) && good;
	if (good && json_array_size(c.missing) > 0) {
		char *list = json_dumps(c.missing, JSON_COMPACT);

		(void)jmap_set_error(item, "blobNotFound", SLICE_NONE);
		item->members = arena_printf(&call->arena, "\"notFound\":%s", list != NULL ? list : "[]");
		free(list);
		good = false;
	}
	json_decref(c.missing);
	if (good) {
		add_missing(&c, &ret->fields);
		jmap_host(call->jmap)->random(jmap_host(call->jmap)->arg, ret->seed, sizeof ret->seed);
	}
	return good;
}
