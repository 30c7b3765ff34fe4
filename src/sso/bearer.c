#include "sso/bearer.h"

#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

#define SEPARATOR 0x01
#define PAIRS_MAX 20

/* b64token (RFC 6750 2.1). */
static bool is_token(struct slice s)
{
	size_t end = s.n;
	while (end > 0 && s.p[end - 1] == '=')
		end--;
	for (size_t i = 0; i < end; i++)
		if (!ascii_is_alnum(s.p[i]) && memchr("-._~+/", s.p[i], 6) == NULL)
			return false;
	return end > 0 && s.n <= BEARER_TOKEN_MAX;
}

static int take_auth(struct slice value, struct slice *ret)
{
	if (!slice_starts_nocase(value, SLICE("Bearer ")) || ret->n > 0)
		return ERR_INVALID;
	*ret = slice_trim(slice_from(value, 7));
	return is_token(*ret) ? 0 : ERR_INVALID;
}

static bool is_key(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alpha(s.p[i]))
			return false;
	return s.n > 0;
}

static bool is_value(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < 0x20 && s.p[i] != '\t' && s.p[i] != '\r' && s.p[i] != '\n') || s.p[i] == 0x7f)
			return false;
	return true;
}

/* *(key "=" value ^A) ^A; of the keys only "auth" and, when wanted, "user" mean something here. */
static int parse_pairs(struct slice rest, struct slice *ret_token, struct slice *ret_user)
{
	struct slice pair;
	unsigned count = 0;
	if (!slice_ends(rest, SLICE("\x01\x01")))
		return ERR_INVALID;
	rest = slice_sub(rest, 0, rest.n - 1);
	while (slice_split(&rest, SEPARATOR, &pair)) {
		ptrdiff_t equals = slice_find(pair, '=');
		struct slice key = slice_sub(pair, 0, equals < 0 ? 0 : (size_t)equals), value = slice_from(pair, key.n + 1);
		if (!is_key(key) || !is_value(value) || ++count > PAIRS_MAX)
			return ERR_INVALID;
		if (slice_eq_nocase(key, SLICE("auth")) && take_auth(value, ret_token) != 0)
			return ERR_INVALID;
		if (ret_user != NULL && slice_eq_nocase(key, SLICE("user")))
			*ret_user = value;
	}
	return ret_token->n > 0 ? 0 : ERR_INVALID;
}

/* saslname (RFC 5801 4): "=2C" and "=3D" stand for "," and "=". */
static int decode_name(struct slice text, struct arena *arena, struct slice *ret)
{
	uint8_t *out = arena_alloc(arena, text.n + 1);
	size_t n = 0;
	if (text.n > BEARER_NAME_MAX || !utf8_valid(text))
		return ERR_INVALID;
	while (text.n > 0) {
		uint8_t c = text.p[0];
		bool escaped = c == '=';
		if (escaped && slice_starts(text, SLICE("=2C")))
			c = ',';
		else if (c < 0x20 || c == 0x7f || (escaped && !slice_starts(text, SLICE("=3D"))))
			return ERR_INVALID;
		out[n++] = c;
		text = slice_from(text, escaped ? 3 : 1);
	}
	*ret = slice_make(out, n);
	return 0;
}

int bearer_parse_oauth(struct slice message, struct arena *arena, struct bearer *ret)
{
	struct bearer found = {0};
	struct slice flag, identity;
	ptrdiff_t end = slice_find(message, SEPARATOR);
	struct slice head = slice_sub(message, 0, end < 0 ? 0 : (size_t)end);
	if (end < 0 || !slice_ends(head, SLICE(",")) || !slice_split(&head, ',', &flag))
		return ERR_INVALID;
	if (slice_starts(flag, SLICE("p=")))
		return ERR_UNSUPPORTED;
	if ((!slice_eq(flag, SLICE("n")) && !slice_eq(flag, SLICE("y"))))
		return ERR_INVALID;
	identity = slice_sub(head, 0, head.n > 0 ? head.n - 1 : 0);
	if (slice_find(identity, ',') >= 0 || (identity.n > 0 && !slice_starts(identity, SLICE("a="))))
		return ERR_INVALID;
	if (decode_name(slice_from(identity, 2), arena, &found.name) != 0 || parse_pairs(slice_from(message, (size_t)end + 1), &found.token,
		NULL) != 0)
		return ERR_INVALID;
	*ret = found;
	return 0;
}

int bearer_parse_xoauth2(struct slice message, struct arena *arena, struct bearer *ret)
{
	struct bearer found = {0};
	struct slice user = SLICE_NONE;
	if (parse_pairs(message, &found.token, &user) != 0 || user.n == 0 || user.n > BEARER_NAME_MAX || !utf8_valid(user))
		return ERR_INVALID;
	found.name = arena_dup(arena, user);
	*ret = found;
	return 0;
}

bool bearer_error_taken(struct slice message)
{
	return message.n == 0 || slice_eq(message, SLICE("\x01"));
}

/* Our own texts and configured addresses: what JSON would escape is not in them, and is left out if it is. */
static void put(struct buf *out, const char *name, struct slice value)
{
	if (value.n == 0)
		return;
	buf_append_str(out, buf_len(out) > 0 ? ",\"" : "{\"");
	buf_append_str(out, name);
	buf_append_str(out, "\":\"");
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] >= 0x20 && value.p[i] < 0x7f && value.p[i] != '"' && value.p[i] != '\\')
			buf_append_byte(out, value.p[i]);
	buf_append_str(out, "\"");
}

void bearer_error(const char *status, struct slice scope, struct slice configuration, struct buf *out)
{
	put(out, "status", slice_str(status));
	put(out, "scope", scope);
	put(out, "openid-configuration", configuration);
	buf_append_byte(out, '}');
}

void bearer_error_xoauth2(const char *status, struct slice scope, struct buf *out)
{
	put(out, "status", strcmp(status, "insufficient_scope") == 0 ? SLICE("403") : strcmp(status, "invalid_request") == 0 ? SLICE("400")
		: SLICE("401"));
	put(out, "schemes", SLICE("bearer"));
	put(out, "scope", scope);
	buf_append_byte(out, '}');
}
