#include "policy/greylist.h"

#include <string.h>

#include "crypt/hash.h"

#define GOOD_NAME 20 /* percent of reputation */

void greylist_key(const struct policy_letter *l, struct slice recipient, const uint8_t secret[16], uint8_t ret[GREYLIST_KEY])
{
	struct policy_ip network = policy_ip_network(l->client);
	struct arena arena = ARENA_INIT;
	uint8_t digest[HASH_SIZE];
	struct hash_state state;
	hash_start(&state, NULL);
	hash_update_field(&state, slice_make(secret, 16));
	hash_update_field(&state, policy_ip_bytes(&network));
	hash_update_field(&state, policy_letter_mail_domain(l, &arena));
	hash_update_field(&state, recipient);
	hash_finish(&state, digest);
	memcpy(ret, digest, GREYLIST_KEY);
	arena_free(&arena);
}

static bool is_known(const struct known_sender *s)
{
	return s->given && (s->signed_partner || s->reply || s->letters_in > 0 || s->letters_out > 0);
}

static bool is_exempt(const struct policy_letter *l, const struct known_sender *s, int64_t now_s)
{
	if (l->authenticated || letter_auth_passed(l))
		return true;
	return l->trust.given && l->trust.spf == LETTER_PASS && s->given && reputation_percent(&s->domain, now_s) >= GOOD_NAME;
}

/* The record of a letter that is let through. */
static enum greylist_decision let_through(struct greylist_record *r, int64_t now_s)
{
	if (r->first_s == 0)
		r->first_s = now_s;
	r->last_s = now_s;
	if (r->passed < UINT32_MAX)
		r->passed++;
	return GREYLIST_PASS;
}

static enum greylist_decision begin(struct greylist_record *r, int64_t now_s)
{
	*r = (struct greylist_record){.first_s = now_s, .last_s = now_s};
	return GREYLIST_WAIT;
}

enum greylist_decision greylist_decide(const struct greylist_options *o, const struct policy_letter *l, const struct known_sender *sender,
	int64_t now_s, struct greylist_record *record, enum greylist_why *ret_why)
{
	if (!o->on || is_exempt(l, sender, now_s) || is_known(sender)) {
		*ret_why = !o->on ? GREYLIST_OFF : is_known(sender) ? GREYLIST_KNOWN : GREYLIST_EXEMPT;
		return GREYLIST_PASS;
	}
	int64_t kept = record->passed > 0 ? o->remember_s : o->window_s, since = record->passed > 0 ? record->last_s : record->first_s;
	if (record->first_s == 0 || now_s - since > kept || now_s < record->first_s) {
		*ret_why = GREYLIST_NEW;
		return begin(record, now_s);
	}
	*ret_why = record->passed > 0 || now_s - record->first_s >= o->delay_s ? GREYLIST_CAME_AGAIN : GREYLIST_EARLY;
	return *ret_why == GREYLIST_CAME_AGAIN ? let_through(record, now_s) : GREYLIST_WAIT;
}
