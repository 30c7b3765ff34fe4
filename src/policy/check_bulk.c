#include "mime/header.h"
#include "policy/check.h"

check_fn check_bulk;

#define MANY_RECIPIENTS 30

static bool has(const struct policy_letter *l, struct slice name)
{
	struct mime_field field;
	return mime_header_find(l->header, name, &field);
}

static bool precedence_is_bulk(const struct check_input *in)
{
	struct mime_field field;
	if (!mime_header_find(in->letter->header, SLICE("Precedence"), &field))
		return false;
	struct slice value = slice_trim(field.value);
	return slice_eq_nocase(value, SLICE("bulk")) || slice_eq_nocase(value, SLICE("list")) || slice_eq_nocase(value, SLICE("junk"));
}

/* RFC 2369 and RFC 8058: a decent list says how to leave it. That it is one is told for nothing. */
void check_bulk(const struct check_input *in, struct check_result *r)
{
	const struct policy_letter *l = in->letter;
	bool list = has(l, SLICE("List-Id")) || has(l, SLICE("List-Post")) || precedence_is_bulk(in);
	if (has(l, SLICE("List-Unsubscribe"))) {
		check_hit(r, REASON_list);
		r->score = 0;
	} else if (list) {
		check_hit(r, REASON_list_no_exit);
		r->score /= 2;
	} else if (l->recipient_count >= MANY_RECIPIENTS) {
		check_hit(r, REASON_many_recipients);
		check_say_number(r, "recipients", (int64_t)l->recipient_count);
	}
}
