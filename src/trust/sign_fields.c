#include "trust/sign_fields.h"

/*
 * `sealed` names stand in h= once more than in the message, so that a further field of that name breaks the signature. Fields that lists
 * and forwarders add by right (List-*, Sender, Resent-*) are signed where they are, or not at all (trace fields).
 */
static const struct {
	const char *name;
	bool sealed;
} fields[] = {
	{"from", true}, {"to", true}, {"cc", true}, {"subject", true}, {"date", true}, {"message-id", true}, {"reply-to", true},
	{"in-reply-to", true}, {"references", true}, {"mime-version", true}, {"content-type", true}, {"content-transfer-encoding", true},
	{"content-disposition", false}, {"content-language", false}, {"sender", false}, {"autocrypt", false}, {"importance", false},
	{"disposition-notification-to", false}, {"list-id", false}, {"list-help", false}, {"list-unsubscribe", false},
	{"list-unsubscribe-post", false}, {"list-subscribe", false}, {"list-post", false}, {"list-owner", false}, {"list-archive", false},
	{"feedback-id", false},
};

static size_t count_of(const struct trust_message *m, struct slice name)
{
	size_t n = 0;
	for (size_t i = 0; i < m->field_count; i++)
		n += slice_eq_nocase(m->fields[i].name, name);
	return n < SIGN_FIELD_REPEATS_MAX ? n : SIGN_FIELD_REPEATS_MAX;
}

void sign_fields_choose(const struct trust_message *m, struct buf *out)
{
	bool first = true;
	if (count_of(m, SLICE("from")) == 0)
		return;
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		for (size_t n = count_of(m, slice_str(fields[i].name)) + fields[i].sealed; n > 0; n--) {
			if (!first)
				buf_append_byte(out, ':');
			buf_append_str(out, fields[i].name);
			first = false;
		}
}
