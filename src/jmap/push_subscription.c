/* PushSubscription/get and /set (RFC 8620 7.2.1 and 7.2.2). They belong to who signed in: there is no accountId and no state. */
#include "jmap/push_subscription.h"

#include <string.h>

#include "base/codec.h"
#include "crypt/push.h"
#include "jmap/date.h"
#include "jmap/private.h"

enum property { ID, DEVICE, CODE, EXPIRES, TYPES, PROPERTIES };
static const char *const names[PROPERTIES] = {"id", "deviceClientId", "verificationCode", "expires", "types"};

/* ---- /get ---- */

static void put_member(struct emit *e, const char *name, const json_t *value)
{
	emit_key(e, name);
	if (value != NULL)
		emit_json(e, value);
	else
		emit_null(e);
}

static void put_one(struct jmap_call *call, const struct jmap_get *get, const json_t *object)
{
	struct emit *e = jmap_out(call);

	emit_object(e);
	put_member(e, names[ID], json_object_get(object, "id"));
	if (jmap_wants(get, DEVICE))
		put_member(e, names[DEVICE], json_object_get(object, "deviceClientId"));
	if (jmap_wants(get, CODE))
		put_member(e, names[CODE], json_is_true(json_object_get(object, "verified")) ? json_object_get(object, "code") : NULL);
	if (jmap_wants(get, EXPIRES)) {
		emit_key(e, names[EXPIRES]);
		emit_date(e, json_integer_value(json_object_get(object, "expires")));
	}
	if (jmap_wants(get, TYPES))
		put_member(e, names[TYPES], json_object_get(object, "types"));
	emit_object_end(e);
}

static const json_t *find(const struct jmap_call *call, struct slice id)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	const json_t *one;
	size_t i;

	json_array_foreach(host->push_list(host->arg), i, one)
		if (slice_eq(jmap_text(json_object_get(one, "id")), id))
			return one;
	return NULL;
}

/* RFC 8620 7.2.1: url and keys are never given back. */
static bool asks_for_secrets(const struct jmap_call *call)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(call->args, "properties"), i, one)
		if (slice_eq(jmap_text(one), SLICE("url")) || slice_eq(jmap_text(one), SLICE("keys")))
			return true;
	return false;
}

enum jmap_step jmap_push_subscription_get(struct jmap_call *call)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	struct jmap_get get;
	const json_t *one;
	struct slice id;
	size_t i;

	if (asks_for_secrets(call))
		return jmap_error(call, "forbidden", NULL);
	if (!jmap_get_args(call, names, PROPERTIES, (1u << PROPERTIES) - 1, NULL, NULL, &get))
		return JMAP_DONE;
	if (host->push_list == NULL)
		return jmap_error(call, "serverUnavailable", NULL);
	jmap_get_begin(call, SLICE_NONE);
	if (get.all)
		json_array_foreach(host->push_list(host->arg), i, one)
			put_one(call, &get, one);
	while (jmap_get_next(&get, &id)) {
		if ((one = find(call, id)) != NULL)
			put_one(call, &get, one);
		else
			jmap_get_missing(call, &get, id);
	}
	jmap_get_end(call, &get);
	return JMAP_DONE;
}

/* ---- /set ---- */

static bool is_absent(const json_t *value)
{
	return value == NULL || json_is_null(value);
}

static bool types_good(const json_t *types)
{
	const json_t *one;
	size_t i;

	json_array_foreach(types, i, one)
		if (!json_is_string(one) || jmap_text(one).n > 100)
			return false;
	return is_absent(types) || (json_is_array(types) && json_array_size(types) <= 100);
}

/* Base64 with the alphabet of URLs, with or without padding, as browsers and other programs write it. */
static bool key_take(const json_t *value, size_t size, struct buf *ret)
{
	struct slice text = jmap_text(value);

	while (slice_ends(text, SLICE("=")))
		text = slice_sub(text, 0, text.n - 1);
	return base64url_decode_strict(text, ret) == 0 && buf_len(ret) == size;
}

static bool keys_good(const json_t *keys)
{
	struct buf point = BUF_INIT(PUSH_PUBLIC_SIZE), secret = BUF_INIT(PUSH_AUTH_SIZE);
	bool good = json_is_object(keys) && key_take(json_object_get(keys, "p256dh"), PUSH_PUBLIC_SIZE, &point)
		&& key_take(json_object_get(keys, "auth"), PUSH_AUTH_SIZE, &secret) && push_key_valid(buf_slice(&point));

	buf_free(&point);
	buf_free_secret(&secret);
	return good;
}

static bool url_good(const json_t *url)
{
	struct slice text = jmap_text(url);

	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] >= 127)
			return false;
	return text.n <= JMAP_PUSH_URL_MAX && slice_starts(text, SLICE("https://"));
}

/* Absent, or a time to come; cut to what is allowed. */
static bool expires_take(struct jmap_call *call, const json_t *value, int64_t *ret)
{
	int64_t most = jmap_now(call) + JMAP_PUSH_LIFE_MAX, when = most;

	if (!is_absent(value) && jmap_date_parse(jmap_text(value), true, &when) < 0)
		return false;
	*ret = when < most ? when : most;
	return when > jmap_now(call);
}

static bool property_good(struct jmap_call *call, const char *name, const json_t *value)
{
	int64_t expires;

	if (strcmp(name, "deviceClientId") == 0)
		return json_is_string(value) && jmap_text(value).n > 0 && jmap_text(value).n <= JMAP_PUSH_DEVICE_MAX;
	if (strcmp(name, "url") == 0)
		return url_good(value);
	if (strcmp(name, "keys") == 0)
		return keys_good(value);
	if (strcmp(name, "verificationCode") == 0)
		return json_is_null(value);
	if (strcmp(name, "expires") == 0)
		return expires_take(call, value, &expires);
	return strcmp(name, "types") == 0 && types_good(value);
}

static bool object_good(struct jmap_call *call, struct jmap_set_item *item)
{
	static const char *const needed[] = {"deviceClientId", "url", "keys"};
	const char *name;
	json_t *value;

	json_object_foreach(item->object, name, value)
		if (!property_good(call, name, value))
			(void)jmap_set_invalid(item, name);
	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
		if (json_object_get(item->object, needed[i]) == NULL)
			(void)jmap_set_invalid(item, needed[i]);
	return item->error == NULL;
}

static struct slice random_text(struct jmap_call *call, const char *before)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	struct buf out = BUF_INIT(100);
	uint8_t random[16];
	struct slice ret;

	host->random(host->arg, random, sizeof random);
	buf_append_str(&out, before);
	hex_encode(slice_make(random, sizeof random), &out);
	ret = arena_dup(&call->arena, buf_slice(&out));
	buf_free(&out);
	return ret;
}

static void set_text(json_t *object, const char *name, struct slice text)
{
	json_object_set_new(object, name, json_stringn((const char *)text.p, text.n));
}

static void set_types(json_t *object, json_t *types)
{
	if (is_absent(types))
		json_object_del(object, "types");
	else
		json_object_set(object, "types", types);
}

static json_t *object_make(struct jmap_call *call, struct slice id, json_t *given)
{
	json_t *keys = json_object_get(given, "keys"), *made = json_object();
	int64_t expires = 0;

	(void)expires_take(call, json_object_get(given, "expires"), &expires);
	set_text(made, "id", id);
	json_object_set(made, "deviceClientId", json_object_get(given, "deviceClientId"));
	json_object_set(made, "url", json_object_get(given, "url"));
	json_object_set(made, "p256dh", json_object_get(keys, "p256dh"));
	json_object_set(made, "auth", json_object_get(keys, "auth"));
	set_text(made, "code", random_text(call, ""));
	json_object_set_new(made, "verified", json_false());
	json_object_set_new(made, "expires", json_integer(expires));
	set_types(made, json_object_get(given, "types"));
	return made;
}

static struct slice expires_member(struct jmap_call *call, const json_t *object)
{
	struct buf at = BUF_INIT(JMAP_DATE_MAX);
	struct slice ret;

	jmap_date_print(json_integer_value(json_object_get(object, "expires")), &at);
	ret = arena_printf(&call->arena, "\"expires\":\"%.*s\"", SLICE_ARG(buf_slice(&at)));
	buf_free(&at);
	return ret;
}

static enum jmap_step put(struct jmap_call *call, struct jmap_set_item *item, json_t *object)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	int rc = host->push_put(host->arg, object);

	if (rc == ERR_LIMIT)
		return jmap_set_error(item, "rateLimit", SLICE_NONE);
	if (rc == ERR_INVALID)
		return jmap_set_invalid(item, "url");
	return rc < 0 ? jmap_set_error_code(item, rc) : JMAP_DONE;
}

static enum jmap_step create(struct jmap_call *call, struct jmap_set_item *item)
{
	json_t *made;

	if (!object_good(call, item))
		return JMAP_DONE;
	item->id = random_text(call, "W");
	made = object_make(call, item->id, item->object);
	(void)put(call, item, made);
	if (item->error == NULL)
		item->members = expires_member(call, made);
	json_decref(made);
	return JMAP_DONE;
}

/* Only these change. A wrong code is no code. */
static bool change(struct jmap_call *call, struct jmap_set_item *item, json_t *object)
{
	const char *name;
	json_t *value;
	int64_t expires;

	json_object_foreach(item->object, name, value) {
		if (strcmp(name, "verificationCode") == 0 && json_is_string(value) && json_equal(value, json_object_get(object, "code")))
			json_object_set_new(object, "verified", json_true());
		else if (strcmp(name, "expires") == 0 && expires_take(call, value, &expires))
			json_object_set_new(object, "expires", json_integer(expires));
		else if (strcmp(name, "types") == 0 && types_good(value))
			set_types(object, value);
		else
			(void)jmap_set_invalid(item, name);
	}
	return item->error == NULL;
}

static enum jmap_step update(struct jmap_call *call, struct jmap_set_item *item)
{
	const json_t *now = find(call, item->key);
	json_t *object;

	if (now == NULL)
		return jmap_set_error(item, "notFound", SLICE_NONE);
	object = json_deep_copy(now);
	if (change(call, item, object))
		(void)put(call, item, object);
	if (item->error == NULL && json_object_get(item->object, "expires") != NULL)
		item->members = expires_member(call, object);
	json_decref(object);
	return JMAP_DONE;
}

static enum jmap_step destroy(struct jmap_call *call, struct jmap_set_item *item)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	int rc = host->push_drop(host->arg, item->key);

	return rc == ERR_NOT_FOUND ? jmap_set_error(item, "notFound", SLICE_NONE) : rc < 0 ? jmap_set_error_code(item, rc) : JMAP_DONE;
}

enum jmap_step jmap_push_subscription_set(struct jmap_call *call)
{
	static const struct jmap_set_ops ops = {.create = create, .update = update, .destroy = destroy};

	if (jmap_host(call->jmap)->push_put == NULL || jmap_host(call->jmap)->push_key.n == 0)
		return jmap_error(call, "serverUnavailable", NULL);
	return jmap_set_run(call, &ops);
}

void jmap_vapid_session(struct jmap *j, struct emit *e)
{
	struct buf key = BUF_INIT(100);

	base64url_encode(j->host.push_key, &key);
	emit_object(e);
	emit_member_text(e, "applicationServerKey", buf_slice(&key));
	emit_object_end(e);
	buf_free(&key);
}
