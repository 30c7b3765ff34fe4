#include "policy/person.h"

#include "base/utf8.h"

#define DISPLAY_MAX 150

/* Question: address, line feed, name. Answer: match, executive, address. */
static struct slice question_write(struct slice display, struct slice address, struct arena *arena)
{
	display = utf8_prefix(slice_trim(display), DISPLAY_MAX);
	if (display.n == 0 || address.n + display.n + 1 > FACTS_NAME_MAX - 2 || slice_find(address, '\n') >= 0)
		return SLICE_NONE;
	return arena_printf(arena, "%.*s\n%.*s", SLICE_ARG(address), SLICE_ARG(display));
}

bool person_question_read(struct slice name, struct slice *ret_address, struct slice *ret_display)
{
	*ret_display = name;
	return slice_split(ret_display, '\n', ret_address) && ret_display->n > 0;
}

void person_answer_write(enum name_match match, const struct name_found *found, struct buf *out)
{
	if (match == NAME_NONE)
		return;
	buf_put_u32(out, (uint32_t)(found->address.n + 2));
	buf_put_u8(out, (uint8_t)match);
	buf_put_u8(out, found->executive);
	buf_append(out, found->address);
}

bool person_find(struct facts *facts, struct slice display, struct slice address, enum name_match *ret_match, struct name_found *ret)
{
	struct slice question = question_write(display, address, facts->arena), records, answer;
	uint8_t match, executive;
	*ret_match = NAME_NONE;
	if (question.n == 0)
		return true;
	const struct dns_answer *a = facts_dns(facts, question, FACT_PERSON);
	if (a->status == DNS_WANTED)
		return false;
	records = a->records;
	if (a->status != DNS_FOUND || !dns_record_next(&records, &answer) || !slice_get_u8(&answer, &match) || !slice_get_u8(&answer, &executive))
		return true;
	if (match > NAME_NONE && match <= NAME_ROMANISED)
		*ret_match = (enum name_match)match;
	*ret = (struct name_found){.address = answer, .executive = executive != 0};
	return true;
}
