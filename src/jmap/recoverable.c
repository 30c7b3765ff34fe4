#include "jmap/recoverable.h"

#include <string.h>

#include "mime/text.h"

struct listing {
	struct jmap_call *call;
	struct slice text;
	struct jmap_bin *bin;
};

bool jmap_bin_id(struct slice text, uint64_t *ret)
{
	return text.n > 1 && text.p[0] == 'R' && text.p[1] != '0' && slice_to_u64(slice_from(text, 1), ret) == 0;
}

void jmap_bin_id_print(uint64_t number, struct buf *out)
{
	buf_printf(out, "R%llu", (unsigned long long)number);
}

/* Subject and names, as somebody remembers a letter. */
static bool fits(struct arena *arena, struct slice digest, struct slice text)
{
	struct buf all = BUF_INIT(65536), folded = BUF_INIT(262144);
	struct digest d;
	bool found = text.n == 0;

	if (!found && digest_decode_structure(digest, arena, &d) == 0) {
		buf_printf(&all, "%.*s\n%.*s\n%.*s\n", SLICE_ARG(d.base_subject), SLICE_ARG(d.display_from), SLICE_ARG(d.display_to));
		for (const struct mime_address *a = d.envelope.from; a != NULL; a = a->next)
			buf_printf(&all, "%.*s@%.*s\n", SLICE_ARG(a->mailbox), SLICE_ARG(a->host));
		mime_fold(buf_slice(&all), &folded);
		found = slice_search(buf_slice(&folded), text) >= 0;
	}
	buf_free(&all);
	buf_free(&folded);
	return found;
}

static void add(struct jmap_call *call, struct jmap_bin *bin, const struct binned *b, struct slice digest)
{
	if (bin->count == bin->room) {
		size_t room = bin->room == 0 ? 64 : bin->room * 2;
		struct jmap_binned *list = arena_alloc_array(&call->arena, room, sizeof *list);

		for (size_t i = 0; i < bin->count; i++)
			list[i] = bin->list[i];
		bin->list = list;
		bin->room = room;
	}
	bin->list[bin->count++] = (struct jmap_binned){*b, digest};
}

static int take(void *arg, const struct binned *b, struct slice digest)
{
	struct listing *l = arg;
	struct arena arena = ARENA_INIT;

	if (l->bin->count == JMAP_BIN_MAX) {
		l->bin->more = true;
		return 1;
	}
	if (fits(&arena, digest, l->text))
		add(l->call, l->bin, b, SLICE_NONE);
	arena_free(&arena);
	return 0;
}

int jmap_bin_list(struct jmap_call *call, struct slice text, struct jmap_bin *ret)
{
	struct account *mail = jmap_mail(call);
	struct listing l = {call, text, ret};
	int rc;

	*ret = (struct jmap_bin){0};
	rc = mail->ops->bin != NULL ? mail->ops->bin(mail, 0, take, &l, NULL) : ERR_UNSUPPORTED;
	return rc > 0 ? 0 : rc;
}

struct finding {
	struct jmap_call *call;
	struct jmap_binned *ret;
	bool found;
};

static int take_one(void *arg, const struct binned *b, struct slice digest)
{
	struct finding *f = arg;

	*f->ret = (struct jmap_binned){*b, arena_dup(&f->call->arena, digest)};
	f->found = true;
	return 0;
}

int jmap_bin_find(struct jmap_call *call, uint64_t number, struct jmap_binned *ret)
{
	struct account *mail = jmap_mail(call);
	struct finding f = {call, ret, false};
	int rc = mail->ops->bin != NULL ? mail->ops->bin(mail, number, take_one, &f, NULL) : ERR_UNSUPPORTED;

	return rc == 0 && !f.found ? ERR_NOT_FOUND : rc;
}

/* May it delete for good? Who may not delete has nothing to recover. */
void jmap_recoverable_account(struct jmap *j, struct emit *e)
{
	const unsigned deleting = ACCOUNT_REFUSES_CHANGE | ACCOUNT_REFUSES_DELETE;
	bool may = j->shown != NULL ? j->shown->may_delete : (j->host.mail->refuses & deleting) == 0;

	emit_object(e);
	emit_member_bool(e, "mayRestore", may);
	emit_member_bool(e, "mayDestroy", may && j->host.may_shred != NULL && j->host.may_shred(j->host.arg));
	emit_object_end(e);
}
