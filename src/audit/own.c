#include "audit/own.h"

#include "audit/query.h"

#define IDS_MAX 10000

enum part { SENT, RECEIVED };

/* Which steps each of the two sees, and what of them. */
static const struct step {
	struct slice event;
	enum part part;
	struct slice fields;
} steps[] = {
	{SLICE_INIT("smtp.accepted"), SENT, SLICE_INIT("mid service user from size targets")},
	{SLICE_INIT("smtp.accepted"), RECEIVED, SLICE_INIT("mid from to size")},
	{SLICE_INIT("smtp.accepted_more"), RECEIVED, SLICE_INIT("mid to")},
	{SLICE_INIT("queue.delivered"), SENT, SLICE_INIT("id to host tls code reply")},
	{SLICE_INIT("queue.deferred"), SENT, SLICE_INIT("id to host code reply")},
	{SLICE_INIT("queue.bounced"), SENT, SLICE_INIT("id to host code reply note")},
	{SLICE_INIT("queue.expired"), SENT, SLICE_INIT("id to attempts reply")},
	{SLICE_INIT("mail.filed"), RECEIVED, SLICE_INIT("user mid")},
	{SLICE_INIT("mail.appended"), RECEIVED, SLICE_INIT("user mid size")},
};

void audit_own_init(struct audit_own *t, struct slice address, struct slice id)
{
	*t = (struct audit_own){.address = address, .id = id, .sent = MAP_INIT, .received = MAP_INIT};
}

void audit_own_free(struct audit_own *t)
{
	map_free(&t->sent);
	map_free(&t->received);
}

static bool has_word(struct slice text, struct slice word)
{
	struct slice one;
	while (slice_split(&text, ' ', &one))
		if (slice_eq_nocase(one, word))
			return true;
	return false;
}

static void remember(struct audit_own *t, struct map *ids, struct slice id)
{
	if (ids->count < IDS_MAX)
		map_put(ids, id, t);
}

/* A reverse-path proves nothing: sent is what a signed-in session sent. */
static void learn(struct audit_own *t, const struct audit_record *r, struct slice id)
{
	bool mine = slice_eq_nocase(audit_record_text(r, "user"), t->address);
	if (slice_eq(r->event, SLICE("smtp.accepted")) && mine)
		remember(t, &t->sent, id);
	else if (has_word(audit_record_text(r, "to"), t->address) && slice_starts(r->event, SLICE("smtp.accepted")))
		remember(t, &t->received, id);
	else if (slice_starts(r->event, SLICE("mail.")) && mine)
		remember(t, &t->received, id);
}

static const struct step *step_of(const struct audit_own *t, const struct audit_record *r, struct slice id)
{
	bool mine = slice_eq_nocase(audit_record_text(r, "user"), t->address), to_me = has_word(audit_record_text(r, "to"), t->address);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		const struct step *s = &steps[i];
		if (!slice_eq(s->event, r->event) || map_get(s->part == SENT ? &t->sent : &t->received, id) == NULL)
			continue;
		if (s->part == SENT || mine || to_me)
			return s;
	}
	return NULL;
}

static void keep_fields(struct audit_record *r, const struct step *s, struct slice address)
{
	size_t kept = 0;
	for (size_t i = 0; i < r->count; i++) {
		if (!has_word(s->fields, r->fields[i].name))
			continue;
		r->fields[kept] = r->fields[i];
		if (s->part == RECEIVED && slice_eq(r->fields[kept].name, SLICE("to")))
			r->fields[kept].text = address;
		kept++;
	}
	r->count = kept;
}

bool audit_own_takes(struct audit_own *t, struct audit_record *r)
{
	struct slice id = audit_trace_id(r);
	if (id.n == 0 || !slice_eq(r->class, SLICE("mail")) || (t->id.n > 0 && !slice_eq(id, t->id)))
		return false;
	learn(t, r, id);
	const struct step *s = step_of(t, r, id);
	if (s == NULL)
		return false;
	keep_fields(r, s, t->address);
	return true;
}
