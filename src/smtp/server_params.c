/* ESMTP parameters of MAIL and RCPT. RFC 5321 4.1.2, and the RFC of each row. */
#include "smtp/server_impl.h"
#include "smtp/xtext.h"

#define ENVID_MAX 100 /* RFC 3461 4.4 */
#define ORCPT_MAX 500 /* RFC 3461 4.2 */

static const struct smtp_reply syntax = SMTP_REPLY_INIT(501, "5.5.4", "Bad parameter syntax");
static const struct smtp_reply unknown = SMTP_REPLY_INIT(555, "5.5.4", "Parameter not recognized");
static const struct smtp_reply twice = SMTP_REPLY_INIT(501, "5.5.4", "Parameter given twice");

struct parsed {
	struct smtp_mail *mail;
	struct smtp_rcpt *rcpt;
	struct buf *notify;
	bool utf8;
};

struct param {
	struct slice keyword;
	int value; /* 1: needed, 0: optional, -1: must not be */
	bool (*take)(struct parsed *p, struct slice value);
};

static bool take_size(struct parsed *p, struct slice value)
{
	return value.n <= 20 && slice_to_u64(value, &p->mail->size) == 0;
}

static bool take_body(struct parsed *p, struct slice value)
{
	static const struct {
		struct slice name;
		enum smtp_body body;
	} bodies[] = {
		{SLICE_INIT("7BIT"), SMTP_BODY_7BIT},
		{SLICE_INIT("8BITMIME"), SMTP_BODY_8BITMIME},
		{SLICE_INIT("BINARYMIME"), SMTP_BODY_BINARYMIME},
	};
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		if (slice_eq_nocase(value, bodies[i].name))
			p->mail->body = bodies[i].body;
	}
	return p->mail->body != SMTP_BODY_UNSET;
}

static bool take_smtputf8(struct parsed *p, struct slice value)
{
	p->mail->smtputf8 = true;
	return true;
}

static bool take_requiretls(struct parsed *p, struct slice value)
{
	p->mail->requiretls = true;
	return true;
}

static bool take_ret(struct parsed *p, struct slice value)
{
	if (slice_eq_nocase(value, SLICE("FULL")))
		p->mail->ret = SLICE("FULL");
	else if (slice_eq_nocase(value, SLICE("HDRS")))
		p->mail->ret = SLICE("HDRS");
	return p->mail->ret.n > 0;
}

static bool take_envid(struct parsed *p, struct slice value)
{
	p->mail->envid = value;
	return value.n > 0 && value.n <= ENVID_MAX && xtext_valid(value);
}

static bool take_auth(struct parsed *p, struct slice value)
{
	p->mail->auth = value;
	return slice_eq(value, SLICE("<>")) || (value.n > 0 && value.n <= ORCPT_MAX && xtext_valid(value));
}

/* Upper case, checked against RFC 3461 4.1: NEVER alone, or a list without repetition. */
static bool take_notify(struct parsed *p, struct slice value)
{
	static const struct slice words[] = {SLICE_INIT("NEVER"), SLICE_INIT("SUCCESS"), SLICE_INIT("FAILURE"), SLICE_INIT("DELAY")};
	struct slice word;
	unsigned seen = 0;
	if (value.n == 0 || value.p[value.n - 1] == ',')
		return false;
	while (slice_split(&value, ',', &word)) {
		size_t i = 0;
		while (i < ARRAY_LEN(words) && !slice_eq_nocase(word, words[i]))
			i++;
		if (i == ARRAY_LEN(words) || seen & 1u << i)
			return false;
		seen |= 1u << i;
		if (buf_len(p->notify) > 0)
			buf_append_byte(p->notify, ',');
		buf_append(p->notify, words[i]);
	}
	p->rcpt->notify = buf_slice(p->notify);
	return (seen & 1) == 0 || seen == 1;
}

static bool take_orcpt(struct parsed *p, struct slice value)
{
	p->rcpt->orcpt = value;
	return value.n <= ORCPT_MAX && orcpt_valid(value, p->utf8);
}

static const struct param mail_params[] = {
	{SLICE_INIT("SIZE"), 1, take_size},         /* RFC 1870 */
	{SLICE_INIT("BODY"), 1, take_body},         /* RFC 6152, RFC 3030 */
	{SLICE_INIT("SMTPUTF8"), -1, take_smtputf8}, /* RFC 6531 */
	{SLICE_INIT("REQUIRETLS"), -1, take_requiretls}, /* RFC 8689 2 */
	{SLICE_INIT("RET"), 1, take_ret},           /* RFC 3461 */
	{SLICE_INIT("ENVID"), 1, take_envid},
	{SLICE_INIT("AUTH"), 1, take_auth},         /* RFC 4954 5 */
};
static const struct param rcpt_params[] = {
	{SLICE_INIT("NOTIFY"), 1, take_notify},     /* RFC 3461 */
	{SLICE_INIT("ORCPT"), 1, take_orcpt},
};

static const struct smtp_reply *param_take(const struct param *table, size_t count, struct slice word, unsigned *seen, struct parsed *p)
{
	ptrdiff_t equals = slice_find(word, '=');
	struct slice keyword = slice_sub(word, 0, equals < 0 ? word.n : (size_t)equals);
	struct slice value = equals < 0 ? SLICE_NONE : slice_from(word, (size_t)equals + 1);
	size_t i = 0;
	while (i < count && !slice_eq_nocase(keyword, table[i].keyword))
		i++;
	if (i == count)
		return &unknown;
	if (*seen & 1u << i)
		return &twice;
	*seen |= 1u << i;
	if ((table[i].value > 0 && value.n == 0) || (table[i].value < 0 && equals >= 0))
		return &syntax;
	return table[i].take(p, value) ? NULL : &syntax;
}

/* `text` stands behind the path: empty, or a space and words. */
static const struct smtp_reply *params_parse(const struct param *table, size_t count, struct slice text, struct parsed *p)
{
	struct slice word;
	unsigned seen = 0;
	if (text.n > 0 && !ascii_is_wsp(text.p[0]))
		return &syntax;
	while (slice_split(&text, ' ', &word)) {
		word = slice_trim(word);
		const struct smtp_reply *refusal = word.n > 0 ? param_take(table, count, word, &seen, p) : NULL;
		if (refusal != NULL)
			return refusal;
	}
	return NULL;
}

const struct smtp_reply *server_mail_params(struct slice text, struct smtp_mail *mail)
{
	struct parsed p = {.mail = mail};
	return params_parse(mail_params, ARRAY_LEN(mail_params), text, &p);
}

const struct smtp_reply *server_rcpt_params(struct slice text, bool utf8, struct buf *notify, struct smtp_rcpt *rcpt)
{
	struct parsed p = {.rcpt = rcpt, .notify = notify, .utf8 = utf8};
	return params_parse(rcpt_params, ARRAY_LEN(rcpt_params), text, &p);
}

bool server_prefix_take(struct slice *args, struct slice prefix)
{
	if (!slice_starts_nocase(*args, prefix))
		return false;
	*args = slice_from(*args, prefix.n);
	/* RFC 5321 3.3 allows no space here; many clients send one. */
	while (args->n > 0 && ascii_is_wsp(args->p[0]))
		*args = slice_from(*args, 1);
	return true;
}
