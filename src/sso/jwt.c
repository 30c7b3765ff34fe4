#include "sso/jwt.h"

#include <cjose/cjose.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "sso/json.h"

#define HEAD_MAX 2048
#define TIME_MAX 253402300799.0 /* the end of the year 9999 */

static bool split(struct slice token, struct slice ret[3])
{
	if (token.n > JWT_MAX)
		return false;
	for (size_t i = 0; i < 3; i++) {
		ptrdiff_t dot = slice_find(token, '.');
		if ((dot < 0) != (i == 2))
			return false;
		ret[i] = slice_sub(token, 0, dot < 0 ? token.n : (size_t)dot);
		token = slice_from(token, ret[i].n + 1);
		if (ret[i].n == 0)
			return false;
	}
	return true;
}

static bool is_base64url(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
			return false;
	return true;
}

bool jwt_looks_like(struct slice token)
{
	struct slice parts[3];
	return split(token, parts) && is_base64url(parts[0]) && is_base64url(parts[1]) && is_base64url(parts[2]);
}

static json_t *decode_object(struct slice part, size_t max)
{
	struct buf text = BUF_INIT(max);
	json_t *object = NULL;
	if (base64url_decode_strict(part, &text) == 0 && !text.failed)
		object = sso_json_object(buf_slice(&text), max);
	buf_free_secret(&text);
	return object;
}

/* "at+jwt" and "application/at+jwt" are the same (RFC 7515 4.1.9); an ID token has no type or "JWT". */
static bool type_fits(const json_t *head, enum jwt_use use)
{
	struct slice type = sso_json_peek(head, "typ");
	if (slice_starts_nocase(type, SLICE("application/")))
		type = slice_from(type, 12);
	if (use == JWT_ACCESS_TOKEN)
		return slice_eq_nocase(type, SLICE("at+jwt"));
	return json_object_get(head, "typ") == NULL || slice_eq_nocase(type, SLICE("JWT"));
}

int jwt_head(struct slice token, enum jwt_use use, unsigned allowed, struct arena *arena, struct slice *ret_kid, unsigned *ret_algorithm,
             struct error *err)
{
	struct slice parts[3];
	json_t *head = split(token, parts) ? decode_object(parts[0], HEAD_MAX) : NULL;
	int rc = 0;
	if (head == NULL)
		return error_set(err, ERR_INVALID, "not a token");
	unsigned algorithm = jwt_algorithm(sso_json_peek(head, "alg"));
	const json_t *kid = json_object_get(head, "kid");
	if ((algorithm & allowed) == 0)
		rc = error_set(err, ERR_INVALID, "the token's algorithm is not allowed");
	else if (json_object_get(head, "crit") != NULL || json_object_get(head, "b64") != NULL)
		rc = error_set(err, ERR_INVALID, "the token has critical extensions");
	else if (!type_fits(head, use))
		rc = error_set(err, ERR_INVALID, "a token of another type");
	else if (kid != NULL && (!json_is_string(kid) || json_string_length(kid) == 0 || json_string_length(kid) > JWK_ID_MAX))
		rc = error_set(err, ERR_INVALID, "the token's key id is malformed");
	if (rc == 0) {
		*ret_kid = sso_json_text(head, "kid", arena);
		*ret_algorithm = algorithm;
	}
	json_decref(head);
	return rc;
}

/* RFC 8037 3.1: over the first two parts as they came. */
static bool ed25519_holds(struct slice token, const struct jwk *key)
{
	struct slice parts[3];
	struct buf signature = BUF_INIT(ED25519_SIGNATURE_SIZE);
	bool ok = split(token, parts) && base64url_decode_strict(parts[2], &signature) == 0 && !signature.failed
	          && buf_len(&signature) == ED25519_SIGNATURE_SIZE
	          && ed25519_verify(key->ed25519, slice_sub(token, 0, parts[0].n + 1 + parts[1].n), buf_slice(&signature).p);
	buf_free(&signature);
	return ok;
}

static bool decodes(struct slice part)
{
	struct buf out = BUF_INIT(JWT_MAX);
	bool ok = base64url_decode_strict(part, &out) == 0 && !out.failed;
	buf_free_secret(&out);
	return ok;
}

static bool signature_holds(struct slice token, const struct slice parts[3], const struct jwk *key)
{
	if (key->key == NULL)
		return ed25519_holds(token, key);
	/* cjose asserts that what it decodes was base64url: it gets nothing else. */
	if (!decodes(parts[0]) || !decodes(parts[1]) || !decodes(parts[2]))
		return false;
	cjose_jws_t *jws = cjose_jws_import((const char *)token.p, token.n, NULL);
	bool ok = jws != NULL && cjose_jws_verify(jws, key->key, NULL);
	cjose_jws_release(jws);
	return ok;
}

/* NumericDate may have a fraction (RFC 7519 2). False: missing or no usable time. */
static bool time_claim(const json_t *claims, const char *name, int64_t *ret)
{
	const json_t *value = json_object_get(claims, name);
	double seconds = json_is_number(value) ? json_number_value(value) : -1;
	if (!(seconds >= 0 && seconds <= TIME_MAX))
		return false;
	*ret = (int64_t)seconds;
	return true;
}

static bool absent_or_time(const json_t *claims, const char *name, int64_t *ret)
{
	return json_object_get(claims, name) == NULL || time_claim(claims, name, ret);
}

static int check_times(const json_t *claims, const struct jwt_policy *p, struct jwt_claims *ret, struct error *err)
{
	int64_t not_before = 0, skew = p->skew < 0 ? 0 : p->skew > JWT_SKEW_MAX ? JWT_SKEW_MAX : p->skew;
	if (!time_claim(claims, "exp", &ret->expires) || !time_claim(claims, "iat", &ret->issued)
	    || !absent_or_time(claims, "nbf", &not_before) || !absent_or_time(claims, "auth_time", &ret->authenticated))
		return error_set(err, ERR_DENIED, "the token's times are missing or malformed");
	if (ret->expires + skew <= p->now)
		return error_set(err, ERR_CONFLICT, "the token has expired");
	if (not_before > p->now + skew || ret->issued > p->now + skew)
		return error_set(err, ERR_DENIED, "the token is from the future");
	if (p->max_age > 0 && ret->issued + p->max_age + skew < p->now)
		return error_set(err, ERR_CONFLICT, "the token is too old");
	return 0;
}

static bool audience_has(const json_t *claims, struct slice wanted, size_t *ret_count)
{
	const json_t *audience = json_object_get(claims, "aud");
	*ret_count = json_is_array(audience) ? json_array_size(audience) : 1;
	return slice_eq(sso_json_peek(claims, "aud"), wanted) || sso_json_lists(claims, "aud", wanted);
}

/* OpenID Connect Core 3.1.3.7, 3 to 5: with more than one audience the token says for whom it was made. */
static bool party_fits(const json_t *claims, const struct jwt_policy *p, size_t audiences)
{
	struct slice party = sso_json_peek(claims, "azp");
	if (json_object_get(claims, "azp") == NULL)
		return audiences == 1;
	return slice_eq(party, p->audience);
}

static int check_receiver(const json_t *claims, const struct jwt_policy *p, struct error *err)
{
	size_t audiences;
	ENSURE(p->audience.n > 0 && p->issuer.n > 0);
	if (!slice_eq(sso_json_peek(claims, "iss"), p->issuer))
		return error_set(err, ERR_DENIED, "the token is of another issuer");
	if (!audience_has(claims, p->audience, &audiences))
		return error_set(err, ERR_DENIED, "the token is for somebody else");
	if (p->use == JWT_ID_TOKEN && !party_fits(claims, p, audiences))
		return error_set(err, ERR_DENIED, "the token was made for another party");
	if (p->use == JWT_ID_TOKEN && !slice_eq(sso_json_peek(claims, "nonce"), p->nonce))
		return error_set(err, ERR_DENIED, "the token's nonce is not ours");
	if (p->use == JWT_ACCESS_TOKEN && sso_json_peek(claims, "client_id").n == 0)
		return error_set(err, ERR_DENIED, "the token names no client");
	return 0;
}

static void read_methods(const json_t *claims, struct arena *arena, struct jwt_claims *ret)
{
	const json_t *method;
	size_t i;
	json_array_foreach(json_object_get(claims, "amr"), i, method)
		if (json_is_string(method) && ret->method_count < JWT_METHODS_MAX)
			ret->methods[ret->method_count++] = arena_dup(arena, slice_make(json_string_value(method), json_string_length(method)));
}

static int read_claims(const json_t *claims, struct arena *arena, struct jwt_claims *ret, struct error *err)
{
	const struct {
		const char *name;
		struct slice *to;
	} texts[] = {
		{"iss", &ret->issuer}, {"sub", &ret->subject}, {"client_id", &ret->client}, {"jti", &ret->id}, {"email", &ret->email},
		{"name", &ret->name}, {"preferred_username", &ret->user}, {"scope", &ret->scope}, {"acr", &ret->acr}, {"department", &ret->department},
	};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i].to = sso_json_text(claims, texts[i].name, arena);
	ret->email_verified = json_is_true(json_object_get(claims, "email_verified"));
	read_methods(claims, arena, ret);
	if (ret->subject.n == 0 || ret->subject.n > JWT_SUBJECT_MAX)
		return error_set(err, ERR_DENIED, "the token names no subject");
	return 0;
}

static int check_claims(struct slice payload, const struct jwt_policy *policy, struct arena *arena, struct jwt_claims *ret,
	struct error *err)
{
	json_t *claims = decode_object(payload, JWT_MAX);
	struct jwt_claims found = {0};
	if (claims == NULL)
		return error_set(err, ERR_INVALID, "the token's claims are malformed");
	int rc = check_receiver(claims, policy, err);
	if (rc == 0)
		rc = check_times(claims, policy, &found, err);
	if (rc == 0)
		rc = read_claims(claims, arena, &found, err);
	if (rc == 0)
		*ret = found;
	json_decref(claims);
	return rc;
}

int jwt_verify(struct slice token, const struct jwt_policy *policy, const struct jwks *keys, struct arena *arena, struct jwt_claims *ret,
               struct error *err)
{
	struct slice parts[3], kid;
	unsigned algorithm;
	int rc = jwt_head(token, policy->use, policy->algorithms, arena, &kid, &algorithm, err);
	if (rc != 0)
		return rc;
	const struct jwk *key = jwks_find(keys, kid, algorithm);
	if (key == NULL)
		return error_set(err, ERR_NOT_FOUND, "no key of the issuer fits the token");
	if (!split(token, parts) || !signature_holds(token, parts, key))
		return error_set(err, ERR_INVALID, "the token's signature does not hold");
	return check_claims(parts[1], policy, arena, ret, err);
}

void jwt_claims_keep(struct jwt_claims *c, struct arena *arena)
{
	struct slice *const texts[] = {&c->issuer, &c->subject, &c->client, &c->id, &c->email, &c->name, &c->user, &c->scope, &c->acr, &c->department};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = texts[i]->n > 0 ? arena_dup(arena, *texts[i]) : SLICE_NONE;
	for (size_t i = 0; i < c->method_count; i++)
		c->methods[i] = arena_dup(arena, c->methods[i]);
}

struct slice jwt_issuer(struct slice token, struct arena *arena)
{
	struct slice parts[3];
	json_t *claims = split(token, parts) ? decode_object(parts[1], JWT_MAX) : NULL;
	struct slice issuer = claims != NULL ? sso_json_text(claims, "iss", arena) : SLICE_NONE;
	json_decref(claims);
	return issuer;
}

bool jwt_scope_has(struct slice scopes, struct slice scope)
{
	struct slice one;
	while (slice_split(&scopes, ' ', &one))
		if (slice_eq(one, scope))
			return true;
	return false;
}
