/* What arguments say. */
#include "base/codec.h"
#include "base/ensure.h"
#include "jmap/private.h"

struct slice jmap_text(const json_t *value)
{
	return json_is_string(value) ? slice_make(json_string_value(value), json_string_length(value)) : SLICE_NONE;
}

json_t *jmap_member(const json_t *object, struct slice name)
{
	return json_is_object(object) && name.n > 0 ? json_object_getn(object, (const char *)name.p, name.n) : NULL;
}

bool jmap_id_valid(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (!ascii_is_alnum(text.p[i]) && text.p[i] != '-' && text.p[i] != '_')
			return false;
	return text.n > 0 && text.n <= 255;
}

bool jmap_id_parse(struct slice text, char kind, uint8_t ret[16])
{
	struct buf bytes = BUF_INIT(16);
	bool good = text.n == 33 && text.p[0] == (uint8_t)kind && hex_decode(slice_from(text, 1), &bytes) == 0 && buf_len(&bytes) == 16;

	for (size_t i = 1; i < text.n && good; i++) /* one text for one id */
		good = text.p[i] == ascii_lower(text.p[i]);
	for (size_t i = 0; good && i < 16; i++)
		ret[i] = buf_slice(&bytes).p[i];
	buf_free(&bytes);
	return good;
}

static bool is_named(const char *key, const char *const *names)
{
	for (; names != NULL && *names != NULL; names++)
		if (slice_eq(slice_str(*names), slice_str(key)))
			return true;
	return slice_eq(slice_str(key), SLICE("accountId"));
}

static bool invalid(struct jmap_call *call, const char *name)
{
	(void)jmap_error(call, "invalidArguments", (const char *)arena_printf(&call->arena, "\"%s\" is not right.", name).p);
	return false;
}

/* RFC 8620 7.2: push subscriptions belong to who signed in, not to an account. */
bool jmap_without_account(const struct jmap_call *call)
{
	return slice_starts(call->method, SLICE("PushSubscription/"));
}

/*
 * Address books and preferences are nothing that a delegate has to see. An identity he uses, as its owner made it: what he wrote there (a blind copy, an
 * address for answers) would stay in the owner's letters when the delegation is long over.
 */
static const struct {
	struct slice method; /* or the beginning of one */
	const char *error;
} owners_alone[] = {
	{SLICE_INIT("AddressBook/"), "accountNotSupportedByMethod"}, {SLICE_INIT("ContactCard/"), "accountNotSupportedByMethod"},
	{SLICE_INIT("Preferences/"), "accountNotSupportedByMethod"}, {SLICE_INIT("Identity/set"), "forbidden"},
};

/* Why a delegate may not; NULL: he may, or it is the owner. */
static const char *refusal_of(const struct jmap_call *call)
{
	const struct jmap_host *host = jmap_host(call->jmap);
	bool owner = slice_eq(host->address, host->username);

	for (size_t i = 0; !owner && i < ARRAY_LEN(owners_alone); i++)
		if (slice_starts(call->method, owners_alone[i].method))
			return owners_alone[i].error;
	return NULL;
}

bool jmap_args_check(struct jmap_call *call, const char *const *names)
{
	const json_t *account = json_object_get(call->args, "accountId");
	const char *refusal = refusal_of(call);

	if (jmap_without_account(call) ? account != NULL : !json_is_string(account))
		return invalid(call, "accountId");
	if (account != NULL && !slice_eq(jmap_text(account), jmap_account_name(call->jmap))) {
		(void)jmap_error(call, "accountNotFound", NULL);
		return false;
	}
	if (refusal != NULL) {
		(void)jmap_error(call, refusal, NULL);
		return false;
	}
	return jmap_args_known(call, names);
}

bool jmap_args_known(struct jmap_call *call, const char *const *names)
{
	const char *key;
	json_t *value;

	if (!jmap_without_account(call) && !json_is_string(json_object_get(call->args, "accountId")))
		return invalid(call, "accountId");
	json_object_foreach(call->args, key, value)
		if (!is_named(key, names)) {
			(void)jmap_error(call, "invalidArguments", (const char *)arena_printf(&call->arena, "There is no argument \"%.50s\".", key).p);
			return false;
		}
	return true;
}

/* NULL: absent. */
static json_t *find(const struct jmap_call *call, const char *name)
{
	json_t *value = json_object_get(call->args, name);

	return json_is_null(value) ? NULL : value;
}

bool jmap_arg_bool(struct jmap_call *call, const char *name, bool *ret)
{
	const json_t *value = find(call, name);

	if (value == NULL)
		return true;
	*ret = json_is_true(value);
	return json_is_boolean(value) || invalid(call, name);
}

bool jmap_arg_int(struct jmap_call *call, const char *name, int64_t *ret)
{
	const json_t *value = find(call, name);

	if (value == NULL)
		return true;
	*ret = json_integer_value(value);
	return json_is_integer(value) || invalid(call, name);
}

bool jmap_arg_unsigned(struct jmap_call *call, const char *name, uint64_t max, uint64_t *ret)
{
	int64_t value = -1;

	if (find(call, name) == NULL)
		return true;
	if (!jmap_arg_int(call, name, &value))
		return false;
	if (value < 0 || (uint64_t)value > max)
		return invalid(call, name);
	*ret = (uint64_t)value;
	return true;
}

bool jmap_arg_text(struct jmap_call *call, const char *name, struct slice *ret)
{
	const json_t *value = find(call, name);

	if (value == NULL)
		return true;
	*ret = jmap_text(value);
	return json_is_string(value) || invalid(call, name);
}

bool jmap_arg_object(struct jmap_call *call, const char *name, json_t **ret)
{
	json_t *value = find(call, name);

	if (value == NULL)
		return true;
	*ret = value;
	return json_is_object(value) || invalid(call, name);
}

bool jmap_arg_texts(struct jmap_call *call, const char *name, json_t **ret)
{
	json_t *value = find(call, name), *one;
	size_t i;

	*ret = NULL;
	if (value == NULL)
		return true;
	if (!json_is_array(value))
		return invalid(call, name);
	json_array_foreach(value, i, one)
		if (!json_is_string(one))
			return invalid(call, name);
	*ret = value;
	return true;
}

struct account *jmap_mail(const struct jmap_call *call)
{
	return call->jmap->host.mail;
}

int64_t jmap_now(const struct jmap_call *call)
{
	return call->jmap->host.now(call->jmap->host.arg);
}

bool jmap_state_of(struct jmap_call *call, enum jmap_type type, struct slice *ret)
{
	struct buf text = BUF_INIT(JMAP_STATE_MAX);
	int rc = jmap_type_state(call->jmap, type, &text);

	*ret = arena_dup(&call->arena, buf_slice(&text));
	buf_free(&text);
	if (rc < 0)
		(void)jmap_error_code(call, rc);
	return rc >= 0;
}

enum jmap_step jmap_error_code(struct jmap_call *call, int code)
{
	switch (code) {
	case ERR_DENIED: return jmap_error(call, "forbidden", NULL);
	case ERR_TEMPORARY: case ERR_NO_SPACE: case ERR_CLOSED: return jmap_error(call, "serverUnavailable", NULL);
	case ERR_LIMIT: return jmap_error(call, "requestTooLarge", NULL);
	case ERR_UNSUPPORTED: return jmap_error(call, "serverUnavailable", NULL);
	default: return jmap_error(call, "serverFail", NULL);
	}
}
