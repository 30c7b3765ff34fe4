/* The order of things: who sends it (judge_trust.c), what we know of him (judge_sender.c), what the checks of content say, and what follows. */
#include "filter/filter_internal.h"
#include "filter/judge_internal.h"
#include "policy/lists.h"
#include "policy/person.h"
#include "queue/memory.h"
#include "store/fact.h"

#define SUMMARY_MAX 800 /* bytes of one value of the log */

static void recipients_read(struct judge *j)
{
	struct slice list = j->e->recipients, whole;
	struct recipient_fact fact;
	size_t room = j->e->recipient_count < LETTER_RECIPIENTS_MAX ? j->e->recipient_count : LETTER_RECIPIENTS_MAX;
	struct slice *addresses = arena_alloc_array(j->arena, room + 1, sizeof *addresses);
	size_t count = 0;
	targets_init(&j->ours, j->arena);
	while (count < room && list.n > 0 && fact_peek_recipient(&list, &fact, &whole) == 0) {
		ptrdiff_t at = slice_rfind(fact.address, '@');
		addresses[count++] = fact.address;
		if ((fact.kind == FACT_LOCAL || (fact.flags & FACT_OURS) != 0) && at >= 0)
			targets_add(&j->ours, slice_from(fact.address, (size_t)at + 1), true);
	}
	j->letter.recipients = addresses;
	j->letter.recipient_count = count;
	j->known.domains = &j->ours;
}

static void who_read(struct judge *j, struct slice message)
{
	j->letter.helo = j->e->helo;
	j->letter.reverse_path = j->e->reverse_path;
	j->letter.this_host = j->client_known && trust_ip_is_loopback(&j->client);
	j->letter.client = j->stranger ? policy_ip_from(&j->client) : (struct policy_ip){0};
	policy_letter_read_who(&j->letter, message, j->arena);
}

/* What the checks below will ask: asked with the rest, so that they, who cost most, run once. */
static void ask_early(struct judge *j)
{
	enum name_match match;
	struct name_found found;
	for (size_t i = 0; i < j->known.zone_count && j->stranger; i++)
		if ((j->known.zones[i].kinds & LIST_ADDRESSES) != 0)
			j->waits |= list_address(&j->known.zones[i], j->letter.client, j->facts).waits;
	if (!targets_own(&j->ours, j->letter.from.domain) && !person_find(j->facts, j->letter.from.name, j->letter.from.spec, &match, &found))
		j->waits = true;
}

static void run_checks(struct judge *j, struct slice message)
{
	const struct filter_settings *s = j->settings;
	j->letter.ptr = j->ptr;
	judge_trust_letter(j, &j->letter.trust);
	policy_letter_read(&j->letter, message, NULL, NULL, j->arena);
	policy_run(&j->letter, &j->known, j->facts, s->checks, s->clock, s->clock_arg, &j->verdict);
	j->waits = j->verdict.waits;
}

static bool refuse(struct filter_judgement *ret, uint16_t code, const char *enhanced, struct slice text)
{
	ret->code = code;
	ret->enhanced = slice_str(enhanced);
	ret->text = text;
	return false;
}

/* What the sender's domain asks for comes first, then our own verdict. False: refused. */
static bool decide(struct judge *j, struct filter_judgement *ret)
{
	enum dmarc_policy wish = j->settings->dmarc_enforce ? j->dmarc.disposition : DMARC_POLICY_NONE;
	if (wish == DMARC_POLICY_REJECT)
		return refuse(ret, 550, "5.7.26", arena_printf(j->arena, "Nothing proves that this message is from %.*s, and that domain asks to refuse it (DMARC)",
		                                               SLICE_ARG(slice_sub(j->dmarc.author, 0, 253))));
	if (j->verdict.verdict == VERDICT_REJECT)
		return refuse(ret, 550, "5.7.1", SLICE("The message looks like junk and is refused"));
	if (judge_greylist(j))
		return refuse(ret, 451, "4.7.1", SLICE("You are new here: please try again in some minutes"));
	if (wish != DMARC_POLICY_QUARANTINE && j->verdict.verdict == VERDICT_PASS)
		return true;
	if (filter_all_have(j->e, FACT_JUNK_REJECT))
		return refuse(ret, 550, "5.7.1", SLICE("The message looks like junk and is refused"));
	if ((j->verdict.verdict == VERDICT_QUARANTINE && j->settings->quarantine) || filter_all_have(j->e, FACT_JUNK_HOLD))
		ret->held = arena_printf(j->arena, "verdict letterlock %d", j->verdict.score);
	ret->mailbox = SLICE("Junk");
	return true;
}

static struct slice summary(struct judge *j)
{
	struct buf out = BUF_INIT(SUMMARY_MAX);
	struct slice s;
	for (enum check_id id = 0; id < CHECK_ID_COUNT; id++) {
		const struct check_result *r = &j->verdict.results[id];
		if (r->state != CHECK_HIT && r->state != CHECK_FAILED)
			continue;
		buf_printf(&out, "%s%s=%d/%s/%uus", buf_len(&out) > 0 ? " " : "", check_name(id), r->score,
		           r->state == CHECK_FAILED ? "failed" : check_reason_name(r->reason), r->microseconds);
	}
	s = arena_dup(j->arena, buf_slice(&out));
	buf_free(&out);
	return s;
}

static void header_write(struct judge *j, struct filter_judgement *ret)
{
	struct buf out = BUF_INIT(AUTHRES_FIELD_MAX + 16384);
	judge_trust_write(j, &out);
	verdict_header(&j->verdict, &out);
	ret->header = arena_dup(j->arena, buf_slice(&out));
	buf_free(&out);
}

/* Who has to come again is judged then. */
static struct slice judge_notes(struct judge *j, const struct filter_judgement *ret)
{
	struct buf out = BUF_INIT(MEMORY_NOTES_BYTES);
	struct slice all;
	buf_append(&out, j->grey_notes);
	if (ret->code < 400 || ret->code >= 500) {
		judge_sender_notes(j, ret->mailbox.n > 0 || ret->code != 0, &out);
		judge_report_notes(j, ret, &out);
	}
	all = out.failed ? SLICE_NONE : arena_dup(j->arena, buf_slice(&out));
	buf_free(&out);
	return all;
}

bool filter_judge(const struct envelope *e, struct slice message, const struct filter_settings *settings, struct facts *facts, struct arena *arena,
                  struct filter_judgement *ret)
{
	struct judge *j = ARENA_NEW(arena, struct judge);
	struct filter_result refusal = {0};
	*ret = (struct filter_judgement){.spf = "none", .dkim = "none", .arc = "none", .dmarc = "none", .verdict = "refuse"};
	if (!filter_check_message(slice_sub(message, 0, mime_header_length(message)), &refusal))
		return true; /* filter_message refuses it: nothing needs to be asked */
	j->e = e;
	j->settings = settings;
	j->facts = facts;
	j->arena = arena;
	recipients_read(j);
	judge_trust(j, message);
	j->known.names_asked = true;
	j->known.zones = settings->zones;
	j->known.zone_count = settings->zone_count;
	who_read(j, message);
	judge_sender(j);
	judge_greylist_recall(j);
	ask_early(j);
	if (!j->waits)
		run_checks(j, message);
	targets_free(&j->ours);
	if (j->waits)
		return false;
	if (decide(j, ret))
		header_write(j, ret);
	ret->spf = spf_result_name(j->spf.result);
	ret->dkim = judge_dkim_name(j);
	ret->arc = arc_result_name(j->arc.result);
	ret->dmarc = dmarc_result_name(j->dmarc.result);
	ret->author = j->dmarc.author;
	ret->client_name = j->ptr;
	ret->chain = &j->arc;
	ret->verdict = verdict_name(j->verdict.verdict);
	ret->score = j->verdict.score;
	ret->checks = summary(j);
	ret->notes = judge_notes(j, ret);
	return true;
}
