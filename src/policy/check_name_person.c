#include "policy/check.h"
#include "policy/lookalike.h"
#include "policy/names.h"

check_fn check_name_person;

/* A colleague's private address that he uses for years is no attack; one whom our people write to is known. */
static bool is_known(const struct check_input *in)
{
	const struct known_sender *s = &in->known->sender;
	return s->given && s->letters_out > 0 && letter_auth_passed(in->letter);
}

static enum name_match find(const struct check_input *in, const struct letter_address *a, struct slice *ret_person)
{
	enum name_match match = names_find(in->known->names, a->name, a->spec, in->facts->arena, ret_person);
	bool ours = in->known->domains != NULL && targets_own(in->known->domains, a->domain);
	/* An address of ours that is in no directory (a service) is for own_domain_forged. */
	return ours ? NAME_NONE : match;
}

void check_name_person(const struct check_input *in, struct check_result *r)
{
	static const enum check_reason reasons[] = {
		[NAME_SAME] = REASON_same_name, [NAME_SIMILAR] = REASON_similar_name, [NAME_ROMANISED] = REASON_romanised_name,
	};
	struct slice person = SLICE_NONE;
	enum name_match match = find(in, &in->letter->from, &person);
	if (match == NAME_NONE && in->letter->sender.spec.n > 0)
		match = find(in, &in->letter->sender, &person);
	if (match == NAME_NONE)
		return;
	check_hit(r, reasons[match]);
	if (is_known(in))
		r->score /= 6;
	check_say(r, "person", person);
}
