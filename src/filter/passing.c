/* A letter that passes through is sealed (ARC, RFC 8617): what we found out of its sender is lost where it goes, for the next host sees only us. */
#include "filter/filter_internal.h"
#include "filter/judge.h"
#include "filter/sign.h"
#include "trust/arc.h"

/* One host after another understands RSA only. */
static const struct sender_key *choose(const struct sender_fact *sealer)
{
	for (size_t i = 0; i < sealer->key_count; i++)
		if (sealer->keys[i].algorithm == MAIL_RSA_SHA256)
			return &sealer->keys[i];
	return sealer->key_count > 0 ? &sealer->keys[0] : NULL;
}

/* Our own Authentication-Results, without its id. */
static struct slice results_of(const struct filter_judgement *judgement, struct slice hostname, struct arena *arena)
{
	struct trust_message m;
	struct buf text = BUF_INIT(ARC_RESULTS_MAX);
	struct slice ret;

	message_init_parts(&m, judgement->header, SLICE_NONE, arena);
	arc_collect_results(&m, hostname, &text);
	ret = text.failed ? SLICE_NONE : arena_dup(arena, buf_slice(&text));
	buf_free(&text);
	return ret;
}

bool filter_goes_on(const struct envelope *e)
{
	struct slice list = e->recipients, whole;
	struct recipient_fact fact;

	while (list.n > 0 && fact_peek_recipient(&list, &fact, &whole) == 0)
		if (fact.kind == FACT_REMOTE)
			return true;
	return false;
}

int filter_seal_passing(const struct envelope *e, const struct filter_judgement *judgement, const struct filter_settings *settings,
                        const uint8_t secret[32], struct slice sealer_fact, struct slice header, struct slice body, struct arena *arena,
                        struct buf *out, struct error *err)
{
	struct slice list = sealer_fact;
	struct sender_fact sealer;
	struct trust_message m;
	int rc;

	if (sealer_fact.n == 0 || judgement->chain == NULL || e->opaque || settings->sign == NULL)
		return 0;
	rc = fact_read_sender(&list, secret, arena, &sealer);
	if (rc < 0)
		return error_set(err, rc, "the sealer fact does not verify");
	const struct sender_key *key = choose(&sealer);
	struct arc_sealing how = {.now_s = e->received_ms / 1000, .authserv_id = e->hostname, .results = results_of(judgement, e->hostname, arena)};
	message_init_parts(&m, header, body, arena);
	if (key == NULL || m.too_big || how.results.n == 0)
		return 0;
	return filter_seal_with(settings, key, judgement->chain, &m, &how, arena, out, err);
}
