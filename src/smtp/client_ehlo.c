/* What the peer says after EHLO. RFC 5321 4.1.1.1. */
#include "smtp/client_impl.h"

static void take_size(struct smtp_client_peer *peer, struct slice args)
{
	peer->has_size = true;
	if (slice_to_u64(slice_trim(args), &peer->size_max) < 0)
		peer->size_max = 0;
}

static void take_auth(struct smtp_client_peer *peer, struct slice args)
{
	struct slice word;
	while (slice_split(&args, ' ', &word)) {
		peer->auth_plain |= slice_eq_nocase(word, SLICE("PLAIN"));
		peer->auth_login |= slice_eq_nocase(word, SLICE("LOGIN"));
	}
}

/* RFC 9422 3 */
static void take_limits(struct smtp_client_peer *peer, struct slice args)
{
	struct slice word;
	while (slice_split(&args, ' ', &word)) {
		if (slice_starts_nocase(word, SLICE("RCPTMAX=")) && slice_to_u32(slice_from(word, 8), &peer->recipients_max) < 0)
			peer->recipients_max = 0;
		if (slice_starts_nocase(word, SLICE("MAILMAX=")) && slice_to_u32(slice_from(word, 8), &peer->mail_max) < 0)
			peer->mail_max = 0;
	}
}

struct keyword {
	struct slice name;
	size_t flag; /* offset of a bool in struct smtp_client_peer */
	void (*take)(struct smtp_client_peer *peer, struct slice args);
};
#define FLAG(member) offsetof(struct smtp_client_peer, member)
static const struct keyword keywords[] = {
	{SLICE_INIT("PIPELINING"), FLAG(pipelining), NULL},
	{SLICE_INIT("8BITMIME"), FLAG(eightbitmime), NULL},
	{SLICE_INIT("SMTPUTF8"), FLAG(smtputf8), NULL},
	{SLICE_INIT("STARTTLS"), FLAG(starttls), NULL},
	{SLICE_INIT("CHUNKING"), FLAG(chunking), NULL},
	{SLICE_INIT("BINARYMIME"), FLAG(binarymime), NULL},
	{SLICE_INIT("DSN"), FLAG(dsn), NULL},
	{SLICE_INIT("REQUIRETLS"), FLAG(requiretls), NULL}, /* RFC 8689 2 */
	{SLICE_INIT("ENHANCEDSTATUSCODES"), FLAG(enhanced), NULL},
	{SLICE_INIT("SIZE"), 0, take_size},
	{SLICE_INIT("AUTH"), 0, take_auth},
	{SLICE_INIT("LIMITS"), 0, take_limits},
	{SLICE_INIT("XCLIENT"), 0, client_take_xclient},
};

static void keyword_take(struct smtp_client_peer *peer, struct slice line)
{
	struct slice name;
	slice_split(&line, ' ', &name);
	for (size_t i = 0; i < ARRAY_LEN(keywords); i++) {
		if (!slice_eq_nocase(name, keywords[i].name))
			continue;
		if (keywords[i].take != NULL)
			keywords[i].take(peer, line);
		else
			*(bool *)((char *)peer + keywords[i].flag) = true;
	}
}

void client_ehlo_parse(struct smtp_client *c, struct slice text)
{
	struct slice line;
	c->peer = (struct smtp_client_peer){.esmtp = true};
	slice_split(&text, '\n', &line); /* the greeting */
	while (slice_split(&text, '\n', &line))
		keyword_take(&c->peer, line);
}
