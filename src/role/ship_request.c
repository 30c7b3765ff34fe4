/* What goes out as an HTTPS request, by way of the role fetch: webhooks, co-signers (C2SP tlog-witness), RFC 3161 time stamps. */
#include <string.h>

#include "audit/format.h"
#include "audit/note.h"
#include "base/log.h"
#include "base/memory.h"
#include "role/ship.h"

#define BODY_MAX (1u << 20)
#define NEVER_ASKED UINT64_MAX
enum note_kind { NOTE_WITNESS = 0, NOTE_STAMP = 1 };

/* ---- webhooks ---- */

static void on_posted(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct sink *s = arg;
	const struct ipc_fetch_reply *reply = message;
	if (!sink_awaited(s))
		return;
	if (outcome == IPC_OK && reply->error.n == 0 && reply->code >= 200 && reply->code < 300) {
		sink_delivered(s);
	} else {
		sink_failed(s, outcome != IPC_OK ? "fetch did not answer" : reply->error.n > 0 ? "the request failed" : "the receiver refused the batch");
	}
}

static void deliver(struct sink *s)
{
	struct buf body = BUF_INIT(BODY_MAX), fields = BUF_INIT(1000);
	audit_format_batch(buf_slice(&s->lines), &body);
	buf_append_str(&fields, "Content-Type: application/json\nX-Letterlock-Signature: ");
	audit_format_signature(s->ship->ctx->password, moment_unix(loop_now(s->ship->ctx->loop)), buf_slice(&body), &fields);
	buf_append_byte(&fields, '\n');
	struct ipc_fetch request = {.method = SLICE("POST"), .url = s->url, .fields = buf_slice(&fields), .body = buf_slice(&body)};
	s->busy = true;
	ipc_request(s->ship->ctx->ipc, IPC_FETCH, IPC_ANY, &request, on_posted, s);
	buf_free(&body);
	buf_free(&fields);
}

const struct sink_kind sink_webhook = {"webhook", deliver};

/* ---- co-signers and time stamps ---- */

struct asking {
	struct ship *ship;
	struct arena arena;
	enum note_kind kind;
	struct slice url, name;
	uint64_t size;
	bool again;               /* the co-signer has told which head it knows */
};

static void ask_head(struct asking *q, uint64_t have);

static void asking_end(struct asking *q, const char *why)
{
	if (why != NULL)
		log_event(EV_AUDIT_SINK, LOG_TEXT("name", q->name), LOG_TEXT("host", q->url), LOG_STR("result", "no co-signature"), LOG_STR("error", why));
	arena_free(&q->arena);
	memory_free(q);
}

static void on_kept(void *arg, enum ipc_outcome outcome, const void *message)
{
	const struct ipc_audit_cosign_reply *reply = message;
	asking_end(arg, outcome == IPC_OK && reply->status == 0 ? NULL : "the answer is not right");
}

/* 409 of a witness: its body is the size of the head that it knows. */
static bool known_size(const struct ipc_fetch_reply *reply, uint64_t *ret)
{
	return reply->code == 409 && slice_to_u64(slice_trim(reply->body), ret) == 0;
}

static void on_answered(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct asking *q = arg;
	const struct ipc_fetch_reply *reply = message;
	uint64_t have;
	if (outcome != IPC_OK || reply->error.n > 0) {
		asking_end(q, "it cannot be reached");
	} else if (q->kind == NOTE_WITNESS && !q->again && known_size(reply, &have)) {
		q->again = true;
		ask_head(q, have);
	} else if (reply->code != 200) {
		asking_end(q, "it refused");
	} else {
		struct ipc_audit_cosign request = {.kind = (uint8_t)q->kind, .name = q->name, .size = q->size, .answer = reply->body};
		ipc_request(q->ship->ctx->ipc, IPC_AUDIT_COSIGN, 0, &request, on_kept, q);
	}
}

static void on_head(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct asking *q = arg;
	const struct ipc_audit_note_reply *reply = message;
	if (outcome != IPC_OK || reply->status != 0) {
		asking_end(q, NULL); /* nothing is new */
		return;
	}
	q->size = reply->size;
	struct slice url = q->kind == NOTE_WITNESS ? arena_printf(&q->arena, "%.*s/add-checkpoint", SLICE_ARG(q->url)) : q->url;
	struct ipc_fetch request = {.method = SLICE("POST"), .url = url, .body = reply->body,
		.fields = q->kind == NOTE_WITNESS ? SLICE("Content-Type: text/plain\n") : SLICE("Content-Type: application/timestamp-query\n")};
	ipc_request(q->ship->ctx->ipc, IPC_FETCH, IPC_ANY, &request, on_answered, q);
}

static void ask_head(struct asking *q, uint64_t have)
{
	struct ipc_audit_note request = {.kind = (uint8_t)q->kind, .name = q->name, .have = have};
	ipc_request(q->ship->ctx->ipc, IPC_AUDIT_NOTE, 0, &request, on_head, q);
}

static void begin(struct ship *ship, enum note_kind kind, struct slice url, struct slice name)
{
	struct asking *q = memory_alloc(sizeof *q);
	q->ship = ship;
	q->kind = kind;
	q->url = arena_dup(&q->arena, url);
	q->name = arena_dup(&q->arena, name);
	ask_head(q, NEVER_ASKED);
}

void ship_ask_outside(struct ship *ship)
{
	const struct config *c = ship->ctx->config;
	for (size_t i = 0; i < c->audit_cosigners.count; i++) {
		struct slice rest = c->audit_cosigners.items[i], url;
		struct audit_key key;
		if (slice_split(&rest, ' ', &url) && slice_starts(url, SLICE("https://")) && audit_key_parse(slice_trim(rest), &key) == 0)
			begin(ship, NOTE_WITNESS, url, key.name);
	}
	if (c->audit_timestamp_url.n > 0)
		begin(ship, NOTE_STAMP, c->audit_timestamp_url, SLICE("time stamp"));
}
