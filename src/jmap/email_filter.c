/* Evaluation of a filter: sets of emails go from condition to condition, the cheap ones first, texts last. */
#include "jmap/email_filter.h"

#include <string.h>

#include "base/list.h"
#include "base/memory.h"
#include "jmap/date.h"
#include "mime/text.h"

/* ---- what a condition may be ---- */

enum argument { ARG_MAILBOX, ARG_MAILBOXES, ARG_DATE, ARG_NUMBER, ARG_KEYWORD, ARG_BOOL, ARG_TEXT, ARG_HEADER };
enum cost { CHEAP, BY_DIGEST, BY_TEXT };
enum property {
	IN_MAILBOX, IN_OTHER_THAN, BEFORE, AFTER, MIN_SIZE, MAX_SIZE, ALL_IN_THREAD, SOME_IN_THREAD, NONE_IN_THREAD, HAS_KEYWORD, NOT_KEYWORD,
	HAS_ATTACHMENT, TEXT, FROM, TO, CC, BCC, SUBJECT, BODY, HEADER,
};
static const struct { const char *name; enum argument argument; enum cost cost; } properties[] = {
	[IN_MAILBOX] = {"inMailbox", ARG_MAILBOX, CHEAP}, [IN_OTHER_THAN] = {"inMailboxOtherThan", ARG_MAILBOXES, CHEAP},
	[BEFORE] = {"before", ARG_DATE, CHEAP}, [AFTER] = {"after", ARG_DATE, CHEAP}, [MIN_SIZE] = {"minSize", ARG_NUMBER, CHEAP},
	[MAX_SIZE] = {"maxSize", ARG_NUMBER, CHEAP}, [ALL_IN_THREAD] = {"allInThreadHaveKeyword", ARG_KEYWORD, CHEAP},
	[SOME_IN_THREAD] = {"someInThreadHaveKeyword", ARG_KEYWORD, CHEAP}, [NONE_IN_THREAD] = {"noneInThreadHaveKeyword", ARG_KEYWORD, CHEAP},
	[HAS_KEYWORD] = {"hasKeyword", ARG_KEYWORD, CHEAP}, [NOT_KEYWORD] = {"notKeyword", ARG_KEYWORD, CHEAP},
	[HAS_ATTACHMENT] = {"hasAttachment", ARG_BOOL, BY_DIGEST}, [TEXT] = {"text", ARG_TEXT, BY_TEXT}, [FROM] = {"from", ARG_TEXT, BY_TEXT},
	[TO] = {"to", ARG_TEXT, BY_TEXT}, [CC] = {"cc", ARG_TEXT, BY_TEXT}, [BCC] = {"bcc", ARG_TEXT, BY_TEXT},
	[SUBJECT] = {"subject", ARG_TEXT, BY_TEXT}, [BODY] = {"body", ARG_TEXT, BY_TEXT}, [HEADER] = {"header", ARG_HEADER, BY_TEXT},
};

static bool all_texts(const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		if (!json_is_string(one))
			return false;
	}
	return json_is_array(list);
}

static bool argument_good(enum argument argument, const json_t *value)
{
	int64_t date;

	switch (argument) {
	case ARG_MAILBOX:
	case ARG_TEXT:
	case ARG_KEYWORD:
		return json_is_string(value);
	case ARG_MAILBOXES:
		return all_texts(value);
	case ARG_DATE:
		return json_is_string(value) && jmap_date_parse(jmap_text(value), true, &date) == 0;
	case ARG_NUMBER:
		return json_is_integer(value) && json_integer_value(value) >= 0;
	case ARG_BOOL:
		return json_is_boolean(value);
	case ARG_HEADER:
		return all_texts(value) && (json_array_size(value) == 1 || json_array_size(value) == 2);
	}
	return false;
}

static size_t property_of(const char *name)
{
	size_t i = 0;

	while (i < ARRAY_LEN(properties) && strcmp(properties[i].name, name) != 0)
		i++;
	return i;
}

const char *jmap_email_condition_check(struct jmap_call *call, const json_t *condition)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)condition, name, value) {
		size_t i = property_of(name);

		if (i == ARRAY_LEN(properties))
			return "unsupportedFilter";
		if (!json_is_null(value) && !argument_good(properties[i].argument, value))
			return "invalidArguments";
	}
	return NULL;
}

const json_t *jmap_filter_mailbox(const json_t *filter)
{
	const json_t *ret = json_object_get(filter, "inMailbox"), *one;
	size_t i;

	if (json_is_string(ret) || !slice_eq(jmap_text(json_object_get(filter, "operator")), SLICE("AND")))
		return json_is_string(ret) ? ret : NULL;
	json_array_foreach(json_object_get(filter, "conditions"), i, one) {
		ret = jmap_filter_mailbox(one);
		if (ret != NULL)
			return ret;
	}
	return NULL;
}

bool jmap_filter_never(struct account *mail, const json_t *filter)
{
	static const char *const names[] = {"hasKeyword", "someInThreadHaveKeyword", "allInThreadHaveKeyword"};
	const json_t *one;
	struct flag_set ignored;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		one = json_object_get(filter, names[i]);
		if (json_is_string(one) && jmap_keyword_bits(mail, jmap_text(one), false, &ignored) == ERR_NOT_FOUND)
			return true;
	}
	if (!slice_eq(jmap_text(json_object_get(filter, "operator")), SLICE("AND")))
		return false;
	json_array_foreach(json_object_get(filter, "conditions"), i, one) {
		if (jmap_filter_never(mail, one))
			return true;
	}
	return false;
}

bool jmap_filter_has(const json_t *filter, const char *const *names)
{
	const json_t *one;
	size_t i;

	for (; names != NULL && *names != NULL; names++) {
		if (json_object_get(filter, *names) != NULL)
			return true;
		json_array_foreach(json_object_get(filter, "conditions"), i, one) {
			if (jmap_filter_has(one, (const char *const[]){*names, NULL}))
				return true;
		}
	}
	return false;
}

/* ---- texts that are looked for ---- */

static struct slice take_needle(struct slice *rest, struct arena *arena)
{
	struct buf word = BUF_INIT(65536);
	struct slice ret;
	uint8_t quote = 0;

	if (rest->p[0] == '"' || rest->p[0] == '\'') { /* without its partner it is a character like others */
		if (slice_find(slice_from(*rest, 1), rest->p[0]) >= 0)
			quote = rest->p[0];
		if (quote != 0)
			*rest = slice_from(*rest, 1);
	}
	for (; rest->n > 0; *rest = slice_from(*rest, 1)) {
		uint8_t c = rest->p[0];

		if (quote != 0 ? c == quote : c == ' ' || c == '\t' || c == '\n' || c == '\r')
			break;
		if (quote != 0 && c == '\\' && rest->n > 1) {
			*rest = slice_from(*rest, 1);
			c = rest->p[0];
		}
		buf_append_byte(&word, c);
	}
	*rest = slice_from(*rest, 1);
	ret = mime_fold_arena(buf_slice(&word), arena);
	ret = arena_dup(arena, ret);
	buf_free(&word);
	return ret;
}

size_t jmap_needles(struct slice text, struct arena *arena, struct slice needles[JMAP_NEEDLES_MAX])
{
	size_t count = 0;

	for (struct slice rest = slice_trim(text); rest.n > 0 && count < JMAP_NEEDLES_MAX; rest = slice_trim(rest)) {
		needles[count] = take_needle(&rest, arena);
		count += needles[count].n > 0;
	}
	return count;
}

/* ---- sets ---- */

static size_t words_of(const struct jmap_corpus *c)
{
	return (c->email_count + 63) / 64;
}

static struct jmap_bits bits_new(struct jmap_corpus *c)
{
	return (struct jmap_bits){arena_alloc_array(&c->scratch, words_of(c) + 1, sizeof(uint64_t))};
}

static void bit_set(struct jmap_bits *b, size_t i)
{
	b->words[i / 64] |= UINT64_C(1) << (i % 64);
}

static struct jmap_bits bits_without(struct jmap_corpus *c, const struct jmap_bits *a, const struct jmap_bits *b)
{
	struct jmap_bits ret = bits_new(c);

	for (size_t i = 0; i < words_of(c); i++)
		ret.words[i] = a->words[i] & ~b->words[i];
	return ret;
}

static void bits_add(const struct jmap_corpus *c, struct jmap_bits *to, const struct jmap_bits *from)
{
	for (size_t i = 0; i < words_of(c); i++)
		to->words[i] |= from->words[i];
}

static bool bits_any(const struct jmap_corpus *c, const struct jmap_bits *b)
{
	uint64_t any = 0;

	for (size_t i = 0; i < words_of(c); i++)
		any |= b->words[i];
	return any != 0;
}

/* ---- slices: the whole filter is gone through again in each, and what a leaf found before stands ---- */

static struct jmap_leaf *leaf_next(struct jmap_corpus *c)
{
	if (c->leaf_at == c->leaf_room) {
		c->leaf_room = c->leaf_room == 0 ? 16 : c->leaf_room * 2;
		c->leaves = memory_grow(c->leaves, c->leaf_room * sizeof *c->leaves);
	}
	if (c->leaf_at == c->leaf_count) {
		struct jmap_leaf *leaf = ARENA_NEW(c->arena, struct jmap_leaf);

		leaf->out = ARENA_NEW(c->arena, struct jmap_bits);
		leaf->out->words = arena_alloc_array(c->arena, words_of(c) + 1, sizeof(uint64_t));
		c->leaves[c->leaf_count++] = leaf;
	}
	return c->leaves[c->leaf_at++];
}

/* All emails were looked at, without digests. */
static struct jmap_bits leaf_cheap(struct jmap_corpus *c, struct jmap_leaf *leaf)
{
	leaf->done = true;
	(void)jmap_corpus_spend(c, c->email_count / JMAP_SLICE_CHEAP);
	return *leaf->out;
}

/* ---- cheap conditions ---- */

struct cheap {
	enum property property;
	int64_t number;
	struct flag_set flags;
	bool unknown;           /* a keyword that no email has */
};

static bool flags_have(struct flag_set flags, const struct cheap *x)
{
	return !x->unknown && (flags.system & x->flags.system) == x->flags.system && (flags.keywords & x->flags.keywords) == x->flags.keywords;
}

static bool cheap_holds(const struct jmap_corpus *c, const struct cheap *x, const struct jmap_corpus_email *e)
{
	switch (x->property) {
	case BEFORE:
		return e->received < x->number;
	case AFTER:
		return e->received >= x->number;
	case MIN_SIZE:
		return e->size >= (uint64_t)x->number;
	case MAX_SIZE:
		return e->size < (uint64_t)x->number;
	case HAS_KEYWORD:
		return flags_have(e->flags, x);
	case NOT_KEYWORD:
		return !flags_have(e->flags, x);
	case ALL_IN_THREAD:
		return flags_have(c->threads[e->thread].all, x);
	case SOME_IN_THREAD:
		return flags_have(c->threads[e->thread].any, x);
	case NONE_IN_THREAD:
		return !flags_have(c->threads[e->thread].any, x);
	case IN_MAILBOX: case IN_OTHER_THAN: case HAS_ATTACHMENT: case TEXT: case FROM: case TO: case CC: case BCC: case SUBJECT: case BODY: case HEADER:
		break;
	}
	return false;
}

static struct cheap cheap_make(struct jmap_corpus *c, enum property property, const json_t *value)
{
	struct cheap x = {.property = property, .number = json_integer_value(value)};

	if (properties[property].argument == ARG_DATE)
		(void)jmap_date_parse(jmap_text(value), true, &x.number);
	if (properties[property].argument == ARG_KEYWORD)
		x.unknown = jmap_keyword_bits(c->mail, jmap_text(value), false, &x.flags) < 0;
	if (property == ALL_IN_THREAD || property == SOME_IN_THREAD || property == NONE_IN_THREAD)
		jmap_corpus_threads(c);
	return x;
}

static struct jmap_bits run_cheap(struct jmap_corpus *c, enum property property, const json_t *value, const struct jmap_bits *in)
{
	struct jmap_leaf *leaf = leaf_next(c);
	struct cheap x;

	if (leaf->done)
		return *leaf->out;
	x = cheap_make(c, property, value);
	for (size_t i = 0; i < c->email_count; i++) {
		if (jmap_bit(in, i) && cheap_holds(c, &x, &c->emails[i]))
			bit_set(leaf->out, i);
	}
	return leaf_cheap(c, leaf);
}

static bool is_listed(const json_t *ids, const struct mailbox_ref *ref)
{
	uint8_t id[16];
	const json_t *one;
	size_t i;

	json_array_foreach(ids, i, one) {
		if (jmap_id_parse(jmap_text(one), 'F', id) && memcmp(id, ref->id, 16) == 0)
			return true;
	}
	return json_is_string(ids) && jmap_id_parse(jmap_text(ids), 'F', id) && memcmp(id, ref->id, 16) == 0;
}

static struct jmap_bits run_mailboxes(struct jmap_corpus *c, const json_t *ids, bool listed, const struct jmap_bits *in)
{
	struct jmap_leaf *leaf = leaf_next(c);

	for (size_t i = 0; !leaf->done && i < c->box_count; i++) {
		if (is_listed(ids, &c->boxes[i].ref) != listed)
			continue;
		for (size_t k = 0; k < c->boxes[i].count; k++) {
			if (jmap_bit(in, c->boxes[i].rows[k].email))
				bit_set(leaf->out, c->boxes[i].rows[k].email);
		}
	}
	return leaf->done ? *leaf->out : leaf_cheap(c, leaf);
}

/* ---- digests ---- */

struct attached {
	struct jmap_bits *out;
	bool wanted;
	struct arena scratch;
};

static void on_digest(void *arg, uint32_t email, struct slice digest)
{
	struct attached *a = arg;
	struct digest d;

	arena_reset(&a->scratch);
	if (digest_decode_envelope(digest, &a->scratch, &d) == 0 && d.has_attachment == a->wanted)
		bit_set(a->out, email);
}

static struct jmap_bits run_attachment(struct jmap_corpus *c, bool wanted, const struct jmap_bits *in)
{
	struct jmap_leaf *leaf = leaf_next(c);
	struct attached a = {.out = leaf->out, .wanted = wanted};

	if (!leaf->done)
		jmap_corpus_digests(c, in, leaf, on_digest, &a);
	arena_free(&a.scratch);
	return *leaf->out;
}

/* ---- texts ---- */

static void found_add(const struct jmap_corpus_box *box, const struct uid_set *found, struct jmap_bits *out)
{
	for (size_t k = 0, r = 0; k < box->count && r < found->count; k++) { /* both go upwards */
		while (r < found->count && found->ranges[r].last < box->rows[k].uid)
			r++;
		if (r < found->count && found->ranges[r].first <= box->rows[k].uid)
			bit_set(out, box->rows[k].email);
	}
}

static void search_rows(struct jmap_corpus *c, struct jmap_leaf *leaf, const struct search_words *what, const struct uid_set *uids)
{
	const struct jmap_corpus_box *box = &c->boxes[leaf->box];
	struct uid_set found = {0};

	c->error = c->mail->ops->search(c->mail, &box->ref, uids, what, &found, NULL);
	c->error = c->error == ERR_NOT_FOUND ? 0 : c->error;
	found_add(box, &found, leaf->out);
	uid_set_free(&found);
}

static struct jmap_bits search(struct jmap_corpus *c, const struct search_words *what, const struct jmap_bits *in)
{
	struct jmap_leaf *leaf = leaf_next(c);

	while (c->error == 0 && !c->busy && leaf->box < c->box_count) {
		struct uid_set uids = {0};

		if (jmap_corpus_next(c, in, leaf, &uids))
			search_rows(c, leaf, what, &uids);
		if (leaf->row == c->boxes[leaf->box].count) {
			leaf->box++;
			leaf->row = 0;
		}
		uid_set_free(&uids);
	}
	leaf->done = leaf->box == c->box_count;
	return *leaf->out;
}

static struct search_words words_for(enum property property)
{
	if (property == TEXT || property == BODY)
		return (struct search_words){.scope = property == TEXT ? SEARCH_LETTER : SEARCH_BODY};
	return (struct search_words){.scope = SEARCH_HEADER, .field = slice_str(properties[property].name)};
}

static struct jmap_bits run_text(struct jmap_corpus *c, enum property property, const json_t *value, struct jmap_bits in)
{
	struct slice needles[JMAP_NEEDLES_MAX];
	struct search_words what = words_for(property);

	what.needles = needles;
	if (property == HEADER) {
		what.field = mime_fold_arena(jmap_text(json_array_get(value, 0)), &c->scratch);
		needles[0] = mime_fold_arena(jmap_text(json_array_get(value, 1)), &c->scratch);
		what.count = 1;
	} else {
		what.count = jmap_needles(jmap_text(value), &c->scratch, needles);
	}
	return what.count > 0 ? search(c, &what, &in) : in;
}

/* ---- trees ---- */

static struct jmap_bits run_condition(struct jmap_corpus *c, const json_t *condition, struct jmap_bits in, enum cost cost)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)condition, name, value) {
		size_t i = property_of(name);

		if (c->busy || i == ARRAY_LEN(properties) || json_is_null(value) || properties[i].cost != cost)
			continue;
		if (i == IN_MAILBOX || i == IN_OTHER_THAN)
			in = run_mailboxes(c, value, i == IN_MAILBOX, &in);
		else if (cost == CHEAP)
			in = run_cheap(c, (enum property)i, value, &in);
		else if (cost == BY_DIGEST)
			in = run_attachment(c, json_is_true(value), &in);
		else
			in = run_text(c, (enum property)i, value, in);
	}
	return in;
}

static enum cost cost_of(const json_t *filter)
{
	enum cost highest = CHEAP;
	const json_t *one;
	const char *name;
	json_t *value;
	size_t i;

	json_array_foreach(json_object_get(filter, "conditions"), i, one)
		highest = cost_of(one) > highest ? cost_of(one) : highest;
	json_object_foreach((json_t *)(uintptr_t)filter, name, value) {
		i = property_of(name);
		if (i < ARRAY_LEN(properties) && properties[i].cost > highest)
			highest = properties[i].cost;
	}
	return highest;
}

static struct jmap_bits run_filter(struct jmap_corpus *c, const json_t *filter, struct jmap_bits in);

/* NOT: none of the conditions holds (RFC 8620 5.5). */
static struct jmap_bits run_operator(struct jmap_corpus *c, struct slice operator, const json_t *conditions, struct jmap_bits in)
{
	struct jmap_bits out = bits_new(c), rest = in, found;
	bool all = slice_eq(operator, SLICE("AND"));
	const json_t *one;
	size_t i;

	for (unsigned cost = CHEAP; cost <= BY_TEXT; cost++) {
		json_array_foreach(conditions, i, one) {
			if (c->busy || cost_of(one) != cost)
				continue;
			found = run_filter(c, one, rest);
			if (all) {
				rest = found;
				continue;
			}
			bits_add(c, &out, &found);
			rest = bits_without(c, &rest, &found);
		}
	}
	return all || slice_eq(operator, SLICE("NOT")) ? rest : out;
}

static struct jmap_bits run_filter(struct jmap_corpus *c, const json_t *filter, struct jmap_bits in)
{
	struct slice operator = jmap_text(json_object_get(filter, "operator"));

	if (c->error < 0 || c->busy || !bits_any(c, &in))
		return in;
	if (operator.n > 0)
		return run_operator(c, operator, json_object_get(filter, "conditions"), in);
	for (unsigned cost = CHEAP; cost <= BY_TEXT; cost++)
		in = run_condition(c, filter, in, (enum cost)cost);
	return in;
}

struct jmap_bits jmap_filter_run(struct jmap_corpus *c, const json_t *filter)
{
	struct jmap_bits all = bits_new(c), found, ret = {.words = NULL};

	for (size_t i = 0; i < c->email_count; i++)
		bit_set(&all, i);
	found = filter == NULL ? all : run_filter(c, filter, all);
	if (!c->busy && c->error == 0) {
		ret.words = arena_alloc_array(c->arena, words_of(c) + 1, sizeof(uint64_t));
		memcpy(ret.words, found.words, words_of(c) * sizeof(uint64_t));
	}
	return ret;
}
