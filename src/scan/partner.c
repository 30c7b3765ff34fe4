#include "scan/partner.h"

#include "base/ascii.h"

#define NAME_MAX_BYTES 70
#define VALUE_MAX 900

static const char *const names[PARTNER_ACTION_COUNT] = {
	[PARTNER_PASS] = "pass", [PARTNER_AWAY] = "away", [PARTNER_JUNK] = "junk", [PARTNER_HOLD] = "hold", [PARTNER_TEMPFAIL] = "tempfail",
	[PARTNER_REJECT] = "reject",
};

const char *partner_action_name(enum partner_action action)
{
	return names[action];
}

void partner_verdict_init(struct partner_verdict *v)
{
	*v = (struct partner_verdict){.action = PARTNER_PASS};
	buf_init(&v->reason, PARTNER_TEXT_MAX);
	buf_init(&v->score, 40);
	buf_init(&v->fields, PARTNER_FIELDS_BYTES);
}

void partner_verdict_free(struct partner_verdict *v)
{
	buf_free(&v->reason);
	buf_free(&v->score);
	buf_free(&v->fields);
}

void partner_reason(struct partner_verdict *v, struct slice text)
{
	buf_clear(&v->reason);
	for (size_t i = 0; i < text.n && buf_len(&v->reason) < PARTNER_TEXT_MAX; i++)
		if (text.p[i] >= ' ' && text.p[i] <= '~' && text.p[i] != '"' && text.p[i] != '\\')
			buf_append_byte(&v->reason, text.p[i]);
}

static bool name_valid(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] > '~' || name.p[i] == ':')
			return false;
	return name.n > 0 && name.n <= NAME_MAX_BYTES;
}

/* Folding becomes a space; controls and bytes that are not ASCII go. */
static void append_value(struct slice value, struct buf *out)
{
	bool space = true;
	value = slice_sub(slice_trim(value), 0, VALUE_MAX);
	for (size_t i = 0; i < value.n; i++) {
		bool blank = value.p[i] == ' ' || value.p[i] == '\t' || value.p[i] == '\r' || value.p[i] == '\n';
		if (blank && !space)
			buf_append_byte(out, ' ');
		else if (!blank && value.p[i] > ' ' && value.p[i] <= '~')
			buf_append_byte(out, value.p[i]);
		space = blank;
	}
}

void partner_add_field(struct partner_verdict *v, struct slice name, struct slice value)
{
	struct buf line = BUF_INIT(NAME_MAX_BYTES + VALUE_MAX + 8);
	if (v->field_count == PARTNER_FIELDS_MAX || !name_valid(name))
		return;
	buf_printf(&line, "%.*s: ", SLICE_ARG(name));
	append_value(value, &line);
	buf_append_str(&line, "\r\n");
	if (!line.failed && buf_len(&line) <= PARTNER_FIELDS_BYTES - buf_len(&v->fields)) {
		buf_append(&v->fields, buf_slice(&line));
		v->field_count++;
	}
	buf_free(&line);
}

void partner_record_encode(const struct partner_record *r, struct buf *out)
{
	buf_put_u8(out, (uint8_t)r->action);
	buf_put_u32(out, r->ms);
	buf_put_bytes(out, slice_sub(r->partner, 0, SCAN_SCANNER_MAX));
	buf_put_bytes(out, slice_sub(r->reason, 0, PARTNER_TEXT_MAX));
	buf_put_bytes(out, slice_sub(r->score, 0, 40));
	buf_put_bytes(out, slice_sub(r->fields, 0, PARTNER_FIELDS_BYTES));
}

bool partner_record_decode(struct slice record, struct partner_record *ret)
{
	uint8_t action;
	*ret = (struct partner_record){0};
	if (!slice_get_u8(&record, &action) || action >= PARTNER_ACTION_COUNT || !slice_get_u32(&record, &ret->ms)
	    || !slice_get_bytes(&record, &ret->partner) || !slice_get_bytes(&record, &ret->reason) || !slice_get_bytes(&record, &ret->score)
	    || !slice_get_bytes(&record, &ret->fields) || record.n != 0)
		return false;
	ret->action = (enum partner_action)action;
	return true;
}
