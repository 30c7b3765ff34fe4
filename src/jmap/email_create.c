/* Email/set: create (RFC 8621 4.6). */
#include "jmap/write.h"

static void close_blobs(struct build_part *part)
{
	for (; part != NULL; part = part->next) {
		if (part->read_arg != NULL)
			jmap_source_close(part->read_arg);
		close_blobs(part->children);
	}
}

static int write_message(struct jmap_call *call, const struct build_message *message, struct jmap_storing *s, struct error *err)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	struct jmap_letter_sink sink = {.call = call};
	int rc;

	s->letter = sink.letter = host->letter_new(host->arg);
	if (s->letter == NULL)
		return ERR_TEMPORARY;
	rc = build_message(message, jmap_letter_write, &sink, err);
	if (rc < 0)
		host->letter_free(host->arg, &s->letter);
	return rc;
}

static enum jmap_step begin(struct jmap_call *call, struct jmap_set_item *item)
{
	struct jmap_storing *s = ARENA_NEW(&call->arena, struct jmap_storing);
	struct build_message message;
	struct error err = {0};
	bool good;
	int rc;

	if (jmap_host(call->jmap)->letter_new == NULL || (jmap_mail(call)->refuses & ACCOUNT_REFUSES_CHANGE) != 0)
		return jmap_set_error(item, "forbidden", SLICE_NONE);
	if (jmap_filing_take(call, item, &s->filing) == JMAP_AGAIN)
		return JMAP_AGAIN;
	good = jmap_compose(call, item, &message) && item->error == NULL;
	rc = good ? write_message(call, &message, s, &err) : 0;
	close_blobs(message.root);
	if (!good)
		return JMAP_DONE;
	if (rc < 0)
		return jmap_write_error(item, rc, &err);
	item->state = s;
	return jmap_store(call, item, s);
}

enum jmap_step jmap_email_create(struct jmap_call *call, struct jmap_set_item *item)
{
	return item->state == NULL ? begin(call, item) : jmap_store(call, item, item->state);
}
