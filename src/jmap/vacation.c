#include "jmap/vacation.h"

#include <stdlib.h>

#include "crypt/hash.h"
#include "jmap/date.h"
#include "mime/build.h"

json_t *jmap_vacation_load(struct jmap_call *call)
{
	struct account *mail = jmap_mail(call);
	struct slice text = SLICE_NONE;
	json_t *ret = NULL;

	if (mail->ops->note != NULL && mail->ops->note(mail, SLICE(JMAP_VACATION_NOTE), &call->arena, &text, NULL) == 0)
		ret = json_loadb((const char *)text.p, text.n, JSON_ALLOW_NUL, NULL);
	if (json_is_object(ret))
		return ret;
	json_decref(ret);
	return json_object();
}

int jmap_vacation_keep(struct jmap_call *call, const json_t *kept)
{
	struct account *mail = jmap_mail(call);
	char *text = json_dumps(kept, JSON_COMPACT | JSON_SORT_KEYS);
	int rc = text != NULL && mail->ops->set_note != NULL ? mail->ops->set_note(mail, SLICE(JMAP_VACATION_NOTE), slice_str(text), NULL) : ERR_DENIED;

	free(text);
	return rc;
}

/* RFC 5228 2.4.2. */
static void put_string(struct slice text, struct buf *out)
{
	buf_append_byte(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_append_byte(out, '\\');
		if (text.p[i] != 0)
			buf_append_byte(out, text.p[i]);
	}
	buf_append_byte(out, '"');
}

/* Both stand in UTC, so that their texts compare as they do; without zone, which a later one is always above. */
static void put_date(struct buf *out, const char *relation, struct slice text)
{
	struct buf date = BUF_INIT(JMAP_DATE_MAX);
	int64_t when;

	if (jmap_date_parse(text, true, &when) == 0) {
		jmap_date_print(when, &date);
		buf_printf(out, ", currentdate :zone \"+0000\" :value \"%s\" \"iso8601\" \"%.*s\"", relation, (int)buf_len(&date) - 1, (const char *)buf_slice(&date).p);
	}
	buf_free(&date);
}

static int take(void *arg, struct slice bytes, struct error *err)
{
	buf_append(arg, bytes);
	return 0;
}

/* Text and HTML side by side. */
static void put_entity(struct jmap_call *call, struct slice text, struct slice html, struct buf *out)
{
	struct build_part second = {.type = SLICE("text/html"), .is_text = true, .text = html};
	struct build_part first = {.type = SLICE("text/plain"), .is_text = true, .text = text, .next = &second};
	struct build_part both = {.type = SLICE("multipart/alternative"), .children = &first};
	struct build_message message = {.root = text.n > 0 ? &both : &second};
	struct buf entity = BUF_INIT(JMAP_SIEVE_SCRIPT_MAX);

	jmap_host(call->jmap)->random(jmap_host(call->jmap)->arg, message.seed, sizeof message.seed);
	(void)build_message(&message, take, &entity, NULL);
	put_string(buf_slice(&entity), out);
	buf_free(&entity);
}

static void put_answer(struct jmap_call *call, const json_t *settings, struct slice text, struct slice html, struct buf *out)
{
	struct slice subject = jmap_text(json_object_get(settings, "subject"));

	buf_append_str(out, "\tvacation :days 7");
	if (subject.n > 0) {
		buf_append_str(out, " :subject ");
		put_string(subject, out);
	}
	buf_append_str(out, html.n > 0 ? " :mime " : " ");
	if (html.n > 0)
		put_entity(call, text, html, out);
	else
		put_string(text.n > 0 ? text : SLICE("I am away and will read your message when I am back."), out);
	buf_append_str(out, ";\r\n");
}

/* Those of the own domain first; then everybody else, where they are answered. */
static void put_answers(struct jmap_call *call, const json_t *settings, struct buf *out)
{
	struct slice text = jmap_text(json_object_get(settings, "textBody")), html = jmap_text(json_object_get(settings, "htmlBody"));
	struct slice inside = jmap_text(json_object_get(settings, "insideTextBody")), domain = jmap_host(call->jmap)->address, local;
	bool only = json_is_true(json_object_get(settings, "insideOnly"));

	if (inside.n == 0 && !only) {
		put_answer(call, settings, text, html, out);
		return;
	}
	(void)slice_split(&domain, '@', &local);
	buf_append_str(out, "\tif envelope :domain :is \"from\" ");
	put_string(domain, out);
	buf_append_str(out, " {\r\n");
	put_answer(call, settings, inside.n > 0 ? inside : text, inside.n > 0 ? SLICE_NONE : html, out);
	buf_append_str(out, "\t}\r\n");
	if (only)
		return;
	buf_append_str(out, "\telse {\r\n");
	put_answer(call, settings, text, html, out);
	buf_append_str(out, "\t}\r\n");
}

void jmap_vacation_script(struct jmap_call *call, const json_t *settings, struct slice own, struct buf *out)
{
	buf_append_str(out, "require [\"vacation\", \"date\", \"relational\", \"include\", \"envelope\"];\r\nif allof (true");
	put_date(out, "ge", jmap_text(json_object_get(settings, "fromDate")));
	put_date(out, "lt", jmap_text(json_object_get(settings, "toDate")));
	buf_append_str(out, ") {\r\n");
	put_answers(call, settings, out);
	buf_append_str(out, "}\r\n");
	if (own.n > 0) {
		buf_append_str(out, "include :personal :optional ");
		put_string(own, out);
		buf_append_str(out, ";\r\n");
	}
}

void jmap_vacation_state(const json_t *kept, bool active, struct buf *out)
{
	char *text = json_dumps(kept, JSON_COMPACT | JSON_SORT_KEYS);

	buf_printf(out, "%c%016llx", active ? 'a' : 'i', (unsigned long long)hash_checksum(slice_str(text)));
	free(text);
}
