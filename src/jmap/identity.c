#include "jmap/identity.h"

#include <stdlib.h>

#include "base/codec.h"
#include "crypt/hash.h"

static void load(struct jmap_call *call, struct jmap_identities *s)
{
	struct slice text = SLICE_NONE;
	struct account *mail = jmap_mail(call);
	int rc = mail->ops->note != NULL ? mail->ops->note(mail, SLICE(JMAP_IDENTITY_NOTE), &call->arena, &text, NULL) : ERR_NOT_FOUND;

	s->kept = rc == 0 ? json_loadb((const char *)text.p, text.n, JSON_ALLOW_NUL, NULL) : NULL;
	if (!json_is_object(s->kept)) {
		json_decref(s->kept);
		s->kept = json_object();
	}
	s->code = rc == ERR_NOT_FOUND ? 0 : rc;
}

enum jmap_step jmap_identities_open(struct jmap_call *call, struct jmap_identities *s)
{
	const struct jmap_host *host = jmap_host(call->jmap);

	if (host->sender == NULL) {
		s->code = ERR_UNSUPPORTED;
		return JMAP_DONE;
	}
	if (!s->asked) {
		s->asked = true;
		host->sender(host->arg, call, &s->sender);
		return JMAP_WAIT;
	}
	/* Who may not send from here has no identities. */
	if (s->sender.code == ERR_DENIED)
		s->sender = (struct jmap_sender){.code = 0};
	s->code = s->sender.code;
	if (s->code == 0 && s->kept == NULL)
		load(call, s);
	return JMAP_DONE;
}

void jmap_identities_close(struct jmap_identities *s)
{
	json_decref(s->kept);
	s->kept = NULL;
}

const json_t *jmap_identity_kept(const struct jmap_identities *s, struct slice address)
{
	return jmap_member(s->kept, address);
}

int jmap_identities_keep(struct jmap_call *call, const struct jmap_identities *s)
{
	struct account *mail = jmap_mail(call);
	char *text = json_dumps(s->kept, JSON_COMPACT | JSON_SORT_KEYS);
	int rc = text == NULL || slice_str(text).n > JMAP_IDENTITIES_MAX ? ERR_LIMIT
		: mail->ops->set_note != NULL ? mail->ops->set_note(mail, SLICE(JMAP_IDENTITY_NOTE), slice_str(text), NULL) : ERR_DENIED;

	free(text);
	return rc;
}

/* ---- states: for each identity, 16 bytes of its id and 4 of a hash of what it shows ---- */

#define ID_SIZE 16u
#define ENTRY_SIZE 20u

static void show_hash(const struct jmap_identities *s, struct slice address, uint8_t ret[HASH_SIZE])
{
	const json_t *kept = jmap_identity_kept(s, address);
	char *text = kept != NULL ? json_dumps(kept, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	struct hash_state hash;

	hash_start(&hash, NULL);
	hash_update_field(&hash, text != NULL ? slice_str(text) : SLICE_NONE);
	hash_update_field(&hash, s->sender.name);
	hash_finish(&hash, ret);
	free(text);
}

static void id_bytes(struct slice address, struct buf *out)
{
	struct buf text = BUF_INIT(64);

	jmap_identity_id(address, &text);
	(void)hex_decode(slice_from(buf_slice(&text), 1), out);
	buf_free(&text);
}

static void entries_print(const struct jmap_identities *s, struct buf *out)
{
	uint8_t hash[HASH_SIZE];

	for (size_t i = 0; i < s->sender.address_count; i++) {
		id_bytes(s->sender.addresses[i], out);
		show_hash(s, s->sender.addresses[i], hash);
		buf_append_bytes(out, hash, ENTRY_SIZE - ID_SIZE);
	}
}

struct slice jmap_identity_state(struct jmap_call *call, const struct jmap_identities *s)
{
	struct buf entries = BUF_INIT(SIZE_MAX / 4), text = BUF_INIT(SIZE_MAX / 4);
	uint8_t hash[HASH_SIZE];
	struct slice ret;

	entries_print(s, &entries);
	if (s->sender.address_count <= JMAP_IDENTITIES_TOLD) {
		buf_append_byte(&text, 'i');
		base64url_encode(buf_slice(&entries), &text);
	} else {
		hash_blake2b(buf_slice(&entries), NULL, hash, sizeof hash);
		buf_append_byte(&text, 'h');
		hex_encode(slice_make(hash, 12), &text);
	}
	ret = arena_dup(&call->arena, buf_slice(&text));
	buf_free(&entries);
	buf_free(&text);
	return ret;
}

/* The entry of the same id; empty: there is none. */
static struct slice entry_find(struct slice entries, struct slice entry)
{
	for (; entries.n >= ENTRY_SIZE; entries = slice_from(entries, ENTRY_SIZE))
		if (slice_eq(slice_sub(entries, 0, ID_SIZE), slice_sub(entry, 0, ID_SIZE)))
			return slice_sub(entries, 0, ENTRY_SIZE);
	return SLICE_NONE;
}

static void tell(struct slice entry, json_t *list)
{
	struct buf text = BUF_INIT(64);

	buf_append_byte(&text, 'I');
	hex_encode(slice_sub(entry, 0, ID_SIZE), &text);
	json_array_append_new(list, json_stringn((const char *)buf_slice(&text).p, buf_len(&text)));
	buf_free(&text);
}

bool jmap_identity_compare(struct slice since, struct slice now, json_t *created, json_t *updated, json_t *destroyed)
{
	struct buf before = BUF_INIT(SIZE_MAX / 4), after = BUF_INIT(SIZE_MAX / 4);
	bool good = slice_starts(since, SLICE("i")) && slice_starts(now, SLICE("i")) && base64url_decode_strict(slice_from(since, 1), &before) == 0
		&& base64url_decode_strict(slice_from(now, 1), &after) == 0 && buf_len(&before) % ENTRY_SIZE == 0;
	struct slice old = buf_slice(&before), new = buf_slice(&after);

	for (struct slice rest = new; good && rest.n >= ENTRY_SIZE; rest = slice_from(rest, ENTRY_SIZE)) {
		struct slice entry = slice_sub(rest, 0, ENTRY_SIZE), was = entry_find(old, entry);

		if (was.n == 0 || !slice_eq(was, entry))
			tell(entry, was.n == 0 ? created : updated);
	}
	for (struct slice rest = old; good && rest.n >= ENTRY_SIZE; rest = slice_from(rest, ENTRY_SIZE))
		if (entry_find(new, rest).n == 0)
			tell(rest, destroyed);
	buf_free(&before);
	buf_free(&after);
	return good || slice_eq(since, now);
}
