/* vacation (RFC 5230): who is answered, and the answer. */
#include "base/codec.h"
#include "base/ensure.h"
#include "base/utf8.h"
#include "crypt/crypt.h"
#include "filter/sort_internal.h"
#include "mime/address.h"
#include "mime/compose.h"
#include "mime/encoded_word.h"
#include "mime/header.h"

#define ANSWER_MAX (256 * 1024)
#define REFERENCES_MAX 900
#define SUBJECT_MAX 300

static bool field_of(const struct sorter *s, const char *name, struct slice *ret)
{
	struct mime_field field;
	if (!mime_header_find(s->header, slice_str(name), &field))
		return false;
	*ret = slice_trim(mime_unfold(s->arena, field.value));
	return true;
}

/* ---- who is answered (RFC 5230 4.6, RFC 3834 2) ---- */

/* Machines and lists, by their names. */
static bool is_machine(struct slice sender)
{
	static const struct slice fronts[] = {
		SLICE_INIT("mailer-daemon"), SLICE_INIT("owner-"), SLICE_INIT("listserv"), SLICE_INIT("majordomo"), SLICE_INIT("noreply"),
			SLICE_INIT("no-reply"),
		SLICE_INIT("do-not-reply"), SLICE_INIT("bounce"), SLICE_INIT("postmaster@"), SLICE_INIT("root@"),
	};
	ptrdiff_t at = slice_rfind(sender, '@');
	struct slice local = at < 0 ? sender : slice_sub(sender, 0, (size_t)at);
	for (size_t i = 0; i < ARRAY_LEN(fronts); i++)
		if (slice_starts_nocase(sender, fronts[i]))
			return true;
	return slice_ends_nocase(local, SLICE("-request")) || slice_ends_nocase(local, SLICE("-owner")) || slice_ends_nocase(local,
		SLICE("-bounces"));
}

/* Of a list, in bulk, or an answer itself. */
static bool is_automatic(const struct sorter *s)
{
	struct slice rest = s->header, value;
	struct mime_field field;
	if (field_of(s, "Auto-Submitted", &value) && !slice_eq_nocase(slice_sub(value, 0, 2), SLICE("no")))
		return true;
	if (field_of(s, "Precedence", &value) && (slice_starts_nocase(value, SLICE("bulk")) || slice_starts_nocase(value, SLICE("list")) ||
	    slice_starts_nocase(value, SLICE("junk"))))
		return true;
	if (field_of(s, "X-Auto-Response-Suppress", &value) && !slice_eq_nocase(value, SLICE("none")))
		return true;
	while (mime_field_next(&rest, &field))
		if (slice_starts_nocase(field.name, SLICE("List-")) || slice_eq_nocase(field.name, SLICE("Feedback-ID")))
			return true;
	return false;
}

static bool is_one_of(struct slice address, const struct slice *list, size_t count)
{
	ptrdiff_t at = slice_rfind(address, '@');
	for (size_t i = 0; at >= 0 && i < count; i++)
		if (slice_eq_nocase(list[i], address) || (slice_starts(list[i], SLICE("@")) && slice_eq_nocase(list[i], slice_from(address, (size_t)at))))
			return true;
	return false;
}

static bool is_own(const struct sort_run *r, struct slice address)
{
	return slice_eq_nocase(address, r->profile->address) || is_one_of(address, r->profile->addresses, r->profile->address_count);
}

/* RFC 5230 4.5: the letter was written to the owner, not to a list that the owner is on. "ann+x@" is ann@. */
static bool is_addressed(const struct sort_run *r, const struct sieve_action *a)
{
	static const struct slice names[] = {SLICE_INIT("To"), SLICE_INIT("Cc"), SLICE_INIT("Bcc"), SLICE_INIT("Resent-To"),
		SLICE_INIT("Resent-Cc"),
		SLICE_INIT("Resent-Bcc")};
	struct slice rest = r->s->header;
	struct mime_field field;
	while (mime_field_next(&rest, &field)) {
		bool wanted = false;
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			wanted |= slice_eq_nocase(field.name, names[i]);
		const struct mime_address *list = wanted ? mime_address_parse(field.value, r->s->arena) : NULL;
		for (const struct mime_address *m = mime_address_next(list); m != NULL; m = mime_address_next(m->next)) {
			ptrdiff_t plus = slice_find(m->mailbox, '+');
			struct slice spec = mime_address_spec(m, r->s->arena), local = plus > 0 ? slice_sub(m->mailbox, 0, (size_t)plus) : m->mailbox;
			struct slice bare = arena_printf(r->s->arena, "%.*s@%.*s", SLICE_ARG(local), SLICE_ARG(m->host));
			if (is_own(r, spec) || is_own(r, bare) || is_one_of(spec, a->addresses, a->address_count))
				return true;
		}
	}
	return false;
}

static bool is_wanted(const struct sort_run *r, const struct sieve_action *a)
{
	struct slice sender = r->s->e->reverse_path;
	return sender.n > 0 && r->s->facts_read.dsn_fact.n > 0 && !is_machine(sender) && !is_own(r, sender) &&
	       !is_one_of(sender, a->addresses, a->address_count) && !is_automatic(r->s) && is_addressed(r, a);
}

/* ---- the answer ---- */

/* RFC 5230 5.3: "Auto: " and the subject. */
static void put_subject(const struct sort_run *r, const struct sieve_action *a, struct buf *out)
{
	struct slice subject = SLICE_NONE, text;
	if (a->subject.n > 0) {
		compose_field(out, "Subject", a->subject);
		return;
	}
	if (field_of(r->s, "Subject", &subject))
		subject = mime_words_decode_arena(subject, r->s->arena);
	text = arena_printf(r->s->arena, "Auto: %.*s", SLICE_ARG(utf8_prefix(subject, SUBJECT_MAX)));
	compose_field(out, "Subject", subject.n > 0 ? text : SLICE("Automated reply"));
}

/* RFC 5230 5.1: only an address of the owner. */
static void put_from(const struct sort_run *r, const struct sieve_action *a, struct buf *out)
{
	const struct mime_address *from = mime_address_next(mime_address_parse(a->from, r->s->arena));
	struct slice spec = from != NULL ? mime_address_spec(from, r->s->arena) : SLICE_NONE;
	if (spec.n > 0 && (is_own(r, spec) || is_one_of(spec, r->profile->addresses, r->profile->address_count)))
		compose_address(out, "From", from->has_name ? mime_words_decode_arena(from->name, r->s->arena) : SLICE_NONE, spec);
	else
		compose_address(out, "From", SLICE_NONE, r->profile->address);
}

/* RFC 5230 5.5, RFC 5322 3.6.4 */
static void put_references(const struct sort_run *r, struct buf *out)
{
	struct slice id, before = SLICE_NONE;
	if (!field_of(r->s, "Message-ID", &id) || id.n == 0 || id.n > REFERENCES_MAX)
		return;
	if (!field_of(r->s, "References", &before))
		field_of(r->s, "In-Reply-To", &before);
	if (before.n + id.n > REFERENCES_MAX)
		before = SLICE_NONE;
	compose_field_raw(out, "In-Reply-To", id);
	compose_field_raw(out, "References", arena_printf(r->s->arena, "%.*s%s%.*s", SLICE_ARG(before), before.n > 0 ? " " : "", SLICE_ARG(id)));
}

/* RFC 5230 4.7: the text is a MIME entity with its own fields; those that are ours stay out. */
static void put_entity(struct slice text, struct buf *out)
{
	struct slice rest = text;
	struct mime_field field;
	while (mime_field_next(&rest, &field))
		if (slice_starts_nocase(field.name, SLICE("Content-"))) {
			buf_append(out, slice_trim(field.whole));
			buf_append_str(out, "\r\n");
		}
	buf_append_str(out, "\r\n");
	buf_append(out, rest);
}

static void compose(const struct sort_run *r, const struct sieve_action *a, struct buf *out)
{
	uint8_t id[16];
	random_bytes(id, sizeof id);
	compose_date(out, "Date", r->s->e->received_ms / 1000);
	put_from(r, a, out);
	compose_address(out, "To", SLICE_NONE, r->s->e->reverse_path);
	put_subject(r, a, out);
	buf_append_str(out, "Message-ID: <");
	hex_encode(slice_make(id, sizeof id), out);
	buf_printf(out, "@%.*s>\r\n", SLICE_ARG(r->s->settings->hostname));
	put_references(r, out);
	buf_append_str(out, "Auto-Submitted: auto-replied (vacation)\r\nMIME-Version: 1.0\r\n"); /* RFC 5230 5.2 */
	if (a->mime)
		put_entity(a->text, out);
	else
		compose_text_part(out, a->text);
}

void sort_answer(struct sort_run *r, const struct sieve_action *a)
{
	struct sorter *s = r->s;
	struct buf out = BUF_INIT(ANSWER_MAX);
	uint8_t lower[1024];
	struct slice sender = slice_sub(s->e->reverse_path, 0, sizeof lower);
	if (!is_wanted(r, a))
		return;
	compose(r, a, &out);
	struct filter_offspring *o = out.failed ? NULL : sort_offspring_add(s, SORT_ANSWER);
	if (o != NULL) {
		for (size_t i = 0; i < sender.n; i++)
			lower[i] = ascii_lower(sender.p[i]);
		o->fact = s->facts_read.dsn_fact;
		o->text = arena_dup(s->arena, buf_slice(&out));
		o->signer = r->profile->signer;
		o->once = a->seconds > 0 ? sort_key(s->arena, "vac", r->fact->account, a->handle, slice_make(lower, sender.n)) : SLICE_NONE;
		o->once_keep_s = a->seconds;
		sort_act_add(s, "answered", r->profile->address, s->e->reverse_path, 0);
	}
	buf_free(&out);
}
