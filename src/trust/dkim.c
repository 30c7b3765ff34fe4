#include "trust/dkim.h"

#include <string.h>

#include "mime/address.h"
#include "mime/limits.h"
#include "trust/idn.h"
#include "trust/signature.h"

#define FIELD_NAME SLICE("DKIM-Signature")
#define HEAD_OF_B 8

/* One signature on its way. */
struct check {
	struct signature parsed;
	struct verdict verdict;
	struct signature_keys keys;
	struct body_variant *body;
	size_t field;
	bool aligned;
};

const char *dkim_result_name(enum dkim_result result)
{
	static const char *const names[] = {
		[DKIM_NONE] = "none", [DKIM_PASS] = "pass", [DKIM_FAIL] = "fail", [DKIM_POLICY] = "policy", [DKIM_NEUTRAL] = "neutral",
		[DKIM_TEMPERROR] = "temperror", [DKIM_PERMERROR] = "permerror",
	};
	return names[result];
}

/* ---- which signatures ---- */

/* The domain of the first author, A-labels; empty when there is none. */
static struct slice author_domain(const struct trust_message *m, struct arena *arena)
{
	for (size_t i = 0; i < m->field_count; i++) {
		if (!slice_eq_nocase(m->fields[i].name, SLICE("from")))
			continue;
		const struct mime_address *a = mime_address_parse(m->fields[i].value, arena);
		struct slice domain;
		for (; a != NULL; a = a->next)
			if (a->has_host && a->host.n > 0 && trust_domain_ascii(arena, a->host, &domain))
				return domain;
	}
	return SLICE_NONE;
}

static bool is_aligned(struct slice domain, struct slice author, struct arena *arena)
{
	struct slice ascii;
	return domain.n > 0 && author.n > 0 && trust_domain_ascii(arena, domain, &ascii) &&
	       (trust_domain_within(author, ascii) || trust_domain_within(ascii, author));
}

/* The fields to be checked: those of the author's domain first, in each kind from the top. */
static size_t choose(const struct trust_message *m, struct arena *arena, struct check *checks, size_t *ret_skipped)
{
	struct slice author = author_domain(m, arena);
	size_t other[DKIM_SIGNATURES_MAX], others = 0, count = 0, seen = 0, looked_at = 0;
	struct signature parsed;
	for (size_t i = 0; i < m->field_count; i++) {
		if (!slice_eq_nocase(m->fields[i].name, FIELD_NAME))
			continue;
		seen++;
		if (looked_at++ >= DKIM_FIELDS_MAX)
			continue;
		signature_parse(m->fields[i].value, SIGNATURE_DKIM, arena, &parsed);
		bool aligned = is_aligned(parsed.domain, author, arena);
		if (aligned && count < DKIM_SIGNATURES_MAX)
			checks[count++] = (struct check){.field = i, .aligned = true};
		else if (!aligned && others < DKIM_SIGNATURES_MAX)
			other[others++] = i;
	}
	for (size_t i = 0; i < others && count < DKIM_SIGNATURES_MAX; i++)
		checks[count++] = (struct check){.field = other[i]};
	*ret_skipped = seen - count;
	return count;
}

/* ---- before the keys are there ---- */

static struct verdict check_times(const struct signature *s, int64_t now_s)
{
	if (s->expires_s != 0 && (int64_t)s->expires_s < now_s)
		return (struct verdict){DKIM_PERMERROR, "the signature has expired"};
	if ((int64_t)s->signed_s > now_s + DKIM_CLOCK_SKEW_S)
		return (struct verdict){DKIM_PERMERROR, "the signature is of the future"};
	return VERDICT_NONE;
}

/* Reads one signature and asks for its key. False: the answer is wanted. */
static bool prepare(struct facts *facts, const struct trust_message *m, struct check *c)
{
	c->verdict = signature_parse(m->fields[c->field].value, SIGNATURE_DKIM, facts->arena, &c->parsed);
	if (c->verdict.result == DKIM_NONE)
		c->verdict = check_times(&c->parsed, facts->now_s);
	return c->verdict.result != DKIM_NONE || signature_ask(facts, &c->parsed);
}

/* ---- with the keys ---- */

static void ask_body(struct facts *facts, struct trust_message *m, struct check *c)
{
	if (c->verdict.result != DKIM_NONE)
		return;
	c->verdict = signature_keys_get(facts, &c->parsed, &c->keys);
	if (c->verdict.result != DKIM_NONE)
		return;
	c->body = message_want_body(m, c->parsed.body_relaxed, c->parsed.length);
	if (c->body == NULL)
		c->verdict = (struct verdict){DKIM_POLICY, "too many kinds of signatures"};
}

static struct verdict check_body(const struct check *c)
{
	if (c->parsed.has_length && c->parsed.length > c->body->length)
		return (struct verdict){DKIM_PERMERROR, "l= is longer than the body"};
	if (memcmp(c->body->digest, c->parsed.body_hash, sizeof c->body->digest) != 0)
		return (struct verdict){DKIM_FAIL, "the body was changed"};
	return VERDICT_NONE;
}

/* Number of the key that verifies, or -1. */
static int check_header(const struct trust_message *m, const struct check *c)
{
	struct buf bytes = BUF_INIT(m->header.n * 2 + 1024);
	message_canonical_fields(m, c->parsed.h, c->field, c->parsed.header_relaxed, &bytes);
	message_canonical_signature(&m->fields[c->field], c->parsed.b_raw, c->parsed.header_relaxed, &bytes);
	int key = bytes.failed ? -1 : signature_check(&c->parsed, &c->keys, buf_slice(&bytes));
	buf_free(&bytes);
	return key;
}

static size_t listed(struct slice h, struct slice name)
{
	struct slice item;
	size_t count = 0;
	while (tags_item_next(&h, ':', &item))
		count += slice_eq_nocase(item, name);
	return count;
}

/*
 * RFC 6376 8.15: of a field that may be there once the signature covers the lowest, and readers show the highest. True: such a field is there
 * more often than it was signed.
 */
static bool field_was_added(const struct trust_message *m, struct slice h)
{
	static const struct slice once[] = {
		SLICE_INIT("From"), SLICE_INIT("Sender"), SLICE_INIT("Reply-To"), SLICE_INIT("To"), SLICE_INIT("Cc"), SLICE_INIT("Subject"),
		SLICE_INIT("Date"), SLICE_INIT("MIME-Version"), SLICE_INIT("Content-Type"), SLICE_INIT("Content-Transfer-Encoding"),
	};
	for (size_t i = 0; i < sizeof once / sizeof once[0]; i++) {
		size_t covered = listed(h, once[i]), there = 0;
		for (size_t k = 0; k < m->field_count && covered > 0; k++)
			there += slice_eq_nocase(m->fields[k].name, once[i]);
		if (there > covered)
			return true;
	}
	return false;
}

static struct verdict apply_policy(const struct check *c, const struct dkim_policy *policy, unsigned bits, uint64_t beyond)
{
	unsigned least = policy != NULL && policy->rsa_bits_min > 0 ? policy->rsa_bits_min : MAIL_RSA_BITS_MIN;
	if (c->parsed.algorithm == MAIL_RSA_SHA256 && bits < least)
		return (struct verdict){DKIM_POLICY, "the key is shorter than the policy wants"};
	if (beyond > 0 && !(policy != NULL && policy->accept_beyond_length))
		return (struct verdict){DKIM_POLICY, "the body goes on behind l="};
	return (struct verdict){DKIM_PASS, ""};
}

static void report_signature(const struct check *c, struct arena *arena, struct dkim_signature *ret)
{
	const struct signature *s = &c->parsed;
	*ret = (struct dkim_signature){
		.domain = s->domain, .selector = s->selector, .identity = s->identity, .algorithm = tags_value(&s->tags, "a"),
		.b = slice_sub(tags_compact(arena, tags_value(&s->tags, "b")), 0, HEAD_OF_B), .aligned = c->aligned, .has_length = s->has_length,
		.signed_s = (int64_t)s->signed_s, .expires_s = (int64_t)s->expires_s, .field = c->field,
	};
}

static struct verdict conclude(const struct trust_message *m, struct check *c, const struct dkim_policy *policy, struct dkim_signature *ret)
{
	if (c->verdict.result != DKIM_NONE)
		return c->verdict;
	struct verdict v = check_body(c);
	int key = v.result == DKIM_NONE ? check_header(m, c) : -1;
	ret->bits = c->keys.bits[key < 0 ? 0 : key];
	ret->testing = c->keys.testing[key < 0 ? 0 : key];
	if (c->parsed.has_length && c->body->length > c->parsed.length)
		ret->beyond_length = c->body->length - c->parsed.length;
	if (v.result == DKIM_NONE && key < 0)
		v = (struct verdict){DKIM_FAIL, "the signature does not verify"};
	if (v.result == DKIM_NONE && field_was_added(m, c->parsed.h))
		return (struct verdict){DKIM_POLICY, "a signed field is there once more"};
	if (v.result == DKIM_NONE)
		return apply_policy(c, policy, ret->bits, ret->beyond_length);
	/* RFC 6376 3.6.1 t=y: a failure of somebody who only tries is as no signature. */
	return ret->testing && v.result == DKIM_FAIL ? (struct verdict){DKIM_NEUTRAL, v.reason} : v;
}

static void refuse_header(const struct trust_message *m, struct dkim_report *ret)
{
	for (size_t i = 0; i < m->field_count && ret->count == 0; i++)
		if (slice_eq_nocase(m->fields[i].name, FIELD_NAME))
			ret->signatures[ret->count++] =
				(struct dkim_signature){.result = DKIM_PERMERROR, .reason = "the header is too large", .field = i};
}

void dkim_verify(struct facts *facts, struct trust_message *message, const struct dkim_policy *policy, struct dkim_report *ret)
{
	*ret = (struct dkim_report){0};
	if (message->too_big) {
		refuse_header(message, ret);
		return;
	}
	struct check *checks = arena_alloc_array(facts->arena, DKIM_SIGNATURES_MAX, sizeof *checks);
	ret->count = choose(message, facts->arena, checks, &ret->skipped);
	for (size_t i = 0; i < ret->count; i++) {
		if (!prepare(facts, message, &checks[i]))
			ret->waiting = true;
		report_signature(&checks[i], facts->arena, &ret->signatures[i]);
		ret->signatures[i].result = checks[i].verdict.result;
		ret->signatures[i].reason = checks[i].verdict.reason;
	}
	if (ret->waiting)
		return;
	for (size_t i = 0; i < ret->count; i++)
		ask_body(facts, message, &checks[i]);
	message_hash_bodies(message);
	for (size_t i = 0; i < ret->count; i++) {
		struct verdict v = conclude(message, &checks[i], policy, &ret->signatures[i]);
		ret->signatures[i].result = v.result;
		ret->signatures[i].reason = v.reason;
		signature_keys_free(&checks[i].keys);
	}
}
