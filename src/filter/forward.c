/* Forwards to somebody outside that need a letter of their own: those of which DMARC would say there that nobody wrote them. */
#include "filter/sort_internal.h"

static bool is_forward(const struct recipient_fact *fact)
{
	return fact->kind == FACT_REMOTE && fact->reverse_path.n > 0;
}

static size_t count_forwards(const struct filter_facts *facts)
{
	size_t n = 0;
	for (size_t i = 0; i < facts->count; i++)
		n += is_forward(&facts->recipients[i]);
	return n;
}

/* All of them get one letter: it names the first address that forwards it. */
static void split(const struct envelope *e, const struct filter_facts *facts, size_t count, struct arena *arena, struct filter_sorting *sorting)
{
	struct filter_offspring *o = ARENA_NEW(arena, struct filter_offspring);
	o->kind = SORT_REDIRECT;
	o->sealer = e->sealer;
	o->recipients = arena_alloc_array(arena, count, sizeof *o->recipients);
	o->sorted = arena_alloc_array(arena, count, sizeof *o->sorted);
	if (sorting->recipients == NULL)
		sorting->recipients = arena_alloc_array(arena, facts->count + 1, sizeof *sorting->recipients);
	sorting->count = facts->count;
	for (size_t i = 0; i < facts->count; i++) {
		if (!is_forward(&facts->recipients[i]))
			continue;
		o->recipients[o->recipient_count++] = facts->recipients[i];
		sorting->recipients[i].elsewhere = true;
	}
	o->next = sorting->offspring;
	sorting->offspring = o;
	sorting->offspring_count++;
	sorting->active = sorting->needs_epoch = true;
}

int filter_forward(const struct envelope *e, struct slice message, const struct filter_judgement *judgement, const struct filter_settings *settings,
                   const uint8_t secret[32], struct facts *facts, struct arena *arena, struct filter_sorting *sorting, struct error *err)
{
	struct filter_facts read = {0};
	if (e->source != ENVELOPE_SMTP || e->opaque || judgement->chain == NULL || judgement->code != 0 || judgement->held.n > 0 || sorting->code != 0 ||
	    !filter_goes_on(e))
		return 0;
	int rc = filter_facts_read(e, secret, arena, &read, err);
	size_t count = rc == 0 ? count_forwards(&read) : 0;
	if (count == 0)
		return rc;
	if (buf_len(&sorting->view) == 0)
		sort_view_make(e, &read, message, judgement, &sorting->view);
	if (!filter_author_lost(facts, buf_slice(&sorting->view), arena))
		return 0;
	sorting->judgement = judgement;
	sorting->facts = facts;
	split(e, &read, count, arena, sorting);
	return 0;
}
