/* Identity/get and Identity/changes (RFC 8621 6.1, 6.2): one for each address that the person may send as. */
#include "jmap/identity.h"

enum property { ID, NAME, EMAIL, REPLY_TO, BCC, TEXT, HTML, MAY_DELETE, PROPERTIES };
static const char *const names[PROPERTIES] = {"id", "name", "email", "replyTo", "bcc", "textSignature", "htmlSignature", "mayDelete"};

struct getting {
	struct jmap_get get;
	struct jmap_identities identities;
	struct jmap_changes changes;
};

static void put_kept(struct jmap_call *call, const json_t *kept, const char *name, bool is_text)
{
	const json_t *value = json_object_get(kept, name);

	emit_key(jmap_out(call), name);
	if (value != NULL)
		emit_json(jmap_out(call), value);
	else if (is_text)
		emit_text(jmap_out(call), SLICE(""));
	else
		emit_null(jmap_out(call));
}

static void put_one(struct jmap_call *call, const struct getting *g, struct slice address)
{
	const json_t *kept = jmap_identity_kept(&g->identities, address), *name = json_object_get(kept, "name");
	struct emit *e = jmap_out(call);
	struct buf id = BUF_INIT(64);

	jmap_identity_id(address, &id);
	emit_object(e);
	emit_member_text(e, names[ID], buf_slice(&id));
	if (jmap_wants(&g->get, NAME))
		emit_member_text(e, names[NAME], name != NULL ? jmap_text(name) : g->identities.sender.name);
	if (jmap_wants(&g->get, EMAIL))
		emit_member_text(e, names[EMAIL], address.n > 0 && address.p[0] == '@' ? arena_printf(&call->arena, "*%.*s", SLICE_ARG(address)) : address);
	if (jmap_wants(&g->get, REPLY_TO))
		put_kept(call, kept, names[REPLY_TO], false);
	if (jmap_wants(&g->get, BCC))
		put_kept(call, kept, names[BCC], false);
	if (jmap_wants(&g->get, TEXT))
		put_kept(call, kept, names[TEXT], true);
	if (jmap_wants(&g->get, HTML))
		put_kept(call, kept, names[HTML], true);
	if (jmap_wants(&g->get, MAY_DELETE))
		emit_member_bool(e, names[MAY_DELETE], false);
	emit_object_end(e);
	buf_free(&id);
}

static enum jmap_step give(struct jmap_call *call, struct getting *g)
{
	struct slice id;

	jmap_get_begin(call, jmap_identity_state(call, &g->identities));
	for (size_t i = 0; g->get.all && i < g->identities.sender.address_count; i++)
		put_one(call, g, g->identities.sender.addresses[i]);
	while (!g->get.all && jmap_get_next(&g->get, &id)) {
		struct slice address = jmap_identity_address(&g->identities.sender, id);

		if (address.n > 0)
			put_one(call, g, address);
		else
			jmap_get_missing(call, &g->get, id);
	}
	jmap_get_end(call, &g->get);
	return JMAP_DONE;
}

static void forget(struct jmap_call *call)
{
	jmap_identities_close(&((struct getting *)call->state)->identities);
}

enum jmap_step jmap_identity_get(struct jmap_call *call)
{
	struct getting *g = call->state;

	if (g == NULL) {
		call->state = g = ARENA_NEW(&call->arena, struct getting);
		call->forget = forget;
		if (!jmap_get_args(call, names, PROPERTIES, (1u << PROPERTIES) - 1, NULL, NULL, &g->get))
			return JMAP_DONE;
	}
	if (jmap_identities_open(call, &g->identities) == JMAP_WAIT)
		return JMAP_WAIT;
	if (g->identities.code < 0)
		return jmap_error_code(call, g->identities.code);
	return give(call, g);
}

enum jmap_step jmap_identity_changes(struct jmap_call *call)
{
	struct getting *g = call->state;

	if (g == NULL) {
		call->state = g = ARENA_NEW(&call->arena, struct getting);
		call->forget = forget;
		if (!jmap_changes_args(call, NULL, &g->changes))
			return JMAP_DONE;
	}
	if (jmap_identities_open(call, &g->identities) == JMAP_WAIT)
		return JMAP_WAIT;
	if (g->identities.code < 0)
		return jmap_error_code(call, g->identities.code);
	g->changes.state = jmap_identity_state(call, &g->identities);
	if (!jmap_identity_compare(g->changes.since, g->changes.state, g->changes.created, g->changes.updated, g->changes.destroyed))
		return jmap_error(call, "cannotCalculateChanges", NULL);
	if (json_array_size(g->changes.created) + json_array_size(g->changes.updated) + json_array_size(g->changes.destroyed) > g->changes.max)
		return jmap_error(call, "cannotCalculateChanges", "There is no state between: ask for all.");
	jmap_changes_begin(call, &g->changes);
	jmap_answer_end(call);
	return JMAP_DONE;
}
