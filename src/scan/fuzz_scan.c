/* Scanners that say anything: the first byte chooses the protocol, the second how the answer is cut. */
#include <stdlib.h>

#include "scan/clamd.h"
#include "scan/icap.h"
#include "scan/partner.h"
#include "scan/rules.h"

static void talk_through(struct talk *t, struct slice answer, size_t step)
{
	struct buf in = BUF_INIT(TALK_INPUT_MAX), out = BUF_INIT(1u << 20);
	while (t->state == TALK_GOES && answer.n > 0) {
		struct slice piece = slice_sub(answer, 0, step);
		talk_say(t, &out);
		buf_append(&in, piece);
		answer = slice_from(answer, piece.n);
		talk_hear(t, &in);
	}
	talk_say(t, &out);
	talk_closed(t);
	if (t->state == TALK_GOES || buf_len(&t->name) > SCAN_NAME_MAX)
		abort();
	talk_free(&t);
	buf_free(&in);
	buf_free(&out);
}

/* The letter is what a stranger sent, too: here it is the same bytes. */
static void talk_to_partner(struct talk *(*ask)(const struct partner_letter *, struct partner_verdict *), struct slice s, size_t step)
{
	static const struct slice recipients[] = {SLICE_INIT("a@example"), SLICE_INIT("b@example")};
	struct partner_letter letter = {.address = SLICE("192.0.2.1"), .recipients = recipients, .recipient_count = 2, .content = s};
	struct partner_verdict verdict;
	partner_verdict_init(&verdict);
	talk_through(ask(&letter, &verdict), s, step);
	partner_verdict_free(&verdict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_make(data, size);
	struct clamd_version version = {.text = BUF_INIT(SCAN_NAME_MAX)};
	struct scan_rules rules = scan_rules_default();
	struct scan_finding finding;
	struct scan_target target;
	struct error err = {0};
	uint8_t which, step;
	if (!slice_get_u8(&s, &which) || !slice_get_u8(&s, &step))
		return 0;
	static const struct icap_service service = {SLICE_INIT("host:1344"), SLICE_INIT("/scan"), false};
	struct partner_record record;
	switch (which % 8) {
	case 0:
		talk_through(clamd_scan(SLICE("what is scanned")), s, step + 1u);
		break;
	case 1:
		talk_through(clamd_ask_version(&version), s, step + 1u);
		break;
	case 2:
		talk_through(icap_scan(&service, SLICE("content")), s, step + 1u);
		break;
	case 3:
		talk_through(icap_look(&service), s, step + 1u);
		break;
	case 4:
		(void)scan_finding_decode(s, &finding);
		(void)scan_target_parse(s, &target);
		(void)partner_record_decode(s, &record);
		break;
	case 5:
		talk_to_partner(rspamd_ask, s, step + 1u);
		break;
	case 6:
		talk_to_partner(milter_ask, s, step + 1u);
		break;
	default:
		(void)scan_rules_set(&rules, s, &err);
		break;
	}
	buf_free(&version.text);
	return 0;
}
