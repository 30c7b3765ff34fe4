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

int jmap_blob_open(struct jmap *j, struct slice id, struct arena *arena, struct jmap_blob *ret)
{
	uint8_t bytes[16];
	unsigned part;

	*ret = (struct jmap_blob){.jmap = j, .id = id};
	if (jmap_blob_parse(id, bytes, &part))
		return open_email(j, bytes, part, arena, ret);
	if (!jmap_id_parse(id, 'U', bytes) || j->host.blob_find == NULL)
		return ERR_NOT_FOUND;
	ret->uploaded = true;
	return j->host.blob_find(j->host.arg, bytes, arena, &ret->type, &ret->size);
}

int jmap_blob_give(const struct jmap_blob *b)
{
	struct account *mail = b->jmap->host.mail;

	if (b->uploaded || mail->ops->give == NULL)
		return 0;
	return mail->ops->give(mail, &b->mailbox, b->uid, b->start, b->end - b->start, NULL);
}

/* ---- reading ---- */

void jmap_blob_start(struct jmap_blob_reader *r, const struct jmap_blob *blob)
{
	*r = (struct jmap_blob_reader){.blob = blob, .carry = BUF_INIT(4 * JMAP_BLOB_STEP)};
}

void jmap_blob_stop(struct jmap_blob_reader *r)
{
	buf_free_secret(&r->carry);
}

static int read_raw(struct jmap_blob_reader *r, struct buf *out)
{
	const struct jmap_blob *b = r->blob;
	struct account *mail = b->jmap->host.mail;
	uint64_t end = b->uploaded ? b->size : b->end - b->start, n = end - r->at < JMAP_BLOB_STEP ? end - r->at : JMAP_BLOB_STEP;
	uint8_t id[16];
	int rc;

	if (b->uploaded)
		rc = jmap_id_parse(b->id, 'U', id) ? b->jmap->host.blob_read(b->jmap->host.arg, id, r->at, n, out) : ERR_NOT_FOUND;
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

static int next_decoded(struct jmap_blob_reader *r, struct buf *out)
{
	bool base64 = r->blob->coding == JMAP_BLOB_BASE64;
	int rc = read_raw(r, &r->carry);
	struct slice raw = buf_slice(&r->carry);
	size_t n = r->end ? raw.n : base64 ? whole_groups(raw) : whole_lines(raw);

	if (rc < 0)
		return rc;
	(void)(base64 ? base64_decode_lenient : quoted_printable_decode)(slice_sub(raw, 0, n), out);
	buf_consume(&r->carry, n);
	return out->failed ? ERR_LIMIT : 0;
}

int jmap_blob_next(struct jmap_blob_reader *r, struct buf *out)
{
	if (r->end)
		return 0;
	return r->blob->coding == JMAP_BLOB_PLAIN ? read_raw(r, out) : next_decoded(r, out);
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
