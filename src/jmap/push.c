#include "jmap/push.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "crypt/hash.h"
#include "jmap/private.h"

struct jmap_push {
	struct account_listener listener;
	struct jmap *jmap;
	uint64_t types;
	void (*changed)(void *arg);
	void *arg;
	char states[JMAP_TYPE_COUNT][JMAP_STATE_MAX + 1];
};

static void state_of(struct jmap *j, enum jmap_type type, char ret[JMAP_STATE_MAX + 1])
{
	struct buf text = BUF_INIT(JMAP_STATE_MAX);

	/* What cannot be read now is read with the next change. */
	if (jmap_type_state(j, type, &text) == 0)
		(void)snprintf(ret, JMAP_STATE_MAX + 1, "%.*s", SLICE_ARG(buf_slice(&text)));
	buf_free(&text);
}

static bool is_wanted(const struct jmap_push *p, unsigned type)
{
	return (p->types >> type & 1) != 0;
}

static void on_changed(struct account_listener *self, const struct mailbox_ref *mailbox)
{
	struct jmap_push *p = (struct jmap_push *)self; /* its first member */

	p->changed(p->arg);
}

struct jmap_push *jmap_push_create(struct jmap *j, uint64_t types, void (*changed)(void *arg), void *arg)
{
	struct jmap_push *p = memory_alloc(sizeof *p);

	p->jmap = j;
	p->types = types;
	p->changed = changed;
	p->arg = arg;
	p->listener.changed = on_changed;
	for (unsigned i = 0; i < JMAP_TYPE_COUNT; i++)
		if (is_wanted(p, i))
			state_of(j, (enum jmap_type)i, p->states[i]);
	j->host.mail->ops->listen(j->host.mail, &p->listener);
	return p;
}

void jmap_push_destroy(struct jmap_push **push)
{
	struct jmap_push *p = *push;

	*push = NULL;
	if (p == NULL)
		return;
	p->jmap->host.mail->ops->unlisten(p->jmap->host.mail, &p->listener);
	memory_free(p);
}

/* RFC 8887 4.3.5.1. */
static void put_state(const struct jmap_push *p, struct emit *e)
{
	struct buf text = BUF_INIT(JMAP_STATE_MAX);

	jmap_push_state(p, &text);
	emit_member_text(e, "pushState", buf_slice(&text));
	buf_free(&text);
}

bool jmap_push_take(struct jmap_push *p, bool all, struct buf *out)
{
	struct emit e = EMIT_INIT(out);
	bool any = false;

	for (unsigned i = 0; i < JMAP_TYPE_COUNT; i++) {
		char now[JMAP_STATE_MAX + 1] = "";

		if (!is_wanted(p, i))
			continue;
		memcpy(now, p->states[i], sizeof now);
		state_of(p->jmap, (enum jmap_type)i, now);
		if (!all && strcmp(now, p->states[i]) == 0)
			continue;
		memcpy(p->states[i], now, sizeof now);
		if (!any) {
			emit_object(&e);
			emit_member_text(&e, "@type", SLICE("StateChange"));
			emit_key(&e, "changed");
			emit_object(&e);
			emit_key(&e, p->jmap->account);
			emit_object(&e);
		}
		any = true;
		emit_member_text(&e, jmap_type_name((enum jmap_type)i), slice_str(now));
	}
	if (!any)
		return false;
	emit_object_end(&e);
	emit_object_end(&e);
	put_state(p, &e);
	emit_object_end(&e);
	return true;
}

void jmap_push_state(const struct jmap_push *p, struct buf *out)
{
	struct hash_state h;
	uint8_t digest[HASH_SIZE];

	hash_start(&h, NULL);
	for (unsigned i = 0; i < JMAP_TYPE_COUNT; i++)
		hash_update_field(&h, slice_str(p->states[i]));
	hash_finish(&h, digest);
	for (unsigned i = 0; i < 10; i++)
		buf_printf(out, "%02x", digest[i]);
}

bool jmap_push_types(struct slice names, uint64_t *ret)
{
	struct slice one;
	bool good = true;

	*ret = 0;
	while (slice_split(&names, ',', &one)) {
		enum jmap_type type;

		if (slice_eq(one, SLICE("*")))
			*ret = JMAP_PUSH_ALL;
		else if (jmap_type_find(one, &type))
			*ret |= UINT64_C(1) << type;
		else
			good = false;
	}
	return good;
}
