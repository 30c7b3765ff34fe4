#include "scan/verdict.h"

static const char *const names[SCAN_RESULT_COUNT] = {
	[SCAN_CLEAN] = "clean", [SCAN_INFECTED] = "infected", [SCAN_OPAQUE] = "opaque", [SCAN_STALE] = "stale", [SCAN_AWAY] = "away",
};

const char *scan_result_name(enum scan_result result)
{
	return names[result];
}

void scan_finding_encode(const struct scan_finding *f, struct buf *out)
{
	buf_put_u8(out, (uint8_t)f->result);
	buf_put_bytes(out, slice_sub(f->scanner, 0, SCAN_SCANNER_MAX));
	buf_put_bytes(out, slice_sub(f->name, 0, SCAN_NAME_MAX));
}

bool scan_finding_decode(struct slice record, struct scan_finding *ret)
{
	uint8_t result;
	if (!slice_get_u8(&record, &result) || result >= SCAN_RESULT_COUNT || !slice_get_bytes(&record, &ret->scanner)
	    || !slice_get_bytes(&record, &ret->name) || record.n != 0 || ret->scanner.n > SCAN_SCANNER_MAX || ret->name.n > SCAN_NAME_MAX)
		return false;
	ret->result = (enum scan_result)result;
	return true;
}

void scan_name_clean(struct slice name, struct buf *out)
{
	for (size_t i = 0, kept = 0; i < name.n && kept < SCAN_NAME_MAX; i++) {
		uint8_t c = name.p[i];
		if (c <= ' ' || c > '~' || c == '"' || c == '\\' || c == ';')
			continue;
		buf_append_byte(out, c);
		kept++;
	}
}

void scan_target_write(const struct scan_target *target, struct buf *out)
{
	if (target->part)
		buf_printf(out, "part %llu %llu %u", (unsigned long long)target->offset, (unsigned long long)target->length, (unsigned)target->encoding);
	else
		buf_append_str(out, target->partners ? "partners" : target->signatures ? "signatures" : "letter");
}

bool scan_target_parse(struct slice name, struct scan_target *ret)
{
	struct slice word;
	uint32_t encoding;
	*ret = (struct scan_target){0};
	ret->partners = slice_eq(name, SLICE("partners"));
	ret->signatures = slice_eq(name, SLICE("signatures"));
	if (ret->partners || ret->signatures || slice_eq(name, SLICE("letter")))
		return true;
	ret->part = slice_split(&name, ' ', &word) && slice_eq(word, SLICE("part"));
	if (!ret->part || !slice_split(&name, ' ', &word) || slice_to_u64(word, &ret->offset) < 0 || !slice_split(&name, ' ', &word)
	    || slice_to_u64(word, &ret->length) < 0 || slice_to_u32(name, &encoding) < 0 || encoding > SCAN_QUOTED_PRINTABLE)
		return false;
	ret->encoding = (enum scan_encoding)encoding;
	return true;
}
