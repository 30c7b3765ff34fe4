#include "policy/check.h"
#include "policy/host.h"
#include "policy/lookalike.h"
#include "policy/names.h"
#include "policy/person.h"

check_fn check_name_person;

/*
 * Many people share a name, most of all in letters without tones. A stranger who proves a domain of business is more often a namesake than
 * somebody who writes from a mailbox that anybody can have; an executive's name is worth stealing everywhere; whom our people write to is
 * known.
 */
static int percent_of(const struct check_input *in, const struct letter_address *a, enum name_match match, bool executive)
{
	const struct known_sender *s = &in->known->sender;
	const struct target *target;
	if (!letter_auth_passed(in->letter))
		return 100;
	if (s->given && s->letters_out > 0)
		return 15;
	if (in->known->domains != NULL && lookalike_find(in->known->domains, a->domain, in->facts->arena, &target) == LIKE_SAME)
		return 25;
	if (executive || host_is_free_mail(a->domain))
		return 100;
	return match == NAME_ROMANISED ? 40 : 60;
}

/* An address of ours that is in no directory (a service) is for own_domain_forged. */
static enum name_match find(const struct check_input *in, const struct letter_address *a, struct name_found *ret, bool *ret_waits)
{
	enum name_match match;
	if (in->known->domains != NULL && targets_own(in->known->domains, a->domain))
		return NAME_NONE;
	if (in->known->names_asked) {
		*ret_waits |= !person_find(in->facts, a->name, a->spec, &match, ret);
		return match;
	}
	return names_find(in->known->names, a->name, a->spec, in->facts->arena, ret);
}

void check_name_person(const struct check_input *in, struct check_result *r)
{
	static const enum check_reason reasons[] = {
		[NAME_SAME] = REASON_same_name, [NAME_SIMILAR] = REASON_similar_name, [NAME_ROMANISED] = REASON_romanised_name,
	};
	const struct letter_address *a = &in->letter->from;
	struct name_found person = {0};
	bool waits = false;
	enum name_match match = find(in, a, &person, &waits);
	if (match == NAME_NONE && in->letter->sender.spec.n > 0) {
		a = &in->letter->sender;
		match = find(in, a, &person, &waits);
	}
	if (waits)
		r->state = CHECK_WAITS;
	if (match == NAME_NONE)
		return;
	check_hit(r, reasons[match]);
	r->score = r->score * percent_of(in, a, match, person.executive) / 100;
	check_say(r, "person", person.address);
}
