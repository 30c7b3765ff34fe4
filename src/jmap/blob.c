#include "jmap/blob.h"

#include <string.h>

#include "base/codec.h"
#include "jmap/mail.h"
#include "jmap/private.h"
#include "mime/digest.h"

/* ---- finding it ---- */

static enum jmap_blob_coding coding_of(const struct mime_part *part)
{
	if (slice_eq(part->encoding, SLICE("base64")))
		return JMAP_BLOB_BASE64;
	return slice_eq(part->encoding, SLICE("quoted-printable")) ? JMAP_BLOB_QUOTED : JMAP_BLOB_PLAIN;
}

static int open_part(struct account *mail, unsigned number, struct arena *arena, struct jmap_blob *ret)
{
	struct digest digest;
	struct slice encoded;
	uint32_t prefix;
	const struct mime_part *part;
	int rc = mail->ops->digest(mail, &ret->mailbox, ret->uid, false, arena, &encoded, &prefix, NULL);

	if (rc == 0)
		rc = digest_decode_structure(encoded, arena, &digest);
	if (rc < 0)
		return rc;
	part = jmap_part_find(digest.root, number);
	if (part == NULL)
		return ERR_NOT_FOUND;
	ret->start = prefix + part->body_start;
	ret->end = prefix + part->body_end;
	ret->coding = coding_of(part);
	ret->size = ret->coding == JMAP_BLOB_PLAIN ? ret->end - ret->start : JMAP_BLOB_UNKNOWN;
	ret->type = jmap_part_type(part, arena);
	return 0;
}

static int open_email(struct jmap *j, const uint8_t email[16], unsigned part, struct arena *arena, struct jmap_blob *ret)
{
	struct jmap_email e;
	int rc = jmap_email_find(j->host.mail, email, arena, &e);

	if (rc < 0)
		return rc;
	ret->mailbox = e.rows[0].mailbox;
	ret->uid = e.rows[0].uid;
	ret->end = ret->size = e.size;
	ret->type = SLICE("message/rfc822");
	return part > 0 ? open_part(j->host.mail, part, arena, ret) : 0;
}

/* ---- ranges ---- */

static const char codings[] = {[JMAP_BLOB_PLAIN] = 'p', [JMAP_BLOB_BASE64] = 'b', [JMAP_BLOB_QUOTED] = 'q'};

void jmap_blob_print_within(struct slice outer, const struct mime_part *part, struct buf *out)
{
	struct slice rest = outer, one;
	unsigned marks = 0;

	while (slice_split(&rest, '_', &one))
		marks++;
	if (marks > 3 * (JMAP_BLOB_DEPTH_MAX - 1) + 1)
		return;
	buf_append(out, outer);
	buf_printf(out, "_%llu_%llu_%c", (unsigned long long)part->body_start, (unsigned long long)part->body_end, codings[coding_of(part)]);
}

static bool take_coding(struct slice text, enum jmap_blob_coding *ret)
{
	for (unsigned i = 0; i < sizeof codings; i++)
		if (text.n == 1 && text.p[0] == (uint8_t)codings[i]) {
			*ret = (enum jmap_blob_coding)i;
			return true;
		}
	return false;
}

static bool take_ranges(struct slice rest, struct jmap_blob *ret)
{
	while (rest.n > 0) {
		struct slice start, end, coding;
		struct jmap_blob_range *range = &ret->ranges[ret->range_count];
		uint32_t from, to;

		if (ret->range_count == JMAP_BLOB_DEPTH_MAX || !slice_split(&rest, '_', &start) || !slice_split(&rest, '_', &end)
		    || !slice_split(&rest, '_', &coding) || slice_to_u32(start, &from) < 0 || slice_to_u32(end, &to) < 0 || from > to
		    || !take_coding(coding, &range->coding))
			return false;
		range->start = from;
		range->end = to;
		ret->range_count++;
	}
	return true;
}

/* The size and type of what was opened are those of the whole. */
static int within(struct jmap_blob *ret)
{
	const struct jmap_blob_range *last = &ret->ranges[ret->range_count - 1];

	if (ret->size != JMAP_BLOB_UNKNOWN && ret->ranges[0].end > ret->size)
		return ERR_NOT_FOUND;
	for (unsigned i = 1; i < ret->range_count; i++)
		if (ret->ranges[i - 1].coding == JMAP_BLOB_PLAIN && ret->ranges[i].end > ret->ranges[i - 1].end - ret->ranges[i - 1].start)
			return ERR_NOT_FOUND;
	ret->size = last->coding == JMAP_BLOB_PLAIN ? last->end - last->start : JMAP_BLOB_UNKNOWN;
	ret->type = SLICE("application/octet-stream");
	return 0;
}

static int open_whole(struct jmap *j, struct slice id, struct arena *arena, struct jmap_blob *ret)
{
	uint8_t bytes[16];
	unsigned part;

	if (jmap_blob_parse(id, bytes, &part))
		return open_email(j, bytes, part, arena, ret);
	if (!jmap_id_parse(id, 'U', bytes) || j->host.blob_find == NULL)
		return ERR_NOT_FOUND;
	ret->uploaded = true;
	return j->host.blob_find(j->host.arg, bytes, arena, &ret->type, &ret->size);
}

int jmap_blob_open(struct jmap *j, struct slice id, struct arena *arena, struct jmap_blob *ret)
{
	struct slice rest = id;
	int rc;

	*ret = (struct jmap_blob){.jmap = j, .id = id, .outer = id};
	if (slice_find(id, '_') > 0) {
		(void)slice_split(&rest, '_', &ret->outer);
		if (!take_ranges(rest, ret) || ret->range_count == 0)
			return ERR_NOT_FOUND;
	}
	rc = open_whole(j, ret->outer, arena, ret);
	ret->stored = ret->size;
	return rc == 0 && ret->range_count > 0 ? within(ret) : rc;
}

int jmap_blob_give(const struct jmap_blob *b)
{
	struct account *mail = b->jmap->host.mail;

	if (b->uploaded || mail->ops->give == NULL)
		return 0;
	return mail->ops->give(mail, &b->mailbox, b->uid, b->start, b->end - b->start, NULL);
}

int jmap_blob_may(const struct jmap_blob *b)
{
	return b->jmap->host.view_only && !b->uploaded ? ERR_DENIED : 0;
}

int jmap_blob_take(const struct jmap_blob *b)
{
	int rc = jmap_blob_may(b);

	return rc < 0 ? rc : jmap_blob_give(b);
}

/* ---- reading ---- */

void jmap_blob_start(struct jmap_blob_reader *r, const struct jmap_blob *blob)
{
	*r = (struct jmap_blob_reader){.blob = blob};
	for (unsigned i = 0; i <= blob->range_count; i++)
		r->stages[i].carry = BUF_INIT(4 * JMAP_BLOB_STEP);
}

void jmap_blob_stop(struct jmap_blob_reader *r)
{
	for (unsigned i = 0; i <= r->blob->range_count; i++)
		buf_free_secret(&r->stages[i].carry);
}

static int read_raw(struct jmap_blob_reader *r, struct buf *out)
{
	const struct jmap_blob *b = r->blob;
	struct account *mail = b->jmap->host.mail;
	uint64_t end = b->uploaded ? b->stored : b->end - b->start, n = end - r->at < JMAP_BLOB_STEP ? end - r->at : JMAP_BLOB_STEP;
	uint8_t id[16];
	int rc;

	if (b->uploaded)
		rc = jmap_id_parse(b->outer, 'U', id) ? b->jmap->host.blob_read(b->jmap->host.arg, id, r->at, n, out) : ERR_NOT_FOUND;
	else
		rc = mail->ops->read(mail, &b->mailbox, b->uid, b->start + r->at, n, out, NULL);
	r->at += n;
	r->end = r->at >= end;
	return rc < 0 ? rc : out->failed ? ERR_LIMIT : 0;
}

static bool is_base64(uint8_t c)
{
	return ascii_is_alnum(c) || c == '+' || c == '/';
}

/* How many bytes at the front are whole groups of four. */
static size_t whole_groups(struct slice s)
{
	size_t significant = 0, end = 0;

	for (size_t i = 0; i < s.n; i++)
		if (is_base64(s.p[i]) && ++significant % 4 == 0)
			end = i + 1;
	return end;
}

/* Up to the last line's end; without one, not within an escape. */
static size_t whole_lines(struct slice s)
{
	ptrdiff_t lf = slice_rfind(s, '\n'), sign = slice_rfind(s, '=');

	if (lf >= 0)
		return (size_t)lf + 1;
	return sign >= 0 && s.n - (size_t)sign < 3 ? (size_t)sign : s.n;
}

static void decode(enum jmap_blob_coding coding, bool end, struct buf *carry, struct buf *out)
{
	bool base64 = coding == JMAP_BLOB_BASE64;
	struct slice raw = buf_slice(carry);
	size_t n = end ? raw.n : base64 ? whole_groups(raw) : whole_lines(raw);

	(void)(base64 ? base64_decode_lenient : quoted_printable_decode)(slice_sub(raw, 0, n), out);
	buf_consume(carry, n);
}

/* The bytes that a stage takes of those that come in: stage 0 is the whole, behind it a range of what came out of the one before. */
static struct slice cut(const struct jmap_blob *b, unsigned stage, uint64_t at, struct slice bytes)
{
	const struct jmap_blob_range *range;
	uint64_t from, to;

	if (stage == 0)
		return bytes;
	range = &b->ranges[stage - 1];
	from = range->start > at ? range->start - at : 0;
	to = range->end > at ? range->end - at : 0;
	return slice_sub(bytes, from < bytes.n ? (size_t)from : bytes.n, to < bytes.n ? (size_t)to : bytes.n);
}

static int feed(struct jmap_blob_reader *r, unsigned stage, struct slice bytes, struct buf *out)
{
	const struct jmap_blob *b = r->blob;
	struct jmap_blob_stage *s = &r->stages[stage];
	enum jmap_blob_coding coding = stage == 0 ? b->coding : b->ranges[stage - 1].coding;
	struct slice taken = cut(b, stage, s->at, bytes);
	struct buf plain = BUF_INIT(8 * JMAP_BLOB_STEP);
	bool last = stage == b->range_count;
	int rc = 0;

	s->at += bytes.n;
	if (coding == JMAP_BLOB_PLAIN) {
		rc = last ? 0 : feed(r, stage + 1, taken, out);
		if (last)
			buf_append(out, taken);
	} else {
		buf_append(&s->carry, taken);
		decode(coding, r->end, &s->carry, last ? out : &plain);
		rc = s->carry.failed || plain.failed ? ERR_LIMIT : 0;
		if (rc == 0 && !last)
			rc = feed(r, stage + 1, buf_slice(&plain), out);
	}
	buf_free_secret(&plain);
	return rc < 0 ? rc : out->failed ? ERR_LIMIT : 0;
}

int jmap_blob_next(struct jmap_blob_reader *r, struct buf *out)
{
	struct buf raw = BUF_INIT(2 * JMAP_BLOB_STEP);
	int rc = 0;

	if (r->end)
		return 0;
	if (r->blob->coding == JMAP_BLOB_PLAIN && r->blob->range_count == 0)
		return read_raw(r, out);
	rc = read_raw(r, &raw);
	if (rc == 0)
		rc = feed(r, 0, buf_slice(&raw), out);
	buf_free_secret(&raw);
	return rc;
}

int jmap_blob_read(const struct jmap_blob *blob, struct buf *out)
{
	struct jmap_blob_reader r;
	int rc = 0;

	jmap_blob_start(&r, blob);
	while (rc == 0 && !r.end)
		rc = jmap_blob_next(&r, out);
	jmap_blob_stop(&r);
	return rc;
}
