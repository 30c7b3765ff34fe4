#include "mime/header.h"
#include "policy/check.h"
#include "policy/host.h"
#include "policy/lookalike.h"

check_fn check_reply_to_other;

static bool is_list(const struct policy_letter *l)
{
	struct mime_field field;
	return mime_header_find(l->header, SLICE("List-Id"), &field) || mime_header_find(l->header, SLICE("List-Unsubscribe"), &field);
}

/* An answer that goes to a mailbox anybody can have, from a letter that claims to come from a firm, is the usual way of fraud. */
void check_reply_to_other(const struct check_input *in, struct check_result *r)
{
	const struct policy_letter *l = in->letter;
	if (l->reply_to.domain.n == 0 || l->from.domain.n == 0 || slice_eq(host_registered(l->reply_to.domain), host_registered(l->from.domain)))
		return;
	bool free_mail = host_is_free_mail(l->reply_to.domain), from_free = host_is_free_mail(l->from.domain);
	if (in->known->domains != NULL && targets_own(in->known->domains, l->reply_to.domain))
		return;
	if (free_mail) {
		check_hit(r, REASON_free_mail);
		r->score = from_free ? r->score / 2 : r->score;
	} else if (!is_list(l)) {
		check_hit(r, REASON_other_domain);
		r->score /= 3;
	} else {
		return;
	}
	check_say(r, "domain", l->reply_to.domain);
}
