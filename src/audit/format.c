#include "audit/format.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/ensure.h"
#include "crypt/hash.h"

#define FACILITY_AUDIT 13  /* RFC 5424 6.2.1 */
#define SD_ID "audit@32473" /* RFC 5612: the number of documentation; receivers match on the name */
#define HEADER_WORD_MAX 48

/* RFC 5424 6.2.1, and the severity of CEF. */
static const struct {
	struct slice level;
	int severity, cef;
} severities[] = {
	{SLICE_INIT("error"), 3, 8}, {SLICE_INIT("warn"), 4, 6}, {SLICE_INIT("info"), 6, 3}, {SLICE_INIT("debug"), 7, 1},
};

static size_t severity_of(struct slice level)
{
	for (size_t i = 0; i < ARRAY_LEN(severities); i++)
		if (slice_eq(level, severities[i].level))
			return i;
	return 2;
}

static struct slice text_of(struct slice event)
{
	enum log_event id = log_event_find(event);
	return id == EV_COUNT ? SLICE_NONE : slice_str(log_row(id)->text);
}

/* PRINTUSASCII without spaces; '-' when nothing is left. */
static void put_word(struct slice word, struct buf *out)
{
	size_t n = 0;
	for (size_t i = 0; i < word.n && n < HEADER_WORD_MAX; i++) {
		if (word.p[i] <= ' ' || word.p[i] >= 0x7f)
			continue;
		buf_append_byte(out, word.p[i]);
		n++;
	}
	if (n == 0)
		buf_append_byte(out, '-');
}

static void put_header(const struct audit_record *r, struct slice host, struct buf *out)
{
	struct calendar c = calendar_from_unix(r->wall_ms / 1000);
	buf_printf(out, "<%d>1 %04d-%02d-%02dT%02d:%02d:%02d.%03dZ ", FACILITY_AUDIT * 8 + severities[severity_of(r->level)].severity, c.year,
		c.month, c.day, c.hour, c.minute, c.second, (int)(r->wall_ms % 1000));
	put_word(host, out);
	buf_append_str(out, " letterlock ");
	put_word(r->role, out);
	buf_append_byte(out, ' ');
	put_word(slice_sub(r->event, 0, 32), out); /* MSGID: 32 characters */
	buf_append_byte(out, ' ');
}

/* Control characters become spaces, the named ones get a backslash. */
static void put_escaped(struct slice text, const char *special, struct buf *out)
{
	struct slice set = slice_str(special);
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i] < 0x20 || text.p[i] == 0x7f ? ' ' : text.p[i];
		if (slice_find(set, c) >= 0)
			buf_append_byte(out, '\\');
		buf_append_byte(out, c);
	}
}

static void put_value(const struct audit_record *r, size_t field, const char *special, struct buf *out)
{
	if (r->fields[field].is_number)
		buf_printf(out, "%lld", (long long)r->fields[field].number);
	else
		put_escaped(r->fields[field].text, special, out);
}

/* RFC 5424 6.3: one element with all fields; MSG is UTF-8 with its mark. */
static void put_syslog(const struct audit_record *r, struct slice host, struct buf *out)
{
	put_header(r, host, out);
	buf_printf(out, "[" SD_ID " n=\"%llu\" class=\"", (unsigned long long)r->n);
	put_escaped(r->class, "\"\\]", out);
	buf_append_byte(out, '"');
	for (size_t i = 0; i < r->count; i++) {
		buf_append_byte(out, ' ');
		put_word(slice_sub(r->fields[i].name, 0, 32), out);
		buf_append_str(out, "=\"");
		put_value(r, i, "\"\\]", out);
		buf_append_byte(out, '"');
	}
	buf_append_str(out, "] \xef\xbb\xbf");
	put_escaped(text_of(r->event), "", out);
}

/* Names of the CEF dictionary for fields that have one; the others go under their own name behind "ll". */
static const struct {
	struct slice field;
	const char *key;
} cef_keys[] = {
	{SLICE_INIT("ip"), "src"}, {SLICE_INIT("user"), "suser"}, {SLICE_INIT("actor"), "suser"}, {SLICE_INIT("to"), "duser"},
	{SLICE_INIT("address"), "duser"}, {SLICE_INIT("owner"), "duser"}, {SLICE_INIT("service"), "app"}, {SLICE_INIT("reason"), "reason"},
	{SLICE_INIT("op"), "act"}, {SLICE_INIT("size"), "in"}, {SLICE_INIT("file"), "fname"},
};

static void put_cef_key(struct slice field, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(cef_keys); i++)
		if (slice_eq(field, cef_keys[i].field)) {
			buf_append_str(out, cef_keys[i].key);
			return;
		}
	buf_append_str(out, "ll");
	for (size_t i = 0; i < field.n; i++)
		if (ascii_is_alnum(field.p[i]))
			buf_append_byte(out, field.p[i]);
}

static void put_cef(const struct audit_record *r, struct slice host, struct buf *out)
{
	put_header(r, host, out);
	buf_append_str(out, "- \xef\xbb\xbf" "CEF:0|Letterlock|Letterlock|" LETTERLOCK_VERSION "|");
	put_escaped(r->event, "|\\", out);
	buf_append_byte(out, '|');
	put_escaped(text_of(r->event), "|\\", out);
	buf_printf(out, "|%d|rt=%lld externalId=%llu cat=", severities[severity_of(r->level)].cef, (long long)r->wall_ms, (unsigned long long)r->n);
	put_escaped(r->class, "=\\", out);
	for (size_t i = 0; i < r->count; i++) {
		buf_append_byte(out, ' ');
		put_cef_key(r->fields[i].name, out);
		buf_append_byte(out, '=');
		put_value(r, i, "=\\", out);
	}
}

int audit_format_record(enum audit_format format, struct slice record, struct slice host, struct buf *out)
{
	struct arena arena = ARENA_INIT;
	struct audit_record r;
	struct buf message = BUF_INIT(AUDIT_TEXT_MAX * 2);
	int rc = audit_record_parse(record, &arena, &r);
	if (rc == 0 && format == AUDIT_FORMAT_JSON) {
		buf_append(out, record);
		buf_append_byte(out, '\n');
	} else if (rc == 0) {
		if (format == AUDIT_FORMAT_CEF)
			put_cef(&r, host, &message);
		else
			put_syslog(&r, host, &message);
		buf_printf(out, "%zu ", buf_len(&message));
		buf_append(out, buf_slice(&message));
	}
	buf_free(&message);
	arena_free(&arena);
	return rc;
}

void audit_format_batch(struct slice lines, struct buf *out)
{
	struct slice line;
	const char *comma = "";
	buf_append_str(out, "{\"records\":[");
	while (slice_split(&lines, '\n', &line)) {
		if (line.n == 0)
			continue;
		buf_append_str(out, comma);
		buf_append(out, line);
		comma = ",";
	}
	buf_append_str(out, "]}");
}

void audit_format_signature(struct slice secret, int64_t time, struct slice body, struct buf *out)
{
	struct buf signed_text = BUF_INIT(SIZE_MAX / 2);
	uint8_t mac[HASH_SIZE];
	buf_printf(&signed_text, "%lld.", (long long)time);
	buf_append(&signed_text, body);
	hash_hmac_sha256(secret, buf_slice(&signed_text), mac);
	buf_printf(out, "t=%lld,v1=", (long long)time);
	hex_encode(slice_make(mac, sizeof mac), out);
	buf_free(&signed_text);
}
