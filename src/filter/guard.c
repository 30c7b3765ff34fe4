#include "filter/guard.h"

#include "base/codec.h"
#include "base/ensure.h"
#include "crypt/hash.h"
#include "filter/filter_internal.h"
#include "filter/judge.h"
#include "mime/param.h"
#include "mime/structure.h"
#include "scan/verdict.h"

#define PARTS_MAX 500      /* looked at; a letter with more cannot be looked into */
#define HEADER_MAX 2000

/* The string that every scanner must find, in two halves so that no scanner finds this file. */
static const char eicar_front[] = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$", eicar_back[] = "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";

struct guard {
	const struct filter_guard_settings *settings;
	enum scan_direction direction;
	struct slice message;
	struct facts *facts;
	struct arena *arena;
	bool attachments;
	struct filter_guard *ret;
};

static void note(struct guard *g, enum scan_class class, struct slice scanner, struct slice name)
{
	enum scan_action action = g->settings->rules.actions[class][g->direction];
	struct filter_guard *ret = g->ret;
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
static bool is_attachment(const struct mime_part *p, struct arena *arena)
{
	if (p->children != NULL)
		return false;
	return !is_text(p) || slice_eq(p->disposition, SLICE("attachment")) || mime_part_filename(p, arena).n > 0;
}

static bool has_attachments(const struct mime_part *root, struct arena *arena)
{
	for (const struct mime_part *p = root; p != NULL; p = mime_part_next(p))
		if (is_attachment(p, arena))
			return true;
	return false;
}

static const struct {
	bool counts;           /* as a look that found nothing, or as a finding */
	enum scan_class class;
} of_result[SCAN_RESULT_COUNT] = {
	[SCAN_CLEAN] = {false, 0}, [SCAN_INFECTED] = {true, SCAN_CLASS_VIRUS}, [SCAN_OPAQUE] = {true, SCAN_CLASS_OPAQUE},
	[SCAN_STALE] = {true, SCAN_CLASS_UNSCANNED}, [SCAN_AWAY] = {true, SCAN_CLASS_UNSCANNED}, [SCAN_REFUSE] = {true, SCAN_CLASS_REFUSED},
	[SCAN_JUNK] = {true, SCAN_CLASS_JUNK}, [SCAN_HOLD] = {true, SCAN_CLASS_PARTNER},
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
		note(g, of_result[f.result].class, f.scanner, f.name.n > 0 ? f.name : slice_str(scan_result_name(f.result)));
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
		note(g, SCAN_CLASS_UNSCANNED, SLICE("scan"), SLICE("away"));
	return true;
}

/* ---- what we see ourselves ---- */

static bool is_known_hash(const struct guard *g, struct slice content)
{
	uint8_t digest[32];
	struct buf hex = BUF_INIT(64);
	bool hit = false;
	if (g->settings->hashes.count == 0)
		return false;
	hash_sha256(content, digest);
	hex_encode(slice_make(digest, sizeof digest), &hex);
	for (size_t i = 0; i < g->settings->hashes.count && !hit; i++)
		hit = slice_eq_nocase(g->settings->hashes.items[i], buf_slice(&hex));
	buf_free(&hex);
	return hit;
}

/* As the makers of scanners agreed: the string stands at the front, with nothing but white space behind it. */
static bool is_eicar(struct slice content)
{
	struct slice rest;
	content = slice_trim(content);
	if (content.n > 128 || !slice_starts(content, slice_str(eicar_front)))
		return false;
	rest = slice_from(content, sizeof eicar_front - 1);
	return slice_eq(rest, slice_str(eicar_back));
}

static void look_at(struct guard *g, struct slice content)
{
	if (is_eicar(content))
		note(g, SCAN_CLASS_VIRUS, SLICE("letterlock"), SLICE("EICAR-Test-File"));
	else if (is_known_hash(g, content))
		note(g, SCAN_CLASS_VIRUS, SLICE("letterlock"), SLICE("listed-hash"));
}

static void look_at_part(struct guard *g, const struct mime_part *p)
{
	struct slice body = slice_sub(g->message, p->body_start, p->body_end);
	struct buf decoded = BUF_INIT(body.n + 16);
	if (slice_eq(p->encoding, SLICE("base64"))) {
		base64_decode_lenient(body, &decoded);
		body = buf_slice(&decoded);
	} else if (slice_eq(p->encoding, SLICE("quoted-printable"))) {
		quoted_printable_decode(body, &decoded);
		body = buf_slice(&decoded);
	}
	look_at(g, body);
	buf_free(&decoded);
}

static void look_at_parts(struct guard *g, const struct mime_part *root)
{
	size_t count = 0;
	for (const struct mime_part *p = root; p != NULL; p = mime_part_next(p)) {
		if (p->children != NULL)
			continue;
		if (++count > PARTS_MAX) {
			note(g, SCAN_CLASS_OPAQUE, SLICE("letterlock"), SLICE("too-many-parts"));
			return;
		}
		look_at_part(g, p);
	}
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

bool filter_guard(const struct envelope *e, struct slice message, const struct filter_guard_settings *settings, struct facts *facts,
                  struct arena *arena, struct filter_guard *ret)
{
	static const struct scan_target whole;
	struct mime_part *root = mime_structure_parse(message, arena);
	struct guard g = {.settings = settings, .direction = e->source == ENVELOPE_SMTP ? SCAN_IN : SCAN_OUT, .message = message, .facts = facts,
		.arena = arena, .attachments = has_attachments(root, arena), .ret = ret};
	*ret = (struct filter_guard){.action = SCAN_ACTION_PASS};
	/* Text of our own people is not shown to scanners. */
	if (settings->scanner && (g.direction == SCAN_IN || g.attachments) && !ask(&g, &whole))
		return false;
	look_at_parts(&g, root);
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
