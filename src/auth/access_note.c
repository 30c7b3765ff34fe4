/* Notes of sign-ins, written together; and wrong proofs, counted in memory. */
#include <string.h>

#include "auth/access_private.h"
#include "base/endian.h"

#define FLUSH_MS 500

void access_flush(struct access *a)
{
	struct error err = {0};
	if (a->note_count == 0)
		return;
	int rc = directory_begin(a->directory, &err);
	for (size_t i = 0; rc == 0 && i < a->note_count; i++) {
		rc = directory_signin_add(a->directory, &a->notes[i], &err);
		if (rc == ERR_NOT_FOUND) /* the account was removed just now */
			rc = 0;
	}
	if (rc == 0)
		rc = directory_commit(a->directory, &err);
	directory_rollback(a->directory);
	if (rc != 0)
		access_event(a, EV_INTERNAL, LOG_STR("what", "sign-ins were not noted"), LOG_STR("why", err.private_text));
	a->note_count = 0;
	arena_free(&a->texts);
}

static void flush_later(void *arg)
{
	struct access *a = arg;
	a->scheduled = false;
	access_flush(a);
}

void access_note(struct access *a, const struct signin *s)
{
	if (a->note_count == ACCESS_BUFFER_MAX)
		access_flush(a);
	struct signin *kept = &a->notes[a->note_count++];
	*kept = *s;
	kept->address = arena_dup(&a->texts, s->address);
	kept->client = arena_dup(&a->texts, s->client);
	kept->rule = arena_dup(&a->texts, s->rule);
	if (!a->scheduled) {
		a->scheduled = true;
		a->host.after(a->host.arg, FLUSH_MS, flush_later, a);
	}
}

/* ---- wrong proofs ---- */

static uint64_t hash_of(const struct access *a, struct slice text)
{
	uint8_t hash[HASH_SIZE];
	hash_keyed(text, a->key, hash);
	return get_u64(hash);
}

static struct tries *slot_of(struct tries *table, uint64_t key)
{
	return &table[key % TRIES_SLOTS];
}

static bool is_live(const struct tries *t, uint64_t key, int64_t now)
{
	return t->key == key && now - t->since < ACCESS_RISK_S;
}

static struct tries *touch(struct tries *table, uint64_t key, int64_t now)
{
	struct tries *t = slot_of(table, key);
	if (!is_live(t, key, now))
		*t = (struct tries){.key = key, .since = now};
	return t;
}

unsigned access_tries_risk(struct access *a, struct slice address, struct slice place)
{
	int64_t now = access_now(a);
	uint64_t account = hash_of(a, address), network = hash_of(a, place);
	const struct tries *by_account = slot_of(a->accounts, account), *by_network = slot_of(a->networks, network);
	unsigned risk = 0;
	if (is_live(by_account, account, now) && by_account->count >= ACCESS_FAILED_TRIES)
		risk |= RISK_FAILED_TRIES;
	if (place.n > 0 && is_live(by_network, network, now) && by_network->count >= ACCESS_SPRAYED)
		risk |= RISK_SPRAYING;
	return risk;
}

/* Different names count; the fifth is told, once. */
static void count_network(struct access *a, struct slice place, uint64_t name, unsigned protocol, struct slice address)
{
	struct tries *t = touch(a->networks, hash_of(a, place), access_now(a));
	for (unsigned i = 0; i < t->count; i++)
		if (t->names[i] == name)
			return;
	if (t->count == ACCESS_SPRAYED)
		return;
	t->names[t->count++] = name;
	if (t->count == ACCESS_SPRAYED)
		access_event(a, EV_LOGIN_SPRAYED, LOG_STR("service", access_protocol_name(protocol)), LOG_TEXT("ip", address), LOG_NUM("count", t->count));
}

void access_failed(struct access *a, const struct account *account, struct slice name, unsigned protocol, struct slice address)
{
	char text[64];
	struct slice place = directory_place_of(address, text);
	uint64_t who = hash_of(a, account != NULL ? account->address : name);
	touch(a->accounts, who, access_now(a))->count++;
	if (place.n > 0)
		count_network(a, place, who, protocol, address);
	/* Under attack the newest failures are not noted one by one: what waits is bounded, and so is the table. */
	if (account == NULL || a->note_count >= ACCESS_BUFFER_MAX / 2)
		return;
	struct signin s = {.time = access_now(a), .address = address, .protocol = protocol, .outcome = SIGNIN_REFUSED};
	memcpy(s.account, account->id, sizeof s.account);
	access_note(a, &s);
}
