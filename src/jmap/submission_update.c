/* EmailSubmission/set (RFC 8621 7.5): letters that wait are cancelled, those that were sent are taken back (docs/recall.md), and forgotten. */
#include <string.h>

#include "base/ensure.h"
#include "jmap/submission_set.h"

/* row: what it is, before it is asked back although it was read. */
struct changing { struct jmap_sent_question question, row; };

bool jmap_submission_sender_known(struct jmap_call *call, struct jmap_submission_setting *t)
{
	const struct jmap_host *host = jmap_host(call->jmap);

	if (t->asked_sender)
		return true;
	t->asked_sender = true;
	host->sender(host->arg, call, &t->sender);
	return false;
}

/* Is it one that was confidential? Else it is told, or waited for. */
static enum jmap_step check_confidential(struct jmap_call *call, struct jmap_set_item *item, struct changing *c, const uint8_t id[16])
{
	struct jmap_sent_data data;

	if (jmap_sent_ask_one(call, &c->row, JMAP_SENT_GET, id) == JMAP_WAIT)
		return JMAP_WAIT;
	if (c->row.answer.code < 0 || c->row.answer.count == 0)
		return jmap_set_error_code(item, c->row.answer.code < 0 ? c->row.answer.code : ERR_NOT_FOUND);
	jmap_sent_data_read(call, c->row.answer.list[0].data, &data);
	return data.confidential ? JMAP_DONE : jmap_set_error(item, "forbidden", SLICE("Only a confidential letter can be taken back after it was read."));
}

static enum jmap_step ask(struct jmap_call *call, struct jmap_set_item *item, enum jmap_sent_ask what)
{
	struct changing *c = item->state;
	uint8_t id[16];
	enum jmap_step step;

	if (!jmap_id_parse(item->key, 'S', id))
		return jmap_set_error(item, "notFound", SLICE_NONE);
	if (c == NULL)
		item->state = c = ARENA_NEW(&call->arena, struct changing);
	if (what == JMAP_SENT_RECALL_ANY && (step = check_confidential(call, item, c, id)) != JMAP_DONE)
		return step;
	if (item->error != NULL)
		return JMAP_DONE;
	step = jmap_sent_ask_one(call, &c->question, what, id);
	if (step == JMAP_WAIT || c->question.answer.code == 0)
		return step;
	if (c->question.answer.code == ERR_CONFLICT)
		return jmap_set_error(item, "cannotUnsend",
		                      what == JMAP_SENT_CANCEL ? SLICE("It was sent already.") : SLICE("It was sent too long ago."));
	return jmap_set_error_code(item, c->question.answer.code);
}

struct word { const char *property, *value; enum jmap_sent_ask ask; };

static const struct word *word_of(const char *property, struct slice value)
{
	static const struct word words[] = {{"undoStatus", "canceled", JMAP_SENT_CANCEL}, {"recall", "unread", JMAP_SENT_RECALL}, {"recall", "any", JMAP_SENT_RECALL_ANY}};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i].property, property) == 0 && slice_eq(value, slice_str(words[i].value)))
			return &words[i];
	return NULL;
}

/* Who may send from here may take back what was sent from here. */
static enum jmap_step recall(struct jmap_call *call, struct jmap_set_item *item, enum jmap_sent_ask what)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	struct jmap_submission_setting *t = call->state;

	if (host->recall_within == NULL || host->recall_within(host->arg) == 0 || host->sender == NULL)
		return jmap_set_error(item, "forbidden", SLICE("Letters cannot be taken back here."));
	if (!jmap_submission_sender_known(call, t))
		return JMAP_WAIT;
	if (t->sender.code < 0)
		return t->sender.code == ERR_DENIED ? jmap_set_error(item, "forbidden", SLICE_NONE) : jmap_set_error_code(item, t->sender.code);
	return ask(call, item, what);
}

enum jmap_step jmap_submission_update(struct jmap_call *call, struct jmap_set_item *item)
{
	const struct word *word = NULL;
	const char *name;
	json_t *value;

	json_object_foreach(item->object, name, value)
		if (word != NULL || (word = word_of(name, jmap_text(value))) == NULL)
			(void)jmap_set_invalid(item, name);
	if (item->error != NULL || word == NULL)
		return JMAP_DONE;
	return word->ask == JMAP_SENT_CANCEL ? ask(call, item, word->ask) : recall(call, item, word->ask);
}

enum jmap_step jmap_submission_destroy(struct jmap_call *call, struct jmap_set_item *item)
{
	return ask(call, item, JMAP_SENT_FORGET);
}
