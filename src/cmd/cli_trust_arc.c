/* letterlock trust arc */
#include "cmd/cli_trust.h"
#include "trust/arc.h"

static json_t *set_json(struct arena *arena, const struct arc_set *s, unsigned instance)
{
	json_t *o = json_object();
	json_object_set_new(o, "instance", json_integer(instance));
	cli_json_text(o, "domain", s->domain);
	cli_json_text(o, "selector", s->selector);
	cli_json_text(o, "signature_domain", s->signature_domain);
	cli_json_text(o, "results", mime_unfold(arena, s->results));
	json_object_set_new(o, "signature_valid", json_boolean(s->signature_valid));
	if (s->sealed_s != 0)
		json_object_set_new(o, "sealed_at", json_integer(s->sealed_s));
	return o;
}

static json_t *run(struct cli_trust *t)
{
	struct trust_message m;
	struct arc_report r;
	json_t *result = json_object(), *list = json_array();
	message_init(&m, cli_trust_wire(t), &t->arena);
	arc_verify(&t->facts, &m, &r);
	json_object_set_new(result, "result", json_string(arc_result_name(r.result)));
	json_object_set_new(result, "reason", json_string(r.result == ARC_NONE ? "the message has no chain" : r.reason));
	json_object_set_new(result, "temporary", json_boolean(r.temporary));
	json_object_set_new(result, "instances", json_integer(r.count));
	json_object_set_new(result, "oldest_pass", json_integer(r.oldest_pass));
	for (unsigned i = 0; r.sets != NULL && i < r.count; i++)
		json_array_append_new(list, set_json(&t->arena, &r.sets[i], i + 1));
	json_object_set_new(result, "sets", list);
	return result;
}

const struct cli_trust_check cli_trust_arc = {
	.name = "arc", .needs_message = true, .run = run, .fields = "result:result reason:reason instances:instances oldest-pass:oldest_pass",
	.list = "sets", .columns = "instance:instance domain:domain selector:selector unchanged:signature_valid results:results",
};
