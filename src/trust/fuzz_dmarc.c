/* DMARC: a From field, then a record that every second name has. */
#include "base/ensure.h"
#include "trust/dmarc.h"

#define ROUNDS_MAX 50

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(struct facts *f, const struct dns_question *q, struct slice record)
{
	struct dns_answer a = {.status = q->name.n % 3 == 0 ? DNS_NXDOMAIN : DNS_FOUND};
	struct buf records = BUF_INIT(70000);
	buf_put_u32(&records, (uint32_t)(record.n > 255 ? 256 : record.n + 1));
	buf_put_u8(&records, (uint8_t)(record.n > 255 ? 255 : record.n));
	buf_append(&records, slice_sub(record, 0, 255));
	if (a.status == DNS_FOUND)
		a.records = buf_slice(&records);
	facts_answer(f, q->name, q->type, &a);
	buf_free(&records);
}

static void check_record(struct slice record, struct arena *arena)
{
	struct dmarc_record r;
	if (!dmarc_record_parse(record, arena, &r))
		return;
	ENSURE(r.pct <= 100 && r.rua_count <= DMARC_URIS_MAX && r.ruf_count <= DMARC_URIS_MAX);
	for (size_t i = 0; i < r.rua_count; i++) {
		ENSURE(slice_find(r.rua[i].address, '@') > 0 && r.rua[i].domain.n > 0);
		for (size_t k = 0; k < r.rua[i].address.n; k++)
			ENSURE(r.rua[i].address.p[k] > 0x20);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	struct facts f;
	struct dmarc_check c;
	struct slice record = slice_make(data, size), header = SLICE_NONE;
	ptrdiff_t split = slice_search(record, SLICE("\n\n"));
	if (split >= 0) {
		header = slice_sub(record, 0, (size_t)split + 1);
		record = slice_from(record, (size_t)split + 2);
	}
	struct dmarc_request q = {.header = header, .method = size % 2 == 0 ? DMARC_TREE_WALK : DMARC_PUBLIC_SUFFIXES,
		.spf_domain = SLICE("mail.example.test"),
		.spf_passed = size % 4 < 2, .dkim_domains = {SLICE("a.b.c.d.e.f.g.h.i.j.example.test")}, .dkim_count = 1};
	unsigned rounds = 0;
	facts_init(&f, &arena, 0);
	for (dmarc_check(&f, &q, &c); c.waits; dmarc_check(&f, &q, &c)) {
		ENSURE(++rounds < ROUNDS_MAX && facts_wanted(&f) > 0);
		for (size_t i = 0; i < f.wanted_count; i++)
			answer(&f, &f.wanted[i], record);
		facts_rerun(&f);
	}
	ENSURE(c.disposition <= c.policy && (c.result == DMARC_FAIL || c.disposition == DMARC_POLICY_NONE));
	check_record(record, &arena);
	facts_free(&f);
	arena_free(&arena);
	return 0;
}
