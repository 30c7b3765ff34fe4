#include "filter/partner.h"

#include "base/ascii.h"
#include "store/envelope.h"

#define HEADER_MAX 40000
#define SHOWN_MAX 16 /* partners */

bool filter_partners(const struct envelope *e, const struct filter_partner_settings *settings, struct facts *facts, struct arena *arena,
                     struct filter_partners *ret)
{
	static const struct scan_target target = {.partners = true};
	struct buf name = BUF_INIT(SCAN_QUESTION_MAX);
	struct slice records, record;
	*ret = (struct filter_partners){.action = PARTNER_PASS};
	if (!settings->wanted || e->source != ENVELOPE_SMTP)
		return true;
	scan_target_write(&target, &name);
	const struct dns_answer *a = facts_dns(facts, buf_slice(&name), FACT_SCAN);
	buf_free(&name);
	if (a->status == DNS_WANTED)
		return false;
	ret->records = arena_alloc_array(arena, SHOWN_MAX, sizeof *ret->records);
	records = a->status == DNS_FOUND ? a->records : SLICE_NONE;
	while (ret->count < SHOWN_MAX && dns_record_next(&records, &record))
		ret->count += partner_record_decode(record, &ret->records[ret->count]);
	/* Nobody asked them: as if one were away. */
	if (ret->count == 0)
		ret->records[ret->count++] = (struct partner_record){.partner = SLICE("scan"), .action = PARTNER_AWAY};
	for (size_t i = 0; i < ret->count; i++) {
		ret->away |= ret->records[i].action == PARTNER_AWAY;
		if (ret->records[i].action > ret->action) {
			ret->action = ret->records[i].action;
			ret->worst = &ret->records[i];
		}
	}
	return true;
}

static void write_said(const struct filter_partners *p, struct buf *out)
{
	buf_append_str(out, "X-Letterlock-Partners: v1");
	for (size_t i = 0; i < p->count; i++) {
		const struct partner_record *r = &p->records[i];
		buf_printf(out, ";\r\n\t%.*s=%s; ms=%u", SLICE_ARG(r->partner), partner_action_name(r->action), r->ms);
		if (r->score.n > 0)
			buf_printf(out, "; score=%.*s", SLICE_ARG(r->score));
		if (r->reason.n > 0)
			buf_printf(out, "; reason=\"%.*s\"", SLICE_ARG(r->reason));
	}
	buf_append_str(out, "\r\n");
}

/* A field of a partner must not look like one of the trace, of authentication or of ours. */
static void write_fields(struct slice fields, struct buf *out)
{
	struct slice line;
	while (slice_split(&fields, '\n', &line)) {
		if (slice_starts_nocase(line, SLICE("X-Letterlock-")) || slice_trim(line).n == 0)
			continue;
		if (!slice_starts_nocase(line, SLICE("X-")))
			buf_append_str(out, "X-Partner-");
		buf_append(out, line);
		buf_append_byte(out, '\n');
	}
}

static void refuse(struct filter_judgement *j, uint16_t code, const char *enhanced, const char *text)
{
	j->code = code;
	j->enhanced = slice_str(enhanced);
	j->text = slice_str(text);
}

void filter_partners_apply(const struct filter_partners *p, const struct filter_partner_settings *settings, struct arena *arena,
                           struct filter_judgement *j)
{
	struct buf header = BUF_INIT(HEADER_MAX + j->header.n);
	if (p->count == 0 || j->code != 0)
		return;
	if (p->action == PARTNER_REJECT)
		refuse(j, 550, "5.7.1", "The message is refused by a filter of this site");
	else if (p->action == PARTNER_TEMPFAIL || (p->away && settings->fail_temporary))
		refuse(j, 451, "4.7.1", "The message cannot be judged now, try again later");
	else if (p->action == PARTNER_HOLD && j->held.n == 0)
		j->held = arena_printf(arena, "partner %.*s %.*s", SLICE_ARG(p->worst->partner), SLICE_ARG(p->worst->reason));
	else if (p->action == PARTNER_JUNK)
		j->mailbox = SLICE("Junk");
	buf_append(&header, j->header);
	write_said(p, &header);
	for (size_t i = 0; i < p->count; i++)
		write_fields(p->records[i].fields, &header);
	if (!header.failed)
		j->header = arena_dup(arena, buf_slice(&header));
	buf_free(&header);
}
