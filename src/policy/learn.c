#include "policy/learn.h"

#define CONTRADICTION 10 /* points of Bayes the other way */

bool policy_learn(const struct learn_thresholds *t, const struct policy_letter *letter, const struct known_sender *sender,
	const struct policy_verdict *v, enum bayes_class *ret)
{
	int bayes = v->results[CHECK_ID_bayes].score, others = v->score - bayes;
	bool known = letter_auth_passed(letter) && sender->given && sender->letters_out > 0;
	if (v->waits || v->held || letter->authenticated)
		return false;
	if (t->junk != 0 && others >= t->junk && bayes > -CONTRADICTION) {
		*ret = BAYES_JUNK;
		return true;
	}
	if (t->good == 0 || others > t->good || bayes >= CONTRADICTION || !known)
		return false;
	*ret = BAYES_HAM;
	return true;
}
