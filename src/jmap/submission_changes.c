/* EmailSubmission/changes (RFC 8621 7.2). */
#include "jmap/sent.h"

struct changing {
	struct jmap_changes changes;
	struct jmap_sent_load load;
	uint64_t since;
};

static void add(json_t *list, const uint8_t id[16])
{
	struct buf text = BUF_INIT(64);

	jmap_id_print('S', id, &text);
	json_array_append_new(list, json_stringn((const char *)buf_slice(&text).p, buf_len(&text)));
	buf_free(&text);
}

static void fill(struct jmap_call *call, struct changing *c)
{
	uint64_t state = c->since;
	size_t given = 0;

	for (; given < c->load.count && given < c->changes.max; given++) {
		const struct jmap_sent *s = &c->load.all[given];

		add(s->gone ? c->changes.destroyed : s->born > c->since ? c->changes.created : c->changes.updated, s->id);
		state = s->change;
	}
	c->changes.more = given < c->load.count;
	c->changes.state = jmap_sent_state_text(call, c->changes.more ? state : c->load.state);
}

enum jmap_step jmap_submission_changes(struct jmap_call *call)
{
	struct changing *c = call->state;

	if (c == NULL) {
		call->state = c = ARENA_NEW(&call->arena, struct changing);
		if (!jmap_changes_args(call, NULL, &c->changes))
			return JMAP_DONE;
		if (!jmap_sent_state_read(c->changes.since, &c->since))
			return jmap_error(call, "cannotCalculateChanges", NULL);
		c->load.after = c->since;
	}
	if (jmap_sent_load(call, &c->load) == JMAP_WAIT)
		return JMAP_WAIT;
	if (c->load.code < 0)
		return jmap_error_code(call, c->load.code);
	if (c->since < c->load.floor || c->since > c->load.state)
		return jmap_error(call, "cannotCalculateChanges", NULL);
	fill(call, c);
	jmap_changes_begin(call, &c->changes);
	jmap_answer_end(call);
	return JMAP_DONE;
}
