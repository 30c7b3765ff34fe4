/* Who guesses addresses: so many unknown recipients from one address, and the rest has to wait, those that exist included. */
#include "base/log.h"
#include "role/edge_limits.h"

static struct slice guesser(const struct edge_client *c, uint8_t room[64])
{
	return limiter_address(LIMIT_SCOPE_ADDRESS, edge_address(c), room);
}

void edge_harvest_count(struct edge_client *c)
{
	uint8_t room[64];

	if (!c->identity.known && limiter_note(c->edge->limits, LIMIT_UNKNOWN_ADDRESS, guesser(c, room), 1, loop_now(c->edge->ctx->loop).mono_ms))
		log_event(EV_SMTP_HARVEST, LOG_TEXT("cid", edge_cid(c)), LOG_TEXT("ip", edge_address(c)),
		          LOG_NUM("count", (int64_t)limiter_value(c->edge->limits, LIMIT_UNKNOWN_ADDRESS)));
}

bool edge_harvest_over(struct edge_client *c)
{
	uint8_t room[64];

	return !c->identity.known && limiter_reached(c->edge->limits, LIMIT_UNKNOWN_ADDRESS, guesser(c, room), loop_now(c->edge->ctx->loop).mono_ms);
}
