/*
 * Greylisting (RFC 6647): a stranger's first letter is asked to come again. Pure over a record that the caller keeps under the key made
 * here.
 */
#ifndef POLICY_GREYLIST_H
#define POLICY_GREYLIST_H

#include "policy/known.h"
#include "policy/letter.h"

#define GREYLIST_KEY 16

struct greylist_options {
	bool on;
	int64_t delay_s;      /* to wait at least; default 300 */
	int64_t window_s;     /* to come again at most; default 86400 */
	int64_t remember_s;   /* what came again is let through so long after its last letter; default 36 days */
};
#define GREYLIST_DEFAULT ((struct greylist_options){.on = true, .delay_s = 300, .window_s = 86400, .remember_s = 36 * 86400})

struct greylist_record {
	int64_t first_s, last_s; /* unix time; 0: no record */
	uint32_t passed;         /* letters that were let through */
};
enum greylist_decision { GREYLIST_PASS, GREYLIST_WAIT };
enum greylist_why { GREYLIST_OFF, GREYLIST_EXEMPT, GREYLIST_KNOWN, GREYLIST_CAME_AGAIN, GREYLIST_NEW, GREYLIST_EARLY };

/* Key of client network, domain of the sender (address of <>: HELO) and recipient, under the secret of the caller (16 bytes). */
void greylist_key(const struct policy_letter *l, struct slice recipient, const uint8_t secret[16], uint8_t ret[GREYLIST_KEY]);
/*
 * Exempt: who logged in, whom we know (wrote to, got letters from, answers), signed partners, domains that pass DMARC, or pass SPF and have
 * a good name. record is updated; the caller writes it back.
 */
enum greylist_decision greylist_decide(const struct greylist_options *o, const struct policy_letter *l, const struct known_sender *sender,
	int64_t now_s, struct greylist_record *record, enum greylist_why *ret_why);

#endif
