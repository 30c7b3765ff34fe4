/* The letters that scripts made of a letter become records, and a bundle for queue. */
#include "filter/sort_internal.h"
#include "queue/bundle.h"

#define PASSED_MAX 524288 /* bytes of what a letter gets in front that is passed on */

/* One recipient, the null reverse-path. */
static int seal_to_one(const struct envelope *e, const struct filter_offspring *o, struct buf *blob, const struct filter_settings *settings,
                       const uint8_t secret[32], const struct filter_epoch *epoch, struct arena *arena, struct filter_result *ret, struct error *err)
{
	struct recipient_fact fact;
	struct filter_facts facts = {.recipients = &fact, .count = 1};
	struct slice list = o->fact;
	struct envelope own = {
		.source = ENVELOPE_SMTP, .received_ms = e->received_ms, .cid = e->cid, .hostname = e->hostname, .recipients = o->fact, .recipient_count = 1,
		.smtputf8 = e->smtputf8, .requiretls = e->requiretls,
	};
	struct filter_letter letter = {.envelope = &own, .facts = &facts, .sealer = settings->sealer, .is_dsn = true};
	int rc = fact_read_recipient(&list, secret, &fact);
	if (rc < 0 || list.n > 0 || fact.kind == FACT_OWN)
		return error_set(err, rc < 0 ? rc : ERR_INVALID, "the fact of an answer's recipient does not verify");
	fact.notify = SLICE("NEVER");
	fact.original = fact.mailbox = SLICE_NONE;
	if (fact.kind == FACT_REMOTE)
		rc = filter_sign_own(settings, o->signer, secret, e->received_ms / 1000, arena, blob, err);
	letter.blob = buf_slice(blob);
	return rc == 0 ? filter_seal(&letter, secret, epoch, arena, ret, err) : rc;
}

static int make_answer(const struct envelope *e, const struct filter_offspring *o, const struct filter_settings *settings, const uint8_t secret[32],
                       const struct filter_epoch *epoch, struct arena *arena, struct filter_result *ret, struct error *err)
{
	struct buf blob = BUF_INIT(o->text.n + 65536);
	buf_append(&blob, o->text);
	int rc = seal_to_one(e, o, &blob, settings, secret, epoch, arena, ret, err);
	buf_free(&blob);
	return rc;
}

/* RFC 5429 2.1: a notification says that the recipient does not take it, and why. */
static int make_refusal(const struct envelope *e, const struct filter_offspring *o, struct slice view, const struct filter_settings *settings,
                        const uint8_t secret[32], const struct filter_epoch *epoch, struct arena *arena, struct filter_result *ret, struct error *err)
{
	struct dsn_recipient recipient = {.action = DSN_FAILED, .final = o->address, .status = SLICE("5.7.1"), .diagnostic = slice_trim(o->text)};
	struct dsn_report report = {
		.kind = DSN_FAILURE, .fact = o->fact, .envid = e->envid, .requiretls = e->requiretls, .smtputf8 = e->smtputf8, .cid = e->cid,
		.arrival_ms = e->received_ms, .now_ms = e->received_ms, .recipients = &recipient, .recipient_count = 1, .signer = o->signer,
	};
	ptrdiff_t at = slice_rfind(o->address, '@');
	report.domain = at < 0 ? SLICE_NONE : slice_from(o->address, (size_t)at + 1);
	return filter_dsn(&report, slice_sub(view, 0, mime_header_length(view)), false, settings, secret, epoch, arena, ret, err);
}

static int make_notice(const struct envelope *e, const struct filter_offspring *o, const struct filter_settings *settings, const uint8_t secret[32],
                       struct arena *arena, struct filter_result *ret, struct error *err)
{
	const struct filter_notice notice = {.cid = e->cid, .name = slice_str(notice_name(o->notice)), .language = o->language, .fact = o->fact,
		.args = o->args, .now_ms = e->received_ms};
	return filter_notice(&notice, settings, secret, NULL, arena, ret, err);
}

static struct slice passed_by(const struct filter_offspring *o)
{
	for (size_t i = 0; i < o->recipient_count; i++)
		if (o->recipients[i].kind == FACT_REMOTE && o->recipients[i].reverse_path.n > 0)
			return o->recipients[i].by;
	return SLICE_NONE;
}

static bool goes_on(const struct filter_offspring *o)
{
	for (size_t i = 0; i < o->recipient_count; i++)
		if (o->recipients[i].kind == FACT_REMOTE)
			return true;
	return false;
}

/* The letter with the address that it passed. Within the house its sender stays (RFC 5228 4.2); beyond, filter_pass_on. */
static int redirect_write(const struct envelope *e, const struct filter_sorting *s, const struct filter_offspring *o, const struct filter_settings *settings,
                          const uint8_t secret[32], struct arena *arena, struct buf *out, struct error *err)
{
	struct filter_passage p = {.e = e, .judgement = s->judgement, .settings = settings, .secret = secret, .facts = s->facts, .sealer = o->sealer,
		.by = passed_by(o)};
	struct slice view = buf_slice(&s->view);
	struct buf letter = BUF_INIT(o->prefix.n + view.n);
	int rc = 0;
	buf_append(&letter, o->prefix);
	buf_append(&letter, view);
	if (goes_on(o))
		rc = filter_pass_on(&p, buf_slice(&letter), arena, out, err);
	else
		buf_append(out, buf_slice(&letter));
	buf_free(&letter);
	return rc;
}

static int make_redirect(const struct envelope *e, const struct filter_sorting *s, const struct filter_offspring *o, const struct filter_settings *settings,
                         const uint8_t secret[32], const struct filter_epoch *epoch, struct arena *arena, struct filter_result *ret,
                         struct error *err)
{
	struct filter_facts facts = {0};
	struct envelope own = *e;
	struct filter_letter letter = {.envelope = &own, .facts = &facts, .sealer = settings->sealer, .language = settings->language, .is_dsn = e->reverse_path.n == 0, .sorted = o->sorted};
	struct buf blob = BUF_INIT(o->prefix.n + buf_len(&s->view) + PASSED_MAX);
	int rc = filter_facts_read(e, secret, arena, &facts, err);
	facts.recipients = o->recipients;
	facts.count = o->recipient_count;
	own.envid = own.ret = SLICE_NONE;
	if (rc == 0 && filter_letter_has_readers(&letter))
		rc = redirect_write(e, s, o, settings, secret, arena, &blob, err);
	letter.blob = buf_slice(&blob);
	if (rc == 0 && letter.blob.n > 0)
		rc = filter_seal(&letter, secret, epoch, arena, ret, err);
	buf_free(&blob);
	return rc;
}

static int make_one(const struct envelope *e, const struct filter_sorting *s, const struct filter_offspring *o, const struct filter_settings *settings,
                    const uint8_t secret[32], const struct filter_epoch *epoch, struct arena *arena, struct filter_result *ret, struct error *err)
{
	switch (o->kind) {
	case SORT_REDIRECT: return make_redirect(e, s, o, settings, secret, epoch, arena, ret, err);
	case SORT_ANSWER: return make_answer(e, o, settings, secret, epoch, arena, ret, err);
	case SORT_REFUSAL: return make_refusal(e, o, buf_slice(&s->view), settings, secret, epoch, arena, ret, err);
	case SORT_NOTICE: return make_notice(e, o, settings, secret, arena, ret, err);
	}
	return ERR_INVALID;
}

int filter_sort_make(const struct envelope *e, const struct filter_sorting *s, struct slice original,
                     const struct filter_settings *settings, const uint8_t secret[32], const struct filter_epoch *epoch, struct arena *arena,
                     struct buf *out, struct error *err)
{
	unsigned claims = 0;
	int rc = 0;
	if (s->offspring == NULL && s->claims == NULL && original.n == 0)
		return 0;
	bundle_begin(out);
	for (const struct sort_claim *c = s->claims; c != NULL && claims++ < BUNDLE_CLAIMS_MAX; c = c->next)
		bundle_claim(out, &(struct bundle_claim){.key = c->key, .keep_s = c->keep_s, .fresh = c->fresh});
	bundle_letters(out);
	if (original.n > 0)
		bundle_letter(out, &(struct bundle_letter){.record = original});
	for (const struct filter_offspring *o = s->offspring; o != NULL && rc == 0; o = o->next) {
		struct filter_result made = {0};
		rc = make_one(e, s, o, settings, secret, epoch, arena, &made, err);
		if (rc == 0 && buf_len(&made.record) > 0)
			bundle_letter(out, &(struct bundle_letter){.record = buf_slice(&made.record), .once = o->once, .once_keep_s = o->once_keep_s});
		buf_free(&made.record);
	}
	bundle_seal(out, secret);
	return rc == 0 && out->failed ? error_set(err, ERR_LIMIT, "too much comes of this letter") : rc;
}
