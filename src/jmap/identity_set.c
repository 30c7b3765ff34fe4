/* Identity/set (RFC 8621 6.3): what a person says of the own addresses. They come and go with what auth says, so none is created or destroyed here. */
#include <string.h>

#include "jmap/identity.h"
#include "mime/build.h"

struct setting { struct jmap_identities identities; };

static bool is_text(const json_t *value, size_t max)
{
	return json_is_string(value) && jmap_text(value).n <= max;
}

static bool are_addresses(const json_t *value)
{
	const json_t *one;
	size_t i;

	if (json_is_null(value))
		return true;
	json_array_foreach(value, i, one) {
		const json_t *name = json_object_get(one, "name");

		if (!build_email_ok(jmap_text(json_object_get(one, "email"))) || (name != NULL && !json_is_null(name) && !json_is_string(name)))
			return false;
	}
	return json_is_array(value) && json_array_size(value) <= 100;
}

static bool property_good(const char *name, const json_t *value)
{
	if (strcmp(name, "name") == 0)
		return is_text(value, 1000);
	if (strcmp(name, "textSignature") == 0 || strcmp(name, "htmlSignature") == 0)
		return is_text(value, JMAP_SIGNATURE_MAX);
	return (strcmp(name, "replyTo") == 0 || strcmp(name, "bcc") == 0) && are_addresses(value);
}

static enum jmap_step update(struct jmap_call *call, struct jmap_set_item *item)
{
	struct setting *t = call->state;
	struct slice address = jmap_identity_address(&t->identities.sender, item->key);
	json_t *now, *value, *old;
	const char *name;
	char *key;
	int rc;

	if (address.n == 0)
		return jmap_set_error(item, "notFound", SLICE_NONE);
	json_object_foreach(item->object, name, value)
		if (!property_good(name, value))
			(void)jmap_set_invalid(item, name);
	if (item->error != NULL)
		return JMAP_DONE;
	if ((jmap_mail(call)->refuses & ACCOUNT_REFUSES_CHANGE) != 0)
		return jmap_set_error(item, "forbidden", SLICE_NONE);
	key = arena_dup_str(&call->arena, address);
	old = json_object_get(t->identities.kept, key);
	now = json_is_object(old) ? json_deep_copy(old) : json_object();
	json_object_update(now, item->object);
	json_object_set_new(t->identities.kept, key, now);
	rc = jmap_identities_keep(call, &t->identities);
	return rc < 0 ? jmap_set_error_code(item, rc) : JMAP_DONE;
}

/* RFC 8621 6.3: the singleton rule of a server whose addresses are given. */
static enum jmap_step create(struct jmap_call *call, struct jmap_set_item *item)
{
	return jmap_set_error(item, "forbiddenFrom", SLICE("Addresses are given by the administrator."));
}

static enum jmap_step destroy(struct jmap_call *call, struct jmap_set_item *item)
{
	const struct setting *t = call->state;

	return jmap_set_error(item, jmap_identity_address(&t->identities.sender, item->key).n > 0 ? "forbidden" : "notFound", SLICE_NONE);
}

static int state(struct jmap_call *call, struct buf *out)
{
	buf_append(out, jmap_identity_state(call, &((struct setting *)call->state)->identities));
	return 0;
}

static void forget(struct jmap_call *call)
{
	jmap_identities_close(&((struct setting *)call->state)->identities);
}

enum jmap_step jmap_identity_set(struct jmap_call *call)
{
	static const struct jmap_set_ops ops = {.create = create, .update = update, .destroy = destroy, .state = state};
	struct setting *t = call->state;

	if (t == NULL) {
		call->state = t = ARENA_NEW(&call->arena, struct setting);
		call->forget = forget;
	}
	if (jmap_identities_open(call, &t->identities) == JMAP_WAIT)
		return JMAP_WAIT;
	if (t->identities.code < 0)
		return jmap_error_code(call, t->identities.code);
	return jmap_set_run(call, &ops);
}
