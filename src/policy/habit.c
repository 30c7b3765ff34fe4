#include "policy/habit.h"

#include <string.h>

#include "base/endian.h"
#include "base/map.h"
#include "policy/letter.h"

#define NEARLY_ALWAYS 95 /* of 100 */

uint64_t habit_place(const struct policy_letter *l)
{
	static const uint8_t key[16] = "habit of sender";
	struct policy_ip network = policy_ip_network(l->client);
	uint64_t hash;
	if (l->trust.given && l->trust.dkim == LETTER_PASS && l->trust.dkim_domain.n > 0)
		hash = siphash(key, l->trust.dkim_domain);
	else if (network.family != 0)
		hash = siphash(key, policy_ip_bytes(&network));
	else
		return 0;
	return hash != 0 ? hash : 1;
}

static void halve(struct habit *h)
{
	h->letters /= 2;
	h->signed_letters /= 2;
	for (size_t i = 0; i < HABIT_ORIGINS; i++) {
		h->origins[i].letters /= 2;
		if (h->origins[i].letters == 0)
			h->origins[i].place = 0;
	}
}

/* A place that is not remembered takes the seat of the least used one. */
static void note_place(struct habit *h, uint64_t place)
{
	size_t i = 0;
	while (i < HABIT_ORIGINS - 1 && h->origins[i].place != place && h->origins[i].letters > 0)
		i++;
	if (h->origins[i].place != place) {
		h->origins[i].place = place;
		h->origins[i].letters = 0;
	}
	h->origins[i].letters++;
	for (; i > 0 && h->origins[i].letters > h->origins[i - 1].letters; i--) {
		uint64_t other = h->origins[i - 1].place;
		uint16_t letters = h->origins[i - 1].letters;
		h->origins[i - 1] = h->origins[i];
		h->origins[i].place = other;
		h->origins[i].letters = letters;
	}
}

void habit_note(struct habit *h, uint64_t place, bool signed_letter)
{
	if (h->letters >= HABIT_LETTERS_MAX)
		halve(h);
	h->letters++;
	h->signed_letters += signed_letter;
	if (place != 0)
		note_place(h, place);
}

bool habit_always_signs(const struct habit *h)
{
	return h->letters >= HABIT_LETTERS_MIN && h->signed_letters * 100 >= h->letters * NEARLY_ALWAYS;
}

bool habit_other_origin(const struct habit *h, uint64_t place)
{
	unsigned known = 0;
	if (h->letters < HABIT_LETTERS_MIN || place == 0)
		return false;
	for (size_t i = 0; i < HABIT_ORIGINS; i++) {
		if (h->origins[i].place == place)
			return false;
		known += h->origins[i].letters;
	}
	return known * 100 >= h->letters * (unsigned)NEARLY_ALWAYS;
}

void habit_encode(const struct habit *h, uint8_t ret[HABIT_ENCODED])
{
	put_u16(ret, h->letters);
	put_u16(ret + 2, h->signed_letters);
	for (size_t i = 0; i < HABIT_ORIGINS; i++) {
		put_u64(ret + 4 + i * 10, h->origins[i].place);
		put_u16(ret + 12 + i * 10, h->origins[i].letters);
	}
}

bool habit_decode(const uint8_t data[HABIT_ENCODED], struct habit *ret)
{
	struct habit h = {.letters = get_u16(data), .signed_letters = get_u16(data + 2)};
	unsigned sum = 0;
	for (size_t i = 0; i < HABIT_ORIGINS; i++) {
		h.origins[i].place = get_u64(data + 4 + i * 10);
		h.origins[i].letters = get_u16(data + 12 + i * 10);
		sum += h.origins[i].letters;
		if ((h.origins[i].place == 0) != (h.origins[i].letters == 0) || (i > 0 && h.origins[i].letters > h.origins[i - 1].letters))
			return false;
	}
	if (h.letters > HABIT_LETTERS_MAX || h.signed_letters > h.letters || sum > h.letters)
		return false;
	*ret = h;
	return true;
}
