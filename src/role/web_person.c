#include "role/web_person.h"

#include <string.h>

#include "base/codec.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "http/problem.h"
#include "role/edge_limits.h"
#include "role/web_cookie.h"

#define EVIDENCE_MAX AUTH_SASL_DATA_MAX
#define SWEEP_MS 30000

struct web_people {
	struct edge *edge;
	struct map known;         /* key -> struct web_person */
	struct list_node all;
	struct timer *sweep;
	uint8_t secret[HASH_KEY_SIZE];
	size_t count;
};

/* An exchange that waits for what auth says of its person. */
struct asking {
	struct list_node node;
	struct web_exchange *x;
	web_person_fn *fn;
};

/* What a request shows: a message of a SASL mechanism. */
struct evidence {
	struct slice mechanism;
	struct buf data;
	bool cookie;
};

/* ---- life ---- */

static int64_t now_ms(const struct web_people *people)
{
	return loop_now(people->edge->ctx->loop).mono_ms;
}

void web_person_hold(struct web_person *p)
{
	ENSURE_MAGIC(p, WEB_PERSON_MAGIC);
	p->held++;
}

void web_person_drop(struct web_person *p)
{
	ENSURE_MAGIC(p, WEB_PERSON_MAGIC);
	ENSURE(p->held > 0);
	if (--p->held > 0)
		return;
	ENSURE(p->over && list_empty(&p->links) && list_empty(&p->asking));
	list_remove(&p->node);
	p->people->count--;
	buf_free(&p->login);
	buf_free(&p->actor);
	buf_free(&p->sender);
	secret_wipe(p->key, sizeof p->key);
	p->magic = 0;
	memory_free(p);
}

void web_person_touch(struct web_person *p)
{
	p->used_ms = now_ms(p->people);
}

void web_person_end(struct web_person *p)
{
	if (p->over)
		return;
	p->over = true;
	map_remove(&p->people->known, slice_make(p->key, sizeof p->key));
	web_person_drop(p); /* the map's */
}

static struct web_person *person_create(struct web_people *people, const uint8_t key[32])
{
	struct web_person *p = memory_alloc(sizeof *p);

	p->magic = WEB_PERSON_MAGIC;
	p->people = people;
	p->held = 1;
	memcpy(p->key, key, sizeof p->key);
	list_init(&p->asking);
	list_init(&p->links);
	buf_init(&p->login, AUTH_LOGIN_MAX);
	buf_init(&p->actor, AUTH_LOGIN_MAX);
	buf_init(&p->sender, 65536);
	p->since_ms = p->used_ms = now_ms(people);
	list_append(&people->all, &p->node);
	people->count++;
	map_put(&people->known, slice_make(p->key, sizeof p->key), p);
	return p;
}

static bool is_stale(const struct web_person *p, int64_t now)
{
	int64_t life = p->cookie ? WEB_PERSON_COOKIE_MS : WEB_PERSON_LIFE_MS;

	return p->known && (now - p->since_ms > life || (p->link_count == 0 && now - p->used_ms > WEB_PERSON_IDLE_MS));
}

static void on_sweep(void *arg)
{
	struct web_people *people = arg;

	LIST_FOREACH(node, &people->all) {
		struct web_person *p = LIST_ITEM(node, struct web_person, node);

		if (is_stale(p, now_ms(people)))
			web_person_end(p);
	}
	timer_start(people->sweep, SWEEP_MS);
}

/* The oldest one without connections gives way. */
static void make_room(struct web_people *people)
{
	LIST_FOREACH(node, &people->all) {
		struct web_person *p = LIST_ITEM(node, struct web_person, node);

		if (people->count < WEB_PEOPLE_MAX)
			return;
		if (p->known && p->link_count == 0)
			web_person_end(p);
	}
}

struct web_people *web_people_create(struct edge *edge)
{
	struct web_people *people = memory_alloc(sizeof *people);

	people->edge = edge;
	list_init(&people->all);
	random_bytes(people->secret, sizeof people->secret);
	people->sweep = timer_create_on(edge->ctx->loop, on_sweep, people);
	timer_start(people->sweep, SWEEP_MS);
	return people;
}

/* ---- evidence ---- */

/* RFC 7617: user-id and password, which is PLAIN of SASL with another separator. */
static bool take_basic(struct slice text, struct evidence *ret)
{
	struct buf pair = BUF_INIT(EVIDENCE_MAX);
	ptrdiff_t colon;
	bool good = base64_decode_strict(text, &pair) == 0 && (colon = slice_find(buf_slice(&pair), ':')) >= 0 && slice_find(buf_slice(&pair), 0) < 0;

	if (good) {
		ret->mechanism = SLICE("PLAIN");
		buf_append_byte(&ret->data, 0);
		buf_append(&ret->data, slice_sub(buf_slice(&pair), 0, (size_t)colon));
		buf_append_byte(&ret->data, 0);
		buf_append(&ret->data, slice_from(buf_slice(&pair), (size_t)colon + 1));
	}
	buf_free_secret(&pair);
	return good && !ret->data.failed;
}

/* RFC 6750 2.1; the message of RFC 7628 3.1. */
static bool take_bearer(struct slice token, struct evidence *ret)
{
	for (size_t i = 0; i < token.n; i++)
		if (token.p[i] <= 0x20 || token.p[i] >= 0x7f)
			return false;
	ret->mechanism = SLICE("OAUTHBEARER");
	buf_printf(&ret->data, "n,,\1auth=Bearer %.*s\1\1", SLICE_ARG(token));
	return token.n > 0 && !ret->data.failed;
}

static bool take_authorization(struct slice value, struct evidence *ret)
{
	if (slice_starts_nocase(value, SLICE("Basic ")))
		return take_basic(slice_trim(slice_from(value, 6)), ret);
	return slice_starts_nocase(value, SLICE("Bearer ")) && take_bearer(slice_trim(slice_from(value, 7)), ret);
}

/* The token, as auth made it. */
static bool take_cookie(struct slice token, struct evidence *ret)
{
	ret->mechanism = SLICE(AUTH_MECHANISM_SESSION);
	ret->cookie = true;
	buf_append(&ret->data, token);
	return token.n > 0 && !ret->data.failed;
}

static enum web_person_status evidence_of(const struct web_exchange *x, struct evidence *ret)
{
	size_t count = http_field_count(x->fields, x->field_count, SLICE("Authorization"));

	if (count == 0)
		return take_cookie(web_cookie_get(x, WEB_COOKIE_SESSION), ret) ? WEB_PERSON_KNOWN : WEB_PERSON_NOBODY;
	return count == 1 && take_authorization(web_field(x, SLICE("Authorization")), ret) ? WEB_PERSON_KNOWN : WEB_PERSON_WRONG;
}

static void make_key(const struct web_people *people, const struct evidence *e, struct slice address, uint8_t ret[32])
{
	struct hash_state h;

	hash_start(&h, people->secret);
	hash_update_field(&h, e->mechanism);
	hash_update_field(&h, buf_slice(&e->data));
	hash_update_field(&h, address);
	hash_finish(&h, ret);
	secret_wipe(&h, sizeof h);
}

/* ---- what auth says ---- */

/* As after a sign-in of other protocols: the connection is no stranger's any more. */
static void trust(const struct web_exchange *x)
{
	if (!x->web->client->proven)
		edge_limits_trust(x->web->client);
}

static void answer_asking(struct web_person *p, enum web_person_status status)
{
	while (!list_empty(&p->asking)) {
		struct asking *a = LIST_ITEM(p->asking.next, struct asking, node);
		struct web_exchange *x = a->x;

		list_remove(&a->node);
		if (!web_is_gone(x) && status == WEB_PERSON_KNOWN)
			trust(x);
		if (!web_is_gone(x))
			a->fn(x, status == WEB_PERSON_KNOWN ? p : NULL, status);
		web_drop(x);
		memory_free(a);
	}
}

static enum web_person_status status_of(uint8_t status)
{
	static const enum web_person_status results[] = {
		[AUTH_OK] = WEB_PERSON_KNOWN, [AUTH_CONTINUE] = WEB_PERSON_WRONG, [AUTH_BAD_CREDENTIALS] = WEB_PERSON_WRONG,
		[AUTH_TEMPORARY] = WEB_PERSON_LATER, [AUTH_DENIED] = WEB_PERSON_REFUSED, [AUTH_EXPIRED] = WEB_PERSON_WRONG,
		[AUTH_THROTTLED] = WEB_PERSON_THROTTLED, [AUTH_INVALID] = WEB_PERSON_WRONG, [AUTH_REFUSED] = WEB_PERSON_LOCKED,
	};

	return status < ARRAY_LEN(results) ? results[status] : WEB_PERSON_LATER;
}

struct question {
	struct web_person *person;
	struct slice mechanism;
	char cid[32], address[48];
};

static void note(const struct question *q, uint8_t status, struct slice login)
{
	log_event(status == AUTH_OK ? EV_LOGIN_OK : EV_LOGIN_FAILED, LOG_STR("cid", q->cid), LOG_STR("service", "jmap"), LOG_STR("ip", q->address),
	          LOG_TEXT("user", login), LOG_TEXT("mechanism", q->mechanism), LOG_NUM("status", status));
}

static void take_reply(struct web_person *p, const struct ipc_auth_sasl_reply *reply)
{
	p->known = true;
	p->since_ms = p->used_ms = now_ms(p->people);
	p->account = reply->account;
	p->ticket = reply->ticket;
	p->delegate = reply->delegate;
	p->credential = reply->credential;
	p->proof = reply->proof;
	p->shard = reply->shard;
	buf_append(&p->login, reply->login);
	buf_append(&p->actor, reply->actor);
	buf_append(&p->sender, reply->sender);
}

static void on_auth(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct question *q = arg;
	struct web_person *p = q->person;
	const struct ipc_auth_sasl_reply *reply = message;
	uint8_t code = outcome == IPC_OK ? reply->status : AUTH_TEMPORARY;
	/* A token that is refused says why first (RFC 7628 3.2.2). Nobody here reads it; auth forgets the exchange by itself. */
	enum web_person_status status = status_of(code);

	/* A session is noted when it begins, and not each time that it is looked at. */
	if (!p->cookie)
		note(q, code, outcome == IPC_OK ? reply->login : SLICE_NONE);
	if (status == WEB_PERSON_KNOWN)
		take_reply(p, reply);
	else
		web_person_end(p);
	answer_asking(p, status);
	web_person_drop(p); /* the question's */
	memory_free(q);
}

static void ask_auth(struct web_person *p, const struct web_exchange *x, const struct evidence *e)
{
	struct question *q = memory_alloc(sizeof *q);
	struct ipc_auth_sasl request = {
		.cid = x->cid, .protocol = AUTH_PROTOCOL_JMAP, .tls = x->secure || x->web->local ? AUTH_TLS_ON : AUTH_TLS_NONE, .address = x->address,
		.mechanism = e->mechanism, .data = buf_slice(&e->data),
	};

	q->person = p;
	q->mechanism = e->mechanism;
	memcpy(q->cid, x->cid.p, x->cid.n < sizeof q->cid ? x->cid.n : sizeof q->cid - 1);
	memcpy(q->address, x->address.p, x->address.n < sizeof q->address ? x->address.n : sizeof q->address - 1);
	web_person_hold(p);
	ipc_request(p->people->edge->ctx->ipc, IPC_AUTH_SASL, IPC_ANY, &request, on_auth, q);
}

static void wait_for(struct web_person *p, struct web_exchange *x, web_person_fn *fn)
{
	struct asking *a = memory_alloc(sizeof *a);

	*a = (struct asking){.x = x, .fn = fn};
	web_hold(x);
	list_append(&p->asking, &a->node);
}

void web_person_ask(struct web_exchange *x, web_person_fn *fn)
{
	struct web_people *people = x->web->shared->people;
	struct evidence e = {.data = BUF_INIT(EVIDENCE_MAX)};
	enum web_person_status status = evidence_of(x, &e);
	struct web_person *p;
	uint8_t key[32];

	if (status != WEB_PERSON_KNOWN) {
		buf_free_secret(&e.data);
		fn(x, NULL, status);
		return;
	}
	/* A browser sends its cookie along with whatever asks: only our own pages may. */
	if (e.cookie && !web_same_origin(x, x->method != HTTP_METHOD_GET)) {
		buf_free_secret(&e.data);
		return;
	}
	make_key(people, &e, x->address, key);
	p = map_get(&people->known, slice_make(key, sizeof key));
	if (p != NULL && is_stale(p, now_ms(people))) {
		web_person_end(p);
		p = NULL;
	}
	if (p != NULL && p->known) {
		web_person_touch(p);
		trust(x);
		fn(x, p, WEB_PERSON_KNOWN);
	} else if (p != NULL) {
		wait_for(p, x, fn);
	} else {
		make_room(people);
		p = person_create(people, key);
		p->cookie = e.cookie;
		wait_for(p, x, fn);
		ask_auth(p, x, &e);
	}
	buf_free_secret(&e.data);
}

/* ---- who is not known ---- */

/* A browser's script says where it comes from; a page of ours then asks its user in its own way. */
static bool is_program(const struct web_exchange *x)
{
	return web_field(x, SLICE("Sec-Fetch-Mode")).n == 0 && web_field(x, SLICE("Cookie")).n == 0;
}

static void challenge(struct web_exchange *x)
{
	static const struct http_field fields[] = {HTTP_FIELD("WWW-Authenticate", "Basic realm=\"mail\", charset=\"UTF-8\""),
		HTTP_FIELD("WWW-Authenticate", "Bearer realm=\"mail\"")};
	struct buf body = BUF_INIT(1024);

	http_problem(&body, &(struct http_problem){.status = 401, .cid = x->cid});
	web_answer(x, 401, "application/problem+json", fields, is_program(x) ? ARRAY_LEN(fields) : 0, buf_slice(&body));
	buf_free(&body);
}

void web_person_refuse(struct web_exchange *x, enum web_person_status status)
{
	switch (status) {
	case WEB_PERSON_NOBODY: case WEB_PERSON_WRONG: challenge(x); break;
	case WEB_PERSON_REFUSED: web_problem(x, 403); break;
	case WEB_PERSON_LOCKED: web_refuse(x, 423, "locked", "The session is locked."); break;
	case WEB_PERSON_THROTTLED: web_problem(x, 429); break;
	case WEB_PERSON_KNOWN: case WEB_PERSON_LATER: web_problem(x, 503); break;
	}
}
