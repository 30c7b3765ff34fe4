#include "filter/guard.h"

#include "filter/guard_internal.h"
#include "filter/judge.h"
#include "mime/param.h"
#include "scan/verdict.h"

#define HEADER_MAX 2000
#define ASKED_PARTS_MAX 60 /* of one letter, by scanners of parts: role/scan.c takes no more questions */

void guard_note(struct guard *g, enum scan_class class, struct slice scanner, struct slice name)
{
	enum scan_action action = g->settings->rules.actions[class][g->direction];
	struct filter_guard *ret = g->ret;
	bool convert = action == SCAN_ACTION_CONVERT;
	if ((convert || action == SCAN_ACTION_STRIP) && g->part != NULL)
		guard_strip(g, g->part, convert);
	else if (convert || action == SCAN_ACTION_STRIP)
		g->unstrippable = true;
	if (ret->found && (action < ret->action || (action == ret->action && class <= ret->worst.class)))
		return;
	ret->action = action;
	ret->found = true;
	ret->worst = (struct filter_finding){class, scanner, name};
}

/* ---- what scanners say ---- */

static bool is_text(const struct mime_part *p)
{
	return slice_eq(p->type, SLICE("text")) && (slice_eq(p->subtype, SLICE("plain")) || slice_eq(p->subtype, SLICE("html")));
}

/* Anything but text that is shown. */
bool guard_is_attachment(const struct mime_part *p, struct arena *arena)
{
	if (p->children != NULL)
		return false;
	return !is_text(p) || slice_eq(p->disposition, SLICE("attachment")) || mime_part_filename(p, arena).n > 0;
}

static bool has_attachments(const struct mime_part *root, struct arena *arena)
{
	for (const struct mime_part *p = root; p != NULL; p = mime_part_next(p))
		if (guard_is_attachment(p, arena))
			return true;
	return false;
}

static const struct {
	bool counts;           /* as a look that found nothing, or as a finding */
	enum scan_class class;
} of_result[SCAN_RESULT_COUNT] = {
	[SCAN_CLEAN] = {false, 0}, [SCAN_INFECTED] = {true, SCAN_CLASS_VIRUS}, [SCAN_OPAQUE] = {true, SCAN_CLASS_OPAQUE},
	[SCAN_STALE] = {true, SCAN_CLASS_UNSCANNED}, [SCAN_AWAY] = {true, SCAN_CLASS_UNSCANNED},
};

static void take_findings(struct guard *g, struct slice records)
{
	struct slice record;
	struct scan_finding f;
	while (dns_record_next(&records, &record)) {
		if (!scan_finding_decode(record, &f) || !of_result[f.result].counts)
			continue;
		if (of_result[f.result].class == SCAN_CLASS_UNSCANNED && !g->attachments)
			continue;
		guard_note(g, of_result[f.result].class, f.scanner, f.name.n > 0 ? f.name : slice_str(scan_result_name(f.result)));
	}
}

/* False: it is not known yet. Without an answer nobody has looked. */
static bool ask(struct guard *g, const struct scan_target *target)
{
	struct buf name = BUF_INIT(SCAN_QUESTION_MAX);
	scan_target_write(target, &name);
	const struct dns_answer *a = facts_dns(g->facts, buf_slice(&name), FACT_SCAN);
	buf_free(&name);
	if (a->status == DNS_WANTED)
		return false;
	if (a->status == DNS_FOUND && a->records.n > 0)
		take_findings(g, a->records);
	else if (g->attachments)
		guard_note(g, SCAN_CLASS_UNSCANNED, SLICE("scan"), SLICE("away"));
	return true;
}

static void header_write(struct guard *g)
{
	struct filter_guard *ret = g->ret;
	struct buf out = BUF_INIT(HEADER_MAX);
	if (!ret->found || ret->action == SCAN_ACTION_PASS || g->direction != SCAN_IN)
		return;
	buf_printf(&out, "X-Letterlock-Malware: v1; finding=%s; action=%s; by=%.*s; name=\"%.*s\"\r\n", scan_class_name(ret->worst.class),
	           scan_action_name(ret->action), SLICE_ARG(ret->worst.scanner), SLICE_ARG(ret->worst.name));
	ret->header = arena_dup(g->arena, buf_slice(&out));
	buf_free(&out);
}

static struct guard guard_begin(const struct envelope *e, struct slice message, const struct filter_guard_settings *settings, struct facts *facts,
                                struct arena *arena, struct filter_guard *ret, struct mime_part **ret_root)
{
	*ret = (struct filter_guard){.action = SCAN_ACTION_PASS};
	*ret_root = mime_structure_parse(message, arena);
	return (struct guard){.settings = settings, .direction = envelope_is_ours(e) ? SCAN_OUT : SCAN_IN, .message = message, .facts = facts,
		.arena = arena, .attachments = has_attachments(*ret_root, arena), .ret = ret};
}

static bool ask_about_parts(struct guard *g, const struct mime_part *root)
{
	bool known = true;
	unsigned count = 0;
	for (const struct mime_part *p = root; p != NULL; p = mime_part_next(p)) {
		struct scan_target target = guard_target_of(p);
		if (!guard_is_attachment(p, g->arena))
			continue;
		if (++count > ASKED_PARTS_MAX) {
			guard_note(g, SCAN_CLASS_OPAQUE, SLICE("letterlock"), SLICE("too-many-attachments"));
			break;
		}
		g->part = p;
		known &= ask(g, &target);
	}
	g->part = NULL;
	return known;
}

/* False: scanners have not answered yet. Text of our own people is not shown to them. */
static bool ask_scanners(struct guard *g, const struct mime_part *root)
{
	static const struct scan_target whole;
	bool known = !g->settings->letters || (g->direction == SCAN_OUT && !g->attachments) || ask(g, &whole);
	return (!g->settings->parts || ask_about_parts(g, root)) && known;
}

void filter_guard_ask(const struct envelope *e, struct slice message, const struct filter_guard_settings *settings, struct facts *facts,
                      struct arena *arena)
{
	struct filter_guard nothing;
	struct mime_part *root;
	struct guard g = guard_begin(e, message, settings, facts, arena, &nothing, &root);
	(void)ask_scanners(&g, root);
}

bool filter_guard(const struct envelope *e, struct slice message, const struct filter_guard_settings *settings, struct facts *facts,
                  struct arena *arena, struct filter_guard *ret)
{
	struct mime_part *root;
	struct guard g = guard_begin(e, message, settings, facts, arena, ret, &root);
	if (!ask_scanners(&g, root))
		return false;
	guard_look(&g, root);
	/* What cannot be taken out is held as a whole. */
	if (filter_guard_strips(ret) && g.unstrippable)
		ret->action = SCAN_ACTION_HOLD;
	if (filter_guard_strips(ret) && !guard_convert(&g))
		return false;
	header_write(&g);
	return true;
}

static void refuse(struct filter_judgement *j, uint16_t code, const char *enhanced, const char *text)
{
	j->code = code;
	j->enhanced = slice_str(enhanced);
	j->text = slice_str(text);
}

void filter_guard_apply(const struct filter_guard *guard, struct arena *arena, struct filter_judgement *j)
{
	struct buf header = BUF_INIT(j->header.n + guard->header.n);
	if (j->code >= 500)
		return;
	if (guard->action == SCAN_ACTION_REJECT) {
		refuse(j, 550, "5.7.1", "The message is refused: it holds something that is not accepted here");
		return;
	}
	if (guard->action == SCAN_ACTION_JUNK)
		j->mailbox = SLICE("Junk");
	buf_append(&header, j->header);
	buf_append(&header, guard->header);
	j->header = arena_dup(arena, buf_slice(&header));
	buf_free(&header);
	if (guard->action == SCAN_ACTION_HOLD)
		j->held = arena_printf(arena, "%s %.*s %.*s", scan_class_name(guard->worst.class), SLICE_ARG(guard->worst.scanner), SLICE_ARG(guard->worst.name));
}

bool filter_reviewer(struct facts *facts, const uint8_t secret[32], struct arena *arena, struct filter_judgement *j)
{
	const struct dns_answer *a = facts_dns(facts, SLICE("reviewer"), FACT_REVIEWER);
	struct recipient_fact *fact = ARENA_NEW(arena, struct recipient_fact);
	struct slice records = a->records, record;
	if (a->status == DNS_WANTED)
		return false;
	if (dns_record_next(&records, &record) && fact_read_recipient(&record, secret, fact) == 0 && fact->kind == FACT_REVIEW)
		j->reviewer = fact;
	return true;
}
