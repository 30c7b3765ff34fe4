/* What the engine of JMAP asks of other accounts: method calls, blobs, and which accounts there are. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "auth/permit.h"
#include "base/codec.h"
#include "base/memory.h"
#include "jmap/method.h"
#include "role/mail_visit.h"

#define ANSWER_MAX (JMAP_ANSWER_MAX + 1000000u)
#define UPLOADED_MAX 10000
#define EARLY_MAX 1000000
#define PATH_MAX_BYTES 2000

/* ---- a request to an account ---- */

struct asking {
	struct mail_visit_job job; /* first */
	struct mail_http *person;
	struct jmap_call *call;
	struct jmap_asked *ret;
	struct buf body;
	unsigned status;
};

static void ask_head(struct mail_visit_job *job, unsigned status, const struct http_field *fields, size_t count)
{
	((struct asking *)job)->status = status;
}

static void ask_body(struct mail_visit_job *job, struct slice bytes)
{
	buf_append(&((struct asking *)job)->ret->answer, bytes);
}

static void ask_done(struct mail_visit_job *job, int code)
{
	struct asking *a = (struct asking *)job;
	struct mail_http *p = a->person;
	struct jmap_call *call = a->call;

	a->ret->code = code != 0 ? code : a->ret->answer.failed ? ERR_LIMIT : a->status == 200 ? 0 : ERR_TEMPORARY;
	buf_free_secret(&a->body);
	memory_free(a);
	jmap_call_resume(call);
	mail_http_let(p);
}

/* Whoever may not open others asks nobody. */
static void refuse_ask(void *arg)
{
	struct asking *a = arg;

	ask_done(&a->job, ERR_NOT_FOUND);
}

static bool is_delegate(const struct mail_http *p)
{
	return p->use.actor[0] != 0;
}

static void ask(void *arg, struct jmap_call *call, const uint8_t account[16], struct buf *body, struct jmap_asked *ret)
{
	static const struct http_field fields[] = {HTTP_FIELD("Content-Type", "application/json")};
	struct mail_http *p = arg;
	struct asking *a = memory_alloc(sizeof *a);

	a->person = p;
	mail_http_keep(p);
	a->call = call;
	a->ret = ret;
	a->body = *body;
	*body = (struct buf){0};
	ret->answer.max = ANSWER_MAX;
	a->job = (struct mail_visit_job){.head = ask_head, .body = ask_body, .done = ask_done};
	a->job.request = (struct http_client_request){.method = SLICE("POST"), .target = SLICE("/jmap/api"), .host = SLICE("localhost"), .fields = fields,
		.field_count = ARRAY_LEN(fields), .body = buf_slice(&a->body), .keep = true};
	if (is_delegate(p))
		loop_defer(p->account->role->ctx->loop, refuse_ask, a);
	else
		mail_visit_run(p, account, &a->job);
}

/* ---- a blob from one account to another ---- */

struct carrying {
	struct mail_visit_job down; /* first */
	struct mail_visit_job up;
	struct mail_http *person;
	struct jmap_call *call;
	struct jmap_carried *ret;
	uint8_t to[16];
	struct buf from_path, to_path, answer, type, early; /* early: came with the head, before the upload could be written to */
	struct http_field fields[1];
	unsigned down_status, up_status;
	bool sending, ready, given;    /* the upload runs; it can be written to; all has come before it could */
};

static struct carrying *of_up(struct mail_visit_job *job)
{
	return CONTAINER_OF(job, struct carrying, up);
}

static int code_of(unsigned status)
{
	switch (status) {
	case 200: case 201: return 0;
	case 404: return ERR_NOT_FOUND;
	case 403: return ERR_DENIED;
	case 413: return ERR_LIMIT;
	default: return ERR_TEMPORARY;
	}
}

static void carry_end(struct carrying *c, int code)
{
	struct mail_http *p = c->person;
	struct jmap_call *call = c->call;
	json_t *answer = json_loadb((const char *)buf_slice(&c->answer).p, buf_len(&c->answer), 0, NULL);
	const char *id = json_string_value(json_object_get(answer, "blobId"));

	c->ret->code = code != 0 ? code : id == NULL ? ERR_TEMPORARY : 0;
	if (c->ret->code == 0)
		(void)snprintf(c->ret->id, sizeof c->ret->id, "%s", id);
	json_decref(answer);
	buf_free(&c->from_path);
	buf_free(&c->to_path);
	buf_free(&c->answer);
	buf_free(&c->type);
	buf_free_secret(&c->early);
	memory_free(c);
	jmap_call_resume(call);
	mail_http_let(p);
}

static void up_head(struct mail_visit_job *job, unsigned status, const struct http_field *fields, size_t count)
{
	of_up(job)->up_status = status;
}

static void up_body(struct mail_visit_job *job, struct slice bytes)
{
	buf_append(&of_up(job)->answer, bytes);
}

static void up_room(struct mail_visit_job *job)
{
	struct carrying *c = of_up(job);

	c->ready = true;
	if (mail_visit_write(&c->up, buf_slice(&c->early)) != 0 || c->early.failed)
		c->down_status = 500;
	buf_clear(&c->early);
	if (c->given) {
		c->given = false;
		mail_visit_finish(&c->up);
	} else {
		mail_visit_resume(&c->down);
	}
}

static void up_done(struct mail_visit_job *job, int code)
{
	struct carrying *c = of_up(job);

	mail_visit_cancel(&c->down);
	carry_end(c, code != 0 ? code : code_of(c->up_status));
}

static void upload(struct carrying *c)
{
	c->sending = true;
	c->fields[0] = (struct http_field){SLICE("Content-Type"), buf_slice(&c->type)};
	c->up = (struct mail_visit_job){.head = up_head, .body = up_body, .room = up_room, .done = up_done};
	c->up.request = (struct http_client_request){.method = SLICE("POST"), .target = buf_slice(&c->to_path), .host = SLICE("localhost"), .fields = c->fields,
		.field_count = 1, .streamed = true, .keep = true};
	mail_visit_run(c->person, c->to, &c->up);
}

static void down_head(struct mail_visit_job *job, unsigned status, const struct http_field *fields, size_t count)
{
	struct carrying *c = (struct carrying *)job;
	struct slice type = http_field_get(fields, count, SLICE("Content-Type"));

	c->down_status = status;
	buf_append(&c->type, type.n > 0 && type.n < 200 ? type : SLICE("application/octet-stream"));
	if (status == 200)
		upload(c);
}

static bool down_full(struct mail_visit_job *job)
{
	struct carrying *c = (struct carrying *)job;

	return c->sending && (!c->ready || mail_visit_congested(&c->up));
}

static void down_body(struct mail_visit_job *job, struct slice bytes)
{
	struct carrying *c = (struct carrying *)job;

	if (!c->sending)
		return;
	if (!c->ready)
		buf_append(&c->early, bytes);
	else if (mail_visit_write(&c->up, bytes) != 0)
		c->down_status = 500;
}

static void down_done(struct mail_visit_job *job, int code)
{
	struct carrying *c = (struct carrying *)job;

	if (code == 0)
		code = code_of(c->down_status);
	if (code == 0 && c->sending) {
		c->given = !c->ready;
		if (c->ready)
			mail_visit_finish(&c->up);
		return;
	}
	if (c->sending)
		mail_visit_cancel(&c->up);
	carry_end(c, code);
}

static void put_account(struct buf *out, const char *place, const uint8_t account[16])
{
	buf_printf(out, "/jmap/%s/A", place);
	hex_encode(slice_make(account, 16), out);
	buf_append_byte(out, '/');
}

static void refuse_carry(void *arg)
{
	carry_end(arg, ERR_NOT_FOUND);
}

static void carry(void *arg, struct jmap_call *call, const uint8_t from[16], struct slice blob, const uint8_t to[16], struct jmap_carried *ret)
{
	struct mail_http *p = arg;
	struct carrying *c = memory_alloc(sizeof *c);

	c->person = p;
	mail_http_keep(p);
	c->call = call;
	c->ret = ret;
	memcpy(c->to, to, sizeof c->to);
	c->from_path = c->to_path = BUF_INIT(PATH_MAX_BYTES);
	c->answer = BUF_INIT(UPLOADED_MAX);
	c->type = BUF_INIT(200);
	c->early = BUF_INIT(EARLY_MAX);
	put_account(&c->from_path, "download", from);
	put_account(&c->to_path, "upload", to);
	buf_append(&c->from_path, blob);
	buf_append_str(&c->from_path, "/letter");
	c->down = (struct mail_visit_job){.head = down_head, .body = down_body, .full = down_full, .done = down_done};
	c->down.request = (struct http_client_request){.method = SLICE("GET"), .target = buf_slice(&c->from_path), .host = SLICE("localhost"), .keep = true};
	if (is_delegate(p) || !jmap_id_valid(blob))
		loop_defer(p->account->role->ctx->loop, refuse_carry, c);
	else
		mail_visit_run(p, from, &c->down);
}

void mail_visit_host(struct jmap_host *host)
{
	host->ask = ask;
	host->carry = carry;
}

/* ---- which accounts there are ---- */

struct listing {
	struct mail_http *person;
	void (*done)(void *arg);
	void *arg;
};

static void put_rights(uint64_t rights, struct arena *arena, struct slice *ret)
{
	struct buf text = BUF_INIT(2000);

	for (unsigned i = 0; i < AUTH_RIGHT_COUNT; i++)
		if ((rights & auth_class_rights(AUTH_CLASS_MAIL) & AUTH_BIT(i)) != 0)
			buf_printf(&text, "%s%s", buf_len(&text) > 0 ? " " : "", auth_right_name((enum auth_right)i));
	*ret = arena_dup(arena, buf_slice(&text));
	buf_free(&text);
}

static bool take_other(struct slice *in, struct arena *arena, struct jmap_other *ret)
{
	const uint64_t changing = AUTH_BIT(AUTH_MAIL_SEND) | AUTH_BIT(AUTH_MAIL_FORWARD) | AUTH_BIT(AUTH_MAIL_DELETE);
	uint64_t rights, until;

	if (in->n < sizeof ret->id)
		return false;
	memcpy(ret->id, in->p, sizeof ret->id);
	*in = slice_from(*in, sizeof ret->id);
	if (!slice_get_u64(in, &rights) || !slice_get_u64(in, &until) || !slice_get_bytes(in, &ret->name) || !slice_get_bytes(in, &ret->title))
		return false;
	ret->until = (int64_t)until;
	ret->read_only = (rights & changing) == 0;
	ret->may_send = (rights & AUTH_BIT(AUTH_MAIL_SEND)) != 0;
	ret->may_delete = (rights & AUTH_BIT(AUTH_MAIL_DELETE)) != 0;
	ret->may_download = (rights & AUTH_BIT(AUTH_MAIL_DOWNLOAD)) != 0;
	put_rights(rights, arena, &ret->rights);
	return true;
}

static void take_list(struct mail_http *p, struct slice in)
{
	struct arena arena = ARENA_INIT;
	struct jmap_other list[JMAP_OTHERS_MAX] = {0};
	size_t count = 0;

	while (in.n > 0 && count < JMAP_OTHERS_MAX && take_other(&in, &arena, &list[count]))
		count++;
	jmap_others(p->jmap, list, count);
	arena_free(&arena);
}

static void on_list(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct listing *l = arg;
	const struct ipc_auth_others_reply *reply = message;
	struct mail_http *p = l->person;

	if (outcome == IPC_OK && reply->status == AUTH_OK && !p->over)
		take_list(p, reply->accounts);
	if (l->done != NULL)
		l->done(l->arg);
	memory_free(l);
	mail_http_let(p);
}

static void no_list(void *arg)
{
	on_list(arg, IPC_GONE, NULL);
}

void mail_visit_list(struct mail_http *p, void (*done)(void *arg), void *arg)
{
	struct role_context *ctx = p->account->role->ctx;
	struct listing *l = memory_alloc(sizeof *l);
	struct ipc_auth_others request = {0};

	*l = (struct listing){p, done, arg};
	mail_http_keep(p);
	if (is_delegate(p)) {
		loop_defer(ctx->loop, no_list, l);
		return;
	}
	memcpy(request.account.b, p->account->id, sizeof request.account.b);
	ipc_request(ctx->ipc, IPC_AUTH_OTHERS, IPC_ANY, &request, on_list, l);
}

void mail_visit_relist(struct mail_visits *s)
{
	struct mail_role *m = s->account->role;

	LIST_FOREACH(node, &m->people) {
		struct mail_http *p = LIST_ITEM(node, struct mail_http, node);

		if (p->account == s->account && !p->over)
			mail_visit_list(p, NULL, NULL);
	}
}
