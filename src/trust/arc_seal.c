#include "base/codec.h"
#include "trust/arc.h"
#include "trust/sign_fields.h"
#include "trust/tags.h"

/* ---- what others and we found out ---- */

static bool has_authserv_id(struct slice value, struct slice authserv_id, struct slice *ret_rest)
{
	ptrdiff_t end = slice_find(value, ';');
	struct slice id = slice_sub(value, 0, end < 0 ? value.n : (size_t)end);
	/* RFC 8601 2.2: comments may stand around it. */
	mime_skip_cfws(&id);
	size_t n = 0;
	while (n < id.n && id.p[n] > ' ' && id.p[n] != '(')
		n++;
	*ret_rest = end < 0 ? SLICE_NONE : slice_from(value, (size_t)end + 1);
	return slice_eq_nocase(slice_sub(id, 0, n), authserv_id);
}

void arc_collect_results(const struct trust_message *message, struct slice authserv_id, struct buf *out)
{
	bool any = false;
	for (size_t i = 0; i < message->field_count; i++) {
		struct slice rest;
		if (!slice_eq_nocase(message->fields[i].name, SLICE("Authentication-Results")) ||
		    !has_authserv_id(message->fields[i].value, authserv_id, &rest))
			continue;
		rest = slice_trim(rest);
		while (rest.n > 0 && rest.p[rest.n - 1] == ';')
			rest = slice_trim(slice_sub(rest, 0, rest.n - 1));
		if (rest.n == 0)
			continue;
		if (any)
			buf_append_str(out, ";\r\n ");
		buf_append(out, rest);
		any = true;
	}
}

/* ---- sealing ---- */

/* The three fields of the set in the making. */
struct sealing {
	const struct arc_sealing *how;
	struct trust_message *message;
	unsigned instance;
	const char *cv;
	struct buf results, signature, seal;
};

static void write_number(struct tag_writer *w, const char *name, uint64_t n)
{
	struct buf text = BUF_INIT(24);
	buf_append_u64(&text, n);
	tag_write(w, name, buf_slice(&text));
	buf_free(&text);
}

static int make_results(struct sealing *s, struct error *err)
{
	struct slice results = slice_trim(s->how->results);
	buf_printf(&s->results, "ARC-Authentication-Results: i=%u; ", s->instance);
	buf_append(&s->results, s->how->authserv_id);
	buf_append_str(&s->results, ";\r\n ");
	buf_append(&s->results, results.n > 0 ? results : SLICE("none"));
	buf_append_str(&s->results, "\r\n");
	return s->results.failed ? error_set(err, ERR_LIMIT, "the authentication results are too long") : 0;
}

/* The tags behind b=, each after a ";". */
static struct tag_writer continued(struct buf *out)
{
	return (struct tag_writer){.out = out, .count = 1, .column = UINT16_MAX};
}

static int make_signature(struct sealing *s, struct error *err)
{
	const struct dkim_signer *signer = &s->how->signer;
	struct buf before = BUF_INIT(DKIM_SIGN_FIELD_MAX), after = BUF_INIT(DKIM_SIGN_FIELD_MAX), names = BUF_INIT(DKIM_SIGN_FIELD_MAX);
	struct buf covered = BUF_INIT(s->message->header.n * 2 + 1024), bh = BUF_INIT(64);
	struct body_variant *body = message_want_body(s->message, true, MESSAGE_NO_LIMIT);
	struct tag_writer w;
	int rc = ERR_INVALID;
	if (s->how->headers.n > 0)
		buf_append(&names, s->how->headers);
	else
		sign_fields_choose(s->message, &names);
	if (body == NULL || names.failed || buf_len(&names) == 0) {
		error_set(err, ERR_INVALID, "the header cannot be signed");
		goto out;
	}
	message_hash_bodies(s->message);
	base64_encode(slice_make(body->digest, sizeof body->digest), &bh);
	tag_writer_start(&w, "ARC-Message-Signature", &before);
	tag_write(&w, "a", slice_str(mail_algorithm_name(signer->algorithm)));
	tag_write(&w, "b", SLICE_NONE);
	w = continued(&after);
	tag_write(&w, "bh", buf_slice(&bh));
	tag_write(&w, "c", SLICE("relaxed/relaxed"));
	tag_write(&w, "d", signer->domain);
	tag_write(&w, "h", buf_slice(&names));
	write_number(&w, "i", s->instance);
	tag_write(&w, "s", signer->selector);
	write_number(&w, "t", (uint64_t)s->how->now_s);
	message_canonical_fields(s->message, buf_slice(&names), SIZE_MAX, true, &covered);
	rc = tag_sign(signer, buf_slice(&before), buf_slice(&after), false, buf_slice(&covered), &s->signature, err);
out:
	buf_free(&before);
	buf_free(&after);
	buf_free(&names);
	buf_free(&covered);
	buf_free(&bh);
	return rc;
}

static void cover_field(struct slice whole, struct buf *out)
{
	struct mime_field field;
	if (mime_field_next(&whole, &field))
		message_canonical_field(&field, true, out);
}

static const struct mime_field *find_part(const struct trust_message *m, const char *name, unsigned instance)
{
	for (size_t i = 0; i < m->field_count; i++)
		if (slice_eq_nocase(m->fields[i].name, slice_str(name)) && arc_field_instance(m->fields[i].value) == instance)
			return &m->fields[i];
	return NULL;
}

/* A chain that failed is not vouched for: then the seal covers its own set only (RFC 8617 5.1.2). */
static void cover_chain(const struct sealing *s, const struct arc_report *chain, struct buf *out)
{
	static const char *const order[] = {"ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"};
	for (unsigned i = 1; i < s->instance && chain->result == ARC_PASS; i++)
		for (size_t part = 0; part < 3; part++) {
			const struct mime_field *field = find_part(s->message, order[part], i);
			if (field != NULL)
				message_canonical_field(field, true, out);
		}
	cover_field(buf_slice(&s->results), out);
	cover_field(buf_slice(&s->signature), out);
}

static int make_seal(struct sealing *s, const struct arc_report *chain, struct error *err)
{
	const struct dkim_signer *signer = &s->how->signer;
	struct buf before = BUF_INIT(DKIM_SIGN_FIELD_MAX), after = BUF_INIT(DKIM_SIGN_FIELD_MAX);
	struct buf covered = BUF_INIT(s->message->header.n * 2 + 2 * ARC_RESULTS_MAX);
	struct tag_writer w;
	tag_writer_start(&w, "ARC-Seal", &before);
	tag_write(&w, "a", slice_str(mail_algorithm_name(signer->algorithm)));
	tag_write(&w, "b", SLICE_NONE);
	w = continued(&after);
	tag_write(&w, "cv", slice_str(s->cv));
	tag_write(&w, "d", signer->domain);
	write_number(&w, "i", s->instance);
	tag_write(&w, "s", signer->selector);
	write_number(&w, "t", (uint64_t)s->how->now_s);
	cover_chain(s, chain, &covered);
	int rc = covered.failed ? error_set(err, ERR_LIMIT, "the chain is too long")
	                        : tag_sign(signer, buf_slice(&before), buf_slice(&after), false, buf_slice(&covered), &s->seal, err);
	buf_free(&before);
	buf_free(&after);
	buf_free(&covered);
	return rc;
}

int arc_seal(const struct arc_report *chain, struct trust_message *message, const struct arc_sealing *how, struct buf *out,
	struct error *err)
{
	struct sealing s = {.how = how, .message = message, .instance = chain->count + 1, .cv = arc_result_name(chain->result),
		.results = BUF_INIT(ARC_RESULTS_MAX), .signature = BUF_INIT(DKIM_SIGN_FIELD_MAX), .seal = BUF_INIT(DKIM_SIGN_FIELD_MAX)};
	if (chain->sealed_fail || chain->count >= ARC_SETS_MAX)
		return error_set(err, ERR_EXISTS, "no set may be added to this chain");
	if (message->too_big)
		return error_set(err, ERR_INVALID, "the header cannot be signed");
	int rc = make_results(&s, err);
	if (rc == 0)
		rc = make_signature(&s, err);
	if (rc == 0)
		rc = make_seal(&s, chain, err);
	if (rc == 0) {
		buf_append(out, buf_slice(&s.seal));
		buf_append(out, buf_slice(&s.signature));
		buf_append(out, buf_slice(&s.results));
		rc = out->failed ? error_set(err, ERR_LIMIT, "no room for the set") : 0;
	}
	buf_free(&s.results);
	buf_free(&s.signature);
	buf_free(&s.seal);
	return rc;
}
