/* letterlock trust content: what a file really is and what in it can act; nothing is run, and nothing is asked of anybody. */
#include <stdio.h>

#include "base/ensure.h"
#include "base/error.h"
#include "cmd/cli_trust.h"
#include "filter/guard_class.h"
#include "inspect/inspect.h"

/* What it counts as in malware.actions, and what is done with a letter that has it as an attachment. */
static void put_action(json_t *o, const struct inspect_finding *f, const struct scan_rules *rules, enum scan_action strongest[SCAN_DIRECTION_COUNT])
{
	static const char *const members[] = {[SCAN_IN] = "in", [SCAN_OUT] = "out"};
	enum scan_class class;
	bool counts = guard_class(f->what, false, &class);
	json_object_set_new(o, "counts_as", json_string(counts ? scan_class_name(class) : ""));
	for (unsigned d = SCAN_IN; d <= SCAN_OUT; d++) {
		enum scan_action action = counts ? rules->actions[class][d] : SCAN_ACTION_PASS;
		json_object_set_new(o, members[d], json_string(scan_action_name(action)));
		strongest[d] = action > strongest[d] ? action : strongest[d];
	}
}

static bool take_rules(const struct cli_trust *t, struct scan_rules *ret)
{
	const json_t *rows = json_object_get(t->args, "actions"), *row;
	struct error err = {0};
	size_t i;
	*ret = scan_rules_default();
	json_array_foreach(rows, i, row)
		if (scan_rules_set(ret, slice_trim(slice_str(json_string_value(row))), &err) != 0) {
			cli_error("--actions: %s", err.private_text);
			return false;
		}
	return true;
}

static json_t *finding_json(const struct inspect_finding *f)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:I}", "finding", inspect_what_name(f->what), "class",
		inspect_class_name(inspect_what_class(f->what)),
		"severity", inspect_severity_name(inspect_what_severity(f->what)), "count", (json_int_t)f->count, "depth", (json_int_t)f->depth);
	cli_json_text(o, "detail", f->detail);
	cli_json_text(o, "path", f->path);
	return o;
}

static json_t *gaps_json(unsigned gaps)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < INSPECT_GAP_BITS; i++)
		if ((gaps >> i & 1) != 0)
			json_array_append_new(list, json_string(inspect_gap_name((enum inspect_gap)(1u << i))));
	return list;
}

static json_t *counts_json(const struct inspect_report *r)
{
	json_t *o = json_object();
	for (unsigned i = 0; i < FOUND_COUNT; i++)
		if (r->counts[i] > 0)
			json_object_set_new(o, inspect_what_name((enum inspect_what)i), json_integer((json_int_t)r->counts[i]));
	return o;
}

static bool list_piece(void *context, const struct inspect_piece *piece)
{
	static const char *const kinds[] = {"member", "embedded", "code", "message"};
	json_t *o = json_pack("{s:s, s:s, s:I, s:b}", "kind", kinds[piece->kind], "type", inspect_type_name(piece->type), "size",
		(json_int_t)piece->content.n, "scan", piece->scan);
	cli_json_text(o, "path", piece->path);
	json_array_append_new(context, o);
	return json_array_size(context) < 1000;
}

static struct slice base_name(struct slice path)
{
	return slice_from(path, (size_t)(slice_rfind(path, '/') + 1));
}

static json_t *report_json(const struct inspect_report *r, const struct inspect_budget *b, const struct scan_rules *rules)
{
	enum scan_action strongest[SCAN_DIRECTION_COUNT] = {SCAN_ACTION_PASS, SCAN_ACTION_PASS};
	bool any = r->finding_count > 0;
	json_t *list = json_array();
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:I}", "result", any ? inspect_severity_name(r->worst) : "clear", "type",
		inspect_type_name(r->type), "label", inspect_type_label(r->type), "family", inspect_family_name(inspect_type_family(r->type)), "reason",
		any ? "see the findings" : "nothing active was seen", "truncated", r->truncated, "unpacked", (json_int_t)b->unpacked, "steps",
		(json_int_t)b->steps);
	for (size_t i = 0; i < r->finding_count; i++) {
		json_t *finding = finding_json(&r->findings[i]);
		put_action(finding, &r->findings[i], rules, strongest);
		json_array_append_new(list, finding);
	}
	json_object_set_new(o, "action_in", json_string(scan_action_name(strongest[SCAN_IN])));
	json_object_set_new(o, "action_out", json_string(scan_action_name(strongest[SCAN_OUT])));
	json_object_set_new(o, "not_inspected", gaps_json(r->gaps));
	json_object_set_new(o, "findings", list);
	json_object_set_new(o, "counts", counts_json(r));
	return o;
}

static json_t *run(struct cli_trust *t)
{
	const char *name = cli_trust_option(t, "name"), *type = cli_trust_option(t, "type"), *file = cli_trust_option(t, "file");
	struct inspect_budget budget;
	struct inspect_report report;
	struct scan_rules rules;
	struct inspect_input in = {.content = t->message, .media = slice_str(type), .name = name != NULL ? slice_str(name) :
		base_name(slice_str(file))};
	if (!take_rules(t, &rules))
		return NULL;
	json_t *pieces = json_array();
	inspect_budget_init(&budget, &INSPECT_LIMITS_DEFAULT);
	inspect_content(&in, &budget, list_piece, pieces, &t->arena, &report);
	json_t *o = report_json(&report, &budget, &rules);
	json_object_set_new(o, "pieces", pieces);
	return o;
}

const struct cli_trust_check cli_trust_content = {
	.name = "content", .needs_message = true, .run = run,
	.fields = "result:result type:type what:label from-outside:action_in from-our-people:action_out unpacked:unpacked",
	.list = "findings",
	.columns = "severity:severity finding:finding counts-as:counts_as in:in out:out count:count detail:detail path:path",
};
