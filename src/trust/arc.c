#include "trust/arc.h"

#include <string.h>

#include "trust/signature.h"

#define NO_FIELD SIZE_MAX
#define INSTANCE_TEXT_MAX 64 /* bytes before the ";" of an ARC-Authentication-Results */

enum part { PART_RESULTS, PART_SIGNATURE, PART_SEAL, PART_COUNT };

static const char *const part_names[PART_COUNT] = {"ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"};

struct link {
	size_t field[PART_COUNT];
	struct signature ams, as;
	struct verdict ams_verdict, as_verdict;
	struct signature_keys ams_keys, as_keys;
	struct body_variant *body;
};

struct chain {
	struct facts *facts;
	struct trust_message *m;
	struct link *links;       /* ARC_SETS_MAX; number 0 is instance 1 */
	struct arc_report *report;
};

const char *arc_result_name(enum arc_result result)
{
	static const char *const names[] = {[ARC_NONE] = "none", [ARC_PASS] = "pass", [ARC_FAIL] = "fail"};
	return names[result];
}

static bool fail(struct chain *c, const char *reason)
{
	c->report->result = ARC_FAIL;
	if (c->report->reason[0] == 0)
		c->report->reason = reason;
	return false;
}

/* ---- structure (RFC 8617 5.2 steps 1 to 3) ---- */

/* "i=1; authserv-id; …": the instance comes first (4.1.1). */
static unsigned results_instance(struct slice value, struct slice *ret_rest)
{
	ptrdiff_t end = slice_find(slice_sub(value, 0, INSTANCE_TEXT_MAX), ';');
	if (end < 0)
		return 0;
	struct slice tag = slice_sub(value, 0, (size_t)end);
	ptrdiff_t eq = slice_find(tag, '=');
	if (eq < 0 || !slice_eq(slice_trim(slice_sub(tag, 0, (size_t)eq)), SLICE("i")))
		return 0;
	*ret_rest = slice_trim(slice_from(value, (size_t)end + 1));
	return signature_instance(slice_trim(slice_from(tag, (size_t)eq + 1)));
}

static unsigned tagged_instance(struct slice value)
{
	struct tag_list tags;
	return tags_parse(value, &tags) ? signature_instance(tags_value(&tags, "i")) : 0;
}

unsigned arc_field_instance(struct slice value)
{
	struct slice rest;
	unsigned instance = results_instance(value, &rest);
	return instance > 0 ? instance : tagged_instance(value);
}

static bool take_field(struct chain *c, size_t field, enum part part)
{
	struct slice value = c->m->fields[field].value, rest;
	unsigned instance = value.n > TAGS_BYTES_MAX ? 0 : part == PART_RESULTS ? results_instance(value, &rest) : tagged_instance(value);
	if (instance == 0)
		return fail(c, "a field of the chain has no instance");
	if (c->links[instance - 1].field[part] != NO_FIELD)
		return fail(c, "an instance is there twice");
	c->links[instance - 1].field[part] = field;
	if (instance > c->report->count)
		c->report->count = instance;
	return true;
}

static bool collect(struct chain *c)
{
	bool ok = true;
	for (size_t i = 0; i < ARC_SETS_MAX; i++)
		for (size_t part = 0; part < PART_COUNT; part++)
			c->links[i].field[part] = NO_FIELD;
	for (size_t i = 0; i < c->m->field_count; i++)
		for (size_t part = 0; part < PART_COUNT; part++)
			if (slice_eq_nocase(c->m->fields[i].name, slice_str(part_names[part])))
				ok = take_field(c, i, (enum part)part) && ok;
	return ok;
}

static bool check_complete(struct chain *c)
{
	for (size_t i = 0; i < c->report->count; i++)
		for (size_t part = 0; part < PART_COUNT; part++)
			if (c->links[i].field[part] == NO_FIELD)
				return fail(c, "a set of the chain is not complete");
	return true;
}

/* ---- what the fields say ---- */

static void describe(struct chain *c, size_t i)
{
	struct link *l = &c->links[i];
	struct arc_set *set = &c->report->sets[i];
	set->domain = l->as.domain;
	set->selector = l->as.selector;
	set->signature_domain = l->ams.domain;
	set->sealed_s = (int64_t)l->as.signed_s;
	(void)results_instance(c->m->fields[l->field[PART_RESULTS]].value, &set->results);
}

static bool cv_fits(const struct link *l, size_t i)
{
	return slice_eq(l->as.cv, i == 0 ? SLICE("none") : SLICE("pass"));
}

static bool parse(struct chain *c)
{
	struct arena *arena = c->facts->arena;
	size_t n = c->report->count;
	c->report->sets = arena_alloc_array(arena, n, sizeof *c->report->sets);
	for (size_t i = 0; i < n; i++) {
		struct link *l = &c->links[i];
		l->ams_verdict = signature_parse(c->m->fields[l->field[PART_SIGNATURE]].value, SIGNATURE_AMS, arena, &l->ams);
		l->as_verdict = signature_parse(c->m->fields[l->field[PART_SEAL]].value, SIGNATURE_AS, arena, &l->as);
		describe(c, i);
	}
	c->report->sealed_fail = slice_eq(c->links[n - 1].as.cv, SLICE("fail"));
	for (size_t i = 0; i < n; i++) {
		if (c->links[i].as_verdict.result != DKIM_NONE)
			return fail(c, c->links[i].as_verdict.reason);
		if (!cv_fits(&c->links[i], i))
			return fail(c, "a seal says that the chain failed before, or the wrong cv=");
	}
	return c->links[n - 1].ams_verdict.result == DKIM_NONE || fail(c, c->links[n - 1].ams_verdict.reason);
}

/* All keys at once. False: some are wanted. */
static bool ask(struct chain *c)
{
	bool there = true;
	for (size_t i = 0; i < c->report->count; i++) {
		struct link *l = &c->links[i];
		there = signature_ask(c->facts, &l->as) && there;
		if (l->ams_verdict.result == DKIM_NONE)
			there = signature_ask(c->facts, &l->ams) && there;
	}
	return there;
}

/* ---- verification (RFC 8617 5.2 steps 4 to 6) ---- */

static void get_keys(struct chain *c)
{
	for (size_t i = 0; i < c->report->count; i++) {
		struct link *l = &c->links[i];
		l->as_verdict = signature_keys_get(c->facts, &l->as, &l->as_keys);
		if (l->ams_verdict.result == DKIM_NONE)
			l->ams_verdict = signature_keys_get(c->facts, &l->ams, &l->ams_keys);
	}
	/* The newest first, so that it is not the one without a place. */
	for (size_t i = c->report->count; i-- > 0;)
		if (c->links[i].ams_verdict.result == DKIM_NONE) {
			c->links[i].body = message_want_body(c->m, c->links[i].ams.body_relaxed, c->links[i].ams.length);
			if (c->links[i].body == NULL)
				c->links[i].ams_verdict = (struct verdict){DKIM_POLICY, "too many kinds of signatures"};
		}
}

/* A body that goes on behind l= is not what that host vouches for. */
static struct verdict check_signature(struct chain *c, const struct link *l)
{
	size_t field = l->field[PART_SIGNATURE];
	if (l->ams_verdict.result != DKIM_NONE)
		return l->ams_verdict;
	if (l->ams.has_length && l->ams.length != l->body->length)
		return (struct verdict){DKIM_FAIL, "the body goes on behind l="};
	if (memcmp(l->body->digest, l->ams.body_hash, sizeof l->body->digest) != 0)
		return (struct verdict){DKIM_FAIL, "the body was changed behind the newest set"};
	struct buf bytes = BUF_INIT(c->m->header.n * 2 + 1024);
	message_canonical_fields(c->m, l->ams.h, field, l->ams.header_relaxed, &bytes);
	message_canonical_signature(&c->m->fields[field], l->ams.b_raw, l->ams.header_relaxed, &bytes);
	bool ok = !bytes.failed && signature_check(&l->ams, &l->ams_keys, buf_slice(&bytes)) >= 0;
	buf_free(&bytes);
	return ok ? (struct verdict){DKIM_PASS, ""} : (struct verdict){DKIM_FAIL, "the newest message signature does not verify"};
}

/* The newest decides; of the older ones the report tells how far back the message is unchanged. */
static bool check_signatures(struct chain *c)
{
	size_t n = c->report->count;
	c->report->oldest_pass = (unsigned)n;
	for (size_t i = n; i-- > 0;) {
		struct verdict v = check_signature(c, &c->links[i]);
		c->report->sets[i].signature_valid = v.result == DKIM_PASS;
		if (i == n - 1 && v.result != DKIM_PASS) {
			c->report->temporary = v.result == DKIM_TEMPERROR;
			return fail(c, v.reason);
		}
		if (v.result != DKIM_PASS)
			return true;
		c->report->oldest_pass = i == 0 ? 0 : (unsigned)i + 1;
	}
	return true;
}

/* Each seal covers all sets up to its own (RFC 8617 5.1.1), so the bytes of one are the beginning of the next. */
static bool check_seals(struct chain *c)
{
	struct buf bytes = BUF_INIT(c->m->header.n * 2 + 1024);
	bool ok = true;
	for (size_t i = 0; i < c->report->count && ok; i++) {
		const struct link *l = &c->links[i];
		const struct mime_field *seal = &c->m->fields[l->field[PART_SEAL]];
		message_canonical_field(&c->m->fields[l->field[PART_RESULTS]], true, &bytes);
		message_canonical_field(&c->m->fields[l->field[PART_SIGNATURE]], true, &bytes);
		size_t mark = buf_len(&bytes);
		message_canonical_signature(seal, l->as.b_raw, true, &bytes);
		ok = l->as_verdict.result == DKIM_NONE;
		if (!ok) {
			c->report->temporary = l->as_verdict.result == DKIM_TEMPERROR;
			fail(c, l->as_verdict.reason);
		} else if (bytes.failed || signature_check(&l->as, &l->as_keys, buf_slice(&bytes)) < 0) {
			ok = fail(c, "a seal does not verify");
		}
		buf_truncate(&bytes, mark);
		message_canonical_field(seal, true, &bytes);
	}
	buf_free(&bytes);
	return ok;
}

static void free_keys(struct chain *c)
{
	for (size_t i = 0; i < c->report->count; i++) {
		signature_keys_free(&c->links[i].ams_keys);
		signature_keys_free(&c->links[i].as_keys);
	}
}

static bool has_chain(const struct trust_message *m)
{
	for (size_t i = 0; i < m->field_count; i++)
		if (slice_starts_nocase(m->fields[i].name, SLICE("arc-")))
			for (size_t part = 0; part < PART_COUNT; part++)
				if (slice_eq_nocase(m->fields[i].name, slice_str(part_names[part])))
					return true;
	return false;
}

void arc_verify(struct facts *facts, struct trust_message *message, struct arc_report *ret)
{
	struct chain c = {.facts = facts, .m = message, .report = ret};
	*ret = (struct arc_report){.reason = ""};
	if (message->too_big) {
		fail(&c, "the header is too large");
		return;
	}
	if (!has_chain(message))
		return;
	c.links = arena_alloc_array(facts->arena, ARC_SETS_MAX, sizeof *c.links);
	if (!collect(&c) || !check_complete(&c) || !parse(&c))
		return;
	if (!ask(&c)) {
		ret->waiting = true;
		return;
	}
	get_keys(&c);
	message_hash_bodies(message);
	if (check_signatures(&c) && check_seals(&c))
		ret->result = ARC_PASS;
	free_keys(&c);
}
