/* Reading a master file: characters become tokens, the tokens of an entry become a record. */
#include <string.h>

#include "base/codec.h"
#include "base/ensure.h"
#include "trust/dns_zone.h"
#include "trust/ip.h"

#define TOKENS_MAX 2000
#define NAME_TEXT_MAX 1024
#define TTL_DEFAULT 3600

struct token {
	struct slice text; /* as written, escapes kept, without quotes */
	bool quoted;
};

struct parser {
	struct dns_zone *zone;
	struct slice rest, origin, owner;
	uint32_t ttl;
	size_t line, entry_line;
	struct token tokens[TOKENS_MAX];
	size_t count;
	bool owner_given;  /* the entry began at the first column */
	size_t entry_size;
	struct error *err;
};

static int refuse(struct parser *p, enum error_code code, const char *why)
{
	return error_set(p->err, code, "line %zu: %s", p->entry_line, why);
}

/* ---- tokens ---- */

static int take_token(struct parser *p, bool quoted)
{
	size_t i = 0;
	struct slice s = p->rest;
	for (; i < s.n; i++) {
		uint8_t c = s.p[i];
		if (c == '\\' && i + 1 < s.n && s.p[i + 1] != '\n')
			i++;
		else if (c == '\n' || (quoted ? c == '"' : (c <= 0x20 || slice_find(SLICE("\"();"), c) >= 0)))
			break;
	}
	if (quoted && (i >= s.n || s.p[i] != '"'))
		return refuse(p, ERR_INVALID, "a quote does not end");
	p->entry_size += i;
	if (p->count == TOKENS_MAX || p->entry_size > DNS_ZONE_ENTRY_MAX)
		return refuse(p, ERR_LIMIT, "the entry is too long");
	p->tokens[p->count++] = (struct token){.text = slice_sub(s, 0, i), .quoted = quoted};
	p->rest = slice_from(s, i + (quoted ? 1 : 0));
	return 0;
}

static void skip_comment(struct parser *p)
{
	ptrdiff_t end = slice_find(p->rest, '\n');
	p->rest = slice_from(p->rest, end < 0 ? p->rest.n : (size_t)end);
}

/* One character that is no token, or a token. *depth counts parentheses; -1: the entry has ended. */
static int take_piece(struct parser *p, int *depth)
{
	uint8_t c = p->rest.p[0];
	if (c == ';') {
		skip_comment(p);
		return 0;
	}
	if (c > 0x20 && c != '(' && c != ')') {
		if (c == '"')
			p->rest = slice_from(p->rest, 1);
		return take_token(p, c == '"');
	}
	p->rest = slice_from(p->rest, 1);
	p->line += c == '\n';
	if (c == ')' && *depth == 0)
		return refuse(p, ERR_INVALID, "a parenthesis too much");
	*depth += c == '(' ? 1 : c == ')' ? -1 : 0;
	if (c == '\n' && *depth == 0)
		*depth = -1;
	return 0;
}

/* The tokens of the next entry. */
static int take_entry(struct parser *p)
{
	int depth = 0, rc = 0;
	p->count = p->entry_size = 0;
	p->entry_line = p->line;
	p->owner_given = p->rest.n > 0 && !ascii_is_wsp(p->rest.p[0]);
	while (rc == 0 && depth >= 0 && p->rest.n > 0)
		rc = take_piece(p, &depth);
	return rc == 0 && depth > 0 ? refuse(p, ERR_INVALID, "a parenthesis does not end") : rc;
}

/* ---- values ---- */

static bool name_append(const struct parser *p, struct slice text, struct buf *out)
{
	if (slice_eq(text, SLICE("@"))) {
		buf_append(out, p->origin.n > 0 ? p->origin : SLICE("."));
	} else {
		buf_append(out, text);
		/* A dot behind a backslash belongs to a label. */
		if (!slice_ends(text, SLICE(".")) || slice_ends(text, SLICE("\\."))) {
			buf_append_byte(out, '.');
			buf_append(out, p->origin);
		}
	}
	return !out->failed;
}

/* An absolute name, as text. */
static bool absolute(struct parser *p, struct slice text, struct slice *ret)
{
	struct buf name = BUF_INIT(NAME_TEXT_MAX), wire = BUF_INIT(FACTS_NAME_MAX);
	bool ok = name_append(p, text, &name) && dns_name_write(buf_slice(&name), &wire);
	if (ok)
		*ret = arena_dup(p->zone->arena, buf_slice(&name));
	buf_free(&name);
	buf_free(&wire);
	return ok;
}

static bool put_name(struct parser *p, struct slice text, struct buf *out)
{
	struct slice name;
	return absolute(p, text, &name) && dns_name_write(name, out);
}

/* A text over 255 bytes becomes several strings, as some provisioning does it; readers join them anyway. */
static bool put_string(struct slice s, struct buf *out)
{
	uint8_t bytes[255], n = 0;
	while (s.n > 0) {
		if (!dns_char_read(&s, &bytes[n++]))
			return false;
		if (n == sizeof bytes && s.n > 0) {
			buf_put_u8(out, n);
			buf_append_bytes(out, bytes, n);
			n = 0;
		}
	}
	buf_put_u8(out, n);
	buf_append_bytes(out, bytes, n);
	return true;
}

static bool put_number(struct slice text, uint32_t max, size_t size, struct buf *out)
{
	uint32_t value;
	if (slice_to_u32(text, &value) < 0 || value > max)
		return false;
	if (size == 1)
		buf_put_u8(out, (uint8_t)value);
	else
		buf_put_u16(out, (uint16_t)value);
	return true;
}

/* "3600", "1h30m" */
static bool read_ttl(struct slice text, uint32_t *ret)
{
	static const struct { uint8_t unit; uint32_t seconds; } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	uint64_t total = 0;
	if (text.n == 0 || !ascii_is_digit(text.p[0]))
		return false;
	while (text.n > 0) {
		size_t n = 0, u = 0;
		uint32_t value;
		while (n < text.n && ascii_is_digit(text.p[n]))
			n++;
		if (slice_to_u32(slice_sub(text, 0, n), &value) < 0)
			return false;
		while (n < text.n && u < ARRAY_LEN(units) && units[u].unit != ascii_lower(text.p[n]))
			u++;
		if (u == ARRAY_LEN(units))
			return false;
		total += (uint64_t)value * units[u].seconds;
		text = slice_from(text, n + 1);
	}
	*ret = (uint32_t)total;
	return total <= INT32_MAX;
}

/* ---- types; `t` are the tokens of the rdata ---- */

static bool put_address(struct parser *p, const struct token *t, size_t count, struct buf *out, bool v6)
{
	struct trust_ip ip;
	if (count != 1 || (slice_find(t->text, ':') >= 0) != v6 || !trust_ip_parse(t->text, &ip))
		return false;
	if (v6 && !ip.v6) {
		buf_append_bytes(out, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
		buf_append_bytes(out, ip.bytes, 4);
		return true;
	}
	buf_append_bytes(out, ip.bytes, v6 ? 16 : 4);
	return true;
}

static bool put_a(struct parser *p, const struct token *t, size_t count, struct buf *out)
{
	return put_address(p, t, count, out, false);
}

static bool put_aaaa(struct parser *p, const struct token *t, size_t count, struct buf *out)
{
	return put_address(p, t, count, out, true);
}

static bool put_one_name(struct parser *p, const struct token *t, size_t count, struct buf *out)
{
	return count == 1 && put_name(p, t->text, out);
}

static bool put_mx(struct parser *p, const struct token *t, size_t count, struct buf *out)
{
	return count == 2 && put_number(t[0].text, UINT16_MAX, 2, out) && put_name(p, t[1].text, out);
}

static bool put_txt(struct parser *p, const struct token *t, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++)
		if (!put_string(t[i].text, out))
			return false;
	return count > 0;
}

static bool put_hex(const struct token *t, size_t count, struct buf *out)
{
	struct buf digits = BUF_INIT(DNS_ZONE_ENTRY_MAX);
	for (size_t i = 0; i < count; i++)
		buf_append(&digits, t[i].text);
	bool ok = !digits.failed && hex_decode(buf_slice(&digits), out) == 0;
	buf_free(&digits);
	return ok;
}

static bool put_tlsa(struct parser *p, const struct token *t, size_t count, struct buf *out)
{
	return count >= 4 && put_number(t[0].text, 255, 1, out) && put_number(t[1].text, 255, 1, out) && put_number(t[2].text, 255, 1, out) &&
		put_hex(t + 3, count - 3, out);
}

/* RFC 2782 */
static bool put_srv(struct parser *p, const struct token *t, size_t count, struct buf *out)
{
	return count == 4 && put_number(t[0].text, UINT16_MAX, 2, out) && put_number(t[1].text, UINT16_MAX, 2, out) &&
		put_number(t[2].text, UINT16_MAX, 2, out) && put_name(p, t[3].text, out);
}

/* RFC 8659 4.1: a property's name has its length before it, its value is the rest. */
static bool put_caa(struct parser *p, const struct token *t, size_t count, struct buf *out)
{
	struct buf value = BUF_INIT(DNS_ZONE_ENTRY_MAX);
	bool ok = count == 3 && put_number(t[0].text, 255, 1, out) && t[1].text.n > 0 && t[1].text.n <= 255;
	struct slice text = ok ? t[2].text : SLICE_NONE;
	for (uint8_t c; ok && text.n > 0;) {
		ok = dns_char_read(&text, &c);
		buf_append_byte(&value, c);
	}
	if (ok) {
		buf_put_u8(out, (uint8_t)t[1].text.n);
		buf_append(out, t[1].text);
		buf_append(out, buf_slice(&value));
	}
	buf_free(&value);
	return ok;
}

/* RFC 3597 5 */
static bool put_generic(const struct token *t, size_t count, struct buf *out)
{
	uint32_t length;
	size_t start = buf_len(out);
	return count >= 2 && slice_to_u32(t[1].text, &length) == 0 && put_hex(t + 2, count - 2, out) && buf_len(out) - start == length;
}

static const struct {
	struct slice name;
	uint16_t type;
	bool (*put)(struct parser *p, const struct token *t, size_t count, struct buf *out);
} types[] = {
	{SLICE_INIT("A"), DNS_A, put_a}, {SLICE_INIT("AAAA"), DNS_AAAA, put_aaaa}, {SLICE_INIT("CNAME"), DNS_CNAME, put_one_name},
	{SLICE_INIT("MX"), DNS_MX, put_mx}, {SLICE_INIT("NS"), 2, put_one_name}, {SLICE_INIT("PTR"), DNS_PTR, put_one_name},
	{SLICE_INIT("TXT"), DNS_TXT, put_txt}, {SLICE_INIT("TLSA"), DNS_TLSA, put_tlsa},
	{SLICE_INIT("SRV"), DNS_SRV, put_srv}, {SLICE_INIT("CAA"), DNS_CAA, put_caa},
};

static const struct { struct slice name; enum dns_status status; } failures[] = {
	{SLICE_INIT("TIMEOUT"), DNS_FAILED}, {SLICE_INIT("SERVFAIL"), DNS_FAILED}, {SLICE_INIT("BOGUS"), DNS_BOGUS},
};

/* Types that zones have and no check asks for: only their name matters. */
static const struct { struct slice name; uint16_t type; } others[] = {
	{SLICE_INIT("SOA"), 6}, {SLICE_INIT("SPF"), 99}, {SLICE_INIT("DS"), 43},
	{SLICE_INIT("DNSKEY"), 48}, {SLICE_INIT("RRSIG"), 46}, {SLICE_INIT("NSEC"), 47}, {SLICE_INIT("NSEC3"), 50}, {SLICE_INIT("NSEC3PARAM"), 51},
	{SLICE_INIT("HINFO"), 13}, {SLICE_INIT("RP"), 17}, {SLICE_INIT("NAPTR"), 35}, {SLICE_INIT("SSHFP"), 44}, {SLICE_INIT("DNAME"), 39},
	{SLICE_INIT("HTTPS"), 65}, {SLICE_INIT("SVCB"), 64}, {SLICE_INIT("OPENPGPKEY"), 61}, {SLICE_INIT("SMIMEA"), 53}, {SLICE_INIT("URI"), 256},
};

static bool type_number(struct slice name, uint16_t *ret)
{
	uint32_t value;
	if (slice_starts_nocase(name, SLICE("TYPE")) && slice_to_u32(slice_from(name, 4), &value) == 0 && value <= UINT16_MAX) {
		*ret = (uint16_t)value;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (slice_eq_nocase(types[i].name, name)) {
			*ret = types[i].type;
			return true;
		}
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (slice_eq_nocase(others[i].name, name)) {
			*ret = others[i].type;
			return true;
		}
	return false;
}

static bool put_rdata(struct parser *p, uint16_t type, const struct token *t, size_t count, struct buf *out)
{
	if (count > 0 && !t->quoted && slice_eq(t->text, SLICE("\\#")))
		return put_generic(t, count, out);
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].type == type)
			return types[i].put(p, t, count, out);
	return true;
}

static int add_record(struct parser *p, uint32_t ttl, const struct token *t, size_t count)
{
	struct buf rdata = BUF_INIT(DNS_ZONE_ENTRY_MAX);
	uint16_t type;
	int rc = 0;
	for (size_t i = 0; i < ARRAY_LEN(failures); i++)
		if (slice_eq_nocase(failures[i].name, t->text))
			return dns_zone_add_failure(p->zone, p->owner, failures[i].status) ? 0 : refuse(p, ERR_LIMIT, "too many records");
	if (!type_number(t->text, &type))
		return refuse(p, ERR_INVALID, "no such type");
	if (!put_rdata(p, type, t + 1, count - 1, &rdata) || rdata.failed)
		rc = refuse(p, ERR_INVALID, "the data do not fit to the type");
	else if (!dns_zone_add(p->zone, p->owner, type, ttl, buf_slice(&rdata)))
		rc = refuse(p, ERR_LIMIT, "too many records");
	buf_free(&rdata);
	return rc;
}

static int add_directive(struct parser *p)
{
	struct slice name = p->tokens[0].text, value = p->count == 2 ? p->tokens[1].text : SLICE_NONE;
	if (slice_eq_nocase(name, SLICE("$ORIGIN")) && p->count == 2) {
		if (!absolute(p, value, &p->origin))
			return refuse(p, ERR_INVALID, "$ORIGIN is no name");
		if (slice_eq(p->origin, SLICE(".")))
			p->origin = SLICE_NONE;
		return 0;
	}
	if (slice_eq_nocase(name, SLICE("$TTL")) && p->count == 2)
		return read_ttl(value, &p->ttl) ? 0 : refuse(p, ERR_INVALID, "$TTL is no time");
	return refuse(p, ERR_INVALID, "no such directive");
}

/* [owner] [ttl] [class] type rdata, ttl and class in any order. */
static int add_entry(struct parser *p)
{
	size_t i = 0;
	uint32_t ttl = p->ttl;
	if (p->count == 0)
		return 0;
	if (p->owner_given && !p->tokens[0].quoted && p->tokens[0].text.p[0] == '$')
		return add_directive(p);
	if (p->owner_given && !absolute(p, p->tokens[i++].text, &p->owner))
		return refuse(p, ERR_INVALID, "the owner is no name");
	if (p->owner.n == 0)
		return refuse(p, ERR_INVALID, "the first entry has no owner");
	while (i < p->count && (read_ttl(p->tokens[i].text, &ttl) || slice_eq_nocase(p->tokens[i].text, SLICE("IN"))))
		i++;
	if (i >= p->count)
		return refuse(p, ERR_INVALID, "the type is missing");
	return add_record(p, ttl, p->tokens + i, p->count - i);
}

int dns_zone_parse(struct dns_zone *z, struct slice text, struct error *err)
{
	if (text.n > DNS_ZONE_BYTES_MAX)
		return error_set(err, ERR_LIMIT, "the zone file is larger than %d bytes", DNS_ZONE_BYTES_MAX);
	struct parser *p = arena_alloc(z->arena, sizeof *p);
	*p = (struct parser){.zone = z, .rest = text, .ttl = TTL_DEFAULT, .err = err, .line = 1};
	int rc = 0;
	while (rc == 0 && p->rest.n > 0) {
		rc = take_entry(p);
		if (rc == 0)
			rc = add_entry(p);
	}
	return rc;
}
