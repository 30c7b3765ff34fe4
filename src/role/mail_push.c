#include "role/mail_push.h"

#include <string.h>

#include "base/codec.h"
#include "base/endian.h"
#include "base/memory.h"
#include "crypt/aead.h"
#include "crypt/crypt.h"
#include "crypt/slab.h"
#include "http/url.h"
#include "jmap/push.h"
#include "jmap/push_subscription.h"

#define KEPT_MAX 2000          /* accounts of the process whose subscriptions stay in memory without being used */
#define PAYLOAD_MAX 3500

/* What is known of an account's subscriptions: from the first time they are looked at. */
struct pushed {
	struct mail_role *role;
	uint8_t account[16];
	struct list_node subscriptions;
	struct mail_account *open;     /* NULL: it is not */
	struct jmap *jmap;             /* of an open one, for its states */
	uint64_t arrived;              /* the newest letter that was told of while it was not open */
	json_t *shown;                 /* mail_push_host */
	struct timer *settle;
	bool settling;
	int64_t made_ms;               /* begin of the time in which `made` were made */
	unsigned made;
};

struct subscription {
	struct list_node node;
	struct pushed *pushed;
	json_t *object;                /* jmap/push_subscription.h, and "credential" */
	struct jmap_push *push;        /* while the account is open and the subscription verified */
	struct mail_push_message *message; /* on its way */
	bool dirty;                    /* there is something to tell */
	bool verifying;                /* the message under way, or to be sent, is its verification */
};

/* ---- life ---- */

static int64_t unix_now(const struct mail_role *m)
{
	return moment_unix(loop_now(m->ctx->loop));
}

static bool is_verified(const struct subscription *s)
{
	return json_is_true(json_object_get(s->object, "verified"));
}

static void subscription_free(struct subscription *s)
{
	list_remove(&s->node);
	jmap_push_destroy(&s->push);
	mail_push_forget(&s->message);
	json_decref(s->object);
	memory_free(s);
}

static void pushed_free(struct pushed *p)
{
	LIST_FOREACH(node, &p->subscriptions)
		subscription_free(LIST_ITEM(node, struct subscription, node));
	jmap_destroy(&p->jmap);
	timer_destroy(&p->settle);
	json_decref(p->shown);
	map_remove(&p->role->pushed, mail_id(p->account));
	memory_free(p);
}

static bool is_idle(const struct pushed *p)
{
	LIST_FOREACH(node, &p->subscriptions)
		if (LIST_ITEM(node, struct subscription, node)->message != NULL)
			return false;
	return p->open == NULL && !p->settling;
}

static void tidy(struct pushed *p)
{
	if (is_idle(p) && (list_empty(&p->subscriptions) || p->role->pushed.count > KEPT_MAX))
		pushed_free(p);
}

static int save(const struct pushed *p)
{
	json_t *list = json_array();
	int rc;

	LIST_FOREACH(node, &p->subscriptions)
		json_array_append(list, LIST_ITEM(node, struct subscription, node)->object);
	rc = mail_push_save(p->role, p->account, list);
	json_decref(list);
	return rc;
}

/* ---- telling ---- */

static void on_changed(void *arg)
{
	struct subscription *s = arg;
	struct pushed *p = s->pushed;

	s->dirty = true;
	if (!p->settling)
		timer_start(p->settle, MAIL_PUSH_SETTLE_MS);
	p->settling = true;
}

static uint64_t types_of(const struct subscription *s)
{
	json_t *types = json_object_get(s->object, "types"), *one;
	struct buf names = BUF_INIT(10000);
	uint64_t mask = JMAP_PUSH_ALL;
	size_t i;

	json_array_foreach(types, i, one)
		buf_printf(&names, "%s%s", i > 0 ? "," : "", json_string_value(one));
	if (json_is_array(types)) {
		mask = 0;
		if (json_array_size(types) > 0)
			(void)jmap_push_types(buf_slice(&names), &mask); /* types that we do not have never change */
	}
	buf_free(&names);
	return mask;
}

static void listen(struct subscription *s)
{
	jmap_push_destroy(&s->push);
	if (s->pushed->jmap != NULL && is_verified(s))
		s->push = jmap_push_create(s->pushed->jmap, types_of(s), on_changed, s);
}

static void put_verification(const struct subscription *s, struct buf *out)
{
	buf_printf(out, "{\"@type\":\"PushVerification\",\"pushSubscriptionId\":\"%s\",\"verificationCode\":\"%s\"}",
	           json_string_value(json_object_get(s->object, "id")), json_string_value(json_object_get(s->object, "code")));
}

/* Nobody's keys are here: that something came changes these, what they became is not known. */
static bool put_arrival(const struct subscription *s, struct buf *out)
{
	static const enum jmap_type told[] = {JMAP_TYPE_EMAIL_DELIVERY, JMAP_TYPE_EMAIL, JMAP_TYPE_MAILBOX, JMAP_TYPE_THREAD};
	uint64_t wanted = types_of(s);
	const char *comma = "";

	buf_append_str(out, "{\"@type\":\"StateChange\",\"changed\":{\"A");
	hex_encode(slice_make(s->pushed->account, 16), out);
	buf_append_str(out, "\":{");
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
		if ((wanted >> told[i] & 1) != 0) {
			buf_printf(out, "%s\"%s\":\"d%llx\"", comma, jmap_type_name(told[i]), (unsigned long long)s->pushed->arrived);
			comma = ",";
		}
	buf_append_str(out, "}}}");
	return comma[0] != 0;
}

static bool put_payload(struct subscription *s, struct buf *out)
{
	if (s->verifying) {
		put_verification(s, out);
		return true;
	}
	if (!is_verified(s))
		return false;
	return s->push != NULL ? jmap_push_take(s->push, false, out) : s->pushed->open == NULL && put_arrival(s, out);
}

static void on_sent(void *arg, enum mail_push_result result);

static bool is_over(const struct subscription *s)
{
	return json_integer_value(json_object_get(s->object, "expires")) <= unix_now(s->pushed->role);
}

/* The subscription may be gone behind it. */
static void tell(struct subscription *s)
{
	struct pushed *p = s->pushed;
	struct buf payload = BUF_INIT(PAYLOAD_MAX);

	if (s->message != NULL)
		return;
	if (is_over(s)) {
		subscription_free(s);
		(void)save(p);
		return;
	}
	s->dirty = false;
	if (put_payload(s, &payload) && !payload.failed) {
		s->message = mail_push_send(p->role, s->object, buf_slice(&payload), on_sent, s);
		s->verifying = s->verifying && s->message == NULL;
	}
	buf_free(&payload);
}

static void on_sent(void *arg, enum mail_push_result result)
{
	struct subscription *s = arg;
	struct pushed *p = s->pushed;

	s->message = NULL;
	if (result == MAIL_PUSH_GONE) {
		subscription_free(s);
		(void)save(p);
	} else if (s->dirty) {
		tell(s);
	}
	tidy(p);
}

static void on_settled(void *arg)
{
	struct pushed *p = arg;

	p->settling = false;
	LIST_FOREACH(node, &p->subscriptions) {
		struct subscription *s = LIST_ITEM(node, struct subscription, node);

		if (s->dirty)
			tell(s);
	}
	tidy(p);
}

/* ---- subscriptions ---- */

static struct subscription *add(struct pushed *p, json_t *object)
{
	struct subscription *s = memory_alloc(sizeof *s);

	s->pushed = p;
	s->object = json_incref(object);
	list_append(&p->subscriptions, &s->node);
	return s;
}

struct question {
	struct mail_role *role;
	uint8_t account[16];
	struct buf pairs;
};

/* Credentials may have ended while nobody looked at these. */
static void on_verdicts(void *arg, enum ipc_outcome outcome, const void *message)
{
	struct question *q = arg;
	const struct ipc_auth_revalidate_reply *reply = message;
	const uint8_t *pair = buf_slice(&q->pairs).p;
	size_t count = buf_len(&q->pairs) / AUTH_PAIR_SIZE;

	for (size_t i = 0; outcome == IPC_OK && reply->verdicts.n == count && i < count; i++)
		if (reply->verdicts.p[i] == AUTH_VERDICT_GONE)
			mail_push_revoke(q->role, q->account, get_u32(pair + i * AUTH_PAIR_SIZE + 16));
	buf_free(&q->pairs);
	memory_free(q);
}

static uint32_t credential_of(const struct subscription *s)
{
	return (uint32_t)json_integer_value(json_object_get(s->object, "credential"));
}

static void revalidate(struct pushed *p)
{
	struct question *q = memory_alloc(sizeof *q);

	*q = (struct question){.role = p->role, .pairs = BUF_INIT(MAIL_PUSH_MAX * AUTH_PAIR_SIZE)};
	memcpy(q->account, p->account, sizeof q->account);
	LIST_FOREACH(node, &p->subscriptions) {
		buf_append_bytes(&q->pairs, p->account, sizeof p->account);
		buf_put_u32(&q->pairs, credential_of(LIST_ITEM(node, struct subscription, node)));
	}
	ipc_request(p->role->ctx->ipc, IPC_AUTH_REVALIDATE, IPC_ANY, &(struct ipc_auth_revalidate){.pairs = buf_slice(&q->pairs)}, on_verdicts, q);
}

/* From memory or from its file. NULL: it has none, and `make` does not ask for an empty one. */
static struct pushed *pushed_of(struct mail_role *m, const uint8_t account[16], bool make)
{
	struct pushed *p = map_get(&m->pushed, mail_id(account));
	json_t *list, *one;
	size_t i;

	if (p != NULL || m->push_key == NULL)
		return p;
	list = mail_push_load(m, account);
	if (json_array_size(list) > 0 || make) {
		p = memory_alloc(sizeof *p);
		p->role = m;
		memcpy(p->account, account, sizeof p->account);
		list_init(&p->subscriptions);
		p->settle = timer_create_on(m->ctx->loop, on_settled, p);
		map_put(&m->pushed, mail_id(p->account), p);
		json_array_foreach(list, i, one)
			(void)add(p, one);
		if (json_array_size(list) > 0)
			revalidate(p);
	}
	json_decref(list);
	return p;
}

/* ---- the account ---- */

static int64_t host_now(void *arg)
{
	return unix_now(((const struct pushed *)arg)->role);
}

static uint64_t host_delivered(void *arg)
{
	return ((const struct pushed *)arg)->open->delivered;
}

static uint64_t host_sent_state(void *arg)
{
	return ((const struct pushed *)arg)->open->sent_state;
}

static void attach(struct pushed *p, struct mail_account *a)
{
	struct jmap_host host = {.arg = p, .mail = store_account_mailboxes(a->store), .address = a->login, .username = a->login, .now = host_now,
		.delivered = host_delivered, .sent_state = host_sent_state};

	memcpy(host.account_id, a->id, sizeof host.account_id);
	p->open = a;
	p->jmap = jmap_create(&host);
	LIST_FOREACH(node, &p->subscriptions)
		listen(LIST_ITEM(node, struct subscription, node));
}

void mail_push_opened(struct mail_account *a)
{
	struct pushed *p = pushed_of(a->role, a->id, false);

	a->delivered = store_account_cursor(a->store);
	if (p == NULL)
		return;
	if (a->delivered < p->arrived) /* it is told already */
		a->delivered = p->arrived;
	if (p->open == NULL)
		attach(p, a);
}

void mail_push_closing(struct mail_account *a)
{
	struct pushed *p = map_get(&a->role->pushed, mail_id(a->id));

	if (p == NULL || p->open == NULL)
		return;
	LIST_FOREACH(node, &p->subscriptions)
		jmap_push_destroy(&LIST_ITEM(node, struct subscription, node)->push);
	jmap_destroy(&p->jmap);
	p->arrived = a->delivered;
	p->open = NULL;
	tidy(p);
}

void mail_push_arrived(struct mail_role *m, const uint8_t account[16], uint64_t seq)
{
	struct pushed *p = pushed_of(m, account, false);

	if (p == NULL || p->open != NULL || seq <= p->arrived)
		return;
	p->arrived = seq;
	LIST_FOREACH(node, &p->subscriptions)
		if (is_verified(LIST_ITEM(node, struct subscription, node)))
			on_changed(LIST_ITEM(node, struct subscription, node));
}

void mail_push_revoke(struct mail_role *m, const uint8_t account[16], uint32_t credential)
{
	struct pushed *p = pushed_of(m, account, false);
	bool any = false;

	if (p == NULL)
		return;
	LIST_FOREACH(node, &p->subscriptions) {
		struct subscription *s = LIST_ITEM(node, struct subscription, node);

		if (credential == 0 || credential == credential_of(s)) {
			subscription_free(s);
			any = true;
		}
	}
	if (any)
		(void)save(p);
	tidy(p);
}

/* ---- for the engine ---- */

static struct pushed *of_person(const struct mail_http *h, bool make)
{
	struct pushed *p = pushed_of(h->account->role, h->account->id, make);

	if (p != NULL && p->open == NULL)
		attach(p, h->account);
	return p;
}

static const json_t *push_list(void *arg)
{
	const struct mail_http *h = arg;
	struct pushed *p = of_person(h, true);

	json_decref(p->shown);
	p->shown = json_array();
	LIST_FOREACH(node, &p->subscriptions) {
		struct subscription *s = LIST_ITEM(node, struct subscription, node);

		if (credential_of(s) == h->stands.credential && !is_over(s))
			json_array_append(p->shown, s->object);
	}
	return p->shown;
}

static struct subscription *find(struct pushed *p, const struct mail_http *h, struct slice id)
{
	LIST_FOREACH(node, &p->subscriptions) {
		struct subscription *s = LIST_ITEM(node, struct subscription, node);

		if (credential_of(s) == h->stands.credential && slice_eq(slice_str(json_string_value(json_object_get(s->object, "id"))), id))
			return s;
	}
	return NULL;
}

static bool may_make(struct pushed *p)
{
	int64_t now = mail_now(p->role);
	size_t count = 0;

	LIST_FOREACH(node, &p->subscriptions)
		count++;
	if (now - p->made_ms > MAIL_PUSH_MADE_MS) {
		p->made_ms = now;
		p->made = 0;
	}
	return count < MAIL_PUSH_MAX && p->made++ < MAIL_PUSH_MADE_MAX;
}

static int put_new(struct pushed *p, const struct mail_http *h, const json_t *object)
{
	struct subscription *s;
	struct http_url url;
	json_t *copy;
	int rc;

	if (http_url_parse(slice_str(json_string_value(json_object_get(object, "url"))), &url) < 0 || !url.secure)
		return ERR_INVALID;
	if (!may_make(p))
		return ERR_LIMIT;
	copy = json_deep_copy(object);
	json_object_set_new(copy, "credential", json_integer(h->stands.credential));
	s = add(p, copy);
	json_decref(copy);
	if ((rc = save(p)) < 0) {
		subscription_free(s);
		return rc;
	}
	s->verifying = true;
	on_changed(s);
	return 0;
}

static int push_put(void *arg, const json_t *object)
{
	const struct mail_http *h = arg;
	struct pushed *p = of_person(h, true);
	struct subscription *s = find(p, h, slice_str(json_string_value(json_object_get(object, "id"))));
	int rc;

	if (h->use.actor[0] != 0)
		return ERR_DENIED; /* a delegate's program is not followed home */
	if (s == NULL)
		return put_new(p, h, object);
	json_object_update_existing(s->object, (json_t *)(uintptr_t)object);
	if (json_object_get(object, "types") == NULL)
		json_object_del(s->object, "types");
	else
		json_object_set(s->object, "types", json_object_get(object, "types"));
	rc = save(p);
	listen(s);
	return rc;
}

static int push_drop(void *arg, struct slice id)
{
	const struct mail_http *h = arg;
	struct pushed *p = of_person(h, true);
	struct subscription *s = find(p, h, id);

	if (s == NULL)
		return ERR_NOT_FOUND;
	subscription_free(s);
	return save(p);
}

static uint64_t delivered(void *arg)
{
	return ((const struct mail_http *)arg)->account->delivered;
}

void mail_push_host(const struct mail_http *h, struct jmap_host *host)
{
	const struct mail_role *m = h->account->role;

	host->delivered = delivered;
	if (m->push_key == NULL)
		return;
	host->push_list = push_list;
	host->push_put = push_put;
	host->push_drop = push_drop;
	host->push_key = slice_make(m->push_public, sizeof m->push_public);
}

/* ---- start ---- */

static bool fetch_keys(struct mail_role *m, uint8_t *to)
{
	struct ipc_key_database_reply reply = {0};
	struct ipc_key_push_reply push = {0};
	uint8_t storage[4096];
	bool good = ipc_request_sync(m->ctx->ipc, IPC_KEY_DATABASE, &(struct ipc_key_database){.name = SLICE("push")}, &reply, storage, sizeof storage) == IPC_OK
		&& reply.status == 0;

	if (good)
		memcpy(to, reply.key.b, sizeof reply.key.b);
	good = good && ipc_request_sync(m->ctx->ipc, IPC_KEY_PUSH, &(struct ipc_key_push){.audience = SLICE_NONE}, &push, storage, sizeof storage) == IPC_OK
		&& push.status == 0 && push.public_key.n == sizeof m->push_public;
	if (good)
		memcpy(m->push_public, push.public_key.p, sizeof m->push_public);
	secret_wipe(&reply, sizeof reply);
	secret_wipe(storage, sizeof storage);
	return good;
}

void mail_push_start(struct mail_role *m)
{
	uint8_t *key = slab_alloc(AEAD_KEY_SIZE);

	if (key != NULL && fetch_keys(m, key))
		m->push_key = key;
	else
		log_event(EV_INTERNAL, LOG_STR("what", "push"), LOG_STR("why", "key does not give its keys"));
}
