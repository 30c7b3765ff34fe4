#include "scan/talk.h"

#include "base/memory.h"

void talk_init(struct talk *t, const struct talk_ops *ops)
{
	*t = (struct talk){.ops = ops, .state = TALK_GOES, .result = SCAN_AWAY};
	buf_init(&t->name, SCAN_NAME_MAX);
}

void talk_done(struct talk *t, enum scan_result result, struct slice name)
{
	t->state = TALK_DONE;
	t->result = result;
	buf_clear(&t->name);
	scan_name_clean(name, &t->name);
}

void talk_fail(struct talk *t)
{
	t->state = TALK_FAILED;
	t->result = SCAN_AWAY;
}

void talk_say(struct talk *t, struct buf *out)
{
	if (t->state == TALK_GOES)
		t->ops->say(t, out);
}

void talk_hear(struct talk *t, struct buf *in)
{
	if (t->state == TALK_GOES)
		t->ops->hear(t, in);
	if (t->state == TALK_GOES && buf_len(in) >= TALK_INPUT_MAX)
		talk_fail(t);
}

void talk_closed(struct talk *t)
{
	if (t->state == TALK_GOES && t->ops->closed != NULL)
		t->ops->closed(t);
	if (t->state == TALK_GOES)
		talk_fail(t);
}

void talk_free(struct talk **talk)
{
	struct talk *t = *talk;
	if (t == NULL)
		return;
	if (t->ops->free != NULL)
		t->ops->free(t);
	buf_free(&t->name);
	memory_free(t);
	*talk = NULL;
}

bool talk_field(struct slice head, struct slice name, struct slice *ret)
{
	struct slice line;

	while (slice_split(&head, '\n', &line)) {
		ptrdiff_t colon = slice_find(line, ':');

		if (colon > 0 && slice_eq_nocase(slice_sub(line, 0, (size_t)colon), name)) {
			*ret = slice_trim(slice_from(line, (size_t)colon + 1));
			return true;
		}
	}
	return false;
}
