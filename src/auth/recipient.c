#include "auth/recipient.h"

#include "base/error.h"
#include "base/utf8.h"
#include "smtp/xtext.h"
#include "store/profile.h"

/* ORCPT that stands for the address as it was given (RFC 3461 4.2, RFC 6533 3). */
static void make_original(struct slice recipient, struct buf *out)
{
	buf_append_str(out, slice_is_ascii(recipient) ? "rfc822;" : "utf-8;");
	xtext_encode(recipient, out);
}

static uint8_t flags_of(const struct resolve_target *t)
{
	uint8_t flags = t->local || t->outside ? 0 : FACT_OURS;
	flags |= t->policy.unjudged ? FACT_UNJUDGED : 0;
	flags |= t->policy.junk == RELAY_JUNK_REJECT ? FACT_JUNK_REJECT : 0;
	return flags | (t->policy.junk == RELAY_JUNK_HOLD ? FACT_JUNK_HOLD : 0);
}

static void write_fact(const struct resolve_target *t, struct slice notify, struct slice original,
	const struct recipient_forward *forward, const struct auth_login_settings *settings, struct buf *out)
{
	struct recipient_fact fact = {.kind = FACT_REMOTE};
	struct buf mark = BUF_INIT(16);
	if (t->local)
		auth_account_fact(&t->account, FACT_LOCAL, settings, &fact);
	fact.address = t->address;
	fact.original = original;
	fact.mailbox = t->mailbox;
	fact.notify = notify;
	fact.flags = flags_of(t);
	fact.size_max = t->policy.size_max;
	if (t->outside && forward->path.n > 0) {
		fact.reverse_path = forward->path;
		fact.by = forward->by;
	}
	if (t->script > 0)
		profile_mark(&mark, t->script);
	fact.profile = buf_slice(&mark);
	fact_write_recipient(out, &fact, settings->boot_secret);
	buf_free(&mark);
}

int recipient_facts(const struct resolve_result *result, struct slice recipient, struct slice dsn,
	const struct recipient_forward *forward, const struct auth_login_settings *settings, struct buf *out)
{
	struct slice notify, orcpt;
	struct buf original = BUF_INIT(2048);
	if (!auth_dsn_decode(dsn, &notify, &orcpt))
		return ERR_INVALID;
	if (orcpt.n == 0 && result->changed)
		make_original(recipient, &original);
	for (size_t i = 0; i < result->count; i++)
		write_fact(&result->targets[i], notify, orcpt.n > 0 ? orcpt : buf_slice(&original), forward, settings, out);
	buf_free(&original);
	return out->failed || buf_len(out) > RECIPIENT_FACTS_MAX ? ERR_LIMIT : 0;
}
