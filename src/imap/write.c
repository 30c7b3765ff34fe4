#include <string.h>
#include "base/clock.h"
#include "base/codec.h"
#include "base/ensure.h"
#include "base/utf8.h"
#include "imap/session_internal.h"

/* What a text needs on the wire. */
enum { TEXT_PLAIN, TEXT_ESCAPE, TEXT_LITERAL, TEXT_NUL };

/* One table look-up per byte: this is the inner loop of every ENVELOPE. */
static const uint8_t text_class[256] = {
	[0] = TEXT_NUL, ['\r'] = TEXT_LITERAL, ['\n'] = TEXT_LITERAL, ['"'] = TEXT_ESCAPE, ['\\'] = TEXT_ESCAPE, [128 ... 255] = TEXT_LITERAL,
};

static int classify(struct slice s)
{
	int class = TEXT_PLAIN;

	for (size_t i = 0; i < s.n; i++) {
		if (text_class[s.p[i]] > class)
			class = text_class[s.p[i]];
	}
	return class;
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* True for bytes that all stand for themselves, eight at a time; false may also mean "look closer". */
static bool is_surely_plain(struct slice s)
{
	uint64_t bad = 0;
	size_t i = 0;

	for (; i + 8 <= s.n; i += 8) {
		uint64_t x, quote, slash;
		memcpy(&x, s.p + i, 8);
		quote = x ^ EACH('"');
		slash = x ^ EACH('\\');
		bad |= x | (x - EACH(0x20)) | (quote - EACH(1)) | (slash - EACH(1));
	}
	if ((bad & EACH(0x80)) != 0)
		return false;
	for (; i < s.n; i++) {
		if (text_class[s.p[i]] != TEXT_PLAIN)
			return false;
	}
	return true;
}

static uint8_t *put_quoted(uint8_t *to, struct slice s)
{
	*to++ = '"';
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			*to++ = '\\';
		*to++ = s.p[i];
	}
	*to++ = '"';
	return to;
}

void imap_write_quoted(struct buf *out, struct slice s)
{
	uint8_t *to = buf_reserve(out, IMAP_STRING_BOUND(s.n));

	if (to != NULL)
		buf_commit(out, (size_t)(put_quoted(to, s) - to));
}

static uint8_t *put_number(uint8_t *to, uint64_t value)
{
	uint8_t digits[20];
	size_t n = 0;

	do {
		digits[n++] = (uint8_t)('0' + value % 10);
	} while ((value /= 10) > 0);
	while (n > 0)
		*to++ = digits[--n];
	return to;
}

/* A literal cannot carry NUL (RFC 9051 4.3): it is left out. */
static uint8_t *put_literal(uint8_t *to, struct slice s)
{
	size_t nuls = 0;

	for (size_t i = 0; i < s.n; i++)
		nuls += s.p[i] == 0;
	*to++ = '{';
	to = put_number(to, s.n - nuls);
	memcpy(to, "}\r\n", 3);
	to += 3;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != 0)
			*to++ = s.p[i];
	}
	return to;
}

/* RFC 6855 3, RFC 9051 4.3: UTF-8 in quoted strings only for clients that asked for it. */
static bool utf8_allowed(const struct imap_session *s)
{
	return (s->enabled & (ENABLED_UTF8 | ENABLED_REV2)) != 0;
}

static uint8_t *put_special(const struct imap_session *s, uint8_t *to, struct slice text)
{
	int class = classify(text);

	if (class == TEXT_PLAIN || class == TEXT_ESCAPE)
		return put_quoted(to, text);
	if (class == TEXT_LITERAL && utf8_allowed(s) && slice_find(text, '\n') < 0 && slice_find(text, '\r') < 0 && utf8_valid(text))
		return put_quoted(to, text);
	return put_literal(to, text);
}

uint8_t *imap_put_string(const struct imap_session *s, uint8_t *to, struct slice text)
{
	if (!is_surely_plain(text))
		return put_special(s, to, text);
	*to++ = '"';
	if (text.n > 0)
		memcpy(to, text.p, text.n);
	to += text.n;
	*to++ = '"';
	return to;
}

void imap_write_string(const struct imap_session *s, struct buf *out, struct slice text)
{
	uint8_t *to = buf_reserve(out, IMAP_STRING_BOUND(text.n));

	if (to != NULL)
		buf_commit(out, (size_t)(imap_put_string(s, to, text) - to));
}

void imap_write_nstring(const struct imap_session *s, struct buf *out, struct slice text, bool has)
{
	if (has)
		imap_write_string(s, out, text);
	else
		buf_append_bytes(out, "NIL", 3);
}

void imap_write_astring(const struct imap_session *s, struct buf *out, struct slice text)
{
	bool atom = text.n > 0 && !slice_eq_nocase(text, SLICE("NIL"));

	for (size_t i = 0; atom && i < text.n; i++)
		atom = imap_is_astring_char(text.p[i]);
	if (atom)
		buf_append(out, text);
	else
		imap_write_string(s, out, text);
}

void imap_write_mailbox(const struct imap_session *s, struct buf *out, struct slice name)
{
	if (utf8_allowed(s) || (slice_is_ascii(name) && slice_find(name, '&') < 0)) {
		imap_write_astring(s, out, name);
		return;
	}
	struct buf wire = BUF_INIT(MAILBOX_NAME_MAX * 8);
	utf7_encode(name, &wire);
	imap_write_astring(s, out, buf_slice(&wire));
	buf_free(&wire);
}

static const struct {
	uint32_t bit;
	struct slice name;
} system_flags[] = {
	{FLAG_ANSWERED, SLICE_INIT("\\Answered")}, {FLAG_FLAGGED, SLICE_INIT("\\Flagged")}, {FLAG_DELETED, SLICE_INIT("\\Deleted")},
	{FLAG_SEEN, SLICE_INIT("\\Seen")},         {FLAG_DRAFT, SLICE_INIT("\\Draft")},
};

int imap_system_flag(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(system_flags); i++) {
		if (slice_eq_nocase(name, system_flags[i].name))
			return (int)system_flags[i].bit;
	}
	return 0;
}

static void write_keywords(struct imap_session *s, struct buf *out, uint64_t keywords, const char *separator)
{
	for (unsigned i = 0; keywords != 0; i++, keywords >>= 1) {
		if ((keywords & 1) == 0)
			continue;
		buf_append_str(out, separator);
		buf_append(out, s->account->ops->keyword_name(s->account, i));
		separator = " ";
	}
}

void imap_write_flags(struct imap_session *s, struct buf *out, struct flag_set flags)
{
	const char *separator = "";

	buf_append_byte(out, '(');
	for (size_t i = 0; i < ARRAY_LEN(system_flags); i++) {
		if ((flags.system & system_flags[i].bit) == 0)
			continue;
		buf_append_str(out, separator);
		buf_append(out, system_flags[i].name);
		separator = " ";
	}
	write_keywords(s, out, flags.keywords, separator);
	buf_append_byte(out, ')');
}

static void two_digits(uint8_t *p, int value)
{
	p[0] = (uint8_t)('0' + value / 10 % 10);
	p[1] = (uint8_t)('0' + value % 10);
}

/* By hand: printf would be a third of the time of FETCH INTERNALDATE. */
void imap_write_date_time(struct buf *out, int64_t unix_seconds)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct calendar c = calendar_from_unix(unix_seconds);
	uint8_t text[28];

	if (c.year < 0 || c.year > 9999)
		c = calendar_from_unix(0);
	memcpy(text, "\"00-Jan-0000 00:00:00 +0000\"", 28);
	two_digits(text + 1, c.day);
	memcpy(text + 4, months + 3 * (c.month - 1), 3);
	two_digits(text + 8, c.year / 100);
	two_digits(text + 10, c.year % 100);
	two_digits(text + 13, c.hour);
	two_digits(text + 16, c.minute);
	two_digits(text + 19, c.second);
	buf_append_bytes(out, text, sizeof text);
}

void imap_write_id(struct buf *out, char kind, const uint8_t id[16])
{
	buf_append_byte(out, '(');
	buf_append_byte(out, (uint8_t)kind);
	hex_encode(slice_make(id, 16), out);
	buf_append_byte(out, ')');
}

static unsigned count_keywords(struct imap_session *s)
{
	unsigned n = 0;

	while (n < KEYWORD_COUNT_MAX && s->account->ops->keyword_name(s->account, n).n > 0)
		n++;
	return n;
}

static void write_all_flags(struct imap_session *s, unsigned keywords, bool deleted)
{
	buf_append_str(s->out, deleted ? "(\\Answered \\Flagged \\Deleted \\Seen \\Draft" : "(\\Answered \\Flagged \\Seen \\Draft");
	write_keywords(s, s->out, keywords >= 64 ? UINT64_MAX : (UINT64_C(1) << keywords) - 1, " ");
}

void imap_write_flags_response(struct imap_session *s)
{
	unsigned keywords = count_keywords(s);

	buf_append_str(s->out, "* FLAGS ");
	write_all_flags(s, keywords, true); /* at a minimum the system flags, RFC 9051 7.3.5: the owner may have set it */
	buf_append_str(s->out, ")\r\n* OK [PERMANENTFLAGS ");
	if (s->view.read_only)
		buf_append_str(s->out, "()] Read-only mailbox\r\n");
	else {
		write_all_flags(s, keywords, (s->account->refuses & ACCOUNT_REFUSES_DELETE) == 0);
		buf_append_str(s->out, keywords < KEYWORD_COUNT_MAX ? " \\*)] Flags that stay\r\n" : ")] Flags that stay\r\n");
	}
	s->keywords_told = keywords;
}

void imap_announce_keywords(struct imap_session *s)
{
	if (s->view.open && s->keywords_told < KEYWORD_COUNT_MAX && s->account->ops->keyword_name(s->account, s->keywords_told).n > 0)
		imap_write_flags_response(s);
}

void imap_write_uids_as_sequence(struct imap_session *s, const struct uid_set *uids, struct buf *out)
{
	struct uid_set numbers = {0};

	for (uint32_t i = 0; i < s->view.count; i++) {
		if (uid_set_has(uids, s->view.uids[i]))
			uid_set_add(&numbers, i + 1);
	}
	uid_set_print(&numbers, out);
	uid_set_free(&numbers);
}

void imap_write_flags_update(struct imap_session *s, uint32_t seq, const struct message_row *row, bool with_uid)
{
	buf_append_bytes(s->out, "* ", 2);
	buf_append_u64(s->out, seq);
	buf_append_str(s->out, " FETCH (");
	if (with_uid || (s->enabled & (ENABLED_QRESYNC | ENABLED_REV2)) != 0) {
		buf_append_str(s->out, "UID ");
		buf_append_u64(s->out, row->uid);
		buf_append_byte(s->out, ' ');
	}
	buf_append_str(s->out, "FLAGS ");
	imap_write_flags(s, s->out, row->flags);
	if ((s->enabled & ENABLED_CONDSTORE) != 0) {
		buf_append_str(s->out, " MODSEQ (");
		buf_append_u64(s->out, row->modseq);
		buf_append_byte(s->out, ')');
	}
	buf_append_str(s->out, ")\r\n");
}
