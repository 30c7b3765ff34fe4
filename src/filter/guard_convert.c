/* A part that pictures of its pages take the place of: edges have the role extract make them. */
#include "filter/guard_internal.h"

struct scan_target guard_target_of(const struct mime_part *p)
{
	return (struct scan_target){.part = true, .offset = p->body_start, .length = p->body_end - p->body_start,
		.encoding = slice_eq(p->encoding, SLICE("base64")) ? SCAN_BASE64
			: slice_eq(p->encoding, SLICE("quoted-printable")) ? SCAN_QUOTED_PRINTABLE : SCAN_IDENTITY};
}

/* False: it is not known yet. */
static bool ask(struct guard *g, struct filter_strip *s)
{
	struct scan_target target = guard_target_of(s->part);
	struct buf name = BUF_INIT(SCAN_QUESTION_MAX);
	const struct dns_answer *a;
	struct slice records;

	scan_target_write(&target, &name);
	a = facts_dns(g->facts, buf_slice(&name), FACT_CONVERTED);
	buf_free(&name);
	records = a->records;
	if (a->status == DNS_WANTED)
		return false;
	s->convert = a->status == DNS_FOUND && dns_record_next(&records, &s->media) && dns_record_next(&records, &s->made) && s->made.n > 0
		&& slice_find(s->media, '\r') < 0 && slice_find(s->media, '\n') < 0;
	return true;
}

bool guard_convert(struct guard *g)
{
	struct filter_guard *ret = g->ret;
	bool known = true, any = false;

	for (size_t i = 0; i < ret->strip_count; i++)
		known &= !ret->strips[i].convert || ask(g, &ret->strips[i]);
	for (size_t i = 0; known && i < ret->strip_count; i++)
		any |= ret->strips[i].convert;
	/* What was found asked for no more than pictures, and there are none. */
	if (known && !any)
		ret->action = SCAN_ACTION_STRIP;
	return known;
}
