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

struct slice jmap_identity_state(struct jmap_call *call, const struct jmap_identities *s)
{
	char *text = json_dumps(s->kept, JSON_COMPACT | JSON_SORT_KEYS);
	struct hash_state hash;
	uint8_t result[HASH_SIZE];
	struct buf hex = BUF_INIT(64);
	struct slice ret;

	hash_start(&hash, NULL);
	hash_update_field(&hash, slice_str(text));
	hash_update_field(&hash, s->sender.name);
	for (size_t i = 0; i < s->sender.address_count; i++)
		hash_update_field(&hash, s->sender.addresses[i]);
	hash_finish(&hash, result);
	hex_encode(slice_make(result, 12), &hex);
	ret = arena_dup(&call->arena, buf_slice(&hex));
	buf_free(&hex);
	free(text);
	return ret;
}
