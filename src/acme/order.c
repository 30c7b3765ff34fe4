#include "acme/acme.h"

#include <jansson.h>
#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "base/error.h"
#include "base/memory.h"
#include "crypt/hash.h"

#define DETAIL_MAX 300
#define PAYLOAD_MAX 32768
#define BAD_NONCE "urn:ietf:params:acme:error:badNonce"
#define NO_ACCOUNT "urn:ietf:params:acme:error:accountDoesNotExist"

struct acme_order {
	struct acme_host host;
	struct acme_settings settings;
	acme_done_fn *done;
	void *arg;
	struct arena arena;
	struct slice names[ACME_NAMES_MAX];
	struct slice new_nonce, new_account, new_order;      /* of the directory */
	struct slice nonce, account, thumbprint;
	struct slice order, finalize, certificate;           /* addresses */
	struct slice authorizations[ACME_NAMES_MAX];
	size_t authorization_count, at;                      /* the one that we are at */
	struct slice challenge;
	bool shown, account_told; /* told: by the settings */
	bool renewals;            /* the authority knows of them (RFC 9773) */
	unsigned tries, polls;
	/* the request under way */
	struct slice url, payload;
	void (*next)(struct acme_order *o, struct slice fields, const json_t *answer, struct slice body);
};

/* ---- the end ---- */

static void finish(struct acme_order *o, const struct acme_result *result)
{
	struct acme_result r = *result;
	r.account = o->account;
	if (o->shown)
		o->host.hide(o->host.arg);
	o->done(o->arg, &r);
	arena_free(&o->arena);
	memory_free(o);
}

static void fail(struct acme_order *o, const char *why)
{
	finish(o, &(struct acme_result){.why = why});
}

static struct slice printable(struct acme_order *o, const char *text)
{
	struct slice copy = arena_dup(&o->arena, slice_sub(slice_str(text), 0, DETAIL_MAX));
	for (size_t i = 0; i < copy.n; i++)
		if (copy.p[i] < ' ' || copy.p[i] > '~')
			((uint8_t *)copy.p)[i] = '?';
	return copy;
}

/* RFC 8555 6.7 */
static void refused(struct acme_order *o, unsigned status, struct slice fields, const json_t *problem)
{
	const char *detail = json_string_value(json_object_get(problem, "detail")), *type = json_string_value(json_object_get(problem, "type"));
	bool limit = status == 429 || (type != NULL && slice_ends(slice_str(type), SLICE(":rateLimited")));
	finish(o, &(struct acme_result){.why = limit ? "the authority gives no more certificates now" : "the authority refused",
		.detail = detail != NULL ? printable(o, detail) : SLICE_NONE, .retry_after_s = acme_retry_after(fields)});
}

/* ---- requests ---- */

static void send_request(struct acme_order *o);
static void do_account(struct acme_order *o);

static bool take_url(struct acme_order *o, const char *text, struct slice *ret)
{
	struct slice url = slice_str(text);
	if (!slice_starts(url, SLICE("https://")) || url.n > ACME_URL_MAX)
		return false;
	*ret = arena_dup(&o->arena, url);
	return true;
}

static void got_nonce(void *arg, unsigned status, struct slice fields, struct slice body)
{
	struct acme_order *o = arg;
	o->nonce = arena_dup(&o->arena, acme_field(fields, SLICE("Replay-Nonce")));
	if (status / 100 != 2 || o->nonce.n == 0)
		fail(o, "the authority does not answer");
	else
		send_request(o);
}

static void answered(void *arg, unsigned status, struct slice fields, struct slice body)
{
	struct acme_order *o = arg;
	json_t *answer = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
	const char *type = json_string_value(json_object_get(answer, "type"));
	o->nonce = arena_dup(&o->arena, acme_field(fields, SLICE("Replay-Nonce")));
	if (status == 0)
		fail(o, "the authority does not answer");
	else if (status == 400 && type != NULL && strcmp(type, BAD_NONCE) == 0 && ++o->tries < ACME_TRIES_MAX)
		send_request(o);
	else if (type != NULL && strcmp(type, NO_ACCOUNT) == 0 && o->account_told)
		do_account(o); /* the authority has forgotten us */
	else if (status / 100 != 2)
		refused(o, status, fields, answer);
	else
		o->next(o, fields, answer, body);
	json_decref(answer);
}

static void was_signed(void *arg, struct slice request, struct slice thumbprint)
{
	struct acme_order *o = arg;
	if (request.n == 0) {
		fail(o, "the request could not be signed");
		return;
	}
	if (o->thumbprint.n == 0)
		o->thumbprint = arena_dup(&o->arena, thumbprint);
	o->nonce = SLICE_NONE; /* each is for one request */
	o->host.fetch(o->host.arg, SLICE("POST"), o->url, request, answered, o);
}

static void send_request(struct acme_order *o)
{
	if (o->nonce.n == 0)
		o->host.fetch(o->host.arg, SLICE("HEAD"), o->new_nonce, SLICE_NONE, got_nonce, o);
	else
		o->host.sign(o->host.arg, o->nonce, o->url, o->account, o->payload, was_signed, o);
}

/* payload NULL: POST-as-GET. */
static void post(struct acme_order *o, struct slice url, const json_t *payload,
	void (*next)(struct acme_order *o, struct slice fields, const json_t *answer, struct slice body))
{
	char *text = payload != NULL ? json_dumps(payload, JSON_COMPACT) : NULL;
	o->url = url;
	o->payload = arena_dup(&o->arena, slice_str(text));
	o->next = next;
	o->tries = 0;
	free(text);
	send_request(o);
}

/* Looks again a little later. */
static void poll_now(void *arg)
{
	struct acme_order *o = arg;
	o->tries = 0;
	send_request(o);
}

static void poll_later(struct acme_order *o, struct slice url, struct slice fields,
	void (*next)(struct acme_order *o, struct slice fields, const json_t *answer, struct slice body))
{
	int64_t ms = acme_retry_after(fields) * 1000, least = ACME_POLL_MS * (1 + (int64_t)o->polls / 4);
	if (++o->polls > ACME_POLLS_MAX) {
		fail(o, "the authority takes too long");
		return;
	}
	ms = ms < least ? least : ms;
	o->url = url;
	o->payload = SLICE_NONE;
	o->next = next;
	o->host.after(o->host.arg, ms > ACME_POLL_MAX_MS ? ACME_POLL_MAX_MS : ms, poll_now, o);
}

static bool status_is(const json_t *object, const char *word)
{
	const char *status = json_string_value(json_object_get(object, "status"));
	return status != NULL && strcmp(status, word) == 0;
}

/* ---- the certificate: 7.4.2 ---- */

static void got_certificate(struct acme_order *o, struct slice fields, const json_t *answer, struct slice body)
{
	if (slice_search(body, SLICE("-----BEGIN CERTIFICATE-----")) < 0)
		fail(o, "the authority sent no certificate");
	else
		finish(o, &(struct acme_result){.chain = arena_dup(&o->arena, body)});
}

/* ---- 7.4: finalize, then look until it is made ---- */

static void got_order(struct acme_order *o, struct slice fields, const json_t *answer, struct slice body)
{
	if (status_is(answer, "invalid"))
		refused(o, 0, fields, json_object_get(answer, "error"));
	else if (!status_is(answer, "valid"))
		poll_later(o, o->order, fields, got_order);
	else if (!take_url(o, json_string_value(json_object_get(answer, "certificate")), &o->certificate))
		fail(o, "the authority's answer is malformed");
	else
		post(o, o->certificate, NULL, got_certificate);
}

static void do_finalize(struct acme_order *o)
{
	struct buf text = BUF_INIT(PAYLOAD_MAX);
	base64url_encode(o->settings.request, &text);
	json_t *payload = json_object();
	json_object_set_new(payload, "csr", json_stringn((const char *)buf_slice(&text).p, buf_len(&text)));
	o->polls = 0;
	post(o, o->finalize, payload, got_order);
	json_decref(payload);
	buf_free(&text);
}

/* ---- 7.5: one authorization after the other ---- */

static void got_authorization(struct acme_order *o, struct slice fields, const json_t *answer, struct slice body);

static void next_authorization(struct acme_order *o)
{
	o->polls = 0;
	if (o->at == o->authorization_count)
		do_finalize(o);
	else
		post(o, o->authorizations[o->at], NULL, got_authorization);
}

/* What went wrong stands in the challenge (7.5.1, 8). */
static const json_t *problem_of(const json_t *authorization)
{
	const json_t *list = json_object_get(authorization, "challenges");
	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_is_object(json_object_get(json_array_get(list, i), "error")))
			return json_object_get(json_array_get(list, i), "error");
	return NULL;
}

static void look_at_authorization(struct acme_order *o, struct slice fields, const json_t *answer, struct slice body)
{
	if (status_is(answer, "valid")) {
		o->at++;
		next_authorization(o);
	} else if (status_is(answer, "pending") || status_is(answer, "processing")) {
		poll_later(o, o->authorizations[o->at], fields, look_at_authorization);
	} else {
		refused(o, 0, fields, problem_of(answer));
	}
}

static void challenge_taken(struct acme_order *o, struct slice fields, const json_t *answer, struct slice body)
{
	poll_later(o, o->authorizations[o->at], fields, look_at_authorization);
}

static void was_shown(void *arg, bool ok)
{
	struct acme_order *o = arg;
	json_t *empty = json_object();
	if (ok)
		post(o, o->challenge, empty, challenge_taken);
	else
		fail(o, "the challenge could not be answered");
	json_decref(empty);
}

static const json_t *challenge_of(const json_t *list, enum acme_challenge kind)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		const char *type = json_string_value(json_object_get(one, "type"));
		if (type != NULL && strcmp(type, acme_challenge_name(kind)) == 0)
			return one;
	}
	return NULL;
}

/* base64url and nothing else: it becomes part of a path. 8.1, 8.3 */
static bool token_valid(struct slice token)
{
	for (size_t i = 0; i < token.n; i++)
		if (!ascii_is_alnum(token.p[i]) && token.p[i] != '-' && token.p[i] != '_')
			return false;
	return token.n >= 22 && token.n <= 200;
}

static void show(struct acme_order *o, enum acme_challenge kind, struct slice name, struct slice token)
{
	struct slice authorization = arena_printf(&o->arena, "%.*s.%.*s", SLICE_ARG(token), SLICE_ARG(o->thumbprint));
	struct buf text = BUF_INIT(100);
	uint8_t hash[HASH_SIZE];
	hash_sha256(authorization, hash);
	if (kind == ACME_DNS_01)
		base64url_encode(slice_make(hash, sizeof hash), &text);
	else
		buf_append_bytes(&text, hash, sizeof hash);
	o->shown = true;
	o->host.show(o->host.arg, kind, name, token, kind == ACME_HTTP_01 ? authorization : arena_dup(&o->arena, buf_slice(&text)), was_shown, o);
	buf_free(&text);
}

static bool is_ours(const struct acme_order *o, struct slice name)
{
	for (size_t i = 0; i < o->settings.name_count; i++) {
		struct slice own = o->names[i];
		if (slice_eq(own, name) || (slice_starts(own, SLICE("*.")) && slice_eq(slice_from(own, 2), name)))
			return true;
	}
	return false;
}

static void answer_challenge(struct acme_order *o, const json_t *answer)
{
	const json_t *list = json_object_get(answer, "challenges");
	enum acme_challenge kind = o->settings.challenge;
	const json_t *challenge = challenge_of(list, kind);
	if (challenge == NULL)
		challenge = challenge_of(list, kind = ACME_DNS_01);
	struct slice name = slice_str(json_string_value(json_object_get(json_object_get(answer, "identifier"), "value")));
	struct slice token = slice_str(json_string_value(json_object_get(challenge, "token")));
	if (challenge == NULL)
		fail(o, "the authority offers no challenge that can be answered");
	else if (!token_valid(token) || !is_ours(o, name) || !take_url(o, json_string_value(json_object_get(challenge, "url")), &o->challenge))
		fail(o, "the authority's answer is malformed");
	else
		show(o, kind, arena_dup(&o->arena, name), arena_dup(&o->arena, token));
}

static void got_authorization(struct acme_order *o, struct slice fields, const json_t *answer, struct slice body)
{
	if (status_is(answer, "pending"))
		answer_challenge(o, answer);
	else
		look_at_authorization(o, fields, answer, body);
}

/* ---- 7.4: the order ---- */

static void order_made(struct acme_order *o, struct slice fields, const json_t *answer, struct slice body)
{
	const json_t *list = json_object_get(answer, "authorizations");
	struct slice place = acme_field(fields, SLICE("Location"));
	bool good = slice_starts(place, SLICE("https://")) && place.n <= ACME_URL_MAX && json_array_size(list) <= ACME_NAMES_MAX
	            && take_url(o, json_string_value(json_object_get(answer, "finalize")), &o->finalize);
	o->order = arena_dup(&o->arena, place);
	for (size_t i = 0; good && i < json_array_size(list); i++)
		good = take_url(o, json_string_value(json_array_get(list, i)), &o->authorizations[o->authorization_count++]);
	if (!good)
		fail(o, "the authority's answer is malformed");
	else
		next_authorization(o);
}

static void do_order(struct acme_order *o)
{
	json_t *payload = json_object(), *list = json_array();
	for (size_t i = 0; i < o->settings.name_count; i++)
		json_array_append_new(list, json_pack("{s:s,s:o}", "type", "dns", "value", json_stringn((const char *)o->names[i].p, o->names[i].n)));
	json_object_set_new(payload, "identifiers", list);
	if (o->renewals && o->settings.replaces.n > 0)
		json_object_set_new(payload, "replaces", json_stringn((const char *)o->settings.replaces.p, o->settings.replaces.n));
	post(o, o->new_order, payload, order_made);
	json_decref(payload);
}

/* ---- 7.3: the account ---- */

static void account_made(struct acme_order *o, struct slice fields, const json_t *answer, struct slice body)
{
	struct slice place = acme_field(fields, SLICE("Location"));
	if (!slice_starts(place, SLICE("https://")) || place.n > ACME_URL_MAX) {
		fail(o, "the authority's answer is malformed");
		return;
	}
	o->account = arena_dup(&o->arena, place);
	do_order(o);
}

static void make_account(struct acme_order *o, json_t *binding)
{
	json_t *payload = json_pack("{s:b}", "termsOfServiceAgreed", 1);
	if (binding != NULL)
		json_object_set_new(payload, "externalAccountBinding", binding);
	post(o, o->new_account, payload, account_made);
	json_decref(payload);
}

/* The binding is over our public key, which stands in the head of whatever the key signs as nobody's. */
static void key_shown(void *arg, struct slice request, struct slice thumbprint)
{
	struct acme_order *o = arg;
	struct acme_binding binding;
	struct buf jwk = BUF_INIT(PAYLOAD_MAX);
	json_t *made = NULL;
	if (request.n > 0 && acme_binding_parse(o->settings.binding, &binding) && acme_binding_jwk(request, &jwk))
		made = acme_binding_make(&binding, o->new_account, buf_slice(&jwk));
	if (made == NULL)
		fail(o, "the account cannot be bound to the one that the authority knows");
	else
		make_account(o, made);
	buf_free(&jwk);
}

static void do_account(struct acme_order *o)
{
	o->account = SLICE_NONE;
	o->account_told = false;
	if (o->settings.binding.n > 0)
		o->host.sign(o->host.arg, SLICE("none"), o->new_account, SLICE_NONE, SLICE_NONE, key_shown, o);
	else
		make_account(o, NULL);
}

/* ---- 7.1.1: the directory ---- */

static void got_directory(void *arg, unsigned status, struct slice fields, struct slice body)
{
	struct acme_order *o = arg;
	json_t *answer = status == 200 ? json_loadb((const char *)body.p, body.n, 0, NULL) : NULL;
	bool good = take_url(o, json_string_value(json_object_get(answer, "newNonce")), &o->new_nonce)
	            && take_url(o, json_string_value(json_object_get(answer, "newAccount")), &o->new_account)
	            && take_url(o, json_string_value(json_object_get(answer, "newOrder")), &o->new_order);
	o->renewals = json_is_string(json_object_get(answer, "renewalInfo"));
	json_decref(answer);
	if (!good)
		fail(o, status == 0 ? "the authority does not answer" : "the address is no directory of ACME");
	else if (o->account.n == 0)
		do_account(o);
	else
		do_order(o);
}

static void begin(void *arg)
{
	struct acme_order *o = arg;
	o->host.fetch(o->host.arg, SLICE("GET"), o->settings.directory, SLICE_NONE, got_directory, o);
}

struct acme_order *acme_order_start(const struct acme_host *host, const struct acme_settings *settings, acme_done_fn *done, void *arg)
{
	struct acme_order *o = memory_alloc(sizeof *o);
	ENSURE(settings->name_count > 0 && settings->name_count <= ACME_NAMES_MAX);
	o->host = *host;
	o->settings = *settings;
	o->done = done;
	o->arg = arg;
	o->settings.directory = arena_dup(&o->arena, settings->directory);
	o->settings.request = arena_dup(&o->arena, settings->request);
	o->settings.replaces = arena_dup(&o->arena, settings->replaces);
	o->settings.binding = arena_dup(&o->arena, settings->binding);
	o->account = arena_dup(&o->arena, settings->account);
	o->account_told = settings->account.n > 0;
	for (size_t i = 0; i < settings->name_count; i++)
		o->names[i] = arena_dup(&o->arena, settings->names[i]);
	host->after(host->arg, 0, begin, o);
	return o;
}
