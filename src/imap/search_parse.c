/* Search keys to a tree: RFC 9051 6.4.4, RFC 3501 6.4.4, RFC 5032, RFC 7162 3.1.5, RFC 8474 4.3, RFC 8514 4.4. */
#include <string.h>
#include "base/codec.h"
#include "base/ensure.h"
#include "base/utf8.h"
#include "imap/search.h"
#include "mime/text.h"

enum argument {
	ARG_NONE, ARG_FLAG /* no argument; number is the flag */, ARG_NOT_FLAG, ARG_DATE, ARG_NUMBER, ARG_SECONDS, ARG_STRING, ARG_FIELD /* string in a
	fixed field */, ARG_HEADER, ARG_KEYWORD, ARG_NOT_KEYWORD, ARG_UID, ARG_MODSEQ, ARG_ID, ARG_NOT, ARG_OR,
};

static const struct key {
	const char *name;
	enum argument argument;
	enum search_op op;
	uint32_t number;
	const char *field;
} keys[] = {
	{"ALL", ARG_NONE, OP_ALL, 0, NULL},
	{"ANSWERED", ARG_FLAG, OP_FLAG, FLAG_ANSWERED, NULL},
	{"BCC", ARG_FIELD, OP_HEADER, 0, "bcc"},
	{"BEFORE", ARG_DATE, OP_BEFORE, 0, NULL},
	{"BODY", ARG_STRING, OP_BODY, 0, NULL},
	{"CC", ARG_FIELD, OP_HEADER, 0, "cc"},
	{"DELETED", ARG_FLAG, OP_FLAG, FLAG_DELETED, NULL},
	{"DRAFT", ARG_FLAG, OP_FLAG, FLAG_DRAFT, NULL},
	{"EMAILID", ARG_ID, OP_EMAILID, 'M', NULL},
	{"FLAGGED", ARG_FLAG, OP_FLAG, FLAG_FLAGGED, NULL},
	{"FROM", ARG_FIELD, OP_HEADER, 0, "from"},
	{"HEADER", ARG_HEADER, OP_HEADER, 0, NULL},
	{"KEYWORD", ARG_KEYWORD, OP_KEYWORD, 0, NULL},
	{"LARGER", ARG_NUMBER, OP_LARGER, 0, NULL},
	{"MODSEQ", ARG_MODSEQ, OP_MODSEQ, 0, NULL},
	{"NEW", ARG_NONE, OP_NONE, 0, NULL}, /* no message is \Recent */
	{"NOT", ARG_NOT, OP_NOT, 0, NULL},
	{"OLD", ARG_NONE, OP_ALL, 0, NULL},
	{"OLDER", ARG_SECONDS, OP_OLDER, 0, NULL},
	{"ON", ARG_DATE, OP_ON, 0, NULL},
	{"OR", ARG_OR, OP_OR, 0, NULL},
	{"RECENT", ARG_NONE, OP_NONE, 0, NULL},
	{"SAVEDBEFORE", ARG_DATE, OP_SAVED_BEFORE, 0, NULL},
	{"SAVEDATESUPPORTED", ARG_NONE, OP_ALL, 0, NULL},
	{"SAVEDON", ARG_DATE, OP_SAVED_ON, 0, NULL},
	{"SAVEDSINCE", ARG_DATE, OP_SAVED_SINCE, 0, NULL},
	{"SEEN", ARG_FLAG, OP_FLAG, FLAG_SEEN, NULL},
	{"SENTBEFORE", ARG_DATE, OP_SENT_BEFORE, 0, NULL},
	{"SENTON", ARG_DATE, OP_SENT_ON, 0, NULL},
	{"SENTSINCE", ARG_DATE, OP_SENT_SINCE, 0, NULL},
	{"SINCE", ARG_DATE, OP_SINCE, 0, NULL},
	{"SMALLER", ARG_NUMBER, OP_SMALLER, 0, NULL},
	{"SUBJECT", ARG_FIELD, OP_HEADER, 0, "subject"},
	{"TEXT", ARG_STRING, OP_TEXT, 0, NULL},
	{"THREADID", ARG_ID, OP_THREADID, 'T', NULL},
	{"TO", ARG_FIELD, OP_HEADER, 0, "to"},
	{"UID", ARG_UID, OP_SET, 0, NULL},
	{"UNANSWERED", ARG_NOT_FLAG, OP_FLAG, FLAG_ANSWERED, NULL},
	{"UNDELETED", ARG_NOT_FLAG, OP_FLAG, FLAG_DELETED, NULL},
	{"UNDRAFT", ARG_NOT_FLAG, OP_FLAG, FLAG_DRAFT, NULL},
	{"UNFLAGGED", ARG_NOT_FLAG, OP_FLAG, FLAG_FLAGGED, NULL},
	{"UNKEYWORD", ARG_NOT_KEYWORD, OP_KEYWORD, 0, NULL},
	{"UNSEEN", ARG_NOT_FLAG, OP_FLAG, FLAG_SEEN, NULL},
	{"YOUNGER", ARG_SECONDS, OP_YOUNGER, 0, NULL},
};

struct compiler {
	struct imap_session *session;
	struct imap_parser *p;
	struct search_program *program;
	unsigned depth;
};

static bool parse_key(struct compiler *c, struct search_node **ret);

static enum search_cost cost_of(enum search_op op)
{
	return op >= OP_TEXT ? COST_TEXT : op >= OP_SENT_BEFORE ? COST_DIGEST : COST_ROW;
}

static struct search_node *new_node(struct compiler *c, enum search_op op)
{
	struct search_node *node = ARENA_NEW(c->p->arena, struct search_node);

	node->op = op;
	node->cost = cost_of(op);
	return node;
}

static struct search_node *negate(struct compiler *c, struct search_node *child)
{
	struct search_node *node = new_node(c, OP_NOT);

	node->children = child;
	node->cost = child->cost;
	return node;
}

static bool fold_needle(struct compiler *c, struct slice text, struct slice *ret)
{
	if (!utf8_valid(text))
		return imap_parse_fail(c->p, "Search text is not UTF-8");
	*ret = mime_fold_arena(text, c->p->arena);
	return true;
}

static bool parse_needle(struct compiler *c, struct search_node *node)
{
	struct slice text;

	if (++c->program->text_keys > SEARCH_TEXT_KEYS_MAX)
		return imap_parse_fail(c->p, "Too many texts to search for");
	return imap_parse_space(c->p) && imap_parse_astring(c->p, &text) && fold_needle(c, text, &node->needle);
}

static bool parse_keyword(struct compiler *c, struct search_node *node)
{
	struct imap_session *s = c->session;
	struct slice name;
	unsigned index;

	if (!imap_parse_space(c->p) || !imap_parse_flag(c->p, &name))
		return false;
	if (name.p[0] == '\\')
		return imap_parse_fail(c->p, "Expected a keyword");
	if (s->account->ops->keyword(s->account, name, false, &index, NULL) == 0)
		node->number = UINT64_C(1) << index;
	else
		node->op = OP_NONE;
	return true;
}

/* MODSEQ [entry-name entry-type] number; the entry says which flag changed, which we do not keep apart (RFC 7162 3.1.5 permits it). */
static bool parse_modseq(struct compiler *c, struct search_node *node)
{
	struct slice name;

	c->session->enabled |= ENABLED_CONDSTORE;
	c->program->modseq = true;
	if (!imap_parse_space(c->p))
		return false;
	if (imap_peek(c->p, '"') && (!imap_parse_string(c->p, &name) || !imap_parse_space(c->p) || !imap_parse_atom(c->p, &name) ||
	                             !imap_parse_space(c->p)))
		return false;
	return imap_parse_number64(c->p, &node->number);
}

/* An id that is none of ours matches nothing. */
static bool parse_id(struct compiler *c, struct search_node *node, uint8_t kind)
{
	struct slice text;
	struct buf id = BUF_INIT(16);

	if (!imap_parse_space(c->p) || !imap_parse_astring(c->p, &text))
		return false;
	if (text.n == 33 && text.p[0] == kind && hex_decode(slice_from(text, 1), &id) == 0 && buf_len(&id) == 16)
		memcpy(node->id, id.data + id.start, 16);
	else
		node->op = OP_NONE;
	buf_free(&id);
	return true;
}

static bool parse_set_key(struct compiler *c, struct search_node *node, bool uid)
{
	node->set_is_uid = uid;
	if (!imap_parse_set(c->p, &node->set))
		return false;
	c->program->uses_saved = c->program->uses_saved || node->set.saved;
	return true;
}

static bool parse_or(struct compiler *c, struct search_node *node)
{
	struct search_node *second;

	if (!imap_parse_space(c->p) || !parse_key(c, &node->children) || !imap_parse_space(c->p) || !parse_key(c, &second))
		return false;
	node->children->next = second;
	node->cost = node->children->cost > second->cost ? node->children->cost : second->cost;
	return true;
}

static bool parse_not(struct compiler *c, struct search_node *node)
{
	if (!imap_parse_space(c->p) || !parse_key(c, &node->children))
		return false;
	node->cost = node->children->cost;
	return true;
}

static bool parse_seconds(struct compiler *c, struct search_node *node)
{
	uint32_t seconds;

	if (!imap_parse_space(c->p) || !imap_parse_nz_number(c->p, &seconds))
		return false;
	node->number = seconds;
	return true;
}

static bool parse_argument(struct compiler *c, const struct key *key, struct search_node *node)
{
	switch (key->argument) {
	case ARG_NONE:
	case ARG_FLAG:
	case ARG_NOT_FLAG:
		return true;
	case ARG_DATE:
		return imap_parse_space(c->p) && imap_parse_date(c->p, &node->day);
	case ARG_NUMBER:
		return imap_parse_space(c->p) && imap_parse_number64(c->p, &node->number);
	case ARG_SECONDS:
		return parse_seconds(c, node);
	case ARG_STRING:
	case ARG_FIELD:
		return parse_needle(c, node);
	case ARG_HEADER:
		return imap_parse_space(c->p) && imap_parse_astring(c->p, &node->field) && parse_needle(c, node);
	case ARG_KEYWORD:
	case ARG_NOT_KEYWORD:
		return parse_keyword(c, node);
	case ARG_UID:
		return imap_parse_space(c->p) && parse_set_key(c, node, true);
	case ARG_MODSEQ:
		return parse_modseq(c, node);
	case ARG_ID:
		return parse_id(c, node, (uint8_t)key->number);
	case ARG_NOT:
		return parse_not(c, node);
	case ARG_OR:
		return parse_or(c, node);
	}
	return false;
}

static bool parse_named(struct compiler *c, struct search_node **ret)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const struct key *key = &keys[i];
		if (!imap_take_word(c->p, key->name))
			continue;
		struct search_node *node = new_node(c, key->op);
		node->number = key->number;
		node->field = slice_str(key->field);
		if (!parse_argument(c, key, node))
			return false;
		*ret = key->argument == ARG_NOT_FLAG || key->argument == ARG_NOT_KEYWORD ? negate(c, node) : node;
		return true;
	}
	return imap_parse_fail(c->p, "Unknown search key");
}

/* key *(SP key), up to `end`; one AND. */
static bool parse_list(struct compiler *c, struct search_node **ret)
{
	struct search_node *node = new_node(c, OP_AND), **last = &node->children;

	do {
		if (!parse_key(c, last))
			return false;
		if ((*last)->cost > node->cost)
			node->cost = (*last)->cost;
		last = &(*last)->next;
	} while (imap_take(c->p, ' '));
	*ret = node;
	return true;
}

static bool parse_nested(struct compiler *c, struct search_node **ret)
{
	if (imap_take(c->p, '('))
		return parse_list(c, ret) && imap_parse_char(c->p, ')');
	if (imap_peek(c->p, '*') || imap_peek(c->p, '$') || (c->p->in.n > 0 && ascii_is_digit(c->p->in.p[0]))) {
		*ret = new_node(c, OP_SET);
		return parse_set_key(c, *ret, false);
	}
	return parse_named(c, ret);
}

static bool parse_key(struct compiler *c, struct search_node **ret)
{
	if (++c->program->keys > SEARCH_KEYS_MAX)
		return imap_parse_fail(c->p, "Too many search keys");
	if (++c->depth > IMAP_NEST_MAX)
		return imap_parse_fail(c->p, "Search keys nested too deeply");
	bool good = parse_nested(c, ret);
	c->depth--;
	return good;
}

bool search_parse_charset(struct imap_parser *p, struct search_program *program)
{
	struct slice charset;

	if (!imap_parse_astring(p, &charset))
		return false;
	program->bad_charset = !slice_eq_nocase(charset, SLICE("UTF-8")) && !slice_eq_nocase(charset, SLICE("US-ASCII"));
	return true;
}

bool search_parse_keys(struct imap_session *s, struct imap_parser *p, struct search_program *ret)
{
	struct compiler c = {.session = s, .p = p, .program = ret};

	if (ret->bad_charset) /* the texts cannot be read: nothing to check */
		return true;
	return parse_list(&c, &ret->root) && imap_parse_end(p);
}

bool search_parse(struct imap_session *s, struct imap_parser *p, struct search_program *ret)
{
	if (imap_take_word(p, "CHARSET") && (!imap_parse_space(p) || !search_parse_charset(p, ret) || !imap_parse_space(p)))
		return false;
	return search_parse_keys(s, p, ret);
}

static void free_node(struct search_node *node)
{
	for (; node != NULL; node = node->next) {
		uid_set_free(&node->uids);
		free_node(node->children);
	}
}

void search_free(struct search_program *program)
{
	free_node(program->root);
}
