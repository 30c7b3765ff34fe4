/* The whole table on any message; its header stays one field. */
#include "base/ensure.h"
#include "mime/header.h"
#include "policy/lookalike.h"
#include "policy/names.h"
#include "policy/verdict.h"
#include "policy/warm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_header(const struct policy_verdict *v)
{
	struct buf out = BUF_INIT(65536);
	struct mime_field field;
	verdict_header(v, &out);
	ENSURE(!out.failed);
	struct slice rest = buf_slice(&out);
	ENSURE(mime_field_next(&rest, &field) && rest.n == 0);
	for (size_t i = 0; i < field.value.n; i++)
		ENSURE(field.value.p[i] < 0x7f);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct person boss = {SLICE_INIT("张伟"), SLICE_INIT("zhangwei@huaxing.example"), true};
	static const struct list_zone zone = {.name = SLICE_INIT("bl.example"), .kinds = LIST_ADDRESSES | LIST_DOMAINS, .points = 30};
	struct arena arena = ARENA_INIT;
	struct facts facts;
	struct targets targets;
	struct names names;
	struct policy_letter l = {.helo = SLICE("x"), .reverse_path = SLICE("a@b.example"), .trust.given = true};
	struct policy_known known = {.zones = &zone, .zone_count = 1, .sender.given = true, .domains = &targets, .names = &names};
	struct policy_verdict v;
	policy_warm();
	facts_init(&facts, &arena, 1795000000);
	targets_init(&targets, &arena);
	targets_add(&targets, SLICE("huaxing.example"), true);
	names_init(&names, &arena);
	names_add(&names, &boss);
	policy_ip_parse(SLICE("192.0.2.1"), &l.client);
	policy_letter_read(&l, slice_make(data, size), NULL, NULL, &arena);
	policy_run(&l, &known, &facts, NULL, NULL, NULL, &v);
	facts_give_up(&facts);
	policy_run(&l, &known, &facts, NULL, NULL, NULL, &v);
	ENSURE(!v.waits);
	check_header(&v);
	names_free(&names);
	targets_free(&targets);
	facts_free(&facts);
	arena_free(&arena);
	return 0;
}
