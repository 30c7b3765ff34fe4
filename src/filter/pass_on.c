/* Letters of strangers on their way through us to somebody else. */
#include "base/utf8.h"
#include "filter/filter_internal.h"
#include "filter/judge.h"
#include "filter/sign.h"
#include "mime/address.h"
#include "mime/encoded_word.h"
#include "trust/dkim.h"
#include "trust/dmarc.h"

#define ADDED_MAX 131072   /* bytes of what is written in front */
#define DISPLAY_MAX 200    /* bytes of a name that is shown */

bool filter_author_lost(struct facts *facts, struct slice letter, struct arena *arena)
{
	struct dmarc_request request = {0};
	struct dkim_report *dkim = ARENA_NEW(arena, struct dkim_report);
	struct dmarc_check dmarc;
	struct trust_message m;
	message_init(&m, letter, arena);
	facts_rerun(facts);
	dkim_verify(facts, &m, NULL, dkim);
	request.header = m.header;
	for (size_t i = 0; i < dkim->count && !dkim->waiting; i++) {
		const struct dkim_signature *s = &dkim->signatures[i];
		request.dkim_failed_now |= s->result == DKIM_TEMPERROR;
		if (s->result == DKIM_PASS && !s->testing && request.dkim_count < DMARC_IDENTITIES_MAX)
			request.dkim_domains[request.dkim_count++] = s->domain;
	}
	dmarc_check(facts, &request, &dmarc);
	/* What is not known keeps its author: everything that matters was asked when the letter was judged. */
	return !dkim->waiting && !dmarc.waits && dmarc.result == DMARC_FAIL && dmarc.disposition != DMARC_POLICY_NONE;
}

static struct slice display(struct slice from, struct slice by, struct arena *arena)
{
	const struct mime_address *a = mime_address_next(mime_address_parse(from, arena));
	struct slice name = a != NULL ? utf8_prefix(mime_address_display(a, arena), DISPLAY_MAX) : SLICE("unknown");
	return arena_printf(arena, "%.*s via %.*s", SLICE_ARG(name), SLICE_ARG(by));
}

static void field_add(const char *name, struct slice value, struct buf *out)
{
	buf_append_str(out, name);
	buf_append(out, value);
	buf_append_str(out, "\r\n");
}

static void author_write(struct slice from, struct slice by, bool answered, struct arena *arena, struct buf *out)
{
	buf_append_str(out, "From: ");
	mime_words_encode(display(from, by, arena), true, out);
	buf_printf(out, " <%.*s>\r\n", SLICE_ARG(by));
	if (!answered)
		field_add("Reply-To:", from, out);
	field_add("X-Original-From:", from, out);
}

void filter_author_replace(struct slice header, struct slice by, struct arena *arena, struct buf *out)
{
	struct slice rest = header, kept = header;
	struct mime_field field;
	bool answered = mime_header_find(header, SLICE("Reply-To"), &field), written = false;
	while (mime_field_next(&rest, &field)) {
		size_t at = (size_t)(field.whole.p - kept.p);
		if (!slice_eq_nocase(field.name, SLICE("From")))
			continue;
		buf_append(out, slice_sub(kept, 0, at));
		kept = slice_from(kept, at + field.whole.n);
		if (!written)
			author_write(field.value, by, answered, arena, out);
		written = true;
	}
	buf_append(out, kept);
}

/* A letter of our own people is signed as any other that leaves; one under a new author by the domain of that one. */
static int sign(const struct filter_passage *p, bool replaced, struct slice header, struct slice body, struct arena *arena, struct buf *out,
                struct error *err)
{
	struct filter_facts facts = {0};
	struct slice list = p->sealer;
	struct sender_fact fact;
	if (envelope_is_ours(p->e)) {
		int rc = filter_facts_read(p->e, p->secret, arena, &facts, err);
		return rc == 0 ? filter_sign(p->settings, &facts.sender, header, body, p->e->received_ms / 1000, arena, out, err) : rc;
	}
	if (!replaced || list.n == 0)
		return 0;
	int rc = fact_read_sender(&list, p->secret, arena, &fact);
	if (rc < 0)
		return error_set(err, rc, "the fact of who passes a letter on does not verify");
	return filter_sign(p->settings, &fact, header, body, p->e->received_ms / 1000, arena, out, err);
}

int filter_pass_on(const struct filter_passage *p, struct slice letter, struct arena *arena, struct buf *out, struct error *err)
{
	struct slice header = slice_sub(letter, 0, mime_header_length(letter)), body = slice_from(letter, header.n), shown = header;
	struct buf mended = BUF_INIT(header.n + ADDED_MAX), whole = BUF_INIT(header.n + 2 * ADDED_MAX);
	bool replaced = p->by.n > 0 && !p->e->opaque && p->judgement->chain != NULL && filter_author_lost(p->facts, letter, arena);
	if (replaced) {
		filter_author_replace(header, p->by, arena, &mended);
		shown = buf_slice(&mended);
	}
	int rc = sign(p, replaced, shown, body, arena, &whole, err);
	buf_append(&whole, shown);
	if (rc == 0)
		rc = filter_seal_passing(p->e, p->judgement, p->settings, p->secret, p->sealer, buf_slice(&whole), body, arena, out, err);
	buf_append(out, buf_slice(&whole));
	buf_append(out, body);
	if (rc == 0 && (mended.failed || whole.failed || out->failed))
		rc = error_set(err, ERR_LIMIT, "no room for what a letter needs that is passed on");
	buf_free(&mended);
	buf_free(&whole);
	return rc;
}
