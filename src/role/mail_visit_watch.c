/*
 * Changes in mailboxes of others: while somebody wants to know, each visit has an event source open at the shard of its mailbox, and what comes
 * from there is told on, type by type.
 */
#include <string.h>

#include "base/codec.h"
#include "base/memory.h"
#include "role/mail_visit.h"

#define LINE_MAX_BYTES 65536

struct visit_watching {
	struct mail_visit_job job; /* first */
	struct visit *visit;
	struct buf line;
};

static char *account_name(const struct visit *v, char ret[34])
{
	struct buf hex = BUF_INIT(32);

	hex_encode(slice_make(v->account, sizeof v->account), &hex);
	ret[0] = 'A';
	memcpy(ret + 1, buf_slice(&hex).p, 32);
	ret[33] = 0;
	buf_free(&hex);
	return ret;
}

/* ---- telling ---- */

static bool is_wanted(const struct mail_visit_watch *w, const char *type)
{
	enum jmap_type found;

	return jmap_type_find(slice_str(type), &found) && (w->types >> found & 1) != 0;
}

/* states: type -> state. */
static void tell_one(struct mail_visit_watch *w, const char *account, json_t *states)
{
	json_t *mine, *value;
	const char *type;
	bool any = false;

	if (w->pending == NULL)
		w->pending = json_object();
	mine = json_object_get(w->pending, account);
	if (mine == NULL)
		json_object_set_new(w->pending, account, mine = json_object());
	json_object_foreach(states, type, value)
		if (is_wanted(w, type) && json_is_string(value)) {
			json_object_set(mine, type, value);
			any = true;
		}
	if (any)
		w->changed(w);
}

static void tell(struct visit *v, json_t *states)
{
	char account[34];

	account_name(v, account);
	LIST_FOREACH(node, &v->visits->watches)
		tell_one(LIST_ITEM(node, struct mail_visit_watch, node), account, states);
}

static void forget_empty(json_t *pending)
{
	const char *account;
	json_t *states;
	void *next;

	json_object_foreach_safe(pending, next, account, states)
		if (json_object_size(states) == 0)
			json_object_del(pending, account);
}

bool mail_visit_take(struct mail_visit_watch *w, struct buf *out)
{
	json_t *change;
	char *text;

	forget_empty(w->pending);
	if (json_object_size(w->pending) == 0)
		return false;
	change = json_pack("{s:s, s:o}", "@type", "StateChange", "changed", w->pending);
	w->pending = NULL;
	text = json_dumps(change, JSON_COMPACT);
	if (text != NULL)
		buf_append_str(out, text);
	free(text);
	json_decref(change);
	return true;
}

/* ---- listening ---- */

static void take_line(struct visit_watching *w, struct slice line)
{
	json_t *event, *change, *states;
	const char *account;

	if (!slice_starts(line, SLICE("data: ")))
		return;
	line = slice_from(line, 6);
	event = json_loadb((const char *)line.p, line.n, 0, NULL);
	change = json_object_get(event, "changed");
	json_object_foreach(change, account, states)
		tell(w->visit, states);
	json_decref(event);
}

static void on_bytes(struct mail_visit_job *job, struct slice bytes)
{
	struct visit_watching *w = (struct visit_watching *)job;
	ptrdiff_t end;

	buf_append(&w->line, bytes);
	while ((end = slice_find(buf_slice(&w->line), '\n')) >= 0) {
		take_line(w, slice_sub(buf_slice(&w->line), 0, (size_t)end));
		buf_consume(&w->line, (size_t)end + 1);
	}
	if (w->line.failed)
		buf_clear(&w->line);
}

static void watching_free(struct visit_watching *w)
{
	w->visit->watching = NULL;
	buf_free(&w->line);
	memory_free(w);
}

/* It is over there: whoever listens asks again, and finds out what is left. */
static void on_end(struct mail_visit_job *job, int code)
{
	struct visit_watching *w = (struct visit_watching *)job;
	struct visit *v = w->visit;
	json_t *states = json_pack("{s:s, s:s}", "Mailbox", "gone", "Email", "gone");

	watching_free(w);
	tell(v, states);
	json_decref(states);
	mail_visit_relist(v->visits);
}

void mail_visit_listen(struct visit *v)
{
	static const struct http_field fields[] = {HTTP_FIELD("Accept", "text/event-stream")};
	struct visit_watching *w;

	if (v->watching != NULL || !v->open || v->over || list_empty(&v->visits->watches))
		return;
	w = memory_alloc(sizeof *w);
	v->watching = w;
	w->visit = v;
	buf_init(&w->line, LINE_MAX_BYTES);
	w->job = (struct mail_visit_job){.body = on_bytes, .done = on_end};
	w->job.request = (struct http_client_request){.method = SLICE("GET"), .target = SLICE("/jmap/eventsource?types=*&closeafter=no&ping=0"),
		.host = SLICE("localhost"), .fields = fields, .field_count = ARRAY_LEN(fields), .keep = true};
	mail_visit_start(v, &w->job);
}

void mail_visit_deaf(struct visit *v)
{
	struct visit_watching *w = v->watching;

	if (w == NULL)
		return;
	mail_visit_cancel(&w->job);
	watching_free(w);
}

void mail_visit_watch(struct mail_http *p, struct mail_visit_watch *w)
{
	struct mail_visits *s = mail_visits_of(p);

	w->visits = s;
	list_append(&s->watches, &w->node);
	LIST_FOREACH(node, &s->list)
		mail_visit_listen(LIST_ITEM(node, struct visit, node));
}

void mail_visit_unwatch(struct mail_visit_watch *w)
{
	struct mail_visits *s = w->visits;

	if (s == NULL)
		return;
	w->visits = NULL;
	list_remove(&w->node);
	json_decref(w->pending);
	w->pending = NULL;
	if (!list_empty(&s->watches))
		return;
	LIST_FOREACH(node, &s->list)
		mail_visit_deaf(LIST_ITEM(node, struct visit, node));
}
