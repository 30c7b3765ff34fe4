#include "role/mail_scheduled.h"

#include <jansson.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "jmap/jmap.h"
#include "queue/queue.h"
#include "queue/submission.h"

#define LETTERS_MAX 5000    /* of one look; more are looked at with the next change */
#define ID 16

struct look {
	struct mail_account *account;
	uint64_t after;            /* changes up to there are read */
	struct buf waiting, over, left; /* ids of emails, one behind the other; left: of those that are over */
};

static void look_end(struct look *l)
{
	struct mail_account *a = l->account;
	bool again = a->scheduled_again;

	a->scheduled_looks = a->scheduled_again = false;
	buf_free(&l->waiting);
	buf_free(&l->over);
	buf_free(&l->left);
	memory_free(l);
	if (again)
		mail_scheduled_look(a);
	mail_account_drop(a);
}

/* ---- the keyword ---- */

struct copy {
	struct mailbox_ref mailbox;
	uint32_t uid;
};
struct copies {
	struct copy all[8];
	size_t count;
	uint64_t keyword;
};

static int note_copy(void *arg, const struct mailbox_ref *mailbox, const struct message_row *row)
{
	struct copies *p = arg;

	if ((row->flags.keywords & p->keyword) != 0 && p->count < ARRAY_LEN(p->all))
		p->all[p->count++] = (struct copy){*mailbox, row->uid};
	return 0;
}

/* Where drafts are, and what was sent. False: one of them is not there. */
static bool find_places(struct account *mail, struct arena *arena, struct mailbox_ref *ret_drafts, struct mailbox_ref *ret_sent)
{
	struct mailbox_info *all;
	size_t count;
	bool drafts = false, sent = false;

	if (mail->ops->list(mail, arena, &all, &count, NULL) != 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!drafts && (drafts = (all[i].special_use & USE_DRAFTS) != 0))
			memcpy(ret_drafts->id, all[i].id, sizeof ret_drafts->id);
		if (!sent && (sent = (all[i].special_use & USE_SENT) != 0))
			memcpy(ret_sent->id, all[i].id, sizeof ret_sent->id);
	}
	return drafts && sent;
}

/* Who may take nothing away left it among the drafts. */
static void file_sent(struct account *mail, const struct copy *c)
{
	struct arena arena = ARENA_INIT;
	struct mailbox_ref drafts, sent;
	struct copy_result result;
	struct uid_set one = {0};

	uid_set_add(&one, c->uid);
	if (find_places(mail, &arena, &drafts, &sent) && memcmp(&drafts, &c->mailbox, sizeof drafts) == 0)
		(void)mail->ops->copy(mail, &drafts, &one, &sent, true, &arena, &result, NULL);
	uid_set_free(&one);
	arena_free(&arena);
}

static void unmark(struct account *mail, const uint8_t email[ID], unsigned keyword, bool left)
{
	struct copies p = {.keyword = UINT64_C(1) << keyword};

	if (mail->ops->email(mail, email, note_copy, &p, NULL) < 0)
		return;
	for (size_t i = 0; i < p.count; i++) {
		struct uid_set one = {0};
		uint64_t modseq;

		uid_set_add(&one, p.all[i].uid);
		(void)mail->ops->store(mail, &p.all[i].mailbox, &one, FLAGS_REMOVE, (struct flag_set){.keywords = p.keyword}, UINT64_MAX, NULL, &modseq, NULL);
		uid_set_free(&one);
		if (left)
			file_sent(mail, &p.all[i]);
	}
}

static bool has(struct slice ids, const uint8_t *id)
{
	for (size_t i = 0; i + ID <= ids.n; i += ID)
		if (memcmp(ids.p + i, id, ID) == 0)
			return true;
	return false;
}

static void unmark_all(struct look *l)
{
	struct account *mail = store_account_mailboxes(l->account->store);
	struct slice over = buf_slice(&l->over);
	unsigned keyword;

	if (mail->ops->keyword(mail, SLICE(MAIL_SCHEDULED), false, &keyword, NULL) < 0)
		return;
	for (size_t i = 0; i + ID <= over.n; i += ID)
		if (!has(buf_slice(&l->waiting), over.p + i))
			unmark(mail, over.p + i, keyword, has(buf_slice(&l->left), over.p + i));
}

/* ---- what has become of them ---- */

static void take_row(struct look *l, const struct submission_row *row)
{
	json_t *data = json_loadb((const char *)row->data.p, row->data.n, 0, NULL);
	const char *email = json_string_value(json_object_get(data, "email"));
	size_t over = buf_len(&l->over);
	uint8_t id[ID];

	if (row->due_ms > 0 && !row->gone && email != NULL && jmap_id_parse(slice_str(email), 'M', id))
		buf_append_bytes(row->state == SUBMISSION_PENDING ? &l->waiting : &l->over, id, sizeof id);
	if (buf_len(&l->over) > over && row->state == SUBMISSION_FINAL)
		buf_append_bytes(&l->left, id, sizeof id);
	json_decref(data);
}

static void ask(struct look *l);

static void on_list(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct look *l = arg;
	const struct ipc_queue_submission_reply *reply = message;
	struct submission_row row;
	struct slice list;
	uint64_t before = l->after;

	if (outcome != IPC_OK || reply->result != QUEUE_OK || l->account->store == NULL) {
		look_end(l);
		return;
	}
	list = reply->list;
	while (list.n > 0 && submission_row_decode(&list, &row) == 0) {
		take_row(l, &row);
		l->after = row.change > l->after ? row.change : l->after;
	}
	if (reply->more && l->after > before && !l->over.failed && !l->waiting.failed) {
		ask(l);
		return;
	}
	l->account->scheduled_known = l->after;
	unmark_all(l);
	look_end(l);
}

static void ask(struct look *l)
{
	struct ipc_queue_submission request = {.op = SUBMISSION_OP_LIST, .after = l->after};

	memcpy(request.account.b, l->account->id, sizeof request.account.b);
	ipc_request(l->account->role->ctx->ipc, IPC_QUEUE_SUBMISSION, IPC_ANY, &request, on_list, l);
}

void mail_scheduled_look(struct mail_account *a)
{
	struct account *mail = a->store != NULL ? store_account_mailboxes(a->store) : NULL;
	struct look *l;
	unsigned keyword;

	if (a->scheduled_looks) {
		a->scheduled_again = true;
		return;
	}
	if (mail == NULL || mail->ops->keyword(mail, SLICE(MAIL_SCHEDULED), false, &keyword, NULL) < 0)
		return;
	l = memory_alloc(sizeof *l);
	l->account = a;
	l->after = a->scheduled_known;
	l->waiting = BUF_INIT(LETTERS_MAX * ID);
	l->over = BUF_INIT(LETTERS_MAX * ID);
	l->left = BUF_INIT(LETTERS_MAX * ID);
	mail_account_hold(a);
	a->scheduled_looks = true;
	ask(l);
}
