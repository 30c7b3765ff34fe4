/* Sections of messages: RFC 9051 6.4.5.1. */
#include "base/ensure.h"
#include "imap/fetch.h"
#include "mime/header.h"

static bool is_multipart(const struct mime_part *part)
{
	return slice_eq(part->type, SLICE("multipart")) && part->children != NULL;
}

/* Part n of a multipart; of anything else part 1 is the thing itself. */
static const struct mime_part *part_number(const struct mime_part *part, uint32_t n)
{
	if (!is_multipart(part))
		return n == 1 ? part : NULL;
	for (part = part->children; part != NULL && n > 1; n--)
		part = part->next;
	return part;
}

const struct mime_part *section_part(const struct digest *d, const struct fetch_item *item)
{
	const struct mime_part *part = d->root;

	for (size_t i = 0; part != NULL && i < item->number_count; i++) {
		/* A number behind a message part counts inside the message; behind any other single part there is nothing. */
		if (i > 0 && !is_multipart(part)) {
			if (part->envelope == NULL || part->children == NULL)
				return NULL;
			part = part->children;
		}
		part = part_number(part, item->numbers[i]);
	}
	return part;
}

static struct byte_range header_range(const struct mime_part *part, uint32_t prefix)
{
	return (struct byte_range){fetch_shift(part->header_start, prefix), part->body_start + prefix};
}

static struct byte_range body_range(const struct mime_part *part, uint32_t prefix)
{
	return (struct byte_range){part->body_start + prefix, part->body_end + prefix};
}

static bool top_range(const struct digest *d, uint32_t prefix, enum section_kind kind, struct byte_range *ret)
{
	uint64_t header = d->header_size + prefix, end = d->size + prefix;

	if (kind == SECTION_ALL)
		*ret = (struct byte_range){0, end};
	else if (kind == SECTION_TEXT)
		*ret = (struct byte_range){header, end};
	else
		*ret = (struct byte_range){0, header};
	return true;
}

bool section_range(const struct digest *d, uint32_t prefix, const struct fetch_item *item, struct byte_range *ret)
{
	if (item->number_count == 0)
		return top_range(d, prefix, item->section, ret);
	const struct mime_part *part = section_part(d, item);
	if (part == NULL)
		return false;
	switch (item->section) {
	case SECTION_ALL:
		*ret = body_range(part, prefix);
		break;
	case SECTION_MIME:
		*ret = header_range(part, prefix);
		break;
	case SECTION_HEADER:
	case SECTION_FIELDS:
	case SECTION_FIELDS_NOT:
	case SECTION_TEXT:
		if (part->envelope == NULL || part->children == NULL)
			return false;
		*ret = item->section == SECTION_TEXT ? body_range(part->children, prefix) : header_range(part->children, prefix);
		break;
	}
	return true;
}

static bool is_asked(struct slice name, const struct fetch_item *item)
{
	for (size_t i = 0; i < item->field_count; i++) {
		if (slice_eq_nocase(name, item->fields[i]))
			return true;
	}
	return false;
}

void section_fields(struct slice header, const struct fetch_item *item, struct buf *out)
{
	struct mime_field field;

	while (mime_field_next(&header, &field)) {
		if (is_asked(field.name, item) == (item->section == SECTION_FIELDS))
			buf_append(out, field.whole);
	}
	buf_append_str(out, "\r\n");
}

static void label_text(const struct imap_session *s, const struct fetch_item *item, struct buf *out)
{
	static const char *const names[] = {
		[SECTION_ALL] = "", [SECTION_HEADER] = "HEADER", [SECTION_FIELDS] = "HEADER.FIELDS", [SECTION_FIELDS_NOT] = "HEADER.FIELDS.NOT",
		[SECTION_TEXT] = "TEXT", [SECTION_MIME] = "MIME",
	};

	buf_append_str(out, names[item->section]);
	for (size_t i = 0; i < item->field_count; i++) {
		buf_append_str(out, i == 0 ? " (" : " ");
		imap_write_astring(s, out, item->fields[i]);
	}
	if (item->field_count > 0)
		buf_append_byte(out, ')');
}

void section_label(const struct imap_session *s, const struct fetch_item *item, struct buf *out)
{
	if (item->kind == FETCH_RFC822 || item->kind == FETCH_RFC822_HEADER || item->kind == FETCH_RFC822_TEXT) {
		buf_append_str(out, item->kind == FETCH_RFC822 ? "RFC822" : item->kind == FETCH_RFC822_HEADER ? "RFC822.HEADER" : "RFC822.TEXT");
		return;
	}
	buf_append_str(out, item->kind == FETCH_SECTION ? "BODY[" : item->kind == FETCH_BINARY ? "BINARY[" : "BINARY.SIZE[");
	for (size_t i = 0; i < item->number_count; i++) {
		if (i > 0)
			buf_append_byte(out, '.');
		buf_append_u64(out, item->numbers[i]);
	}
	if (item->number_count > 0 && item->section != SECTION_ALL)
		buf_append_byte(out, '.');
	label_text(s, item, out);
	buf_append_byte(out, ']');
	if (item->partial && item->kind != FETCH_BINARY_SIZE) {
		buf_append_byte(out, '<');
		buf_append_u64(out, item->offset);
		buf_append_byte(out, '>');
	}
}
