/* States of mailboxes, threads and emails, and lists of what has changed since one (RFC 8620 5.2). */
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/memory.h"
#include "jmap/mail.h"
#include "jmap/private.h"

void jmap_since_print(struct account *mail, const struct jmap_since *since, struct buf *out)
{
	struct account_state now;

	mail->ops->state(mail, &now);
	buf_printf(out, "%llx-%llx", (unsigned long long)now.incarnation, (unsigned long long)since->modseq);
	if (!since->partial)
		return;
	buf_append_byte(out, '-');
	hex_encode(slice_make(since->id, sizeof since->id), out);
}

int jmap_mail_state(struct jmap *j, struct buf *out)
{
	struct account_state now;

	j->host.mail->ops->state(j->host.mail, &now);
	jmap_since_print(j->host.mail, &(struct jmap_since){.modseq = now.modseq}, out);
	return 0;
}

int jmap_delivery_state(struct jmap *j, struct buf *out)
{
	if (j->host.delivered == NULL)
		return jmap_mail_state(j, out);
	buf_printf(out, "d%llx", (unsigned long long)j->host.delivered(j->host.arg));
	return 0;
}

static bool take_hex(struct slice *text, uint64_t *ret)
{
	struct slice digits;

	*ret = 0;
	if (!slice_split(text, '-', &digits) || digits.n == 0 || digits.n > 16)
		return false;
	for (size_t i = 0; i < digits.n; i++) {
		uint8_t c = digits.p[i];

		if (!ascii_is_digit(c) && (c < 'a' || c > 'f'))
			return false;
		*ret = *ret << 4 | (uint64_t)(ascii_is_digit(c) ? c - '0' : c - 'a' + 10);
	}
	return true;
}

bool jmap_since_read(struct account *mail, struct slice text, struct jmap_since *ret)
{
	struct buf id = BUF_INIT(sizeof ret->id);
	struct account_state now;
	uint64_t incarnation;

	*ret = (struct jmap_since){.modseq = 0};
	mail->ops->state(mail, &now);
	if (!take_hex(&text, &incarnation) || !take_hex(&text, &ret->modseq) || incarnation != now.incarnation || ret->modseq > now.modseq)
		return false;
	if (text.n > 0) {
		ret->partial = hex_decode(text, &id) == 0 && buf_len(&id) == sizeof ret->id;
		if (ret->partial)
			memcpy(ret->id, buf_slice(&id).p, sizeof ret->id);
		buf_free(&id);
		return ret->partial;
	}
	return true;
}

/* ---- lists of changes ---- */

void jmap_change_add(struct jmap_change_list *l, uint64_t modseq, const uint8_t id[16], uint8_t kind)
{
	if (l->count == l->capacity) {
		l->capacity = l->capacity == 0 ? 64 : l->capacity * 2;
		l->list = memory_grow(l->list, l->capacity * sizeof *l->list);
	}
	l->list[l->count] = (struct jmap_change){.modseq = modseq, .kind = kind};
	memcpy(l->list[l->count++].id, id, 16);
}

static int by_id(const void *pa, const void *pb)
{
	const struct jmap_change *a = pa, *b = pb;
	int ids = memcmp(a->id, b->id, sizeof a->id);

	return ids != 0 ? ids : a->modseq < b->modseq ? 1 : a->modseq > b->modseq ? -1 : 0;
}

static int by_change(const void *pa, const void *pb)
{
	const struct jmap_change *a = pa, *b = pb;

	return a->modseq < b->modseq ? -1 : a->modseq > b->modseq ? 1 : memcmp(a->id, b->id, sizeof a->id);
}

static bool told(const struct jmap_since *since, const struct jmap_change *c)
{
	if (c->modseq != since->modseq + 1 || !since->partial)
		return c->modseq <= since->modseq;
	return memcmp(c->id, since->id, sizeof c->id) <= 0;
}

void jmap_change_sort(struct jmap_change_list *l, const struct jmap_since *since)
{
	size_t kept = 0;

	if (l->count == 0)
		return;
	qsort(l->list, l->count, sizeof *l->list, by_id);
	for (size_t i = 0; i < l->count; i++) { /* kept - 1 is the last one of another id or this one */
		if (kept == 0 || memcmp(l->list[i].id, l->list[kept - 1].id, 16) != 0)
			l->list[kept++] = l->list[i];
	}
	l->count = kept;
	kept = 0;
	for (size_t i = 0; i < l->count; i++) {
		if (!told(since, &l->list[i]))
			l->list[kept++] = l->list[i];
	}
	l->count = kept;
	qsort(l->list, l->count, sizeof *l->list, by_change);
}

static json_t *array_of(const struct jmap_changes *c, uint8_t kind)
{
	return kind == JMAP_CHANGE_CREATED ? c->created : kind == JMAP_CHANGE_UPDATED ? c->updated : c->destroyed;
}

/* Where the next call goes on: behind the last change that was told; all of its modseq, when the next one has another. */
static struct jmap_since resume_at(const struct jmap_change_list *l, size_t given)
{
	struct jmap_since at = {.modseq = l->list[given - 1].modseq};

	if (l->list[given].modseq != at.modseq)
		return at;
	at.partial = true;
	at.modseq--;
	memcpy(at.id, l->list[given - 1].id, sizeof at.id);
	return at;
}

void jmap_change_give(struct jmap_call *call, struct jmap_change_list *l, char letter, struct jmap_changes *ret)
{
	size_t given = ret->max < l->count ? (size_t)ret->max : l->count;
	struct buf text = BUF_INIT(JMAP_STATE_MAX);
	struct jmap_since at = {0};
	struct account_state now;

	for (size_t i = 0; i < given; i++) {
		buf_clear(&text);
		jmap_id_print(letter, l->list[i].id, &text);
		json_array_append_new(array_of(ret, l->list[i].kind), json_stringn((const char *)buf_slice(&text).p, buf_len(&text)));
	}
	buf_clear(&text);
	ret->more = given < l->count;
	jmap_mail(call)->ops->state(jmap_mail(call), &now);
	at.modseq = now.modseq;
	if (ret->more)
		at = resume_at(l, given);
	jmap_since_print(jmap_mail(call), &at, &text);
	ret->state = arena_dup(&call->arena, buf_slice(&text));
	buf_free(&text);
	MEMORY_FREE(&l->list);
	l->count = l->capacity = 0;
}
