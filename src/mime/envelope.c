#include "base/ensure.h"
#include "mime/address.h"
#include "mime/header.h"
#include "mime/limits.h"
#include "mime/structure.h"

/* Which member a field fills: exactly one of the offsets is used. */
static const struct envelope_field {
	struct slice name;
	size_t text, flag;   /* of struct slice and its has_ flag */
	size_t addresses;    /* of struct mime_address * */
	bool is_text;
} fields[] = {
#define TEXT(field, member) {SLICE_INIT(field), offsetof(struct mime_envelope, member), offsetof(struct mime_envelope, has_##member), 0, true}
#define ADDRESSES(field, member) {SLICE_INIT(field), 0, 0, offsetof(struct mime_envelope, member), false}
	TEXT("Date", date), TEXT("Subject", subject), TEXT("In-Reply-To", in_reply_to), TEXT("Message-ID", message_id),
	ADDRESSES("From", from), ADDRESSES("Sender", sender), ADDRESSES("Reply-To", reply_to), ADDRESSES("To", to), ADDRESSES("Cc", cc),
	ADDRESSES("Bcc", bcc),
#undef TEXT
#undef ADDRESSES
};

static void set_text(const struct envelope_field *f, struct slice value, struct arena *arena, struct mime_envelope *e)
{
	bool *has = (bool *)((char *)e + f->flag);

	if (*has)
		return;
	*has = true;
	*(struct slice *)((char *)e + f->text) = mime_unfold(arena, value);
}

/* Several fields of one name are against RFC 5322 3.6, yet the addresses of all are shown. */
static void add_addresses(const struct envelope_field *f, struct slice value, struct arena *arena, struct mime_envelope *e)
{
	struct mime_address **at = (struct mime_address **)((char *)e + f->addresses);
	unsigned count = 0;

	while (*at != NULL && count++ < MIME_ADDRESSES_MAX)
		at = &(*at)->next;
	if (*at == NULL)
		*at = mime_address_parse(value, arena);
}

void mime_envelope_parse(struct slice header, struct arena *arena, struct mime_envelope *ret)
{
	struct mime_field field;
	unsigned seen = 0;

	*ret = (struct mime_envelope){0};
	header = slice_sub(header, 0, MIME_HEADER_MAX);
	while (seen++ < MIME_FIELDS_MAX && mime_field_next(&header, &field)) {
		for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
			if (!slice_eq_nocase(field.name, fields[i].name))
				continue;
			if (fields[i].is_text)
				set_text(&fields[i], field.value, arena, ret);
			else
				add_addresses(&fields[i], field.value, arena, ret);
		}
	}
	/* RFC 9051 7.5.2 */
	if (ret->sender == NULL)
		ret->sender = ret->from;
	if (ret->reply_to == NULL)
		ret->reply_to = ret->from;
}
