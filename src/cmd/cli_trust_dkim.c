/* letterlock trust dkim */
#include "cmd/cli_trust.h"
#include "trust/dkim.h"

struct slice cli_trust_wire(struct cli_trust *t)
{
	struct buf out = BUF_INIT(2 * t->message.n + 1);
	struct slice rest = t->message, line;
	if (slice_search(t->message, SLICE("\r\n")) >= 0 || slice_find(t->message, '\n') < 0)
		return t->message;
	bool ended = slice_ends(t->message, SLICE("\n"));
	while (slice_split(&rest, '\n', &line)) {
		buf_append(&out, line);
		if (rest.n > 0 || ended)
			buf_append_str(&out, "\r\n");
	}
	struct slice made = arena_dup(&t->arena, buf_slice(&out));
	buf_free(&out);
	return made;
}

static void set_time(json_t *o, const char *name, int64_t seconds)
{
	if (seconds != 0)
		json_object_set_new(o, name, json_integer(seconds));
}

static json_t *signature_json(const struct dkim_signature *s)
{
	json_t *o = json_object();
	json_object_set_new(o, "result", json_string(dkim_result_name(s->result)));
	json_object_set_new(o, "reason", json_string(s->reason));
	cli_json_text(o, "domain", s->domain);
	cli_json_text(o, "selector", s->selector);
	cli_json_text(o, "identity", s->identity);
	cli_json_text(o, "algorithm", s->algorithm);
	cli_json_text(o, "b", s->b);
	json_object_set_new(o, "bits", json_integer(s->bits));
	json_object_set_new(o, "aligned", json_boolean(s->aligned));
	json_object_set_new(o, "testing", json_boolean(s->testing));
	if (s->has_length)
		json_object_set_new(o, "unsigned_bytes", json_integer((json_int_t)s->beyond_length));
	set_time(o, "signed_at", s->signed_s);
	set_time(o, "expires_at", s->expires_s);
	return o;
}

/* The result of the message is that of its best signature: pass, else what the first one says. */
static const struct dkim_signature *best(const struct dkim_report *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->signatures[i].result == DKIM_PASS)
			return &r->signatures[i];
	return r->count > 0 ? &r->signatures[0] : NULL;
}

json_t *cli_trust_dkim_json(const struct dkim_report *r)
{
	json_t *result = json_object(), *list = json_array();
	const struct dkim_signature *first = best(r);
	json_object_set_new(result, "result", json_string(dkim_result_name(first != NULL ? first->result : DKIM_NONE)));
	json_object_set_new(result, "reason", json_string(first != NULL ? first->reason : "the message has no signature"));
	for (size_t i = 0; i < r->count; i++)
		json_array_append_new(list, signature_json(&r->signatures[i]));
	json_object_set_new(result, "signatures", list);
	json_object_set_new(result, "skipped", json_integer((json_int_t)r->skipped));
	return result;
}

static json_t *run(struct cli_trust *t)
{
	struct trust_message m;
	struct dkim_report r;
	message_init(&m, cli_trust_wire(t), &t->arena);
	dkim_verify(&t->facts, &m, NULL, &r);
	return cli_trust_dkim_json(&r);
}

const struct cli_trust_check cli_trust_dkim = {
	.name = "dkim", .needs_message = true, .run = run, .fields = "result:result reason:reason",
	.list = "signatures", .columns = "result:result domain:domain selector:selector algorithm:algorithm bits:bits reason:reason",
};
