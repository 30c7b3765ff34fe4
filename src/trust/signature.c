#include "trust/signature.h"

#include <string.h>

#include "base/ascii.h"
#include "crypt/hash.h"
#include "trust/dkim_key.h"
#include "trust/idn.h"

#define INSTANCE_MAX 50
#define LABEL_MAX 63

struct reading {
	struct signature *s;
	struct arena *arena;
	enum signature_kind kind;
	struct slice raw_identity;
};

static struct verdict permerror(const char *reason)
{
	return (struct verdict){DKIM_PERMERROR, reason};
}

static struct verdict neutral(const char *reason)
{
	return (struct verdict){DKIM_NEUTRAL, reason};
}

/* Labels of letters, digits, hyphen and underscore; UTF-8 is judged by IDNA. */
static bool is_name(struct slice name, size_t labels_min)
{
	size_t label = 0, labels = 1;
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];
		if (c == '.') {
			if (label == 0)
				return false;
			labels++;
			label = 0;
			continue;
		}
		if (!(ascii_is_alnum(c) || c == '-' || c == '_' || c >= 0x80) || (++label > LABEL_MAX && c < 0x80))
			return false;
	}
	return label > 0 && labels >= labels_min;
}

static bool read_number(struct slice value, size_t digits_max, uint64_t *ret)
{
	return value.n <= digits_max && slice_to_u64(value, ret) == 0;
}

/* ---- one function per tag; each sees a value that is there ---- */

static struct verdict read_version(struct reading *r, struct slice value)
{
	return slice_eq(value, SLICE("1")) ? VERDICT_NONE : permerror("unknown version of signature");
}

static struct verdict read_algorithm(struct reading *r, struct slice value)
{
	if (slice_eq_nocase(value, SLICE("rsa-sha1")))
		return permerror("SHA-1 is not accepted");
	return mail_algorithm_find(value, &r->s->algorithm) ? VERDICT_NONE : neutral("unknown algorithm");
}

static struct verdict read_b(struct reading *r, struct slice value)
{
	struct buf out = BUF_INIT(MAIL_SIGNATURE_MAX);
	bool ok = tags_base64(value, &out);
	if (ok)
		r->s->b = arena_dup(r->arena, buf_slice(&out));
	buf_free(&out);
	r->s->b_raw = tags_find(&r->s->tags, "b")->raw;
	return ok ? VERDICT_NONE : permerror("the signature is not base64");
}

static struct verdict read_body_hash(struct reading *r, struct slice value)
{
	struct buf out = BUF_INIT(sizeof r->s->body_hash);
	bool ok = tags_base64(value, &out) && buf_len(&out) == sizeof r->s->body_hash;
	if (ok)
		memcpy(r->s->body_hash, buf_slice(&out).p, sizeof r->s->body_hash);
	buf_free(&out);
	return ok ? VERDICT_NONE : permerror("bh= is not a SHA-256 hash");
}

static bool read_canonicalization(struct slice name, bool *ret_relaxed)
{
	*ret_relaxed = slice_eq_nocase(name, SLICE("relaxed"));
	return *ret_relaxed || slice_eq_nocase(name, SLICE("simple"));
}

static struct verdict read_c(struct reading *r, struct slice value)
{
	ptrdiff_t slash = slice_find(value, '/');
	struct slice header = slice_sub(value, 0, slash < 0 ? value.n : (size_t)slash);
	if (!read_canonicalization(header, &r->s->header_relaxed))
		return neutral("unknown canonicalization");
	r->s->body_relaxed = false;
	if (slash >= 0 && !read_canonicalization(slice_from(value, (size_t)slash + 1), &r->s->body_relaxed))
		return neutral("unknown canonicalization");
	return VERDICT_NONE;
}

static struct verdict read_domain(struct reading *r, struct slice value)
{
	struct slice ascii;
	if (value.n > FACTS_NAME_MAX || !is_name(value, 2) || !trust_domain_ascii(r->arena, value, &ascii))
		return permerror("d= is not a domain");
	r->s->domain = ascii_dup_lower(r->arena, value);
	return VERDICT_NONE;
}

static struct verdict read_selector(struct reading *r, struct slice value)
{
	if (value.n > FACTS_NAME_MAX || !is_name(value, 1))
		return permerror("s= is not a selector");
	r->s->selector = ascii_dup_lower(r->arena, value);
	return VERDICT_NONE;
}

static bool signs_from(struct slice h, bool *ret_valid)
{
	struct slice name;
	size_t count = 0;
	bool from = false;
	*ret_valid = h.n > 0 && h.p[h.n - 1] != ':';
	while (tags_item_next(&h, ':', &name)) {
		from = from || slice_eq_nocase(name, SLICE("from"));
		*ret_valid = *ret_valid && name.n > 0;
		count++;
	}
	*ret_valid = *ret_valid && count <= DKIM_NAMES_MAX;
	return from;
}

static struct verdict read_h(struct reading *r, struct slice value)
{
	bool valid, from = signs_from(value, &valid);
	r->s->h = value;
	switch (r->kind) {
	case SIGNATURE_AS:
		return permerror("an ARC-Seal has no h=");
	case SIGNATURE_AMS:
		/* RFC 8617 4.1.2 leaves From free; an ARC-Seal is never signed. */
		return tags_list_has(value, SLICE("arc-seal")) ? permerror("h= names ARC-Seal") : VERDICT_NONE;
	case SIGNATURE_DKIM:
		break;
	}
	if (!valid)
		return permerror("h= is malformed");
	return from ? VERDICT_NONE : permerror("From is not signed");
}

static struct verdict read_identity(struct reading *r, struct slice value)
{
	if (r->kind == SIGNATURE_DKIM) {
		r->raw_identity = value;
		return VERDICT_NONE;
	}
	r->s->instance = signature_instance(value);
	return r->s->instance > 0 ? VERDICT_NONE : permerror("i= is not an instance");
}

static struct verdict read_length(struct reading *r, struct slice value)
{
	/* Up to 76 digits: what does not fit is more than any body. */
	for (size_t i = 0; i < value.n; i++)
		if (!ascii_is_digit(value.p[i]))
			return permerror("l= is not a number");
	if (value.n == 0 || value.n > 76)
		return permerror("l= is not a number");
	r->s->has_length = true;
	if (slice_to_u64(value, &r->s->length) < 0 || r->s->length == MESSAGE_NO_LIMIT)
		r->s->length = MESSAGE_NO_LIMIT - 1;
	return VERDICT_NONE;
}

static struct verdict read_query(struct reading *r, struct slice value)
{
	return tags_list_has(value, SLICE("dns/txt")) ? VERDICT_NONE : neutral("unknown way to ask for the key");
}

static struct verdict read_signed(struct reading *r, struct slice value)
{
	return read_number(value, 12, &r->s->signed_s) ? VERDICT_NONE : permerror("t= is not a time");
}

static struct verdict read_expires(struct reading *r, struct slice value)
{
	return read_number(value, 12, &r->s->expires_s) ? VERDICT_NONE : permerror("x= is not a time");
}

static struct verdict read_cv(struct reading *r, struct slice value)
{
	r->s->cv = value;
	return VERDICT_NONE;
}

#define ALL (SIGNATURE_DKIM | SIGNATURE_AMS | SIGNATURE_AS)

static const struct tag_rule {
	const char *name;
	unsigned required, read_for;
	struct verdict (*read)(struct reading *r, struct slice value);
	const char *missing;
} rules[] = {
	{"v", SIGNATURE_DKIM, SIGNATURE_DKIM, read_version, "v= is missing"},
	{"d", ALL, ALL, read_domain, "d= is missing"},
	{"s", ALL, ALL, read_selector, "s= is missing"},
	{"a", ALL, ALL, read_algorithm, "a= is missing"},
	{"b", ALL, ALL, read_b, "b= is missing"},
	{"bh", SIGNATURE_DKIM | SIGNATURE_AMS, SIGNATURE_DKIM | SIGNATURE_AMS, read_body_hash, "bh= is missing"},
	{"h", SIGNATURE_DKIM | SIGNATURE_AMS, ALL, read_h, "h= is missing"},
	{"c", 0, SIGNATURE_DKIM | SIGNATURE_AMS, read_c, NULL},
	{"i", SIGNATURE_AMS | SIGNATURE_AS, ALL, read_identity, "i= is missing"},
	{"l", 0, SIGNATURE_DKIM | SIGNATURE_AMS, read_length, NULL},
	{"q", 0, SIGNATURE_DKIM | SIGNATURE_AMS, read_query, NULL},
	{"t", 0, ALL, read_signed, NULL},
	{"x", 0, SIGNATURE_DKIM | SIGNATURE_AMS, read_expires, NULL},
	{"cv", SIGNATURE_AS, SIGNATURE_AS, read_cv, "cv= is missing"},
};

static struct verdict read_tags(struct reading *r)
{
	struct verdict first = VERDICT_NONE;
	/* All are read, so that a report names domain and selector of a bad signature; the first mistake is the verdict. */
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		const struct tag *tag = tags_find(&r->s->tags, rules[i].name);
		struct verdict v = VERDICT_NONE;
		if (tag == NULL && (rules[i].required & r->kind) != 0)
			v = permerror(rules[i].missing);
		else if (tag != NULL && (rules[i].read_for & r->kind) != 0)
			v = rules[i].read(r, tag->value);
		if (first.result == DKIM_NONE)
			first = v;
	}
	return first;
}

/* RFC 6376 3.5 i=: the domain is d= or below it. */
static struct verdict check_identity(struct reading *r)
{
	struct signature *s = r->s;
	struct slice domain, top;
	if (r->raw_identity.n == 0) {
		s->identity = arena_printf(r->arena, "@%.*s", SLICE_ARG(s->domain));
		return VERDICT_NONE;
	}
	s->identity = tags_compact(r->arena, r->raw_identity);
	ptrdiff_t at = slice_rfind(s->identity, '@');
	if (at < 0 || !trust_domain_ascii(r->arena, slice_from(s->identity, (size_t)at + 1), &domain) ||
	    !trust_domain_ascii(r->arena, s->domain, &top))
		return permerror("i= is malformed");
	s->identity_below = !slice_eq(domain, top);
	if (!trust_domain_within(domain, top))
		return permerror("i= is not within d=");
	return VERDICT_NONE;
}

static struct verdict make_key_name(struct reading *r)
{
	struct slice selector, domain;
	if (!trust_domain_ascii(r->arena, r->s->selector, &selector) || !trust_domain_ascii(r->arena, r->s->domain, &domain))
		return permerror("the key has no name in DNS");
	r->s->key_name = arena_printf(r->arena, "%.*s._domainkey.%.*s", SLICE_ARG(selector), SLICE_ARG(domain));
	return VERDICT_NONE;
}

struct verdict signature_parse(struct slice value, enum signature_kind kind, struct arena *arena, struct signature *ret)
{
	struct reading r = {.s = ret, .arena = arena, .kind = kind};
	memset(ret, 0, sizeof *ret);
	ret->length = MESSAGE_NO_LIMIT;
	/* A seal is relaxed by definition; RFC 8617 names no default for the message signature, and what is in use is relaxed. */
	ret->header_relaxed = ret->body_relaxed = kind != SIGNATURE_DKIM;
	if (value.n > DKIM_FIELD_BYTES_MAX)
		return permerror("the signature is too long");
	if (!tags_parse(value, &ret->tags))
		return permerror("the signature is malformed");
	struct verdict v = read_tags(&r);
	if (v.result == DKIM_NONE && kind == SIGNATURE_DKIM)
		v = check_identity(&r);
	if (v.result == DKIM_NONE && ret->expires_s != 0 && ret->expires_s <= ret->signed_s)
		v = permerror("x= is not after t=");
	return v.result == DKIM_NONE ? make_key_name(&r) : v;
}

unsigned signature_instance(struct slice text)
{
	uint32_t n;
	if (text.n == 0 || text.n > 2 || slice_to_u32(text, &n) < 0 || n > INSTANCE_MAX)
		return 0;
	return n;
}

/* ---- keys ---- */

bool signature_ask(struct facts *facts, const struct signature *s)
{
	return facts_dns(facts, s->key_name, DNS_TXT)->status != DNS_WANTED;
}

static struct verdict take_key(struct slice rdata, const struct signature *s, struct arena *arena, struct signature_keys *keys)
{
	struct slice text;
	struct dkim_key key;
	struct mail_public *public;
	unsigned bits;
	if (!dns_txt_join(arena, rdata, &text))
		return permerror("the key record is malformed");
	struct verdict v = dkim_key_parse(text, arena, &key);
	if (v.result != DKIM_NONE)
		return v;
	if (key.algorithm != s->algorithm)
		return permerror("the key is of another type than the signature");
	if (key.strict && s->identity_below)
		return permerror("the key does not allow i= below d=");
	if (mail_public_load(key.algorithm, key.public_key, &public, &bits, NULL) < 0)
		return permerror("the key is damaged or too large");
	keys->keys[keys->count] = public;
	keys->bits[keys->count] = bits;
	keys->testing[keys->count++] = key.testing;
	return VERDICT_NONE;
}

/* The first key of sufficient size is there, or the reason against the last one. */
static struct verdict take_keys(struct slice records, const struct signature *s, struct arena *arena, struct signature_keys *keys)
{
	struct verdict v = permerror("there is no key"), short_key = permerror("the key is too short");
	struct slice rdata;
	for (size_t i = 0; i < DKIM_KEYS_MAX && dns_record_next(&records, &rdata); i++) {
		struct verdict one = take_key(rdata, s, arena, keys);
		if (one.result != DKIM_NONE)
			v = one;
	}
	for (size_t i = 0; i < keys->count; i++)
		if (s->algorithm != MAIL_RSA_SHA256 || keys->bits[i] >= MAIL_RSA_BITS_MIN)
			return VERDICT_NONE;
	return keys->count > 0 ? short_key : v;
}

struct verdict signature_keys_get(struct facts *facts, const struct signature *s, struct signature_keys *ret)
{
	const struct dns_answer *answer = facts_dns(facts, s->key_name, DNS_TXT);
	*ret = (struct signature_keys){0};
	switch (answer->status) {
	case DNS_WANTED:
	case DNS_FAILED:
		return (struct verdict){DKIM_TEMPERROR, "the key is not available now"};
	case DNS_BOGUS:
		return (struct verdict){DKIM_TEMPERROR, "the key does not validate under DNSSEC"};
	case DNS_NODATA:
	case DNS_NXDOMAIN:
		return permerror("there is no key");
	case DNS_FOUND:
		break;
	}
	return take_keys(answer->records, s, facts->arena, ret);
}

void signature_keys_free(struct signature_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		mail_public_free(&keys->keys[i]);
	keys->count = 0;
}

int signature_check(const struct signature *s, const struct signature_keys *keys, struct slice signed_bytes)
{
	uint8_t digest[HASH_SIZE];
	hash_sha256(signed_bytes, digest);
	for (size_t i = 0; i < keys->count; i++)
		if ((s->algorithm != MAIL_RSA_SHA256 || keys->bits[i] >= MAIL_RSA_BITS_MIN) && mail_public_verify(keys->keys[i], digest, s->b))
			return (int)i;
	return -1;
}
