#include "jmap/sieve.h"

#include <string.h>

#include "base/codec.h"
#include "crypt/hash.h"
#include "jmap/blob.h"
#include "jmap/private.h"

static void forget(struct jmap_call *call)
{
	struct jmap_sieve **q = call->state; /* every state of these methods begins with it */

	buf_free(&(*q)->why);
	buf_free(&(*q)->answer);
}

struct jmap_sieve *jmap_sieve_create(struct jmap_call *call)
{
	struct jmap_sieve *q = arena_alloc(&call->arena, sizeof *q);

	buf_init(&q->why, 1000);
	buf_init(&q->answer, 262144);
	call->forget = forget;
	return q;
}

bool jmap_sieve_ask(struct jmap_call *call, struct jmap_sieve *q, enum jmap_sieve_op op, struct slice name, struct slice text)
{
	const struct jmap_host *host = jmap_host(call->jmap);

	if (host->sieve == NULL)
		return false;
	q->name = name;
	q->text = text;
	q->result = JMAP_SIEVE_LATER;
	buf_clear(&q->why);
	buf_clear(&q->answer);
	host->sieve(host->arg, call, q, op);
	return true;
}

struct slice jmap_script_id(struct jmap_call *call, struct slice name)
{
	uint8_t digest[16];
	struct buf text = BUF_INIT(40);
	struct slice id;

	hash_blake2b(name, NULL, digest, sizeof digest);
	buf_append_byte(&text, 'S');
	hex_encode(slice_make(digest, sizeof digest), &text);
	id = arena_dup(&call->arena, buf_slice(&text));
	buf_free(&text);
	return id;
}

bool jmap_scripts_take(struct jmap_call *call, const struct jmap_sieve *q, struct jmap_scripts *ret)
{
	struct slice rest = buf_slice(&q->answer), name;
	uint8_t active;

	ret->count = 0;
	if (q->result == JMAP_SIEVE_FORBIDDEN) {
		(void)jmap_error(call, "forbidden", NULL);
		return false;
	}
	if (q->result != JMAP_SIEVE_OK) {
		(void)jmap_error(call, "serverUnavailable", NULL);
		return false;
	}
	while (rest.n > 0 && ret->count < JMAP_SIEVE_SCRIPTS_MAX) {
		struct jmap_script *s = &ret->list[ret->count++];

		if (!slice_get_u8(&rest, &active) || !slice_get_u32(&rest, &s->bytes) || !slice_get_u64(&rest, &s->changed)
		    || !slice_get_bytes(&rest, &name)) {
			(void)jmap_error(call, "serverFail", NULL);
			return false;
		}
		s->active = active != 0;
		s->name = arena_dup(&call->arena, name);
		s->id = jmap_script_id(call, s->name);
	}
	return true;
}

const struct jmap_script *jmap_script_by_id(const struct jmap_scripts *s, struct slice id)
{
	for (size_t i = 0; i < s->count; i++)
		if (slice_eq(s->list[i].id, id))
			return &s->list[i];
	return NULL;
}

const struct jmap_script *jmap_script_by_name(const struct jmap_scripts *s, struct slice name)
{
	for (size_t i = 0; i < s->count; i++)
		if (slice_eq(s->list[i].name, name))
			return &s->list[i];
	return NULL;
}

struct slice jmap_scripts_state(struct jmap_call *call, const struct jmap_scripts *s)
{
	struct hash_state h;
	uint8_t digest[HASH_SIZE];
	struct buf text = BUF_INIT(40);
	struct slice state;

	hash_start(&h, NULL);
	for (size_t i = 0; i < s->count; i++) {
		hash_update_field(&h, s->list[i].name);
		hash_update_field(&h, slice_make(&s->list[i].changed, sizeof s->list[i].changed));
		hash_update_field(&h, slice_make(&s->list[i].bytes, sizeof s->list[i].bytes));
		hash_update_field(&h, slice_make(&s->list[i].active, sizeof s->list[i].active));
	}
	hash_finish(&h, digest);
	hex_encode(slice_make(digest, 10), &text);
	state = arena_dup(&call->arena, buf_slice(&text));
	buf_free(&text);
	return state;
}

const char *jmap_sieve_blob(struct jmap_call *call, struct slice text, struct buf *out)
{
	struct jmap_blob blob;
	struct slice id;

	if (!jmap_id_resolve(call, text, &id) || jmap_blob_open(call->jmap, id, &call->arena, &blob) < 0 || jmap_blob_give(&blob) < 0)
		return "blobNotFound";
	return jmap_blob_read(&blob, out) < 0 ? "tooLarge" : NULL;
}
