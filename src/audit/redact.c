#include "audit/redact.h"

#include <string.h>

#include "base/codec.h"
#include "crypt/hash.h"

#define PSEUDONYM_BYTES 8
#define VALUE_ROOM (AUDIT_VALUE_MAX * 20)

static void put_pseudonym(struct slice word, const uint8_t key[AUDIT_REDACT_KEY_SIZE], struct buf *out)
{
	uint8_t mac[HASH_SIZE];
	struct buf lower = BUF_INIT(AUDIT_VALUE_MAX * 6);
	for (size_t i = 0; i < word.n; i++)
		buf_append_byte(&lower, ascii_lower(word.p[i]));
	hash_keyed(buf_slice(&lower), key, mac);
	buf_append_byte(out, '~');
	hex_encode(slice_make(mac, PSEUDONYM_BYTES), out);
	buf_free(&lower);
}

/* ---- words ---- */

static bool is_word_byte(uint8_t c)
{
	return ascii_is_alnum(c) || c >= 0x80 || (c != 0 && strchr("@.:_+-%=!#$&'*/?^`{|}~", c) != NULL);
}

static bool looks_like_mail(struct slice word)
{
	ptrdiff_t at = slice_rfind(word, '@');
	return at > 0 && (size_t)at + 1 < word.n;
}

static bool is_hex(uint8_t c)
{
	return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
}

/* Four numbers with dots between, or at least two colons between hexadecimal digits. */
static bool looks_like_ip(struct slice word)
{
	size_t dots = 0, colons = 0, digits = 0, others = 0;
	for (size_t i = 0; i < word.n; i++) {
		dots += word.p[i] == '.';
		colons += word.p[i] == ':';
		digits += ascii_is_digit(word.p[i]);
		others += !is_hex(word.p[i]) && word.p[i] != '.' && word.p[i] != ':';
	}
	return others == 0 && ((dots == 3 && digits >= 4) || colons >= 2);
}

/* Punctuation of the sentence is not part of it. */
static struct slice trimmed(struct slice word)
{
	while (word.n > 0 && strchr(".:,;'`", word.p[word.n - 1]) != NULL)
		word.n--;
	return word;
}

/* Free text: what names somebody, wherever it stands. */
static bool redact_text(struct slice text, const uint8_t key[AUDIT_REDACT_KEY_SIZE], struct buf *out)
{
	bool changed = false;
	while (text.n > 0) {
		size_t n = 0;
		while (n < text.n && is_word_byte(text.p[n]))
			n++;
		struct slice word = trimmed(slice_sub(text, 0, n));
		if (looks_like_mail(word) || looks_like_ip(word)) {
			put_pseudonym(word, key, out);
			changed = true;
			n = word.n;
		} else {
			n += n < text.n;
			buf_append(out, slice_sub(text, 0, n));
		}
		text = slice_from(text, n);
	}
	return changed;
}

static bool redact_words(struct slice text, const uint8_t key[AUDIT_REDACT_KEY_SIZE], struct buf *out)
{
	struct slice word;
	bool changed = false;
	for (bool first = true; slice_split(&text, ' ', &word); first = false) {
		if (!first)
			buf_append_byte(out, ' ');
		if (word.n > 0) {
			put_pseudonym(word, key, out);
			changed = true;
		}
	}
	return changed;
}

/* ---- records ---- */

static bool put_field(const struct audit_record *r, size_t i, const uint8_t key[AUDIT_REDACT_KEY_SIZE], struct buf *out)
{
	const struct log_field_row *row = log_field_find(r->fields[i].name);
	struct buf value = BUF_INIT(VALUE_ROOM);
	bool changed = false;
	buf_append_str(out, i > 0 ? ",\"" : "\"");
	buf_append(out, r->fields[i].name);
	buf_append_str(out, "\":");
	if (r->fields[i].is_number) {
		buf_printf(out, "%lld", (long long)r->fields[i].number);
		return false;
	}
	if (row == NULL || row->privacy != LOG_PRIVACY_PUBLIC)
		changed = redact_words(r->fields[i].text, key, &value);
	else
		changed = redact_text(r->fields[i].text, key, &value);
	audit_json_text(out, buf_slice(&value));
	buf_free(&value);
	return changed;
}

bool audit_redact(struct slice record, const uint8_t key[AUDIT_REDACT_KEY_SIZE], struct buf *out)
{
	static const struct slice before_salt = SLICE_INIT(",\"k\":\"");
	struct arena arena = ARENA_INIT;
	struct audit_record r;
	size_t start = buf_len(out);
	ptrdiff_t salt = slice_search(record, before_salt);
	bool changed = false, readable = audit_record_parse(record, &arena, &r) == 0 && salt > 0;
	if (readable) {
		buf_append(out, slice_sub(record, 0, (size_t)salt + before_salt.n));
		buf_append_str(out, AUDIT_NO_SALT "\",\"f\":{");
		for (size_t i = 0; i < r.count; i++)
			changed |= put_field(&r, i, key, out);
		buf_append_str(out, "}}");
		if (!changed)
			buf_truncate(out, start);
	}
	arena_free(&arena);
	return changed || !readable;
}
