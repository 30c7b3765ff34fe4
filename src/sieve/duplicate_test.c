/* duplicate (RFC 7352): has the owner had this letter already? */
#include "crypt/hash.h"
#include "base/codec.h"
#include "sieve/machine.h"

#define SECONDS_DEFAULT (7u * 86400)
#define SECONDS_MAX (90u * 86400)

static const struct sieve_tag tags_duplicate[] = {
	{"handle", SLOT_HANDLE, 's', SIEVE_DUPLICATE, 0}, {"header", SLOT_KEY, 's', SIEVE_DUPLICATE, 0}, {"uniqueid", SLOT_KEY, 's',
		SIEVE_DUPLICATE, 1},
	{"seconds", SLOT_SECONDS, 'n', SIEVE_DUPLICATE, 0}, {"last", SLOT_LAST, 0, SIEVE_DUPLICATE, 0}, {.name = NULL},
};

static bool value_first(void *arg, struct slice value)
{
	*(struct slice *)arg = value;
	return true;
}

/* What the letter is known by; false: nothing, then it is no duplicate (RFC 7352 3.1). */
static bool id_of(struct machine *m, const struct sieve_node *node, struct slice *ret)
{
	const struct sieve_bound *key = node_tag(node, SLOT_KEY);
	if (key != NULL && key->tag->code == 1) {
		*ret = machine_tag_string(m, key);
		return true;
	}
	struct slice name = key != NULL ? machine_tag_string(m, key) : SLICE("Message-ID"), value = SLICE_NONE;
	if (!machine_headers(m, node, name, value_first, &value))
		return false;
	*ret = slice_trim(mime_unfold(m->arena, value));
	return true;
}

/* Ids under different handles and of different kinds are different (RFC 7352 3). Hashed: ids may be long. */
static struct slice key_of(struct machine *m, const struct sieve_node *node, struct slice id)
{
	const struct sieve_bound *kind = node_tag(node, SLOT_KEY);
	struct hash_state state;
	uint8_t hash[HASH_SIZE];
	struct buf out = BUF_INIT(4 * HASH_SIZE);
	hash_start(&state, NULL);
	hash_update_field(&state, machine_tag_string(m, node_tag(node, SLOT_HANDLE)));
	hash_update_field(&state, kind == NULL ? SLICE("m") : kind->tag->code == 1 ? SLICE("u") : SLICE("h"));
	hash_update_field(&state, kind != NULL && kind->tag->code == 0 ? machine_tag_string(m, kind) : SLICE_NONE);
	hash_update_field(&state, id);
	hash_finish(&state, hash);
	hex_encode(slice_make(hash, 20), &out);
	struct slice ret = arena_dup(m->arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

static struct sieve_duplicate *known(struct machine *m, struct slice key)
{
	struct sieve_duplicate *d = m->out->duplicates;
	while (d != NULL && !slice_eq(d->key, key))
		d = d->next;
	return d;
}

static bool test_duplicate(struct machine *m, const struct sieve_node *node)
{
	const struct sieve_bound *seconds = node_tag(node, SLOT_SECONDS);
	struct slice id;
	if (!id_of(m, node, &id) || m->stopped)
		return false;
	struct slice key = key_of(m, node, id);
	/* RFC 7352 3: asked twice in one run, the answer is the same. */
	struct sieve_duplicate *d = known(m, key);
	if (d != NULL)
		return d->was_seen;
	if (++m->duplicates > SIEVE_DUPLICATES_MAX)
		return machine_error(m, node->place, "more than %d duplicate tests", SIEVE_DUPLICATES_MAX);
	enum sieve_known answer = m->letter->seen != NULL ? m->letter->seen(m->letter->arg, key) : SIEVE_NEW;
	d = ARENA_NEW(m->arena, struct sieve_duplicate);
	*d = (struct sieve_duplicate){.next = m->out->duplicates, .key = key, .last = node_tag(node, SLOT_LAST) != NULL, .was_seen = answer == SIEVE_SEEN};
	uint64_t keep = seconds != NULL ? seconds->arg->number : SECONDS_DEFAULT;
	d->seconds = keep > SECONDS_MAX ? SECONDS_MAX : (uint32_t)keep;
	m->out->duplicates = d;
	m->out->waits = m->out->waits || answer == SIEVE_WAIT;
	return d->was_seen;
}

const struct sieve_def sieve_test_duplicate = {.name = "duplicate", .extension = SIEVE_DUPLICATE, .tags = {tags_duplicate}, .arguments = "",
	.test = test_duplicate};
