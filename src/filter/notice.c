/* Letters of the system itself to one person. */
#include "base/clock.h"
#include "base/codec.h"
#include "base/utf8.h"
#include "crypt/crypt.h"
#include "filter/filter_internal.h"
#include "filter/notice.h"
#include "mime/compose.h"

#define LETTER_MAX 65536
#define TEXT_MAX 16384
#define VALUE_MAX 400   /* bytes of one argument that are shown */
#define PRODUCT "Letterlock"

/* ---- arguments ---- */

static struct slice value_of(struct slice args, struct slice name)
{
	struct slice line;

	while (slice_split(&args, '\n', &line)) {
		ptrdiff_t is = slice_find(line, '=');

		if (is > 0 && slice_eq(slice_sub(line, 0, (size_t)is), name))
			return slice_from(line, (size_t)is + 1);
	}
	return SLICE_NONE;
}

static void append_plain(struct buf *out, struct slice s)
{
	s = slice_sub(s, 0, VALUE_MAX);
	for (size_t i = 0; i < s.n; i++)
		buf_append_byte(out, s.p[i] < ' ' || s.p[i] == 0x7f ? ' ' : s.p[i]);
}

static void append_time(struct buf *out, struct slice seconds)
{
	uint64_t at;

	if (slice_to_u64(seconds, &at) != 0 || at > UINT32_MAX * UINT64_C(50)) {
		append_plain(out, seconds);
		return;
	}
	struct calendar c = calendar_from_unix((int64_t)at);
	buf_printf(out, "%04d-%02d-%02d %02d:%02d UTC", c.year, c.month, c.day, c.hour, c.minute);
}

static bool is_one_of(struct slice name, const char *names)
{
	struct slice list = slice_str(names), one;

	while (slice_split(&list, ' ', &one))
		if (slice_eq(one, name))
			return true;
	return false;
}

/* One word of the table, or several with commas. */
static void append_words(struct buf *out, struct slice words, enum notice_language language)
{
	ptrdiff_t comma;

	for (bool first = true; words.n > 0; first = false) {
		comma = slice_search(words, SLICE(", "));
		if (!first)
			buf_append_str(out, ", ");
		append_plain(out, notice_word(comma < 0 ? words : slice_sub(words, 0, (size_t)comma), language));
		words = comma < 0 ? SLICE_NONE : slice_from(words, (size_t)comma + 2);
	}
}

static void append_argument(const struct filter_notice *n, struct slice name, struct buf *out)
{
	struct slice value = value_of(n->args, name);

	if (value.n == 0)
		buf_append_str(out, "–");
	else if (is_one_of(name, "time until"))
		append_time(out, value);
	else if (is_one_of(name, "kind why service"))
		append_words(out, value, notice_language_of(n->language));
	else
		append_plain(out, value);
}

/* ---- the letter ---- */

static void fill(const struct filter_notice *n, struct slice words, struct slice host, struct buf *out)
{
	ptrdiff_t open, close;

	while ((open = slice_find(words, '{')) >= 0 && (close = slice_find(words, '}')) > open) {
		struct slice name = slice_sub(words, (size_t)open + 1, (size_t)close);

		buf_append(out, slice_sub(words, 0, (size_t)open));
		if (slice_eq(name, SLICE("host")) && value_of(n->args, name).n == 0)
			append_plain(out, host);
		else
			append_argument(n, name, out);
		words = slice_from(words, (size_t)close + 1);
	}
	buf_append(out, words);
}

static void compose_text(const struct filter_notice *n, enum notice notice, const struct filter_settings *settings, struct buf *out)
{
	enum notice_language language = notice_language_of(n->language);
	const struct notice_frame *frame = &notice_frames[language];
	struct filter_notice bare = {0};
	struct buf text = BUF_INIT(TEXT_MAX);

	fill(&bare, slice_str(frame->greeting), settings->hostname, &text);
	buf_append_str(&text, "\n\n");
	fill(n, slice_str(notice_words[notice][language].text), settings->hostname, &text);
	buf_append_str(&text, "\n\n");
	buf_append_str(&text, frame->closing);
	buf_append_byte(&text, '\n');
	out->failed |= text.failed;
	compose_text_part(out, buf_slice(&text));
	buf_free_secret(&text); /* it may hold a code */
}

int filter_notice_compose(const struct filter_notice *n, struct slice to, const struct filter_settings *settings, const uint8_t id[16],
                          struct buf *out)
{
	enum notice notice = notice_find(n->name);
	struct slice domain = n->domain.n > 0 ? n->domain : settings->hostname;
	struct buf from = BUF_INIT(400);

	if (notice == NOTICE_COUNT)
		return ERR_INVALID;
	buf_printf(&from, "postmaster@%.*s", SLICE_ARG(domain));
	compose_date(out, "Date", n->now_ms / 1000);
	compose_address(out, "From", SLICE(PRODUCT), buf_slice(&from));
	compose_address(out, "To", SLICE_NONE, to);
	compose_field(out, "Subject", slice_str(notice_words[notice][notice_language_of(n->language)].subject));
	buf_append_str(out, "Message-ID: <");
	hex_encode(slice_make(id, 16), out);
	buf_printf(out, "@%.*s>\r\n", SLICE_ARG(settings->hostname));
	buf_append_str(out, "Auto-Submitted: auto-generated\r\n"); /* RFC 3834 5 */
	buf_append_str(out, "MIME-Version: 1.0\r\n");
	compose_text(n, notice, settings, out);
	out->failed |= from.failed;
	buf_free(&from);
	return out->failed ? ERR_LIMIT : 0;
}

static struct envelope envelope_of(const struct filter_notice *n, const struct filter_settings *settings, struct slice to)
{
	return (struct envelope){
		.source = ENVELOPE_SMTP, .received_ms = n->now_ms, .cid = n->cid, .hostname = settings->hostname,
		.smtputf8 = !slice_is_ascii(to), .body_8bit = !slice_is_ascii(to), .recipients = n->fact, .recipient_count = 1,
	};
}

int filter_notice(const struct filter_notice *n, const struct filter_settings *settings, const uint8_t secret[32],
                  const struct filter_epoch *epoch, struct arena *arena, struct filter_result *ret, struct error *err)
{
	struct buf blob = BUF_INIT(LETTER_MAX);
	struct recipient_fact fact;
	struct filter_facts facts = {.recipients = &fact, .count = 1};
	struct slice list = n->fact;
	struct envelope e;
	struct filter_letter letter = {.envelope = &e, .facts = &facts, .sealer = settings->sealer, .is_dsn = true};
	uint8_t id[16];
	int code = fact_read_recipient(&list, secret, &fact);

	*ret = (struct filter_result){0};
	if (code < 0 || list.n > 0 || fact.kind == FACT_OWN)
		return error_set(err, code < 0 ? code : ERR_INVALID, "the fact of the letter's recipient does not verify");
	fact.notify = SLICE("NEVER");
	fact.original = SLICE_NONE;
	random_bytes(id, sizeof id);
	code = filter_notice_compose(n, fact.address, settings, id, &blob);
	e = envelope_of(n, settings, fact.address);
	code = code < 0 ? error_set(err, code, "no such letter, or it is too long") : 0;
	if (code == 0 && fact.kind == FACT_REMOTE)
		code = filter_sign_own(settings, n->signer, secret, n->now_ms / 1000, arena, &blob, err);
	letter.blob = buf_slice(&blob);
	if (code == 0)
		code = filter_seal(&letter, secret, epoch, arena, ret, err);
	buf_free_secret(&blob);
	return code;
}
