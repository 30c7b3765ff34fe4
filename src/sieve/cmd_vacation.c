/* vacation (RFC 5230) and its :seconds (RFC 6131). What may be answered is decided by filter, which knows the letter's way. */
#include "base/utf8.h"
#include "sieve/machine.h"

#define DAY 86400u
#define DAYS_DEFAULT 7u
#define SECONDS_MAX (30u * DAY)
#define SUBJECT_MAX 500

enum { PERIOD_DAYS, PERIOD_SECONDS };
static const struct sieve_tag tags_vacation[] = {
	{"days", SLOT_DAYS, 'n', SIEVE_VACATION, PERIOD_DAYS}, {"seconds", SLOT_DAYS, 'n', SIEVE_VACATION_SECONDS, PERIOD_SECONDS},
	{"subject", SLOT_SUBJECT, 's', SIEVE_VACATION, 0}, {"from", SLOT_FROM, 's', SIEVE_VACATION, 0},
	{"addresses", SLOT_ADDRESSES, 'l', SIEVE_VACATION, 0}, {"mime", SLOT_MIME, 0, SIEVE_VACATION, 0},
	{"handle", SLOT_HANDLE, 's', SIEVE_VACATION, 0}, {.name = NULL},
};

/* RFC 5230 4.1: at least one day; RFC 6131 2: 0 answers every letter. What is longer than a month is a month. */
static uint32_t period(const struct sieve_node *node)
{
	const struct sieve_bound *tag = node_tag(node, SLOT_DAYS);
	uint64_t n = tag != NULL ? tag->arg->number : DAYS_DEFAULT;
	if (tag == NULL || tag->tag->code == PERIOD_DAYS)
		n = n == 0 ? DAY : n > SECONDS_MAX / DAY ? SECONDS_MAX : n * DAY;
	return n > SECONDS_MAX ? SECONDS_MAX : (uint32_t)n;
}

/* RFC 5230 4.2: without :handle, what the answer says is the handle. */
static struct slice handle_of(struct machine *m, const struct sieve_node *node, const struct sieve_action *a)
{
	const struct sieve_bound *tag = node_tag(node, SLOT_HANDLE);
	if (tag != NULL)
		return arena_printf(m->arena, "handle\n%.*s", SLICE_ARG(machine_tag_string(m, tag)));
	return arena_printf(m->arena, "text\n%.*s\n%.*s\n%d\n%.*s", SLICE_ARG(a->subject), SLICE_ARG(a->from), a->mime, SLICE_ARG(a->text));
}

static void take_addresses(struct machine *m, const struct sieve_node *node, struct sieve_action *a)
{
	const struct sieve_bound *tag = node_tag(node, SLOT_ADDRESSES);
	if (tag == NULL)
		return;
	struct slice *list = arena_alloc_array(m->arena, tag->arg->count, sizeof *list);
	a->address_count = tag->arg->count;
	for (size_t i = 0; i < a->address_count; i++)
		list[i] = machine_string(m, &tag->arg->strings[i]);
	a->addresses = list;
}

static bool check_from(struct slice text, struct arena *arena)
{
	const struct mime_address *list = mime_address_parse(text, arena), *a = mime_address_next(list);
	struct slice local, domain;
	return a != NULL && mime_address_next(a->next) == NULL && mime_addrspec_split(mime_address_spec(a, arena), arena, &local, &domain) == 0;
}

/* RFC 5230 4.4, 4.5: a sender that is no address and a text that is no MIME entity are errors, where they can be seen. */
static bool check_vacation(struct compiler *c, struct sieve_node *node)
{
	const struct sieve_bound *from = node_tag(node, SLOT_FROM);
	const struct sieve_string *s = from != NULL ? &from->arg->strings[0] : NULL;
	if (s != NULL && !s->dynamic && !check_from(s->text, c->arena))
		return compile_error(c, s->place, "this is no mail address");
	return true;
}

static bool run_vacation(struct machine *m, const struct sieve_node *node)
{
	struct sieve_action a = {.kind = SIEVE_DO_VACATION, .text = machine_arg(m, node, 0), .mime = node_tag(node, SLOT_MIME) != NULL,
		.subject = utf8_prefix(machine_tag_string(m, node_tag(node, SLOT_SUBJECT)), SUBJECT_MAX), .seconds = period(node)};
	a.from = machine_tag_string(m, node_tag(node, SLOT_FROM));
	if (a.from.n > 0 && !check_from(a.from, m->arena))
		return machine_error(m, node->place, "the sender of the answer is no mail address");
	take_addresses(m, node, &a);
	a.handle = handle_of(m, node, &a);
	return machine_action(m, node->place, &a) != NULL;
}

const struct sieve_def sieve_cmd_vacation = {.name = "vacation", .extension = SIEVE_VACATION, .tags = {tags_vacation}, .arguments = "s",
	.check = check_vacation, .run = run_vacation};
