#include "policy/verdict.h"

#include "base/ensure.h"

#define VALUE_MAX 80   /* bytes of one text in the header */

const char *check_reason_name(enum check_reason reason)
{
	static const char *const names[] = {
#define REASON(name) #name,
#include "policy/reasons.h"
#undef REASON
	};
	ENSURE(reason < REASON_COUNT);
	return names[reason];
}

const char *check_state_name(enum check_state state)
{
	static const char *const names[] = {
		[CHECK_CLEAR] = "clear", [CHECK_HIT] = "hit", [CHECK_WAITS] = "waits", [CHECK_SKIPPED] = "skipped", [CHECK_FAILED] = "failed",
	};
	return names[state];
}

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_PASS] = "pass", [VERDICT_JUNK] = "junk", [VERDICT_QUARANTINE] = "quarantine", [VERDICT_REJECT] = "reject",
	};
	return names[verdict];
}

/* Nothing that could end a value, a field or a comment; never empty. */
static void put_value(struct buf *out, struct slice text)
{
	text = slice_sub(text, 0, VALUE_MAX);
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		bool safe = ascii_is_alnum(c) || (c != 0 && slice_find(SLICE("._@+-:/"), c) >= 0);
		buf_append_byte(out, safe ? c : '?');
	}
	if (text.n == 0)
		buf_append_byte(out, '?');
}

static void put_result(struct buf *out, enum check_id id, const struct check_result *r)
{
	buf_printf(out, "%s=%d", check_name(id), r->score);
	if (r->state == CHECK_HIT)
		buf_printf(out, "/%s", check_reason_name(r->reason));
	else
		buf_printf(out, "/%s", check_state_name(r->state));
	for (size_t i = 0; i < r->argument_count; i++) {
		const struct check_argument *a = &r->arguments[i];
		buf_printf(out, " %s=", a->name);
		if (a->is_number)
			buf_printf(out, "%lld", (long long)a->number);
		else
			put_value(out, a->text);
	}
}

void verdict_header(const struct policy_verdict *v, struct buf *out)
{
	buf_printf(out, "X-Letterlock-Verdict: v1; verdict=%s; score=%d; phishing=%d; junk=%d; quarantine=%d; reject=%d", verdict_name(v->verdict),
		v->score, v->phishing, v->thresholds.junk, v->thresholds.quarantine, v->thresholds.reject);
	for (enum check_id id = 0; id < CHECK_ID_COUNT; id++) {
		const struct check_result *r = &v->results[id];
		if (r->state != CHECK_HIT && r->state != CHECK_FAILED)
			continue;
		buf_append_str(out, ";\r\n\t");
		put_result(out, id, r);
	}
	buf_append_str(out, "\r\n");
}
