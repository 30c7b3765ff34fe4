/* Rspamd: a letter is posted to /checkv2, its envelope in fields; the answer is JSON. */
#include <jansson.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "scan/partner.h"

#define SCORE_MAX 99999.0

struct rspamd_talk {
	struct talk talk;
	const struct partner_letter *letter; /* NULL: only a look */
	struct partner_verdict *verdict;
	struct slice rest;
	bool begun;
	uint64_t length;                     /* of the answer's body, once its head has come */
	bool headed;
};

static struct rspamd_talk *of(struct talk *t)
{
	return CONTAINER_OF(t, struct rspamd_talk, talk);
}

/* ---- what we say ---- */

static void say_field(struct buf *out, const char *name, struct slice value)
{
	if (value.n == 0)
		return;
	buf_printf(out, "%s: ", name);
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] >= ' ' && value.p[i] != 0x7f)
			buf_append_byte(out, value.p[i]);
	buf_append_str(out, "\r\n");
}

static void say_head(const struct partner_letter *l, struct buf *out)
{
	buf_append_str(out, "POST /checkv2 HTTP/1.1\r\nHost: rspamd\r\nConnection: close\r\nContent-Type: message/rfc822\r\n");
	say_field(out, "Queue-Id", l->cid);
	say_field(out, "IP", l->address);
	say_field(out, "Helo", l->helo);
	buf_append_str(out, l->reverse_path.n > 0 ? "" : "From: <>\r\n");
	say_field(out, "From", l->reverse_path);
	for (size_t i = 0; i < l->recipient_count; i++)
		say_field(out, "Rcpt", l->recipients[i]);
	say_field(out, "MTA-Name", l->hostname);
	buf_printf(out, "Content-Length: %zu\r\n\r\n", l->content.n);
}

static void rspamd_say(struct talk *t, struct buf *out)
{
	struct rspamd_talk *c = of(t);
	struct slice piece = slice_sub(c->rest, 0, TALK_PIECE);
	if (!c->begun && c->letter == NULL)
		buf_append_str(out, "GET /ping HTTP/1.1\r\nHost: rspamd\r\nConnection: close\r\n\r\n");
	else if (!c->begun)
		say_head(c->letter, out);
	c->begun = true;
	buf_append(out, piece);
	c->rest = slice_from(c->rest, piece.n);
}

/* ---- what it says ---- */

static const struct { const char *name; enum partner_action action; } actions[] = {
	{"no action", PARTNER_PASS}, {"greylist", PARTNER_TEMPFAIL}, {"soft reject", PARTNER_TEMPFAIL}, {"add header", PARTNER_JUNK},
	{"rewrite subject", PARTNER_JUNK}, {"quarantine", PARTNER_HOLD}, {"discard", PARTNER_HOLD}, {"reject", PARTNER_REJECT},
};

static bool action_of(const char *name, enum partner_action *ret)
{
	for (size_t i = 0; name != NULL && i < ARRAY_LEN(actions); i++) {
		if (strcmp(name, actions[i].name) == 0) {
			*ret = actions[i].action;
			return true;
		}
	}
	return false;
}

static void add_text(struct partner_verdict *v, const char *name, const json_t *value)
{
	if (json_is_string(value))
		partner_add_field(v, slice_str(name), slice_make(json_string_value(value), json_string_length(value)));
}

/* "milter": {"add_headers": {"Name": "value" or {"value": "…"} or a list of these}} */
static void add_fields(struct partner_verdict *v, json_t *list)
{
	const char *name;
	json_t *value, *item;
	size_t i;
	json_object_foreach(list, name, value) {
		add_text(v, name, json_is_object(value) ? json_object_get(value, "value") : value);
		json_array_foreach(value, i, item)
			add_text(v, name, json_is_object(item) ? json_object_get(item, "value") : item);
	}
}

static double shown_score(double score)
{
	return score > SCORE_MAX ? SCORE_MAX : score < -SCORE_MAX ? -SCORE_MAX : score;
}

static bool take_answer(struct partner_verdict *v, struct slice text)
{
	json_t *root = json_loadb((const char *)text.p, text.n, 0, NULL);
	const char *said = json_string_value(json_object_get(root, "action"));
	const char *message = json_string_value(json_object_get(json_object_get(root, "messages"), "smtp_message"));
	json_t *score = json_object_get(root, "score");
	bool ok = action_of(said, &v->action);
	if (ok)
		partner_reason(v, slice_str(message != NULL ? message : said));
	if (ok && json_is_number(score))
		buf_printf(&v->score, "%.2f", shown_score(json_number_value(score)));
	if (ok)
		add_fields(v, json_object_get(json_object_get(root, "milter"), "add_headers"));
	json_decref(root);
	return ok;
}

/* Rspamd always states the length. */
static void hear_head(struct talk *t, struct buf *in)
{
	struct rspamd_talk *c = of(t);
	ptrdiff_t end = slice_search(buf_slice(in), SLICE("\r\n\r\n"));
	struct slice head = end >= 0 ? slice_sub(buf_slice(in), 0, (size_t)end + 2) : SLICE_NONE, length;
	if (end < 0)
		return;
	if (head.n < 12 || !slice_starts(head, SLICE("HTTP/1.")) || !slice_eq(slice_sub(head, 8, 12), SLICE(" 200")) ||
	    !talk_field(head, SLICE("Content-Length"), &length) || slice_to_u64(length, &c->length) < 0 || c->length > TALK_INPUT_MAX - 1024) {
		talk_fail(t);
		return;
	}
	buf_consume(in, (size_t)end + 4);
	c->headed = true;
}

static void rspamd_hear(struct talk *t, struct buf *in)
{
	struct rspamd_talk *c = of(t);
	if (!c->headed)
		hear_head(t, in);
	if (t->state != TALK_GOES || !c->headed || buf_len(in) < c->length)
		return;
	if (c->letter == NULL || take_answer(c->verdict, slice_sub(buf_slice(in), 0, c->length)))
		talk_done(t, SCAN_CLEAN, SLICE_NONE);
	else
		talk_fail(t);
}

static const struct talk_ops ops = {"rspamd", rspamd_say, rspamd_hear, NULL, NULL};

struct talk *rspamd_ask(const struct partner_letter *letter, struct partner_verdict *ret)
{
	struct rspamd_talk *c = memory_alloc(sizeof *c);
	talk_init(&c->talk, &ops);
	c->letter = letter;
	c->verdict = ret;
	c->rest = letter->content;
	return &c->talk;
}

struct talk *rspamd_look(void)
{
	struct rspamd_talk *c = memory_alloc(sizeof *c);
	talk_init(&c->talk, &ops);
	return &c->talk;
}
