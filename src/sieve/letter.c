/* What tests see of a letter. */
#include "mime/encoded_word.h"
#include "sieve/machine.h"

struct walk { header_fn *fn; void *arg; };

/* The values of all fields of that name, at most SIEVE_HEADERS_MAX. */
static size_t collect(struct machine *m, struct slice name, struct slice *values)
{
	struct slice rest = m->header;
	struct mime_field field;
	size_t count = 0;
	while (count < SIEVE_HEADERS_MAX && mime_field_next(&rest, &field))
		if (slice_eq_nocase(field.name, name))
			values[count++] = field.value;
	return count;
}

bool machine_headers(struct machine *m, const struct sieve_node *node, struct slice name, header_fn *fn, void *arg)
{
	const struct sieve_bound *index = node_tag(node, SLOT_INDEX);
	bool last = node_tag(node, SLOT_LAST) != NULL;
	struct slice values[SIEVE_HEADERS_MAX];
	size_t count;
	if (!machine_charge(m, node->place, m->header.n / 8 + SIEVE_WORK_COMMAND))
		return false;
	count = collect(m, name, values);
	if (index != NULL) { /* RFC 5260 6 */
		size_t at = index->arg->number;
		return at <= count && fn(arg, values[last ? count - at : at - 1]);
	}
	for (size_t i = 0; i < count; i++)
		if (fn(arg, values[i]))
			return true;
	return false;
}

struct slice machine_header_text(struct machine *m, struct slice value)
{
	return slice_trim(mime_words_decode_arena(mime_unfold(m->arena, value), m->arena));
}

/* ---- addresses (RFC 5228 2.7.4, RFC 5233) ---- */

enum part { PART_ALL, PART_LOCAL, PART_DOMAIN, PART_USER, PART_DETAIL };
const struct sieve_tag sieve_tags_part[] = {
	{"all", SLOT_PART, 0, SIEVE_CORE, PART_ALL}, {"localpart", SLOT_PART, 0, SIEVE_CORE, PART_LOCAL}, {"domain", SLOT_PART, 0, SIEVE_CORE,
		PART_DOMAIN},
	{"user", SLOT_PART, 0, SIEVE_SUBADDRESS, PART_USER}, {"detail", SLOT_PART, 0, SIEVE_SUBADDRESS, PART_DETAIL}, {.name = NULL},
};

bool machine_address_part(struct machine *m, const struct sieve_node *node, struct slice local, struct slice domain, struct slice *ret)
{
	const struct sieve_bound *tag = node_tag(node, SLOT_PART);
	ptrdiff_t plus = slice_find(local, '+');
	switch (tag != NULL ? (enum part)tag->tag->code : PART_ALL) {
	case PART_ALL: *ret = domain.n > 0 ? arena_printf(m->arena, "%.*s@%.*s", SLICE_ARG(local), SLICE_ARG(domain)) : local; return true;
	case PART_LOCAL: *ret = local; return true;
	case PART_DOMAIN: *ret = domain; return true;
	case PART_USER: *ret = plus < 0 ? local : slice_sub(local, 0, (size_t)plus); return true;
	case PART_DETAIL:
		*ret = plus < 0 ? SLICE_NONE : slice_from(local, (size_t)plus + 1);
		return plus >= 0; /* RFC 5233 4: without the separator there is no detail, and nothing matches */
	}
	return false;
}

/* ---- mailboxes ---- */

const struct sieve_mailbox *machine_mailbox(const struct machine *m, struct slice name)
{
	static const struct sieve_mailbox inbox = {.name = SLICE_INIT("INBOX")};
	for (size_t i = 0; i < m->letter->mailbox_count; i++)
		if (slice_eq(m->letter->mailboxes[i].name, name))
			return &m->letter->mailboxes[i];
	return slice_eq_nocase(name, inbox.name) ? &inbox : NULL;
}

const struct sieve_mailbox *machine_special_use(const struct machine *m, struct slice attribute)
{
	for (size_t i = 0; i < m->letter->mailbox_count; i++) {
		struct slice uses = m->letter->mailboxes[i].special_use, use;
		while (slice_split(&uses, ' ', &use))
			if (slice_eq_nocase(use, attribute))
				return &m->letter->mailboxes[i];
	}
	return NULL;
}
