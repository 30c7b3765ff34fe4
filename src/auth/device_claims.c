/* What a device says of itself. It proves nothing, but a device that suddenly says something else is looked at again. */
#include <string.h>

#include "auth/access_private.h"

#define CLAIM_VALUE_MAX 100
#define CLAIM_PAIRS_MAX 30 /* RFC 2971 3.3 */

static const char *const members[] = {"name", "vendor", "version", "os", "os-version"};
#define STABLE(i) ((i) != 2 && (i) != 4) /* updates change the versions */

static struct slice claim(const json_t *claims, const char *name)
{
	const json_t *v = json_object_get(claims, name);
	return json_is_string(v) ? slice_sub(slice_make(json_string_value(v), json_string_length(v)), 0, CLAIM_VALUE_MAX) : SLICE_NONE;
}

static json_t *load(struct slice text)
{
	return text.n > 0 ? json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

struct slice device_client_text(struct slice claimed, struct arena *arena)
{
	json_t *claims = load(claimed);
	struct slice name = claim(claims, "name"), version = claim(claims, "version"), text = SLICE_NONE;
	if (name.n > 0)
		text = arena_printf(arena, "%.*s%s%.*s", SLICE_ARG(name), version.n > 0 ? "/" : "", SLICE_ARG(version));
	json_decref(claims);
	return slice_sub(text, 0, SIGNIN_CLIENT_MAX);
}

/* The members that are known, in their order, with limits. */
static json_t *reduce(const json_t *claims)
{
	json_t *out = json_object();
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		struct slice v = claim(claims, members[i]);
		json_t *text = v.n > 0 ? json_stringn((const char *)v.p, v.n) : NULL;
		if (text != NULL)
			json_object_set_new(out, members[i], text);
	}
	return out;
}

static void fingerprint_of(const json_t *claims, struct slice proven, uint8_t ret[DEVICE_HASH_SIZE])
{
	static const uint8_t key[HASH_KEY_SIZE] = "device fingerprint";
	struct buf b = BUF_INIT(4096);
	buf_put_bytes(&b, proven);
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		if (STABLE(i))
			buf_put_bytes(&b, claim(claims, members[i]));
	hash_keyed(buf_slice(&b), key, ret);
	buf_free(&b);
}

void device_fingerprint(const struct device *device, uint8_t ret[DEVICE_HASH_SIZE])
{
	json_t *claims = load(device->claimed);
	memset(ret, 0, DEVICE_HASH_SIZE);
	if (json_object_size(claims) > 0)
		fingerprint_of(claims, device->proven, ret);
	json_decref(claims);
}

static bool changed_waits(struct access *a)
{
	const json_t *policy;
	return directory_policy_json(a->directory, DEVICES_POLICY, &policy) != 0 || json_is_true(json_object_get(policy, "changed"));
}

static bool has_fingerprint(const struct device *device)
{
	static const uint8_t none[DEVICE_HASH_SIZE];
	return memcmp(device->fingerprint, none, sizeof none) != 0;
}

/* Approved as something else than it says now. */
static bool is_another(const struct device *device, const json_t *claims)
{
	uint8_t now[DEVICE_HASH_SIZE];
	fingerprint_of(claims, device->proven, now);
	return device->state == DEVICE_APPROVED && has_fingerprint(device) && memcmp(device->fingerprint, now, sizeof now) != 0;
}

static bool too_old(struct access *a, struct slice claimed, struct arena *arena)
{
	const json_t *policy;
	return directory_policy_json(a->directory, CLIENTS_POLICY, &policy) == 0
	       && client_floor(policy, device_client_text(claimed, arena)) == CLIENT_REFUSE;
}

void access_claims(struct access *a, const uint8_t account[16], uint32_t credential, const json_t *claims)
{
	struct arena arena = ARENA_INIT;
	struct credential_rule rule;
	struct device device;
	struct error err = {0};
	char text[DEVICE_CLAIMED_MAX];
	if (directory_rule_get(a->directory, credential, &arena, &rule) != 0 || memcmp(rule.account, account, 16) != 0 || rule.device == 0
	    || directory_device_get(a->directory, rule.device, &arena, &device) != 0)
		goto out;
	json_t *kept = reduce(claims);
	size_t size = json_dumpb(kept, text, sizeof text, JSON_COMPACT);
	struct slice claimed = slice_make(text, size <= sizeof text ? size : 0);
	bool another = is_another(&device, kept);
	json_decref(kept);
	bool same = claimed.n == 0 || slice_eq(claimed, device.claimed);
	if (!same) {
		device.claimed = claimed;
		if (another && changed_waits(a)) {
			device.state = DEVICE_PENDING;
			struct account owner = {0};
			(void)directory_account_get(a->directory, account, &arena, &owner);
			access_event(a, EV_DEVICE_CHANGED, LOG_TEXT("address", owner.address), LOG_NUM("device", device.id), LOG_TEXT("ip", device.address),
				LOG_STR("service", access_protocol_name(device.protocol)));
		}
		/* The first thing it says belongs to what was approved. */
		if (device.state == DEVICE_APPROVED && !has_fingerprint(&device))
			device_fingerprint(&device, device.fingerprint);
		(void)directory_device_set(a->directory, &device, &err);
	}
	if (device.state != DEVICE_APPROVED || too_old(a, device.claimed, &arena))
		a->host.revoke(a->host.arg, account, credential);
out:
	arena_free(&arena);
}

/* ---- IMAP ID ---- */

/* A quoted string into `out`, or NIL. False: the end, or something else. */
static bool take_string(struct slice *s, struct buf *out)
{
	buf_clear(out);
	*s = slice_trim(*s);
	if (slice_starts_nocase(*s, SLICE("NIL"))) {
		*s = slice_from(*s, 3);
		return true;
	}
	if (s->n == 0 || s->p[0] != '"')
		return false;
	size_t i = 1;
	for (; i < s->n && s->p[i] != '"'; i++) {
		if (s->p[i] == '\\' && i + 1 < s->n)
			i++;
		buf_append_byte(out, s->p[i]);
	}
	bool closed = i < s->n;
	*s = slice_from(*s, i + 1);
	return closed;
}

json_t *device_claims_parse(struct slice list)
{
	struct buf name = BUF_INIT(CLAIM_VALUE_MAX), value = BUF_INIT(CLAIM_VALUE_MAX * 10);
	json_t *out = json_object();
	list = slice_trim(list);
	if (list.n > 0 && list.p[0] == '(')
		list = slice_from(list, 1);
	for (unsigned pairs = 0; pairs < CLAIM_PAIRS_MAX && take_string(&list, &name) && take_string(&list, &value); pairs++)
		for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
			if (slice_eq_nocase(buf_slice(&name), slice_str(members[i])) && buf_len(&value) > 0) {
				json_t *text = json_stringn((const char *)buf_slice(&value).p, buf_len(&value));
				if (text != NULL)
					json_object_set_new(out, members[i], text);
			}
	buf_free(&name);
	buf_free(&value);
	return out;
}
