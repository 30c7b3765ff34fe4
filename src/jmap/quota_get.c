#include "jmap/quota.h"

#include "jmap/private.h"

/* RFC 9425 4.1. */
enum property { ID, RESOURCE, USED, HARD, SCOPE, NAME, TYPES, PROPERTIES };
static const char *const names[PROPERTIES] = {
	[ID] = "id", [RESOURCE] = "resourceType", [USED] = "used", [HARD] = "hardLimit", [SCOPE] = "scope", [NAME] = "name", [TYPES] = "types",
};

int jmap_quota_read(struct account *mail, struct jmap_quota *ret)
{
	uint64_t count;

	return mail->ops->quota(mail, &ret->used, &ret->limit, &count, NULL);
}

int jmap_quota_state(struct jmap *j, struct buf *out)
{
	struct jmap_quota q;
	int rc = jmap_quota_read(j->host.mail, &q);

	if (rc == 0)
		buf_printf(out, "%llu-%llu", (unsigned long long)q.used, (unsigned long long)q.limit);
	return rc;
}

static void put_quota(struct emit *e, const struct jmap_get *get, const struct jmap_quota *q)
{
	emit_object(e);
	emit_member_text(e, names[ID], SLICE(JMAP_QUOTA_ID));
	if (jmap_wants(get, RESOURCE))
		emit_member_text(e, names[RESOURCE], SLICE("octets"));
	if (jmap_wants(get, USED))
		emit_member_number(e, names[USED], (int64_t)q->used);
	if (jmap_wants(get, HARD))
		emit_member_number(e, names[HARD], (int64_t)q->limit);
	if (jmap_wants(get, SCOPE))
		emit_member_text(e, names[SCOPE], SLICE("account"));
	if (jmap_wants(get, NAME))
		emit_member_text(e, names[NAME], SLICE("Mail"));
	if (jmap_wants(get, TYPES)) {
		emit_key(e, names[TYPES]);
		emit_array(e);
		emit_text(e, SLICE("Email"));
		emit_array_end(e);
	}
	emit_object_end(e);
}

enum jmap_step jmap_method_quota_get(struct jmap_call *call)
{
	struct jmap_get get;
	struct jmap_quota q;
	struct slice state, id;
	int rc;

	if (!jmap_get_args(call, names, PROPERTIES, UINT64_MAX, NULL, NULL, &get) || !jmap_state_of(call, JMAP_TYPE_QUOTA, &state))
		return JMAP_DONE;
	rc = jmap_quota_read(jmap_mail(call), &q);
	if (rc < 0)
		return jmap_error_code(call, rc);
	jmap_get_begin(call, state);
	if (get.all && q.limit > 0)
		put_quota(jmap_out(call), &get, &q);
	while (jmap_get_next(&get, &id)) {
		if (q.limit > 0 && slice_eq(id, SLICE(JMAP_QUOTA_ID)))
			put_quota(jmap_out(call), &get, &q);
		else
			jmap_get_missing(call, &get, id);
	}
	jmap_get_end(call, &get);
	return JMAP_DONE;
}
