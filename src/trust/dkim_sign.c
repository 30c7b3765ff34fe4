#include "trust/dkim_sign.h"

#include <string.h>

#include "base/codec.h"
#include "crypt/hash.h"
#include "trust/sign_fields.h"

#define LINE_MAX_BYTES 76
#define BASE64_LINE 64
#define LIST_START 20

/* ---- writing ---- */

void tag_writer_start(struct tag_writer *w, const char *field, struct buf *out)
{
	*w = (struct tag_writer){.out = out};
	buf_append_str(out, field);
	buf_append_byte(out, ':');
	w->column = slice_str(field).n + 1;
}

static void fold(struct tag_writer *w)
{
	buf_append_str(w->out, "\r\n ");
	w->column = 1;
}

static void put(struct tag_writer *w, struct slice piece)
{
	buf_append(w->out, piece);
	w->column += piece.n;
}

/* A list in lines: white space may stand behind a colon (RFC 6376 3.5 h=). */
static void put_list(struct tag_writer *w, struct slice value)
{
	while (value.n > 0) {
		ptrdiff_t colon = slice_find(value, ':');
		struct slice item = slice_sub(value, 0, colon < 0 ? value.n : (size_t)colon + 1);
		if (w->column + item.n > LINE_MAX_BYTES)
			fold(w);
		put(w, item);
		value = slice_from(value, item.n);
	}
}

void tag_write(struct tag_writer *w, const char *name, struct slice value)
{
	size_t n = slice_str(name).n + 1;
	bool list = w->fold_values && slice_find(value, ':') >= 0;
	size_t least = list ? LIST_START : w->fold_values && value.n == 0 ? BASE64_LINE : value.n;
	if (w->count++ > 0)
		put(w, SLICE(";"));
	if (w->column + 1 + n + least > LINE_MAX_BYTES)
		fold(w);
	else
		put(w, SLICE(" "));
	put(w, slice_str(name));
	put(w, SLICE("="));
	if (list)
		put_list(w, value);
	else
		put(w, value);
}

static void put_signature(struct slice raw, bool folded, struct buf *out)
{
	struct buf text = BUF_INIT(MAIL_SIGNATURE_MAX * 2);
	base64_encode(raw, &text);
	struct slice rest = buf_slice(&text);
	while (folded && rest.n > BASE64_LINE) {
		buf_append(out, slice_sub(rest, 0, BASE64_LINE));
		buf_append_str(out, "\r\n ");
		rest = slice_from(rest, BASE64_LINE);
	}
	buf_append(out, rest);
	buf_free(&text);
}

/* The field with an empty b=, as it is hashed: `value` is what stands behind the colon of `whole`. */
static void hash_covered(struct slice covered, struct slice whole, uint8_t digest[HASH_SIZE])
{
	struct buf bytes = BUF_INIT(covered.n + whole.n + 2);
	size_t colon = (size_t)slice_find(whole, ':');
	struct mime_field field = {.name = slice_sub(whole, 0, colon), .value = slice_from(whole, colon + 1), .whole = whole};
	buf_append(&bytes, covered);
	message_canonical_signature(&field, slice_from(field.value, field.value.n), true, &bytes);
	hash_sha256(buf_slice(&bytes), digest);
	buf_free(&bytes);
}

int tag_sign(const struct dkim_signer *signer, struct slice before, struct slice after, bool folded, struct slice covered, struct buf *out,
             struct error *err)
{
	struct buf field = BUF_INIT(DKIM_SIGN_FIELD_MAX), signature = BUF_INIT(MAIL_SIGNATURE_MAX);
	uint8_t digest[HASH_SIZE];
	buf_append(&field, before);
	buf_append(&field, after);
	int rc = field.failed ? error_set(err, ERR_LIMIT, "the signature field is too long") : 0;
	if (rc == 0) {
		hash_covered(covered, buf_slice(&field), digest);
		rc = signer->sign(signer->arg, signer, digest, &signature, err);
	}
	if (rc == 0) {
		buf_append(out, before);
		put_signature(buf_slice(&signature), folded, out);
		buf_append(out, after);
		buf_append_str(out, "\r\n");
		rc = out->failed ? error_set(err, ERR_LIMIT, "no room for the signature field") : 0;
	}
	buf_free(&field);
	buf_free(&signature);
	return rc;
}

/* ---- one signature ---- */

static void write_time(struct tag_writer *w, const char *name, uint64_t seconds)
{
	struct buf text = BUF_INIT(24);
	buf_append_u64(&text, seconds);
	tag_write(w, name, buf_slice(&text));
	buf_free(&text);
}

static void write_tags(const struct dkim_signer *signer, const struct dkim_signing *how, struct slice h, const uint8_t body_hash[HASH_SIZE],
                       struct buf *out)
{
	struct buf bh = BUF_INIT(64);
	struct tag_writer w;
	tag_writer_start(&w, "DKIM-Signature", out);
	w.fold_values = true;
	tag_write(&w, "v", SLICE("1"));
	tag_write(&w, "a", slice_str(mail_algorithm_name(signer->algorithm)));
	tag_write(&w, "c", SLICE("relaxed/relaxed"));
	tag_write(&w, "d", signer->domain);
	tag_write(&w, "s", signer->selector);
	write_time(&w, "t", (uint64_t)how->now_s);
	if (how->lifetime_s > 0)
		write_time(&w, "x", (uint64_t)how->now_s + how->lifetime_s);
	tag_write(&w, "h", h);
	base64_encode(slice_make(body_hash, HASH_SIZE), &bh);
	tag_write(&w, "bh", buf_slice(&bh));
	tag_write(&w, "b", SLICE_NONE);
	buf_free(&bh);
}

static int sign_one(const struct dkim_signer *signer, const struct dkim_signing *how, struct slice h, const uint8_t body_hash[HASH_SIZE],
                    struct slice covered, struct buf *out, struct error *err)
{
	struct buf field = BUF_INIT(DKIM_SIGN_FIELD_MAX);
	write_tags(signer, how, h, body_hash, &field);
	int rc = field.failed ? error_set(err, ERR_LIMIT, "the signature field is too long")
	                      : tag_sign(signer, buf_slice(&field), SLICE_NONE, true, covered, out, err);
	buf_free(&field);
	return rc;
}

static bool names_from(struct slice h)
{
	struct slice name;
	while (slice_split(&h, ':', &name))
		if (slice_eq_nocase(slice_trim(name), SLICE("from")))
			return true;
	return false;
}

int dkim_sign(struct trust_message *message, const struct dkim_signer *signers, size_t count, const struct dkim_signing *how,
	struct buf *out, struct error *err)
{
	struct buf names = BUF_INIT(DKIM_SIGN_FIELD_MAX), covered = BUF_INIT(message->header.n * 2 + 1024);
	size_t start = buf_len(out);
	int rc = 0;
	if (how->headers.n > 0)
		buf_append(&names, how->headers);
	else
		sign_fields_choose(message, &names);
	struct body_variant *body = message_want_body(message, true, MESSAGE_NO_LIMIT);
	if (message->too_big || names.failed || body == NULL)
		rc = error_set(err, ERR_INVALID, "the header cannot be signed: it is too large");
	else if (!names_from(buf_slice(&names)))
		rc = error_set(err, ERR_INVALID, "the header cannot be signed: it has no From");
	if (rc == 0) {
		message_hash_bodies(message);
		message_canonical_fields(message, buf_slice(&names), SIZE_MAX, true, &covered);
	}
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = sign_one(&signers[i], how, buf_slice(&names), body->digest, buf_slice(&covered), out, err);
	if (rc < 0)
		buf_truncate(out, start);
	buf_free(&names);
	buf_free(&covered);
	return rc;
}
