/* The organisation's table of junk in a shard: asked of queue again and again, taught by what readers say. */
#include <string.h>

#include "base/memory.h"
#include "policy/lessons.h"
#include "role/mail.h"
#include "sys/file.h"

#define ASK_MS SECONDS_MS(15)    /* queue says mostly that nothing is new */
#define ASK_LARGE_MS MINUTES_MS(10)
#define LARGE 50000              /* words: a table of megabytes changes little with each lesson */
#define TOKENS_BYTES 24000u      /* of one lesson: the row of QUEUE_TEACH */

struct mail_lessons {
	struct mail_role *role;
	struct timer *timer;
	struct bayes table;
	bool known;
	uint64_t series, version;
};

static void forget(struct mail_lessons *l)
{
	if (l->known)
		bayes_free(&l->table);
	l->known = false;
	l->series = l->version = 0;
}

static void take(struct mail_lessons *l, const struct ipc_queue_learnt_reply *reply)
{
	struct file_map map = FILE_MAP_NONE;
	struct bayes table;
	if (reply->series == 0 || reply->table >= 0)
		forget(l);
	if (reply->table < 0 || memfd_map(reply->table, BAYES_ENCODED_MAX, &map, NULL) < 0)
		return;
	if (bayes_decode(map.content, BAYES_TOKENS_ORGANISATION, BAYES_LEARNT_ORGANISATION, &table) == 0) {
		l->table = table;
		l->known = true;
		l->series = reply->series;
		l->version = reply->version;
	}
	file_unmap(&map);
}

static void on_learnt(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct mail_lessons *l = arg;
	const struct ipc_queue_learnt_reply *reply = message;
	int table = outcome == IPC_OK ? reply->table : -1;
	if (outcome == IPC_OK)
		take(l, reply);
	file_close(&table);
	if (!l->role->stopping)
		timer_start(l->timer, l->known && l->table.count > LARGE ? ASK_LARGE_MS : ASK_MS);
}

static void ask(void *arg)
{
	struct mail_lessons *l = arg;
	if (l->role->stopping)
		return;
	ipc_request(l->role->ctx->ipc, IPC_QUEUE_LEARNT, IPC_ANY, &(struct ipc_queue_learnt){.series = l->series, .version = l->version}, on_learnt, l);
}

void mail_lessons_start(struct mail_role *m)
{
	m->lessons = memory_alloc(sizeof *m->lessons);
	m->lessons->role = m;
	m->lessons->timer = timer_create_on(m->ctx->loop, ask, m->lessons);
	timer_start(m->lessons->timer, 0);
}

const struct bayes *mail_lessons_table(const struct mail_role *m)
{
	return m->lessons->known ? &m->lessons->table : NULL;
}

void mail_lessons_teach(struct mail_role *m, const uint8_t account[16], const uint8_t email[16], unsigned want, const struct tokens *tokens)
{
	struct ipc_queue_teach request = {.series = m->lessons->series, .want = (uint8_t)want};
	struct buf list = BUF_INIT(TOKENS_BYTES);
	for (size_t i = 0; i < tokens->count; i++)
		buf_put_u64(&list, tokens->hashes[i]);
	request.tokens = buf_slice(&list);
	memcpy(request.account.b, account, sizeof request.account.b);
	memcpy(request.letter.b, email, sizeof request.letter.b);
	ipc_request(m->ctx->ipc, IPC_QUEUE_TEACH, IPC_ANY, &request, NULL, NULL);
	buf_free(&list);
}
