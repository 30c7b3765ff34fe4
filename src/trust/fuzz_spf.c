/*
 * SPF: a world where every name has this record, and odd addresses; it must end within its limits, and the same answers give the same
 * result.
 */
#include "base/ensure.h"
#include "trust/spf.h"

#define ROUNDS_MAX 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_txt(struct slice text, struct buf *records)
{
	struct buf rdata = BUF_INIT(70000);
	do {
		struct slice piece = slice_sub(text, 0, 255);
		buf_put_u8(&rdata, (uint8_t)piece.n);
		buf_append(&rdata, piece);
		text = slice_from(text, piece.n);
	} while (text.n > 0);
	buf_put_bytes(records, buf_slice(&rdata));
	buf_free(&rdata);
}

/* Questions with an odd length have no answer, so that records are walked to their end. */
static void answer(struct facts *f, const struct dns_question *q, struct slice record)
{
	struct dns_answer a = {.status = q->name.n % 5 == 0 ? DNS_NXDOMAIN : q->name.n % 31 == 0 ? DNS_FAILED : DNS_FOUND};
	struct buf records = BUF_INIT(70000);
	switch (q->type) {
	case DNS_TXT: put_txt(record, &records); break;
	case DNS_A: buf_put_bytes(&records, SLICE("\300\0\2\1")); break;
	case DNS_MX: buf_put_bytes(&records, SLICE("\0\1\4mail\4test\0")); break;
	default: buf_put_bytes(&records, slice_sub(record, 0, 20)); break;
	}
	if (a.status == DNS_FOUND)
		a.records = buf_slice(&records);
	facts_answer(f, q->name, q->type, &a);
	buf_free(&records);
}

static void run(struct slice from, struct slice helo, struct slice record, bool v6)
{
	struct arena arena = ARENA_INIT;
	struct facts f;
	struct spf_check c;
	struct spf_request q = {.client = {.v6 = v6, .bytes = {192, 0, 2, 9}}, .helo = helo, .mail_from = from};
	unsigned rounds = 0;
	facts_init(&f, &arena, 0);
	for (spf_check_mail_from(&f, &q, &c); c.waits; spf_check_mail_from(&f, &q, &c)) {
		ENSURE(++rounds < ROUNDS_MAX && facts_wanted(&f) > 0);
		for (size_t i = 0; i < f.wanted_count; i++)
			answer(&f, &f.wanted[i], record);
		facts_rerun(&f);
	}
	ENSURE(c.terms <= SPF_TERMS_MAX && c.voids <= SPF_VOID_MAX && f.answers.count < FACTS_QUESTIONS_MAX);
	ENSURE(c.explanation.n <= SPF_EXPLANATION_MAX);
	for (size_t i = 0; i < c.explanation.n; i++)
		ENSURE(c.explanation.p[i] >= 0x20 && c.explanation.p[i] < 0x7f);
	facts_free(&f);
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_make(data, size > 4096 ? 4096 : size), from, helo;
	slice_split(&rest, '\n', &from);
	slice_split(&rest, '\n', &helo);
	run(from, helo, rest, size % 2 == 1);
	return 0;
}
