/* One push message (RFC 8030): encrypted, signed by key, sent by fetch. */
#include "role/mail_push.h"

#include "base/codec.h"
#include "base/memory.h"
#include "crypt/push.h"
#include "http/url.h"
#include "role/fetch.h"

#define AUDIENCE_MAX 400

struct mail_push_message {
	struct mail_role *role;
	mail_push_fn *fn;         /* NULL: nobody waits for it */
	void *arg;
	struct slice url;         /* in the arena */
	struct arena arena;
	struct buf body, fields;
	struct timer *timer;
	enum mail_push_result result;
	unsigned tries;
};

static void end(struct mail_push_message *p)
{
	if (p->fn != NULL)
		p->fn(p->arg, p->result);
	p->role->push_outstanding--;
	timer_destroy(&p->timer);
	buf_free_secret(&p->body);
	buf_free_secret(&p->fields);
	arena_free(&p->arena);
	memory_free(p);
}

static void ask_key(struct mail_push_message *p);

static void on_timer(void *arg)
{
	struct mail_push_message *p = arg;

	if (p->tries >= MAIL_PUSH_TRIES || p->result == MAIL_PUSH_GONE || p->role->stopping)
		end(p);
	else
		ask_key(p);
}

static void again(struct mail_push_message *p)
{
	int64_t wait = MAIL_PUSH_RETRY_MS;

	for (unsigned i = 1; i < p->tries; i++)
		wait *= 4;
	timer_start(p->timer, p->tries >= MAIL_PUSH_TRIES ? 0 : wait);
}

/* RFC 8030 5 and 8.4, RFC 8620 7.2: what is not there any more will not be. Too large or malformed does not become better. */
static void on_fetched(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct mail_push_message *p = arg;
	const struct ipc_fetch_reply *reply = message;
	unsigned code = outcome == IPC_OK && reply->error.n == 0 ? reply->code : 0;

	if (code >= 200 && code < 300) {
		p->result = MAIL_PUSH_DONE;
		end(p);
	} else if (code == 404 || code == 410) {
		p->result = MAIL_PUSH_GONE;
		end(p);
	} else if (code >= 400 && code < 500 && code != 429 && code != 408) {
		end(p);
	} else {
		again(p);
	}
}

static void on_token(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct mail_push_message *p = arg;
	const struct ipc_key_push_reply *reply = message;
	struct ipc_fetch request = {.method = SLICE("POST"), .url = p->url, .body = buf_slice(&p->body)};

	if (outcome != IPC_OK || reply->status != 0) {
		again(p);
		return;
	}
	buf_clear(&p->fields);
	buf_printf(&p->fields, FETCH_PUSH_FIELDS "vapid t=%.*s, k=", SLICE_ARG(reply->token));
	base64url_encode(reply->public_key, &p->fields);
	buf_append_byte(&p->fields, '\n');
	request.fields = buf_slice(&p->fields);
	ipc_request(p->role->ctx->ipc, IPC_FETCH, IPC_ANY, &request, on_fetched, p);
}

static void ask_key(struct mail_push_message *p)
{
	struct buf audience = BUF_INIT(AUDIENCE_MAX);
	struct http_url url;

	p->tries++;
	if (http_url_parse(p->url, &url) < 0) {
		p->tries = MAIL_PUSH_TRIES;
		again(p);
		return;
	}
	buf_printf(&audience, "https://%.*s", SLICE_ARG(url.authority));
	ipc_request(p->role->ctx->ipc, IPC_KEY_PUSH, IPC_ANY, &(struct ipc_key_push){.audience = buf_slice(&audience)}, on_token, p);
	buf_free(&audience);
}

static int encrypt(const json_t *subscription, struct slice payload, struct buf *out)
{
	struct buf point = BUF_INIT(PUSH_PUBLIC_SIZE), secret = BUF_INIT(PUSH_AUTH_SIZE);
	struct slice key = slice_str(json_string_value(json_object_get(subscription, "p256dh"))),
		auth = slice_str(json_string_value(json_object_get(subscription, "auth")));
	int rc = ERR_INVALID;

	while (slice_ends(key, SLICE("=")))
		key = slice_sub(key, 0, key.n - 1);
	while (slice_ends(auth, SLICE("=")))
		auth = slice_sub(auth, 0, auth.n - 1);
	if (base64url_decode_strict(key, &point) == 0 && base64url_decode_strict(auth, &secret) == 0 && buf_len(&point) == PUSH_PUBLIC_SIZE
	    && buf_len(&secret) == PUSH_AUTH_SIZE)
		rc = push_encrypt(buf_slice(&point).p, buf_slice(&secret).p, payload, out, NULL);
	buf_free(&point);
	buf_free_secret(&secret);
	return rc;
}

struct mail_push_message *mail_push_send(struct mail_role *m, const json_t *subscription, struct slice payload, mail_push_fn *fn, void *arg)
{
	struct mail_push_message *p;

	if (m->push_outstanding >= MAIL_PUSH_OUTSTANDING)
		return NULL;
	m->push_outstanding++;
	p = memory_alloc(sizeof *p);
	p->role = m;
	p->fn = fn;
	p->arg = arg;
	p->result = MAIL_PUSH_FAILED;
	p->url = arena_dup(&p->arena, slice_str(json_string_value(json_object_get(subscription, "url"))));
	buf_init(&p->body, FETCH_PUSH_MAX);
	buf_init(&p->fields, FETCH_PUSH_MAX);
	p->timer = timer_create_on(m->ctx->loop, on_timer, p);
	if (encrypt(subscription, payload, &p->body) < 0)
		p->tries = MAIL_PUSH_TRIES;
	timer_start(p->timer, 0);
	return p;
}

void mail_push_forget(struct mail_push_message **message)
{
	if (*message != NULL)
		(*message)->fn = NULL;
	*message = NULL;
}
