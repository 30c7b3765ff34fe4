#include "base/ensure.h"
#include "base/error.h"
#include "mime/digest.h"
#include "mime/limits.h"

/* docs/digest.md is the format. */

#define PARTS_BOUND (2 * MIME_PARTS_MAX) /* a multipart without parts has a made one */
#define DEPTH_BOUND (MIME_DEPTH_MAX + 2)

enum { FLAG_SENT = 1, FLAG_ATTACHMENT = 2, FLAG_OPAQUE = 4, FLAG_TEXT_CUT = 8 };
enum { SECRET_ENDS = 1 };
enum { ENVELOPE_DATE = 1, ENVELOPE_SUBJECT = 2, ENVELOPE_REPLY = 4, ENVELOPE_ID = 8 };
enum { ADDRESS_NAME = 1, ADDRESS_MAILBOX = 2, ADDRESS_HOST = 4 };
enum {
	PART_ID = 1, PART_DESCRIPTION = 2, PART_MD5 = 4, PART_LANGUAGE = 8, PART_LOCATION = 16, PART_DISPOSITION = 32, PART_MESSAGE = 64,
};

static uint8_t bit(bool on, unsigned flag)
{
	return (uint8_t)(on ? flag : 0);
}

/* Counts are written before their elements. */
static void addresses_encode(const struct mime_address *first, struct buf *out)
{
	uint16_t count = 0;

	for (const struct mime_address *a = first; a != NULL; a = a->next)
		count++;
	buf_put_u16(out, count);
	for (const struct mime_address *a = first; a != NULL; a = a->next) {
		buf_put_u8(out, bit(a->has_name, ADDRESS_NAME) | bit(a->has_mailbox, ADDRESS_MAILBOX) | bit(a->has_host, ADDRESS_HOST));
		buf_put_bytes(out, a->name);
		buf_put_bytes(out, a->mailbox);
		buf_put_bytes(out, a->host);
	}
}

static void envelope_encode_to(const struct mime_envelope *e, struct buf *out)
{
	buf_put_u8(out, bit(e->has_date, ENVELOPE_DATE) | bit(e->has_subject, ENVELOPE_SUBJECT) | bit(e->has_in_reply_to, ENVELOPE_REPLY)
		| bit(e->has_message_id, ENVELOPE_ID));
	buf_put_bytes(out, e->date);
	buf_put_bytes(out, e->subject);
	buf_put_bytes(out, e->in_reply_to);
	buf_put_bytes(out, e->message_id);
	addresses_encode(e->from, out);
	addresses_encode(e->sender, out);
	addresses_encode(e->reply_to, out);
	addresses_encode(e->to, out);
	addresses_encode(e->cc, out);
	addresses_encode(e->bcc, out);
}

static void params_encode(const struct mime_param *first, struct buf *out)
{
	uint16_t count = 0;

	for (const struct mime_param *p = first; p != NULL; p = p->next)
		count++;
	buf_put_u16(out, count);
	for (const struct mime_param *p = first; p != NULL; p = p->next) {
		buf_put_u8(out, p->extended);
		buf_put_bytes(out, p->name);
		buf_put_bytes(out, p->value);
	}
}

static void part_encode(const struct mime_part *part, struct buf *out)
{
	uint16_t children = 0;

	buf_put_u8(out, bit(part->has_id, PART_ID) | bit(part->has_description, PART_DESCRIPTION) | bit(part->has_md5, PART_MD5)
		| bit(part->has_language, PART_LANGUAGE) | bit(part->has_location, PART_LOCATION)
		| bit(part->has_disposition, PART_DISPOSITION) | bit(part->envelope != NULL, PART_MESSAGE));
	buf_put_u64(out, part->header_start);
	buf_put_u64(out, part->body_start);
	buf_put_u64(out, part->body_end);
	buf_put_u32(out, part->lines);
	buf_put_bytes(out, part->type);
	buf_put_bytes(out, part->subtype);
	params_encode(part->params, out);
	buf_put_bytes(out, part->encoding);
	buf_put_bytes(out, part->id);
	buf_put_bytes(out, part->description);
	buf_put_bytes(out, part->md5);
	buf_put_bytes(out, part->language);
	buf_put_bytes(out, part->location);
	buf_put_bytes(out, part->disposition);
	params_encode(part->disposition_params, out);
	if (part->envelope != NULL)
		envelope_encode_to(part->envelope, out);
	for (const struct mime_part *child = part->children; child != NULL; child = child->next)
		children++;
	buf_put_u16(out, children);
	for (const struct mime_part *child = part->children; child != NULL; child = child->next)
		part_encode(child, out);
}

static void secret_encode(const struct digest_secret *secret, struct buf *out)
{
	buf_put_u8(out, bit(secret->ends, SECRET_ENDS));
	buf_put_u64(out, (uint64_t)secret->expires_unix);
	buf_append_bytes(out, secret->key, sizeof secret->key);
}

void digest_encode(const struct digest *d, struct buf *out)
{
	size_t start = buf_len(out);
	uint32_t length;

	buf_put_u8(out, d->secret != NULL ? DIGEST_VERSION : DIGEST_VERSION_PLAIN);
	buf_put_u32(out, 0); /* length of the listing, below */
	buf_put_u8(out, bit(d->has_sent, FLAG_SENT) | bit(d->has_attachment, FLAG_ATTACHMENT) | bit(d->opaque, FLAG_OPAQUE)
		| bit(d->search_text_cut, FLAG_TEXT_CUT));
	buf_append_bytes(out, d->email_id, sizeof d->email_id);
	buf_put_u64(out, d->size);
	buf_put_u64(out, d->header_size);
	buf_put_u64(out, (uint64_t)d->sent_unix);
	envelope_encode_to(&d->envelope, out);
	buf_put_bytes(out, d->base_subject);
	buf_put_bytes(out, d->message_id);
	buf_put_u16(out, (uint16_t)d->reference_count);
	for (size_t i = 0; i < d->reference_count; i++)
		buf_put_bytes(out, d->references[i]);
	buf_put_bytes(out, d->preview);
	buf_put_bytes(out, d->display_from);
	buf_put_bytes(out, d->display_to);
	buf_put_bytes(out, d->display_cc);
	part_encode(d->root, out);
	if (d->secret != NULL)
		secret_encode(d->secret, out);
	length = (uint32_t)(buf_len(out) - start);
	buf_put_bytes(out, d->search_header);
	if (!d->search_text_of_body)
		buf_put_bytes(out, d->search_text);
	if (out->failed)
		return;
	for (int i = 0; i < 4; i++)
		out->data[out->start + start + 1 + (size_t)i] = (uint8_t)(length >> (24 - 8 * i));
}

struct reader {
	struct slice rest;
	struct arena *arena;
	unsigned parts;
	uint64_t size;
};

static bool addresses_decode(struct reader *r, struct mime_address **ret)
{
	uint16_t count;

	if (!slice_get_u16(&r->rest, &count) || count > 2 * MIME_ADDRESSES_MAX + 1)
		return false;
	for (; count > 0; count--) {
		struct mime_address *a = ARENA_NEW(r->arena, struct mime_address);
		uint8_t flags;

		if (!slice_get_u8(&r->rest, &flags) || !slice_get_bytes(&r->rest, &a->name) || !slice_get_bytes(&r->rest, &a->mailbox)
		    || !slice_get_bytes(&r->rest, &a->host))
			return false;
		a->has_name = flags & ADDRESS_NAME;
		a->has_mailbox = flags & ADDRESS_MAILBOX;
		a->has_host = flags & ADDRESS_HOST;
		*ret = a;
		ret = &a->next;
	}
	return true;
}

static bool envelope_decode_from(struct reader *r, struct mime_envelope *e)
{
	uint8_t flags;

	if (!slice_get_u8(&r->rest, &flags) || !slice_get_bytes(&r->rest, &e->date) || !slice_get_bytes(&r->rest, &e->subject)
	    || !slice_get_bytes(&r->rest, &e->in_reply_to) || !slice_get_bytes(&r->rest, &e->message_id))
		return false;
	e->has_date = flags & ENVELOPE_DATE;
	e->has_subject = flags & ENVELOPE_SUBJECT;
	e->has_in_reply_to = flags & ENVELOPE_REPLY;
	e->has_message_id = flags & ENVELOPE_ID;
	return addresses_decode(r, &e->from) && addresses_decode(r, &e->sender) && addresses_decode(r, &e->reply_to)
		&& addresses_decode(r, &e->to) && addresses_decode(r, &e->cc) && addresses_decode(r, &e->bcc);
}

static bool params_decode(struct reader *r, struct mime_param **ret)
{
	uint16_t count;

	if (!slice_get_u16(&r->rest, &count) || count > MIME_PARAMS_MAX)
		return false;
	for (; count > 0; count--) {
		struct mime_param *p = ARENA_NEW(r->arena, struct mime_param);
		uint8_t extended;

		if (!slice_get_u8(&r->rest, &extended) || !slice_get_bytes(&r->rest, &p->name) || !slice_get_bytes(&r->rest, &p->value))
			return false;
		p->extended = extended != 0;
		*ret = p;
		ret = &p->next;
	}
	return true;
}

static bool part_texts_decode(struct reader *r, struct mime_part *part)
{
	return slice_get_bytes(&r->rest, &part->type) && slice_get_bytes(&r->rest, &part->subtype) && params_decode(r, &part->params)
		&& slice_get_bytes(&r->rest, &part->encoding) && slice_get_bytes(&r->rest, &part->id)
		&& slice_get_bytes(&r->rest, &part->description) && slice_get_bytes(&r->rest, &part->md5)
		&& slice_get_bytes(&r->rest, &part->language) && slice_get_bytes(&r->rest, &part->location)
		&& slice_get_bytes(&r->rest, &part->disposition) && params_decode(r, &part->disposition_params);
}

/* Offsets must nest: a reader slices by them. */
static bool part_ranges_decode(struct reader *r, struct mime_part *part)
{
	uint64_t floor = part->parent != NULL ? part->parent->body_start : 0, ceiling = part->parent != NULL ? part->parent->body_end : r->size;

	return slice_get_u64(&r->rest, &part->header_start) && slice_get_u64(&r->rest, &part->body_start)
		&& slice_get_u64(&r->rest, &part->body_end) && slice_get_u32(&r->rest, &part->lines) && part->header_start >= floor
		&& part->body_start >= part->header_start && part->body_end >= part->body_start && part->body_end <= ceiling;
}

static struct mime_part *part_decode(struct reader *r, struct mime_part *parent, unsigned depth)
{
	struct mime_part *part = ARENA_NEW(r->arena, struct mime_part), **last = &part->children;
	uint8_t flags;
	uint16_t children;

	part->parent = parent;
	if (depth > DEPTH_BOUND || r->parts++ > PARTS_BOUND || !slice_get_u8(&r->rest, &flags) || !part_ranges_decode(r, part)
	    || !part_texts_decode(r, part))
		return NULL;
	part->has_id = flags & PART_ID;
	part->has_description = flags & PART_DESCRIPTION;
	part->has_md5 = flags & PART_MD5;
	part->has_language = flags & PART_LANGUAGE;
	part->has_location = flags & PART_LOCATION;
	part->has_disposition = flags & PART_DISPOSITION;
	if (flags & PART_MESSAGE) {
		part->envelope = ARENA_NEW(r->arena, struct mime_envelope);
		if (!envelope_decode_from(r, part->envelope))
			return NULL;
	}
	if (!slice_get_u16(&r->rest, &children))
		return NULL;
	/* Readers rely on it: a multipart has parts, a message has one, nothing else has any. */
	if ((part->envelope != NULL && children != 1) || (slice_eq(part->type, SLICE("multipart")) && children == 0))
		return NULL;
	for (; children > 0; children--) {
		*last = part_decode(r, part, depth + 1);
		if (*last == NULL)
			return NULL;
		last = &(*last)->next;
	}
	return part;
}

static bool references_decode(struct reader *r, struct digest *d)
{
	uint16_t count;

	if (!slice_get_u16(&r->rest, &count) || count > MIME_REFERENCES_MAX)
		return false;
	d->reference_count = count;
	d->references = arena_alloc_array(r->arena, count, sizeof *d->references);
	for (size_t i = 0; i < count; i++)
		if (!slice_get_bytes(&r->rest, &d->references[i]))
			return false;
	return true;
}

static bool fixed_decode(struct reader *r, struct digest *d)
{
	uint8_t flags;
	uint64_t sent;

	if (!slice_get_u8(&r->rest, &flags) || !slice_get_fixed(&r->rest, d->email_id, sizeof d->email_id)
	    || !slice_get_u64(&r->rest, &d->size) || !slice_get_u64(&r->rest, &d->header_size) || !slice_get_u64(&r->rest, &sent)
	    || d->header_size > d->size)
		return false;
	d->sent_unix = (int64_t)sent;
	d->has_sent = flags & FLAG_SENT;
	d->has_attachment = flags & FLAG_ATTACHMENT;
	d->opaque = flags & FLAG_OPAQUE;
	d->search_text_cut = flags & FLAG_TEXT_CUT;
	r->size = d->size;
	return true;
}

/* Version 2 is made for letters that have one. */
static bool secret_decode(struct reader *r, struct digest *d)
{
	struct digest_secret *secret = ARENA_NEW(r->arena, struct digest_secret);
	uint8_t flags;
	uint64_t expires;

	if (!slice_get_u8(&r->rest, &flags) || (flags & ~SECRET_ENDS) != 0 || !slice_get_u64(&r->rest, &expires)
	    || !slice_get_fixed(&r->rest, secret->key, sizeof secret->key))
		return false;
	secret->ends = flags & SECRET_ENDS;
	secret->expires_unix = (int64_t)expires;
	d->secret = secret;
	return true;
}

static bool listing_decode(struct reader *r, struct digest *d)
{
	return fixed_decode(r, d) && envelope_decode_from(r, &d->envelope) && slice_get_bytes(&r->rest, &d->base_subject)
		&& slice_get_bytes(&r->rest, &d->message_id) && references_decode(r, d) && slice_get_bytes(&r->rest, &d->preview)
		&& slice_get_bytes(&r->rest, &d->display_from) && slice_get_bytes(&r->rest, &d->display_to)
		&& slice_get_bytes(&r->rest, &d->display_cc) && (d->root = part_decode(r, NULL, 0)) != NULL
		&& (d->version < DIGEST_VERSION || secret_decode(r, d)) && r->rest.n == 0;
}

size_t digest_listing_length(struct slice prefix)
{
	uint8_t version;
	uint32_t length;

	if (!slice_get_u8(&prefix, &version) || !slice_get_u32(&prefix, &length) || version < DIGEST_VERSION_PLAIN
	    || version > DIGEST_VERSION || length < DIGEST_PREFIX)
		return 0;
	return length;
}

struct slice digest_listing(struct slice data)
{
	size_t length = digest_listing_length(data);

	return length <= data.n ? slice_sub(data, 0, length) : SLICE_NONE;
}

/* A reader behind the prefix of the listing: 0, ERR_DAMAGED or ERR_UNSUPPORTED. */
static int reader_begin(struct reader *r, struct slice data, struct arena *arena, struct slice *ret_texts)
{
	struct slice listing;

	if (data.n > 0 && data.p[0] > DIGEST_VERSION)
		return ERR_UNSUPPORTED;
	listing = digest_listing(data);
	if (listing.n == 0)
		return ERR_DAMAGED;
	*r = (struct reader){.arena = arena, .rest = slice_from(listing, DIGEST_PREFIX)};
	*ret_texts = slice_from(data, listing.n);
	return 0;
}

int digest_decode_envelope(struct slice data, struct arena *arena, struct digest *ret)
{
	struct digest d = {.version = data.n > 0 ? data.p[0] : 0};
	struct reader r;
	struct slice texts;
	int code = reader_begin(&r, data, arena, &texts);

	if (code < 0)
		return code;
	if (!fixed_decode(&r, &d) || !envelope_decode_from(&r, &d.envelope))
		return ERR_DAMAGED;
	*ret = d;
	return 0;
}

int digest_decode_structure(struct slice data, struct arena *arena, struct digest *ret)
{
	struct digest d = {.version = data.n > 0 ? data.p[0] : 0};
	struct reader r;
	struct slice texts;
	int code = reader_begin(&r, data, arena, &texts);

	if (code < 0)
		return code;
	if (!listing_decode(&r, &d))
		return ERR_DAMAGED;
	*ret = d;
	return 0;
}

int digest_decode(struct slice data, struct arena *arena, struct digest *ret)
{
	struct slice texts;
	struct digest d;
	struct reader r;
	int code = reader_begin(&r, data, arena, &texts);

	if (code == 0)
		code = digest_decode_structure(data, arena, &d);
	if (code < 0)
		return code;
	if (texts.n > 0 && (!slice_get_bytes(&texts, &d.search_header) || !slice_get_bytes(&texts, &d.search_text) || texts.n > 0))
		return ERR_DAMAGED;
	*ret = d;
	return 0;
}
