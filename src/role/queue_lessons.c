/* The organisation's table of junk (policy/lessons.h): shards of mail teach it and ask for it; it lies in a file beside the ledger. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "ipc/admin.h"
#include "policy/lessons.h"
#include "queue/sealed_file.h"
#include "role/queue.h"

#define FILE_NAME "lessons"
#define SAVE_MS MINUTES_MS(1) /* at most so much of what was taught is lost with a crash */

struct queue_lessons {
	struct lessons lessons;
	bool changed, saving;
	int64_t saved_ms;          /* of the clock that does not jump */
};

struct save {
	struct queue_job job;
	struct queue_role *q;
	struct buf content;
};

static void begin(struct queue_role *q)
{
	uint8_t key[TOKEN_KEY];
	uint64_t series;
	random_bytes(key, sizeof key);
	do
		random_bytes(&series, sizeof series);
	while (series == 0);
	lessons_init(&q->lessons->lessons, key, series, queue_now(q).wall_ms / 1000);
}

/* ---- its file ---- */

static int save_work(struct ledger *ledger, void *arg, struct error *err)
{
	struct save *s = arg;
	return sealed_file_save(s->q->spool, FILE_NAME, s->q->jobs_key, buf_slice(&s->content), err);
}

static void on_saved(struct queue_role *q, struct queue_job *job)
{
	struct save *s = CONTAINER_OF(job, struct save, job);
	if (job->op.result != QUEUE_OK) {
		log_event(EV_QUEUE_IO, LOG_STR("error", "what people taught about junk could not be stored"));
		q->lessons->changed = !q->stopping; /* the next minute */
	}
	q->lessons->saving = false;
	ledger_op_free(&job->op);
	buf_free(&s->content);
	memory_free(s);
}

static void save(struct queue_role *q)
{
	struct save *s = memory_alloc(sizeof *s);
	s->q = q;
	buf_init(&s->content, LESSONS_ENCODED_MAX);
	lessons_encode(&q->lessons->lessons, &s->content);
	q->lessons->changed = false;
	q->lessons->saving = true;
	q->lessons->saved_ms = queue_now(q).mono_ms;
	s->job = (struct queue_job){.done = on_saved, .op = {.kind = LEDGER_CALL, .call = {.fn = save_work, .arg = s}}};
	queue_submit(q, &s->job);
}

void queue_lessons_tick(struct queue_role *q)
{
	struct queue_lessons *l = q->lessons;
	l->changed |= lessons_age(&l->lessons, queue_now(q).wall_ms / 1000);
	if (l->changed && !l->saving && queue_now(q).mono_ms - l->saved_ms >= SAVE_MS)
		save(q);
}

void queue_lessons_stop(struct queue_role *q)
{
	if (q->lessons->changed && !q->lessons->saving)
		save(q);
}

/* One that cannot be read begins anew: it is no mail. */
static void load(struct queue_role *q)
{
	struct buf content = BUF_INIT(LESSONS_ENCODED_MAX);
	sealed_file_load(q->spool, FILE_NAME, q->jobs_key, &content);
	if (lessons_decode(buf_slice(&content), &q->lessons->lessons) < 0)
		begin(q);
	buf_free(&content);
}

/* ---- QUEUE_TEACH ---- */

static int by_value(const void *pa, const void *pb)
{
	const uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;
	return a < b ? -1 : a > b;
}

/* None twice, none 0. */
static void tokens_read(struct slice list, struct arena *arena, struct tokens *ret)
{
	uint64_t *hashes = arena_alloc_array(arena, TOKENS_MAX, sizeof *hashes), hash;
	size_t count = 0, kept = 0;
	while (count < TOKENS_MAX && slice_get_u64(&list, &hash))
		hashes[count++] = hash;
	qsort(hashes, count, sizeof *hashes, by_value);
	for (size_t i = 0; i < count; i++)
		if (hashes[i] != 0 && (kept == 0 || hashes[kept - 1] != hashes[i]))
			hashes[kept++] = hashes[i];
	*ret = (struct tokens){.hashes = hashes, .count = kept};
}

/* A shard speaks for its own readers. */
static bool may_teach(const struct queue_role *q, const struct ipc_call *call, const struct ipc_queue_teach *t)
{
	unsigned shard = 0;
	return ipc_call_sender(call, &shard) == ROLE_MAIL && auth_shard(t->account.b, ipc_instances(q->ctx->ipc, ROLE_MAIL)) == shard &&
		t->want <= LESSON_NOTHING && t->series == q->lessons->lessons.series && q->ctx->config->junk_organisation && !q->stopping;
}

static void on_teach(void *arg, struct ipc_call *call, const void *message)
{
	struct queue_role *q = arg;
	const struct ipc_queue_teach *t = message;
	struct arena arena = ARENA_INIT;
	struct tokens tokens;
	bool learnt = false;
	if (may_teach(q, call, t)) {
		tokens_read(t->tokens, &arena, &tokens);
		learnt = lessons_teach(&q->lessons->lessons, t->account.b, t->letter.b, (enum lesson_want)t->want, &tokens);
	}
	q->lessons->changed |= learnt;
	ipc_reply(call, &(struct ipc_queue_teach_reply){.status = !learnt});
	arena_free(&arena);
}

/* ---- QUEUE_LEARNT ---- */

static void on_learnt(void *arg, struct ipc_call *call, const void *message)
{
	struct queue_role *q = arg;
	const struct ipc_queue_learnt *request = message;
	const struct lessons *l = &q->lessons->lessons;
	struct ipc_queue_learnt_reply reply = {.series = l->series, .version = l->version, .table = -1};
	struct buf table = BUF_INIT(BAYES_ENCODED_MAX);
	struct error err = {0};
	if (!q->ctx->config->junk_organisation) {
		reply = (struct ipc_queue_learnt_reply){.table = -1};
	} else if (request->series != l->series || request->version != l->version) {
		bayes_encode(&l->table, &table);
		reply.table = memfd_from_slice("junk", buf_slice(&table), &err);
		if (reply.table < 0)
			reply = (struct ipc_queue_learnt_reply){.series = request->series, .version = request->version, .table = -1};
	}
	ipc_reply(call, &reply);
	file_close(&reply.table);
	buf_free(&table);
}

/* ---- officers ---- */

static json_t *state_of(const struct queue_role *q)
{
	const struct lessons *l = &q->lessons->lessons;
	return json_pack("{s:b, s:b, s:I, s:I, s:I, s:I, s:I}", "on", (int)q->ctx->config->junk_organisation, "speaks", (int)bayes_learnt(&l->table), "good",
	                 (json_int_t)lessons_count(l, BAYES_HAM), "junk", (json_int_t)lessons_count(l, BAYES_JUNK), "words", (json_int_t)l->table.count,
	                 "people", (json_int_t)l->persons.count, "since", (json_int_t)l->begun_s);
}

static struct slice text_of(const json_t *args, const char *name)
{
	return slice_str(json_string_value(json_object_get(args, name)));
}

static bool read_id(struct slice hex, uint8_t ret[16])
{
	struct buf id = BUF_INIT(16);
	bool good = hex_decode(hex, &id) == 0 && buf_len(&id) == 16;
	if (good)
		memcpy(ret, buf_slice(&id).p, 16);
	buf_free(&id);
	return good;
}

static bool read_want(struct slice word, enum lesson_want *ret)
{
	static const char *const words[] = {[LESSON_GOOD] = "good", [LESSON_JUNK] = "junk", [LESSON_NOTHING] = "nothing"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eq(word, slice_str(words[i]))) {
			*ret = (enum lesson_want)i;
			return true;
		}
	return false;
}

/* A letter from a file, in somebody's name; NULL: the arguments are not right. */
static json_t *teach(struct queue_role *q, const struct ipc_queue_admin *m)
{
	struct lessons *l = &q->lessons->lessons;
	struct arena arena = ARENA_INIT;
	struct tokens tokens;
	uint8_t account[16], letter[16];
	enum lesson_want want;
	json_t *args = json_loadb((const char *)m->args.p, m->args.n, JSON_REJECT_DUPLICATES, NULL), *ret = NULL;
	if (read_id(text_of(args, "account"), account) && read_id(text_of(args, "letter"), letter) && read_want(text_of(args, "class"), &want)) {
		tokens_make_texts(text_of(args, "header"), text_of(args, "text"), l->table.key, &arena, &tokens);
		bool learnt = q->ctx->config->junk_organisation && !q->stopping && lessons_teach(l, account, letter, want, &tokens);
		q->lessons->changed |= learnt;
		ret = json_pack("{s:b}", "learnt", (int)learnt);
	}
	json_decref(args);
	arena_free(&arena);
	return ret;
}

static json_t *show(struct queue_role *q, const struct ipc_queue_admin *m)
{
	return state_of(q);
}

static json_t *forget(struct queue_role *q, const struct ipc_queue_admin *m)
{
	lessons_free(&q->lessons->lessons);
	begin(q);
	q->lessons->changed = true;
	log_event(EV_JUNK_FORGOTTEN, LOG_TEXT("actor", m->subject));
	return state_of(q);
}

static const struct {
	const char *name;
	json_t *(*run)(struct queue_role *q, const struct ipc_queue_admin *m); /* NULL: the arguments are not right */
} operations[] = {{"junk.show", show}, {"junk.forget", forget}, {"junk.teach", teach}};

void queue_lessons_admin(struct queue_role *q, struct ipc_call *call, const struct ipc_queue_admin *m)
{
	json_t *j = NULL;
	for (size_t i = 0; i < ARRAY_LEN(operations); i++)
		if (slice_eq(m->op, slice_str(operations[i].name)))
			j = operations[i].run(q, m);
	bool known = j != NULL;
	if (!known)
		j = json_pack("{s:s}", "error", "There is no such operation, or its arguments are not right.");
	char *s = json_dumps(j, JSON_COMPACT);
	ipc_reply(call, &(struct ipc_queue_admin_reply){.status = known && s != NULL ? ADMIN_OK : ADMIN_INVALID, .result = slice_str(s)});
	free(s);
	json_decref(j);
}

/* ---- life ---- */

void queue_lessons_setup(struct queue_role *q)
{
	q->lessons = memory_alloc(sizeof *q->lessons);
	load(q);
	ipc_handle(q->ctx->ipc, IPC_QUEUE_TEACH, on_teach, q);
	ipc_handle(q->ctx->ipc, IPC_QUEUE_LEARNT, on_learnt, q);
}

void queue_lessons_free(struct queue_role *q)
{
	lessons_free(&q->lessons->lessons);
	MEMORY_FREE(&q->lessons);
}
