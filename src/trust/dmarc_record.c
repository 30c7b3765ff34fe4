#include "base/ascii.h"
#include "base/ensure.h"
#include "base/utf8.h"
#include "trust/dmarc.h"
#include "trust/idn.h"

#define VERSION SLICE("DMARC1")
#define INTERVAL_DEFAULT 86400

static bool take_tag(struct slice *rest, struct slice *ret_name, struct slice *ret_value)
{
	struct slice piece;
	while (slice_split(rest, ';', &piece)) {
		ptrdiff_t equals = slice_find(piece, '=');
		if (equals < 0)
			continue;
		*ret_name = slice_trim(slice_sub(piece, 0, (size_t)equals));
		*ret_value = slice_trim(slice_from(piece, (size_t)equals + 1));
		return true;
	}
	return false;
}

/* ---- values ---- */

static bool read_policy(struct slice value, enum dmarc_policy *ret)
{
	for (unsigned i = 0; i <= DMARC_POLICY_REJECT; i++)
		if (slice_eq_nocase(value, slice_str(dmarc_policy_name((enum dmarc_policy)i)))) {
			*ret = (enum dmarc_policy)i;
			return true;
		}
	return false;
}

/* "10m" behind the "!" of a URI. */
static bool read_size(struct slice text, uint64_t *ret)
{
	static const struct { uint8_t unit; unsigned shift; } units[] = {{'k', 10}, {'m', 20}, {'g', 30}, {'t', 40}};
	unsigned shift = 0;
	uint32_t value;
	text = slice_trim(text);
	for (size_t i = 0; i < ARRAY_LEN(units) && text.n > 0; i++)
		if (ascii_lower(text.p[text.n - 1]) == units[i].unit) {
			shift = units[i].shift;
			text.n--;
			break;
		}
	if (slice_to_u32(slice_trim(text), &value) < 0)
		return false;
	*ret = (uint64_t)value << shift;
	return true;
}

/* RFC 3986 2.1. False: a bad escape, or one for a control character. */
static bool percent_decode(struct slice text, struct buf *out)
{
	for (size_t i = 0; i < text.n; i++) {
		int high, low;
		if (text.p[i] != '%') {
			buf_append_byte(out, text.p[i]);
			continue;
		}
		if (i + 2 >= text.n || (high = ascii_hex_value(text.p[i + 1])) < 0 || (low = ascii_hex_value(text.p[i + 2])) < 0 || high * 16 + low < 0x20)
			return false;
		buf_append_byte(out, (uint8_t)(high * 16 + low));
		i += 2;
	}
	return !out->failed;
}

static bool address_valid(struct slice address)
{
	ptrdiff_t at = slice_rfind(address, '@');
	if (at <= 0 || !utf8_valid(address))
		return false;
	for (size_t i = 0; i < address.n; i++)
		if (address.p[i] <= 0x20 || address.p[i] == 0x7f || slice_find(SLICE("<>\",;:()[]\\"), address.p[i]) >= 0)
			return false;
	return slice_find(address, '@') == at;
}

bool dmarc_uri_read(struct slice text, struct arena *arena, struct dmarc_uri *ret)
{
	struct buf address = BUF_INIT(1000);
	ptrdiff_t mark = slice_rfind(text, '!');
	*ret = (struct dmarc_uri){0};
	if (mark >= 0 && !read_size(slice_from(text, (size_t)mark + 1), &ret->max_bytes))
		return false;
	if (mark >= 0)
		text = slice_trim(slice_sub(text, 0, (size_t)mark));
	if (!slice_starts_nocase(text, SLICE("mailto:")))
		return false;
	text = slice_from(text, 7);
	/* Header fields in the URI (RFC 6068) are not taken over. */
	ptrdiff_t question = slice_find(text, '?');
	bool ok = percent_decode(question >= 0 ? slice_sub(text, 0, (size_t)question) : text, &address) && address_valid(buf_slice(&address));
	if (ok) {
		ret->address = arena_dup(arena, buf_slice(&address));
		ok = trust_domain_ascii(arena, slice_from(ret->address, (size_t)slice_rfind(ret->address, '@') + 1), &ret->domain) &&
			trust_domain_is_fqdn(ret->domain);
	}
	buf_free(&address);
	return ok;
}

static void read_uris(struct slice value, struct arena *arena, struct dmarc_uri *ret, size_t *ret_count)
{
	struct slice text;
	while (*ret_count < DMARC_URIS_MAX && slice_split(&value, ',', &text))
		*ret_count += dmarc_uri_read(slice_trim(text), arena, &ret[*ret_count]);
}

/* ---- tags ---- */

enum tag { TAG_P, TAG_SP, TAG_NP, TAG_ADKIM, TAG_ASPF, TAG_T, TAG_PSD, TAG_PCT, TAG_FO, TAG_RI, TAG_RUA, TAG_RUF, TAG_COUNT };

static const char *const tag_names[TAG_COUNT] = {"p", "sp", "np", "adkim", "aspf", "t", "psd", "pct", "fo", "ri", "rua", "ruf"};

static void read_requested(struct slice value, enum dmarc_policy *ret, bool *ret_has, bool *ret_broken)
{
	*ret_has = read_policy(value, ret);
	*ret_broken = *ret_broken || !*ret_has;
}

static void read_number(struct slice value, unsigned max, unsigned *ret)
{
	uint32_t number;
	if (slice_to_u32(value, &number) == 0 && number <= max)
		*ret = number;
}

static void read_tag(enum tag tag, struct slice value, struct arena *arena, struct dmarc_record *r)
{
	switch (tag) {
	case TAG_P: read_requested(value, &r->p, &r->has_p, &r->broken); break;
	case TAG_SP: read_requested(value, &r->sp, &r->has_sp, &r->broken); break;
	case TAG_NP: read_requested(value, &r->np, &r->has_np, &r->broken); break;
	case TAG_ADKIM: r->strict_dkim = slice_eq_nocase(value, SLICE("s")); break;
	case TAG_ASPF: r->strict_spf = slice_eq_nocase(value, SLICE("s")); break;
	case TAG_T: r->test = slice_eq_nocase(value, SLICE("y")); break;
	case TAG_PSD:
		r->psd = slice_eq_nocase(value, SLICE("y")) ? DMARC_PSD_YES : slice_eq_nocase(value, SLICE("n")) ? DMARC_PSD_NO : DMARC_PSD_UNKNOWN;
		break;
	case TAG_PCT: read_number(value, 100, &r->pct); break;
	case TAG_FO: r->fo = arena_dup(arena, value); break;
	case TAG_RI: read_number(value, UINT32_MAX, &r->interval_s); break;
	case TAG_RUA: read_uris(value, arena, r->rua, &r->rua_count); break;
	case TAG_RUF: read_uris(value, arena, r->ruf, &r->ruf_count); break;
	case TAG_COUNT: break;
	}
}

bool dmarc_record_parse(struct slice text, struct arena *arena, struct dmarc_record *ret)
{
	struct slice rest = text, name, value, first;
	bool seen[TAG_COUNT] = {0};
	*ret = (struct dmarc_record){.pct = 100, .fo = SLICE("0"), .interval_s = INTERVAL_DEFAULT};
	if (text.n > DMARC_RECORD_MAX || !slice_split(&rest, ';', &first))
		return false;
	ptrdiff_t equals = slice_find(first, '=');
	if (equals < 0 || !slice_eq_nocase(slice_trim(slice_sub(first, 0, (size_t)equals)), SLICE("v")) ||
	    !slice_eq(slice_trim(slice_from(first, (size_t)equals + 1)), VERSION))
		return false;
	while (take_tag(&rest, &name, &value))
		for (unsigned i = 0; i < TAG_COUNT; i++)
			if (!seen[i] && slice_eq_nocase(name, slice_str(tag_names[i]))) {
				seen[i] = true;
				read_tag((enum tag)i, value, arena, ret);
			}
	ret->broken = ret->broken || !ret->has_p;
	ret->sp = ret->has_sp ? ret->sp : ret->p;
	ret->np = ret->has_np ? ret->np : ret->sp;
	return true;
}
