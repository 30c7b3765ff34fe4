#include "filter/confidential.h"
#include "filter/filter_internal.h"
#include "filter/judge.h"
#include "mime/header.h"
#include "trust/authres.h"

#define ADDED_MAX 65536 /* bytes of the fields we add */

/* What the rules say; false: refused. An opaque message of a user is not sent: nothing in it can be checked. wrapped: it was not too big before. */
static bool check(const struct envelope *e, struct slice message, bool wrapped, struct slice header, const struct filter_settings *settings,
                  const struct filter_facts *facts, struct arena *arena, struct filter_result *ret)
{
	if (settings->message_size > 0 && message.n > settings->message_size && !wrapped)
		return filter_refuse(ret, 552, "5.3.4", "The message is too big");
	for (size_t i = 0; i < facts->count; i++)
		if (facts->recipients[i].size_max > 0 && message.n > facts->recipients[i].size_max)
			return filter_refuse(ret, 552, "5.3.4", "The message is too big for a recipient");
	if (e->source == ENVELOPE_APPEND)
		return true;
	if (e->opaque)
		return e->source == ENVELOPE_SMTP || filter_refuse(ret, 554, "5.6.0", "The message cannot be processed");
	if (!filter_check_message(header, ret))
		return false;
	return e->source == ENVELOPE_SMTP || filter_check_submission(header, &facts->sender, arena, ret);
}

bool filter_is_forged(const struct mime_field *field, struct slice hostname)
{
	struct slice whole = field->whole, ignored;
	return slice_starts_nocase(field->name, SLICE("X-Letterlock-")) || slice_eq_nocase(field->name, SLICE(CONFIDENTIAL_FIELD)) || authres_forged_next(&whole, &hostname, 1, &ignored);
}

void filter_append_header(struct slice header, struct slice hostname, struct buf *out)
{
	struct slice rest = header, kept = header;
	struct mime_field field;
	while (mime_field_next(&rest, &field)) {
		size_t at = (size_t)(field.whole.p - kept.p);
		if (!filter_is_forged(&field, hostname))
			continue;
		buf_append(out, slice_sub(kept, 0, at));
		kept = slice_from(kept, at + field.whole.n);
	}
	buf_append(out, kept);
}

/* A submission: signed as it is when it leaves, when somebody elsewhere receives it. */
static int append_submission(const struct envelope *e, const struct sender_fact *sender, struct slice header, struct slice body,
                             const struct filter_judgement *judgement, const struct filter_settings *settings, struct arena *arena,
                             struct buf *out, struct error *err)
{
	struct buf mended = BUF_INIT(header.n + ADDED_MAX);
	int code = 0;

	filter_mend_submission(e, sender, header, &mended);
	if (filter_needs_epoch(e))
		code = filter_sign(settings, sender, buf_slice(&mended), body, e->received_ms / 1000, arena, out, err);
	filter_trace(e, out);
	buf_append(out, judgement->header);
	buf_append(out, buf_slice(&mended));
	buf_append(out, body);
	buf_free(&mended);
	return code;
}

/* A letter from outside: as it arrived, less what is forged, behind what we add. */
static int append_passing(const struct envelope *e, const uint8_t secret[32], struct slice header, struct slice body,
                          const struct filter_judgement *judgement, const struct filter_settings *settings, struct arena *arena, struct buf *out,
                          struct error *err)
{
	struct buf kept = BUF_INIT(header.n + 1);
	int code;

	filter_append_header(header, e->hostname, &kept);
	code = filter_goes_on(e) ? filter_seal_passing(e, judgement, settings, secret, e->sealer, buf_slice(&kept), body, arena, out, err) : 0;
	filter_trace(e, out);
	buf_append(out, judgement->header);
	buf_append(out, buf_slice(&kept));
	buf_append(out, body);
	buf_free(&kept);
	return code;
}

/* The bytes to be sealed. */
static int blob_make(const struct envelope *e, const uint8_t secret[32], const struct sender_fact *sender, struct slice message, struct slice header,
                     const struct filter_judgement *judgement, const struct filter_settings *settings, struct arena *arena, struct buf *out,
                     struct slice *ret, struct error *err)
{
	struct slice body = slice_from(message, header.n);
	int code = 0;

	*ret = message;
	if (e->source == ENVELOPE_APPEND)
		return 0;
	buf_reserve(out, message.n + judgement->header.n + ADDED_MAX);
	if (envelope_is_ours(e))
		code = append_submission(e, sender, header, body, judgement, settings, arena, out, err);
	else
		code = append_passing(e, secret, header, body, judgement, settings, arena, out, err);
	*ret = buf_slice(out);
	return code;
}

int filter_message(const struct envelope *e, struct slice message, const struct filter_judgement *judgement,
                   const struct filter_sorting *sorting, const struct filter_settings *settings, const uint8_t secret[32], const struct filter_epoch *epoch, struct arena *arena,
                   struct filter_result *ret, struct error *err)
{
	static const struct filter_judgement none;
	if (judgement == NULL)
		judgement = &none;
	struct slice header = slice_sub(message, 0, mime_header_length(message));
	struct buf blob = BUF_INIT(message.n + judgement->header.n + ADDED_MAX);
	struct filter_facts facts = {0};
	struct filter_letter letter = {.envelope = e, .facts = &facts, .sealer = settings->sealer, .language = settings->language, .opaque = e->opaque, .is_dsn = e->reverse_path.n == 0,
		.mailbox = judgement->mailbox, .held = judgement->held, .reviewer = judgement->reviewer, .judgement = judgement, .secret = judgement->secret,
		.sorted = sorting != NULL && sorting->active ? sorting->recipients : NULL};
	int code;

	*ret = (struct filter_result){0};
	code = filter_facts_read(e, secret, arena, &facts, err);
	if (code < 0 || !check(e, message, judgement->secret != NULL, header, settings, &facts, arena, ret))
		return code;
	if (judgement->code != 0) {
		*ret = (struct filter_result){.code = judgement->code, .enhanced = judgement->enhanced, .text = judgement->text};
		return 0;
	}
	if (sorting != NULL && sorting->code != 0) {
		*ret = (struct filter_result){.code = sorting->code, .enhanced = sorting->enhanced, .text = sorting->text};
		return 0;
	}
	if (!filter_letter_has_readers(&letter)) {
		*ret = (struct filter_result){.code = 250, .enhanced = SLICE("2.0.0"), .text = SLICE("OK")};
		return 0;
	}
	code = blob_make(e, secret, &facts.sender, message, header, judgement, settings, arena, &blob, &letter.blob, err);
	if (code == 0)
		code = filter_seal(&letter, secret, epoch, arena, ret, err);
	buf_free(&blob);
	return code;
}
