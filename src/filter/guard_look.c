/* Our own look at the parts of a letter: what they truly are and what in them can act (inspect/inspect.h), and the few files we know as malware. */
#include "base/codec.h"
#include "base/ensure.h"
#include "crypt/hash.h"
#include "filter/guard_class.h"
#include "filter/guard_internal.h"
#include "mime/param.h"

#define PARTS_MAX 500      /* attachments that are looked at, and as many texts; a letter with more attachments cannot be looked into */

/* Well below what a process may take for one letter (role/filter.c); what needs more is told as over_budget. */
static const struct inspect_limits limits = {.unpacked_max = 128u << 20, .member_max = 64u << 20, .entries_max = 10000, .depth_max = 8, .ratio_max = 250,
	.steps_max = 400000000};

/* The string that every scanner must find, in two halves so that no scanner finds this file. */
static const char eicar_front[] = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$", eicar_back[] = "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";

static void look_at_structure(struct guard *g, struct slice message, const struct mime_part *root, struct slice path, unsigned depth);

static bool is_known_hash(const struct filter_list *hashes, struct slice content)
{
	uint8_t digest[32];
	struct buf hex = BUF_INIT(64);
	bool hit = false;
	if (hashes->count == 0)
		return false;
	hash_sha256(content, digest);
	hex_encode(slice_make(digest, sizeof digest), &hex);
	for (size_t i = 0; i < hashes->count && !hit; i++)
		hit = slice_eq_nocase(hashes->items[i], buf_slice(&hex));
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

const char *filter_guard_known(struct slice content, const struct filter_list *hashes)
{
	return is_eicar(content) ? "EICAR-Test-File" : is_known_hash(hashes, content) ? "listed-hash" : NULL;
}

static void look_at(struct guard *g, struct slice content)
{
	const char *name = filter_guard_known(content, &g->settings->hashes);

	if (name != NULL)
		guard_note(g, SCAN_CLASS_VIRUS, SLICE("letterlock"), slice_str(name));
}

/* ---- what inspect finds ---- */

static void take_report(struct guard *g, const struct inspect_report *r, bool body)
{
	enum scan_class class;
	for (enum inspect_what what = 0; what < FOUND_COUNT; what++)
		if (r->counts[what] > 0 && guard_class(what, body, &class))
			guard_note(g, class, SLICE("letterlock"), slice_str(inspect_what_name(what)));
}

static bool take_piece(void *context, const struct inspect_piece *piece)
{
	struct guard *g = context;
	look_at(g, piece->content);
	if (piece->kind == INSPECT_PIECE_MESSAGE && piece->depth < limits.depth_max)
		look_at_structure(g, piece->content, mime_structure_parse(piece->content, g->arena), piece->path, piece->depth + 1);
	return true;
}

/* ---- the parts ---- */

static void look_at_part(struct guard *g, struct slice message, const struct mime_part *p, struct slice path, unsigned depth)
{
	struct slice body = slice_sub(message, p->body_start, p->body_end);
	struct buf decoded = BUF_INIT(body.n + 16);
	struct inspect_report report;
	struct inspect_input in = {.media = arena_printf(g->arena, "%.*s/%.*s", SLICE_ARG(p->type), SLICE_ARG(p->subtype)),
		.name = mime_part_filename(p, g->arena), .path = path, .depth = depth};
	if (slice_eq(p->encoding, SLICE("base64"))) {
		base64_decode_lenient(body, &decoded);
		body = buf_slice(&decoded);
	} else if (slice_eq(p->encoding, SLICE("quoted-printable"))) {
		quoted_printable_decode(body, &decoded);
		body = buf_slice(&decoded);
	}
	in.content = body;
	look_at(g, body);
	inspect_content(&in, &g->budget, take_piece, g, g->arena, &report);
	take_report(g, &report, !guard_is_attachment(p, g->arena));
	buf_free(&decoded);
}

static void look_at_structure(struct guard *g, struct slice message, const struct mime_part *root, struct slice path, unsigned depth)
{
	for (const struct mime_part *p = root; p != NULL; p = mime_part_next(p)) {
		bool attachment = guard_is_attachment(p, g->arena);
		if (p->children != NULL || (!attachment && ++g->texts > PARTS_MAX))
			continue;
		if (attachment && ++g->parts > PARTS_MAX) {
			guard_note(g, SCAN_CLASS_OPAQUE, SLICE("letterlock"), SLICE("too-many-parts"));
			return;
		}
		if (depth == 0)
			g->part = p;
		look_at_part(g, message, p, path, depth);
	}
	if (depth == 0)
		g->part = NULL;
}

void guard_look(struct guard *g, const struct mime_part *root)
{
	inspect_budget_init(&g->budget, &limits);
	look_at_structure(g, g->message, root, SLICE_NONE, 0);
}
