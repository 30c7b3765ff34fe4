/*
 * The role scan: carries a letter, or a decoded part of one, to the scanners of the configuration and brings back what they say. It parses no
 * mail and holds no keys; beside the channels of edges it has the sockets of those scanners.
 */
#include "role/scan.h"

#include "base/codec.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "sys/file.h"
#include "store/envelope.h"
#include "store/fact.h"
#include "trust/facts.h"

#define LETTER_MAX (512u << 20)
#define QUESTIONS_MAX 64               /* of one request; more are answered as unknown */
#define ANSWER_MAX 2000
#define PARTNER_RECORD_MAX (PARTNER_FIELDS_BYTES + 2 * PARTNER_TEXT_MAX + SCAN_SCANNER_MAX + 100)
#define DECODED_MAX (256u << 20)       /* bytes of decoded parts in hand, of all requests */

struct scan_call;

struct question {
	struct scan_call *call;
	uint8_t name[SCAN_QUESTION_MAX];
	size_t name_size;
	struct buf decoded, records;
	unsigned pending;
};

/* What one server is asked within a question. */
struct errand {
	struct question *question;
	struct scan_server *server;
	struct partner_verdict verdict;    /* of partners */
	int64_t began_ms;
};

struct scan_call {
	struct scan_role *role;
	struct ipc_call *call;
	struct file_map map;
	struct arena arena;
	struct slice content;
	struct slice envelope;
	struct partner_letter letter;      /* for partners */
	struct question *questions;
	size_t question_count;
	unsigned pending;                  /* questions */
	struct buf answers;
};

static void call_free(struct scan_call *c)
{
	for (size_t i = 0; i < c->question_count; i++) {
		c->role->decoded -= c->questions[i].decoded.capacity;
		buf_free(&c->questions[i].decoded);
		buf_free(&c->questions[i].records);
	}
	c->role->calls--;
	file_unmap(&c->map);
	buf_free(&c->answers);
	arena_free(&c->arena);
	memory_free(c);
}

static void call_end(struct scan_call *c)
{
	ipc_reply(c->call, &(struct ipc_scan_reply){.answers = buf_slice(&c->answers)});
	call_free(c);
}

static void question_end(struct question *q)
{
	struct scan_call *c = q->call;
	struct dns_question asked = {.name = slice_make(q->name, q->name_size), .type = FACT_SCAN};
	struct dns_answer answer = {.status = DNS_FOUND, .records = buf_slice(&q->records)};
	facts_encode_answer(&asked, &answer, &c->answers);
	if (--c->pending == 0)
		call_end(c);
}

static void on_said(void *arg, enum scan_result result, struct slice name)
{
	struct errand *e = arg;
	struct question *q = e->question;
	struct buf record = BUF_INIT(SCAN_NAME_MAX + SCAN_SCANNER_MAX + 16);
	if (result == SCAN_CLEAN && scan_server_stale(e->server))
		result = SCAN_STALE;
	scan_finding_encode(&(struct scan_finding){result, slice_str(e->server->kind->name), name}, &record);
	buf_put_bytes(&q->records, buf_slice(&record));
	buf_free(&record);
	if (--q->pending == 0)
		question_end(q);
}

static void on_consulted(void *arg, enum scan_result result, struct slice name)
{
	struct errand *e = arg;
	struct question *q = e->question;
	struct buf record = BUF_INIT(PARTNER_RECORD_MAX);
	(void)name;
	struct partner_record r = {.partner = slice_str(e->server->kind->name), .action = result == SCAN_CLEAN ? e->verdict.action : PARTNER_AWAY,
		.ms = (uint32_t)(loop_now(q->call->role->ctx->loop).mono_ms - e->began_ms)};
	if (result == SCAN_CLEAN) {
		r.reason = buf_slice(&e->verdict.reason);
		r.score = buf_slice(&e->verdict.score);
		r.fields = buf_slice(&e->verdict.fields);
	}
	partner_record_encode(&r, &record);
	buf_put_bytes(&q->records, buf_slice(&record));
	buf_free(&record);
	partner_verdict_free(&e->verdict);
	if (--q->pending == 0)
		question_end(q);
}

/* The envelope is taken as the edge tells it; only addresses of it are shown. */
static bool letter_make(struct scan_call *c)
{
	struct envelope e;
	struct recipient_fact fact;
	struct slice list, whole, *recipients;
	if (envelope_decode(c->envelope, &e) < 0)
		return false;
	recipients = arena_alloc_array(&c->arena, PARTNER_RECIPIENTS_MAX, sizeof *recipients);
	c->letter = (struct partner_letter){.cid = e.cid, .hostname = e.hostname, .address = e.client_address, .helo = e.helo, .reverse_path = e.reverse_path,
		.recipients = recipients, .content = c->content};
	list = e.recipients;
	while (c->letter.recipient_count < PARTNER_RECIPIENTS_MAX && list.n > 0 && fact_peek_recipient(&list, &fact, &whole) == 0)
		recipients[c->letter.recipient_count++] = fact.address;
	return true;
}

/* False: there is nobody to be asked. */
static bool consult(struct question *q)
{
	struct scan_call *c = q->call;
	struct scan_role *r = c->role;
	if (!letter_make(c))
		return false;
	for (size_t i = 0; i < r->server_count; i++) {
		struct errand *e;
		if (!r->servers[i]->kind->partner)
			continue;
		e = ARENA_NEW(&c->arena, struct errand);
		*e = (struct errand){.question = q, .server = r->servers[i], .began_ms = loop_now(r->ctx->loop).mono_ms};
		partner_verdict_init(&e->verdict);
		q->pending++;
		scan_server_consult(e->server, &c->letter, &e->verdict, on_consulted, e);
	}
	return true;
}

static void question_end_soon(void *arg)
{
	question_end(arg);
}

/* The bytes that are meant; false: they cannot be had. */
static bool content_of(struct question *q, const struct scan_target *t, struct slice *ret)
{
	struct scan_call *c = q->call;
	*ret = c->content;
	if (!t->part)
		return true;
	if (t->offset > c->content.n || t->length > c->content.n - t->offset)
		return false;
	*ret = slice_sub(c->content, t->offset, t->offset + t->length);
	if (t->encoding == SCAN_IDENTITY)
		return true;
	if (c->role->decoded > DECODED_MAX)
		return false;
	buf_init(&q->decoded, t->length + 16);
	if (t->encoding == SCAN_BASE64)
		base64_decode_lenient(*ret, &q->decoded);
	else
		quoted_printable_decode(*ret, &q->decoded);
	c->role->decoded += q->decoded.capacity;
	*ret = buf_slice(&q->decoded);
	return !q->decoded.failed;
}

/* Changes with every renewal, also of our own files (role/scan_own.c). Nothing: the scanner tells no date. */
static void put_age(const struct scan_server *s, struct buf *out)
{
	const struct scan_role *r = s->role;

	if (s->version.made_s == 0)
		return;
	buf_printf(out, "%lld", (long long)s->version.made_s);
	for (size_t i = 0; i < r->own_count && buf_len(out) < SCAN_NAME_MAX - 24; i++)
		buf_printf(out, ".%lld", (long long)r->own[i].made_s);
}

static void describe(struct question *q)
{
	const struct scan_role *r = q->call->role;

	for (size_t i = 0; i < r->server_count; i++) {
		const struct scan_server *s = r->servers[i];
		struct buf date = BUF_INIT(SCAN_NAME_MAX), record = BUF_INIT(SCAN_NAME_MAX + SCAN_SCANNER_MAX + 16);
		enum scan_result result = !s->looked || scan_server_away(s) ? SCAN_AWAY : scan_server_stale(s) ? SCAN_STALE : SCAN_CLEAN;

		if (s->kind->partner)
			continue;
		put_age(s, &date);
		scan_finding_encode(&(struct scan_finding){result, slice_str(s->kind->name), buf_slice(&date)}, &record);
		buf_put_bytes(&q->records, buf_slice(&record));
		buf_free(&date);
		buf_free(&record);
	}
}

static void question_begin(struct question *q, struct slice name)
{
	struct scan_call *c = q->call;
	struct scan_role *r = c->role;
	struct scan_target target;
	struct slice content;
	bool good = scan_target_parse(name, &target) && content_of(q, &target, &content);
	buf_init(&q->records, good && target.partners ? SCAN_SERVERS_MAX * PARTNER_RECORD_MAX : ANSWER_MAX);
	if (good && target.signatures) {
		describe(q);
		good = false;
	}
	r->letters += good && !target.part;
	r->parts += good && target.part;
	if (good && target.partners)
		good = consult(q) && false;
	for (size_t i = 0; good && i < r->server_count; i++) {
		struct scan_server *s = r->servers[i];
		struct errand *e;
		if (!(target.part ? s->kind->parts : s->kind->letters))
			continue;
		e = ARENA_NEW(&c->arena, struct errand);
		*e = (struct errand){.question = q, .server = s};
		q->pending++;
		scan_server_ask(s, content, on_said, e);
	}
	if (q->pending == 0)
		loop_defer(r->ctx->loop, question_end_soon, q);
}

/* Takes the questions apart; how many there are. */
static size_t read_questions(struct scan_call *c, struct slice list)
{
	struct dns_question q;
	c->questions = arena_alloc_array(&c->arena, QUESTIONS_MAX, sizeof *c->questions);
	while (c->question_count < QUESTIONS_MAX && facts_question_next(&list, &q)) {
		struct question *mine = &c->questions[c->question_count];
		if (q.type != FACT_SCAN || q.name.n > sizeof mine->name)
			continue;
		*mine = (struct question){.call = c, .name_size = q.name.n};
		for (size_t i = 0; i < q.name.n; i++)
			mine->name[i] = q.name.p[i];
		c->question_count++;
	}
	return c->question_count;
}

static void on_scan(void *arg, struct ipc_call *call, const void *message)
{
	struct scan_role *r = arg;
	const struct ipc_scan *request = message;
	struct scan_call *c = memory_alloc(sizeof *c);
	struct error err = {0};
	int fd = request->message, code = 0;
	c->role = r;
	c->call = call;
	r->calls++;
	buf_init(&c->answers, FACTS_ANSWERS_BYTES);
	if (fd >= 0)
		code = memfd_map(fd, LETTER_MAX, &c->map, &err);
	c->content = fd >= 0 ? c->map.content : arena_dup(&c->arena, request->small);
	c->envelope = arena_dup(&c->arena, request->envelope);
	file_close(&fd);
	if (code < 0 || read_questions(c, request->questions) == 0) {
		if (code < 0)
			log_event(EV_INTERNAL, LOG_TEXT("cid", request->cid), LOG_STR("at", "scan"), LOG_STR("what", err.private_text));
		call_end(c);
		return;
	}
	c->pending = (unsigned)c->question_count;
	for (size_t i = 0; i < c->question_count; i++)
		question_begin(&c->questions[i], slice_make(c->questions[i].name, c->questions[i].name_size));
}

static int scan_start(struct role_context *ctx, struct error *err)
{
	struct scan_role *r = memory_alloc(sizeof *r);
	ctx->state = r;
	r->ctx = ctx;
	crypt_init();
	scan_servers_configure(r);
	ipc_handle(ctx->ipc, IPC_SCAN, on_scan, r);
	return 0;
}

static void server_status(const struct scan_server *s, struct buf *out)
{
	const char *name = s->kind->name;
	buf_printf(out, ",\"%s_up\":%d,\"%s_asked\":%llu,\"%s_found\":%llu,\"%s_failed\":%llu", name, s->looked && !s->away, name,
	           (unsigned long long)s->asked, name, (unsigned long long)s->found, name, (unsigned long long)s->failed);
	if (s->kind->dated)
		buf_printf(out, ",\"%s_version\":\"%.*s\",\"%s_signatures\":%u,\"%s_signature_age_s\":%lld,\"%s_signature_state\":%u", name,
		           SLICE_ARG(buf_slice(&s->version.text)), name, s->version.signatures, name, (long long)scan_server_age_s(s), name, s->aged);
}

/* For `letterlock check`: the first that is wrong. */
static void put_problem(const struct scan_role *r, struct buf *out)
{
	for (size_t i = 0; i < r->server_count; i++) {
		const struct scan_server *s = r->servers[i];
		if (s->looked && s->away)
			buf_printf(out, ",\"problem\":\"%s does not answer%s\"", s->kind->name, s->kind->partner ? "" : ": attachments from outside are held");
		else if (s->looked && scan_server_stale(s))
			buf_printf(out, ",\"problem\":\"%s: %s: attachments from outside are held\"", s->kind->name, scan_server_age_problem(s));
		else if (s->aged > 0)
			buf_printf(out, ",\"warning\":\"%s: %s\"", s->kind->name, scan_server_age_problem(s));
		else
			continue;
		return;
	}
}

static void scan_status(struct role_context *ctx, struct buf *out)
{
	const struct scan_role *r = ctx->state;
	buf_printf(out, "\"letters\":%llu,\"parts\":%llu,\"running\":%u", (unsigned long long)r->letters, (unsigned long long)r->parts, r->calls);
	for (size_t i = 0; i < r->server_count; i++)
		server_status(r->servers[i], out);
	if (r->own_count > 0)
		buf_printf(out, ",\"own_signature_files\":%zu,\"own_signature_age_s\":%lld", r->own_count, (long long)scan_own_age_s(r));
	put_problem(r, out);
}

/* Who has just changed something wants to see it. */
static void scan_reload(struct role_context *ctx)
{
	struct scan_role *r = ctx->state;
	for (size_t i = 0; i < r->server_count; i++)
		timer_start(r->servers[i]->look, 0);
}

const struct role_ops role_scan = {.start = scan_start, .reload = scan_reload, .status = scan_status};
